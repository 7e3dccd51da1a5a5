"""Search by the probability of what is written so far, and nothing else: `Beam` and `BestFirst`."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import TYPE_CHECKING

from longthink.bridge.methods.method import Method
from longthink.bridge.methods.rounds import Rounds
from longthink.bridge.proposals.proposer import Proposal
from longthink.bridge.runtime.jobs import Job, Propose
from longthink.bridge.tasks.task import Transcript
from longthink.search.budget import Spent
from longthink.validation import whole_number

if TYPE_CHECKING:
    from longthink.bridge.runtime.session import Session

Unlikely = tuple[float, Transcript, float]
"""How improbable a transcript is, in nats; the transcript; and the probability of its last step."""


@dataclass
class Beam(Rounds[Unlikely]):
    """The most probable transcripts continue together, one step at a time.

    width: how many. The finished ones among them are verified. A simulation is a transcript that is continued.
    Lowerre, "The HARPY speech recognition system", 1976.
    """

    width: int = 5

    def __post_init__(self) -> None:
        self.width = whole_number("width", self.width, 1)

    def begin(self, session: Session) -> None:
        _ = session.the_proposer
        self.grown: list[Unlikely] = [(0.0, session.task.initial, 1.0)]
        super().begin(session)

    def first_round(self) -> Iterable[Unlikely]:
        return self.next_round()

    def next_round(self) -> Iterable[Unlikely]:
        kept, self.grown = self.best(sorted(self.grown)), []
        for each in kept:
            _look(self.session, each)
        return [each for each in kept if not self.session.task.done(each[1])]

    def best(self, grown: list[Unlikely]) -> list[Unlikely]:
        """Those of the sorted transcripts that continue."""
        return grown[: self.width]

    def job(self, item: Unlikely) -> Job:
        return Propose(item[1], key=item)

    def take(self, job: Job, result: list[Proposal] | None) -> None:
        self.grown += _after(job.key, result)


@dataclass
class BestFirst(Method):
    """The most probable transcript of all is continued, and each transcript is looked at once.

    If only finished transcripts have values, a simulation that returns to a state learns nothing; here none returns. A
    simulation is a transcript that is continued or, if it is finished, verified.
    """

    def begin(self, session: Session) -> None:
        super().begin(session)
        _ = session.the_proposer
        self.waiting: list[Unlikely] = [(0.0, session.task.initial, 1.0)]

    def ask(self) -> Job | None:
        session = self.session
        while self.waiting and not session.stop():
            each = heappop(self.waiting)
            session.spend(Spent(simulations=1))
            _look(session, each)
            if not session.task.done(each[1]):
                return Propose(each[1], key=each)
        return None

    def tell(self, job: Job, result: list[Proposal] | None) -> Job | None:
        for each in _after(job.key, result):
            heappush(self.waiting, each)
        return None

    def finish(self) -> None:
        if not self.waiting and self.session.value < 1.0 and self.session.stopped_by == "done":
            self.session.stopped_by = "exhausted"


def _after(before: Unlikely, proposals: list[Proposal] | None) -> list[Unlikely]:
    """The transcripts that continue one by a proposal."""
    nats, transcript, _ = before
    return [
        (nats - math.log(each.prior), (*transcript, each.text), each.prior)
        for each in proposals or []
        if each.prior > 0
    ]


def _look(session: Session, each: Unlikely) -> None:
    """Add a transcript to the trace; verify it if it is finished."""
    _, transcript, prior = each
    priors = [*[None] * (len(transcript) - 1), prior] if transcript else ()
    if session.task.answered(transcript):
        session.finished(transcript, priors)
    else:
        session.look(transcript, None, priors)
