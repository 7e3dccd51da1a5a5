"""A piece of thinking under way: `Thinking`, what every method works on, and `Method`, how one is registered."""

from __future__ import annotations

import inspect
import math
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from longthink.bridge.models.model import Model
from longthink.bridge.proposals.kinds.kind_proposer import KindProposer
from longthink.bridge.proposals.kinds.with_kinds import WithKinds
from longthink.bridge.proposals.proposer import Proposal, Proposer, proposer_for
from longthink.bridge.runtime.scheduler import Desk, Turns, Work, Workshop
from longthink.bridge.tasks.task import Task, Transcript
from longthink.bridge.traces.log import TraceLog
from longthink.bridge.traces.trace import Trace
from longthink.errors import ParameterError, UnknownNameError
from longthink.search.budget import Budget, Spent
from longthink.validation import real_number, whole_number

T = TypeVar("T")


@dataclass
class Thinking:
    """A piece of thinking under way: what it may spend, what it has, and the best it has found.

    A method that asks the model gives its work to `work_through`, verifies answers by `verify(...)`, and says
    `found(...)` of each; one that spends something else asks `stop()` before it and says `spend(...)` after. What it
    looks at besides it says to `look(...)`, for the trace. line: of the best answer, its steps and their kinds. kinds:
    how many proposals of each kind there were. left_out: how many a limit cut off. error: what ended it early.

    desk: where its requests lie. others: what is spent of the same budget besides. turns: how many pieces of work it
    may begin before others have their turn. gain: what one more piece of work is expected to gain, in [0, 1], where the
    method can tell better than by how often the best answer has become better.
    """

    task: Task
    model: Model | None
    budget: Budget
    seed: int = 0
    proposer: Proposer | None = None
    progress: Callable[[Spent], object] | None = None
    spent: Spent = field(default_factory=Spent)
    log: TraceLog | None = None
    desk: Desk = field(default_factory=Desk)
    others: Spent = field(default_factory=Spent)
    turns: float = math.inf
    gain: Callable[[], float] | None = None
    text: str | None = None
    value: float = 0.0
    transcript: Transcript = ()
    line: list[tuple[str, str]] = field(default_factory=list)
    solved_at: Spent | None = None
    stopped_by: str = "done"
    kinds: Counter[str] = field(default_factory=Counter)
    left_out: int = 0
    error: Exception | None = None
    _begun: bool = False
    _progress_error: Exception | None = None

    def __post_init__(self) -> None:
        self.trace = Trace(self.task.prompt, 1.0, 0, None)
        self.go_on(time.monotonic(), self.others)

    def go_on(self, now: float, others: Spent) -> None:
        """It is its turn, from a time of `time.monotonic()` on, and others have spent so much of its budget."""
        self._began, self.others = now - self.spent.seconds, others
        self._limits = [(name, limit - getattr(others, name)) for name, limit in self.budget.limits()]
        self._request_limits = [each for each in self._limits if each[0] not in ("simulations", "nodes")]

    def left_off(self) -> float:
        """When it last had something to do, as `time.monotonic()` tells it."""
        return self._began + self.spent.seconds

    def spend(self, more: Spent) -> None:
        self.spent += more
        self.spent.seconds = time.monotonic() - self._began

    def stop(self) -> bool:
        """Whether to end here: a limit is reached, or a correct answer is found."""
        self.spent.seconds = time.monotonic() - self._began
        if self.progress is not None:
            try:
                self.progress(self.spent)
            except Exception as error:
                self._progress_error = error
                raise
        if self.value >= 1.0:
            self.stopped_by = "solved"
            return True
        for name, limit in self._limits:
            if getattr(self.spent, name) >= limit:
                self.stopped_by = name
                return True
        return False

    def fail(self, error: Exception) -> bool:
        """End with this error, and say whether it is the caller's own and is to be raised.

        That is an error of `progress`, and an option that the method refuses before it begins. All others are errors of
        this one problem: of its verifier, scorer, proposer or tools.
        """
        self.error, self.stopped_by = error, "failed"
        refused = not self._begun and isinstance(error, (ParameterError, UnknownNameError))
        return refused or error is self._progress_error

    def affords(self, reserved: Spent) -> bool:
        """Whether there is something left for a request, once what is `reserved` has been spent too."""
        for name, limit in self._request_limits:
            if getattr(self.spent, name) + getattr(reserved, name) >= limit:
                return False
        return self.value < 1.0

    def until(self) -> float | None:
        """When time is up, as `time.monotonic()` tells it."""
        return None if self.budget.seconds is None else self._began + self.budget.seconds - self.others.seconds

    def work_through(
        self,
        model: Model | None,
        begin: Callable[[], tuple[Any, Work[T]] | None],
        end: Callable[[Any, T | None], None],
    ) -> Turns:
        """Keep the slots of `model` full until it is time to stop, as `Workshop.run`; to be taken with `yield from`."""
        self._begun = True
        return Workshop(self, model, self.log, self.desk).run(begin, end)

    def work_off(
        self, model: Model | None, works: Sequence[tuple[Any, Work[T]]], end: Callable[[Any, T | None], None]
    ) -> Turns:
        """The same for so many pieces of work, of one simulation each."""
        left = iter(works)

        def begin() -> tuple[Any, Work[T]] | None:
            item = next(left, None)
            if item is not None:
                self.spend(Spent(simulations=1))
            return item

        return self.work_through(model, begin, end)

    def verify(self, transcript: Transcript, task: Task | None = None) -> float:
        """How right a finished transcript is, in [0, 1]. If the verifier raises, its answer is kept, as worth 0.

        task: in place of the one that is thought about. Raises `ParameterError` for a value that is none.
        """
        self._begun, task = True, task or self.task
        try:
            return real_number(f"the value of an answer to {task.name}", float(task.verify(transcript)), 0.0, 1.0)
        except Exception:
            self.found(task.answer(transcript), 0.0, transcript)
            raise

    def found(
        self,
        text: str,
        value: float,
        transcript: Transcript = (),
        line: tuple[str, ...] | None = None,
        kinds: Sequence[str] | None = None,
    ) -> None:
        """A verified answer; the best one stays.

        line: where it stands in the trace, by default its transcript; kinds: as of `look`.
        """
        line = transcript if line is None else line
        if self.text is None or value > self.value:
            self.text, self.value = text, value
            self.transcript = tuple(step for step in transcript if self.task.kind_of(step) != "choice")
            self.line = list(zip(line, map(self.task.kind_of, line) if kinds is None else kinds, strict=True))
        if value >= 1.0 and self.solved_at is None:
            self.spent.seconds = time.monotonic() - self._began
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
        """A line was looked at: its end is worth `value`, where that is known; priors: of its steps, where known.

        kinds: of its steps, where the task does not tell them.
        """
        kinds = list(map(self.task.kind_of, line)) if kinds is None else kinds
        self.trace.look(line, value, priors, kinds)
        self.tell(line, value, kinds)

    def tell(
        self, line: Sequence[str], value: float | None, kinds: Sequence[str] | None = None, **facts: object
    ) -> None:
        """Tell the log of a line that was looked at, and of what kind its last step is."""
        if self.log is not None:
            kind = None if not line else self.task.kind_of(line[-1]) if kinds is None else kinds[-1]
            self.log.write("told", line=line, kind=kind, value=value, **facts)

    def proposing(self, proposer: Proposer, transcript: Transcript) -> Work[list[Proposal] | None]:
        """The work of a proposer, whose proposals are counted, and paid for where it asks by itself."""
        proposals = yield from proposer.work(self.task, transcript)
        self._pay(proposer)
        self.count([each.text for each in proposals or ()])
        return proposals

    def count(self, steps: Sequence[str], kind: str | None = None) -> None:
        """Count proposals, by kind; choices of a kind are none."""
        if kind is None and isinstance(self.task, WithKinds):
            self.kinds.update(found for step in steps if (found := self.task.kind_of(step)) != "choice")
        elif steps:
            self.kinds[kind or "step"] += len(steps)

    def the_model(self) -> Model:
        """The model, or `ParameterError` where there is none."""
        if self.model is None:
            raise ParameterError("this method needs a model, as in think(task, load_model(), budget)")
        return self.model

    def the_proposer(self) -> Proposer:
        """The proposer that was given, or the one that fits task and model."""
        if isinstance(self.task, WithKinds):
            model = self.model if self.proposer is not None else self.the_model()
            return KindProposer(model, self.seed, self.proposer)
        return self.proposer or proposer_for(self.task, self.the_model(), self.seed)

    def _pay(self, proposer: Proposer) -> None:
        """Count what a proposer has spent that asks by itself."""
        for each in {proposer, self.proposer or proposer}:
            if each.model is None:
                cost, each.spent = each.spent, Spent()
                self.spend(cost)


@dataclass(frozen=True)
class Method:
    """A registered method; `run` works on a `Thinking` until that says stop, and what else it takes are its options.

    One that asks the model is a generator, which passes on the turns of `Thinking.work_through`.
    """

    name: str
    summary: str
    run: Callable[..., Turns]
    needs_model: bool = True

    @property
    def options(self) -> Mapping[str, Any]:
        """The options of the method with their defaults."""
        _, *parameters = inspect.signature(self.run).parameters.values()
        return {parameter.name: parameter.default for parameter in parameters}

    def check(self, options: Mapping[str, Any]) -> None:
        """Raise `UnknownNameError` for an option that the method does not have."""
        for name in options:
            if name not in self.options:
                raise UnknownNameError.of(f"option of {self.name}", name, self.options)


def checked_count(method: str, name: str, value: Any) -> int:
    """A whole number from 1, or `ParameterError`."""
    return whole_number(f"{method}: {name}", value, 1)
