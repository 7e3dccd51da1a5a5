"""Native games: UCT simulations per second of ours and of OpenSpiel's C++ from the empty board, one playout each."""

from __future__ import annotations

from typing import Any

import pyspiel
import pytest

import longthink as lt

from .test_tree_search_speed import measure

GAMES = [
    ("breakthrough", 50_000),
    ("go(board_size=9)", 20_000),
    ("go", 1_000),
    ("gomoku", 50_000),
    ("havannah(board_size=6)", 200_000),
    ("hex(board_size=9)", 100_000),
    ("hex(board_size=11)", 100_000),
    ("othello", 10_000),
    ("y(board_size=9)", 200_000),
]
"""Games and simulations, the same for both engines because the speed changes with the size of the tree."""
IN_NUMBA = {"breakthrough": "numba_breakthrough"}
"""Games that are also written in Python."""
BY_TWO_THREADS = ("hex(board_size=11)", "go(board_size=9)")


def groups(games: list[tuple[str, int]]) -> pytest.MarkDecorator:
    """A group of methods for each game."""
    params = [
        pytest.param(name, count, id=name, marks=pytest.mark.benchmark(group=f"{name}, {count:,} UCT simulations"))
        for name, count in games
    ]
    return pytest.mark.parametrize(("name", "simulations"), params)


def search(benchmark: Any, name: str, simulations: int, **options: Any) -> None:
    game = lt.load_game(name)
    state = game.new_initial_state()
    measure(
        benchmark,
        simulations,
        lambda search: search.run(state, lt.Budget(simulations=simulations)),
        lambda: lt.MCTS(game, lt.UCT(c=2.0), seed=1, **options),
    )


@groups(GAMES)
def test_longthink(benchmark: Any, name: str, simulations: int) -> None:
    search(benchmark, name, simulations)


@groups([(name, count) for name, count in GAMES if name in IN_NUMBA])
def test_longthink_numba(benchmark: Any, name: str, simulations: int) -> None:
    search(benchmark, IN_NUMBA[name], simulations)


@groups([(name, count) for name, count in GAMES if name in BY_TWO_THREADS])
def test_longthink_two_threads(benchmark: Any, name: str, simulations: int) -> None:
    search(benchmark, name, simulations, threads=2)


@groups([(name, count) for name, count in GAMES if name in BY_TWO_THREADS])
def test_longthink_two_threads_own_trees(benchmark: Any, name: str, simulations: int) -> None:
    search(benchmark, name, simulations, threads=2, parallel="root")


@groups(GAMES)
def test_openspiel(benchmark: Any, name: str, simulations: int) -> None:
    game = pyspiel.load_game(name)
    evaluator = pyspiel.RandomRolloutEvaluator(1, 1)
    measure(
        benchmark,
        simulations,
        lambda bot: bot.mcts_search(game.new_initial_state()),
        lambda: pyspiel.MCTSBot(game, evaluator, 2.0, simulations, 4000, False, 1, False),
    )
