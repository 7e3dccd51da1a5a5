"""The report as one page that needs no network: page.html.j2 with its style and script, and all data.

Charts are drawn when the page is made, so that the page reads without JavaScript and on paper. With JavaScript, Vega
draws them again, with values under the pointer; tables sort, and items open. The page carries Vega compressed.
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Sequence
from functools import lru_cache
from itertools import count, zip_longest
from pathlib import Path
from typing import Any

from longthink.benchmarks.harness import numbers
from longthink.benchmarks.harness.record import Record
from longthink.benchmarks.harness.render import charts
from longthink.benchmarks.harness.render.charts import Gallery
from longthink.benchmarks.harness.render.items import items_of
from longthink.benchmarks.harness.render.prose import html
from longthink.benchmarks.harness.report import VERDICTS, Judged, Report, StudyReport
from longthink.benchmarks.harness.section import Cell, Chart, Estimate, Table
from longthink.errors import require
from longthink.pages.render import render

_TEMPLATE = Path(__file__).with_name("page.html.j2")


def files(report: Report, records: Sequence[Record], gallery: Gallery) -> dict[str, str | bytes]:
    """report.html, and the first picture as headline.svg and headline.png."""
    return {"report.html": page(report, records, gallery), **gallery.headline()}


def page(report: Report, records: Sequence[Record], gallery: Gallery) -> str:
    """The page as HTML. Raises `MissingExtraError` without Jinja or altair."""
    markup = require("markupsafe", "compare").Markup
    number = count(1)
    specifications: dict[str, Any] = {}

    def figure(chart: Chart) -> dict[str, Any]:
        name = f"chart-{next(number)}"
        specifications[name] = gallery.specification(chart)
        return {
            "id": name,
            "chart": chart,
            "svg": markup(gallery.svg(chart)),
            "described": charts.described(chart),
            "note": charts.note(chart),
        }

    by_name = {name: look for (_, name), look in gallery.looks.items()}
    return render(
        _TEMPLATE,
        report=report,
        figure=figure,
        panels=[(study, figure(panel)) for study, panel in report.panels],
        pairs=pairs(report),
        items={each.study: each for each in (items_of(study.study, records) for study in report.studies)},
        packed_items=lambda items: packed(json.dumps(list(items.items), allow_nan=False)),
        packed_charts=lambda: packed(json.dumps(specifications)),  # the template has drawn all figures before
        runtime=_runtime(),
        chart_colours=list(charts.DARK.items()),
        look=by_name.get,
        numeric=numeric,
        sort_value=sort_value,
        ranges=ranges,
        prose=lambda text: markup(html(text)),
        verdicts=VERDICTS,
        is_estimate=lambda value: isinstance(value, Estimate),
        **{
            name: getattr(numbers, name) for name in ("cell", "estimate", "interval", "evidence", "duration", "p_value")
        },
    )


Pair = tuple[StudyReport, Judged | None, Judged | None]


def pairs(report: Report) -> list[Pair]:
    """Comparisons at equal budget beside those at equal time: of one study, measure and pair of methods."""
    groups: dict[tuple[str, str, str, str], list[tuple[StudyReport, Judged]]] = {}
    for study, each in report.compared:
        of = each.comparison
        groups.setdefault((study.study, of.measure, of.ours, of.other), []).append((study, each))
    made: list[Pair] = []
    for group in groups.values():
        budget, time = ([each for _, each in group if each.comparison.equal == equal] for equal in ("budget", "time"))
        made += [(group[0][0], *both) for both in zip_longest(budget, time)]
    return made


def numeric(table: Table) -> list[bool]:
    """For each column, whether it holds numbers."""
    columns = [[row[i] for row in table.rows if i < len(row)] for i in range(len(table.columns))]
    return [
        any(cell is not None for cell in column) and not any(isinstance(cell, str) for cell in column)
        for column in columns
    ]


def sort_value(value: Cell) -> str:
    """What a cell is sorted by."""
    if isinstance(value, Estimate):
        return repr(float(value.value))
    return "" if value is None else value if isinstance(value, str) else repr(float(value))


def ranges(values: Sequence[int]) -> str:
    """Sorted whole numbers in short, for example "0 to 9, 12"."""
    runs: list[list[int]] = []
    for value in values:
        if runs and value == runs[-1][1] + 1:
            runs[-1][1] = value
        else:
            runs.append([value, value])
    return ", ".join(str(a) if a == b else f"{a}, {b}" if b == a + 1 else f"{a} to {b}" for a, b in runs)


def packed(text: str) -> str:
    """Text compressed by gzip, as base64."""
    return base64.b64encode(gzip.compress(text.encode(), 9, mtime=0)).decode()


@lru_cache
def _runtime() -> str:
    return packed(charts.runtime())
