"""Read Go positions: stones, chains, regions, and the owner of each point.

The Go front ends (GTP, the terminal, matches) read states of the game `go` by these functions. A point has the number
of its action. Stones are arrays `[size * size]`: 1 black, -1 white, 0 empty, so the sum over an area is Black's score.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from longthink.games.core import Game, GoBoard, State

BLACK, WHITE = 0, 1
COLOURS = ("black", "white")
Stones = NDArray[np.int8]
_SIGN = np.array([0, 1, -1], np.int8)  # by the numbers of GoBoard


def board_size(game: Game) -> int:
    return int(game.get_parameters()["board_size"])


def stones(state: State) -> Stones:
    """The stones on the board, `[size * size]`."""
    return _SIGN[GoBoard(state).stones.ravel()]


def owners(state: State) -> Stones:
    """The owner of each point if all stones are alive, `[size * size]`: stones, and regions with one border colour."""
    return _SIGN[GoBoard(state).owners().ravel()]


@lru_cache(maxsize=32)
def neighbours(size: int) -> tuple[tuple[int, ...], ...]:
    """The adjacent points of each point."""
    found = []
    for point in range(size * size):
        row, column = divmod(point, size)
        near = [(row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)]
        found.append(tuple(r * size + c for r, c in near if 0 <= r < size and 0 <= c < size))
    return tuple(found)


def regions(board: Stones) -> list[list[int]]:
    """The connected parts of the board with equal content: chains of stones, and empty regions."""
    near = neighbours(round(len(board) ** 0.5))
    content = board.tolist()
    seen = [False] * len(content)
    parts = []
    for start in range(len(content)):
        if seen[start]:
            continue
        seen[start], part = True, [start]
        for point in part:  # grows during the loop
            for other in near[point]:
                if not seen[other] and content[other] == content[start]:
                    seen[other] = True
                    part.append(other)
        parts.append(part)
    return parts


def area(board: Stones) -> Stones:
    """The owner of each point by area, `[size * size]`: stones, and empty regions with one border colour."""
    near = neighbours(round(len(board) ** 0.5))
    owner = board.copy()
    for part in regions(board):
        if board[part[0]] == 0:
            borders = {int(board[other]) for point in part for other in near[point]} - {0}
            if len(borders) == 1:
                owner[part] = borders.pop()
    return owner
