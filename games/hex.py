"""Hex on a board of up to 383 cells. Action row * num_cols + column, and one more to swap. Rules: csrc/games/hex.c.

A playout fills the whole board. Its last state has the same winner as random play.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from longthink.errors import ParameterError
from longthink.games.core import State
from longthink.games.native import Parameter, native
from longthink.games.text import Text, stones


class HexText(Text):
    """Text of hex. `explicit` shows the edges that a stone is connected to: y, z for first and last row, p, q for first
    and last column, X, O for the winning stone.
    """

    def state(self, state: State) -> str:
        shape = state.get_game().get_parameters()
        if shape["string_rep"] == "explicit":
            signs = _explicit(state)
        else:
            x, o = stones(state, shape["num_cols"] * shape["num_rows"])
            signs = ["x" if mine else "o" if theirs else "." for mine, theirs in zip(x, o, strict=True)]
        columns = shape["num_cols"]
        rows = [signs[i : i + columns] for i in range(0, len(signs), columns)]
        return "\n".join(" " * row + "".join(f"{sign} " for sign in line) for row, line in enumerate(rows))

    def action(self, state: State, player: int, action: int) -> str:
        shape = state.get_game().get_parameters()
        if action == shape["num_cols"] * shape["num_rows"]:
            return "swap"
        row, column = divmod(action, shape["num_cols"])
        return f"{chr(ord('a') + column)}{row + 1}"


def _sign(player: int, edges: set[int]) -> str:
    """The sign of a stone that is connected to these edges: 0 is the first edge, 1 the last."""
    plain, first, last, both = "xyzX" if player == 0 else "opqO"
    return both if len(edges) == 2 else first if edges == {0} else last if edges == {1} else plain


def _edges(cell: int, player: int, signs: list[str], shape: dict[str, Any]) -> set[int]:
    """The edges to which a stone on `cell` is connected, directly or through its neighbours."""
    row, column = divmod(cell, shape["num_cols"])
    place, last = (row, shape["num_rows"] - 1) if player == 0 else (column, shape["num_cols"] - 1)
    edges = {0} if place == 0 else {1} if place == last else set()
    first_sign, last_sign = ("y", "z") if player == 0 else ("p", "q")
    for near in _neighbours(cell, shape):
        edges |= {0} if signs[near] == first_sign else {1} if signs[near] == last_sign else set()
    return edges


def _neighbours(cell: int, shape: dict[str, Any]) -> list[int]:
    rows, columns = shape["num_rows"], shape["num_cols"]
    row, column = divmod(cell, columns)
    steps = ((-1, 0), (-1, 1), (0, 1), (1, 0), (1, -1), (0, -1))
    return [(row + r) * columns + column + c for r, c in steps if 0 <= row + r < rows and 0 <= column + c < columns]


def _explicit(state: State) -> list[str]:
    """The sign of each cell. The winning stone changes only its own sign; the others keep theirs from before."""
    shape = state.get_game().get_parameters()
    both = stones(state, shape["num_cols"] * shape["num_rows"])
    history = state.history()
    winner = history[-1] if state.is_terminal() and history else -1
    signs = ["x" if mine else "o" if theirs else "." for mine, theirs in zip(*both, strict=True)]
    for player in (0, 1):
        own = [cell for cell, here in enumerate(both[player]) if here and cell != winner]
        changed = True
        while changed:
            changed = False
            for cell in own:
                sign = _sign(player, _edges(cell, player, signs, shape))
                if sign != signs[cell]:
                    signs[cell], changed = sign, True
    if winner >= 0:
        signs[winner] = "X" if both[0][winner] else "O"
    return signs


def check(values: dict[str, Any]) -> None:
    columns, rows = values["num_cols"], values["num_rows"]
    if columns * rows > 383:
        raise ParameterError(f"hex: num_cols * num_rows must be at most 383, got {columns} columns, {rows} rows")
    if values["swap"] and columns != rows:
        raise ParameterError(
            f"hex: swap mirrors a stone, so it needs equal num_cols and num_rows, got {columns} and {rows}"
        )


def state_dtype(values: dict[str, Any]) -> np.dtype[Any]:
    words = values["num_cols"] * values["num_rows"] // 64 + 1
    return np.dtype(
        [("player", np.uint8), ("outcome", np.uint8), ("unused", np.uint8, 6), ("stones", np.uint64, (2, words))]
    )


ENTRY = native(
    "hex",
    "Connect your two sides of a rhombus.",
    HexText(),
    state_dtype,
    {
        "board_size": Parameter(11, 2, 26),
        "num_cols": Parameter(11, 2, 26, like="board_size"),
        "num_rows": Parameter(11, 2, 63, like="board_size"),
        "string_rep": Parameter("standard", choices=("standard", "explicit")),
        "swap": Parameter(False),
    },
    check,
)
