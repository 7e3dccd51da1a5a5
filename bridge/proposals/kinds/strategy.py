"""The kind "strategy": another approach to the problem, which the model reads from there on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from longthink.bridge.proposals.kinds.kind import Kind, ProposalQuery
from longthink.bridge.proposals.kinds.state import TranscriptState
from longthink.bridge.proposals.proposer import Proposal
from longthink.bridge.tasks.task import Task
from longthink.validation import whole_number

if TYPE_CHECKING:
    from longthink.bridge.proposals.kinds.with_kinds import WithKinds

GENERAL = (
    "Write down what is given and what is asked, then compute one thing at a time.",
    "Work backwards from what is asked.",
    "Try a simpler case first.",
    "Guess an answer, check it, and correct it.",
)
"""The strategies of free-text tasks that list none of their own; after Polya, "How to solve it", 1945."""


class Strategy(Kind):
    """A strategy that the task lists, or a `GENERAL` one; all are equally likely. It asks nothing of the model.

    limit: strategies in a transcript. Wang et al., "Plan-and-solve prompting: improving zero-shot chain-of-thought
    reasoning by large language models", ACL 2023; Zheng et al., "Take a step back: evoking reasoning via abstraction in
    large language models", ICLR 2024.
    """

    name = "strategy"

    def __init__(self, limit: int = 2) -> None:
        self.limit = whole_number("strategy: limit", limit, 1)

    def reminders(self, state: TranscriptState) -> list[str]:
        strategy = state.recall(self.name, "")
        return [f"Strategy: {strategy}"] if strategy else []

    def offered(self, query: ProposalQuery) -> bool:
        made = query.state.made
        fresh = not made or made[-1] != self.name  # two changes in a row are one
        return fresh and made.count(self.name) < self.limit and bool(self._others(query.state))

    def propose(self, query: ProposalQuery) -> list[Proposal]:
        others = self._others(query.state)
        return [Proposal(self.mark(text), 1 / len(others)) for text in others]

    def parse(self, task: WithKinds, state: TranscriptState, text: str) -> str | None:
        text = self.read(text.strip()).strip()
        return self.mark(text) if text in self._others(state) and state.made.count(self.name) < self.limit else None

    def apply(self, task: WithKinds, state: TranscriptState, step: str) -> TranscriptState:
        return state.remember(self.name, self.read(step))

    def _others(self, state: TranscriptState) -> list[str]:
        """The strategies that can replace the present one."""
        return [text for text in dict.fromkeys(strategies(state.task)) if text != state.recall(self.name, "")]


def strategies(task: Task) -> Sequence[str]:
    """The strategies that are offered for a task."""
    return task.strategies or (GENERAL if task.free_text else ())
