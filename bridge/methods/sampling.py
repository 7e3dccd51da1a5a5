"""Whole answers that do not depend on each other: `Greedy` and `BestOfN`. The shortest methods; start reading here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from longthink.bridge.methods.method import Method
from longthink.bridge.proposals.writing import Written, sample_seed
from longthink.bridge.runtime.jobs import Job, Write
from longthink.search.budget import Spent

if TYPE_CHECKING:
    from longthink.bridge.runtime.session import Session


@dataclass
class Sampling(Method):
    """Any number of sampled transcripts; the base of the methods that sample."""

    def begin(self, session: Session) -> None:
        super().begin(session)
        session.the_model()
        self.asked = 0

    def ask(self) -> Job | None:
        self.asked += 1
        return Write(seed=sample_seed(self.session.seed, self.asked - 1))

    def tell(self, job: Job, result: Written | None) -> Job | None:
        self.session.spend(Spent(simulations=1))
        if result is not None:
            self.session.count(result.transcript)
            self.take(result)
        return None

    def take(self, written: Written) -> None:
        """Take a finished transcript: by default, verify it."""
        self.session.finished(written.transcript, written.priors)


@dataclass
class Greedy(Sampling):
    """One transcript, with the most probable step each time."""

    ends = True

    def ask(self) -> Job | None:
        if self.asked == 1:
            return None
        self.asked = 1
        return Write(temperature=0.0, seed=self.session.seed)


@dataclass
class BestOfN(Sampling):
    """Samples answers; the verifier picks the best one.

    It samples until the budget is spent or an answer is correct.
    """
