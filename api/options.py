"""Options of command lines: cyclopts reads the parameters of a function, and `longthink.validation` checks them.

A program is a function. Its parameters are the options. Their annotations describe them:

    def main(suite: str = "countdown", /, *, problems: Annotated[int, whole("Number of problems.", 1)] = 100) -> int:

`run_program` runs such a function. api/commands/ has one function for each command of `longthink`.

Cyclopts is in the extra `cli`; only programs import this module.
"""

from __future__ import annotations

import json
import math
import sys
from ast import literal_eval
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from cyclopts import App, Group, Parameter, Token
from cyclopts.exceptions import CoercionError, CycloptsError, UnknownOptionError

from longthink.command_line import DONE, run
from longthink.errors import ParameterError, UnknownNameError
from longthink.validation import SEED_LIMIT, real_number, whole_number

Run = Callable[..., int | None]
"""A command: a function whose parameters are its options. It returns the exit code, or None for 0."""

# ---- Annotations of parameters ----


def option(help: str, **more: Any) -> Parameter:
    """A text, a path, a `Literal` or a flag. more: fields of cyclopts' `Parameter`."""
    return Parameter(help=help, **more)


def whole(help: str, least: int, most: float = math.inf, **more: Any) -> Parameter:
    """A whole number in `least`..`most`, also written 1e5 or 100_000; for a tuple, numbers separated by commas."""
    return _read_by(help, lambda text: whole_number("", _whole(text), least, most), more)


def real(help: str, least: float = -math.inf, most: float = math.inf, *, above: bool = False, **more: Any) -> Parameter:
    """A finite number in `least`..`most`; above: not `least` itself. For a tuple, numbers separated by commas."""
    return _read_by(help, lambda text: real_number("", _float(text), least, most, above=above), more)


def names(help: str, **more: Any) -> Parameter:
    """A tuple of texts, separated by commas; the option may also be repeated."""
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
    """An option whose value is read by a function; if the option is a tuple, each of its values."""

    def convert(kind: Any, tokens: Sequence[Token]) -> Any:
        try:
            if _is_tuple(kind):
                return tuple(read(part) for token in tokens for part in token.value.replace(",", " ").split())
            return read(tokens[0].value)
        except ParameterError as error:  # `call` adds the name of the option
            raise ValueError(str(error).strip()) from None

    return Parameter(help=help, converter=convert, **{"show_default": _default_text, **more})


def _default_text(default: Any) -> str | None:
    """A default as it is written on the command line; None if no default is shown."""
    if isinstance(default, tuple):
        return ",".join(map(str, default)) or None
    return None if default is None else str(default)


def _is_tuple(kind: Any) -> bool:
    return kind is tuple or getattr(kind, "__origin__", None) is tuple


def _whole(text: str) -> int | str:
    """The whole number that a text states (100000, 100_000 or 1e5); otherwise the text."""
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

    Raises `ParameterError` for words that are not accepted.
    """
    try:
        status = app(sys.argv[1:] if words is None else list(words))
    except CycloptsError as error:
        program = " ".join([app.name[0], *(error.command_chain or ())])
        raise ParameterError(f"{_sentence(error)}; see: {program} --help") from error
    return status if isinstance(status, int) else DONE


def _sentence(error: CycloptsError) -> str:
    """An error of cyclopts as a sentence. If the function has a reason to be `without` an option, that reason."""
    if isinstance(error, UnknownOptionError):
        name = str(error.token.keyword or error.token.value).partition("=")[0]
        why = getattr(error.target, "without", {}).get(name.strip("-").replace("-", "_"))
        if why is not None:
            return f"{name} does not belong to {why}; leave it out"
        known = [each for argument in error.argument_collection for each in argument.names if each.startswith("--")]
        return str(UnknownNameError.of("option", name, known)).rstrip(".")
    if isinstance(error, CoercionError) and error.msg is not None and error.argument is not None:
        keyword = error.token.keyword if error.token is not None else None
        return f"{keyword or error.argument.name} {error.msg}"
    return " ".join(str(error).split()).rstrip(".")


def run_program(name: str, function: Run, words: Sequence[str] | None = None) -> int:
    """Run a function as `python -m name`, and return its exit code. Its docstring is the text of `--help`."""
    app = make_app(f"python -m {name}")
    app.default(function)
    return run(name.rpartition(".")[2], lambda: call(app, words))
