"""Connect four on a board that fits in 64 bits. An action is a column. Rules: csrc/games/connect_four.c."""

from __future__ import annotations

from typing import Any

import numpy as np

from longthink.errors import ParameterError
from longthink.games.core import State
from longthink.games.native import Parameter, native
from longthink.games.text import Text


class ConnectFourText(Text):
    def state(self, state: State) -> str:
        shape = state.get_game().get_parameters()
        x, o = (int(stones) for stones in state.record["stones"])

        def cell(row: int, column: int) -> str:
            bit = column * (shape["rows"] + 1) + row
            return "x" if x >> bit & 1 else "o" if o >> bit & 1 else "."

        rows = reversed(range(shape["rows"]))
        return "".join("".join(cell(row, c) for c in range(shape["columns"])) + "\n" for row in rows)

    def action(self, state: State, player: int, action: int) -> str:
        return f"{'xo'[player]}{action}"


def check(values: dict[str, Any]) -> None:
    rows, columns, x_in_row = values["rows"], values["columns"], values["x_in_row"]
    if (rows + 1) * columns > 64:
        raise ParameterError(
            f"connect_four: (rows + 1) * columns must be at most 64, got {rows} rows, {columns} columns"
        )
    if x_in_row > max(rows, columns):
        raise ParameterError(
            f"connect_four: x_in_row must be at most max(rows, columns) = {max(rows, columns)}, got {x_in_row}"
        )


ENTRY = native(
    "connect_four",
    "Drop stones into columns; four in a line wins.",
    ConnectFourText(),
    np.dtype([("stones", np.uint64, 2), ("player", np.int32), ("outcome", np.int32)]),
    {"rows": Parameter(6, 1, 31), "columns": Parameter(7, 1, 32), "x_in_row": Parameter(4, 2, 32)},
    check,
)
