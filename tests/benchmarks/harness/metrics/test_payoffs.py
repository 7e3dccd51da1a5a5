"""Means and paired differences of payoffs: against scipy, exact tests and simulation."""

from __future__ import annotations

import itertools
import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from longthink.benchmarks.harness.metrics.payoffs import mean, paired_difference, paired_p, student_p
from longthink.errors import ParameterError

pytestmark = pytest.mark.filterwarnings("error")


def test_interval_of_a_mean_is_close_to_students_for_normal_numbers() -> None:
    numbers = np.random.default_rng(1).normal(3, 2, 200)
    found = mean(numbers, "s")
    theirs = stats.ttest_1samp(numbers, 0).confidence_interval()
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), abs=0.03)
    assert (found.value, found.n, found.unit) == (pytest.approx(numbers.mean()), 200, "s")
    assert mean(numbers) == mean(numbers, seed=0) != mean(numbers, seed=1)


def test_degenerate_numbers() -> None:
    assert (mean([2.0]).low, mean([2.0]).high) == (None, None)
    assert (mean([2.0, 2.0]).low, mean([2.0, 2.0]).high) == (2.0, 2.0)
    assert paired_p([1, 2], [1, 2]) == paired_p([1], [2]) == 1.0
    with pytest.raises(ParameterError, match="at least one"):
        mean([])
    with pytest.raises(ParameterError, match="finite"):
        mean([1.0, math.nan])
    with pytest.raises(ParameterError, match="same cases"):
        paired_difference([1], [1, 2])


def test_paired_p_is_exact_for_few_cases() -> None:
    ours, others = [3.0, 5.0, 1.0, 4.0, 2.5], [1.0, 2.0, 1.5, 0.0, 2.0]
    differences = np.subtract(ours, others)
    sums = [abs(np.dot(signs, differences)) for signs in itertools.product((1, -1), repeat=5)]
    assert paired_p(ours, others) == pytest.approx(np.mean(np.array(sums) >= abs(differences.sum()) - 1e-12))


def test_paired_p_is_close_to_students_for_many_normal_cases() -> None:
    rng = np.random.default_rng(2)
    ours, others = rng.normal(0.25, 1, 100), rng.normal(0, 1, 100)
    assert paired_p(ours, others) == pytest.approx(stats.ttest_rel(ours, others).pvalue, abs=0.01)


def test_students_p() -> None:
    ours, others = [0.30, 0.35, 0.31, 0.33], [0.11, 0.12, 0.14, 0.10]
    assert student_p(ours, others) == pytest.approx(stats.ttest_rel(ours, others).pvalue)
    assert student_p(ours, others) < 0.01 < paired_p(ours, others) == 2 / 2**4
    assert (student_p([1.0], [2.0]), student_p([1.0, 2.0], [1.0, 2.0])) == (1.0, 1.0)
    assert student_p([0.3, 0.2], [0.2, 0.1]) == 0.0


def test_pairing_shortens_the_interval() -> None:
    rng = np.random.default_rng(3)
    item = rng.normal(0, 5, 60)
    found = paired_difference(item + rng.normal(1, 0.5, 60), item + rng.normal(0, 0.5, 60))
    assert found.low is not None
    assert found.high is not None
    assert found.high - found.low < 0.5
    assert found.low < 1 < found.high


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from([0.0, 0.5, 1.0, 3.0, 1e-6]) | st.floats(-1e3, 1e3), min_size=2, max_size=12))
def test_intervals_are_finite_and_hold_for_any_numbers(numbers: list[float]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = mean(numbers)
        assert 0 < paired_p(numbers, [0.0] * len(numbers)) <= 1
    assert found.low is not None
    assert found.high is not None
    assert math.isfinite(found.low)
    assert math.isfinite(found.high)
    assert min(numbers) - 1e-9 <= found.low <= found.high <= max(numbers) + 1e-9


@pytest.mark.parametrize(("n", "least"), [(6, 0.85), (40, 0.88)])
def test_interval_covers_a_skewed_mean(n: int, least: float) -> None:
    """Without the expansion for small samples, that of six numbers holds it in 83%."""
    rng, covered = np.random.default_rng(4), 0
    for _ in range(200):
        found = mean(rng.exponential(1.0, n))
        covered += found.low <= 1 <= found.high  # type: ignore[operator]
    assert covered / 200 > least
