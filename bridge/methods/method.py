"""`Method`: a way to spend a budget on a task.

A method is an object that answers two questions of the scheduler: `ask` returns the next job, and `tell` takes the
result of a job. It needs no knowledge of slots, budgets, Ctrl-C or other sessions. sampling.py has the shortest ones.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import MISSING, Field, dataclass, field, fields
from typing import TYPE_CHECKING, Any, ClassVar

from longthink.bridge.runtime.jobs import Job

if TYPE_CHECKING:
    from longthink.bridge.runtime.session import Session


@dataclass
class Method(ABC):
    """A way to spend a budget on a task. Subclasses are dataclasses: their fields are the options of the method.

    Checks of options belong to `__post_init__`. State is set in `begin` and lives in plain attributes, so that a
    session can be pickled in the middle of its work.
    """

    needs_model: ClassVar[bool] = True
    """Whether it asks a model."""
    ends: ClassVar[bool] = False
    """Whether it ends by itself, so that it needs no limit."""
    cancellable: ClassVar[bool] = True
    """Whether a limit or a `CancelToken` can end it in the middle of its work."""
    name: str = field(init=False, default="", repr=False, compare=False)
    """The name under which it was found, or the name of its class."""
    session: Session = field(init=False, repr=False, compare=False)

    def begin(self, session: Session) -> None:
        """Set the first state. Called once, before the first `ask`."""
        self.session = session

    @abstractmethod
    def ask(self) -> Job | None:
        """The next job, or None if there is nothing to start now.

        The scheduler asks whenever a slot of the model is free and the budget is not spent. The work ends when `ask`
        returns None and no job is running.
        """

    @abstractmethod
    def tell(self, job: Job, result: Any) -> Job | None:
        """Take the result of a job; None if the budget was spent or the model returned nothing.

        A job that is returned continues this one: it starts at once, as a part of the same piece of work.
        """

    def finish(self) -> None:  # noqa: B027  # most methods have nothing to conclude
        """Conclude, for example by a vote. Called once at the end, whatever ended the work."""

    def gain(self) -> float | None:
        """The expected gain of one more job, in [0, 1], for `think_all`; None if the method does not know."""
        return None

    def changed_options(self) -> dict[str, Any]:
        """The options whose values are not the defaults."""
        options = {each.name: getattr(self, each.name) for each in fields(self) if each.init}
        defaults = {each.name: _default(each) for each in fields(self)}
        return {name: value for name, value in options.items() if value != defaults[name]}


def _default(option: Field[Any]) -> Any:
    return option.default if option.default_factory is MISSING else option.default_factory()
