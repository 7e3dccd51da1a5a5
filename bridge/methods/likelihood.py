"""Search by the probability of what was written so far, alone: beam, and best first."""

from __future__ import annotations

import math
from heapq import heappop, heappush

from longthink.bridge.proposals.proposer import Proposal
from longthink.bridge.runtime.scheduler import Turns, Work
from longthink.bridge.runtime.session import Thinking, checked_count
from longthink.bridge.tasks.task import Transcript
from longthink.search.budget import Spent

Unlikely = tuple[float, Transcript, float]
"""How unlikely a transcript is, in nats, the transcript, and how likely its last step is."""


def beam(thinking: Thinking, width: int = 5) -> Turns:
    """The `width` likeliest transcripts go on together, a step at a time; the finished ones among them are verified.

    A simulation is a transcript that goes on. Lowerre, "The HARPY speech recognition system", 1976.
    """
    checked_count("beam", "width", width)
    task, proposer = thinking.task, thinking.the_proposer()
    kept: list[Unlikely] = [(0.0, task.initial, 1.0)]
    while kept:
        grown: list[Unlikely] = []
        for each in kept:
            _look(thinking, each)
        if thinking.stop():
            break

        def end(key: Unlikely, proposals: list[Proposal] | None, grown: list[Unlikely] = grown) -> None:
            grown += _after(key, proposals)

        going = [(each, thinking.proposing(proposer, each[1])) for each in kept if not task.done(each[1])]
        yield from thinking.work_off(proposer.model or thinking.model, going, end)
        kept = sorted(grown)[:width]


def best_first(thinking: Thinking) -> Turns:
    """The likeliest transcript of all goes on, and each is looked at once: search by probability alone.

    Where nothing but a finished transcript has a value, simulations that come back to a state learn nothing, and none
    do. A simulation is a transcript that goes on or, finished, is verified.
    """
    task, proposer = thinking.task, thinking.the_proposer()
    waiting: list[Unlikely] = [(0.0, task.initial, 1.0)]

    def begin() -> tuple[Unlikely, Work[list[Proposal] | None]] | None:
        while waiting and not thinking.stop():
            each = heappop(waiting)
            thinking.spend(Spent(simulations=1))
            _look(thinking, each)
            if not task.done(each[1]):
                return each, thinking.proposing(proposer, each[1])
        return None

    def end(key: Unlikely, proposals: list[Proposal] | None) -> None:
        for each in _after(key, proposals):
            heappush(waiting, each)

    yield from thinking.work_through(proposer.model or thinking.model, begin, end)
    if not waiting and thinking.value < 1.0 and thinking.stopped_by == "done":
        thinking.stopped_by = "exhausted"


def _after(before: Unlikely, proposals: list[Proposal] | None) -> list[Unlikely]:
    nats, transcript, _ = before
    return [
        (nats - math.log(each.prior), (*transcript, each.text), each.prior)
        for each in proposals or []
        if each.prior > 0
    ]


def _look(thinking: Thinking, each: Unlikely) -> None:
    """Tell the trace, and verify what is finished."""
    _, transcript, prior = each
    task = thinking.task
    value = thinking.verify(transcript) if task.answered(transcript) else None
    thinking.look(transcript, value, [*[None] * (len(transcript) - 1), prior] if transcript else ())
    if value is not None:
        thinking.found(task.answer(transcript), value, transcript)
