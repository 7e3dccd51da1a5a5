"""CFR-BR: regret minimisation against best responses, so that each player's own strategy alone becomes hard to exploit.

The gradients and best responses are those of `GameTree`, in C; the regrets are arrays here, updated level by level.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longthink.concurrency import CancelToken, ExclusiveUse, not_picklable
from longthink.errors import GameError
from longthink.games.core import Game
from longthink.search.budget import Budget
from longthink.search.core import GameTree, Watch
from longthink.search.regret.policy import Policy
from longthink.search.regret.solver import Exploitability, SolverResult, run_solver
from longthink.search.run import Progress

Array = NDArray[np.float64]
Index = NDArray[np.int64]


@dataclass(frozen=True)
class _Level:
    """The information states of a player that lie behind equally many of its own moves."""

    sequences: Index  # theirs, side by side
    starts: Index  # where those of each begin among `sequences`
    of: Index  # which information state each of `sequences` belongs to, from 0
    parent: Index  # the sequence that leads to each
    uniform: Array  # by sequence: one over the number of actions


class CFRBR:
    """CFR against a best response: in every iteration each player's regrets are updated against the other's exact best
    answer to its current strategy.

    A player's average strategy comes near the least exploitable one whatever the other's does, which is why it is used
    where one player alone is restricted. plus: regrets are kept from falling below zero and the average counts
    iterations linearly, as in CFR+; else plain regret matching and averaging, as published.

    Raises `GameError` where the game has not two players or no constant sum, or lacks perfect recall;
    `MemoryLimitError`.
    Johanson, Bard, Burch and Bowling, "Finding optimal abstract strategies in extensive-form games", AAAI 2012.
    """

    def __init__(self, game: Game | GameTree, *, plus: bool = True, memory_bytes: int = 2 << 30) -> None:
        rules = game.game if isinstance(game, GameTree) else game
        if rules.num_players() != 2 or not rules.zero_sum:
            raise GameError(f"CFR-BR is for zero-sum games of two players, which {rules} is not. CFR takes any game")
        self.tree = game if isinstance(game, GameTree) else GameTree(game, memory_bytes=memory_bytes)
        self.plus = plus
        self.iterations = 0
        self._exclusive = ExclusiveUse("this CFRBR")
        self._levels = [_levels(self.tree, player) for player in (0, 1)]
        self._strategy: Array = self.tree.uniform()
        self._regret, self._average = np.zeros(self.tree.num_sequences), np.zeros(self.tree.num_sequences)

    def __reduce__(self) -> Any:
        raise not_picklable(self, "use its average_policy()")

    @property
    def game(self) -> Game:
        return self.tree.game

    def run(
        self,
        iterations: int | None = None,
        *,
        until: Exploitability | None = None,
        budget: Budget | None = None,
        progress: Progress | None = None,
        cancel: CancelToken | None = None,
    ) -> SolverResult:
        """Iterate until the first of: `iterations` more, `until` an `Exploitability`, `budget` is reached.

        Goes on from where the last run ended. Exploitability is looked at after growing numbers of iterations. Ctrl-C
        stops and returns. Simulations of the budget are iterations.

        Raises `ParameterError` where there is no limit, or one that is not spent; `ConcurrentUseError`.
        """
        with self._exclusive:
            return run_solver(
                "CFRBR",
                self._iterate_often,
                lambda: self.iterations,
                self.exploitability,
                iterations=iterations,
                until=until,
                budget=budget,
                progress=progress,
                cancel=cancel,
            )

    def _iterate_often(self, count: int, watch: Watch) -> None:
        for _ in range(count):
            if watch.expired:
                return
            self._iterate()

    def _iterate(self) -> None:
        """One iteration; what it changes is put in place at its end, so that Ctrl-C leaves whole iterations."""
        strategy, regret, average = self._strategy.copy(), self._regret.copy(), self._average.copy()
        weight = self.iterations + 1.0 if self.plus else 1.0
        for player in (0, 1):
            _, answer = self.tree.best_response(1 - player, self._strategy)
            gradient = self.tree.gradient(player, answer)
            average += weight * self._reach(player)
            for level in reversed(self._levels[player]):
                here = level.sequences
                value = np.add.reduceat(self._strategy[here] * gradient[here], level.starts)
                np.add.at(gradient, level.parent, value)
                regret[here] += gradient[here] - value[level.of]
                if self.plus:
                    regret[here] = np.maximum(regret[here], 0.0)
                strategy[here] = _shares(np.maximum(regret[here], 0.0), level)
        self._strategy, self._regret, self._average = strategy, regret, average
        self.iterations += 1

    def _reach(self, player: int) -> Array:
        """How likely each sequence of `player` is where it plays the current strategy; 0 for the other's, `[S]`."""
        reach = np.zeros(self.tree.num_sequences)
        reach[self.tree.first_sequence[player]] = 1.0
        for level in self._levels[player]:
            reach[level.sequences] = reach[level.parent][level.of] * self._strategy[level.sequences]
        return reach

    def average_strategy(self) -> Array:
        """The average strategy over sequences, `[S]`; uniform where play never came."""
        strategy: Array = self.tree.uniform()
        with self._exclusive:
            for levels in self._levels:
                for level in levels:
                    strategy[level.sequences] = _shares(self._average[level.sequences], level)
        return strategy

    def current_strategy(self) -> Array:
        """The strategy of the next iteration over sequences, `[S]`."""
        with self._exclusive:
            return self._strategy.copy()

    def average_policy(self) -> Policy:
        """The average strategy as a `Policy`: what comes near an equilibrium."""
        return Policy.from_strategy(self.tree, self.average_strategy())

    def current_policy(self) -> Policy:
        """The strategy of the next iteration as a `Policy`."""
        return Policy.from_strategy(self.tree, self.current_strategy())

    def values(self) -> Array:
        """What both players get where they play the average strategy: `[2]`, in utilities."""
        return self.tree.values(self.average_strategy())

    def nash_conv(self) -> float:
        """What both players together could gain by best answers to the average strategy, in utilities."""
        return self.tree.nash_conv(self.average_strategy())

    def exploitability(self) -> float:
        """NashConv over the number of players, as OpenSpiel defines it, in utilities."""
        return self.nash_conv() / 2


def _shares(weights: Array, level: _Level) -> Array:
    """Weights over their sum in each information state; uniform where all are 0."""
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
