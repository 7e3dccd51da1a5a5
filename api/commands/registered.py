"""What is registered, for the lists of `longthink` and for the options of its commands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import longthink as lt
from longthink.options import Choice
from longthink.registry import Registry

EMBEDDED = "smollm2"
"""The language model that is used if none is named."""


class Described(NamedTuple):
    """One sentence about something, and its options with their defaults."""

    summary: str
    options: Mapping[str, Any]


def registry(sort: str) -> Registry[Any]:
    """The registry of one sort, as "games"."""
    found: Registry[Any] = getattr(lt, sort)()
    return found


def describe(sort: str, name: str) -> Described:
    """What a name stands for; options in brackets may follow it. Raises `UnknownNameError` with near matches."""
    found = registry(sort).find(name)
    return Described(*registry(sort).describe(found.name))


def choice(sort: str, name: str, title: str = "", words: str = "") -> Choice:
    """The options of what a name stands for, on a command line. title: in place of the name."""
    return Choice(title or name.partition("(")[0], describe(sort, name).options, words=words)


def choices_of_game(words: Sequence[str]) -> dict[str, Choice]:
    """The parameters of the game that the first word names, for `specialise`."""
    return {"game_options": choice_of_first("games", words)}


def choice_of_first(sort: str, words: Sequence[str], positional: str = "") -> Choice:
    """The options of what the first word names; none if it is an option, as in `longthink play --help`."""
    return choice(sort, words[0], words=positional) if words and not words[0].startswith("-") else Choice(sort, {})
