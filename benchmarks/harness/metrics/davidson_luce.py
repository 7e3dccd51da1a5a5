"""The model of Davidson and Luce: who takes which place in games of any number of players, with ties and seats.

Of the players that are still unplaced, a set S takes the next place with probability proportional to

    tie[|S|] * exp(mean over S of (rating + effect of the seat)), with tie[1] = 1.

For two players without draws it is Bradley and Terry's model (Biometrika 1952); for two players with draws Davidson's
(JASA 1970); for rankings without ties Plackett's (Applied Statistics 1975) and Luce's. The whole: Firth, Kosmidis and
Turner, "Davidson-Luce model for multi-item choice with ties", 2019. It is a conditional logit: the log-likelihood is
concave, so Newton's method finds the maximum, and the inverse of the observed information is the covariance.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from longthink.errors import ParameterError

Places = tuple[tuple[int, ...], ...]
"""The seats of each place, from the best on."""
LEAST_INFORMATION = 1e-6
"""With less information, in games, about any combination of parameters, the maximum is at infinity."""
_Array = NDArray[np.float64]


@dataclass(frozen=True)
class Choice:
    """One observation of a conditional logit: alternatives `[alternative, parameter]`, the chosen one, its weight."""

    alternatives: _Array
    chosen: int
    weight: float


class DavidsonLuce:
    """The model of some games.

    names: the players. counted: how often each result occurred: players in the order of their seats, and places.
    Parameters, in log-odds: the ratings of `names`, the effects of the seats, if they count, and the logarithms of the
    factors of ties, for each size of a tie that was observed.
    """

    def __init__(
        self,
        names: tuple[str, ...],
        counted: Mapping[tuple[tuple[str, ...], Places], int],
        seats: bool,
    ) -> None:
        self.column = {name: index for index, name in enumerate(names)}
        self.seats = max((len(players) for players, _ in counted), default=0) if seats else 0
        self.sizes = sorted({len(tied) for _, places in counted for tied in places if len(tied) > 1})
        self.parameters = len(names) + self.seats + len(self.sizes)
        self.pairs = sorted({pair for players, _ in counted for pair in combinations(sorted(players), 2)})
        self.choices = [choice for game, count in counted.items() for choice in self._stages(*game, count)]

    def tie_column(self, size: int) -> int:
        return len(self.column) + self.seats + self.sizes.index(size)

    def _stages(self, players: tuple[str, ...], places: Places, count: float) -> Iterator[Choice]:
        """The choices of a game: who takes the next place, among all who are still unplaced."""
        left = list(range(len(players)))
        for tied in places:
            if len(left) < 2:
                return
            sets = [each for size in (1, *self.sizes) for each in combinations(left, size)]
            yield Choice(np.array([self._features(players, each) for each in sets]), sets.index(tied), count)
            left = [seat for seat in left if seat not in tied]

    def _features(self, players: tuple[str, ...], tied: tuple[int, ...]) -> _Array:
        features = np.zeros(self.parameters)
        for seat in tied:
            features[self.column[players[seat]]] += 1 / len(tied)
            if self.seats:
                features[len(self.column) + seat] += 1 / len(tied)
        if len(tied) > 1:
            features[self.tie_column(len(tied))] = 1
        return features

    def _virtual(self, prior: float) -> Iterator[Choice]:
        """The prior: wins of either side of each pair that met, of either of two seats, and draws, in equal shares."""

        def contest(a: int, b: int, weight: float) -> Iterator[Choice]:
            for chosen in (0, 1):
                yield Choice(np.eye(self.parameters)[[a, b]], chosen, weight / 2)

        players = len(self.column)
        for a, b in self.pairs:
            yield from contest(self.column[a], self.column[b], prior * (players - 1) / len(self.pairs))
        seats = list(combinations(range(players, players + self.seats), 2))
        for one, other in seats:
            yield from contest(one, other, prior * (self.seats - 1) / len(seats))
        for size in self.sizes:
            tie = np.zeros((2, self.parameters))
            tie[0, self.tie_column(size)] = 1
            for chosen in (0, 1):
                yield Choice(tie, chosen, prior / 2)

    def fit(self, prior: float) -> tuple[_Array, _Array]:
        """The most likely parameters and their covariance, by Newton's method with halved steps.

        prior: virtual games for each parameter. Raises `ParameterError` if there is no finite maximum.
        """
        choices = [*self.choices, *self._virtual(prior)]
        free = self._constrained()
        values = np.zeros(free.shape[1])
        likelihood, gradient, information = _derivatives(choices, free, values)
        for _ in range(100):
            if len(values) and np.linalg.eigvalsh(information)[0] < LEAST_INFORMATION:
                break
            step = np.linalg.solve(information, gradient)
            if gradient @ step < 1e-16 * max(1.0, abs(likelihood)):
                return free @ values, free @ np.linalg.inv(information) @ free.T
            following = _derivatives(choices, free, values + step)
            while following[0] < likelihood and np.abs(step).max() > 1e-9:
                step = step / 2
                following = _derivatives(choices, free, values + step)
            values = values + step
            likelihood, gradient, information = following
        raise ParameterError(
            "no finite ratings are the most likely ones: a player or a seat has won or lost everything, or the players "
            "never changed seats. With a prior above 0, there are finite ratings"
        )

    def _constrained(self) -> _Array:
        """All parameters from the free ones: ratings and seats each add up to 0."""
        blocks, made = [len(self.column), self.seats], np.zeros((self.parameters, 0))
        start = 0
        for size in (block for block in blocks if block):
            block = np.zeros((self.parameters, size - 1))
            block[start : start + size - 1] = np.eye(size - 1)
            block[start + size - 1] = -1
            made, start = np.hstack([made, block]), start + size
        ties = np.zeros((self.parameters, len(self.sizes)))
        ties[start:] = np.eye(len(self.sizes))
        return np.hstack([made, ties])


def _derivatives(choices: Sequence[Choice], free: _Array, values: _Array) -> tuple[float, _Array, _Array]:
    """The log-likelihood, its gradient, and the observed information."""
    likelihood, gradient, information = 0.0, np.zeros(len(values)), np.zeros((len(values), len(values)))
    for choice in choices:
        features = choice.alternatives @ free
        utility = features @ values
        utility -= utility.max()
        chances = np.exp(utility)
        chances /= chances.sum()
        mean = chances @ features
        likelihood += choice.weight * math.log(max(chances[choice.chosen], 1e-300))
        gradient += choice.weight * (features[choice.chosen] - mean)
        information += choice.weight * ((features.T * chances) @ features - np.outer(mean, mean))
    return likelihood, gradient, information
