"""When a tree search may stop early: as soon as the rest of its budget cannot change the most visited action."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from longthink.search.budget import Budget, Spent


def decided(visits: Sequence[int] | NDArray[np.int64], remaining: float) -> bool:
    """Whether `remaining` more simulations cannot make another action the most visited one."""
    if len(visits) < 2:
        return len(visits) == 1
    second, first = sorted(int(v) for v in visits)[-2:]
    return first - second > remaining


class EarlyStop:
    """A condition of `longthink.search.run`: stop if the most visited action of the root is decided.

    It is looked at every 1/64 of the simulations of the budget; without a limit of simulations, after every piece, with
    the remaining simulations estimated from the speed so far.
    """

    def __init__(self, budget: Budget, trees: int, visits: Callable[[], NDArray[np.int64]]) -> None:
        """trees: that share the simulations. visits(): of the root's actions that may still become the best, `[A]`."""
        self._budget, self._visits = budget, visits
        self._step = 0 if budget.simulations is None else max(64, budget.simulations // (64 * trees)) * trees
        self.look_at = None if budget.simulations is None else self._step

    def met(self, spent: Spent) -> str | None:
        if self.look_at is not None:
            self.look_at += self._step
        visits = self._visits()
        return "decided" if len(visits) > 1 and decided(visits, self._remaining(spent)) else None

    def _remaining(self, spent: Spent) -> float:
        remaining = math.inf
        if self._budget.simulations is not None:
            remaining = self._budget.simulations - spent.simulations
        if self._budget.seconds is not None:
            seconds = self._budget.seconds - spent.seconds
            remaining = min(remaining, seconds * spent.simulations / max(spent.seconds, 1e-9))
        return remaining
