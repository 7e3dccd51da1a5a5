"""The kind "subproblem": a smaller problem is solved first, and its result becomes a part of the whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from longthink.bridge.models.model import Request
from longthink.bridge.models.work import Work
from longthink.bridge.proposals.kinds.kind import Kind, ProposalQuery
from longthink.bridge.proposals.kinds.state import TranscriptState
from longthink.bridge.proposals.proposer import Proposal, merged
from longthink.bridge.tasks.answers import stated
from longthink.bridge.tasks.task import Subproblem, Task, Transcript
from longthink.validation import whole_number

if TYPE_CHECKING:
    from longthink.bridge.proposals.kinds.with_kinds import WithKinds

_LINES = 4  # of a subproblem that the model wrote, with its answer


class SubproblemKind(Kind):
    """A subproblem that the task lists, all equally likely; for a free-text task, one that the model writes.

    limit: subproblems in a transcript, if the model writes them: first the most likely one; chosen again, samples.
    Until the subproblem is solved, all proposals belong to it; it can have subproblems of its own if the task lists
    them.
    Zhou et al., "Least-to-most prompting enables complex reasoning in large language models", ICLR 2023; Khot et al.,
    "Decomposed prompting: a modular approach for solving complex tasks", ICLR 2023.
    """

    name = "subproblem"

    def __init__(self, limit: int = 3) -> None:
        self.limit = whole_number("subproblem: limit", limit, 1)

    def instructions(self, task: WithKinds) -> list[str]:
        return ["<subproblem> states a smaller question, which is answered first"] if task.free_text else []

    def offered(self, query: ProposalQuery) -> bool:
        state = query.state
        listed = state.task.subproblems(state.own)
        if listed is not None:
            return bool(listed)
        return self._may_be_written(state) and query.model is not None

    def _may_be_written(self, state: TranscriptState) -> bool:
        return state.task.free_text and state.whole is None and state.made.count(self.name) < self.limit

    def again(self, query: ProposalQuery) -> bool:
        return query.state.task.subproblems(query.state.own) is None

    def work(self, query: ProposalQuery) -> Work[list[Proposal] | None]:
        state = query.state
        listed = state.task.subproblems(state.own)
        if listed is not None:
            texts = list(dict.fromkeys(each.text for each in listed))
            return [Proposal(self.mark(text), 1 / len(texts)) for text in texts]
        prompt, looks = f"{query.task.context(query.transcript)}<{self.name}>", self.looks(query)
        written = yield Request(prompt, temperature=float(looks > 1), stop=("\n",), seed=query.seed + looks)
        if written is None:
            return None
        return merged((self.parse(query.task, state, f"<{self.name}>{each.text}"), each) for each in written)

    def parse(self, task: WithKinds, state: TranscriptState, text: str) -> str | None:
        text = self.read(text.strip()).strip()
        listed = state.task.subproblems(state.own)
        if listed is not None:
            return self.mark(text) if text in [each.text for each in listed] else None
        return self.mark(text) if text and self._may_be_written(state) else None

    def apply(self, task: WithKinds, state: TranscriptState, step: str) -> TranscriptState:
        text = self.read(step)
        listed = state.task.subproblems(state.own)
        if listed is None:
            return state.begin(Subproblem(text, Question(state.task, text)))
        return state.begin(next(each for each in listed if each.text == text))


class Question(Task):
    """A subproblem of a free-text task, in the words of the model; its answer is not verified."""

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
