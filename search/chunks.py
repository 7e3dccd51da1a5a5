"""The loop around every compiled search: run it in chunks of a few milliseconds until a budget is spent.

Between chunks Python looks at Ctrl-C and tells of progress.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from longthink.search.budget import Budget, Spent

_CHUNK_SECONDS = 0.02


def run_in_chunks(
    name: str,
    budget: Budget,
    run: Callable[[int], object],
    made: Callable[[], int],
    nodes: Callable[[], int],
    nodes_each: int,
    progress: Callable[[Spent], Any] | None = None,
) -> tuple[Spent, str]:
    """Spend `budget` on simulations: what was spent, and the limit that stopped it, or "interrupted" by Ctrl-C.

    name: of the search, for errors. run(n): makes up to n simulations. made(): how many were made in all. nodes(): how
    many there are now. nodes_each: that one simulation makes at most. progress: called after every chunk.

    Raises `ParameterError` for a budget without a limit on simulations, nodes or seconds, or with another one.
    """
    budget.check_for_search(name)
    started, first = time.perf_counter(), made()
    spent, stopped_by, chunk = Spent(), None, 64

    def tell() -> None:
        spent.simulations, spent.nodes, spent.seconds = made() - first, nodes(), time.perf_counter() - started

    try:
        while stopped_by is None:
            wanted = chunk
            if budget.simulations is not None:
                wanted = min(wanted, budget.simulations - spent.simulations)
            if budget.nodes is not None:
                wanted = min(wanted, max(1, (budget.nodes - nodes()) // nodes_each))
            before = time.perf_counter()
            run(wanted)
            took = time.perf_counter() - before
            tell()
            if took < _CHUNK_SECONDS / 2:
                chunk *= 2
            elif took > 2 * _CHUNK_SECONDS and chunk > 1:
                chunk //= 2
            if progress is not None:
                progress(spent)
            stopped_by = budget.reached(spent)
    except KeyboardInterrupt:
        tell()
        return spent, "interrupted"
    return spent, stopped_by
