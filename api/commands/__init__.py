"""The `longthink` command: one file for each of its commands, put together in app.py (docs/command_line.md)."""

from __future__ import annotations

from collections.abc import Sequence

from longthink.command_line import run
from longthink.errors import require


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code. arguments: those after `longthink`; None: those of this process."""

    def command() -> int:
        require("cyclopts", "cli")
        from longthink.commands.app import call_command

        return call_command(arguments)

    return run("longthink", command)
