"""Means of numbers that are not independent: several samples of the same problem, several problems of the same seed.

The source in the field is Miller, "Adding error bars to evals: a statistical approach to language model evaluations",
2024: questions that come in groups need clustered standard errors, or intervals are several times too short.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np

from longthink.benchmarks.harness.metrics.shares import share
from longthink.benchmarks.harness.section import Estimate
from longthink.errors import ParameterError, require


def clustered_mean(values: Sequence[float], *clusters: Sequence[Hashable], unit: str = "") -> Estimate:
    """The mean of `values` with an interval from standard errors clustered in one way or in two.

    clusters: for each value the name of its cluster, for example `clustered_mean(solved, problems, seeds)`. For paired
    methods, pass the differences. The interval is Student's, with one degree of freedom less than there are clusters
    (the smaller number of two). n of the estimate: the number of clusters of the first kind. A kind with a single
    cluster says nothing about the spread between clusters and is left out; without any kind left, there is no interval.
    unit: "%" for shares, whose interval stays in [0, 1], and is Wilson's over clusters if all values are equal.

    One way: Liang and Zeger, Biometrika 1986, with the factor G / (G - 1) for G clusters. Two ways: Cameron, Gelbach
    and Miller, "Robust inference with multiway clustering", Journal of Business & Economic Statistics 2011; if its
    variance is below that of one way alone, which happens in small samples, the larger one counts.
    """
    numbers = np.asarray(values, float)
    if not len(numbers) or not np.isfinite(numbers).all():
        raise ParameterError(f"values expects finite numbers, at least one, got {values}")
    if not 1 <= len(clusters) <= 2 or any(len(names) != len(numbers) for names in clusters):
        raise ParameterError("clusters expects one or two lists of names, with a name for each value")
    groups = [_numbered(names) for names in clusters]
    n, value = int(groups[0].max()) + 1, float(numbers.mean())
    groups = [group for group in groups if group.any()]
    if not groups:
        return Estimate(value, None, None, n, unit)
    if np.ptp(numbers) == 0:
        return share(value * n, n) if unit == "%" else Estimate(value, value, value, n, unit)
    variance = max(_variance(numbers, group) for group in groups)
    if len(groups) == 2:
        variance = max(variance, _variance(numbers, np.column_stack(groups)))
    freedom = min(int(group.max()) for group in groups)
    reach = float(require("scipy.stats", "compare").t.ppf(0.975, freedom)) * variance**0.5
    low, high = value - reach, value + reach
    return (
        Estimate(value, max(0.0, low), min(1.0, high), n, unit) if unit == "%" else Estimate(value, low, high, n, unit)
    )


def _numbered(names: Sequence[Hashable]) -> np.ndarray:
    number: dict[Hashable, int] = {}
    return np.array([number.setdefault(name, len(number)) for name in names])


def _variance(numbers: np.ndarray, groups: np.ndarray) -> float:
    """The clustered variance of the mean: that of the constant of a regression on a constant."""
    regression = require("statsmodels.regression.linear_model", "compare")
    fit = regression.OLS(numbers, np.ones(len(numbers))).fit(cov_type="cluster", cov_kwds={"groups": groups})
    return float(fit.cov_params()[0, 0])
