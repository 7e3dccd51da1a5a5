"""`longthink report`: make the report of one or several runs again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import longthink as lt
from longthink.command_line import DONE
from longthink.commands.command import Command
from longthink.commands.compare import Formats, print_run
from longthink.commands.output import Json
from longthink.options import option


def report(
    *runs: Annotated[Path, option("Folders of runs, or their logs.")],
    out: Annotated[
        Path | None, option("A folder for the report; default: that of the run, if there is one.", metavar="FOLDER")
    ] = None,
    format: Formats = ("html", "json"),
    json: Json = False,
) -> int:
    """Write a report from the logs of runs alone, also while a run goes on.

    If several runs have a record of a case, the last finished one counts.
    """
    print_run(lt.report(*runs, out=out, formats=format), json)
    return DONE


COMMAND = Command(
    report,
    """  longthink report runs/quick                             # again, from its log
  longthink report runs/quick --format html,md,pdf,csv
  longthink report runs/one runs/two --out runs/both       # of two runs together""",
)
