"""CFR-BR: regret minimisation against best responses, which makes each player's own strategy hard to exploit.

The gradients and best responses are those of `GameTree`, in C; the regrets are NumPy arrays, updated level by level.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longthink.concurrency import ExclusiveUse
from longthink.errors import GameError
from longthink.games.core import Game
from longthink.search.core import GameTree, Watch
from longthink.search.regret.tree_solver import TreeSolver

Array = NDArray[np.float64]
Index = NDArray[np.int64]


@dataclass(frozen=True)
class _Level:
    """The information states of a player after equally many of its own moves."""

    sequences: Index  # of these states, one state after the other
    starts: Index  # the first of each state among `sequences`
    of: Index  # the state that each of `sequences` belongs to, from 0
    parent: Index  # the sequence that leads to each state
    uniform: Array  # by sequence: one over the number of actions


class CFRBR(TreeSolver):
    """CFR against a best response: in every iteration each player's regrets are updated against the other's exact best
    response to its current strategy.

    A player's average strategy approaches the least exploitable one whatever the other's does. So the method is used
    if one player alone is restricted. plus: regrets have the lower bound 0 and the average has linear weights, as in
    CFR+; else plain regret matching and averaging, as published.

    Raises `GameError` if the game does not have two players and a constant sum, or lacks perfect recall;
    `MemoryLimitError`.
    Johanson, Bard, Burch and Bowling, "Finding optimal abstract strategies in extensive-form games", AAAI 2012.
    """

    _own = ("game", "fingerprint", "plus")

    def __init__(self, game: Game | GameTree, *, plus: bool = True, memory_bytes: int = 2 << 30) -> None:
        rules = game.game if isinstance(game, GameTree) else game
        if rules.num_players() != 2 or not rules.zero_sum:
            raise GameError(f"CFR-BR is for zero-sum games of two players, which {rules} is not. CFR takes any game")
        self._tree = game if isinstance(game, GameTree) else GameTree(game, memory_bytes=memory_bytes)
        self.plus = plus
        self._iterations = 0
        self._exclusive = ExclusiveUse("this CFRBR")
        self._levels = [_levels(self._tree, player) for player in (0, 1)]
        self._now = {"strategy": self._tree.uniform(), "regret": self._zeros(), "average": self._zeros()}

    def _zeros(self) -> Array:
        return np.zeros(self._tree.num_sequences)

    @property
    def iterations(self) -> int:
        """Complete iterations so far."""
        return self._iterations

    def _iterate(self, count: int, watch: Watch) -> None:
        for _ in range(count):
            if watch.expired:
                return
            self._iterate_once()

    def _iterate_once(self) -> None:
        """One iteration. Its results replace the arrays at its end, so that Ctrl-C leaves complete iterations."""
        now = self._now["strategy"]
        strategy, regret, average = now.copy(), self._now["regret"].copy(), self._now["average"].copy()
        weight = self._iterations + 1.0 if self.plus else 1.0
        for player in (0, 1):
            _, response = self._tree.best_response(1 - player, now)
            gradient = self._tree.gradient(player, response)
            average += weight * self._reach(player)
            for level in reversed(self._levels[player]):
                here = level.sequences
                value = np.add.reduceat(now[here] * gradient[here], level.starts)
                np.add.at(gradient, level.parent, value)
                regret[here] += gradient[here] - value[level.of]
                if self.plus:
                    regret[here] = np.maximum(regret[here], 0.0)
                strategy[here] = _shares(np.maximum(regret[here], 0.0), level)
        self._now, self._iterations = {"strategy": strategy, "regret": regret, "average": average}, self._iterations + 1

    def _reach(self, player: int) -> Array:
        """The reach probability of each sequence of `player` by its current strategy; 0 for the other's, `[S]`."""
        reach = self._zeros()
        reach[self._tree.first_sequence[player]] = 1.0
        for level in self._levels[player]:
            reach[level.sequences] = reach[level.parent][level.of] * self._now["strategy"][level.sequences]
        return reach

    def average_strategy(self) -> Array:
        """The average strategy over sequences, `[S]`; uniform in information states that play never reached."""
        strategy: Array = self._tree.uniform()
        with self._exclusive:
            for levels in self._levels:
                for level in levels:
                    strategy[level.sequences] = _shares(self._now["average"][level.sequences], level)
        return strategy

    def _settings(self) -> Mapping[str, Any]:
        return {"plus": self.plus}

    def _array(self, name: str) -> Array:
        return self._now[name]

    def _restored(self, iterations: int) -> None:
        self._iterations = iterations


def _shares(weights: Array, level: _Level) -> Array:
    """Weights over their sum in each information state; uniform if all are 0."""
    total = np.add.reduceat(weights, level.starts)[level.of]
    return np.where(total > 0, weights / np.where(total > 0, total, 1.0), level.uniform)


def _levels(tree: GameTree, player: int) -> list[_Level]:
    of, parents, firsts, strides, counts = tree.information_sets()
    depth = np.zeros(tree.num_sequences, np.int64)
    rows: list[list[int]] = []
    for row in np.flatnonzero(of == player).tolist():
        here = int(depth[parents[row]])
        depth[firsts[row] + np.arange(counts[row]) * strides[row]] = here + 1
        if here == len(rows):
            rows.append([])
        rows[here].append(row)
    made = []
    for level in rows:
        count = counts[level]
        starts = np.cumsum(count) - count
        index = np.repeat(np.arange(len(level)), count)
        action: Index = np.arange(len(index)) - starts[index]
        sequences = firsts[level][index] + strides[level][index] * action
        made.append(_Level(sequences, starts, index, parents[level], (1.0 / count)[index]))
    return made
