"""The study of matches: pairs, faults, sequential stopping, Go, many players."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

import longthink as lt
from longthink.benchmarks.harness.matches.names import budget_of, equal_budget, expected_seconds, is_ours
from longthink.benchmarks.harness.matches.registry import AGENTS, register_agent
from longthink.benchmarks.harness.record import Outcome, Record
from longthink.benchmarks.harness.section import Section, Table
from longthink.benchmarks.harness.study import Context
from longthink.benchmarks.studies.match import Match, MatchSettings
from tests.benchmarks.harness.matches.fakes import Bad, First, program

STUDY = Match()


@pytest.fixture(autouse=True)
def fakes() -> Iterator[None]:
    for name, agent in {"first": First, "bad": Bad}.items():
        register_agent(name, agent)
    yield
    for name in ("first", "bad"):
        AGENTS.unregister(name)


def run(**settings: Any) -> list[Record]:
    """The records of a match, as a log keeps them."""
    records = []
    for case in STUDY.cases(MatchSettings(**settings)):
        outcome = STUDY.run(case, Context())
        record = Record(STUDY.key(case), STUDY.name, STUDY.version, dict(case.facts), outcome)
        written = json.loads(json.dumps(record.as_dict(), allow_nan=False))
        records.append(Record(**{**written, "outcome": Outcome(**written["outcome"])}))
    return records


def played(pair: int, scores: Sequence[float], test: list[float] | None = None) -> Record:
    """A record of a pair with these scores of the first agent."""
    used = {"moves": 5, "seconds": 1.0, "cpu_seconds": 0.5, "illegal": 0, "simulations": 50, "tokens": 0}
    games = [
        {
            "pair": pair,
            "seats": [turn, 1 - turn],
            "returns": [2 * score - 1, 1 - 2 * score][:: 1 - 2 * turn],
            "scores": [score, 1 - score][:: 1 - 2 * turn],
            "how": "finished",
            "fault": None,
            "length": 10,
            "used": [used, used],
            "details": {},
        }
        for turn, score in enumerate(scores)
    ]
    facts = {
        "game": "hex",
        "agents": ["mcts(simulations=10)", "openspiel:mcts(simulations=10)"],
        "pair": pair,
        "sprt": test,
    }
    return Record(f"key-{pair}", "match", 1, facts, Outcome({"score": sum(scores) / 2}, artifacts={"games": games}))


def table(section: Section, title: str) -> Table:
    return next(each for each in section.tables if each.title == title)


def cell(found: Table, row: int, column: str) -> Any:
    return found.rows[row][list(found.columns).index(column)]


def test_a_match_is_won_and_told() -> None:
    records = run(agents=("mcts(simulations=300)", "random"), game="tic_tac_toe", pairs=6, opening=1)
    assert len(records) == 6
    assert all(set(record.outcome.artifacts) == {"games", "game"} for record in records if record.outcome)
    openings = {tuple(record.outcome.artifacts["game"]["actions"][:1]) for record in records if record.outcome}
    assert len(openings) > 1
    section = STUDY.section(records)
    results = table(section, "Results")
    assert cell(results, 0, "pairs") == 6
    score, elo = cell(results, 0, "score"), cell(results, 0, "Elo difference")
    assert score.value > 0.8
    assert score.low < score.value <= score.high
    assert elo.low > 0
    assert cell(results, 0, "superiority") > 0.95
    assert "mcts(simulations=300)" in section.headline
    assert len(table(section, "Games").rows) == 12
    cost = table(section, "What a move costs")
    assert [row[0] for row in cost.rows] == ["mcts(simulations=300)", "random"]
    assert cell(cost, 0, "simulations a move") > cell(cost, 0, "seconds a move") > 0
    assert section.comparisons == []  # a random player has no budget


def test_equal_settings_give_equal_records() -> None:
    settings: dict[str, Any] = {"agents": ("mcts(simulations=50)", "random"), "game": "hex(board_size=4)", "pairs": 2}

    def without_seconds(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: without_seconds(each) for key, each in value.items() if "seconds" not in key}
        return [without_seconds(each) for each in value] if isinstance(value, list) else value

    once, again = ([without_seconds(record.as_dict()) for record in run(**settings)] for _ in range(2))
    assert once == again
    assert once[0] != once[1]


def test_faults_are_counted_by_kind_and_lose() -> None:
    for how, kind in (("raise", "crash"), ("hang", "stall"), ("outside", "illegal move")):
        records = run(agents=("first", f"bad(how={how})"), game="tic_tac_toe", pairs=2, answer_seconds=0.3)
        section = STUDY.section(records)
        endings = table(section, "How games ended")
        assert [tuple(row[:3]) for row in endings.rows] == [(kind, 4, f"bad(how={how})")]
        assert cell(table(section, "Results"), 0, "score").value == 1.0
        assert cell(table(section, "Results"), 0, "games by fault") == 4
        assert "4 of 4 games were decided by a fault" in section.text
    records = run(agents=("first", "bad(how=slow)"), game="tic_tac_toe", pairs=1, clock_seconds=0.3)
    assert table(STUDY.section(records), "How games ended").rows[0][0] == "time loss"


def test_cases_that_failed_and_no_cases() -> None:
    assert "No game" in STUDY.section([]).text
    records = [played(0, (1.0, 0.5)), Record("x", "match", 1, {**played(1, (0, 0)).facts}, None)]
    assert cell(table(STUDY.section(records), "Results"), 0, "pairs") == 1
    with pytest.raises(lt.ParameterError, match="3 players, got 2 agents"):
        list(STUDY.cases(MatchSettings(game="kuhn_poker(players=3)")))
    with pytest.raises(lt.UnknownNameError, match="mcts"):
        list(STUDY.cases(MatchSettings(agents=("mtcs", "random"))))
    for elo in ({"elo0": 0.0}, {"elo0": 10.0, "elo1": 0.0}):
        with pytest.raises(lt.ParameterError, match="SPRT"):
            list(STUDY.cases(MatchSettings(**elo)))  # type: ignore[arg-type]


# ---- Sequential stopping ----


def test_a_sequential_test_stops_and_ignores_what_comes_later() -> None:
    bounds = [0.0, 100.0]
    records = [played(pair, (1.0, 1.0), bounds) for pair in range(40)]
    stopped = next(n for n in range(41) if STUDY.enough(records[:n]))
    assert 0 < stopped < 20  # also if one side loses everything
    assert not STUDY.enough(records[: stopped - 1])
    assert STUDY.enough(records)
    results = table(STUDY.section(records[:stopped]), "Results")
    more = [*records[:stopped], *(played(pair, (0.0, 0.0), bounds) for pair in range(stopped, 40))]
    assert table(STUDY.section(more), "Results").rows == results.rows  # the same, whatever was played meanwhile
    assert "H1 accepted" in cell(results, 0, "SPRT")
    assert cell(results, 0, "pairs") == stopped
    lost = [played(pair, (0.0, 0.0), bounds) for pair in range(40)]
    assert "H0 accepted" in cell(table(STUDY.section(lost), "Results"), 0, "SPRT")


def test_a_sequential_test_waits_for_missing_pairs() -> None:
    records = [played(pair, (1.0, 1.0), [0.0, 100.0]) for pair in range(40)]
    assert not STUDY.enough(records[1:])
    assert not STUDY.enough(records[:2] + records[3:])
    assert STUDY.enough(records[::-1])  # in any order
    assert not STUDY.enough([played(pair, (1.0, 1.0)) for pair in range(40)])  # without a test
    even = [played(pair, (1.0, 0.0), [0.0, 50.0]) for pair in range(3)]
    assert not STUDY.enough(even)
    assert "not decided" in cell(table(STUDY.section(even), "Results"), 0, "SPRT")


# ---- Comparisons, several matches, many players, Go ----


def test_another_program_with_the_same_budget_is_compared() -> None:
    section = STUDY.section([played(pair, (1.0, 0.5)) for pair in range(12)])
    (compared,) = section.comparisons
    assert (compared.at, compared.equal) == ("10 simulations a move", "budget")
    assert compared.our_value.value == pytest.approx(0.75)
    assert compared.other_value.value == pytest.approx(0.25)
    assert compared.difference.value == pytest.approx(0.5)
    assert compared.p is not None
    assert compared.p < 0.01


def test_several_matches_are_told_apart() -> None:
    records = run(agents=("first", "random"), game="tic_tac_toe", pairs=1)
    records += run(agents=("random", "first"), game="nim", pairs=1)
    section = STUDY.section(records)
    assert len(table(section, "Results").rows) == 2
    assert sum(each.title.startswith("Seats: ") for each in section.tables) == 2


def test_three_players_are_rated() -> None:
    agents = ("ismcts(simulations=30)", "random", "random")
    records = run(agents=agents, game="kuhn_poker(players=3)", pairs=4)
    section = STUDY.section(records)
    assert {row[0] for row in table(section, "Ratings").rows} == {agents[0], "random (1)", "random (2)"}
    assert len(table(section, "Seats").columns) == 4
    assert len(table(section, "Games").rows) == 12


def test_go_is_counted_by_all(tmp_path: Path) -> None:
    passes, resigns = (program(tmp_path, how) for how in ("pass", "resign"))
    records = run(agents=(passes, passes), game="go(board_size=5,komi=0.5)", pairs=2)
    assert all("sgf" in record.outcome.artifacts for record in records if record.outcome)
    counting = table(STUDY.section(records), "Counting")
    assert [row[0] for row in counting.rows] == [f"{passes} (1)", f"{passes} (2)"]
    assert [row[1] for row in counting.rows] == [4, 4]
    records = run(agents=(passes, resigns), game="go(board_size=5,komi=0.5)", pairs=1)
    assert [row[3] for row in table(STUDY.section(records), "Games").rows] == ["resignation", "resignation"]
    assert cell(table(STUDY.section(records), "Results"), 0, "won / drawn / lost") == "2 / 0 / 0"


def test_another_policy_in_the_same_file_is_another_match(tmp_path: Path) -> None:
    solver, path = lt.CFR(lt.load_game("kuhn_poker")), tmp_path / "policy.json"
    settings = MatchSettings(agents=(f"policy:{path}", "random"), game="kuhn_poker", pairs=1)
    keys = set()
    for _ in range(2):
        solver.run(10)
        solver.average_policy().save(path)
        keys |= {STUDY.key(case) for case in STUDY.cases(settings)}
    assert len(keys) == 2
    path.unlink()
    with pytest.raises(lt.ParameterError, match="cannot be read"):
        list(STUDY.cases(settings))


def test_what_names_say() -> None:
    assert is_ours("mcts(simulations=10)")
    assert is_ours("gtp:longthink gtp --seconds 1")
    assert not is_ours("gtp:gnugo --mode gtp")
    assert not is_ours("random")
    assert budget_of("gtp:longthink gtp --simulations 1000 --seed 1") == ("simulations", 1000)
    assert budget_of("gtp:gnugo --mode gtp --level 10") is None
    assert equal_budget("mcts(seconds=0.1)", "mcts(seconds=0.1,rule=puct)") == ("0.1 seconds a move", "seconds")
    assert equal_budget("mcts(simulations=10)", "openspiel:mcts(simulations=20)") is None
    game = lt.load_game("hex(board_size=5)")
    assert expected_seconds("mcts(simulations=1e6)", game) > expected_seconds("mcts(simulations=1000)", game)
    timed = next(iter(STUDY.cases(MatchSettings(agents=("mcts(seconds=0.1)", "random")))))
    assert timed.quiet
    go = MatchSettings(agents=("gtp:a", "gtp:b"), game="go(board_size=9)", answer_seconds=300)
    (case, *_) = STUDY.cases(go)
    assert not case.quiet
    assert 30 * case.cost >= 4 * 300  # time for both agents to stall in both games, before the runner ends the case
    assert timed.cost > 1
