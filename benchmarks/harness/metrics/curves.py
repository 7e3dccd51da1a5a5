"""Series of charts from records: quality against compute, one series for each method."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from longthink.benchmarks.harness.metrics.estimates import estimate
from longthink.benchmarks.harness.metrics.shares import wilson
from longthink.benchmarks.harness.metrics.within import finished, known_until, points, values
from longthink.benchmarks.harness.record import Record, by_facts
from longthink.benchmarks.harness.section import Point, Role, Series


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
    done = finished(records)
    groups = by_facts(done, *items)
    weight = {record.key: 1 / len(group) for group in groups.values() for record in group}
    at = {record.key: solved_at(record, cost, score) for record in done}
    known = min((known_until(record, cost) for record in done if at[record.key] is None), default=np.inf)
    most = min(known, max((record.spent.get(cost, 0.0) for record in done), default=0.0))
    solved = sorted((when, weight[key]) for key, when in at.items() if when is not None and when <= known)
    if not groups:
        return Series(name, (), role, "steps")
    steps: dict[float, float] = {}
    total = 0.0
    for when, part in solved:
        steps[when] = total = total + part
    if not solved or most > solved[-1][0]:
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
        drawn = []
        for (limit,), group in by_facts(mine, budget).items():
            found = list(values(group, score, items).values())
            x = float(np.mean([record.spent.get(cost, 0.0) for record in group])) if cost else float(limit or 0)
            if found:
                y = estimate(found, unit)
                drawn.append(Point(x, y.value, y.low, y.high))
        level = all(record.fact(budget) is None for record in mine)
        return Series(name, sorted(drawn, key=lambda p: p.x), roles[name], "level" if level else "line")

    return _each(records, roles, by, series)


def mean_curves(
    records: Sequence[Record],
    score: str,
    x: str,
    roles: Mapping[str, Role],
    unit: str = "",
    by: str = "method",
) -> list[Series]:
    """The mean along the curves of each method, over records that have points at the same x, with its interval.

    x: the cost, such as "iterations". With one record at an x, for example of an exact solver, there is no interval;
    records whose costs are never equal, such as seconds, give one point each.
    """

    def series(name: str, mine: Sequence[Record]) -> Series:
        at: dict[float, list[float]] = {}
        for record in mine:
            for point in points(record, score):
                at.setdefault(point.get(x, 0.0), []).append(point[score])
        drawn = []
        for where, found in sorted(at.items()):
            y = estimate(found, unit)
            alone = len(found) == 1
            drawn.append(Point(where, y.value, None if alone else y.low, None if alone else y.high))
        return Series(name, drawn, roles[name])

    return _each(records, roles, by, series)


def _each(
    records: Sequence[Record],
    roles: Mapping[str, Role],
    by: str,
    series: Callable[[str, Sequence[Record]], Series],
) -> list[Series]:
    methods = {str(name): group for (name,), group in by_facts(finished(records), by).items()}
    made = [series(name, methods[name]) for name in roles if name in methods]
    return [each for each in made if each.points]
