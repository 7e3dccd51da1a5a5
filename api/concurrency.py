"""What threads, forked processes and pickles may do with an object of longthink (docs/threads_and_processes.md).

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
    """Lets one thread at a time use an object: `with self._exclusive:` around every method that reads or changes it.

    A second thread gets a `ConcurrentUseError` at once. The thread that holds it may enter again, as a progress
    callback does that asks for a value. In a process forked while another thread held it, the object may be half
    changed, and is refused for good.
    """

    def __init__(self, what: str) -> None:
        """what: the object in words, as "this MCTS"."""
        self._what = what
        self.lock = threading.RLock()

    def refusal(self) -> ConcurrentUseError:
        """The error for a thread that does not get the lock at once."""
        return ConcurrentUseError(
            f"{self._what} is used by another thread at this moment; give each thread an object of its own, "
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
    """A method of an object that only one thread at a time may use, by the `ExclusiveUse` in its `_exclusive`."""

    @functools.wraps(method)
    def alone(self: Any, *arguments: Any, **options: Any) -> Any:
        exclusive = self._exclusive
        if not exclusive.lock.acquire(False):  # as `with exclusive:`, which takes three times as long
            raise exclusive.refusal()
        try:
            return method(self, *arguments, **options)
        finally:
            exclusive.lock.release()

    return cast(F, alone)


class ForkSafePool:
    """A pool of threads that a forked process makes anew, for threads do not survive a fork."""

    def __init__(self, threads: int, name: str) -> None:
        """name: of the threads, as "longthink-search"."""
        self._threads, self._name = threads, name
        self._pool: ThreadPoolExecutor | None = None
        self._process = -1

    def submit(self, work: Callable[..., T], /, *arguments: Any) -> Future[T]:
        if self._pool is None or self._process != os.getpid():
            self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix=self._name)
            self._process = os.getpid()
        return self._pool.submit(work, *arguments)


class PerProcess(Generic[T]):
    """Something that belongs to its process, such as a lock, threads or connections: a forked process makes its own.

    What the parent made is neither used nor let go in a forked process, where its end might wait for threads that do
    not exist there.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: T | None = None
        _per_process.add(self)

    def get(self, make: Callable[[], T]) -> T:
        """What `make` gave to the first caller in this process."""
        made = self._made
        if made is None:
            with self._lock:
                if self._made is None:
                    self._made = make()
                made = self._made
        return made

    def leave_to_parent(self) -> None:
        """Forget what there is, in a forked process."""
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

    instead: what to do, as "use save(path) and load(path)".
    """
    return NotPicklableError(
        f"{type(thing).__name__} cannot be pickled: it holds memory or connections of this process; {instead}"
    )


class CancelToken:
    """Ends long work from another thread: give it to the work as `cancel=`, and call `cancel()` whenever it is to end.

    The work then gives its best so far, with `stopped_by` "cancelled". One token may end any number of pieces of work,
    and stays cancelled.
    """

    def __init__(self) -> None:
        self._cancelled = threading.Event()

    def cancel(self) -> None:
        """End the work: at once if it looks at the token, which it does some times a second at least."""
        self._cancelled.set()

    @property
    def cancelled(self) -> bool:
        return self._cancelled.is_set()

    def __reduce__(self) -> Any:
        raise not_picklable(self, "make a token in the process that cancels")
