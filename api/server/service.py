"""`longthink serve`: an OpenAI-compatible chat endpoint whose model thinks longer.

A `Service` answers requests: it checks who asks and what (the forms stand in serve_format.py), thinks in a thread for
each request (serve_thoughts.py), and gives the answer whole or as a stream. `Server` (serve_port.py) puts it on a port.
"""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import logging
import math
import re
import secrets
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

import longthink as lt
from longthink.bridge.models.model import Completion, Model
from longthink.bridge.tasks.task import Task
from longthink.bridge.thinking.chat import METHODS as CHAT_METHODS
from longthink.bridge.thinking.chat import ChatAnswer, think_about_chat
from longthink.bridge.thinking.think import think
from longthink.errors import error_text
from longthink.registry import parse
from longthink.search.budget import Budget, Spent
from longthink.server import format as form
from longthink.server.format import ApiError, Json
from longthink.server.thoughts import BEAT, Found, Full, Make, Queue, Think, Thought

log = logging.getLogger("longthink.server.service")

ANSWER_TOKENS = 512  # of a reply, where a request does not say
GRACE = 5.0  # seconds beyond the time limit in which thinking has to come to its end
BODY_SECONDS = 20.0  # in which a body has to be here

# What a task's maker may raise for odd parameters.
_UNMADE = (ArithmeticError, AttributeError, LookupError, MemoryError, RecursionError, TypeError, ValueError)
_ORIGIN = re.compile(r"\*|https?://[^/\s]+")


@dataclass(frozen=True)
class Limits:
    """What one request, and all at once, may take.

    body: bytes. seconds, tokens: of thinking; a request that asks for more gets this much. concurrency: requests
    thought about at once, no more than the model has slots. queue: requests that wait for that; others are told to come
    back. connections: open at once, those that say nothing among them; others are closed.
    """

    body: int = 256 << 10
    seconds: float = 120.0
    tokens: int = 100_000
    concurrency: int = 1
    queue: int = 16
    connections: int = 256


@dataclass(frozen=True)
class Question:
    """A checked request."""

    stem: Json
    make: Make
    method: str
    budget: Budget
    seed: int
    answer_tokens: int
    think: Think
    stream: bool
    include_usage: bool


class Service:
    """Answers chat completions with `model`, which nothing else uses meanwhile; `application` is an ASGI application.

    tasks: those that may be thought about, by name, or a whole family as in "reasoning_gym". token: what clients send
    as their API key; without one, only this machine is answered. template: how a chat becomes a prompt, "chatml" or
    "plain". cors: the origins whose web pages may ask, as in "https://example.org", or "*" for all.

    Raises `ParameterError`.
    """

    def __init__(
        self,
        model: Model,
        *,
        tasks: Sequence[str] = ("countdown", "game24"),
        token: str | None = None,
        limits: Limits | None = None,
        template: str = "plain",
        cors: Sequence[str] = (),
    ) -> None:
        limits = limits or Limits()
        if limits.concurrency > model.slots:
            raise lt.ParameterError(
                f"{model.name} works on {model.slots} requests at once; concurrency expects no more, "
                f"got {limits.concurrency}"
            )
        if min(asdict(replace(limits, queue=limits.queue + 1)).values()) <= 0:
            raise lt.ParameterError(f"limits expect numbers above 0, and for the queue from 0, got {limits}")
        for origin in cors:
            if not _ORIGIN.fullmatch(origin):
                raise lt.ParameterError(f"cors expects an origin as in https://example.org, or *, got {origin!r}")
        if token is not None and (len(token) < 16 or not token.isascii() or not token.isprintable() or " " in token):
            raise lt.ParameterError("the token expects at least 16 letters, digits and signs without spaces")
        check_tasks(tasks)
        self._model, self._tasks, self.limits, self._template = model, tuple(tasks), limits, template
        self._models = ["longthink", *(f"longthink/{name}" for name in tasks)]
        self._schema = form.request_schema(self._models)
        self._openapi = form.openapi(lt.__version__, self._schema, token is not None)
        self._queue = Queue(limits.concurrency, limits.queue)
        self._under_way: set[Thought] = set()
        self._draining = False
        self.application = Starlette(
            routes=[
                Route("/v1/chat/completions", self._complete, methods=["POST"]),
                Route("/v1/models", self._list_models),
                Route("/v1/models/{model:path}", self._one_model),
                Route("/openapi.json", self._schema_page),
                Route("/healthz", self._health),
            ],
            middleware=[
                Middleware(
                    CORSMiddleware,
                    allow_origins=cors,
                    allow_methods=["GET", "POST"],
                    allow_headers=["*"],
                    expose_headers=["Retry-After"],
                ),
                Middleware(_Door, token=token),
            ],
            exception_handlers={ApiError: _api_error, HTTPException: _http_error, Exception: _unexpected},
        )

    def drain(self) -> None:
        """Take no more requests, and end the thinking that is under way with what it has found."""
        self._draining = True
        for thought in list(self._under_way):
            thought.cancel()

    # ---- Pages ----

    async def _list_models(self, request: Request) -> Response:
        return JSONResponse({"object": "list", "data": [_model(name) for name in self._models]})

    async def _one_model(self, request: Request) -> Response:
        name = request.path_params["model"]
        if name not in self._models:
            raise _no_model(name)
        return JSONResponse(_model(name))

    async def _schema_page(self, request: Request) -> Response:
        return JSONResponse(self._openapi)

    async def _health(self, request: Request) -> Response:
        status = "draining" if self._draining else "ok"
        return JSONResponse({"status": status, "thinking": len(self._under_way), "waiting": len(self._queue)})

    async def _complete(self, request: Request) -> Response:
        began = time.monotonic()
        question = self._question(await self._body(request))
        await self._enter(request)
        thought = self._begin(question)
        await self._made(request, thought)
        if question.stream:
            headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
            return StreamingResponse(self._events(question, thought), media_type="text/event-stream", headers=headers)
        found = await self._wait(request, thought)
        log.info("answered in %.2f s: %s", time.monotonic() - began, found.spent.as_dict())
        return JSONResponse(
            form.completion(
                question.stem,
                _text(found),
                _reasoning(found),
                _finish(found),
                _usage(found),
                self._said(question, thought, found),
            )
        )

    # ---- What is asked ----

    async def _body(self, request: Request) -> Json:
        """The body of a request, within the limits of size and time."""
        if request.headers.get("Content-Type", "").partition(";")[0].strip().lower() != "application/json":
            raise ApiError(415, "the Content-Type expects application/json", "unsupported_media_type")
        too_large = ApiError(413, f"the body expects at most {self.limits.body} bytes", "body_too_large")
        length = request.headers.get("Content-Length", "")
        if length.isdecimal() and len(length) < 20 and int(length) > self.limits.body:
            raise too_large
        data = bytearray()
        try:
            async with asyncio.timeout(BODY_SECONDS):
                async for piece in request.stream():
                    data += piece
                    if len(data) > self.limits.body:
                        raise too_large
        except TimeoutError as error:
            raise ApiError(408, f"the body was not here within {BODY_SECONDS:g} s", "timeout") from error
        except ClientDisconnect as error:
            raise _gone() from error
        body = form.read_json(bytes(data))
        if isinstance(body, dict) and isinstance(body.get("model"), str) and body["model"] not in self._models:
            raise _no_model(body["model"])
        form.check(body, self._schema)
        asked: Json = body
        return asked

    def _question(self, body: Json) -> Question:
        extra = body.get("longthink") or {}
        messages = [{"role": each["role"], "content": _plain(each["content"])} for each in body["messages"]]
        effort = body.get("reasoning_effort") or "medium"
        written = extra.get("task") or self._task_of(body["model"], messages)
        make = (lambda: None) if written is None else self._maker(written)
        method = extra.get("method") or _usual_method(written is not None, effort)
        if method not in (CHAT_METHODS if written is None else form.TASK_METHODS):
            raise ApiError(
                422,
                f"{method!r} is no method for {'a chat without' if written is None else 'a chat with'} a task",
                "invalid_method",
                "longthink.method",
            )
        budget = self._budget(extra.get("budget"), effort, body.get("max_completion_tokens"))
        seed = secrets.randbelow(2**31) if body.get("seed") is None else int(body["seed"]) % 2**31
        asked_tokens = body.get("max_tokens") or body.get("max_completion_tokens") or ANSWER_TOKENS
        answer_tokens = min(int(asked_tokens), self.limits.tokens)
        stop, temperature = body.get("stop") or [], body.get("temperature")
        if temperature is None:
            temperature = 0.0 if method == "one" else 1.0

        def think_now(task: Task | None, progress: Callable[[Spent], None]) -> Found:
            if task is not None:
                return think(task, self._model, budget, method=method, seed=seed, progress=progress)
            return think_about_chat(
                messages,
                self._model,
                budget,
                method=method,
                template=self._template,
                answer_tokens=answer_tokens,
                temperature=float(temperature),
                stop=[stop] if isinstance(stop, str) else stop,
                seed=seed,
                progress=progress,
            )

        stem = {"id": f"chatcmpl-{secrets.token_hex(12)}", "created": int(time.time()), "model": body["model"]}
        options = body.get("stream_options") or {}
        include_usage = bool(options.get("include_usage"))
        stream = bool(body.get("stream"))
        return Question(stem, make, method, budget, seed, answer_tokens, think_now, stream, include_usage)

    def _task_of(self, model: str, messages: Sequence[dict[str, str]]) -> str | None:
        """The task that a model "longthink/NAME" thinks about: its parameters are the last thing the user said."""
        _, slash, name = model.partition("/")
        if not slash:
            return None
        said = next((each["content"].strip() for each in reversed(messages) if each["role"] == "user"), "")
        if said.partition("(")[0].strip().partition(":")[0] == name.partition(":")[0]:
            return said
        return f"{name}({said})"

    def _maker(self, written: str) -> Make:
        """What makes a task that a request names, once its name and parameters are found to be within bounds."""
        name, bracket, inside = written.partition("(")
        name = name.strip()
        if len(written) > 1000 or not {name, name.partition(":")[0]} & set(self._tasks):
            allowed = ", ".join(self._tasks)
            raise ApiError(
                422, f"tasks here are {allowed}, each in at most 1000 characters; got {written[:80]!r}", "invalid_task"
            )
        try:
            _, parameters = parse(f"task({inside}") if bracket else ("", {})
            form.check_parameters(parameters)
        except (lt.LongthinkError, *_UNMADE) as error:
            raise _unmade(error) from error
        return lambda: lt.load_task(written)

    def _budget(self, asked: Json | None, effort: str, completion_tokens: float | None) -> Budget:
        """What a request may spend, within the limits of all."""
        whole = ("seconds", "money")
        given = {name: limit if name in whole else int(limit) for name, limit in (asked or {}).items()}
        tokens = self.limits.tokens if asked else form.EFFORTS.get(effort, self.limits.tokens)
        given["tokens"] = min(given.get("tokens", tokens), self.limits.tokens)
        given["seconds"] = min(given.get("seconds", math.inf), self.limits.seconds)
        if completion_tokens:
            given["generated_tokens"] = min(given.get("generated_tokens", math.inf), int(completion_tokens))
        return Budget(**given)

    # ---- Thinking ----

    async def _enter(self, request: Request) -> None:
        """Wait for a slot. By `until` those before have had all the time they may take."""
        turns = 1 + len(self._queue) // self.limits.concurrency
        until = time.monotonic() + turns * (self.limits.seconds + GRACE)

        async def look() -> None:
            if self._draining:
                raise ApiError(503, "the server is ending", "shutting_down")
            if await request.is_disconnected():
                raise _gone()
            if time.monotonic() > until:
                raise ApiError(503, "those before did not come to an end in time", "busy", retry=self._retry())

        if self._draining:
            raise ApiError(503, "the server is ending", "shutting_down")
        try:
            await self._queue.enter(look)
        except Full as error:
            busy = f"{self.limits.concurrency} requests are thought about and {self.limits.queue} wait already"
            raise ApiError(429, busy, "busy", retry=self._retry()) from error

    def _retry(self) -> int:
        """Seconds after which to come back: when the first of those under way should be at its end."""
        now = time.monotonic()
        soonest = min((thought.until for thought in self._under_way), default=now)
        return max(1, min(10, math.ceil(soonest - now)))

    def _begin(self, question: Question) -> Thought:
        """Begin to think in the slot that was taken; it is given back when thinking ends, however long that takes."""
        loop = asyncio.get_running_loop()
        thought = Thought(question.make, question.think, question.budget.seconds or self.limits.seconds)

        def leave() -> None:
            self._under_way.discard(thought)
            self._queue.leave()

        def ended(_: object) -> None:
            with suppress(RuntimeError):  # the loop is closed: the server has ended
                loop.call_soon_threadsafe(leave)

        self._under_way.add(thought)
        try:
            thought.begin()
        except RuntimeError:  # no more threads
            leave()
            raise
        thought.ended.add_done_callback(ended)
        return thought

    async def _made(self, request: Request, thought: Thought) -> None:
        """Wait until the task is made; the client going away stops that, and so does the end of its time."""
        try:
            while not thought.made.done():
                await asyncio.wait([asyncio.wrap_future(thought.made)], timeout=BEAT)
                if await request.is_disconnected():
                    raise _gone()
                if not thought.made.done() and time.monotonic() > thought.until:
                    raise ApiError(408, "the task was not made in time", "timeout")
            thought.made.result()
        except (lt.LongthinkError, *_UNMADE) as error:
            raise _unmade(error) from error
        finally:
            if not thought.made.done():
                thought.cancel()

    async def _wait(self, request: Request, thought: Thought) -> Found:
        """What a thought comes to; the client going away ends it."""
        try:
            while not await _done(thought):
                if await request.is_disconnected():
                    raise _gone()
            return _result(thought)
        finally:
            thought.cancel()

    async def _events(self, question: Question, thought: Thought) -> AsyncIterator[str]:
        stem, said, usage = question.stem, "", {"usage": None} if question.include_usage else {}
        try:
            yield form.chunk(stem, {"role": "assistant", "content": ""}, **usage)
            while not await _done(thought):
                now = form.told(thought.spent)
                yield form.chunk(stem, {"reasoning_content": now}, **usage) if now != said else ": thinking\n\n"
                said = now
            found = _result(thought)
            if reasoning := _reasoning(found):
                yield form.chunk(stem, {"reasoning_content": reasoning}, **usage)
            yield form.chunk(stem, {"content": _text(found)}, **usage)
            yield form.chunk(stem, {}, _finish(found), longthink=self._said(question, thought, found), **usage)
            if question.include_usage:
                yield form.chunk(stem, None, usage=_usage(found))
            yield "data: [DONE]\n\n"
            log.info("streamed: %s", found.spent.as_dict())
        except ApiError as error:
            yield form.event(error.body())
        except Exception:
            log.exception("thinking failed")
            yield form.event(_UNEXPECTED.body())
        finally:
            thought.cancel()

    def _said(self, question: Question, thought: Thought, found: Found) -> Json:
        """The field `longthink` of a reply: what was done, and how far it can be trusted."""
        budget = {name: limit for name, limit in question.budget.limits()}
        common = {
            "method": question.method,
            "stopped_by": found.stopped_by,
            "budget": budget,
            "seed": question.seed,
            "spent": found.spent.as_dict(),
        }
        if isinstance(found, ChatAnswer):
            votes = {"agreement": found.agreement, "samples": found.samples}
            return {**common, "max_tokens": question.answer_tokens, "verified": False, **votes}
        task = thought.made.result()
        return {
            **common,
            "verified": True,
            "task": None if task is None else task.name,
            "correct": found.correct,
            "value": found.value,
            "steps": list(found.transcript),
            **({} if found.error is None else {"error": str(_task_failed())}),
        }


_UNEXPECTED = ApiError(500, "longthink met an error of its own; its log says more", "internal_error")


def _gone() -> ApiError:
    return ApiError(400, "the client went away", "disconnected")


def _task_failed() -> ApiError:
    return ApiError(500, "the task failed; the log of the server says more", "task_failed")


def _unmade(error: Exception) -> ApiError:
    return ApiError(422, f"this task cannot be made: {str(error)[:500]}", "invalid_task")


async def _done(thought: Thought) -> bool:
    """Whether a thought is done, after waiting for it a little. 408 where it is far over its time."""
    await asyncio.wait([asyncio.wrap_future(thought.ended)], timeout=BEAT)
    if not thought.came.done() and time.monotonic() > thought.until + GRACE:
        raise ApiError(408, "the model did not come to an end in time; ask for less", "timeout")
    return thought.came.done()


def _result(thought: Thought) -> Found:
    """What a thought came to, or the error that it ended in, as a client should see it."""
    try:
        found = thought.came.result()
    except lt.RequestRefusedError as error:
        raise ApiError(422, f"the model does not take this: {str(error)[:500]}", "refused_by_model") from error
    except lt.ModelError as error:
        log.error("the model failed: %s", error)
        raise ApiError(502, "the model failed; the log of the server says more", "model_failed") from error
    except lt.LongthinkError as error:
        raise ApiError(422, str(error)[:500], "cannot_think") from error
    if not isinstance(found, ChatAnswer) and found.error is not None:
        log.error("the task failed: %s", error_text(found.error))
        if found.text is None:
            raise _task_failed()
    return found


def _text(found: Found) -> str:
    if isinstance(found, ChatAnswer):
        return "" if found.completion is None else found.completion.text
    return found.text or ""


def _reasoning(found: Found) -> str:
    return found.completion.reasoning if isinstance(found, ChatAnswer) and found.completion is not None else ""


def _finish(found: Found) -> str:
    """ "length" where a limit cut off the reply, or there is none because of it."""
    if isinstance(found, ChatAnswer):
        return "length" if found.completion is None or found.completion.finish == "length" else "stop"
    return "length" if found.text is None and found.stopped_by != "exhausted" else "stop"


def _usage(found: Found) -> Json:
    chosen = found.completion if isinstance(found, ChatAnswer) else None
    return form.usage(found.spent, 0 if chosen is None or chosen.cached else _answer_tokens(chosen))


def _answer_tokens(chosen: Completion) -> int:
    """The tokens of an answer without its reasoning: as told one by one, else by their share of the text."""
    if not chosen.reasoning:
        return chosen.generated_tokens
    if chosen.tokens:
        return min(len(chosen.tokens), chosen.generated_tokens)
    return chosen.generated_tokens * len(chosen.text) // (len(chosen.text) + len(chosen.reasoning))


def _usual_method(task: bool, effort: str) -> str:
    if not task:
        return "one" if effort == "none" else "agreement"
    return "greedy" if effort == "none" else "mcts"


def _plain(content: str | list[dict[str, str]]) -> str:
    return content if isinstance(content, str) else "\n".join(part["text"] for part in content)


def _model(name: str) -> Json:
    return {"id": name, "object": "model", "created": 0, "owned_by": "longthink"}


def _no_model(name: str) -> ApiError:
    return ApiError(404, f"there is no model {name[:100]!r}; GET /v1/models lists them", "model_not_found", "model")


# ---- Who may ask, and errors ----


class _Door:
    """Lets in who has the token; without a token, who speaks to this machine as this machine.

    The second is what keeps out a web page that has its own name point to 127.0.0.1.
    """

    def __init__(self, app: ASGIApp, token: str | None) -> None:
        self._app, self._token = app, None if token is None else token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or (scope["path"] == "/healthz" and self._token is not None):
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        kind, _, sent = headers.get(b"authorization", b"").partition(b" ")
        error = None
        if self._token is None:
            if not is_loopback(_host(headers.get(b"host", b"").decode("latin-1"))):
                error = ApiError(403, "without a token, only requests to localhost are answered", "forbidden_host")
        elif not (hmac.compare_digest(sent.strip(), self._token) and kind.lower() == b"bearer"):
            error = ApiError(401, "expected the header 'Authorization: Bearer TOKEN' with the token", "invalid_api_key")
        await (self._app if error is None else _reply(error))(scope, receive, send)


def _host(header: str) -> str:
    try:
        return urlsplit(f"//{header}").hostname or ""
    except ValueError:
        return ""


def check_tasks(names: Sequence[str]) -> None:
    """Raise `UnknownNameError` for the first name that is neither a task nor one of a family, without loading any."""
    for name in names:
        known = [known.removesuffix(":") for known in (*lt.tasks(), *lt.tasks().families)]
        if name.partition(":")[0] not in known:
            raise lt.UnknownNameError.of("task", name, known)


def is_loopback(host: str) -> bool:
    """Whether a name or address is this machine's own."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _reply(error: ApiError) -> Response:
    headers = {"WWW-Authenticate": "Bearer"} if error.status == 401 else {}
    if error.retry is not None:
        headers["Retry-After"] = str(error.retry)
    return JSONResponse(error.body(), error.status, headers)


async def _api_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)
    return _reply(error)


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    told = ApiError(error.status_code, f"{request.method} {request.url.path[:100]}: {error.detail}", "not_served")
    return JSONResponse(told.body(), error.status_code, dict(error.headers or {}))


async def _unexpected(request: Request, error: Exception) -> Response:
    return _reply(_UNEXPECTED)
