"""`Agent`: whoever plays a seat of a game, and `View`: what it knows when it acts.

Agents are made from texts by the registry (registry.py). play.py asks them for their actions.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property
from typing import Any, Self

from longthink.errors import GameError
from longthink.games.core import Game, State
from longthink.search.budget import Spent


class View:
    """A state of a game as the player who acts knows it.

    It holds nothing that is hidden from the player. In a game of perfect information, `state` is the state of the game.
    Otherwise it is a random state that the player cannot distinguish from it, and its history is empty.
    """

    def __init__(self, state: State, player: int, seed: int = 0) -> None:
        """seed: of the random state."""
        self.game, self.player = state.get_game(), player
        self._legal = state.legal_actions(player)
        self._state: State | None = None
        if self.game.perfect_information and not self.game.simultaneous:
            self._state = state.clone()
            return
        if self.game.can_resample:
            self._state = state.resample(player, seed)
        self._information = state.information_state_string(player)
        self._texts = {action: state.action_to_string(player, action) for action in self._legal}

    @property
    def state(self) -> State:
        """A copy of the state. Raises `GameError` if the game cannot draw what is hidden (it has no `resample`)."""
        if self._state is None:
            raise GameError(f"{self.game} has no `resample`, so a state without what is hidden cannot be drawn")
        return self._state.clone()

    def legal_actions(self, player: int | None = None) -> list[int]:
        return list(self._legal)

    @cached_property
    def _information(self) -> str:
        return self.state.information_state_string(self.player)

    def information_state_string(self, player: int | None = None) -> str:
        return self._information

    @cached_property
    def _texts(self) -> dict[int, str]:
        state = self.state
        return {action: state.action_to_string(self.player, action) for action in self._legal}

    def action_to_string(self, action: int) -> str:
        return self._texts[action]

    def current_player(self) -> int:
        return self.player

    def __str__(self) -> str:
        """The position as text for a reader, without what is hidden."""
        perfect = self.game.perfect_information and not self.game.simultaneous
        return str(self._state) if perfect else self._information


class Agent(ABC):
    """Plays one seat of one game. An object is used for one game only.

    spent: simulations, tokens, calls and money so far; play.py measures the time. illegal: answers so far that were no
    legal action, but did not end the game, because the agent could try again.
    """

    spent: Spent
    illegal: int

    def __new__(cls, *arguments: Any, **options: Any) -> Self:  # so that a derived class may have any `__init__`
        agent = super().__new__(cls)
        agent.spent, agent.illegal = Spent(), 0
        return agent

    def begin(self, game: Game, seat: int, seed: int) -> None:  # noqa: B027  # some agents have nothing to prepare
        """Prepare for a game. Raises a `LongthinkError` if the agent does not play this game."""

    @abstractmethod
    def act(self, view: View) -> int | None:
        """The action to play, or None to resign. Raises `IllegalActionError` if it finds no legal action."""

    def cpu_seconds(self) -> float | None:
        """Processor time so far of a program outside this process; None for an agent in this process."""
        return None

    def close(self) -> None:  # noqa: B027
        """End what the agent runs, also during `act` in another thread."""
