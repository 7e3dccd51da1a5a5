"""The report as CSV files in one zip: records, tables, data of charts, comparisons, and missing and failed cases.

An estimate takes four columns: its value, the ends of its 95% interval, and n. A share stays in [0, 1].
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Sequence
from typing import Any

from longthink.benchmarks.harness.record import Record
from longthink.benchmarks.harness.render import charts
from longthink.benchmarks.harness.render.charts import Gallery
from longthink.benchmarks.harness.render.flat import records_csv
from longthink.benchmarks.harness.report import Report
from longthink.benchmarks.harness.section import Estimate, Table


def files(report: Report, records: Sequence[Record], gallery: Gallery) -> dict[str, str | bytes]:
    """report.csv.zip."""
    sheets: dict[str, str] = {"records.csv": records_csv(records), "comparisons.csv": _comparisons(report)}
    for study in report.studies:
        if study.section is None:
            continue
        named = [(f"table {each.title}", _table(each)) for each in study.section.tables]
        named += [(f"chart {each.title}", _written(_CHART, charts.points(each))) for each in study.section.charts]
        if study.section.panel is not None:
            named.append((f"panel {study.section.panel.title}", _written(_CHART, charts.points(study.section.panel))))
        for title, sheet in named:
            sheets[_free(f"{study.study}/{_slug(title)}", sheets)] = sheet
    cases = [("failed", each, each.failure.message) for each in report.failures]
    rows = [[kind, each.study, each.key, _facts(each.facts), message] for kind, each, message in cases]
    rows += [["missing", each.study, each.key, _facts(each.facts), ""] for each in report.missing]
    sheets["absent.csv"] = _written(["why", "study", "key", "facts", "message"], rows)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, sheet in sheets.items():
            archive.writestr(zipfile.ZipInfo(name), sheet)
    return {"report.csv.zip": packed.getvalue()}


_CHART = ["series", "role", "shape", "x", "y", "low", "high"]


def _table(table: Table) -> str:
    parts = [any(isinstance(row[i], Estimate) for row in table.rows if i < len(row)) for i in range(len(table.columns))]
    head = [title for name, wide in zip(table.columns, parts, strict=True) for title in _heads(name, wide)]
    return _written(
        head, [[x for cell, wide in zip(row, parts, strict=False) for x in _cells(cell, wide)] for row in table.rows]
    )


def _heads(name: str, wide: bool) -> list[str]:
    return [name, f"{name} low", f"{name} high", f"{name} n"] if wide else [name]


def _cells(cell: Any, wide: bool) -> list[Any]:
    if isinstance(cell, Estimate):
        return [cell.value, cell.low, cell.high, cell.n]
    return [cell, None, None, None] if wide else [cell]


def _comparisons(report: Report) -> str:
    head = ["study", "measure", "equal", "at", "ours", "other", "higher is better"]
    for name in ("our value", "other value", "difference"):
        head += [*_heads(name, True)]
    rows = []
    for study, each in report.compared:
        of = each.comparison
        row = [study.study, of.measure, of.equal, of.at, of.ours, of.other, of.higher_is_better]
        for value in (of.our_value, of.other_value, of.difference):
            row += _cells(value, True)
        rows.append([*row, of.our_value.unit, of.p, each.p, each.verdict])
    return _written([*head, "unit", "p", "p (Holm)", "verdict"], rows)


def _written(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(head)
    writer.writerows([["" if cell is None else cell for cell in row] for row in rows])
    return out.getvalue()


def _facts(facts: Any) -> str:
    return ", ".join(f"{name}={value}" for name, value in facts.items())


def _slug(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:80] or "untitled"


def _free(name: str, taken: Any) -> str:
    """A name that no other file has."""
    names = [f"{name}.csv", *(f"{name}-{i}.csv" for i in range(2, len(taken) + 3))]
    return next(each for each in names if each not in taken)
