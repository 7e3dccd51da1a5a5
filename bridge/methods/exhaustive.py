"""The method made for a task's own domain, the yardstick of all others."""

from __future__ import annotations

from longthink.bridge.runtime.scheduler import Turns
from longthink.bridge.runtime.session import Thinking
from longthink.errors import ParameterError
from longthink.search.budget import Spent


def exhaustive(thinking: Thinking) -> Turns:
    """The task's own solver."""
    yield from ()  # it is at its end in its first turn
    solved = thinking.task.solve()
    if solved is None:
        raise ParameterError(f"{thinking.task.name} has no solver of its own; use another method")
    thinking.spend(Spent(nodes=solved.nodes))
    if solved.answer is not None:
        value = thinking.task.check(solved.answer)
        line, kinds = (solved.answer,), ["answer"]
        thinking.count(line, "answer")
        thinking.look(line, value, kinds=kinds)
        thinking.found(solved.answer, value, line=line, kinds=kinds)
