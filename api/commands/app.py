"""The commands of `longthink` as one cyclopts app."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from cyclopts import App

import longthink as lt
from longthink.commands.command import COMMANDS
from longthink.options import call, make_app

SUMMARY = "One search engine for games and for language: think longer, and measure what it gains."


def build_app(words: Sequence[str] = ()) -> App:
    """The app for the words of a command line: with the command that they begin with, or with all commands."""
    app = make_app("longthink", SUMMARY, lt.__version__)
    chosen = words[:1] if words and words[0] in COMMANDS else ()
    for name in chosen or COMMANDS:
        command = COMMANDS[name]
        app.command(
            command.for_words(words[1:]) if chosen else command.run,
            name=name,
            help_epilogue=f"Examples:\n{command.examples}",
            group=command.group,
        )
    return app


def call_command(words: Sequence[str] | None = None) -> int:
    """Run the command that the words name, and return its exit code. None: the words of this process."""
    words = list(sys.argv[1:] if words is None else words)
    if words and not words[0].startswith("-"):
        COMMANDS[words[0]]  # raises if there is none
    return call(build_app(words), words)
