"""`Kind`: a kind of proposal. All that is special about one kind is in its own class."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING

from longthink.bridge.models.model import Model
from longthink.bridge.models.work import Work
from longthink.bridge.proposals.kinds.state import TranscriptState
from longthink.bridge.proposals.proposer import Proposal, Proposer
from longthink.bridge.tasks.task import Transcript

if TYPE_CHECKING:
    from longthink.bridge.proposals.kinds.with_kinds import WithKinds


@dataclass(frozen=True)
class ProposalQuery:
    """A query for proposals: the task, the transcript and its state, the model, and a seed.

    steps: a proposer of steps, if the user gave one to `think`.
    """

    task: WithKinds
    transcript: Transcript
    state: TranscriptState
    model: Model | None
    seed: int
    steps: Proposer | None = None

    @property
    def the_model(self) -> Model:
        assert self.model is not None  # kinds that need a model are not offered without one
        return self.model


class Kind(ABC):
    """A kind of proposal. Its proposals are written "<NAME> ..." in a transcript; steps alone have no mark."""

    name: str
    """The name that it is registered by."""
    writes: bool = False
    """Whether it can write an answer without other kinds; a playout uses one of these."""
    follows_answer: bool = False
    """Whether it is offered after an answer, and only there."""
    bare: bool = False
    """Whether its mark is the whole proposal, so that choosing the kind is the proposal."""
    most: int | None = None
    """How many of its proposals a transcript has at most, in addition to the steps of the task; None: not known."""
    title: str = ""
    """What it adds to the name of a task, "TASK with TITLE"."""

    @property
    def marks(self) -> Sequence[str]:
        """The names in "<...>" with which its proposals can begin; the first is its own, which also chooses it."""
        return (self.name,)

    def mark(self, text: str) -> str:
        """A proposal of this kind as it is written in a transcript."""
        return f"<{self.name}> {text}"

    def read(self, step: str) -> str:
        """The text that `mark` was given."""
        return step.removeprefix(f"<{self.name}>").removeprefix(" ")

    def instructions(self, task: WithKinds) -> list[str]:
        """Lines that say to a model what it may write of this kind; they come first in every prompt."""
        return []

    def reminders(self, state: TranscriptState) -> list[str]:
        """Lines about the state, below the instructions."""
        return []

    def framed(self, task: WithKinds, state: TranscriptState, context: str) -> str:
        """The context of the task with what this kind writes before and after it."""
        return context

    def looks(self, query: ProposalQuery) -> int:
        """How often this kind was chosen at this place; more than once only if `again`."""
        mark = f"<{self.name}>"
        return sum(1 for _ in takewhile(mark.__eq__, reversed(query.transcript)))

    @abstractmethod
    def offered(self, query: ProposalQuery) -> bool:
        """Whether such a proposal may come next."""

    def again(self, query: ProposalQuery) -> bool:
        """Whether it has other proposals if it is chosen again: first the most likely one, then samples."""
        return False

    def propose(self, query: ProposalQuery) -> list[Proposal]:
        """The proposals of a kind that asks nothing of the model; see `work`."""
        raise NotImplementedError(f"the kind {self.name!r} needs a method propose or work")

    def work(self, query: ProposalQuery) -> Work[list[Proposal] | None]:
        """Proposals, each marked, whose priors sum to 1; None: nothing was learned.

        A kind that asks the model is a generator, which yields each `Request` and gets its completions, or None if the
        budget is spent. All others have `propose` instead.
        """
        return self.propose(query)
        yield

    def parse(self, task: WithKinds, state: TranscriptState, text: str) -> str | None:
        """A proposal of this kind from a line that a model wrote; None if it is not allowed."""
        return None

    @abstractmethod
    def apply(self, task: WithKinds, state: TranscriptState, step: str) -> TranscriptState:
        """The state after a marked proposal."""

    def __repr__(self) -> str:
        return f"<kind {self.name}>"
