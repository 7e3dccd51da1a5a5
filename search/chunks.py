"""The loop around every search: work in pieces of a few milliseconds until a budget is spent.

Between pieces Python looks at Ctrl-C and tells of progress.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from longthink.search.budget import Budget, Spent

_CHUNK_SECONDS = 0.02


def spend(
    budget: Budget,
    work: Callable[[int, Spent], object],
    progress: Callable[[Spent], Any] | None = None,
    over: Callable[[Spent], str | None] | None = None,
) -> tuple[Spent, str]:
    """Work until `budget` is spent: what was spent, and the limit that stopped it, or "interrupted" by Ctrl-C.

    work(n, spent): makes about n simulations, so many that it takes some milliseconds, and writes what is spent but for
    the seconds. progress: called after every piece. over(spent): why to stop, or None; by default the budget's limits.
    """
    started, spent, stopped_by, chunk = time.perf_counter(), Spent(), None, 64
    over = budget.reached if over is None else over
    try:
        while stopped_by is None:
            before = time.perf_counter()
            work(chunk, spent)
            now = time.perf_counter()
            spent.seconds = now - started
            if now - before < _CHUNK_SECONDS / 2:
                chunk *= 2
            elif now - before > 2 * _CHUNK_SECONDS and chunk > 1:
                chunk //= 2
            if progress is not None:
                progress(spent)
            stopped_by = over(spent)
    except KeyboardInterrupt:
        stopped_by = "interrupted"
        spent.seconds = time.perf_counter() - started
    return spent, stopped_by
