"""The commands of the Go Text Protocol: one function each, in a file for each part of a game.

A new command is a function with `@command("NAME")` (table.py) in one of these files.
"""

from longthink.go.commands import administration, analysis, playing, scoring, setup, timing
from longthink.go.commands.table import COMMANDS, bind

__all__ = ["COMMANDS", "administration", "analysis", "bind", "playing", "scoring", "setup", "timing"]
