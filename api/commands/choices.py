"""Options that depend on a choice: the parameters of a game or a task, the options of a method or a model.

They are added to the function of a command by `specialise`, and reach it as one mapping for each choice.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

from cyclopts import Group, Parameter, Token

from longthink.commands.registered import describe
from longthink.options import Run, value

Chosen = Annotated[Mapping[str, Any] | None, Parameter(parse=False)]
"""A parameter that is not an option: the options that a choice brings, and that were given (`specialise`)."""


@dataclass(frozen=True)
class Choice:
    """What was chosen, as "the method beam", and the options that it brings, with their defaults.

    help: of some options. words: the option whose values may be written without its name, or "".
    """

    title: str
    options: Mapping[str, Any]
    help: Mapping[str, str] = field(default_factory=dict)
    words: str = ""


def specialise(function: Run, choices: Mapping[str, Choice], without: Mapping[str, str] | None = None) -> Run:
    """The function with the options of some choices, and `without` those that have no meaning with them.

    For each choice the function takes a mapping, by its key in `choices`: the options that were given. An option is not
    added if the function or an earlier choice has one of the same name. without: names, and what was chosen that does
    not take them, for the error.
    """
    without = dict(without or {})
    kept = [
        parameter
        for name, parameter in inspect.signature(function, eval_str=True).parameters.items()
        if name not in choices and name not in without
    ]
    taken = {parameter.name for parameter in kept} | without.keys()
    owned: dict[str, set[str]] = {}
    for place, (key, choice) in enumerate(choices.items(), 1):
        group = Group(f"Options of {choice.title}", sort_key=place)
        owned[key] = set(choice.options) - taken
        taken |= owned[key]
        kept += [
            _parameter(name, default, group, choice.help.get(name, ""), name == choice.words)
            for name, default in choice.options.items()
            if name in owned[key]
        ]
    kept.sort(key=lambda parameter: parameter.kind)
    positional = [parameter.name for parameter in kept if parameter.kind is not parameter.KEYWORD_ONLY]
    first = sum(parameter.kind is parameter.POSITIONAL_ONLY for parameter in kept)

    def specialised(*arguments: Any, **given: Any) -> int | None:
        given |= dict(zip(positional[first:], arguments[first:], strict=False))
        chosen = {key: {name: given.pop(name) for name in names & set(given)} for key, names in owned.items()}
        return function(*arguments[:first], **given, **chosen)

    specialised.__doc__, specialised.__annotations__ = function.__doc__, {}
    specialised.__dict__.update(__signature__=inspect.Signature(kept), without=without)
    return specialised


def _parameter(name: str, default: Any, group: Group, help: str, words: bool) -> inspect.Parameter:
    """An option as cyclopts takes it, whose type is that of its default."""
    kind: Any = Any
    read, metavar = _text if isinstance(default, str) else _value, "VALUE" if default is None else None
    described = Parameter(help=help, group=group, converter=read, metavar=metavar)
    if isinstance(default, bool):
        kind, described = bool, Parameter(help=help, group=group, negative=f"--no-{name.replace('_', '-')}")
    elif words:
        kind, described = tuple[Any, ...] | None, Parameter(help=help, group=group, converter=_values)
    return inspect.Parameter(
        name,
        inspect.Parameter.POSITIONAL_OR_KEYWORD if words else inspect.Parameter.KEYWORD_ONLY,
        annotation=Annotated[kind, described],
        default=None if default is inspect.Parameter.empty else default,
    )


def _text(kind: Any, tokens: Sequence[Token]) -> str:
    return tokens[0].value


def _value(kind: Any, tokens: Sequence[Token]) -> Any:
    return value(tokens[0].value)


def _values(kind: Any, tokens: Sequence[Token]) -> tuple[Any, ...]:
    read = [value(token.value) for token in tokens]
    return tuple(read[0]) if len(read) == 1 and isinstance(read[0], (tuple, list)) else tuple(read)


def word(words: Sequence[str], name: str, default: str = "") -> str:
    """The value of the option `name` among the words of a command line, before they are read as a whole."""
    for i, each in enumerate(words):
        if each == name and i + 1 < len(words):
            return words[i + 1]
        if each.startswith(f"{name}="):
            return each.partition("=")[2]
    return default


# ---- Choices among what is registered ----


def choice(sort: str, name: str, title: str = "", words: str = "") -> Choice:
    """The options of what a name stands for, on a command line. title: in place of the name."""
    described = describe(sort, name)
    first_sentences = {key: re.split(r"(?<=\.) (?=[A-Z])", text)[0] for key, text in described.help.items()}
    return Choice(title or name.partition("(")[0], described.options, first_sentences, words)


def choices_of_game(words: Sequence[str]) -> dict[str, Choice]:
    """The parameters of the game that the first word names, for `specialise`."""
    return {"game_options": choice_of_first("games", words)}


def choice_of_first(sort: str, words: Sequence[str], positional: str = "") -> Choice:
    """The options of what the first word names; none if it is an option, as in `longthink play --help`."""
    return choice(sort, words[0], words=positional) if words and not words[0].startswith("-") else Choice(sort, {})
