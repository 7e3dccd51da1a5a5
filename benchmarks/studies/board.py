"""Board: how often each method plays an optimal move in connect four, by simulations and by seconds.

The positions are random; in each of them some moves are worse than others. The exact solver knows the optimal moves.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from longthink.benchmarks.harness.metrics.comparisons import Question
from longthink.benchmarks.harness.metrics.curves import budget_curves
from longthink.benchmarks.harness.metrics.tables import mean_spent, share_of, table
from longthink.benchmarks.harness.metrics.within import finished
from longthink.benchmarks.harness.record import JSON, Outcome, Record, by_facts
from longthink.benchmarks.harness.section import Axis, Chart, Role, Section
from longthink.benchmarks.harness.study import Case, Context, Study
from longthink.errors import require
from longthink.games.core import ConnectFourSolver, State
from longthink.games.registry import load_game
from longthink.search.budget import Budget
from longthink.search.trees.mcts import MCTS
from longthink.search.trees.rules import UCT

GAME = "connect_four"
OURS, PEER, PEER_PROVING = "MCTS", "OpenSpiel MCTS", "OpenSpiel MCTS, proving"
EXACT, RANDOM = "exact solver", "random move"
ROLES: dict[str, Role] = {RANDOM: "floor", OURS: "ours", PEER: "peer", PEER_PROVING: "peer", EXACT: "best"}


@dataclass(frozen=True)
class BoardSettings:
    """positions: how many, `chunk` in each case. budgets: simulations per move, of the peers up to `peer_limit`.
    c: exploration of UCT."""

    positions: int = 120
    chunk: int = 40
    seed: int = 1
    c: float = 2.0
    budgets: tuple[int, ...] = (10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000, 100_000)
    peer_limit: int = 30_000


class Board(Study):
    """Share of optimal moves in connect four against simulations and seconds: MCTS and OpenSpiel's, between random
    moves and an exact solver."""

    name = "board"
    title = "Connect four: optimal moves against compute"
    Settings = BoardSettings

    def cases(self, settings: BoardSettings) -> Iterator[Case]:
        """A case for each method, budget and chunk of positions."""
        for first in range(0, settings.positions, settings.chunk):
            part = [first, min(first + settings.chunk, settings.positions)]
            for budget in (None, *settings.budgets):
                names = [RANDOM, EXACT] if budget is None else [OURS]
                names += [PEER, PEER_PROVING] if budget is not None and budget <= settings.peer_limit else []
                for name in names:
                    facts: dict[str, JSON] = {"method": name, "simulations": budget, "positions": part}
                    facts |= {"seed": settings.seed, "c": None if budget is None else settings.c}
                    rate = 4e6 if name == OURS else 3e5
                    yield Case(facts, 0.005 * settings.chunk + settings.chunk * (budget or 0) / rate)

    def run(self, case: Case, context: Context) -> Outcome:
        first, stop = case.facts["positions"]
        choose, name = CHOOSERS[case.facts["method"]], case.facts["method"]
        chosen: list[dict[str, JSON]] = []
        for index in range(first, stop):
            state, best = position(index, case.facts["seed"])
            if context.cancel.cancelled:
                raise KeyboardInterrupt
            started = time.thread_time()
            action = choose(state, case.facts, index)
            seconds = time.thread_time() - started
            optimal = len(best) / len(state.legal_actions()) if name == RANDOM else float(action in best)
            chosen.append({"position": index, "action": action, "optimal": optimal, "cpu_seconds": seconds})
            context.progress((index + 1 - first) / (stop - first))
        spent = {"cpu_seconds": sum(each["cpu_seconds"] for each in chosen)}
        spent["simulations"] = (case.facts["simulations"] or 0) * len(chosen)
        share = sum(each["optimal"] for each in chosen) / len(chosen)
        artifacts: dict[str, JSON] = {"moves": chosen}
        worse = next((each for each in chosen if name != RANDOM and not each["optimal"]), None)
        if worse is not None:
            state, best = position(worse["position"], case.facts["seed"])
            artifacts["game"] = {"game": GAME, "actions": [*state.history(), worse["action"]]}
            artifacts["text"] = (
                f"The first move that is not optimal, in position {worse['position']}: {worse['action']}; "
                f"optimal: {', '.join(map(str, sorted(best)))}."
            )
        return Outcome({"optimal": share}, spent, artifacts=artifacts)

    def section(self, records: Sequence[Record]) -> Section:
        moves = [move for record in finished(records) for move in _moves(record)]
        if not moves:
            return Section(self.title)
        asked = Question("optimal", "optimal moves", OURS, items=("position",))
        shares = {name: _share(mine) for (name, _), mine in by_facts(moves, "method", "simulations").items()}
        reached = ", ".join(f"{name} {shares[name]:.0%}" for name in ROLES if name in shares)
        headline = f"Optimal moves in connect four, each at its largest budget: {reached}."
        by = ["method", "simulations"]
        columns = {"optimal moves": share_of("optimal"), "CPU-seconds per move": mean_spent("cpu_seconds")}
        return Section(
            self.title,
            text=f"{headline}\n\n{_NOTES}",
            tables=[table(moves, "Optimal moves", by, columns, "Intervals are Wilson's, over positions.")],
            charts=[
                Chart(
                    f"Optimal moves against {x}",
                    Axis(f"{x} per move", log=True),
                    Axis("optimal moves", unit="%"),
                    budget_curves(moves, "optimal", "simulations", ROLES, cost, items=("position",)),
                    "Bands are 95% intervals over positions.",
                )
                for x, cost in (("simulations", None), ("CPU-seconds", "cpu_seconds"))
            ],
            comparisons=[
                *asked.at_budgets(moves, "simulations"),
                *asked.in_equal_time(moves, "simulations", "cpu_seconds"),
            ],
            headline=headline,
        )


_NOTES = """\
The same positions for all methods: random ones with 12 to 24 stones in which some moves are not optimal. A move is
optimal if perfect play after it wins, or draws and no move wins. The random player counts with its probability of an
optimal move. Time is processor time, because cases run side by side."""


def _moves(record: Record) -> Iterator[Record]:
    """A record for each move of a record."""
    artifacts = record.outcome.artifacts if record.outcome is not None else {}
    for move in artifacts.get("moves", ()):
        outcome = Outcome({"optimal": move["optimal"]}, {"cpu_seconds": move["cpu_seconds"]})
        yield replace(record, facts={**record.facts, "position": move["position"]}, outcome=outcome)


def _share(moves: Sequence[Record]) -> float:
    return sum(move.scores["optimal"] for move in moves) / len(moves)


# ---- Positions and methods ----


@lru_cache(maxsize=1024)
def position(index: int, seed: int) -> tuple[State, frozenset[int]]:
    """A random position with 12 to 24 stones and its optimal actions; some action is not optimal."""
    game, rng, solver = load_game(GAME), random.Random(f"{seed} {index}"), _solver()
    while True:
        state, stones = game.new_initial_state(), rng.randint(12, 24)
        while not state.is_terminal() and state.move_number() < stones:
            state.apply_action(rng.choice(state.legal_actions()))
        if not state.is_terminal():
            optimal = frozenset(solver.optimal_actions(state))
            if len(optimal) < len(state.legal_actions()):
                return state, optimal


@lru_cache(maxsize=1)
def _solver() -> ConnectFourSolver:
    return ConnectFourSolver()


def _exact(state: State, facts: Any, index: int) -> int:
    return ConnectFourSolver(table_bytes=8 << 20).optimal_actions(state)[0]  # a new table for each position


def _random(state: State, facts: Any, index: int) -> int:
    return state.legal_actions()[0]


def _ours(state: State, facts: Any, index: int) -> int:
    search = MCTS(state.get_game(), UCT(c=facts["c"]), seed=facts["seed"] + index)
    return search.run(state, Budget(simulations=facts["simulations"])).best_action


def _openspiel(state: State, facts: Any, index: int) -> int:
    pyspiel = require("pyspiel", "compare")
    game = pyspiel.load_game(GAME)
    theirs = game.new_initial_state()
    for action in state.history():
        theirs.apply_action(action)
    seed, proving = facts["seed"] + index, facts["method"] == PEER_PROVING
    evaluator = pyspiel.RandomRolloutEvaluator(1, seed)
    return int(
        pyspiel.MCTSBot(game, evaluator, facts["c"], facts["simulations"], 2000, proving, seed, False).step(theirs)
    )


CHOOSERS: dict[str, Callable[[State, Any, int], int]] = {
    RANDOM: _random,
    OURS: _ours,
    PEER: _openspiel,
    PEER_PROVING: _openspiel,
    EXACT: _exact,
}
"""How each method chooses an action at a state: from the facts of the case and the index of the position."""
