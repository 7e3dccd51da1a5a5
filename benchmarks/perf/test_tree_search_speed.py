"""Tree search: simulations per second of ours, of a game written in Numba, and of OpenSpiel's C++ on the same work.

Also the memory that each takes: for ours the bytes of the nodes, for OpenSpiel's the growth of the process.
"""

from __future__ import annotations

import os
import resource
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pyspiel
import pytest

import longthink as lt

SIMULATIONS = 200_000
"""The same for every method, because the speed of a search changes with the size of its tree."""


def measure(
    benchmark: Any, count: int, work: Callable[[Any], object], setup: Callable[[], Any], rounds: int = 3
) -> None:
    """Time `work` a few times on a fresh `setup`, and record how many per second."""
    benchmark.pedantic(work, setup=lambda: ((setup(),), {}), rounds=rounds)
    benchmark.extra_info["per_second"] = round(count / benchmark.stats.stats.median)


def ours(name: str, **options: Any) -> tuple[Callable[[], Any], Callable[[Any], object]]:
    game = lt.load_game(name)
    state = game.new_initial_state()
    return (
        lambda: lt.MCTS(game, lt.UCT(c=2.0), seed=1, **options),
        lambda search: search.run(state, lt.Budget(simulations=SIMULATIONS)),
    )


def bytes_each(search: lt.MCTS) -> float:
    """Bytes of memory per simulation of a search."""
    return search.bytes_used / search.simulations


def openspiel_bytes_each(name: str) -> float:
    """Bytes by which a fresh process grows in a search of OpenSpiel's, per simulation."""
    with get_context("spawn").Pool(1) as pool:
        return pool.apply(_growth, (name,)) / SIMULATIONS


def _growth(name: str) -> int:
    def resident() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    setup, work = openspiel(name)
    bot, before = setup(), resident()
    tree = work(bot)  # kept until its size is known
    return resident() - before if tree else 0


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
        search = setup()
        work(search)
        benchmark.extra_info["bytes_each"] = bytes_each(search)

    def test_longthink_two_threads(self, benchmark: Any) -> None:
        setup, work = ours("connect_four", threads=2)
        measure(benchmark, SIMULATIONS, work, setup)

    def test_longthink_numba(self, benchmark: Any) -> None:
        setup, work = ours("numba_connect_four")
        measure(benchmark, SIMULATIONS, work, setup)

    def test_openspiel(self, benchmark: Any) -> None:
        setup, work = openspiel("connect_four")
        measure(benchmark, SIMULATIONS, work, setup)
        benchmark.extra_info["bytes_each"] = openspiel_bytes_each("connect_four")


MANY, CAP = 100_000_000, 1 << 30


@pytest.mark.benchmark(group="connect four, 100,000,000 UCT simulations within 1 GiB (the peak of the process)")
def test_longthink_many_in_little_memory(benchmark: Any) -> None:
    with get_context("spawn").Pool(1) as pool:
        grown, made = benchmark.pedantic(pool.apply, (_peak_growth,), rounds=1)
    assert made == MANY
    assert grown <= 1.01 * CAP
    benchmark.extra_info["per_second"] = round(MANY / benchmark.stats.stats.median)
    benchmark.extra_info["bytes_each"] = grown / MANY


def _peak_growth() -> tuple[int, int]:
    """The largest growth of this process in bytes during a long search, and the simulations that its root counts."""

    def peak() -> int:
        return int(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) * 1024

    game = lt.load_game("connect_four")
    lt.MCTS(game, lt.UCT(c=2.0)).run(game.new_initial_state(), lt.Budget(simulations=1_000))
    before = peak()
    search = lt.MCTS(game, lt.UCT(c=2.0), seed=1, memory_bytes=CAP)
    search.run(game.new_initial_state(), lt.Budget(simulations=MANY))
    return peak() - before, search.simulations


@pytest.mark.benchmark(group="tic-tac-toe, 200,000 UCT simulations from the empty board")
class TestTicTacToe:
    def test_longthink(self, benchmark: Any) -> None:
        setup, work = ours("tic_tac_toe")
        measure(benchmark, SIMULATIONS, work, setup)

    def test_openspiel(self, benchmark: Any) -> None:
        setup, work = openspiel("tic_tac_toe")
        measure(benchmark, SIMULATIONS, work, setup)


STEPS = 200_000


@pytest.mark.benchmark(group="ask / tell on connect four, 200,000 leaves in batches of 64; bytes of a node")
class TestAskTell:
    @pytest.mark.parametrize("nodes", [10**3, 10**6], ids=["from_1e3_nodes", "from_1e6_nodes"])
    @pytest.mark.parametrize("rule", [lt.UCT(), lt.PUCT()], ids=["uct", "puct_with_priors"])
    def test_longthink(self, benchmark: Any, rule: lt.Rule, nodes: int) -> None:
        game = lt.load_game("connect_four")

        def setup() -> lt.MCTS:
            search = lt.MCTS(game, rule, seed=1)
            search.run(game.new_initial_state(), lt.Budget(nodes=nodes))
            return search

        def work(search: lt.MCTS) -> None:
            values, priors, done = np.zeros(64), np.full((64, 7), 1 / 7), 0
            while done < STEPS:
                leaves = search.ask(64)
                n = len(leaves)
                search.tell(leaves.tickets, values[:n], priors[:n] if rule.kind == "puct" else None)
                done += n
            benchmark.extra_info["bytes_each"] = search.bytes_used / search.nodes  # a node

        measure(benchmark, STEPS, work, setup)
