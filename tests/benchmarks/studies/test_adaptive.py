"""The comparison of adaptive and fixed budgets: it resumes, and the figures of its table are right."""

from __future__ import annotations

from pathlib import Path

import pytest

import longthink as lt
from longthink.benchmarks.studies import adaptive
from longthink.bridge.training.tiny_data import held_out


def test_it_goes_on_and_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adaptive, "LIMITS", (40, 80))
    reported: list[str] = []
    records = adaptive.run(tmp_path, 1, reported.append)
    works = 2 * (3 * 3 + 6)  # votes are taken for each limit and a quarter of it
    assert len(records) == len(reported) == works
    assert adaptive.run(tmp_path, 1, reported.append) == records
    for family in adaptive.FAMILIES:
        lines = adaptive.table(records, family).splitlines()
        assert len(lines) == 2 + 2 * len(adaptive.CASES)
        assert all(line.count("|") == 10 for line in lines)
    with pytest.raises(lt.ParameterError, match="expects a number"):
        adaptive.run(tmp_path, 0)


def test_an_outcome_is_cut_off_at_a_smaller_limit() -> None:
    case = adaptive.Case("x", "x")
    problems = [
        {"right": True, "at": 90, "tokens": 90}, {"right": True, "at": 1500, "tokens": 1500},
        {"right": False, "at": None, "tokens": 2003},
    ]  # fmt: skip
    records = {"countdown, x, fixed 2000": problems}
    assert adaptive.outcome(records, "countdown", case, "fixed", 1000) == adaptive.Outcome([True, False, False], 2090)
    assert adaptive.outcome(records, "countdown", case, "fixed", 2000).right == [True, True, False]


def test_problems_are_different_and_held_out() -> None:
    cards = adaptive.problems("puzzle24", 1000)
    assert len({task.name for task in cards}) == len(cards) == 143
    assert all(held_out(task.numbers, 24) and max(task.numbers) <= 10 for task in cards)
    assert [task.name for task in adaptive.problems("countdown", 2)] == [
        lt.load_task("countdown", seed=seed).name for seed in range(2)
    ]
