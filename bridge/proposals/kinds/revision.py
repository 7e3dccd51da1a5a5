"""The kind "revision": another answer, by a model that reads the earlier answers and their values."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from longthink.bridge.proposals.kinds.kind import Kind, ProposalQuery
from longthink.bridge.proposals.kinds.state import TranscriptState
from longthink.bridge.proposals.proposer import Proposal
from longthink.validation import whole_number

if TYPE_CHECKING:
    from longthink.bridge.proposals.kinds.with_kinds import WithKinds


class Revision(Kind):
    """A new answer begins, with earlier answers and their values in the prompt. It asks nothing of the model.

    limit: revisions in a transcript. remember: how many of the last answers a model reads; `task.revision` words them.
    The other kinds write the new answer. Madaan et al., "Self-refine: iterative refinement with self-feedback",
    NeurIPS 2023; the values are the verifier's.
    """

    name = "revision"
    follows_answer = bare = True

    def __init__(self, limit: int = 3, remember: int = 3) -> None:
        self.limit = whole_number("revision: limit", limit, 0)
        self.remember = whole_number("revision: remember", remember, 1)

    def mark(self, text: str = "") -> str:
        return f"<{self.name}>"

    def framed(self, task: WithKinds, state: TranscriptState, context: str) -> str:
        earlier = state.recall(self.name, ()) if state.whole is None else ()
        return task.revision(earlier[-self.remember :]) + context if earlier else context

    def offered(self, query: ProposalQuery) -> bool:
        return query.state.made.count(self.name) < self.limit

    def propose(self, query: ProposalQuery) -> list[Proposal]:
        return [Proposal(self.mark(), 1.0)]

    def apply(self, task: WithKinds, state: TranscriptState, step: str) -> TranscriptState:
        notes = tuple((0, note) for _, note in state.notes)
        earlier = (*state.recall(self.name, ()), (state.task.answer(state.own), task.value(state)))
        return replace(state, own=task.initial, notes=notes).remember(self.name, earlier)
