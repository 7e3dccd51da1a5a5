"""Thinking for `longthink serve`: each request in a thread of its own, and a queue for those that have to wait."""

from __future__ import annotations

import asyncio
import ctypes
import sys
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from typing import TypeAlias

from longthink.bridge.tasks.task import Task
from longthink.bridge.thinking.chat import ChatAnswer
from longthink.bridge.thinking.think import Answer
from longthink.search.budget import Spent

BEAT = 0.5  # seconds between two looks at whoever waits
IMPORT_BEAT = 0.1  # seconds between two looks whether an import has ended

Found: TypeAlias = Answer | ChatAnswer
Make: TypeAlias = Callable[[], Task | None]
Think: TypeAlias = Callable[[Task | None, Callable[[Spent], None]], Found]


class Thought:
    """One request in a thread: its task is made, then thought about.

    made: the task. came: what thinking found. ended: comes with either of them, and never with an error. until: when
    thinking should be over, as `time.monotonic()` tells it.
    """

    def __init__(self, make: Make, think: Think, seconds: float) -> None:
        self.spent, self.until = Spent(), time.monotonic() + seconds
        self.made: Future[Task | None] = Future()
        self.came: Future[Found] = Future()
        self.ended: Future[None] = Future()
        self._make, self._think, self._cancelled = make, think, False
        self._making: int | None = None  # the thread that makes the task
        self._lock = threading.Lock()

    def begin(self) -> None:
        threading.Thread(target=self._run, name="longthink-thought", daemon=True).start()

    def cancel(self) -> None:
        """End it as Ctrl-C would: what makes the task at its next line of Python, thinking with what it has found."""
        self._cancelled = True
        self._stop_making()

    def _stop_making(self) -> None:
        with self._lock:
            if self._making is None:
                return
            if _imports(self._making):  # half a module would stay for all that come after
                later = threading.Timer(IMPORT_BEAT, self._stop_making)
                later.daemon = True
                later.start()
                return
            thread, self._making = ctypes.c_ulong(self._making), None
            ctypes.pythonapi.PyThreadState_SetAsyncExc(thread, ctypes.py_object(KeyboardInterrupt))

    def _progress(self, spent: Spent) -> None:
        self.spent = spent
        if self._cancelled:
            raise KeyboardInterrupt

    def _run(self) -> None:
        try:
            self._make_and_think()
        finally:
            self.ended.set_result(None)

    def _make_and_think(self) -> None:
        try:
            try:
                self._making = threading.get_ident()
                task = self._make()
            finally:
                with self._lock:
                    self._making = None
            self.made.set_result(task)
            self.came.set_result(self._think(task, self._progress))
        except BaseException as error:  # whatever it is, the one who waits has to know
            for future in (self.made, self.came):
                if not future.done():
                    future.set_exception(error)


def _imports(thread: int) -> bool:
    """Whether a thread is in the middle of an import."""
    frame = sys._current_frames().get(thread)
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


class Full(Exception):
    """There is no place left in a queue."""


class Queue:
    """Lets `slots` work at once and `places` more wait, first come, first served; of one event loop."""

    def __init__(self, slots: int, places: int) -> None:
        self._free, self._places = slots, places
        self._waiting: deque[asyncio.Future[None]] = deque()

    def __len__(self) -> int:
        """How many wait."""
        return len(self._waiting)

    async def enter(self, look: Callable[[], Awaitable[None]]) -> None:
        """Take a slot, after waiting for one. look: is called now and then meanwhile, and raises to give up.

        Raises `Full`.
        """
        if self._free:
            self._free -= 1
            return
        if len(self._waiting) >= self._places:
            raise Full
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            while not turn.done():
                await asyncio.wait([turn], timeout=BEAT)
                await look()
        except BaseException:
            if turn.done():
                self.leave()
            else:
                self._waiting.remove(turn)
            raise

    def leave(self) -> None:
        """Give a slot back, to the one that has waited longest."""
        if self._waiting:
            self._waiting.popleft().set_result(None)
        else:
            self._free += 1
