"""`Account`: what a session may spend, what it has spent, and the clock that counts its seconds."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from longthink.search.budget import Budget, Spent

_NOTHING = Spent()


class Account:
    """The account of one session. Several sessions may share a budget: then each knows what the others have spent.

    spent: of this session. others: what was spent of the same budget elsewhere.
    """

    def __init__(self, budget: Budget, spent: Spent | None = None) -> None:
        self.budget, self.spent = budget, Spent() if spent is None else replace(spent)
        self.resume(time.monotonic(), Spent())

    def resume(self, now: float, others: Spent) -> None:
        """Start the clock at the time `now` of `time.monotonic()`; others have spent `others` by then."""
        self._began, self.others = now - self.spent.seconds, others
        self._limits = [(name, limit - getattr(others, name)) for name, limit in self.budget.limits()]
        self._request_limits = [each for each in self._limits if each[0] not in ("simulations", "nodes")]

    def __getstate__(self) -> dict[str, Any]:
        return {"budget": self.budget, "spent": self.spent, "others": self.others}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self.resume(time.monotonic(), self.others)

    def paused_at(self) -> float:
        """The time of `time.monotonic()` up to which this session's seconds are counted."""
        return self._began + self.spent.seconds

    def tick(self) -> None:
        """Count the seconds up to now."""
        self.spent.seconds = time.monotonic() - self._began

    def spend(self, more: Spent) -> None:
        self.spent += more
        self.tick()

    def reached(self) -> str | None:
        """The name of the first limit that is reached, or None."""
        for name, limit in self._limits:
            if getattr(self.spent, name) >= limit:
                return name
        return None

    def affords(self, reserved: Spent = _NOTHING) -> bool:
        """Whether something is left for a request after `reserved` is spent, too."""
        for name, limit in self._request_limits:  # noqa: SIM110  # `all` takes twice the time
            if getattr(self.spent, name) + getattr(reserved, name) >= limit:
                return False
        return True

    def deadline(self) -> float | None:
        """The time of `time.monotonic()` at which the budget of seconds is over, or None."""
        return None if self.budget.seconds is None else self._began + self.budget.seconds - self.others.seconds
