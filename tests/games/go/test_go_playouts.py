"""Light playouts of Go: every path against a slow board, exactly on tiny boards and by statistics on large ones."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from functools import cache
from itertools import islice
from typing import Any

import numba
import numpy as np
import pytest
from scipy import stats

import longthink as lt
from longthink.games.core import go_playout_paths, go_playouts

PATHS = [path for path in go_playout_paths() if path != "fastest"]
VECTORS = [path for path in PATHS if path != "scalar"]
EMPTY, BLACK, WHITE = 0, 1, 2

# ---- The slow board: floods for everything. Boards are arrays [size * size]; numba only makes it bearable. ----


@numba.njit  # type: ignore[untyped-decorator]
def around(p: int, size: int) -> list[int]:
    found = []
    if p % size > 0:
        found.append(p - 1)
    if p % size < size - 1:
        found.append(p + 1)
    if p >= size:
        found.append(p - size)
    if p < size * (size - 1):
        found.append(p + size)
    return found


@numba.njit  # type: ignore[untyped-decorator]
def region(board: np.ndarray, size: int, start: int) -> tuple[list[int], list[int]]:
    """The points of the start's colour connected with it, and the adjacent colours."""
    points, seen, adjacent = [start], np.zeros(size * size, np.bool_), [-1]
    seen[start] = True
    i = 0
    while i < len(points):
        for q in around(points[i], size):
            if board[q] != board[start]:
                adjacent.append(board[q])
            elif not seen[q]:
                seen[q] = True
                points.append(q)
        i += 1
    return points, adjacent


@numba.njit  # type: ignore[untyped-decorator]
def play(board: np.ndarray, size: int, p: int, color: int) -> tuple[bool, int]:
    """Play a stone; returns whether it was legal (if not, the board is invalid), and the ko point or -1."""
    board[p] = color
    captured, where = 0, -1
    for q in around(p, size):
        if board[q] == 3 - color:
            points, adjacent = region(board, size, q)
            if 0 not in adjacent:
                captured += len(points)
                where = q
                for r in points:
                    board[r] = 0
    points, adjacent = region(board, size, p)
    liberties = 0
    for q in around(p, size):
        liberties += board[q] == 0
    return 0 in adjacent, where if captured == 1 and len(points) == 1 and liberties == 1 else -1


@numba.njit  # type: ignore[untyped-decorator]
def is_eye(board: np.ndarray, size: int, p: int, color: int) -> bool:
    for q in around(p, size):
        if board[q] != color:
            return False
    row, column, enemies, diagonals = p // size, p % size, 0, 0
    for r in (row - 1, row + 1):
        for c in (column - 1, column + 1):
            if 0 <= r < size and 0 <= c < size:
                diagonals += 1
                enemies += board[r * size + c] == 3 - color
    return enemies < (2 if diagonals == 4 else 1)


@numba.njit  # type: ignore[untyped-decorator]
def area(board: np.ndarray, size: int) -> int:
    score = 0
    for p in range(size * size):
        if board[p] != 0:
            score += 1 if board[p] == 1 else -1
        else:
            _, adjacent = region(board, size, p)
            score += (1 in adjacent and 2 not in adjacent) - (2 in adjacent and 1 not in adjacent)
    return score


@numba.njit  # type: ignore[untyped-decorator]
def slow_playouts(size: int, n: int, seed: int) -> np.ndarray:
    """[n, 2]: scores and lengths from the empty board."""
    np.random.seed(seed)
    results = np.zeros((n, 2), np.int64)
    for i in range(n):
        board = np.zeros(size * size, np.int8)
        color, ko, passes, moves = 1, -1, 0, 0
        while passes < 2 and moves < 3 * size * size:
            played, taken = False, -1
            for p in np.random.permutation(size * size):  # the first legal one is uniform among the legal ones
                if board[p] != 0 or p == ko or is_eye(board, size, p, color):
                    continue
                after = board.copy()
                legal, taken = play(after, size, p, color)
                if legal:
                    board, played = after, True
                    break
            ko = taken if played else -1
            passes = 0 if played else passes + 1
            color, moves = 3 - color, moves + 1
        results[i, 0], results[i, 1] = area(board, size), moves
    return results


Node = tuple[bytes, int, int, int]
"""Stones, ko, player, passes."""


@cache
def followers(node: Node) -> list[Node]:
    """The positions after each light move."""
    stones, ko, color, passes = node
    size, found = math.isqrt(len(stones)), []
    for p in range(len(stones)):
        board = np.frombuffer(stones, np.int8).copy()
        if board[p] == EMPTY and p != ko and not is_eye(board, size, p, color):
            legal, taken = play(board, size, p, color)
            if legal:
                found.append((board.tobytes(), taken, 3 - color, 0))
    return found or [(stones, -1, 3 - color, passes + 1)]


def exact_distribution(start: Node) -> dict[tuple[int, int], float]:
    """The probability of every (score, length)."""
    size = math.isqrt(len(start[0]))
    living, ends, moves = {start: 1.0}, Counter[tuple[int, int]](), 0
    while living:
        after: dict[Node, float] = {}
        for node, probability in living.items():
            if node[3] == 2 or moves == 3 * size * size:
                ends[int(area(np.frombuffer(node[0], np.int8), size)), moves] += probability  # type: ignore[assignment]
                continue
            following = followers(node)
            for next_node in following:
                after[next_node] = after.get(next_node, 0.0) + probability / len(following)
        living, moves = after, moves + 1
    return dict(ends)


def node(diagram: str, *, ko: int = -1, player: int = BLACK, passes: int = 0) -> Node:
    """A position from rows of text, the highest row first."""
    rows = [[".XO".index(point) for point in row] for row in reversed(diagram.split())]
    return np.array(rows, np.int8).tobytes(), ko, player, passes


TINY = {
    "2x2": node(".. .."),
    "2x2, white moves after a pass": node("X. ..", player=WHITE, passes=1),
    "3x3, ko": node("OO. X.O .X.", ko=4, player=BLACK),
    "3x3, eyes": node(".XX XX. .XO", player=WHITE),
    "3x3, suicide of two stones": node(".OX OOX XX.", player=WHITE),
}


@pytest.mark.parametrize("start", TINY.values(), ids=TINY.keys())
def test_tiny_boards_have_the_exact_distribution(start: Node) -> None:
    check_exactly(start, 40_000, PATHS)


def test_suicide_before_a_capture_may_be_none_after_it() -> None:
    """The vector paths remember suicides. This position detects a memory that lasts too long (p = 1e-15)."""
    check_exactly(node("..O. O... OOOO .OO."), 1_000_000, ["fastest"])


def check_exactly(start: Node, n: int, paths: list[str]) -> None:
    exact = exact_distribution(start)
    assert sum(exact.values()) == pytest.approx(1)
    size = math.isqrt(len(start[0]))
    stones = np.frombuffer(start[0], np.int8).reshape(size, size)
    for path in paths:
        ko = None if start[1] < 0 else start[1]
        score, length = go_playouts(stones, n, seed=1, player=start[2], ko=ko, passes=start[3], path=path)
        seen = Counter(zip(score.tolist(), length.tolist(), strict=True))
        assert seen.keys() <= exact.keys(), path
        check_counts([seen[key] for key in exact], [n * p for p in exact.values()])


def check_counts(seen: list[int], expected: list[float]) -> None:
    """Chi-square with rare outcomes pooled; one in a million correct programs would fail."""
    rare = [i for i, e in enumerate(expected) if e < 10]
    kept = [i for i in range(len(expected)) if expected[i] >= 10]
    left = sum(expected[i] for i in rare)
    observed = [float(seen[i]) for i in kept] + ([float(sum(seen[i] for i in rare))] if left >= 10 else [])
    wanted = [expected[i] for i in kept] + ([left] if left >= 10 else [])
    if len(wanted) > 1:
        wanted = [w * sum(observed) / sum(wanted) for w in wanted]
        assert stats.chisquare(observed, wanted).pvalue > 1e-6
    else:
        assert sum(seen) == pytest.approx(sum(expected))


# ---- Large boards ----


def check_same_distribution(a: np.ndarray, b: np.ndarray) -> None:
    """Means within five standard errors, histograms by chi-square (one in a million correct programs would fail)."""
    check_same_mean(a, b)
    edges = np.unique(np.quantile(np.concatenate([a, b]), np.linspace(0, 1, 30)))
    edges[-1] += 1
    table = np.array([np.histogram(x, edges)[0] for x in (a, b)])
    assert stats.chi2_contingency(table[:, table.sum(0) > 0]).pvalue > 1e-6


def check_same_mean(a: np.ndarray, b: np.ndarray) -> None:
    assert abs(a.mean() - b.mean()) < 5 * math.sqrt(a.var() / len(a) + b.var() / len(b))


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(("size", "n"), [(4, 3000), (6, 1500), (9, 600)])
def test_paths_play_as_the_slow_board_does(size: int, n: int, path: str) -> None:
    slow = slow_playouts_once(size, n)
    score, length = go_playouts(np.zeros((size, size)), 10_000, seed=size, path=path)
    check_same_distribution(score, slow[:, 0])
    check_same_distribution(length, slow[:, 1])


@cache
def slow_playouts_once(size: int, n: int) -> Any:
    return slow_playouts(size, n, size)


@pytest.mark.parametrize(("size", "n"), [(5, 40_000), (9, 60_000), (13, 6000), (17, 1500), (19, 1500), (25, 600)])
def test_vectors_play_as_the_scalar_path_does(size: int, n: int) -> None:
    score, length = go_playouts(np.zeros((size, size)), n, seed=3)
    other_score, other_length = go_playouts(np.zeros((size, size)), n // 2, seed=4, path="scalar")
    check_same_distribution(score, other_score)
    check_same_distribution(length, other_length)
    check_same_mean(score > 6, other_score > 6)


def positions(size: int) -> Iterator[tuple[np.ndarray, dict[str, Any]]]:
    """The empty board, and positions from the middle of games, some with ko."""
    yield np.zeros((size, size), np.int8), {}
    rng = np.random.default_rng(size)
    board, color, ko = np.zeros(size * size, np.int8), BLACK, -1
    for move in range(2 * size * size):
        free = [p for p in np.flatnonzero(board == 0) if p != ko and not is_eye(board, size, p, color)]
        rng.shuffle(free)
        for p in free:
            after = board.copy()
            legal, taken = play(after, size, p, color)
            if legal:
                board, ko = after, int(taken)
                break
        color = 3 - color
        if move in (size * size // 2, size * size) or ko >= 0:
            yield board.reshape(size, size), {"player": color, "ko": None if ko < 0 else ko}


@pytest.mark.parametrize("size", range(2, 26))
def test_vectors_of_every_width_give_the_same_playouts(size: int) -> None:
    """A playout depends only on its seed and number: not on the width, and not on the other playouts."""
    n = 50 if size < 10 else 18
    for stones, rest in islice(positions(size), 2):
        expected = go_playouts(stones, n, seed=5, path="plain", **rest)
        for path in VECTORS:
            for m in (n, 1, 5):
                got = go_playouts(stones, m, seed=5, path=path, **rest)
                np.testing.assert_array_equal(got[0], expected[0][:m])
                np.testing.assert_array_equal(got[1], expected[1][:m])


@pytest.mark.parametrize("size", [7, 10, 18, 22])
def test_vectors_play_as_the_scalar_path_does_from_the_middle_of_games(size: int) -> None:
    for stones, rest in islice(positions(size), 1, 4):
        n = 40_000 // size**2 * 3
        score, length = go_playouts(stones, n, seed=6, **rest)
        other_score, other_length = go_playouts(stones, n, seed=7, path="scalar", **rest)
        check_same_distribution(score, other_score)
        check_same_distribution(length, other_length)


def test_two_passes_end_a_playout_at_once() -> None:
    """Both sides have two eyes and no light move."""
    rows = [".X.XO", "XXXXO", "OOOOO", "OOO.O", "O.OOO"]
    stones = [[".XO".index(point) for point in row] for row in reversed(rows)]
    for path in PATHS:
        score, length = go_playouts(stones, 50, path=path)
        assert set(length) == {2}
        assert set(score) == {8 - 17}
        assert set(go_playouts(stones, 50, path=path, passes=1)[1]) == {1}


def test_bad_input() -> None:
    with pytest.raises(lt.ParameterError, match="square"):
        go_playouts(np.zeros((3, 4)), 1)
    with pytest.raises(lt.ParameterError, match="square"):
        go_playouts(np.full((3, 3), 3), 1)
    with pytest.raises(lt.ParameterError, match="has no liberty"):
        go_playouts([[1, 2, 0], [2, 0, 0], [0, 0, 0]], 1)
    with pytest.raises(lt.ParameterError, match="player"):
        go_playouts(np.zeros((3, 3)), 1, player=3)
    with pytest.raises(lt.ParameterError, match="path"):
        go_playouts(np.zeros((3, 3)), 1, path="magic")
    assert go_playouts(np.zeros((3, 3)), 0)[0].shape == (0,)
