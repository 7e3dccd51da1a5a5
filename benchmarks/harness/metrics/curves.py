"""Series of charts from records: quality against compute, one series for each method."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from longthink.benchmarks.harness.metrics.estimates import estimate
from longthink.benchmarks.harness.metrics.shares import wilson
from longthink.benchmarks.harness.metrics.within import finished, known_until, points, values
from longthink.benchmarks.harness.record import Record, by_facts
from longthink.benchmarks.harness.section import Estimate, Point, Role, Series


def solved_curve(
    records: Sequence[Record],
    cost: str,
    score: str = "solved",
    items: Sequence[str] = ("problem",),
    name: str = "",
    role: Role = "ours",
) -> Series:
    """The share of items solved within a cost, for all costs: steps with Wilson bands.

    The records are those of one method. An item is solved from the first point of its curve with a score of at least 1
    (within.py). If an item has several records, its value is the share of them that is solved, and n is the number of
    items. The curve ends at the largest cost that was spent, or earlier, at the cost at which the score of an unsolved
    item is no longer known.
    """
    groups = by_facts(finished(records), *items).values()
    each = [(record, solved_at(record, cost, score), 1 / len(group)) for group in groups for record in group]
    if not each:
        return Series(name, (), role, "steps")
    known = min((known_until(record, cost) for record, at, _ in each if at is None), default=np.inf)
    most = min(known, max(record.spent.get(cost, 0.0) for record, _, _ in each))
    steps, total = dict[float, float](), 0.0
    for at, part in sorted((at, part) for _, at, part in each if at is not None and at <= known):
        steps[at] = total = total + part
    if not steps or most > max(steps):
        steps[most] = total
    n = len(groups)
    low, high = wilson(np.clip(list(steps.values()), 0, n), n)
    drawn = zip(steps.items(), low, high, strict=True)
    return Series(name, [Point(x, y / n, float(a), float(b)) for (x, y), a, b in drawn], role, "steps")


def solved_at(record: Record, cost: str, score: str = "solved") -> float | None:
    """The cost of the first point with a score of at least 1; None if there is none."""
    return next((point.get(cost, 0.0) for point in points(record, score) if point[score] >= 1), None)


def solved_curves(
    records: Sequence[Record],
    cost: str,
    roles: Mapping[str, Role],
    score: str = "solved",
    items: Sequence[str] = ("problem",),
    by: str = "method",
) -> list[Series]:
    """`solved_curve` of each method. roles: the methods to draw, in this order."""
    return _each(records, roles, by, lambda name, mine: solved_curve(mine, cost, score, items, name, roles[name]))


def budget_curves(
    records: Sequence[Record],
    score: str,
    budget: str,
    roles: Mapping[str, Role],
    cost: str | None = None,
    items: Sequence[str] = ("problem",),
    unit: str = "%",
    by: str = "method",
) -> list[Series]:
    """The mean final score of each method against its budget, with intervals over items.

    budget: the fact that holds it. cost: if given, x is the mean of this cost at each budget, such as "seconds". A
    method without budgets is a level.
    """

    def series(name: str, mine: Sequence[Record]) -> Series:
        level = all(record.fact(budget) is None for record in mine)
        found = by_budget(mine, score, budget, cost, items, unit)
        return Series(name, _points(found), roles[name], "level" if level else "line")

    return _each(records, roles, by, series)


def mean_curves(
    records: Sequence[Record],
    score: str,
    x: str,
    roles: Mapping[str, Role],
    unit: str = "",
    by: str = "method",
    at: str | None = None,
) -> list[Series]:
    """The mean along the curves of each method, with its interval over records. score, x, unit, at: as of `along`."""

    def series(name: str, mine: Sequence[Record]) -> Series:
        return Series(name, _points(along(mine, score, x, unit, at)), roles[name])

    return _each(records, roles, by, series)


# ---- What was measured, by compute: points of a curve, and what scaling.py fits ----


def by_budget(
    records: Sequence[Record],
    score: str,
    budget: str,
    cost: str | None = None,
    items: Sequence[str] = ("problem",),
    unit: str = "%",
) -> dict[float, Estimate]:
    """The mean final score of one method by its budget, with intervals over items, from the smallest budget on.

    budget: the fact that holds it; records without it count as budget 0. cost: if given, the key is the mean of this
    cost at each budget, such as "seconds".
    """
    measured = {}
    for (limit,), group in by_facts(finished(records), budget).items():
        found = list(values(group, score, items).values())
        x = float(np.mean([record.spent.get(cost, 0.0) for record in group])) if cost else float(limit or 0)
        if found:
            measured[x] = estimate(found, unit)
    return dict(sorted(measured.items()))


def along(
    records: Sequence[Record], score: str, x: str, unit: str = "", at: str | None = None
) -> dict[float, Estimate]:
    """The mean score along the curves of one method, by the cost `x`, with intervals over records.

    at: the cost at which all records have points, such as "iterations"; `x` if None. Points at the same are averaged,
    in the score and in `x`: `along(records, "exploitability", "seconds", at="iterations")` says what was reached in how
    many seconds on average. With one record at a point, for example of an exact solver, there is no interval.
    """
    together: dict[float, list[Mapping[str, float]]] = {}
    for record in records:
        for point in points(record, score):
            together.setdefault(point.get(at or x, 0.0), []).append(point)
    measured = {}
    for found in together.values():
        y = [point[score] for point in found]
        where = float(np.mean([point.get(x, 0.0) for point in found]))
        measured[where] = estimate(y, unit) if len(y) > 1 else Estimate(y[0], n=1, unit=unit)
    return dict(sorted(measured.items()))


def _points(measured: Mapping[float, Estimate]) -> list[Point]:
    return [Point(x, y.value, y.low, y.high) for x, y in measured.items()]


def _each(
    records: Sequence[Record],
    roles: Mapping[str, Role],
    by: str,
    series: Callable[[str, Sequence[Record]], Series],
) -> list[Series]:
    methods = {str(name): group for (name,), group in by_facts(finished(records), by).items()}
    made = [series(name, methods[name]) for name in roles if name in methods]
    return [each for each in made if each.points]
