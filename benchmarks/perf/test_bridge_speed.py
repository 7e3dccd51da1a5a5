"""Language models: what the search adds to a model call, how busy it keeps a server, and sequences side by side."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

import longthink as lt
from longthink.benchmarks.tower import Tower
from longthink.bridge.model import Completion, Model, Request
from longthink.bridge.proposer import SampleProposer


class InstantModel(Model):
    """Gives prepared digits."""

    name = "instant"

    def __init__(self) -> None:
        self._digits = [Completion(str(i), generated_tokens=1, calls=1 if i == 0 else 0) for i in range(4)]

    def answer(self, request: Request) -> list[Completion]:
        return self._digits[: request.n]


CALLS = 2_000


@pytest.mark.benchmark(
    group=f"thinking with a model that takes no time, {CALLS:,} calls, one for each leaf (processor time)"
)
def test_search(benchmark: Any) -> None:
    model = InstantModel()
    seconds = []

    def work() -> None:
        began = time.process_time()
        answer = lt.think(Tower(), model, lt.Budget(calls=CALLS), proposer=SampleProposer(model, samples=4))
        seconds.append(time.process_time() - began)
        assert answer.spent.calls == CALLS

    benchmark.pedantic(work, rounds=7, warmup_rounds=1)
    benchmark.extra_info["per_second"] = round(CALLS / min(seconds))
    benchmark.extra_info["microseconds_per_call"] = round(1e6 * min(seconds) / CALLS, 1)


SLOTS, MILLISECONDS, ANSWERS = 16, 50, 1_280


@pytest.fixture
def url() -> Iterator[str]:
    command = [sys.executable, "-m", "longthink.benchmarks.perf.loopback_server"]
    process = subprocess.Popen(
        [*command, "--slots", str(SLOTS), "--milliseconds", str(MILLISECONDS)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    yield process.stdout.readline().strip()
    process.kill()
    process.communicate()


@pytest.mark.benchmark(
    group=f"{ANSWERS:,} answers of a server with {SLOTS} slots of {MILLISECONDS} ms; it can give 320 a second"
)
@pytest.mark.parametrize("slots", [1, SLOTS, SLOTS + 4])
def test_server(benchmark: Any, url: str, slots: int) -> None:
    model = lt.load_model("openai:loopback", base_url=url, slots=slots)
    answers = ANSWERS // SLOTS if slots == 1 else ANSWERS

    def work() -> None:
        answer = lt.think(Tower(), model, lt.Budget(calls=answers), proposer=SampleProposer(model, samples=8))
        assert answer.trace is not None
        assert answer.spent.calls == answer.trace.visits == answers  # every paid answer is in the tree

    benchmark.pedantic(work, rounds=1)
    with urllib.request.urlopen(url.replace("/v1", "/busy")) as told:
        busy = json.load(told)
    benchmark.extra_info["per_second"] = round(busy["answers"] / busy["seconds"])
    benchmark.extra_info["busy"] = round(busy["busy"], 3)


@pytest.mark.benchmark(group="proposals of the embedded model (Countdown, two threads)")
@pytest.mark.parametrize("sequences", [1, 8])
def test_embedded(benchmark: Any, sequences: int) -> None:
    model = lt.load_model(context=1024, sequences=sequences)
    task, proposals = lt.load_task("countdown", seed=3), 48
    model.complete(task.context(()), max_tokens=1)  # both begin with the beginning of all prompts read
    told: list[lt.Answer] = []
    benchmark.pedantic(lambda: told.append(lt.think(task, model, lt.Budget(simulations=proposals))), rounds=1)
    spent = told[0].spent
    benchmark.extra_info["per_second"] = round(proposals / benchmark.stats.stats.min, 2)
    benchmark.extra_info["prefix_hits"] = round(spent.cached_tokens / (spent.cached_tokens + spent.prompt_tokens), 3)


@pytest.mark.benchmark(group="requests answered by the cache")
def test_cache(benchmark: Any, tmp_path: Any) -> None:
    from longthink.bridge.cache import CachedModel

    model = CachedModel(InstantModel(), tmp_path)
    prompts = [f"prompt {i}" for i in range(500)]

    def ask() -> None:
        for prompt in prompts:
            model.complete(prompt)

    began = time.perf_counter()
    ask()
    benchmark.extra_info["kept_per_second"] = round(len(prompts) / (time.perf_counter() - began))
    benchmark.pedantic(ask, rounds=3)
    benchmark.extra_info["per_second"] = round(len(prompts) / benchmark.stats.stats.min)
