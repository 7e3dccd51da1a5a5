"""Tables, curves and comparisons from records made by hand."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import count as numbers
from typing import Any

import pytest

from longthink.benchmarks.harness.metrics.clusters import clustered_mean
from longthink.benchmarks.harness.metrics.comparisons import Question, paired
from longthink.benchmarks.harness.metrics.curves import (
    along,
    budget_curves,
    by_budget,
    mean_curves,
    solved_curve,
    solved_curves,
)
from longthink.benchmarks.harness.metrics.shares import wilson
from longthink.benchmarks.harness.metrics.tables import (
    clustered_mean_of,
    count,
    difference_from,
    interquartile_mean_of,
    mean_of,
    mean_spent,
    share_of,
    share_within,
    table,
)
from longthink.benchmarks.harness.metrics.verdicts import verdicts
from longthink.benchmarks.harness.metrics.within import score_within
from longthink.benchmarks.harness.record import Failure, Outcome, Record
from longthink.benchmarks.harness.section import Estimate

pytestmark = pytest.mark.filterwarnings("error")
KEYS = numbers()


def record(
    facts: Mapping[str, Any],
    scores: Mapping[str, float] | None = None,
    spent: Mapping[str, float] | None = None,
    curve: Sequence[Mapping[str, float]] = (),
    stopped_by: str = "solved",
) -> Record:
    outcome = Outcome(scores or {}, spent or {}, curve, {"stopped_by": stopped_by})
    return Record(str(next(KEYS)), "study", 1, facts, outcome)


def solved(method: str, problem: int, tokens: float | None, stopped_by: str = "tokens", seed: int = 0) -> Record:
    """A problem with a limit of 500 tokens, at 100 tokens per second."""
    facts = {"method": method, "problem": problem, "seed": seed}
    if tokens is None:
        return record(facts, {"solved": 0.0}, {"tokens": 500, "seconds": 5.0}, stopped_by=stopped_by)
    at = {"solved": 1.0, "tokens": tokens, "seconds": tokens / 100}
    return record(facts, {"solved": 1.0}, {"tokens": tokens, "seconds": tokens / 100}, [at])


def move(method: str, budget: int | None, position: int, optimal: float, seconds: float) -> Record:
    return record(
        {"method": method, "budget": budget, "position": position}, {"optimal": optimal}, {"seconds": seconds}
    )


def solver(method: str, *points: tuple[int, float, float], game: str = "kuhn") -> Record:
    curve = [{"iterations": i, "seconds": s, "exploitability": e} for i, s, e in points]
    return record({"method": method, "game": game}, {"exploitability": points[-1][2]}, curve=curve)


def failed(method: str) -> Record:
    return Record(str(next(KEYS)), "study", 1, {"method": method, "problem": 0}, None, Failure("ValueError", "no"))


LANGUAGE = [solved("mcts", i, 100 if i < 6 else None) for i in range(10)]
LANGUAGE += [solved("best_of_n", i, 400 if i < 2 else None) for i in range(10)]
LANGUAGE += [solved("enumeration", i, 0) for i in range(10)]


# ---- Within a cost ----


def test_score_within_a_cost() -> None:
    found = record({}, curve=[{"q": 0.2, "tokens": 10}, {"q": 0.7, "tokens": 30}], stopped_by="exhausted")
    assert [score_within(found, "q", "tokens", limit) for limit in (9, 10, 29, 30, 1e9)] == [0.0, 0.2, 0.2, 0.7, 0.7]
    assert score_within(found, "q", "tokens", 5, before=None) is None
    other = record({}, {"value": 0.8}, {"tokens": 40}, curve=[{"q": 0.2, "tokens": 10}], stopped_by="exhausted")
    assert [score_within(other, "value", "tokens", limit) for limit in (20, 40)] == [0.0, 0.8]
    assert score_within(solved("mcts", 0, None), "solved", "tokens", 600) == 0.0  # its own limit: nothing more to know


def test_a_score_is_unknown_beyond_the_end_of_a_run_that_was_cut_off() -> None:
    unsolved, done = solved("mcts", 0, None), solved("mcts", 0, 100)
    assert score_within(unsolved, "solved", "seconds", 5.0) == 0.0
    assert score_within(unsolved, "solved", "seconds", 6.0) is None  # stopped by tokens after 5 s
    assert score_within(done, "solved", "seconds", 6.0) == 1.0
    assert score_within(solved("greedy", 0, None, stopped_by="done"), "solved", "seconds", 6.0) == 0.0


# ---- Tables ----


def test_table_of_shares_and_costs() -> None:
    found = table(
        [*LANGUAGE, failed("mcts")],
        "Solved",
        by={"way": "method"},
        columns={
            "n": count,
            "solved": share_of("solved", items=("problem",)),
            "100 tokens": share_within("tokens", 99),
            "9 s": share_within("seconds", 9),
            "tokens": mean_spent("tokens"),
            "lead": difference_from(LANGUAGE[10:20]),
            "missing": mean_of("missing"),
        },
        caption="A caption.",
    )
    assert found.columns == ("way", "n", "solved", "100 tokens", "9 s", "tokens", "lead", "missing")
    assert [row[:2] for row in found.rows] == [("mcts", 10), ("best_of_n", 10), ("enumeration", 10)]
    low, high = wilson(6, 10)
    assert found.rows[0][2] == Estimate(0.6, pytest.approx(low), pytest.approx(high), 10, "%")
    assert [getattr(row[3], "value", None) for row in found.rows] == [0.0, 0.0, 1.0]
    assert [getattr(row[4], "value", None) for row in found.rows] == [None, None, 1.0]
    assert [row[5].value for row in found.rows] == [260, 480, 0]  # type: ignore[union-attr]
    assert [row[6].value for row in found.rows] == pytest.approx([0.4, 0.0, 0.8])  # type: ignore[union-attr]
    assert {row[7] for row in found.rows} == {None}
    assert found.caption == "A caption. 1 case failed and are not counted."
    assert table([], "Nothing", ["method"], {"n": count}).rows == []


def test_seeds_of_a_problem_are_not_independent() -> None:
    records = [solved("mcts", i, 100 if i % 2 else None, seed=seed) for i in range(6) for seed in range(4)]
    every, items = share_of("solved")(records), share_of("solved", items=("problem",))(records)
    assert isinstance(every, Estimate)
    assert isinstance(items, Estimate)
    assert (every.n, items.n) == (24, 6)
    assert items.value == every.value == 0.5


def test_columns_of_clusters_and_of_tasks() -> None:
    records = [
        record({"problem": i, "seed": s, "task": t}, {"solved": float((i + s) % 3 > 0), "score": 10.0 * t + s})
        for i in range(6)
        for s in range(4)
        for t in range(2)
    ]
    clustered = clustered_mean_of("solved")(records)
    facts = [[str(r.fact(name)) for r in records] for name in ("problem", "seed")]
    assert clustered == clustered_mean([r.scores["solved"] for r in records], *facts, unit="%")
    assert isinstance(clustered, Estimate)
    assert clustered.n == 6
    middle = interquartile_mean_of("score")(records)
    assert isinstance(middle, Estimate)
    assert (middle.value, middle.n) == (pytest.approx(6.5), 48)
    assert [column([]) for column in (clustered_mean_of("solved"), interquartile_mean_of("score"))] == [None, None]


# ---- Curves ----


def test_curves_of_shares_solved() -> None:
    records = [solved("mcts", i, tokens) for i, tokens in enumerate([50, 200, 200, None])]
    found = solved_curve(records, "tokens", name="mcts")
    assert found.shape == "steps"
    assert [(point.x, point.y) for point in found.points] == [(50, 0.25), (200, 0.75), (500, 0.75)]
    low, high = wilson([1, 3, 3], 4)
    assert [point.low for point in found.points] == pytest.approx(list(low))
    assert [point.high for point in found.points] == pytest.approx(list(high))


def test_curves_of_parts_of_one_record() -> None:
    """A record may be split by problem; its parts have the same key."""
    parts = [replace(solved("mcts", i, tokens), key="same") for i, tokens in enumerate([50, 200, None])]
    found = solved_curve(parts, "tokens")
    assert [point.x for point in found.points] == [50, 200, 500]
    assert [point.y for point in found.points] == pytest.approx([1 / 3, 2 / 3, 2 / 3])


def test_a_curve_ends_at_what_is_known() -> None:
    slow = record({"problem": 1}, {"solved": 1.0}, {"seconds": 9.0}, [{"solved": 1.0, "seconds": 9.0}])
    records = [solved("mcts", 0, 100), slow, solved("mcts", 2, None)]  # the last was stopped by tokens, after 5 s
    found = solved_curve(records, "seconds")
    assert [(point.x, point.y) for point in found.points] == [(1.0, pytest.approx(1 / 3)), (5.0, pytest.approx(1 / 3))]


def test_curves_of_each_method_in_order() -> None:
    roles = {"enumeration": "best", "mcts": "ours", "absent": "peer"}
    found = solved_curves(LANGUAGE, "tokens", roles)  # type: ignore[arg-type]
    assert [(series.name, series.role) for series in found] == [("enumeration", "best"), ("mcts", "ours")]
    assert solved_curve([], "tokens").points == ()
    assert solved_curves([failed("mcts")], "tokens", {"mcts": "ours"}) == []


def test_curves_by_budget() -> None:
    records = [move("ours", 100, i, i % 2, 0.2) for i in range(4)] + [move("ours", 10, i, 0, 0.02) for i in range(4)]
    records += [move("exact", None, i, 1, 0.5) for i in range(4)]
    roles = {"ours": "ours", "exact": "best"}
    ours, exact = budget_curves(records, "optimal", "budget", roles, items=("position",))  # type: ignore[arg-type]
    assert [(point.x, point.y) for point in ours.points] == [(10, 0.0), (100, 0.5)]
    assert (ours.shape, exact.shape, exact.points[0].y) == ("line", "level", 1.0)
    timed, _ = budget_curves(records, "optimal", "budget", roles, cost="seconds", items=("position",))  # type: ignore[arg-type]
    assert [point.x for point in timed.points] == pytest.approx([0.02, 0.2])
    measured = by_budget(records[:8], "optimal", "budget", items=("position",))
    assert [(x, y.value, y.n) for x, y in measured.items()] == [(10, 0.0, 4), (100, 0.5, 4)]


def test_mean_curves() -> None:
    records = [solver("mccfr", (10, 0.1, 0.5), (100, 1.0, 0.1)), solver("mccfr", (10, 0.1, 0.7), (100, 1.0, 0.3))]
    (found,) = mean_curves([*records, solver("cfr", (1, 1, 1))], "exploitability", "iterations", {"mccfr": "ours"})
    assert [(point.x, point.y) for point in found.points] == [(10, pytest.approx(0.6)), (100, pytest.approx(0.2))]
    assert found.points[0].low is not None
    assert math.isfinite(found.points[0].low)
    slower = solver("mccfr", (10, 0.3, 0.7), (100, 3.0, 0.3))
    timed = along([records[0], slower], "exploitability", "seconds", at="iterations")
    assert [(x, y.value, y.n) for x, y in timed.items()] == [(0.2, 0.6, 2), (2.0, 0.2, 2)]
    (exact,) = mean_curves(records[:1], "exploitability", "iterations", {"mccfr": "ours"})
    assert exact.points[0].low is None
    assert along(records[:1], "exploitability", "iterations")[100] == Estimate(0.1, n=1)


# ---- Comparisons ----


def test_comparisons_within_a_cost() -> None:
    asked = Question("solved", "problems solved", ours="mcts")
    found = asked.within(LANGUAGE, "tokens", [99, 300])
    said = {(c.other, c.at): (c.our_value.value, c.other_value.value) for c in found}
    assert said == {
        ("best_of_n", "99 tokens each"): (0.0, 0.0),
        ("best_of_n", "300 tokens each"): (0.6, 0.0),
        ("enumeration", "99 tokens each"): (0.0, 1.0),
        ("enumeration", "300 tokens each"): (0.6, 1.0),
    }
    assert {c.equal for c in found} == {"budget"}
    by = {(c.other, c.at): verdict for c, (verdict, _) in zip(found, verdicts(found), strict=True)}
    assert by["enumeration", "99 tokens each"] == "behind"
    timed = asked.within(LANGUAGE, "seconds", [3, 9])  # unsolved problems were cut off after 5 s
    assert [(c.at, c.equal) for c in timed] == [("3 s each", "time")] * 2


def test_processor_time_is_time() -> None:
    records = [record({"method": m, "problem": 1, "n": 5}, {"solved": 1}, {"cpu_seconds": 0.1}) for m in ("a", "b")]
    asked = Question("solved", "problems solved", ours="a")
    found = [*asked.within(records, "cpu_seconds", [0.25]), *asked.in_equal_time(records, "n", "cpu_seconds")]
    assert [(c.at, c.equal) for c in found] == [("0.25 CPU-s each", "time"), ("0.1 CPU-s each", "time")]
    assert mean_spent("cpu_seconds")(records) == Estimate(0.1, 0.1, 0.1, 2, "s")


def test_comparisons_use_the_same_problems_only() -> None:
    records = [solved("mcts", i, 100) for i in range(10)] + [solved("best_of_n", i, None) for i in range(5, 15)]
    (found,) = Question("solved", "problems solved", ours="mcts").within(records, "tokens", [300])
    assert (found.our_value.n, found.difference.value, found.p) == (5, 1.0, pytest.approx(2 / 32))
    apart = [solved("mcts", 0, 100), solved("best_of_n", 1, 100)]
    assert Question("solved", "problems solved", ours="mcts").within(apart, "tokens", [300]) == []
    assert Question("solved", "problems solved", ours="nobody").within(apart, "tokens", [300]) == []


def test_comparisons_at_budgets_and_in_equal_time() -> None:
    records = [move("ours", 10, i, 0, 0.001) for i in range(10)]
    records += [move("ours", 100, i, 1, 0.01) for i in range(10)]
    records += [move("peer", 10, i, 1, 0.02) for i in range(10)]
    records += [move("exact", None, i, 1, 0.0001) for i in range(10)]
    asked = Question("optimal", "optimal moves", ours="ours", items=("position",))
    (at_budget,) = asked.at_budgets(records, "budget")
    assert (at_budget.other, at_budget.at, at_budget.difference.value) == ("peer", "10 budget each", -1.0)
    assert asked.at_budgets(records, "budget", [100]) == []
    in_time = {c.other: c for c in asked.in_equal_time(records, "budget")}
    assert (in_time["peer"].at, in_time["peer"].difference.value) == ("0.02 s each", 0.0)  # ours: 100 simulations
    assert (in_time["exact"].at, in_time["exact"].difference.value) == ("0.0001 s each, ours 0.001 s each", -1.0)


def test_a_slower_method_that_is_better_is_not_compared_in_equal_time() -> None:
    records = [move("ours", 10, i, 1, 0.01) for i in range(10)]
    records += [move("random", None, i, 0, 0.0001) for i in range(10)]
    asked = Question("optimal", "optimal moves", ours="ours", items=("position",))
    assert asked.in_equal_time(records, "budget") == []
    (lost,) = replace(asked, ours="random").in_equal_time(records, "budget")
    assert lost.difference.value == -1.0


def test_comparisons_without_randomness_take_the_best_of_ours() -> None:
    records = [
        solver("cfr", (1, 0.001, 0.5), (10, 0.01, 0.1), (100, 2.0, 0.01)),
        solver("cfr+", (1, 0.001, 0.6), (10, 0.01, 0.05)),
        solver("peer", (1, 0.01, 0.5), (10, 0.05, 0.1), (50, 1.0, 0.005)),
    ]
    asked = Question(
        "exploitability", "exploitability", ours=["cfr", "cfr+"], items=("game",), unit="", higher_is_better=False,
        random=False,
    )  # fmt: skip
    found = asked.within(records, "seconds", [0.001, 0.1, 1.0])
    assert [(c.at, c.ours, c.our_value.value, c.p) for c in found] == [
        ("0.1 s each", "cfr+", 0.05, None),
        ("1 s each", "cfr+", 0.05, None),
    ]
    assert [verdict for verdict, _ in verdicts(found)] == ["ahead", "behind"]


def test_a_method_without_seeds_is_compared_with_each_seed() -> None:
    def solved_by(method: str, exploitability: float, seed: int | None = None) -> Record:
        return record({"method": method, "seed": seed}, {"exploitability": exploitability}, {"seconds": 1.0})

    records = [solved_by("cfr", 0.1), *(solved_by("mccfr", 0.3 + 0.01 * (seed % 3), seed) for seed in range(4))]
    asked = Question(
        "exploitability", "exploitability", "cfr", items=("seed",), unit="", higher_is_better=False, normal=True
    )
    (found,) = asked.within(records, "seconds", [2.0])
    assert (found.our_value.value, found.other_value.value, found.other_value.n) == pytest.approx((0.1, 0.3075, 4))
    assert found.p is not None
    assert found.p < 0.001
    assert [verdict for verdict, _ in verdicts([found])] == ["ahead"]
    (turned,) = replace(asked, ours="mccfr").within(records, "seconds", [2.0])
    assert [verdict for verdict, _ in verdicts([turned])] == ["behind"]


def test_paired_numbers() -> None:
    found = paired({"a": 2.0, "b": 3.0, "c": 5.0}, {"c": 1.0, "b": 1.0, "d": 9.0})
    assert found is not None
    assert (found.difference.value, found.ours.n, found.p) == (3.0, 2, 0.5)
    halves = paired({"a": 0.5, "b": 1.0}, {"a": 0.0, "b": 0.0}, "%")  # averages over seeds: no test of 0 and 1
    assert halves is not None
    assert (halves.difference.value, halves.p) == (0.75, 0.5)
