"""Subproblems: a smaller problem is solved first, and what comes of it is put together with the rest."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from longthink.bridge.models.model import Request
from longthink.bridge.proposals.kinds.kind import Asking, Kind, State
from longthink.bridge.proposals.proposer import Proposal, merged
from longthink.bridge.runtime.scheduler import Work
from longthink.bridge.tasks.answers import stated
from longthink.bridge.tasks.task import Subproblem, Task, Transcript

if TYPE_CHECKING:
    from longthink.bridge.proposals.kinds.with_kinds import WithKinds

_MOST = 3  # of a transcript, where the model writes them
_LINES = 4  # of a part that the model has written, with its answer


class Part(Kind):
    """Subproblems that the task lists, all equally likely; for a task of free text, one that the model writes.

    That is the likeliest, and, chosen again, samples. Until it is solved, all proposals belong to it; it may have parts
    of its own where the task lists them. Zhou et al., "Least-to-most prompting enables complex reasoning in large
    language models", ICLR 2023; Khot et al., "Decomposed prompting: a modular approach for solving complex tasks", ICLR
    2023.
    """

    def told(self, task: WithKinds) -> list[str]:
        return ["<subproblem> states a smaller question, which is answered first"] if task.free_text else []

    def offered(self, asking: Asking) -> bool:
        state = asking.state
        listed = state.task.subproblems(state.own)
        if listed is not None:
            return bool(listed)
        few = state.whole is None and state.made.count(self.name) < _MOST
        return few and state.task.free_text and asking.model is not None

    def again(self, asking: Asking) -> bool:
        return asking.state.task.subproblems(asking.state.own) is None

    def work(self, asking: Asking) -> Work[list[Proposal] | None]:
        state = asking.state
        listed = state.task.subproblems(state.own)
        if listed is not None:
            texts = list(dict.fromkeys(each.text for each in listed))
            return [Proposal(self.mark(text), 1 / len(texts)) for text in texts]
        prompt, looks = f"{asking.task.context(asking.transcript)}<{self.name}>", self.looks(asking)
        written = yield Request(prompt, temperature=float(looks > 1), stop=("\n",), seed=asking.seed + looks)
        if written is None:
            return None
        return merged((self.parse(asking.task, state, f"<{self.name}>{each.text}"), each) for each in written)

    def parse(self, task: WithKinds, state: State, text: str) -> str | None:
        text = self.read(text.strip()).strip()
        listed = state.task.subproblems(state.own)
        if listed is not None:
            return self.mark(text) if text in [each.text for each in listed] else None
        fits = text and state.task.free_text and state.whole is None and state.made.count(self.name) < _MOST
        return self.mark(text) if fits else None

    def apply(self, task: WithKinds, state: State, step: str) -> State:
        text = self.read(step)
        listed = state.task.subproblems(state.own)
        if listed is None:
            part = Subproblem(text, Question(state.task, text))
        else:
            part = next(each for each in listed if each.text == text)
        return State(part.task, part.task.initial, part, state, strategy=state.strategy, made=state.made)


def combined(state: State) -> State:
    """The whole after a part that is finished."""
    part, whole = state.part, state.whole
    assert part is not None
    assert whole is not None
    whole = replace(whole, made=state.made)
    if part.then is None:
        return replace(whole, notes=(*whole.notes, (len(whole.own), f"{part.text}\n{state.task.answer(state.own)}")))
    if state.task.verify(state.own) < 1.0:
        return replace(whole, dead=True)
    return replace(whole, own=(*whole.own, *state.own, *part.then))


class Question(Task):
    """A part of a task of free text, in the words of the model; nothing verifies its answer."""

    free_text, max_steps = True, _LINES

    def __init__(self, whole: Task, text: str) -> None:
        self.name, self.prompt = f"a part of {whole.name}", f"{whole.prompt}\n\nA part of it: {text}"

    def context(self, transcript: Transcript) -> str:
        how = 'Write the answer to this part on one line after "Answer:".'
        return "".join(f"{line}\n" for line in (self.prompt, "", how, "", *transcript))

    def done(self, transcript: Transcript) -> bool:
        return len(transcript) == _LINES or stated(transcript).complete

    def answer(self, transcript: Transcript) -> str:
        return stated(transcript).text or transcript[-1].strip()

    def check(self, answer: str) -> float:
        return 0.0
