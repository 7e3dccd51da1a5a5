"""The kind "step": the next line, or the next legal move of the task."""

from __future__ import annotations

from typing import TYPE_CHECKING

from longthink.bridge.models.work import Work
from longthink.bridge.proposals.kinds.kind import Kind, ProposalQuery
from longthink.bridge.proposals.kinds.state import TranscriptState
from longthink.bridge.proposals.proposer import Proposal, proposer_for

if TYPE_CHECKING:
    from longthink.bridge.proposals.kinds.with_kinds import WithKinds


class Step(Kind):
    """The next step: a legal step with the model's probability, or a line that the model writes.

    Yao et al., "Tree of thoughts: deliberate problem solving with large language models", NeurIPS 2023, section 3.
    """

    name = "step"
    writes = True
    most = 0

    def mark(self, text: str) -> str:
        return text

    def offered(self, query: ProposalQuery) -> bool:
        return query.model is not None or query.steps is not None

    def work(self, query: ProposalQuery) -> Work[list[Proposal] | None]:
        proposer = query.steps or proposer_for(query.state.task, query.the_model, query.seed)
        return (yield from proposer.work(query.task, query.transcript))

    def parse(self, task: WithKinds, state: TranscriptState, text: str) -> str | None:
        return state.task.parse_step(state.own, text)

    def apply(self, task: WithKinds, state: TranscriptState, step: str) -> TranscriptState:
        return state.write(step)
