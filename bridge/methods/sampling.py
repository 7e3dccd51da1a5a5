"""Whole answers beside one another: greedy, best of n, and votes, in which the verifier is asked once, at the end."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator

from longthink.bridge.methods.votes import Votes
from longthink.bridge.proposals.writing import Written, seeds, writing
from longthink.bridge.runtime.scheduler import Turns, Work
from longthink.bridge.runtime.session import Thinking, checked_count
from longthink.bridge.tasks.answers import Same
from longthink.bridge.tasks.task import Task, Transcript
from longthink.errors import ParameterError
from longthink.search.budget import Spent

Score = Callable[[Task, Transcript], float]
"""How much a finished transcript counts in a vote, from 0."""


def greedy(thinking: Thinking) -> Turns:
    """One transcript, the likeliest step each time."""
    yield from _write(thinking, 0.0, [thinking.seed], lambda written: _verify(thinking, written))


def best_of_n(thinking: Thinking) -> Turns:
    """Transcripts sampled one beside the other; the verifier picks the best."""
    yield from _write(thinking, 1.0, seeds(thinking.seed), lambda written: _verify(thinking, written))


def majority_vote(thinking: Thinking, samples: int | None = None, confidence: float | None = None) -> Turns:
    """The answer that most of the sampled transcripts give; answers are equal if `task.canonical` makes them so.

    Answers in free text are also equal if they are so as mathematics (answers.py). A sample without an answer counts
    for none.

    samples: how many; None: as many as the budget allows. It ends before, as "agreed", where those that are left cannot
    change the vote, or where `confidence`, above 1/2 and below 1, is given and the answer in front is the one that the
    model gives most often with at least this probability (`leads` of votes.py).

    Wang et al., "Self-consistency improves chain of thought reasoning in language models", ICLR 2023; Aggarwal et al.,
    "Let's sample step by step", EMNLP 2023.
    """
    if confidence is not None and not (isinstance(confidence, float) and 0.5 < confidence < 1.0):
        raise ParameterError(
            f"majority_vote: confidence expects a probability above 0.5 and below 1, as in 0.95, got {confidence!r}"
        )
    yield from _vote(thinking, "majority_vote", samples, lambda written: 1.0, 1.0, confidence)


def weighted_vote(thinking: Thinking, samples: int | None = None, score: Score | None = None) -> Turns:
    """A vote in which a transcript counts by its probability, the geometric mean over what it was written in.

    That is the "normalized weighted sum" of Wang et al., ICLR 2023, table 1; where a model does not tell how likely
    its text is, all count the same. score: a function of task and transcript to be used in its place. samples: as of
    `majority_vote`.
    """

    def weight(written: Written) -> float:
        if score is not None:
            return score(thinking.task, written.transcript)
        return 1.0 if written.logprob is None else math.exp(written.logprob / max(1, written.tokens))

    yield from _vote(thinking, "weighted_vote", samples, weight, 1.0 if score is None else math.inf)


def _vote(
    thinking: Thinking,
    name: str,
    samples: int | None,
    weight: Callable[[Written], float],
    heaviest: float,
    confidence: float | None = None,
) -> Turns:
    """A vote; `heaviest` is the most that a transcript may count."""
    task = thinking.task
    most = math.inf if samples is None else checked_count(name, "samples", samples)
    votes = Votes[Transcript](Same() if task.free_text else str.__eq__)
    before, begun = thinking.spent.simulations, 0

    def agreed() -> bool:
        ended = thinking.spent.simulations - before
        left = most - ended
        if thinking.budget.simulations is not None:
            may_come = thinking.budget.simulations - thinking.spent.simulations - thinking.others.simulations
            left = min(left, max(begun - ended, may_come))
        sure = confidence is not None and votes.sure >= confidence
        return sure or (left < math.inf and votes.settled(left * heaviest if left else 0.0))

    def manners() -> Iterator[int]:
        nonlocal begun
        for seed in seeds(thinking.seed):
            if begun == most:
                return
            if agreed():
                thinking.stopped_by = "agreed"
                return
            begun += 1
            yield seed

    def end(written: Written) -> None:
        votes.add(task.canonical(task.answer(written.transcript)), written.transcript, weight(written))
        thinking.look(written.transcript, None, written.priors)

    thinking.gain = lambda: votes.gain
    try:
        yield from _write(thinking, 1.0, manners(), end)
    finally:  # whatever ended it, there is a vote of those who came
        if votes.count:
            transcript = votes.winner()
            value = thinking.verify(transcript)
            thinking.found(task.answer(transcript), value, transcript)


def _verify(thinking: Thinking, written: Written) -> None:
    """Verify what was written, and tell it."""
    task, transcript = thinking.task, written.transcript
    value = thinking.verify(transcript)
    thinking.look(transcript, value, written.priors)
    thinking.found(task.answer(transcript), value, transcript)


def _write(thinking: Thinking, temperature: float, manners: Iterable[int], end: Callable[[Written], object]) -> Turns:
    """Write a transcript for each seed, as long as there is something to spend."""
    model, left = thinking.the_model(), iter(manners)

    def begin() -> tuple[None, Work[Written | None]] | None:
        seed = next(left, None)
        return None if seed is None else (None, writing(thinking.task, model, temperature, seed))

    def done(key: None, written: Written | None) -> None:
        thinking.spend(Spent(simulations=1))
        if written is not None:
            thinking.count(written.transcript)
            end(written)

    yield from thinking.work_through(model, begin, done)
