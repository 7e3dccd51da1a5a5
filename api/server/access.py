"""What `longthink serve` checks before it reads a request: who sends it, and how large and how slow its body is.

Both classes are ASGI middleware; service.py puts them in front of the pages.
"""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import time
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from longthink.errors import ParameterError
from longthink.server import limits
from longthink.server.errors import ApiError


def check_token(token: str) -> None:
    """Raise `ParameterError` for a token that is too short, or that no HTTP header can hold."""
    if len(token) < 16 or not token.isascii() or not token.isprintable() or " " in token:
        raise ParameterError("the token must have at least 16 ASCII characters and no spaces")


def is_loopback(host: str) -> bool:
    """Whether a name or address means this machine itself."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class AccessControl:
    """Lets in requests with the token; without a token, requests whose Host header names this machine.

    The second rule stops web pages whose own name resolves to 127.0.0.1 (DNS rebinding). With a token, /healthz is open
    to all.
    """

    def __init__(self, app: ASGIApp, token: str | None) -> None:
        self._app, self._token = app, None if token is None else token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        error = self._refusal(scope) if scope["type"] == "http" else None
        await (self._app if error is None else error.response())(scope, receive, send)

    def _refusal(self, scope: Scope) -> ApiError | None:
        headers = Headers(scope=scope)
        if self._token is None:
            if is_loopback(_host(headers.get("host", ""))):
                return None
            return ApiError(403, "without a token, the server answers only requests to localhost", "forbidden_host")
        if scope["path"] == "/healthz":
            return None
        kind, _, sent = headers.get("authorization", "").encode("latin-1").partition(b" ")
        if hmac.compare_digest(sent.strip(), self._token) and kind.lower() == b"bearer":
            return None
        text = "expected the header 'Authorization: Bearer TOKEN' with the token of this server"
        return ApiError(401, text, "invalid_api_key", headers={"WWW-Authenticate": "Bearer"})


def _host(header: str) -> str:
    try:
        return urlsplit(f"//{header}").hostname or ""
    except ValueError:
        return ""


class BodyLimit:
    """Refuses bodies sent to one page that are not JSON, too large, or too slow. most: bytes."""

    def __init__(self, app: ASGIApp, page: str, most: int) -> None:
        self._app, self._page, self._most = app, page, most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "POST" and scope["path"] == self._page:
            error = self._refusal(Headers(scope=scope))
            if error is not None:
                await error.response()(scope, receive, send)
                return
            receive = self._limited(receive)
        await self._app(scope, receive, send)

    def _refusal(self, headers: Headers) -> ApiError | None:
        if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            return ApiError(415, "the Content-Type must be application/json", "unsupported_media_type")
        length = headers.get("content-length", "")
        return self._too_large() if length.isdecimal() and len(length) < 20 and int(length) > self._most else None

    def _too_large(self) -> ApiError:
        return ApiError(413, f"the body must have at most {self._most} bytes", "body_too_large")

    def _limited(self, receive: Receive) -> Receive:
        """`receive` with limits: it also raises `ApiError` if the body is too large or too late."""
        size, whole, until = 0, False, time.monotonic() + limits.BODY_SECONDS

        async def limited() -> Message:
            nonlocal size, whole
            if whole:
                return await receive()
            try:
                async with asyncio.timeout(until - time.monotonic()):
                    message = await receive()
            except TimeoutError as error:
                raise ApiError(408, f"the body did not arrive within {limits.BODY_SECONDS:g} s", "timeout") from error
            size += len(message.get("body", b""))
            whole = not message.get("more_body", False)
            if size > self._most:
                raise self._too_large()
            return message

        return limited
