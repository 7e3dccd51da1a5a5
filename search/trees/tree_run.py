"""One call of `MCTS.run`: how simulations and nodes are shared among trees, and simulations among threads."""

from __future__ import annotations

from concurrent.futures import Future, wait

import numpy as np

from longthink.concurrency import ForkSafePool
from longthink.search.budget import Budget, Spent
from longthink.search.core import MOST_SIMULATIONS, Trees, Watch, Worker


class SearchThreads:
    """The threads of a search: each works on a tree of its own, or all work on one tree."""

    def __init__(self, trees: Trees, threads: int) -> None:
        self.trees, self.threads = trees, threads
        self._pool = ForkSafePool(threads, "longthink-search")
        self._workers: list[Worker] = []

    def run(self, count: int, left: list[int], most_nodes: int) -> list[int]:
        """Run `count` simulations or a few more on each tree, at most its share of `left`; return how many were
        made."""
        work = [(i, min(count, share), share, most_nodes) for i, share in enumerate(left)]
        if self.threads == 1:
            return [self.trees.run(*each) for each in work]
        if len(work) > 1:
            return _results([self._pool.submit(self.trees.run, *each) for each in work])
        if len(self.trees.children(0, 0)[0]) == 0:  # threads begin at a root that has children
            return [self.trees.run(0, 1, 1, most_nodes)]
        return [self._run_shared(min(count, left[0]), most_nodes)]

    def _run_shared(self, count: int, most_nodes: int) -> int:
        """Run `count` simulations on the first tree, divided among all threads."""
        if not self._workers:
            self._workers = [Worker(self.trees) for _ in range(self.threads)]
        self.trees.prepare()
        first = self.trees.reserve(count)
        cuts = [first + count * i // self.threads for i in range(self.threads + 1)]
        made = _results(
            [
                self._pool.submit(self.trees.run_shared, worker, start, end - start, most_nodes)
                for worker, start, end in zip(self._workers, cuts, cuts[1:], strict=False)
            ]
        )
        self.trees.recycle_if_full()
        return sum(made)


def _results(parts: list[Future[int]]) -> list[int]:
    """Wait for all parts, also after Ctrl-C: they take milliseconds, and they write to the tree."""
    try:
        wait(parts)
    except KeyboardInterrupt:
        wait(parts)
        raise
    return [part.result() for part in parts]


class TreeRun:
    """The work of one call of `MCTS.run`, as `longthink.search.run` takes it. Each tree gets a share of the budget."""

    def __init__(self, threads: SearchThreads, budget: Budget) -> None:
        self._threads, self._trees = threads, threads.trees
        count = self._trees.count
        total = MOST_SIMULATIONS if budget.simulations is None else budget.simulations
        self.left = [total // count + (i < total % count) for i in range(count)]
        self._most_nodes = max(1, min((2**32 if budget.nodes is None else budget.nodes) // count, 2**32 - 1))
        self._made = 0

    def work(self, count: int, watch: Watch) -> str | None:
        """Make about `count` simulations, the same number on each tree. Proven trees wait for the others."""
        made = self._threads.run(-(-count // self._trees.count), self.left, self._most_nodes)
        self.left = [share - done for share, done in zip(self.left, made, strict=True)]
        self._made += sum(made)
        proven = self._trees.proven
        if not (proven | (np.array(self.left) == 0) | (self._trees.sizes >= self._most_nodes)).all():
            return None
        return "proven" if proven.any() else "nodes" if any(self.left) else "simulations"

    def measure(self, spent: Spent) -> None:
        spent.simulations, spent.nodes = self._made, self._trees.nodes
