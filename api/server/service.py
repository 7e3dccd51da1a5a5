"""`longthink serve`: an OpenAI-compatible chat endpoint whose model thinks longer.

A request passes access.py (who asks), schema.py (is the body well formed) and questions.py (what is to be thought
about, within limits.py). Here it waits for its turn (turns.py), thinks in a thread (jobs.py), and gets its reply as a
whole or as a stream (replies.py). port.py listens on a port.
"""

from __future__ import annotations

import asyncio
import logging
import math
import re
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import Response, StreamingResponse
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

import longthink as lt
from longthink.bridge.models.model import Model
from longthink.bridge.thinking.chat import METHODS as CHAT_METHODS
from longthink.server import limits as bounds
from longthink.server.access import AccessControl, BodyLimit, check_token
from longthink.server.errors import HANDLERS, RESPONSES, ApiError, unexpected
from longthink.server.jobs import Job
from longthink.server.limits import ServerLimits
from longthink.server.questions import UNMADE, Outcome, cannot_make, check_tasks, read_question, task_methods
from longthink.server.replies import DONE, Replies, event, progress_text, usage
from longthink.server.schema import ChatCompletion, ChatRequest, Health, ModelEntry, ModelList
from longthink.server.turns import BEAT, Full, Turns

log = logging.getLogger("longthink.server")

COMPLETIONS = "/v1/chat/completions"
_ORIGIN = re.compile(r"\*|https?://[^/\s]+")


class Service:
    """Answers chat completions with `model`, which nothing else may use meanwhile.

    application: the service as an ASGI application. tasks: those that requests may name, as "countdown", or whole
    families, as "reasoning_gym". token: what clients send as their API key; without one, only this machine is answered.
    template: how a chat becomes a prompt, "chatml" or "plain". cors: the origins whose web pages may ask, as
    "https://example.org", or "*" for all.

    Raises `ParameterError`; `UnknownNameError` for a task.
    """

    def __init__(
        self,
        model: Model,
        *,
        tasks: Sequence[str] = ("countdown", "game24"),
        token: str | None = None,
        limits: ServerLimits | None = None,
        template: str = "plain",
        cors: Sequence[str] = (),
    ) -> None:
        limits = limits or ServerLimits()
        if limits.concurrency > model.slots:
            raise lt.ParameterError(
                f"concurrency must be at most {model.slots}, the number of requests on which {model.name} works at "
                f"once, got {limits.concurrency}"
            )
        for origin in cors:
            if not _ORIGIN.fullmatch(origin):
                raise lt.ParameterError(f"cors expects an origin as https://example.org, or *, got {origin!r}")
        if token is not None:
            check_token(token)
        check_tasks(tasks)
        self.limits = limits
        self._model, self._tasks, self._template = model, tuple(tasks), template
        self._models = ["longthink", *(f"longthink/{name}" for name in tasks)]
        self._turns = Turns(limits.concurrency, limits.queue)
        self._jobs: set[Job] = set()
        self._draining = False
        self.application = self._application(token, cors)

    def drain(self) -> None:
        """Take no more requests, and end all jobs with their best so far."""
        self._draining = True
        for job in list(self._jobs):
            job.cancel()

    def _application(self, token: str | None, cors: Sequence[str]) -> FastAPI:
        application = FastAPI(
            title="longthink",
            version=lt.__version__,
            docs_url=None,
            redoc_url=None,
            generate_unique_id_function=lambda route: route.name,
            responses=RESPONSES,
            exception_handlers=HANDLERS,
            middleware=[
                Middleware(
                    CORSMiddleware,
                    allow_origins=cors,
                    allow_methods=["GET", "POST"],
                    allow_headers=["*"],
                    expose_headers=["Retry-After"],
                ),
                Middleware(AccessControl, token=token),
                Middleware(BodyLimit, page=COMPLETIONS, most=self.limits.body),
            ],
        )
        reply: dict[str, Any] = {
            "response_model": ChatCompletion,
            "responses": {200: {"content": {"text/event-stream": {}}}},
        }
        application.post(COMPLETIONS, name="create_chat_completion", **reply)(self._complete)
        application.get("/v1/models", name="list_models")(self._list_models)
        application.get("/v1/models/{model:path}", name="retrieve_model")(self._one_model)
        application.get("/healthz", name="health", openapi_extra={"security": []})(self._health)
        document = application.openapi()  # FastAPI keeps it; the rest is known only here
        forms = document["components"]["schemas"]
        forms["ChatRequest"]["properties"]["model"]["enum"] = self._models
        forms["Extension"]["properties"]["method"] = {"enum": [*task_methods(), *CHAT_METHODS, None]}
        if token is not None:
            document["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
            document["security"] = [{"token": []}]
        return application

    # ---- Pages ----

    async def _list_models(self) -> ModelList:
        return ModelList(data=[ModelEntry(id=name) for name in self._models])

    async def _one_model(self, model: str) -> ModelEntry:
        return ModelEntry(id=self._known(model))

    async def _health(self) -> Health:
        return Health(status="draining" if self._draining else "ok", thinking=len(self._jobs), waiting=len(self._turns))

    async def _complete(self, request: Request, asked: ChatRequest) -> Response:
        began = time.monotonic()
        replies = Replies(self._known(asked.model))
        question = read_question(asked, self._model, self.limits, self._tasks, self._template)
        await self._enter(request)
        job = self._begin(Job(question, question.budget.seconds or self.limits.seconds))
        await self._prepared(request, job)
        if asked.stream:
            include_usage = asked.stream_options is not None and asked.stream_options.include_usage
            headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
            events = self._events(job, replies, include_usage)
            return StreamingResponse(events, media_type="text/event-stream", headers=headers)
        outcome = await self._outcome(request, job)
        log.info("answered in %.2f s: %s", time.monotonic() - began, outcome.spent.as_dict())
        return Response(replies.whole(outcome), media_type="application/json")

    def _known(self, model: str) -> str:
        if model not in self._models:
            text = f"there is no model {model[:100]!r}; GET /v1/models lists them"
            raise ApiError(404, text, "model_not_found", "model")
        return model

    # ---- The turn of a request ----

    async def _enter(self, request: Request) -> None:
        """Wait for a slot, at most as long as all earlier requests may take."""
        rounds = 1 + len(self._turns) // self.limits.concurrency
        until = time.monotonic() + rounds * (self.limits.seconds + bounds.GRACE)

        async def look() -> None:
            self._check_open()
            await _check_connected(request)
            if time.monotonic() > until:
                raise ApiError(503, "earlier requests did not end in time", "busy", headers=self._retry())

        self._check_open()
        try:
            await self._turns.enter(look)
        except Full as error:
            text = f"{self.limits.concurrency} requests think and {self.limits.queue} wait; try again later"
            raise ApiError(429, text, "busy", headers=self._retry()) from error

    def _check_open(self) -> None:
        if self._draining:
            raise ApiError(503, "the server is ending", "shutting_down")

    def _retry(self) -> dict[str, str]:
        """The header with the seconds after which the first of the jobs should have ended."""
        now = time.monotonic()
        soonest = min((job.until for job in self._jobs), default=now)
        return {"Retry-After": str(max(1, min(10, math.ceil(soonest - now))))}

    def _begin(self, job: Job) -> Job:
        """Begin a job in the slot that was taken; the slot is free again when its thread ends, however late."""
        loop = asyncio.get_running_loop()

        def leave() -> None:
            self._jobs.discard(job)
            self._turns.leave()

        def ended(_: object) -> None:
            with suppress(RuntimeError):  # the loop is closed: the server has ended
                loop.call_soon_threadsafe(leave)

        self._jobs.add(job)
        try:
            job.begin()
        except RuntimeError:  # no more threads
            leave()
            raise
        job.ended.add_done_callback(ended)
        return job

    # ---- Waiting for a job ----

    async def _prepared(self, request: Request, job: Job) -> None:
        """Wait until the task is made. If the client goes away or time is up, cancel the job."""
        try:
            while not job.prepared.done():
                prepared = asyncio.wrap_future(job.prepared)
                prepared.add_done_callback(
                    lambda done: done.cancelled() or done.exception()
                )  # nobody may wait any more
                await asyncio.wait([prepared], timeout=BEAT)
                await _check_connected(request)
                if not job.prepared.done() and time.monotonic() > job.until:
                    raise ApiError(408, "the task was not made in time", "timeout")
            job.prepared.result()
        except (lt.LongthinkError, *UNMADE) as error:
            raise cannot_make(error) from error
        finally:
            if not job.prepared.done():
                job.cancel()

    async def _outcome(self, request: Request, job: Job) -> Outcome:
        """Wait for the outcome of a job. If the client goes away, cancel the job."""
        try:
            while not await _done(job):
                await _check_connected(request)
            return _result(job)
        finally:
            job.cancel()

    async def _events(self, job: Job, replies: Replies, include_usage: bool) -> AsyncIterator[str]:
        """The events of a stream: progress, then the outcome. If the client goes away, cancel the job."""
        shown, more = "", {"usage": None} if include_usage else {}
        try:
            yield replies.chunk({"role": "assistant", "content": ""}, **more)
            while not await _done(job):
                now = progress_text(job.spent)
                yield replies.chunk({"reasoning_content": now}, **more) if now != shown else ": thinking\n\n"
                shown = now
            outcome = _result(job)
            for chunk in replies.chunks(outcome, **more):
                yield chunk
            if include_usage:
                yield replies.chunk(None, usage=usage(outcome).model_dump())
            yield DONE
            log.info("streamed: %s", outcome.spent.as_dict())
        except ApiError as error:
            yield event(error.body())
        except Exception:
            log.exception("thinking failed")
            yield event(unexpected().body())
        finally:
            job.cancel()


async def _check_connected(request: Request) -> None:
    if await request.is_disconnected():
        raise ApiError(400, "the client went away", "disconnected")


async def _done(job: Job) -> bool:
    """Whether a job has its outcome, after a short wait. Raises `ApiError` if it is far over its time."""
    await asyncio.wait([asyncio.wrap_future(job.ended)], timeout=BEAT)
    if not job.outcome.done() and time.monotonic() > job.until + bounds.GRACE:
        raise ApiError(408, "the model did not end in time; ask for less", "timeout")
    return job.outcome.done()


def _result(job: Job) -> Outcome:
    """The outcome of a job, or its error in the form for clients."""
    try:
        return job.outcome.result()
    except lt.RequestRefusedError as error:
        raise ApiError(422, f"the model does not take this: {str(error)[:500]}", "refused_by_model") from error
    except lt.ModelError as error:
        log.error("the model failed: %s", error)
        raise ApiError(502, "the model failed; the log of the server has the details", "model_failed") from error
    except lt.LongthinkError as error:
        raise ApiError(422, str(error)[:500], "cannot_think") from error
