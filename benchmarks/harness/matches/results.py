"""Games in records: what a record keeps of each game, and what games say about agents.

A study keeps its games in the artifact "games" of an outcome, as `as_json` writes them; the facts of the record name
the `agents`. Names and pages of games follow from these, so every study of matches has the same tables.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from longthink.benchmarks.harness.matches.play import Played, seats_of
from longthink.benchmarks.harness.metrics import ratings
from longthink.benchmarks.harness.record import Record
from longthink.benchmarks.harness.section import Table
from longthink.search.budget import Spent


def as_json(played: Played, pair: int, turn: int, actions: bool = True) -> dict[str, Any]:
    """A game as plain values. turn: its place in the pair. actions: with the moves and what the referee found."""
    fault = played.fault
    found: dict[str, Any] = {
        "pair": pair,
        "seats": seats_of(turn, len(played.returns)),
        "returns": list(played.returns),
        "scores": list(played.scores),
        "how": played.how,
        "fault": None if fault is None else {"player": fault.player, "kind": fault.kind, "message": fault.message},
        "length": len(played.actions),
        "used": [
            {
                "moves": used.moves,
                "seconds": round(used.seconds, 6),
                "cpu_seconds": round(used.cpu_seconds, 6),
                "illegal": used.illegal,
                "simulations": used.spent.simulations,
                "tokens": used.spent.tokens,
            }
            for used in played.used
        ],
    }
    if actions:
        found |= {"opening": played.opening, "details": dict(played.details)}
        found |= {"actions": list(played.actions)} if played.sgf is None else {"sgf": played.sgf}
    return found


def spent_by_all(games: Iterable[Played]) -> dict[str, float]:
    """What all agents spent in these games, for an outcome."""
    total, cpu = Spent(), 0.0
    for used in itertools.chain.from_iterable(played.used for played in games):
        total += used.spent
        cpu += used.cpu_seconds
    total.seconds = sum(used.seconds for played in games for used in played.used)
    return {**total.as_dict(), "cpu_seconds": cpu}


def page(game: str, actions: Sequence[int], sgf: str | None) -> dict[str, Any]:
    """The artifact that shows a game on the page of its case."""
    return {"game": {"game": game, "actions": list(actions)}} if sgf is None else {"sgf": sgf}


def labels(agents: Sequence[str]) -> list[str]:
    """Different names for all agents: an agent that plays against itself gets a number."""

    def label(place: int, name: str) -> str:
        return name if agents.count(name) == 1 else f"{name} ({agents[:place].count(name) + 1})"

    return [label(place, name) for place, name in enumerate(agents)]


@dataclass(frozen=True)
class Side:
    """What one agent did in one game. seat: which player it was. used: as in `as_json`."""

    agent: str
    seat: int
    score: float
    used: Mapping[str, float]
    game: Mapping[str, Any]


def games(records: Iterable[Record]) -> Iterator[tuple[list[str], Mapping[str, Any]]]:
    """All games of records: the agents by seat, and the game."""
    for record in records:
        if record.outcome is not None:
            names = labels(record.fact("agents"))
            for game in record.outcome.artifacts.get("games", ()):
                yield [names[agent] for agent in game["seats"]], game


def sides(records: Iterable[Record]) -> Iterator[Side]:
    """Each agent in each game."""
    for agents, game in games(records):
        for seat, agent in enumerate(agents):
            yield Side(agent, seat, game["scores"][seat], game["used"][seat], game)


def rated_games(records: Iterable[Record]) -> list[ratings.Game]:
    """The games as `metrics.ratings.rate` takes them."""
    return [ratings.Game(tuple(agents), tuple(game["returns"])) for agents, game in games(records)]


# ---- Tables ----


def cost_table(records: Sequence[Record]) -> Table:
    """What a move costs each agent."""
    rows = []
    for agent, every in _by_agent(records).items():
        moves = sum(side.used["moves"] for side in every)

        def mean(cost: str, every: list[Side] = every, moves: float = moves) -> float | None:
            total = sum(side.used[cost] for side in every)
            return total / moves if moves and total else None

        rows.append(
            (
                agent,
                len(every),
                int(moves),
                mean("seconds"),
                mean("cpu_seconds"),
                mean("simulations"),
                mean("tokens"),
                int(sum(side.used["illegal"] for side in every)),
            )
        )
    heads = (
        "agent", "games", "moves", "seconds a move", "CPU seconds a move", "simulations a move", "tokens a move",
        "illegal answers",
    )  # fmt: skip
    return Table("What a move costs", heads, rows, "Illegal answers: those after which an agent was asked again.")


def endings_table(records: Sequence[Record]) -> Table:
    """How games ended, and who caused it if it was a fault."""
    found: dict[tuple[str, str], list[str]] = {}
    for agents, game in games(records):
        fault = game["fault"]
        key = (game["how"], agents[fault["player"]] if fault else "")
        found.setdefault(key, []).append(fault["message"] if fault else "")
    rows = [(how, len(every), agent, every[0]) for (how, agent), every in sorted(found.items())]
    caption = "An agent that stalls, crashes, plays illegally, uses up its time or breaks the protocol loses the game."
    return Table("How games ended", ("ended by", "games", "fault of", "for example"), rows, caption)


def faults(records: Iterable[Record]) -> int:
    """How many games were decided by a fault."""
    return sum(game["fault"] is not None for _, game in games(records))


def _by_agent(records: Sequence[Record]) -> dict[str, list[Side]]:
    found: dict[str, list[Side]] = {}
    for side in sides(records):
        found.setdefault(side.agent, []).append(side)
    return dict(sorted(found.items()))
