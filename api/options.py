"""Options of a command line: a function's parameters, read by cyclopts and checked by `longthink.validation`.

A program is a function. Its parameters are the options, described in their annotations:

    def main(suite: str = "countdown", /, *, problems: Annotated[int, whole("Number of problems.", 1)] = 100) -> int:

`run_program` runs one such function, and api/commands/ has one for each command of `longthink`. Options that depend on
a choice, such as the parameters of a game, are added to a function by `specialise`.

Cyclopts is in the extra `cli`, and only programs import this module.
"""

from __future__ import annotations

import inspect
import json
import math
import sys
from ast import literal_eval
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

from cyclopts import App, Group, Parameter, Token
from cyclopts.exceptions import CoercionError, CycloptsError, UnknownOptionError

from longthink.command_line import DONE, run
from longthink.errors import ParameterError
from longthink.validation import SEED_LIMIT, real_number, whole_number

Run = Callable[..., int | None]
"""A command: a function whose parameters are its options. It returns the exit code, or None for 0."""

Chosen = Annotated[Mapping[str, Any] | None, Parameter(parse=False)]
"""A parameter that is not an option: the options that a choice brings, and that were given (`specialise`)."""

# ---- Annotations of parameters ----


def option(help: str, **more: Any) -> Parameter:
    """A text, a path, a `Literal` or a flag. more: fields of cyclopts' `Parameter`."""
    return Parameter(help=help, **more)


def whole(help: str, least: int, most: float = math.inf, **more: Any) -> Parameter:
    """A whole number in `least`..`most`, also written 1e5 or 100_000; for a tuple, numbers with commas between them."""
    return _read_by(help, lambda text: whole_number("", _whole(text), least, most), more)


def real(help: str, least: float = -math.inf, most: float = math.inf, *, above: bool = False, **more: Any) -> Parameter:
    """A finite number in `least`..`most`; above: `least` itself is refused. For a tuple, with commas between them."""
    return _read_by(help, lambda text: real_number("", _float(text), least, most, above=above), more)


def names(help: str, **more: Any) -> Parameter:
    """A tuple of texts, written with commas between them, or by giving the option again."""
    return _read_by(help, str, more)


def seconds(help: str) -> Parameter:
    """A duration above 0."""
    return real(help, 0, above=True)


def seed(help: str) -> Parameter:
    """A seed of random numbers."""
    return whole(help, 0, SEED_LIMIT - 1)


def value(text: str) -> Any:
    """A value of any type, written as in JSON or Python: 8, 1e5, true, "text", 3,5,7. Anything else is a text."""
    number = _whole(text)
    if not isinstance(number, str):
        return number
    for read in (json.loads, literal_eval):
        try:
            return read(text)
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            continue
    return text


def _read_by(help: str, read: Callable[[str], Any], more: Mapping[str, Any]) -> Parameter:
    """An option whose value, or whose values if it is a tuple, are read by a function."""

    def convert(kind: Any, tokens: Sequence[Token]) -> Any:
        try:
            if _is_tuple(kind):
                return tuple(read(part) for token in tokens for part in token.value.replace(",", " ").split())
            return read(tokens[0].value)
        except ParameterError as error:  # `call` adds the name of the option
            raise ValueError(str(error).strip()) from None

    return Parameter(help=help, converter=convert, **{"show_default": _default_text, **more})


def _default_text(default: Any) -> str | None:
    """A default as it is written on the command line, or None if there is none to show."""
    if isinstance(default, tuple):
        return ",".join(map(str, default)) or None
    return None if default is None else str(default)


def _is_tuple(kind: Any) -> bool:
    return kind is tuple or getattr(kind, "__origin__", None) is tuple


def _whole(text: str) -> int | str:
    """The whole number that a text is, as 100000, 100_000 or 1e5; else the text."""
    try:
        number = Decimal(text)
        if number.is_finite() and number.adjusted() < 30 and number == number.to_integral_value():
            return int(number)
    except InvalidOperation:
        pass
    return text


def _float(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


# ---- Options that depend on a choice ----


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


# ---- Programs ----


def make_app(name: str, help: str = "", version: str | None = None) -> App:
    """A cyclopts `App` that leaves errors and exit codes to `call`."""
    return App(
        name,
        help=help,
        version=version,
        version_flags=() if version is None else ("--version",),
        group_commands=Group("Options", sort_key=2),
        help_format="plaintext",
        result_action="return_value",
        exit_on_error=False,
        print_error=False,
        suppress_keyboard_interrupt=False,
        default_parameter=Parameter(negative=()),
    )


def call(app: App, words: Sequence[str] | None) -> int:
    """Read the words of a command line (None: those of this process), run the function, and return its exit code.

    Raises `ParameterError` for words that do not fit.
    """
    try:
        status = app(sys.argv[1:] if words is None else list(words))
    except CycloptsError as error:
        program = " ".join([app.name[0], *(error.command_chain or ())])
        raise ParameterError(f"{_sentence(error)}; see: {program} --help") from error
    return status if isinstance(status, int) else DONE


def _sentence(error: CycloptsError) -> str:
    """An error of cyclopts in a sentence. For an option that is left out, it says why."""
    if isinstance(error, UnknownOptionError):
        name = str(error.token.keyword or error.token.value).partition("=")[0]
        why = getattr(error.target, "without", {}).get(name.strip("-").replace("-", "_"))
        if why is not None:
            return f"{name} does not belong to {why}; leave it out"
    if isinstance(error, CoercionError) and error.msg is not None and error.argument is not None:
        keyword = error.token.keyword if error.token is not None else None
        return f"{keyword or error.argument.name} {error.msg}"
    return " ".join(str(error).split()).rstrip(".")


def run_program(name: str, function: Run, words: Sequence[str] | None = None) -> int:
    """Run a function as `python -m name`, and return its exit code. Its docstring is the text of `--help`."""
    app = make_app(f"python -m {name}")
    app.default(function)
    return run(name.rpartition(".")[2], lambda: call(app, words))
