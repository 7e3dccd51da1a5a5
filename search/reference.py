"""Counterfactual regret minimisation once more, in the most obvious Python: what csrc/cfr.c is tested against.

It walks the game's states recursively and keeps dictionaries by information state string. Read it to understand the
compiled loop; use `CFR` to solve anything.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from longthink.games.core import Game, State
from longthink.search.variants import variant as find_variant

Row = NDArray[np.float64]
Key = tuple[int, str]


class ReferenceCFR:
    """CFR in any variant, slowly: `run(iterations)`, then `average_policy()`."""

    def __init__(self, game: Game, variant: str = "cfr+", **weights: float) -> None:
        self.game = game
        self.variant = find_variant(variant, **weights)
        self.iteration = 0
        self.actions: dict[Key, list[int]] = {}
        self.regrets: dict[Key, Row] = {}
        self.strategy: dict[Key, Row] = {}
        self.average: dict[Key, Row] = {}
        self._find(game.new_initial_state())

    def _find(self, state: State) -> None:
        """Make the tables of every information state."""
        player, actions = state.current_player(), state.legal_actions()
        if player >= 0:
            key = (player, state.information_state_string(player))
            self.actions[key] = actions
            self.regrets[key], self.average[key] = np.zeros(len(actions)), np.zeros(len(actions))
            self.strategy[key] = np.full(len(actions), 1 / len(actions))
        for action in actions:
            self._find(state.child(action))

    def run(self, iterations: int) -> None:
        for _ in range(iterations):
            self.iteration += 1
            players = list(range(self.game.num_players()))
            for updating in [[p] for p in players] if self.variant.alternating else [players]:
                instant: dict[Key, Row] = {}
                self._walk(self.game.new_initial_state(), 1.0, np.ones(len(players)), updating, instant)
                for key, regret in instant.items():
                    self._update(key, regret)

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
        values = []
        for probability, action in zip(strategy, self.actions[key], strict=True):
            then = reach.copy()
            then[player] *= probability
            values.append(self._walk(state.child(action), chance, then, updating, instant))
        value: Row = np.sum([p * v for p, v in zip(strategy, values, strict=True)], axis=0)
        if player in updating:
            counterfactual = chance * math.prod(reach[q] for q in range(len(reach)) if q != player)
            regret = np.array([counterfactual * (v[player] - value[player]) for v in values])
            if key not in instant:  # its own reach is the same in every history of an information state: count it once
                self.average[key] += self.iteration**self.variant.gamma * reach[player] * strategy
            instant[key] = instant.get(key, np.zeros(len(values))) + regret
        return value

    def _update(self, key: Key, instant: Row) -> None:
        """Discount the regrets, and match them."""
        total = self.regrets[key] + instant
        keep = [_discount(self.iteration, self.variant.alpha), _discount(self.iteration, self.variant.beta)]
        total = np.where(total > 0, total * keep[0], total * keep[1])
        self.regrets[key] = total
        target = np.maximum(total + instant if self.variant.predictive else total, 0)
        self.strategy[key] = target / target.sum() if target.sum() > 0 else np.full(len(target), 1 / len(target))

    def average_policy(self) -> dict[str, dict[int, float]]:
        """The average strategy: `{information state string: {action: probability}}`."""
        table = {}
        for (player, text), sums in self.average.items():
            row = sums / sums.sum() if sums.sum() > 0 else np.full(len(sums), 1 / len(sums))
            table[text] = dict(zip(self.actions[player, text], row.tolist(), strict=True))
        return table


def _discount(iteration: int, power: float) -> float:
    if math.isinf(power):
        return 1.0 if power > 0 else 0.0
    return float(iteration**power / (iteration**power + 1))
