"""The report as PDF, set by Typst: its template reads the report as data, so no text of a study is ever a command."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from longthink.benchmarks.harness.numbers import cell, estimate, evidence, interval, p_value
from longthink.benchmarks.harness.record import Record
from longthink.benchmarks.harness.render import charts
from longthink.benchmarks.harness.render.charts import Gallery
from longthink.benchmarks.harness.render.markdown import by_study, facts
from longthink.benchmarks.harness.render.page import numeric, pairs
from longthink.benchmarks.harness.render.prose import blocks
from longthink.benchmarks.harness.report import VERDICTS, Judged, Report, StudyReport
from longthink.benchmarks.harness.section import Chart, Estimate, Table
from longthink.errors import require

_TEMPLATE = Path(__file__).with_name("report.typ")


def files(report: Report, records: Sequence[Record], gallery: Gallery) -> dict[str, str | bytes]:
    """report.pdf. Raises `MissingExtraError` without Typst."""
    typst = require("typst", "pdf")
    sources: dict[str, bytes] = {"main.typ": _TEMPLATE.read_bytes()}

    def figure(chart: Chart) -> dict[str, str]:
        name = f"chart-{len(sources)}.svg"
        sources[name] = gallery.svg(chart).encode()
        said = " ".join(filter(None, (chart.caption, charts.note(chart))))
        return {"file": name, "title": chart.title, "caption": said, "alt": charts.described(chart)}

    studies = [
        {
            "title": study.title,
            "problem": study.problem.message if study.problem is not None else "",
            "text": blocks(study.section.text) if study.section is not None else [],
            "charts": [figure(each) for each in study.section.charts] if study.section is not None else [],
            "tables": [_table(each) for each in study.section.tables] if study.section is not None else [],
        }
        for study in report.studies
    ]
    said = [{"title": study.title, "text": study.headline} for study, _ in report.panels if study.headline]
    data = {
        "suite": report.suite,
        "description": report.description,
        "written": report.written[:10],
        "answer": report.answer,
        "headlines": said,
        "panels": [figure(panel) for _, panel in report.panels],
        "gaps": report.gaps,
        "tally": [[verdict, report.tally[verdict]] for verdict in VERDICTS],
        "losses": [_row(study, each) for study, each in report.losses],
        "not_counted": report.not_counted,
        "by_study": by_study(report),
        "pairs": [
            [study.title, (of := (budget or time).comparison).ours, of.other, of.measure, _side(budget), _side(time)]  # type: ignore[union-attr]
            for study, budget, time in pairs(report)
        ],
        "studies": studies,
        "failures": [
            [f"{e.study}: {e.failure.kind}: {e.failure.message}", e.failure.traceback] for e in report.failures
        ],
        "facts": facts(report),
    }
    sources["report.json"] = json.dumps(data).encode()
    made: bytes = typst.compile(sources, format="pdf")
    return {"report.pdf": made}


def _table(table: Table) -> dict[str, Any]:
    return {
        "title": table.title,
        "columns": list(table.columns),
        "right": numeric(table),
        "rows": [[_cell(value) for value in row] for row in table.rows],
        "caption": table.caption,
    }


def _cell(value: Any, signed: bool = False) -> dict[str, str]:
    if isinstance(value, Estimate):
        return {"value": estimate(value, signed), "evidence": f"{interval(value, signed)} {evidence(value)}".strip()}
    return {"value": cell(value), "evidence": ""}


def _row(study: StudyReport, each: Judged) -> list[dict[str, str]]:
    of = each.comparison
    words = [study.title, of.ours, of.other, of.measure, of.at]
    return [
        *({"value": word, "evidence": ""} for word in words),
        _cell(of.our_value),
        _cell(of.other_value),
        _cell(of.difference, signed=True),
        {"value": p_value(each.p), "evidence": ""},
    ]


def _side(each: Judged | None) -> dict[str, str] | None:
    if each is None:
        return None
    of, difference = each.comparison, _cell(each.comparison.difference, signed=True)
    return {
        "at": of.at,
        "values": f"{estimate(of.our_value)} and {estimate(of.other_value)}",
        "difference": f"{difference['value']} {difference['evidence']}".strip(),
        "p": "exact" if each.p is None else f"p {p_value(each.p)}",
        "verdict": each.verdict,
    }
