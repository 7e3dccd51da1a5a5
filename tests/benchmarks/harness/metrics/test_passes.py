"""pass@k: against its definition by enumeration, Monte Carlo, and predictions on samples that were held out."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.special import betaln

from longthink.benchmarks.harness.metrics.passes import fit_passes, held_out_passes, pass_at_k, solved_counts
from longthink.benchmarks.harness.record import Outcome, Record
from longthink.errors import ParameterError

pytestmark = pytest.mark.filterwarnings("error")


def truth(a: float, b: float, k: int) -> float:
    """pass@k of success rates that are beta-distributed."""
    return 1 - math.exp(betaln(a, b + k) - betaln(a, b))


def test_it_is_the_share_of_subsets_with_a_success() -> None:
    for n, c in [(5, 0), (5, 2), (6, 5), (4, 4)]:
        samples = [1] * c + [0] * (n - c)
        for k in range(1, n + 1):
            subsets = [any(subset) for subset in combinations(samples, k)]
            assert pass_at_k([c], n, [k])[0].value == pytest.approx(np.mean(subsets))


def test_it_is_unbiased() -> None:
    rng = np.random.default_rng(1)
    rate, n, ks = 0.15, 12, [1, 3, 10]
    values = [found.value for found in pass_at_k(rng.binomial(n, rate, 40_000), n, ks)]
    assert values == pytest.approx([1 - (1 - rate) ** k for k in ks], abs=0.005)


def test_many_ks_and_problems_with_different_numbers_of_samples() -> None:
    one, two = pass_at_k([3], 10, [1, 5]), pass_at_k([1], 8, [1, 5])
    both = pass_at_k([3, 1], [10, 8], [1, 5])
    assert [x.value for x in both] == pytest.approx([(a.value + b.value) / 2 for a, b in zip(one, two, strict=True)])
    assert both[0].n == 2
    large = pass_at_k([0, 1, 50_000, 100_000], 100_000, [1, 10, 100_000])
    assert [x.value for x in large] == pytest.approx([0.3750025, (1e-4 + 1 - 0.5**10 + 1) / 4, 0.75], abs=1e-5)


def test_bad_numbers() -> None:
    for k in (0, 11):
        with pytest.raises(ParameterError, match=r"ks expects numbers in 1\.\.10"):
            pass_at_k([3], 10, [k])
    for successes, samples in (([], 3), ([4], 3), ([-1], 3), ([0], 0)):
        with pytest.raises(ParameterError, match="successes expects"):
            fit_passes(successes, samples)


def test_samples_from_records() -> None:
    records = [
        Record(f"{p}{s}", "study", 1, {"problem": p, "sample": s}, Outcome({"solved": float(s < p)}))
        for p in range(3)
        for s in range(2 + p)
    ]
    successes, samples = solved_counts(records)
    assert (successes.tolist(), samples.tolist()) == ([0, 1, 2], [2, 3, 4])


def test_the_fit_is_that_of_the_beta_binomial_likelihood() -> None:
    rng = np.random.default_rng(2)
    successes = rng.binomial(30, rng.beta(0.4, 2, 80))
    found = fit_passes(successes, 30)
    best = stats.betabinom.logpmf(successes, 30, found.a, found.b).sum()
    for factor in (0.97, 1.03):
        assert stats.betabinom.logpmf(successes, 30, found.a * factor, found.b).sum() < best
        assert stats.betabinom.logpmf(successes, 30, found.a, found.b * factor).sum() < best
    ratios = [2 * (best - stats.betabinom.logpmf(successes, 30, a, b).sum()) for a, b in found.plausible[::200]]
    assert max(ratios) <= stats.chi2.ppf(0.95, 1) + 1e-6


def test_the_prediction_covers_the_truth_far_beyond_the_samples() -> None:
    rng, covered, ks = np.random.default_rng(3), np.zeros(3), [1, 100, 10_000]
    for _ in range(40):
        for i, found in enumerate(fit_passes(rng.binomial(30, rng.beta(0.4, 2, 60)), 30).at(ks)):
            covered[i] += found.low <= truth(0.4, 2, ks[i]) <= found.high  # type: ignore[operator]
    assert (covered / 40 > 0.87).all()


def test_the_prediction_holds_on_held_out_samples() -> None:
    rng, ks, covered = np.random.default_rng(4), [10, 100, 1000], []
    for _ in range(10):
        rates = rng.beta(0.3, 3, 100)
        found = held_out_passes(rng.random((100, 2000)) < rates[:, None], 50, ks)
        assert found.columns == ("k", "measured", "predicted", "error")
        for k, measured, predicted, error in found.rows:
            assert measured.value == pytest.approx(np.mean(1 - (1 - rates) ** k), abs=0.05)  # type: ignore[union-attr]
            assert predicted.value - measured.value == error  # type: ignore[union-attr]
            covered.append(predicted.low < measured.value < predicted.high)  # type: ignore[union-attr, operator]
    assert np.mean(covered) > 0.9


def test_problems_that_can_never_be_solved_are_predicted_too_well() -> None:
    """Half of the problems are impossible: the beta distribution has no room for them, and the table shows it."""
    rates = np.repeat([0.0, 0.5], 100)
    found = held_out_passes(np.random.default_rng(5).random((200, 3000)) < rates[:, None], 20, [3000])
    ((_, measured, predicted, _),) = found.rows
    assert measured.value == 0.5  # type: ignore[union-attr]
    assert predicted.value > 0.55  # type: ignore[union-attr]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 6), min_size=1, max_size=12))
def test_predictions_are_finite_and_grow_with_k(successes: list[int]) -> None:
    ks = [1, 2, 10, 1000]
    found = fit_passes(successes, 6).at(ks)
    for estimate in found:
        assert 0 <= estimate.low <= estimate.value <= estimate.high <= 1  # type: ignore[operator]
    for part in ("low", "value", "high"):
        assert (np.diff([getattr(estimate, part) for estimate in found]) >= -1e-9).all()
    assert [(p.x, p.y) for p in fit_passes(successes, 6).series(ks, "a").points] == [
        (k, estimate.value) for k, estimate in zip(ks, found, strict=True)
    ]
