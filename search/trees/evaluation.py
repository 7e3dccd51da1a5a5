"""Searches whose leaves are valued by a function instead of by playouts: `search_with`, and what it shares with
`BatchedMCTS.run`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longthink.errors import LongthinkError, ParameterError
from longthink.games.core import State
from longthink.search.budget import Budget, Spent
from longthink.search.chunks import Pace, spend
from longthink.search.core import MOST_SIMULATIONS, Trees
from longthink.search.trees.leaves import Leaves
from longthink.search.trees.mcts import MCTS
from longthink.search.trees.result import SearchResult
from longthink.validation import whole_number

Evaluator = Callable[[Leaves], tuple[NDArray[Any], Any]]
"""Called with the `Leaves` of a batch; gives their values and priors (or None) as `MCTS.tell` takes them."""


def search_with(
    evaluator: Evaluator,
    search: MCTS,
    state: State,
    budget: Budget,
    *,
    batch: int = 16,
    progress: Callable[[Spent], Any] | None = None,
) -> SearchResult:
    """Search from `state` until `budget` (simulations, nodes, seconds) is spent, leaves valued by `evaluator`.

    batch: leaves that are valued at once. The first are smaller: a small tree has no more that are worth it.
    Ctrl-C gives the best so far. Where the evaluator raises, its leaves are taken back, and the search can go on.

    Raises `ParameterError` for a terminal state, a budget of other things or none, and what the evaluator raises.
    """
    budget.check_for_search("search_with")
    if state.is_terminal():
        raise ParameterError(f"expected a state in which somebody acts, got the end of a game: {state.history()}")
    with search._exclusive:
        search.set_root(state)
        return search.result(*ask_and_tell(evaluator, search._trees, budget, batch, progress))


def ask_and_tell(
    evaluator: Evaluator,
    trees: Trees,
    budget: Budget,
    batch: int,
    progress: Callable[[Spent], Any] | None,
) -> tuple[Spent, str]:
    """Spend `budget` at each root of `trees`, `batch` leaves at a time: what was spent, and why it stopped."""
    batch = whole_number("batch", batch, 1)
    first = trees.visits
    left = (MOST_SIMULATIONS - first).astype(np.uint32)
    if budget.simulations is not None:
        left = np.minimum(left, budget.simulations).astype(np.uint32)

    def work(chunk: int, spent: Spent) -> None:
        for _ in range(max(1, chunk // (trees.count * batch))):
            leaves = trees.ask(batch, 2 * batch + 32, left)
            try:
                if len(leaves):
                    values, priors = evaluator(leaves)
                    trees.tell(leaves.tickets, values, priors)
            except BaseException:
                _take_back(trees, leaves.tickets)
                raise
            spent.calls += len(leaves) > 0
            if not left.any() or (budget.nodes is not None and trees.nodes >= budget.nodes):
                break
        spent.simulations, spent.nodes = int((trees.visits - first).max()), trees.nodes

    def over(spent: Spent) -> str | None:
        if not left.any():
            return "proven" if trees.proven.all() else "simulations"
        limit = budget.reached(spent)
        return None if limit == "simulations" else limit  # others have not made theirs

    return spend(budget, work, Pace(1), progress, over)  # the evaluator may be another than last time


def _take_back(trees: Trees, tickets: NDArray[np.uint64]) -> None:
    """Forget those that still wait."""
    for ticket in tickets:
        try:
            trees.forget([ticket])
        except LongthinkError:  # told before the failure
            continue
