"""Jobs: what a method asks the scheduler for. A method's `ask` returns a job, and its `tell` gets the result.

A job is plain data, so that a method and its jobs can be pickled. `work` says which requests it takes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from longthink.bridge.models.model import Completion, Model, Request
from longthink.bridge.models.work import Work
from longthink.bridge.proposals.proposer import Proposal, Proposer
from longthink.bridge.proposals.writing import Written, writing
from longthink.bridge.tasks.task import Task, Transcript

if TYPE_CHECKING:
    from longthink.bridge.runtime.session import Session


@dataclass(eq=False, slots=True)
class Job:
    """A piece of work for a model.

    key: anything that helps the method in `tell`, for example the node of a tree to which the job belongs.
    """

    key: Any = field(default=None, kw_only=True)

    def model(self, session: Session) -> Model | None:
        """The model that gets the requests."""
        return session.model

    def work(self, session: Session) -> Work[Any]:
        """The requests in sequence, and the result for `tell`.

        The same completions must lead to the same requests: so a pickled session continues a job in the middle.
        """
        raise NotImplementedError


@dataclass(eq=False, slots=True)
class Write(Job):
    """Write a transcript to an answer, step by step. The result is a `Written`; None if there is no legal step.

    start: the steps that are written already. task: in place of the task of the session.
    """

    temperature: float = 1.0
    seed: int = 0
    start: Transcript | None = None
    task: Task | None = None

    def work(self, session: Session) -> Work[Written | None]:
        task = session.task if self.task is None else self.task
        return writing(task, session.the_model(), self.temperature, self.seed, self.start)


@dataclass(eq=False, slots=True)
class Propose(Job):
    """Propose the steps that may follow a transcript. The result is a list of `Proposal`s.

    proposer: in place of the proposer of the session.
    """

    transcript: Transcript
    proposer: Proposer | None = None

    def model(self, session: Session) -> Model | None:
        return (self.proposer or session.the_proposer).model or session.model

    def work(self, session: Session) -> Work[list[Proposal] | None]:
        proposer = self.proposer or session.the_proposer
        proposals = yield from proposer.work(session.task, self.transcript)
        session.pay(proposer)
        session.count([each.text for each in proposals or ()])
        return proposals


@dataclass(eq=False, slots=True)
class Complete(Job):
    """One request to the model. The result is its list of `Completion`s."""

    request: Request

    def work(self, session: Session) -> Work[list[Completion] | None]:
        return (yield self.request)


@dataclass(eq=False, slots=True)
class Known(Job):
    """A job whose result is known already, so that it takes no request."""

    result: Any

    def work(self, session: Session) -> Work[Any]:
        return self.result
        yield
