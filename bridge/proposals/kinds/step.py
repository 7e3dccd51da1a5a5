"""Steps: the next line, or the next legal move, as the task has them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from longthink.bridge.proposals.kinds.kind import Asking, Kind, State
from longthink.bridge.proposals.proposer import Proposal, proposer_for
from longthink.bridge.runtime.scheduler import Work

if TYPE_CHECKING:
    from longthink.bridge.proposals.kinds.with_kinds import WithKinds


class Step(Kind):
    """Legal steps with the model's probabilities where the task lists them, else lines that the model writes.

    Yao et al., "Tree of thoughts: deliberate problem solving with large language models", NeurIPS 2023, section 3.
    """

    writes = True

    def mark(self, text: str) -> str:
        return text

    def offered(self, asking: Asking) -> bool:
        return asking.model is not None or asking.steps is not None

    def work(self, asking: Asking) -> Work[list[Proposal] | None]:
        proposer = asking.steps or proposer_for(asking.state.task, asking.the_model, asking.seed)
        return (yield from proposer.work(asking.task, asking.transcript))

    def parse(self, task: WithKinds, state: State, text: str) -> str | None:
        return state.task.parse_step(state.own, text)

    def apply(self, task: WithKinds, state: State, step: str) -> State:
        return replace(state, own=(*state.own, step))
