"""The sequence-form linear program: an exact equilibrium of a two-player zero-sum game.

It is built from the arrays of `GameTree` and solved by scipy's HiGHS. Its size is that of the tree, not of the number
of pure strategies. In the tests it is the reference for the other solvers, which only approach an equilibrium.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longthink.concurrency import ExclusiveUse, not_picklable
from longthink.errors import GameError, ParameterError, require
from longthink.games.core import Game
from longthink.search.budget import Budget, Spent
from longthink.search.core import GameTree
from longthink.search.regret.policy import Policy
from longthink.search.regret.solver import SolverResult

_TOLERANCE = 1e-10  # of HiGHS for the program and its dual, the smallest that it accepts
_GAP = 1e-6  # the largest NashConv of an accepted solution, relative to the stakes


class SequenceFormLP:
    """The sequence form of a two-player zero-sum game as a linear program: its value and an equilibrium, exactly.

    Player 0's reach probabilities x maximise its worst payoff over player 1's strategies; player 1's are the dual
    solution of the same program. Exact means to the accuracy of doubles: `exploitability` is about 1e-12 times the
    stakes, the difference between the largest and the smallest utility, which may be of any size. A solution is
    accepted only if its NashConv is at most 1e-6 times the stakes. method: "highs" (HiGHS chooses), "highs-ds" (dual
    simplex) or "highs-ipm" (interior point).

    Raises `GameError` if the game does not have two players, is not zero-sum (or constant-sum), or lacks perfect
    recall; `MemoryLimitError`; `MissingExtraError` without scipy. von Stengel, "Efficient computation of behavior
    strategies", Games and Economic Behavior 14, 1996, section 6; Koller, Megiddo and von Stengel, "Efficient
    computation of equilibria for extensive two-person games", ibid.
    """

    def __init__(self, game: Game | GameTree, *, method: str = "highs", memory_bytes: int = 2 << 30) -> None:
        if method not in ("highs", "highs-ds", "highs-ipm"):
            raise ParameterError(f"method expects highs, highs-ds or highs-ipm, got {method!r}")
        rules = game.game if isinstance(game, GameTree) else game
        if rules.num_players() != 2 or not rules.zero_sum:
            what = f"{rules.num_players()} players" if rules.num_players() != 2 else "a sum that is not constant"
            raise GameError(
                f"the linear program is for zero-sum games of two players; {rules} has {what}. CFR takes any game"
            )
        self.tree = game if isinstance(game, GameTree) else GameTree(game, memory_bytes=memory_bytes)
        self.method = method
        self._strategy: NDArray[np.float64] | None = None
        self._exclusive = ExclusiveUse("this SequenceFormLP")

    def __reduce__(self) -> Any:
        raise not_picklable(self, "use its policy()")

    @property
    def game(self) -> Game:
        return self.tree.game

    @property
    def num_histories(self) -> int:
        return self.tree.num_histories

    @property
    def num_information_states(self) -> int:
        return self.tree.num_information_states

    def run(self, budget: Budget | None = None) -> SolverResult:
        """Solve the program. budget: seconds; if they do not suffice, there is no strategy. `stopped_by` is "solved"
        or "seconds"; the iterations are those of HiGHS. Ctrl-C takes effect when HiGHS returns.

        Raises `ParameterError` for a budget of anything but seconds, `GameError` if HiGHS finds no solution or payoffs
        are not finite; `ConcurrentUseError`.
        """
        with self._exclusive:
            return self._run(budget)

    def _run(self, budget: Budget | None) -> SolverResult:
        budget = Budget() if budget is None else budget
        budget.check("SequenceFormLP.run", ("seconds",), needed=False)
        optimize = require("scipy.optimize", "lp")
        started = time.perf_counter()
        options = {"primal_feasibility_tolerance": _TOLERANCE, "dual_feasibility_tolerance": _TOLERANCE}
        if budget.seconds is not None:
            options["time_limit"] = budget.seconds
        found = optimize.linprog(**self._program(), method=self.method, options=options)
        spent = Spent(seconds=time.perf_counter() - started)
        if found.status == 1:
            return SolverResult(int(found.nit), None, spent, "seconds")
        if found.status != 0:
            raise GameError(f"the linear program of {self.game} was not solved: {found.message}")
        split = self.tree.first_sequence[1]
        strategy = _behaviour(self.tree, np.concatenate([found.x[:split], -found.ineqlin.marginals]))
        gap, stakes = self.tree.nash_conv(strategy), self._stakes()
        if not gap <= _GAP * stakes:
            raise GameError(
                f"the linear program of {self.game} was not solved: NashConv of the solution is {gap:g}, more than "
                f"{_GAP:g} of the stakes {stakes:g}; its payoffs differ too much in size. CFR takes any game"
            )
        self._strategy = strategy
        return SolverResult(int(found.nit), None, spent, "solved")

    def _stakes(self) -> float:
        """The difference between the largest and the smallest utility; if it is 0, their absolute value."""
        low, high = self.game.min_utility(), self.game.max_utility()
        return high - low if high > low else abs(high)

    def _program(self) -> dict[str, Any]:
        """The program in the form of scipy's `linprog`: maximise q[0] over x >= 0 and q with E x = e and F^T q <= A^T
        x.

        E and F are the constraints of reach probabilities (one row for the empty sequence, one for each information
        state); A has player 0's payoffs. Variables: x by player 0's sequences, then q by the rows of F. A is scaled to
        a largest entry of 1, because HiGHS takes numbers near its tolerances as zero and large ones as infinite."""
        sparse = require("scipy.sparse", "lp")
        _, split, end = self.tree.first_sequence.tolist()
        flow = [_flow(self.tree, player) for player in (0, 1)]
        own, others, payoffs = self.tree.payoffs(0)
        largest = float(np.abs(payoffs).max(initial=0.0))
        if not np.isfinite(largest):
            raise GameError(f"the payoffs of {self.game} are not finite; a linear program needs that")
        if largest > 0:
            payoffs = payoffs / largest
        payoff = sparse.csr_array((payoffs, (own, others[:, 0] - split)), shape=(split, end - split))
        rows, unknowns = flow[0].shape[0], flow[1].shape[0]
        objective, right = np.zeros(split + unknowns), np.zeros(rows)
        objective[split], right[0] = -1.0, 1.0
        return {
            "c": objective,
            "A_ub": sparse.hstack([-payoff.T, flow[1].T], format="csr"),
            "b_ub": np.zeros(end - split),
            "A_eq": sparse.hstack([flow[0], sparse.csr_array((rows, unknowns))], format="csr"),
            "b_eq": right,
            "bounds": np.array([(0, np.inf)] * split + [(-np.inf, np.inf)] * unknowns),
        }

    def strategy(self) -> NDArray[np.float64]:
        """The equilibrium over sequences, `[S]`; uniform in information states that it never reaches.

        Raises `ParameterError` before the program is solved."""
        if self._strategy is None:
            raise ParameterError(f"{self.game} is not solved yet: call run() first, with more seconds if they ran out")
        return self._strategy.copy()

    def policy(self) -> Policy:
        """The equilibrium as a `Policy`."""
        return Policy.from_strategy(self.tree, self.strategy())

    def values(self) -> NDArray[np.float64]:
        """The payoff of each player in equilibrium: `[2]`, in utilities."""
        return self.tree.values(self.strategy())

    def nash_conv(self) -> float:
        """What both players together could still gain by best responses, in utilities: the rounding error."""
        return self.tree.nash_conv(self.strategy())

    def exploitability(self) -> float:
        """NashConv over the number of players, as OpenSpiel defines it, in utilities."""
        return self.nash_conv() / 2


def _flow(tree: GameTree, player: int) -> Any:
    """The linear constraints of `player`'s reach probabilities: 1 for the empty sequence, and the sequences of an
    information state sum to its parent sequence. A sparse matrix `[1 + information states, sequences]`."""
    sparse = require("scipy.sparse", "lp")
    start, end = tree.first_sequence[player : player + 2]
    sets = tree.information_sets()
    _, parent, first, stride, count = (column[sets[0] == player] for column in sets)
    rows = np.arange(1, len(parent) + 1)
    action = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    own = np.repeat(first, count) + action * np.repeat(stride, count)
    row = np.concatenate([[0], rows, np.repeat(rows, count)])
    column = np.concatenate([[0], parent - start, own - start])
    value = np.concatenate([[1.0], -np.ones(len(parent)), np.ones(len(own))])
    return sparse.csr_array((value, (row, column)), shape=(len(parent) + 1, end - start))


def _behaviour(tree: GameTree, reach: NDArray[np.float64]) -> NDArray[np.float64]:
    """The strategy that has these reach probabilities, `[S]` both; uniform in unreached information states."""
    strategy = tree.uniform()
    reach = np.maximum(reach, 0.0)
    for _, _, first, stride, count in zip(*tree.information_sets(), strict=True):
        own = slice(first, first + (count - 1) * stride + 1, stride)
        total = reach[own].sum()
        if total > 0:
            strategy[own] = reach[own] / total
    return strategy
