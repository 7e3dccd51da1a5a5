"""The board domain: how often each method plays an optimal move in connect four, by budget.

The positions are random, but in each of them some moves are worse than others. An exact solver finds the optimal moves.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from longthink.benchmarks.harness.job import Job, Progress
from longthink.errors import require
from longthink.games.core import ConnectFourSolver, State
from longthink.games.registry import load_game
from longthink.search.budget import Budget
from longthink.search.trees.mcts import MCTS
from longthink.search.trees.rules import UCT

EXACT, RANDOM = "exact solver", "random move"
OURS, PEER, PEER_SOLVING = "longthink MCTS", "OpenSpiel MCTS", "OpenSpiel MCTS, proving"


@dataclass(frozen=True)
class BoardSettings:
    """The number of positions, the budgets in simulations per move, and the largest budget of the slower peers."""

    positions: int = 120
    slices: int = 3
    seed: int = 1
    c: float = 2.0
    budgets: tuple[int, ...] = (10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000, 100_000)
    peer_limit: int = 30_000


@lru_cache(maxsize=4)
def positions(count: int, seed: int) -> list[tuple[State, frozenset[int]]]:
    """Random positions with 12 to 24 stones and their optimal actions. In each position some action is not optimal."""
    game, rng, solver = load_game("connect_four"), random.Random(seed), ConnectFourSolver()
    found: list[tuple[State, frozenset[int]]] = []
    while len(found) < count:
        state, stones = game.new_initial_state(), rng.randint(12, 24)
        while not state.is_terminal() and state.move_number() < stones:
            state.apply_action(rng.choice(state.legal_actions()))
        if state.is_terminal():
            continue
        optimal = frozenset(solver.optimal_actions(state))
        if len(optimal) < len(state.legal_actions()):
            found.append((state, optimal))
    return found


def jobs(settings: BoardSettings) -> list[Job]:
    """One job for each method, budget and slice of the positions."""
    made = []
    for part in range(settings.slices):
        made += [_job(settings, part, EXACT, None, _exact), _job(settings, part, RANDOM, None, _random)]
        for budget in settings.budgets:
            made.append(_job(settings, part, OURS, budget, _ours))
            if budget <= settings.peer_limit:
                made.append(_job(settings, part, PEER, budget, _openspiel(solve=False)))
                made.append(_job(settings, part, PEER_SOLVING, budget, _openspiel(solve=True)))
    return made


Chooser = Callable[[State, dict[str, Any], int], float | int]
"""Chooses an action at a state. For a random method, the result is the probability of an optimal action."""


def _job(settings: BoardSettings, part: int, method: str, budget: int | None, choose: Chooser) -> Job:
    config = {
        "game": "connect_four",
        "positions": settings.positions,
        "slice": [part, settings.slices],
        "seed": settings.seed,
        "budget": budget,
    }
    if budget is not None:
        config["c"] = settings.c

    def run(progress: Progress) -> dict[str, Any]:
        indices = list(range(part, settings.positions, settings.slices))
        chosen = positions(settings.positions, settings.seed)
        optimal, seconds = [], []
        for done, index in enumerate(indices):
            progress(done / len(indices))
            state, best = chosen[index]
            started = time.perf_counter()
            action = choose(state, config, index)
            seconds.append(time.perf_counter() - started)
            optimal.append(len(best) / len(state.legal_actions()) if method == RANDOM else int(action in best))
        spent: dict[str, float] = {"seconds": sum(seconds)}
        if budget is not None:
            spent["simulations"] = budget * len(indices)
        return {"positions": indices, "optimal": optimal, "seconds": seconds, "spent": spent}

    rate = {OURS: 2e6, PEER: 1.2e5, PEER_SOLVING: 1.2e5}.get(method, 1e6)
    return Job(
        "board", method, config, run, weight=0.1 + settings.positions / settings.slices * (budget or 5_000) / rate
    )


def _exact(state: State, config: dict[str, Any], index: int) -> int:
    return ConnectFourSolver(table_bytes=8 << 20).optimal_actions(state)[0]  # a new table for each position


def _random(state: State, config: dict[str, Any], index: int) -> int:
    return state.legal_actions()[0]


def _ours(state: State, config: dict[str, Any], index: int) -> int:
    search = MCTS(state.get_game(), UCT(c=config["c"]), seed=config["seed"] + index)
    return search.run(state, Budget(simulations=config["budget"])).best_action


def _openspiel(solve: bool) -> Chooser:
    def choose(state: State, config: dict[str, Any], index: int) -> int:
        pyspiel = require("pyspiel", "compare")
        game = pyspiel.load_game("connect_four")
        theirs = game.new_initial_state()
        for action in state.history():
            theirs.apply_action(action)
        seed = config["seed"] + index
        evaluator = pyspiel.RandomRolloutEvaluator(1, seed)
        bot = pyspiel.MCTSBot(game, evaluator, config["c"], config["budget"], 2000, solve, seed, False)
        return int(bot.step(theirs))

    return choose
