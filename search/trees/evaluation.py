"""Searches whose leaves are valued by a function instead of by playouts: `search_with`, and its loop, which
`BatchedMCTS.run` shares."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longthink.concurrency import CancelToken
from longthink.errors import LongthinkError, ParameterError
from longthink.games.core import State
from longthink.search.budget import Budget, Spent
from longthink.search.core import MOST_SIMULATIONS, Trees, Watch
from longthink.search.run import SEARCH_LIMITS, Pace, Progress, run
from longthink.search.trees.leaves import Leaves
from longthink.search.trees.mcts import MCTS
from longthink.search.trees.result import SearchResult
from longthink.validation import whole_number

Evaluator = Callable[[Leaves], tuple[NDArray[Any], Any]]
"""Called with the `Leaves` of a batch; returns their values and priors (or None) as `MCTS.tell` takes them."""


def search_with(
    evaluator: Evaluator,
    search: MCTS,
    state: State,
    budget: Budget,
    *,
    batch: int = 16,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
) -> SearchResult:
    """Search from `state` until `budget` (simulations, nodes, seconds) is spent, with leaves valued by `evaluator`.

    batch: leaves that are valued at once. The first batches are smaller, because a small tree has fewer leaves that
    deserve a visit. Ctrl-C and `cancel` return the best so far. If the evaluator raises, its leaves are taken back, and
    the search can go on.

    Raises `ParameterError` for a terminal state or a budget of other things or without a limit, and what the evaluator
    raises.
    """
    budget.check("search_with", SEARCH_LIMITS)
    if state.is_terminal():
        raise ParameterError(f"expected a state in which a player acts, got the end of a game: {state.history()}")
    with search._exclusive:
        search.set_root(state)
        return search.result(*ask_and_tell(evaluator, search._trees, budget, batch, progress, cancel))


def ask_and_tell(
    evaluator: Evaluator,
    trees: Trees,
    budget: Budget,
    batch: int,
    progress: Progress | None,
    cancel: CancelToken | None,
) -> tuple[Spent, str]:
    """Spend `budget` at each root of `trees`, `batch` leaves at a time; return what was spent and why it stopped."""
    batch = whole_number("batch", batch, 1)
    first, calls = trees.visits, 0
    left = (MOST_SIMULATIONS - first).astype(np.uint32)
    if budget.simulations is not None:
        left = np.minimum(left, budget.simulations).astype(np.uint32)

    def work(count: int, watch: Watch) -> str | None:
        nonlocal calls
        for _ in range(max(1, count // (trees.count * batch))):
            leaves = trees.ask(batch, 2 * batch + 32, left)
            try:
                if len(leaves):
                    values, priors = evaluator(leaves)
                    trees.tell(leaves.tickets, values, priors)
            except BaseException:
                _take_back(trees, leaves.tickets)
                raise
            calls += len(leaves) > 0
            if not left.any():
                return "proven" if trees.proven.all() else "simulations"
            if budget.nodes is not None and trees.nodes >= budget.nodes:
                return "nodes"
        return None

    def measure(spent: Spent) -> None:
        spent.simulations, spent.nodes, spent.calls = int((trees.visits - first).max()), trees.nodes, calls

    return run(work, measure, budget, pace=Pace(), progress=progress, cancel=cancel)  # each evaluator has its own pace


def _take_back(trees: Trees, tickets: NDArray[np.uint64]) -> None:
    """Forget the leaves that still wait."""
    for ticket in tickets:
        try:
            trees.forget([ticket])
        except LongthinkError:  # it was valued before the failure
            continue
