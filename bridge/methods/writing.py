"""Writing whole transcripts with the model, which most methods do: one step after the other among the legal ones."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from random import Random

from longthink.bridge.methods.thinking import Thinking
from longthink.bridge.model import Completion, Model, Request
from longthink.bridge.proposer import legal_grammar
from longthink.bridge.task import Task, Transcript
from longthink.bridge.work import Work


@dataclass(frozen=True)
class Written:
    """A finished transcript as the model wrote it.

    logprobs: of its steps, in nats, None where the model does not say. tokens: in how many pieces it was written, for
    each of which there was a choice: tokens, and steps that were scored.
    """

    transcript: Transcript
    logprobs: tuple[float | None, ...]
    tokens: int

    @property
    def logprob(self) -> float | None:
        """Of the whole, in nats."""
        known = [logprob for logprob in self.logprobs if logprob is not None]
        return sum(known) if len(known) == len(self.logprobs) else None

    @property
    def priors(self) -> list[float | None]:
        """How likely the model found each step."""
        return [None if logprob is None else math.exp(logprob) for logprob in self.logprobs]


def seeds(seed: int) -> count[int]:
    """A seed for each of any number of samples."""
    return count(seed, 7919)


def writing(task: Task, model: Model, temperature: float, seed: int, before: str = "") -> Work[Written | None]:
    """Write one transcript step by step among the legal steps; None where it leads nowhere.

    before: text that stands before what the task puts to the model.
    """
    transcript, logprobs, tokens = task.initial, [], 0
    while not task.done(transcript):
        steps, context = task.legal_steps(transcript), before + task.context(transcript)
        if steps and model.scores:
            scored = yield Request(context, choices=tuple(steps))
            if scored is None:
                return None
            written = _chosen(scored, temperature, f"{seed} {len(transcript)}")
            step: str | None = written.text
            tokens += 1
        else:
            grammar = legal_grammar(steps) if steps and model.grammars else None
            told = yield Request(context, temperature=temperature, stop=("\n",), seed=seed, grammar=grammar)
            if told is None:
                return None
            written = told[0]
            step = task.parse_step(transcript, written.text)
            tokens += max(1, written.generated_tokens)
        if step is None:
            return None
        transcript = (*transcript, step)
        logprobs.append(written.logprob)
    return Written(transcript, tuple(logprobs), tokens)


def _chosen(scored: Sequence[Completion], temperature: float, seed: str) -> Completion:
    """One of the texts that a model has scored: the likeliest, or a sample."""
    logprobs = [completion.logprob or 0.0 for completion in scored]
    if temperature == 0:
        return scored[logprobs.index(max(logprobs))]
    return Random(seed).choices(scored, [math.exp(logprob / temperature) for logprob in logprobs])[0]


def verified(thinking: Thinking, written: Written) -> float:
    """Verify what was written, tell it, and give its value."""
    task, transcript = thinking.task, written.transcript
    value = task.verify(transcript)
    thinking.look(transcript, value, written.priors)
    thinking.found(task.answer(transcript), value, transcript)
    return value
