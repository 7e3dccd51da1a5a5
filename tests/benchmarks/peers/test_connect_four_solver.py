"""The exact connect four solver against brute force, and against itself."""

from __future__ import annotations

import random
from functools import cache

import pytest

import longthink as lt
from longthink.games.core import ConnectFourSolver

GAME = lt.load_game("connect_four")


def random_position(stones: int, rng: random.Random) -> lt.State:
    """A position after this many random moves that is not over."""
    while True:
        state = GAME.new_initial_state()
        while not state.is_terminal() and state.move_number() < stones:
            state.apply_action(rng.choice(state.legal_actions()))
        if not state.is_terminal():
            return state


@cache
def brute_score(state: lt.State) -> int:
    """Plain negamax over every line of play."""
    best = -100
    for action in state.legal_actions():
        after = state.child(action)
        if after.is_terminal():
            score = (42 + 1 - state.move_number()) // 2 if any(after.returns()) else 0
        else:
            score = -brute_score(after)
        best = max(best, score)
    return best


@pytest.mark.parametrize("stones", [28, 30, 31, 32, 34, 37, 39, 41])
def test_scores_equal_brute_force(stones: int) -> None:
    rng, solver = random.Random(stones), ConnectFourSolver(1 << 20)
    for _ in range(15):
        state = random_position(stones, rng)
        assert solver.score(state) == brute_score(state), state.history()


def test_the_value_of_a_position_is_that_of_its_best_move() -> None:
    rng, solver = random.Random(1), ConnectFourSolver()
    for stones in range(14, 30):
        state = random_position(stones, rng)
        score, values = solver.score(state), solver.values(state)
        assert max(values.values()) == (score > 0) - (score < 0)
        if not any(state.child(a).is_terminal() for a in state.legal_actions()):
            assert score == max(-solver.score(state.child(a)) for a in state.legal_actions())
        mirrored = GAME.state_from_history([6 - action for action in state.history()])
        assert solver.score(mirrored) == score
        assert {6 - a for a in solver.optimal_actions(mirrored)} == set(solver.optimal_actions(state))


def test_forced_moves() -> None:
    """Three in the first column: the player to move must win there or block it."""
    solver = ConnectFourSolver()
    opening = [3, 3, 3, 3, 2, 2, 2, 2, 0, 6, 0, 6, 0]
    after_a_mistake = GAME.state_from_history([*opening, 5])
    assert solver.values(after_a_mistake)[0] == 1
    assert solver.score(after_a_mistake) == (43 - 14) // 2
    before = GAME.state_from_history(opening)
    assert all(value == -1 for action, value in solver.values(before).items() if action != 0)


def test_a_small_table_gives_the_same_answers() -> None:
    rng, large, small = random.Random(2), ConnectFourSolver(), ConnectFourSolver(8)
    for _ in range(10):
        state = random_position(26, rng)
        assert large.score(state) == small.score(state)


def test_bad_input() -> None:
    solver = ConnectFourSolver(1 << 10)
    with pytest.raises(lt.ParameterError, match="6 rows"):
        solver.score(lt.load_game("connect_four(rows=5)").new_initial_state())
    with pytest.raises(lt.ParameterError, match="terminal"):
        solver.score(GAME.state_from_history([0, 1, 0, 1, 0, 1, 0]))
