"""Work: thinking that asks a model now and then, and the loop that keeps the model's slots full with it.

A piece of work is a generator. It yields a `Request` and is sent what came of it, or None where the budget is over:
then it returns what it has, and whatever else it asks for is answered by None, too. So one thread interleaves as much
work as the model has slots, no piece waits for another, and one loop serves a model in this process and sixteen slots
of a server.

The loop itself is a generator, too: it yields where it has nothing to do until an answer comes. So a whole piece of
thinking is taken in `Turns`, by `finish` where it is alone, and beside others by `think_all`.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Generator
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, Literal, Protocol, TypeAlias, TypeVar

from longthink.bridge.models.model import Completion, Model, Request, cost_of
from longthink.bridge.models.prompt_memory import PromptMemory
from longthink.bridge.traces.log import TraceLog
from longthink.errors import ModelError
from longthink.search.budget import Spent

T = TypeVar("T")
_NOTHING = Spent()
_PATIENCE = 1_000  # requests of a piece of work that are answered by None before it is given up
Work: TypeAlias = Generator[Request, "list[Completion] | None", T]
Turns: TypeAlias = Generator[Literal["answer", "room", "turn"], None, None]
"""Thinking that yields what it waits for: an answer to what it asked, room in the budget and the model's slots, which
others take up, or a turn, without which it begins nothing new."""


def do(work: Work[T], model: Model | None) -> tuple[T, Spent]:
    """One piece of work from beginning to end, and what it cost."""
    spent, answer = Spent(), None
    try:
        while True:
            answer = the_model(model).in_turn(work.send(answer))
            spent += cost_of(answer)
    except StopIteration as done:
        return done.value, spent


def finish(turns: Turns, desk: Desk) -> None:
    """Take all the turns of thinking that is alone at its desk. Ctrl-C reaches it wherever it is."""
    try:
        for _ in turns:
            desk.receive()
    except KeyboardInterrupt as interrupt:
        turns.throw(interrupt)  # where it is at its end already, that is all
        raise


def the_model(model: Model | None) -> Model:
    """The model, or `ModelError` where work asks one and there is none."""
    if model is None:
        raise ModelError("this work asks a model, and there is none; think(task, load_model(), budget) gives one")
    return model


class Purse(Protocol):
    """What pays for work: `Thinking` is one."""

    turns: float
    """How many pieces of work may begin before others have their turn."""

    def stop(self) -> bool:
        """Whether to begin nothing more."""

    def affords(self, reserved: Spent) -> bool:
        """Whether there is something left for a request, once what is `reserved` has been spent too."""

    def spend(self, more: Spent) -> None:
        """Count what was spent."""

    def until(self) -> float | None:
        """When time is up, as `time.monotonic()` tells it."""


class Desk:
    """The requests that are under way, whosever they are, and the answers that have come."""

    def __init__(self) -> None:
        self._answered: SimpleQueue[Future[list[Completion]]] = SimpleQueue()
        self._under_way: dict[Future[list[Completion]], tuple[Workshop, Spent]] = {}
        self._prompts: defaultdict[Model, PromptMemory] = defaultdict(PromptMemory)

    def known(self, model: Model, request: Request) -> float:
        """The share of a prompt with which one sent from this desk begins as well, if the model remembers prompts."""
        return self._prompts[model].add(request.prompt) if model.remembers and not request.images else 0.0

    def __len__(self) -> int:
        return len(self._under_way)

    @property
    def reserved(self) -> Spent:
        """The most that all requests under way may cost."""
        reserved = Spent()
        for _, most in self._under_way.values():
            reserved += most
        return reserved

    def send(self, workshop: Workshop, future: Future[list[Completion]], most: Spent) -> None:
        """A request is under way; its answer goes to `workshop`."""
        self._under_way[future] = workshop, most
        future.add_done_callback(self._answered.put)

    def receive(self) -> Purse:
        """Wait for the next answer, lay it before whose it is, and give that one's purse."""
        future = self._answered.get()
        workshop, _ = self._under_way.pop(future)
        workshop.came.append(future)
        return workshop.purse


class Workshop:
    """Keeps up to `model.slots` pieces of work under way, and every limit of the purse.

    A request is made only where the most that all requests under way may cost leaves room in the budget, so that a
    limit is passed by what one answer takes and no more. When the purse says stop, at Ctrl-C, and after an error (of
    the model, of a piece of work, or of what begins and ends them) nothing more is asked; what was asked, and so is
    paid for, is waited for and ends its piece of work. Then the first error is raised. A second Ctrl-C does not wait.
    log: is told every request and what came of it. desk: where its requests lie, those of others among them.
    """

    def __init__(self, purse: Purse, model: Model | None, log: TraceLog | None, desk: Desk) -> None:
        self.purse, self._model, self._log, self._desk = purse, model, log, desk
        self.came: deque[Future[list[Completion]]] = deque()
        self._slots = 1 if model is None else model.slots
        self._under_way: dict[Future[list[Completion]], tuple[Any, Work[Any], int, float]] = {}
        self._held: deque[tuple[Any, Work[Any], Request]] = deque()  # no room for them yet
        self._over = False
        self._failure: Exception | None = None

    def run(self, begin: Callable[[], tuple[Any, Work[T]] | None], end: Callable[[Any, T | None], None]) -> Turns:
        """Work until the purse says stop or there is nothing left to do.

        begin: gives a new piece of work and a key for it, or None where there is none to begin now. end: is given the
        key and what the work returned, None where the budget was over and it would not end.
        """
        self._end = end
        try:
            yield from self._loop(begin)
        except KeyboardInterrupt:
            self._over = True
            for _ in self._loop(begin):
                self._desk.receive()
            raise
        finally:
            for future in self._under_way:
                future.cancel()
        if self._failure:
            raise self._failure

    def _loop(self, begin: Callable[[], tuple[Any, Work[Any]] | None]) -> Turns:
        while True:
            try:
                next_is = self._step(begin)
            except Exception as error:
                self._failure, self._over = self._failure or error, True
                continue
            if next_is == "end":
                break
            if next_is != "step":
                yield next_is

    def _step(
        self, begin: Callable[[], tuple[Any, Work[Any]] | None]
    ) -> Literal["step", "answer", "room", "turn", "end"]:
        """Do one thing, or say what has to be waited for."""
        ending = self._over or self.purse.stop()
        if self._held and not self._may_ask():
            key, work, _ = self._held.popleft()
            self._finish(key, work)
        elif self.came:
            self._take(self.came.popleft())
        elif self._held and self._room():
            self._send(*self._held.popleft())
        elif not (ending or self._held or self.purse.turns):
            return "turn"
        elif not (ending or self._held or self._full()) and (begun := begin()) is not None:
            self.purse.turns -= 1
            self._go_on(*begun, None)
        elif self._under_way:
            return "answer"
        elif self._held:
            return "room"
        else:
            return "end"
        return "step"

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
            for _ in range(_PATIENCE):
                work.send(None)
            work.close()
            self._end(key, None)
        except StopIteration as done:
            self._end(key, done.value)

    def _may_ask(self) -> bool:
        return not self._over and self.purse.affords(_NOTHING)

    def _full(self) -> bool:
        return len(self._desk) >= self._slots

    def _room(self) -> bool:
        """Whether a slot is free, and the budget bears one more request, whatever those under way cost."""
        return not self._desk or (not self._full() and self.purse.affords(self._desk.reserved))

    def _send(self, key: Any, work: Work[Any], request: Request) -> None:
        model = the_model(self._model)
        most = model.most(request) if self._slots > 1 else Spent()
        number = 0 if self._log is None else self._log.asked(request)
        known = self._desk.known(model, request)
        future = model.submit(request, self.purse.until())
        self._under_way[future] = key, work, number, known
        self._desk.send(self, future, most)

    def _take(self, future: Future[list[Completion]]) -> None:
        """Take an answer, and go on with its work."""
        key, work, number, known = self._under_way.pop(future)
        try:
            answer = future.result()
        except Exception as error:
            if isinstance(error, ModelError) and error.spent is not None:
                self.purse.spend(error.spent)
            self._failure, self._over = self._failure or error, True
            self._finish(key, work)
            return
        cost = cost_of(answer, known)
        self.purse.spend(cost)
        if self._log is not None:
            self._log.answered(number, answer, cost)
        if any(completion.finish == "cut off" for completion in answer):
            self._finish(key, work)
        else:
            self._go_on(key, work, answer)
