"""Limits of the rate of requests to a server: requests and tokens per minute, and pauses that the server asks for."""

from __future__ import annotations

import asyncio
import time
from collections import deque

from longthink.validation import real_number


class RateLimit:
    """Lets requests through in the order in which they come, as fast as the limits allow.

    requests, tokens: limits for any `period` of seconds; None is no limit. A request with more tokens than the limit
    waits until it is alone in its period. Raises `ParameterError` if a limit is not positive.
    """

    def __init__(self, requests: float | None = None, tokens: float | None = None, period: float = 60.0) -> None:
        self._requests = None if requests is None else real_number("requests_per_minute", requests, 0, above=True)
        self._tokens = None if tokens is None else real_number("tokens_per_minute", tokens, 0, above=True)
        self._period = period
        self._let_through: deque[tuple[float, list[int]]] = deque()  # when, and how many tokens
        self._paused_until = 0.0
        self._line = asyncio.Lock()

    def pause(self, seconds: float) -> None:
        """Let nothing through for `seconds`."""
        self._paused_until = max(self._paused_until, time.monotonic() + seconds)

    async def enter(self, tokens: int) -> list[int]:
        """Wait for a turn. The returned list holds `tokens`; the caller replaces the number when the cost is known."""
        async with self._line:
            while (wait := self._wait(tokens)) > 0:
                await asyncio.sleep(wait)
            entry = [tokens]
            self._let_through.append((time.monotonic(), entry))
            return entry

    def _wait(self, tokens: int) -> float:
        """Seconds to wait before the next check; 0 if the request may go now."""
        now = time.monotonic()
        if now < self._paused_until:
            return self._paused_until - now
        recent = self._let_through
        while recent and recent[0][0] <= now - self._period:
            recent.popleft()
        full = self._requests is not None and len(recent) + 1 > self._requests
        if self._tokens is not None and sum(entry[0] for _, entry in recent) + tokens > self._tokens:
            full = True
        return recent[0][0] + self._period - now + 1e-4 if full and recent else 0.0
