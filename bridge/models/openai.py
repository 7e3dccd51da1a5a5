"""A model behind any OpenAI-compatible server: llama.cpp's, vLLM's, a hosted one."""

from __future__ import annotations

import asyncio
import base64
import email.utils
import functools
import hashlib
import json
import os
import queue
import re
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote, urlsplit

from longthink.bridge.models.background import background
from longthink.bridge.models.dialect import Dialect, out_of_quota, too_long
from longthink.bridge.models.model import Completion, Model, Request, cost_of
from longthink.bridge.models.openai_format import Events, Prices, Unreadable, body_of, estimated, money, read
from longthink.bridge.models.rate_limit import RateLimit
from longthink.bridge.models.server_events import EventStream
from longthink.concurrency import PerProcess, not_picklable
from longthink.errors import ModelError, ParameterError, RequestRefusedError, error_text, require
from longthink.search.budget import Spent
from longthink.validation import real_number, shown, whole_number

_LARGEST = 64 << 20  # bytes of an answer
_LONGEST_PAUSE = 600.0  # seconds that a server may order
_TEMPLATE_TOKENS, _IMAGE_TOKENS = 64, 4096  # more than a chat's template and an image take
_LAST_WORDS = 2.0  # seconds for what a server may still say of the costs when all completions have ended


class _Retry(Exception):
    """An answer worth asking for again, `after` seconds if the server says so. spent: what it cost nevertheless."""

    def __init__(self, why: str, after: float | None = None, spent: Spent | None = None) -> None:
        super().__init__(why)
        self.after, self.spent = after, spent


class _Refused(Exception):
    """A server does not take a request as it is."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status, self.text = status, text


@dataclass
class _Connections:
    """What belongs to one process and its event loop."""

    client: Any
    free: asyncio.Semaphore
    rate: RateLimit


class OpenAIModel(Model):
    """The model `name` of the server at `base_url`, as in "http://localhost:8080/v1".

    base_url: default the environment's OPENAI_BASE_URL, else OpenAI's own. endpoint: "completions", which continues
    text and is what thinking in steps needs; "chat", which also looks at images and takes a system prompt; "auto" takes
    completions, and chat for what needs it or if the server has no completions. system: a system prompt, for chat.
    extra_body: fields that every request has besides, as in {"top_k": 20}. slots: requests under way at once; a few
    more than the server works on keep it busy. stream: answers come token by token; what is being written when the
    seconds of a budget are over, or when more than `max_tokens` have come, is cut off there.

    What a server refuses of the protocol, such as log-probabilities, a seed, stop texts, `max_tokens` in place of
    `max_completion_tokens`, several completions of one request, or more than 20 likeliest tokens, is learned from its
    refusal and done without.

    timeout: seconds for one whole answer; connect_timeout, read_timeout: for a connection, and between two pieces of an
    answer. retries: how often a request that failed (no connection, timeout, 408, 409, 425, 429, 5xx, an answer that
    cannot be read) is made again, after growing pauses of about `pause` seconds at first, or what the server says in
    Retry-After. What failed attempts cost is part of what the answer cost. requests_per_minute, tokens_per_minute:
    limits that are kept. prices: money for a million tokens, `{"prompt": 0.15, "cached": 0.075, "generated": 0.6}`.

    api_key_env: the environment variable with the key. The key is shown nowhere: where a server repeats it in an error,
    it is taken out. Raises `ModelError` with the address and what happened last, `RequestRefusedError` for a request
    that is too long or not taken.
    """

    remembers = True

    def __init__(
        self,
        name: str,
        base_url: str | None = None,
        *,
        endpoint: str = "auto",
        system: str | None = None,
        extra_body: Mapping[str, Any] | None = None,
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
        if endpoint not in ("auto", "completions", "chat"):
            raise ParameterError(f'endpoint expects "auto", "completions" or "chat", got {shown(endpoint)}')
        if system is not None and (not isinstance(system, str) or endpoint == "completions"):
            raise ParameterError(
                'system expects a text, and endpoint="chat" or "auto": completions take no system prompt'
            )
        require("httpx", "lm")
        url = base_url or os.environ.get("OPENAI_BASE_URL") or "https://api.openai.com/v1"
        self._url, login = _address(url)
        key = os.environ.get(api_key_env, "").strip()
        if not key.isascii():
            raise ParameterError(f"the key in {api_key_env} expects plain letters, digits and signs, and has others")
        self._headers = _Hidden({"Authorization": f"Bearer {key}"} if key else login)
        self._clean = _cleaner([part for value in self._headers.values() for part in (value, value.split()[-1])])
        self.name, self.endpoint, self._model, self._stream = f"openai:{name}", endpoint, name, stream
        self.slots = whole_number("slots", slots, 1)
        self._retries = whole_number("retries", retries, 0)
        self._pause = real_number("pause", pause, 0.0)
        self._timeout = real_number("timeout", timeout, 0.0, above=True)
        self._connect_timeout = real_number("connect_timeout", connect_timeout, 0.0, above=True)
        self._read_timeout = self._timeout
        if read_timeout is not None:
            self._read_timeout = real_number("read_timeout", read_timeout, 0.0, above=True)
        self._system, self._extra, self._prices = system, _plain(extra_body or {}), dict(prices or {})
        self._limits = requests_per_minute, tokens_per_minute
        RateLimit(*self._limits)  # is checked here
        first = "completions" if system is None else "chat"
        self._dialect = Dialect(first if endpoint == "auto" else endpoint)
        self._connections = PerProcess[_Connections]()
        self._portable = bool(key) or not login
        self._arguments: dict[str, Any] = {
            "endpoint": endpoint, "system": system, "extra_body": self._extra, "slots": self.slots, "stream": stream,
            "timeout": self._timeout, "connect_timeout": self._connect_timeout, "read_timeout": read_timeout,
            "retries": self._retries, "pause": self._pause, "requests_per_minute": requests_per_minute,
            "tokens_per_minute": tokens_per_minute, "prices": self._prices, "api_key_env": api_key_env,
        }  # fmt: skip

    def __reduce__(self) -> Any:
        """Its arguments; the key is taken from the environment of the process that it comes to."""
        if not self._portable:
            raise not_picklable(self, "its address holds a password; give the key in the environment (api_key_env)")
        return functools.partial(type(self), self._model, self._url, **self._arguments), ()

    @property
    def logprobs(self) -> bool:  # type: ignore[override]
        """Whether it tells log-probabilities, as far as is known."""
        return self._dialect.likeliest >= 0

    @property
    def images(self) -> bool:  # type: ignore[override]
        """Whether it looks at images."""
        return self.endpoint != "completions"

    @property
    def identity(self) -> str:
        options = ""
        if self._system is not None or self._extra:
            told = json.dumps([self._system, self._extra], sort_keys=True)
            options = f", options {hashlib.sha256(told.encode()).hexdigest()[:16]}"
        return f"{self.name} ({self.endpoint} of {self._url}{options})"

    def most(self, request: Request) -> Spent:
        prompt = len(request.prompt.encode()) + _TEMPLATE_TOKENS + _IMAGE_TOKENS * len(request.images)
        prompt += len((self._system or "").encode())
        calls = 1 if self._dialect.several else request.n
        spent = Spent(prompt_tokens=prompt * calls, generated_tokens=request.n * request.max_tokens, calls=calls)
        spent.money = money(spent, self._prices)
        return spent

    def answer(self, request: Request) -> list[Completion]:
        asked = self.submit(request)
        try:
            return asked.result()
        finally:
            asked.cancel()  # after Ctrl-C

    def submit(self, request: Request, until: float | None = None) -> Future[list[Completion]]:
        return background(self._answer(request, until))

    def stream(self, prompt: str, **options: Any) -> Iterator[str]:
        """The text of one completion as it comes; options as of `complete`. Leaving the loop ends the request.

        Reasoning is left out, unless the prompt has begun it and nothing says so before its end.
        """
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
            wanted = request.n - len(found) if self._dialect.several else 1
            part = replace(request, n=wanted, seed=request.seed + len(found))
            came = await self._ask(part, self._stream, until)
            if len(came) < wanted:
                self._dialect = replace(self._dialect, several=False)
            found += _first(came, wanted)
        return found[: request.n]

    async def _ask(
        self, request: Request, stream: bool, until: float | None, told: Callable[[str], None] | None = None
    ) -> list[Completion]:
        """Ask until there is a readable answer or the retries are used up."""
        tenacity = require("tenacity", "lm")
        here = self._connections.get(self._connect)
        most, asked, wasted = self.most(request).tokens, 0, list[Spent]()

        async def attempt() -> list[Completion]:
            nonlocal asked
            async with here.free:
                entry = await here.rate.enter(most)
                asked += 1
                try:
                    found = await self._in_time(request, stream, until, told)
                except _Retry as error:
                    if error.spent is not None:
                        wasted.append(error.spent)
                        entry[0] = error.spent.tokens
                    raise
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
                return _with_cost([Completion("", finish="cut off")] * request.n, self._cost(wasted))
            why = self._clean(str(error))
            address = f"{self.name} at {self._url}{_PATHS[self._dialect.endpoint]}"
            failure = ModelError(f"{address} did not answer after {asked} attempts: {why}")
            failure.spent = self._cost(wasted)
            raise failure from None
        except ModelError as error:
            error.spent = self._cost(wasted)
            raise
        prompt = found[0].prompt_tokens
        return _with_cost(found, self._cost([replace(spent, prompt_tokens=prompt) for spent in wasted]))

    def _cost(self, attempts: list[Spent]) -> Spent:
        """What attempts cost that failed; they are no calls of their own."""
        cost = sum((replace(each, calls=0) for each in attempts), Spent())
        cost.money, cost.cached_tokens = money(cost, self._prices), 0
        return cost

    async def _in_time(
        self, request: Request, stream: bool, until: float | None, told: Callable[[str], None] | None
    ) -> list[Completion]:
        """Ask once, in whatever way the server takes it. Raises `_Retry`, `ModelError`."""
        dialect = self._dialect
        if request.images and dialect.endpoint != "chat":
            dialect = replace(dialect, endpoint="chat")
        asked, events = dialect, Events(request)
        try:
            async with asyncio.timeout(self._timeout):
                while True:
                    path = _PATHS[asked.endpoint]
                    few = request if asked.several else replace(request, n=1)
                    body, events = body_of(few, self._model, asked, stream, self._system, self._extra), Events(few)
                    try:
                        found = read(await self._exchange(path, body, events, until, told), few, self._prices)
                    except _Refused as refusal:
                        other = self.endpoint == "auto"
                        changed = asked.after(refusal.status, refusal.text, body, other)
                        if changed is None or changed == asked:
                            raise self._refusal(path, refusal) from None
                        asked = changed
                    else:
                        if asked != dialect:
                            kept = self._dialect.endpoint if request.images else asked.endpoint
                            self._dialect = replace(asked, endpoint=kept)
                        return found
        except TimeoutError as error:
            raise _Retry(f"no answer within {self._timeout} s", spent=events.spent) from error
        except Unreadable as error:
            raise _Retry(str(error), spent=error.spent) from error

    def _connect(self) -> _Connections:
        httpx = require("httpx", "lm")
        client = httpx.AsyncClient(
            base_url=self._url,
            headers=self._headers,
            timeout=httpx.Timeout(self._read_timeout, connect=self._connect_timeout, pool=None),
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=self.slots),
        )
        return _Connections(client, asyncio.Semaphore(self.slots), RateLimit(*self._limits))

    async def _exchange(
        self,
        path: str,
        body: Mapping[str, Any],
        events: Events,
        until: float | None,
        told: Callable[[str], None] | None,
    ) -> Any:
        """Post once, and give what came; what comes as events is put together in `events`.

        Raises `_Retry`, `_Refused`, `Unreadable`, `ModelError`.
        """
        httpx = require("httpx", "lm")
        client = self._connections.get(self._connect).client
        begun = False
        try:
            headers = {"Content-Type": "application/json"}
            async with client.stream("POST", path, content=json.dumps(body).encode(), headers=headers) as response:
                if response.status_code != 200:
                    data = await _whole(response)
                    self._refuse(path, response, data.decode(errors="replace"))
                begun = True
                if "event-stream" in response.headers.get("Content-Type", ""):
                    return await _events(response, events, until, told)
                data = await _whole(response)
        except httpx.ConnectTimeout as error:
            raise _Retry(f"no connection within {self._connect_timeout} s") from error
        except httpx.TimeoutException as error:
            raise _Retry(f"no answer within {self._read_timeout} s", spent=events.spent) from error
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise _Retry(error_text(error) or "", spent=events.spent if begun else None) from error
        try:
            answer = json.loads(data)
        except (ValueError, RecursionError) as error:
            spent = events.spent
            spent.generated_tokens = min(estimated(data), body["n"] * events.most)
            raise Unreadable(f"an answer that is not JSON: {data[:100]!r}", spent) from error
        if isinstance(answer, dict) and answer.get("error") and not answer.get("choices") and too_long(str(answer)):
            raise _Refused(400, json.dumps(answer))
        return answer

    def _refuse(self, path: str, response: Any, text: str) -> None:
        """Raise what a status other than 200 means."""
        status, address = response.status_code, f"{self.name} at {self._url}{path}"
        if too_long(text) and status not in (401, 403, 429):
            raise _Refused(status, text)
        if status == 429 and out_of_quota(text):
            raise ModelError(f"{address} says that nothing is left to pay with: {self._clean(text)[:300]}")
        if status in (408, 409, 425, 429) or (status >= 500 and status != 501):
            after = _seconds(response.headers.get("Retry-After"))
            if after is not None and after > _LONGEST_PAUSE:
                raise ModelError(f"{address} asks for a pause of {after:.0f} s (status {status})")
            if after is not None:
                self._connections.get(self._connect).rate.pause(after)
            raise _Retry(f"status {status}: {self._clean(text)[:200]}", after)
        if 300 <= status < 400:
            place = self._clean(re.sub(r"//[^/@]*@", "//", response.headers.get("Location", "")))[:200]
            raise ModelError(f"{address} sends on to {place!r}; give that address as base_url")
        raise _Refused(status, text)

    def _refusal(self, path: str, refusal: _Refused) -> ModelError:
        """The error for a refusal that nothing was learned from."""
        address, said = f"{self.name} at {self._url}{path}", self._clean(refusal.text)[:300]
        if too_long(refusal.text):
            return RequestRefusedError(f"{address} refuses the request as longer than its context: {said}")
        kind = RequestRefusedError if refusal.status in (400, 413, 422) else ModelError
        return kind(f"{address} refuses the request with status {refusal.status}: {said}")


_PATHS = {"completions": "completions", "chat": "chat/completions"}


class _Hidden(dict[str, str]):
    """Headers that are not shown."""

    def __repr__(self) -> str:
        return "<headers>"


def _plain(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of a body, as they come out of JSON."""
    try:
        return dict(json.loads(json.dumps(dict(fields), allow_nan=False)))
    except (TypeError, ValueError, RecursionError) as error:
        raise ParameterError(f'extra_body expects what JSON can hold, as in {{"top_k": 20}}: {error}') from error


def _first(came: list[Completion], wanted: int) -> list[Completion]:
    """The first `wanted` completions; what others cost that were not asked for is added to them."""
    kept = came[:wanted]
    return _with_cost(kept, replace(cost_of(came[wanted:]), calls=0)) if came[wanted:] else kept


def _with_cost(found: list[Completion], cost: Spent) -> list[Completion]:
    """Completions whose first also bears what else was spent for them."""
    if not found or cost == Spent():
        return found
    first = replace(
        found[0],
        prompt_tokens=found[0].prompt_tokens + cost.prompt_tokens,
        generated_tokens=found[0].generated_tokens + cost.generated_tokens,
        money=found[0].money + cost.money,
    )
    return [first, *found[1:]]


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


async def _events(response: Any, events: Events, until: float | None, told: Callable[[str], None] | None) -> Any:
    """The answer that comes in events, as far as time and `max_tokens` allow; every piece of its text is `told`.

    It ends with [DONE], when all is there that was asked for, or with the connection: some servers keep it open, or do
    not say what a stream cost.
    """
    stream, size, over = EventStream(), 0, False
    pieces = response.aiter_bytes()
    finish: str | None = None
    while not (events.done or over or events.longest):
        left = None if until is None else max(0.0, until - time.monotonic())
        patience = _LAST_WORDS if events.finished else None
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
        if size > _LARGEST:
            raise Unreadable(f"an answer of more than {_LARGEST >> 20} MiB", events.spent)
        over = data is None
        for event in stream.end() if data is None else stream.take(data):
            text = events.take(event)
            if text and told is not None:
                told(text)
            if events.longest:
                break
    if events.longest:
        finish = "length"
    return events.answer(finish)


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
