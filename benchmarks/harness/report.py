"""`Report`: what the records of a run say, as plain data; and the files that show it.

`make_report` asks each study for its section, and judges the comparisons. render/ draws the report: a page, Markdown,
PDF, JSON or CSV tables. Everything comes from records, so a report can be made again at any time from logs alone.
"""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from textwrap import shorten
from typing import Any

from longthink.benchmarks.harness.metrics.verdicts import Verdict, verdicts
from longthink.benchmarks.harness.record import JSON, Environment, Failure, Record
from longthink.benchmarks.harness.section import Chart, Comparison, Section, check_section
from longthink.benchmarks.harness.studies import STUDIES
from longthink.benchmarks.harness.suite import Planned
from longthink.errors import ParameterError, RunLogError, UnknownNameError, require
from longthink.files import write_file

LINE, LOSSES = 200, 12
"""The longest headline of a study and the most losses in the summary for the terminal; the report has all."""
VERDICTS: tuple[Verdict, ...] = ("ahead", "even", "behind")


@dataclass(frozen=True)
class Judged:
    """A comparison and its verdict. p: corrected by Holm's method; None if there is no randomness."""

    comparison: Comparison
    verdict: Verdict
    p: float | None


@dataclass(frozen=True)
class StudyReport:
    """The part of one study.

    section: without its comparisons, which are in `compared`; None if the study could not make it: then `problem` says
    why. finished, failed, missing: numbers of cases. old: records of other versions of the study, which do not count.
    seconds: of work.
    """

    study: str
    version: int
    section: Section | None
    compared: Sequence[Judged] = ()
    problem: Failure | None = None
    finished: int = 0
    failed: int = 0
    missing: int = 0
    old: int = 0
    seconds: float = 0.0

    def count(self, verdict: Verdict, equal: str) -> int:
        """How many comparisons at equal "budget" or "time" have a verdict."""
        return sum(each.verdict == verdict and each.comparison.equal == equal for each in self.compared)

    @property
    def headline(self) -> str:
        """The line of the section, without marks of Markdown."""
        from longthink.benchmarks.harness.render.prose import plain

        return plain(self.section.headline) if self.section is not None else ""

    @property
    def title(self) -> str:
        return self.section.title if self.section is not None else self.study


@dataclass(frozen=True)
class FailedCase:
    """A case that failed in the run."""

    key: str
    study: str
    facts: Mapping[str, JSON]
    failure: Failure


@dataclass(frozen=True)
class MissingCase:
    """A case that the suite asks for and that has no record."""

    key: str
    study: str
    facts: Mapping[str, JSON]


@dataclass(frozen=True)
class Place:
    """An environment, and how many records were made there."""

    environment: Environment
    records: int


@dataclass(frozen=True)
class Report:
    """What the records of a run say.

    suite, description: of the suite. command: rebuilds the report. written: the time of day in UTC, ISO 8601. seeds: of
    all records. seconds, cpu_seconds: of work, summed over cases.
    """

    suite: str
    description: str
    command: str
    written: str
    studies: Sequence[StudyReport] = ()
    failures: Sequence[FailedCase] = ()
    missing: Sequence[MissingCase] = ()
    places: Sequence[Place] = ()
    seeds: Sequence[int] = ()
    records: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0

    def as_dict(self) -> dict[str, JSON]:
        """As plain values, for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, JSON]) -> Report:
        """The report of `as_dict`. Raises `ParameterError` for other values."""
        pydantic = require("pydantic", "compare")
        try:
            report: Report = pydantic.TypeAdapter(cls).validate_python(values)
        except pydantic.ValidationError as error:
            raise ParameterError(f"expected the values of Report.as_dict, got others: {error}") from error
        return report

    @cached_property
    def compared(self) -> list[tuple[StudyReport, Judged]]:
        """The comparisons of all studies."""
        return [(study, each) for study in self.studies for each in study.compared]

    @cached_property
    def tally(self) -> dict[Verdict, int]:
        """How many comparisons have each verdict."""
        counts = Counter(each.verdict for _, each in self.compared)
        return {verdict: counts[verdict] for verdict in VERDICTS}

    @cached_property
    def losses(self) -> list[tuple[StudyReport, Judged]]:
        """The comparisons in which longthink is behind."""
        return [(study, each) for study, each in self.compared if each.verdict == "behind"]

    @cached_property
    def below(self) -> int:
        """In how many even comparisons the other method has the better value."""
        return sum(
            each.comparison.difference.value * (1 if each.comparison.higher_is_better else -1) < 0
            for _, each in self.compared
            if each.verdict == "even"
        )

    @property
    def not_counted(self) -> str:
        """What the list of losses leaves out, as a sentence; "" if it is complete."""
        if not self.below:
            return ""
        return (
            f"In {self.below} of the {self.tally['even']} even comparisons, the other method has the better value; the "
            "difference is within chance or below 1%."
        )

    @cached_property
    def panels(self) -> list[tuple[StudyReport, Chart]]:
        """The panels of the first picture."""
        return [(s, s.section.panel) for s in self.studies if s.section is not None and s.section.panel is not None]

    @cached_property
    def charts(self) -> list[Chart]:
        """The charts of all studies, panels first. A method has one colour in all of them."""
        panels = [panel for _, panel in self.panels]
        return panels + [chart for s in self.studies if s.section is not None for chart in s.section.charts]

    @property
    def answer(self) -> str:
        """The report in one paragraph."""
        if not self.compared:
            return "No comparison is finished yet."
        wins, evens, losses = (self.tally[verdict] for verdict in VERDICTS)
        return (
            f"In {len(self.compared)} comparisons at equal cost, longthink is ahead in {wins}, even in {evens} and "
            f"behind in {losses}."
        )

    @property
    def gaps(self) -> list[str]:
        """What the report does not cover, one sentence each."""
        found = []
        if self.missing:
            found.append(f"{counted(len(self.missing), 'case')} of the suite did not run yet.")
        if self.failures:
            found.append(f"{counted(len(self.failures), 'case')} failed.")
        for study in self.studies:
            if study.problem is not None:
                found.append(f"Study {study.study} could not make its section: {study.problem.message}")
            if study.old:
                verb = "is" if study.old == 1 else "are"
                old = f"{counted(study.old, 'record')} of other versions of study {study.study}"
                found.append(f"{old} {verb} not part of this report.")
        return found

    @property
    def summary(self) -> str:
        """The report in a few lines, for the terminal."""
        from longthink.benchmarks.harness.numbers import duration, one_line

        lines = [f"suite {self.suite}: {counted(self.records, 'case')}, {duration(self.seconds)} of work"]
        for study in self.studies:
            said = "no section, see below" if study.section is None else study.headline
            said = shorten(said or counted(study.finished, "case"), LINE, placeholder=" ...")
            lines.append(f"  {study.study:<12} {said}")
        lines.append(f"  {self.answer}")
        lines += [f"  behind: {study.study}, {one_line(each.comparison)}" for study, each in self.losses[:LOSSES]]
        if len(self.losses) > LOSSES:
            lines.append(f"  behind: {len(self.losses) - LOSSES} more, all in the report")
        lines += [f"  note: {gap}" for gap in self.gaps]
        return "\n".join(lines)


@dataclass
class _Work:
    """The records of one study, sorted out."""

    version: int
    finished: list[Record] = field(default_factory=list)
    failed: list[Record] = field(default_factory=list)
    old: int = 0


def make_report(
    suite: str,
    records: Sequence[Record],
    *,
    planned: Sequence[Planned] = (),
    description: str = "",
    command: str = "",
) -> Report:
    """The report of these records.

    planned: the cases of the suite; those without a record are listed as missing. A study whose section raises is named
    in the report, and the sections of the others are made.
    """
    work = _sorted_out(records, planned)
    done = {record.key for record in records}
    missing = [
        MissingCase(each.key, each.study.name, dict(each.case.facts)) for each in planned if each.key not in done
    ]
    counted_records = [r for each in work.values() for r in (*each.finished, *each.failed)]
    places: list[Place] = []
    for record in counted_records:
        at = next((i for i, place in enumerate(places) if place.environment == record.environment), None)
        if at is None:
            places.append(Place(record.environment, 1))
        else:
            places[at] = replace(places[at], records=places[at].records + 1)
    seeds = {seed for r in counted_records if isinstance(seed := r.fact("seed"), int)}
    return Report(
        suite=suite,
        description=description,
        command=command or f"longthink compare {suite}",
        written=datetime.now(UTC).isoformat(timespec="seconds"),
        studies=[_study_report(name, each, missing) for name, each in work.items()],
        failures=[
            FailedCase(r.key, r.study, dict(r.facts), r.failure) for r in counted_records if r.failure is not None
        ],
        missing=missing,
        places=places,
        seeds=sorted(seeds),
        records=len(counted_records),
        seconds=sum(r.seconds for r in counted_records),
        cpu_seconds=sum(r.cpu_seconds for r in counted_records),
    )


def _sorted_out(records: Sequence[Record], planned: Sequence[Planned]) -> dict[str, _Work]:
    """The records by study, in the order of the plan; of two records of a case, the last one counts."""
    work = {each.study.name: _Work(each.study.version) for each in planned}
    for record in {record.key: record for record in records}.values():
        if record.study not in work:
            known = record.study in STUDIES.names()
            work[record.study] = _Work(STUDIES[record.study].version if known else record.version)
        mine = work[record.study]
        if record.version != mine.version:
            mine.old += 1
        elif record.outcome is not None:
            mine.finished.append(record)
        else:
            mine.failed.append(record)
    return work


def _study_report(name: str, work: _Work, missing: Sequence[MissingCase]) -> StudyReport:
    section, compared, problem = None, [], None
    try:
        section = STUDIES[name]().section(work.finished)
        check_section(section)
        judged = zip(section.comparisons, verdicts(section.comparisons), strict=True)
        compared = [Judged(comparison, verdict, p) for comparison, (verdict, p) in judged]
        section = replace(section, comparisons=())
    except UnknownNameError as error:
        problem = Failure(type(error).__name__, str(error))
    except Exception as error:  # a study of a user may raise anything; the others must not suffer from it
        section = None
        problem = Failure(type(error).__name__, f"{type(error).__name__}: {error}", traceback.format_exc())
    return StudyReport(
        study=name,
        version=work.version,
        section=section,
        compared=compared,
        problem=problem,
        finished=len(work.finished),
        failed=len(work.failed),
        missing=sum(each.study == name for each in missing),
        old=work.old,
        seconds=sum(r.seconds for r in (*work.finished, *work.failed)),
    )


def counted(number: int, noun: str) -> str:
    """For example "1 case", "2,000 cases"."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


FORMATS = ("html", "json", "md", "pdf", "csv", "inspect")


_CHARTS = (("altair", "compare"), ("vl_convert", "compare"))
_LIBRARIES = {
    "html": (*_CHARTS, ("jinja2", "compare"), ("markdown_it", "compare")),
    "md": _CHARTS,
    "pdf": (*_CHARTS, ("markdown_it", "compare"), ("typst", "pdf")),
    "inspect": (("inspect_ai", "inspect"),),
}


def check_formats(formats: Sequence[str]) -> None:
    """Raise `ParameterError` for a format that no report has, `MissingExtraError` if the library of one is missing."""
    for name in formats:
        if name not in FORMATS:
            raise ParameterError(f"a format of a report expects one of {', '.join(FORMATS)}; got {name!r}")
        for module, extra in _LIBRARIES.get(name, ()):
            require(module, extra)


def write_report(
    folder: str | Path, report: Report, records: Sequence[Record], formats: Sequence[str] = ("html", "json")
) -> dict[str, Path]:
    """Write the report into `folder`, in each of these formats: report.html and so on; csv is a zip of tables.

    The first picture becomes headline.svg and headline.png. Returns the path of the file of each format.

    Raises `ParameterError` for another format, `MissingExtraError` without a library that a format needs, and
    `RunLogError` if a file cannot be written.
    """
    from longthink.benchmarks.harness.render import render
    from longthink.benchmarks.harness.render.charts import Gallery

    folder = Path(folder)
    check_formats(formats)
    paths = {}
    gallery = Gallery(report.charts, [panel for _, panel in report.panels])
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in formats:
            files: Mapping[str, Any] = render(name, report, records, gallery)
            for path, content in files.items():
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                write_file(folder / path, content)
            if files:  # logs of Inspect need records
                paths[name] = folder / next(iter(files))
    except OSError as error:
        raise RunLogError(
            f"the report cannot be written to {folder}: {error}; the log of the run is complete"
        ) from error
    return paths
