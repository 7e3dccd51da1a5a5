"""`Environment`: a task whose steps change a state by known rules, so that every step can be checked.

A subclass defines the first state, the moves, and when a state is solved. Legal steps, transcripts and a solver follow
from these.
"""

from __future__ import annotations

from abc import abstractmethod
from collections import deque
from collections.abc import Mapping
from typing import Generic, TypeVar

from longthink.bridge.tasks.picture import text_picture
from longthink.bridge.tasks.task import Solved, Task, Transcript
from longthink.errors import ParameterError
from longthink.validation import shown

State = TypeVar("State")


class Environment(Task, Generic[State]):
    """A task over states; a state is a plain, hashable value.

    start: the first state. A transcript is finished when its state is solved, when there is no move, or when it is
    `max_steps` long. depth_first: how `solve` searches, for states that cannot repeat; otherwise breadth first, which
    finds a shortest solution. most_states: the number of states after which `solve` gives up.
    """

    start: State
    depth_first = False
    most_states = 300_000

    @abstractmethod
    def moves(self, state: State) -> Mapping[str, State]:
        """All moves, as they are written, with the states after them."""

    @abstractmethod
    def solved(self, state: State) -> bool:
        """Whether a state is a solution."""

    @abstractmethod
    def show(self, state: State) -> str:
        """A state for a model or a person to read."""

    def state(self, transcript: Transcript) -> State:
        """The state after a transcript. Raises `ParameterError` for a step that is not legal."""
        known: dict[Transcript, State] = self.__dict__.setdefault("_states", {(): self.start})
        length = len(transcript)
        while transcript[:length] not in known:
            length -= 1
        state = known[transcript[:length]]
        for place in range(length, len(transcript)):
            moves, step = self.moves(state), transcript[place]
            if step not in moves:
                raise ParameterError(f"{self.name}: {shown(step)} is not a step from\n{self.show(state)}")
            state = known[transcript[: place + 1]] = moves[step]
        return state

    def context(self, transcript: Transcript) -> str:
        return f"{self.prompt}\n\nNow:\n{self.show(self.state(transcript))}\nNext step: "

    def done(self, transcript: Transcript) -> bool:
        state = self.state(transcript)
        return self.solved(state) or len(transcript) >= self.max_steps or not self.moves(state)

    def legal_steps(self, transcript: Transcript) -> list[str]:
        return list(self.moves(self.state(transcript)))

    def picture(self, transcript: Transcript) -> bytes:
        return text_picture(self.show(self.state(transcript)))

    def solve(self) -> Solved:
        seen: set[State] = {self.start}
        waiting: deque[tuple[State, tuple[State, str] | None]] = deque([(self.start, None)])
        came: dict[State, tuple[State, str] | None] = {}
        while waiting and len(seen) < self.most_states:
            state, before = waiting.pop() if self.depth_first else waiting.popleft()
            came[state] = before
            if self.solved(state):
                return Solved(self.answer(self._way(came, state)), len(seen))
            for text, after in self.moves(state).items():
                if after not in seen:
                    seen.add(after)
                    waiting.append((after, (state, text)))
        return Solved(None, len(seen))

    def _way(self, came: Mapping[State, tuple[State, str] | None], state: State) -> Transcript:
        steps: list[str] = []
        while (before := came[state]) is not None:
            state, step = before
            steps.append(step)
        return tuple(reversed(steps))
