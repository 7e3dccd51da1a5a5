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
    instructions: Annotated[
        bool,
        option("Count instructions of the compiled kernels with valgrind, instead of seconds.", show_default=False),
    ] = False,
    compare: Annotated[
        Path | None, option("Results of an earlier run, to show what became faster or slower.", metavar="FILE")
    ] = None,
    json: Annotated[Path | None, option("A file for all results.", metavar="FILE")] = None,
) -> int:
    """Run the speed benchmarks, with other libraries for comparison."""
    for module in () if instructions else ("pytest", "pytest_benchmark"):
        require(module, "perf")
    from longthink.benchmarks.perf import instructions as counting
    from longthink.benchmarks.perf import speeds
    from longthink.benchmarks.perf.summary import compared, read, summary

    check_folder("json", json)
    earlier = None if compare is None else read(compare)
    run = counting.count_instructions if instructions else speeds.measure
    results = run(keyword, lambda text: print(text, end="", file=sys.stderr, flush=True)).as_dict()
    if json is not None:
        write_file(json, json_format.dumps(results, indent=1) + "\n")
    print(summary(results))
    if earlier is not None:
        print("\n" + compared(results, earlier))
    if results["interrupted"]:
        return INTERRUPTED
    found = results["instructions"] if instructions else results["seconds"] or results["given_up"]
    if not found and not results["failed"]:
        raise lt.ParameterError(f"no benchmark matches -k {keyword!r}; longthink perf runs all")
    return NOT_SOLVED if results["failed"] or results.get("given_up") else DONE


COMMAND = Command(
    perf,
    """  longthink perf                        # all benchmarks; it says how long that takes
  longthink perf -k connect_four        # some of them
  longthink perf --json before.json     # with all results in a file
  longthink perf --compare before.json  # what became faster or slower since then
  longthink perf --instructions         # instruction counts, where timings are noise""",
)
