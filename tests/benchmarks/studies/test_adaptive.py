"""Adaptive and fixed budgets: they are compared at the tokens that both have spent."""

from __future__ import annotations

from typing import Any

import pytest

from longthink.benchmarks.harness.record import Outcome, Record
from longthink.benchmarks.harness.suite import checked
from longthink.benchmarks.studies import adaptive
from longthink.benchmarks.studies.puzzles import one_by_one, together
from tests.benchmarks.studies.runs import record_of, records_of

STUDY = adaptive.AdaptiveStudy()


def outcome(solved: bool, tokens: float) -> Outcome:
    curve = [{"solved": 1.0, "tokens": tokens}] if solved else []
    stopped_by = {"stopped_by": "solved" if solved else "tokens"}
    return Outcome({"solved": float(solved)}, {"tokens": tokens}, curve, stopped_by)


def batch(method: str, allocation: str, tokens: int, outcomes: list[Outcome]) -> Record:
    numbers = list(range(len(outcomes)))
    facts: dict[str, Any] = {"task": "countdown", "model": "tiny", "problems": numbers, "method": method}
    return record_of(STUDY, {**facts, "allocation": allocation, "tokens": tokens}, together(numbers, outcomes))


FIXED = batch("mcts", "fixed", 400, [outcome(True, 100), outcome(True, 200), outcome(False, 400), outcome(True, 300)])


def test_a_fixed_budget_is_read_at_every_limit() -> None:
    fixed = adaptive._Fixed("mcts", one_by_one([FIXED]))
    assert fixed.at(100) == ({0: 1.0, 1: 0.0, 2: 0.0, 3: 0.0}, 100.0)
    assert fixed.at(250) == ({0: 1.0, 1: 1.0, 2: 0.0, 3: 0.0}, (100 + 200 + 250 + 250) / 4)
    assert fixed.at(400)[1] == 250.0
    assert fixed.as_much_as(200.0) == pytest.approx(250.0)
    assert fixed.as_much_as(1_000.0) == 400.0


def test_they_are_compared_at_equal_tokens() -> None:
    given = [outcome(True, 100), outcome(True, 200), outcome(True, 300), outcome(False, 200)]
    section = STUDY.section([FIXED, batch("mcts", "adaptive", 200, given)])
    row = dict(zip(section.tables[0].columns, section.tables[0].rows[0], strict=True))
    assert row["adaptive budget"] == row["spent"] == 200
    assert row["fixed budget"] == pytest.approx(250)
    assert row["spent, left when solved"] == pytest.approx(200)
    (comparison,) = section.comparisons
    assert comparison.our_value.value == pytest.approx(3 / 4)
    assert comparison.other_value.value == pytest.approx(2 / 4)
    assert comparison.at == "200 tokens spent a problem"
    assert "in 0 of 1 comparisons, fewer in 0, and neither in 1" in section.headline
    end = section.tables[0].rows[0][-1]
    assert end.value == pytest.approx(2 / 4)  # type: ignore[union-attr]  # 200 tokens each


def test_a_vote_is_compared_with_the_budget_that_comes_nearest() -> None:
    runs = [
        batch("majority_vote", "fixed", 100, [outcome(True, 110), outcome(False, 110)]),
        batch("majority_vote", "fixed", 200, [outcome(False, 210), outcome(False, 210)]),
        batch(adaptive.SURE_VOTE, "adaptive", 100, [outcome(True, 60), outcome(True, 130)]),
    ]
    section = STUDY.section(runs)
    (comparison,) = section.comparisons
    assert comparison.other_value.value == 0.5
    assert comparison.our_value.value == 1.0
    assert section.tables[0].rows[0][0] == "majority_vote"


def test_an_adaptive_budget_is_one_case() -> None:
    study_settings = checked(STUDY, {"problems": 20, "tasks": ("countdown",), "methods": ("mcts",), "tokens": (100,)})
    cases = list(STUDY.cases(study_settings))
    assert [(case.facts["allocation"], len(case.facts["problems"])) for case in cases] == [
        ("fixed", 10), ("fixed", 10), ("adaptive", 20),
    ]  # fmt: skip
    found = records_of(STUDY, problems=2, tasks=("countdown",), methods=("mcts",), tokens=(100,))
    parts = [part for part in one_by_one(found) if part.fact("allocation") == "adaptive"]
    assert len(parts) == 2
    assert sum(part.spent["tokens"] for part in parts) <= 2 * 100 + 60  # an answer more, at most
