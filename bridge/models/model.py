"""`Model`: what continues a text, with `Request` and `Completion`; the registry is in registry.py.

A model answers requests one at a time or, if it has several `slots`, several at once. `submit` starts a request and
does not wait for it; the scheduler (bridge/runtime/scheduler.py) asks in this way. Any number of threads may use one
model.
"""

from __future__ import annotations

import asyncio
import functools
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, fields
from typing import Any, Self, TypeVar, cast

from longthink.bridge.models.image import Image
from longthink.bridge.models.special_tokens import as_text
from longthink.concurrency import PerProcess
from longthink.errors import ModelError, ParameterError, UnknownNameError
from longthink.search.budget import Spent
from longthink.validation import real_number, shown, whole_number

T = TypeVar("T")
_LEAST_LOGPROB = -100.0


@dataclass(frozen=True)
class Token:
    """A generated token: its text, its log-probability in nats, and those of the likeliest tokens at its position."""

    text: str
    logprob: float
    top: Mapping[str, float] = field(default_factory=dict)


def known_logprob(logprob: float) -> float:
    """A log-probability clipped to [-100, 0]; servers write -9999 or -inf for values that they do not return."""
    return min(max(float(logprob), _LEAST_LOGPROB), 0.0)


@dataclass(frozen=True)
class Completion:
    """One continuation of a prompt.

    text: the answer without the reasoning. reasoning: what the model wrote as reasoning, in `<think>` blocks or in a
    separate field; it counts in generated_tokens, but not in text, logprob and tokens. logprob: in nats, summed over
    the tokens; None if the model does not return it. tokens: each one, if the model has them. finish: "stop" (a stop
    text or the model's own end), "length", or "cut off" if time was up.
    prompt_tokens: tokens of the whole prompt; only the first completion of a request has them. cached_tokens: how many
    of these the model says it remembered, for information. generated_tokens: as the model counts them. calls: 1 for the
    first completion of a request. money: in the currency of the prices. cached: the completion comes from a request
    cache; its costs are those of the time when it was made.
    """

    text: str
    logprob: float | None = None
    tokens: tuple[Token, ...] = ()
    finish: str = "stop"
    prompt_tokens: int = 0
    cached_tokens: int = 0
    generated_tokens: int = 0
    calls: int = 0
    money: float = 0.0
    cached: bool = False
    reasoning: str = ""

    @property
    def spent(self) -> Spent:
        """What the completion costs alone, whatever the model or a request cache remembered."""
        return cost_of([self])


def cost_of(completions: Sequence[Completion], known: float = 0.0) -> Spent:
    """What the completions of one request cost together.

    known: the share of the prompt, in [0, 1], that the same session sent before; at least one token is new.
    """
    spent = Spent()
    for completion in completions:
        spent.prompt_tokens += completion.prompt_tokens
        spent.generated_tokens += completion.generated_tokens
        spent.calls += completion.calls
        if completion.cached:
            spent.cached_calls += completion.calls
        spent.money += completion.money
    if known:
        spent.cached_tokens = max(0, min(int(known * spent.prompt_tokens), spent.prompt_tokens - 1))
    return spent


class Answered(Future[T]):
    """A future that is done from the start; it is ten times cheaper to make than a `Future`."""

    def __init__(self, result: T | None = None, error: Exception | None = None) -> None:
        self._came, self._error = result, error

    def result(self, timeout: float | None = None) -> T:
        if self._error is not None:
            raise self._error
        return cast(T, self._came)

    def exception(self, timeout: float | None = None) -> Exception | None:
        return self._error

    def done(self) -> bool:
        return True

    def running(self) -> bool:
        return False

    def cancel(self) -> bool:
        return False

    def cancelled(self) -> bool:
        return False

    def add_done_callback(self, callback: Callable[[Future[T]], object]) -> None:
        callback(self)


@dataclass(frozen=True)
class Request:
    """A request to a model: continue `prompt` in `n` independent ways.

    The model writes up to `max_tokens` tokens, or until a `stop` text, which is cut off. temperature: 0 takes the
    likeliest token each time. grammar: in GBNF, as llama.cpp defines it, for models with `grammars`; log-probabilities
    are those of the model without the grammar. top: how many of the likeliest tokens are given at each position, for
    models with `logprobs`. images: for models with `images`. choices: texts to score instead, see `Model.score`. given:
    a text to read instead of writing one, see `Model.read`.

    Raises `ParameterError` for a value of the wrong type or out of range.
    """

    prompt: str
    n: int = 1
    max_tokens: int = 64
    temperature: float = 1.0
    stop: tuple[str, ...] = ()
    seed: int = 0
    grammar: str | None = None
    top: int = 0
    images: tuple[Image, ...] = ()
    choices: tuple[str, ...] = ()
    given: str | None = None

    def __post_init__(self) -> None:
        if type(self.n) is not int or self.n < 1:
            self._set("n", whole_number("n", self.n, 1))
        if type(self.max_tokens) is not int or self.max_tokens < 1:
            self._set("max_tokens", whole_number("max_tokens", self.max_tokens, 1))
        if type(self.temperature) is not float or not 0.0 <= self.temperature < 1e6:
            self._set("temperature", real_number("temperature", self.temperature, 0.0))
        if type(self.seed) is not int or self.seed < 0:
            self._set("seed", whole_number("seed", self.seed, 0))
        if type(self.top) is not int or self.top < 0:
            self._set("top", whole_number("top", self.top, 0))
        if self.stop != ():
            if type(self.stop) is not tuple:
                given: Any = self.stop
                self._set("stop", () if given is None else tuple(given) if isinstance(given, list) else (given,))
            if not all(isinstance(stop, str) and stop for stop in self.stop):
                raise ParameterError(
                    f'stop expects texts that are not empty, as in stop=["\\n"], got {shown(self.stop)}'
                )
        if not isinstance(self.prompt, str):
            raise ParameterError(f"prompt expects a text, got {shown(self.prompt)}")

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)


_OPTIONS = [each.name for each in fields(Request) if each.name not in ("prompt", "choices", "given")]


class Model(ABC):
    """A language model: continues a text, and returns the log-probability of the continuation."""

    name: str
    grammars: bool = False
    """Whether requests may have a grammar."""
    logprobs: bool = False
    """Whether it returns log-probabilities."""
    images: bool = False
    """Whether requests may have images."""
    scores: bool = False
    """Whether it scores given texts (`score`)."""
    reads: bool = False
    """Whether it gives the log-probability of a given text (`read`)."""
    remembers: bool = False
    """Whether it reads a common beginning of prompts only once, so that a session counts it once."""
    slots: int = 1
    """How many requests it works on at once; with 1, only one thread at a time calls `answer`."""
    _turn: PerProcess[threading.RLock]
    _threads: PerProcess[ThreadPoolExecutor]

    def __new__(cls, *arguments: Any, **options: Any) -> Self:
        model = super().__new__(cls)
        model._turn, model._threads = PerProcess(), PerProcess()
        return model

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name not in ("_turn", "_threads")}

    def complete(self, prompt: str, **options: Any) -> list[Completion]:
        """Continue `prompt`, as in complete("2+2=", max_tokens=4, stop=["\\n"]); options: the fields of `Request`.

        images: paths, the bytes of files, or `uint8` arrays `[rows, columns]` or `[rows, columns, 3]`.

        Raises `ModelError`, `ParameterError`, `UnknownNameError` for an option that does not exist.
        """
        return self.in_turn(self.request(prompt, **options))

    async def complete_async(self, prompt: str, **options: Any) -> list[Completion]:
        """`complete` for `await`. It does not block the event loop; cancelling it cancels the request to a server."""
        asked: Future[Any] = self._pool().submit(self.submit, self.request(prompt, **options))
        try:
            begun: Future[list[Completion]] = await asyncio.wrap_future(asked)
            return await asyncio.wrap_future(begun)
        except asyncio.CancelledError:
            if not asked.cancel():
                asked.add_done_callback(_cancel)
            raise

    def score(self, prompt: str, choices: Sequence[str]) -> list[Completion]:
        """The probability of each of `choices` to follow `prompt` if nothing else may: a completion for each, in order.

        The model writes token by token, and only tokens that lead to a choice are allowed; so the probabilities sum
        to 1.

        Raises `ModelError`, also if `scores` is false.
        """
        if not self.scores:
            raise ModelError(f"{self.name} does not score given texts; ask complete(..., top=40) for likely tokens")
        return self.in_turn(Request(prompt, choices=tuple(choices)))

    def read(self, prompt: str, text: str) -> Completion:
        """The completion `text` of `prompt`, with the log-probability of each of its tokens, as if the model wrote it.

        Unlike `score`, nothing else is excluded: it is the probability of the text among all texts.

        Raises `ModelError`, also if `reads` is false.
        """
        return self.in_turn(self.reading(prompt, text))[0]

    def reading(self, prompt: str, text: str) -> Request:
        """The request of `read`. Raises `ModelError` if `reads` is false, `ParameterError` if the text is empty."""
        if not self.reads:
            raise ModelError(f"{self.name} does not give the log-probability of a text; use a model in this process")
        if not isinstance(text, str) or not text:
            raise ParameterError(f"expected a text that is not empty, got {shown(text)}")
        return Request(prompt, given=text)

    def request(self, prompt: str, **options: Any) -> Request:
        """The checked request that `complete` makes of its options. Raises the same errors as `complete`."""
        for name in options:
            if name not in _OPTIONS:
                raise UnknownNameError.of("option of a request", name, _OPTIONS)
        images = tuple(options.get("images", ()))
        if options.get("grammar") is not None and not self.grammars:
            raise ModelError(f"{self.name} takes no grammar")
        if images and not self.images:
            raise ModelError(f'{self.name} takes no images; use a server\'s chat, as in endpoint="chat"')
        return Request(prompt, **options | {"images": tuple(map(Image.of, images))})

    @abstractmethod
    def answer(self, request: Request) -> list[Completion]:
        """The `n` completions of a request; each kind of model implements this. Raises `ModelError`."""

    def in_turn(self, request: Request) -> list[Completion]:
        """`answer`, one thread at a time if the model has one slot. Raises `ModelError`."""
        if self.slots > 1:
            return self.answer(request)
        with self._turn.get(threading.RLock):
            return self.answer(request)

    def submit(self, request: Request, until: float | None = None) -> Future[list[Completion]]:
        """Start a request and return a future of its completions.

        A model with one slot answers before this returns. until: a time of `time.monotonic()` after which a model that
        streams stops writing.
        """
        if self.slots > 1:
            return self._pool().submit(self.answer, request)
        try:
            return Answered(self.in_turn(request))
        except Exception as error:
            return Answered(error=error)

    def _pool(self) -> ThreadPoolExecutor:
        """A thread for each slot."""
        return self._threads.get(
            functools.partial(ThreadPoolExecutor, self.slots, thread_name_prefix=f"longthink-{self.name}")
        )

    def forget(self) -> None:  # noqa: B027  # most models have nothing to forget
        """Drop what earlier prompts have left in the memory of this process.

        Answers are then those of a newly loaded model, to the last digit. Raises `ModelError`.
        """

    def most(self, request: Request) -> Spent:
        """An upper bound of what a request costs; a budget reserves it while the request is in progress.

        A token has at least one byte of text; the chat templates of servers add some tokens.
        """
        prompt = len(request.prompt.encode()) + 64
        written = request.max_tokens if request.given is None else len(request.given.encode())
        return Spent(prompt_tokens=prompt, generated_tokens=request.n * written, calls=1)

    def as_text(self, text: str) -> str:
        """A user's text with a space in each text that the model would read as a special token, as in "< |im_end|>"."""
        return as_text(text)

    @property
    def identity(self) -> str:
        """The name that distinguishes the model from others in a request cache."""
        return self.name

    def __repr__(self) -> str:
        return f"<model {self.name}>"


def _cancel(asked: Future[Future[Any]]) -> None:
    """Cancel the request that `asked` has started, because nobody waits for it any more."""
    if not asked.cancelled() and asked.exception() is None:
        asked.result().cancel()
