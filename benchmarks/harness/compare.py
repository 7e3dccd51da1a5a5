"""`compare`: run the jobs of a suite that are not in its log yet, and write a report from the log."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from longthink.benchmarks.harness.environment import machine, versions
from longthink.benchmarks.harness.job import Job, Progress
from longthink.benchmarks.harness.job_suite import suite as find_suite
from longthink.benchmarks.harness.old_report import write_report
from longthink.benchmarks.harness.run_log import RunLog, locked
from longthink.errors import LongthinkError, MissingExtraError, RunLogError


@dataclass(frozen=True)
class Run:
    """A comparison that was run: its files and its result."""

    report_path: Path
    json_path: Path
    log_path: Path
    summary: str
    failures: int
    missing: int
    interrupted: bool


def compare(
    suite: str = "quick",
    *,
    run_dir: Path | str | None = None,
    model: str | None = None,
    fresh: bool = False,
    progress: bool = False,
) -> Run:
    """Run `suite`, or continue an interrupted run of it in `run_dir`, and write its report.

    run_dir: default "runs/SUITE". model: the language model by name, default the embedded one. fresh: rename the folder
    of an old run and start again. progress: show bars on the terminal. If a job fails, its error is recorded, the other
    jobs run, and the next run tries it again. Ctrl-C ends the run with a report of what is done.

    Raises `UnknownNameError`, `RunLogError`, `MissingExtraError`.
    """
    jobs = find_suite(suite, model)
    folder = Path(run_dir) if run_dir is not None else Path("runs") / suite
    log_path = folder / "log.jsonl"
    if fresh and folder.exists():
        aside = folder.with_name(f"{folder.name}-{datetime.now(UTC):%Y%m%dT%H%M%S}")
        with locked(log_path):  # a run in progress keeps its folder
            try:
                folder.rename(aside)
            except OSError as error:
                raise RunLogError(f"the old run {folder} cannot be renamed to {aside}: {error}") from error
    interrupted = False
    with RunLog(log_path) as log:
        done = {record["key"] for record in log.records if "result" in record}
        todo = [job for job in jobs if job.key not in done]
        environment = {"versions": versions(), "machine": machine()}
        with _bars(jobs, todo, progress) as begin:
            try:
                for job in todo:
                    log.append(_record(job, begin(job), environment))
            except KeyboardInterrupt:
                interrupted = True
        wanted = {job.key for job in jobs}
        records = [record for record in log.records if record["key"] in wanted]
    finished = {record["key"] for record in records if "result" in record}
    failed = {
        record["key"]: record["error"] for record in records if "error" in record and record["key"] not in finished
    }
    missing = [job for job in jobs if job.key not in finished and job.key not in failed]
    report = write_report(folder, suite, records, failed, len(missing))
    summary = report.summary
    if interrupted:
        summary += f"\ninterrupted with {len(missing)} of {len(jobs)} jobs to do; the same command continues from here"
    for reason in list(failed.values())[:3]:
        summary += f"\nfailed: {reason}"
    if failed:
        summary += f"\n{len(failed)} of {len(jobs)} jobs failed; the same command tries them again"
    return Run(report.html_path, report.json_path, log_path, summary, len(failed), len(missing), interrupted)


def _record(job: Job, progress: Progress, environment: dict[str, Any]) -> dict[str, Any]:
    """Run one job and return its record for the log."""
    record: dict[str, Any] = {
        "key": job.key,
        "domain": job.domain,
        "method": job.method,
        "config": dict(job.config),
        "seed": job.config.get("seed"),
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    started = time.perf_counter()
    try:
        result = dict(job.run(progress))
        record |= {"spent": result.pop("spent"), "result": result}
    except MissingExtraError:  # the library is missing for every job
        raise
    except (LongthinkError, OSError, MemoryError) as error:
        record["error"] = f"{job.domain}, {job.method}: {error}"
    return record | {"seconds": round(time.perf_counter() - started, 3), **environment}


@contextmanager
def _bars(jobs: list[Job], todo: list[Job], show: bool) -> Iterator[Callable[[Job], Progress]]:
    """Yields a function that begins a job and returns its `Progress`: bars on a terminal, else a line now and then."""
    if not show:
        yield lambda job: lambda share: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    console, total = Console(stderr=True), sum(job.weight for job in todo)
    before, count, next_line = 0.0, len(jobs) - len(todo), 0.0
    columns = (BarColumn(), TaskProgressColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Bars(TextColumn("{task.description:<44}"), *columns, console=console, disable=not console.is_terminal) as bars:
        whole, current = bars.add_task("", total=total), bars.add_task("", total=1.0)

        def begin(job: Job) -> Progress:
            nonlocal before, count, next_line
            start, before, count = before, before + job.weight, count + 1
            bars.update(whole, completed=start, description=f"job {count} of {len(jobs)}")
            bars.update(current, completed=0.0, description=f"{job.domain}: {job.method}")
            if not console.is_terminal and start / total >= next_line:
                console.print(f"job {count} of {len(jobs)}: {job.domain}, {job.method}")
                next_line = start / total + 0.1

            def on_share(share: float) -> None:
                bars.update(whole, completed=start + job.weight * min(1.0, share))
                bars.update(current, completed=min(1.0, share))

            return on_share

        yield begin
        bars.update(whole, completed=total)
