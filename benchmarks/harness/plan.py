"""`plan`: what a comparison would run, and how long it will take. It runs nothing."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from longthink.benchmarks.harness import log
from longthink.benchmarks.harness.compare import processors, run_folder
from longthink.benchmarks.harness.record import JSON
from longthink.benchmarks.harness.run_progress import Forecast, duration
from longthink.benchmarks.harness.runner import unfinished
from longthink.benchmarks.harness.suite import load_suite, needed


@dataclass(frozen=True)
class StudyPlan:
    """The cases of one study. done: those with a record. quiet: those that run alone. seconds: of work that is left."""

    study: str
    cases: int
    done: int
    quiet: int
    seconds: float


@dataclass(frozen=True)
class Plan:
    """The cases of a suite. seconds: expected until the end, with this number of workers."""

    suite: str
    description: str
    folder: str
    workers: int
    studies: list[StudyPlan]
    seconds: float

    def as_dict(self) -> dict[str, JSON]:
        """As plain values, for JSON."""
        return asdict(self)

    def __str__(self) -> str:
        """As a table, for the terminal."""
        head = ("study", "cases", "done", "alone", "work left")
        rows = [
            (each.study, f"{each.cases:,}", f"{each.done:,}", f"{each.quiet:,}", duration(each.seconds))
            for each in self.studies
        ]
        widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
        shape = "  ".join([f"{{:<{widths[0]}}}", *(f"{{:>{width}}}" for width in widths[1:])])
        lines = [shape.format(*row) for row in (head, *rows)]
        cases = sum(each.cases - each.done for each in self.studies)
        lines.append(f"{cases:,} cases to run, {self.workers} at a time: about {duration(self.seconds)}")
        return "\n".join([f"{self.suite}: {self.description}", *lines])


def plan(
    suite: str | os.PathLike[str] = "quick",
    *,
    run_dir: str | os.PathLike[str] | None = None,
    workers: int | None = None,
    overrides: Iterable[str] = (),
    model: str | None = None,
    fresh: bool = False,
) -> Plan:
    """What `compare` would run with the same arguments, without the cases that the log in the run's folder has.

    Raises what `compare` raises before it runs a case.
    """
    resolved = load_suite(suite, overrides, model)
    folder = run_folder(resolved, run_dir)
    records = [] if fresh else log.read(folder / log.NAME)
    entries = resolved.entries()
    cases = needed(entries, records)
    left = {each.key for each in unfinished(cases, records)}
    studies = []
    for name in dict.fromkeys(each.study.name for each in cases):
        mine = [each for each in cases if each.study.name == name]
        todo = [each for each in mine if each.key in left]
        quiet, seconds = sum(each.case.quiet for each in todo), sum(each.case.cost for each in todo)
        studies.append(StudyPlan(name, len(mine), len(mine) - len(todo), quiet, seconds))
    workers = workers or processors()
    seconds = Forecast([each for each in cases if each.key in left], workers).seconds({})
    return Plan(resolved.name, resolved.description, os.fspath(folder), workers, studies, seconds)
