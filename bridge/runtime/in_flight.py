"""`InFlight`: the requests that are in flight, of one session or of several that share a budget."""

from __future__ import annotations

from collections import defaultdict
from concurrent.futures import Future
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from longthink.bridge.models.model import Completion, Model, Request
from longthink.bridge.models.prompt_memory import PromptMemory
from longthink.search.budget import Spent

if TYPE_CHECKING:
    from longthink.bridge.runtime.scheduler import Scheduler
    from longthink.bridge.runtime.session import Session

Completions = list[Completion]


class InFlight:
    """Requests whose answers have not been received yet."""

    def __init__(self) -> None:
        self._prompts: defaultdict[Model, PromptMemory] = defaultdict(PromptMemory)
        self._connect()

    def _connect(self) -> None:
        self._answered: SimpleQueue[Future[Completions]] = SimpleQueue()
        self._requests: dict[Future[Completions], tuple[Scheduler, Spent]] = {}

    def __getstate__(self) -> dict[str, Any]:
        return {"prompts": list(self._prompts.items())}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._prompts = defaultdict(PromptMemory, state["prompts"])
        self._connect()

    def __len__(self) -> int:
        return len(self._requests)

    def known(self, model: Model, request: Request) -> float:
        """The share of the prompt that an earlier prompt began with, in [0, 1]; 0 if the model remembers no prompts."""
        return self._prompts[model].add(request.prompt) if model.remembers and not request.images else 0.0

    @property
    def reserved(self) -> Spent:
        """The most that all requests in flight may cost."""
        reserved = Spent()
        for _, most in self._requests.values():
            reserved += most
        return reserved

    def add(self, scheduler: Scheduler, future: Future[Completions], most: Spent) -> None:
        """Add a request; `scheduler` gets its answer. most: the most that it may cost."""
        self._requests[future] = scheduler, most
        future.add_done_callback(self._answered.put)

    def receive(self) -> Session:
        """Wait for the next answer, give it to its scheduler, and return the session of that scheduler."""
        future = self._answered.get()
        scheduler, _ = self._requests.pop(future)
        scheduler.received.append(future)
        return scheduler.session
