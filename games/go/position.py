"""Positions of Go: stones, chains, regions and liberties, and who owns each point.

The front ends of Go (GTP, the terminal, matches) read positions with the functions of this module. Points have the
numbers of the actions of the game `go`. A board is an array `[size * size]`: 1 black, -1 white, 0 empty, so that the
sum over an area is the score of Black.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from longthink.games.core import Game, GoBoard, State

BLACK, WHITE = 0, 1
COLOURS = ("black", "white")
SIGN = (1, -1)
"""The number of a colour's stones and points in an array."""

Stones = NDArray[np.int8]
_FROM_CORE = np.array([0, SIGN[BLACK], SIGN[WHITE]], np.int8)  # GoBoard numbers colours from 1


def board_size(game: Game) -> int:
    return int(game.get_parameters()["board_size"])


def stones(state: State) -> Stones:
    """The stones on the board, `[size * size]`."""
    return _FROM_CORE[GoBoard(state).stones.ravel()]


def owners(state: State) -> Stones:
    """The owner of each point as the stones stand, `[size * size]`, see `area`; computed by the C core."""
    return _FROM_CORE[GoBoard(state).owners().ravel()]


def area(board: Stones) -> Stones:
    """The owner of each point by area, `[size * size]`: stones, and empty regions that touch one colour only."""
    owner, near = board.copy(), neighbours(size_of(board))
    for region in regions(board):
        if board[region[0]] == 0:
            borders = {int(board[other]) for point in region for other in near[point]} - {0}
            if len(borders) == 1:
                owner[region] = borders.pop()
    return owner


# ---- Parts of a board ----


def size_of(board: NDArray[np.generic]) -> int:
    """The size of the board whose points an array `[size * size]` has."""
    return math.isqrt(len(board))


@lru_cache(maxsize=32)
def neighbours(size: int) -> tuple[tuple[int, ...], ...]:
    """The adjacent points of each point of a board."""
    found = []
    for point in range(size * size):
        row, column = divmod(point, size)
        near = [(row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)]
        found.append(tuple(r * size + c for r, c in near if 0 <= r < size and 0 <= c < size))
    return tuple(found)


def regions(board: Stones) -> list[list[int]]:
    """The connected parts of equal content: chains of stones, and empty regions."""
    near = neighbours(size_of(board))
    content = board.tolist()
    seen = [False] * len(content)
    parts = []
    for start in range(len(content)):
        if seen[start]:
            continue
        seen[start], part = True, [start]
        for point in part:  # the list grows during the loop
            for other in near[point]:
                if not seen[other] and content[other] == content[start]:
                    seen[other] = True
                    part.append(other)
        parts.append(part)
    return parts


def chains(board: Stones) -> list[list[int]]:
    """The chains of stones."""
    return [part for part in regions(board) if board[part[0]]]


def liberties(board: Stones, points: Iterable[int]) -> set[int]:
    """The empty points adjacent to some points."""
    near = neighbours(size_of(board))
    return {other for point in points for other in near[point] if board[other] == 0}
