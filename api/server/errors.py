"""Errors of `longthink serve` in the form of OpenAI's API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from longthink.validation import shown

_TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}


class ErrorFields(BaseModel):
    message: str
    type: str
    param: str | None
    code: str


class ErrorReply(BaseModel):
    """The body of every error."""

    error: ErrorFields


class ApiError(HTTPException):
    """An error that a request is answered with: an HTTP status, a text, and OpenAI's fields `code` and `param`."""

    def __init__(
        self,
        status: int,
        message: str,
        code: str,
        param: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status, message, dict(headers or {}))
        self.code, self.param = code, param

    def body(self) -> dict[str, Any]:
        kind = _TYPES.get(self.status_code, "server_error" if self.status_code >= 500 else "invalid_request_error")
        message = self.detail.encode("utf-8", "backslashreplace").decode()
        return {"error": {"message": message, "type": kind, "param": self.param, "code": self.code}}

    def response(self) -> JSONResponse:
        return JSONResponse(self.body(), self.status_code, self.headers)


def unexpected() -> ApiError:
    """The error for a fault of longthink itself."""
    return ApiError(500, "longthink failed; the log of the server has the details", "internal_error")


# ---- Errors of a body ----


def invalid(errors: Sequence[Any]) -> ApiError:
    """The error for a body that does not fit the schema. errors: what pydantic found; the first one is reported."""
    kind, location = errors[0]["type"], errors[0]["loc"][1:]  # the first part is "body"
    if kind == "json_invalid":
        return ApiError(400, f"the body must be JSON in UTF-8: {errors[0]['ctx']['error']}", "invalid_json")
    if kind == "missing":
        place = place_of(location) or None
        return ApiError(400, f"{place or 'the body'} is missing", "missing_required_parameter", place)
    if kind == "extra_forbidden":
        parent = place_of(location[:-1]) or None
        inside = f" in {parent}" if parent else ""
        return ApiError(400, f"unknown parameter {shown(location[-1])}{inside}", "unknown_parameter", parent)
    place, got = place_of(location), shown(errors[0]["input"])
    problem = errors[0]["msg"].removeprefix("Value error, ")
    text = f"{place or 'the body'}: {problem[:1].lower()}{problem[1:]}, got {got}"
    return ApiError(400, text, "invalid_value", place or None)


def place_of(location: Sequence[str | int]) -> str:
    """A place in the body as OpenAI writes it: "messages[0].content". Parts with a space are names of pydantic's."""
    place = ""
    for part in location:
        if isinstance(part, int):
            place += f"[{part}]"
        elif " " not in part:
            place += f".{part}" if place else part
    return place


# ---- How FastAPI answers ----


async def _on_http_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    if isinstance(error, ApiError):
        return error.response()
    if error.status_code == 400:  # FastAPI could not read the body
        return ApiError(400, "the body must be JSON in UTF-8", "invalid_json").response()
    text = f"{request.method} {request.url.path[:100]}: {error.detail}"
    return ApiError(error.status_code, text, "not_served", headers=error.headers).response()


async def _on_invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    return invalid(error.errors()).response()


async def _on_fault(request: Request, error: Exception) -> JSONResponse:
    return unexpected().response()


HANDLERS: dict[Any, Any] = {
    HTTPException: _on_http_error,
    RequestValidationError: _on_invalid,
    Exception: _on_fault,
}
"""Which function answers which exception."""

RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorReply, "description": "an error in the form of OpenAI's API"} for status in ("4XX", "5XX")
}
"""The errors of every page, for the schema of the server."""
