"""The kind "token": a step is written token by token, and the search can branch at each token."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from longthink.bridge.models.model import Request
from longthink.bridge.models.work import Work
from longthink.bridge.proposals.kinds.kind import Kind, ProposalQuery
from longthink.bridge.proposals.kinds.state import TranscriptState
from longthink.bridge.proposals.proposer import Proposal, floor_of
from longthink.validation import real_number

if TYPE_CHECKING:
    from longthink.bridge.proposals.kinds.with_kinds import WithKinds

_END = "\n"
_FREE = 8  # of the most likely tokens, if the task does not list its legal steps
_TOP = 40
_TOP_WANTED = 1_000  # if the task wants certain texts, which may be unlikely
_LONGEST = 64  # tokens of a step


class NextToken(Kind):
    """The next token of a step; if the task lists its legal steps, a token that leads to one of them.

    Each legal step is reached in one way: the probability of a token that extends a shorter one is added to the shorter
    one, and a step that no likely token leads to is reached by its next character. Zhang et al., "Planning with large
    language models for code generation", ICLR 2023, section 3.

    If the task judges beginnings of steps (`Task.part`), only tokens with which a step can still become legal are
    proposed, and the texts that it wants always are.

    bonus: how much is added to the log-probability of a wanted text, in nats. Without it, a search that follows the
    probabilities puts unlikely texts off until nothing else is left.
    """

    name = "token"
    writes = True

    def __init__(self, bonus: float = 4.0) -> None:
        self.bonus = real_number("token: bonus", bonus, 0.0)

    def mark(self, text: str) -> str:
        return f"<{self.name}>{text}"

    def read(self, step: str) -> str:
        return step.removeprefix(f"<{self.name}>")

    def framed(self, task: WithKinds, state: TranscriptState, context: str) -> str:
        return context + self._partial(state)

    def _partial(self, state: TranscriptState) -> str:
        """The part of the step that is written."""
        return str(state.recall(self.name, ""))

    def offered(self, query: ProposalQuery) -> bool:
        return query.model is not None and query.model.logprobs

    def work(self, query: ProposalQuery) -> Work[list[Proposal] | None]:
        state, partial = query.state, self._partial(query.state)
        part = state.task.part(state.own, partial)
        wanted = part.wanted if part is not None else ()
        completions = yield Request(
            query.task.context(query.transcript), max_tokens=1, temperature=0.0, top=_TOP_WANTED if wanted else _TOP
        )
        if completions is None:
            return None
        first = completions[0]
        top: dict[str, float] = {}
        for token, logprob in (dict(first.tokens[0].top) if first.tokens else {}).items():
            text = token.partition("\n")[0] or _END
            top[text] = top.get(text, 0.0) + math.exp(logprob)
        legal, least = state.task.legal_steps(state.own), floor_of(first)
        if legal is None:
            weights = {text: math.exp(self.bonus) * top.get(text, least) for text in wanted}
            for text, weight in sorted(top.items(), key=lambda each: -each[1]):
                if len(weights) >= _FREE + len(wanted):
                    break
                if text not in weights and self._may_follow(state, partial, text):
                    weights[text] = weight
            if not weights:
                return []
        else:
            rests = [step[len(partial) :] for step in legal if step.startswith(partial)]
            weights = _masked(top, rests, least)
        total = sum(weights.values())
        return [
            Proposal(self.mark(text), weight / total, math.log(top.get(text, least)))
            for text, weight in weights.items()
        ]

    def _may_follow(self, state: TranscriptState, partial: str, text: str) -> bool:
        """Whether a token may follow the part of a step that is written."""
        if text == _END:
            return bool(partial.strip()) and state.task.parse_step(state.own, partial) is not None
        return state.task.part(state.own, partial + text) is not None

    def apply(self, task: WithKinds, state: TranscriptState, step: str) -> TranscriptState:
        text = self.read(step)
        partial = self._partial(state) + ("" if text == _END else text)
        legal = state.task.legal_steps(state.own)
        part = state.task.part(state.own, partial)
        if part is None:
            return replace(state, dead=True)
        only = part.complete or (
            legal is not None and [each for each in legal if each.startswith(partial)] == [partial]
        )
        if text != _END and not only:
            too_long = state.made[-_LONGEST:].count(self.name) == _LONGEST and bool(self._partial(state))
            return replace(state.remember(self.name, partial), unfinished=self.name, dead=too_long)
        whole = state.task.parse_step(state.own, partial)
        state = replace(state.remember(self.name, ""), unfinished="")
        return replace(state, dead=True) if whole is None else state.write(whole)


def _masked(top: dict[str, float], rests: Sequence[str], floor: float) -> dict[str, float]:
    """Weights of texts such that each of `rests` begins with exactly one of them; an empty rest is an end."""
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
