"""Players of Go for matches: `GtpPlayer`, a program behind the Go Text Protocol; `SearchPlayer`, a search of ours."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Protocol

from longthink.errors import LongthinkError, ParameterError
from longthink.games.core import Game
from longthink.games.go import vertex
from longthink.games.go_record import GoRecord
from longthink.search.budget import Budget
from longthink.search.mcts import MCTS


class PlayerError(LongthinkError, RuntimeError):
    """A player that died, hung, or answered with a failure."""


class Player(Protocol):
    """Who plays one game. cleanup: take off what is dead before passing. cpu_seconds: what it has used so far."""

    def begin(self, size: int, komi: float) -> None: ...
    def play(self, colour: str, move: str) -> None: ...
    def genmove(self, colour: str, cleanup: bool = False) -> str: ...
    def cpu_seconds(self) -> float: ...
    def close(self) -> None: ...


class GtpPlayer:
    """A program that speaks the Go Text Protocol. command: its command line; "longthink ..." is this very installation.

    timeout: seconds that an answer may take. errors: where its error output goes, default nowhere.
    Raises `PlayerError` where the program cannot be started; every question raises it, too.
    """

    def __init__(self, command: str, timeout: float = 3600.0, errors: IO[bytes] | None = None) -> None:
        words = shlex.split(command)
        if not words:
            raise ParameterError("expected the command line of a Go program, got an empty one")
        if words[0] == "longthink":
            words = [sys.executable, "-m", "longthink", *words[1:]]
        self.command, self.timeout = command, timeout
        path = os.environ.get("PATH", "") + os.pathsep + "/usr/games"  # where Debian puts gnugo
        try:
            self._process = subprocess.Popen(
                words,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL if errors is None else errors,
                env={**os.environ, "PATH": path},
            )
        except OSError as error:
            raise PlayerError(f"{command!r} cannot be started: {error}") from error
        self._cpu = 0.0

    def ask(self, question: str) -> str:
        """The answer to a command. Raises `PlayerError` for a failure, an end or a silence."""
        sink, source = self._process.stdin, self._process.stdout
        assert sink is not None
        assert source is not None
        watch = threading.Timer(self.timeout, self._process.kill)
        watch.daemon = True
        watch.start()
        lines: list[str] = []
        try:
            sink.write(question.encode() + b"\n")
            sink.flush()
            while True:
                line = source.readline().decode("utf-8", "replace")
                if line == "":
                    raise PlayerError(
                        f"{self.command!r} ended at {question!r}, or gave no answer in {self.timeout:g} s"
                    )
                text = line.rstrip("\r\n")
                if text == "" and lines:
                    break
                if lines or text[:1] in ("=", "?"):
                    lines.append(text)
        except OSError as error:
            raise PlayerError(f"{self.command!r} ended at {question!r}: {error}") from error
        finally:
            watch.cancel()
        answer = "\n".join(lines)
        if answer.startswith("?"):
            raise PlayerError(f"{self.command!r} refused {question!r}: {answer[1:].strip()}")
        return answer[1:].strip()

    def begin(self, size: int, komi: float) -> None:
        for question in (f"boardsize {size}", "clear_board", f"komi {komi:g}"):
            self.ask(question)

    def play(self, colour: str, move: str) -> None:
        self.ask(f"play {colour} {move}")

    def genmove(self, colour: str, cleanup: bool = False) -> str:
        cleans = cleanup and self.ask("known_command kgs-genmove_cleanup") == "true"
        return self.ask(f"{'kgs-genmove_cleanup' if cleans else 'genmove'} {colour}").lower()

    def cpu_seconds(self) -> float:
        """Of the program and of its children that ended; 0 where the system does not say."""
        try:
            fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
            self._cpu = sum(int(ticks) for ticks in fields[11:15]) / os.sysconf("SC_CLK_TCK")
        except (OSError, ValueError, IndexError):
            pass
        return self._cpu

    def close(self) -> None:
        """End the program."""
        for pipe in (self._process.stdin, self._process.stdout):
            try:
                if pipe is not None:
                    pipe.close()
            except OSError:
                pass
        try:
            self._process.wait(2)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class SearchPlayer:
    """A search in this process, as `make` makes it of a game of Go, that thinks `budget` long about each move."""

    def __init__(self, make: Callable[[Game], MCTS], budget: Budget) -> None:
        self._make, self._budget, self._cpu = make, budget, 0.0

    def begin(self, size: int, komi: float) -> None:
        self._record = GoRecord(size, komi)
        self._search = self._make(self._record.game)

    def play(self, colour: str, move: str) -> None:
        from longthink.games.go import action_of

        self._record.play("bw".index(colour), action_of(self._record.size, move))

    def genmove(self, colour: str, cleanup: bool = False) -> str:
        if self._search.game != self._record.game:
            self._search = self._make(self._record.game)
        began = time.thread_time()
        result = self._search.run(self._record.state("bw".index(colour)), self._budget)
        self._cpu += time.thread_time() - began
        move = vertex(self._record.size, result.best_action)
        self.play(colour, move)
        return move.lower()

    def cpu_seconds(self) -> float:
        return self._cpu

    def close(self) -> None:
        """Nothing to end."""
