"""Regret minimisation in simple Python: the twin with which csrc/regret/cfr.c is compared.

It walks the game's states recursively and keeps dictionaries by information state string. Read it to understand the
compiled loop; use `CFR` to solve anything.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longthink.games.core import Game, State
from longthink.search.regret.updates import Line, MirrorDescentUpdate, Power, Weight
from longthink.search.regret.variants import variant as find_variant

Row = NDArray[np.float64]
Key = tuple[int, str]
Sequence = tuple[Key, int]  # an information state and the place of an action in it


class ReferenceCFR:
    """Any variant, slowly: `run(iterations)`, then `average_policy()`.

    By `(player, information state string)`: regrets, cumulative (logarithms of the strategy in mirror descent); target,
    what the strategy was made in proportion to; strategy, of the next iteration; average, sums, each row up to scale.
    """

    def __init__(self, game: Game, variant: str = "cfr+", **weights: Any) -> None:
        self.game = game
        self.variant = find_variant(variant, **weights)
        self.iteration = 0
        self.actions: dict[Key, list[int]] = {}
        self.below: dict[Sequence | int, list[Key]] = {}  # what a player may come to next; by player: first
        self.regrets: dict[Key, Row] = {}
        self.target: dict[Key, Row] = {}
        self.strategy: dict[Key, Row] = {}
        self.average: dict[Key, Row] = {}
        self.counted = 1.0
        self._find(game.new_initial_state(), {})

    def _find(self, state: State, last: dict[int, Sequence]) -> None:
        """Make the tables of every information state. last: what each player did before."""
        player, actions = state.current_player(), state.legal_actions()
        if player >= 0:
            key = (player, state.information_state_string(player))
            equal = np.full(len(actions), 1 / len(actions))
            self.actions[key] = actions
            self.strategy[key], self.average[key] = equal, np.zeros(len(actions))
            self.regrets[key] = (
                np.log(equal) if isinstance(self.variant, MirrorDescentUpdate) else np.zeros(len(actions))
            )
            before = self.below.setdefault(last.get(player, player), [])
            if key not in before:
                before.append(key)
        for i, action in enumerate(actions):
            self._find(state.child(action), {**last, player: (key, i)} if player >= 0 else last)

    def run(self, iterations: int) -> None:
        for _ in range(iterations):
            self.iteration += 1
            self._fade_average()
            players = list(range(self.game.num_players()))
            for updating in [[p] for p in players] if self.variant.alternating else [players]:
                instant: dict[Key, Row] = {}
                self._walk(self.game.new_initial_state(), 1.0, np.ones(len(players)), updating, instant)
                if isinstance(self.variant, MirrorDescentUpdate):
                    self._descend(self.variant, updating)
                else:
                    for key, regret in instant.items():
                        self._match(key, regret)

    def _fade_average(self) -> None:
        """The strategy of this iteration will count more than all before, or they will not count at all."""
        t, gamma = self.iteration - self.variant.delay, self._at(self.variant.gamma, self.iteration - 1)
        if t <= 1 or gamma == math.inf:
            self.average = {key: np.zeros(len(row)) for key, row in self.average.items()}
            self.counted = 1.0
        else:
            self.counted *= (t / (t - 1)) ** gamma

    def _walk(self, state: State, chance: float, reach: Row, updating: list[int], instant: dict[Key, Row]) -> Row:
        """The value of a state for every player; adds regrets and reaches of the players who update on the way."""
        player = state.current_player()
        if player == -4:
            return np.array(state.returns())
        if player == -1:
            children = [
                (p, self._walk(state.child(a), chance * p, reach, updating, instant))
                for a, p in state.chance_outcomes()
            ]
            mean: Row = np.sum([p * value for p, value in children], axis=0)
            return mean
        key = (player, state.information_state_string(player))
        strategy = self.strategy[key]
        results = []
        for probability, action in zip(strategy, self.actions[key], strict=True):
            then = reach.copy()
            then[player] *= probability
            results.append(self._walk(state.child(action), chance, then, updating, instant))
        value: Row = np.sum([p * v for p, v in zip(strategy, results, strict=True)], axis=0)
        if player in updating:
            counterfactual = chance * math.prod(reach[q] for q in range(len(reach)) if q != player)
            regret = np.array([counterfactual * (v[player] - value[player]) for v in results])
            if key not in instant:  # its own reach is the same in every history of an information state: count it once
                self.average[key] += self.counted * reach[player] * strategy
            instant[key] = instant.get(key, np.zeros(len(results))) + regret
        return value

    def _match(self, key: Key, instant: Row) -> None:
        """Discount the regrets, and match them."""
        total = self.regrets[key] + instant
        variant: Any = self.variant
        keep = [self._discount(variant.alpha), self._discount(variant.beta)]
        total = np.where(total > 0, total * keep[0], total * keep[1])
        self.regrets[key] = total
        self.target[key] = target = np.maximum(total + variant.prediction * instant, 0)
        self.strategy[key] = target / target.sum() if target.sum() > 0 else np.full(len(target), 1 / len(target))

    def _descend(self, variant: MirrorDescentUpdate, updating: list[int]) -> None:
        """A step of mirror descent for the players who update, each from the ends of its tree to the beginning."""
        step, temperature = self._at(variant.step, self.iteration), self._at(variant.temperature, self.iteration)
        ends: dict[Sequence, float] = {}
        self._walk_ends(self.game.new_initial_state(), 1.0, np.ones(self.game.num_players()), {}, ends)

        def soft_value(key: Key) -> float:
            payoffs = [
                ends.get((key, i), 0.0) + sum(soft_value(child) for child in self.below.get((key, i), ()))
                for i in range(len(self.actions[key]))
            ]
            drawn = (step * np.array(payoffs) + self.regrets[key]) / (1 + step * temperature)
            total = float(np.log(np.exp(drawn - drawn.max()).sum()) + drawn.max())
            self.regrets[key] = drawn - total
            self.strategy[key] = np.exp(self.regrets[key])
            return total * (1 + step * temperature) / step

        for player in updating:
            for key in self.below.get(player, ()):
                soft_value(key)

    def _walk_ends(
        self, state: State, chance: float, reach: Row, last: dict[int, Sequence], ends: dict[Sequence, float]
    ) -> None:
        """The payoffs of the terminals to each player after the last thing it did, the others playing so."""
        player = state.current_player()
        if player == -4:
            for p, sequence in last.items():
                others = math.prod(reach[q] for q in range(len(reach)) if q != p)
                ends[sequence] = ends.get(sequence, 0.0) + chance * others * state.returns()[p]
        elif player == -1:
            for action, chosen in state.chance_outcomes():
                self._walk_ends(state.child(action), chance * chosen, reach, last, ends)
        else:
            key = (player, state.information_state_string(player))
            for i, action in enumerate(self.actions[key]):
                then = reach.copy()
                then[player] *= self.strategy[key][i]
                self._walk_ends(state.child(action), chance, then, {**last, player: (key, i)}, ends)

    def average_strategy(self) -> dict[Key, Row]:
        """The average strategy by `(player, information state string)`."""
        return {
            key: row / row.sum() if row.sum() > 0 else np.full(len(row), 1 / len(row))
            for key, row in self.average.items()
        }

    def average_policy(self) -> dict[str, dict[int, float]]:
        """The average strategy: `{information state string: {action: probability}}`."""
        rows = self.average_strategy().items()
        return {key[1]: dict(zip(self.actions[key], row.tolist(), strict=True)) for key, row in rows}

    def _at(self, weight: Weight, iteration: int) -> float:
        if isinstance(weight, Line):
            return weight.first + (weight.last - weight.first) * min(1.0, iteration / self.variant.horizon)
        if isinstance(weight, Power):
            return float(weight.first * iteration**weight.exponent)
        return weight

    def _discount(self, weight: Weight) -> float:
        power = self._at(weight, self.iteration)
        if math.isinf(power):
            return 1.0 if power > 0 else 0.0
        return float(self.iteration**power / (self.iteration**power + 1))
