"""`longthink perf`: the speed benchmarks."""

from __future__ import annotations

import json as json_format
import sys
from pathlib import Path
from typing import Annotated

import longthink as lt
from longthink.command_line import DONE, INTERRUPTED, NOT_SOLVED
from longthink.commands.command import Command
from longthink.commands.output import check_folder
from longthink.errors import require
from longthink.files import write_file
from longthink.options import option


def perf(
    *,
    keyword: Annotated[
        str | None,
        option("Only the benchmarks whose names match.", name=("--keyword", "-k"), metavar="EXPRESSION"),
    ] = None,
    json: Annotated[Path | None, option("A file for all figures of pytest-benchmark.", metavar="FILE")] = None,
) -> int:
    """Run the speed benchmarks, with other libraries for comparison."""
    for module in ("pytest", "pytest_benchmark"):
        require(module, "perf")
    from longthink.benchmarks.perf.speeds import measure, table

    check_folder("json", json)
    speeds = measure(keyword, lambda text: print(text, end="", file=sys.stderr, flush=True))
    if json is not None:
        write_file(json, json_format.dumps(speeds.as_dict(), indent=1) + "\n")
    print(table(speeds))
    if speeds.interrupted:
        return INTERRUPTED
    if not speeds.seconds and not speeds.failed and not speeds.given_up:
        raise lt.ParameterError(f"no benchmark matches -k {keyword!r}; longthink perf runs all")
    return NOT_SOLVED if speeds.failed or speeds.given_up else DONE


COMMAND = Command(
    perf,
    """  longthink perf                      # all benchmarks; it says how long that takes
  longthink perf -k connect_four      # some of them
  longthink perf --json speeds.json   # with all figures in a file""",
)
