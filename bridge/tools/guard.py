"""Guarded calls: run code of other packages on model output in a worker process, with limits of time and memory.

Scorers and mathematics of other packages can take any time and memory on a hostile answer, and Python cannot stop them
inside the process. So they run in worker processes, which are kept and used again. A worker that passes a limit is
killed. The guard limits resources; it does not protect against malicious code. Callers check text before it reaches
code that evaluates it, and untrusted programs run in the sandbox (`sandbox`).
"""

from __future__ import annotations

import atexit
import contextlib
import importlib
import json
import os
import pickle
import resource
import select
import signal
import struct
import subprocess
import sys
import threading
import time
from typing import IO, Any

from longthink.errors import LongthinkError, ToolError

_START = 120.0  # wall-clock seconds for a worker to start and to import the function
_SLACK = 10.0  # wall-clock time of a call, in multiples of its processor time, on a busy machine
_SIZE = struct.Struct("!Q")


class GuardError(LongthinkError, RuntimeError):
    """A guarded call raised an error, or passed a limit of time or memory; the text says which."""


def call(target: str, *arguments: Any, seconds: float = 5.0, memory: int = 1 << 30) -> Any:
    """Call the function `target`, written as "module:name", in a worker and return its result, which JSON can hold.

    seconds: processor time. memory: bytes in addition to what the worker holds before the call.

    Raises `GuardError`, and `ToolError` if no process can be started.
    """
    with _places:
        with _lock:
            worker = _idle.pop() if _idle else None
        worker = worker or _Worker()
        try:
            answer = worker.ask(target, arguments, seconds, memory)
        except BaseException:  # the call passed a limit, or Ctrl-C was pressed
            worker.end()
            raise
        with _lock:
            _idle.append(worker)
    if "raised" in answer:
        raise GuardError(answer["raised"])
    return answer["value"]


class _Worker:
    """A process that answers one call after another."""

    def __init__(self) -> None:
        limits = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
        try:
            self.process = subprocess.Popen(
                [sys.executable, "-c", "from longthink.bridge.tools.guard import work; work()"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={**os.environ, **limits},
                start_new_session=True,  # Ctrl-C in a terminal goes to this process only
            )
        except (OSError, ValueError) as error:
            raise ToolError(f"a guarded call needs a worker process, which does not start: {error}") from error

    def ask(self, target: str, arguments: tuple[Any, ...], seconds: float, memory: int) -> dict[str, Any]:
        """Send a call and wait for the answer. Raises `GuardError` if the worker ends instead."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        try:
            _send(self.process.stdin, pickle.dumps((target, arguments, seconds, memory)))
            reader, until = self.process.stdout, time.monotonic() + _START
            if self._receive(reader, until) != b"ready":  # the function is imported
                raise GuardError("the worker did not start")
            answer = json.loads(self._receive(reader, time.monotonic() + _SLACK * seconds))
        except (OSError, EOFError):
            raise GuardError(f"it took more than {seconds:g} s or {memory >> 20} MiB of memory") from None
        found: dict[str, Any] = answer
        return found

    def _receive(self, reader: IO[bytes], until: float) -> bytes:
        return self._read(reader, _SIZE.unpack(self._read(reader, _SIZE.size, until))[0], until)

    def _read(self, reader: IO[bytes], size: int, until: float) -> bytes:
        data = b""
        while len(data) < size:
            if not select.select([reader], [], [], max(0.0, until - time.monotonic()))[0]:
                raise EOFError
            more = os.read(reader.fileno(), size - len(data))
            if not more:
                raise EOFError
            data += more
        return data

    def end(self) -> None:
        with contextlib.suppress(OSError):
            os.killpg(self.process.pid, signal.SIGKILL)
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        self.process.wait()

    def forget(self) -> None:
        """In a forked process: close this copy of the pipes; the worker belongs to the parent process."""
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                os.close(pipe.fileno())
                pipe.detach()  # type: ignore[attr-defined]
        self.process.returncode = 0


def _send(pipe: IO[bytes], data: bytes) -> None:
    pipe.write(_SIZE.pack(len(data)) + data)
    pipe.flush()


_idle: list[_Worker] = []
_lock = threading.Lock()
_places = threading.BoundedSemaphore(os.cpu_count() or 1)


def _end_all() -> None:
    with _lock:
        while _idle:
            _idle.pop().end()


def _after_fork() -> None:
    global _lock, _places
    _lock, _places = threading.Lock(), threading.BoundedSemaphore(os.cpu_count() or 1)
    while _idle:
        _idle.pop().forget()


atexit.register(_end_all)
os.register_at_fork(after_in_child=_after_fork)


# ---- The worker ----


def work() -> None:
    """Answer calls until there are no more. This is all that a worker process runs."""
    calls, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)  # what the called code prints is dropped
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    while size := calls.read(_SIZE.size):
        target, arguments, seconds, memory = pickle.loads(calls.read(_SIZE.unpack(size)[0]))
        module, _, name = target.partition(":")
        function = getattr(importlib.import_module(module), name)
        prepare = getattr(function, "prepare", None)
        if prepare is not None:
            prepare()
        _send(answers, b"ready")
        _limit_memory(memory)
        signal.setitimer(signal.ITIMER_PROF, seconds)  # the signal ends the process
        try:
            answer = json.dumps({"value": function(*arguments)})
        except BaseException as error:  # of any kind
            answer = json.dumps({"raised": f"{type(error).__name__}: {error}"[:300]})
        signal.setitimer(signal.ITIMER_PROF, 0.0)
        _limit_memory(None)
        _send(answers, answer.encode())


def _limit_memory(more: int | None) -> None:
    """Limit the address space to what is used now plus `more` bytes, or remove the limit (None)."""
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    limit = most
    if more is not None:
        try:
            with open("/proc/self/statm") as file:
                limit = int(file.read().split()[0]) * resource.getpagesize() + more
        except OSError:  # not Linux: only time is limited
            return
        if most != resource.RLIM_INFINITY:
            limit = min(limit, most)
    resource.setrlimit(resource.RLIMIT_AS, (limit, most))
