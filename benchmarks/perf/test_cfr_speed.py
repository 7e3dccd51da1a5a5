"""Regret minimisation: iterations per second of ours and of OpenSpiel's C++ on the same games."""

from __future__ import annotations

from typing import Any

import pyspiel
import pytest

import longthink as lt

ITERATIONS = {"kuhn_poker": 10_000, "leduc_poker": 200}
PEERS = {"cfr": "CFRSolver", "cfr+": "CFRPlusSolver"}


def told(benchmark: Any, iterations: int) -> None:
    benchmark.extra_info["per_second"] = round(iterations / benchmark.stats.stats.median)


@pytest.mark.parametrize("variant", ["cfr", "cfr+"])
@pytest.mark.parametrize("game", ITERATIONS)
class TestCFR:
    """One group for every game and variant: the same iterations by each."""

    def test_longthink(self, benchmark: Any, game: str, variant: str) -> None:
        benchmark.group = f"{variant} on {game}, {ITERATIONS[game]:,} iterations"
        loaded = lt.load_game(game)
        benchmark.pedantic(lambda s: s.run(ITERATIONS[game]), setup=lambda: ((lt.CFR(loaded, variant),), {}), rounds=5)
        told(benchmark, ITERATIONS[game])

    def test_openspiel(self, benchmark: Any, game: str, variant: str) -> None:
        benchmark.group = f"{variant} on {game}, {ITERATIONS[game]:,} iterations"
        loaded = pyspiel.load_game(game)

        def work(solver: Any) -> None:
            for _ in range(ITERATIONS[game]):
                solver.evaluate_and_update_policy()

        benchmark.pedantic(work, setup=lambda: ((getattr(pyspiel, PEERS[variant])(loaded),), {}), rounds=3)
        told(benchmark, ITERATIONS[game])
