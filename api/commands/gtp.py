"""`longthink gtp`: a Go engine for other programs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

from longthink.commands.command import Command
from longthink.options import option, real, seconds, seed, whole


def gtp(
    *,
    size: Annotated[int, whole("Size of the board, until the other program sets it.", 1)] = 19,
    komi: Annotated[float, real("Komi, until the other program sets it.")] = 7.5,
    rules: Annotated[
        Literal["chinese", "aga", "new_zealand", "tromp_taylor", "japanese"],
        option("Rules, until the other program sets them."),
    ] = "chinese",
    seconds: Annotated[
        float | None, seconds("Time of a move; default: as the clock allows, and 3 without a clock.")
    ] = None,
    simulations: Annotated[int | None, whole("Simulations of a move.", 1)] = None,
    average: Annotated[float | None, seconds("Processor seconds of a move on average.")] = None,
    threads: Annotated[int, whole("Threads of the search.", 1)] = 1,
    memory: Annotated[int, whole("Memory of the search tree, in MiB.", 1, metavar="MIB")] = 1024,
    seed: Annotated[int, seed("Seed of the search.")] = 0,
    resign: Annotated[float, real("Resign below this win rate; 0 for never.", 0, 1)] = 0.05,
    lag: Annotated[float, real("Seconds of each move's time that are not used.", 0, metavar="SECONDS")] = 0.1,
    ponder: Annotated[bool, option("Think also in the other side's time.", show_default=False)] = False,
    log: Annotated[Path | None, option("A file for all commands and answers.", metavar="FILE")] = None,
) -> int:
    """Play Go for another program, by the Go Text Protocol on standard input and output."""
    from longthink.go.engine import EngineOptions
    from longthink.go.gtp import run

    options = EngineOptions(
        size=size,
        komi=komi,
        simulations=simulations,
        seconds=seconds,
        average=average,
        threads=threads,
        memory_bytes=memory << 20,
        seed=seed,
        rules=rules,
        resign=resign,
        lag=lag,
    )
    return run(options, sys.stdin.buffer, sys.stdout.buffer, ponder=ponder, log_file=log)


COMMAND = Command(
    gtp,
    """  longthink gtp                                # for Sabaki, GoGui, Lizzie, ...
  longthink gtp --size 9 --simulations 20000   # the same for every move
  longthink gtp --threads 2 --memory 2048 --seconds 10
  printf 'boardsize 9\\ngenmove b\\nshowboard\\n' | longthink gtp --seconds 1""",
)
