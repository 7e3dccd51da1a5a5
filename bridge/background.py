"""One event loop in a thread of its own, on which everything that waits for a network waits."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")

_lock = threading.Lock()
_loop: tuple[int, asyncio.AbstractEventLoop] | None = None


def background(work: Coroutine[Any, Any, T]) -> Future[T]:
    """Run a coroutine on the loop, which is started when it is first needed in this process."""
    global _loop
    with _lock:
        if _loop is None or _loop[0] != os.getpid():
            _loop = os.getpid(), asyncio.new_event_loop()
            threading.Thread(target=_loop[1].run_forever, name="longthink-network", daemon=True).start()
        return asyncio.run_coroutine_threadsafe(work, _loop[1])
