"""The loop around every search: work in pieces of a few milliseconds until a budget is spent.

Between pieces Python looks at Ctrl-C and tells of progress.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from longthink.search.budget import Budget, Spent

_CHUNK_SECONDS = 0.02


class Pace:
    """How many simulations a search makes in a piece."""

    def __init__(self, first: int) -> None:
        """first: 1, if nobody knows how long one takes."""
        self.chunk = first

    def learn(self, seconds: float) -> None:
        """A piece of `chunk` simulations took so long."""
        if seconds < _CHUNK_SECONDS / 2:
            self.chunk *= 64 if seconds < _CHUNK_SECONDS / 128 and self.chunk < 4096 else 2
        elif seconds > 2 * _CHUNK_SECONDS and self.chunk > 1:
            self.chunk = max(1, int(self.chunk * _CHUNK_SECONDS / seconds))


def spend(
    budget: Budget,
    work: Callable[[int, Spent], object],
    pace: Pace,
    progress: Callable[[Spent], Any] | None = None,
    over: Callable[[Spent], str | None] | None = None,
) -> tuple[Spent, str]:
    """Work until `budget` is spent: what was spent, and the limit that stopped it, or "interrupted" by Ctrl-C.

    work(n, spent): makes about n simulations, so many that it takes some milliseconds, and writes what is spent but for
    the seconds. pace: gives their number, and is kept by a search from one call to the next. progress: called after
    every piece. over(spent): why to stop, or None; by default the budget's limits.
    """
    started, spent, stopped_by = time.perf_counter(), Spent(), None
    over = budget.reached if over is None else over
    try:
        while stopped_by is None:
            before = time.perf_counter()
            work(pace.chunk, spent)
            now = time.perf_counter()
            spent.seconds = now - started
            pace.learn(now - before)
            if progress is not None:
                progress(spent)
            stopped_by = over(spent)
    except KeyboardInterrupt:
        stopped_by = "interrupted"
        spent.seconds = time.perf_counter() - started
    return spent, stopped_by
