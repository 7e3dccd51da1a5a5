"""The kind "answer": all steps that are left, as one proposal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from longthink.bridge.models.work import Work
from longthink.bridge.proposals.kinds.kind import Kind, ProposalQuery
from longthink.bridge.proposals.kinds.state import TranscriptState
from longthink.bridge.proposals.proposer import Proposal
from longthink.bridge.proposals.writing import writing

if TYPE_CHECKING:
    from longthink.bridge.proposals.kinds.with_kinds import WithKinds


class WholeAnswer(Kind):
    """All steps that are left: first the most likely answer; chosen again, one more sample each time.

    So the search also chooses whether to go wider. Wang et al., "Self-consistency improves chain of thought reasoning
    in language models", ICLR 2023; Qi et al., "Mutual reasoning makes smaller LLMs stronger problem-solvers", 2024,
    section 3.1, action 2; Inoue et al., "Wider or deeper?", NeurIPS 2025.
    """

    name = "answer"
    writes = True

    def offered(self, query: ProposalQuery) -> bool:
        """Not if one step is left and the kind "step" is there: the step is the answer then."""
        left = query.state.task.max_steps - len(query.state.own)
        return query.model is not None and (left > 1 or "step" not in query.task.kinds)

    def again(self, query: ProposalQuery) -> bool:
        return True

    def work(self, query: ProposalQuery) -> Work[list[Proposal] | None]:
        start, looks = query.transcript, self.looks(query)
        temperature, seed = float(looks > 1), query.seed + 7919 * looks
        written = yield from writing(query.task, query.the_model, temperature, seed, start)
        if written is None:
            return []
        return [Proposal(self.mark("\n".join(map(_in_line, written.transcript[len(start) :]))), 1.0)]

    def mark(self, text: str) -> str:
        return f"<{self.name}>\n{text}"

    def apply(self, task: WithKinds, state: TranscriptState, step: str) -> TranscriptState:
        for line in step.split("\n")[1:]:
            state = task.after(state, _out_of_line(line))
        return state


def _in_line(step: str) -> str:
    """A step as one line; a step with the result of a tool has several."""
    return step.replace("\\", "\\\\").replace("\n", "\\n")


def _out_of_line(line: str) -> str:
    return "\\".join(part.replace("\\n", "\n") for part in line.split("\\\\"))
