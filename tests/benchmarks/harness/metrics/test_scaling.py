"""Fits against the logarithm of compute: against statsmodels and closed forms, on data made from known laws."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from longthink.benchmarks.harness.metrics.ratings import Game, rate
from longthink.benchmarks.harness.metrics.scaling import Measured, fit, form_of, held_out, scaling_table
from longthink.benchmarks.harness.metrics.shares import share
from longthink.benchmarks.harness.section import Estimate
from longthink.errors import ParameterError

pytestmark = pytest.mark.filterwarnings("error")
BUDGETS = [10.0 * 2**i for i in range(9)]
Z = 1.959964


def with_error(value: float, error: float, unit: str = "Elo") -> Estimate:
    return Estimate(value, value - Z * error, value + Z * error, 100, unit)


def elo(rng: np.random.Generator, errors: list[float]) -> Measured:
    """60 Elo for each doubling."""
    return {x: with_error(rng.normal(60 * math.log2(x), e), e) for x, e in zip(BUDGETS, errors, strict=True)}


def shares(rng: np.random.Generator, n: int) -> Measured:
    """The odds are multiplied by exp(0.5) with each doubling."""
    return {x: share(int(rng.binomial(n, 1 / (1 + math.exp(3 - 0.5 * math.log2(x))))), n) for x in BUDGETS}


def exploitability(rng: np.random.Generator, error: float) -> Measured:
    """Proportional to compute to the power of -0.5, with a relative error."""
    return {x: with_error(y, error * y, "") for x in BUDGETS for y in [x**-0.5 * math.exp(rng.normal(0, error))]}


def ladder_games() -> list[Game]:
    """Players 10, 20, ..., 320; each wins 15 of 20 games against the one below."""
    games = []
    for i in range(5):
        games += [Game((f"{10 * 2 ** (i + 1):g}", f"{10 * 2**i:g}"), (1, 0))] * 15
        games += [Game((f"{10 * 2 ** (i + 1):g}", f"{10 * 2**i:g}"), (0, 1))] * 5
    return games


def test_forms_follow_units() -> None:
    assert [form_of(unit) for unit in ("Elo", "%", "", "s")] == ["linear", "logistic", "power", "power"]


def test_linear_is_weighted_least_squares() -> None:
    rng = np.random.default_rng(1)
    errors = [5.0, 30.0, 10.0, 20.0, 5.0, 40.0, 10.0, 15.0, 20.0]
    measured = elo(rng, errors)
    found = fit(measured)
    y = [measured[x].value for x in BUDGETS]
    theirs = sm.WLS(y, sm.add_constant(np.log2(BUDGETS)), weights=np.array(errors) ** -2.0).fit(cov_type="fixed scale")
    assert (found.level, found.slope) == pytest.approx(tuple(theirs.params))
    assert found.covariance == pytest.approx(theirs.cov_params() * max(1, theirs.scale), rel=1e-5)
    doubling, tenfold = found.per_doubling, found.per_tenfold
    assert (doubling.value, doubling.unit) == (found.slope, "Elo")
    assert tenfold.value == pytest.approx(doubling.value * math.log2(10))
    assert tenfold.high == pytest.approx(doubling.high * math.log2(10))  # type: ignore[operator]


def test_errors_are_estimated_if_points_have_none() -> None:
    measured = {
        x: Estimate(60 * math.log2(x) + d, unit="Elo") for x, d in zip(BUDGETS, [3, -2, 1, 0, -4, 2] * 2, strict=False)
    }
    found = fit(measured)
    theirs = sm.OLS([y.value for y in measured.values()], sm.add_constant(np.log2(BUDGETS))).fit()
    assert [found.per_doubling.low, found.per_doubling.high] == pytest.approx(theirs.conf_int()[1])
    expected = theirs.get_prediction([1, math.log2(50_000)]).summary_frame()
    predicted, line = found.predict(50_000), found.line(50_000)
    assert (predicted.low, predicted.high) == pytest.approx((expected.obs_ci_lower[0], expected.obs_ci_upper[0]))
    assert (line.low, line.high) == pytest.approx((expected.mean_ci_lower[0], expected.mean_ci_upper[0]))


def test_logistic_is_a_binomial_regression() -> None:
    measured = shares(np.random.default_rng(2), 2_000)
    found = fit(measured)
    won = np.array([measured[x].value * 2_000 for x in BUDGETS])
    design = sm.add_constant(np.log2(BUDGETS))
    theirs = sm.GLM(np.column_stack([won, 2_000 - won]), design, family=sm.families.Binomial()).fit()
    assert (found.level, found.slope) == pytest.approx(tuple(theirs.params), rel=0.01)
    assert found.per_doubling.low < math.exp(0.5) < found.per_doubling.high  # type: ignore[operator]
    assert 0 < found.line(1e9).low < 1  # type: ignore[operator]


def test_power_law() -> None:
    found = fit(exploitability(np.random.default_rng(3), 0.05))
    assert found.form == "power"
    assert found.per_doubling.low < 2**-0.5 < found.per_doubling.high  # type: ignore[operator]
    assert found.per_tenfold.value == pytest.approx(10**-0.5, rel=0.1)
    exact = fit({x: Estimate(3 * x**-1.0) for x in BUDGETS})
    assert (exact.per_doubling.low, exact.per_doubling.high) == pytest.approx((0.5, 0.5))
    assert exact.predict(1e6).value == pytest.approx(3e-6)


@pytest.mark.parametrize(
    ("made", "truth"),
    [
        (lambda rng: elo(rng, [10.0, 20.0, 30.0] * 3), 60.0),
        (lambda rng: shares(rng, 60), math.exp(0.5)),
        (lambda rng: exploitability(rng, 0.1), 2**-0.5),
    ],
)
def test_slopes_and_predictions_cover(made: Callable[[np.random.Generator], Measured], truth: float) -> None:
    rng, slopes, predictions = np.random.default_rng(4), [], []
    for _ in range(80):
        found = held_out(made(rng))
        slopes.append(found.fit.per_doubling.low <= truth <= found.fit.per_doubling.high)  # type: ignore[operator]
        predictions.append(found.coverage)
    assert 0.9 < np.mean(slopes) <= 1
    assert 0.9 < np.mean(predictions) <= 1


def test_a_law_that_bends_is_found_out() -> None:
    """Elo that saturates at high budgets: the prediction is too high, and the table says so."""
    measured = {x: with_error(60 * min(math.log2(x), 8), 5) for x in BUDGETS}
    found = held_out(measured)
    assert found.coverage == 0
    assert found.error.value > 50
    rows = found.table(compute="simulations").rows
    assert [row[0] for row in rows] == BUDGETS[-3:]
    assert [row[4] for row in rows] == ["no"] * 3
    assert all(row[3].value > 0 for row in rows)  # type: ignore[union-attr]


def test_points_that_scatter_widen_the_intervals() -> None:
    calm = {x: with_error(60 * math.log2(x), 5) for x in BUDGETS}
    wild = {x: with_error(y.value + 40 * (-1) ** i, 5) for i, (x, y) in enumerate(calm.items())}
    assert fit(calm).scatter == 0
    assert fit(wild).scatter == pytest.approx(40**2, rel=0.4)
    width = [f.per_doubling.high - f.per_doubling.low for f in (fit(calm), fit(wild))]  # type: ignore[operator]
    assert width[1] > 5 * width[0]


def test_ratings_that_share_their_errors() -> None:
    """The slope of a ladder does not depend on which player is the anchor, nor does its interval."""
    games, found = ladder_games(), []
    for anchor in ("10", "320", None):
        ratings = rate(games, anchor=anchor)
        found.append(fit(*ratings.ladder({float(name): name for name in ratings.players})))
    for other in found[1:]:
        assert other.slope == pytest.approx(found[0].slope)
        assert other.per_doubling.low == pytest.approx(found[0].per_doubling.low)  # type: ignore[arg-type]
    ratings = rate(games)
    found_out = held_out(*ratings.ladder({float(name): name for name in ratings.players}))
    assert (found_out.computes, found_out.coverage) == ((160, 320), 1)
    assert found_out.error.value < 1  # every step is the same
    whole = ratings.difference("320", "10")  # steps with equal errors: the whole ladder has all that is known
    assert found[0].slope == pytest.approx(whole.value / 5, rel=1e-4)
    # The errors of the steps are independent: the slope's variance is that of the mean of five steps.
    step = fit({1: Estimate(0, unit="Elo"), 2: Estimate(1, unit="Elo")}).slope
    assert step == pytest.approx(1)
    reach = found[0].per_doubling.high - found[0].slope  # type: ignore[operator]
    assert reach == pytest.approx((whole.high - whole.value) / 5, rel=1e-3)  # type: ignore[operator]


def test_degenerate_points() -> None:
    all_won = fit({x: share(20, 20) for x in BUDGETS})
    assert all_won.per_doubling.low < 1 < all_won.per_doubling.high  # type: ignore[operator]
    step = fit({1: share(0, 20), 10: share(0, 20), 100: share(20, 20), 1000: share(20, 20)})
    assert 1 < step.per_doubling.value < math.inf
    two = fit({1: Estimate(0, unit="Elo"), 2: Estimate(60, unit="Elo")})
    assert (two.per_doubling.value, two.per_doubling.low, two.line(4).low) == (pytest.approx(60), None, None)
    flat = fit({x: with_error(5, 0) for x in BUDGETS})
    assert (flat.slope, flat.per_doubling.low) == (pytest.approx(0, abs=1e-9), pytest.approx(0, abs=1e-9))
    with pytest.raises(ParameterError, match="two or more budgets"):
        fit({1: share(1, 2)})
    with pytest.raises(ParameterError, match="above 0"):
        fit({1: Estimate(1), 2: Estimate(0)})
    with pytest.raises(ParameterError, match="with n"):
        fit({1: Estimate(0.1, unit="%"), 2: Estimate(0.2, unit="%")})
    with pytest.raises(ParameterError, match="three or more budgets"):
        held_out({1: share(1, 2), 2: share(1, 2), 3: share(1, 2)})


def test_scaling_table() -> None:
    rng = np.random.default_rng(6)
    ratings = rate(ladder_games())
    rungs = {float(name): name for name in ratings.players}
    found = scaling_table(
        {
            "elo": elo(rng, [10.0] * 9),
            "shares": shares(rng, 50),
            "bent": {x: with_error(60 * min(math.log2(x), 8), 5) for x in BUDGETS},
            "ladder": ratings.ladder(rungs),
            "power": {x: Estimate(3 / x) for x in BUDGETS},
            "three": {x: share(1, 2) for x in (1, 2, 3)},
            "one": {1: share(1, 2)},
        },
        "Scaling",
    )
    assert [(row[0], *row[3:6]) for row in found.rows] == [
        ("elo", "added", 9, "3 of 3"),
        ("shares", "factor of the odds", 9, "3 of 3"),
        ("bent", "added", 9, "0 of 3"),
        ("ladder", "added", 6, "2 of 2"),
        ("power", "factor", 9, "3 of 3"),
        ("three", "factor of the odds", 3, None),
    ]
    bent, power = found.rows[2][6], found.rows[4][6]
    assert (bent.value > 50, bent.unit) == (True, "Elo")  # type: ignore[union-attr]
    assert (power.value, power.unit) == (pytest.approx(0, abs=1e-9), "%")  # type: ignore[union-attr]


def test_errors_of_power_laws_are_relative() -> None:
    found = held_out({x: Estimate(3 / x * (1 + (x > 600))) for x in BUDGETS})
    assert found.error == Estimate(pytest.approx(0.5), n=3, unit="%")  # type: ignore[arg-type]
    assert found.coverage == 0


def test_series() -> None:
    found = fit(elo(np.random.default_rng(5), [10.0] * 9))
    series = found.series("fit", 10, 1000)
    assert (series.points[0].x, series.points[-1].x) == (pytest.approx(10), pytest.approx(1000))
    assert all(p.low < p.y < p.high for p in series.points)  # type: ignore[operator]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 30)), min_size=2, max_size=6), st.floats(1.5, 100))
def test_fits_of_shares_are_finite_and_do_not_depend_on_the_unit_of_compute(
    results: list[tuple[int, int]], factor: float
) -> None:
    measured = {10.0**i: share(min(won, n), n) for i, (won, n) in enumerate(results)}
    one, other = fit(measured), fit({x * factor: y for x, y in measured.items()})
    assert one.slope == pytest.approx(other.slope, rel=1e-5, abs=1e-6)
    predicted = one.predict(1e7, n=10)
    assert 0 <= predicted.low <= predicted.value <= predicted.high <= 1  # type: ignore[operator]
    mirrored = fit({x: share(y.n - round(y.value * y.n), y.n) for x, y in measured.items()})  # type: ignore[operator, arg-type]
    assert mirrored.slope == pytest.approx(-one.slope, rel=1e-5, abs=1e-6)
