"""Rules for objects in threads, forked processes and pickles (docs/threads_and_processes.md).

This module imports only `longthink.errors`: every room may use it.
"""

from __future__ import annotations

import ctypes
import functools
import os
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any, Generic, TypeVar, cast

from longthink.errors import ConcurrentUseError, NotPicklableError

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])


class ExclusiveUse:
    """Allows one thread at a time to use an object: `with self._exclusive:` in each method that reads or changes it.

    A second thread gets a `ConcurrentUseError` at once. The thread that holds the lock may enter again, for example in
    a progress callback that reads a value. If a process is forked while another thread holds the lock, the object may
    be half changed; the forked process can never use it.
    """

    def __init__(self, what: str) -> None:
        """what: the object in words, for example "this MCTS"."""
        self._what = what
        self.lock = threading.RLock()

    def refusal(self) -> ConcurrentUseError:
        """The error for a thread that does not get the lock at once."""
        return ConcurrentUseError(
            f"{self._what} is in use by another thread; give each thread an object of its own, "
            "put a lock around the calls, or use threads=... if you want one search to run faster"
        )

    def __enter__(self) -> None:
        if not self.lock.acquire(False):
            raise self.refusal()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.lock.release()


def exclusively(method: F) -> F:
    """Decorator of a method that one thread at a time may call; the object has an `ExclusiveUse` in `_exclusive`."""

    @functools.wraps(method)
    def alone(self: Any, *arguments: Any, **options: Any) -> Any:
        exclusive = self._exclusive
        if not exclusive.lock.acquire(False):  # the same as `with exclusive:`, which takes three times as long
            raise exclusive.refusal()
        try:
            return method(self, *arguments, **options)
        finally:
            exclusive.lock.release()

    return cast(F, alone)


class ForkSafePool:
    """A pool of threads. A forked process makes a new pool, because threads do not survive a fork."""

    def __init__(self, threads: int, name: str) -> None:
        """name: the name of the threads, for example "longthink-search"."""
        self._threads, self._name = threads, name
        self._pool: ThreadPoolExecutor | None = None
        self._process = -1

    def submit(self, work: Callable[..., T], /, *arguments: Any) -> Future[T]:
        if self._pool is None or self._process != os.getpid():
            self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix=self._name)
            self._process = os.getpid()
        return self._pool.submit(work, *arguments)


class PerProcess(Generic[T]):
    """An object that belongs to its process, such as a lock, threads or connections. A forked process makes its own.

    A forked process neither uses nor frees the object of its parent: freeing it might wait for threads that do not
    exist in the forked process.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: T | None = None
        _per_process.add(self)

    def get(self, make: Callable[[], T]) -> T:
        """The object. The first caller in this process makes it with `make`."""
        made = self._made
        if made is None:
            with self._lock:
                if self._made is None:
                    self._made = make()
                made = self._made
        return made

    def leave_to_parent(self) -> None:
        """Forget the object, in a forked process, without freeing it."""
        if self._made is not None:
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._made))
        self._lock, self._made = threading.Lock(), None


_per_process: weakref.WeakSet[PerProcess[Any]] = weakref.WeakSet()


def _after_fork() -> None:
    for each in list(_per_process):
        each.leave_to_parent()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def not_picklable(thing: object, instead: str) -> NotPicklableError:
    """The error for `__reduce__` of an object that cannot be pickled.

    instead: what to do, for example "use save(path) and load(path)".
    """
    return NotPicklableError(
        f"{type(thing).__name__} cannot be pickled: it holds memory or connections of this process; {instead}"
    )


class CancelToken:
    """Ends long work from another thread: pass the token as `cancel=`, and call `cancel()` to end the work.

    The work then returns its best result so far, with `stopped_by` "cancelled". One token may cancel several pieces of
    work. It stays cancelled.
    """

    def __init__(self) -> None:
        self._cancelled = threading.Event()

    def cancel(self) -> None:
        """End the work. The work checks the token several times a second."""
        self._cancelled.set()

    @property
    def cancelled(self) -> bool:
        return self._cancelled.is_set()

    def __reduce__(self) -> Any:
        raise not_picklable(self, "make a token in the process that cancels")
