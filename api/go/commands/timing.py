"""GTP commands about time: what is agreed, and how much is left."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from longthink.go.commands.table import colour, command, integer, number, word
from longthink.go.gtp import Answer, GtpError
from longthink.search.in_play.time_control import TimeControl

if TYPE_CHECKING:
    from longthink.go.engine import Engine


@command("time_settings", most=3)
def time_settings(engine: Engine, arguments: list[str]) -> Answer:
    main, period, moves = number(arguments, 0), number(arguments, 1), integer(arguments, 2)
    if main < 0 or period < 0 or moves < 0:
        raise GtpError("time_settings expects numbers that are not negative")
    # The specification defines a period without moves as no limit.
    engine.timing.agree(TimeControl() if period > 0 and moves == 0 else _canadian(main, period, moves))
    return ""


@command("kgs-time_settings", most=4)
def kgs_time_settings(engine: Engine, arguments: list[str]) -> Answer:
    engine.timing.agree(_kgs_control(arguments))
    return ""


@command("kata-time_settings", most=5)
def kata_time_settings(engine: Engine, arguments: list[str]) -> Answer:
    kind = word(arguments)
    if kind == "fischer":
        engine.timing.agree(_fischer(arguments))
    elif kind == "fischer-capped":  # the server keeps the time below its cap, and says how much is left
        most = number(arguments, 4)
        engine.timing.agree(_fischer(arguments), most if most >= 0 else math.inf)
    else:
        engine.timing.agree(_kgs_control(arguments))
    return ""


@command("kata-list_time_settings")
def list_time_settings(engine: Engine, arguments: list[str]) -> Answer:
    return "none absolute byoyomi canadian fischer fischer-capped"


@command("time_left", most=3)
def time_left(engine: Engine, arguments: list[str]) -> Answer:
    clock = engine.timing.clocks[colour(arguments)]
    seconds, moves = number(arguments, 1), integer(arguments, 2)
    if clock.control.unlimited:  # nothing was agreed before
        left = max(0.0, seconds)
        clock.control = _canadian(0.0, left, moves) if moves else TimeControl(left)
        clock.periods = clock.control.periods
    clock.set(seconds, moves)
    return ""


def _kgs_control(arguments: list[str]) -> TimeControl:
    kind = word(arguments)
    if kind == "none":
        return TimeControl()
    if kind == "absolute":
        return TimeControl(number(arguments, 1))
    if kind == "byoyomi":
        return TimeControl(number(arguments, 1), period_time=number(arguments, 2), periods=integer(arguments, 3))
    if kind == "canadian":
        return _canadian(number(arguments, 1), number(arguments, 2), integer(arguments, 3))
    raise GtpError("kgs-time_settings expects none, absolute, byoyomi or canadian")


def _fischer(arguments: list[str]) -> TimeControl:
    return TimeControl(number(arguments, 1), increment=number(arguments, 2))


def _canadian(main: float, period: float, moves: int) -> TimeControl:
    """A main time, then again and again `moves` moves in `period` seconds."""
    if period <= 0 or moves <= 0:
        return TimeControl(main)
    return TimeControl(main, period_time=period, period_moves=moves, periods=1)
