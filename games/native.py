"""Games with rules in C: how a module `games/NAME.py` describes the rules in `csrc/games/NAME.c`.

The module has the game's parameters, its text (`Text`) and the dtype of its states, and defines `ENTRY = native(...)`
with them. The registry (registry.py) names the module.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from longthink.errors import ParameterError, UnknownNameError
from longthink.games.core import Game
from longthink.games.registry import load_game
from longthink.games.text import Text
from longthink.validation import real_number, shown, whole_number


@dataclass(frozen=True)
class Parameter:
    """A parameter of a game: its default, which fixes its type, and its range `low`..`high`, or its choices.

    like: an earlier parameter whose value is the default of this one. read: for text that encodes numbers: returns the
    numbers, or raises `ValueError` with what is expected.
    """

    default: bool | int | float | str
    low: float = 0
    high: float = 1
    choices: tuple[str, ...] = ()
    like: str = ""
    read: Callable[[str], Sequence[float]] | None = None

    def checked(self, game: str, name: str, value: Any) -> bool | int | float | str:
        """`value` with the type that the game needs. Raises `ParameterError`."""
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
class NativeGame:
    """The entry of a game with rules in C: called with parameters, it checks them and loads the game."""

    name: str
    summary: str
    load: Callable[[dict[str, Any]], Game]
    parameters: Mapping[str, Parameter] = field(default_factory=dict)

    def __call__(self, /, **given: Any) -> Game:
        """Raises `UnknownNameError` for a parameter that does not exist, `ParameterError` for a value out of range."""
        for key in given:
            if key not in self.parameters:
                raise UnknownNameError.of(f"parameter of {self.name}", key, self.parameters)
        values: dict[str, Any] = {}
        for key, parameter in self.parameters.items():
            given_here = key in given
            values[key] = parameter.checked(self.name, key, given[key]) if given_here else _default(parameter, values)
        return self.load(values)


def native(
    name: str,
    summary: str,
    text: Text,
    state_dtype: np.dtype[Any] | Callable[[dict[str, Any]], np.dtype[Any]] | None,
    parameters: Mapping[str, Parameter] | None = None,
    check: Callable[[dict[str, Any]], None] = lambda values: None,
) -> NativeGame:
    """The entry of a game with rules in `csrc/games/{name}.c`.

    state_dtype: the dtype of a state, or a function from the parameters to it, or None if states have no record.
    check: raises `ParameterError` for parameters that do not fit together.
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

    return NativeGame(name, summary, load, declared)


def _default(parameter: Parameter, values: Mapping[str, Any]) -> bool | int | float | str:
    """The default of a parameter, given the values of the parameters declared before it."""
    default: bool | int | float | str = values[parameter.like] if parameter.like else parameter.default
    return default


def _numbers(parameter: Parameter, value: Any) -> list[float]:
    """A parameter as compiled rules read it: the index of a choice, or the count and the numbers of a text."""
    if parameter.read is not None:
        read = parameter.read(value)
        return [float(len(read)), *map(float, read)]
    return [float(parameter.choices.index(value) if parameter.choices else value)]


def _reload(name: str, parameters: dict[str, Any]) -> Game:
    return load_game(name, **parameters)
