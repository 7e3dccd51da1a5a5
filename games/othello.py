"""Othello. Action 8 * row + column; 64 passes and is legal only if no other action is. Rules: csrc/games/othello.c."""

from __future__ import annotations

import numpy as np

from longthink.games.core import State
from longthink.games.native import native
from longthink.games.text import Text

_COLUMNS = "  a b c d e f g h  "


class OthelloText(Text):
    def state(self, state: State) -> str:
        x, o = (int(discs) for discs in state.record["discs"])
        cells = ["x" if x >> a & 1 else "o" if o >> a & 1 else "-" for a in range(64)]
        rows = [f"{row + 1} {' '.join(cells[8 * row : 8 * row + 8])} {row + 1}" for row in range(8)]
        player = state.current_player()
        title = "Terminal State" if player < 0 else ("Black (x)", "White (o)")[player] + " to play"
        return "\n".join([f"{title}:", _COLUMNS, *rows, _COLUMNS])

    def action(self, state: State, player: int, action: int) -> str:
        return "pass" if action == 64 else f"{'abcdefgh'[action % 8]}{action // 8 + 1}"


ENTRY = native(
    "othello",
    "Enclose discs to flip them; the player with more discs wins.",
    OthelloText(),
    np.dtype([("discs", np.uint64, 2), ("player", np.int32), ("over", np.int32)]),
)
