"""The exact solver of hex, against minimax and against proofs by tree search."""

from __future__ import annotations

import random
from typing import Any

import pytest

import longthink as lt
from longthink.games.core import HexSolver


def minimax(state: lt.State, known: dict[bytes, int]) -> int:
    """The winner, by trying everything."""
    if state.is_terminal():
        return 0 if state.returns()[0] > 0 else 1
    if state.buffer not in known:
        player = state.current_player()
        wins = any(minimax(state.child(action), known) == player for action in state.legal_actions())
        known[state.buffer] = player if wins else 1 - player
    return known[state.buffer]


def positions(game: lt.Game, count: int, most: int) -> list[lt.State]:
    rng, found = random.Random(5), []
    for _ in range(count):
        state = game.new_initial_state()
        for _ in range(rng.randrange(most + 1)):
            if not state.is_terminal():
                state.apply_action(rng.choice(state.legal_actions()))
        found.append(state)
    return found


@pytest.mark.parametrize("shape", [(2, 2), (3, 3), (3, 4), (4, 3), (4, 2), (2, 5)])
def test_it_agrees_with_minimax(shape: tuple[int, int]) -> None:
    game, known = lt.load_game("hex", num_rows=shape[0], num_cols=shape[1]), dict[bytes, int]()
    solver = HexSolver(game)
    for state in positions(game, 150, 8):
        assert solver.winner(state) == minimax(state, known), state.history()
        if not state.is_terminal():
            player, legal = state.current_player(), state.legal_actions()
            best = [action for action in legal if minimax(state.child(action), known) == player]
            assert solver.optimal_actions(state) == (best or legal)


def test_it_agrees_with_proofs_by_tree_search() -> None:
    game = lt.load_game("hex", board_size=4)
    solver, proven = HexSolver(game), 0
    for state in positions(game, 40, 6):
        if state.is_terminal():
            continue
        result = lt.MCTS(game, memory_bytes=1 << 28).run(state, lt.Budget(simulations=1_000_000))
        if result.is_proven:
            player = state.current_player()
            assert solver.winner(state) == (player if result.value > 0 else 1 - player)
            proven += 1
    assert proven > 20


def test_the_first_player_wins_on_5x5_and_not_from_every_cell() -> None:
    game = lt.load_game("hex", board_size=5)
    solver = HexSolver(game)
    assert solver.winner(game.new_initial_state()) == 0
    assert solver.winner(game.state_from_history([12])) == 0  # the centre
    assert solver.winner(game.state_from_history([0])) == 1  # an acute corner
    assert 0 < solver.nodes < 1_000_000


def test_a_small_table_changes_nothing() -> None:
    game = lt.load_game("hex", board_size=4)
    small, large = HexSolver(game, table_bytes=1000), HexSolver(game)
    for state in positions(game, 30, 4):
        assert small.winner(state) == large.winner(state)


@pytest.mark.parametrize("game", ["connect_four", "hex(board_size=9)", "hex(board_size=5,swap=True)"])
def test_other_games_are_refused(game: str) -> None:
    with pytest.raises(lt.ParameterError, match="expected hex"):
        HexSolver(lt.load_game(game))


def test_a_state_of_another_board_is_refused() -> None:
    other: Any = lt.load_game("hex", board_size=4).new_initial_state()
    with pytest.raises(lt.ParameterError, match="this solver is for"):
        HexSolver(lt.load_game("hex", board_size=5)).winner(other)
