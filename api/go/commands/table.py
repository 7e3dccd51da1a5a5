"""The table of GTP commands, and how a command reads its arguments."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from longthink.errors import ParameterError
from longthink.games.go.game import action_of, vertex
from longthink.games.go.position import BLACK, COLOURS, WHITE
from longthink.go.gtp import Answer, Command, GtpError
from longthink.registry import Registry
from longthink.validation import shown

if TYPE_CHECKING:
    from longthink.go.engine import Engine

EngineCommand = Callable[["Engine", list[str]], Answer]
"""Takes the engine and the arguments, and returns the answer. Raises a `LongthinkError`, whose text is the failure."""

COMMANDS: Registry[EngineCommand] = Registry("GTP command", "longthink.gtp_commands")

ANY_NUMBER = 1 << 20
"""Of arguments."""


def command(*names: str, most: int = 0) -> Callable[[EngineCommand], EngineCommand]:
    """Make a function the command of these names. most: arguments that it takes; more are an error."""

    def register(function: EngineCommand) -> EngineCommand:
        for name in names:
            COMMANDS.register(name, _checked(name, most, function))
        return function

    return register


def _checked(name: str, most: int, function: EngineCommand) -> EngineCommand:
    @functools.wraps(function)
    def checked(engine: Engine, arguments: list[str]) -> Answer:
        if len(arguments) > most:
            extra = shown(" ".join(arguments[most:]), 40)
            raise GtpError(f"{name} expects {most or 'no'} argument{'s' * (most != 1)}, got also {extra}")
        return function(engine, arguments)

    return checked


def bind(engine: Engine) -> dict[str, Command]:
    """All commands, for one engine."""
    return {name: functools.partial(COMMANDS[name], engine) for name in COMMANDS}


# ---- Arguments ----


def word(arguments: list[str], index: int = 0) -> str:
    """An argument in lower case; "" if it is missing."""
    return arguments[index].lower() if len(arguments) > index else ""


def integer(arguments: list[str], index: int) -> int:
    """An argument that is a whole number."""
    try:
        return int(arguments[index])
    except (IndexError, ValueError) as error:
        raise GtpError("syntax error: expected an integer") from error


def number(arguments: list[str], index: int) -> float:
    """An argument that is a finite number."""
    try:
        value = float(arguments[index])
    except (IndexError, ValueError) as error:
        raise GtpError("syntax error: expected a number") from error
    if not math.isfinite(value):
        raise GtpError("syntax error: expected a finite number")
    return value


def colour(arguments: list[str]) -> int:
    """The first argument, a colour."""
    name = word(arguments)
    if name not in ("b", "w", *COLOURS):
        raise GtpError("invalid color")
    return BLACK if name.startswith("b") else WHITE


def action(engine: Engine, text: str) -> int:
    """The action that a text means on the board of the engine."""
    try:
        return action_of(engine.record.size, text)
    except ParameterError as error:
        raise GtpError("invalid vertex") from error


def vertices(engine: Engine, actions: list[int]) -> str:
    """Actions in words, separated by spaces."""
    return " ".join(vertex(engine.record.size, each) for each in actions)
