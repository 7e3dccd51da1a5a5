"""`GtpPlayer`: a Go program that speaks the Go Text Protocol, for matches (harness/matches)."""

from __future__ import annotations

import os
import queue
import shlex
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import IO

from longthink.errors import LongthinkError, ParameterError
from longthink.validation import real_number, shown


class PlayerError(LongthinkError, RuntimeError):
    """A program refused a command, or its answer violates the protocol. The derived errors say what else went wrong."""


class PlayerStartError(PlayerError):
    """A program cannot be started."""


class PlayerEndedError(PlayerError):
    """A program ended before it answered."""


class PlayerSilentError(PlayerError):
    """A program did not answer in time."""


TIMEOUT = 600.0  # seconds allowed for an answer
MOST = 1 << 20  # bytes allowed for an answer, including all output before it
CHUNK = 1 << 16


class GtpPlayer:
    """A program that speaks the Go Text Protocol.

    command: its command line; "longthink ..." runs this installation. timeout: seconds allowed for an answer. stop: an
    event that ends the wait for an answer. errors: a file for its error output, which is discarded by default.

    Raises `PlayerStartError` if the program cannot be started. Every command raises `PlayerEndedError` if the program
    ends, `PlayerSilentError` if it does not answer in time, and `PlayerError` if it reports a failure, or if its answer
    violates the protocol or is too long.
    """

    def __init__(
        self,
        command: str,
        timeout: float = TIMEOUT,
        stop: threading.Event | None = None,
        errors: IO[bytes] | None = None,
    ) -> None:
        try:
            words = shlex.split(command)
        except ValueError as error:
            raise ParameterError(f"expected the command line of a Go program, got {shown(command)}: {error}") from error
        if not words:
            raise ParameterError("expected the command line of a Go program, got an empty one")
        if words[0] == "longthink":
            words = [sys.executable, "-m", "longthink", *words[1:]]
        self.command, self.timeout = command, real_number("timeout", timeout, 0, above=True)
        self._stop = threading.Event() if stop is None else stop
        path = os.environ.get("PATH", "") + os.pathsep + "/usr/games"  # the location of gnugo on Debian
        try:
            self._process = subprocess.Popen(
                words,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL if errors is None else errors,
                env={**os.environ, "PATH": path},
                bufsize=0,
                start_new_session=True,  # so that its children can be ended with it
            )
        except (OSError, ValueError) as error:
            raise PlayerStartError(f"{command!r} cannot be started: {error}") from error
        self._cpu = 0.0
        self._chunks: queue.Queue[bytes] = queue.Queue(MOST // CHUNK)  # a program with more output has to wait
        self._unread = b""
        self._broken: PlayerError | None = None
        threading.Thread(target=self._read, name="longthink-player", daemon=True).start()

    def _read(self) -> None:
        """Put the output of the program into the queue, and an empty chunk at its end. Runs in its own thread."""
        source = self._process.stdout
        assert source is not None
        while True:
            try:
                data = source.read(CHUNK)
            except (OSError, ValueError):  # closed
                data = b""
            while not self._stop.is_set():
                try:
                    self._chunks.put(data, timeout=1.0)
                    break
                except queue.Full:
                    continue
            if not data or self._stop.is_set():
                source.close()
                return

    def ask(self, question: str) -> str:
        """The answer to a command. Raises `PlayerError`."""
        if self._broken is not None:  # later answers would belong to earlier questions
            raise self._broken
        try:
            answer = self._answer(question)
        except PlayerError as error:
            self._broken = error
            raise
        if answer.startswith("?"):
            raise PlayerError(f"{self.command!r} refused {question!r}: {shown(answer[1:].strip(), 200)}")
        return answer[1:].strip()

    def _answer(self, question: str) -> str:
        """Send a command. Return the lines from the first one with = or ? up to the next empty line."""
        sink = self._process.stdin
        assert sink is not None
        try:
            sink.write(question.encode() + b"\n")
        except (OSError, ValueError) as error:
            raise PlayerEndedError(f"{self.command!r} ended at {question!r}: {error}") from error
        deadline = time.monotonic() + self.timeout
        lines: list[str] = []
        at, read = 0, 0
        while True:
            end = self._unread.find(b"\n", at)
            if end < 0:
                chunk = self._next(question, deadline)
                read += len(chunk)
                if read > MOST:
                    raise PlayerError(f"{self.command!r} sent more than {MOST} bytes in answer to {question!r}")
                self._unread += chunk
                continue
            text = self._unread[at:end].decode("utf-8", "replace").rstrip("\r")
            at = end + 1
            if text:
                lines.append(text)
            elif lines:
                break
        self._unread = self._unread[at:]
        first = next((i for i, text in enumerate(lines) if text[0] in "=?"), None)  # a greeting may come first
        if first is None:
            raise PlayerError(
                f"{self.command!r} answered {question!r} without = or ?: {shown(' '.join(lines[:5]), 200)}"
            )
        return "\n".join(lines[first:])

    def _next(self, question: str, deadline: float) -> bytes:
        """The next chunk of the program's output."""
        while True:
            if self._stop.is_set():
                raise PlayerError("the match was stopped")
            left = deadline - time.monotonic()
            try:
                chunk = self._chunks.get(timeout=max(0.0, min(left, 0.2)))
            except queue.Empty:
                if left > 0:
                    continue
                late = f"{self.command!r} gave no answer to {question!r} in {self.timeout:g} s"
                raise PlayerSilentError(late) from None
            if not chunk:
                self._chunks.put(chunk)
                raise PlayerEndedError(f"{self.command!r} ended at {question!r}")
            return chunk

    def begin(self, size: int, komi: float) -> None:
        for question in (f"boardsize {size}", "clear_board", f"komi {komi:g}"):
            self.ask(question)

    def play(self, colour: str, move: str) -> None:
        self.ask(f"play {colour} {move}")

    def genmove(self, colour: str, cleanup: bool = False) -> str:
        cleans = cleanup and self.ask("known_command kgs-genmove_cleanup") == "true"
        return self.ask(f"{'kgs-genmove_cleanup' if cleans else 'genmove'} {colour}").lower()

    def cpu_seconds(self) -> float:
        """Processor time of the program and of its ended children; 0 if the system does not provide it."""
        try:
            fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
            self._cpu = sum(int(ticks) for ticks in fields[11:15]) / os.sysconf("SC_CLK_TCK")
        except (OSError, ValueError, IndexError):
            pass
        return self._cpu

    def close(self) -> None:
        """End the program and its children."""
        sink = self._process.stdin
        assert sink is not None
        with suppress(OSError):
            sink.close()
        try:
            self._process.wait(0.0 if self._stop.is_set() else 2.0)
        except subprocess.TimeoutExpired:
            with suppress(OSError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        while not self._chunks.empty():  # lets the reader thread finish
            self._chunks.get_nowait()
