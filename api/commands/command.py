"""`Command`, one command of `longthink`, and the registry of all; add yours as one file and one line here.

A package outside adds a command by an entry point of the group "longthink.commands", which names a `Command`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cyclopts import Group

from longthink.options import Run
from longthink.registry import Registry

ACTIONS, LISTS = Group("Commands", sort_key=0), Group("Lists", sort_key=1)
"""The headings of `longthink --help`."""


@dataclass(frozen=True)
class Command:
    """A command. run: its docstring is the text of `--help`, and its parameters are the options (longthink.options).

    examples: lines of a shell. specialise: returns `run` with the options of what the words after the command choose,
    such as those of the method in `--method beam`. group: the heading in `longthink --help`.
    """

    run: Run
    examples: str
    specialise: Callable[[Sequence[str]], Run] | None = None
    group: Group = ACTIONS

    def for_words(self, words: Sequence[str]) -> Run:
        """The function to run for these words."""
        return self.run if self.specialise is None else self.specialise(words)


COMMANDS: Registry[Command] = Registry(
    "command",
    "longthink.commands",
    {
        "agents": "longthink.commands.lists:AGENTS",
        "compare": "longthink.commands.compare:COMMAND",
        "completion": "longthink.commands.completion:COMMAND",
        "games": "longthink.commands.lists:GAMES",
        "gtp": "longthink.commands.gtp:COMMAND",
        "kinds": "longthink.commands.lists:KINDS",
        "match": "longthink.commands.match:COMMAND",
        "methods": "longthink.commands.lists:METHODS",
        "models": "longthink.commands.lists:MODELS",
        "perf": "longthink.commands.perf:COMMAND",
        "play": "longthink.commands.play:COMMAND",
        "report": "longthink.commands.report:COMMAND",
        "search": "longthink.commands.search:COMMAND",
        "serve": "longthink.commands.serve:COMMAND",
        "solve": "longthink.commands.solve:COMMAND",
        "studies": "longthink.commands.lists:STUDIES",
        "suites": "longthink.commands.lists:SUITES",
        "tasks": "longthink.commands.lists:TASKS",
        "think": "longthink.commands.think:COMMAND",
        "tools": "longthink.commands.lists:TOOLS",
        "verifiers": "longthink.commands.lists:VERIFIERS",
    },
)
