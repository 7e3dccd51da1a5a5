"""`report`: a report from the logs of runs alone, at any time, also while a run goes on."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from pathlib import Path

from longthink.benchmarks.harness import log
from longthink.benchmarks.harness.compare import SUITE, Run
from longthink.benchmarks.harness.report import make_report, write_report
from longthink.benchmarks.harness.suite import Planned, Suite, load_suite, needed
from longthink.errors import LongthinkError, ParameterError


def report(
    *runs: str | os.PathLike[str],
    out: str | os.PathLike[str] | None = None,
    formats: Sequence[str] = ("html", "json"),
) -> Run:
    """Write a report from the logs of one or several runs.

    runs: their folders, or their logs. If a case has several records, the last finished one counts, and later runs come
    last. out: the folder of the report; default: the folder of the run, if there is one run. formats: as of `compare`.
    The report has the cases of the suites that are stored in the folders, and lists what is missing of them; without
    such a suite, it has all records.

    Raises `RunLogError` if a log is missing or damaged, `ParameterError`, `MissingExtraError`.
    """
    if not runs or (len(runs) > 1 and out is None):
        raise ParameterError("a report expects one run, or several and `out`, the folder of the report")
    logs = [log.find_log(run) for run in runs]
    folder = logs[0].parent if out is None else Path(out)
    planned_by = [_planned(path) for path in logs]
    suites = [each for each, _ in filter(None, planned_by)]
    records = log.merge(logs)
    planned = needed([entry for _, entries in filter(None, planned_by) for entry in entries], records)
    if len(suites) == len(logs):
        keys = {each.key for each in planned}
        records = [record for record in records if record.key in keys]
    made = make_report(
        " + ".join(dict.fromkeys(suite.name for suite in suites)) or folder.name,
        records,
        planned=planned,
        description=" ".join(dict.fromkeys(suite.description for suite in suites)),
        command=shlex.join(["longthink", "report", *map(str, runs), *([] if out is None else ["--out", str(out)])]),
    )
    return Run(folder, made, write_report(folder, made, records, formats), interrupted=False)


def _planned(path: Path) -> tuple[Suite, list[list[Planned]]] | None:
    """The suite beside a log, and its cases; None if there is none, or if it cannot be planned here.

    A log is enough for a report: a study or a setting may have another name now, a model may be on another machine.
    """
    if not path.with_name(SUITE).is_file():
        return None
    try:
        suite = load_suite(path.with_name(SUITE))
        return suite, suite.entries()
    except LongthinkError:
        return None
