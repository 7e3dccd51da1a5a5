"""`longthink compare`: run a suite of comparisons and write its report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import longthink as lt
from longthink.command_line import DONE, INTERRUPTED, NOT_SOLVED
from longthink.commands.command import Command
from longthink.commands.output import Json
from longthink.options import option


def compare(
    suite: Annotated[str, option("A suite: smoke, quick, or another one of the documentation.")] = "quick",
    /,
    *,
    run_dir: Annotated[
        Path | None, option("A folder for the log and the report; default: runs/SUITE.", metavar="FOLDER")
    ] = None,
    model: Annotated[str | None, option("The language model; default: the embedded one.")] = None,
    fresh: Annotated[bool, option("Start again; the old run is kept under another name.", show_default=False)] = False,
    json: Json = False,
) -> int:
    """Compare search with the methods of each domain, on equal budgets, and write a report.

    An interrupted comparison continues when the same command is run again.
    """
    made = lt.compare(suite, run_dir=run_dir, model=model, fresh=fresh, progress=not json)
    if json:
        print(made.json_path.read_text())
    else:
        print(made.summary)
        print(f"report: {made.report_path}")
    return INTERRUPTED if made.interrupted else NOT_SOLVED if made.failures else DONE


COMMAND = Command(
    compare,
    """  longthink compare quick           # poker, connect four, Countdown: ten minutes
  longthink compare quick           # again: continues an interrupted run
  longthink compare quick --fresh   # again from the start; the old run is kept
  longthink compare smoke --json    # the smallest comparison, for machines""",
)
