"""Training against thinking: what each model took to train, and the contours of equal shares solved."""

from __future__ import annotations

from typing import Any

import pytest

import longthink as lt
from longthink.benchmarks.harness.record import Outcome, Record
from longthink.benchmarks.studies import training
from longthink.benchmarks.studies.puzzles import together
from tests.benchmarks.studies.runs import record_of, records_of

STUDY = training.TrainingStudy()


def test_training_adds_up_along_the_models_that_grew() -> None:
    small, middle, large = (training.training(lt.load_model(f"tiny:{size}")) for size in ("0.25x", "1x", "4x"))
    assert (small["weights"], large["weights"]) == (202_048, 3_167_488)
    tokens = training._tokens_per_line()
    assert 15 < tokens < 40
    assert small["operations"] == pytest.approx(6 * 202_048 * 115_200 * tokens)
    before = small["operations"] + 6 * 797_312 * 64_000 * tokens
    assert middle["operations"] == pytest.approx(before)
    assert large["operations"] == pytest.approx(before + 6 * 3_167_488 * 8_640 * tokens)
    assert large["lines"] == 115_200 + 64_000 + 8_640
    half = training.training(lt.load_model("tiny:0.25x-600"))
    assert half == {**small, "operations": small["operations"] / 2, "lines": small["lines"] / 2}


def test_operations_and_states_are_counted() -> None:
    found = records_of(STUDY, models=("tiny:0.25x",), methods=("mcts",), problems=1, calls=5)
    uniform, searched = (record.outcome.artifacts["each"][0] for record in found if record.outcome is not None)
    assert searched["spent"]["operations"] == 2 * 202_048 * searched["spent"]["tokens"]
    assert uniform["spent"]["calls"] == uniform["spent"]["simulations"] == 5
    assert uniform["spent"]["operations"] == 0


def batch(model: str, trained: float, costs: list[float], weights: float = 1.0) -> Record:
    """A search that solves each problem at a number of operations; the calls are always the same."""
    outcomes = [
        Outcome(
            {"solved": 1.0}, {"operations": at, "calls": 10.0, "cpu_seconds": 0.01},
            [{"solved": 1.0, "operations": at, "calls": 10.0, "cpu_seconds": 0.01}],
        )
        for at in costs
    ]  # fmt: skip
    numbers = list(range(len(costs)))
    facts: dict[str, Any] = {"task": "countdown", "model": model, "problems": numbers, "method": "mcts", "calls": 100}
    outcome = together(numbers, outcomes)
    took = {"operations": trained, "weights": weights, "lines": 1.0}
    return record_of(STUDY, facts, Outcome(outcome.scores, outcome.spent, (), {**outcome.artifacts, "training": took}))


def test_contours_and_the_exchange_of_training_for_thinking() -> None:
    costs = [100.0 * n for n in range(1, 11)]
    records = [
        batch("short", 1e3, costs),
        batch("longer", 4e3, [at / 4 for at in costs]),
        batch("longest", 1.6e4, [at / 16 for at in costs]),
        batch("large", 3.2e4, [at / 8 for at in costs], weights=9.0),
    ]
    section = STUDY.section(records)
    first = "With twice the training compute, a model that was trained longer needs 0.500 times the thinking compute"
    assert section.headline.startswith(f"Countdown with four numbers: {first} of `mcts`")
    assert "and 1 times the calls" in section.headline
    assert "a model that grew in size and was trained longer needs 2 times the thinking compute" in section.text
    contours = section.tables[1]
    half = next(row for row in contours.rows if row[0] == "50%")
    assert [cell.value for cell in half[1:]] == [500, 125, 31.25, 62.5]  # type: ignore[union-attr]
    chart = section.charts[1]
    series = next(each for each in chart.series if each.name == "50% solved")
    assert [(point.x, point.y) for point in series.points] == [(1e3, 500), (4e3, 125), (1.6e4, 31.25), (3.2e4, 62.5)]


def test_a_model_that_does_not_say_how_it_was_trained_is_refused() -> None:
    with pytest.raises(lt.ParameterError, match="has no lines, weights in its metadata"):
        training.training(object())
