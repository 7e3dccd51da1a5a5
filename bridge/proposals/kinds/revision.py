"""Revisions: another answer, by a model that has read the earlier ones and what the verifier said of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from longthink.bridge.proposals.kinds.kind import Asking, Kind, State
from longthink.bridge.proposals.proposer import Proposal
from longthink.bridge.runtime.scheduler import Work

if TYPE_CHECKING:
    from longthink.bridge.proposals.kinds.with_kinds import WithKinds


class Revision(Kind):
    """Begin again after an answer; how the new one is written is for the other kinds. It asks nothing of the model.

    `task.revision` is what the model reads. Madaan et al., "Self-refine: iterative refinement with self-feedback",
    NeurIPS 2023; the values are the verifier's.
    """

    follows_answer = bare = True

    def mark(self, text: str = "") -> str:
        return f"<{self.name}>"

    def offered(self, asking: Asking) -> bool:
        return asking.state.made.count(self.name) < asking.task.revisions

    def work(self, asking: Asking) -> Work[list[Proposal] | None]:
        return [Proposal(self.mark(), 1.0)]
        yield

    def apply(self, task: WithKinds, state: State, step: str) -> State:
        answer, notes = state.task.answer(state.own), tuple((0, note) for _, note in state.notes)
        earlier = (*state.earlier, (answer, task.value(state)))
        return replace(state, own=task.initial, notes=notes, earlier=earlier)
