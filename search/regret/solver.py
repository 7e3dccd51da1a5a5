"""What all solvers that iterate share: when a run ends, and its result. The loop is longthink/search/run.py."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from longthink.concurrency import CancelToken
from longthink.errors import ParameterError
from longthink.search.budget import Budget, Spent
from longthink.search.run import Pace, Progress, run
from longthink.validation import real_number, whole_number

if TYPE_CHECKING:
    from longthink.search.core import Watch


@dataclass(frozen=True)
class Exploitability:
    """Stop when the exploitability of the average strategy (NashConv over players) is at most `value`, in utilities."""

    value: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "value", real_number("Exploitability", self.value, 0))


@dataclass
class SolverResult:
    """What a run of a solver did.

    iterations: of this call. exploitability: in utilities, if the run had a target; after Ctrl-C or a cancelled token,
    the one computed last. stopped_by: "iterations", "exploitability", "seconds", "cancelled" or "interrupted"; for a
    linear programme "solved" or "seconds".
    """

    iterations: int
    exploitability: float | None
    spent: Spent
    stopped_by: str

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C ended the run; the average strategy so far is complete."""
        return self.stopped_by == "interrupted"


class _Target:
    """The condition that a run has reached an exploitability.

    It is computed after growing numbers of iterations, so that it takes a small share of the time.
    """

    def __init__(self, until: Exploitability, exploitability: Callable[[], float]) -> None:
        self._until, self._exploitability = until, exploitability
        self.look_at = 1
        self.found: float | None = None

    def reached(self) -> bool:
        self.found = self._exploitability()
        return self.found <= self._until.value

    def met(self, spent: Spent) -> str | None:
        self.look_at = max(self.look_at + 1, self.look_at + self.look_at // 8)
        return "exploitability" if self.reached() else None


def run_solver(
    name: str,
    iterate: Callable[[int, Watch], str | None],
    made: Callable[[], int],
    exploitability: Callable[[], float],
    save: Callable[[], object] | None = None,
    *,
    iterations: int | None,
    until: Exploitability | None,
    budget: Budget | None,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
    every: float = 60.0,
) -> SolverResult:
    """Iterate until the first limit is reached; return what was done.

    name: of the solver, for errors. iterate(n, watch): makes up to n iterations, fewer if `watch` stops them, and
    returns why no more can be made, or None. made(): all iterations of the solver so far. save: see
    `longthink.search.run`.

    Raises `ParameterError` without a limit, or for a limit that solvers do not spend.
    """
    budget = Budget() if budget is None else budget
    for limit, _ in budget.limits():
        if limit not in ("simulations", "seconds"):
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
    end = made() + min((n for n in (iterations, budget.simulations) if n is not None), default=2**62)
    first, target = made(), None if until is None else _Target(until, exploitability)

    def work(count: int, watch: Watch) -> str | None:
        return iterate(min(count, end - made()), watch) or ("iterations" if made() >= end else None)

    def measure(spent: Spent) -> None:
        spent.simulations = made() - first

    spent, stopped_by = run(
        work,
        measure,
        budget,
        pace=Pace(),
        condition=target,
        progress=progress,
        cancel=cancel,
        save=save,
        every=every,
    )
    if target is not None and stopped_by in ("iterations", "seconds") and target.reached():
        stopped_by = "exploitability"
    return SolverResult(spent.simulations, None if target is None else target.found, spent, stopped_by)
