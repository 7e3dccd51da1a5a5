"""Aggregates of runs over tasks: definitions by hand, invariances, coverage."""

from __future__ import annotations

import numpy as np
import pytest

from longthink.benchmarks.harness.metrics.aggregates import (
    interquartile_mean,
    optimality_gap,
    probability_of_improvement,
)
from longthink.errors import ParameterError

pytestmark = pytest.mark.filterwarnings("error")


def test_definitions_by_hand() -> None:
    scores = [[0.0, 1.0, 2.0, 3.0], [4.0, 5.0, 6.0, 100.0]]
    assert interquartile_mean(scores).value == pytest.approx(np.mean([2, 3, 4, 5]))
    assert interquartile_mean(scores).n == 8
    assert optimality_gap([[0.5, 1.5], [0.0, 1.0]]).value == pytest.approx(0.375)
    improvement = probability_of_improvement([[1.0, 2.0], [5.0]], [[1.0, 0.0], [7.0]])
    assert improvement.value == pytest.approx(np.mean([(0.5 + 1 + 1 + 1) / 4, 0.0]))


def test_outliers_do_not_move_the_interquartile_mean() -> None:
    scores = [[1.0] * 10, [2.0] * 10]
    wild = [[1.0] * 9 + [-1e6], [2.0] * 9 + [1e6]]
    assert interquartile_mean(scores).value == pytest.approx(interquartile_mean(wild).value, abs=0.1)


def test_resampling_stays_within_each_task() -> None:
    """Tasks that always give the same score have no randomness, however different they are."""
    found = interquartile_mean([[0.0] * 5, [10.0] * 5, [3.0] * 5])
    assert found.low == found.value == found.high


def test_improvement_is_symmetric_and_bounded() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.normal(0.5, 1, (4, 10)).tolist(), rng.normal(0, 1, (4, 10)).tolist()
    there, back = probability_of_improvement(a, b), probability_of_improvement(b, a)
    assert there.value == pytest.approx(1 - back.value)
    assert 0 <= there.low < there.value < there.high <= 1  # type: ignore[operator]
    same = probability_of_improvement([[1.0]], [[1.0]])
    assert (same.value, same.low, same.high) == (0.5, 0.5, 0.5)


def test_bad_scores() -> None:
    for scores in ([], [[]], [[float("nan")]]):
        with pytest.raises(ParameterError, match="at least one"):
            interquartile_mean(scores)
    with pytest.raises(ParameterError, match="same tasks"):
        probability_of_improvement([[1.0]], [[1.0], [2.0]])


def test_interquartile_mean_covers() -> None:
    rng, covered = np.random.default_rng(2), 0
    for _ in range(150):
        found = interquartile_mean(rng.normal(0, 1, (3, 20)).tolist())
        covered += found.low <= 0 <= found.high  # type: ignore[operator]
    assert 0.88 < covered / 150 <= 1
