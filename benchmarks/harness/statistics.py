"""Confidence intervals and tests for shares and their differences."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from longthink.errors import require


def wilson(successes: float, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """The Wilson score interval of a share of `successes` among `n`; (0, 1) if n is 0. Wilson, JASA 1927."""
    if n == 0:
        return 0.0, 1.0
    stats = require("scipy.stats", "compare")
    interval = stats.binomtest(round(successes), n).proportion_ci(confidence, method="wilson")
    return float(interval.low), float(interval.high)


def paired_p(ours: Sequence[float], others: Sequence[float]) -> float:
    """The two-sided p-value of the exact form of McNemar's test (Psychometrika 1947); 1 if no case differs.

    It is the probability, by chance, of a split at least as uneven of the cases that only one of both got right.
    """
    only_ours = sum(a > b for a, b in zip(ours, others, strict=True))
    only_others = sum(a < b for a, b in zip(ours, others, strict=True))
    if only_ours + only_others == 0:
        return 1.0
    stats = require("scipy.stats", "compare")
    return float(stats.binomtest(only_ours, only_ours + only_others).pvalue)


def paired_interval(ours: Sequence[float], others: Sequence[float]) -> tuple[float, float]:
    """The 95% interval of our share of right cases minus the others' share on the same cases.

    The hybrid score interval of Newcombe, "Improved confidence intervals for the difference between binomial
    proportions based on paired data", Statistics in Medicine 1998, method 10.
    """
    pairs = Counter(zip((a > 0.5 for a in ours), (b > 0.5 for b in others), strict=True))
    both, only_ours, only_others, neither = (pairs[a, b] for a in (True, False) for b in (True, False))
    n = len(ours)
    if n == 0:
        return -1.0, 1.0
    mine, theirs = both + only_ours, both + only_others
    scale, odd = mine * (n - mine) * theirs * (n - theirs), both * neither - only_ours * only_others
    correlation = (odd if odd < 0 else max(0.0, odd - n / 2)) / math.sqrt(scale) if scale else 0.0
    (low, high), (their_low, their_high) = wilson(mine, n), wilson(theirs, n)
    p, q = mine / n, theirs / n

    def reach(a: float, b: float) -> float:
        return math.sqrt(max(0.0, a * a - 2 * correlation * a * b + b * b))

    return p - q - reach(p - low, their_high - q), p - q + reach(high - p, q - their_low)


# ---- Text for tables ----


def share(successes: int, n: int) -> str:
    """A share with its 95% Wilson interval, in percent."""
    low, high = wilson(successes, n)
    return f"{100 * successes / n:.0f}% ({100 * low:.0f}-{100 * high:.0f})"


def lead(ours: Sequence[float], others: Sequence[float]) -> str:
    """The difference of our share of right cases and the others', with its 95% interval, in percent."""
    low, high = paired_interval(ours, others)
    return f"{100 * (sum(ours) - sum(others)) / len(ours):+.0f} ({100 * low:+.0f} to {100 * high:+.0f})"
