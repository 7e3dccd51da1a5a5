"""The request cache: what is equal, what is counted, two processes, kill -9, replay, and resuming a budget."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import longthink as lt
from longthink.benchmarks.perf.tower import digits
from longthink.bridge.models.cache import FILE, CachedModel
from longthink.bridge.models.image import Image
from longthink.bridge.models.model import Completion, Request
from longthink.bridge.models.scripted import ScriptedModel
from longthink.commands import main

COUNTDOWN = lt.load_task("countdown", numbers=(2, 5, 20, 40), target=75)


class Counted(ScriptedModel):
    """Counts what it was asked, and takes money."""

    images = grammars = True

    def __init__(self, slots: int = 1) -> None:
        super().__init__(digits, "counted")
        self.slots, self.asked = slots, 0

    def answer(self, request: Request) -> list[Completion]:
        self.asked += 1
        return [replace(c, money=0.5) for c in super().answer(request)]


@pytest.mark.parametrize("slots", [1, 4])
def test_an_equal_request_is_not_asked_again(tmp_path: Path, slots: int) -> None:
    model = Counted(slots)
    cached = CachedModel(model, tmp_path)
    first = cached.complete("abc", n=3, top=2, seed=7)
    again = CachedModel(Counted(), tmp_path).complete("abc", n=3, top=2, seed=7)
    assert model.asked == 1
    assert not any(c.cached for c in first)
    assert all(c.cached for c in again)
    assert [replace(c, cached=False) for c in again] == first
    assert first[0].spent == lt.Spent(prompt_tokens=3, generated_tokens=1, calls=1, money=0.5)
    assert again[0].spent == replace(first[0].spent, cached_calls=1)
    assert cached.paid == lt.Spent(prompt_tokens=3, generated_tokens=3, calls=1, money=1.5)


def test_everything_that_matters_is_in_the_key(tmp_path: Path) -> None:
    model = Counted()
    cached = CachedModel(model, tmp_path)
    dark, light = np.zeros((2, 2), np.uint8), np.full((2, 2), 255, np.uint8)
    requests: list[dict[str, Any]] = [
        {}, {"n": 2}, {"max_tokens": 3}, {"temperature": 0.5}, {"stop": ["x"]}, {"seed": 1}, {"grammar": "root ::= x"},
        {"top": 3}, {"images": [dark]}, {"images": [light]}, {"images": [dark, light]},
    ]  # fmt: skip
    for options in requests * 2:
        cached.complete("abc", **options)
    assert model.asked == len(requests)
    cached.complete("abd")
    other = Counted()
    other.name = "other"
    CachedModel(other, tmp_path).complete("abc")
    assert (model.asked, other.asked) == (len(requests) + 1, 1)


def paid(answer: lt.Answer) -> int:
    """Calls that no cache answered; two lines may come to the same table, and so to the same request."""
    return answer.spent.calls - answer.spent.cached_calls


def test_thinking_again_asks_nothing_and_finds_the_same(tmp_path: Path) -> None:
    first = lt.think(COUNTDOWN, CachedModel(Counted(), tmp_path), lt.Budget(simulations=12), seed=2)
    cached = CachedModel(Counted(), tmp_path)
    again = lt.think(COUNTDOWN, cached, lt.Budget(simulations=12), seed=2)
    assert first.trace is not None
    assert again.trace is not None
    assert again.trace.as_dict() == first.trace.as_dict()
    assert (again.spent.calls, again.spent.tokens) == (first.spent.calls, first.spent.tokens)
    assert again.spent.money == first.spent.money > 0
    assert again.spent.cached_calls == again.spent.calls
    assert paid(first) == cached.paid.calls > 12


@pytest.mark.parametrize("limit", [{"calls": 50}, {"tokens": 12_000}, {"money": 25.0}])
def test_a_budget_means_the_same_whatever_is_in_the_folder(tmp_path: Path, limit: dict[str, Any]) -> None:
    before = lt.think(COUNTDOWN, CachedModel(Counted(), tmp_path / "kept"), lt.Budget(calls=20), seed=2)
    cached = CachedModel(Counted(), tmp_path / "kept")
    answer = lt.think(COUNTDOWN, cached, lt.Budget(**limit), seed=2)
    alone = lt.think(COUNTDOWN, Counted(), lt.Budget(**limit), seed=2)
    whole = lt.think(COUNTDOWN, CachedModel(Counted(), tmp_path / "whole"), lt.Budget(**limit), seed=2)
    for measure in ("simulations", "prompt_tokens", "generated_tokens", "calls", "money"):
        for other in (alone, whole):
            assert getattr(other.spent, measure) == getattr(answer.spent, measure)
    assert cached.paid.calls == paid(whole) == paid(answer) + paid(before)
    assert whole.trace is not None
    assert answer.trace is not None
    assert answer.trace.as_dict() == whole.trace.as_dict()


def test_replay_needs_no_model(tmp_path: Path) -> None:
    with pytest.raises(lt.ModelError, match="no answers"):
        lt.load_model(f"replay:{tmp_path}")
    first = lt.think(COUNTDOWN, CachedModel(Counted(), tmp_path), lt.Budget(simulations=9), seed=2)
    replayed = lt.load_model(f"replay:{tmp_path}")
    again = lt.think(COUNTDOWN, replayed, lt.Budget(simulations=9), seed=2)
    assert first.trace is not None
    assert again.trace is not None
    assert again.trace.as_dict() == first.trace.as_dict()
    with pytest.raises(lt.ModelError, match="no answer to this request") as caught:
        lt.think(COUNTDOWN, replayed, lt.Budget(simulations=10), seed=2)
    assert caught.value.answer.spent.cached_calls == first.spent.calls


def test_replay_asks_as_the_model_was_asked(tmp_path: Path) -> None:
    """It knows what the model could do, so that thinking chooses the same way of asking."""
    first = lt.think(COUNTDOWN, lt.load_model("tiny", cache=tmp_path), lt.Budget(tokens=300))
    replayed = lt.load_model(f"replay:{tmp_path}")
    assert replayed.scores
    assert not replayed.grammars
    again = lt.think(COUNTDOWN, replayed, lt.Budget(tokens=300))
    assert again.trace.as_dict() == first.trace.as_dict()
    assert again.spent.tokens == first.spent.tokens


def test_replay_of_one_among_several(tmp_path: Path) -> None:
    for name in ("a", "b"):
        model = Counted()
        model.name = name
        CachedModel(model, tmp_path).complete("x")
    with pytest.raises(lt.ParameterError, match="'a', 'b'"):
        lt.load_model(f"replay:{tmp_path}")
    assert lt.load_model(f"replay:{tmp_path}", of="b").complete("x")[0].cached


def test_a_file_that_is_no_cache(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"hello, this is no database" * 100)
    with pytest.raises(lt.ModelError, match="cannot be used"):
        CachedModel(Counted(), tmp_path).complete("x")


def test_a_failed_answer_is_not_kept(tmp_path: Path) -> None:
    class Failing(Counted):
        def answer(self, request: Request) -> list[Completion]:
            if self.asked == 0:
                self.asked += 1
                raise lt.ModelError("not now")
            return [replace(c, finish="cut off") for c in super().answer(request)]

    model = Failing()
    cached = CachedModel(model, tmp_path)
    with pytest.raises(lt.ModelError, match="not now"):
        cached.complete("x")
    cached.complete("x")
    cached.complete("x")
    assert model.asked == 3


WRITER = """
import sys, time
import longthink as lt
from longthink.bridge.models.cache import CachedModel
from longthink.bridge.models.scripted import ScriptedModel
from longthink.commands import main

class Model(ScriptedModel):
    def answer(self, request):
        completions = super().answer(request)
        print(request.prompt, flush=True)  # paid for
        return completions

model = CachedModel(Model(lambda prompt: {"yes": 1.0}, "writer"), sys.argv[1])
for i in range(int(sys.argv[2]), int(sys.argv[3])):
    (reply,) = model.complete(f"prompt {i}", seed=i)
    if not reply.cached:
        print("kept", i, flush=True)
print("done", flush=True)
"""


def writer(folder: Path, first: int, last: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, str(folder), str(first), str(last)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_two_processes_share_it(tmp_path: Path) -> None:
    both = [writer(tmp_path, 0, 300), writer(tmp_path, 100, 400)]
    for process in both:
        out, _ = process.communicate(timeout=120)
        assert process.returncode == 0
        assert out.endswith("done\n")
    replayed = lt.load_model(f"replay:{tmp_path}")
    assert [replayed.complete(f"prompt {i}", seed=i)[0].text for i in range(400)] == ["yes"] * 400
    assert replayed.paid.calls == 400  # type: ignore[attr-defined]


def test_kill_9_loses_nothing_that_was_kept(tmp_path: Path) -> None:
    killed, other = writer(tmp_path, 0, 100_000), writer(tmp_path, 200_000, 200_300)
    assert killed.stdout is not None
    kept = []
    began = time.monotonic()
    while len(kept) < 150 and time.monotonic() - began < 60:
        line = killed.stdout.readline()
        if line.startswith("kept"):
            kept.append(int(line.split()[1]))
    os.kill(killed.pid, signal.SIGKILL)
    killed.communicate()
    out, _ = other.communicate(timeout=120)
    assert out.endswith("done\n")
    replayed = lt.load_model(f"replay:{tmp_path}")
    assert len(kept) == 150
    for i in [*kept, *range(200_000, 200_300)]:
        assert replayed.complete(f"prompt {i}", seed=i)[0].text == "yes"


# ---- Images ----


def test_images_become_png(tmp_path: Path) -> None:
    pillow = pytest.importorskip("PIL.Image")
    pixels = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3) * 13
    for given in (pixels, pixels[:, :, 0]):
        image = Image.of(given)
        path = tmp_path / "picture.png"
        path.write_bytes(image.data)
        assert np.array_equal(np.asarray(pillow.open(path)), given)
        assert Image.of(path) == Image.of(str(path)) == Image.of(image.data) == image
    assert image.url.startswith("data:image/png;base64,iVBOR")


@pytest.mark.parametrize(
    "bad", [np.zeros((2, 2)), np.zeros((2, 2, 4), np.uint8), np.zeros((0, 2), np.uint8), 7, "no.png"]
)
def test_other_things_are_no_images(bad: Any) -> None:
    with pytest.raises(lt.ParameterError, match="image"):
        Image.of(bad)


def test_a_text_file_is_no_image(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_text("hello")
    with pytest.raises(lt.ParameterError, match="not a PNG"):
        Image.of(tmp_path / "a.png")


def test_models_without_eyes_say_so() -> None:
    with pytest.raises(lt.ModelError, match="takes no images"):
        ScriptedModel(digits).complete("x", images=[np.zeros((2, 2), np.uint8)])


def test_the_command_line_keeps_answers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["think", "countdown", "2", "3", "4", "--target", "9", "--model", "tiny", "--simulations", "9", "--json"]
    assert main([*command, "--cache", str(tmp_path)]) == 1  # not solved
    first = json.loads(capsys.readouterr().out)
    assert main([*command, "--cache", str(tmp_path)]) == 1
    again = json.loads(capsys.readouterr().out)
    assert again["answer"] == first["answer"]
    assert again["spent"]["cached_calls"] == again["spent"]["calls"] == first["spent"]["calls"]
