"""What every command line of longthink shares: how it reads numbers, says errors, and ends (docs/command_line.md)."""

from __future__ import annotations

import argparse
import contextlib
import io
import math
import os
import sys
from collections.abc import Callable, Sequence
from decimal import Decimal, InvalidOperation
from typing import NoReturn

from longthink.errors import LongthinkError, ParameterError
from longthink.validation import real_number, whole_number

DONE, NOT_SOLVED, WRONG_USE, INTERRUPTED = 0, 1, 2, 130
"""Exit codes. NOT_SOLVED: the work was done, but the problem is not solved, or the game is lost, or a part failed."""


class ArgumentParser(argparse.ArgumentParser):
    """A parser that raises `ParameterError`, which fits in one line, where the standard one prints its usage."""

    def error(self, message: str) -> NoReturn:
        raise ParameterError(f"{message}; see: {self.prog} --help")


def run(program: str, command: Callable[[], int]) -> int:
    """Run a command and give its exit code: its own, or that of the error it ends with, which is told in one line.

    program: its name, for the line. If whoever reads the output has gone away, it ends quietly as if all was read.
    """
    _open_standard_streams()
    try:
        status = command()
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        _forget_output()
        return DONE
    except KeyboardInterrupt:
        _say(f"{program}: interrupted")
        return INTERRUPTED
    except (LongthinkError, OSError) as error:
        _say(f"{program}: {one_line(error)}")
    except MemoryError:
        _say(f"{program}: there is not enough memory")
    try:
        sys.stdout.flush()
    except OSError:  # it is what was told
        _forget_output()
    return WRONG_USE


def one_line(error: BaseException) -> str:
    """The text of an error, without its line breaks."""
    return " ".join(str(error).split()) or type(error).__name__


def _say(text: str) -> None:
    try:
        print(text, file=sys.stderr, flush=True)
    except OSError:  # nobody is there to read it; the exit code tells
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


def _forget_output() -> None:
    """What is still to be written goes nowhere, so that Python does not try once more at its end."""
    with contextlib.suppress(OSError, ValueError):  # a stream that is no file has nothing left to write
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _open_standard_streams() -> None:
    """A standard stream that is closed reads and writes nothing, and no file opened later takes its place.

    A character that the encoding of the output lacks is written as an escape.
    """
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        if getattr(sys, name) is None:
            null = os.open(os.devnull, os.O_RDWR)
            if null != number:
                os.dup2(null, number)
            setattr(sys, name, os.fdopen(number, mode, closefd=False))
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


# ---- Numbers ----


def whole_option(least: int, most: float = math.inf) -> Callable[[str], int]:
    """A `type=` for whole numbers in `least`..`most`, which may be written 1e5."""

    def read(text: str) -> int:
        try:
            return whole_number("", _whole(text), least, most)
        except ParameterError as error:
            raise _refusal(error) from None

    return read


def real_option(least: float = -math.inf, most: float = math.inf, *, above: bool = False) -> Callable[[str], float]:
    """A `type=` for finite numbers in `least`..`most`; above: `least` itself is not allowed."""

    def read(text: str) -> float:
        try:
            return real_number("", _float(text), least, most, above=above)
        except ParameterError as error:
            raise _refusal(error) from None

    return read


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


def _refusal(error: ParameterError) -> argparse.ArgumentTypeError:
    """The error of a number that has no name, as argparse wants it to add the name."""
    return argparse.ArgumentTypeError(str(error).strip())


# ---- Options ----


def refuse_options(options: argparse.Namespace, names: Sequence[str], why: str) -> None:
    """Raise `ParameterError` for the first of `names` that was given: it would be ignored.

    why: what is chosen that does not take it, as "the method lp".
    """
    for name in names:
        if getattr(options, name) not in (None, False, []):
            raise ParameterError(f"--{name.replace('_', '-')} does not belong to {why}; leave it out")
