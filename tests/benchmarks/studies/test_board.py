"""The board study: moves are judged by the exact solver, and methods are compared on the same positions."""

from __future__ import annotations

import pytest

from longthink.benchmarks.harness.record import Outcome, Record
from longthink.benchmarks.harness.study import Context
from longthink.benchmarks.studies.board import EXACT, OURS, PEER, PEER_PROVING, RANDOM, Board, BoardSettings, position
from longthink.games.core import ConnectFourSolver
from longthink.games.registry import load_game

STUDY = Board()
TINY = BoardSettings(positions=6, chunk=4, budgets=(10, 2000), peer_limit=10)


@pytest.fixture(scope="module")
def records() -> list[Record]:
    pytest.importorskip("pyspiel")
    return [
        Record(STUDY.key(case), STUDY.name, STUDY.version, case.facts, STUDY.run(case, Context()))
        for case in STUDY.cases(TINY)
    ]


def outcome(records: list[Record], method: str, simulations: int | None, first: int = 0) -> Outcome:
    wanted = method, simulations, first
    return next(
        r.outcome
        for r in records
        if (r.fact("method"), r.fact("simulations"), r.fact("positions")[0]) == wanted and r.outcome is not None
    )


def test_cases_are_chunks_of_positions_and_peers_stop_at_their_limit() -> None:
    cases = list(STUDY.cases(TINY))
    assert len({STUDY.key(case) for case in cases}) == len(cases) == 2 * (2 + 2 + 2)
    assert {tuple(case.facts["positions"]) for case in cases} == {(0, 4), (4, 6)}
    assert {case.facts["simulations"] for case in cases if case.facts["method"] in (PEER, PEER_PROVING)} == {10}
    more = list(STUDY.cases(BoardSettings(positions=8, chunk=4, budgets=(10,), peer_limit=0)))
    assert {STUDY.key(case) for case in cases} & {STUDY.key(case) for case in more}  # the first chunk runs once


def test_positions_are_judged_by_the_exact_solver() -> None:
    found = [position(index, seed=5) for index in range(6)]
    assert len({tuple(state.history()) for state, _ in found}) == 6
    for state, best in found:
        assert best == set(ConnectFourSolver().optimal_actions(state))
        assert best < set(state.legal_actions())


def test_each_move_is_judged(records: list[Record]) -> None:
    assert outcome(records, EXACT, None).scores == outcome(records, EXACT, None, 4).scores == {"optimal": 1}
    assert 0 < outcome(records, RANDOM, None).scores["optimal"] < 1
    ours = outcome(records, OURS, 2000)
    assert ours.scores["optimal"] >= 3 / 4
    assert ours.spent["simulations"] == 4 * 2000
    moves = ours.artifacts["moves"]
    assert [move["position"] for move in moves] == [0, 1, 2, 3]
    for move in moves:
        assert move["optimal"] == (move["action"] in position(move["position"], TINY.seed)[1])


def test_the_page_of_a_case_shows_the_first_move_that_is_not_optimal(records: list[Record]) -> None:
    wrong = [r for r in records if r.outcome is not None and r.fact("method") != RANDOM and r.scores["optimal"] < 1]
    assert wrong
    for record in wrong:
        assert record.outcome is not None
        shown, move = record.outcome.artifacts["game"], record.outcome.artifacts["moves"]
        first = next(each for each in move if not each["optimal"])
        state = load_game(shown["game"]).state_from_history(shown["actions"][:-1])
        assert shown["actions"][-1] == first["action"] not in ConnectFourSolver().optimal_actions(state)


def test_the_section_compares_on_the_same_positions(records: list[Record]) -> None:
    section = STUDY.section(records)
    (table,) = section.tables
    rows = {(row[0], row[1]): row[2:] for row in table.rows}
    assert set(rows) == {(EXACT, None), (RANDOM, None), (OURS, 10), (OURS, 2000), (PEER, 10), (PEER_PROVING, 10)}
    assert (rows[EXACT, None][0].value, rows[EXACT, None][0].n) == (1.0, 6)
    found = {(c.other, c.equal): c for c in section.comparisons}
    assert found[PEER, "budget"].at == "10 simulations each"
    assert set(found) >= {(PEER_PROVING, "budget"), (EXACT, "time")}
    assert (RANDOM, "time") not in found  # no budget of ours is as quick
    assert all(each.our_value.n == 6 for each in found.values())
    assert [series.role for series in section.charts[0].series] == ["floor", "ours", "peer", "peer", "best"]
    assert "random move" in section.headline
    assert STUDY.section([]).tables == ()
    assert STUDY.section(records[:1]).tables
