"""Intervals and tests for shares: how sure a comparison is."""

from __future__ import annotations

import math
from collections.abc import Sequence

from longthink.errors import require


def wilson(successes: float, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """The Wilson score interval of a share of `successes` among `n`; (0, 1) where n is 0. Wilson, JASA 1927."""
    if n == 0:
        return 0.0, 1.0
    stats = require("scipy.stats", "compare")
    interval = stats.binomtest(round(successes), n).proportion_ci(confidence, method="wilson")
    return float(interval.low), float(interval.high)


def paired_p(ours: Sequence[float], others: Sequence[float]) -> float:
    """How likely so uneven a split of the cases that only one of both got right is by chance; 1 where there is none.

    The exact form of McNemar's test (Psychometrika 1947), two-sided.
    """
    only_ours = sum(a > b for a, b in zip(ours, others, strict=True))
    only_others = sum(a < b for a, b in zip(ours, others, strict=True))
    if only_ours + only_others == 0:
        return 1.0
    stats = require("scipy.stats", "compare")
    return float(stats.binomtest(only_ours, only_ours + only_others).pvalue)


def paired_interval(ours: Sequence[float], others: Sequence[float], confidence: float = 0.95) -> tuple[float, float]:
    """The interval of the difference of two shares over the same cases, ours less the others'.

    Half a case is added to each of the four kinds (right by both, by one, by none), so that it does not shrink to a
    point where both agree. Agresti and Min, Statistics in Medicine 24, 2005, section 3.
    """
    stats = require("scipy.stats", "compare")
    n = len(ours) + 2
    only_ours = sum(a > b for a, b in zip(ours, others, strict=True)) + 0.5
    only_others = sum(a < b for a, b in zip(ours, others, strict=True)) + 0.5
    difference = (only_ours - only_others) / n
    width = float(stats.norm.ppf((1 + confidence) / 2)) * math.sqrt((only_ours + only_others) / n - difference**2)
    width /= math.sqrt(n)
    return max(-1.0, difference - width), min(1.0, difference + width)
