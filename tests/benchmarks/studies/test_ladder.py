"""The study of ladders: who meets whom, ratings, slopes, the panel."""

from __future__ import annotations

import itertools
import json
import math
from typing import Any

import numpy as np
import pytest

import longthink as lt
from longthink.benchmarks.harness.record import Outcome, Record
from longthink.benchmarks.harness.section import Table
from longthink.benchmarks.harness.study import Context
from longthink.benchmarks.studies.ladder import Ladder, LadderSettings, meetings, slopes

STUDY = Ladder()


def run(**settings: Any) -> list[Record]:
    records = []
    for case in STUDY.cases(LadderSettings(**settings)):
        outcome = STUDY.run(case, Context())
        record = Record(STUDY.key(case), STUDY.name, STUDY.version, dict(case.facts), outcome)
        written = json.loads(json.dumps(record.as_dict(), allow_nan=False))
        records.append(Record(**{**written, "outcome": Outcome(**written["outcome"])}))
    return records


def simulated(elo: dict[str, float], pairs: int, game: str = "hex(board_size=5)", seed: int = 1) -> list[Record]:
    """Records of games between players of known strength: each meets those up to two places above it."""
    rng, names, records = np.random.default_rng(seed), list(elo), []
    roles = {"agent": "mcts(simulations={n})", "peer": "openspiel:mcts(simulations={n})", "best": "exact"}
    meets = [(a, b) for i, a in enumerate(names) for b in names[i + 1 : i + 3]]
    for number, (first, second) in enumerate(meets):
        games = []
        for pair in range(pairs):
            for turn in (0, 1):
                won = float(rng.random() < 1 / (1 + 10 ** ((elo[second] - elo[first]) / 400)))
                scores = [won, 1 - won][:: 1 - 2 * turn]
                used = [{"moves": 10, "cpu_seconds": 1e-5 * (10 + _budget(name)), "illegal": 0, "seconds": 1.0,
                         "simulations": 0, "tokens": 0} for name in (first, second)][:: 1 - 2 * turn]  # fmt: skip
                games.append(
                    {
                        "pair": pair,
                        "seats": [turn, 1 - turn],
                        "returns": [2 * score - 1 for score in scores],
                        "scores": scores,
                        "how": "finished",
                        "fault": None,
                        "length": 20,
                        "used": used,
                    }
                )
        facts = {"game": game, "agents": [first, second], "pairs": [0, pairs], "ladder": roles}
        records.append(Record(str(number), "ladder", 1, facts, Outcome(artifacts={"games": games})))
    return records


def _budget(name: str) -> float:
    found = name.partition("simulations=")[2].removesuffix(")")
    return float(found) * (20 if name.startswith("openspiel") else 1) if found else 0.0


def table(tables: Any, title: str) -> Table:
    return next(each for each in tables if each.title.startswith(title))


def test_the_rungs_meet_their_neighbours_and_others() -> None:
    settings = LadderSettings(least=2, most=200, steps=2, pairs=6, peer_budgets=(20,), best="exact")
    assert settings.budgets() == [2, 6, 20, 63, 200]
    found = list(meetings(settings))
    rungs = [f"mcts(simulations={n})" for n in settings.budgets()]
    assert [(a, b) for a, b, _ in found[:2]] == [("random", rungs[0]), ("random", rungs[1])]
    neighbours = {(a, b): pairs for a, b, pairs in found}
    assert all(neighbours[a, b] == 6 for a, b in itertools.pairwise(rungs))
    assert all(neighbours[a, b] == 3 for a, b in zip(rungs, rungs[2:], strict=False))
    assert [a for a, b, _ in found if b == "openspiel:mcts(simulations=20)"] == rungs[2:]
    assert [a for a, b, _ in found if b == "exact"] == rungs[2:]
    assert LadderSettings(most=1000, steps=3).budgets() == [1, 2, 5, 10, 22, 46, 100, 215, 464, 1000]
    with pytest.raises(lt.ParameterError, match="steps"):
        LadderSettings(steps=0).budgets()


def test_go_has_no_peer_and_connect_four_longer_openings() -> None:
    go = list(STUDY.cases(LadderSettings(game="go(board_size=9)", most=100)))
    assert not any("openspiel" in agent for case in go for agent in case.facts["agents"])
    assert {case.facts["opening"] for case in go} == {2}
    four = list(STUDY.cases(LadderSettings(game="connect_four", most=100)))
    assert any("openspiel" in agent for case in four for agent in case.facts["agents"])
    assert {case.facts["opening"] for case in four} == {12}
    assert {case.facts["opening"] for case in STUDY.cases(LadderSettings(most=100, opening=3))} == {3}


def test_cases_are_short_and_cover_all_pairs_once() -> None:
    settings = LadderSettings(most=10**6, pairs=10)
    cases = list(STUDY.cases(settings))
    assert max(case.cost for case in cases) < 60
    covered: dict[tuple[str, ...], list[int]] = {}
    for case in cases:
        covered.setdefault(tuple(case.facts["agents"]), []).extend(range(*case.facts["pairs"]))
    assert all(pairs == list(range(len(pairs))) for pairs in covered.values())
    assert len({STUDY.key(case) for case in cases}) == len(cases)


def test_a_small_ladder_rises() -> None:
    records = run(game="hex(board_size=4)", least=1, most=256, steps=1, pairs=2, peer_budgets=(10,), best="exact")
    section = STUDY.section(records)
    assert section.panel is not None
    ladder = section.panel.series[0]
    assert [point.x for point in ladder.points] == [1, 10, 100]
    assert ladder.points[-1].y > ladder.points[0].y > 0
    assert [(each.name, each.role, each.shape) for each in section.panel.series[1:]] == [
        ("OpenSpiel's MCTS, at equal time", "peer", "line"),
        ("random play", "floor", "level"),
        ("exact play", "best", "level"),
    ]
    assert all(point.low is not None and point.low < point.y for point in ladder.points)
    assert len(section.charts) == 2
    ratings = table(section.tables, "Ratings in hex")
    assert {row[0] for row in ratings.rows} >= {"random", "exact", "mcts(simulations=100)"}
    assert all("game" in record.outcome.artifacts for record in records if record.outcome)


def test_the_slope_of_known_strengths_is_found() -> None:
    elo = {"random": 0.0} | {f"mcts(simulations={2**k})": 200.0 + 60 * k for k in range(12)}
    section = STUDY.section(simulated(elo, pairs=60))
    mean, row = table(section.tables, "Elo for each doubling").rows[:2]
    assert row[0] == "hex(board_size=5)"
    assert mean[1] == "1 to 2,048 simulations a move"
    assert mean[2].low < 60 < mean[2].high  # type: ignore[union-attr]
    assert row[1] == "32 to 2,048 simulations a move"  # there are 25 actions
    slope, tenfold = row[2], row[3]
    assert slope.low < 60 < slope.high  # type: ignore[union-attr]
    assert slope.high - slope.low < 60  # type: ignore[union-attr]
    assert tenfold.value == pytest.approx(slope.value * math.log2(10))  # type: ignore[union-attr]
    assert "for each doubling of simulations" in section.headline


def test_a_line_that_does_not_fit_has_a_wide_interval() -> None:
    straight = {"random": 0.0} | {f"mcts(simulations={32 * 4**k})": 100.0 + 150 * k for k in range(8)}
    bent = {"random": 0.0} | {f"mcts(simulations={32 * 4**k})": 100.0 + min(1050, 300 * k) for k in range(8)}

    def width(elo: dict[str, float]) -> float:
        slope = table(STUDY.section(simulated(elo, pairs=100)).tables, "Elo for each").rows[1][2]
        return slope.high - slope.low  # type: ignore[union-attr, no-any-return]

    assert width(bent) > 1.5 * width(straight)


def test_published_slopes_are_marked() -> None:
    rows = slopes([]).rows
    assert len(rows) == 3
    assert all(str(row[-1]).startswith("published") for row in rows)
    jones, two_thirds, neumann = (row[3] for row in rows)
    assert [each.value for each in (jones, two_thirds, neumann)] == pytest.approx([500.0, 400.0, 220.0])  # type: ignore[union-attr]
    assert rows[1][4].value == pytest.approx(2 / 3, abs=0.001)  # type: ignore[union-attr]


def test_another_program_is_compared_at_equal_budget_and_at_equal_time() -> None:
    elo = {
        "random": 0.0,
        "mcts(simulations=10)": 100.0,
        "mcts(simulations=100)": 300.0,
        "openspiel:mcts(simulations=100)": 300.0,
        "mcts(simulations=1000)": 500.0,
        "mcts(simulations=10000)": 700.0,
    }
    section = STUDY.section(simulated(elo, pairs=100))
    budget, time = section.comparisons
    assert (budget.equal, time.equal) == ("budget", "time")
    assert budget.difference.low < 0 < budget.difference.high  # type: ignore[operator]
    assert time.difference.low > 0  # type: ignore[operator]
    # It takes 20 times as long, so our search makes 2,000 simulations in that time.
    assert time.difference.value == pytest.approx(200 + 200 * math.log10(2), abs=80)
    assert budget.p is not None
    assert time.p is not None
    assert time.p < 0.001 < budget.p
    assert section.panel is not None
    peer = section.panel.series[1]
    assert 1500 < peer.points[0].x < 2500


def test_records_of_several_games_and_too_few() -> None:
    elo = {"random": 0.0} | {f"mcts(simulations={4**k})": 150.0 * k for k in range(4)}
    small, large = (simulated(elo, 10, f"hex(board_size={size})", seed=size) for size in (5, 9))
    section = STUDY.section([*small, *large, *simulated(elo, 10, "connect_four")])
    assert len(section.charts) == 6
    assert section.panel is not None
    assert "board_size=9" in section.panel.title  # the largest hex
    exact = [*small, *simulated({"mcts(simulations=64)": 450.0, "exact": 600.0}, 10, "hex(board_size=5)")]
    panel = STUDY.section([*exact, *large]).panel
    assert panel is not None
    assert "board_size=5" in panel.title  # a hex with an exact player comes first
    assert "No ladder" in STUDY.section([]).text
    assert "No ladder" in STUDY.section(small[:1]).text
    parted = [small[0], *simulated({"mcts(simulations=16)": 0.0, "mcts(simulations=64)": 1.0}, 3)]
    assert "No ladder" in STUDY.section(parted).text  # they never met
