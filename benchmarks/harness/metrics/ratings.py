"""Ratings of players in Elo, from games of two or more players, with draws, seats and a covariance.

One model covers all of them, that of davidson_luce.py. A rating difference of 400 Elo means odds of ten to one, of a
win against a loss.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from longthink.benchmarks.harness.metrics.davidson_luce import DavidsonLuce, Places
from longthink.benchmarks.harness.section import Estimate, Table
from longthink.errors import ParameterError, require

ELO = 400 / math.log(10)
"""Elo per unit of log-odds."""
_Array = NDArray[np.float64]


@dataclass(frozen=True)
class Game:
    """A finished game. players: in the order of their seats. returns: of each; more is better, equal numbers are a draw
    of these players. The size of a difference does not count."""

    players: tuple[str, ...]
    returns: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class Ratings:
    """Ratings of players, and what is known of them. `rate` makes it.

    players: in the order of the first games. elo: `[players]`. covariance: `[players, players]`, in Elo squared.
    seat_elo, seat_covariance: of the effects of seats, which add up to 0; empty without seats. games: of each player.
    tie: the factor of a draw of two players, 0 without draws. anchor: the player whose rating is fixed; None: the mean
    is.
    """

    players: tuple[str, ...]
    elo: _Array
    covariance: _Array
    games: tuple[int, ...]
    seat_elo: _Array
    seat_covariance: _Array
    tie: float
    anchor: str | None

    @cached_property
    def _index(self) -> dict[str, int]:
        return {name: index for index, name in enumerate(self.players)}

    def rating(self, player: str) -> Estimate:
        """The rating of a player, relative to the anchor. Without an interval if the player is the anchor itself."""
        i = self._index[player]
        error = None if player == self.anchor else math.sqrt(max(0.0, self.covariance[i, i]))
        return _elo(float(self.elo[i]), error, self.games[i])

    def difference(self, player: str, other: str) -> Estimate:
        """The rating of a player minus another's. The covariance of both ratings counts."""
        return self.contrast({player: 1, other: -1})

    def contrast(self, weights: Mapping[str, float]) -> Estimate:
        """A weighted sum of ratings, for example {"a": 0.5, "b": 0.5, "c": -1}. The covariance of all counts."""
        row = np.zeros(len(self.players))
        for player, weight in weights.items():
            row[self._index[player]] = weight
        error = math.sqrt(max(0.0, float(row @ self.covariance @ row)))
        return _elo(float(row @ self.elo), error, min(self.games[self._index[player]] for player in weights))

    def ladder(self, rungs: Mapping[float, str]) -> tuple[dict[float, Estimate], _Array]:
        """The ratings of the players `rungs`, by their compute, and their covariance, `[rung, rung]`.

        `scaling.fit(*ratings.ladder(rungs))` fits them; `scaling.held_out` takes the same.
        """
        chosen = [self._index[player] for player in rungs.values()]
        return {x: self.rating(player) for x, player in rungs.items()}, self.covariance[np.ix_(chosen, chosen)]

    def superiority(self, player: str, other: str) -> float:
        """The likelihood of superiority: the probability that a player's true rating is above the other's."""
        error = self._error(player, other)
        if error == 0:
            return 0.5
        difference = self.elo[self._index[player]] - self.elo[self._index[other]]
        return float(require("scipy.special", "compare").ndtr(difference / error))

    def seat(self, seat: int, other: int | None = None) -> Estimate:
        """The effect of a seat, against the mean of all seats or against another seat.

        `seat(0, 1)` is the advantage of the first player of a game of two.
        """
        contrast = np.zeros(len(self.seat_elo))
        contrast[seat] = 1
        if other is not None:
            contrast[other] -= 1
        error = math.sqrt(max(0.0, float(contrast @ self.seat_covariance @ contrast)))
        return _elo(float(contrast @ self.seat_elo), error, sum(self.games) // len(self.seat_elo))

    def score(self, player: str, other: str) -> float:
        """The expected score of a player in a game against the other: a win is 1, a draw 1/2; seats are left out."""
        a = math.exp((self.elo[self._index[player]] - self.elo[self._index[other]]) / 2 / ELO)
        return (a + self.tie / 2) / (a + self.tie + 1 / a)

    def table(self, title: str = "Ratings") -> Table:
        """All players from the best to the worst, with games and the likelihood of superiority over the next one."""
        order = [self.players[i] for i in np.argsort(-self.elo, kind="stable")]
        rows = [
            (player, self.rating(player), self.games[self._index[player]], superior)
            for player, superior in zip(order, self._superiorities(order), strict=True)
        ]
        zero = f"{self.anchor} is 0" if self.anchor is not None else "the mean is 0"
        caption = f"Elo; {zero}. Superiority: the probability of being truly better than the next player."
        return Table(title, ("player", "rating", "games", "superiority"), rows, caption)

    def _superiorities(self, order: Sequence[str]) -> Iterator[float | None]:
        for player, following in pairwise(order):
            yield self.superiority(player, following)
        yield None

    def _error(self, player: str, other: str) -> float:
        i, j = self._index[player], self._index[other]
        return math.sqrt(max(0.0, self.covariance[i, i] + self.covariance[j, j] - 2 * self.covariance[i, j]))


def rate(games: Iterable[Game], anchor: str | None = None, seats: bool = False, prior: float = 1.0) -> Ratings:
    """The ratings of all players of `games`.

    anchor: the player whose rating is 0; if None, the mean rating is. seats: whether the effects of seats are estimated
    with the ratings. prior: the number of virtual games for each parameter, drawn between equals and spread over all
    pairs that met. With 1, the default, the prior of a match of two is Jeffreys's (Firth, "Bias reduction of maximum
    likelihood estimates", Biometrika 1993): half a win for either side. So ratings stay finite if one side wins
    everything. With 0, they are those of maximum likelihood.

    Games of a pair with the same opening are taken as independent; the intervals are then conservative if openings
    favour one side. Raises `ParameterError` if there are no games, if players have never met the others, not even
    through third ones, or if no finite ratings are the most likely ones.
    """
    counted = Counter((game.players, _places(game)) for game in games)
    names = tuple(dict.fromkeys(name for players, _ in counted for name in players))
    if anchor is not None and anchor not in names:
        raise ParameterError(f"anchor expects one of the players {', '.join(names)}, got {anchor!r}")
    model = DavidsonLuce(names, counted, seats)
    _check_connected(names, counted)
    values, covariance = model.fit(prior)
    players, kinds = len(names), model.seats
    centre = np.eye(players) - (1 / players if anchor is None else np.eye(players)[names.index(anchor)])
    level = np.eye(kinds) - 1 / kinds if kinds else np.zeros((0, 0))
    seat = slice(players, players + kinds)
    played = Counter(name for (called, _), count in counted.items() for name in called for _ in range(count))
    return Ratings(
        players=names,
        elo=ELO * centre @ values[:players],
        covariance=ELO**2 * centre @ covariance[:players, :players] @ centre.T,
        games=tuple(played[name] for name in names),
        seat_elo=ELO * level @ values[seat],
        seat_covariance=ELO**2 * level @ covariance[seat, seat] @ level.T,
        tie=math.exp(values[model.tie_column(2)]) if 2 in model.sizes else 0.0,
        anchor=anchor,
    )


def _places(game: Game) -> Places:
    """The seats of each place, from the best on."""
    players, returns = game.players, game.returns
    if (
        len(returns) != len(players)
        or not len(set(players)) == len(players) > 1
        or not all(map(math.isfinite, returns))
    ):
        raise ParameterError(f"a game expects two or more different players and a finite return for each, got {game}")
    best_first = sorted(set(returns), reverse=True)
    return tuple(tuple(seat for seat, value in enumerate(returns) if value == this) for this in best_first)


def _check_connected(names: Sequence[str], counted: Iterable[tuple[tuple[str, ...], Places]]) -> None:
    if not names:
        raise ParameterError("ratings expect at least one game")
    group = {name: {name} for name in names}
    for players, _ in counted:
        joined = set().union(*(group[name] for name in players))
        for name in joined:
            group[name] = joined
    joined = group[names[0]]
    if len(joined) < len(names):
        apart = ", ".join(name for name in names if name not in joined)
        raise ParameterError(f"{apart} never met {names[0]}, not even through other players: rate them apart")


def _elo(value: float, error: float | None, games: int) -> Estimate:
    if error is None:
        return Estimate(value, None, None, games, "Elo")
    return Estimate(value, value - 1.959964 * error, value + 1.959964 * error, games, "Elo")
