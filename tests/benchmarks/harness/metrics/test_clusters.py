"""Clustered standard errors: against the formula, the unclustered ones, and simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from longthink.benchmarks.harness.metrics.clusters import clustered_mean
from longthink.benchmarks.harness.metrics.shares import share
from longthink.errors import ParameterError

pytestmark = pytest.mark.filterwarnings("error")


def formula(values: np.ndarray, clusters: np.ndarray) -> float:
    """The variance of the mean: squared sums of residuals of each cluster (Miller 2024, section 2.2), times G/(G-1)."""
    sums = np.array([(values[clusters == name] - values.mean()).sum() for name in np.unique(clusters)])
    return float((sums**2).sum() / len(values) ** 2 * len(sums) / (len(sums) - 1))


def test_one_way_is_the_formula() -> None:
    rng = np.random.default_rng(1)
    clusters = rng.integers(0, 12, 80)
    values = rng.normal(size=80) + rng.normal(size=12)[clusters]
    found = clustered_mean(values, clusters)
    reach = stats.t.ppf(0.975, 11) * formula(values, clusters) ** 0.5
    assert (found.low, found.high) == pytest.approx((values.mean() - reach, values.mean() + reach))
    assert found.n == 12


def test_two_ways_add_up_and_take_away_what_both_share() -> None:
    """Cameron, Gelbach and Miller 2011, equation 2.11: the sum of both one-way variances less that of the crossing."""
    rng = np.random.default_rng(2)
    problems, seeds = np.repeat(np.arange(20), 10), np.tile(np.arange(10), 20)
    values = rng.normal(size=200) + rng.normal(size=20)[problems] + rng.normal(size=10)[seeds]
    both = formula(values, problems) + formula(values, seeds) - formula(values, problems * 10 + seeds)
    found = clustered_mean(values, problems, [f"seed {seed}" for seed in seeds])
    reach = stats.t.ppf(0.975, 9) * both**0.5
    assert found.high == pytest.approx(values.mean() + reach)


def test_each_value_a_cluster_is_students_interval() -> None:
    values = np.random.default_rng(3).normal(size=30)
    found, theirs = clustered_mean(values, range(30)), stats.ttest_1samp(values, 0).confidence_interval()
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high))


def test_degenerate_clusters() -> None:
    assert clustered_mean([1.0, 2.0], ["a", "a"]).low is None
    assert clustered_mean([1.0, 2.0, 4.0], "abc", "sss") == clustered_mean([1.0, 2.0, 4.0], "abc")
    same = clustered_mean([1.0, 1.0, 1.0, 1.0], "aabb", "xyxy")
    assert (same.low, same.high) == (1.0, 1.0)
    negative = clustered_mean([1.0, 0.0, 0.0, 1.0], "aabb", "xyxy")  # all cluster means are equal
    assert (negative.low, negative.high) == (0.5, 0.5)
    solved = clustered_mean([1.0] * 40, [i // 4 for i in range(40)], unit="%")
    assert solved == share(10, 10)
    nearly = clustered_mean([1.0] * 39 + [0.0], [i // 4 for i in range(40)], unit="%")
    assert nearly.high == 1.0
    with pytest.raises(ParameterError, match="at least one"):
        clustered_mean([], [])
    with pytest.raises(ParameterError, match="a name for each value"):
        clustered_mean([1.0], [])


def test_clustered_intervals_cover_where_plain_ones_do_not() -> None:
    rng, covered, plain = np.random.default_rng(4), 0, 0
    problems = np.repeat(np.arange(25), 8)
    for _ in range(200):
        values = rng.normal(size=25)[problems] + rng.normal(size=200)
        found, theirs = clustered_mean(values, problems), stats.ttest_1samp(values, 0).confidence_interval()
        covered += found.low <= 0 <= found.high  # type: ignore[operator]
        plain += theirs.low <= 0 <= theirs.high
    assert 0.91 < covered / 200 < 0.99
    assert plain / 200 < 0.75
