"""The start and the end of every program of longthink: exit codes, errors in one line, output that cannot be written.

The `longthink` command and every `python -m longthink...` use `run`. options.py reads the options. The rules for users
are in docs/command_line.md.
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
    closes it, the command ends with 0, as if all of the output had been read.
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
    except OSError:  # the error is printed already
        _discard_output()
    return WRONG_USE


def one_line(error: BaseException) -> str:
    """The text of an error without line breaks."""
    return " ".join(str(error).split()) or type(error).__name__


def _print_error(text: str) -> None:
    try:
        print(text, file=sys.stderr, flush=True)
    except OSError:  # the error cannot be shown; the exit code remains
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


def _discard_output() -> None:
    """Discard the rest of the output, so that Python does not try to write it again when it exits."""
    with contextlib.suppress(OSError, ValueError):  # a stream without a file descriptor has nothing to discard
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _open_standard_streams() -> None:
    """Open closed standard streams on the null device, so that no file that is opened later gets their numbers.

    Characters that the encoding of the output does not have are written as escapes.
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
