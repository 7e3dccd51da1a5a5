"""`Session`: one task, one method, one budget, and the best answer so far. `think` runs one session, `think_all` many.

The session is what a method works with: it verifies answers, keeps the best one, counts what is spent and writes the
trace. The scheduler (scheduler.py) runs the method's jobs. A session can be pickled between two steps.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from longthink.bridge.methods.method import Method
from longthink.bridge.methods.registry import make_method
from longthink.bridge.models.model import Model
from longthink.bridge.proposals.kinds.kind_proposer import KindProposer
from longthink.bridge.proposals.kinds.with_kinds import Kinds, WithKinds, with_kinds
from longthink.bridge.proposals.proposer import Proposer, proposer_for
from longthink.bridge.runtime.account import Account
from longthink.bridge.runtime.answer import Answer
from longthink.bridge.runtime.in_flight import InFlight
from longthink.bridge.runtime.scheduler import Scheduler, Wait
from longthink.bridge.tasks.task import Task, Transcript
from longthink.bridge.tasks.verifier import Verifier, make_verifier, task_verifier
from longthink.bridge.traces.log import TraceLog
from longthink.bridge.traces.record import begin_trace, end_trace
from longthink.bridge.traces.trace import Trace
from longthink.concurrency import CancelToken
from longthink.errors import ModelError, ParameterError, UnknownNameError
from longthink.search.budget import Budget, Spent
from longthink.validation import real_number

_NOTHING = Spent()


class Session:
    """Thinking about one task. The arguments are those of `think`.

    `run` works to the end and returns the answer. `step` does one thing at a time; between two steps the session can
    be pickled, and the copy continues with the same result. The copy has no `progress` and no `cancel`; set them again
    if they are needed. Requests that were in flight are sent again.

    What a method uses: `task`, `model`, `seed`, `budget`, `spent`, `value` (of the best answer), `stop`, `affords`,
    `spend`, `verify`, `found`, `look`, `finished` and `count`; and it may set `stopped_by`.
    """

    def __init__(
        self,
        task: Task,
        model: Model | None,
        budget: Budget,
        *,
        method: str | type[Method] | Method = "mcts",
        proposer: Proposer | None = None,
        kinds: Kinds | None = None,
        verifier: str | Verifier | None = None,
        seed: int = 0,
        progress: Callable[[Spent], object] | None = None,
        cancel: CancelToken | None = None,
        spent: Spent | None = None,
        trace: str | Path | None = None,
        **options: Any,
    ) -> None:
        self.method = make_method(method, options)
        if not (self.method.ends or budget.limits()):
            raise ParameterError("think needs a limit, as in Budget(tokens=5000) or Budget(seconds=30)")
        if self.method.needs_model and model is None and proposer is None:
            raise ParameterError(
                f"the method {self.method.name!r} needs a model, as in think(task, load_model(), budget)"
            )
        chosen = task.verified_by or None if verifier is None else verifier
        made = None if chosen is None else make_verifier(chosen, model)
        self.task = with_kinds(task, kinds, verifier=made)
        self.verifier = self.task.verifier if isinstance(self.task, WithKinds) else made or task_verifier
        self.model, self.proposer, self.seed = model, proposer, seed
        self.progress, self.cancel = progress, cancel
        self.account, self.in_flight, self.scheduler = Account(budget, spent), InFlight(), Scheduler(self)
        self.turns = math.inf  # how many jobs may start before other sessions have their turns
        self.begun = False
        self.text: str | None = None
        self.value = 0.0
        self.transcript: Transcript = ()
        self.line: list[tuple[str, str]] = []  # of the best answer in the trace: its steps and their kinds
        self.solved_at: Spent | None = None
        self.stopped_by = "done"
        self.kinds: Counter[str] = Counter()  # how many proposals there were of each kind
        self.left_out = 0  # proposals beyond the limit of a state
        self.error: Exception | None = None
        self.trace = Trace(self.task.prompt, 1.0, 0, None)
        self.spent_before = replace(self.spent)
        self._ready = self._working = self._concluded = False
        self._progress_error: Exception | None = None
        self.log: TraceLog | None = None if trace is None else begin_trace(self, trace)

    @property
    def budget(self) -> Budget:
        return self.account.budget

    @property
    def spent(self) -> Spent:
        return self.account.spent

    # ---- The loop ----

    def run(self) -> Answer:
        """Work until the method is done or the budget is spent. Ctrl-C ends it with the best answer so far.

        Raises `ModelError`, with the answer so far as its `answer`; what `progress` raises; and `ParameterError` or
        `UnknownNameError` if the method refuses its options. All other errors are in `error` of the answer.
        """
        try:
            while self.advance() != "end":
                self.in_flight.receive()
        except KeyboardInterrupt:
            with suppress(KeyboardInterrupt):
                self.end("interrupted")
        except ModelError as error:
            error.answer = self.answer()
            raise
        except Exception:
            self.answer()
            raise
        except BaseException:  # the program ends; the trace still gets its end
            self.end("interrupted", wait=False)
            self.answer()
            raise
        return self.answer()

    def step(self) -> bool:
        """Do one thing, or wait for an answer; False if there is nothing left to do. Raises what `run` raises."""
        state = self.scheduler.step()
        if state == "answer":
            self.in_flight.receive()
        elif state == "end":
            self._conclude()
            self._raise_failure()
            return False
        return True

    def advance(self) -> Wait:
        """Work until there is something to wait for, for loops that run several sessions. Raises what `run` raises."""
        wait = self.scheduler.advance()
        if wait == "end":
            self._conclude()
            self._raise_failure()
        return wait

    def end(self, why: str, *, wait: bool = True) -> None:
        """Ask nothing more, wait for the answers in flight, and conclude. why: for `stopped_by`.

        wait: False loses the answers in flight; so does Ctrl-C, which is raised after the conclusion.
        """
        self.scheduler.over, self.stopped_by = True, why
        try:
            while wait and self.scheduler.advance() != "end":
                self.in_flight.receive()
        finally:
            self.scheduler.cancel()
            self._conclude()
            self.stopped_by = why

    def begin(self) -> None:
        """Let the method begin; the scheduler calls this once, before the first job."""
        self.begun = True
        self.method.begin(self)
        self._ready = self._working = True

    def _conclude(self) -> None:
        """Let the method finish, once, whatever ended the work."""
        if self._concluded:
            return
        self._concluded = True
        self._note_failure()
        if self._ready:
            try:
                self.method.finish()
            except Exception as error:
                self.scheduler.failure = self.scheduler.failure or error
        self._note_failure()

    def _note_failure(self) -> None:
        if self.scheduler.failure is not None:
            self.error, self.stopped_by = self.scheduler.failure, "failed"

    def _raise_failure(self) -> None:
        """Raise the error that ended the work if it is the caller's, or the model's.

        The caller's are an error of `progress`, and an option that the method refuses before it works. All others
        belong to this one problem: to its verifier, score, proposer or tools.
        """
        error = self.scheduler.failure
        refused = not self._working and isinstance(error, (ParameterError, UnknownNameError))
        if error is not None and (refused or isinstance(error, ModelError) or error is self._progress_error):
            raise error

    def answer(self) -> Answer:
        """The best answer so far, and what it cost. Writes the end of the trace."""
        self._pay_verifier()
        self.account.tick()
        if self.value >= 1.0 and self.stopped_by == "done":
            self.stopped_by = "solved"
        self.trace.choose(self.line, self.value >= 1.0)
        answer = Answer(
            text=self.text,
            correct=self.value >= 1.0,
            value=self.value,
            transcript=self.transcript,
            trace=self.trace,
            spent=self.spent,
            method=self.method.name,
            solved_at=self.solved_at,
            stopped_by=self.stopped_by,
            kinds=dict(self.kinds),
            error=self.error,
            left_out=self.left_out,
        )
        end_trace(self, answer)
        return answer

    # ---- The budget ----

    def stop(self) -> bool:
        """Whether to start nothing new: a correct answer is found, a limit is reached, or the session is cancelled."""
        if self.verifier is not task_verifier:
            self._pay_verifier()
        self.account.tick()
        if self.progress is not None:
            try:
                self.progress(self.spent)
            except Exception as error:
                self._progress_error = error
                raise
        if self.value >= 1.0:
            self.stopped_by = "solved"
        elif self.cancel is not None and self.cancel.cancelled:
            self.stopped_by = "cancelled"
        elif (limit := self.account.reached()) is not None:
            self.stopped_by = limit
        else:
            return False
        return True

    def affords(self, reserved: Spent = _NOTHING) -> bool:
        """Whether a job may ask for more: the limits of requests have room after `reserved` is spent, too."""
        return (
            self.value < 1.0 and (self.cancel is None or not self.cancel.cancelled) and self.account.affords(reserved)
        )

    def spend(self, more: Spent) -> None:
        """Count what was spent."""
        self.account.spend(more)

    def pay(self, proposer: Proposer) -> None:
        """Count what a proposer has spent in requests of its own, and set its `spent` to zero."""
        for each in (proposer, self.proposer):
            if each is not None and each.model is None:
                cost, each.spent = each.spent, Spent()
                self.spend(cost)

    def _pay_verifier(self) -> None:
        """The same for the verifier."""
        verifier: Any = self.verifier
        if getattr(verifier, "spent", None):
            cost, verifier.spent = verifier.spent, Spent()
            self.spend(cost)

    # ---- What is found ----

    def verify(self, transcript: Transcript, task: Task | None = None) -> float:
        """The value of a finished transcript in [0, 1]. If the verifier raises, the answer is kept with value 0.

        task: in place of the task of the session. Raises `ParameterError` for a value that is no number in [0, 1].
        """
        self._working, task = True, task or self.task
        verifier: Any = self.verifier
        if hasattr(verifier, "known"):  # so that a prompt that the session sent counts once
            verifier.known = self.in_flight.known
        try:
            value = task.verify(transcript) if isinstance(task, WithKinds) else self.verifier(task, transcript)
            value = real_number(f"the value of an answer to {task.name}", float(value), 0.0, 1.0)
        except Exception:
            self.found(task.answer(transcript), 0.0, transcript)
            raise
        if self.verifier is not task_verifier:
            self._pay_verifier()
        return value

    def found(
        self,
        text: str,
        value: float,
        transcript: Transcript = (),
        line: tuple[str, ...] | None = None,
        kinds: Sequence[str] | None = None,
    ) -> None:
        """Keep a verified answer if it is the best one.

        line: where it is in the trace, by default its transcript. kinds: the kinds of the steps of the line.
        """
        line = transcript if line is None else line
        if self.text is None or value > self.value:
            self.text, self.value = text, value
            self.transcript = tuple(step for step in transcript if self.task.kind_of(step) != "choice")
            self.line = list(zip(line, map(self.task.kind_of, line) if kinds is None else kinds, strict=True))
        if value >= 1.0 and self.solved_at is None:
            self.account.tick()
            self.solved_at = replace(self.spent)
        if self.log is not None:
            self.log.write("verified", answer=text, value=value, line=line, spent=self.spent.as_dict())

    def look(
        self,
        line: Sequence[str],
        value: float | None = None,
        priors: Sequence[float | None] = (),
        kinds: Sequence[str] | None = None,
    ) -> None:
        """Add a line to the trace. value: of its end, if known. priors: of its steps, if known. kinds: of its steps."""
        kinds = list(map(self.task.kind_of, line)) if kinds is None else kinds
        self.trace.look(line, value, priors, kinds)
        self.log_look(line, value, kinds)

    def log_look(
        self, line: Sequence[str], value: float | None, kinds: Sequence[str] | None = None, **facts: object
    ) -> None:
        """Write a line to the trace log alone, for a method that makes the trace itself. facts: fields of the event."""
        if self.log is not None:
            kind = None if not line else self.task.kind_of(line[-1]) if kinds is None else kinds[-1]
            self.log.write("looked", line=line, kind=kind, value=value, **facts)

    def finished(self, transcript: Transcript, priors: Sequence[float | None] = ()) -> float:
        """Verify a finished transcript, add it to the trace, keep it if it is the best, and return its value."""
        value = self.verify(transcript)
        self.look(transcript, value, priors)
        self.found(self.task.answer(transcript), value, transcript)
        return value

    def count(self, steps: Sequence[str], kind: str | None = None) -> None:
        """Count proposals by kind. Choices of a kind are not counted. kind: of all steps."""
        if kind is None and isinstance(self.task, WithKinds):
            self.kinds.update(found for step in steps if (found := self.task.kind_of(step)) != "choice")
        elif steps:
            self.kinds[kind or "step"] += len(steps)

    # ---- Who is asked ----

    def the_model(self) -> Model:
        """The model. Raises `ParameterError` if there is none."""
        if self.model is None:
            raise ParameterError("this method needs a model, as in think(task, load_model(), budget)")
        return self.model

    @cached_property
    def the_proposer(self) -> Proposer:
        """The proposer that was given, or the one that fits task and model."""
        if isinstance(self.task, WithKinds):
            model = self.model if self.proposer is not None else self.the_model()
            return KindProposer(model, self.seed, self.proposer)
        return self.proposer or proposer_for(self.task, self.the_model(), self.seed)

    # ---- Pickles ----

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "progress": None, "cancel": None, "_progress_error": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self.scheduler.restore()
