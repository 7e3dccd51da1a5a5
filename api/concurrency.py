"""What threads, forked processes and pickles may do with an object of longthink (docs/threads_and_processes.md).

This module imports only `longthink.errors`: every room may use it.
"""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any, TypeVar, cast

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
        self._lock = threading.RLock()

    def __enter__(self) -> None:
        if not self._lock.acquire(False):
            raise ConcurrentUseError(
                f"{self._what} is used by another thread at this moment; give each thread an object of its own, "
                "put a lock around the calls, or use threads=... if you want one search to run faster"
            )

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.release()


def exclusively(method: F) -> F:
    """A method of an object that only one thread at a time may use, by the `ExclusiveUse` in its `_exclusive`."""

    @functools.wraps(method)
    def alone(self: Any, *arguments: Any, **options: Any) -> Any:
        with self._exclusive:
            return method(self, *arguments, **options)

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


def not_picklable(thing: object, instead: str) -> NotPicklableError:
    """The error for `__reduce__` of an object that cannot be pickled.

    instead: what to do, as "use save(path) and load(path)".
    """
    return NotPicklableError(
        f"{type(thing).__name__} cannot be pickled: it holds memory or connections of this process; {instead}"
    )
