"""The Go Text Protocol, version 2: lines in, answers out. What the commands do is in gtp_engine.py.

One thread reads lines, the main thread works, so that a search which runs until the next command (analysis, pondering)
sees that one has come. Whatever comes in, an answer `=...` or `?...` goes out, and the process lives on.
Specification: Farnebäck, "Specification of the Go Text Protocol, version 2, draft 2", 2002.
"""

from __future__ import annotations

import logging
import queue
import re
import threading
from collections.abc import Callable, Iterator
from typing import IO, Any

from longthink.errors import LongthinkError

MAX_LINE = 1 << 16
_ENDED = b""

log = logging.getLogger("longthink.go.gtp")


class GtpError(LongthinkError):
    """A command that fails; its text is the answer behind the question mark."""


class Quit(Exception):
    """The answer to this command is the last one."""


Answer = str | Iterator[str]
"""What a command gives: a text, or, where answers come while it works, their lines one by one."""

Command = Callable[[list[str]], Answer]


class Inbox:
    """The lines that wait to be answered, read by a thread of its own."""

    def __init__(self, source: IO[bytes]) -> None:
        self._lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        threading.Thread(target=self._read, args=(source,), name="longthink-gtp", daemon=True).start()

    def _read(self, source: IO[bytes]) -> None:
        # Unbuffered: a thread that waits inside a buffered stream holds a lock that Python wants when it ends.
        read = getattr(source, "raw", source).read
        rest, too_long = b"", False
        try:
            while data := read(MAX_LINE):
                *lines, rest = (rest + data).split(b"\n")
                for line in lines:
                    if not too_long:
                        self._lines.put(line + b"\n")
                    too_long = False
                if len(rest) >= MAX_LINE:  # of a line that is too long only the first part is looked at
                    if not too_long:
                        self._lines.put(rest)
                    rest, too_long = b"", True
        except (OSError, ValueError):  # the other side is gone
            pass
        if rest:
            self._lines.put(rest)
        self._lines.put(_ENDED)

    def waiting(self) -> bool:
        """Whether something has come that is not answered yet."""
        return not self._lines.empty()

    def take(self) -> bytes:
        """The next line, empty at the end of all."""
        return self._lines.get()


def parse(line: bytes) -> tuple[str, list[str]] | None:
    """The id of a command (or "") and its words; None where the line has none, or only a comment."""
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
    inbox: Inbox, commands: dict[str, Command], output: IO[bytes], idle: Callable[[], None] | None = None
) -> None:
    """Answer commands until `quit` or the end of the input. idle: called while nothing waits; it comes back soon after
    something does."""
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


def _answer(number: str, words: list[str], commands: dict[str, Command], write: Callable[[str], None]) -> bool:
    """Run one command and write its answer; gives whether to go on."""
    started = False  # an answer that comes in lines cannot become a failure any more
    go_on = True
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
            write(f"?{number} {_one_line(error)}\n\n")
            return True
    except Exception as error:  # an error of ours; the other side should be able to go on
        log.exception("the command failed: %s", words)
        if not started:
            write(f"?{number} internal error: {type(error).__name__} {_one_line(error)}\n\n")
            return True
    if started:
        write("\n")
    return go_on


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def run(options: Any, source: IO[bytes], output: IO[bytes]) -> int:
    """`longthink gtp`: serve until the other side ends. options: of the command line."""
    from longthink.go.engine import Engine, EngineOptions

    if options.log is not None:
        handler = logging.FileHandler(options.log)
        handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
        log.addHandler(handler)
        log.setLevel(logging.INFO)
        log.propagate = False
    inbox = Inbox(source)
    engine = Engine(EngineOptions.of(options), inbox.waiting)
    serve(inbox, engine.commands, output, engine.ponder if options.ponder else None)
    return 0
