"""Ratings: against choix, statsmodels, closed forms and simulated games."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations, permutations

import choix
import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats

from longthink.benchmarks.harness.metrics.ratings import ELO, Game, rate
from longthink.errors import ParameterError

pytestmark = pytest.mark.filterwarnings("error")


def won(winner: str, loser: str, times: int = 1) -> list[Game]:
    return [Game((winner, loser), (1, -1))] * times


def round_robin(rng: np.random.Generator, strengths: Sequence[float], games: int) -> list[Game]:
    """Games without draws; strengths in log-odds."""
    made = []
    for i, j in combinations(range(len(strengths)), 2):
        for _ in range(games):
            first = rng.random() < 1 / (1 + math.exp(strengths[j] - strengths[i]))
            made.append(Game((str(i), str(j)), (1, 0) if first else (0, 1)))
    return made


def test_two_players_in_closed_form() -> None:
    found = rate([*won("a", "b", 30), *won("b", "a", 10)], prior=0)
    error = ELO * math.sqrt(1 / 30 + 1 / 10)
    difference = found.difference("a", "b")
    assert difference.value == pytest.approx(ELO * math.log(3))
    assert (difference.low, difference.high) == pytest.approx(
        (difference.value - 1.96 * error, difference.value + 1.96 * error), abs=0.01
    )
    assert found.superiority("a", "b") == pytest.approx(stats.norm.cdf(difference.value / error))
    assert found.score("a", "b") == pytest.approx(0.75)
    assert (found.rating("a").value, found.rating("a").n) == (pytest.approx(ELO * math.log(3) / 2), 40)


def test_the_prior_of_a_match_is_jeffreys() -> None:
    """Half a win for either side (Firth 1993), so 20 wins of 20 have a finite rating."""
    found = rate(won("a", "b", 20)).difference("a", "b")
    assert found.value == pytest.approx(ELO * math.log(20.5 / 0.5))
    assert 0 < found.low < found.high < 2000  # type: ignore[operator]


def test_ratings_without_draws_are_choixs_and_errors_statsmodels() -> None:
    rng = np.random.default_rng(1)
    games = round_robin(rng, [0.0, 0.5, 1.0, -1.0, 0.2], 12)
    found = rate(games, prior=0, anchor="0")
    wins = [tuple(int(p) for _, p in sorted(zip(game.returns, game.players, strict=True))[::-1]) for game in games]
    theirs = choix.opt_pairwise(5, wins)
    assert found.elo / ELO == pytest.approx(theirs - theirs[0], abs=1e-5)
    design = np.zeros((len(games), 5))
    for row, (i, j) in enumerate([game.players for game in games]):
        design[row, int(i)], design[row, int(j)] = 1, -1
    fit = sm.GLM([game.returns[0] for game in games], design[:, 1:], family=sm.families.Binomial()).fit()
    assert found.covariance[1:, 1:] / ELO**2 == pytest.approx(fit.cov_params(), rel=1e-5)
    assert found.rating("0").low is None
    for i, j in combinations(range(5), 2):
        contrast = np.eye(5)[i] - np.eye(5)[j]
        error = math.sqrt(contrast[1:] @ fit.cov_params() @ contrast[1:])
        d = found.difference(str(i), str(j))
        assert d.high - d.low == pytest.approx(2 * 1.959964 * ELO * error, rel=1e-5)  # type: ignore[operator]


def test_rankings_are_choixs() -> None:
    rng = np.random.default_rng(2)
    games, rankings = [], []
    for _ in range(60):
        order = [int(i) for i in np.argsort(-(np.arange(4) * 0.5 + rng.gumbel(size=4)))]
        rankings.append(tuple(order))
        games.append(Game(("0", "1", "2", "3"), tuple(-float(order.index(i)) for i in range(4))))
    theirs = choix.opt_rankings(4, rankings)
    assert rate(games, prior=0).elo / ELO == pytest.approx(theirs - theirs.mean(), abs=1e-5)


def test_draws_are_davidsons() -> None:
    """The likelihood of Davidson, JASA 1970, equation 2.2, maximised by scipy."""
    games = [*won("a", "b", 12), *won("b", "a", 6), *([Game(("a", "b"), (0, 0))] * 9), *won("b", "c", 5)]
    games += [*won("c", "b", 4), Game(("c", "a"), (0.5, 0.5)), *won("a", "c", 3)]
    found = rate(games, prior=0, anchor="a")

    def loss(x: np.ndarray) -> float:
        strength, tie = {"a": 0.0, "b": x[0], "c": x[1]}, x[2]
        total = 0.0
        for game in games:
            one, two = (strength[name] for name in game.players)
            utilities = np.array([one, two, tie + (one + two) / 2])
            chosen = 2 if game.returns[0] == game.returns[1] else int(game.returns[1] > game.returns[0])
            total += np.logaddexp.reduce(utilities) - utilities[chosen]
        return total

    best = optimize.minimize(loss, np.zeros(3), tol=1e-12)
    assert found.elo[1:] / ELO == pytest.approx(best.x[:2], abs=1e-4)
    assert found.tie == pytest.approx(math.exp(best.x[2]), abs=1e-4)
    drawn = found.tie / (found.tie + 2 * math.cosh((found.elo[0] - found.elo[1]) / 2 / ELO))
    assert found.score("a", "b") + found.score("b", "a") == pytest.approx(1)
    assert 0.2 < drawn < 0.4


def test_the_advantage_of_the_first_player_is_estimated_with_the_ratings() -> None:
    rng = np.random.default_rng(3)
    strength, advantage, games = {"a": 1.0, "b": 0.0, "c": 0.3}, 0.8, []
    for first, second in permutations("abc", 2):
        for _ in range(400):
            chance = 1 / (1 + math.exp(strength[second] - strength[first] - advantage))
            games.append(Game((first, second), (1, 0) if rng.random() < chance else (0, 1)))
    found = rate(games, seats=True)
    for estimate, truth in [(found.seat(0, 1), 0.8), (found.seat(0), 0.4), (found.difference("a", "b"), 1.0)]:
        assert estimate.low < ELO * truth < estimate.high  # type: ignore[operator]
    assert found.seat_elo.sum() == pytest.approx(0)
    assert found.seat(0, 1).value == pytest.approx(-found.seat(1, 0).value)


def test_seats_of_more_than_two_players_with_ties() -> None:
    """Simulated games of three players with two winners at times, from the model itself."""
    rng, games = np.random.default_rng(4), []
    strength, seat, tie = np.array([0.8, 0.0, -0.8]), np.array([0.5, 0.0, -0.5]), 0.7
    for _ in range(500):
        players = rng.permutation(3)
        utility = strength[players] + seat
        left, place, returns = [0, 1, 2], 0.0, [0.0] * 3
        while left:
            sets = [each for size in (1, 2) for each in combinations(left, size)]
            chances = np.array([(tie if len(s) == 2 else 1) * math.exp(np.mean(utility[list(s)])) for s in sets])
            taken = sets[rng.choice(len(sets), p=chances / chances.sum())] if len(left) > 1 else tuple(left)
            for one in taken:
                returns[one] = place
            left, place = [one for one in left if one not in taken], place - 1
        games.append(Game(tuple("abc"[p] for p in players), tuple(returns)))
    found = rate(games, seats=True)
    truths = [*zip(map(found.rating, "abc"), strength, strict=True), *zip(map(found.seat, range(3)), seat, strict=True)]
    for estimate, truth in truths:
        error = (estimate.high - estimate.low) / 2 / 1.96  # type: ignore[operator]
        assert estimate.value == pytest.approx(ELO * truth, abs=3 * error)
        assert error < 15
    assert found.tie == pytest.approx(tie, rel=0.3)


def test_ladder_of_certain_wins_is_finite_and_in_order() -> None:
    names = [str(i) for i in range(6)]
    found = rate([game for a, b in zip(names[1:], names, strict=False) for game in won(a, b, 10)], anchor="0")
    assert np.isfinite(found.elo).all()
    ladder = [found.rating(name) for name in names]
    widths = [0.0 if each.low is None else each.value - each.low for each in ladder]
    assert (np.diff([each.value for each in ladder]) > 0).all()
    assert (np.diff(widths) > 0).all()  # each step adds its own error
    rows = found.table().rows
    assert [row[0] for row in rows] == names[::-1]
    assert rows[-1][3] is None
    assert all(0.9 < row[3] < 1 for row in rows[:-1])  # type: ignore[operator]


def test_weighted_sums_of_ratings() -> None:
    found = rate([*won("a", "b", 6), *won("b", "a", 3), *won("b", "c", 5), *won("c", "b", 5)], anchor="b")
    middle = found.contrast({"a": 0.5, "b": 0.5, "c": -1})
    assert middle.value == pytest.approx(found.rating("a").value / 2 - found.rating("c").value)
    assert found.contrast({"a": 1, "c": -1}) == found.difference("a", "c")
    measured, covariance = found.ladder({1: "c", 2: "a"})
    assert measured == {1: found.rating("c"), 2: found.rating("a")}
    error = math.sqrt(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])
    difference = found.difference("a", "c")
    assert difference.high - difference.low == pytest.approx(2 * 1.959964 * error)  # type: ignore[operator]


def test_only_draws() -> None:
    found = rate([Game(("a", "b"), (0, 0))] * 10)
    assert found.difference("a", "b").value == pytest.approx(0)
    assert found.superiority("a", "b") == pytest.approx(0.5)
    assert np.isfinite(found.covariance).all()


def test_games_that_cannot_be_rated() -> None:
    with pytest.raises(ParameterError, match="at least one game"):
        rate([])
    with pytest.raises(ParameterError, match="c, d never met a"):
        rate([*won("a", "b"), *won("c", "d")])
    with pytest.raises(ParameterError, match="anchor expects one of the players a, b"):
        rate(won("a", "b"), anchor="x")
    for players, returns in [(("a", "a"), (1, 0)), (("a",), (1,)), (("a", "b"), (1,)), (("a", "b"), (math.nan, 0))]:
        with pytest.raises(ParameterError, match="two or more different players"):
            rate([Game(players, returns)])
    with pytest.raises(ParameterError, match="no finite ratings"):
        rate(won("a", "b", 20), prior=0)
    with pytest.raises(ParameterError, match="no finite ratings"):  # always in the same seats
        rate([*won("a", "b", 5), Game(("a", "b"), (0, 1))], seats=True, prior=0)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(st.permutations("abcd"), st.lists(st.integers(0, 2), min_size=4, max_size=4)), min_size=1, max_size=8
    )
)
def test_ratings_do_not_depend_on_order_or_names_and_turn_with_the_results(
    results: list[tuple[list[str], list[int]]],
) -> None:
    games = [Game(tuple(players), tuple(map(float, returns))) for players, returns in results]
    found, again = rate(games), rate(games[::-1])
    renamed = rate([Game(tuple({"a": "z"}.get(p, p) for p in game.players), game.returns) for game in games])
    for one, other in combinations("abcd", 2):
        assert found.difference(one, other).value == pytest.approx(again.difference(one, other).value, abs=1e-4)
        assert found.difference(one, other).high == pytest.approx(again.difference(one, other).high, abs=1e-4)
        assert found.superiority(one, other) == pytest.approx(1 - found.superiority(other, one))
    assert renamed.rating("z").value == pytest.approx(found.rating("a").value, abs=1e-4)
    assert found.elo.sum() == pytest.approx(0, abs=1e-4)


def test_intervals_of_differences_cover() -> None:
    rng, covered = np.random.default_rng(5), 0
    for _ in range(150):
        found = rate(round_robin(rng, [0.0, 0.7, 1.4], 15)).difference("2", "0")
        covered += found.low <= 1.4 * ELO <= found.high  # type: ignore[operator]
    assert 0.91 < covered / 150 <= 1
