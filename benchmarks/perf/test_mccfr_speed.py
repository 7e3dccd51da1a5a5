"""Sampled regret minimisation: iterations per second of ours and OpenSpiel's C++, one walk per player each."""

from __future__ import annotations

from typing import Any

import pyspiel
import pytest

import longthink as lt

ITERATIONS = {"kuhn_poker": 100_000, "leduc_poker": 20_000, "liars_dice": 2_000}
PEERS = {"external": "ExternalSamplingMCCFRSolver", "outcome": "OutcomeSamplingMCCFRSolver"}


def record(benchmark: Any, iterations: int) -> None:
    benchmark.extra_info["per_second"] = round(iterations / benchmark.stats.stats.median)


@pytest.mark.parametrize("sampling", PEERS)
@pytest.mark.parametrize("game", ITERATIONS)
class TestMCCFR:
    """One group for every game and sampling: the same number of iterations by each, from the start."""

    def test_longthink(self, benchmark: Any, game: str, sampling: str) -> None:
        benchmark.group = f"{sampling} sampling on {game}, {ITERATIONS[game]:,} iterations"
        loaded = lt.load_game(game)
        benchmark.pedantic(
            lambda s: s.run(ITERATIONS[game]), setup=lambda: ((lt.MCCFR(loaded, sampling, seed=1),), {}), rounds=5
        )
        record(benchmark, ITERATIONS[game])

    def test_openspiel(self, benchmark: Any, game: str, sampling: str) -> None:
        benchmark.group = f"{sampling} sampling on {game}, {ITERATIONS[game]:,} iterations"
        loaded = pyspiel.load_game(game)

        def work(solver: Any) -> None:
            for _ in range(ITERATIONS[game]):
                solver.run_iteration()

        benchmark.pedantic(work, setup=lambda: ((getattr(pyspiel, PEERS[sampling])(loaded, seed=1),), {}), rounds=3)
        record(benchmark, ITERATIONS[game])
