"""Breakthrough with one bitboard per player, in plain Python that Numba compiles (docs/your_own_game.md)."""

from __future__ import annotations

from typing import Any

import numpy as np

from longthink.games.adapters.numba import TERMINAL, numba_game
from longthink.games.core import Game

SIZE = 8  # bit SIZE * row + column is a cell; player 0 starts in the upper two rows and moves down
STATE = np.dtype([("pieces", np.uint64, 2), ("player", np.int64), ("winner", np.int64)])
START = np.array([0xFFFF, 0xFFFF << 48], np.uint64)
GOAL = np.array([0xFF << 56, 0xFF], np.uint64)
ZERO, ONE, S7, S8, S9, PRIME = (np.uint64(n) for n in (0, 1, 7, 8, 9, 67))
NOT_LEFT, NOT_RIGHT = np.uint64(0xFEFEFEFEFEFEFEFE), np.uint64(0x7F7F7F7F7F7F7F7F)
FIRST = np.zeros(67, np.int64)  # first action of a piece, by its bit modulo 67, which differs for all bits
for _cell in range(SIZE * SIZE):
    FIRST[2**_cell % 67] = 12 * _cell


def initial_state(state: Any) -> None:
    state.pieces[:] = START


def current_player(state: Any) -> int:
    return TERMINAL if state.winner != 0 else int(state.player)


def legal_actions(state: Any, actions: Any) -> int:
    player = state.player
    own, other = state.pieces[player], state.pieces[1 - player]
    if player == 0:  # targets of steps left, straight and right, shifted back to the piece
        free, left_taken, right_taken = ~(own | other) >> S8, other >> S7, other >> S9
        left, right = own & NOT_LEFT & ~(own >> S7), own & NOT_RIGHT & ~(own >> S9)
    else:
        free, left_taken, right_taken = ~(own | other) << S8, other << S9, other << S7
        left, right = own & NOT_LEFT & ~(own << S9), own & NOT_RIGHT & ~(own << S7)
    straight, movers, count = own & free, own & free | left | right, ZERO
    while movers != ZERO:  # write every step, but advance only past legal ones: no branches
        piece = movers & (~movers + ONE)
        movers ^= piece
        action = FIRST[piece % PRIME] + 6 * player
        actions[count] = action + ((left_taken & piece) != ZERO)
        count += np.uint64((left & piece) != ZERO)
        actions[count] = action + 2
        count += np.uint64((straight & piece) != ZERO)
        actions[count] = action + 4 + ((right_taken & piece) != ZERO)
        count += np.uint64((right & piece) != ZERO)
    return int(count)


def apply_action(state: Any, action: int) -> bool:
    player = state.player
    cell, way, capture = action // 12, action // 2 % 6 - 3 * player, action % 2
    if not 0 <= action < 12 * SIZE * SIZE or not 0 <= way <= 2 or not 0 <= cell % SIZE + way - 1 < SIZE:
        return False
    own, other = state.pieces[player], state.pieces[1 - player]
    piece, target = ONE << np.uint64(cell), ONE << np.uint64((cell + SIZE * (1 - 2 * player) + way - 1) % 64)
    taken = (other & target) != 0
    if state.winner != 0 or not own & piece or own & target or taken != (capture == 1) or (taken and way == 1):
        return False
    state.pieces[player] = own ^ piece ^ target
    state.pieces[1 - player] = other & ~target
    if GOAL[player] & target or state.pieces[1 - player] == 0:
        state.winner = player + 1
    state.player = 1 - player
    return True


def returns(state: Any) -> tuple[float, float]:
    first = 3.0 - 2.0 * state.winner if state.winner != 0 else 0.0
    return first, -first


def load() -> Game:
    """Breakthrough in Python on a set of bits, compiled by Numba."""
    return numba_game(
        "numba_breakthrough", STATE, initial_state=initial_state, current_player=current_player,
        legal_actions=legal_actions, apply_action=apply_action, returns=returns,
        num_distinct_actions=12 * SIZE * SIZE, max_game_length=2 * (2 * SIZE - 3) * SIZE + 1,
    )  # fmt: skip
