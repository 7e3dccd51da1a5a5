"""Ahead, even or behind: what a comparison says when many are made at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from longthink.benchmarks.harness.section import Comparison
from longthink.errors import require

Verdict = Literal["ahead", "even", "behind"]
LEVEL = 0.05
"""The probability that any of the comparisons of a section is called ahead or behind by chance."""
TOLERANCE = 0.01
"""Results without randomness are even if they differ by at most this share of the larger one."""


def holm(p_values: Sequence[float]) -> list[float]:
    """p-values corrected for their number, in the same order.

    Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 1979.
    """
    if not p_values:
        return []
    multiple = require("statsmodels.stats.multitest", "compare")
    return [float(p) for p in multiple.multipletests(list(p_values), LEVEL, method="holm")[1]]


def verdicts(comparisons: Sequence[Comparison]) -> list[tuple[Verdict, float | None]]:
    """For each comparison its verdict and its p-value corrected for the number of comparisons; None has none."""
    corrected = iter(holm([each.p for each in comparisons if each.p is not None]))
    return [_verdict(each, None if each.p is None else next(corrected)) for each in comparisons]


def _verdict(comparison: Comparison, p: float | None) -> tuple[Verdict, float | None]:
    better = comparison.difference.value * (1 if comparison.higher_is_better else -1)
    if p is not None:
        even = p >= LEVEL or better == 0
    else:
        even = abs(better) <= TOLERANCE * max(abs(comparison.our_value.value), abs(comparison.other_value.value))
    return "even" if even else "ahead" if better > 0 else "behind", p
