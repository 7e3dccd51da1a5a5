"""Breakthrough on a board of up to 64 cells. Rules: csrc/games/breakthrough.c.

Action ((cell * 6) + direction) * 2 + capture. The cell is row * columns + column, counted from the top left.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from longthink.errors import ParameterError
from longthink.games.core import State
from longthink.games.native import Parameter, native
from longthink.games.text import Text


class BreakthroughText(Text):
    def state(self, state: State) -> str:
        shape = state.get_game().get_parameters()
        rows, columns = shape["rows"], shape["columns"]
        black, white = (int(pieces) for pieces in state.record["pieces"])
        cells = ["b" if black >> a & 1 else "w" if white >> a & 1 else "." for a in range(rows * columns)]
        lines = [_row(rows, r) + "".join(cells[r * columns : (r + 1) * columns]) for r in range(rows)]
        return "\n".join([*lines, " " + "".join(map(_column, range(columns)))]) + "\n"

    def action(self, state: State, player: int, action: int) -> str:
        shape = state.get_game().get_parameters()
        (row, column), direction = divmod(action // 12, shape["columns"]), action // 2 % 6
        ahead, aside = (1 if direction < 3 else -1), direction % 3 - 1
        start = _column(column) + _row(shape["rows"], row)
        return start + _column(column + aside) + _row(shape["rows"], row + ahead) + "*" * (action % 2)


def _row(rows: int, row: int) -> str:
    return chr(ord("1") + rows - 1 - row)


def _column(column: int) -> str:
    return chr(ord("a") + column)


def check(values: dict[str, Any]) -> None:
    rows, columns = values["rows"], values["columns"]
    if rows * columns > 64:
        raise ParameterError(f"breakthrough: rows * columns must be at most 64, got {rows} rows, {columns} columns")


ENTRY = native(
    "breakthrough",
    "Move straight, capture diagonally; the first player to reach the last row wins.",
    BreakthroughText(),
    np.dtype([("pieces", np.uint64, 2), ("player", np.int32), ("winner", np.int32)]),
    {"rows": Parameter(8, 2, 32), "columns": Parameter(8, 2, 32)},
    check,
)
