"""The loop around a solver that iterates: until what, how often to look, when to write a checkpoint, and Ctrl-C."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from longthink.errors import ParameterError
from longthink.search.budget import Budget, Spent
from longthink.search.core import Watch
from longthink.search.regret.variants import Exploitability
from longthink.validation import real_number, whole_number

_CHUNK_SECONDS = 0.02


@dataclass
class CFRResult:
    """What a run of regret minimisation did: iterations of this call, exploitability if it was asked for (after Ctrl-C
    the one last looked at), what was spent.

    stopped_by: "iterations", "exploitability", "seconds" or "interrupted"."""

    iterations: int
    exploitability: float | None
    spent: Spent
    stopped_by: str

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C ended the run early; the average strategy so far is whole."""
        return self.stopped_by == "interrupted"


def run_iterations(
    name: str,
    iterate: Callable[[int, Watch], str | None],
    made: Callable[[], int],
    exploitability: Callable[[], float],
    save: Callable[[], object] | None = None,
    *,
    iterations: int | None,
    until: Exploitability | None,
    budget: Budget | None,
    progress: Callable[[Spent], Any] | None,
    every: float = 60.0,
) -> CFRResult:
    """Iterate until the first limit is reached, and say what was done.

    name: of the solver, for errors. iterate(n, watch): makes up to n iterations, fewer if the watch stops them, and
    gives why no more can be made, or None.
    made(): how many were made in all. exploitability(): of what was found; looked at after growing numbers of
    iterations, so that looking takes a small share of the time. save(): writes a checkpoint, before the first
    iteration, every `every` seconds and at the end.

    Raises `ParameterError` where there is no limit, or one that is not spent here.
    """
    budget = Budget() if budget is None else budget
    for limit in ("nodes", "tokens", "calls", "money"):
        if getattr(budget, limit) is not None:
            raise ParameterError(f"{name}.run spends seconds and simulations (iterations), not {limit}")
    if iterations is not None:
        iterations = whole_number("iterations", iterations, 1)
    if until is not None and not isinstance(until, Exploitability):
        raise ParameterError(f"until expects Exploitability(...), got {until!r}")
    every = real_number("every", every, 0)
    if iterations is None and until is None and budget == Budget():
        raise ParameterError(
            f"{name}.run needs a limit: iterations=..., until=Exploitability(...) or budget=Budget(seconds=...)"
        )
    if save is not None:
        save()  # a place that cannot be written is an error before the work begins
    limits = [n for n in (iterations, budget.simulations) if n is not None]
    most = min(limits) if limits else 2**62
    spent, found, chunk, look_at, first = Spent(), None, 1, 1, made()
    started = saved = time.perf_counter()
    watch = Watch(None if budget.seconds is None else started + budget.seconds)
    stopped_by: str | None = None
    try:
        while stopped_by is None:
            wanted = min(chunk, most - spent.simulations)
            if until is not None:
                wanted = min(wanted, look_at - spent.simulations)
            before = time.perf_counter()
            stopped_by = iterate(wanted, watch)
            now = time.perf_counter()
            spent.simulations, spent.seconds = made() - first, now - started
            if now - before < _CHUNK_SECONDS / 2:
                chunk *= 2
            elif now - before > 2 * _CHUNK_SECONDS and chunk > 1:
                chunk //= 2
            if until is not None and spent.simulations >= look_at:
                found = exploitability()
                look_at = max(look_at + 1, look_at + look_at // 8)
                if found <= until.value:
                    stopped_by = "exploitability"
            if stopped_by is None and spent.simulations >= most:
                stopped_by = "iterations"
            if stopped_by is None and budget.seconds is not None and spent.seconds >= budget.seconds:
                stopped_by = "seconds"
            if save is not None and stopped_by is None and now - saved >= every:
                save()
                saved = time.perf_counter()
            if progress is not None:
                progress(spent)
    except KeyboardInterrupt:
        stopped_by = "interrupted"
    spent.simulations, spent.seconds = made() - first, time.perf_counter() - started
    if save is not None:
        save()
    if until is not None and stopped_by not in ("exploitability", "interrupted"):
        found = exploitability()
    return CFRResult(spent.simulations, found, spent, stopped_by)
