"""The study `ladder`: how much playing strength, in Elo, each doubling of simulations adds."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from longthink.benchmarks.harness.matches.names import expected_seconds
from longthink.benchmarks.harness.matches.play import play_pair
from longthink.benchmarks.harness.matches.registry import AGENTS
from longthink.benchmarks.harness.matches.results import as_json, faults, page, rated_games, sides, spent_by_all
from longthink.benchmarks.harness.metrics import scaling
from longthink.benchmarks.harness.metrics.ratings import Ratings, rate
from longthink.benchmarks.harness.record import Outcome, Record, by_facts
from longthink.benchmarks.harness.section import Axis, Cell, Chart, Comparison, Estimate, Point, Section, Series, Table
from longthink.benchmarks.harness.study import Case, Context, Study
from longthink.errors import ParameterError, require
from longthink.games.registry import load_game

RANDOM = "random"
CASE_SECONDS = 2.0
"""Cases have as many pairs of games as take about so long."""
QUICK_SECONDS = 0.06
"""Agents are quick if a pair of games takes less."""


@dataclass(frozen=True)
class LadderSettings:
    """agent: the agent of a rung; {n} is its number of simulations for a move. least, most: the numbers of simulations;
    between them there are `steps` rungs for each ten times as many.

    pairs: of games with the same opening between a rung and the next one; a rung also meets the one after it in half as
    many. Meetings of quick agents have four times as many. opening: random moves of an opening; None: 12 in connect
    four, 2 in other games.

    peer: another program with {n} simulations. peer_budgets: its numbers; each meets the rungs with as many and more.
    None: 10, 100 and 1,000, and none in Go. best: an exact player, which meets the highest rungs; "" for none.
    """

    game: str = "hex(board_size=7)"
    agent: str = "mcts(simulations={n})"
    least: int = 1
    most: int = 100_000
    steps: int = 2
    pairs: int = 24
    opening: int | None = None
    peer: str = "openspiel:mcts(simulations={n})"
    peer_budgets: tuple[int, ...] | None = None
    best: str = ""
    seed: int = 1

    def budgets(self) -> list[int]:
        """The simulations of the rungs, ascending."""
        if not 1 <= self.least <= self.most or self.steps < 1 or self.pairs < 2:
            raise ParameterError(f"expected 1 <= least <= most, steps of 1 or more, 2 or more pairs, got {self}")
        every = (round(self.least * 10 ** (k / self.steps)) for k in range(20 * self.steps))
        return sorted({n for n in every if n <= self.most})


class Ladder(Study):
    """Elo for each doubling of simulations: rungs of one search meet each other, a random player, another program
    with the same budget, and an exact player."""

    name: ClassVar[str] = "ladder"
    version: ClassVar[int] = 1
    title: ClassVar[str] = "Playing strength against compute"
    Settings: ClassVar[type[LadderSettings]] = LadderSettings

    def cases(self, settings: LadderSettings) -> Iterator[Case]:
        game = load_game(settings.game)
        usual = 12 if game.name == "connect_four" else 2
        for first, second, pairs in meetings(settings):
            for agent in (first, second):
                AGENTS.find(agent)
            cost = 2 * sum(expected_seconds(agent, game) for agent in (first, second))
            pairs *= 4 if cost < QUICK_SECONDS else 1
            block = max(1, min(pairs, int(CASE_SECONDS / cost)))
            for start in range(0, pairs, block):
                stop = min(pairs, start + block)
                facts = {
                    "game": settings.game,
                    "agents": [first, second],
                    "pairs": [start, stop],
                    "opening": usual if settings.opening is None else settings.opening,
                    "seed": settings.seed,
                    "ladder": {"agent": settings.agent, "peer": settings.peer, "best": settings.best},
                }
                yield Case(facts, cost=cost * (stop - start))

    def run(self, case: Case, context: Context) -> Outcome:
        facts, kept, played = case.facts, list[dict[str, Any]](), []
        game, (start, stop) = load_game(facts["game"]), facts["pairs"]
        for pair in range(start, stop):
            context.progress((pair - start) / (stop - start))
            both = play_pair(
                facts["agents"], game, pair, opening=facts["opening"], seed=facts["seed"], cancel=context.cancel
            )
            kept += [as_json(each, pair, turn, actions=False) for turn, each in enumerate(both)]
            played += both
        score = sum(each.scores[turn % 2] for turn, each in enumerate(played)) / len(played)
        return Outcome(
            scores={"score": score},
            spent=spent_by_all(played),
            artifacts={"games": kept, **page(facts["game"], played[0].actions, played[0].sgf)},
        )

    def section(self, records: Sequence[Record]) -> Section:
        groups = by_facts([record for record in records if record.outcome is not None], "game")
        found = [each for each in (_Rated.of(game, group) for (game,), group in groups.items()) if each is not None]
        if not found:
            return Section(self.title, "No ladder has enough games yet.")
        best = _for_panel(found)
        said = [each.sentence() for each in found]
        return Section(
            self.title,
            text="\n\n".join(said),
            tables=[slopes(found), *(table for each in found for table in each.tables())],
            charts=[chart for each in found for chart in each.charts()],
            comparisons=[comparison for each in found for comparison in each.comparisons()],
            panel=best.panel(),
            headline=best.sentence(),
        )


def meetings(settings: LadderSettings) -> Iterator[tuple[str, str, int]]:
    """Who meets whom, and in how many pairs of games, the quick ones first."""
    budgets, half = settings.budgets(), max(1, settings.pairs // 2)
    peers = settings.peer_budgets
    if peers is None:
        peers = () if load_game(settings.game).name == "go" else (10, 100, 1000)
    rungs = [settings.agent.format(n=n) for n in budgets]
    for rung in rungs[:2]:
        yield RANDOM, rung, settings.pairs
    for i, rung in enumerate(rungs):
        if i >= 1:
            yield rungs[i - 1], rung, settings.pairs
        if i >= 2:
            yield rungs[i - 2], rung, half
    for n in peers:
        above = [rung for rung, budget in zip(rungs, budgets, strict=True) if budget >= n][:3] or rungs[-1:]
        for rung in above:
            yield rung, settings.peer.format(n=n), half
    if settings.best:
        for rung in rungs[-3:]:
            yield rung, settings.best, half


# ---- The ratings of one game ----


class _Rated:
    """The ladder of one game, rated. Ratings are relative to the random player."""

    def __init__(self, game: str, records: Sequence[Record], roles: Mapping[str, str], ratings: Ratings) -> None:
        self.game, self.records, self.ratings = game, records, ratings
        self.rungs = _budgets(ratings.players, roles["agent"])
        self.peers = _budgets(ratings.players, roles["peer"])
        self.best = roles["best"] if roles["best"] in ratings.players else ""
        moves, cpu = dict[str, float](), dict[str, float]()
        for side in sides(records):
            moves[side.agent] = moves.get(side.agent, 0) + side.used["moves"]
            cpu[side.agent] = cpu.get(side.agent, 0) + side.used["cpu_seconds"]
        self.seconds = {agent: max(1e-6, cpu[agent] / max(1, moves[agent])) for agent in moves}
        times = np.maximum.accumulate([self.seconds[rung] for rung in self.rungs.values()])
        self.rung_seconds = dict(zip(self.rungs.values(), times.tolist(), strict=True))

    @classmethod
    def of(cls, game: str, records: Sequence[Record]) -> _Rated | None:
        """None if there are fewer than two rungs, or not all players have met yet, directly or through others."""
        roles = records[0].fact("ladder")
        try:
            ratings = rate(rated_games(records), anchor=RANDOM, seats=True)
        except ParameterError:
            return None
        made = cls(game, records, roles, ratings)
        return made if len(made.rungs) > 1 else None

    def elo(self, agent: str) -> Estimate:
        return self.ratings.rating(agent)

    def fitted(self) -> list[int]:
        """The rungs that a line is fitted through: those with a simulation for each action, because a search with fewer
        does not even try all of them; all rungs if these are fewer than three."""
        least = load_game(self.game).num_distinct_actions()
        chosen = [n for n in self.rungs if n >= least]
        return chosen if len(chosen) > 2 else list(self.rungs)

    def _ladder(self) -> tuple[dict[float, Estimate], Any]:
        """The ratings of the fitted rungs by simulations, and their covariance."""
        return self.ratings.ladder({float(n): self.rungs[n] for n in self.fitted()})

    def fit(self) -> scaling.Fit:
        """Elo against the logarithm of simulations, as a line."""
        return scaling.fit(*self._ladder())

    def rise(self, doublings: float = 1.0) -> Estimate:
        """The mean rise from the lowest to the highest rung, in so many doublings of simulations."""
        return self.ratings.contrast(self.between(min(self.rungs), max(self.rungs), doublings))

    def between(self, low: int, high: int, doublings: float = 1.0) -> dict[str, float]:
        """The weights of the ratings for the mean rise between two rungs, in so many doublings of simulations."""
        weight = doublings / math.log2(high / low)
        return {self.rungs[high]: weight, self.rungs[low]: -weight}

    def steepest(self) -> tuple[int, int, Estimate]:
        """The two rungs, ten times the simulations apart or a little more, between which Elo rises most, and the rise
        for each doubling."""
        found = []
        for low in self.rungs:
            high = next((n for n in self.rungs if n >= 10 * low), None)
            if high is not None:
                found.append((low, high, self.ratings.contrast(self.between(low, high))))
        return max(found, key=lambda each: each[2].value) if found else (0, 0, Estimate(0.0))

    def sentence(self) -> str:
        slope, budgets = self.rise(), list(self.rungs)
        top = self.elo(self.rungs[budgets[-1]])
        failed = faults(self.records)
        return (
            f"{self.game}: {slope.value:.0f} Elo ({slope.low:.0f} to {slope.high:.0f}) for each doubling of "
            f"simulations, on average from {budgets[0]:,} to {budgets[-1]:,} a move; the highest rung is "
            f"{top.value:,.0f} Elo ({top.low:,.0f} to {top.high:,.0f}) above random play."
            + (f" {failed} games were decided by a fault." if failed else "")
        )

    def tables(self) -> list[Table]:
        """The ratings, and how well the upper rungs are predicted from the lower ones."""
        made = [self._ratings_table()]
        if len(self.fitted()) > 4:
            held = scaling.held_out(*self._ladder())
            made.append(held.table(f"Higher rungs predicted from the lower ones in {self.game}", "simulations a move"))
        return made

    def _ratings_table(self) -> Table:
        rungs = list(self.rungs.items())
        rows: list[tuple[Cell, ...]] = []
        order = sorted(self.ratings.players, key=lambda agent: self.ratings.elo[self.ratings.players.index(agent)])
        following = {rung: self.between(low, high) for (low, rung), (high, _) in itertools.pairwise(rungs)}
        for agent in order:
            gain = self.ratings.contrast(following[agent]) if agent in following else None
            games = self.ratings.games[self.ratings.players.index(agent)]
            rows.append((agent, self.elo(agent), games, self.seconds.get(agent), gain))
        return Table(
            f"Ratings in {self.game}",
            ("agent", "Elo", "games", "CPU seconds a move", "Elo for each doubling up to the next rung"),
            rows,
            "Ratings by the Davidson-Luce model with effects of seats; random play is 0. Games come in pairs with the "
            "same random opening and exchanged seats.",
        )

    # ---- Charts ----

    def _series(self, name: str, agents: Mapping[float, str], role: Any) -> Series:
        points = [Point(x, each.value, each.low, each.high) for x, each in _estimates(agents, self.elo)]
        return Series(name, points, role)

    def _levels(self, x: float) -> list[Series]:
        """Random play, and exact play, as horizontal lines."""
        levels = [Series("random play", [Point(x, 0.0)], "floor", "level")]
        if self.best:
            exact = self.elo(self.best)
            levels.append(Series("exact play", [Point(x, exact.value, exact.low, exact.high)], "best", "level"))
        return levels

    def charts(self) -> list[Chart]:
        """Elo against simulations, and against processor time."""
        seconds = self.seconds | self.rung_seconds
        made = []
        for what, unit, x in (
            ("simulations a move", "", {agent: float(n) for n, agent in [*self.rungs.items(), *self.peers.items()]}),
            ("CPU seconds a move", "s", seconds),
        ):
            series = [self._series("longthink MCTS", {x[rung]: rung for rung in self.rungs.values()}, "ours")]
            if self.peers:
                series.append(self._series("OpenSpiel's MCTS", {x[peer]: peer for peer in self.peers.values()}, "peer"))
            caption = "Bands are 95% intervals of the rating above random play."
            if unit:
                caption += " Every move has a fixed cost, so few simulations take as long as many."
            levels = self._levels(series[0].points[0].x)
            y = Axis("Elo above random play", unit="Elo")
            title = f"{self.game}: Elo against {what}"
            made.append(Chart(title, Axis(what, log=True, unit=unit), y, [*series, *levels], caption))
        return made

    def panel(self) -> Chart:
        """Elo against simulations; the other program stands where our search takes as much time."""
        rungs = {float(n): rung for n, rung in self.rungs.items()}
        series = [self._series("longthink MCTS", rungs, "ours")]
        if self.peers:
            same_time = {self._simulations_in(self.seconds[agent]): agent for agent in self.peers.values()}
            series.append(self._series("OpenSpiel's MCTS, at equal time", same_time, "peer"))
        return Chart(
            f"Playing strength in {self.game}",
            Axis("simulations a move", log=True),
            Axis("Elo above random play", unit="Elo"),
            [*series, *self._levels(float(next(iter(self.rungs))))],
            "OpenSpiel's MCTS stands at the number of simulations that longthink makes in the same time.",
        )

    def _simulations_in(self, seconds: float) -> float:
        """The simulations of our search that take so long, between the rungs (or by the speed of the highest one)."""
        times, budgets = np.array(list(self.rung_seconds.values())), np.array(list(self.rungs), float)
        if seconds >= times[-1]:
            return float(budgets[-1] * seconds / times[-1])
        return float(np.exp(np.interp(math.log(seconds), np.log(times), np.log(budgets))))

    # ---- Comparisons ----

    def comparisons(self) -> list[Comparison]:
        """Our search and the other program, with the same simulations and in the same time."""
        made = []
        for n, peer in self.peers.items():
            seconds = f"{self.seconds[peer]:.2g} CPU seconds a move"
            for equal, x in (("budget", float(n)), ("time", self._simulations_in(self.seconds[peer]))):
                weights = self._between(x)
                if weights is None:
                    continue
                mine, difference = self.ratings.contrast(weights), self.ratings.contrast({**weights, peer: -1.0})
                made.append(
                    Comparison(
                        measure=f"Elo above random play in {self.game}",
                        at=f"{n:,} simulations a move" if equal == "budget" else seconds,
                        equal="budget" if equal == "budget" else "time",
                        ours=f"longthink MCTS with {x:,.0f} simulations",
                        our_value=mine,
                        other=f"OpenSpiel's MCTS with {n:,} simulations",
                        other_value=self.elo(peer),
                        difference=difference,
                        p=_p(difference),
                    )
                )
        return made

    def _between(self, simulations: float) -> dict[str, float] | None:
        """The weights of the ratings for a number of simulations, linear in its logarithm; None beyond the rungs."""
        budgets = list(self.rungs)
        if not budgets[0] <= simulations <= budgets[-1]:
            return None
        upper = next(n for n in budgets if n >= simulations)
        if upper == simulations:
            return {self.rungs[upper]: 1.0}
        lower = budgets[budgets.index(upper) - 1]
        share = math.log(simulations / lower) / math.log(upper / lower)
        return {self.rungs[lower]: 1 - share, self.rungs[upper]: share}


def _p(difference: Estimate) -> float | None:
    """The two-sided p-value of a difference with a normal error."""
    assert difference.low is not None
    error = (difference.value - difference.low) / 1.96
    return float(2 * require("scipy.special", "compare").ndtr(-abs(difference.value) / error)) if error > 0 else None


def _budgets(players: Sequence[str], template: str) -> dict[int, str]:
    """The players that are rungs of a template, by their simulations, ascending."""
    before, found, after = template.partition("{n}")
    if not found:
        return {}
    named = {player: player.removeprefix(before).removesuffix(after) for player in players}
    numbers = {
        int(middle): player
        for player, middle in named.items()
        if middle.isdigit() and player == f"{before}{middle}{after}"
    }
    return dict(sorted(numbers.items()))


def _estimates(agents: Mapping[float, str], elo: Any) -> list[tuple[float, Estimate]]:
    return [(x, elo(agent)) for x, agent in sorted(agents.items())]


def _for_panel(found: Sequence[_Rated]) -> _Rated:
    """The ladder for the first picture: that of hex with an exact player, else of the largest hex, else the first."""
    hexes = [each for each in found if load_game(each.game).name == "hex"] or list(found)
    return max(hexes, key=lambda each: (bool(each.best), load_game(each.game).num_distinct_actions()))


# ---- Slopes ----

PUBLISHED: Sequence[tuple[str, str, float, str]] = (
    (
        "hex 3x3 to 9x9, AlphaZero (Jones 2021)",
        "training compute",
        500.0,
        "published: 500 Elo for ten times the compute, in the rising part of the curves",
    ),
    (
        "hex 3x3 to 9x9, AlphaZero (Jones 2021)",
        "training compute",
        400.0,
        "published: twice the compute wins two thirds of the games",
    ),
    (
        "connect four and Pentago, AlphaZero (Neumann and Gros 2023)",
        "training compute",
        400 * 0.55,
        "published: strength grows with the power 0.55 of the compute",
    ),
)
"""What, compute, Elo for ten times as much, source. Two thirds of the games are odds of 2 for twice the compute, so of
10 for ten times as much, which are 400 Elo."""


def slopes(found: Sequence[_Rated]) -> Table:
    """The slopes of all ladders beside published ones."""
    tenfold = math.log2(10)
    rows: list[tuple[Cell, ...]] = []
    for each in found:
        fit, budgets, fitted = each.fit(), list(each.rungs), each.fitted()
        mean = each.rise()
        what = f"{budgets[0]:,} to {budgets[-1]:,} simulations a move"
        rows.append((each.game, what, mean, each.rise(tenfold), _won(mean.value), "measured here, the mean rise"))
        doubling = fit.per_doubling
        what = f"{fitted[0]:,} to {fitted[-1]:,} simulations a move"
        rows.append((each.game, what, doubling, fit.per_tenfold, _won(doubling.value), "measured here, a line"))
        low, high, rise = each.steepest()
        if high:
            what = f"{low:,} to {high:,} simulations a move"
            gain = each.ratings.contrast(each.between(low, high, tenfold))
            rows.append((each.game, what, rise, gain, _won(rise.value), "measured here, the steepest part"))
    for game, compute, ten_published, source in PUBLISHED:
        elo = ten_published / tenfold
        rows.append((game, compute, Estimate(elo, unit="Elo"), Estimate(ten_published, unit="Elo"), _won(elo), source))
    return Table(
        "Elo for each doubling",
        ("game", "compute", "Elo for each doubling", "Elo for ten times as much", "wins with twice as much", "source"),
        rows,
        "The line goes through the rungs with at least one simulation for each action, and is fitted with the "
        "covariance of the ratings; its interval is wider if the rungs do not lie on a line. The steepest part was "
        "chosen after the fact, so its interval is too narrow. All are of search with random playouts, whose strength "
        "ends at exact play. Published "
        "slopes are of trained networks and were not measured here: Jones, arXiv:2104.03113; Neumann and Gros, ICLR "
        "2023, arXiv:2210.00849.",
    )


def _won(elo: float) -> Estimate:
    """The share of games won at an Elo difference."""
    return Estimate(1 / (1 + 10 ** (-elo / 400)), unit="%")
