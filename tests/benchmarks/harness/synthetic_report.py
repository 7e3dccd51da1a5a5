"""Synthetic studies and records for tests of reports: every role and shape, missing intervals, hostile names."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Sequence

from longthink.benchmarks.harness.record import Environment, Failure, Outcome, Record
from longthink.benchmarks.harness.section import (
    Axis,
    Chart,
    Comparison,
    Estimate,
    Point,
    Section,
    Series,
    Table,
)
from longthink.benchmarks.harness.studies import STUDIES
from longthink.benchmarks.harness.study import Case, Context, Study
from longthink.bridge.traces.trace import Trace

HOSTILE = "<script>alert('x')</script> & \"quoted\" </script> | `code` *stars* =1+1 #1 $a$ \\ @b"
HERE = Environment(
    "0123abcd+", {"longthink": "0.1.0", "numpy": "2.1"}, {"processor": "Some CPU", "cores": 2, "memory_gib": 16.0}
)


def board_section() -> Section:
    """Rising curves with bands, a peer, a floor and an exact method."""

    def curve(start: float, slope: float, half: float) -> list[Point]:
        found = []
        for power in range(11):
            y = 1 / (1 + math.exp(-(start + slope * power)))
            found.append(Point(10 * 2.0**power, y, max(0, y - half), min(1, y + half)))
        return found

    chart = Chart(
        "Optimal moves against simulations",
        Axis("simulations per move", log=True),
        Axis("optimal moves", unit="%"),
        [
            Series("MCTS", curve(-0.8, 0.45, 0.06)),
            Series("OpenSpiel MCTS", curve(-0.9, 0.40, 0.06), "peer"),
            Series("exact solver", [Point(0, 1.0)], "best", "level"),
            Series("random", [Point(0, 0.31, 0.25, 0.37)], "floor", "level"),
        ],
        "MCTS approaches the exact solver. Bands are 95% Wilson intervals over 200 positions.",
    )
    rows = [
        ["MCTS", 10 * 2**p, Estimate(c.y, c.low, c.high, 200, "%"), Estimate(1e-4 * 2**p, unit="s", n=200)]
        for p, c in enumerate(chart.series[0].points)
    ]
    rows.append(["exact solver", None, Estimate(1.0, 0.98, 1.0, 200, "%"), Estimate(0.031, unit="s", n=200)])
    comparisons = [
        Comparison(
            "optimal moves", f"{10 * 2**p:,} simulations", "budget", "MCTS", Estimate(a.y, a.low, a.high, 200, "%"),
            "OpenSpiel MCTS", Estimate(b.y, b.low, b.high, 200, "%"),
            Estimate(a.y - b.y, a.y - b.y - 0.04, a.y - b.y + 0.04, 200, "%"), 0.3 / 4**p,
        )
        for p, (a, b) in enumerate(zip(chart.series[0].points, chart.series[1].points, strict=True))
        if p % 3 == 1
    ]  # fmt: skip
    comparisons.append(
        Comparison(
            "optimal moves", "31 ms per move", "time", "MCTS", Estimate(0.91, 0.86, 0.94, 200, "%"), "exact solver",
            Estimate(1.0, 0.98, 1.0, 200, "%"), Estimate(-0.09, -0.13, -0.05, 200, "%"), 1e-5,
        )
    )  # fmt: skip
    return Section(
        "Connect four",
        "With **ten times the simulations**, MCTS halves its distance to the exact solver.\n\nThe exact solver stays "
        "ahead at equal time. See `benchmarks/studies/board.py`.\n\n* positions with 12 to 24 stones\n* paired tests",
        [Table("Optimal moves", ["method", "simulations", "optimal", "seconds per move"], rows, "Wilson intervals.")],
        [chart],
        comparisons,
        chart,
        "MCTS 99% optimal at 10,240 simulations; the exact solver 100%",
    )


def poker_section() -> Section:
    """Deterministic curves over many orders of magnitude; values of 0; points, steps, and a series of one point."""
    solvers = [("CFR+", 1.0, 1.0, "ours"), ("DCFR", 0.6, 1.1, "ours"), ("OpenSpiel CFR+", 1.0, 1.0, "peer")]
    series = [
        Series(
            name,
            [
                Point(
                    (20.0 if role == "peer" else 1) * 1e-4 * 2**k, start / (1 + 2.0**k) ** rate + (0 if k < 16 else -1)
                )
                for k in range(17)
            ],
            role,  # type: ignore[arg-type]
        )
        for name, start, rate, role in solvers
    ]
    series += [
        Series("linear program", [Point(0.8, 1e-6)], "best", "points"),
        Series("uniform policy", [Point(0, 0.7)], "floor", "level"),
    ]
    panel = Chart(
        "Exploitability against seconds",
        Axis("seconds", log=True, unit="s"),
        Axis("exploitability", log=True),
        series,
        "Lower is better. There is no randomness.",
    )
    solved = Chart(
        "Problems solved against tokens",
        Axis("tokens", log=True),
        Axis("solved", unit="%"),
        [
            Series(
                "tree search",
                [
                    Point(50 * 1.6**k, min(0.9, 0.1 * k), max(0, 0.1 * k - 0.1), min(1, 0.1 * k + 0.1))
                    for k in range(11)
                ],
                "ours",
                "steps",
            ),
            Series(
                "best of n",
                [Point(80 * 3**k, 0.15 * k + 0.1, 0.15 * k, 0.15 * k + 0.2) for k in range(5)],
                "peer",
                "points",
            ),
            Series(HOSTILE, [Point(100, 0.5, 0.4, 0.6)], "peer"),
            Series("without an end", [Point(100, math.inf), Point(200, 0.2, -math.inf, 0.4)], "floor"),
        ],
    )
    comparisons = [
        Comparison("exploitability", "1 s each", "time", "CFR+", Estimate(1e-4), "OpenSpiel CFR+", Estimate(2e-3),
                   Estimate(1e-4 - 2e-3), None, higher_is_better=False),
        Comparison("exploitability", "4,096 iterations", "budget", "CFR+", Estimate(1e-4), "OpenSpiel CFR+",
                   Estimate(1.001e-4), Estimate(-1e-7), None, higher_is_better=False),
        Comparison("exploitability", "0.8 s each", "time", "CFR+", Estimate(1e-4), "linear program", Estimate(1e-9),
                   Estimate(1e-4 - 1e-9), None, higher_is_better=False),
    ]  # fmt: skip
    table = Table(
        "Solvers",
        ["method", "iterations", "exploitability", "time"],
        [
            ["CFR+", 4096, Estimate(1.2345e-4), Estimate(0.41, unit="s")],
            ["OpenSpiel CFR+", 4096, Estimate(1.2345e-4), Estimate(8.1, unit="s")],
            ["linear program", None, Estimate(0.0), Estimate(0.8, unit="s")],
            [HOSTILE, 1_000_000, Estimate(math.nan), None],
        ],
        "Exact values.",
    )
    return Section("Leduc poker", f"No randomness. {HOSTILE}", [table], [panel, solved], comparisons, panel,
                   "CFR+ 1.0e-4 after 1 s, OpenSpiel 2.0e-3")  # fmt: skip


TRACE = Trace(
    "the task", 1.0, 12, 0.5, chosen=True,
    children=[
        Trace(HOSTILE, 0.7, 8, 1.0, correct=True, chosen=True, kind="step"),
        Trace("another step", None, 3, None, kind="step"),
    ],
).as_dict()  # fmt: skip
CUT_TRACE = Trace("the task", 1.0, 900, 0.5, left_out=500).as_dict()
SGF = "(;GM[1]FF[4]SZ[9]KM[7]PB[longthink]PW[GNU Go];B[ee];W[ec];B[gc];W[];B[cc])"
ARTIFACTS = [
    {"answer": f"An answer.\nOf two lines {HOSTILE}"},
    {"trace": TRACE, "answer": "with a tree"},
    {"game": {"game": "connect_four", "actions": [3, 3, 2, 4, 1]}},
    {"game": {"game": "hex(board_size=5)", "actions": [12, 6, 7]}},
    {"game": {"game": "tic_tac_toe", "actions": [4, 0]}},
    {"game": {"game": "othello", "actions": []}},
    {"game": {"game": "go(board_size=9)", "actions": [40, 30]}},
    {"game": {"game": "breakthrough", "actions": []}},
    {"game": {"game": "no_such_game", "actions": [1]}},
    {"sgf": SGF},
]


def record(study: str, number: int, artifacts: dict[str, object] | None = None, **facts: object) -> Record:
    return Record(
        key=f"{study}-{number}",
        study=study,
        version=1,
        facts={"method": ["MCTS", "random"][number % 2], "budget": 10 ** (1 + number % 3), "seed": number} | facts,
        outcome=Outcome({"solved": number % 2}, {"seconds": 0.01 * number}, (), artifacts or {}),
        started="2026-01-01T00:00:00+00:00",
        seconds=0.5,
        cpu_seconds=0.4,
        environment=HERE,
    )


def records() -> list[Record]:
    found = [record("toy-board", i, ARTIFACTS[i % len(ARTIFACTS)]) for i in range(30)]
    found += [record("toy-poker", i, method=HOSTILE) for i in range(3)]
    found.append(record("toy-broken", 0))
    found.append(
        Record("toy-board-failed", "toy-board", 1, {"method": HOSTILE, "seed": 99}, None,
               Failure("ValueError", HOSTILE, f"Traceback (most recent call last):\n  {HOSTILE}"), environment=HERE)
    )  # fmt: skip
    return found


def sections(study: str, finished: Sequence[Record]) -> Section:
    if study == "toy-broken":
        raise ZeroDivisionError(HOSTILE)
    return board_section() if study == "toy-board" else poker_section()


@contextlib.contextmanager
def registered() -> Iterator[None]:
    """Registers the studies of `records`."""
    names = ("toy-board", "toy-poker", "toy-broken")
    for name in names:
        STUDIES.register(name, _study(name))
    try:
        yield
    finally:
        for name in names:
            STUDIES.unregister(name)


def _study(its_name: str) -> type[Study]:
    class Toy(Study):
        """A synthetic comparison."""

        name = its_name
        title = its_name
        Settings = dict

        def cases(self, settings: object) -> list[Case]:
            return [Case({"seed": seed}) for seed in range(3)]

        def run(self, case: Case, context: Context) -> Outcome:
            raise NotImplementedError

        def section(self, records: Sequence[Record]) -> Section:
            return sections(its_name, records)

    return Toy
