"""Aggregates of normalised scores over tasks with a few runs each, with stratified bootstrap intervals.

The definitions are those of rliable: Agarwal and others, "Deep reinforcement learning at the edge of the statistical
precipice", NeurIPS 2021. `scores` holds the runs of each task: `scores[task][run]`; tasks may have different numbers
of runs. Resampling draws runs anew within each task (section 4), so tasks are fixed. n: the number of runs in all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from longthink.benchmarks.harness.section import Estimate
from longthink.errors import ParameterError, require

RESAMPLES = 2_000
Scores = Sequence[Sequence[float]]
_Array = NDArray[np.float64]


def interquartile_mean(scores: Scores, unit: str = "", seed: int = 0) -> Estimate:
    """The mean of the middle half of all runs: a quarter of them is cut off on either side."""
    stats = require("scipy.stats", "compare")
    return _estimate(scores, lambda runs: stats.trim_mean(runs, 0.25, axis=-1), unit, seed)


def optimality_gap(scores: Scores, best: float = 1.0, unit: str = "", seed: int = 0) -> Estimate:
    """How far runs stay below the score `best` on average; runs above it count as `best`."""
    return _estimate(scores, lambda runs: best - np.minimum(runs, best).mean(axis=-1), unit, seed)


def probability_of_improvement(ours: Scores, others: Scores, seed: int = 0) -> Estimate:
    """The probability that our run of a random task is better than another's run of it; equal runs count half.

    It is the mean over tasks of the Mann-Whitney statistic, with runs of both sides drawn anew within each task.
    """
    mine, theirs = _strata(ours), _strata(others)
    if len(mine) != len(theirs):
        raise ParameterError(f"expected the same tasks, got {len(mine)} of ours and {len(theirs)} of the others")
    rng, values, resampled = np.random.default_rng(seed), [], []
    for a, b in zip(mine, theirs, strict=True):
        better = (np.sign(a[:, None] - b[None, :]) + 1) / 2
        values.append(better.mean())
        resampled.append(((_times_drawn(len(a), rng) @ better) * _times_drawn(len(b), rng)).sum(axis=1) / better.size)
    low, high = np.quantile(np.mean(resampled, axis=0), (0.025, 0.975))
    return Estimate(float(np.mean(values)), float(low), float(high), sum(map(len, mine)), "%")


def _estimate(scores: Scores, statistic: Callable[[_Array], _Array], unit: str, seed: int) -> Estimate:
    strata, rng = _strata(scores), np.random.default_rng(seed)
    runs = np.concatenate(strata)
    drawn = statistic(np.concatenate([_redrawn(stratum, rng) for stratum in strata], axis=-1))
    low, high = np.quantile(drawn, (0.025, 0.975))
    return Estimate(float(statistic(runs)), float(low), float(high), len(runs), unit)


def _strata(scores: Scores) -> list[_Array]:
    strata = [np.asarray(runs, float) for runs in scores]
    if not strata or any(runs.ndim != 1 or not len(runs) or not np.isfinite(runs).all() for runs in strata):
        raise ParameterError("scores expects for each task a list of finite numbers, at least one")
    return strata


def _redrawn(runs: _Array, rng: np.random.Generator) -> _Array:
    """Runs drawn with replacement, `[resample, run]`."""
    return runs[rng.integers(0, len(runs), (RESAMPLES, len(runs)))]


def _times_drawn(runs: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """How often each run is drawn in a resample, `[resample, run]`."""
    return rng.multinomial(runs, np.full(runs, 1 / runs), size=RESAMPLES)
