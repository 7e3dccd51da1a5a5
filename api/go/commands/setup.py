"""GTP commands that set up a game: board, komi, rules, handicap, and games from SGF files."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from longthink.errors import ParameterError
from longthink.files import write_file
from longthink.games.go.handicap import fixed_handicap, most_handicap
from longthink.games.go.position import COLOURS
from longthink.games.go.record import GoRecord
from longthink.games.go.rules import RULES
from longthink.games.go.sgf import rules_of
from longthink.go.commands.table import ANY_NUMBER, action, command, integer, number, vertices
from longthink.go.gtp import Answer, GtpError
from longthink.validation import shown

if TYPE_CHECKING:
    from longthink.go.engine import Engine


@command("boardsize", "rectangular_boardsize", most=2)
def boardsize(engine: Engine, arguments: list[str]) -> Answer:
    size = integer(arguments, 0)
    if len(arguments) > 1 and integer(arguments, 1) != size:
        raise GtpError("unacceptable size")  # boards are square
    try:
        record = GoRecord(size, engine.record.komi, engine.record.rules)
    except ParameterError as error:
        raise GtpError("unacceptable size") from error
    engine.begin(record)
    return ""


@command("clear_board")
def clear_board(engine: Engine, arguments: list[str]) -> Answer:
    engine.record.clear()
    engine.begin(engine.record)
    return ""


@command("komi", most=1)
def komi(engine: Engine, arguments: list[str]) -> Answer:
    engine.record.set_komi(number(arguments, 0))
    return ""


@command("kgs-rules", "kata-set-rules", most=1)
def set_rules(engine: Engine, arguments: list[str]) -> Answer:
    name = arguments[0] if arguments else ""
    rules = rules_of(name)
    if rules is None:
        raise GtpError(f"unknown rules: {shown(name)}; expected one of {', '.join(RULES)}")
    engine.record.set_rules(rules)
    return ""


@command("get_komi")
def get_komi(engine: Engine, arguments: list[str]) -> Answer:
    return f"{engine.record.komi:g}"


@command("query_boardsize")
def query_boardsize(engine: Engine, arguments: list[str]) -> Answer:
    return str(engine.record.size)


# ---- Handicaps ----


@command("fixed_handicap", most=1)
def place_fixed_handicap(engine: Engine, arguments: list[str]) -> Answer:
    return _place(engine, _fixed_points(engine, integer(arguments, 0)))


@command("place_free_handicap", most=1)
def place_free_handicap(engine: Engine, arguments: list[str]) -> Answer:
    stones, size = integer(arguments, 0), engine.record.size
    if not 2 <= stones < size**2:
        raise GtpError("invalid number of stones")
    return _place(engine, _fixed_points(engine, min(stones, most_handicap(size))))


@command("set_free_handicap", most=ANY_NUMBER)
def set_free_handicap(engine: Engine, arguments: list[str]) -> Answer:
    points = [action(engine, each) for each in arguments]
    if not 2 <= len(points) < engine.record.size**2:
        raise GtpError("invalid number of stones")
    if len(set(points)) < len(points) or engine.record.pass_action in points:
        raise GtpError("bad vertex list")
    _place(engine, points)
    return ""


def _fixed_points(engine: Engine, stones: int) -> list[int]:
    try:
        return fixed_handicap(engine.record.size, stones)
    except ParameterError as error:
        raise GtpError("invalid number of stones") from error


def _place(engine: Engine, points: list[int]) -> str:
    """Place a handicap; returns its points in words."""
    try:
        engine.record.place_handicap(points)
    except ParameterError as error:
        raise GtpError("board not empty" if engine.record.setup or engine.record.moves else str(error)) from error
    return vertices(engine, points)


# ---- SGF ----


@command("loadsgf", most=ANY_NUMBER)  # the name of a file may have spaces
def loadsgf(engine: Engine, arguments: list[str]) -> Answer:
    if not arguments:
        raise GtpError("loadsgf expects a file")
    numbered = len(arguments) > 1 and re.fullmatch(r"-?[0-9]{1,9}", arguments[-1])
    before = int(arguments.pop()) if numbered else None
    if before is not None and before < 1:
        raise GtpError("loadsgf expects a move number of at least 1")
    try:
        data = Path(" ".join(arguments)).read_bytes()
    except (OSError, ValueError) as error:
        raise GtpError("cannot load file") from error
    last = None if before is None else before - 1
    engine.begin(GoRecord.from_sgf(data, last, engine.record.rules, engine.record.komi))
    return COLOURS[engine.record.to_play]


@command("printsgf", most=ANY_NUMBER)
def printsgf(engine: Engine, arguments: list[str]) -> Answer:
    text = engine.record.sgf()
    if not arguments:
        return text.strip()
    try:
        write_file(" ".join(arguments), text)
    except OSError as error:
        raise GtpError(f"cannot write file: {error}") from error
    return ""
