"""What `longthink serve` takes and gives: the schema of a request, which also checks it, and the forms of replies.

The forms are those of OpenAI's chat completions; what longthink adds stands in one field, `longthink`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from typing import Any

from longthink.bridge.methods import methods
from longthink.bridge.thinking.chat import METHODS as CHAT_METHODS
from longthink.errors import ParameterError
from longthink.search.budget import Budget, Spent
from longthink.validation import seed_number, shown

Json = dict[str, Any]

EFFORTS = {"minimal": 500, "low": 2000, "medium": 8000, "high": 32000}
"""Tokens, of prompts and generated together, that a `reasoning_effort` may spend; "none" takes one answer."""

TASK_METHODS = tuple(name for name in methods() if name != "exhaustive")  # that one cannot be stopped
_LARGEST, _LONGEST = 1_000_000, 200  # of the parameters of a task

# Fields that are taken where they ask for nothing, because nothing here does what they are for.
_NEUTRAL: dict[str, list[Any]] = {
    "n": [1],
    "top_p": [1],
    "presence_penalty": [0],
    "frequency_penalty": [0],
    "logprobs": [False],
    "top_logprobs": [0],
    "logit_bias": [{}],
    "tools": [[]],
    "tool_choice": ["none", "auto"],
    "parallel_tool_calls": [True, False],
    "response_format": [{"type": "text"}],
    "modalities": [["text"]],
}
# Fields that say nothing about the answer.
_IGNORED = ("user", "metadata", "store", "service_tier", "safety_identifier", "prompt_cache_key")


class ApiError(Exception):
    """A request that is answered with an error: `status`, and OpenAI's `type`, `param` and `code`."""

    def __init__(self, status: int, message: str, code: str, param: str | None = None, retry: int | None = None):
        super().__init__(message)
        self.status, self.code, self.param, self.retry = status, code, param, retry

    def body(self) -> Json:
        kinds = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}
        kind = kinds.get(self.status, "server_error" if self.status >= 500 else "invalid_request_error")
        return {"error": {"message": str(self), "type": kind, "param": self.param, "code": self.code}}


# ---- Requests ----


def request_schema(models: Sequence[str]) -> Json:
    """The JSON schema of the body of a chat completion. models: the names."""
    text_part = _object({"type": {"enum": ["text"]}, "text": {"type": "string"}}, ["type", "text"])
    message = _object(
        {
            "role": {"enum": ["system", "developer", "user", "assistant"]},
            "content": {"anyOf": [{"type": "string"}, {"type": "array", "items": text_part, "minItems": 1}]},
        },
        ["role", "content"],
        closed=False,
    )
    measures: Json = {
        f.name: {"type": "number", "exclusiveMinimum": 0}
        if f.name in ("seconds", "money")
        else {"type": "integer", "minimum": 1}
        for f in fields(Budget)
    }
    longthink = _object(
        {
            "task": {"type": "string", "minLength": 1, "maxLength": 1000},
            "method": {"enum": [*TASK_METHODS, *CHAT_METHODS]},
            "budget": {**_object(measures), "minProperties": 1},
        }
    )
    stop_text = {"type": "string", "minLength": 1, "maxLength": 100}
    tokens = {"type": ["integer", "null"], "minimum": 1}
    optional: Json = {
        "max_tokens": tokens,
        "max_completion_tokens": tokens,
        "temperature": {"type": ["number", "null"], "minimum": 0, "maximum": 2},
        "seed": {"type": ["integer", "null"], "minimum": -(2**63), "maximum": 2**63 - 1},
        "stop": {"anyOf": [stop_text, {"type": "array", "items": stop_text, "maxItems": 4}, {"type": "null"}]},
        "stream": {"type": ["boolean", "null"]},
        "stream_options": {
            **_object({"include_usage": {"type": "boolean"}, "include_obfuscation": {"type": "boolean"}}),
            "type": ["object", "null"],
        },
        "reasoning_effort": {"enum": ["none", *EFFORTS, None]},
        "longthink": longthink,
    }
    neutral: Json = {name: {"enum": [*values, None]} for name, values in _NEUTRAL.items()}
    return _object(
        {
            "model": {"enum": list(models)},
            "messages": {"type": "array", "items": message, "minItems": 1, "maxItems": 1000},
            **optional,
            **neutral,
            **{name: {} for name in _IGNORED},
        },
        ["model", "messages"],
    )


def _object(properties: Json, required: Sequence[str] = (), closed: bool = True) -> Json:
    schema: Json = {"type": "object", "properties": properties, "additionalProperties": not closed}
    return {**schema, "required": list(required)} if required else schema


def read_json(data: bytes) -> Any:
    """The value that a body holds; strings that are no Unicode and numbers that are none are refused. 400."""
    try:
        value = json.loads(data.decode("utf-8"), parse_constant=_refuse_constant)
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode("utf-8")
    except (ValueError, RecursionError) as error:
        raise ApiError(400, f"the body expects JSON in UTF-8: {str(error)[:200]}", "invalid_json") from error
    return value


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")


def check_parameters(parameters: Mapping[str, Any]) -> None:
    """Raise `ParameterError` for parameters of a task that could make it larger than any one that is asked for."""
    for name, value in parameters.items():
        if name == "seed":
            seed_number(value)
        elif not _is_small(value, 3):
            raise ParameterError(
                f"{name} expects numbers from -{_LARGEST:,} to {_LARGEST:,}, and texts and lists of up to {_LONGEST} "
                f"characters or values, got {shown(value)}"
            )


def _is_small(value: Any, depth: int) -> bool:
    if isinstance(value, (int, float)):
        return abs(value) <= _LARGEST
    if isinstance(value, str):
        return len(value) <= _LONGEST
    if isinstance(value, Mapping):
        value = [*value.keys(), *value.values()]
    if isinstance(value, (list, tuple, set)):
        return bool(depth) and len(value) <= _LONGEST and all(_is_small(each, depth - 1) for each in value)
    return value is None


def check(value: Any, schema: Json, place: str = "") -> None:
    """Raise an `ApiError` (400) where a value does not fit a schema: the part of JSON Schema that is used here."""
    problem = _problem(value, schema)
    if problem:
        raise ApiError(400, f"{place or 'the body'} expects {problem}, got {_short(value)}", "invalid_value", place)
    if isinstance(value, dict):
        properties = schema.get("properties", {})
        for name in schema.get("required", ()):
            if name not in value:
                raise ApiError(400, f"{_at(place, name)} is missing", "missing_required_parameter", _at(place, name))
        for name, part in value.items():
            if name in properties:
                check(part, properties[name], _at(place, name))
            elif schema.get("additionalProperties") is False:
                raise ApiError(400, f"unknown parameter {_at(place, name[:100])}", "unknown_parameter", place or None)
    if isinstance(value, list):
        for i, part in enumerate(value):
            check(part, schema.get("items", {}), f"{place}[{i}]")
    alternatives = [each for each in schema.get("anyOf", ()) if not _problem(value, each)]
    if alternatives:  # they differ in their types, so that one fits
        check(value, alternatives[0], place)


def _problem(value: Any, schema: Json) -> str:
    """What a schema expects where a value, without its parts, does not fit it."""
    if "enum" in schema and not any(_same(value, each) for each in schema["enum"]):
        return "one of " + ", ".join(json.dumps(each) for each in schema["enum"])
    if "anyOf" in schema:
        problems = [_problem(value, each) for each in schema["anyOf"]]
        return "" if "" in problems else " or ".join(problems)
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if kinds and not any(_is(value, kind) for kind in kinds):
        return " or ".join(kinds)
    size = len(value) if isinstance(value, (str, list, dict)) else math.nan
    number = value if _is(value, "number") else math.nan
    limits: tuple[tuple[str, Callable[[float], bool], str], ...] = (
        ("minimum", lambda low: number < low, "at least"),
        ("maximum", lambda high: number > high, "at most"),
        ("exclusiveMinimum", lambda low: number <= low, "more than"),
        ("minLength", lambda low: size < low, "at least this many characters:"),
        ("maxLength", lambda high: size > high, "at most this many characters:"),
        ("minItems", lambda low: size < low, "at least this many items:"),
        ("maxItems", lambda high: size > high, "at most this many items:"),
        ("minProperties", lambda low: size < low, "at least this many fields:"),
    )
    for limit, wrong, words in limits:
        if limit in schema and wrong(schema[limit]):
            return f"{words} {schema[limit]}"
    return ""


def _is(value: Any, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    if isinstance(value, float):
        return kind == "number" or (kind == "integer" and value.is_integer())
    types: dict[str, type] = {
        "string": str,
        "array": list,
        "object": dict,
        "null": type(None),
        "integer": int,
        "number": int,
    }
    return kind in types and isinstance(value, types[kind])


def _same(a: Any, b: Any) -> bool:
    return bool(a == b) and isinstance(a, bool) == isinstance(b, bool)


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _at(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name


# ---- Replies ----


def completion(stem: Json, content: str, reasoning: str, finish: str, usage: Json, longthink: Json) -> Json:
    """A whole reply. stem: its id, time and model. reasoning: that led to it, which is no part of the answer."""
    message = {"role": "assistant", "content": content, "refusal": None}
    if reasoning:
        message["reasoning_content"] = reasoning
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": finish}
    return {**stem, "object": "chat.completion", "choices": [choice], "usage": usage, "longthink": longthink}


def chunk(stem: Json, delta: Json | None, finish: str | None = None, **more: Any) -> str:
    """One event of a stream; without a delta it carries no choice, as the one with the usage does."""
    choices = [] if delta is None else [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}]
    return event({**stem, "object": "chat.completion.chunk", "choices": choices, **more})


def event(value: Json) -> str:
    return f"data: {json.dumps(value, ensure_ascii=False, allow_nan=False)}\n\n"


def usage(spent: Spent, shown: int) -> Json:
    """All tokens that were read and written; `shown` of the written ones stand in the reply, the rest was thinking."""
    return {
        "prompt_tokens": spent.prompt_tokens,
        "completion_tokens": spent.generated_tokens,
        "total_tokens": spent.prompt_tokens + spent.generated_tokens,
        "prompt_tokens_details": {"cached_tokens": spent.cached_tokens},
        "completion_tokens_details": {"reasoning_tokens": max(0, spent.generated_tokens - shown)},
    }


def told(spent: Spent) -> str:
    """Progress in words, for the reasoning that a stream shows."""
    parts = (f"{value:.1f} s" if name == "seconds" else f"{value:,} {name}" for name, value in spent.as_dict().items())
    return "thinking: " + ", ".join(parts) + "\n"


# ---- The schema of the whole ----


def openapi(version: str, request: Json, token: bool) -> Json:
    """What GET /openapi.json gives. token: whether one is needed."""
    error_body = _object(
        {
            "error": _object(
                {
                    "message": {"type": "string"},
                    "type": {"type": "string"},
                    "param": {"type": ["string", "null"]},
                    "code": {"type": "string"},
                },
                ["message", "type", "param", "code"],
            )
        },
        ["error"],
    )
    counts = {
        name: {"type": "integer", "minimum": 0} for name in ("prompt_tokens", "completion_tokens", "total_tokens")
    }
    message = _object({"role": {"enum": ["assistant"]}, "content": {"type": "string"}}, ["role", "content"], False)
    choice = _object({"message": message, "finish_reason": {"enum": ["stop", "length"]}}, ["message"], False)
    reply = _object(
        {
            "id": {"type": "string"},
            "object": {"enum": ["chat.completion"]},
            "created": {"type": "integer"},
            "model": {"type": "string"},
            "choices": {"type": "array", "items": choice, "minItems": 1, "maxItems": 1},
            "usage": _object(counts, list(counts), False),
            "longthink": {"type": "object"},
        },
        ["id", "object", "created", "model", "choices", "usage", "longthink"],
    )
    errors: Mapping[str, str] = {
        "400": "a body that is wrong",
        "401": "a token that is missing or wrong",
        "403": "a host that is not this machine",
        "404": "no such model or page",
        "408": "it took too long",
        "413": "a body that is too large",
        "415": "a body that is not application/json",
        "422": "a task or a chat that cannot be thought about",
        "429": "too many at once; Retry-After says when to come back",
    }

    def answers(description: str, content: Json, *statuses: str) -> Json:
        faults = {
            s: {"description": errors[s], "content": _json_content(error_body)} for s in ("401", "403", *statuses)
        }
        return {"responses": {"200": {"description": description, "content": content}, **faults}}

    model = _object(
        {"id": {"type": "string"}, "object": {"enum": ["model"]}, "created": {"type": "integer"}},
        ["id", "object"],
        False,
    )
    models = _object({"object": {"enum": ["list"]}, "data": {"type": "array", "items": model}}, ["object", "data"])
    document: Json = {
        "openapi": "3.1.0",
        "info": {"title": "longthink", "version": version},
        "paths": {
            "/v1/chat/completions": {
                "post": {
                    "operationId": "createChatCompletion",
                    "requestBody": {"required": True, "content": _json_content(request)},
                    **answers(
                        "the answer",
                        {**_json_content(reply), "text/event-stream": {}},
                        *("400", "404", "408", "413", "415", "422", "429"),
                    ),
                }
            },
            "/v1/models": {"get": {"operationId": "listModels", **answers("the models", _json_content(models))}},
            "/v1/models/{model}": {
                "get": {
                    "operationId": "retrieveModel",
                    "parameters": [{"name": "model", "in": "path", "required": True, "schema": {"type": "string"}}],
                    **answers("the model", _json_content(model), "404"),
                }
            },
            "/healthz": {
                "get": {"operationId": "health", "security": [], **answers("alive", _json_content({"type": "object"}))}
            },
        },
    }
    if token:
        document["components"] = {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}}
        document["security"] = [{"token": []}]
    return document


def _json_content(schema: Json) -> Json:
    return {"application/json": {"schema": schema}}
