"""Monte Carlo tree search over any game of perfect information: `MCTS`.

The tree and its loops are C (csrc/search/tree.c, through tree.pxi). This file gives them budgets, threads and results.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from longthink.concurrency import ForkSafePool, exclusively, not_picklable
from longthink.errors import LongthinkError, ParameterError
from longthink.games.core import Game, State
from longthink.search.budget import Budget, Spent
from longthink.search.chunks import Pace, spend
from longthink.search.core import MOST_SIMULATIONS, Trees, Worker
from longthink.search.trees.leaves import Leaves
from longthink.search.trees.result import SearchResult, TreeNode, best_index
from longthink.search.trees.rules import UCT, Knowledge, Rule
from longthink.validation import seed_number, whole_number

_Merged = tuple[
    NDArray[np.int32], NDArray[np.int64], NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]
]  # actions, visits, values, priors, proven


class MCTS:
    """Monte Carlo tree search: grows a tree of simulations from a state and says which action looks best.

    Two ways to drive it. `run` plays each simulation to the end with random moves, all in C. `ask` hands out
    leaves for you to value with anything, `tell` takes the values, in any order.

    game: of perfect information, with chance or without, any number of players.
    rule: `UCT`, `UCB1Tuned`, `Thompson`, `PUCT`, `RAVE`, `GRAVE` or `Gumbel`, with its parameters.
    knowledge: True, or a `Knowledge` with weights, uses what the game knows besides its rules: informed playouts, and
    prior values of actions.
    solve: prove values on the way, in games of one player and of two with opposite interests: an action that is
    proven to lose is not looked at again, and a proven root ends the search. `result.proven` says what is.
    seed: the same seed, and the same calls of `run`, give the same visits with one thread. (A game that plays many
    playouts at once has several simulations in flight together, and a call waits for all of its own.)
    threads: that `run` uses. parallel: "shared", all work on one tree, and the order of events decides, so that results
    vary a little; or "root", there are `trees` trees of their own that share out the simulations, and the memory;
    results are merged, and are the same at any number of threads.
    memory_bytes: the arena never grows beyond it; a full tree gives back its least visited part and goes on.

    Many searches at once, for self-play: `BatchedMCTS`. One thread at a time may use a search; see
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
        self._pool = ForkSafePool(threads, "longthink-search")
        self._workers: list[Worker] = []
        self._exclusive = self._trees.exclusive
        self._pace = Pace(1 if self._trees.rules_of_user else 64)

    def __reduce__(self) -> str:
        raise not_picklable(self, "keep its result, or make another search with the same game, rule and seed")

    # ---- The root ----

    @exclusively
    def set_root(self, state: State) -> None:
        """Search from `state`: what is known stays if it is the root already, else the tree starts afresh."""
        if state.get_game() != self.game:
            raise ParameterError(f"this search plays {self.game}, got a state of {state.get_game()}")
        if state == self._root and state.history() == self._root.history():
            return
        for i in range(self._trees.count):
            self._trees.reset(i, state)
        self._root = state.clone()

    @exclusively
    def advance(self, action: int) -> None:
        """Act at the root: the child's subtree is kept, the rest is given back. Raises `IllegalActionError`.

        Leaves that were asked for must be told or forgotten first.
        """
        if self.pending:
            raise LongthinkError(f"{self.pending} leaves wait for a value; tell or forget them first")
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
        self, state: State, budget: Budget, *, progress: Callable[[Spent], Any] | None = None, early_stop: bool = False
    ) -> SearchResult:
        """Search from `state` until `budget` (simulations, nodes, seconds) is spent, and say what was found.

        Goes on from what the tree knows where `state` is its root. Ctrl-C stops the search and gives its best
        so far, with `result.interrupted` true. progress: called now and then with the `Spent` so far. early_stop: stop
        when what is left of the budget cannot make another action the most visited (seconds: at the speed so far).

        Raises `ParameterError` for a terminal state or a budget of other things, `GameError` where rules break.
        """
        budget.check_for_search("MCTS.run")
        if self.rule.kind == "gumbel" and budget.simulations is None:
            raise ParameterError("Gumbel plans its simulations; give Budget(simulations=...)")
        if state.is_terminal():
            raise ParameterError(f"expected a state in which somebody acts, got the end of a game: {state.history()}")
        self.set_root(state)
        total = MOST_SIMULATIONS if budget.simulations is None else budget.simulations
        trees = self._trees.count
        left = [total // trees + (i < total % trees) for i in range(trees)]
        most_nodes = max(1, min((2**32 if budget.nodes is None else budget.nodes) // trees, 2**32 - 1))
        if self.rule.kind == "gumbel":
            for i, share in enumerate(left):
                self._trees.plan(i, max(1, share))
        step = max(64, total // (64 * trees))
        look = step  # whether the search is decided is asked at fixed counts, so that the same seed stops at the same

        def work(chunk: int, spent: Spent) -> None:
            wanted = min(chunk, look - spent.simulations // trees) if early_stop else chunk
            made = self._run_chunk(max(1, wanted), left, most_nodes)
            left[:] = [a - b for a, b in zip(left, made, strict=True)]
            spent.simulations += sum(made)
            spent.nodes = self.nodes

        def over(spent: Spent) -> str | None:
            nonlocal look
            reason = self._over(budget, spent, most_nodes, left)
            if reason is None and early_stop and (budget.simulations is None or spent.simulations // trees >= look):
                look += step
                return "decided" if self._decided(budget, spent) else None
            return reason

        return self.result(*spend(budget, work, self._pace, progress, over))

    def _over(self, budget: Budget, spent: Spent, most_nodes: int, left: list[int]) -> str | None:
        """Why there is nothing more to do, or None. A tree that is proven waits for the others of a forest."""
        limit = budget.reached(spent)
        done = self._trees.proven | (np.array(left) == 0) | (self._trees.sizes >= most_nodes)
        if done.all():
            return "proven" if self.proven else limit or "nodes"
        return None if limit == "nodes" else limit

    def _decided(self, budget: Budget, spent: Spent) -> bool:
        _, visits, values, _, proven = self._merged()
        left = [float("inf")]
        if budget.simulations is not None:
            left.append(budget.simulations - spent.simulations)
        if budget.seconds is not None:
            left.append((budget.seconds - spent.seconds) * spent.simulations / max(spent.seconds, 1e-9))
        most = np.sort(visits[~(proven & (values <= self._utilities[0]))])
        return len(most) > 1 and bool(most[-1] - most[-2] > min(left))

    def _run_chunk(self, count: int, left: list[int], most_nodes: int) -> list[int]:
        """Run `count` simulations or a few more on each tree, at most what it has `left`: how many each made."""
        work = [(i, min(count, share), share, most_nodes) for i, share in enumerate(left)]
        if self.threads == 1:
            return [self._trees.run(*each) for each in work]
        if len(work) > 1:
            return _together([self._pool.submit(self._trees.run, *each) for each in work])
        if len(self._trees.children(0, 0)[0]) == 0:  # threads begin at a root that has children
            return [self._trees.run(0, 1, 1, most_nodes)]
        if not self._workers:
            self._workers = [Worker(self._trees) for _ in range(self.threads)]
        self._trees.prepare()
        count = min(count, left[0])
        first = self._trees.reserve(count)
        cuts = [first + count * i // self.threads for i in range(self.threads + 1)]
        made = _together(
            [
                self._pool.submit(self._trees.run_shared, worker, start, end - start, most_nodes)
                for worker, start, end in zip(self._workers, cuts, cuts[1:], strict=False)
            ]
        )
        self._trees.recycle_if_full()
        return [sum(made)]

    # ---- Ask and tell ----

    @exclusively
    def ask(self, batch: int = 1, *, attempts: int | None = None) -> Leaves:
        """Up to `batch` `Leaves` that wait for a value, each chosen as if those before had lost a visit.

        Leaves at the end of a game are valued on the way and not handed out. Fewer than `batch` come, perhaps
        none, where the selection returns to a leaf that is asked for already, or where all it reaches is over.
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
        """Value leaves that `ask` handed out, in any order and any grouping, and expand them.

        tickets: `[B]`. values: `[B, P]`, each player's in utilities; or `[B]` in a game of one player, or for
        the player who acts at the leaf in a zero-sum game of two. priors: for each leaf the probabilities of its legal
        actions, ascending, as a list of `B` arrays; or `[B, num_distinct_actions]` over all actions, of which
        the legal ones are taken; or None for equal ones. Priors are scaled to sum to 1.

        Raises `ParameterError` for an unknown ticket or one told before, a wrong shape, or a value or prior that
        is not finite; the tickets before it are told, it and those after it still wait.
        """
        self._trees.tell(tickets, values, priors)

    @exclusively
    def forget(self, tickets: ArrayLike) -> None:
        """Take back leaves that will not be told, as if they had never been asked for."""
        self._trees.forget(tickets)

    @property
    def pending(self) -> int:
        """How many leaves wait for a value."""
        return self._trees.pending

    # ---- What was found ----

    @property
    def simulations(self) -> int:
        """Simulations that went through the root so far."""
        return self._trees.simulations

    @property
    def nodes(self) -> int:
        """Nodes in the tree now."""
        return self._trees.nodes

    @property
    def bytes_used(self) -> int:
        """Bytes of `memory_bytes` that the nodes take now, with all that is kept beside them."""
        return self.nodes * self._trees.bytes_per_node

    @property
    def proven(self) -> bool:
        """Whether the value of the root is proven: then nothing is left to search, and `ask` hands out nothing."""
        return bool(self._trees.proven.any())

    @property
    def recycled_nodes(self) -> int:
        """Nodes that a full arena gave back so far."""
        return self._trees.recycled

    @exclusively
    def result(self, spent: Spent | None = None, stopped_by: str = "") -> SearchResult:
        """What the tree says about the root's actions now; several trees are merged."""
        actions, visits, values, priors, proven = self._merged()
        policy, chosen = self._improved()
        result = SearchResult(
            actions,
            visits,
            values,
            priors,
            proven,
            self._utilities,
            self._root.current_player(),
            [],
            Spent() if spent is None else spent,
            self.nodes,
            stopped_by,
            policy,
            chosen,
        )
        if len(actions):
            result.principal_variation = [action for action, _ in self.line(result.best_action)] or [result.best_action]
        return result

    def _merged(self) -> _Merged:
        """The root's actions, ascending, with their visits, values, priors and proofs from all trees."""
        found: list[_Merged] = []
        for i in range(self._trees.count):
            _, actions, visits, values, priors, proven = self._trees.children(i, 0)
            order = np.argsort(actions)
            if len(actions) or i == 0:
                found.append(
                    (actions[order], visits[order].astype(np.int64), values[order], priors[order], proven[order])
                )
        if len(found) > 1 and len(found[0][0]) == 0:
            del found[0]
        if len(found) == 1:
            return found[0]
        actions, priors = found[0][0], found[0][3]
        total, proven = np.sum([each[1] for each in found], axis=0), np.any([each[4] for each in found], axis=0)
        sums = np.sum([np.nan_to_num(each[2]) * each[1] for each in found], axis=0)
        values = np.divide(sums, total, out=np.full(len(actions), np.nan), where=total > 0)
        for each in found:
            values[each[4]] = each[2][each[4]]
        return actions, total, values, priors, proven

    def _improved(self) -> tuple[NDArray[np.float64] | None, int | None]:
        """Gumbel's policy and choice: of several trees, the mean and the choice of most."""
        policies, votes = [], []
        for i in range(self._trees.count):
            improved = self._trees.improved(i) if self.rule.kind == "gumbel" else None
            if improved is not None:
                order = np.argsort(self._trees.children(i, 0)[1])
                policies.append(improved[0][order])
                votes.append(int(np.flatnonzero(order == improved[1])[0]))
        if not votes:
            return None, None
        return np.mean(policies, axis=0), int(np.bincount(votes).argmax())

    @exclusively
    def tree(self, *, max_nodes: int = 1000, min_visits: int = 1) -> TreeNode:
        """The most visited part of the tree as a `TreeNode`: up to `max_nodes` with at least `min_visits`; of several
        trees, of the first."""
        root = TreeNode(None, 1.0, int(self._trees.visits[0]), float("nan"))
        count, level = 1, [(root, 0)]
        while level and count < max_nodes:
            found = []
            for node, node_id in level:
                ids, actions, visits, values, priors, proven = self._trees.children(0, node_id)
                for i in np.lexsort((actions, -visits.astype(np.int64))):
                    if visits[i] >= min_visits:
                        child = TreeNode(
                            int(actions[i]), float(priors[i]), int(visits[i]), float(values[i]), bool(proven[i])
                        )
                        found.append((node, child, int(ids[i])))
            found.sort(key=lambda item: -item[1].visits)
            level = []
            for parent, child, child_id in found[: max_nodes - count]:
                parent.children.append(child)
                level.append((child, child_id))
            count += len(level)
        return root

    @exclusively
    def line(self, *actions: int) -> list[tuple[int, int]]:
        """The most visited line that begins with `actions`: pairs of an action and its visits. Ends before an action
        that was never tried. With several trees, in the one that looked most at the first of them."""

        def visits_of(tree: int) -> int:
            _, found, visits, _, _, _ = self._trees.children(tree, 0)
            return int(visits[found == actions[0]].sum())

        tree = max(range(self._trees.count), key=visits_of) if actions else 0
        line: list[tuple[int, int]] = []
        node = 0
        while True:
            ids, found, visits, values, _, proven = self._trees.children(tree, node)
            if len(line) < len(actions):
                place = np.flatnonzero(found == actions[len(line)])
                best = int(place[0]) if len(place) else None
            elif visits.any() or proven.any():
                best = best_index(visits, values, proven, *self._utilities)
            else:
                best = None
            if best is None or not (visits[best] or proven[best]):
                return line
            line.append((int(found[best]), int(visits[best])))
            node = int(ids[best])


def _together(parts: list[Future[int]]) -> list[int]:
    """Wait for all parts, also after Ctrl-C: what was begun is a matter of milliseconds, and it writes to the tree."""
    try:
        wait(parts)
    except KeyboardInterrupt:
        wait(parts)
        raise
    return [part.result() for part in parts]
