"""Text for people: how the states and actions of a game are written.

The rules of a game are compiled, but its text is plain Python. A game with its own text derives a class from `Text` and
reads the position from `state.record` and `state.history()`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from longthink.errors import GameError, LongthinkError


def stones(state: Any, cells: int) -> list[list[bool]]:
    """The first `cells` bits of each player, for a record whose `stones` are bit words `[2, words]`."""
    bits = np.unpackbits(state.record["stones"].view(np.uint8), axis=1, count=cells, bitorder="little")
    return [[bool(bit) for bit in row] for row in bits]


def marked_row(signs: list[str], last: int) -> str:
    """The signs with a space before each. The sign at index `last` is in brackets."""
    gaps = [" "] * (len(signs) + 1)
    if 0 <= last < len(signs):
        gaps[last], gaps[last + 1] = "[", "]"
    row = "".join(gap + sign for gap, sign in zip(gaps, signs, strict=False))
    return row + gaps[-1].strip()


class Text:
    """The text of a game, in OpenSpiel's format if OpenSpiel has the game."""

    def __eq__(self, other: object) -> bool:
        """Whether both produce the same text: they have the same class and equal attributes."""
        return type(self) is type(other) and self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        return hash(type(self))

    def state(self, state: Any) -> str:
        """The whole state, the result of `str(state)`."""
        return ", ".join(map(str, state.history()))

    def action(self, state: Any, player: int, action: int) -> str:
        """One action of `player` (or of chance, -1) in this state."""
        return f"Chance outcome:{action}" if player < 0 else str(action)

    def information_state(self, state: Any, player: int) -> str:
        """What `player` knows. Two histories have the same text if and only if they have the same key."""
        if state.get_game().perfect_information:
            return ", ".join(map(str, state.history()))
        return str(state.information_state_key(player).hex())

    def observation(self, state: Any, player: int) -> str:
        """What `player` sees now."""
        return self.state(state) if state.get_game().perfect_information else self.information_state(state, player)


class ObjectText(Text):
    """The text that the Python objects of an `object_game` provide."""

    def __init__(self, rules: Any) -> None:
        self._rules = rules

    def _object(self, state: Any) -> Any:
        buffer = bytes(state.buffer)  # the number of actions, then the actions
        return self._rules.find(buffer[: 4 * (1 + int(np.frombuffer(buffer, np.int32, 1)[0]))])

    def words(self, state: Any, say: Callable[[Any], Any]) -> str:
        """The result of `say` for the object of a state. Raises `GameError` for an exception of the object."""
        try:
            return str(say(self._object(state)))
        except LongthinkError:
            raise
        except Exception as error:
            raise GameError(f"{self._rules.name}: {type(error).__name__} in its rules: {error}") from error

    def state(self, state: Any) -> str:
        return self.words(state, str)

    def action(self, state: Any, player: int, action: int) -> str:
        return self.words(state, lambda found: found.action_to_string(player, action))

    def information_state(self, state: Any, player: int) -> str:
        return self.words(state, lambda found: found.information_state_string(player))
