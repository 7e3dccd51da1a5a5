"""`Rounds`: the base of methods that work in rounds, each from the results of the one before."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from longthink.bridge.methods.method import Method
from longthink.bridge.runtime.jobs import Job
from longthink.search.budget import Spent

if TYPE_CHECKING:
    from longthink.bridge.runtime.session import Session

Item = TypeVar("Item")


@dataclass
class Rounds(Method, Generic[Item]):
    """A round is a list of items with one job each. The next round begins when all results of this one are in.

    Each item counts as one simulation. The method ends with a round without items.
    """

    ends = True

    def begin(self, session: Session) -> None:
        super().begin(session)
        self.running, self.over = 0, False
        self.items = list(self.first_round())[::-1]

    @abstractmethod
    def first_round(self) -> Iterable[Item]:
        """The items of the first round."""

    @abstractmethod
    def job(self, item: Item) -> Job:
        """The job for an item."""

    @abstractmethod
    def take(self, job: Job, result: Any) -> None:
        """Take the result of a job."""

    @abstractmethod
    def next_round(self) -> Iterable[Item]:
        """The items of the next round. Called with what is there when the budget is spent, too."""

    def ask(self) -> Job | None:
        if not self.items:
            if self.running or self.over:
                return None
            self.items = list(self.next_round())[::-1]
            self.over = not self.items
            if self.over or self.session.stop():
                return None
        self.session.spend(Spent(simulations=1))
        item = self.items.pop()
        self.running += 1
        return self.job(item)

    def tell(self, job: Job, result: Any) -> Job | None:
        self.running -= 1
        self.take(job, result)
        return None

    def finish(self) -> None:
        self.next_round()
        if self.session.value >= 1.0:
            self.session.stopped_by = "solved"
