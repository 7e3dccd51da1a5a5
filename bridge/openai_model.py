"""A model behind any OpenAI-compatible server: llama.cpp's, vLLM's, a hosted one."""

from __future__ import annotations

import asyncio
import base64
import email.utils
import json
import os
import queue
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import replace
from typing import Any
from urllib.parse import unquote, urlsplit

from longthink.bridge.background import background
from longthink.bridge.model import Completion, Model, Request, cost_of
from longthink.bridge.openai_format import Events, Prices, Unreadable, body_of, money, read
from longthink.bridge.rate_limit import RateLimit
from longthink.errors import ModelError, ParameterError, RequestRefusedError, require
from longthink.search.budget import Spent

_LARGEST = 64 << 20  # bytes of an answer
_LONGEST_PAUSE = 600.0  # seconds that a server may order
_TEMPLATE_TOKENS, _IMAGE_TOKENS = 64, 4096  # more than a chat's template and an image take


class _Retry(Exception):
    """An answer worth asking for again, `after` seconds where the server says so."""

    def __init__(self, why: str, after: float | None = None) -> None:
        super().__init__(why)
        self.after = after


class OpenAIModel(Model):
    """The model `name` of the server at `base_url`, as in "http://localhost:8080/v1".

    base_url: default the environment's OPENAI_BASE_URL, else OpenAI's own. endpoint: "completions", which continues
    text and is what thinking in steps needs, or "chat", which also looks at images. slots: requests under way at once;
    a few more than the server works on keep it busy. stream: answers come token by token, and when the seconds of a
    budget are over, what is being written is cut off there.

    timeout: seconds for one whole answer; connect_timeout, read_timeout: for a connection, and between two pieces of an
    answer. retries: how often a request that failed (no connection, timeout, 408, 409, 425, 429, 5xx, an answer that
    cannot be read) is made again, after growing pauses of about `pause` seconds at first, or what the server says in
    Retry-After. requests_per_minute, tokens_per_minute: limits that are kept. prices: money for a million tokens,
    `{"prompt": 0.15, "cached": 0.075, "generated": 0.6}`.

    api_key_env: the environment variable with the key. The key is shown nowhere: where a server repeats it in an error,
    it is taken out. Raises `ModelError` with the address and what happened last.
    """

    logprobs = True
    remembers = True

    def __init__(
        self,
        name: str,
        base_url: str | None = None,
        *,
        endpoint: str = "completions",
        slots: int = 4,
        stream: bool = False,
        timeout: float = 60.0,
        connect_timeout: float = 10.0,
        read_timeout: float | None = None,
        retries: int = 4,
        pause: float = 0.5,
        requests_per_minute: float | None = None,
        tokens_per_minute: float | None = None,
        prices: Prices | None = None,
        api_key_env: str = "OPENAI_API_KEY",
    ) -> None:
        if not name:
            raise ParameterError('expected the name of a model, as in "openai:gpt-4o-mini"')
        if endpoint not in ("completions", "chat"):
            raise ParameterError(f'endpoint expects "completions" or "chat", got {endpoint!r}')
        if not isinstance(slots, int) or slots < 1:
            raise ParameterError(f"slots expects a whole number from 1, got {slots!r}")
        for option, seconds in (
            ("timeout", timeout),
            ("connect_timeout", connect_timeout),
            ("read_timeout", read_timeout),
        ):
            if seconds is not None and not seconds > 0:
                raise ParameterError(f"{option} expects seconds above 0, got {seconds!r}")
        httpx = require("httpx", "lm")
        self._url, login = _address(base_url or os.environ.get("OPENAI_BASE_URL") or "https://api.openai.com/v1")
        key = os.environ.get(api_key_env, "").strip()
        if not key.isascii():
            raise ParameterError(f"the key in {api_key_env} expects plain letters, digits and signs, and has others")
        headers = {"Authorization": f"Bearer {key}"} if key else login
        self._clean = _cleaner([part for value in headers.values() for part in (value, value.split()[-1])])
        self.name, self.endpoint, self.slots, self.images = f"openai:{name}", endpoint, slots, endpoint == "chat"
        self._model, self._stream, self._retries, self._pause = name, stream, retries, pause
        self._timeout, self._prices = timeout, dict(prices or {})
        self._several = True  # whether the server gives several completions at once
        self._rate = RateLimit(requests_per_minute, tokens_per_minute)
        self._free = asyncio.Semaphore(slots)
        self._client = httpx.AsyncClient(
            base_url=self._url,
            headers=headers,
            timeout=httpx.Timeout(read_timeout or timeout, connect=connect_timeout, pool=None),
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=slots),
        )

    @property
    def identity(self) -> str:
        return f"{self.name} ({self.endpoint} of {self._url})"

    def most(self, request: Request) -> Spent:
        prompt = len(request.prompt.encode()) + _TEMPLATE_TOKENS + _IMAGE_TOKENS * len(request.images)
        calls = 1 if self._several else request.n
        spent = Spent(prompt_tokens=prompt * calls, generated_tokens=request.n * request.max_tokens, calls=calls)
        spent.money = money(spent, self._prices)
        return spent

    def answer(self, request: Request) -> list[Completion]:
        return self.submit(request).result()

    def submit(self, request: Request, until: float | None = None) -> Future[list[Completion]]:
        return background(self._answer(request, until))

    def stream(self, prompt: str, **options: Any) -> Iterator[str]:
        """The text of one completion as it comes; options as of `complete`. Leaving the loop ends the request."""
        request = replace(self.request(prompt, **options), n=1)
        pieces: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        asked = background(self._ask(request, True, None, pieces.put))
        asked.add_done_callback(lambda _: pieces.put(None))
        try:
            while (piece := pieces.get()) is not None:
                yield piece
            asked.result()
        finally:
            asked.cancel()

    async def _answer(self, request: Request, until: float | None) -> list[Completion]:
        found: list[Completion] = []
        while len(found) < request.n:  # some servers give one at a time, whatever they are asked for
            wanted = request.n - len(found) if self._several else 1
            try:
                part = replace(request, n=wanted, seed=request.seed + len(found))
                found += (await self._ask(part, self._stream, until))[:wanted]
            except RequestRefusedError:
                if wanted == 1:
                    raise
                self._several = False
        return found

    async def _ask(self, request: Request, stream: bool, until: float | None, told: Any = None) -> list[Completion]:
        """Ask until there is a readable answer or the retries are used up."""
        tenacity = require("tenacity", "lm")
        path = "completions" if self.endpoint == "completions" else "chat/completions"
        body = json.dumps(body_of(request, self._model, self.endpoint, stream)).encode()
        most, asked = self.most(request).tokens, 0

        async def attempt() -> list[Completion]:
            nonlocal asked
            async with self._free:
                entry = await self._rate.enter(most)
                asked += 1
                try:
                    async with asyncio.timeout(self._timeout):
                        found = read(await self._exchange(path, body, stream, until, told), self._prices)
                except TimeoutError as error:
                    raise _Retry(f"no answer within {self._timeout} s") from error
                except Unreadable as error:
                    raise _Retry(str(error)) from error
                if found[0].finish == "cut off" and not found[0].prompt_tokens:  # nothing was said of its costs
                    found[0] = self._at_most(found[0], request)
                entry[0] = cost_of(found).tokens
                return found

        def give_up(state: Any) -> bool:
            return state.attempt_number > self._retries or (until is not None and time.monotonic() >= until)

        waits = tenacity.wait_random_exponential(multiplier=self._pause, max=20.0)
        try:
            found: list[Completion] = await tenacity.AsyncRetrying(
                stop=give_up,
                wait=lambda state: max(waits(state), getattr(state.outcome.exception(), "after", None) or 0.0),
                retry=tenacity.retry_if_exception_type(_Retry),
                reraise=True,
            )(attempt)
        except _Retry as error:
            if asked <= self._retries:  # time is up
                return [Completion("", finish="cut off")] * request.n
            why = self._clean(str(error))
            raise ModelError(f"{self.name} at {self._url}{path} did not answer after {asked} attempts: {why}") from None
        return found

    def _at_most(self, completion: Completion, request: Request) -> Completion:
        """A completion with the most that its prompt can have cost."""
        prompt = Spent(prompt_tokens=self.most(request).prompt_tokens)
        paid = completion.money + money(prompt, self._prices)
        return replace(completion, prompt_tokens=prompt.prompt_tokens, money=paid)

    async def _exchange(self, path: str, body: bytes, stream: bool, until: float | None, told: Any) -> Any:
        """Post once, and give what came. Raises `_Retry`, `Unreadable`, `ModelError`."""
        httpx = require("httpx", "lm")
        try:
            headers = {"Content-Type": "application/json"}
            async with self._client.stream("POST", path, content=body, headers=headers) as response:
                if response.status_code != 200:
                    data = await _whole(response)
                    self._refuse(path, response, data.decode(errors="replace"))
                if stream and "event-stream" in response.headers.get("Content-Type", ""):
                    return await _events(response, until, told)
                data = await _whole(response)
        except httpx.TimeoutException as error:
            what = "no connection" if isinstance(error, httpx.ConnectTimeout) else "no answer"
            seconds = self._client.timeout.connect if what == "no connection" else self._client.timeout.read
            raise _Retry(f"{what} within {seconds} s") from error
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise _Retry(f"{type(error).__name__}: {error}") from error
        try:
            return json.loads(data)
        except (ValueError, RecursionError) as error:
            raise Unreadable(f"an answer that is not JSON: {data[:100]!r}") from error

    def _refuse(self, path: str, response: Any, text: str) -> None:
        """Raise what a status other than 200 means."""
        status = response.status_code
        if status in (408, 409, 425, 429) or status >= 500:
            after = _seconds(response.headers.get("Retry-After"))
            if after is not None and after > _LONGEST_PAUSE:
                raise ModelError(
                    f"{self.name} at {self._url}{path} asks for a pause of {after:.0f} s (status {status})"
                )
            if after is not None:
                self._rate.pause(after)
            raise _Retry(f"status {status}: {self._clean(text)[:200]}", after)
        if 300 <= status < 400:
            place = self._clean(re.sub(r"//[^/@]*@", "//", response.headers.get("Location", "")))[:200]
            raise ModelError(f"{self.name} at {self._url}{path} sends on to {place!r}; give that address as base_url")
        kind = RequestRefusedError if status in (400, 422) else ModelError
        raise kind(
            f"{self.name} at {self._url}{path} refuses the request with status {status}: {self._clean(text)[:300]}"
        )


def _cleaner(secrets: list[str]) -> Callable[[str], str]:
    """What takes secrets out of a text that may repeat them; it alone knows them."""

    def clean(text: str) -> str:
        for secret in secrets:
            text = text.replace(secret, "[key]")
        return text

    return clean


async def _whole(response: Any) -> bytes:
    """A body, but not without end."""
    data = bytearray()
    async for piece in response.aiter_bytes():
        data += piece
        if len(data) > _LARGEST:
            raise Unreadable(f"an answer of more than {_LARGEST >> 20} MiB")
    return bytes(data)


async def _events(response: Any, until: float | None, told: Any) -> Any:
    """The answer that comes in events, as far as time allows; every piece of text is `told`."""
    events, size = Events(), 0
    try:
        async with asyncio.timeout(None if until is None else max(0.0, until - time.monotonic())):
            async for line in response.aiter_lines():
                size += len(line)
                if size > _LARGEST:
                    raise Unreadable(f"an answer of more than {_LARGEST >> 20} MiB")
                text = events.take(line)
                if text and told is not None:
                    told(text)
                if events.done:
                    break
    except TimeoutError:
        if until is None or time.monotonic() < until:
            raise
        return events.answer(cut_off=True)
    return events.answer()


def _address(url: str) -> tuple[str, dict[str, str]]:
    """A base address that can be shown, and the header for the name and password that stood in it."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ParameterError(f"base_url expects http://... or https://..., got {re.sub(r'//[^/@]*@', '//', url)!r}")
    if parts.query or parts.fragment:
        raise ParameterError(
            "base_url expects an address without ?...; a key belongs into the environment (api_key_env)"
        )
    host = parts.netloc.rpartition("@")[2]
    login: dict[str, str] = {}
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        login = {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
    return f"{parts.scheme}://{host}{parts.path.rstrip('/')}/", login


def _seconds(retry_after: str | None) -> float | None:
    """What Retry-After says, in seconds or as a date."""
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
