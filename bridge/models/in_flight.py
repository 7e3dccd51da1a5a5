"""Requests in progress: equal requests at the same time are made once, and all callers get the same answer."""

from __future__ import annotations

import functools
import threading
from collections.abc import Hashable
from concurrent.futures import Future
from dataclasses import dataclass, field, replace

from longthink.bridge.models.model import Completion

Answer = Future[list[Completion]]


@dataclass
class Flight:
    """A request in progress: who waits for it, and what was started for it."""

    key: Hashable
    waiting: list[Answer] = field(default_factory=list)
    begun: Answer | None = None
    abandoned: bool = False


class InFlight:
    """The requests in progress, by key. A request that nobody waits for any more is cancelled."""

    def __init__(self) -> None:
        self._flights: dict[Hashable, Flight] = {}
        self._lock = threading.Lock()

    def join(self, key: Hashable) -> tuple[Answer, Flight | None]:
        """A future of the answer and, for the first caller, the flight that the caller must start."""
        answer = Answer()
        with self._lock:
            flight = self._flights.get(key)
            first = flight is None
            if flight is None:
                flight = self._flights[key] = Flight(key)
            flight.waiting.append(answer)
        answer.add_done_callback(functools.partial(self._left, flight))
        return answer, flight if first else None

    def begun(self, flight: Flight, asking: Answer) -> None:
        """The request was started as `asking`, which is cancelled if all callers have cancelled."""
        with self._lock:
            flight.begun = asking
            abandoned = flight.abandoned
        if abandoned:
            asking.cancel()

    def land(self, flight: Flight, completions: list[Completion]) -> None:
        """Give the answer to all callers. The first has paid for it; for the others it counts as cached."""
        for answer in self._leave(flight):
            if answer.set_running_or_notify_cancel():
                answer.set_result(completions)
                completions = [replace(completion, cached=True) for completion in completions]

    def fail(self, flight: Flight, error: BaseException) -> None:
        """Give the error to all callers."""
        for answer in self._leave(flight):
            if answer.set_running_or_notify_cancel():
                answer.set_exception(error)

    def _leave(self, flight: Flight) -> list[Answer]:
        with self._lock:
            if self._flights.get(flight.key) is flight:
                del self._flights[flight.key]
            return flight.waiting

    def _left(self, flight: Flight, answer: Answer) -> None:
        if not answer.cancelled():
            return
        with self._lock:
            flight.abandoned = all(each.cancelled() for each in flight.waiting)
            if flight.abandoned and self._flights.get(flight.key) is flight:
                del self._flights[flight.key]
            begun = flight.begun if flight.abandoned else None
        if begun is not None:
            begun.cancel()
