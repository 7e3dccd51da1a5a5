"""The same seeds give the same answers, costs and traces as in earlier versions, for every method.

The values were recorded before methods became objects with `ask` and `tell`.
"""

from __future__ import annotations

import math
import zlib
from typing import Any

import pytest

import longthink as lt
from longthink.bridge.models.model import Completion, Request
from longthink.bridge.models.scripted import ScriptedModel

KINDS = ("step", "answer", "revision")

# Of each method, without and with `KINDS`: the answer, calls, tokens, simulations, why it stopped, and its trace.
ALONE = {
    ("greedy", False): ("40 * 5 - 20 * 2", 3, 1294, 1, "done", 2912837360),
    ("greedy", True): ("40 * 5 - 20 * 2", 3, 1294, 1, "done", 2912837360),
    ("best_of_n", False): ("(40 - 2) * 20 / 5", 60, 25853, 20, "calls", 3523037694),
    ("best_of_n", True): ("(40 - 2) * 20 / 5", 60, 25853, 20, "calls", 3523037694),
    ("majority_vote", False): ("(40 - 2) * 20 / 5", 60, 25853, 20, "calls", 3523037694),
    ("majority_vote", True): ("(40 - 2) * 20 / 5", 60, 25853, 20, "calls", 3523037694),
    ("weighted_vote", False): ("40 - (20 + 5 + 2)", 60, 25853, 20, "calls", 3523037694),
    ("weighted_vote", True): ("40 - (20 + 5 + 2)", 60, 25853, 20, "calls", 3523037694),
    ("beam", False): ("(40 + 5 - 20) * 2", 11, 4728, 11, "done", 2915180480),
    ("beam", True): ("40 * 5 - 20 * 2", 60, 32402, 47, "calls", 1055250107),
    ("best_first", False): (None, 60, 25770, 60, "calls", 2789017165),
    ("best_first", True): ("40 * 5 - 20 * 2", 60, 29446, 61, "calls", 3979678295),
    ("tree_of_thoughts", False): ("40 + 20 + 2 + 5", 59, 12719, 59, "done", 330056068),
    ("tree_of_thoughts", True): ("40 * 5 - 20 * 2", 60, 14118, 57, "calls", 32734072),
    ("mcts", False): ("40 * 20 * 2 + 5", 60, 25771, 39, "calls", 3416637798),
    ("mcts", True): ("(20 + 5) * 2 + 40", 60, 27764, 30, "calls", 2878555574),
    ("ab_mcts", False): ("(40 - 2) * 20 / 5", 60, 28635, 20, "calls", 1588551076),
    ("ab_mcts", True): ("(40 - 2) * 20 / 5", 60, 28635, 20, "calls", 1588551076),
    ("revision", False): ("(40 - 2) * 20 / 5", 60, 39606, 20, "calls", 4209816675),
    ("revision", True): ("(40 - 2) * 20 / 5", 60, 39606, 20, "calls", 4209816675),
    ("uniform", False): (None, 0, 0, 40, "simulations", 2098976741),
    ("uniform", True): (None, 0, 0, 40, "simulations", 2098976741),
    ("exhaustive", False): ("40 * 2 - 20 / 5", 0, 0, 0, "solved", 2473859187),
}

# Of four problems that share a budget: the answer, calls and tokens of each.
TOGETHER = {
    "best_first": [
        ("(40 + 10) * 10 - 13", 30, 12941),
        (None, 30, 12955),
        ("(30 + 4) * 23 + 42", 30, 12958),
        (None, 30, 12982),
    ],
    "mcts": [
        ("13 * 40 / 10 * 10", 15, 6477),
        ("61 * (6 - 4) - 94", 47, 20271),
        ("(42 + 23) * (30 - 4)", 45, 19414),
        ("67 + 82 - 50 + 20", 13, 5625),
    ],
    "best_of_n": [
        ("40 * 13 / (10 / 10)", 3, 1300),
        ("94 * 4 - 61 - 6", 39, 16862),
        ("(42 + 4) * (30 - 23)", 72, 31151),
        ("67 + 82 - 50 + 20", 6, 2601),
    ],
    "beam": [
        ("(40 + 10) * 10 - 13", 11, 4749),
        ("94 * 6 + 61 + 4", 11, 4751),
        ("(30 + 4) * 23 + 42", 11, 4755),
        ("82 + 67 - (50 - 20)", 11, 4761),
    ],
    "ab_mcts": [
        ("40 * 13 / (10 / 10)", 3, 1300),
        ("61 * 6 + 4 + 94", 57, 27722),
        ("(42 + 4) * (30 - 23)", 54, 27499),
        ("67 + 82 - 50 + 20", 6, 2601),
    ],
    "majority_vote": [
        ("40 * 13 / (10 / 10)", 33, 14287),
        ("61 * 6 + 4 + 94", 30, 12968),
        ("42 * 30 * 23 / 4", 27, 11685),
        ("50 * 20 - 67 + 82", 30, 13015),
    ],
}


def weight(prompt: str, choice: str) -> int:
    """A number from 1 to 9 that looks random."""
    return 1 + zlib.crc32(f"{prompt}|{choice}".encode()) % 9


class Odd(ScriptedModel):
    """A model that scores texts and writes them, with probabilities that look random."""

    scores = True

    def __init__(self) -> None:
        super().__init__(lambda prompt: {letter: float(weight(prompt, letter)) for letter in "abcdef"})

    def answer(self, request: Request) -> list[Completion]:
        if not request.choices:
            return super().answer(request)
        weights = [weight(request.prompt, choice) for choice in request.choices]
        cost = {"calls": 1, "prompt_tokens": len(request.prompt)}
        return [
            Completion(choice, math.log(each / sum(weights)), **(cost if place == 0 else {}))
            for place, (choice, each) in enumerate(zip(request.choices, weights, strict=True))
        ]


def looks(trace: Any) -> tuple[Any, ...]:
    """A trace as nested texts and visits."""
    return trace.text, trace.visits, [looks(child) for child in trace.children]


def think(method: str, kinds: tuple[str, ...] | None) -> tuple[object, ...]:
    task = lt.load_task("countdown", numbers=(2, 5, 20, 40), target=76)
    budget = lt.Budget(simulations=40) if method == "uniform" else lt.Budget(calls=60)
    answer = lt.think(task, None if method == "exhaustive" else Odd(), budget, method=method, kinds=kinds, seed=7)
    trace = zlib.crc32(repr(looks(answer.trace)).encode())
    return answer.text, answer.spent.calls, answer.spent.tokens, answer.spent.simulations, answer.stopped_by, trace


@pytest.mark.parametrize(("method", "with_kinds"), ALONE)
def test_one_problem(method: str, with_kinds: bool) -> None:
    assert think(method, KINDS if with_kinds else None) == ALONE[method, with_kinds]


@pytest.mark.parametrize("method", TOGETHER)
def test_many_problems(method: str) -> None:
    tasks = [lt.load_task("countdown", seed=seed) for seed in range(4)]
    answers = lt.think_all(tasks, Odd(), lt.Budget(calls=120), method=method, seed=1)
    assert [(answer.text, answer.spent.calls, answer.spent.tokens) for answer in answers] == TOGETHER[method]
