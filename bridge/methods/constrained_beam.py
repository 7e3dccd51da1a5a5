"""`ConstrainedBeam`: beam search for texts that must have certain words, the domain's own method for such tasks."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from longthink.bridge.methods.likelihood import Beam, Unlikely
from longthink.bridge.proposals.proposer import Proposal
from longthink.bridge.runtime.jobs import Job, Known, Propose
from longthink.bridge.tasks.task import Transcript

if TYPE_CHECKING:
    from longthink.bridge.runtime.session import Session


@dataclass
class ConstrainedBeam(Beam):
    """A beam search with a beam of its own for each number of required texts that are missing (`Task.part`).

    So texts that put off the unlikely words do not displace those that have them. Texts are compared by the model's
    log-probability alone. If no text is correct, the search begins again with twice the width; proposals that are known
    are not paid for again. Without required texts there is one beam.

    width: the texts in each beam, at first. Hokamp and Liu, "Lexically constrained decoding for sequence generation
    using grid beam search", ACL 2017, algorithm 1; beams by the number of constraints, as in Post and Vilar, "Fast
    lexically constrained decoding with dynamic beam allocation for neural machine translation", NAACL 2018.
    """

    width: int = 1

    def begin(self, session: Session) -> None:
        self.known: dict[Transcript, list[Proposal]] = {}
        self.looked: set[Transcript] = set()  # finished texts that were verified
        self.wide, self.left_out = self.width, False
        super().begin(session)

    def next_round(self) -> Iterable[Unlikely]:
        following = list(super().next_round())
        if not following and self.left_out and not self.session.stop():
            self.wide, self.left_out = 2 * self.wide, False
            following = [(0.0, self.session.task.initial, 1.0)]
        return following

    def best(self, grown: list[Unlikely]) -> list[Unlikely]:
        task, beams = self.session.task, dict[int, list[Unlikely]]()
        for each in grown:
            part = task.part(each[1], "")
            beams.setdefault(0 if part is None else part.missing, []).append(each)
        self.left_out |= any(len(beam) > self.wide for beam in beams.values())
        kept = [each for beam in beams.values() for each in beam[: self.wide] if each[1] not in self.looked]
        self.looked |= {transcript for _, transcript, _ in kept if task.done(transcript)}
        return sorted(kept)

    def job(self, item: Unlikely) -> Job:
        known = self.known.get(item[1])
        return Propose(item[1], key=item) if known is None else Known(known, key=item)

    def take(self, job: Job, result: list[Proposal] | None) -> None:
        if result is None:
            return
        nats, transcript, _ = job.key
        self.known[transcript] = result
        self.grown += [
            (nats - _logprob(each), (*transcript, each.text), each.prior) for each in result if each.prior > 0
        ]


def _logprob(proposal: Proposal) -> float:
    return math.log(proposal.prior) if proposal.logprob is None else proposal.logprob
