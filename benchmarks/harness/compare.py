"""`compare`: run the cases of a suite that are not in its log yet, and write a report from the log."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from longthink.benchmarks.harness.executor import Executor
from longthink.benchmarks.harness.log import NAME, RunLog, locked
from longthink.benchmarks.harness.ray_workers import RayWorkers
from longthink.benchmarks.harness.report import Report, check_formats, make_report, write_report
from longthink.benchmarks.harness.run_progress import watching
from longthink.benchmarks.harness.runner import Runner, unfinished
from longthink.benchmarks.harness.suite import Suite, load_suite, needed
from longthink.benchmarks.harness.workers import Workers
from longthink.errors import RunLogError
from longthink.files import write_file
from longthink.validation import whole_number

SUITE = "suite.toml"
"""The name of the resolved suite in the folder of a run."""


@dataclass(frozen=True)
class Run:
    """A comparison that was run. files: of its report, by format. interrupted: whether Ctrl-C ended it."""

    folder: Path
    report: Report
    files: Mapping[str, Path]
    interrupted: bool

    @property
    def log_path(self) -> Path:
        return self.folder / NAME

    @property
    def report_path(self) -> Path:
        return self.files["html"]

    @property
    def json_path(self) -> Path:
        return self.files["json"]

    @property
    def failures(self) -> int:
        """How many cases failed."""
        return len(self.report.failures)

    @property
    def missing(self) -> int:
        """How many cases did not run."""
        return len(self.report.missing)

    @property
    def summary(self) -> str:
        """The report in a few lines, and what to do if cases are missing or failed."""
        lines = [self.report.summary]
        if self.interrupted:
            lines.append(f"interrupted with {self.missing} cases to run; the same command continues from here")
        lines += [
            f"failed: {each.study}: {each.failure.kind}: {each.failure.message}" for each in self.report.failures[:3]
        ]
        if self.failures:
            lines.append(f"{self.failures} cases failed; the same command tries them again")
        return "\n".join(lines)


def compare(
    suite: str | os.PathLike[str] = "quick",
    *,
    run_dir: str | os.PathLike[str] | None = None,
    workers: int | None = None,
    ray: str | None = None,
    overrides: Iterable[str] = (),
    model: str | None = None,
    fresh: bool = False,
    progress: bool = False,
    formats: Sequence[str] = ("html", "json"),
) -> Run:
    """Run `suite`, or continue an interrupted run of it in `run_dir`, and write its report.

    suite: the name of a suite or of a study, or the path of a TOML file. run_dir: default "runs/SUITE". workers: how
    many processes run cases, default one for each processor. ray: "local" or the address of a Ray cluster; cases run
    there, one for each of its processors or `workers`. overrides: settings, each "STUDY.FIELD=VALUE". model: the
    language model of all studies that have the setting `model`. fresh: rename the folder of an old run and start again.
    progress: show the progress on the standard error. formats: of the report, among `report.FORMATS`.

    If a case fails, its error is recorded, the other cases run, and the next run tries it again. A case whose process
    is killed runs again, three times at most. A case that takes 30 times as long as expected, and over ten minutes, is
    ended. Ctrl-C ends the run with a report of what is done.

    Raises `UnknownNameError` and `ParameterError` for a suite or a setting, before any work; `RunLogError` if the log
    is damaged, cannot be written, or is written by another run; `MissingExtraError`.
    """
    if workers is not None:
        workers = whole_number("workers", workers, 1)
    check_formats(formats)
    overrides = list(overrides)
    resolved = load_suite(suite, overrides, model)
    entries = resolved.entries()
    folder = run_folder(resolved, run_dir)
    if fresh and folder.exists():
        _rename(folder)
    with RunLog(folder / NAME) as log:
        _write_suite(folder, resolved)
        interrupted = False
        cases = needed(entries, log.records)
        if todo := unfinished(cases, log.records):
            executor: Executor = Workers(workers or processors()) if ray is None else RayWorkers(ray, workers)
            with watching(todo, len(cases) - len(todo), executor.capacity, progress) as watcher:
                interrupted = Runner(entries, log, executor, watcher).run()
        cases = needed(entries, log.records)
        keys = {each.key for each in cases}
        records = [record for record in log.records if record.key in keys]
        settings = [word for each in overrides for word in ("--set", each)]
        if model is not None:
            settings += ["--model", model]
        report = make_report(
            resolved.name,
            records,
            planned=cases,
            description=resolved.description,
            command=shlex.join(["longthink", "compare", os.fspath(suite), *settings]),
        )
        return Run(folder, report, write_report(folder, report, records, formats), interrupted)


def run_folder(suite: Suite, run_dir: str | os.PathLike[str] | None) -> Path:
    """The folder of a run of this suite."""
    return Path(run_dir) if run_dir is not None else Path("runs") / suite.name


def _rename(folder: Path) -> None:
    """Give the folder of an old run another name. A run in progress keeps its folder."""
    aside = folder.with_name(f"{folder.name}-{datetime.now(UTC):%Y%m%dT%H%M%S}")
    with locked(folder / NAME):
        try:
            folder.rename(aside)
        except OSError as error:
            raise RunLogError(f"the old run {folder} cannot be renamed to {aside}: {error}") from error


def _write_suite(folder: Path, suite: Suite) -> None:
    try:
        write_file(folder / SUITE, suite.as_toml())
    except OSError as error:
        raise RunLogError(f"{folder / SUITE} cannot be written: {error}") from error


def processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
