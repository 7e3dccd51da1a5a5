"""The study `match`: two or more agents play a game against each other, in pairs of games with the same opening."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

from longthink.benchmarks.harness.matches.go_referee import margin
from longthink.benchmarks.harness.matches.names import (
    equal_budget,
    expected_seconds,
    identities,
    is_ours,
    is_outside,
    is_timed,
)
from longthink.benchmarks.harness.matches.play import Limits, play_pair
from longthink.benchmarks.harness.matches.registry import AGENTS
from longthink.benchmarks.harness.matches.results import (
    as_json,
    cost_table,
    endings_table,
    faults,
    games,
    labels,
    page,
    rated_games,
    sides,
    spent_by_all,
)
from longthink.benchmarks.harness.metrics import payoffs
from longthink.benchmarks.harness.metrics.estimates import estimate
from longthink.benchmarks.harness.metrics.pairs import MatchResult, Sprt, match_result, score_of, sprt
from longthink.benchmarks.harness.metrics.ratings import rate
from longthink.benchmarks.harness.record import Outcome, Record
from longthink.benchmarks.harness.section import Comparison, Estimate, Section, Table
from longthink.benchmarks.harness.study import Case, Context, Study
from longthink.errors import ParameterError
from longthink.games.registry import load_game

MOST_GAMES = 200
"""Rows of the table of games."""


@dataclass(frozen=True)
class MatchSettings:
    """agents: one for each player, by name (longthink agents). pairs: games with one opening, in which each agent has
    each seat once. opening: random moves of an opening; None: 2, and 0 in games of imperfect information.

    answer_seconds: for one answer; an agent that takes longer has stalled. clock_seconds: for all moves of an agent in
    a game. judge, max_moves: of Go: a program that counts, and moves after which the board is counted. elo0, elo1: end
    the match as soon as a sequential test (SPRT) decides which Elo difference the first agent has.
    """

    agents: tuple[str, ...] = ("mcts(simulations=1000)", "openspiel:mcts(simulations=1000)")
    game: str = "connect_four"
    pairs: int = 20
    opening: int | None = None
    seed: int = 1
    answer_seconds: float = 120.0
    clock_seconds: float | None = None
    judge: str = ""
    max_moves: int = 0
    elo0: float | None = None
    elo1: float | None = None


class Match(Study):
    """Any agents against each other in any game: score, Elo difference, faults, and an early end by SPRT."""

    name: ClassVar[str] = "match"
    version: ClassVar[int] = 1
    title: ClassVar[str] = "Matches"
    Settings: ClassVar[type[MatchSettings]] = MatchSettings

    def cases(self, settings: MatchSettings) -> Iterator[Case]:
        game = load_game(settings.game)
        agents, players = settings.agents, game.num_players()
        if len(agents) != players:
            raise ParameterError(f"{game} has {players} players, got {len(agents)} agents: {', '.join(agents)}")
        for agent in agents:
            AGENTS.find(agent)  # an unknown name is an error now, and not in every case
        hides = game.simultaneous or not game.perfect_information
        facts: dict[str, Any] = {
            "game": settings.game,
            "agents": list(agents),
            "opening": (0 if hides else 2) if settings.opening is None else settings.opening,
            "seed": settings.seed,
            "answer_seconds": settings.answer_seconds,
            "clock_seconds": settings.clock_seconds,
            "judge": settings.judge,
            "max_moves": settings.max_moves,
            "sprt": _test(settings),
            "files": identities(agents),
        }
        cost = sum(expected_seconds(agent, game) for agent in agents) * players
        if any(is_outside(agent) for agent in agents):  # the runner ends a case after 30 times its cost
            cost = max(cost, 2 * players * settings.answer_seconds / 30)
        timed = settings.clock_seconds is not None or any(is_timed(agent) for agent in agents)
        for pair in range(settings.pairs):
            yield Case({**facts, "pair": pair}, cost=cost, quiet=timed)

    def run(self, case: Case, context: Context) -> Outcome:
        facts = case.facts
        clock = facts["clock_seconds"]
        played = play_pair(
            facts["agents"],
            load_game(facts["game"]),
            facts["pair"],
            opening=facts["opening"],
            seed=facts["seed"],
            limits=Limits(facts["answer_seconds"]) if clock is None else Limits(facts["answer_seconds"], clock),
            judge=facts["judge"],
            max_moves=facts["max_moves"],
            cancel=context.cancel,
            progress=context.progress,
        )
        first = [game.scores[game.names.index(facts["agents"][0])] for game in played]
        artifacts: dict[str, Any] = {
            "games": [as_json(game, facts["pair"], turn) for turn, game in enumerate(played)],
            **page(facts["game"], played[0].actions, played[0].sgf),
        }
        return Outcome(
            scores={"score": sum(first) / len(first), "faults": sum(game.fault is not None for game in played)},
            spent=spent_by_all(played),
            artifacts=artifacts,
        )

    def enough(self, records: Sequence[Record]) -> bool:
        """Whether the sequential tests of all matches have decided."""
        every = [_Match(each) for each in by_match(records)]
        return bool(every) and all(match.test is not None and match.test.state != "continue" for match in every)

    def section(self, records: Sequence[Record]) -> Section:
        every = [_Match(each) for each in by_match(records)]
        every = [match for match in every if match.records]
        if not every:
            return Section(self.title, "No game was finished.")
        said = [match.sentence() for match in every]
        tables = [self._results([match for match in every if match.result is not None])]
        for match in every:
            tables += match.tables(len(every) > 1)
        return Section(
            self.title,
            text="\n\n".join(said),
            tables=[table for table in tables if table.rows],
            comparisons=[each for match in every for each in match.comparisons()],
            headline=said[0],
        )

    def _results(self, every: Sequence[_Match]) -> Table:
        rows = []
        for match in every:
            assert match.result is not None
            won, drawn, lost = match.wins()
            tested = "" if match.test is None else _verdict(match.test)
            rows.append(
                (
                    match.game,
                    match.agents[0],
                    match.agents[1],
                    match.result.elo.n,
                    f"{won} / {drawn} / {lost}",
                    match.share(),
                    match.result.elo,
                    match.result.superiority,
                    faults(match.records),
                    tested,
                )
            )
        heads = (
            "game", "agent", "against", "pairs", "won / drawn / lost", "score", "Elo difference", "superiority",
            "games by fault", "SPRT",
        )  # fmt: skip
        return Table(
            "Results",
            heads,
            rows,
            "Pairs of games with the same opening and exchanged seats are the independent units. Superiority: the "
            "probability that the agent is truly better. Games by fault are counted as lost by who failed.",
        )


def by_match(records: Sequence[Record]) -> list[list[Record]]:
    """Records grouped by match: all facts but the number of the pair are equal. Each in the order of the pairs."""
    groups: dict[str, list[Record]] = {}
    for record in records:
        facts = {name: value for name, value in record.facts.items() if name != "pair"}
        groups.setdefault(json.dumps(facts, sort_keys=True), []).append(record)
    return [sorted(group, key=lambda record: record.fact("pair")) for group in groups.values()]


class _Match:
    """The records of one match. If a sequential test decided, the pairs behind the decision are left out."""

    def __init__(self, records: Sequence[Record]) -> None:
        self.game, self._facts = str(records[0].fact("game")), records[0].facts
        self.agents = labels(records[0].fact("agents"))
        self.records = [record for record in records if record.outcome is not None]
        self.test: Sprt | None = None
        if self._facts["sprt"]:
            self.records, self.test = self._tested()
        self.result: MatchResult | None = None
        if len(self.agents) == 2 and self.records:
            points = [_points(record) for record in self.records]
            self.result = match_result([points.count(each) for each in range(5)])

    def _tested(self) -> tuple[list[Record], Sprt]:
        """The records up to the decision of the sequential test, and its state. Pairs count in their order, up to the
        first that is missing."""
        bounds, counts = self._facts["sprt"], [0] * 5
        test = _sprt(tuple(counts), *bounds)
        for number, record in enumerate(self.records):
            if record.fact("pair") != number:
                break
            counts[_points(record)] += 1
            test = _sprt(tuple(counts), *bounds)
            if test.state != "continue":
                return self.records[: number + 1], test
        return self.records, test

    def wins(self) -> tuple[int, int, int]:
        """Games that the first agent won, drew and lost."""
        scores = [side.score for side in sides(self.records) if side.agent == self.agents[0]]
        return scores.count(1.0), scores.count(0.5), scores.count(0.0)

    def share(self) -> Estimate:
        """The score of the first agent, with the interval of the Elo difference."""
        assert self.result is not None
        elo, score = self.result.elo, self.result.score
        assert elo.low is not None
        assert elo.high is not None
        return Estimate(score, min(score, score_of(elo.low)), max(score, score_of(elo.high)), elo.n, "%")

    def sentence(self) -> str:
        """The result in one sentence."""
        failed = faults(self.records)
        more = f" {failed} of {sum(1 for _ in games(self.records))} games were decided by a fault." if failed else ""
        if self.result is None:
            best = max(self.agents, key=lambda agent: self._mean(agent))
            return f"{self.game}: of {len(self.agents)} agents, {best} scored most, {self._mean(best):.1%}.{more}"
        won, drawn, lost = self.wins()
        elo, pairs = self.result.elo, "1 pair" if self.result.elo.n == 1 else f"{self.result.elo.n} pairs"
        tested = "" if self.test is None else f" SPRT: {_verdict(self.test)}."
        return (
            f"{self.game}: {self.agents[0]} scored {self.result.score:.1%} against {self.agents[1]} "
            f"({won} won, {drawn} drawn, {lost} lost in {pairs}), {elo.value:+.0f} Elo "
            f"(95% interval {elo.low:+.0f} to {elo.high:+.0f}).{tested}{more}"
        )

    def _mean(self, agent: str) -> float:
        scores = [side.score for side in sides(self.records) if side.agent == agent]
        return sum(scores) / len(scores)

    def tables(self, several: bool) -> list[Table]:
        """The tables of this match. several: whether the section has other matches."""
        which = f": {self.game}, {' against '.join(self.agents)}" if several else ""
        made = [self._seats(), cost_table(self.records), endings_table(self.records), self._counts(), self._games()]
        if len(self.agents) > 2:
            made.insert(0, rate(rated_games(self.records), seats=True).table())
        return [Table(table.title + which, table.columns, table.rows, table.caption) for table in made]

    def _seats(self) -> Table:
        rows = []
        for agent in self.agents:
            mine = [side for side in sides(self.records) if side.agent == agent]
            cells = []
            for seat in range(len(self.agents)):
                scores = [side.score for side in mine if side.seat == seat]
                cells.append(estimate(scores, "%") if scores else None)
            rows.append((agent, *cells))
        first = rate(rated_games(self.records), seats=True).seat(0, 1)
        caption = f"Mean score by seat. Player 0 has an advantage of {first.value:+.0f} Elo over player 1"
        caption += f" ({first.low:+.0f} to {first.high:+.0f})." if first.low is not None else "."
        return Table("Seats", ("agent", *(f"as player {seat}" for seat in range(len(self.agents)))), rows, caption)

    def _counts(self) -> Table:
        """How often our count of Go equals that of the programs and the judge."""
        rows = []
        counted = [(agents, game["details"].get("scores", {})) for agents, game in games(self.records)]
        for who in (*self.agents, "judge"):
            both = []
            for agents, scores in counted:
                key = "judge" if who == "judge" else "BW"[agents.index(who)] if len(agents) == 2 else ""
                if key in scores and "ours" in scores:
                    both.append((scores["ours"], scores[key]))
            if both:
                same = sum(margin(ours) == margin(theirs) for ours, theirs in both)
                rows.append((who, len(both), same, sum(ours[0] == theirs[0] for ours, theirs in both)))
        return Table(
            "Counting", ("count of", "games", "our score is the same", "our winner is the same"), rows,
            "Games that two passes ended, with dead stones on the board.",
        )  # fmt: skip

    def _games(self) -> Table:
        rows = [
            (
                game["pair"],
                " - ".join(agents),
                game["details"].get("result") or " : ".join(f"{value:g}" for value in game["returns"]),
                game["how"],
                game["length"],
            )
            for agents, game in games(self.records)
        ]
        caption = f"The first {MOST_GAMES} of {len(rows)} games." if len(rows) > MOST_GAMES else ""
        return Table("Games", ("pair", "players", "result", "ended by", "moves"), rows[:MOST_GAMES], caption)

    def comparisons(self) -> list[Comparison]:
        """Longthink against another program, if both have the same budget for each move."""
        if self.result is None or not is_ours(self.agents[0]) or is_ours(self.agents[1]):
            return []
        equal = equal_budget(*self.agents)
        if equal is None or len(self.records) < 2:
            return []
        mine = [record.scores["score"] for record in self.records]
        others = [1 - score for score in mine]
        share = self.share()
        low, high = (None if bound is None else 1 - bound for bound in (share.high, share.low))
        return [
            Comparison(
                measure=f"score in {self.game}",
                at=equal[0],
                equal="time" if equal[1] == "seconds" else "budget",
                ours=self.agents[0],
                our_value=share,
                other=self.agents[1],
                other_value=Estimate(1 - share.value, low, high, share.n, "%"),
                difference=payoffs.paired_difference(mine, others, "%"),
                p=payoffs.paired_p(mine, others),
            )
        ]


def _test(settings: MatchSettings) -> list[float] | None:
    if settings.elo0 is None and settings.elo1 is None:
        return None
    if settings.elo0 is None or settings.elo1 is None or settings.elo0 >= settings.elo1 or len(settings.agents) != 2:
        raise ParameterError(
            f"SPRT expects elo0 below elo1, and two agents, got elo0={settings.elo0} and elo1={settings.elo1}"
        )
    return [settings.elo0, settings.elo1]


_sprt = lru_cache(maxsize=4096)(sprt)  # the runner asks after every pair


def _points(record: Record) -> int:
    """The points of the first agent in a pair of games, in halves: 0 to 4."""
    return round(4 * record.scores["score"])


def _verdict(test: Sprt) -> str:
    state = {"H0": "H0 accepted", "H1": "H1 accepted", "continue": "not decided"}[test.state]
    return f"{state} after {test.n} pairs (LLR {test.llr:.2f} in {test.lower:.2f} to {test.upper:.2f})"
