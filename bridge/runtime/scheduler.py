"""`Scheduler`: runs the jobs of a method on the slots of a model. It owns the loop.

One thread interleaves as many jobs as the model has slots, and no job waits for another. So one loop serves a model
in this process and sixteen slots of a server. `step` does one thing at a time: so `think_all` takes turns between
sessions, and a session can be pickled between two steps.
"""

from __future__ import annotations

import math
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from longthink.bridge.models.model import Answered, Completion, Model, Request, cost_of
from longthink.bridge.models.work import Work, the_model
from longthink.bridge.runtime.jobs import Job
from longthink.errors import ModelError
from longthink.search.budget import Spent

if TYPE_CHECKING:
    from longthink.bridge.runtime.session import Session

_NOTHING = Spent()
_PATIENCE = 1_000  # requests of a job that get None before the scheduler gives it up

Completions: TypeAlias = list[Completion]
Wait: TypeAlias = Literal["answer", "room", "turn", "end"]
"""What a scheduler waits for: an answer; room in the budget and in the slots, which other sessions use now; or its
turn, without which it starts no new job. "end": nothing is left to do."""


@dataclass(eq=False, slots=True)
class _Running:
    """A job that runs: its requests so far are answered by `answers`, and `request` is the next one."""

    job: Job
    model: Model | None
    work: Work[Any]
    answers: list[Completions] = field(default_factory=list)
    request: Request | None = None
    number: int = 0  # of the request, in the trace log
    known: float | None = None  # the share of the prompt that was sent before, once the request was sent

    def send(self, completions: Completions | None) -> None:
        """Go on to the next request. Raises `StopIteration` with the result."""
        self.request, self.known = self.work.send(completions), None
        if completions is not None:
            self.answers.append(completions)


class Scheduler:
    """Runs up to `model.slots` jobs at once and keeps every limit of the budget.

    A request is sent only if the budget still has room after the most that all requests in flight may cost. So a limit
    is exceeded by the cost of one answer at most. After `over` is set, or when the session says stop, or after an error
    of the model, the method or a job, nothing more is asked; answers in flight are waited for and end their jobs.
    `failure` is the first error.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self.received: deque[Future[Completions]] = deque()
        self.over = False
        self.failure: Exception | None = None
        self._slots = math.inf  # of the model that the last job asks
        self._running: dict[Future[Completions], _Running] = {}
        self._held: deque[_Running] = deque()  # there is no room for their next requests yet

    def advance(self) -> Wait:
        """Work until there is something to wait for."""
        while True:
            try:
                while (state := self._step()) == "step":
                    pass
                return state
            except Exception as error:
                self._fail(error)

    def step(self) -> Wait | Literal["step"]:
        """Do one thing, or return what to wait for."""
        try:
            return self._step()
        except Exception as error:
            self._fail(error)
            return "step"

    def cancel(self) -> None:
        """Cancel the requests in flight; their answers are lost."""
        for future in self._running:
            future.cancel()

    def _step(self) -> Wait | Literal["step"]:
        session = self.session
        if not session.begun:
            session.begin()
        ending = self.over or session.stop()
        if self._held and not self._may_ask():
            self._settle(self._held.popleft())
        elif self.received:
            self._take(self.received.popleft())
        elif self._held and self._room(self._held[0]):
            self._send(self._held.popleft())
        elif not (ending or self._held or session.turns):
            return "turn"
        elif not (ending or self._held or self._full()) and (job := session.method.ask()) is not None:
            session.turns -= 1
            self._go_on(self._start(job), None)
        elif self._running:
            return "answer"
        elif self._held:
            return "room"
        else:
            return "end"
        return "step"

    def _start(self, job: Job) -> _Running:
        model = job.model(self.session)
        self._slots = 1 if model is None else model.slots
        return _Running(job, model, job.work(self.session))

    def _go_on(self, running: _Running, completions: Completions | None) -> None:
        """Send a job its completions, then its next request; if the job is done, start the one that continues it."""
        while True:
            try:
                running.send(completions)
                break
            except StopIteration as done:
                job = self.session.method.tell(running.job, done.value)
                if job is None:
                    return
                running, completions = self._start(job), None
        if not self._may_ask():
            self._settle(running)
        elif self._room(running):
            self._send(running)
        else:
            self._held.append(running)

    def _settle(self, running: _Running) -> None:
        """Let a job end with what it has: its requests get None from now on."""
        for _ in range(_PATIENCE):
            try:
                running.send(None)
            except StopIteration as done:
                job = self.session.method.tell(running.job, done.value)
                if job is None:
                    return
                running = self._start(job)
        running.work.close()
        self.session.method.tell(running.job, None)

    def _may_ask(self) -> bool:
        return not self.over and self.session.affords()

    def _full(self) -> bool:
        return len(self.session.in_flight) >= self._slots

    def _room(self, running: _Running) -> bool:
        """Whether a slot is free, and the budget has room for one more request."""
        in_flight = self.session.in_flight
        return not in_flight or (not self._full() and self.session.affords(in_flight.reserved))

    def _send(self, running: _Running) -> None:
        session, request = self.session, running.request
        assert request is not None
        model = the_model(running.model)
        most = model.most(request) if model.slots > 1 else _NOTHING
        if session.log is not None:
            running.number = session.log.asked(request)
        if running.known is None:
            running.known = session.in_flight.known(model, request)
        future = model.submit(request, session.account.deadline())
        self._running[future] = running
        session.in_flight.add(self, future, most)

    def _take(self, future: Future[Completions]) -> None:
        """Take an answer, and go on with its job."""
        running, session = self._running.pop(future), self.session
        try:
            completions = future.result()
        except Exception as error:
            if isinstance(error, ModelError) and error.spent is not None:
                session.spend(error.spent)
            self._fail(error)
            self._settle(running)
            return
        cost = cost_of(completions, running.known or 0.0)
        session.spend(cost)
        if session.log is not None:
            session.log.answered(running.number, completions, cost)
        if "cut off" in [completion.finish for completion in completions]:
            self._settle(running)
        else:
            self._go_on(running, completions)

    def _fail(self, error: Exception) -> None:
        self.failure, self.over = self.failure or error, True

    # ---- Pickles ----

    def __getstate__(self) -> dict[str, Any]:
        """Without generators and futures: a job is kept with the answers it has, and its open request is sent again."""
        jobs: list[tuple[Job, list[Completions], float | None, Completions | None]] = []
        for future, running in self._running.items():
            answer = future.result() if future.done() and future.exception() is None else None
            jobs.append((running.job, running.answers, running.known, answer))
        jobs += [(running.job, running.answers, running.known, None) for running in self._held]
        return {
            "session": self.session,
            "over": self.over,
            "failure": self.failure,
            "slots": self._slots,
            "jobs": jobs,
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.session = state["session"]
        self.received, self._running, self._held = deque(), {}, deque()
        self.over, self.failure, self._slots = state["over"], state["failure"], state["slots"]
        self._saved = state["jobs"]

    def restore(self) -> None:
        """Continue the jobs of a pickled session: repeat their requests, with the answers that are known."""
        for job, answers, known, answer in self._saved:
            running = _Running(job, job.model(self.session), job.work(self.session))
            for completions in (None, *answers):
                running.send(completions)
            running.known = known
            if answer is None:
                self._held.append(running)
            else:
                future = Answered(answer)
                self._running[future] = running
                self.received.append(future)
        del self._saved
