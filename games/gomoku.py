"""Gomoku on up to 447 cells, in one to four dimensions. An action is a cell; the last coordinate varies fastest.

Rules: csrc/games/gomoku.c.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from longthink.errors import ParameterError
from longthink.games.core import State
from longthink.games.native import Parameter, native
from longthink.games.text import Text, stones


class GomokuText(Text):
    def state(self, state: State) -> str:
        shape = state.get_game().get_parameters()
        size, dims = shape["size"], shape["dims"]
        first, second = stones(state, size**dims)
        signs = "".join("b" if mine else "w" if theirs else "." for mine, theirs in zip(first, second, strict=True))
        player = "BW"[int(state.record["player"])]
        if dims != 2:
            return player + signs
        return player + "\n" + "".join(signs[i : i + size] + "\n" for i in range(0, len(signs), size))

    def action(self, state: State, player: int, action: int) -> str:
        shape = state.get_game().get_parameters()
        return ",".join(str(action // shape["size"] ** d % shape["size"]) for d in reversed(range(shape["dims"])))


def check(values: dict[str, Any]) -> None:
    size, dims, connect = values["size"], values["dims"], values["connect"]
    if size**dims > 447:
        raise ParameterError(f"gomoku: size ** dims must be at most 447, got size {size}, {dims} dimensions")
    if connect > size:
        raise ParameterError(f"gomoku: connect must be at most size, got connect={connect} and size={size}")


def state_dtype(values: dict[str, Any]) -> np.dtype[Any]:
    words = values["size"] ** values["dims"] // 64 + 1
    return np.dtype(
        [
            ("player", np.uint8),
            ("outcome", np.uint8),
            ("moves", np.uint16),
            ("unused", np.uint8, 4),
            ("stones", np.uint64, (2, words)),
        ]
    )


ENTRY = native(
    "gomoku",
    "Five stones in a row win.",
    GomokuText(),
    state_dtype,
    {
        "size": Parameter(15, 1, 21),
        "connect": Parameter(5, 1, 21),
        "dims": Parameter(2, 1, 4),
        "wrap": Parameter(False),
        "anti": Parameter(False),
    },
    check,
)
