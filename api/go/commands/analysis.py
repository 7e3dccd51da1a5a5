"""GTP commands that show how the search stands, once or as a stream; the formats are in longthink.go.analysis."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import longthink as lt
from longthink.games.go.position import COLOURS
from longthink.go import analysis
from longthink.go.analysis import FLAGS, IGNORED_FLAGS, AnalysisRequest, Line, kata_line, leela_line
from longthink.go.commands.table import ANY_NUMBER, action, colour, command, word
from longthink.go.engine import ENOUGH, SLICE
from longthink.go.gtp import Answer, GtpError

if TYPE_CHECKING:
    from longthink.go.engine import Engine


def _read(engine: Engine, arguments: list[str]) -> AnalysisRequest:
    """Read `[colour] [interval] [name value ...]`, the interval in hundredths of a second."""
    words, asked = [*arguments], AnalysisRequest(engine.record.to_play)
    if word(words) in ("b", "w", *COLOURS):
        asked.colour = colour([words.pop(0)])
    if words and _is_number(words[0]):
        asked.interval = _interval(words.pop(0))
    while words:
        name = words.pop(0)
        if name in ("avoid", "allow") and len(words) >= 3:
            player, points = colour(words), {action(engine, each) for each in words[1].split(",")}
            del words[:3]  # the third is for how many moves; only the next move matters here
            if player == asked.colour and name == "avoid":
                asked.avoided |= points
            elif player == asked.colour:
                asked.allowed = points | (asked.allowed or set())
        elif name in ("interval", "minmoves", "maxmoves") and words:
            value = words.pop(0)
            if not _is_number(value) or len(value) >= 10:
                raise GtpError(f"{name} expects a number, got {value}")
            if name == "interval":
                asked.interval = _interval(value)
            elif name == "minmoves":
                asked.min_moves = int(value)
            else:
                asked.max_moves = int(value)
        elif name in (*FLAGS, *IGNORED_FLAGS) and words:
            if words.pop(0).lower() in ("true", "1", "yes"):
                asked.flags.add(name)
        else:
            raise GtpError(f"analysis does not know {name!r}, or its value is missing")
    return asked


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal()


def _interval(text: str) -> float:
    return max(0.01, min(3600.0, int(text[:9]) / 100))


@command("lz-analyze", most=ANY_NUMBER)
def lz_analyze(engine: Engine, arguments: list[str]) -> Answer:
    return _analyse(engine, arguments, leela_line)


@command("kata-analyze", most=ANY_NUMBER)
def kata_analyze(engine: Engine, arguments: list[str]) -> Answer:
    return _analyse(engine, arguments, kata_line)


@command("lz-genmove_analyze", most=ANY_NUMBER)
def lz_genmove_analyze(engine: Engine, arguments: list[str]) -> Answer:
    return _generate(engine, arguments, leela_line)


@command("kata-genmove_analyze", most=ANY_NUMBER)
def kata_genmove_analyze(engine: Engine, arguments: list[str]) -> Answer:
    return _generate(engine, arguments, kata_line)


def _analyse(engine: Engine, arguments: list[str], line: Line) -> Iterator[str]:
    """Search until the next command comes in; a line after each interval."""
    asked = _read(engine, arguments)
    state = engine.record.state(asked.colour)
    if state.is_terminal():
        raise GtpError("the game is over")
    search = engine.go_to(state)

    def stream() -> Iterator[str]:
        shown_at = time.perf_counter()
        while not engine.waiting():
            if search.proven or search.simulations > ENOUGH:  # nothing more to find
                time.sleep(SLICE)
            elif search.run(state, lt.Budget(seconds=min(SLICE, asked.interval))).interrupted:
                raise KeyboardInterrupt
            if time.perf_counter() - shown_at >= asked.interval:
                shown_at = time.perf_counter()
                yield line(asked, search, engine)

    return filter(None, stream())  # an empty line would end the answer


def _generate(engine: Engine, arguments: list[str], line: Line) -> Iterator[str]:
    """Choose a move; a line after each interval and at the end, then the move."""
    asked = _read(engine, arguments)

    def stream() -> Iterator[str]:
        shown_at, choosing = time.perf_counter(), engine.choosing(asked.colour, allowed=asked.shows)
        while True:
            try:
                next(choosing)
            except StopIteration as end:
                move = str(end.value)
                break
            if time.perf_counter() - shown_at >= asked.interval:
                shown_at = time.perf_counter()
                yield line(asked, engine.search(), engine)
        search = engine.search()
        if search.simulations and search.root_state == engine.record.state(asked.colour):
            yield line(asked, search, engine)
        engine.play(asked.colour, move)
        yield f"play {move}"

    return filter(None, stream())


# ---- GoGui ----


@command("gogui-analyze_commands")
def gogui_commands(engine: Engine, arguments: list[str]) -> Answer:
    return "\n".join(analysis.GOGUI)


@command("longthink-ownership")
def gogui_ownership(engine: Engine, arguments: list[str]) -> Answer:
    return analysis.gogui_board(engine.ownership())


@command("longthink-moves")
def gogui_moves(engine: Engine, arguments: list[str]) -> Answer:
    return analysis.gogui_moves(engine)


@command("longthink-variation")
def gogui_variation(engine: Engine, arguments: list[str]) -> Answer:
    return analysis.gogui_variation(engine)
