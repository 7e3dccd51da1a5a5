"""Sessions, with every method: pickled during their work, and cancelled by a token."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

import longthink as lt
from longthink.benchmarks.perf.tower import Tower, digits
from longthink.bridge.methods import methods
from longthink.bridge.models.model import Completion, Request
from longthink.bridge.models.scripted import ScriptedModel
from longthink.bridge.tasks.task import Task, Transcript

KINDS = ("step", "answer", "revision")


class Word(Task):
    """Spell a word of two letters; no word is quite right."""

    name, prompt, max_steps = "word", "Spell ox.", 2

    def context(self, transcript: Transcript) -> str:
        return "word: " + "".join(transcript)

    def done(self, transcript: Transcript) -> bool:
        return len(transcript) == 2

    def legal_steps(self, transcript: Transcript) -> list[str]:
        return list("aeiouxyz")

    def answer(self, transcript: Transcript) -> str:
        return "".join(transcript)

    def check(self, answer: str) -> float:
        return 0.45 * sum(a == b for a, b in zip(answer, "ox", strict=False))


def spells(prompt: str) -> dict[str, float]:
    if "sure, likely or impossible" in prompt:
        return {"sure": 0.5, "likely": 0.3, "impossible": 0.2}
    return {"a": 0.5, "o": 0.2, "x": 0.2, "y": 0.1}


class Counting(ScriptedModel):
    """A model that remembers prompts, and counts its requests over all copies."""

    remembers = True
    asked = 0

    def answer(self, request: Request) -> list[Completion]:
        Counting.asked += 1
        return super().answer(request)


def outcome(answer: lt.Answer) -> dict[str, Any]:
    """All of an answer but its seconds."""
    for spent in filter(None, (answer.spent, answer.solved_at)):
        spent.seconds = 0.0
    return vars(answer)


def session(method: str, kinds: tuple[str, ...] | None) -> lt.Session:
    task = lt.load_task("countdown", numbers=(2, 3, 5), target=31) if method == "exhaustive" else Word()
    return lt.Session(task, Counting(spells), lt.Budget(simulations=14, calls=60), method=method, kinds=kinds, seed=3)


@pytest.mark.parametrize("kinds", [None, KINDS])
@pytest.mark.parametrize("method", methods())
def test_a_pickled_session_goes_on_with_the_same_result(method: str, kinds: tuple[str, ...] | None) -> None:
    """It is pickled after every step, in one process, and after some of them; nothing is asked twice."""
    Counting.asked = 0
    expected = outcome(session(method, kinds).run())
    asked = Counting.asked
    for stride in (1, 7):
        Counting.asked = 0
        copy, steps = session(method, kinds), 0
        while copy.step():
            steps += 1
            if steps % stride == 0:
                copy = pickle.loads(pickle.dumps(copy))
        assert outcome(copy.answer()) == expected
        assert Counting.asked == asked
    assert method == "exhaustive" or steps >= 5


def test_requests_in_flight_are_sent_again() -> None:
    model = Counting(spells)
    model.slots = 4
    begun = lt.Session(Word(), model, lt.Budget(calls=40), method="best_of_n")
    for _ in range(9):
        begun.step()
    answer = pickle.loads(pickle.dumps(begun)).run()
    assert answer.stopped_by == "calls"
    assert answer.spent.calls == 40


@pytest.mark.parametrize("slots", [1, 4])
@pytest.mark.parametrize("method", [name for name, method in methods().items() if method.needs_model])
def test_a_token_cancels_every_method(method: str, slots: int) -> None:
    token, calls = lt.CancelToken(), 0

    class Cancels(ScriptedModel):
        def answer(self, request: Request) -> list[Completion]:
            nonlocal calls
            calls += 1
            if calls == 7:
                token.cancel()
            return super().answer(request)

    model = Cancels(digits)
    model.slots = slots
    answer = lt.think(Tower(), model, lt.Budget(calls=10_000), method=method, cancel=token)
    assert answer.stopped_by == "cancelled"
    assert answer.error is None
    assert not answer.interrupted
    assert 7 <= answer.spent.calls == calls <= 7 + 2 * slots


def test_a_token_cancels_a_search_without_a_model() -> None:
    token = lt.CancelToken()

    def cancel(spent: lt.Spent) -> None:
        if spent.simulations > 30:
            token.cancel()

    letters = list("abcdefghij")
    task = lt.make_task("Say it.", lambda t: len(t) == 6, lambda answer: 0.0, steps=lambda t: letters, max_steps=6)
    answer = lt.think(task, None, lt.Budget(seconds=600), method="uniform", cancel=token, progress=cancel)
    assert answer.stopped_by == "cancelled"
    assert 30 < answer.spent.simulations < 40


@pytest.mark.parametrize("slots", [1, 3])
def test_a_token_cancels_many_problems(slots: int) -> None:
    token = lt.CancelToken()

    def cancel(spent: lt.Spent, solved: int) -> None:
        if spent.calls >= 20:
            token.cancel()

    model = ScriptedModel(digits)
    model.slots = slots
    tasks = [Tower() for _ in range(3)]
    answers = lt.think_all(tasks, model, lt.Budget(calls=10_000), method="mcts", cancel=token, progress=cancel)
    assert {answer.stopped_by for answer in answers} == {"cancelled"}
    assert 20 <= sum(answer.spent.calls for answer in answers) <= 20 + slots


def test_a_token_that_is_cancelled_already_asks_nothing() -> None:
    token = lt.CancelToken()
    token.cancel()
    answer = lt.think(Word(), ScriptedModel(spells), lt.Budget(calls=9), cancel=token)
    assert (answer.stopped_by, answer.spent.calls, answer.text) == ("cancelled", 0, None)
