"""`longthink compare`: run a suite of studies and write its report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import longthink as lt
from longthink.benchmarks.harness.compare import Run
from longthink.benchmarks.harness.plan import plan as plan_of
from longthink.benchmarks.harness.report import FORMATS
from longthink.command_line import DONE, INTERRUPTED, NOT_SOLVED
from longthink.commands.command import Command
from longthink.commands.output import Json, print_json
from longthink.options import names, option, whole

Formats = Annotated[tuple[str, ...], names(f"Formats of the report, among {', '.join(FORMATS)}.")]


def compare(
    suite: Annotated[str, option("A suite (longthink suites), a study (longthink studies), or a TOML file.")] = "quick",
    /,
    *,
    run_dir: Annotated[
        Path | None, option("A folder for the log and the report; default: runs/SUITE.", metavar="FOLDER")
    ] = None,
    set: Annotated[
        tuple[str, ...],
        option(
            "A setting of a study; may be repeated. The value is written as in TOML.",
            metavar="STUDY.FIELD=VALUE",
            show_default=False,
        ),
    ] = (),
    model: Annotated[str | None, option("The language model of all studies that have one.")] = None,
    workers: Annotated[
        int | None, whole("Cases that run at a time; default: one for each processor.", 1, metavar="N")
    ] = None,
    ray: Annotated[
        str | None, option("Run the cases on Ray: local, or the address of a cluster.", metavar="ADDRESS")
    ] = None,
    format: Formats = ("html", "json"),
    fresh: Annotated[bool, option("Start again; the old run is kept under another name.", show_default=False)] = False,
    plan: Annotated[
        bool, option("Show the cases of each study and how long they will take; run none.", show_default=False)
    ] = False,
    json: Json = False,
) -> int:
    """Compare search with the methods of each domain, at equal cost, and write a report.

    An interrupted comparison continues when the same command is run again. Ctrl-C ends it with a report.
    """
    if plan:
        expected = plan_of(suite, run_dir=run_dir, workers=workers, overrides=set, model=model, fresh=fresh)
        if json:
            print_json(**expected.as_dict())
        else:
            print(expected)
        return DONE
    made = lt.compare(
        suite,
        run_dir=run_dir,
        workers=workers,
        ray=ray,
        overrides=set,
        model=model,
        fresh=fresh,
        formats=format,
        progress=not json,
    )
    print_run(made, json)
    return INTERRUPTED if made.interrupted else NOT_SOLVED if made.failures else DONE


def print_run(made: Run, json: bool) -> None:
    """Print what a report says, and where it is."""
    if json:
        print_json(**made.report.as_dict())
        return
    print(made.summary)
    for path in made.files.values():
        print(f"report: {path}")


COMMAND = Command(
    compare,
    """  longthink compare quick           # ten minutes; again: continues an interrupted run
  longthink compare quick --plan    # its cases, and how long they will take
  longthink compare quick --fresh   # again from the start; the old run is kept
  longthink compare ladder --set ladder.pairs=4
  longthink compare mine.toml --workers 4 --format html,csv
  longthink compare smoke --json    # the smallest comparison, for machines""",
)
