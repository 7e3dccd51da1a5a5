"""Proposers turn a model into actions: proposals for the next step, each with a prior probability."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from longthink.bridge.models.model import Completion, Model, Request, known_logprob
from longthink.bridge.models.work import Work, do
from longthink.bridge.proposals.lines import lines
from longthink.bridge.tasks.task import Task, Transcript
from longthink.search.budget import Spent


@dataclass(frozen=True)
class Proposal:
    """A step that may come next, and its prior probability. The priors of one state sum to 1.

    logprob: the model's log-probability of the text among all texts, in nats; None if it is unknown.
    """

    text: str
    prior: float
    logprob: float | None = None


class Proposer(ABC):
    """Proposes steps. `spent` is the cost of calls of `propose`."""

    model: Model | None = None
    """The model that `work` asks; None is the model of the session."""

    def __init__(self) -> None:
        self.spent = Spent()

    @abstractmethod
    def propose(self, task: Task, transcript: Transcript) -> list[Proposal]:
        """Different legal steps after a transcript that is not finished; an empty list if there are none."""

    def work(self, task: Task, transcript: Transcript) -> Work[list[Proposal] | None]:
        """The same as `Work` that yields its requests, so that several run at once. None: nothing learned."""
        return self.propose(task, transcript)
        yield


class UniformProposer(Proposer):
    """Every legal step, all equally probable: for search without a model."""

    def propose(self, task: Task, transcript: Transcript) -> list[Proposal]:
        steps = task.legal_steps(transcript) or []
        return [Proposal(step, 1 / len(steps)) for step in steps]


class ModelProposer(Proposer):
    """A proposer that asks a model, by requests in `work`."""

    def __init__(self, model: Model) -> None:
        super().__init__()
        self.model: Model = model

    def propose(self, task: Task, transcript: Transcript) -> list[Proposal]:
        proposals, spent = do(self.work(task, transcript), self.model)
        self.spent += spent
        return proposals or []

    @abstractmethod
    def work(self, task: Task, transcript: Transcript) -> Work[list[Proposal] | None]: ...


class TrieProposer(ModelProposer):
    """Every legal step with the model's probability of its text: for tasks that can list their steps.

    The legal steps form a trie of characters. The model is asked for the most probable next tokens at its root, then
    at the prefix that has the most probability and several steps, `calls` times for each state. Steps that still have
    a prefix in common then share its probability equally.
    """

    def __init__(self, model: Model, calls: int = 5, top: int = 40) -> None:
        super().__init__(model)
        self._calls, self._top = calls, top

    def work(self, task: Task, transcript: Transcript) -> Work[list[Proposal] | None]:
        steps = list(task.legal_steps(transcript) or [])
        context = task.context(transcript)
        groups = {"": (1.0, steps)} if steps else {}  # prefix: its probability, and the steps that begin with it
        for _ in range(self._calls):
            open_groups = [prefix for prefix, (_, members) in groups.items() if len(members) > 1]
            if not open_groups:
                break
            prefix = max(open_groups, key=lambda prefix: groups[prefix][0])
            completions = yield Request(context + prefix, max_tokens=1, temperature=0.0, top=self._top)
            if completions is None:
                if len(groups) == 1:
                    return None
                break
            mass, members = groups.pop(prefix)
            groups |= _split(completions[0], prefix, mass, members)
        return [Proposal(step, mass / len(members)) for mass, members in groups.values() for step in members]


class ScoreProposer(ModelProposer):
    """Every legal step with exactly the model's probability, in one request: for models that score texts."""

    def work(self, task: Task, transcript: Transcript) -> Work[list[Proposal] | None]:
        steps = tuple(task.legal_steps(transcript) or ())
        if not steps:
            return []
        scored = yield Request(task.context(transcript), choices=steps)
        return None if scored is None else [Proposal(s.text, math.exp(s.logprob or 0.0)) for s in scored]


class SampleProposer(ModelProposer):
    """`samples` steps that the model writes, with equal steps merged: for tasks that cannot list their steps."""

    def __init__(
        self, model: Model, samples: int = 4, temperature: float = 1.0, max_tokens: int = 64, seed: int = 0
    ) -> None:
        super().__init__(model)
        self._samples, self._temperature = samples, temperature
        self._max_tokens, self._seed = max_tokens, seed

    def work(self, task: Task, transcript: Transcript) -> Work[list[Proposal] | None]:
        written = yield from lines(
            task.context(transcript), n=self._samples, max_tokens=self._max_tokens, temperature=self._temperature,
            seed=self._seed + 1000 * len(transcript),
        )  # fmt: skip
        if written is None:
            return None
        return merged((task.parse_step(transcript, each.text), each) for each in written)


def merged(written: Iterable[tuple[str | None, Completion]]) -> list[Proposal]:
    """Written steps as proposals, with equal texts merged. The step None, which is not legal, is left out.

    The prior is the model's probability of the text or, without probabilities, how often the text was written.
    """
    weights: dict[str, float] = {}
    for step, completion in written:
        if step is None:
            continue
        if completion.logprob is None:
            weights[step] = weights.get(step, 0.0) + 1.0
        else:
            weights[step] = math.exp(completion.logprob)
    total = sum(weights.values())
    if total <= 0:
        return [Proposal(step, 1 / len(weights)) for step in weights]
    return [Proposal(step, weight / total) for step, weight in weights.items()]


def floor_of(completion: Completion) -> float:
    """Half of the probability of the least probable token in `top`: for the tokens that are not in it."""
    top = completion.tokens[0].top if completion.tokens else {}
    return 0.5 * math.exp(known_logprob(min(top.values()))) if top else 1.0


def _split(
    completion: Completion, prefix: str, mass: float, members: Sequence[str]
) -> dict[str, tuple[float, list[str]]]:
    """Split the group of a prefix by its next character, by the probabilities of the model."""
    top = dict(completion.tokens[0].top) if completion.tokens else {}
    floor = floor_of(completion)
    by_character: dict[str, list[str]] = {}
    for step in members:
        by_character.setdefault(step[len(prefix) : len(prefix) + 1], []).append(step)
    weights = {}
    for character, group in by_character.items():
        rests = [step[len(prefix) :] for step in group]
        fits = [math.exp(lp) for token, lp in top.items() if token and any(_fits(token, rest) for rest in rests)]
        weights[character] = sum(fits) or floor
    total = sum(weights.values())
    # a step that ends here cannot be continued, so its group is final
    return {
        prefix + character if character else prefix + "\0": (mass * weights[character] / total, group)
        for character, group in by_character.items()
    }


def _fits(token: str, rest: str) -> bool:
    """Whether a token is the beginning of a text, or ends it by a line break."""
    return rest.startswith(token) or token.startswith(rest + "\n")


def proposer_for(task: Task, model: Model, seed: int = 0) -> Proposer:
    """The proposer that fits a task and a model: priors over all legal steps if both allow it, else samples."""
    if model.scores and task.legal_steps(task.initial) is not None:
        return ScoreProposer(model)
    if model.logprobs and task.legal_steps(task.initial) is not None:
        return TrieProposer(model)
    return SampleProposer(model, seed=seed)


def legal_grammar(steps: Sequence[str]) -> str:
    """The GBNF grammar of exactly these texts."""
    return "root ::= " + " | ".join(
        '"' + s.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"' for s in steps
    )
