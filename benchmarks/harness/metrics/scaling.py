"""How quality grows with compute: fits against the logarithm of compute, checked on budgets that were held out.

The form follows the measure. "linear": y grows by the same amount with each doubling (Elo). "logistic": the odds of a
share are multiplied by the same factor. "power": y itself is multiplied by the same factor (exploitability).
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from longthink.benchmarks.harness.section import Cell, Estimate, Point, Role, Series, Table
from longthink.errors import ParameterError, require

Form = Literal["linear", "logistic", "power"]
Measured = Mapping[float, Estimate]
"""What was measured, by compute."""
_Array = NDArray[np.float64]
_NORMAL = 1.959964


def form_of(unit: str) -> Form:
    """The usual form for a unit: linear for Elo, logistic for shares, a power law for everything else."""
    return {"Elo": "linear", "%": "logistic"}.get(unit, "power")  # type: ignore[return-value]


@dataclass(frozen=True, eq=False)
class Fit:
    """A fit of y against compute: link(y) = level + slope * log2(compute).

    link: the identity (linear), log-odds (logistic) or the natural logarithm (power). covariance: of level and slope,
    `[2, 2]`. scatter: the variance of points around the line, on the scale of the link, beyond their own errors.
    freedom: degrees of freedom of intervals; infinity if the errors of the points were known. points: the number of
    budgets. unit: of y.
    """

    form: Form
    level: float
    slope: float
    covariance: _Array
    scatter: float
    freedom: float
    points: int
    unit: str = ""

    @property
    def per_doubling(self) -> Estimate:
        """What twice the compute adds to y (linear), or the factor of the odds (logistic) or of y (power)."""
        return self._per(1.0)

    @property
    def per_tenfold(self) -> Estimate:
        """The same for ten times the compute."""
        return self._per(math.log2(10))

    def line(self, compute: float) -> Estimate:
        """y on the fitted line, with the interval of the line."""
        return self._at(compute, 0.0)

    def predict(self, compute: float, error: float = 0.0, n: int | None = None) -> Estimate:
        """y as it would be measured at this compute, with its prediction interval.

        It holds the uncertainty of the line, the scatter around it, and the error of the measurement: `error`, its
        standard error, or for shares `n`, the number of cases, of which a binomial number succeeds.
        """
        y = self._inverse(self._linked(compute))
        if self.form != "logistic" or not n:
            return self._at(compute, self.scatter + (error * self._steepness(y)) ** 2)
        special = require("scipy.special", "compare")
        spread = math.sqrt(self._variance(compute) + self.scatter)
        chances = special.expit(self._linked(compute) + spread * special.ndtri((np.arange(200) + 0.5) / 200))
        below = special.bdtr(np.arange(n + 1)[:, None], n, chances).mean(axis=1)
        low, high = np.searchsorted(below, (0.025, 0.975)) / n
        return Estimate(y, float(min(low, y)), float(max(high, y)), self.points, self.unit)

    def series(self, name: str, low: float, high: float, role: Role = "ours") -> Series:
        """The line with its band between two budgets, for a chart."""
        drawn = [(x, self.line(x)) for x in np.geomspace(low, high, 25)]
        return Series(name, [Point(float(x), y.value, y.low, y.high) for x, y in drawn], role)

    def _per(self, doublings: float) -> Estimate:
        interval = self._interval(doublings * self.slope, doublings * math.sqrt(self.covariance[1, 1]))
        if self.form == "linear":
            return Estimate(*interval, n=self.points, unit=self.unit)
        value, low, high = (None if end is None else math.exp(min(end, 700)) for end in interval)
        return Estimate(value or 0.0, low, high, self.points)

    def _at(self, compute: float, variance: float) -> Estimate:
        error = math.sqrt(self._variance(compute) + variance)
        value, low, high = (
            None if end is None else self._inverse(end) for end in self._interval(self._linked(compute), error)
        )
        return Estimate(value or 0.0, low, high, self.points, self.unit)

    def _interval(self, middle: float, error: float) -> tuple[float, float | None, float | None]:
        """A 95% interval; without ends if there is nothing to estimate the errors from."""
        if self.freedom == 0:
            return middle, None, None
        quantile = float(require("scipy.special", "compare").stdtrit(self.freedom, 0.975))
        return middle, middle - quantile * error, middle + quantile * error

    def _variance(self, compute: float) -> float:
        """The variance of the line."""
        x = np.array([1, math.log2(compute)])
        return max(0.0, float(x @ self.covariance @ x))

    def _linked(self, compute: float) -> float:
        return self.level + self.slope * math.log2(compute)

    def _inverse(self, linked: float) -> float:
        if self.form == "linear":
            return linked
        if self.form == "power":
            return math.exp(min(linked, 700))
        return 1 / (1 + math.exp(-max(linked, -700)))

    def _steepness(self, y: float) -> float:
        """The derivative of the link at y."""
        if self.form == "linear":
            return 1.0
        return 1 / max(y, 1e-300) if self.form == "power" else 1 / max(y * (1 - y), 1e-12)


def fit(measured: Measured, covariance: ArrayLike | None = None, form: Form | None = None) -> Fit:
    """Fit what was measured at two or more budgets against the logarithm of compute.

    covariance: of the measurements, `[point, point]`, for ratings, which share their errors (linear only). form: by the
    unit of the estimates if None (`form_of`).

    Linear and power: least squares weighted by the standard errors of the points (from their intervals), in y or in its
    logarithm; equal weights if a point has no interval. Logistic: a binomial regression on the n of the points, with
    one virtual success and one failure, spread over all, so that it is finite. If the points deviate more from the line
    than their errors allow, the covariance is multiplied by the ratio, chi-squared over its degrees of freedom
    (McCullagh and Nelder, "Generalized linear models", 1989, section 4.5). If the errors are not known, they are
    estimated from the deviations, and intervals are Student's; two points then have none.

    Raises `ParameterError` for fewer than two budgets, for a compute that is not positive, for a power law of numbers
    that are not positive, and for shares without n.
    """
    computes = np.array(sorted(measured), float)
    estimates = [measured[compute] for compute in sorted(measured)]
    if len(computes) < 2 or not (computes > 0).all():
        raise ParameterError(f"a fit expects two or more budgets above 0, got {list(measured)}")
    unit = estimates[0].unit
    form = form_of(unit) if form is None else form
    design = np.column_stack([np.ones(len(computes)), np.log2(computes)])
    if covariance is not None and form != "linear":
        raise ParameterError(f"covariance belongs to a linear fit, got the form {form!r}")
    if form == "logistic":
        return _binomial(design, estimates, unit)
    y = np.array([estimate.value for estimate in estimates])
    if form == "power":
        if not (y > 0).all():
            raise ParameterError(f"a power law expects numbers above 0, got {y}")
        errors = _errors(estimates) / y
        y = np.log(y)
    else:
        errors = _errors(estimates)
    known = covariance is not None or bool(errors.all())
    if covariance is not None:
        order = [list(measured).index(compute) for compute in sorted(measured)]
        sigma = np.asarray(covariance, float)[np.ix_(order, order)]
    else:
        sigma = np.diag(errors**2 if known else np.ones(len(y)))
    return _least_squares(form, design, y, sigma, known, unit)


def _least_squares(form: Form, design: _Array, y: _Array, sigma: _Array, known: bool, unit: str) -> Fit:
    """Generalised least squares.

    Ratings have no level of their own, so their covariance is singular. A common error of all points makes it regular;
    it changes only the variance of the level, from which it is taken away again.
    """
    common = float(np.trace(sigma)) / len(y)
    regression = require("statsmodels.regression.linear_model", "compare")
    found = regression.GLS(y, design, sigma=sigma + common).fit()
    residuals, freedom = y - design @ found.params, len(y) - 2
    deviance = float(residuals @ np.linalg.solve(sigma + common, residuals))
    covariance = np.array(found.normalized_cov_params)
    covariance[0, 0] -= common
    ratio = deviance / freedom if freedom else float(known)
    spread, scatter = ratio, ratio
    if known:
        own = np.diag(sigma)
        spread = max(1.0, ratio)
        scatter = (spread - 1) / float(np.mean(1 / own[own > 0]))
    level, slope = map(float, found.params)
    return Fit(form, level, slope, covariance * spread, scatter, math.inf if known else freedom, len(y), unit)


def _binomial(design: _Array, estimates: Sequence[Estimate], unit: str) -> Fit:
    if any(not estimate.n for estimate in estimates):
        raise ParameterError("a logistic fit expects shares with n, the number of cases")
    points = len(estimates)
    n = np.array([estimate.n for estimate in estimates], float)
    won = np.array([estimate.value for estimate in estimates]) * n
    linear, families = (
        require("statsmodels.genmod.generalized_linear_model", "compare"),
        require("statsmodels.genmod.families", "compare"),
    )
    successes = np.column_stack([won, n - won]) + 1 / points
    exact = require("statsmodels.tools.sm_exceptions", "compare").PerfectSeparationWarning
    with warnings.catch_warnings(action="ignore", category=exact), np.errstate(divide="ignore", invalid="ignore"):
        # Both warn of a line through all points, such as any line through two; the virtual cases keep it finite.
        found = linear.GLM(successes, design, family=families.Binomial()).fit(scale=1.0)
    freedom = points - 2
    spread = max(1.0, float(found.pearson_chi2) / freedom) if freedom else 1.0
    p = np.clip(np.asarray(found.fittedvalues, float), 1e-9, 1 - 1e-9)
    scatter = (spread - 1) / float(np.mean(n * p * (1 - p)))
    level, slope = map(float, found.params)
    return Fit("logistic", level, slope, np.array(found.cov_params()) * spread, scatter, math.inf, points, unit)


def _errors(estimates: Sequence[Estimate]) -> _Array:
    """Standard errors from 95% intervals; zeros if a point has none. An error of 0 is the smallest of the others."""
    if any(estimate.low is None or estimate.high is None for estimate in estimates):
        return np.zeros(len(estimates))
    errors = np.array([(estimate.high - estimate.low) / 2 / _NORMAL for estimate in estimates])  # type: ignore[operator]
    return np.where(errors > 0, errors, errors[errors > 0].min(initial=np.inf)) if errors.any() else errors


@dataclass(frozen=True)
class HeldOut:
    """A fit to the lower budgets and its predictions for the upper ones.

    error: the mean distance of prediction and measurement; for power laws, as a share of the measurement. inside:
    whether each measurement is within its 95% prediction interval. coverage: the share of those that are.
    """

    fit: Fit
    computes: tuple[float, ...]
    predicted: tuple[Estimate, ...]
    measured: tuple[Estimate, ...]

    @property
    def error(self) -> Estimate:
        power = self.fit.form == "power"
        errors = [abs(p.value - m.value) / (m.value if power else 1) for p, m in self._pairs()]
        return Estimate(float(np.mean(errors)), n=len(errors), unit="%" if power else self.fit.unit)

    @property
    def inside(self) -> list[bool]:
        return [_inside(p, m) for p, m in self._pairs()]

    @property
    def coverage(self) -> float:
        return float(np.mean(self.inside))

    def table(self, title: str = "Held-out budgets", compute: str = "compute") -> Table:
        """Each held-out budget: measured, predicted, the error, and whether the prediction interval holds it."""
        rows = [
            (x, m, p, Estimate(p.value - m.value, unit=m.unit), "yes" if inside else "no")
            for x, (p, m), inside in zip(self.computes, self._pairs(), self.inside, strict=True)
        ]
        caption = (
            f"Predicted from the {self.fit.points} lower budgets, with 95% prediction intervals that include the error "
            "of the measurement."
        )
        return Table(title, (compute, "measured", "predicted", "error", "inside"), rows, caption)

    def _pairs(self) -> list[tuple[Estimate, Estimate]]:
        return list(zip(self.predicted, self.measured, strict=True))


def _inside(predicted: Estimate, measured: Estimate) -> bool:
    if predicted.low is None or predicted.high is None:
        return True
    rounding = 1e-9 * abs(measured.value)
    return predicted.low - rounding <= measured.value <= predicted.high + rounding


def held_out(
    measured: Measured, covariance: ArrayLike | None = None, form: Form | None = None, held: int | None = None
) -> HeldOut:
    """Fit the lower budgets, and predict the `held` upper ones: a third of all if None.

    covariance, form: as of `fit`; of all budgets. Raises `ParameterError` unless at least three budgets are left for
    the fit, and as `fit` does.
    """
    computes = sorted(measured)
    held = max(1, len(computes) // 3) if held is None else held
    if held < 1 or len(computes) - held < 3:
        raise ParameterError(f"held_out expects three or more budgets for the fit, got {len(computes)} less {held}")
    lower, upper = computes[:-held], computes[-held:]
    order, part = list(measured), None
    if covariance is not None:
        kept = [order.index(compute) for compute in lower]
        part = np.asarray(covariance, float)[np.ix_(kept, kept)]
    found = fit({compute: measured[compute] for compute in lower}, part, form)
    truths = [measured[compute] for compute in upper]
    errors = [0.0 if t.low is None or t.high is None else (t.high - t.low) / 2 / _NORMAL for t in truths]
    predicted = [found.predict(x, error, t.n) for x, error, t in zip(upper, errors, truths, strict=True)]
    return HeldOut(found, tuple(upper), tuple(predicted), tuple(truths))


def scaling_table(
    measured: Mapping[str, Measured | tuple[Measured, ArrayLike]], title: str, caption: str = ""
) -> Table:
    """How much quality grows with compute, a row for each method, and whether such a fit predicts the upper budgets.

    measured: by method, as `curves.by_budget`, `curves.along` and `Ratings.ladder` return it. Methods with fewer than
    two budgets have no row; with fewer than four, nothing is held out.
    """
    rows: list[Sequence[Cell]] = []
    for name, each in measured.items():
        points, covariance = each if isinstance(each, tuple) else (each, None)
        if len(points) < 2:
            continue
        whole, growth = fit(points, covariance), ("added", "factor of the odds", "factor")
        form = growth[("linear", "logistic", "power").index(whole.form)]
        tried = held_out(points, covariance) if len(points) > 3 else None
        held = None if tried is None else f"{sum(tried.inside)} of {len(tried.inside)}"
        error = None if tried is None else tried.error
        rows.append([name, whole.per_doubling, whole.per_tenfold, form, whole.points, held, error])
    heads = ("", "twice the compute", "ten times the compute", "meaning", "budgets", "predicted", "mean error")
    words = (
        "Fits of all budgets against the logarithm of compute, with 95% intervals. Predicted: how many of the upper "
        "third of the budgets are inside the 95% prediction interval of a fit to the others, and how far they are off."
    )
    return Table(title, heads, rows, f"{caption} {words}".strip())
