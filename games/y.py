"""Y: connect the three sides of a triangle. Action row * board_size + column. Rules: csrc/games/y.c.

A playout fills the whole board. Its last state has the same winner as random play.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from longthink.games.core import State
from longthink.games.native import Parameter, native
from longthink.games.text import Text, marked_row, stones


class YText(Text):
    def state(self, state: State) -> str:
        size = state.get_game().get_parameters()["board_size"]
        first, second = stones(state, size * size)
        last = state.history()[-1] if state.history() else -1
        lines = ["  " + " ".join(chr(ord("a") + x) for x in range(size))]
        for y in range(size):
            cells = range(y * size, (y + 1) * size - y)
            signs = ["O" if first[cell] else "@" if second[cell] else "." for cell in cells]
            indent = " " * (y + (y + 1 < 10))
            lines.append(f"{indent}{y + 1}{marked_row(signs, last - y * size)}")
        return "\n".join(lines) + "\n"

    def action(self, state: State, player: int, action: int) -> str:
        row, column = divmod(action, state.get_game().get_parameters()["board_size"])
        return f"{chr(ord('a') + column)}{row + 1}"


def state_dtype(values: dict[str, Any]) -> np.dtype[Any]:
    words = values["board_size"] ** 2 // 64 + 1
    return np.dtype(
        [("player", np.uint8), ("outcome", np.uint8), ("unused", np.uint8, 6), ("stones", np.uint64, (2, words))]
    )


ENTRY = native(
    "y", "Connect the three sides of a triangle.", YText(), state_dtype, {"board_size": Parameter(19, 2, 19)}
)
