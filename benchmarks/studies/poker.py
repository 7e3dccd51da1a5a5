"""Poker: how close each method comes to an equilibrium, against its compute.

Three kinds of methods play. An iteration of regret minimisation walks over the whole game, one of sampled regret
minimisation over one play of it, and general search (ISMCTS) thinks at each information state, as at the table. The
linear program is exact; uniform play is the floor. The measure is the exploitability of the policy: NashConv over
players, in units of payoff.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

import numpy as np

from longthink.benchmarks.harness.metrics.comparisons import Question
from longthink.benchmarks.harness.metrics.estimates import estimate
from longthink.benchmarks.harness.metrics.scaling import fit, held_out
from longthink.benchmarks.harness.metrics.within import finished, points, score_within
from longthink.benchmarks.harness.record import Outcome, Record, by_facts
from longthink.benchmarks.harness.section import (
    Axis,
    Cell,
    Chart,
    Comparison,
    Estimate,
    Point,
    Role,
    Section,
    Series,
    Table,
)
from longthink.benchmarks.harness.study import Case, Context, Study
from longthink.benchmarks.studies.poker_methods import EXACT, PEER, SEARCH, SEARCH_FROM_START, UNIFORM, methods
from longthink.errors import require
from longthink.games.registry import load_game
from longthink.search.core import GameTree

MEASURE = "exploitability"


@dataclass(frozen=True)
class Iterations:
    """How long methods run on a game; 0 leaves them out.

    regret: iterations over the whole game. sampled: sampled iterations, and simulations of searches from the start.
    search: simulations at each information state. The others: the same of OpenSpiel.
    """

    regret: int = 0
    sampled: int = 0
    search: int = 0
    peer_regret: int = 0
    peer_sampled: int = 0
    peer_search: int = 0


@dataclass(frozen=True)
class PokerSettings:
    """The games and the iterations on each, and the number of seeds of methods that draw at random."""

    games: Mapping[str, Iterations] = field(
        default_factory=lambda: {
            "kuhn_poker": Iterations(100_000, 100_000, 10_000, 10_000, 10_000, 1_000),
            "leduc_poker": Iterations(100_000, 300_000, 3_000, 300, 3_000, 100),
        }
    )
    seeds: int = 10


_SECONDS = {
    "regret": 1.6e-9, "sampled": 1.5e-10, "search": 5e-8,
    "peer_regret": 1e-6, "peer_sampled": 5e-9, "peer_search": 3e-7,
}  # fmt: skip
"""Seconds of an iteration, for each history of the game."""
_MEASURING = 4e-6
"""Seconds of a measurement of a random method, for each history of the game."""


class Poker(Study):
    """Exploitability against compute: regret minimisation, sampled regret minimisation and general search on small
    games of hidden information, with OpenSpiel's solvers, the linear program and uniform play."""

    name = "poker"
    title = "Poker: exploitability against compute"
    Settings = PokerSettings

    def cases(self, settings: PokerSettings) -> Iterator[Case]:
        """A case for each game, method and seed. All are quiet: seconds are results."""
        for game, limits in settings.games.items():
            for name, method in methods().items():
                limit = None if method.kind in ("best", "floor") else getattr(limits, method.kind) // method.slower
                if limit == 0:
                    continue
                seconds = (limit or 0) * method.slower * _SECONDS.get(method.kind, 0.0)
                if method.random:
                    seconds += _MEASURING * len(list(checkpoints(limit or 1)))
                for seed in range(settings.seeds) if method.random else [None]:
                    facts = {"game": game, "method": name, "kind": method.kind, "iterations": limit, "seed": seed}
                    yield Case(facts, 0.05 + seconds * _histories(game), quiet=True)

    def run(self, case: Case, context: Context) -> Outcome:
        game, name, limit, seed = (case.facts[key] for key in ("game", "method", "iterations", "seed"))
        method = methods()[name]
        if method.needs:
            require(method.needs, "compare")  # the import is no part of the seconds
        started = time.perf_counter()
        solving = method.start(game, seed or 0)
        built, done, curve = time.perf_counter() - started, 0, []
        seconds = built
        for wanted in checkpoints(limit or 0):
            started = time.perf_counter()
            solving.run(wanted if method.anew else wanted - done, context.cancel)
            elapsed, done = time.perf_counter() - started, wanted
            seconds = elapsed + (built if method.anew else seconds)
            curve.append({"iterations": done, "seconds": seconds, MEASURE: solving.exploitability()})
            context.progress(done / (limit or 1))
        return Outcome({MEASURE: curve[-1][MEASURE]}, {"iterations": done, "seconds": seconds}, curve)

    def section(self, records: Sequence[Record]) -> Section:
        games = {str(game): _Game(str(game), mine) for (game,), mine in by_facts(finished(records), "game").items()}
        if not games:
            return Section(self.title)
        shown = games.get("leduc_poker") or next(iter(games.values()))
        return Section(
            self.title,
            text=f"{shown.text()}\n\n{_NOTES}",
            tables=[table for game in games.values() for table in game.tables()],
            charts=[chart for game in games.values() for chart in game.charts()],
            comparisons=[each for game in games.values() for each in game.comparisons()],
            panel=shown.chart(_SHOWN, "seconds", f"Poker ({shown.name})"),
            headline=shown.headline(),
        )


def checkpoints(iterations: int) -> Iterator[int]:
    """1, 3, 10, 30, ... and finally `iterations`."""
    scale = 1
    while scale < iterations:
        yield from (n * scale for n in (1, 3) if n * scale < iterations)
        scale *= 10
    yield iterations


@lru_cache
def _histories(game: str) -> int:
    return GameTree(load_game(game)).num_histories


# ---- The section ----

_SHOWN = (
    UNIFORM, f"{SEARCH_FROM_START}, regret matching", SEARCH, "external sampling", "cfr+", "pdcfr+",
    f"{PEER}external sampling", f"{PEER}cfr+", EXACT,
)  # fmt: skip
_LIMITS = (0.001, 0.01, 0.1, 1.0, 10.0, 100.0)
"""Seconds at which methods are compared."""
_LEAST = 1e-12
"""Smaller exploitabilities are rounding errors: they are drawn here, and are equal in comparisons."""
_NOTES = f"""\
Exploitability is NashConv over players, in units of payoff: the average gain of a player who knows the policy. Seconds
include the construction of a solver and exclude the measurement; nothing else ran on the machine. Methods that draw at
random have several seeds; their numbers are means with 95% bootstrap intervals.

*{SEARCH}* is general search as it is used at the table: a search of its own at every information state, which draws
what is hidden. In it the others adapt to the hand of the player who searches, so its policy stays away from an
equilibrium. A search *from the start* of the game has no such limit with regret matching: it is sampled regret
minimisation in a growing tree."""


class _Game:
    """The records of one game: of several of a method and seed, that with the most iterations."""

    def __init__(self, name: str, records: Sequence[Record]) -> None:
        self.name = name
        ordered = sorted(records, key=lambda record: record.spent.get("iterations", 0))
        longest = {(record.fact("method"), record.fact("seed")): record for record in ordered}
        chosen = [record for record in records if longest[record.fact("method"), record.fact("seed")] is record]
        self._records = {str(method): mine for (method,), mine in by_facts(chosen, "method").items()}
        self._kinds = {method: str(mine[0].fact("kind")) for method, mine in self._records.items()}

    def _named(self, *kinds: str) -> list[str]:
        return [name for name, kind in self._kinds.items() if kind in kinds]

    def headline(self) -> str:
        """The distance from an equilibrium of the methods that a reader looks for first."""
        groups = {
            "uniform play": [UNIFORM],
            "general search at each state": self._named("search"),
            "OpenSpiel": self._named("peer_regret", "peer_sampled", "peer_search"),
            "regret minimisation": self._named("regret"),
            "the linear program": [EXACT],
        }
        return f"Exploitability on {self.name}: {self._reached(groups)}."

    def text(self) -> str:
        """What the best method of each kind has reached, and in how many seconds."""
        groups = {
            "the linear program": [EXACT],
            "regret minimisation": self._named("regret"),
            "sampled regret minimisation": [each for each in self._named("sampled") if SEARCH_FROM_START not in each],
            "search from the start": [each for each in self._named("sampled") if SEARCH_FROM_START in each],
            "search at each state": self._named("search"),
            "OpenSpiel": self._named("peer_regret", "peer_sampled", "peer_search"),
            "uniform play": [UNIFORM],
        }
        return f"Exploitability on {self.name}: {self._reached(groups)}."

    def _reached(self, groups: Mapping[str, Sequence[str]]) -> str:
        """The best method of each group: its exploitability and its seconds."""
        said = []
        for words, names in groups.items():
            reached = {name: self._last(name).value for name in names if name in self._records}
            if reached:
                best = min(reached, key=reached.__getitem__)
                when = f" in {self._end(best):.2g} s" if best != UNIFORM else ""
                who = f" ({best.removeprefix(PEER)})" if len(names) > 1 else ""
                said.append(f"{words} {reached[best]:.2g}{when}{who}")
        return ", ".join(said)

    def _along(self, method: str, x: str = "seconds") -> dict[float, Estimate]:
        """The mean over seeds after each number of iterations, by the mean `x`."""
        after: dict[float, list[Mapping[str, float]]] = {}
        for record in self._records[method]:
            for point in points(record, MEASURE):
                after.setdefault(point["iterations"], []).append(point)
        found = [after[iterations] for iterations in sorted(after)]
        return {float(np.mean([point[x] for point in each])): estimate([p[MEASURE] for p in each]) for each in found}

    def _last(self, method: str) -> Estimate:
        return list(self._along(method).values())[-1]

    def _end(self, method: str, cost: str = "seconds") -> float:
        """The cost at which all seeds have made all their iterations."""
        return max(record.spent[cost] for record in self._records[method])

    # ---- Tables ----

    def tables(self) -> list[Table]:
        return [table for table in (self.by_seconds(), self.by_iterations(), self.fits()) if table.rows]

    def by_seconds(self) -> Table:
        ends = {name: self._end(name) for name in self._records}
        columns = [limit for limit in _LIMITS if limit <= max(ends.values())]
        rows = []
        for name, end in ends.items():
            stays = self._kinds[name] in ("best", "floor")
            cells = [self._within(name, "seconds", limit) if stays or limit <= end else None for limit in columns]
            rows.append((name, *cells))
        return Table(
            f"{self.name}: exploitability by seconds",
            ("method", *(f"{limit:g} s" for limit in columns)),
            rows,
            "What was reached within the time. Empty: the method had not begun yet, or had made all its iterations.",
        )

    def by_iterations(self) -> Table:
        ends = {name: self._end(name, "iterations") for name in self._records}
        columns = [10**n for n in range(1, 10) if 10**n <= max(ends.values())]
        rows = []
        for name, end in ends.items():
            if end:
                cells = [self._within(name, "iterations", n) if n <= end else None for n in columns]
                rows.append((name, *cells, round(end / max(self._along(name)))))
        return Table(
            f"{self.name}: exploitability by iterations",
            ("method", *(f"{n:,}" for n in columns), "iterations per second"),
            rows,
            "An iteration of regret minimisation walks over the whole game, that of a sampled method over one play for "
            f"each player; that of {SEARCH} is a simulation at each information state, that of {SEARCH_FROM_START} is "
            "one simulation.",
        )

    def fits(self) -> Table:
        """A power law for each method that has enough budgets."""
        rows = []
        for name in self._records:
            along = self._along(name, "iterations")
            settled = next((x for x, y in along.items() if 2 * y.value <= next(iter(along.values())).value), math.inf)
            measured = {x: y for x, y in along.items() if x >= settled and y.value > _LEAST}
            if len(measured) >= 5:
                held = held_out(measured, form="power")
                inside = f"{round(held.coverage * len(held.computes))} of {len(held.computes)}"
                largest = (round(held.computes[-1]), held.measured[-1], held.predicted[-1], inside)
                rows.append((name, fit(measured, form="power").per_tenfold, *largest))
        return Table(
            f"{self.name}: power laws in iterations",
            ("method", "ten times the iterations", "held-out iterations", "measured", "predicted", "inside"),
            rows,
            "Ten times the iterations multiply the exploitability by this factor, from where it has halved once. The "
            "upper third of budgets was held out, and predicted from the others: the largest of them, and how many are "
            "within their 95% prediction intervals. What stops short of an equilibrium follows no power law.",
        )

    def _within(self, method: str, cost: str, limit: float) -> Cell:
        records = self._records[method]
        found = [score_within(record, MEASURE, cost, limit, before=None, complete=None) for record in records]
        known = [value for value in found if value is not None]
        if len(known) < len(found):
            return None
        return known[0] if records[0].fact("seed") is None else estimate(known)

    # ---- Charts ----

    def charts(self) -> list[Chart]:
        sampled = self._named("sampled", "search", "peer_sampled", "peer_search", "floor")
        return [
            self.chart(_SHOWN, "seconds", f"{self.name}: exploitability against seconds"),
            self.chart(self._named("regret", "peer_regret"), "iterations", f"{self.name}: variants of CFR"),
            self.chart(sampled, "seconds", f"{self.name}: methods that draw at random"),
        ]

    def chart(self, names: Sequence[str], x: str, title: str) -> Chart:
        return Chart(
            title,
            Axis(x, log=True, unit="s" if x == "seconds" else ""),
            Axis("exploitability", log=True),
            [self._series(name, x) for name in names if name in self._records],
            "Lower is better. Bands are 95% intervals over seeds.",
        )

    def _series(self, name: str, cost: str) -> Series:
        def drawn(y: float | None) -> float | None:
            return None if y is None else max(y, _LEAST)

        kind = self._kinds[name]
        role: Role = "best" if kind == "best" else "floor" if kind == "floor" else "peer" if PEER in name else "ours"
        along = [
            Point(x, max(y.value, _LEAST), drawn(y.low), drawn(y.high)) for x, y in self._along(name, cost).items()
        ]
        return Series(name, along, role, "level" if kind == "floor" else "line" if len(along) > 1 else "points")

    # ---- Comparisons ----

    def comparisons(self) -> list[Comparison]:
        """Our twin of each peer at equal iterations and in equal time; then our best, and search, with what is made for
        the domain."""
        made: list[Comparison] = []
        for peer in self._named("peer_regret", "peer_sampled", "peer_search"):
            twin, end = peer.removeprefix(PEER), self._end(peer)
            before = [limit for limit in _LIMITS if limit < end / 2][-1:]
            made += self._compare([twin], peer, "iterations", self._measured_by_both(twin, peer)[-1:])
            made += self._compare([twin], peer, "seconds", [*before, end])
        if EXACT in self._records:
            made += self._compare(self._named("regret"), EXACT, "seconds", [self._end(EXACT)])
        if SEARCH in self._records:
            for other in (EXACT, f"{PEER}cfr+"):
                made += self._compare([SEARCH], other, "seconds", [self._end(SEARCH)])
        return made

    def _measured_by_both(self, one: str, other: str) -> list[float]:
        """The numbers of iterations after which both were measured: between them, one would be compared too early."""
        measured = [
            {point["iterations"] for record in self._records.get(name, ()) for point in points(record, MEASURE)}
            for name in (one, other)
        ]
        return sorted(set.intersection(*measured))

    def _compare(self, ours: Sequence[str], other: str, cost: str, limits: Sequence[float]) -> list[Comparison]:
        records = [record for name in (*ours, other) for record in self._records.get(name, ())]
        seeds = [seed for (seed,) in by_facts(records, "seed") if seed is not None]
        # A method that draws nothing at random gives the same with every seed.
        records = [
            replace(_rounded(record), facts={**record.facts, "seed": seed})
            for record in records
            for seed in (seeds or [0] if record.fact("seed") is None else [record.fact("seed")])
        ]
        question = Question(
            MEASURE, f"exploitability, {self.name}", ours, [other], ["seed"], "", higher_is_better=False,
            random=bool(seeds), normal=True,
        )  # fmt: skip
        return question.within(records, cost, limits)


def _rounded(record: Record) -> Record:
    """The record without rounding errors."""
    curve = [{**point, MEASURE: max(point[MEASURE], _LEAST)} for point in points(record, MEASURE)]
    return replace(record, outcome=Outcome({MEASURE: curve[-1][MEASURE]}, record.spent, curve))
