"""`Workers`: an executor (executor.py) that runs cases in processes of this machine.

Each worker has a pipe of its own, so that a worker which is killed at any moment disturbs no other. Pools of the
standard library, loky and pebble share queues and locks among workers; a lock that a killed worker held stays locked.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from multiprocessing.connection import Pipe, wait
from typing import IO, Any

from longthink.benchmarks.harness.executor import SINGLE_THREADED, Event, Lost, pickled
from longthink.benchmarks.harness.record import Failure, Record
from longthink.benchmarks.harness.suite import Planned

SECONDS_TO_END = 1.0
"""How long a worker may take to end after SIGTERM; then it is killed."""
PROGRAM = """
import json, sys
sys.path[:] = json.loads(sys.argv[1])
from longthink.benchmarks.harness.worker import main
main(int(sys.argv[2]))
"""
"""What a worker runs: it finds the same modules as this process, and never the script of this process."""

MOST_PRINTED = 4_000
"""How many of the last bytes that a worker printed are kept if it is lost."""


class Workers:
    """Up to `capacity` worker processes; one is started when all others are busy."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._idle: list[_Worker] = []
        self._busy: dict[str, _Worker] = {}

    def start(self, planned: Planned) -> None:
        sent = pickled(planned)
        worker = self._idle.pop() if self._idle else _Worker()
        self._busy[planned.key] = worker
        worker.send(sent)

    def wait(self, seconds: float) -> list[Event]:
        wait([worker.connection for worker in self._busy.values()], seconds)
        events = []
        for key, worker in list(self._busy.items()):
            for news in worker.news():
                events.append(Event(key, news))
                if not isinstance(news, float):
                    del self._busy[key]
                if isinstance(news, Record | Failure):
                    self._idle.append(worker)
        return events

    def stop(self, key: str) -> str:
        worker = self._busy.pop(key)
        worker.process.send_signal(signal.SIGUSR1)
        _end([worker])
        return worker.printed()

    def close(self) -> None:
        workers = [*self._idle, *self._busy.values()]
        self._idle, self._busy = [], {}
        _end(workers)


class _Worker:
    """A process of worker.py, its pipe, and what it prints. It leads a group, so that its children end with it."""

    def __init__(self) -> None:
        self.connection, theirs = Pipe()
        self._output: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-c", PROGRAM, json.dumps(sys.path), str(theirs.fileno())],
                env={**os.environ, **SINGLE_THREADED},
                stdin=subprocess.DEVNULL,
                stdout=self._output,
                stderr=self._output,
                pass_fds=[theirs.fileno()],
                process_group=0,
            )

    def send(self, case: bytes) -> None:
        self._printed_before = self._output.seek(0, os.SEEK_END)
        with contextlib.suppress(OSError):  # it has ended: `news` says so
            self.connection.send_bytes(case)

    def news(self) -> Iterable[float | Record | Failure | Lost]:
        """What has come since the last call; nothing follows the end of a case."""
        ended = self.process.poll() is not None  # before the pipe is read: what it sent before its end comes first
        try:
            while self.connection.poll():
                news: Any = self.connection.recv()
                yield news
                if not isinstance(news, float):
                    return
        except (EOFError, OSError):
            ended = True
        if ended:
            self.kill()
            yield Lost(self._how(), self.printed())

    def _how(self) -> str:
        code = self.process.returncode
        if code >= 0:
            return f"the process ended with exit code {code}"
        with contextlib.suppress(ValueError):
            return f"the process was ended by {signal.Signals(-code).name}"
        return f"the process was ended by signal {-code}"

    def printed(self) -> str:
        """The last of what it printed during the case."""
        size = self._output.seek(0, os.SEEK_END)
        self._output.seek(max(self._printed_before, size - MOST_PRINTED))
        return self._output.read().decode("utf-8", "replace")

    def signal(self, number: int) -> None:
        """Send a signal to the process and its children."""
        with contextlib.suppress(OSError):
            os.killpg(self.process.pid, number)

    def kill(self) -> None:
        self.signal(signal.SIGKILL)
        self.process.wait()


def _end(workers: Iterable[_Worker]) -> None:
    """Interrupt workers, and kill those that take long."""
    deadline = time.monotonic() + SECONDS_TO_END
    try:
        for worker in workers:
            worker.process.terminate()
        for worker in workers:
            with contextlib.suppress(subprocess.TimeoutExpired):
                worker.process.wait(max(0.0, deadline - time.monotonic()))
    finally:
        for worker in workers:
            worker.kill()
            worker.connection.close()
