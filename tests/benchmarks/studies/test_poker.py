"""The poker study: its methods agree with peers and known values, and its section says what the records say."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from longthink.benchmarks.harness.record import Outcome, Record
from longthink.benchmarks.harness.section import Estimate, Series, Table
from longthink.benchmarks.harness.study import Case, Context
from longthink.benchmarks.harness.suite import checked
from longthink.benchmarks.studies.poker import Iterations, Poker, PokerSettings, checkpoints
from longthink.benchmarks.studies.poker_methods import EXACT, PEER, SEARCH, SEARCH_FROM_START, UNIFORM, methods
from longthink.concurrency import CancelToken
from longthink.search.regret.variants import VARIANTS

STUDY = Poker()
UNIFORM_LEDUC = 2.3736111
TINY = PokerSettings({"kuhn_poker": Iterations(120, 90, 20, 30, 20, 10)}, seeds=2)


def run(method: str, iterations: int | None, game: str = "kuhn_poker", seed: int | None = None) -> Outcome:
    facts = {"game": game, "method": method, "kind": methods()[method].kind, "iterations": iterations, "seed": seed}
    return STUDY.run(Case(facts), Context())


@pytest.fixture(scope="module")
def records() -> list[Record]:
    """All methods on Kuhn poker."""
    pytest.importorskip("pyspiel")
    return [
        Record(STUDY.key(case), STUDY.name, STUDY.version, case.facts, STUDY.run(case, Context()))
        for case in STUDY.cases(TINY)
    ]


def test_there_is_a_case_for_each_method_and_seed() -> None:
    cases = list(STUDY.cases(TINY))
    names = [case.facts["method"] for case in cases]
    assert set(names) == set(methods()) >= {*VARIANTS, UNIFORM, EXACT, SEARCH, f"{PEER}cfr+"}
    assert (names.count("external sampling"), names.count("cfr")) == (2, 1)
    assert len({STUDY.key(case) for case in cases}) == len(cases)
    assert all(case.quiet and case.cost > 0 for case in cases)
    assert {c.facts["method"]: c.facts["iterations"] for c in cases}["cfr-br"] == 120 // 30
    few = list(STUDY.cases(checked(STUDY, {"games": {"kuhn_poker": {"regret": 10}}})))
    assert {case.facts["kind"] for case in few} == {"regret", "best", "floor"}


def test_every_method_is_measured(records: list[Record]) -> None:
    for record in records:
        assert record.outcome is not None
        assert 0 <= record.scores["exploitability"] < 1
        curve = record.outcome.curve
        assert curve[-1]["exploitability"] == record.scores["exploitability"]
        seconds = [point["seconds"] for point in curve]
        assert seconds == sorted(seconds) or methods()[record.fact("method")].anew
        assert curve[-1]["iterations"] == (record.fact("iterations") or 0)
    final = {record.fact("method"): record.scores["exploitability"] for record in records}
    assert final[UNIFORM] == pytest.approx(0.4583333, abs=1e-6)
    assert final[EXACT] == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("variant", ["cfr", "cfr+"])
def test_the_same_iterations_give_the_same_as_openspiel(variant: str) -> None:
    pytest.importorskip("pyspiel")
    for mine, theirs in zip(run(variant, 100).curve, run(PEER + variant, 100).curve, strict=True):
        assert mine["iterations"] == theirs["iterations"]
        assert mine["exploitability"] == pytest.approx(theirs["exploitability"], abs=1e-9)


def test_known_values_on_leduc_poker() -> None:
    leduc = "leduc_poker"
    assert run("cfr+", 1000, leduc).scores["exploitability"] == pytest.approx(5.1e-4 / 2, rel=0.05)
    assert run(UNIFORM, None, leduc).scores["exploitability"] == pytest.approx(UNIFORM_LEDUC, abs=1e-6)
    assert run(EXACT, None, leduc).scores["exploitability"] < 1e-9


def test_more_search_on_leduc_poker_is_less_exploitable_but_no_equilibrium() -> None:
    curve = [point["exploitability"] for point in run(SEARCH, 1000, "leduc_poker", seed=3).curve]
    assert len(curve) == 7
    assert 0.5 < curve[-1] < 1.2 < curve[3] < UNIFORM_LEDUC
    other = run(SEARCH, 10, "leduc_poker", seed=4).curve
    assert other[-1]["exploitability"] != curve[2]
    from_start = run(f"{SEARCH_FROM_START}, regret matching", 100_000, "leduc_poker", seed=3)
    assert from_start.scores["exploitability"] < 0.6
    assert run(SEARCH, 10, seed=1).scores == run(SEARCH, 10, seed=1).scores


@pytest.mark.parametrize("method", ["cfr+", SEARCH, f"{PEER}cfr", f"{PEER}{SEARCH}"])
def test_a_cancelled_case_has_no_outcome(method: str) -> None:
    if PEER in method:
        pytest.importorskip("pyspiel")
    token = CancelToken()
    token.cancel()
    facts = {"game": "kuhn_poker", "method": method, "iterations": 10_000_000, "seed": 1}
    with pytest.raises(KeyboardInterrupt):
        STUDY.run(Case(facts), Context(cancel=token))


def test_checkpoints() -> None:
    assert list(checkpoints(100)) == [1, 3, 10, 30, 100]
    assert list(checkpoints(50)) == [1, 3, 10, 30, 50]
    assert list(checkpoints(1)) == [1]


# ---- The section ----


def record(method: str, kind: str, points: Sequence[tuple[int, float, float]], seed: int | None = None) -> Record:
    curve = [{"iterations": n, "seconds": seconds, "exploitability": y} for n, seconds, y in points]
    facts = {"game": "leduc_poker", "method": method, "kind": kind, "iterations": points[-1][0], "seed": seed}
    spent = {"iterations": points[-1][0], "seconds": points[-1][1]}
    return Record(f"{method}{seed}", "poker", 1, facts, Outcome({"exploitability": points[-1][2]}, spent, curve))


MADE = [
    record("cfr+", "regret", [(1, 0.0005, 2.0), (10, 0.002, 0.5), (100, 0.05, 1e-3)]),
    record("mine", "regret", [(1, 0.004, 2.0), (10, 0.02, 1e-4), (100, 2.0, 0.0)]),
    *(record("external sampling", "sampled", [(1, 0.0001, 2.0), (10, 0.02, y)], s) for s, y in enumerate((0.1, 0.3))),
    *(record(SEARCH, "search", [(10, 0.2, 0.9), (100, 3.0, y)], s) for s, y in enumerate((0.7, 0.8))),
    record(f"{PEER}cfr+", "peer_regret", [(1, 0.02, 2.0), (10, 0.5, 0.5)]),
    *(record(f"{PEER}external sampling", "peer_sampled", [(10, 0.2, y)], s) for s, y in enumerate((0.2, 0.2))),
    record(EXACT, "best", [(0, 0.3, 1e-15)]),
    record(UNIFORM, "floor", [(0, 0.0, 2.4)]),
]


def row(table: Table, method: str) -> dict[str, object]:
    return dict(zip(table.columns, next(row for row in table.rows if row[0] == method), strict=True))


def test_tables_have_what_was_reached_within_each_cost() -> None:
    by_seconds, by_iterations = STUDY.section(MADE).tables
    assert row(by_seconds, "cfr+") == {"method": "cfr+", "0.001 s": 2.0, "0.01 s": 0.5, "0.1 s": None, "1 s": None}
    assert row(by_seconds, "mine")["1 s"] == 1e-4
    assert row(by_seconds, EXACT)["1 s"] == 1e-15
    assert row(by_seconds, EXACT)["0.1 s"] is None
    sampled = row(by_iterations, "external sampling")["10"]
    assert isinstance(sampled, Estimate)
    assert (sampled.value, sampled.n) == (pytest.approx(0.2), 2)
    assert row(by_iterations, "cfr+") == {"method": "cfr+", "10": 0.5, "100": 1e-3, "iterations per second": 2000}
    assert all(cells[0] not in (EXACT, UNIFORM) for cells in by_iterations.rows)


def test_the_panel_is_between_uniform_play_and_the_linear_program() -> None:
    section = STUDY.section(MADE)
    assert section.panel is not None
    drawn: dict[str, Series] = {series.name: series for series in section.panel.series}
    assert [drawn[name].role for name in (UNIFORM, "cfr+", f"{PEER}cfr+", EXACT)] == ["floor", "ours", "peer", "best"]
    assert (drawn[UNIFORM].shape, drawn["cfr+"].shape, drawn[EXACT].shape) == ("level", "line", "points")
    assert [point.x for point in drawn["cfr+"].points] == [0.0005, 0.002, 0.05]
    variants = {series.name: series for series in section.charts[1].series}
    assert variants["mine"].points[-1].y > 0  # the axis is logarithmic
    assert "regret minimisation 0 in 2 s (mine)" in section.headline
    assert "search at each state 0.75 in 3 s" in section.headline


def test_comparisons_are_at_equal_iterations_and_in_equal_time_with_losses() -> None:
    found = {(c.at, c.ours, c.other): c for c in STUDY.section(MADE).comparisons}
    assert all(not each.higher_is_better for each in found.values())
    same = found["10 iterations each", "cfr+", f"{PEER}cfr+"]
    assert (same.our_value.value, same.other_value.value, same.p) == (0.5, 0.5, None)
    assert found["0.5 s each", "cfr+", f"{PEER}cfr+"].our_value.value == 1e-3
    assert found["0.1 s each", "cfr+", f"{PEER}cfr+"].other_value.value == 2.0
    sampled = found["10 iterations each", "external sampling", f"{PEER}external sampling"]
    assert sampled.our_value.n == 2
    assert sampled.p is not None
    best = found["0.3 s each", "mine", EXACT]  # the better of ours, which loses to the exact solution
    assert best.difference.value == pytest.approx(1e-4)
    assert found["3 s each", SEARCH, EXACT].difference.value == pytest.approx(0.75)
    assert best.other_value.value == 1e-12  # less is rounding
    lost = found["3 s each", SEARCH, f"{PEER}cfr+"]
    assert (lost.our_value.value, lost.other_value.value) == (pytest.approx(0.75), 0.5)


def test_equal_iterations_are_those_after_which_both_were_measured() -> None:
    ours = record("cfr", "regret", [(1, 0.001, 2.0), (10, 0.01, 0.5), (30, 0.03, 0.1)])
    peer = record(f"{PEER}cfr", "peer_regret", [(1, 0.1, 2.0), (10, 1.0, 0.5), (20, 2.0, 0.2)])
    found = [each for each in STUDY.section([ours, peer]).comparisons if each.equal == "budget"]
    assert [(each.at, each.our_value.value, each.other_value.value) for each in found] == [
        ("10 iterations each", 0.5, 0.5)
    ]


def test_the_longest_of_several_runs_counts() -> None:
    shorter = [record("cfr+", "regret", [(1, 0.1, 2.0), (3, 0.3, 1.9)]), record(SEARCH, "search", [(10, 9.0, 0.1)], 0)]
    assert STUDY.section([*shorter, *MADE]).tables == STUDY.section(MADE).tables


def test_any_part_of_the_records_gives_a_section(records: list[Record]) -> None:
    assert STUDY.section([]).tables == ()
    for few in (records[:1], records[-1:], MADE[-2:], records[::3], [*MADE[:2], *records]):
        section = STUDY.section(few)
        assert section.tables
        assert section.panel is not None
    failed = Record("x", "poker", 1, {"game": "leduc_poker", "method": "cfr"}, None)
    assert STUDY.section([*MADE, failed]) == STUDY.section(MADE)
