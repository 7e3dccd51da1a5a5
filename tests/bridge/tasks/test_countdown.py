"""Countdown and the game of 24: exact arithmetic, legal steps, and what counts as solved."""

from __future__ import annotations

from fractions import Fraction
from itertools import permutations

import pytest
import reasoning_gym
from hypothesis import given, settings
from hypothesis import strategies as st

import longthink as lt
from longthink.bridge.tasks.arithmetic import evaluate
from longthink.bridge.tasks.countdown import Countdown, solve, steps


def reachable(numbers: tuple[Fraction, ...]) -> set[Fraction]:
    """Every value of every expression over all the numbers, by brute force, including negative ones and fractions."""
    if len(numbers) == 1:
        return {numbers[0]}
    found: set[Fraction] = set()
    for order in set(permutations(numbers)):
        for cut in range(1, len(order)):
            for a in reachable(order[:cut]):
                for b in reachable(order[cut:]):
                    found |= {a + b, a - b, a * b} | ({a / b} if b else set())
    return found


@given(st.lists(st.integers(1, 13), min_size=2, max_size=3), st.integers(0, 40))
@settings(max_examples=60, deadline=None)
def test_the_solver_finds_exactly_what_can_be_made(numbers: list[int], target: int) -> None:
    solved = solve(numbers, target)
    assert (solved.answer is not None) == (Fraction(target) in reachable(tuple(map(Fraction, numbers))))
    if solved.answer is not None:
        value, used = evaluate(solved.answer)
        assert value == target
        assert used == sorted(numbers)


@given(st.lists(st.integers(1, 50), min_size=2, max_size=4), st.randoms())
@settings(max_examples=60, deadline=None)
def test_any_line_of_legal_steps_is_an_exact_expression(numbers: list[int], rng: object) -> None:
    task = Countdown(numbers, 10, fractions=True, name="test")
    transcript: tuple[str, ...] = ()
    while not task.done(transcript):
        legal = task.legal_steps(transcript)
        assert len(set(legal)) == len(legal) > 0
        step = rng.choice(legal)  # type: ignore[attr-defined]
        assert task.parse_step(transcript, f" {step} ") == step
        transcript = (*transcript, step)
    value, used = evaluate(task.answer(transcript))
    assert used == sorted(numbers)
    assert str(value) == transcript[-1].partition("=")[0].strip("()")


@pytest.mark.parametrize("seed", range(10))
def test_agrees_with_reasoning_gyms_scorer(seed: int) -> None:
    data = reasoning_gym.create_dataset("countdown", seed=seed, size=1, min_numbers=4, max_numbers=4)
    entry = data[0]
    task = Countdown(entry["metadata"]["numbers"], entry["metadata"]["target"], fractions=False, name="test")
    right = entry["metadata"]["expression"]
    wrong = " + ".join(map(str, entry["metadata"]["numbers"]))
    for answer in (right, wrong):
        assert (task.check(answer) == 1.0) == (data.score_answer(answer, entry) == 1.0)
    solved = task.solve()
    assert solved.answer is not None
    assert data.score_answer(solved.answer, entry) == 1.0


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1 +",
        "__import__('os')",
        "2 ** 3",
        "1 / 0",
        "(1",
        "x",
        "1.5",
        "9" * 2000,
        "(" * 500 + "1" + ")" * 500,
        "True",
    ],
)
def test_other_texts_are_wrong_answers_and_no_accidents(text: str) -> None:
    assert lt.load_task("game24(numbers=(1, 2, 3, 4))").check(text) == 0.0


def test_known_problems() -> None:
    assert lt.load_task("game24", numbers=(3, 3, 8, 8)).solve().answer is not None  # type: ignore[union-attr]
    assert lt.load_task("game24", numbers=(1, 1, 1, 1)).solve().answer is None  # type: ignore[union-attr]
    assert lt.load_task("countdown", numbers=(3, 5, 7), target=22).check("3 * 5 + 7") == 1.0
    assert lt.load_task("countdown", numbers=(3, 5, 7), target=22).check("3 * 5 + 7 + 0") == 0.0


def test_quotients_are_whole_in_countdown() -> None:
    table = (Fraction(3), Fraction(8))
    assert {str(step) for step in steps(table, fractions=False)} == {"11=8+3", "5=8-3", "24=8*3"}
    assert "(8/3)=8/3" in {str(step) for step in steps(table, fractions=True)}


def test_generated_problems_come_from_their_seed() -> None:
    assert lt.load_task("countdown", seed=3).name == lt.load_task("countdown", seed=3).name
    assert lt.load_task("countdown", seed=3).name != lt.load_task("countdown", seed=4).name
    assert lt.load_task(lt.load_task("countdown", seed=3).name).prompt == lt.load_task("countdown", seed=3).prompt


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        ("contdown", lt.UnknownNameError, "did you mean 'countdown'"),
        ("countdown(number=(1, 2))", lt.UnknownNameError, "did you mean 'numbers'"),
        ("countdown(numbers=(1, 2))", lt.ParameterError, "together"),
        ("game24(numbers=(1,))", lt.ParameterError, "two to six"),
        ("game24(numbers=(1, 2, 3, -4))", lt.ParameterError, "whole number"),
        ("countdown(count=40)", lt.ParameterError, "count"),
        ("countdown(seed=-1)", lt.ParameterError, "seed"),
    ],
)
def test_bad_tasks_are_refused(name: str, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind) as caught:
        lt.load_task(name)
    assert words in str(caught.value)
