"""The loop around every search and every solver: work in pieces of some milliseconds until something ends it.

Compiled code does the work. After each piece this loop looks at Ctrl-C, at the seconds of the budget and at the
caller's token, asks a stop condition, reports progress and writes checkpoints. The work itself knows when its own
counts (simulations, nodes, iterations) are used up. See trees/mcts.py and regret/solver.py for the two kinds of work.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Protocol

from longthink.concurrency import CancelToken
from longthink.search.budget import Budget, Spent
from longthink.search.core import Watch

SEARCH_LIMITS = ("simulations", "nodes", "seconds")
"""The limits of a budget that a search of a tree or graph spends."""

_PIECE_SECONDS = 0.02

Progress = Callable[[Spent], Any]
"""Called with what is spent so far, after each piece of work."""


class Pace:
    """The number of simulations in one piece of a search, so that a piece takes a few milliseconds."""

    def __init__(self, first: int = 1) -> None:
        """first: simulations of the first piece; 1 if the time of a simulation is unknown."""
        self.count = first

    def learn(self, seconds: float) -> None:
        """Adapt to the `seconds` that a piece of `count` simulations took."""
        if seconds < _PIECE_SECONDS / 2:
            self.count *= 64 if seconds < _PIECE_SECONDS / 128 and self.count < 4096 else 2
        elif seconds > 2 * _PIECE_SECONDS and self.count > 1:
            self.count = max(1, int(self.count * _PIECE_SECONDS / seconds))


class Condition(Protocol):
    """A reason to stop that is not a limit of the budget. It is asked at fixed counts, so that runs can be repeated."""

    @property
    def look_at(self) -> int | None:
        """The number of simulations after which to ask next, which no piece of work passes; None: after each piece."""

    def met(self, spent: Spent) -> str | None:
        """Why to stop (a value of `stopped_by`), or None; sets the next `look_at`."""


def run(
    work: Callable[[int, Watch], str | None],
    measure: Callable[[Spent], None],
    budget: Budget,
    *,
    pace: Pace,
    condition: Condition | None = None,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
    save: Callable[[], object] | None = None,
    every: float = 60.0,
) -> tuple[Spent, str]:
    """Work until something ends it; return what was spent and the reason.

    The reason is what `work` or `condition` returned, or "seconds", "cancelled" or "interrupted" (Ctrl-C).

    work(n, watch): makes about n simulations, fewer if `watch` stops them, and returns why no more can be made, or
    None. measure(spent): writes what is spent, except the seconds. pace: sizes the pieces; a search keeps it between
    runs. save: writes a checkpoint: before the first piece, every `every` seconds, and at the end.
    """
    if save is not None:
        save()  # a place that cannot be written is an error before the work begins
    spent, stopped_by = Spent(), None
    started = saved = time.perf_counter()
    watch = Watch(None if budget.seconds is None else started + budget.seconds, cancel)
    try:
        while stopped_by is None:
            look_at = None if condition is None else condition.look_at
            count = pace.count if look_at is None else min(pace.count, look_at - spent.simulations)
            before = time.perf_counter()
            stopped_by = work(max(1, count), watch)
            now = time.perf_counter()
            pace.learn(now - before)
            measure(spent)
            spent.seconds = now - started
            if progress is not None:
                progress(spent)
            if stopped_by is None and watch.expired:
                stopped_by = "cancelled" if cancel is not None and cancel.cancelled else "seconds"
            if stopped_by is None and condition is not None and spent.simulations >= (look_at or 0):
                stopped_by = condition.met(spent)
            if stopped_by is None and save is not None and now - saved >= every:
                save()
                saved = time.perf_counter()
    except KeyboardInterrupt:
        stopped_by = "interrupted"
    measure(spent)
    spent.seconds = time.perf_counter() - started
    if save is not None:
        save()
    return spent, stopped_by
