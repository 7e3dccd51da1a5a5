"""Hex, Y, Havannah and gomoku: known wins, and playouts and traces compared with slow twins.

The conformance suite compares the rules with OpenSpiel.
"""

from __future__ import annotations

import random

import numpy as np
import pyspiel
import pytest

import longthink as lt
from longthink.games.text import stones


def after(name: str, first: str, second: str) -> lt.State:
    """The state after both players' moves, in turn, in words; no move but the last ends the game."""
    state = lt.load_game(name).new_initial_state()
    moves = [first.split(), second.split()]
    for turn in range(len(moves[0]) + len(moves[1])):
        assert not state.is_terminal()
        state.apply_action(state.string_to_action(moves[turn % 2][turn // 2]))
    return state


@pytest.mark.parametrize(
    ("name", "first", "second", "returns"),
    [
        ("hex(board_size=3)", "b1 b2 b3", "a1 c1", [1.0, -1.0]),
        ("hex(board_size=3)", "c1 b2 a3", "a1 c3", [1.0, -1.0]),  # down to the left is a step,
        ("hex(board_size=3)", "a1 b2 c3", "c1 a3", [0.0, 0.0]),  # down to the right is not
        ("hex(board_size=3)", "a1 c3 c2", "a3 b2 c1", [-1.0, 1.0]),
        ("y(board_size=4)", "a1 b1 c1 d1", "a2 b2 c2", [1.0, -1.0]),  # a side with both its corners touches all sides
        ("y(board_size=4)", "b1 b2 a3 c2", "a1 c1 d1", [1.0, -1.0]),
        ("y(board_size=4)", "a4 a3 a2 d1", "b2 c2 b3", [0.0, 0.0]),  # two sides are not enough
        ("havannah(board_size=4)", "b2 c2 b3 d3 c4 d4", "a1 d1 g4 d7 g7", [1.0, -1.0]),  # a ring round an empty cell,
        ("havannah(board_size=4)", "b2 c2 b3 d3 c4 d4", "c3 d1 g4 d7 g7", [1.0, -1.0]),  # round another's stone,
        ("havannah(board_size=4)", "b2 c2 b3 c3 d3 c4 d4", "a1 d1 g4 d7 g7 e7", [1.0, -1.0]),  # round one's own
        ("havannah(board_size=4)", "b2 c2 b3 c3 d3 c4", "a1 d1 g4 d7 g7", [0.0, 0.0]),  # no ring yet
        ("havannah(board_size=4)", "a1 b1 c1 d1", "b2 c3 d4", [1.0, -1.0]),  # a bridge
        ("havannah(board_size=4)", "b1 b2 a2 b3 b4 b5", "d2 d3 d4 e6 f6", [1.0, -1.0]),  # a fork
        ("havannah(board_size=4)", "a1 a2 a3 b4 b5", "d2 d3 d4 e6", [0.0, 0.0]),  # a corner is no side
        ("gomoku(size=6)", "0,0 1,1 2,2 4,4 3,3", "0,1 0,2 0,3 0,4", [1.0, -1.0]),
        ("gomoku(size=6,anti=True)", "0,0 1,1 2,2 4,4 3,3", "0,1 0,2 0,3 0,4", [-1.0, 1.0]),
        ("gomoku(size=6,connect=4,wrap=True)", "5,2 0,2 1,2 4,2", "3,3 3,4 3,5", [1.0, -1.0]),
    ],
)
def test_wins_by_name(name: str, first: str, second: str, returns: list[float]) -> None:
    state = after(name, first, second)
    assert state.returns() == returns
    assert state.is_terminal() == (returns != [0.0, 0.0])


def test_swapping_in_hex_is_a_move_that_openspiel_does_not_count() -> None:
    """Two cells by two and a swap: five moves, where OpenSpiel says that four are the most."""
    twin = pyspiel.load_game("hex(board_size=2,swap=True)")
    ours, theirs = after("hex(board_size=2,swap=True)", "a1 b1 b2", "swap a2"), twin.new_initial_state()
    for action in ours.history():
        theirs.apply_action(action)
    assert ours.is_terminal()
    assert theirs.is_terminal()
    assert len(ours.history()) == ours.get_game().max_game_length() == twin.max_game_length() + 1


@pytest.mark.parametrize("name", ["hex(board_size=5)", "y(board_size=5)", "havannah(board_size=4)", "gomoku(size=7)"])
def test_states_with_the_same_stones_are_equal(name: str) -> None:
    rng = random.Random(1)
    game = lt.load_game(name)
    for _ in range(40):
        state = game.new_initial_state()
        for _ in range(rng.randrange(1, 30)):
            if not state.is_terminal():
                state.apply_action(rng.choice(state.legal_actions()))
        history = state.history()
        moves = [history[player::2] for player in (0, 1)]
        for _ in range(20):
            for order in moves:
                rng.shuffle(order)
            other = game.new_initial_state()
            for turn in range(len(history)):
                if other.is_terminal():
                    break  # in this order the win came earlier
                other.apply_action(moves[turn % 2][turn // 2])
            if len(other.history()) == len(history):
                assert other == state
                assert hash(other) == hash(state)


def hex_winner(first: list[bool], second: list[bool], size: int) -> list[float]:
    """Who is connected, by a search from the first row."""
    steps = ((-1, 0), (-1, 1), (0, 1), (1, 0), (1, -1), (0, -1))
    seen = {(0, column) for column in range(size) if first[column]}
    stack = list(seen)
    while stack:
        row, column = stack.pop()
        for r, c in steps:
            near = (row + r, column + c)
            if near not in seen and 0 <= near[0] < size and 0 <= near[1] < size and first[near[0] * size + near[1]]:
                seen.add(near)
                stack.append(near)
    return [1.0, -1.0] if any(row == size - 1 for row, _ in seen) else [-1.0, 1.0]


@pytest.mark.parametrize("size", [3, 8, 11, 19])
def test_filled_boards_of_hex_are_judged_as_by_a_search(size: int) -> None:
    game = lt.load_game(f"hex(board_size={size})")
    for seed in range(100):
        returns, final = game.playout(game.new_initial_state(), seed)
        first, second = stones(game.state_from_buffer(final, []), size * size)
        assert sum(first) - sum(second) == size % 2
        assert [a != b for a, b in zip(first, second, strict=True)] == [True] * size * size
        assert returns.tolist() == hex_winner(first, second, size)


def test_cells_of_a_filled_board_are_drawn_uniformly() -> None:
    """Each free cell goes to each player as often as it should: within five standard errors, near the end too."""
    state = lt.load_game("hex(board_size=9)").new_initial_state()
    rng = random.Random(3)
    count = 3000
    while len(state.legal_actions()) > 3:
        if len(state.legal_actions()) in (81, 40, 9):
            game, free = state.get_game(), state.legal_actions()
            got = np.zeros(81)
            for seed in range(count):
                got += stones(game.state_from_buffer(game.playout(state, seed)[1], []), 81)[state.current_player()]
            share = (len(free) + 1) // 2 / len(free)
            assert (abs(got[free] / count - share) <= 5 * np.sqrt(share * (1 - share) / count)).all()
        child = state.child(rng.choice(state.legal_actions()))
        if child.is_terminal():
            break
        state = child


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("hex(num_cols=5,swap=True)", "equal num_cols and num_rows"),
        ("hex(board_size=25)", "at most 383"),
        ("gomoku(size=4)", "at most size"),
        ("gomoku(size=10,dims=3)", "at most 447"),
        ("havannah(board_size=11)", "from 2 to 10"),
    ],
)
def test_parameters_that_do_not_fit_are_refused(name: str, message: str) -> None:
    with pytest.raises(lt.ParameterError, match=message):
        lt.load_game(name)


def test_sides_of_hex_follow_the_board_size() -> None:
    """As in OpenSpiel: `num_cols` and `num_rows` are `board_size` where they are not given."""
    for name in ("hex", "hex(board_size=5)", "hex(board_size=5,num_rows=3)", "hex(board_size=5,num_cols=11)"):
        game, twin = lt.load_game(name), pyspiel.load_game(name)
        theirs = twin.get_parameters()
        assert game.get_parameters() == {key: theirs[key] for key in game.get_parameters()}
        assert lt.load_game(str(game)) == game
