"""Strategies: another way to go about it, told to the model from there on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from longthink.bridge.proposals.kinds.kind import Asking, Kind, State
from longthink.bridge.proposals.proposer import Proposal
from longthink.bridge.runtime.scheduler import Work
from longthink.bridge.tasks.task import Task

if TYPE_CHECKING:
    from longthink.bridge.proposals.kinds.with_kinds import WithKinds

_CHANGES = 2  # in a transcript
GENERAL = (
    "Write down what is given and what is asked, then compute one thing at a time.",
    "Work backwards from what is asked.",
    "Try a simpler case first.",
    "Guess an answer, check it, and correct it.",
)
"""What tasks of free text are offered that have no strategies of their own; after Polya, "How to solve it", 1945."""


class Strategy(Kind):
    """Strategies that the task lists, or `GENERAL` ones, all equally likely. It asks nothing of the model.

    Wang et al., "Plan-and-solve prompting: improving zero-shot chain-of-thought reasoning by large language models",
    ACL 2023; Zheng et al., "Take a step back: evoking reasoning via abstraction in large language models", ICLR 2024.
    """

    def offered(self, asking: Asking) -> bool:
        made = asking.state.made
        fresh = not made or made[-1] != self.name  # two changes in a row are one
        return fresh and made.count(self.name) < _CHANGES and bool(_others(asking.state))

    def work(self, asking: Asking) -> Work[list[Proposal] | None]:
        others = _others(asking.state)
        return [Proposal(self.mark(text), 1 / len(others)) for text in others]
        yield

    def parse(self, task: WithKinds, state: State, text: str) -> str | None:
        text = self.read(text.strip()).strip()
        return self.mark(text) if text in _others(state) and state.made.count(self.name) < _CHANGES else None

    def apply(self, task: WithKinds, state: State, step: str) -> State:
        return replace(state, strategy=self.read(step))


def strategies(task: Task) -> Sequence[str]:
    """What a task offers."""
    return task.strategies or (GENERAL if task.free_text else ())


def _others(state: State) -> list[str]:
    """What may be changed to."""
    return [text for text in dict.fromkeys(strategies(state.task)) if text != state.strategy]
