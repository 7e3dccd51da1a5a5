"""The Go Text Protocol, version 2: reads commands line by line and writes the answers.

One thread reads lines, and the main thread works; so a search that runs until the next command (analysis, pondering)
sees that a command has come. Every command gets an answer `=...` or `?...`, and the process continues. The commands are
in the folder commands/.

Specification: Farnebäck, "Specification of the Go Text Protocol, version 2, draft 2", 2002.
"""

from __future__ import annotations

import logging
import queue
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING

from longthink.command_line import one_line
from longthink.errors import LongthinkError

if TYPE_CHECKING:
    from longthink.go.engine import EngineOptions

MAX_LINE = 1 << 16
_ENDED = b""

log = logging.getLogger("longthink.go.gtp")


class GtpError(LongthinkError):
    """A command that fails; its text is the answer after the question mark."""


class Quit(Exception):
    """The answer to this command is the last one."""


Answer = str | Iterator[str]
"""What a command returns: a text, or, if it answers while it works, its lines one by one."""

Command = Callable[[list[str]], Answer]
"""Takes the arguments. Raises a `LongthinkError`, whose text is the failure."""


class Inbox:
    """The lines that wait for an answer, read by a thread of their own."""

    def __init__(self, source: IO[bytes]) -> None:
        self._lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        threading.Thread(target=self._read, args=(source,), name="longthink-gtp", daemon=True).start()

    def _read(self, source: IO[bytes]) -> None:
        # Unbuffered: a thread that waits inside a buffered stream holds a lock that Python needs at its end.
        read = getattr(source, "raw", source).read
        rest, too_long = b"", False
        try:
            while data := read(MAX_LINE):
                *lines, rest = (rest + data).split(b"\n")
                for line in lines:
                    if not too_long:
                        self._lines.put(line + b"\n")
                    too_long = False
                if len(rest) >= MAX_LINE:  # only the first part of a line that is too long counts
                    if not too_long:
                        self._lines.put(rest)
                    rest, too_long = b"", True
        except (OSError, ValueError):  # the other side has gone
            pass
        if rest:
            self._lines.put(rest)
        self._lines.put(_ENDED)

    def waiting(self) -> bool:
        """Whether a line waits for its answer."""
        return not self._lines.empty()

    def take(self) -> bytes:
        """The next line; empty at the end of the input."""
        return self._lines.get()


def parse(line: bytes) -> tuple[str, list[str]] | None:
    """The id of a command (or "") and its words; None for an empty line or a comment."""
    text = line.decode("utf-8", "replace").partition("#")[0].replace("\t", " ")
    words = "".join(c for c in text if c == " " or (ord(c) > 31 and ord(c) != 127)).split(" ")
    words = [word for word in words if word]
    if not words:
        return None
    number = ""
    if words[0].isascii() and words[0].isdecimal():
        number = words.pop(0)
    return number, words


def serve(
    inbox: Inbox, commands: Mapping[str, Command], output: IO[bytes], idle: Callable[[], None] | None = None
) -> None:
    """Answer commands until `quit` or the end of the input.

    idle: called if no line waits; it must return soon after a line comes in.
    """
    while True:
        if idle is not None and not inbox.waiting():
            idle()
        line = inbox.take()
        if line == _ENDED:
            return
        parsed = parse(line)
        if parsed is None:
            continue
        number, words = parsed
        log.info("> %s", " ".join([number, *words]).strip())

        def write(text: str) -> None:
            output.write(text.encode("utf-8", "replace"))
            output.flush()
            log.info("< %s", text.rstrip())

        if not _answer(number, words, commands, write):
            return


def _answer(number: str, words: list[str], commands: Mapping[str, Command], write: Callable[[str], None]) -> bool:
    """Run one command and write its answer; returns whether to continue."""
    started = False  # whether lines were written: the answer can no longer become a failure
    try:
        if not words:
            raise GtpError("missing command")
        command = commands.get(words[0])
        if command is None:
            raise GtpError("unknown command")
        answer = command(words[1:])
        if isinstance(answer, str):
            answer = re.sub(r"\n\s*\n", "\n", answer)  # an empty line would end the answer
            write(f"={number} {answer}\n\n" if answer else f"={number}\n\n")
            return True
        write(f"={number}\n")
        started = True
        for line in answer:
            write(line + "\n")
    except Quit:
        write(f"={number}\n\n")
        return False
    except BrokenPipeError:
        return False
    except LongthinkError as error:
        if not started:
            write(f"?{number} {one_line(error)}\n\n")
            return True
    except Exception as error:  # a fault of ours; the other side should be able to continue
        log.exception("the command failed: %s", words)
        if not started:
            write(f"?{number} internal error: {type(error).__name__} {one_line(error)}\n\n")
            return True
    write("\n")
    return True


def run(
    options: EngineOptions,
    source: IO[bytes],
    output: IO[bytes],
    *,
    ponder: bool = False,
    log_file: str | Path | None = None,
) -> int:
    """Answer commands until the other side ends. ponder: search while no command waits. log_file: for all lines."""
    from longthink.go.commands import bind
    from longthink.go.engine import Engine

    if log_file is not None:
        handler = logging.FileHandler(log_file)
        handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
        log.addHandler(handler)
        log.setLevel(logging.INFO)
        log.propagate = False
    inbox = Inbox(source)
    engine = Engine(options, inbox.waiting)
    serve(inbox, bind(engine), output, engine.ponder if ponder else None)
    return 0
