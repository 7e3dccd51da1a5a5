"""Shares of cases that succeeded, and differences of two shares, with intervals for samples of any size.

Outcomes are 1 for success and 0 for failure.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from longthink.benchmarks.harness.section import Estimate
from longthink.errors import ParameterError, require


def wilson(
    successes: ArrayLike, n: ArrayLike, confidence: float = 0.95
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The Wilson score intervals of shares of `successes` among `n`, element by element; (0, 1) if n is 0.

    Successes may be fractions, for example draws or probabilities: an outcome in [0, 1] varies at most as much as one
    in {0, 1} of the same mean, so the interval is conservative. Raises `ParameterError` unless 0 <= successes <= n.
    Wilson, "Probable inference, the law of succession, and statistical inference", JASA 1927.
    """
    won, of = np.broadcast_arrays(np.asarray(successes, float), np.asarray(n, float))
    if not ((won >= 0) & (won <= of + 1e-9)).all():
        raise ParameterError(f"successes expects numbers in 0..n, got {won} of {of}")
    proportion = require("statsmodels.stats.proportion", "compare")
    low, high = proportion.proportion_confint(
        np.where(of > 0, np.minimum(won, of), 0.5), np.maximum(of, 1), 1 - confidence, method="wilson"
    )
    # Without a success the interval begins at 0, without a failure it ends at 1; the formula leaves rounding errors.
    return np.where(won > 0, np.clip(low, 0, 1), 0.0), np.where(won < of, np.clip(high, 0, 1), 1.0)


def share(successes: float, n: int) -> Estimate:
    """A share with its Wilson interval. With n = 0, it is 0.5 in [0, 1]: nothing is known."""
    low, high = wilson(successes, n)
    return Estimate(successes / n if n else 0.5, float(low), float(high), n, "%")


def unpaired_difference(successes: float, n: int, other_successes: float, other_n: int) -> Estimate:
    """The share of `successes` among `n` minus that of others among other cases. Its n is the smaller of both.

    Newcombe, "Interval estimation for the difference between independent proportions: comparison of eleven methods",
    Statistics in Medicine 1998, method 10, from the Wilson intervals of both shares.
    """
    ours, others = share(successes, n), share(other_successes, other_n)
    return _hybrid(ours, others, 0.0, min(n, other_n))


def paired_difference(ours: Sequence[float], others: Sequence[float]) -> Estimate:
    """Our share of successes minus the others' on the same cases, in the same order.

    Newcombe, "Improved confidence intervals for the difference between binomial proportions based on paired data",
    Statistics in Medicine 1998, method 10. Raises `ParameterError` if the lengths differ or an outcome is not 0 or 1.
    """
    both, only_ours, only_others, neither = _pairs(ours, others)
    n = both + only_ours + only_others + neither
    mine, theirs = both + only_ours, both + only_others
    scale, odd = mine * (n - mine) * theirs * (n - theirs), both * neither - only_ours * only_others
    correlation = (odd if odd < 0 else max(0.0, odd - n / 2)) / math.sqrt(scale) if scale else 0.0
    return _hybrid(share(mine, n), share(theirs, n), correlation, n)


def mcnemar_p(ours: Sequence[float], others: Sequence[float]) -> float:
    """The two-sided p-value of the exact form of McNemar's test on the same cases; 1 if no case differs.

    It is the probability, by chance, of a split at least as uneven of the cases in which only one of both succeeded.
    McNemar, "Note on the sampling error of the difference between correlated proportions", Psychometrika 1947.
    Raises `ParameterError` as `paired_difference` does.
    """
    both, only_ours, only_others, neither = _pairs(ours, others)
    tables = require("statsmodels.stats.contingency_tables", "compare")
    return min(1.0, float(tables.mcnemar([[both, only_ours], [only_others, neither]], exact=True).pvalue))


def _pairs(ours: Sequence[float], others: Sequence[float]) -> tuple[int, int, int, int]:
    a, b = np.asarray(ours, float), np.asarray(others, float)
    if a.shape != b.shape or a.ndim != 1:
        raise ParameterError(f"expected two lists of outcomes of the same cases, got shapes {a.shape} and {b.shape}")
    if not (np.isin(a, (0, 1)).all() and np.isin(b, (0, 1)).all()):
        raise ParameterError("outcomes of shares are 0 or 1; for other numbers use payoffs.paired_difference")
    a, b = a > 0, b > 0
    return int((a & b).sum()), int((a & ~b).sum()), int((~a & b).sum()), int((~a & ~b).sum())


def _hybrid(ours: Estimate, others: Estimate, correlation: float, n: int) -> Estimate:
    """The difference of two shares with Newcombe's hybrid score interval; [-1, 1] without cases."""
    if n == 0:
        return Estimate(ours.value - others.value, -1.0, 1.0, 0, "%")
    p, low, high = ours.value, ours.low or 0.0, 1.0 if ours.high is None else ours.high
    q, their_low, their_high = others.value, others.low or 0.0, 1.0 if others.high is None else others.high

    def reach(a: float, b: float) -> float:
        return math.sqrt(max(0.0, a * a - 2 * correlation * a * b + b * b))

    down, up = reach(p - low, their_high - q), reach(high - p, q - their_low)
    return Estimate(p - q, max(-1.0, p - q - down), min(1.0, p - q + up), n, "%")
