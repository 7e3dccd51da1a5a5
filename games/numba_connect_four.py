"""Connect four as a user would write it: plain Python functions, compiled by Numba (docs/your_own_game.md)."""

from __future__ import annotations

from typing import Any

import numpy as np

from longthink.games.adapters.numba import TERMINAL, numba_game
from longthink.games.core import Game

ROWS, COLUMNS = 6, 7
STATE = np.dtype([("stones", np.uint64, 2), ("heights", np.uint8, COLUMNS), ("moves", np.uint8), ("winner", np.int8)])


def current_player(state: Any) -> int:
    if state.winner != 0 or state.moves == ROWS * COLUMNS:
        return TERMINAL
    return state.moves % 2  # type: ignore[no-any-return]


def legal_actions(state: Any, actions: Any) -> int:
    count = 0
    for column in range(COLUMNS):
        if state.heights[column] < ROWS:
            actions[count] = column
            count += 1
    return count


def apply_action(state: Any, column: int) -> bool:
    if not 0 <= column < COLUMNS or state.heights[column] == ROWS or state.winner != 0:
        return False
    player = state.moves % 2
    cell = np.uint64(column * (ROWS + 1)) + np.uint64(state.heights[column])
    stones = state.stones[player] | (np.uint64(1) << cell)
    state.stones[player] = stones
    state.heights[column] += 1
    state.moves += 1
    for step in (1, ROWS, ROWS + 1, ROWS + 2):  # vertical, diagonal, horizontal, diagonal
        pairs = stones & (stones >> np.uint64(step))
        if pairs & (pairs >> np.uint64(2 * step)):
            state.winner = 1 - 2 * player
    return True


def returns(state: Any) -> tuple[float, float]:
    return float(state.winner), -float(state.winner)


def load() -> Game:
    """Connect four in 60 lines of Python, compiled by Numba."""
    return numba_game(
        "numba_connect_four", STATE, current_player=current_player, legal_actions=legal_actions,
        apply_action=apply_action, returns=returns, num_distinct_actions=COLUMNS, max_game_length=ROWS * COLUMNS,
    )  # fmt: skip
