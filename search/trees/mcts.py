"""Monte Carlo tree search over any game of perfect information: `MCTS`.

The tree and its loops are C (csrc/search/tree.c). This class holds the root, runs budgets (longthink.search.run) and
makes results.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from longthink.concurrency import CancelToken, exclusively, not_picklable
from longthink.errors import LongthinkError, ParameterError
from longthink.games.core import Game, State
from longthink.search.budget import Budget, Spent
from longthink.search.core import Trees
from longthink.search.run import SEARCH_LIMITS, Pace, Progress, run
from longthink.search.trees.early_stop import EarlyStop
from longthink.search.trees.leaves import Leaves
from longthink.search.trees.reading import most_visited, most_visited_line, planned_policy, root_actions
from longthink.search.trees.result import SearchResult
from longthink.search.trees.rules import UCT, Knowledge, Rule
from longthink.search.trees.tree_node import TreeNode
from longthink.search.trees.tree_run import SearchThreads, TreeRun
from longthink.validation import seed_number, whole_number


class MCTS:
    """Monte Carlo tree search: grows a tree of simulations from a state and says which action is best.

    There are two ways to use it. `run` plays each simulation to the end with random moves, all in C. `ask` returns
    leaves for you to value by any means; `tell` takes the values, in any order.

    game: of perfect information, with or without chance, any number of players.
    rule: `UCT`, `UCB1Tuned`, `Thompson`, `PUCT`, `RAVE`, `GRAVE` or `Gumbel`, with its parameters.
    knowledge: True, or a `Knowledge` with weights, uses what the game knows besides its rules: informed playouts, and
    prior values of actions.
    solve: prove values during the search, in games of one player and of two with opposite interests. An action that is
    proven to lose is not tried again, and a proven root ends the search. `result.proven` says which values are proven.
    seed: the same seed and the same calls of `run` give the same visits with one thread. (A game that plays many
    playouts at once has several simulations in flight together, and a call waits for all of its own.)
    threads: used by `run`. parallel: with "shared", all threads work on one tree; the order of events decides, so
    results vary a little. With "root", `trees` separate trees share the simulations and the memory; their results are
    merged, and are the same for any number of threads.
    memory_bytes: the memory of all nodes. A full tree recycles its least visited part and goes on.

    For many searches at once, as in self-play, see `BatchedMCTS`. One thread at a time may use a search; see
    docs/threads_and_processes.md.

    Raises `GameError` for a game of imperfect information, `ParameterError`, `MemoryError`.
    Kocsis and Szepesvari, ECML 2006; Browne et al., "A survey of MCTS methods", 2012; proofs: Winands, Bjornsson and
    Saito, "Monte-Carlo tree search solver", 2008; parallel: Chaslot, Winands and van den Herik, 2008.
    """

    def __init__(
        self,
        game: Game,
        rule: Rule | None = None,
        *,
        knowledge: bool | Knowledge = False,
        solve: bool = True,
        seed: int = 0,
        threads: int = 1,
        parallel: Literal["shared", "root"] = "shared",
        trees: int | None = None,
        memory_bytes: int = 1 << 30,
    ) -> None:
        rule = UCT() if rule is None else rule
        threads = whole_number("threads", threads, 1, 1024)
        if parallel not in ("shared", "root"):
            raise ParameterError(f'parallel expects "shared" or "root", got {parallel!r}')
        trees = (8 if parallel == "root" else 1) if trees is None else whole_number("trees", trees, 1, 1024)
        if trees > 1 and parallel == "shared":
            raise ParameterError(f'trees expects 1 with parallel="shared", or parallel="root"; got {trees}')
        seed = seed_number(seed)
        seeds = [(seed + i * 0x9E3779B97F4A7C15) % 2**64 for i in range(trees)]
        self._trees = Trees(game, rule, knowledge, solve, seeds, memory_bytes, False, "this MCTS")
        if threads > 1 and self._trees.rules_in_python:
            raise ParameterError(f"{game} has rules in Python, which one thread runs at a time; use threads=1")
        if threads > 1 and rule.kind == "gumbel" and parallel == "shared":
            raise ParameterError('Gumbel plans its simulations one by one; use threads=1 or parallel="root"')
        self.game, self.rule, self.seed, self.threads = game, rule, seed, threads
        self.knowledge = Knowledge() if knowledge is True else knowledge or None
        self.parallel, self.solve, self.memory_bytes = parallel, bool(solve), operator.index(memory_bytes)
        self._root = game.new_initial_state()
        self._utilities = game.min_utility(), game.max_utility()
        self._threads = SearchThreads(self._trees, threads)
        self._exclusive = self._trees.exclusive
        self._pace = Pace((1 if self._trees.rules_of_user else 64) * trees)

    def __reduce__(self) -> str:
        raise not_picklable(self, "keep its result, or make another search with the same game, rule and seed")

    # ---- The root ----

    @exclusively
    def set_root(self, state: State) -> None:
        """Search from `state`. The tree stays if `state` is its root already, else it starts afresh."""
        if state.get_game() != self.game:
            raise ParameterError(f"this search plays {self.game}, got a state of {state.get_game()}")
        if state == self._root and state.history() == self._root.history():
            return
        for i in range(self._trees.count):
            self._trees.reset(i, state)
        self._root = state.clone()

    @exclusively
    def advance(self, action: int) -> None:
        """Act at the root: the child's subtree is kept, the rest is recycled. Raises `IllegalActionError`.

        All leaves of `ask` must have been valued by `tell` or taken back by `forget`.
        """
        if self.pending:
            raise LongthinkError(f"{self.pending} leaves wait for a value; call tell or forget first")
        state = self._root.child(action)
        for i in range(self._trees.count):
            self._trees.advance(i, operator.index(action), state)
        self._root = state

    @property
    def root_state(self) -> State:
        return self._root.clone()

    # ---- Run ----

    @exclusively
    def run(
        self,
        state: State,
        budget: Budget,
        *,
        progress: Progress | None = None,
        cancel: CancelToken | None = None,
        early_stop: bool = False,
    ) -> SearchResult:
        """Search from `state` until `budget` (simulations, nodes, seconds) is spent; return what was found.

        If `state` is the root already, the search continues with its tree. Ctrl-C and `cancel` end the search and
        return the best so far. progress: called some times a second with the `Spent` so far. early_stop: stop as soon
        as the rest of the budget cannot make another action the most visited (seconds: at the speed so far).

        Raises `ParameterError` for a terminal state or a budget of other things, `GameError` if the rules break.
        """
        budget.check("MCTS.run", SEARCH_LIMITS)
        if self.rule.kind == "gumbel" and budget.simulations is None:
            raise ParameterError("Gumbel plans its simulations; give Budget(simulations=...)")
        if state.is_terminal():
            raise ParameterError(f"expected a state in which a player acts, got the end of a game: {state.history()}")
        self.set_root(state)
        tree_run = TreeRun(self._threads, budget)
        if self.rule.kind == "gumbel":
            for i, share in enumerate(tree_run.left):
                self._trees.plan(i, max(1, share))
        stop = EarlyStop(budget, self._trees.count, self._open_visits) if early_stop else None
        spent, stopped_by = run(
            tree_run.work,
            tree_run.measure,
            budget,
            pace=self._pace,
            condition=stop,
            progress=progress,
            cancel=cancel,
        )
        return self.result(spent, stopped_by)

    def _open_visits(self) -> NDArray[np.int64]:
        """The visits of the root's actions that are not proven to lose."""
        root = root_actions(self._trees)
        return root.visits[~(root.proven & (root.values <= self._utilities[0]))]

    # ---- Ask and tell ----

    @exclusively
    def ask(self, batch: int = 1, *, attempts: int | None = None) -> Leaves:
        """Up to `batch` `Leaves` that wait for a value; each leaf in flight counts as a lost visit for the next choice.

        Terminal leaves are valued on the way and not returned. Fewer than `batch` leaves, perhaps none, come back if
        the selection reaches leaves that are in flight already, or only terminal ones.
        attempts: simulations to make at most, by default 2 `batch` + 32.
        """
        if self._trees.count > 1:
            raise ParameterError('ask works on one tree; leave out parallel="root"')
        batch = whole_number("batch", batch, 1)
        attempts = 2 * batch + 32 if attempts is None else whole_number("attempts", attempts, 1)
        return self._trees.ask(batch, attempts, np.array([min(attempts, 2**32 - 1)], np.uint32))

    @exclusively
    def tell(
        self,
        tickets: ArrayLike,
        values: ArrayLike,
        priors: NDArray[Any] | Sequence[ArrayLike] | None = None,
    ) -> None:
        """Value leaves of `ask`, in any order and any grouping, and expand them.

        tickets: `[B]`. values: `[B, P]`, each player's in utilities; or `[B]` in a game of one player, or for
        the player who acts at the leaf in a zero-sum game of two. priors: for each leaf the probabilities of its legal
        actions, ascending, as a list of `B` arrays; or `[B, num_distinct_actions]` over all actions, whose illegal
        entries are ignored; or None for equal ones. Priors are scaled to sum to 1.

        Raises `ParameterError` for an unknown ticket or one that was used before, a wrong shape, or a value or prior
        that is not finite. The leaves before it are valued then; it and those after it still wait.
        """
        self._trees.tell(tickets, values, priors)

    @exclusively
    def forget(self, tickets: ArrayLike) -> None:
        """Take back leaves that get no value, as if `ask` had never returned them."""
        self._trees.forget(tickets)

    @property
    def pending(self) -> int:
        """The number of leaves that wait for a value."""
        return self._trees.pending

    # ---- What was found ----

    @property
    def simulations(self) -> int:
        """Simulations through the root so far."""
        return self._trees.simulations

    @property
    def nodes(self) -> int:
        """Nodes in the tree now."""
        return self._trees.nodes

    @property
    def bytes_used(self) -> int:
        """Bytes of `memory_bytes` that the nodes and their side arrays take now."""
        return self.nodes * self._trees.bytes_per_node

    @property
    def proven(self) -> bool:
        """Whether the value of the root is proven. Then the search is over, and `ask` returns no leaves."""
        return bool(self._trees.proven.any())

    @property
    def recycled_nodes(self) -> int:
        """The number of nodes that were recycled so far because the memory was full."""
        return self._trees.recycled

    @exclusively
    def result(self, spent: Spent | None = None, stopped_by: str = "") -> SearchResult:
        """What the tree says about the root's actions now; several trees are merged."""
        root = root_actions(self._trees)
        strategy, chosen = planned_policy(self._trees) if self.rule.kind == "gumbel" else (None, None)
        result = SearchResult(
            *root,
            utilities=self._utilities,
            player=self._root.current_player(),
            principal_variation=[],
            spent=Spent() if spent is None else spent,
            nodes=self.nodes,
            stopped_by=stopped_by,
            strategy=strategy,
            chosen=chosen,
            recycled=self.recycled_nodes,
        )
        if len(root.actions):
            best = result.best_action
            result.principal_variation = [action for action, _ in self.line(best)] or [best]
        return result

    @exclusively
    def tree(self, *, max_nodes: int = 1000, min_visits: int = 1) -> TreeNode:
        """The most visited part of the tree as a `TreeNode`: up to `max_nodes` nodes of at least `min_visits` visits.

        Of several trees, it shows the first.
        """
        return most_visited(self._trees, max_nodes, min_visits)

    @exclusively
    def line(self, *actions: int) -> list[tuple[int, int]]:
        """The most visited line that begins with `actions`, as pairs of an action and its visits.

        It ends before an action that was never tried. Of several trees, it shows the one with the most visits of the
        first action.
        """
        return most_visited_line(self._trees, actions, *self._utilities)
