"""`longthink match`: a match of Go between two programs."""

from __future__ import annotations

import json as json_format
import sys
from pathlib import Path
from typing import Annotated, Any

from longthink.benchmarks.harness import gtp_match
from longthink.benchmarks.harness.run_log import read
from longthink.benchmarks.peers.gtp_player import TIMEOUT
from longthink.command_line import DONE, NOT_SOLVED
from longthink.commands.command import Command
from longthink.commands.output import Json
from longthink.options import option, real, seconds, whole


def match(
    *,
    opponent: Annotated[str, option("The command line of a Go program that speaks GTP.", metavar="COMMAND")],
    engine: Annotated[str, option("The program that plays for us.", metavar="COMMAND")] = gtp_match.OURS,
    judge: Annotated[
        str, option("The program that counts the score; default: the opponent.", metavar="COMMAND", show_default=False)
    ] = "",
    games: Annotated[int, whole("Games in all, with those in the log.", 0)] = 20,
    size: Annotated[int, whole("Size of the board.", 1)] = 9,
    komi: Annotated[float, real("Komi.")] = 7.5,
    opening: Annotated[int, whole("Random moves before the programs play.", 0, metavar="MOVES")] = 2,
    max_moves: Annotated[int, whole("Moves after which the board is counted; 0: 3 for each point.", 0)] = 0,
    timeout: Annotated[float, seconds("Time for one answer of a program.")] = TIMEOUT,
    concurrency: Annotated[int, whole("Games at a time.", 1)] = 1,
    run_dir: Annotated[Path, option("A folder for the log and the games.", metavar="FOLDER")] = Path("runs/match"),
    seed: Annotated[int, whole("Seed of the openings.", 0)] = 1,
    summary: Annotated[
        bool, option("Print the summary of the log; play no games.", name="--summary", show_default=False)
    ] = False,
    json: Json = False,
) -> int:
    """Play a match of Go between two programs, and check the score of every game.

    In a command line, {seed} becomes the number of the game.
    """
    settings = gtp_match.MatchSettings(opponent, engine, judge, size, komi, opening, max_moves, seed)

    def show(record: dict[str, Any]) -> None:
        if "failed" in record:
            print(f"a game failed: {record['failed']}", file=sys.stderr)
        elif not json:
            print(_line(record), flush=True)

    if summary:
        found = gtp_match.summary(settings, read(run_dir / "games.jsonl"))
    else:
        found = gtp_match.play_match(settings, games, run_dir, concurrency=concurrency, timeout=timeout, on_record=show)
    print(json_format.dumps(found, indent=1) if json else gtp_match.as_text(found))
    lost = found["wins"] < found["games"] / 2
    return NOT_SOLVED if lost or not found["games"] or found.get("failed") else DONE


def _line(record: dict[str, Any]) -> str:
    """One finished game."""
    side = "Black" if record["colour"] == "b" else "White"
    word = {1.0: "won", 0.0: "lost"}.get(record["won"], "drawn")
    cpu = "CPU {:g} and {:g} s".format(*record["cpu_seconds"])
    scores = "".join(f", {who} {score}" for who, score in record["scores"].items())
    return (
        f"game {record['game']}: {word} as {side}, {record['result']} ({record['how']}) "
        f"in {record['moves']} moves, {cpu}{scores}"
    )


COMMAND = Command(
    match,
    """  longthink match --opponent "gnugo --mode gtp --chinese-rules" --games 100
  longthink match --opponent "gnugo --mode gtp" --engine "longthink gtp --seconds 1"
  longthink match --opponent ... --judge "gnugo --mode gtp"   # counts the score""",
)
