"""The poker domain: how close each solver comes to an equilibrium, by iterations and by seconds.

The study compares all our variants of CFR on Kuhn and Leduc poker with OpenSpiel's CFR and CFR+ in C++, and with the
sequence-form linear program, which is exact. The seconds include building the solver and its iterations, but not the
measurement of exploitability.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from longthink.benchmarks.harness.job import Job, Progress
from longthink.errors import require
from longthink.games.registry import load_game
from longthink.search.regret.cfr import CFR
from longthink.search.regret.sequence_form import SequenceFormLP
from longthink.search.regret.variants import VARIANTS

PEERS = {"OpenSpiel CFR": "CFRSolver", "OpenSpiel CFR+": "CFRPlusSolver"}
EXACT = "linear program (HiGHS)"


@dataclass(frozen=True)
class PokerSettings:
    """The games, each with the numbers of iterations for our solvers and for the peers."""

    games: dict[str, tuple[int, int]] = field(
        default_factory=lambda: {"kuhn_poker": (100_000, 30_000), "leduc_poker": (100_000, 1_000)}
    )


def jobs(settings: PokerSettings) -> list[Job]:
    """One job for each game and solver."""
    made = []
    for game, (ours, theirs) in settings.games.items():
        made += [_job(game, f"longthink {variant}", variant, ours) for variant in VARIANTS]
        made += [_job(game, method, solver, theirs) for method, solver in PEERS.items()]
        made.append(_exact_job(game))
    return made


def checkpoints(iterations: int) -> Iterator[int]:
    """1, 2, 5, 10, 20, 50, ... and finally `iterations`."""
    scale = 1
    while scale < iterations:
        yield from (n * scale for n in (1, 2, 5) if n * scale < iterations)
        scale *= 10
    yield iterations


def _job(game: str, method: str, solver: str, iterations: int) -> Job:
    run = _run_peer if method in PEERS else _run_ours
    config = {"game": game, "solver": solver, "iterations": iterations}
    weight = 0.3 + (iterations * (0.008 if "leduc" in game else 2e-5) if method in PEERS else iterations * 2e-5)
    return Job("poker", method, config, lambda progress: run(config, progress), weight)


def _exact_job(game: str) -> Job:
    return Job("poker", EXACT, {"game": game, "solver": "lp"}, lambda progress: _run_exact(game), 1.0)


def _run_ours(config: dict[str, Any], progress: Progress) -> dict[str, Any]:
    game = load_game(config["game"])
    started = time.perf_counter()
    solver = CFR(game, config["solver"])
    seconds, points = time.perf_counter() - started, []
    for wanted in checkpoints(config["iterations"]):
        result = solver.run(wanted - solver.iterations)
        if result.interrupted:
            raise KeyboardInterrupt
        seconds += result.spent.seconds
        points.append(_point(wanted, seconds, solver.exploitability()))
        progress(wanted / config["iterations"])
    spent = {"simulations": solver.iterations, "seconds": seconds}
    return {"points": points, "value": float(solver.values()[0]), "spent": spent}


def _run_peer(config: dict[str, Any], progress: Progress) -> dict[str, Any]:
    pyspiel = require("pyspiel", "compare")
    game = pyspiel.load_game(config["game"])
    if game.get_type().dynamics == pyspiel.GameType.Dynamics.SIMULTANEOUS:
        game = pyspiel.convert_to_turn_based(game)
    started = time.perf_counter()
    solver = getattr(pyspiel, config["solver"])(game)
    seconds, points, done = time.perf_counter() - started, [], 0
    for wanted in checkpoints(config["iterations"]):
        while done < wanted:
            part = min(wanted - done, 100)  # small parts, so that Ctrl-C and the progress bar respond
            started = time.perf_counter()
            for _ in range(part):
                solver.evaluate_and_update_policy()
            seconds += time.perf_counter() - started
            done += part
            progress(done / config["iterations"])
        points.append(_point(wanted, seconds, pyspiel.exploitability(game, solver.average_policy())))
    return {"points": points, "value": None, "spent": {"simulations": done, "seconds": seconds}}


def _run_exact(name: str) -> dict[str, Any]:
    started = time.perf_counter()
    solver = SequenceFormLP(load_game(name))
    seconds = time.perf_counter() - started
    result = solver.run()
    seconds += result.spent.seconds
    point = _point(result.iterations, seconds, solver.exploitability())
    return {"points": [point], "value": float(solver.values()[0]), "spent": {"seconds": seconds}}


def _point(iterations: int, seconds: float, exploitability: float) -> dict[str, float]:
    return {"iterations": iterations, "seconds": seconds, "exploitability": exploitability}
