"""Tokens: a step is written token by token, and the search may turn off at any of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from longthink.bridge.models.model import Request
from longthink.bridge.proposals.kinds.kind import Asking, Kind, State
from longthink.bridge.proposals.proposer import Proposal, floor_of
from longthink.bridge.runtime.scheduler import Work

if TYPE_CHECKING:
    from longthink.bridge.proposals.kinds.with_kinds import WithKinds

_END = "\n"
_FREE = 8  # of the likeliest tokens, where the task cannot say which are legal
_TOP = 40
_LONGEST = 64  # tokens of a step


class NextToken(Kind):
    """The likeliest next tokens; where the task lists its steps, those that lead to one, and to each in one way.

    A token that leads on from a shorter one is counted to it; steps that no likely token leads to are reached by their
    next character. Zhang et al., "Planning with large language models for code generation", ICLR 2023, section 3.
    """

    writes = True

    def mark(self, text: str) -> str:
        return f"<{self.name}>{text}"

    def read(self, step: str) -> str:
        return step.removeprefix(f"<{self.name}>")

    def offered(self, asking: Asking) -> bool:
        return asking.model is not None and asking.model.logprobs

    def work(self, asking: Asking) -> Work[list[Proposal] | None]:
        state = asking.state
        told = yield Request(asking.task.context(asking.transcript), max_tokens=1, temperature=0.0, top=_TOP)
        if told is None:
            return None
        top: dict[str, float] = {}
        for token, logprob in (dict(told[0].tokens[0].top) if told[0].tokens else {}).items():
            text = token.partition("\n")[0] or _END
            top[text] = top.get(text, 0.0) + math.exp(logprob)
        legal = state.task.legal_steps(state.own)
        if legal is None:
            weights = dict(sorted(top.items(), key=lambda each: -each[1])[:_FREE])
            if not state.partial:  # a step is not empty
                weights.pop(_END, None)
        else:
            rests = [step[len(state.partial) :] for step in legal if step.startswith(state.partial)]
            weights = _masked(top, rests, floor_of(told[0]))
        total = sum(weights.values())
        return [Proposal(self.mark(text), weight / total) for text, weight in weights.items()]

    def apply(self, task: WithKinds, state: State, step: str) -> State:
        text = self.read(step)
        partial = state.partial if text == _END else state.partial + text
        legal = state.task.legal_steps(state.own)
        only = legal is not None and [each for each in legal if each.startswith(partial)] == [partial]
        if text != _END and not only:
            too_long = state.made[-_LONGEST:].count(self.name) == _LONGEST and bool(state.partial)
            return replace(state, partial=partial, dead=too_long)
        whole = state.task.parse_step(state.own, partial)
        if whole is None:
            return replace(state, partial="", dead=True)
        return replace(state, partial="", own=(*state.own, whole))


def _masked(top: dict[str, float], rests: Sequence[str], floor: float) -> dict[str, float]:
    """Weights of texts of which every one of `rests` begins with just one; an empty rest is an end."""
    weights: dict[str, float] = {}
    for text, weight in sorted(top.items(), key=lambda each: len(each[0])):
        if text == _END:
            if "" in rests:
                weights[_END] = weight
        elif any(rest.startswith(text) for rest in rests):
            shorter = next((kept for kept in weights if text.startswith(kept)), text)
            weights[shorter] = weights.get(shorter, 0.0) + weight
    for rest in rests:
        if not any(rest.startswith(kept) for kept in weights if rest) and not (rest == "" and _END in weights):
            weights[rest[:1] or _END] = floor
    return weights
