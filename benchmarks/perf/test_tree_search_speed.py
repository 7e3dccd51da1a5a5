"""Tree search: simulations per second of ours, of a game written in Numba, and of OpenSpiel's C++ on the same work."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyspiel
import pytest

import longthink as lt

SIMULATIONS = 200_000
"""For every method: the speed of a search changes with the size of its tree."""


def measure(benchmark: Any, count: int, work: Callable[[Any], object], setup: Callable[[], Any]) -> None:
    """Time `work` three times on a fresh `setup`, and tell how many a second."""
    benchmark.pedantic(work, setup=lambda: ((setup(),), {}), rounds=3)
    benchmark.extra_info["per_second"] = round(count / benchmark.stats.stats.median)


def ours(name: str, **options: Any) -> tuple[Callable[[], Any], Callable[[Any], object]]:
    game = lt.load_game(name)
    state = game.new_initial_state()
    return (
        lambda: lt.MCTS(game, lt.UCT(c=2.0), seed=1, **options),
        lambda search: search.run(state, lt.Budget(simulations=SIMULATIONS)),
    )


def openspiel(name: str) -> tuple[Callable[[], Any], Callable[[Any], object]]:
    game = pyspiel.load_game(name)
    evaluator = pyspiel.RandomRolloutEvaluator(1, 1)
    return (
        lambda: pyspiel.MCTSBot(game, evaluator, 2.0, SIMULATIONS, 4000, False, 1, False),
        lambda bot: bot.mcts_search(game.new_initial_state()),
    )


@pytest.mark.benchmark(group="connect four, 200,000 UCT simulations from the empty board")
class TestConnectFour:
    def test_longthink(self, benchmark: Any) -> None:
        setup, work = ours("connect_four")
        measure(benchmark, SIMULATIONS, work, setup)

    def test_longthink_two_threads(self, benchmark: Any) -> None:
        setup, work = ours("connect_four", threads=2)
        measure(benchmark, SIMULATIONS, work, setup)

    def test_longthink_numba(self, benchmark: Any) -> None:
        setup, work = ours("numba_connect_four")
        measure(benchmark, SIMULATIONS, work, setup)

    def test_openspiel(self, benchmark: Any) -> None:
        setup, work = openspiel("connect_four")
        measure(benchmark, SIMULATIONS, work, setup)


@pytest.mark.benchmark(group="tic-tac-toe, 200,000 UCT simulations from the empty board")
class TestTicTacToe:
    def test_longthink(self, benchmark: Any) -> None:
        setup, work = ours("tic_tac_toe")
        measure(benchmark, SIMULATIONS, work, setup)

    def test_openspiel(self, benchmark: Any) -> None:
        setup, work = openspiel("tic_tac_toe")
        measure(benchmark, SIMULATIONS, work, setup)


STEPS = 200_000


@pytest.mark.benchmark(group="ask / tell on connect four, 200,000 leaves in batches of 64 on a tree of a million nodes")
class TestAskTell:
    @pytest.mark.parametrize("rule", [lt.UCT(), lt.PUCT()], ids=["uct", "puct_with_priors"])
    def test_longthink(self, benchmark: Any, rule: lt.Rule) -> None:
        game = lt.load_game("connect_four")

        def setup() -> lt.MCTS:
            search = lt.MCTS(game, rule, seed=1)
            search.run(game.new_initial_state(), lt.Budget(nodes=1_000_000))
            return search

        def work(search: lt.MCTS) -> None:
            values, priors, told = np.zeros(64), np.full((64, 7), 1 / 7), 0
            while told < STEPS:
                leaves = search.ask(64)
                n = len(leaves)
                search.tell(leaves.tickets, values[:n], priors[:n] if rule.kind == "puct" else None)
                told += n

        measure(benchmark, STEPS, work, setup)
