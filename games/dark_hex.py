"""Dark hex: each player sees only its own stones. Action row * num_cols + column. Rules: csrc/games/dark_hex.c.

A move to a cell that the opponent has taken fails, and the player learns only that. Then the player moves again
(classical, "cdh") or loses the turn (abrupt, "adh"). In the classical game that reveals nothing, OpenSpiel 2.0.2 still
shows a player the number of tries, but not how it grew. Here that game reveals nothing.

`resample` is exact if one of 200 draws is a game that the opponent has not won. In random play one or two draws are
enough. If there is none, the result is approximate: the opponent's tries and failures keep their times, and its hidden
stones are moved to random cells.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from longthink.errors import ParameterError
from longthink.games.core import State
from longthink.games.native import Parameter, native
from longthink.games.phantom import PhantomText, state_dtype

_MAX_CELLS = 64  # the board is one 64-bit word


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
            f"dark_hex: expects at least 2 rows and 2 columns and at most {_MAX_CELLS} cells, got {rows} x {columns}"
        )


def _state_dtype(values: dict[str, Any]) -> np.dtype[Any]:
    return state_dtype(values["num_rows"] * values["num_cols"])


ENTRY = native(
    "dark_hex",
    "Hex in which each player sees only its own stones.",
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
