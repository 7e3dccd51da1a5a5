"""The comparison of methods: what had been solved within a budget, and what it says about it."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from longthink.benchmarks.harness.record import Failure, Outcome, Record
from longthink.benchmarks.harness.section import Section
from longthink.benchmarks.studies import methods
from longthink.benchmarks.studies.puzzles import together
from longthink.bridge.methods import methods as registered
from tests.benchmarks.studies.runs import record_of, records_of

STUDY = methods.MethodsStudy()


def outcome(solved_at: float | None, tokens: float) -> Outcome:
    solved, spent = float(solved_at is not None), {"tokens": tokens, "cpu_seconds": tokens / 1000}
    curve = [] if solved_at is None else [{"solved": 1.0, "tokens": solved_at, "cpu_seconds": solved_at / 1000}]
    stopped_by = {"stopped_by": "solved" if solved else "tokens"}
    return Outcome({"solved": solved, "value": solved}, spent, curve, stopped_by)


def batch(method: str, tokens: int, outcomes: list[Outcome], **more: Any) -> Record:
    numbers = list(range(len(outcomes)))
    facts = {"task": "countdown", "model": "tiny", "problems": numbers, "method": method, "tokens": tokens, **more}
    return record_of(STUDY, facts, together(numbers, outcomes))


def synthetic() -> list[Record]:
    """Eight problems: mcts solves all by 800 tokens, best of n four, two of them early, a vote first one, then two."""
    never = outcome(None, 1_000)
    return [
        batch("greedy", 1_000, [outcome(50, 50)] + [outcome(None, 50)] * 7),
        batch("best_of_n", 1_000, [outcome(at, at) for at in (40, 60, 300, 900)] + [never] * 4),
        batch("mcts", 1_000, [outcome(100 * n, 100 * n) for n in range(1, 9)]),
        batch("majority_vote", 100, [outcome(100, 100)] + [outcome(None, 100)] * 7),
        batch("majority_vote", 1_000, [never] + [outcome(1_000, 1_000)] * 2 + [never] * 5),
    ]


def cells(section: Section) -> dict[tuple[str, str], Any]:
    table = section.tables[0]
    return {(str(row[0]), name): cell for row in table.rows for name, cell in zip(table.columns, row, strict=True)}


def test_every_method_that_needs_a_model_is_measured_or_must_be_asked_for() -> None:
    measured = {method.partition("(")[0] for method in methods.MethodsSettings().methods}
    assert measured | {"tree_of_thoughts", "constrained_beam"} == {
        name for name, method in registered().items() if method.needs_model
    }


def test_shares_are_those_within_each_budget() -> None:
    found = cells(STUDY.section(synthetic()))
    assert found["mcts", "100 tokens"].value == pytest.approx(1 / 8)
    assert found["mcts", "300 tokens"].value == pytest.approx(3 / 8)
    assert found["mcts", "1,000 tokens"].value == 1.0
    assert found["best_of_n", "100 tokens"].value == pytest.approx(2 / 8)
    assert found["best_of_n", "1,000 tokens"].value == pytest.approx(4 / 8)
    assert found["majority_vote", "100 tokens"].value == pytest.approx(1 / 8)
    assert found["majority_vote", "1,000 tokens"].value == pytest.approx(2 / 8)  # the first answer was lost again
    greedy = found["greedy", "1,000 tokens"]
    assert (greedy.value, greedy.n, greedy.unit) == (1 / 8, 8, "%")
    assert (greedy.low, greedy.high) == pytest.approx((0.0224, 0.471), abs=1e-3)  # Wilson
    assert found["mcts", "tokens spent"].value == pytest.approx(450)


def test_losses_are_said_and_compared() -> None:
    section = STUDY.section(synthetic())
    assert section.text.startswith(
        "**Countdown with four numbers, tiny: with 1,000 tokens a problem, `mcts` solves 100%"
    )
    assert "A baseline solves more here: `best_of_n` at 100 tokens" in section.text
    at = {(each.ours, each.other, each.at): each for each in section.comparisons}
    assert at["mcts", "best_of_n", "100 tokens each"].difference.value == pytest.approx(-1 / 8)
    assert at["mcts", "best_of_n", "1,000 tokens each"].difference.value == pytest.approx(4 / 8)
    assert at["mcts", "best_of_n", "1,000 tokens each"].p == pytest.approx(2 / 2**4)
    assert {each.equal for each in section.comparisons} == {"budget", "time"}


def test_failed_cases_are_counted() -> None:
    records = synthetic()
    broken = [replace(record, outcome=None, failure=Failure("ValueError", "x")) for record in (records[0], records[-1])]
    assert "2 cases failed and are not counted." in STUDY.section([*records[1:-1], *broken]).tables[0].caption


def test_charts_span_what_was_spent() -> None:
    section = STUDY.section(synthetic())
    tokens, seconds = section.charts[:2]
    by_name = {series.name: series for series in tokens.series}
    assert [point.x for point in by_name["mcts"].points] == [100 * n for n in range(1, 9)]
    assert [(point.x, point.y) for point in by_name["majority_vote"].points] == [(100, 1 / 8), (1_000, 2 / 8)]
    assert by_name["best_of_n"].role == "floor"
    assert {series.name for series in seconds.series} == set(by_name)


def test_samples_are_counted_until_the_budget_is_spent() -> None:
    found = records_of(STUDY, problems=2, methods=("best_of_n",), tokens=(5_000,), samples=20)
    samples = next(record for record in found if record.fact("samples"))
    assert samples.outcome is not None
    each = samples.outcome.artifacts["each"]
    assert [part["scores"]["samples"] for part in each] == [20, 20]
    assert all(0 <= part["scores"]["right"] <= 20 for part in each)
    best = next(record for record in found if not record.fact("samples"))
    assert best.outcome is not None
    for counted, stopped in zip(each, best.outcome.artifacts["each"], strict=True):
        if stopped["scores"]["solved"] and stopped["spent"]["simulations"] <= 20:
            assert counted["scores"]["right"] >= 1  # the same samples, in the same order


def test_more_samples_are_predicted_and_more_tokens_checked_on_held_out_budgets() -> None:
    """Ten of forty samples of each problem are right, three of the first ten, from which the others are predicted."""
    tokens = 50.0
    right = [[int(sample % 4 == 0) for sample in range(40)] for _ in range(8)]
    outcomes = [
        Outcome({"right": 10.0, "samples": 40.0}, {"tokens": tokens * 40, "simulations": 40}, (), {"right": each})
        for each in right
    ]
    sampled = batch("best_of_n", 0, outcomes, samples=True, simulations=40)
    section = STUDY.section([*synthetic(), sampled])
    passes = section.tables[-1]
    at = {row[0]: row[1:] for row in passes.rows}
    assert at[10][0].value == pytest.approx(1 - math.comb(30, 10) / math.comb(40, 10))  # type: ignore[union-attr]
    assert at[10][1].value == pytest.approx(1 - 0.7**10, abs=0.01)  # type: ignore[union-attr]
    chart = section.charts[-1]
    measured = next(series for series in chart.series if series.name == "best_of_n, 40 samples")
    assert [point.x for point in measured.points] == [50, 150, 500, 1_500]
    titles = [table.title for table in section.tables]
    assert "Countdown with four numbers, tiny: what more tokens give" in titles
    assert "Countdown with four numbers, tiny, mcts: budgets that were held out from the fit" in titles
    assert "Twice the tokens multiply the odds of `mcts` by" in section.text
