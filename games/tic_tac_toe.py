"""Tic-tac-toe. Action 3 * row + column. Rules: csrc/games/tic_tac_toe.c."""

from __future__ import annotations

import numpy as np

from longthink.games.core import State
from longthink.games.native import native
from longthink.games.text import Text


class TicTacToeText(Text):
    def state(self, state: State) -> str:
        x, o = (int(stones) for stones in state.record["stones"])
        cells = ["x" if x >> a & 1 else "o" if o >> a & 1 else "." for a in range(9)]
        return "\n".join("".join(cells[row : row + 3]) for row in (0, 3, 6))

    def action(self, state: State, player: int, action: int) -> str:
        return f"{'xo'[player]}({action // 3},{action % 3})"


ENTRY = native(
    "tic_tac_toe",
    "Three in a row on a 3x3 board.",
    TicTacToeText(),
    np.dtype([("stones", np.uint16, 2), ("player", np.uint8), ("over", np.uint8)]),
)
