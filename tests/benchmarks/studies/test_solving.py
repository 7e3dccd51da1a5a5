"""The studies of one task each, writing and Countdown: their cases, and what they say of records."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

import longthink as lt
from longthink.benchmarks.harness.record import Outcome, Record
from longthink.benchmarks.studies.countdown import OURS, CountdownStudy
from longthink.benchmarks.studies.solving import SolvingStudy
from longthink.benchmarks.studies.writing import BEAM, SAMPLES, TREE, WritingStudy
from tests.benchmarks.studies.runs import outcomes, record_of, records_of

WRITING, COUNTDOWN = WritingStudy(), CountdownStudy()
TINY = {"model": "tiny", "problems": 2, "tokens": 120, "simulations": 50}


def outcome(at: float | None, spent: float, **artifacts: Any) -> Outcome:
    """A problem that was solved at a cost, or not: tokens, of which half are written, and a second for a hundred."""
    costs = {"tokens": spent, "generated_tokens": spent / 2, "calls": spent / 2, "cpu_seconds": spent / 100}
    solved = float(at is not None)
    curve = [] if at is None else [{"solved": 1.0, "tokens": at, "generated_tokens": at / 2, "cpu_seconds": at / 100}]
    stopped_by = "solved" if solved else "tokens"
    return Outcome({"solved": solved, "value": solved}, costs, curve, {"stopped_by": stopped_by, **artifacts})


def records(study: SolvingStudy, method: str, solved_at: Sequence[float | None], limit: int) -> list[Record]:
    made = []
    for problem, at in enumerate(solved_at):
        facts = {
            "problem": problem, "method": method, "model": "m", "limit": {"tokens": limit}, "words": 11, "floor": -2.25,
        }  # fmt: skip
        found = {"given": ["dog", "bridge", "found"], "answer": f"Sentence {problem}." if at else None}
        if at:
            found["mean_logprob"] = -1.5
        made.append(record_of(study, facts, outcome(at, at or limit, **found)))
    return made


def written() -> list[Record]:
    """Eight problems: the tree search writes all by 400 tokens, the beam six, with more tokens, and samples none."""
    return [
        *records(WRITING, TREE, [50 * n for n in range(1, 9)], 1_000),
        *records(WRITING, BEAM, [300, 320, 340, 360, 380, 400, None, None], 1_000),
        *records(WRITING, SAMPLES, [None] * 8, 1_000),
    ]


def test_writing_says_who_wrote_how_much_with_how_many_tokens() -> None:
    section = WRITING.section(written())
    assert "11 words with three given words: tree search 100%" in section.headline
    assert "with 225 tokens each" in section.headline
    shares = {row[0]: dict(zip(section.tables[0].columns, row, strict=True)) for row in section.tables[0].rows}
    assert shares[TREE]["200 tokens"].value == 4 / 8  # type: ignore[union-attr]
    assert shares[BEAM]["200 tokens"].value == 0.0  # type: ignore[union-attr]
    assert shares[BEAM]["at the end"].value == 6 / 8  # type: ignore[union-attr]
    assert shares[SAMPLES]["1,000 tokens"].value == 0.0  # type: ignore[union-attr]
    sentences = section.tables[1].rows
    assert [row[-1] for row in sentences if row[2] == SAMPLES] == ["no"] * 8
    assert [row[4] for row in sentences if row[2] == TREE] == [-1.5] * 8


def test_the_panel_of_writing_stands_between_the_floor_and_the_best() -> None:
    panel = WRITING.section(written()).panel
    assert panel is not None
    series = {each.name: each for each in panel.series}
    assert {name: each.role for name, each in series.items()} == {TREE: "ours", BEAM: "best", SAMPLES: "floor"}
    assert [point.x for point in series[TREE].points] == [25 * n for n in range(1, 9)]
    assert series[TREE].points[-1].y == 1.0
    assert [(point.x, point.y) for point in series[SAMPLES].points] == [(500, 0.0)]


def test_wins_and_losses_are_compared_at_equal_tokens_and_in_equal_time() -> None:
    section = WRITING.section(written())
    at = {(each.other, each.at): each for each in section.comparisons}
    assert at[BEAM, "200 tokens each"].difference.value == pytest.approx(4 / 8)
    assert at[BEAM, "500 tokens each"].difference.value == pytest.approx(2 / 8)
    assert at[SAMPLES, "1,000 tokens each"].difference.value == 1.0
    assert at[SAMPLES, "1,000 tokens each"].p == pytest.approx(2 / 2**8)
    assert {each.equal for each in section.comparisons} == {"budget", "time"}
    swapped = [
        *records(WRITING, TREE, [None] * 8, 1_000),
        *records(WRITING, BEAM, [100.0] * 8, 1_000),
    ]
    losses = WRITING.section(swapped).comparisons
    assert losses
    assert all(each.difference.value <= 0 for each in losses)


def test_countdown_says_that_the_solver_is_faster() -> None:
    solver = [
        record_of(
            COUNTDOWN,
            {"problem": problem, "method": "exhaustive solver", "model": None, "limit": {}},
            Outcome({"solved": 1.0, "value": 1.0}, {"cpu_seconds": 0.04}, [{"solved": 1.0, "cpu_seconds": 0.04}],
                    {"stopped_by": "solved"}),
        )
        for problem in range(8)
    ]  # fmt: skip
    section = COUNTDOWN.section([*records(COUNTDOWN, OURS, [50 * n for n in range(1, 9)], 1_000), *solver])
    assert "exhaustive solver 100%" in section.headline
    assert "in 0.04 CPU-seconds each" in section.headline
    tokens, seconds = section.charts
    assert [series.name for series in tokens.series] == [OURS]  # the solver spends none
    assert {series.name: series.role for series in seconds.series} == {OURS: "ours", "exhaustive solver": "best"}
    behind = [each for each in section.comparisons if each.other == "exhaustive solver"]
    assert behind
    assert all(each.equal == "time" and each.difference.value < 0 for each in behind if each.at.startswith("1 "))


def test_any_record_may_be_missing_or_failed() -> None:
    for study in (WRITING, COUNTDOWN):
        assert study.section([]).title == study.title
    for part in (written()[:1], written()[8:], written()[::3]):
        assert WRITING.section(part).headline


def test_countdown_runs_every_method_and_repeats_itself() -> None:
    first = records_of(COUNTDOWN, **TINY)
    assert {record.fact("method") for record in first} == set(COUNTDOWN.contestants)
    assert all(record.scores["solved"] in (0.0, 1.0) for record in first)
    traced = [record for record in first if record.outcome is not None and "trace" in record.outcome.artifacts]
    assert {record.fact("method") for record in traced} == {OURS}
    exact = [record for record in first if record.fact("method") == "exhaustive solver"]
    assert all(record.scores["solved"] == 1.0 for record in exact)
    assert outcomes(first) == outcomes(records_of(COUNTDOWN, **TINY))
    assert COUNTDOWN.section(first).headline


def test_unknown_methods_are_named() -> None:
    with pytest.raises(lt.ParameterError, match="tree search"):
        records_of(WRITING, model="tiny", problems=1, methods=("magic",))


def test_writing_runs_with_the_embedded_model() -> None:
    (record,) = records_of(WRITING, problems=1, methods=(TREE,), floor=-6.0, tokens=800)
    assert record.outcome is not None
    found = record.outcome.artifacts
    assert record.scores["solved"] == 1.0
    words = found["answer"].rstrip(".").replace(",", "").lower().split()
    assert len(words) == 11
    assert all(words.count(each) == 1 for each in found["given"])
    assert -6.0 <= found["mean_logprob"] < 0.0
    assert found["trace"]
    section = WRITING.section([record])
    assert found["answer"] in section.tables[1].rows[0]
