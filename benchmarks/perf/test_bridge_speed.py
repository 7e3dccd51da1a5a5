"""Language models: the search time per model call, how busy a search keeps a server, and several sequences at once.

TreeQuest is measured if it can do the same work: it asks through functions of the user, one answer per child.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
import treequest

import longthink as lt
from longthink.benchmarks.perf.tower import Tower
from longthink.bridge.models.llama import LlamaModel
from longthink.bridge.models.model import Completion, Model, Request
from longthink.bridge.proposals.proposer import SampleProposer


class InstantModel(Model):
    """Answers with prepared digits."""

    name = "instant"

    def __init__(self) -> None:
        self._digits = [Completion(str(i), generated_tokens=1, calls=1 if i == 0 else 0) for i in range(4)]

    def answer(self, request: Request) -> list[Completion]:
        return self._digits[: request.n]


CALLS = 2_000


def per_call(benchmark: Any, calls: int, work: Callable[[], object]) -> None:
    """Processor time per call; `work` makes `calls` calls."""
    seconds = []

    def timed() -> None:
        began = time.process_time()
        work()
        seconds.append(time.process_time() - began)

    benchmark.pedantic(timed, rounds=5, warmup_rounds=1)
    benchmark.extra_info["per_second"] = round(calls / min(seconds))
    benchmark.extra_info["microseconds_per_call"] = round(1e6 * min(seconds) / calls, 1)


@pytest.mark.benchmark(group=f"tree search with a model that takes no time, {CALLS:,} answers (processor time)")
class TestSearch:
    def test_search(self, benchmark: Any) -> None:
        model = InstantModel()

        def work() -> None:
            answer = lt.think(Tower(), model, lt.Budget(calls=CALLS), proposer=SampleProposer(model), playouts=False)
            assert answer.spent.calls == CALLS

        per_call(benchmark, CALLS, work)

    def test_treequest(self, benchmark: Any) -> None:
        per_call(benchmark, CALLS, lambda: tree_of(treequest.StandardMCTS(), CALLS))


@pytest.mark.benchmark(group="adaptive branching with a model that takes no time, 500 answers (processor time)")
class TestAdaptiveBranching:
    def test_ab_mcts(self, benchmark: Any) -> None:
        model = InstantModel()

        def work() -> None:
            answer = lt.think(Tower(), model, lt.Budget(simulations=500), method="ab_mcts")
            assert answer.spent.simulations == 500

        per_call(benchmark, 500, work)

    def test_treequest(self, benchmark: Any) -> None:
        per_call(benchmark, 500, lambda: tree_of(treequest.ABMCTSA(), 500))


def tree_of(algorithm: Any, answers: int) -> None:
    """TreeQuest's tree of answers that cost nothing."""
    state = algorithm.init_tree()
    for i in range(answers):
        state = algorithm.step(state, {"write": lambda _, i=i: (str(i % 10), 0.5)}, inplace=True)


SLOTS, MILLISECONDS, ANSWERS = 16, 50, 3_840


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
    group=f"{ANSWERS:,} answers of a server with {SLOTS} slots of {MILLISECONDS} ms, at most 320 a second: in the tree"
)
class TestServer:
    @pytest.mark.parametrize("slots", [1, SLOTS, SLOTS + 2])
    def test_server(self, benchmark: Any, url: str, slots: int) -> None:
        model = lt.load_model("openai:loopback", base_url=url, slots=slots)
        answers, eight = ANSWERS // SLOTS if slots == 1 else ANSWERS, SampleProposer(model, samples=8)

        def work() -> None:
            answer = lt.think(Tower(), model, lt.Budget(calls=answers), proposer=eight, playouts=False)
            assert answer.spent.calls == answer.trace.visits == answers  # every paid answer is in the tree

        benchmark.pedantic(work, rounds=1)
        report_busy(benchmark, url, answers)

    def test_treequest(self, benchmark: Any, url: str) -> None:
        """In batches of the server's slots; TreeQuest keeps the answers of a batch that fit and drops the rest."""
        algorithm: Any = treequest.StandardMCTS()
        kept = list[int]()
        client = httpx.Client(base_url=url, timeout=60)

        def write(seed: int) -> str:
            body = {"model": "loopback", "prompt": ":", "n": 1, "seed": seed, "max_tokens": 64}
            return str(client.post("/completions", json=body).json()["choices"][0]["text"])

        def work() -> None:
            state, asked = algorithm.init_tree(), 0
            with ThreadPoolExecutor(SLOTS) as pool:
                while asked < ANSWERS:
                    state, trials = algorithm.ask_batch(state, SLOTS, ["write"])
                    texts = pool.map(write, range(asked, asked + len(trials)))
                    asked += len(trials)
                    for trial, text in zip(trials, texts, strict=True):
                        state = algorithm.tell(state, trial.trial_id, (text, 0.5))
            kept.append(len(algorithm.get_state_score_pairs(state)))

        benchmark.pedantic(work, rounds=1)
        report_busy(benchmark, url, kept[-1])


def report_busy(benchmark: Any, url: str, kept: int) -> None:
    """Answers in the tree per second of the server's clock, and how busy the server was."""
    with urllib.request.urlopen(url.replace("/v1", "/busy")) as response:
        busy = json.load(response)
    benchmark.extra_info["per_second"] = round(kept / busy["seconds"])
    benchmark.extra_info["busy"] = round(busy["busy"], 3)
    benchmark.extra_info["dropped"] = round(1 - kept / busy["answers"], 3)


@pytest.mark.benchmark(group="answers of the embedded model (a thread for each free processor; a prompt of 330 tokens)")
@pytest.mark.parametrize("sequences", [1, 8])
@pytest.mark.parametrize("method", ["best_of_n", "mcts"])
def test_embedded(benchmark: Any, method: str, sequences: int) -> None:
    """Steps that are written, eight tokens each, and priors of legal steps, one token each, on an unsolvable task."""
    model = lt.load_model(context=1024, sequences=sequences)
    assert isinstance(model, LlamaModel)
    task, answers = lt.load_task("countdown", numbers=(3, 6, 9, 12, 15), target=200), 128
    model.complete(task.context(()), max_tokens=1)  # both start with the common beginning of all prompts in memory
    found: list[lt.Answer] = []
    benchmark.pedantic(lambda: found.append(lt.think(task, model, lt.Budget(calls=answers), method=method)), rounds=1)
    spent = found[0].spent
    assert spent.calls == answers
    benchmark.extra_info["per_second"] = round(answers / benchmark.stats.stats.min, 2)
    benchmark.extra_info["threads"] = model.threads
    benchmark.extra_info["prefix_hits"] = round(spent.cached_tokens / spent.prompt_tokens, 3)


@pytest.mark.benchmark(group="requests answered by the cache")
def test_cache(benchmark: Any, tmp_path: Any) -> None:
    from longthink.bridge.models.cache import CachedModel

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
