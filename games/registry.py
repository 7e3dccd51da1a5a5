"""The registry of games: a name, what it is, its parameters, and how to load it.

A native game is `csrc/games/NAME.c` with the rules, a page `games/NAME.py` with its parameters and
words, and one line below. `load_game` takes parameters as keywords or in OpenSpiel's string form.
"""

from __future__ import annotations

import ast
import operator
import os
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import numpy as np

from longthink.errors import ParameterError, UnknownNameError
from longthink.games.core import Game
from longthink.games.text import Text
from longthink.validation import real_number, shown, whole_number


@dataclass(frozen=True)
class Parameter:
    """A game's parameter: its default (whose type it keeps) and the range it accepts, ends included; or its choices.

    like: the parameter declared before whose value this one has where it is not given.
    A text of another kind has `read`, which gives the numbers in it, or raises ValueError saying what is expected."""

    default: bool | int | float | str
    low: float = 0
    high: float = 1
    choices: tuple[str, ...] = ()
    like: str = ""
    read: Callable[[str], Sequence[float]] | None = None

    def checked(self, game: str, name: str, value: Any) -> bool | int | float | str:
        """`value` as a game takes it. Raises `ParameterError`."""
        what, kind = f"{game}: {name}", type(self.default)
        if self.read is not None:
            whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
            text = shown(operator.index(value)) if whole else str(value) if isinstance(value, str) else ""
            try:
                self.read(text)
            except ValueError as error:
                raise ParameterError(f"{what} expects {error}, got {shown(value)}") from error
            return text
        if self.choices:
            if not isinstance(value, str) or value not in self.choices:
                raise ParameterError(f"{what} expects one of {', '.join(self.choices)}, got {shown(value)}")
            return str(value)
        if kind is bool:
            if not isinstance(value, (bool, np.bool_)):
                raise ParameterError(f"{what} expects True or False, got {shown(value)}")
            return bool(value)
        if kind is int:
            return whole_number(what, value, int(self.low), self.high)
        return real_number(what, value, self.low, self.high)


@dataclass(frozen=True)
class Entry:
    """A registered game."""

    name: str
    summary: str
    load: Callable[[dict[str, Any]], Game]
    parameters: Mapping[str, Parameter] = field(default_factory=dict)


def native(
    name: str,
    summary: str,
    text: Text,
    state_dtype: np.dtype[Any] | Callable[[dict[str, Any]], np.dtype[Any]] | None,
    parameters: Mapping[str, Parameter] | None = None,
    check: Callable[[dict[str, Any]], None] = lambda values: None,
) -> Entry:
    """The entry of a game with rules in `csrc/games/{name}.c`.

    state_dtype: of a state, or a function that gives it for the game's parameters, or None where states have no record.
    check: refuses parameters that do not fit together.
    """
    declared = dict(parameters or {})

    def load(values: dict[str, Any]) -> Game:
        check(values)
        changed = {key: value for key, value in values.items() if value != _default(declared[key], values)}
        return Game.native(
            name,
            values,
            numbers=[number for key, value in values.items() for number in _numbers(declared[key], value)],
            written=changed,
            text=text,
            state_dtype=state_dtype(values) if callable(state_dtype) else state_dtype,
            reduce=(_reload, (name, changed)),
        )

    return Entry(name, summary, load, declared)


def _default(parameter: Parameter, values: Mapping[str, Any]) -> bool | int | float | str:
    """What a parameter is where it is not given, beside these values of those declared before."""
    default: bool | int | float | str = values[parameter.like] if parameter.like else parameter.default
    return default


def _numbers(parameter: Parameter, value: Any) -> list[float]:
    """A parameter as compiled rules read it: a choice by its place, the numbers of a text after their number."""
    if parameter.read is not None:
        read = parameter.read(value)
        return [float(len(read)), *map(float, read)]
    return [float(parameter.choices.index(value) if parameter.choices else value)]


def _reload(name: str, parameters: dict[str, Any]) -> Game:
    return load_game(name, **parameters)


# One line for each game: its name and the module whose ENTRY describes it, imported when it is first needed.
_MODULES: dict[str, str] = {
    "2048": "longthink.games.game_2048",
    "breakthrough": "longthink.games.breakthrough",
    "connect_four": "longthink.games.connect_four",
    "dark_hex": "longthink.games.dark_hex",
    "go": "longthink.games.go.game",
    "gomoku": "longthink.games.gomoku",
    "goofspiel": "longthink.games.goofspiel",
    "havannah": "longthink.games.havannah",
    "hex": "longthink.games.hex",
    "kuhn_poker": "longthink.games.kuhn_poker",
    "leduc_poker": "longthink.games.leduc_poker",
    "liars_dice": "longthink.games.liars_dice",
    "nim": "longthink.games.nim",
    "numba_breakthrough": "longthink.games.numba_breakthrough",
    "numba_connect_four": "longthink.games.numba_connect_four",
    "othello": "longthink.games.othello",
    "phantom_ttt": "longthink.games.phantom_ttt",
    "tic_tac_toe": "longthink.games.tic_tac_toe",
    "y": "longthink.games.y",
}
_ADDED: dict[str, Entry] = {}


def register_game(entry: Entry) -> None:
    """Make a game of your own known to `load_game`, the command line and the benchmarks of this process."""
    _ADDED[entry.name] = entry


def games() -> list[str]:
    """The names that `load_game` knows; "openspiel:NAME" and "efg:PATH" load others besides."""
    return sorted({*_MODULES, *_ADDED})


def entry(name: str) -> Entry:
    """The registered game of this name. Raises `UnknownNameError` with near matches."""
    if name in _ADDED:
        return _ADDED[name]
    if name not in _MODULES:
        raise UnknownNameError.of("game", name, games())
    found: Entry = import_module(_MODULES[name]).ENTRY
    return found


def load_game(name: str | os.PathLike[str], /, **parameters: Any) -> Game:
    """Load a game: `load_game("connect_four", rows=5)` or `load_game("connect_four(rows=5)")`.

    "openspiel:NAME(...)" loads any sequential game of OpenSpiel, "efg:PATH" or a `Path` a Gambit file. Raises
    `UnknownNameError` with near matches for a name or parameter that does not exist, `ParameterError` for a value out
    of range.
    """
    if isinstance(name, os.PathLike):
        name = f"efg:{os.fsdecode(name)}"
    if not isinstance(name, str):
        raise ParameterError(f"load_game expects the name of a game, as in 'connect_four', got {shown(name)}")
    if name.startswith("openspiel:"):
        from longthink.games.adapters.openspiel import load_openspiel_game

        return load_openspiel_game(name.removeprefix("openspiel:"), **parameters)
    if name.startswith("efg:"):
        from longthink.games.adapters.efg import load_efg

        if parameters:
            raise ParameterError(f"a game of a file has no parameters, got {shown(parameters)}")
        return load_efg(name.removeprefix("efg:").removesuffix("()"))
    base, written = parse(name)
    found = entry(base)
    given = {**written, **parameters}
    for key in given:
        if key not in found.parameters:
            raise UnknownNameError.of(f"parameter of {base}", key, found.parameters)
    values: dict[str, Any] = {}
    for key, parameter in found.parameters.items():
        values[key] = parameter.checked(base, key, given[key]) if key in given else _default(parameter, values)
    return found.load(values)


_CALL = re.compile(r"\s*(\w+)\s*\((.*)\)\s*", re.DOTALL)
_PAIR = re.compile(r"""\s*(\w+)\s*=\s*('[^']*'|"[^"]*"|\([^()]*\)|\[[^][]*\]|[^\s,()'"=]+)\s*(?:,|$)""")


def parse(text: str) -> tuple[str, dict[str, Any]]:
    """Split "name(key=value, ...)" into its name and parameters; words need no quotes. Raises `ParameterError`."""
    if "(" not in text:
        return text.strip(), {}
    call = _CALL.fullmatch(text)
    inside, at, values = (call[2].strip() if call else ""), 0, {}
    while call and at < len(inside):
        pair = _PAIR.match(inside, at)
        if pair is None or pair[1] in values:
            call = None
        else:
            values[pair[1]], at = _plain(pair[2]), pair.end()
    if call is None:
        raise ParameterError(f"expected name(parameter=value, ...) with plain values, got {shown(text)}")
    return call[1], values


def _plain(written: str) -> Any:
    """A number, a truth value or a text in quotes as Python writes them, else the text itself."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd escapes in texts
            return ast.literal_eval(written)
    except (SyntaxError, ValueError, TypeError, MemoryError, RecursionError):
        return {"true": True, "false": False}.get(written, written)  # OpenSpiel takes these too
