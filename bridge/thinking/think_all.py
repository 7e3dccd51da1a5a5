"""`think_all`: one budget for many tasks, given out job by job to the task that is expected to gain most from it."""

from __future__ import annotations

import heapq
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from longthink.bridge.methods.method import Method
from longthink.bridge.models.model import Model
from longthink.bridge.proposals.kinds.with_kinds import Kinds
from longthink.bridge.proposals.proposer import Proposer
from longthink.bridge.runtime.answer import Answer
from longthink.bridge.runtime.in_flight import InFlight
from longthink.bridge.runtime.session import Session
from longthink.bridge.tasks.task import Task
from longthink.bridge.tasks.verifier import Verifier
from longthink.concurrency import CancelToken
from longthink.errors import ModelError, ParameterError, RequestRefusedError
from longthink.search.budget import Budget, Spent


def think_all(
    tasks: Sequence[Task],
    model: Model | None,
    budget: Budget,
    *,
    method: str | type[Method] | Method = "mcts",
    proposer: Proposer | None = None,
    kinds: Kinds | None = None,
    verifier: str | Verifier | None = None,
    seed: int = 0,
    progress: Callable[[Spent, int], object] | None = None,
    cancel: CancelToken | None = None,
    spent: Spent | None = None,
    trace: str | Path | None = None,
    **options: Any,
) -> list[Answer]:
    """Think about all `tasks` with one `budget`, little about easy ones, much about hard ones; an answer for each.

    All tasks begin with one job, an answer or a look of the search. Each next job goes to the task with the largest
    expected gain for its cost. A task that is solved, agreed or exhausted gets no more. The gain is the chance that the
    next job improves the best answer, times what the best value lacks to 1. The chance is the mean of Beta(1 + better,
    1 + not), from how many jobs improved it so far (Laplace's rule of succession). In a vote the gain is how much surer
    one more vote can make the leading answer (votes.py). The cost is the mean share of the budget that the jobs of this
    task took so far. The rule follows Damani et al., "Learning how hard to think: input-adaptive allocation of LM
    computation", ICLR 2025, who train a model to predict the gains; here they are estimated from what has happened.

    The arguments are those of `think`, for all tasks. The seed of each task is one more than that of the task before.
    All slots of the model are used, by several tasks at once. progress: called with what is spent, and how many tasks
    are solved. `spent` of an answer is what its task took; its seconds are those of its turns, and of waiting for its
    answers while nothing else was to be done. Ctrl-C and `cancel` end all tasks with their best answers so far.

    If a verifier, score, proposer or tool raises, or the model refuses a request, the task is "failed", with the error
    in its answer, and the others continue. Raises what `think` raises, and `RequestRefusedError` if the model refuses
    all tasks; the `answer` of a `ModelError` is the list of what was found before.
    """
    if isinstance(tasks, Task) or not tasks:
        raise ParameterError(f"think_all expects tasks, as in [load_task('countdown', seed=0), ...], got {tasks!r}")
    sessions: list[Session] = []
    try:
        for place, task in enumerate(tasks):
            sessions.append(Session(
                task, model, budget, method=method, proposer=proposer, kinds=kinds, verifier=verifier,
                seed=seed + place, cancel=cancel, trace=trace, **options,
            ))  # fmt: skip
    except BaseException:  # the traces that were begun get their ends
        for session in sessions:
            session.stopped_by = "interrupted"
            session.answer()
        raise
    asked = model if proposer is None or proposer.model is None else proposer.model
    together = _Together(sessions, 1 if asked is None else asked.slots, Spent() if spent is None else spent, progress)
    together.run()
    return together.answers()


@dataclass(eq=False)
class _Part:
    """One of the tasks, and the data from which the gain of more work is estimated."""

    place: int
    session: Session
    answer: Answer | None = None
    started: int = 0  # jobs
    free: int = 0  # of these, those that were started before anything was spent
    better: int = 0  # how often the best answer improved
    value: float = 0.0
    ticket: int = 0  # how many turns it had: an older ticket for a turn is void

    def rate(self) -> float:
        """The expected gain of the next job for its cost, as a share of the budget."""
        share = self.session.budget.share_spent(self.session.spent)
        if share == 0.0:  # nothing is known yet, or nothing costs anything
            self.free = max(0, self.started - 1)
            return math.inf
        cost = share / (self.started - self.free)
        gain = self.session.method.gain() if self.session.begun else None
        if gain is None:
            gain = (1 + self.better) / (2 + self.started) * (1.0 - self.value)
        return gain / cost


class _Together:
    """Sessions that take turns, with one budget and the same requests in flight."""

    def __init__(
        self,
        sessions: Sequence[Session],
        slots: int,
        spent: Spent,
        progress: Callable[[Spent, int], object] | None,
    ) -> None:
        self._slots, self._spent = slots, spent
        self._in_flight = InFlight()
        self._parts = [_Part(place, session) for place, session in enumerate(sessions)]
        self._part_of = {id(part.session): part for part in self._parts}
        self._waiting: list[tuple[float, int, int, int]] = []  # for a turn: the largest rate first
        self._short: list[_Part] = []  # of room for a request
        self._now = time.monotonic()
        self._last: Session | None = None  # whose turn it is, or was
        self._solved = 0
        self._refused: list[RequestRefusedError] = []
        for session in sessions:
            session.turns, session.in_flight = 0, self._in_flight
            if progress is not None:
                session.progress = self._reporting(session, progress)

    def _reporting(self, session: Session, progress: Callable[[Spent, int], object]) -> Callable[[Spent], object]:
        return lambda spent: progress(session.account.others + spent, self._solved)

    def run(self) -> None:
        """Give turns until all sessions have ended."""
        for part in self._parts:
            self._wait_for_turn(part)
        try:
            self._give_turns()
        except KeyboardInterrupt:
            self._end("interrupted")
        except ModelError as error:
            self._end("failed", error)
            error.answer = self.answers()
            raise
        except Exception as error:
            self._end("failed", error)
            raise
        except BaseException:
            self._end("interrupted")
            raise

    def answers(self) -> list[Answer]:
        return [part.answer for part in self._parts if part.answer is not None]

    def _give_turns(self) -> None:
        while True:
            if self._waiting and len(self._in_flight) < self._slots:
                *_, place, ticket = heapq.heappop(self._waiting)
                if self._parts[place].ticket == ticket:
                    self._turn(self._parts[place], 1)
            elif self._in_flight:
                self._turn(self._part_of[id(self._in_flight.receive())], 0)
                short, self._short = self._short, []
                for part in short:
                    self._turn(part, 0)
            else:
                break
        if len(self._refused) == len(self._parts):
            raise self._refused[0]

    def _wait_for_turn(self, part: _Part) -> None:
        heapq.heappush(self._waiting, (-part.rate(), part.started, part.place, part.ticket))

    def _turn(self, part: _Part, jobs: int) -> None:
        """Continue a session, which may start this many jobs."""
        session, wait = part.session, "end"
        part.ticket += 1
        session.turns = jobs
        self._switch(session)
        try:
            wait = session.advance()
        except RequestRefusedError as error:
            self._refused.append(error)
        except KeyboardInterrupt:
            session.end("interrupted")
            raise
        finally:
            part.started += jobs - int(session.turns)
            self._count(part, ended=wait == "end")
        if wait == "turn":
            self._wait_for_turn(part)
        elif wait == "room":
            self._short.append(part)

    def _switch(self, session: Session) -> None:
        """It is another session's turn. The time without anything to do belongs to the session that waited."""
        if self._last is not session:
            if self._last is not None:
                account = self._last.account
                self._spent, self._now = account.others + account.spent, account.paused_at()
            session.account.resume(self._now, self._spent - session.spent)
            self._last = session

    def _count(self, part: _Part, ended: bool) -> None:
        """Count what a turn has brought."""
        session = part.session
        part.better += session.value > part.value
        part.value = session.value
        if ended:
            part.answer = session.answer()
            self._solved += part.answer.correct

    def _end(self, why: str, error: Exception | None = None) -> None:
        """End all sessions that have not ended. Answers in flight are waited for, until Ctrl-C comes again."""
        patient = True
        for part in self._parts:
            if part.answer is None:
                self._switch(part.session)
                try:
                    part.session.end(why, wait=patient)
                except KeyboardInterrupt:
                    patient = False
                part.session.error = part.session.error or error
                self._count(part, ended=True)
