"""The score that a case had reached within a cost, read from its record.

A record holds what it takes in one of two forms. If its outcome has a `curve`, each point has scores and costs, in the
order in which they were reached; for a problem that was solved, one point is enough: `{"solved": 1.0, "tokens": 120,
"seconds": 0.3}`. If no point of its curve has a score, the score was reached at its total cost, `spent`.

An outcome may hold `stopped_by` of an `Answer` among its artifacts. If another limit than that of the cost in question
ended the work, the score at a higher cost is not known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields

import numpy as np

from longthink.benchmarks.harness.record import JSON, Record, by_facts
from longthink.search.budget import Spent

_COSTS = frozenset({"tokens", *(field.name for field in fields(Spent))})
Item = tuple[JSON, ...]
"""The values of the facts that name a problem, so that methods are paired by them."""


def finished(records: Iterable[Record]) -> list[Record]:
    """The records of cases that did not fail."""
    return [record for record in records if record.outcome is not None]


def points(record: Record, score: str) -> list[Mapping[str, float]]:
    """The points of a record that have this score, in the order in which they were reached."""
    if record.outcome is None:
        return []
    final = {**record.spent, **record.scores}
    return [point for point in record.outcome.curve if score in point] or ([final] if score in final else [])


def score_within(
    record: Record, score: str, cost: str, limit: float, before: float | None = 0.0, complete: float | None = 1.0
) -> float | None:
    """The score that was reached when `limit` of `cost` was spent; None if it is not known.

    before: the score below the cost of the first point. complete: the best possible score, which no further work
    changes. A point without this cost is reached at cost 0, as `Spent.as_dict` omits zeros.
    """
    found = before
    for point in points(record, score):
        if point.get(cost, 0.0) <= limit:
            found = point[score]
    return found if found == complete or limit <= known_until(record, cost) else None


def known_until(record: Record, cost: str) -> float:
    """Up to which cost the score of a record is known: infinity unless a limit of another cost ended the work."""
    stopped_by = record.outcome.artifacts.get("stopped_by") if record.outcome is not None else None
    cut = stopped_by in _COSTS and stopped_by != cost
    return record.spent.get(cost, 0.0) if cut else float("inf")


def values_within(
    records: Sequence[Record], score: str, cost: str, limit: float, items: Sequence[str], before: float | None = 0.0
) -> dict[Item, float] | None:
    """The scores of one method within a cost, by item; None if any of them is not known.

    items: the facts that name an item, for example ("problem",). Several records of an item, for example several
    seeds, are averaged, because they are not independent.
    """
    read = {
        item: [score_within(record, score, cost, limit, before) for record in group]
        for item, group in by_facts(finished(records), *items).items()
    }
    known = {item: [value for value in values if value is not None] for item, values in read.items()}
    if not read or any(len(known[item]) < len(values) for item, values in read.items()):
        return None
    return {item: float(np.mean(values)) for item, values in known.items()}


def values(records: Sequence[Record], score: str, items: Sequence[str]) -> dict[Item, float]:
    """The final scores of one method by item, averaged over the records of an item."""
    found = by_facts([record for record in finished(records) if score in record.scores], *items)
    return {item: float(np.mean([record.scores[score] for record in group])) for item, group in found.items()}
