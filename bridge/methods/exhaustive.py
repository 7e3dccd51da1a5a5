"""`Exhaustive`: the solver made for a task's own domain, the baseline of every general method."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from longthink.bridge.methods.method import Method
from longthink.bridge.runtime.jobs import Job
from longthink.bridge.tasks.verifier import task_verifier
from longthink.errors import ParameterError
from longthink.search.budget import Spent

if TYPE_CHECKING:
    from longthink.bridge.runtime.session import Session


@dataclass
class Exhaustive(Method):
    """The task's own solver.

    Raises `ParameterError` if the task has none, or if a `verifier` is given: a solver has an answer without steps,
    and the task checks it.
    """

    needs_model = False
    ends = True
    cancellable = False

    def begin(self, session: Session) -> None:
        super().begin(session)
        if session.verifier is not task_verifier:
            raise ParameterError("exhaustive finds an answer without steps, which verifier= cannot value; leave it out")
        solved = session.task.solve()
        if solved is None:
            raise ParameterError(f"{session.task.name} has no solver of its own; use another method")
        session.spend(Spent(nodes=solved.nodes))
        if solved.answer is not None:
            value = session.task.check(solved.answer)
            line, kinds = (solved.answer,), ["answer"]
            session.count(line, "answer")
            session.look(line, value, kinds=kinds)
            session.found(solved.answer, value, line=line, kinds=kinds)

    def ask(self) -> Job | None:
        return None

    def tell(self, job: Job, result: Any) -> Job | None:
        return None
