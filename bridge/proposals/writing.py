"""Writing whole answers with the model, one legal step after another. Most methods and some kinds do this."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from longthink.bridge.models.model import Completion, Model, Request
from longthink.bridge.models.work import Work
from longthink.bridge.proposals.lines import lines
from longthink.bridge.proposals.proposer import legal_grammar
from longthink.bridge.tasks.task import Task, Transcript


@dataclass(frozen=True)
class Written:
    """A finished transcript as the model wrote it.

    logprobs: of the written steps, in nats; None if the model has none. tokens: how many choices the model made: one
    for each token it generated, and one for each step chosen by a score.
    """

    transcript: Transcript
    logprobs: tuple[float | None, ...]
    tokens: int

    @property
    def logprob(self) -> float | None:
        """The log-probability of all written steps, in nats; None if one is unknown."""
        known = [logprob for logprob in self.logprobs if logprob is not None]
        return sum(known) if len(known) == len(self.logprobs) else None

    @property
    def priors(self) -> list[float | None]:
        """The probability of each written step."""
        return [None if logprob is None else math.exp(logprob) for logprob in self.logprobs]


def sample_seed(seed: int, place: int) -> int:
    """The seed of the sample at a place, 0 for the first one, of a session with `seed`."""
    return seed + 7919 * place


def writing(
    task: Task, model: Model, temperature: float, seed: int, start: Transcript | None = None
) -> Work[Written | None]:
    """Write a transcript to an answer, step by step among the legal steps; None if the model writes no legal step.

    start: the steps that are written already.
    """
    transcript, logprobs, tokens = task.initial if start is None else start, [], 0
    while not task.answered(transcript):
        steps, context = task.legal_steps(transcript), task.context(transcript)
        if steps and model.scores:
            scored = yield Request(context, choices=tuple(steps))
            if scored is None:
                return None
            written = _chosen(scored, temperature, f"{seed} {len(transcript)}")
            step: str | None = written.text
            tokens += 1
        else:
            grammar = legal_grammar(steps) if steps and model.grammars else None
            found = yield from lines(context, temperature=temperature, seed=seed, grammar=grammar)
            if found is None:
                return None
            written = found[0]
            step = task.parse_step(transcript, written.text)
            tokens += max(1, written.generated_tokens)
        if step is None:
            return None
        transcript = (*transcript, step)
        logprobs.append(written.logprob)
    return Written(transcript, tuple(logprobs), tokens)


def _chosen(scored: Sequence[Completion], temperature: float, seed: str) -> Completion:
    """One of the texts that a model has scored: the most probable one, or a sample."""
    logprobs = [completion.logprob or 0.0 for completion in scored]
    if temperature == 0:
        return scored[logprobs.index(max(logprobs))]
    return Random(seed).choices(scored, [math.exp(logprob / temperature) for logprob in logprobs])[0]
