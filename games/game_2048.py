"""2048, for one player and chance. Actions: 0 up, 1 right, 2 down, 3 left; chance outcome 2 * cell, plus 1 for a four.

The return is the score: the sum of all tiles made by merging. `max_utility` is OpenSpiel's, the score for making the
tile `max_tile` alone. A long game can score more, because other tiles are added. csrc/games/2048.c has the rules and
explains how OpenSpiel's rules differ from those of the web game.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from longthink.errors import ParameterError
from longthink.games.core import State
from longthink.games.native import Parameter, native
from longthink.games.text import Text

_MOVES = ("Up", "Right", "Down", "Left")


class Text2048(Text):
    def state(self, state: State) -> str:
        board = int(state.record["board"])
        tiles = [(1 << (board >> 4 * cell & 15)) & ~1 for cell in range(16)]
        return "".join("".join(f"{tile:5}" for tile in tiles[row : row + 4]) + "\n" for row in (0, 4, 8, 12))

    def action(self, state: State, player: int, action: int) -> str:
        if player >= 0:
            return _MOVES[action]
        return f"{2 + 2 * (action % 2)} added to row {action // 8 + 1}, column {action // 2 % 4 + 1}"


def check(values: dict[str, Any]) -> None:
    if values["max_tile"] & (values["max_tile"] - 1):
        raise ParameterError(f"2048: max_tile must be a power of two, got {values['max_tile']}")


ENTRY = native(
    "2048",
    "Slide and merge tiles until one is 2048.",
    Text2048(),
    np.dtype(
        [
            ("board", np.uint64),
            ("score", np.int32),
            ("moves", np.int32),
            ("merged", np.uint16),
            ("chance", np.uint8),
            ("over", np.uint8),
            ("unused", np.uint8, 4),
        ]
    ),
    {"max_tile": Parameter(2048, 4, 32768)},
    check,
)
