"""Votes over sampled answers: `MajorityVote` and `WeightedVote`. The verifier is asked once, about the winner."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from longthink.bridge.methods.sampling import Sampling
from longthink.bridge.methods.votes import Votes
from longthink.bridge.proposals.writing import Written
from longthink.bridge.runtime.jobs import Job
from longthink.bridge.tasks.answers import Same
from longthink.bridge.tasks.task import Task, Transcript
from longthink.errors import ParameterError
from longthink.validation import whole_number

if TYPE_CHECKING:
    from longthink.bridge.runtime.session import Session

Score = Callable[[Task, Transcript], float]
"""How much a finished transcript counts in a vote, from 0."""


@dataclass
class Vote(Sampling):
    """Sampled transcripts vote for their answers; the base of the votes.

    samples: how many; None: as many as the budget allows.
    """

    samples: int | None = None

    def __post_init__(self) -> None:
        if self.samples is not None:
            self.samples = whole_number("samples", self.samples, 1)

    def begin(self, session: Session) -> None:
        super().begin(session)
        self.votes = Votes[Transcript](Same() if session.task.free_text else str.__eq__)
        self.before, self.closed = session.spent.simulations, False

    def ask(self) -> Job | None:
        if self.closed or self.asked == self.samples:
            return None
        if self.agreed():
            self.closed, self.session.stopped_by = True, "agreed"
            return None
        return super().ask()

    def take(self, written: Written) -> None:
        task, transcript = self.session.task, written.transcript
        self.votes.add(task.canonical(task.answer(transcript)), transcript, self.weight(written))
        self.session.look(transcript, None, written.priors)

    def finish(self) -> None:
        if self.votes.count:
            transcript = self.votes.winner()
            value = self.session.verify(transcript)
            self.session.found(self.session.task.answer(transcript), value, transcript)

    def gain(self) -> float:
        return self.votes.gain

    def agreed(self) -> bool:
        """Whether the votes that may still come cannot change the winner."""
        session = self.session
        ended = session.spent.simulations - self.before
        left = math.inf if self.samples is None else self.samples - ended
        if session.budget.simulations is not None:
            may_come = session.budget.simulations - session.spent.simulations - session.account.others.simulations
            left = min(left, max(self.asked - ended, may_come))
        return left < math.inf and self.votes.settled(left * self.heaviest() if left else 0.0)

    def weight(self, written: Written) -> float:
        """How much a transcript counts, from 0."""
        return 1.0

    def heaviest(self) -> float:
        """The most that a transcript may count."""
        return 1.0


@dataclass
class MajorityVote(Vote):
    """Samples answers; the most frequent one wins.

    Answers are equal if `task.canonical` makes them equal; answers in free text also if they are equal as mathematics
    (answers.py). A sample without an answer votes for none.

    samples: how many; None: as many as the budget allows. The vote ends earlier, as "agreed", if the samples that are
    left cannot change it. confidence: above 1/2 and below 1; the vote also ends if the leading answer is the model's
    most frequent one with at least this probability (`leads` of votes.py).

    Wang et al., "Self-consistency improves chain of thought reasoning in language models", ICLR 2023; Aggarwal et al.,
    "Let's sample step by step", EMNLP 2023.
    """

    confidence: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        given = self.confidence
        if given is not None and not (isinstance(given, float) and 0.5 < given < 1.0):
            raise ParameterError(
                f"majority_vote: confidence expects a probability above 0.5 and below 1, as in 0.95, got {given!r}"
            )

    def agreed(self) -> bool:
        sure = self.confidence is not None and self.votes.sure >= self.confidence
        return sure or super().agreed()


@dataclass
class WeightedVote(Vote):
    """Sampled answers, in a vote weighted by the probability of the transcripts.

    The weight is the geometric mean of the probabilities of what a transcript was written in: the "normalized weighted
    sum" of Wang et al., ICLR 2023, table 1. If a model gives no probabilities, all transcripts count the same.

    samples: as in `MajorityVote`. score: a function of task and transcript that returns the weight instead.
    """

    score: Score | None = None

    def weight(self, written: Written) -> float:
        if self.score is not None:
            return self.score(self.session.task, written.transcript)
        return 1.0 if written.logprob is None else math.exp(written.logprob / max(1, written.tokens))

    def heaviest(self) -> float:
        return 1.0 if self.score is None else math.inf
