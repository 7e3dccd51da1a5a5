"""`Referee`: follows one game, draws what chance does, and says who acts and how the game ended.

`Referee` serves every game. A game that ends otherwise than by its rules has its own: Go (go_referee.py), in which
players first have to agree about dead stones.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from longthink.benchmarks.harness.matches.agents import Agent, View
from longthink.errors import IllegalActionError, ParameterError
from longthink.games.core import Game

Ask = Callable[[int, Callable[[], Any]], Any]
"""`ask(player, question)`: what the question returns, asked of a player's agent within its time; None if it fails."""


class Referee:
    """Follows one game from an opening, a list of actions of players and of chance.

    seed: of what chance does after the opening. Games of one pair have the same opening and the same seed.
    """

    def __init__(self, game: Game, opening: Sequence[int] = (), seed: str = "") -> None:
        self.game, self.state = game, game.new_initial_state()
        self._chance = random.Random(f"chance-{seed}")
        self._seed = random.Random(f"hidden-{seed}")
        for action in opening:
            self.state.apply_action(action)
        self.opening = len(self.state.history())

    @staticmethod
    def random_opening(game: Game, moves: int, seed: str) -> list[int]:
        """`moves` random moves of players, with what chance does between them; none of them ends the game."""
        rng = random.Random(f"opening-{seed}")
        for _ in range(1000):
            state, left = game.new_initial_state(), moves
            while left and not state.is_terminal():
                left -= not state.is_chance_node()
                state.apply_action(_drawn(state, rng) if state.is_chance_node() else rng.choice(state.legal_actions()))
            if not state.is_terminal():
                return state.history()
        raise ParameterError(f"no random opening of {moves} moves leaves {game} unfinished; expected fewer")

    def to_act(self) -> int | None:
        """The player who acts; None at the end of the game."""
        while self.state.is_chance_node():
            self.state.apply_action(_drawn(self.state, self._chance))
        return None if self.state.is_terminal() else self.state.current_player()

    def view(self) -> View:
        """What the player who acts knows."""
        return View(self.state, self.state.current_player(), self._seed.getrandbits(62))

    def play(self, player: int, action: int) -> None:
        """Play an action. Raises `IllegalActionError` and changes nothing if it is illegal."""
        legal = self.state.legal_actions()
        if type(action) is not int or action not in legal:
            raise IllegalActionError(f"expected one of {legal[:20]}{' ...' if len(legal) > 20 else ''}, got {action!r}")
        self.state.apply_action(action)

    def settle(self, agents: Sequence[Agent], ask: Ask) -> None:
        """Called after every move; a referee that needs the players' agreement asks for it here."""

    def returns(self) -> list[float]:
        """The utilities of the players at the end of the game."""
        return list(self.state.returns())

    def end(self) -> str:
        """How the game ended, in words."""
        return "finished"

    def moves(self) -> list[int]:
        """All actions of the game, those of the opening and of chance among them."""
        return list(self.state.history())

    def details(self) -> Mapping[str, Any]:
        """What else the log of the game has, as plain JSON values."""
        return {}

    def sgf(self, names: Sequence[str], result: str) -> str | None:
        """The game as an SGF file, for a game that has such files."""
        return None

    def close(self) -> None:
        """End what the referee runs."""


def _drawn(state: Any, rng: random.Random) -> int:
    outcomes, chances = zip(*state.chance_outcomes(), strict=True)
    return int(rng.choices(outcomes, chances)[0])
