"""Board games compared with known results: counts from the literature, the theory of nim, slow twins in Python."""

from __future__ import annotations

import itertools
import random
from typing import Any

import numpy as np
import pyspiel
import pytest

import longthink as lt

PERFT = [4, 12, 56, 244, 1396, 8200, 55092]
"""Othello: positions after 1, 2, ... moves from the start, counted with repetition, as programs publish them."""


def perft(state: Any, depth: int) -> int:
    legal = state.legal_actions()
    return len(legal) if depth == 1 else sum(perft(state.child(action), depth - 1) for action in legal)


def test_othello_has_the_known_number_of_games() -> None:
    start = lt.load_game("othello").new_initial_state()
    assert [perft(start, depth) for depth in range(1, 8)] == PERFT
    theirs = pyspiel.load_game("othello").new_initial_state()
    assert [perft(theirs, depth) for depth in range(1, 6)] == PERFT[:5]


def flips(board: list[str], own: str, square: int) -> set[int]:
    """Othello as a beginner would write it: walk from the square in each direction."""
    flipped: set[int] = set()
    for down, right in itertools.product((-1, 0, 1), repeat=2):
        row, column, run = square // 8 + down, square % 8 + right, []
        while (down or right) and 0 <= row < 8 and 0 <= column < 8 and board[8 * row + column] not in ("-", own):
            run.append(8 * row + column)
            row, column = row + down, column + right
        if run and 0 <= row < 8 and 0 <= column < 8 and board[8 * row + column] == own:
            flipped.update(run)
    return flipped


def test_othello_flips_what_walking_the_lines_flips() -> None:
    """On random boards, most of them unreachable: long runs, full edges, corners."""
    game, rng = lt.load_game("othello"), random.Random(1)
    for _ in range(300):
        board = rng.choices("xo-", weights=(3, 3, rng.choice((1, 3))), k=64)
        record = np.zeros(1, game.state_dtype)
        for player, own in enumerate("xo"):
            record["discs"][0, player] = sum(1 << a for a in range(64) if board[a] == own)
        record["player"] = rng.randrange(2)
        state, own = game.state_from_buffer(record.tobytes(), []), "xo"[record["player"][0]]
        wanted = {a: flips(board, own, a) for a in range(64) if board[a] == "-" and flips(board, own, a)}
        assert state.legal_actions() == (sorted(wanted) or [64])
        for action, flipped in wanted.items():
            after = [own if a in flipped or a == action else board[a] for a in range(64)]
            rows = str(state.child(action)).splitlines()[2:10]
            assert [line.split()[1:-1] for line in rows] == [after[8 * row : 8 * row + 8] for row in range(8)]


class Breakthrough:
    """Breakthrough as a dictionary from cells to players."""

    def __init__(self, rows: int, columns: int) -> None:
        self.rows, self.columns, self.player = rows, columns, 0
        deep = 2 if rows >= 6 else 1
        self.board = {(r, c): 0 for r in range(deep) for c in range(columns)}
        self.board |= {(rows - 1 - r, c): 1 for r in range(deep) for c in range(columns)}

    def winner(self) -> int | None:
        for player, goal in ((0, self.rows - 1), (1, 0)):
            if any(self.board.get((goal, c)) == player for c in range(self.columns)):
                return player
            if (1 - player) not in self.board.values():
                return player
        return None

    def moves(self) -> dict[int, dict[tuple[int, int], int]]:
        """Action -> board after it."""
        found: dict[int, dict[tuple[int, int], int]] = {}
        if self.winner() is not None:
            return found
        for (row, column), owner in self.board.items():
            for aside in (-1, 0, 1):
                to = (row + 1 - 2 * self.player, column + aside)
                there = self.board.get(to)
                if owner != self.player or not 0 <= to[1] < self.columns or there == owner:
                    continue
                if there is not None and aside == 0:
                    continue
                direction = 3 * self.player + 1 + aside
                after = {cell: who for cell, who in self.board.items() if cell not in ((row, column), to)}
                action = ((row * self.columns + column) * 6 + direction) * 2 + (there is not None)
                found[action] = after | {to: owner}
        return found


@pytest.mark.parametrize(("rows", "columns"), [(2, 2), (3, 2), (3, 3), (5, 4), (6, 3), (8, 8), (4, 16), (32, 2)])
def test_breakthrough_equals_its_twin(rows: int, columns: int) -> None:
    game, rng = lt.load_game("breakthrough", rows=rows, columns=columns), random.Random(2)
    for _ in range(10):
        state, twin = game.new_initial_state(), Breakthrough(rows, columns)
        while not state.is_terminal():
            moves = twin.moves()
            assert state.legal_actions() == sorted(moves)
            action = rng.choice(sorted(moves))
            state.apply_action(action)
            twin.board, twin.player = moves[action], 1 - twin.player
            for cell in itertools.product(range(rows), range(columns)):
                bit = cell[0] * columns + cell[1]
                owner = next((p for p in (0, 1) if int(state.record["pieces"][p]) >> bit & 1), None)
                assert owner == twin.board.get(cell)
        assert state.returns() == ([1, -1] if twin.winner() == 0 else [-1, 1])


@pytest.mark.parametrize("piles", ["1;3;5;7", "2;2", "4;5;1", "1;1;1", "6"])
@pytest.mark.parametrize("is_misere", [False, True])
def test_who_wins_nim_is_what_the_theory_says(piles: str, is_misere: bool) -> None:
    """The player to move wins if the exclusive or of the sizes is not 0; misere: reversed if no pile is above 1."""
    game = lt.load_game("nim", pile_sizes=piles, is_misere=is_misere)
    known: dict[bytes, bool] = {}

    def wins(state: lt.State) -> bool:
        """By trying everything."""
        if bytes(state.buffer) not in known:
            player = state.current_player()
            children = [state.child(action) for action in state.legal_actions()]
            won = [child.returns()[player] > 0 if child.is_terminal() else not wins(child) for child in children]
            known[bytes(state.buffer)] = any(won)
            sizes = state.record["sizes"]
            theory = bool(np.bitwise_xor.reduce(sizes))
            if is_misere and sizes.max() <= 1:
                theory = not theory
            assert known[bytes(state.buffer)] == theory
        return known[bytes(state.buffer)]

    wins(game.new_initial_state())
    assert len(known) >= np.prod([int(size) + 1 for size in piles.split(";")]) - 1


@pytest.mark.parametrize("piles", ["", "1;x", "0;0", "256", "-1;3", ";".join("1" * 17)])
def test_piles_that_are_none_are_refused(piles: str) -> None:
    with pytest.raises(lt.ParameterError, match="semicolons"):
        lt.load_game("nim", pile_sizes=piles)


def slide_left(row: list[int]) -> tuple[list[int], int]:
    """A row of 2048 after its tiles slid to the left, and what merging scored."""
    tiles, out, score = [tile for tile in row if tile], [], 0
    while tiles:
        if len(tiles) > 1 and tiles[0] == tiles[1]:
            score += 2 * tiles[0]
            out.append(2 * tiles.pop(0))
        else:
            out.append(tiles[0])
        tiles.pop(0)
    return out + [0] * (4 - len(out)), score


def test_2048_slides_as_a_list_of_tiles_does() -> None:
    game, rng = lt.load_game("2048(max_tile=32768)"), random.Random(3)
    for _ in range(2000):
        tiles = rng.choices((0, 0, 1, 2, 3, rng.randrange(1, 15)), k=16)
        record = np.zeros(1, game.state_dtype)
        record["board"] = sum(tile << 4 * cell for cell, tile in enumerate(tiles))
        state = game.state_from_buffer(record.tobytes(), [])
        board = np.array([2**tile if tile else 0 for tile in tiles]).reshape(4, 4)
        turned = (board.T, board[:, ::-1], board.T[:, ::-1], board)  # so that up, right, down and left are all left
        slid = [[slide_left(row.tolist()) for row in view] for view in turned]
        afters = [np.array([row for row, _ in rows]) for rows in slid]
        legal = [a for a in range(4) if (afters[a] != turned[a]).any()]
        if not legal:
            continue
        assert state.legal_actions() == legal
        for action in legal:
            back = (afters[0].T, afters[1][:, ::-1], afters[2][:, ::-1].T, afters[3])[action]
            child = state.child(action)
            assert str(child).replace("\n", "") == "".join(f"{tile:5}" for tile in back.ravel())
            assert int(child.record["score"]) == sum(score for _, score in slid[action])


def test_2048_ends_with_the_rules_openspiel_has() -> None:
    """Short games to their end, by the largest tile or without an action left."""
    ends: set[str] = set()
    rng = random.Random(4)
    for max_tile in (4, 8, 16, 32, 64):
        game, theirs = lt.load_game("2048", max_tile=max_tile), pyspiel.load_game(f"2048(max_tile={max_tile})")
        for _ in range(60):
            state, twin = game.new_initial_state(), theirs.new_initial_state()
            while not state.is_terminal():
                assert not twin.is_terminal()
                assert state.legal_actions() == twin.legal_actions()
                action = rng.choice(state.legal_actions())
                state.apply_action(action)
                twin.apply_action(action)
                assert str(state) == str(twin)
            assert twin.is_terminal()
            assert state.returns() == twin.returns()
            reached = str(max_tile) in str(state).split()
            ends.add("tile" if reached else "moves" if state.move_number() >= 4 * max_tile else "no action")
    assert ends == {"tile", "no action"}


def test_2048_has_an_action_wherever_a_tile_can_move() -> None:
    """A full board whose only merges go into tiles just made: OpenSpiel lists none there and does not end either."""
    game = lt.load_game("2048")
    rows = [[2, 2, 3, 4], [5, 6, 7, 8], [1, 3, 5, 7], [2, 4, 6, 8]]
    record = np.zeros(1, game.state_dtype)
    record["board"] = sum(tile << 4 * cell for cell, tile in enumerate(itertools.chain(*rows)))
    record["merged"] = 0b0011
    assert game.state_from_buffer(record.tobytes(), []).legal_actions() == [1, 3]
    record["merged"] = 0b0001
    assert game.state_from_buffer(record.tobytes(), []).legal_actions() == [1]
