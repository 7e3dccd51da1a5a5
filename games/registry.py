"""The registry of games: a name, what it is, its parameters, and how to load it.

A native game is `csrc/games/NAME.c` with the rules, a page `games/NAME.py` with its parameters and
words, and one line below. `load_game` takes parameters as keywords or in OpenSpiel's string form.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import numpy as np

from longthink.errors import ParameterError, UnknownNameError
from longthink.games.core import Game
from longthink.games.text import Text


@dataclass(frozen=True)
class Parameter:
    """A game's parameter: its default (whose type it keeps) and the range it accepts, ends included; or its choices."""

    default: bool | int | float | str
    low: float = 0
    high: float = 1
    choices: tuple[str, ...] = ()

    def checked(self, game: str, name: str, value: Any) -> bool | int | float | str:
        if self.choices:
            if value not in self.choices:
                raise ParameterError(f"{game}: {name} expects one of {', '.join(self.choices)}, got {value!r}")
            return str(value)
        kind = type(self.default)
        fits = isinstance(value, (int, np.integer)) or (kind is float and isinstance(value, (float, np.floating)))
        if not fits or (kind is bool) != isinstance(value, bool) or not self.low <= value <= self.high:
            wanted = "True or False" if kind is bool else f"{kind.__name__} in {self.low:g}..{self.high:g}"
            raise ParameterError(f"{game}: {name} expects {wanted}, got {value!r}")
        return kind(value)


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
    state_dtype: np.dtype[Any] | None,
    parameters: Mapping[str, Parameter] | None = None,
    check: Callable[[dict[str, Any]], None] = lambda values: None,
) -> Entry:
    """The entry of a game with rules in `csrc/games/{name}.c`; `check` refuses parameters that do not fit together."""
    declared = dict(parameters or {})

    def load(values: dict[str, Any]) -> Game:
        check(values)
        changed = {key: value for key, value in values.items() if value != declared[key].default}
        return Game.native(
            name,
            values,
            numbers=[_number(declared[key], value) for key, value in values.items()],
            written=changed,
            text=text,
            state_dtype=state_dtype,
            reduce=(_reload, (name, changed)),
        )

    return Entry(name, summary, load, declared)


def _number(parameter: Parameter, value: Any) -> float:
    """A parameter as compiled rules read it; a choice by its place."""
    return float(parameter.choices.index(value) if parameter.choices else value)


def _reload(name: str, parameters: dict[str, Any]) -> Game:
    return load_game(name, **parameters)


# One line for each game: its name and the module whose ENTRY describes it, imported when it is first needed.
_MODULES: dict[str, str] = {
    "connect_four": "longthink.games.connect_four",
    "go": "longthink.games.go",
    "kuhn_poker": "longthink.games.kuhn_poker",
    "leduc_poker": "longthink.games.leduc_poker",
    "numba_connect_four": "longthink.games.numba_connect_four",
    "tic_tac_toe": "longthink.games.tic_tac_toe",
}
_ADDED: dict[str, Entry] = {}


def register_game(entry: Entry) -> None:
    """Make a game of your own known to `load_game`, the command line and the benchmarks of this process."""
    _ADDED[entry.name] = entry


def games() -> list[str]:
    """The names that `load_game` knows; "openspiel:NAME" loads OpenSpiel's games besides."""
    return sorted({*_MODULES, *_ADDED})


def entry(name: str) -> Entry:
    """The registered game of this name. Raises `UnknownNameError` with near matches."""
    if name in _ADDED:
        return _ADDED[name]
    if name not in _MODULES:
        raise UnknownNameError.of("game", name, games())
    found: Entry = import_module(_MODULES[name]).ENTRY
    return found


def load_game(name: str, **parameters: Any) -> Game:
    """Load a game: `load_game("connect_four", rows=5)` or `load_game("connect_four(rows=5)")`.

    "openspiel:NAME(...)" loads any sequential game of OpenSpiel. Raises `UnknownNameError` with near
    matches for a name or parameter that does not exist, `ParameterError` for a value out of range.
    """
    if name.startswith("openspiel:"):
        from longthink.games.openspiel import load_openspiel_game

        return load_openspiel_game(name.removeprefix("openspiel:"), **parameters)
    base, written = parse(name)
    found = entry(base)
    values = {key: parameter.default for key, parameter in found.parameters.items()}
    for key, value in {**written, **parameters}.items():
        if key not in values:
            raise UnknownNameError.of(f"parameter of {base}", key, values)
        values[key] = found.parameters[key].checked(base, key, value)
    return found.load(values)


def parse(text: str) -> tuple[str, dict[str, Any]]:
    """Split "name(key=value, ...)" into its name and parameters. Raises `ParameterError`."""
    if "(" not in text:
        return text.strip(), {}
    try:
        call = ast.parse(text.strip(), mode="eval").body
        if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and not call.args):
            raise ValueError("not a call with keywords")
        return call.func.id, {str(k.arg): ast.literal_eval(k.value) for k in call.keywords}
    except (SyntaxError, ValueError) as error:
        raise ParameterError(f"expected name(parameter=value, ...) with plain values, got {text!r}") from error
