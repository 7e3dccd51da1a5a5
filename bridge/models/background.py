"""The event loop, in its own thread, on which all network requests run."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

from longthink.concurrency import PerProcess

T = TypeVar("T")

_loop = PerProcess[asyncio.AbstractEventLoop]()


def background(work: Coroutine[Any, Any, T]) -> Future[T]:
    """Run a coroutine on the loop, which starts when this process first needs it."""
    return asyncio.run_coroutine_threadsafe(work, _loop.get(_started))


def _started() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="longthink-network", daemon=True).start()
    return loop
