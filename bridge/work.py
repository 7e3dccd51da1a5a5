"""Work: thinking that asks a model now and then, and the loop that keeps the model's slots full with it.

A piece of work is a generator. It yields a `Request` and is sent what came of it, or None where the budget is over:
then it returns what it has. So one thread interleaves as much work as the model has slots, no piece waits for another,
and one loop serves a model in this process and sixteen slots of a server.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, Protocol, TypeAlias, TypeVar

from longthink.bridge.model import Completion, Model, Request, cost_of
from longthink.bridge.trace_log import TraceLog
from longthink.errors import ModelError
from longthink.search.budget import Spent

T = TypeVar("T")
_NOTHING = Spent()
Work: TypeAlias = Generator[Request, "list[Completion] | None", T]


def do(work: Work[T], model: Model | None) -> tuple[T, Spent]:
    """One piece of work from beginning to end, and what it cost."""
    spent, answer = Spent(), None
    try:
        while True:
            answer = the_model(model).answer(work.send(answer))
            spent += cost_of(answer)
    except StopIteration as done:
        return done.value, spent


def the_model(model: Model | None) -> Model:
    """The model, or `ModelError` where work asks one and there is none."""
    if model is None:
        raise ModelError("this work asks a model, and there is none; think(task, load_model(), budget) gives one")
    return model


class Purse(Protocol):
    """What pays for work: `Thinking` is one."""

    def stop(self) -> bool:
        """Whether to begin nothing more."""

    def affords(self, reserved: Spent) -> bool:
        """Whether there is something left for a request, once what is `reserved` has been spent too."""

    def spend(self, more: Spent) -> None:
        """Count what was spent."""

    def until(self) -> float | None:
        """When time is up, as `time.monotonic()` tells it."""


class Workshop:
    """Keeps up to `model.slots` pieces of work under way, and every limit of the purse.

    A request is made only where the most that all requests under way may cost leaves room in the budget, so that a
    limit is passed by what one answer takes and no more. When the purse says stop, when the model fails, and at Ctrl-C
    nothing more is asked; what was asked, and so is paid for, is waited for and ends its piece of work. A second
    Ctrl-C does not wait. log: is told every request and what came of it.
    """

    def __init__(self, purse: Purse, model: Model | None, log: TraceLog | None = None) -> None:
        self._purse, self._model, self._log = purse, model, log
        self._slots = 1 if model is None else model.slots
        self._answered: SimpleQueue[Future[list[Completion]]] = SimpleQueue()
        self._under_way: dict[Future[list[Completion]], tuple[Any, Work[Any], Spent, int]] = {}
        self._held: deque[tuple[Any, Work[Any], Request]] = deque()  # no room in the budget yet
        self._over = False
        self._failure: Exception | None = None

    def run(self, begin: Callable[[], tuple[Any, Work[T]] | None], end: Callable[[Any, T | None], None]) -> None:
        """Work until the purse says stop or there is nothing left to do.

        begin: gives a new piece of work and a key for it, or None where there is none to begin now. end: is given the
        key and what the work returned, None where the budget was over and it would not end.
        """
        self._end = end
        try:
            self._loop(begin)
        except KeyboardInterrupt:
            self._over = True
            self._loop(begin)
            raise
        finally:
            for future in self._under_way:
                future.cancel()
        if self._failure:
            raise self._failure

    def _loop(self, begin: Callable[[], tuple[Any, Work[Any]] | None]) -> None:
        while True:
            ending = self._over or self._purse.stop()
            if self._held and not self._may_ask():
                key, work, _ = self._held.popleft()
                self._finish(key, work)
            elif self._held and self._room():
                self._send(*self._held.popleft())
            elif not (ending or self._held or len(self._under_way) == self._slots) and (begun := begin()) is not None:
                self._go_on(*begun, None)
            elif self._under_way:
                self._receive()
            elif not self._held:
                break

    def _go_on(self, key: Any, work: Work[Any], answer: list[Completion] | None) -> None:
        """Let a piece of work take an answer, and ask or end."""
        try:
            request = work.send(answer)
        except StopIteration as done:
            self._end(key, done.value)
            return
        if not self._may_ask():
            self._finish(key, work)
        elif self._room():
            self._send(key, work, request)
        else:
            self._held.append((key, work, request))

    def _finish(self, key: Any, work: Work[Any]) -> None:
        """Let a piece of work end with what it has."""
        try:
            work.send(None)
            work.close()
            self._end(key, None)
        except StopIteration as done:
            self._end(key, done.value)

    def _may_ask(self) -> bool:
        return not self._over and self._purse.affords(_NOTHING)

    def _room(self) -> bool:
        """Whether the budget bears one more request, whatever those under way cost."""
        if not self._under_way:
            return True
        reserved = Spent()
        for _, _, most, _ in self._under_way.values():
            reserved += most
        return self._purse.affords(reserved)

    def _send(self, key: Any, work: Work[Any], request: Request) -> None:
        model = the_model(self._model)
        most = model.most(request) if self._slots > 1 else Spent()
        number = 0 if self._log is None else self._log.asked(request)
        future = model.submit(request, self._purse.until())
        self._under_way[future] = (key, work, most, number)
        future.add_done_callback(self._answered.put)

    def _receive(self) -> None:
        """Wait for the next answer, whosever it is, and go on with its work."""
        future = self._answered.get()
        key, work, _, number = self._under_way.pop(future)
        try:
            answer = future.result()
        except Exception as error:
            self._failure, self._over = self._failure or error, True
            self._finish(key, work)
            return
        self._purse.spend(cost_of(answer))
        if self._log is not None:
            self._log.answered(number, answer)
        if any(completion.finish == "cut off" for completion in answer):
            self._finish(key, work)
        else:
            self._go_on(key, work, answer)
