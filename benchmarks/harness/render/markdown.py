"""The report as Markdown, with its charts as SVG files beside it: for a repository or a discussion."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from longthink.benchmarks.harness.numbers import cell, duration, estimate, full, p_value
from longthink.benchmarks.harness.record import Record
from longthink.benchmarks.harness.render import charts
from longthink.benchmarks.harness.render.charts import Gallery
from longthink.benchmarks.harness.render.page import pairs, ranges
from longthink.benchmarks.harness.report import VERDICTS, Judged, Report, StudyReport
from longthink.benchmarks.harness.section import Chart, Table


def files(report: Report, records: Sequence[Record], gallery: Gallery) -> dict[str, str | bytes]:
    """report.md, charts/*.svg, and the first picture."""
    drawn: dict[str, str | bytes] = {}

    def picture(chart: Chart) -> str:
        path = f"charts/{len(drawn) + 1}.svg"
        drawn[path] = gallery.svg(chart).replace("<svg ", f'<svg style="background: {charts.PAPER}" ', 1)
        said = " ".join(filter(None, (chart.caption, charts.note(chart))))
        return f"![{escaped(chart.title)}]({path})\n\n*{escaped(chart.title)}.* {escaped(said)}".rstrip()

    first = gallery.headline()
    parts = ["# What thinking longer buys", escaped(f"longthink, suite “{report.suite}”. {report.description}".strip())]
    said = [f"**{escaped(study.title)}:** {escaped(study.headline)}" for study, _ in report.panels if study.headline]
    parts.append("\n".join([report.answer, *(f"\n- {each}" for each in said)]))
    if first:
        parts.append("![The first picture](headline.svg)")
    parts += [f"> {escaped(gap)}" for gap in report.gaps]
    parts += ["## Where longthink lost", _outcomes(report.losses), escaped(report.not_counted)]
    parts += ["## Comparisons by study", _tally(report)]
    parts.append(grid(BY_STUDY, [[escaped(each) for each in row] for row in by_study(report)]))
    for study in report.studies:
        parts.append(f"## {escaped(study.title)}")
        if study.section is None:
            continue
        parts.append(_prose(study.section.text))
        parts += [picture(chart) for chart in study.section.charts]
        parts += [_table(table) for table in study.section.tables]
    parts += ["## All comparisons", _pairs(report)]
    if report.failures:
        parts.append("## Failures")
        parts += [
            f"- {escaped(f'{each.study} {dict(each.facts)}: {each.failure.kind}: {each.failure.message}')}"
            for each in report.failures
        ]
    parts += ["## The run", _run(report)]
    text = "\n\n".join(part for part in parts if part) + "\n"
    return {"report.md": text, **drawn, **first}


def escaped(text: str) -> str:
    """Text that Markdown shows as it is, on one line."""
    return re.sub(r"([\\`*_\[\]<>|#$~&@])", r"\\\1", " ".join(str(text).split()))


def _prose(text: str) -> str:
    """A section's own Markdown: its HTML is shown as text, and its headings stand below those of the report."""
    return re.sub(r"(?m)^(#+) ", r"##\1 ", text.replace("<", "&lt;"))


def grid(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _table(table: Table) -> str:
    rows = [[escaped(cell(value)) for value in row] for row in table.rows]
    made = f"**{escaped(table.title)}**\n\n" + grid([escaped(each) for each in table.columns], rows)
    return f"{made}\n\n{escaped(table.caption)}".rstrip()


def _outcomes(rows: Sequence[tuple[StudyReport, Judged]]) -> str:
    if not rows:
        return "Nowhere beyond chance."
    columns = [
        "study",
        "longthink",
        "other method",
        "measure",
        "at equal cost",
        "longthink",
        "other",
        "difference",
        "p",
    ]
    return grid(columns, [[escaped(each) for each in _row(study, judged)] for study, judged in rows])


def _row(study: StudyReport, judged: Judged) -> list[str]:
    of = judged.comparison
    values = [full(of.our_value), full(of.other_value), full(of.difference, signed=True)]
    return [study.title, of.ours, of.other, of.measure, of.at, *values, p_value(judged.p)]


def _tally(report: Report) -> str:
    return ", ".join(f"**{report.tally[verdict]}** {verdict}" for verdict in VERDICTS) + "."


def _pairs(report: Report) -> str:
    if not report.compared:
        return ""

    def side(each: Judged | None) -> str:
        if each is None:
            return ""
        of = each.comparison
        said = f"{of.at}: {estimate(of.our_value)} and {estimate(of.other_value)}, {full(of.difference, signed=True)}, "
        p = "exact" if each.p is None else f"p {p_value(each.p)}"
        return escaped(f"{said}{p}:") + f" **{each.verdict}**"

    rows = []
    for study, budget, time in pairs(report):
        of = (budget or time).comparison  # type: ignore[union-attr]
        rows.append(
            [escaped(study.title), escaped(f"{of.ours}, {of.other}"), escaped(of.measure), side(budget), side(time)]
        )
    return grid(["study", "longthink, other", "measure", "at equal budget", "at equal time"], rows)


BY_STUDY = ("study", "equal budget: ahead", "even", "behind", "equal time: ahead", "even", "behind")


def by_study(report: Report) -> list[list[str]]:
    """The verdicts of each study, counted: rows of `BY_STUDY`."""
    return [
        [study.title, *(str(study.count(verdict, equal)) for equal in ("budget", "time") for verdict in VERDICTS)]
        for study in report.studies
        if study.compared
    ]


def facts(report: Report) -> list[tuple[str, str]]:
    """What a reader needs to judge and to repeat the run, by name."""

    def named(values: Any) -> str:
        return ", ".join(f"{name} {value}" for name, value in values.items())

    found = [
        ("command", report.command),
        ("cases", f"{report.records:,} run, {len(report.failures)} failed, {len(report.missing)} missing"),
        ("work", f"{duration(report.seconds)}, {duration(report.cpu_seconds)} of processor time"),
        ("seeds", ranges(report.seeds) or "none"),
    ]
    for place in report.places:
        found.append(("machine", f"{named(place.environment.machine)} ({place.records:,} cases)"))
        found.append(("revision", place.environment.revision or "unknown"))
        found.append(("packages", named(place.environment.packages)))
    return [*found, ("written", report.written)]


def _run(report: Report) -> str:
    return grid(["", ""], [[name, escaped(value)] for name, value in facts(report)])
