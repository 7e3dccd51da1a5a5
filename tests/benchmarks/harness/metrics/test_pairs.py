"""Matches in pairs: Elo differences and sequential tests, against statsmodels, formulas and simulation."""

from __future__ import annotations

import math
import warnings
from functools import lru_cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.emplike.descriptive import DescStatUV

from longthink.benchmarks.harness.metrics.pairs import elo_of, match_result, pentanomial, score_of, sprt
from longthink.errors import ParameterError

pytestmark = pytest.mark.filterwarnings("error")
SCORES = np.linspace(0, 1, 5)


def test_counts_of_pairs() -> None:
    assert pentanomial([(0, 0), (0.5, 0), (1, 0), (0.5, 0.5), (1, 0.5), (1, 1)]) == [1, 1, 2, 1, 1]
    with pytest.raises(ParameterError, match="two scores"):
        pentanomial([(0.25, 1)])
    with pytest.raises(ParameterError, match="3 or 5 numbers"):
        match_result([1, 2])


def test_elo_of_known_scores() -> None:
    assert elo_of(0.75) == pytest.approx(190.85, abs=0.01)
    assert score_of(elo_of(0.9)) == pytest.approx(0.9)
    found = match_result([200, 0, 400, 0, 1400])
    assert (found.score, found.elo.n) == (0.8, 2000)
    assert found.elo.value == pytest.approx(elo_of(0.8), abs=0.2)


def test_interval_is_that_of_the_mean_of_pairs_for_many() -> None:
    counts = np.array([40, 110, 300, 250, 100])
    found, n = match_result(counts.tolist()), counts.sum()
    mean = SCORES @ counts / n
    error = math.sqrt(((SCORES - mean) ** 2) @ counts) / n
    expected = [elo_of(mean - 1.96 * error), elo_of(mean + 1.96 * error)]
    assert [found.elo.low, found.elo.high] == pytest.approx(expected, abs=1)


def test_openings_that_decide_both_games_say_little_and_draws_say_much() -> None:
    """The same 60 of 120 points, from pairs of 1-1 or of 2-0 and 0-2."""
    balanced, wild = match_result([0, 0, 60, 0, 0]).elo, match_result([30, 0, 0, 0, 30]).elo
    assert balanced.high - balanced.low < 0.3 * (wild.high - wild.low)  # type: ignore[operator]


def test_likelihood_ratio_is_statsmodels_empirical_likelihood() -> None:
    """Ten copies of a match and one of the virtual game, which adds a tenth of a pair to each count."""
    counts = [3, 8, 14, 11, 6]
    copies = DescStatUV(np.repeat(SCORES, [10 * count + 1 for count in counts]))
    with warnings.catch_warnings(action="ignore", category=FutureWarning):
        lost = [float(copies.test_mean(score_of(elo))[0]) / 2 / 10 for elo in (0, 80)]
    assert sprt(counts, 0, 80).llr == pytest.approx(lost[0] - lost[1], abs=1e-6)


def test_ratio_is_close_to_the_normal_approximation_for_many_pairs() -> None:
    counts = np.array([100, 300, 700, 340, 110])
    n, (s0, s1) = counts.sum(), (0.5, score_of(5))
    mean = SCORES @ counts / n
    variance = ((SCORES - mean) ** 2) @ counts / n
    assert sprt(counts.tolist(), 0, 5).llr == pytest.approx(
        n * (s1 - s0) * (2 * mean - s0 - s1) / 2 / variance, rel=0.02
    )


def test_it_ends_when_one_side_loses_everything() -> None:
    lost = [sprt([n, 0, 0, 0, 0], 0, 100).state for n in range(20)]
    assert lost == ["continue"] * 9 + ["H0"] * 11
    won = [sprt([0, 0, 0, 0, n], 0, 100).state for n in range(30)]
    assert won[0] == "continue"
    assert won[-1] == "H1"
    assert [sprt([0, 0, n], 0, 100).state for n in (0, 100)] == ["continue", "H1"]  # single games


def test_bad_hypotheses() -> None:
    for arguments in ((10, 0), (0, 10, 0.6), (0, 10, 0.05, 0)):
        with pytest.raises(ParameterError, match="sprt expects elo0 < elo1"):
            sprt([1, 1, 1], *arguments)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 30), min_size=5, max_size=5))
def test_results_turn_with_the_sides_and_are_finite(counts: list[int]) -> None:
    there, back = match_result(counts), match_result(counts[::-1])
    assert there.elo.value == pytest.approx(-back.elo.value, abs=1e-6)
    assert there.elo.low == pytest.approx(-back.elo.high, abs=1e-3)  # type: ignore[operator]
    assert there.superiority == pytest.approx(1 - back.superiority)
    assert there.elo.low < there.elo.value < there.elo.high  # type: ignore[operator]
    assert math.isfinite(there.elo.low)  # type: ignore[arg-type]
    assert math.isfinite(there.elo.high)  # type: ignore[arg-type]
    assert sprt(counts, -20, 20).llr == pytest.approx(-sprt(counts[::-1], -20, 20).llr, abs=1e-6)


def test_interval_covers() -> None:
    rng, covered = np.random.default_rng(1), 0
    chances = np.array([0.1, 0.1, 0.3, 0.3, 0.2])
    truth = elo_of(SCORES @ chances)
    for _ in range(200):
        elo = match_result(rng.multinomial(20, chances).tolist()).elo
        covered += elo.low <= truth <= elo.high  # type: ignore[operator]
    assert 0.92 < covered / 200 < 0.98


@pytest.mark.parametrize(("better", "wrong"), [(0, "H1"), (120, "H0")])
def test_sequential_tests_are_rarely_wrong_and_always_end(better: float, wrong: str) -> None:
    """Openings favour one colour by 200 Elo. Either error has a probability of about 0.05."""

    def scores(better: float) -> tuple[float, float]:
        return score_of(better + 200), score_of(better - 200)

    elo1 = elo_of(sum(scores(120)) / 2)
    a, b = scores(better)
    chances = [(1 - a) * (1 - b), 0, a * (1 - b) + b * (1 - a), 0, a * b]
    state = lru_cache(maxsize=None)(lambda counts: sprt(counts, 0, elo1).state)
    rng, ends = np.random.default_rng(2), []
    for _ in range(150):
        counts = [0] * 5
        while (said := state(tuple(counts))) == "continue":
            counts[rng.choice(5, p=chances)] += 1
            assert sum(counts) < 500
        ends.append(said)
    assert ends.count(wrong) / 150 < 0.09
