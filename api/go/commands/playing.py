"""GTP commands that play: moves of both sides, and the board as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from longthink.errors import IllegalActionError
from longthink.games.go.game import vertex
from longthink.games.go.position import COLOURS
from longthink.go.commands.table import action, colour, command
from longthink.go.gtp import Answer, GtpError

if TYPE_CHECKING:
    from longthink.go.engine import Engine


@command("play", most=2)
def play(engine: Engine, arguments: list[str]) -> Answer:
    player = colour(arguments)
    if len(arguments) < 2:
        raise GtpError("play expects a color and a vertex")
    try:
        engine.record.play(player, action(engine, arguments[1]))
    except IllegalActionError as error:
        raise GtpError("illegal move") from error
    return ""


@command("genmove", most=1)
def genmove(engine: Engine, arguments: list[str]) -> Answer:
    return _generate(engine, arguments, cleanup=False)


@command("kgs-genmove_cleanup", most=1)
def genmove_cleanup(engine: Engine, arguments: list[str]) -> Answer:
    return _generate(engine, arguments, cleanup=True)


def _generate(engine: Engine, arguments: list[str], cleanup: bool) -> str:
    player = colour(arguments)
    move = engine.choose(player, cleanup)
    engine.play(player, move)
    return move


@command("reg_genmove", most=1)
def reg_genmove(engine: Engine, arguments: list[str]) -> Answer:
    return engine.advise(colour(arguments))


@command("undo")
def undo(engine: Engine, arguments: list[str]) -> Answer:
    try:
        engine.record.undo()
    except IllegalActionError as error:
        raise GtpError("cannot undo") from error
    return ""


@command("showboard")
def showboard(engine: Engine, arguments: list[str]) -> Answer:
    record = engine.record
    board, size = record.board(), record.size
    columns = "   " + " ".join(vertex(size, point)[0] for point in range(size))
    rows = [
        f"{row + 1:2} " + " ".join(".XO"[board[row * size + column]] for column in range(size)) + f" {row + 1}"
        for row in reversed(range(size))
    ]
    black, white = record.captured(board)
    rows[0] += f"   {COLOURS[record.to_play].capitalize()} (to play), move {len(record.moves) + 1}"
    rows[-1] += f"   captured: {black} black (X), {white} white (O)"
    return "\n" + "\n".join([columns, *rows, columns])
