"""Tables from records: a row for each group of records with equal facts, a column for each thing that is asked.

A column is a function from the records of a row to a cell; those below are the usual ones.

    table(
        records, "Problems solved", by={"method": "method", "limit": "tokens"},
        columns={"solved": share_of("solved"), "tokens spent": mean_spent("tokens"), "seconds": mean_spent("seconds")},
    )
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from longthink.benchmarks.harness.metrics.aggregates import interquartile_mean
from longthink.benchmarks.harness.metrics.clusters import clustered_mean
from longthink.benchmarks.harness.metrics.comparisons import TIMES, paired
from longthink.benchmarks.harness.metrics.estimates import estimate
from longthink.benchmarks.harness.metrics.within import finished, values, values_within
from longthink.benchmarks.harness.record import Record, by_facts
from longthink.benchmarks.harness.section import Cell, Table

Column = Callable[[Sequence[Record]], Cell]


def table(
    records: Sequence[Record],
    title: str,
    by: Mapping[str, str] | Sequence[str],
    columns: Mapping[str, Column],
    caption: str = "",
) -> Table:
    """A table with a row for each combination of facts, in the order of their first records.

    by: the facts that name a row, or a mapping from headings to them. columns: by heading. Records of cases that
    failed are left out, and the caption says how many they are.
    """
    heads = by if isinstance(by, Mapping) else {name: name for name in by}
    groups = by_facts(finished(records), *heads.values())
    rows = [(*facts, *(column(group) for column in columns.values())) for facts, group in groups.items()]
    failed = len(records) - len(finished(records))
    if failed:
        caption = f"{caption} {failed} {'case' if failed == 1 else 'cases'} failed and are not counted.".strip()
    return Table(title, (*heads, *columns), rows, caption)


def share_of(score: str = "solved", items: Sequence[str] = ()) -> Column:
    """A share with its Wilson interval. items: the facts that name independent units, for example ("problem",) if a
    problem has several seeds; without, every record is one."""
    return _column(score, "%", items)


def mean_of(score: str, unit: str = "", items: Sequence[str] = ()) -> Column:
    """The mean of a score with its bootstrap interval. items: as of `share_of`."""
    return _column(score, unit, items)


def clustered_mean_of(score: str, clusters: Sequence[str] = ("problem", "seed"), unit: str = "%") -> Column:
    """The mean of a score over records, with an interval from standard errors clustered by one or two facts."""

    def column(records: Sequence[Record]) -> Cell:
        scored = [record for record in records if score in record.scores]
        groups = [[str(record.fact(name)) for record in scored] for name in clusters]
        return clustered_mean([record.scores[score] for record in scored], *groups, unit=unit) if scored else None

    return column


def interquartile_mean_of(score: str, task: str = "task", unit: str = "") -> Column:
    """The interquartile mean of a score over the runs of several tasks, with a stratified bootstrap interval.

    task: the fact that names one; each record is a run.
    """

    def column(records: Sequence[Record]) -> Cell:
        runs = by_facts([record for record in records if score in record.scores], task).values()
        return interquartile_mean([[r.scores[score] for r in group] for group in runs], unit) if runs else None

    return column


def mean_spent(cost: str, unit: str | None = None) -> Column:
    """The mean of a cost per case with its bootstrap interval; a case that does not mention the cost spent none."""
    shown = ("s" if cost in TIMES else "") if unit is None else unit
    return lambda records: estimate([record.spent.get(cost, 0.0) for record in records], shown)


def share_within(cost: str, limit: float, score: str = "solved", items: Sequence[str] = ("problem",)) -> Column:
    """The share solved when `limit` of `cost` was spent; empty if some records ended too early to tell."""

    def column(records: Sequence[Record]) -> Cell:
        found = values_within(records, score, cost, limit, items)
        return None if found is None else estimate(list(found.values()), "%")

    return column


def difference_from(
    baseline: Sequence[Record], score: str = "solved", unit: str = "%", items: Sequence[str] = ("problem",)
) -> Column:
    """The paired difference of the row's scores and those of the records `baseline`, on the items that both have."""
    others = values(baseline, score, items)

    def column(records: Sequence[Record]) -> Cell:
        found = paired(values(records, score, items), others, unit)
        return None if found is None else found.difference

    return column


def count(records: Sequence[Record]) -> int:
    """The number of records."""
    return len(records)


def _column(score: str, unit: str, items: Sequence[str]) -> Column:
    def column(records: Sequence[Record]) -> Cell:
        scored = [record.scores[score] for record in records if score in record.scores]
        found = list(values(records, score, items).values()) if items else scored
        return estimate(found, unit) if found else None

    return column
