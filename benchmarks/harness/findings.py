"""Computes the findings of a run from its records: series for charts, rows for tables, and comparisons.

Everything comes from the log; nothing here depends on how the jobs were made.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from longthink.benchmarks.harness.statistics import paired_p, wilson
from longthink.benchmarks.studies import language
from longthink.benchmarks.studies import old_board as board
from longthink.benchmarks.studies import old_poker as poker

Record = dict[str, Any]
Verdict = Literal["ahead", "even", "behind"]


@dataclass(frozen=True)
class Comparison:
    """Longthink and another method at equal cost: which was better, and the evidence."""

    domain: str
    quality: str
    at: str
    ours: str
    our_value: float
    other: str
    other_value: float
    verdict: Verdict
    evidence: str


@dataclass(frozen=True)
class PokerRow:
    game: str
    method: str
    iterations: int
    seconds: float
    exploitability: float
    value: float | None

    @property
    def iterations_per_second(self) -> float:
        return self.iterations / self.seconds


@dataclass(frozen=True)
class ShareRow:
    """A share of cases with its 95% Wilson interval. budget: simulations (board). Costs are means per case."""

    method: str
    budget: int | None
    share: float
    low: float
    high: float
    n: int
    seconds: float
    simulations: float = 0.0
    tokens: float = 0.0
    cases: tuple[float, ...] = ()


@dataclass(frozen=True)
class Solved:
    """The result of one method on one language problem: its cost when solved, and its total cost."""

    seed: int
    correct: bool
    spent: dict[str, float]
    solved_at: dict[str, float] | None


class Findings:
    """The findings of a list of records. Parts without records are empty lists: a run may stop anywhere."""

    def __init__(self, records: Iterable[Record]) -> None:
        self.records = [record for record in records if "result" in record]
        self.poker = {(r["config"]["game"], r["method"]): r["result"] for r in self.records if r["domain"] == "poker"}
        self.poker_rows = [
            PokerRow(
                game,
                method,
                **{k: result["points"][-1][k] for k in ("iterations", "seconds", "exploitability")},
                value=result["value"],
            )
            for (game, method), result in self.poker.items()
        ]
        self.board_rows = _board_rows(r for r in self.records if r["domain"] == "board")
        self.language = _solved(r for r in self.records if r["domain"] == "language")
        self.language_rows = [_language_row(method, solved) for method, solved in self.language.items()]
        self.comparisons = [*self._poker_comparisons(), *self._board_comparisons(), *self._language_comparisons()]

    def as_dict(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        return {
            "poker": [{"game": game, "method": method, **result} for (game, method), result in self.poker.items()],
            "board": [{k: v for k, v in asdict(row).items() if k != "cases"} for row in self.board_rows],
            "language": [{k: v for k, v in asdict(row).items() if k != "cases"} for row in self.language_rows],
            "comparisons": [asdict(comparison) for comparison in self.comparisons],
        }

    # ---- Poker ----

    def poker_games(self) -> list[str]:
        return list(dict.fromkeys(game for game, _ in self.poker))

    def _poker_comparisons(self) -> Iterable[Comparison]:
        for game in self.poker_games():
            ours = {
                method: r["points"]
                for (g, method), r in self.poker.items()
                if g == game and method.startswith("longthink")
            }
            peers = {method: r["points"] for (g, method), r in self.poker.items() if g == game and method not in ours}
            for peer, points in peers.items():
                if peer == poker.EXACT:
                    yield from _compare_in(game, points[-1]["seconds"], ours, peer, points)
                    continue
                twin = "longthink " + peer.removeprefix("OpenSpiel ").lower()
                if twin in ours:
                    last = points[-1]
                    mine = next((p for p in ours[twin] if p["iterations"] == last["iterations"]), None)
                    if mine is not None:
                        yield _compare_exploitability(
                            game, f"{last['iterations']:,} iterations", twin, mine, peer, last
                        )
                for limit in (0.1, 1.0, 10.0):
                    if points[-1]["seconds"] >= limit / 3:
                        yield from _compare_in(game, limit, ours, peer, points)

    # ---- Board ----

    def _board_comparisons(self) -> Iterable[Comparison]:
        ours = {row.budget: row for row in self.board_rows if row.method == board.OURS and row.budget is not None}
        if not ours:
            return
        most = ours[max(b for b in ours if b is not None)]
        for row in self.board_rows:
            if row.method in (board.PEER, board.PEER_SOLVING) and row.budget in ours:
                yield _compare_shares("board", "optimal moves", f"{row.budget:,} simulations", ours[row.budget], row)
                fitting = [mine for mine in ours.values() if mine.seconds <= row.seconds]
                if fitting and row.budget == max(r.budget or 0 for r in self.board_rows if r.method == row.method):
                    mine = max(fitting, key=lambda r: r.budget or 0)
                    yield _compare_shares("board", "optimal moves", f"{row.seconds:.2g} s per move", mine, row)
            elif row.method == board.EXACT:
                yield _compare_shares(
                    "board", "optimal moves", f"{most.seconds:.2g} s and {row.seconds:.2g} s per move", most, row
                )

    # ---- Language ----

    def solved_share(self, method: str, measure: str, limit: float) -> float:
        """The share of problems that `method` solves if each may cost `limit` of `measure`."""
        solved = self.language[method]
        return sum(_within(s, measure, limit) for s in solved) / max(1, len(solved))

    def _language_comparisons(self) -> Iterable[Comparison]:
        if language.OURS not in self.language:
            return
        ours = self.language[language.OURS]
        most = {m: max((s.spent.get(m, 0.0) for s in ours), default=0.0) for m in ("tokens", "seconds")}
        for method, solved in self.language.items():
            if method == language.OURS or {s.seed for s in solved} != {s.seed for s in ours}:
                continue
            costs = [("seconds", limit) for limit in (0.1, 1.0) if limit < most["seconds"]] + [
                ("seconds", most["seconds"])
            ]
            if method in ("greedy", "best of n"):
                costs += [("tokens", limit) for limit in (100.0, 300.0) if limit < most["tokens"]] + [
                    ("tokens", most["tokens"])
                ]
            if method == language.UNIFORM:
                costs += [("simulations", limit) for limit in (10.0, 30.0, 100.0)]
            for measure, limit in costs:
                mine = [float(_within(s, measure, limit)) for s in ours]
                theirs = [float(_within(s, measure, limit)) for s in solved]
                at = f"{limit:.2g} s" if measure == "seconds" else f"{limit:,.0f} {measure}"
                yield _compare_shares(
                    "language", "problems solved", f"{at} per problem",
                    _share_row(language.OURS, None, mine, 0.0), _share_row(method, None, theirs, 0.0),
                )  # fmt: skip


def _last_within(points: Sequence[dict[str, float]], seconds: float) -> dict[str, float] | None:
    """The last point reached within a time."""
    fitting = [point for point in points if point["seconds"] <= seconds]
    return fitting[-1] if fitting else None


def _compare_in(
    game: str, seconds: float, ours: dict[str, list[dict[str, float]]], peer: str, points: Sequence[dict[str, float]]
) -> Iterable[Comparison]:
    """Compare our best variant with a peer, each at what it has reached within `seconds`."""
    theirs = _last_within(points, seconds)
    best = {method: found for method, p in ours.items() if (found := _last_within(p, seconds)) is not None}
    if theirs is not None and best:
        name = min(best, key=lambda method: float(best[method]["exploitability"]))
        yield _compare_exploitability(game, f"{seconds:.2g} s", name, best[name], peer, theirs)


def _compare_exploitability(
    game: str, at: str, ours: str, mine: dict[str, float], other: str, theirs: dict[str, float]
) -> Comparison:
    a, b = mine["exploitability"], theirs["exploitability"]
    verdict: Verdict = "even" if abs(a - b) <= 0.01 * max(a, b) else "ahead" if a < b else "behind"
    evidence = f"{mine['iterations']:,} and {theirs['iterations']:,} iterations; no randomness in either"
    return Comparison("poker", f"exploitability, {game}", at, ours, a, other, b, verdict, evidence)


def _board_rows(records: Iterable[Record]) -> list[ShareRow]:
    merged: dict[tuple[str, int | None], dict[int, tuple[float, float]]] = defaultdict(dict)
    for record in records:
        result = record["result"]
        for index, optimal, seconds in zip(result["positions"], result["optimal"], result["seconds"], strict=True):
            merged[record["method"], record["config"]["budget"]][index] = (optimal, seconds)
    rows = []
    order = [board.OURS, board.PEER, board.PEER_SOLVING, board.EXACT, board.RANDOM]
    for (method, budget), cases in sorted(merged.items(), key=lambda item: (order.index(item[0][0]), item[0][1] or 0)):
        optimal, seconds = zip(*(cases[index] for index in sorted(cases)), strict=True)
        rows.append(_share_row(method, budget, optimal, sum(seconds) / len(seconds), simulations=float(budget or 0)))
    return rows


def _share_row(method: str, budget: int | None, cases: Sequence[float], seconds: float, **cost: float) -> ShareRow:
    low, high = wilson(sum(cases), len(cases))
    return ShareRow(
        method, budget, sum(cases) / max(1, len(cases)), low, high, len(cases), seconds, cases=tuple(cases), **cost
    )


def _compare_shares(domain: str, quality: str, at: str, ours: ShareRow, other: ShareRow) -> Comparison:
    same = len(ours.cases) == len(other.cases)
    p = paired_p(ours.cases, other.cases) if same else 1.0
    verdict: Verdict = "even" if p >= 0.05 else "ahead" if ours.share > other.share else "behind"
    evidence = f"n = {ours.n}, paired p = {p:.2g}" if same else "not the same cases"
    return Comparison(domain, quality, at, ours.method, ours.share, other.method, other.share, verdict, evidence)


def _solved(records: Iterable[Record]) -> dict[str, list[Solved]]:
    found: dict[str, list[Solved]] = {name: [] for name in language.NAMES.values()}
    for record in records:
        result = record["result"]
        found[record["method"]].append(
            Solved(record["config"]["seed"], result["correct"], record["spent"], result["solved_at"])
        )
    return {method: sorted(solved, key=lambda s: s.seed) for method, solved in found.items() if solved}


def _within(solved: Solved, measure: str, limit: float) -> bool:
    return solved.solved_at is not None and solved.solved_at.get(measure, 0.0) <= limit


def _language_row(method: str, solved: Sequence[Solved]) -> ShareRow:
    mean: Callable[[str], float] = lambda name: sum(s.spent.get(name, 0.0) for s in solved) / len(solved)  # noqa: E731
    return _share_row(
        method,
        None,
        [float(s.correct) for s in solved],
        mean("seconds"),
        simulations=mean("simulations"),
        tokens=mean("tokens"),
    )
