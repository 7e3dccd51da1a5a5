"""The one estimate for a list of numbers: a share or a mean, by their unit."""

from __future__ import annotations

from collections.abc import Sequence

from longthink.benchmarks.harness.metrics import payoffs, shares
from longthink.benchmarks.harness.section import Estimate


def estimate(values: Sequence[float], unit: str = "") -> Estimate:
    """A share with its Wilson interval if the unit is "%", else a mean with its bootstrap interval.

    values: those of independent units. Raises `ParameterError` for a mean of nothing.
    """
    return shares.share(sum(values), len(values)) if unit == "%" else payoffs.mean(values, unit)
