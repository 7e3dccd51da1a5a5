"""Havannah: make a ring, a bridge between corners or a fork between sides. Action row * (2 board_size - 1) + column.

Rules: csrc/games/havannah.c.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from longthink.games.core import State
from longthink.games.native import Parameter, native
from longthink.games.text import Text, marked_row, stones


class HavannahText(Text):
    def state(self, state: State) -> str:
        size = state.get_game().get_parameters()["board_size"]
        across = 2 * size - 1
        first, second = stones(state, across * across)
        last = state.history()[-1] if state.history() else -1

        def sign(x: int, y: int) -> str:
            return "O" if first[y * across + x] else "@" if second[y * across + x] else "."

        lines = [" " * (size + 3) + "".join(f" {chr(ord('a') + x)}" for x in range(size))]
        for y in range(across):
            start, end = max(0, y - size + 1), min(across, size + y)
            row = marked_row([sign(x, y) for x in range(start, end)], last - y * across - start)
            indent = " " * (abs(size - 1 - y) + 1 + (y + 1 < 10))
            letter = f" {chr(ord('a') + size + y)}" if y < size - 1 else ""
            lines.append(f"{indent}{y + 1}{row}{letter}")
        return "\n".join(lines) + "\n"

    def action(self, state: State, player: int, action: int) -> str:
        row, column = divmod(action, 2 * state.get_game().get_parameters()["board_size"] - 1)
        return f"{chr(ord('a') + column)}{row + 1}"


def state_dtype(values: dict[str, Any]) -> np.dtype[Any]:
    across = 2 * values["board_size"] - 1
    cells = across * across
    chains: list[Any] = [
        ("labels", np.uint8, (cells + 63) // 64 * 64),
        ("touches", np.uint16, cells // 2 + 2),
        ("near", np.uint8, (cells + 2 * across + 2, 2)),
    ]
    padded = np.dtype([*chains, ("padding", np.uint8, -np.dtype(chains).itemsize % 64)])
    board: list[Any] = [
        ("player", np.uint8),
        ("outcome", np.uint8),
        ("count", np.uint16),
        ("unused", np.uint16, 2),
        ("stones", np.uint64, (2, cells // 64 + 1)),
    ]
    return np.dtype([*board, ("chains", padded, 2)])


ENTRY = native(
    "havannah",
    "Make a ring, a bridge or a fork on a hexagonal board.",
    HavannahText(),
    state_dtype,
    {"board_size": Parameter(8, 2, 10), "swap": Parameter(False)},
)
