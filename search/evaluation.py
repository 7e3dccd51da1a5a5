"""A search whose leaves are valued by a function instead of by playouts: `search_with`."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longthink.errors import LongthinkError, ParameterError
from longthink.games.core import State
from longthink.search.budget import Budget, Spent
from longthink.search.mcts import MCTS, Leaves
from longthink.search.result import SearchResult

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
    search.set_root(state)
    began, first, spent, stopped_by = time.perf_counter(), search.simulations, Spent(), None
    try:
        while stopped_by is None:
            left = batch if budget.simulations is None else budget.simulations - spent.simulations
            leaves = search.ask(min(batch, left), attempts=min(left, 2 * batch + 32))
            try:
                if len(leaves):
                    values, priors = evaluator(leaves)
                    search.tell(leaves.tickets, values, priors)
            except BaseException:
                _take_back(search, leaves.tickets)
                raise
            spent.simulations, spent.nodes = search.simulations - first, search.nodes
            spent.calls, spent.seconds = spent.calls + (len(leaves) > 0), time.perf_counter() - began
            if progress is not None:
                progress(spent)
            stopped_by = "proven" if search.proven else budget.reached(spent)
    except KeyboardInterrupt:
        stopped_by = "interrupted"
        spent.seconds = time.perf_counter() - began
    return search.result(spent, stopped_by)


def _take_back(search: MCTS, tickets: NDArray[np.uint64]) -> None:
    """Forget those that still wait."""
    for ticket in tickets:
        try:
            search.forget([ticket])
        except LongthinkError:  # told before the failure
            continue
