"""How every program of longthink starts and ends: exit codes, errors in one line, output that can fail.

`run` is used by the `longthink` command and by every `python -m longthink...`; how options are read stands in
options.py. The rules for users are in docs/command_line.md.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Callable

from longthink.errors import LongthinkError

DONE, NOT_SOLVED, WRONG_USE, INTERRUPTED = 0, 1, 2, 130
"""Exit codes. NOT_SOLVED: the work was done, but the problem is not solved, the game is lost, or a part failed."""


def run(program: str, command: Callable[[], int]) -> int:
    """Run a command and return its exit code, or the exit code of the error that ends it.

    An error is printed in one line on the standard error, after the name of the `program`. If the reader of the output
    goes away, the command ends with 0, as if everything had been read.
    """
    _open_standard_streams()
    try:
        status = command()
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        _discard_output()
        return DONE
    except KeyboardInterrupt:
        _print_error(f"{program}: interrupted")
        return INTERRUPTED
    except (LongthinkError, OSError) as error:
        _print_error(f"{program}: {one_line(error)}")
    except MemoryError:
        _print_error(f"{program}: there is not enough memory")
    try:
        sys.stdout.flush()
    except OSError:  # the error was printed above
        _discard_output()
    return WRONG_USE


def one_line(error: BaseException) -> str:
    """The text of an error without line breaks."""
    return " ".join(str(error).split()) or type(error).__name__


def _print_error(text: str) -> None:
    try:
        print(text, file=sys.stderr, flush=True)
    except OSError:  # nobody can read it; the exit code remains
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


def _discard_output() -> None:
    """Send the rest of the output nowhere, so that Python does not try to write it again when it exits."""
    with contextlib.suppress(OSError, ValueError):  # a stream that is not a file has nothing left to write
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _open_standard_streams() -> None:
    """Open a closed standard stream on the null device, so that no file opened later takes its number.

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
