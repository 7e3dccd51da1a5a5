"""Regret minimisation: iterations per second of ours, of OpenSpiel's C++ and of LiteEFG on the same games."""

from __future__ import annotations

import importlib
from typing import Any

import pyspiel
import pytest

import longthink as lt

# By game: iterations of ours, and of a peer.
GAMES = {
    "kuhn_poker": (100_000, 5_000),
    "leduc_poker": (2_000, 20),
    "goofspiel(num_cards=5,imp_info=True,points_order=descending)": (500, 8),
    "liars_dice": (60, 2),
}
OPENSPIEL = {"cfr": "CFRSolver", "cfr+": "CFRPlusSolver"}
LITEEFG = {"cfr": "CFR", "cfr+": "CFRplus", "dcfr": "DCFR", "pcfr+": "PCFR"}


def measure(benchmark: Any, game: str, variant: str, iterations: int, setup: Any, work: Any) -> None:
    benchmark.group = f"{variant} on {game}"
    benchmark.pedantic(work, setup=setup, rounds=5)
    benchmark.extra_info["per_second"] = round(iterations / benchmark.stats.stats.min)


def openspiels(game: str) -> Any:
    loaded = pyspiel.load_game(game)
    simultaneous = loaded.get_type().dynamics == pyspiel.GameType.Dynamics.SIMULTANEOUS
    return pyspiel.convert_to_turn_based(loaded) if simultaneous else loaded


@pytest.mark.parametrize("variant", LITEEFG)
@pytest.mark.parametrize("game", GAMES)
class TestCFR:
    """One group for every game and variant; the best of a few runs, because other work on the machine only slows."""

    def test_longthink(self, benchmark: Any, game: str, variant: str) -> None:
        iterations, solver = GAMES[game][0], lt.CFR(lt.load_game(game), variant)
        measure(benchmark, game, variant, iterations, None, lambda: solver.run(iterations))

    def test_longthink_two_threads(self, benchmark: Any, game: str, variant: str) -> None:
        iterations, solver = GAMES[game][0], lt.CFR(lt.load_game(game), variant, threads=2)
        if solver.tree.num_parts == 0:
            pytest.skip(f"{game} is too small for threads to help: it always runs in one thread")
        measure(benchmark, game, variant, iterations, None, lambda: solver.run(iterations))

    def test_openspiel(self, benchmark: Any, game: str, variant: str) -> None:
        if variant not in OPENSPIEL:
            pytest.skip("OpenSpiel has this variant in Python alone")
        iterations, solver = GAMES[game][1], getattr(pyspiel, OPENSPIEL[variant])(openspiels(game))

        def work() -> None:
            for _ in range(iterations):
                solver.evaluate_and_update_policy()

        measure(benchmark, game, variant, iterations, None, work)

    def test_liteefg(
        self, benchmark: Any, game: str, variant: str, tmp_path_factory: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HOME", str(tmp_path_factory.getbasetemp()))  # the folder in which it keeps its games
        liteefg = pytest.importorskip("LiteEFG", reason="LiteEFG is not installed; run: pip install LiteEFG")
        baseline = importlib.import_module(f"LiteEFG.baselines.{LITEEFG[variant]}")
        graph = baseline.graph()
        environment = liteefg.OpenSpielEnv(pyspiel.load_game(game), traverse_type="Enumerate", regenerate=False)
        environment.set_graph(graph)
        iterations = GAMES[game][1] * 4

        def work() -> None:
            for _ in range(iterations):
                graph.update_graph(environment)
                environment.update_strategy(graph.current_strategy())

        measure(benchmark, game, variant, iterations, None, work)
