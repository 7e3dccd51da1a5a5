"""Handicaps of Go: how many stones a board takes, and the points on which they are placed."""

from __future__ import annotations

from longthink.errors import ParameterError


def most_handicap(size: int) -> int:
    """The stones of a largest fixed handicap: 0 on boards below 7x7."""
    if size < 7:
        return 0
    return 4 if size % 2 == 0 or size == 7 else 9


def fixed_handicap(size: int, stones: int) -> list[int]:
    """The points of a fixed handicap, as the Go Text Protocol defines them. Raises `ParameterError`."""
    most = most_handicap(size)
    if not 2 <= stones <= most:
        expected = f"2..{most} stones" if most else "no handicap"
        raise ParameterError(f"a {size}x{size} board expects {expected}, got {stones}")
    low = 2 if size < 13 else 3
    high, middle = size - 1 - low, size // 2
    points = [(low, low), (high, high), (low, high), (high, low)][: min(stones, 4)]  # column, row
    if stones >= 6:
        points += [(low, middle), (high, middle)]
    if stones >= 8:
        points += [(middle, low), (middle, high)]
    if stones in (5, 7, 9):
        points.append((middle, middle))
    return [row * size + column for column, row in points]
