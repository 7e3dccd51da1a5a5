"""The common part of iterative solvers: the end of a run, its result, checkpoints, and strategy values.

A solver subclasses `Solver`, or `TreeSolver` (tree_solver.py) if it works on an unrolled game. The loop around its
iterations is longthink/search/run.py.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from longthink.concurrency import CancelToken, ExclusiveUse, not_picklable
from longthink.errors import MemoryLimitError, ParameterError
from longthink.games.core import Game
from longthink.search.budget import Budget, Spent
from longthink.search.core import GameTree, Watch
from longthink.search.regret import checkpoint as checkpoints
from longthink.search.regret.policy import Policy
from longthink.search.run import Pace, Progress, run
from longthink.validation import real_number, whole_number

Path = str | os.PathLike[str]
Arrays = Mapping[str, NDArray[Any]]


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
    linear program "solved" or "seconds".
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


class Solver:
    """A solver that iterates. A subclass has `game`, `_exclusive`, `tree` and the methods that raise here."""

    game: Game
    _exclusive: ExclusiveUse
    _own: ClassVar[tuple[str, ...]]
    """The entries of `_meta` that a checkpoint must share with the solver that loads it."""

    @property
    def tree(self) -> GameTree:
        """The unrolled game, for policies and exploitabilities."""
        raise NotImplementedError

    @property
    def iterations(self) -> int:
        """Complete iterations so far."""
        raise NotImplementedError

    def average_strategy(self) -> NDArray[np.float64]:
        """The average strategy over the sequences of `tree`, `[S]`; uniform in states that play never reached."""
        raise NotImplementedError

    def _iterate(self, count: int, watch: Watch) -> str | None:
        """Make up to `count` iterations, fewer if `watch` stops them; return "memory" if no more can be made."""
        raise NotImplementedError

    def _meta(self) -> dict[str, Any]:
        """What a checkpoint says about the solver, as plain values, with `iterations`."""
        raise NotImplementedError

    def _arrays(self) -> Arrays:
        """The arrays of a checkpoint, after complete iterations."""
        raise NotImplementedError

    def _restore(self, path: Path, iterations: int, arrays: Arrays) -> None:
        """Continue from the arrays of a checkpoint. Raises `CheckpointError`; the solver stays as it is."""
        raise NotImplementedError

    def __reduce__(self) -> str:
        raise not_picklable(self, "use save(path) and load(path), or its average_policy()")

    # ---- Run ----

    def run(
        self,
        iterations: int | None = None,
        *,
        until: Exploitability | None = None,
        budget: Budget | None = None,
        progress: Progress | None = None,
        cancel: CancelToken | None = None,
        checkpoint: Path | None = None,
        every: float = 60.0,
    ) -> SolverResult:
        """Iterate until the first limit is reached: `iterations` more, `until` an `Exploitability`, or `budget`
        (seconds; or simulations, which are iterations). A later run continues where this one ended.

        Exploitability is computed after growing numbers of iterations, so that it takes a small share of the time; it
        needs a game that can be unrolled. Ctrl-C, `cancel` and the seconds also end long iterations: the next run of
        `CFR` continues in the middle of the iteration, with the same bits; `MCCFR` drops an iteration that took longer
        than a quarter of a second and keeps what it learned (so such a run cannot be repeated in the same bits).
        progress: called some times a second with the `Spent` so far. checkpoint: a path that `save` writes to at once,
        every `every` seconds, and at the end; `load` continues from it.

        Raises `ParameterError` without a limit, or for a limit that solvers do not spend; `MemoryLimitError` if the
        memory is full (what was learned is complete, and saved); `GameError` if the rules break; `CheckpointError`
        before the first iteration, if the path holds something else or a later state; `ConcurrentUseError`.
        """
        name, budget = type(self).__name__, Budget() if budget is None else budget
        with self._exclusive:
            if checkpoint is not None:
                checkpoints.check_place(checkpoint, name, self._meta(), (*self._own, *self._reproduces))
            most = _most_iterations(name, iterations, until, budget)
            first, target = self.iterations, None if until is None else _Target(until, self.exploitability)

            def work(count: int, watch: Watch) -> str | None:
                reason = self._iterate(min(count, first + most - self.iterations), watch)
                return reason or ("iterations" if self.iterations >= first + most else None)

            def measure(spent: Spent) -> None:
                spent.simulations = self.iterations - first

            spent, stopped_by = run(
                work,
                measure,
                budget,
                pace=Pace(),
                condition=target,
                progress=progress,
                cancel=cancel,
                save=None if checkpoint is None else lambda: self.save(checkpoint),
                every=real_number("every", every, 0),
            )
            if target is not None and stopped_by in ("iterations", "seconds") and target.reached():
                stopped_by = "exploitability"
        if stopped_by == "memory":
            raise MemoryLimitError(self._memory_is_full())
        return SolverResult(spent.simulations, None if target is None else target.found, spent, stopped_by)

    _reproduces: ClassVar[tuple[str, ...]] = ()
    """Further entries of `_meta` that a checkpoint must share if a run may overwrite it."""

    def _memory_is_full(self) -> str:
        """The text of the error if `_iterate` returned "memory"."""
        raise NotImplementedError

    # ---- Checkpoints ----

    def save(self, path: Path) -> None:
        """Write a checkpoint, from which `load` continues with the same bits. An iteration that was stopped in its
        middle is completed first.

        Raises `CheckpointError` if it cannot be written; a file that was at `path` stays.
        """
        with self._exclusive:
            arrays = self._arrays()
            checkpoints.save(path, type(self).__name__, self._meta(), arrays)

    def load(self, path: Path) -> int:
        """Continue from a checkpoint of the same game and options; return its number of iterations.

        Raises `CheckpointError` if the file is missing, damaged, of another solver, or has numbers that this solver
        cannot have written; `MemoryLimitError` if it does not fit. Then the solver stays as it is.
        """
        with self._exclusive:
            meta, arrays = checkpoints.load(path, type(self).__name__)
            checkpoints.check_own(path, meta, self._meta(), self._own)
            iterations = checkpoints.iterations(path, meta)
            self._restore(path, iterations, arrays)
            return iterations

    # ---- What was found ----

    def average_policy(self) -> Policy:
        """The average strategy as a `Policy`: it approaches an equilibrium. The game must fit in memory."""
        return Policy.from_strategy(self.tree, self.average_strategy())

    def values(self) -> NDArray[np.float64]:
        """The expected payoff of every player if all play the average strategy: `[P]`, in utilities."""
        return self.tree.values(self.average_strategy())

    def nash_conv(self) -> float:
        """What all players together could gain by best responses to the average strategy, in utilities."""
        return self.tree.nash_conv(self.average_strategy())

    def exploitability(self) -> float:
        """NashConv over the number of players, as OpenSpiel defines it, in utilities."""
        return self.nash_conv() / int(self.game.num_players())


def _most_iterations(name: str, iterations: int | None, until: Exploitability | None, budget: Budget) -> int:
    """The number of iterations that a run makes at most. Raises `ParameterError`."""
    budget.check(f"{name}.run", ("simulations", "seconds"), needed=False)
    if iterations is not None:
        iterations = whole_number("iterations", iterations, 1)
    if until is not None and not isinstance(until, Exploitability):
        raise ParameterError(f"until expects Exploitability(...), got {until!r}")
    if iterations is None and until is None and budget == Budget():
        raise ParameterError(
            f"{name}.run needs a limit: iterations=..., until=Exploitability(...) or budget=Budget(seconds=...)"
        )
    return min((n for n in (iterations, budget.simulations) if n is not None), default=2**62)
