"""GTP commands about the program itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import longthink as lt
from longthink.go.commands.table import COMMANDS, command
from longthink.go.gtp import Answer, Quit

if TYPE_CHECKING:
    from longthink.go.engine import Engine


@command("protocol_version")
def protocol_version(engine: Engine, arguments: list[str]) -> Answer:
    return "2"


@command("name")
def name(engine: Engine, arguments: list[str]) -> Answer:
    return "longthink"


@command("version")
def version(engine: Engine, arguments: list[str]) -> Answer:
    return lt.__version__


@command("known_command", most=1)
def known_command(engine: Engine, arguments: list[str]) -> Answer:
    return "true" if arguments and arguments[0] in COMMANDS else "false"


@command("list_commands")
def list_commands(engine: Engine, arguments: list[str]) -> Answer:
    return "\n".join(COMMANDS)


@command("quit")
def end(engine: Engine, arguments: list[str]) -> Answer:
    raise Quit
