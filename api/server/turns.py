"""Turns: the queue of `longthink serve`, in which requests wait until they may think."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

BEAT = 0.5  # seconds between two looks whether a waiting request should give up


class Full(Exception):
    """The queue has no free place."""


class Turns:
    """Lets `slots` requests work at the same time and `places` more wait, in the order in which they came.

    It belongs to one event loop. Its length is the number of requests that wait.
    """

    def __init__(self, slots: int, places: int) -> None:
        self._free, self._places = slots, places
        self._waiting: deque[asyncio.Future[None]] = deque()

    def __len__(self) -> int:
        return len(self._waiting)

    async def enter(self, look: Callable[[], Awaitable[None]]) -> None:
        """Take a slot, and wait for it if none is free. look: called now and then meanwhile; it raises to give up.

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
        """Give a slot back; the request that has waited longest takes it."""
        if self._waiting:
            self._waiting.popleft().set_result(None)
        else:
            self._free += 1
