"""Dark hex: each sees only its own stones. Action row * num_cols + column. Rules: csrc/games/dark_hex.c.

A try on a cell that the other has taken fails, and is all one learns of it. Then one tries again (classical, "cdh"), or
has lost the turn (abrupt, "adh"). OpenSpiel 2.0.2 shows a player the number of tries also in the classical game that
reveals nothing, and forgets how it grew; here that game reveals nothing.

`resample` is exact as long as one of 200 draws is a game that the other has not won; in random play one or two are
enough. Where none is, it keeps when the other tried, failed and was found, and moves its hidden stones about at random:
near.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from longthink.errors import ParameterError
from longthink.games.core import State
from longthink.games.native import Parameter, native
from longthink.games.phantom import PhantomText, state_dtype

_MAX_CELLS = 64  # the board is a word of bits


class DarkHexText(PhantomText):
    def columns(self, state: State) -> int:
        return int(state.get_game().get_parameters()["num_cols"])

    def counts(self, state: State) -> bool:
        return self._shows_turns(state) or state.get_game().get_parameters()["gameversion"] == "adh"

    def state(self, state: State) -> str:
        rows = self.rows(state)
        return "\n".join(" " * i + "".join(f"{cell} " for cell in row) for i, row in enumerate(rows))

    def action(self, state: State, player: int, action: int) -> str:
        columns = self.columns(state)
        return f"{chr(ord('a') + action % columns)}{action // columns + 1}"


def _check(values: dict[str, Any]) -> None:
    rows, columns = values["num_rows"], values["num_cols"]
    if min(rows, columns) < 2 or rows * columns > _MAX_CELLS:
        raise ParameterError(
            f"dark_hex: expects 2 or more rows and columns and at most {_MAX_CELLS} cells, got {rows} x {columns}"
        )


def _state_dtype(values: dict[str, Any]) -> np.dtype[Any]:
    return state_dtype(values["num_rows"] * values["num_cols"])


ENTRY = native(
    "dark_hex",
    "Hex in which each sees only its own stones.",
    DarkHexText(),
    _state_dtype,
    {
        "board_size": Parameter(3, 2, 8),
        "gameversion": Parameter("cdh", choices=("cdh", "adh")),
        "num_cols": Parameter(3, 2, _MAX_CELLS // 2, like="board_size"),
        "num_rows": Parameter(3, 2, _MAX_CELLS // 2, like="board_size"),
        "obstype": Parameter("reveal-nothing", choices=("reveal-nothing", "reveal-numturns")),
    },
    _check,
)
