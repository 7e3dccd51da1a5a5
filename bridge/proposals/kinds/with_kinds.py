"""`WithKinds`: any task whose transcripts have other kinds of proposals than steps.

If several kinds are offered, a choice comes first, "<tool>", and then the proposals of that kind alone
(kind_proposer.py). So a search chooses among kinds as it chooses among proposals, and pays only for the chosen kind.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from longthink.bridge.proposals.kinds.kind import Kind, ProposalQuery
from longthink.bridge.proposals.kinds.registry import KINDS, load_kind
from longthink.bridge.proposals.kinds.state import TranscriptState
from longthink.bridge.proposals.kinds.step import Step
from longthink.bridge.tasks.task import Part, Solved, Task, Transcript
from longthink.bridge.tasks.verifier import Verifier, task_verifier
from longthink.errors import ParameterError
from longthink.validation import real_number, shown

Kinds = Sequence[str | Kind] | Mapping[str | Kind, float]
"""Kinds or their names; or a mapping from them to weights, how likely each is chosen at first."""
_LONGEST = 1024  # proposals and choices of a transcript, if a kind has no limit of its own


class WithKinds(Task):
    """A task whose transcripts hold proposals of several kinds. The task itself sees steps only.

    kinds: the kinds by name, with weights. verifier: values answers, in place of the task.

    Raises `ParameterError` if no kind can write an answer, or if proposals of two kinds look the same.
    """

    def __init__(self, task: Task, kinds: Mapping[Kind, float], verifier: Verifier = task_verifier) -> None:
        self.task, self.verifier = task, verifier
        self.weights = {kind.name: weight for kind, weight in kinds.items()}
        self.kinds: tuple[str, ...] = tuple(self.weights)
        self._kinds = {kind.name: kind for kind in kinds}
        if not any(kind.writes for kind in kinds):
            writing = " or ".join(f'"{name}"' for name in KINDS if getattr(KINDS[name], "writes", False))
            raise ParameterError(f"kinds expects one that writes, {writing}, got {', '.join(self.kinds)}")
        self._marked = {mark: kind for kind in kinds for mark in kind.marks}
        if len(self._kinds) < len(kinds) or len(self._marked) < sum(len(kind.marks) for kind in kinds):
            marks = [mark for kind in kinds for mark in kind.marks]
            raise ParameterError(f"kinds and tools of different names are expected, got {', '.join(marks)}")
        title = ", ".join(kind.title for kind in kinds if kind.title)
        self.name = f"{task.name} with {title}" if title else task.name
        self.prompt, self.initial, self.free_text = task.prompt, task.initial, task.free_text
        self.strategies = task.strategies
        self.max_steps = self._most_steps()
        self._values: dict[Transcript, float] = {}
        self._states = {task.initial: TranscriptState(task, task.initial)}

    def _most_steps(self) -> int:
        """Proposals and choices in a longest transcript."""
        extra = [kind.most for kind in self._kinds.values()]
        most = 2 * (self.task.max_steps + sum(filter(None, extra)))
        return max(_LONGEST, 4 * most) if None in extra else most

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_states": {self.task.initial: TranscriptState(self.task, self.task.initial)}}

    def part(self, transcript: Transcript, text: str) -> Part | None:
        state = self.state(transcript)
        return self.task.part(state.own, state.recall("token", "") + text)

    def kind(self, name: str) -> Kind:
        """The kind of this name. Lines without a mark are steps, even if the kind "step" is not offered."""
        return self._kinds.get(name) or Step()

    # ---- States ----

    def state(self, transcript: Transcript) -> TranscriptState:
        """The state of a transcript."""
        known = len(transcript)
        while known and transcript[:known] not in self._states:
            known -= 1
        for length in range(known + 1, len(transcript) + 1):
            self._states[transcript[:length]] = self.after(
                self._states[transcript[: length - 1]], transcript[length - 1]
            )
        return self._states[transcript]

    def after(self, state: TranscriptState, step: str) -> TranscriptState:
        """The state after one more proposal, or after a choice."""
        name = self.kind_of(step)
        if name == "choice":
            return replace(state, chosen=step[1:-1])
        state = replace(state, chosen="", made=(*state.made, name))
        return self.kind(name).apply(self, state, step).settled()

    def value(self, state: TranscriptState) -> float:
        """The value of the answer of a state, in [0, 1]."""
        if state.own not in self._values:
            self._values[state.own] = self.verifier(self.task, state.own)
        return self._values[state.own]

    def kind_of(self, step: str) -> str:
        """The name of the kind of a proposal, or "choice" if the step chooses a kind."""
        mark, closed, _ = step.removeprefix("<").partition(">")
        kind = self._marked.get(mark) if closed and step.startswith("<") else None
        if kind is None:
            return "step"
        return "choice" if step == f"<{kind.name}>" and not kind.bare else kind.name

    def room(self, transcript: Transcript) -> bool:
        """Whether a choice and a proposal may follow."""
        return len(transcript) + 2 <= self.max_steps

    def offered(self, query: ProposalQuery) -> list[Kind]:
        """The kinds that may come next."""
        state = query.state
        if state.dead or not self.room(query.transcript):
            return []
        if state.unfinished:
            return [self.kind(state.unfinished)]
        answered = self.answered(query.transcript)
        return [kind for kind in self._kinds.values() if kind.follows_answer == answered and kind.offered(query)]

    # ---- The task ----

    def context(self, transcript: Transcript) -> str:
        state, kinds = self.state(transcript), self._kinds.values()
        lines, own = [line for kind in kinds for line in kind.instructions(self)], state.own
        if state.task.free_text:
            for place, note in reversed(state.notes):
                own = (*own[:place], note, *own[place:])
        else:
            lines += [note for _, note in state.notes]
        lines += [line for kind in kinds for line in kind.reminders(state)]
        context = state.task.context(own)
        for kind in kinds:
            context = kind.framed(self, state, context)
        return "\n".join([*lines, "", context]) if lines else context

    def parse_step(self, transcript: Transcript, text: str) -> str | None:
        state, name = self.state(transcript), self.kind_of(text.strip())
        if state.dead or name == "choice":
            return None
        return self.kind(name).parse(self, state, text)

    def legal_steps(self, transcript: Transcript) -> Sequence[str] | None:
        state = self.state(transcript)
        return state.task.legal_steps(state.own)

    def answered(self, transcript: Transcript) -> bool:
        state = self.state(transcript)
        return not state.pending and self.task.done(state.own)

    def done(self, transcript: Transcript) -> bool:
        if not self.answered(transcript):
            return False
        query = ProposalQuery(self, transcript, self.state(transcript), None, 0)
        return self.value(query.state) >= 1.0 or not self.offered(query)

    def answer(self, transcript: Transcript) -> str:
        return self.task.answer(self.state(transcript).own)

    def verify(self, transcript: Transcript) -> float:
        return self.value(self.state(transcript)) if self.answered(transcript) else 0.0

    def check(self, answer: str) -> float:
        return self.task.check(answer)

    def canonical(self, answer: str) -> str:
        return self.task.canonical(answer)

    def value_context(self, transcript: Transcript) -> str:
        return self.task.value_context(self.state(transcript).own)

    def revision(self, earlier: Sequence[tuple[str, float]]) -> str:
        return self.task.revision(earlier)

    def solve(self) -> Solved | None:
        return self.task.solve()

    def picture(self, transcript: Transcript) -> bytes | None:
        return self.task.picture(self.state(transcript).own)


def with_kinds(task: Task, kinds: Kinds | None = None, *, verifier: Verifier | None = None) -> Task:
    """The task with these kinds of proposals in place of its own: `with_kinds(task, ("step", "revision(limit=1)"))`.

    kinds: kinds or their names, as `load_kind` takes them, or a mapping from them to weights; None: those that the task
    has. A name of a kind that the task has already keeps its options. verifier: values answers, in place
    of the task.

    Raises `UnknownNameError` for a kind or option that does not exist, `ParameterError`.
    """
    plain = task.task if isinstance(task, WithKinds) else task
    had = {} if not isinstance(task, WithKinds) else {task.kind(name): weight for name, weight in task.weights.items()}
    chosen = had if kinds is None and had else _weighted(task.kinds if kinds is None else kinds, had)
    if isinstance(task, WithKinds) and chosen == had and (verifier is None or verifier == task.verifier):
        return task
    if [type(kind) for kind in chosen] == [Step]:
        return plain
    return WithKinds(plain, chosen, task_verifier if verifier is None else verifier)


def _weighted(kinds: Kinds, had: Mapping[Kind, float]) -> dict[Kind, float]:
    """Kinds with their weights. had: the kinds to take instead of new ones of the same names."""
    if isinstance(kinds, str) or not kinds:
        raise ParameterError(f'kinds expects names as in ("step", "answer"), or weights by name, got {shown(kinds)}')
    known = {kind.name: kind for kind in had}
    weights: Mapping[str | Kind, float] = kinds if isinstance(kinds, Mapping) else dict.fromkeys(kinds, 1.0)
    chosen: dict[Kind, float] = {}
    for key, weight in weights.items():
        kind = key if isinstance(key, Kind) else known.get(key) or load_kind(key)
        chosen[kind] = real_number(f"kinds: the weight of {kind.name}", weight, 0, above=True)
    return chosen
