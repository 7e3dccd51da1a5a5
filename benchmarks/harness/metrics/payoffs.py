"""Means of payoffs and of other numbers, and differences of two means, by the bootstrap.

Nothing is assumed about the distribution of the numbers. Resampling is seeded, so equal data give equal intervals.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from longthink.benchmarks.harness.section import Estimate
from longthink.errors import ParameterError, require

RESAMPLES = 9_999
MANY = 2_000


def mean(values: Sequence[float] | NDArray[np.float64], unit: str = "", seed: int = 0) -> Estimate:
    """The mean of independent numbers with a bootstrap interval; without an interval if there is only one number.

    The interval is bias-corrected and accelerated: Efron, "Better bootstrap confidence intervals", JASA 1987. It is
    expanded for small samples, whose resamples vary too little: Hesterberg, "What teachers should know about the
    bootstrap", The American Statistician 2015. For more than 2,000 numbers it is Student's, which is then the same. If
    all numbers are equal, it has no width. Raises `ParameterError` if there are no numbers.
    """
    numbers = _numbers(values)
    low, high = _interval(numbers, seed)
    return Estimate(float(numbers.mean()), low, high, len(numbers), unit)


def paired_difference(ours: Sequence[float], others: Sequence[float], unit: str = "", seed: int = 0) -> Estimate:
    """Our mean minus the others' on the same cases, in the same order, with a bootstrap interval over the cases.

    Raises `ParameterError` if the lengths differ, or if there are no cases.
    """
    return mean(_differences(ours, others), unit, seed)


def paired_p(ours: Sequence[float], others: Sequence[float], seed: int = 0) -> float:
    """The two-sided p-value of a difference of means on the same cases; 1 if no case differs, or with one case.

    A permutation test: by chance, ours and the others' number of each case would be exchanged as often as not. Exact
    up to 13 cases, sampled otherwise. Fisher, "The Design of Experiments", 1935, section 21.
    """
    differences = _differences(ours, others)
    if len(differences) == 1 or not differences.any():
        return 1.0
    stats = require("scipy.stats", "compare")
    found = stats.permutation_test(
        (differences,), np.mean, permutation_type="samples", n_resamples=RESAMPLES, vectorized=True,
        batch=max(1, 2_000_000 // len(differences)), rng=np.random.default_rng(seed),
    )  # fmt: skip
    return min(1.0, float(found.pvalue))


def student_p(ours: Sequence[float], others: Sequence[float]) -> float:
    """The two-sided p-value of Student's test of a difference of means on the same cases.

    For a few cases whose differences vary like normal numbers, such as exploitability over seeds: with n cases, a
    permutation test never gives less than 2 / 2**n. 1 with one case; 0 if all cases differ by the same number.
    Student, "The probable error of a mean", Biometrika 1908.
    """
    differences = _differences(ours, others)
    if len(differences) == 1 or not differences.any():
        return 1.0
    if np.ptp(differences) <= 1e-12 * np.abs(differences).max():
        return 0.0
    return float(require("scipy.stats", "compare").ttest_1samp(differences, 0.0).pvalue)


def _numbers(values: Sequence[float] | NDArray[np.float64]) -> NDArray[np.float64]:
    numbers = np.asarray(values, float)
    if numbers.ndim != 1 or not len(numbers) or not np.isfinite(numbers).all():
        raise ParameterError(f"expected finite numbers, at least one, got {numbers}")
    return numbers


def _differences(ours: Sequence[float], others: Sequence[float]) -> NDArray[np.float64]:
    a, b = _numbers(ours), _numbers(others)
    if a.shape != b.shape:
        raise ParameterError(f"expected numbers of the same cases, got {len(a)} of ours and {len(b)} of the others")
    return a - b


def _interval(numbers: NDArray[np.float64], seed: int) -> tuple[float | None, float | None]:
    if len(numbers) < 2:
        return None, None
    low, width = float(numbers.min()), float(np.ptp(numbers))
    if width == 0:
        return low, low
    stats = require("scipy.stats", "compare")
    n = len(numbers)
    if n > MANY:
        reach = float(stats.t.ppf(0.975, n - 1) * stats.sem(numbers))
        return float(numbers.mean()) - reach, float(numbers.mean()) + reach
    tail = float(stats.norm.cdf(math.sqrt(n / (n - 1)) * stats.t.ppf(0.025, n - 1)))  # Hesterberg's expansion
    found = stats.bootstrap(
        ((numbers - low) / width,), np.mean, n_resamples=RESAMPLES, method="BCa", vectorized=True,
        confidence_level=1 - 2 * max(tail, 1 / RESAMPLES),
        batch=max(1, 2_000_000 // n), rng=np.random.default_rng(seed),
    ).confidence_interval  # fmt: skip
    return low + width * float(found.low), low + width * float(found.high)
