"""Graph search and information set search: simulations per second, and those of tree search and OpenSpiel's ISMCTS."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyspiel
import pytest

import longthink as lt

SIMULATIONS = 100_000
DEAL = [2, 5]
"""The first player's card and the second's; the first acts."""


def measure(benchmark: Any, work: Callable[[Any], object], setup: Callable[[], Any]) -> None:
    """Time `work` three times on a fresh `setup`, and record how many simulations per second."""
    benchmark.pedantic(work, setup=lambda: ((setup(),), {}), rounds=3)
    benchmark.extra_info["per_second"] = round(SIMULATIONS / benchmark.stats.stats.median)


def ours(game: lt.Game, state: lt.State, make: Callable[[lt.Game], Any]) -> tuple[Any, Any]:
    return lambda: make(game), lambda search: search.run(state, lt.Budget(simulations=SIMULATIONS))


@pytest.mark.benchmark(group="leduc poker, 100,000 simulations of information set search for the first player")
class TestLeducPoker:
    @pytest.mark.parametrize("rule", [lt.UCT(c=2.0), lt.RegretMatching()], ids=["uct", "regret_matching"])
    def test_longthink(self, benchmark: Any, rule: Any) -> None:
        game = lt.load_game("leduc_poker")
        setup, work = ours(game, game.state_from_history(DEAL), lambda game: lt.ISMCTS(game, rule, seed=1))
        measure(benchmark, work, setup)

    def test_openspiel(self, benchmark: Any) -> None:
        state = pyspiel.load_game("leduc_poker").new_initial_state()
        for action in DEAL:
            state.apply_action(action)
        evaluator = pyspiel.RandomRolloutEvaluator(1, 1)
        c = 2.0 * 13  # its values are in chips, up to 13; ours are scaled to [-1, 1]
        measure(
            benchmark,
            lambda bot: bot.get_policy(state),
            lambda: pyspiel.ISMCTSBot(1, evaluator, c, SIMULATIONS, -1),
        )


@pytest.mark.benchmark(group="connect four, 100,000 UCT simulations, positions shared or not")
class TestConnectFour:
    @pytest.mark.parametrize("make", [lt.GraphSearch, lt.MCTS], ids=["graph", "tree"])
    def test_longthink(self, benchmark: Any, make: Any) -> None:
        game = lt.load_game("connect_four")
        setup, work = ours(game, game.new_initial_state(), lambda game: make(game, lt.UCT(c=2.0), seed=1))
        measure(benchmark, work, setup)
