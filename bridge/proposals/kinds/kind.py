"""What a kind of proposal is, and the state of a transcript that holds several."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING, ClassVar

from longthink.bridge.models.model import Model
from longthink.bridge.proposals.proposer import Proposal, Proposer
from longthink.bridge.runtime.scheduler import Work
from longthink.bridge.tasks.task import Subproblem, Task, Transcript

if TYPE_CHECKING:
    from longthink.bridge.proposals.kinds.with_kinds import WithKinds


@dataclass(frozen=True)
class State:
    """What a transcript has come to.

    task, own: the problem under way, and its own steps. part, whole: where it is a subproblem: which, and the state it
    is a part of. notes: what is told besides the steps, each after so many of them. strategy: how to go about it.
    earlier: the answers that are being revised, with their values. partial: a step of which some tokens are written.
    chosen: the kind that comes next, where that was chosen. made: the kinds of all proposals so far. dead: nothing can
    follow.
    """

    task: Task
    own: Transcript
    part: Subproblem | None = None
    whole: State | None = None
    notes: tuple[tuple[int, str], ...] = ()
    strategy: str = ""
    earlier: tuple[tuple[str, float], ...] = ()
    partial: str = ""
    chosen: str = ""
    made: tuple[str, ...] = ()
    dead: bool = False


@dataclass(frozen=True)
class Asking:
    """Who asks for proposals, and where: the task, the transcript and its state, the model, and a seed.

    steps: what proposes steps, where `think` was given it.
    """

    task: WithKinds
    transcript: Transcript
    state: State
    model: Model | None
    seed: int
    steps: Proposer | None = None

    @property
    def the_model(self) -> Model:
        assert self.model is not None  # kinds that need one are not offered without
        return self.model


@dataclass(frozen=True)
class Kind(ABC):
    """A kind of proposal. In a transcript one is written "<NAME> ...", but for steps, which have no mark."""

    name: str
    summary: str
    writes: ClassVar[bool] = False
    """Whether it can write an answer without other kinds; a playout uses one of those."""
    follows_answer: ClassVar[bool] = False
    """Whether it is offered after an answer, and only there."""
    bare: ClassVar[bool] = False
    """Whether its mark is all there is to say, so that to choose the kind is the proposal."""

    def mark(self, text: str) -> str:
        """How a proposal of this kind stands in a transcript."""
        return f"<{self.name}> {text}"

    def read(self, step: str) -> str:
        """The text that `mark` was given."""
        return step.removeprefix(f"<{self.name}>").removeprefix(" ")

    def told(self, task: WithKinds) -> list[str]:
        """Lines that tell a model what it may write of this kind."""
        return []

    def looks(self, asking: Asking) -> int:
        """How often this kind was chosen for the place that is asked about; more than once only where `again`."""
        mark = f"<{self.name}>"
        return sum(1 for _ in takewhile(mark.__eq__, reversed(asking.transcript)))

    @abstractmethod
    def offered(self, asking: Asking) -> bool:
        """Whether such a proposal may come next."""

    def again(self, asking: Asking) -> bool:
        """Whether, chosen again, it has others: first what the model likes best, then samples."""
        return False

    @abstractmethod
    def work(self, asking: Asking) -> Work[list[Proposal] | None]:
        """Ask for proposals, each marked, whose priors sum to 1; None: nothing learned."""

    def parse(self, task: WithKinds, state: State, text: str) -> str | None:
        """A proposal of this kind as a model wrote it on a line of its own; None where that may not be."""
        return None

    @abstractmethod
    def apply(self, task: WithKinds, state: State, step: str) -> State:
        """The state after a marked proposal."""
