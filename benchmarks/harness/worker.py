"""A worker process: it runs the cases that it gets over a pipe, one after another. workers.py starts it.

It gets cases as bytes of cloudpickle. It sends 0.0 when a case begins, then other `float`s, the share of it that is
done, and at the end a `Record`, or a `Failure` if it cannot read the case. SIGTERM interrupts it, SIGUSR1 makes it
print where it is. If its parent ends, the pipe closes, and the worker and its children end.
"""

from __future__ import annotations

import faulthandler
import os
import signal
import threading
import time
from multiprocessing.connection import Connection
from queue import SimpleQueue
from types import FrameType
from typing import Any

from longthink.benchmarks.harness.executor import run_pickled
from longthink.benchmarks.harness.study import Context
from longthink.concurrency import CancelToken

SECONDS_BETWEEN_SHARES = 0.1


def main(handle: int) -> None:
    """Serve the pipe with this file handle until it closes."""
    connection: Connection[Any, Any] = Connection(handle)
    sending, cancel = threading.Lock(), CancelToken()
    cases: SimpleQueue[bytes] = SimpleQueue()

    def interrupt(number: int, frame: FrameType | None) -> None:
        cancel.cancel()
        raise KeyboardInterrupt

    def receive() -> None:
        try:
            while True:
                cases.put(connection.recv_bytes())
        except (EOFError, OSError):
            os.killpg(0, signal.SIGKILL)

    def send(news: object) -> None:
        with sending:
            connection.send(news)

    faulthandler.enable()
    faulthandler.register(signal.SIGUSR1)
    signal.signal(signal.SIGTERM, interrupt)
    threading.Thread(target=receive, daemon=True).start()
    while True:
        case, last = cases.get(), 0.0

        def progress(share: float) -> None:
            nonlocal last
            if time.monotonic() - last > SECONDS_BETWEEN_SHARES:
                last = time.monotonic()
                send(float(share))

        send(0.0)
        send(run_pickled(case, Context(progress, cancel)))
