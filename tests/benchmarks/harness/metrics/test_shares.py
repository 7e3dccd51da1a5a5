"""Intervals and tests of shares against published values, closed forms and simulation."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import confint_proportions_2indep

from longthink.benchmarks.harness.metrics.shares import (
    mcnemar_p,
    paired_difference,
    share,
    unpaired_difference,
    wilson,
)
from longthink.errors import ParameterError

pytestmark = pytest.mark.filterwarnings("error")


def test_wilson_against_published_values() -> None:
    """Newcombe, Statistics in Medicine 1998, table I, method 3."""
    for successes, n, low, high in [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ]:
        assert (share(successes, n).low, share(successes, n).high) == pytest.approx((low, high), abs=1e-4)


def test_wilson_is_scipys_element_by_element() -> None:
    low, high = wilson(np.arange(11), 10)
    for k in range(11):
        theirs = stats.binomtest(k, 10).proportion_ci(method="wilson")
        assert (low[k], high[k]) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


def test_nothing_is_known_of_no_cases() -> None:
    found = share(0, 0)
    assert (found.value, found.low, found.high, found.n) == (0.5, 0.0, 1.0, 0)
    for difference in (paired_difference([], []), unpaired_difference(0, 0, 3, 5), unpaired_difference(3, 5, 0, 0)):
        assert (difference.low, difference.high) == (-1.0, 1.0)
    assert mcnemar_p([], []) == 1.0
    with pytest.raises(ParameterError, match=r"successes expects numbers in 0\.\.n"):
        share(4, 3)


def test_paired_intervals_are_those_of_the_paper() -> None:
    """36 cases that both got right, 12 and 2 that only one did: Newcombe 1998, method 10."""
    ours, others = [1] * 36 + [1] * 12 + [0] * 2, [1] * 36 + [0] * 12 + [1] * 2
    found = paired_difference(ours, others)
    assert (found.value, found.low, found.high) == pytest.approx((0.2, 0.0569, 0.3404), abs=5e-5)


def test_unpaired_intervals_are_those_of_the_paper_and_of_statsmodels() -> None:
    """Newcombe, Statistics in Medicine 1998, table II, method 10: 56 of 70 and 48 of 80."""
    found = unpaired_difference(56, 70, 48, 80)
    assert (found.low, found.high) == pytest.approx((0.0524, 0.3339), abs=5e-5)
    for a, n, b, m in [(0, 10, 10, 10), (3, 7, 1, 9), (0, 5, 0, 8)]:
        ours = unpaired_difference(a, n, b, m)
        assert (ours.low, ours.high) == pytest.approx(
            confint_proportions_2indep(a, n, b, m, "newcomb", "diff"), abs=1e-9
        )


def test_mcnemar_is_exact() -> None:
    assert mcnemar_p([1, 1, 0], [1, 1, 0]) == 1.0
    assert mcnemar_p([1] * 6 + [0], [0] * 6 + [0]) == pytest.approx(2 / 64)
    assert mcnemar_p([1, 0], [0, 1]) == 1.0
    with pytest.raises(ParameterError, match="same cases"):
        mcnemar_p([1, 0], [1])
    with pytest.raises(ParameterError, match="0 or 1"):
        paired_difference([0.5], [1])


outcomes = st.lists(st.tuples(st.booleans(), st.booleans()), max_size=60)


@settings(deadline=None)
@given(outcomes)
def test_paired_difference_is_antisymmetric_and_holds_its_value(pairs: list[tuple[bool, bool]]) -> None:
    ours, others = [float(a) for a, _ in pairs], [float(b) for _, b in pairs]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        there, back = paired_difference(ours, others), paired_difference(others, ours)
        assert mcnemar_p(ours, others) == mcnemar_p(others, ours) <= 1.0
    assert None not in (there.low, there.high, back.low)
    assert -1 <= there.low <= there.value <= there.high <= 1  # type: ignore[operator]
    assert (there.value, there.low, there.high) == pytest.approx((-back.value, -back.high, -back.low))  # type: ignore[operator]


@settings(deadline=None)
@given(st.integers(0, 200).flatmap(lambda n: st.tuples(st.floats(0, n), st.just(n))))
def test_wilson_holds_its_share_and_is_symmetric(case: tuple[float, int]) -> None:
    successes, n = case
    found, mirrored = share(successes, n), share(n - successes, n)
    assert 0 <= found.low <= found.value + 1e-9 <= found.high + 2e-9 <= 1 + 2e-9  # type: ignore[operator]
    assert (found.low, found.high) == pytest.approx((1 - mirrored.high, 1 - mirrored.low), abs=1e-9)  # type: ignore[operator]


@pytest.mark.parametrize(("n", "p"), [(20, 0.3), (50, 0.9)])
def test_wilson_covers(n: int, p: float) -> None:
    """The exact coverage: a sum over all numbers of successes."""
    successes = np.arange(n + 1)
    low, high = wilson(successes, n)
    assert 0.93 < stats.binom.pmf(successes, n, p)[(low <= p) & (p <= high)].sum() < 0.98


def test_paired_difference_covers() -> None:
    rng = np.random.default_rng(1)
    covered = 0
    for _ in range(600):
        kind = rng.choice(4, size=40, p=(0.4, 0.25, 0.1, 0.25))  # both, only ours, only others, neither: 0.15
        found = paired_difference((kind < 2).astype(float), ((kind == 0) | (kind == 2)).astype(float))
        covered += found.low <= 0.15 <= found.high  # type: ignore[operator]
    assert 0.925 < covered / 600 < 0.98


def test_intervals_end_at_the_border_exactly() -> None:
    for n in range(1, 60):
        assert share(0, n).low == 0.0
        assert share(n, n).high == 1.0
