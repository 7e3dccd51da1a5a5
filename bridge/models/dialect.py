"""The parts of OpenAI's protocol that a server accepts: all are assumed, and its refusals show what is missing."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

_LADDER = (20, 5, 1)  # how many likeliest tokens servers return; 20 is the limit of vLLM, 5 of OpenAI's completions
_UNKNOWN = re.compile(r"support|unknown|unrecogni|unexpected|extra|not permitted|not allowed|not available|forbidden")
_TOO_LONG = re.compile(
    r"context_length_exceeded|exceed_context_size|context (?:length|size|window|limit)|max_model_len|"
    r"maximum (?:allowed )?(?:model|context|sequence|input|prompt)[\w ]* (?:length|tokens|size)|"
    r"(?:prompt|input|request|text|sequence|messages?) (?:is|are|was) too (?:long|large)|too many (?:input )?tokens|"
    r"reduce (?:the length|your prompt)|input tokens exceed|tokens? (?:in your request )?exceeds?\b|"
    r"must have less than \d+ tokens",
    re.IGNORECASE,
)
_QUOTA = re.compile(r"insufficient_quota|billing_hard_limit|exceeded your current quota|credit balance is too low")


@dataclass(frozen=True)
class Dialect:
    """What may be sent to a server.

    endpoint: "completions" or "chat". several: the server returns more than one completion per request. seed, stop: it
    accepts a seed, and stop texts. stream_usage: it says what a stream cost. length: its name for the maximum number of
    tokens to write. likeliest: how many of the likeliest tokens it returns, -1 if it returns no log-probabilities.
    """

    endpoint: str
    several: bool = True
    seed: bool = True
    stop: bool = True
    stream_usage: bool = True
    length: str = "max_tokens"
    likeliest: int = 1 << 20

    def after(self, status: int, text: str, body: Mapping[str, Any], other_endpoint: bool) -> Dialect | None:
        """The dialect to try after a refusal of `body`; None if the refusal has another cause.

        other_endpoint: "chat" may replace "completions".
        """
        message, about = _read(text)
        if too_long(message):
            return None
        if self.endpoint == "completions" and other_endpoint:
            missing = status in (404, 405, 501) and "model" not in message
            if missing or (status in (400, 404, 422) and "chat" in message):
                return replace(self, endpoint="chat")
        if status not in (400, 422, 501):
            return None
        if "logprobs" in about and ("logprobs" in body or "top_logprobs" in body):
            return replace(self, likeliest=_fewer(message, body))
        if "stream_options" in about and "stream_options" in body:
            return replace(self, stream_usage=False)
        if "max_completion_tokens" in message and "max_tokens" in body:
            return replace(self, length="max_completion_tokens")
        if "max_tokens" in about and "max_tokens" in body and _UNKNOWN.search(message):
            return replace(self, length="max_completion_tokens")
        if re.search(r"\bseed\b", about) and "seed" in body and _UNKNOWN.search(message):
            return replace(self, seed=False)
        if re.search(r"\bstop\b", about) and "stop" in body and _UNKNOWN.search(message):
            return replace(self, stop=False)
        return replace(self, several=False) if body.get("n", 1) > 1 else None


def too_long(message: str) -> bool:
    """Whether a server says that a prompt, or prompt and answer together, is longer than its context."""
    return _TOO_LONG.search(message) is not None


def out_of_quota(message: str) -> bool:
    """Whether a server says that the account has no money or quota left; waiting does not help then."""
    return _QUOTA.search(message) is not None


def _read(text: str) -> tuple[str, str]:
    """The message of an error, and its subject: the parameter that it names, or else the whole message."""
    try:
        error = json.loads(text)
        error = error.get("error", error)
        about = str(error.get("param") or text)
    except (ValueError, AttributeError, RecursionError):
        about = text
    return text.casefold(), about.casefold()


def _fewer(message: str, body: Mapping[str, Any]) -> int:
    """How many likeliest tokens to ask for if those of `body` were too many; -1: no log-probabilities."""
    asked = int(body.get("top_logprobs", body.get("logprobs", 0)))
    named = [int(number) for number in re.findall(r"\b\d{1,3}\b", message) if 0 < int(number) < asked]
    if named:
        return max(named)
    if _UNKNOWN.search(message):
        return -1
    return next((number for number in _LADDER if number < asked), -1)
