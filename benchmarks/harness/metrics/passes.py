"""pass@k: the probability that at least one of k samples solves a problem, measured, and predicted for larger k.

`pass_at_k` measures it for k up to the number of samples. `fit_passes` predicts it for any k from the distribution of
the problems' success rates: how fast failures vanish with k depends on the problems that are almost never solved.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from longthink.benchmarks.harness.metrics import payoffs
from longthink.benchmarks.harness.metrics.within import finished
from longthink.benchmarks.harness.record import Record, by_facts
from longthink.benchmarks.harness.section import Estimate, Point, Role, Series, Table
from longthink.errors import ParameterError, require

_Array = NDArray[np.float64]


def solved_counts(
    records: Sequence[Record], score: str = "solved", items: Sequence[str] = ("problem",)
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """How many samples of each problem are solved, `[problem]`, and how many there are, `[problem]`.

    Each record is a sample. items: the facts that name a problem.
    """
    groups = by_facts([record for record in finished(records) if score in record.scores], *items).values()
    solved = [sum(record.scores[score] >= 1 for record in group) for group in groups]
    return np.array(solved, int), np.array([len(group) for group in groups], int)


def pass_at_k(successes: ArrayLike, samples: ArrayLike, ks: Sequence[int]) -> list[Estimate]:
    """pass@k for each of `ks`, without bias, as the mean over problems with a bootstrap interval over problems.

    successes: how many samples of each problem succeeded, `[problem]`. samples: how many there were: one number, or
    `[problem]`. A problem with c of n counts 1 - C(n - c, k) / C(n, k). Chen and others, "Evaluating large language
    models trained on code", 2021, equation 1. Raises `ParameterError` without problems, or if a k exceeds the samples.
    """
    of_problem = _pass_at_k(*_checked(successes, samples), ks)
    return [payoffs.mean(column, "%") for column in of_problem.T]


def _pass_at_k(successes: _Array, samples: _Array, ks: Sequence[int]) -> _Array:
    """The unbiased estimate of each problem, `[problem, k]`."""
    k = np.asarray(ks, float)
    if not ((k >= 1) & (k <= samples.min())).all():
        raise ParameterError(f"ks expects numbers in 1..{samples.min():.0f}, the number of samples, got {list(ks)}")
    special = require("scipy.special", "compare")
    n, failed = samples[:, None], (samples - successes)[:, None]
    possible = failed >= k
    least = np.where(possible, failed, k)  # where fewer than k samples failed, some of k succeeded for certain
    chance = special.gammaln(least + 1) - special.gammaln(least - k + 1)
    chance = chance - special.gammaln(n + 1) + special.gammaln(n - k + 1)
    return np.where(possible, -np.expm1(np.minimum(chance, 0)), 1.0)


def _checked(successes: ArrayLike, samples: ArrayLike) -> tuple[_Array, _Array]:
    solved, n = np.broadcast_arrays(np.asarray(successes, float), np.asarray(samples, float))
    if solved.ndim != 1 or not len(solved) or not ((solved >= 0) & (solved <= n) & (n >= 1)).all():
        raise ParameterError(f"successes expects for each problem a number in 0..samples, got {solved} of {n}")
    return solved, n


@dataclass(frozen=True, eq=False)
class PassFit:
    """Success rates of problems as a beta distribution, and pass@k of new samples of such problems.

    a, b: its most likely parameters. Failures fall as k**-a for large k. problems: how many were fitted.
    plausible: `[:, 2]`, parameters whose likelihood ratio against the most likely ones is below the 95% limit.
    """

    a: float
    b: float
    problems: int
    plausible: _Array

    def at(self, ks: Sequence[int]) -> list[Estimate]:
        """pass@k = 1 - B(a, b + k) / B(a, b) for each of `ks`, with profile likelihood intervals."""
        values = _passes(np.array([[self.a, self.b]]), ks)[0]
        region = _passes(self.plausible, ks)
        low, high = np.minimum(region.min(axis=0), values), np.maximum(region.max(axis=0), values)
        return [
            Estimate(float(v), float(lo), float(hi), self.problems, "%")
            for v, lo, hi in zip(values, low, high, strict=True)
        ]

    def series(self, ks: Sequence[int], name: str, role: Role = "ours") -> Series:
        """The prediction for a chart."""
        points = zip(ks, self.at(ks), strict=True)
        return Series(name, [Point(float(k), y.value, y.low, y.high) for k, y in points], role)


def fit_passes(successes: ArrayLike, samples: ArrayLike) -> PassFit:
    """Fit a beta-binomial distribution to the successes of problems by maximum likelihood.

    successes, samples: as of `pass_at_k`. Schaeffer and others, "How do large language monkeys get their power
    (laws)?", ICML 2025, and Kazdan and others, "Efficient prediction of pass@k scaling in large language models", 2025:
    pass@k follows from the distribution of success rates, in particular near 0. If some problems can never be solved,
    the prediction for large k is too high: `held_out_passes` shows whether it holds. Raises `ParameterError` without
    problems.
    """
    solved, n = _checked(successes, samples)
    kinds, weights = np.unique(np.column_stack([solved, n]), axis=0, return_counts=True)
    optimize = require("scipy.optimize", "compare")
    start = [_logit((solved.sum() + 0.5) / (n.sum() + 1)), 0.0]
    found = optimize.minimize(
        lambda at: -_likelihood(np.array([at]), kinds, weights)[0], start, method="Nelder-Mead", bounds=_BOX,
        options={"xatol": 1e-6, "fatol": 1e-9},
    )  # fmt: skip
    (a, b), best = _beta(found.x[None])[0], -float(found.fun)
    return PassFit(float(a), float(b), len(solved), _beta(_plausible(found.x, best, kinds, weights)))


def held_out_passes(outcomes: ArrayLike, used: int, ks: Sequence[int], title: str = "") -> Table:
    """A prediction from the first `used` samples of each problem, beside what all samples say.

    outcomes: 1 or 0 for each sample, `[problem, sample]`. ks: up to the number of samples.
    """
    solved = np.asarray(outcomes, float)
    predicted = fit_passes(solved[:, :used].sum(axis=1), used).at(ks)
    measured = pass_at_k(solved.sum(axis=1), solved.shape[1], ks)
    rows = [(k, m, p, p.value - m.value) for k, m, p in zip(ks, measured, predicted, strict=True)]
    caption = (
        f"Measured: pass@k of {solved.shape[1]:,} samples, interval over problems. Predicted: from the first {used:,} "
        "samples of each problem, with a profile likelihood interval."
    )
    return Table(title or "pass@k, predicted and measured", ("k", "measured", "predicted", "error"), rows, caption)


# The parameters of a fit are the log-odds of the mean success rate, and the logarithm of a + b.

_BOX = ((-14.0, 14.0), (-7.0, 9.0))


def _beta(at: _Array) -> _Array:
    """a and b, `[:, 2]`, from the parameters of a fit."""
    special = require("scipy.special", "compare")
    total = np.exp(at[:, 1])
    return np.column_stack([special.expit(at[:, 0]) * total, special.expit(-at[:, 0]) * total])


def _likelihood(at: _Array, kinds: _Array, weights: NDArray[np.int64]) -> _Array:
    """The beta-binomial log-likelihood for each row of parameters, without the binomial coefficients."""
    special = require("scipy.special", "compare")
    (a, b), (solved, n) = _beta(at).T[:, :, None], kinds.T
    return np.asarray((special.betaln(a + solved, b + n - solved) - special.betaln(a, b)) @ weights)


def _plausible(best_at: _Array, best: float, kinds: _Array, weights: NDArray[np.int64]) -> _Array:
    """Parameters within the 95% limit of the likelihood ratio: from a coarse grid, then from a fine one around them."""
    limit = best - float(require("scipy.special", "compare").chdtri(1, 0.05)) / 2
    box, inside = _BOX, best_at[None]
    for _ in range(3):
        axes = [np.linspace(*side, 61) for side in box]
        grid = np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, 2)
        grid = np.vstack([grid, best_at])
        inside = grid[_likelihood(grid, kinds, weights) >= limit]
        steps = [axis[1] - axis[0] for axis in axes]
        box = tuple(
            (max(least, float(column.min()) - step), min(most, float(column.max()) + step))
            for column, step, (least, most) in zip(inside.T, steps, _BOX, strict=True)
        )  # type: ignore[assignment]
    return inside if len(inside) else best_at[None]


def _passes(parameters: _Array, ks: Sequence[int]) -> _Array:
    """pass@k, `[parameters, k]`."""
    special = require("scipy.special", "compare")
    (a, b), k = parameters.T[:, :, None], np.asarray(ks, float)
    return np.asarray(-np.expm1(np.minimum(special.betaln(a, b + k) - special.betaln(a, b), 0)))


def _logit(p: float) -> float:
    return float(np.log(p / (1 - p)))
