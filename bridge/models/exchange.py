"""One HTTP exchange with a server: a request is posted, an answer or a stream is read, a failure gets its meaning.

`OpenAIModel` decides what to ask, in which form, and how often; this module knows HTTP only.
"""

from __future__ import annotations

import asyncio
import email.utils
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from longthink.bridge.models.dialect import out_of_quota, too_long
from longthink.bridge.models.openai_format import Events, Unreadable, estimated
from longthink.bridge.models.rate_limit import RateLimit
from longthink.bridge.models.server_address import ServerAddress, without_login
from longthink.bridge.models.server_events import EventStream
from longthink.concurrency import PerProcess
from longthink.errors import ModelError, RequestRefusedError, error_text, require
from longthink.search.budget import Spent

OnText = Callable[[str], None]
"""Called with each piece of text as it comes."""

_MAX_BYTES = 64 << 20  # of an answer
_MAX_PAUSE = 600.0  # seconds that a server may ask for
_USAGE_WAIT = 2.0  # seconds to wait for the costs of a stream after all its completions have ended


class Retry(Exception):
    """A failure after which the request is made again.

    after: seconds that the server asks to wait. spent: what the failed request cost.
    """

    def __init__(self, why: str, after: float | None = None, spent: Spent | None = None) -> None:
        super().__init__(why)
        self.after, self.spent = after, spent


class Refused(Exception):
    """The server does not take the request as it is."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status, self.text = status, text


@dataclass
class Connections:
    """What belongs to one process and its event loop: the HTTP client, the free slots, the rate limit."""

    client: Any
    free: asyncio.Semaphore
    rate: RateLimit


class Exchange:
    """Posts requests to the server of the model `name`. connect_timeout, read_timeout: seconds.

    limits: requests and tokens per minute. slots: requests in progress at once.
    """

    def __init__(
        self,
        name: str,
        address: ServerAddress,
        slots: int,
        limits: tuple[float | None, float | None],
        connect_timeout: float,
        read_timeout: float,
    ) -> None:
        require("httpx", "lm")
        RateLimit(*limits)  # checks the limits
        self._name, self._address, self._slots, self._limits = name, address, slots, limits
        self._connect_timeout, self._read_timeout = connect_timeout, read_timeout
        self._connections = PerProcess[Connections]()

    @property
    def connections(self) -> Connections:
        """The connections of this process."""
        return self._connections.get(self._connect)

    def _connect(self) -> Connections:
        httpx = require("httpx", "lm")
        client = httpx.AsyncClient(
            base_url=self._address.url,
            headers=self._address.headers,
            timeout=httpx.Timeout(self._read_timeout, connect=self._connect_timeout, pool=None),
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=self._slots),
        )
        return Connections(client, asyncio.Semaphore(self._slots), RateLimit(*self._limits))

    def place(self, path: str) -> str:
        """The model and the address, for errors."""
        return f"{self._name} at {self._address.url}{path}"

    async def post(
        self, path: str, body: Mapping[str, Any], events: Events, until: float | None, on_text: OnText | None
    ) -> Any:
        """Post once and return the answer as JSON; a stream is put together in `events`.

        until: a time of `time.monotonic()` at which a stream is cut off.

        Raises `Retry`, `Refused`, `Unreadable`, `ModelError`.
        """
        httpx = require("httpx", "lm")
        client = self.connections.client
        begun = False
        try:
            headers = {"Content-Type": "application/json"}
            async with client.stream("POST", path, content=json.dumps(body).encode(), headers=headers) as response:
                if response.status_code != 200:
                    data = await _whole(response)
                    self._raise_for(path, response, data.decode(errors="replace"))
                begun = True
                if "event-stream" in response.headers.get("Content-Type", ""):
                    return await _stream(response, events, until, on_text)
                data = await _whole(response)
        except httpx.ConnectTimeout as error:
            raise Retry(f"no connection within {self._connect_timeout} s") from error
        except httpx.TimeoutException as error:
            raise Retry(f"no answer within {self._read_timeout} s", spent=events.spent) from error
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise Retry(error_text(error) or "", spent=events.spent if begun else None) from error
        try:
            answer = json.loads(data)
        except (ValueError, RecursionError) as error:
            spent = events.spent
            spent.generated_tokens = min(estimated(data), body["n"] * events.most)
            raise Unreadable(f"an answer that is not JSON: {data[:100]!r}", spent) from error
        if isinstance(answer, dict) and answer.get("error") and not answer.get("choices") and too_long(str(answer)):
            raise Refused(400, json.dumps(answer))
        return answer

    def _raise_for(self, path: str, response: Any, text: str) -> None:
        """Raise the error for a status other than 200."""
        status, clean = response.status_code, self._address.clean
        if too_long(text) and status not in (401, 403, 429):
            raise Refused(status, text)
        if status == 429 and out_of_quota(text):
            raise ModelError(f"{self.place(path)}: the account has no money or quota left: {clean(text)[:300]}")
        if status in (408, 409, 425, 429) or (status >= 500 and status != 501):
            after = _seconds(response.headers.get("Retry-After"))
            if after is not None and after > _MAX_PAUSE:
                raise ModelError(f"{self.place(path)} asks for a pause of {after:.0f} s (status {status})")
            if after is not None:
                self.connections.rate.pause(after)
            raise Retry(f"status {status}: {clean(text)[:200]}", after)
        if 300 <= status < 400:
            target = clean(without_login(response.headers.get("Location", "")))[:200]
            raise ModelError(f"{self.place(path)} redirects to {target!r}; give that address as base_url")
        raise Refused(status, text)

    def refusal(self, path: str, refused: Refused) -> ModelError:
        """The error for a refusal, if no other form of the request is left to try."""
        text = self._address.clean(refused.text)[:300]
        if too_long(refused.text):
            return RequestRefusedError(f"{self.place(path)} refuses the request as longer than its context: {text}")
        kind = RequestRefusedError if refused.status in (400, 413, 422) else ModelError
        return kind(f"{self.place(path)} refuses the request with status {refused.status}: {text}")


async def _whole(response: Any) -> bytes:
    """The body of a response, up to a limit of bytes."""
    data = bytearray()
    async for piece in response.aiter_bytes():
        data += piece
        if len(data) > _MAX_BYTES:
            raise Unreadable(f"an answer of more than {_MAX_BYTES >> 20} MiB")
    return bytes(data)


async def _stream(response: Any, events: Events, until: float | None, on_text: OnText | None) -> Any:
    """The answer that comes as events, as far as time and `max_tokens` allow.

    The stream ends with [DONE], when all requested completions are complete, or with the connection: some servers keep
    the connection open, or do not say what a stream cost.
    """
    stream, size, over = EventStream(), 0, False
    pieces = response.aiter_bytes()
    finish: str | None = None
    while not (events.done or over or events.longest):
        left = None if until is None else max(0.0, until - time.monotonic())
        patience = _USAGE_WAIT if events.finished else None
        try:
            async with asyncio.timeout(min((s for s in (left, patience) if s is not None), default=None)):
                data = await anext(pieces, None)
        except TimeoutError:
            if until is not None and time.monotonic() >= until:
                finish = "cut off"
                break
            if patience is None:
                raise
            break
        size += len(data or b"")
        if size > _MAX_BYTES:
            raise Unreadable(f"an answer of more than {_MAX_BYTES >> 20} MiB", events.spent)
        over = data is None
        for event in stream.end() if data is None else stream.take(data):
            text = events.take(event)
            if text and on_text is not None:
                on_text(text)
            if events.longest:
                break
    if events.longest:
        finish = "length"
    return events.answer(finish)


def _seconds(retry_after: str | None) -> float | None:
    """The header Retry-After, a number or a date, in seconds from now."""
    if not retry_after:
        return None
    try:
        return max(0.0, float(retry_after))
    except ValueError:
        pass
    try:
        return max(0.0, email.utils.parsedate_to_datetime(retry_after).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return None
