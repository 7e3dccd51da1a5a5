"""A model behind any server that speaks OpenAI's protocol: llama.cpp's, vLLM's, a hosted one.

`OpenAIModel` chooses the form of a request (`dialect`, `openai_format`), posts it (`exchange`), and repeats what fails.
"""

from __future__ import annotations

import asyncio
import functools
import hashlib
import json
import os
import queue
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

from longthink.bridge.models.background import background
from longthink.bridge.models.dialect import Dialect
from longthink.bridge.models.exchange import Exchange, OnText, Refused, Retry
from longthink.bridge.models.model import Completion, Model, Request, cost_of
from longthink.bridge.models.openai_format import Events, Prices, Unreadable, body_of, money, read
from longthink.bridge.models.server_address import ServerAddress
from longthink.concurrency import not_picklable
from longthink.errors import ModelError, ParameterError, require
from longthink.search.budget import Spent
from longthink.validation import real_number, shown, whole_number

_TEMPLATE_TOKENS, _IMAGE_TOKENS = 64, 4096  # upper bounds of a chat template and of an image
_PATHS = {"completions": "completions", "chat": "chat/completions"}


class OpenAIModel(Model):
    """The model `name` of the server at `base_url`, for example "http://localhost:8080/v1".

    base_url: by default OPENAI_BASE_URL from the environment, else OpenAI's own address. endpoint: "completions"
    continues text, which thinking in steps needs; "chat" also takes images and a system prompt; "auto" uses
    completions, and chat for requests that need it or if the server has no completions. system: a system prompt, for
    chat. extra_body: more fields for every request, as in {"top_k": 20}. slots: requests in progress at once; a few
    more than the server works on keep it busy. stream: answers come token by token, and are cut off when the seconds of
    a budget are over or when more than `max_tokens` have come.

    If a server refuses a part of the protocol (log-probabilities, a seed, stop texts, `max_tokens` in place of
    `max_completion_tokens`, several completions per request, more than 20 likeliest tokens), the model learns this from
    the refusal and does without that part.

    timeout: seconds for one whole answer; connect_timeout, read_timeout: seconds for a connection, and between two
    pieces of an answer. retries: how often a failed request (no connection, timeout, status 408, 409, 425, 429 or 5xx,
    an answer that cannot be read) is repeated, after growing pauses that begin at about `pause` seconds, or after what
    the server says in Retry-After. The cost of failed attempts is part of the cost of the answer. requests_per_minute,
    tokens_per_minute: limits to keep. prices: money per million tokens,
    `{"prompt": 0.15, "cached": 0.075, "generated": 0.6}`.

    api_key_env: the environment variable with the key. The key is never shown: if a server repeats it in an error, it
    is removed.

    Raises `ParameterError` for an argument; requests raise `ModelError` with the address and the last failure, and
    `RequestRefusedError` for a request that is too long or not accepted.
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
        url = base_url or os.environ.get("OPENAI_BASE_URL") or "https://api.openai.com/v1"
        self._address = ServerAddress.of(url, api_key_env)
        self.name, self.endpoint, self._model, self._stream = f"openai:{name}", endpoint, name, stream
        self.slots = whole_number("slots", slots, 1)
        self._retries = whole_number("retries", retries, 0)
        self._pause = real_number("pause", pause, 0.0)
        self._timeout = real_number("timeout", timeout, 0.0, above=True)
        connect_timeout = real_number("connect_timeout", connect_timeout, 0.0, above=True)
        if read_timeout is not None:
            read_timeout = real_number("read_timeout", read_timeout, 0.0, above=True)
        self._system, self._extra, self._prices = system, _plain(extra_body or {}), dict(prices or {})
        limits = requests_per_minute, tokens_per_minute
        patience = self._timeout if read_timeout is None else read_timeout
        self._exchange = Exchange(self.name, self._address, self.slots, limits, connect_timeout, patience)
        first = "completions" if system is None else "chat"
        self._dialect = Dialect(first if endpoint == "auto" else endpoint)
        self._arguments: dict[str, Any] = {
            "endpoint": endpoint, "system": system, "extra_body": self._extra, "slots": self.slots, "stream": stream,
            "timeout": self._timeout, "connect_timeout": connect_timeout, "read_timeout": read_timeout,
            "retries": self._retries, "pause": self._pause, "requests_per_minute": requests_per_minute,
            "tokens_per_minute": tokens_per_minute, "prices": self._prices, "api_key_env": api_key_env,
        }  # fmt: skip

    def __reduce__(self) -> Any:
        """The arguments without the key, which the receiving process takes from its environment."""
        if self._address.holds_password:
            raise not_picklable(self, "its address holds a password; give the key in the environment (api_key_env)")
        return functools.partial(type(self), self._model, self._address.url, **self._arguments), ()

    @property
    def logprobs(self) -> bool:  # type: ignore[override]
        """Whether the server returns log-probabilities; True until it refuses them."""
        return self._dialect.likeliest >= 0

    @property
    def images(self) -> bool:  # type: ignore[override]
        """Whether requests may have images."""
        return self.endpoint != "completions"

    @property
    def identity(self) -> str:
        options = ""
        if self._system is not None or self._extra:
            text = json.dumps([self._system, self._extra], sort_keys=True)
            options = f", options {hashlib.sha256(text.encode()).hexdigest()[:16]}"
        return f"{self.name} ({self.endpoint} of {self._address.url}{options})"

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
        return background(self._complete(request, until))

    def stream(self, prompt: str, **options: Any) -> Iterator[str]:
        """The text of one completion as it comes; options as for `complete`. Leaving the loop ends the request.

        Reasoning is left out. Exception: if the prompt began the reasoning, this is known only at its end, so its text
        comes, too.
        """
        request = replace(self.request(prompt, **options), n=1)
        pieces: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        asked = background(self._with_retries(request, True, None, pieces.put))
        asked.add_done_callback(lambda _: pieces.put(None))
        try:
            while (piece := pieces.get()) is not None:
                yield piece
            asked.result()
        finally:
            asked.cancel()

    async def _complete(self, request: Request, until: float | None) -> list[Completion]:
        """All completions of a request; some servers return one at a time, whatever the request says."""
        found: list[Completion] = []
        while len(found) < request.n:
            wanted = request.n - len(found) if self._dialect.several else 1
            part = replace(request, n=wanted, seed=request.seed + len(found))
            came = await self._with_retries(part, self._stream, until)
            if len(came) < wanted:
                self._dialect = replace(self._dialect, several=False)
            found += _first(came, wanted)
        return found[: request.n]

    async def _with_retries(
        self, request: Request, stream: bool, until: float | None, on_text: OnText | None = None
    ) -> list[Completion]:
        """Ask until there is a readable answer or the retries are used up."""
        tenacity = require("tenacity", "lm")
        here = self._exchange.connections
        most, asked, wasted = self.most(request).tokens, 0, list[Spent]()

        async def attempt() -> list[Completion]:
            nonlocal asked
            async with here.free:
                entry = await here.rate.enter(most)
                asked += 1
                try:
                    found = await self._once(request, stream, until, on_text)
                except Retry as error:
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
                retry=tenacity.retry_if_exception_type(Retry),
                reraise=True,
            )(attempt)
        except Retry as error:
            if asked <= self._retries:  # time is up
                return _with_cost([Completion("", finish="cut off")] * request.n, self._cost(wasted))
            why, place = self._address.clean(str(error)), self._exchange.place(_PATHS[self._dialect.endpoint])
            failure = ModelError(f"{place} did not answer after {asked} attempts: {why}")
            failure.spent = self._cost(wasted)
            raise failure from None
        except ModelError as error:
            error.spent = self._cost(wasted)
            raise
        prompt = found[0].prompt_tokens
        return _with_cost(found, self._cost([replace(spent, prompt_tokens=prompt) for spent in wasted]))

    def _cost(self, attempts: list[Spent]) -> Spent:
        """What failed attempts cost; they do not count as calls."""
        cost = sum((replace(each, calls=0) for each in attempts), Spent())
        cost.money, cost.cached_tokens = money(cost, self._prices), 0
        return cost

    async def _once(
        self, request: Request, stream: bool, until: float | None, on_text: OnText | None
    ) -> list[Completion]:
        """Ask once, in a form that the server accepts; its refusals show which. Raises `Retry`, `ModelError`."""
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
                        answer = await self._exchange.post(path, body, events, until, on_text)
                        found = read(answer, few, self._prices)
                    except Refused as refused:
                        changed = asked.after(refused.status, refused.text, body, self.endpoint == "auto")
                        if changed is None or changed == asked:
                            raise self._exchange.refusal(path, refused) from None
                        asked = changed
                    else:
                        if asked != dialect:
                            kept = self._dialect.endpoint if request.images else asked.endpoint
                            self._dialect = replace(asked, endpoint=kept)
                        return found
        except TimeoutError as error:
            raise Retry(f"no answer within {self._timeout} s", spent=events.spent) from error
        except Unreadable as error:
            raise Retry(str(error), spent=error.spent) from error


def _plain(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of a body as they come out of JSON."""
    try:
        return dict(json.loads(json.dumps(dict(fields), allow_nan=False)))
    except (TypeError, ValueError, RecursionError) as error:
        raise ParameterError(f'extra_body expects what JSON can hold, as in {{"top_k": 20}}: {error}') from error


def _first(came: list[Completion], wanted: int) -> list[Completion]:
    """The first `wanted` completions; the cost of completions that were not asked for is added to them."""
    kept = came[:wanted]
    return _with_cost(kept, replace(cost_of(came[wanted:]), calls=0)) if came[wanted:] else kept


def _with_cost(found: list[Completion], cost: Spent) -> list[Completion]:
    """Completions with `cost` added to the first."""
    if not found or cost == Spent():
        return found
    first = replace(
        found[0],
        prompt_tokens=found[0].prompt_tokens + cost.prompt_tokens,
        generated_tokens=found[0].generated_tokens + cost.generated_tokens,
        money=found[0].money + cost.money,
    )
    return [first, *found[1:]]
