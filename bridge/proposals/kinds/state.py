"""`TranscriptState`: the state of a transcript of several kinds of proposals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from longthink.bridge.tasks.task import Subproblem, Task, Transcript


@dataclass(frozen=True)
class TranscriptState:
    """The state of a transcript; a kind makes a new one with `dataclasses.replace`, `write` or `remember`.

    task, own: the current problem, and its own steps. part, whole: if the problem is a subproblem: which one, and the
    state that it is a part of. notes: lines that are no steps, each with the number of steps before it. memory: what a
    kind needs to know later, by the name of the kind. unfinished: the kind whose proposal needs more of the same kind,
    which alone may follow. chosen: the kind that comes next, if it is chosen. made: the kinds of all proposals so far.
    dead: nothing can follow.
    """

    task: Task
    own: Transcript
    part: Subproblem | None = None
    whole: TranscriptState | None = None
    notes: tuple[tuple[int, str], ...] = ()
    memory: Mapping[str, Any] = field(default_factory=dict)
    unfinished: str = ""
    chosen: str = ""
    made: tuple[str, ...] = ()
    dead: bool = False

    @property
    def pending(self) -> bool:
        """Whether something must be finished before there can be an answer."""
        return self.whole is not None or bool(self.unfinished) or self.dead

    def write(self, step: str) -> TranscriptState:
        """The state after a step of the current problem."""
        return replace(self, own=(*self.own, step))

    def note(self, text: str) -> TranscriptState:
        """The state after a line that is no step, but that a model reads."""
        return replace(self, notes=(*self.notes, (len(self.own), text)))

    def recall(self, kind: str, default: Any) -> Any:
        """What a kind remembers."""
        return self.memory.get(kind, default)

    def remember(self, kind: str, value: Any) -> TranscriptState:
        """The state in which a kind remembers a value."""
        return replace(self, memory={**self.memory, kind: value})

    def begin(self, part: Subproblem) -> TranscriptState:
        """The state in which a subproblem is solved first."""
        return TranscriptState(part.task, part.task.initial, part, self, memory=self.memory, made=self.made)

    def settled(self) -> TranscriptState:
        """The state after subproblems that are solved have become a part of the whole."""
        state = self
        while state.whole is not None and not state.dead and state.task.done(state.own):
            state = state._joined(state.whole)
        return state

    def _joined(self, whole: TranscriptState) -> TranscriptState:
        assert self.part is not None
        whole = replace(whole, made=self.made)
        if self.part.then is None:
            return whole.note(f"{self.part.text}\n{self.task.answer(self.own)}")
        if self.task.verify(self.own) < 1.0:
            return replace(whole, dead=True)
        return replace(whole, own=(*whole.own, *self.own, *self.part.then))
