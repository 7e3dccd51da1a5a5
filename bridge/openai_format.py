"""What OpenAI-compatible servers are sent and what they send back: bodies, answers, streams of events."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from longthink.bridge.model import Completion, Request, Token
from longthink.search.budget import Spent

Prices = Mapping[str, float]
"""Money for a million tokens: "prompt", "cached" (as "prompt" where it is not given) and "generated"."""


class Unreadable(Exception):
    """An answer that cannot be read, or not wholly."""


def body_of(request: Request, model: str, endpoint: str, stream: bool) -> dict[str, Any]:
    """The body that asks for `request.n` completions."""
    body: dict[str, Any] = {
        "model": model,
        "n": request.n,
        "max_tokens": request.max_tokens,
        "temperature": request.temperature,
        "seed": request.seed,
    }
    if request.stop:
        body["stop"] = list(request.stop)
    if stream:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    if endpoint == "completions":
        return body | {"prompt": request.prompt, "logprobs": max(1, request.top)}
    content: Any = request.prompt
    if request.images:
        pictures = [{"type": "image_url", "image_url": {"url": image.url}} for image in request.images]
        content = [{"type": "text", "text": request.prompt}, *pictures]
    body |= {"messages": [{"role": "user", "content": content}], "logprobs": True}
    if request.top:
        body["top_logprobs"] = min(request.top, 20)
    return body


def read(answer: Any, prices: Prices) -> list[Completion]:
    """The completions in an answer, the first with the costs of the prompt. Raises `Unreadable`."""
    try:
        usage = answer.get("usage") or {}
        cached = int((usage.get("prompt_tokens_details") or {}).get("cached_tokens") or 0)
        prompt = int(usage.get("prompt_tokens") or 0)
        choices, generated = answer["choices"], int(usage.get("completion_tokens") or 0)
        found = []
        for i, choice in enumerate(choices):
            text = choice["message"]["content"] if "message" in choice else choice["text"]
            if not isinstance(text, str):
                raise TypeError(f"a text that is {text!r}")
            tokens = _tokens(choice.get("logprobs"))
            own = generated // len(choices) + (i < generated % len(choices))
            if tokens and (len(choices) > 1 or not generated):
                own = len(tokens)
            once = Spent(
                prompt_tokens=prompt if i == 0 else 0, cached_tokens=cached if i == 0 else 0, generated_tokens=own
            )
            found.append(
                Completion(
                    text=text,
                    logprob=sum(token.logprob for token in tokens) if tokens else None,
                    tokens=tokens,
                    finish=choice.get("finish_reason") or "stop",
                    prompt_tokens=once.prompt_tokens,
                    cached_tokens=once.cached_tokens,
                    generated_tokens=own,
                    calls=1 if i == 0 else 0,
                    money=money(once, prices),
                )
            )
    except (KeyError, TypeError, AttributeError, ValueError, OverflowError) as error:
        raise Unreadable(f"an answer that cannot be read ({error!r}): {str(answer)[:100]!r}") from error
    if not found:
        raise Unreadable(f"an answer without choices: {str(answer)[:100]!r}")
    return found


def money(spent: Spent, prices: Prices) -> float:
    """What tokens cost."""
    prompt = prices.get("prompt", 0.0)
    return (
        (spent.prompt_tokens - spent.cached_tokens) * prompt
        + spent.cached_tokens * prices.get("cached", prompt)
        + spent.generated_tokens * prices.get("generated", 0.0)
    ) / 1e6


def _tokens(logprobs: Any) -> tuple[Token, ...]:
    """Tokens in either of the two forms that servers use. Raises `ValueError` where a log-probability is no number."""
    if not logprobs:
        return ()
    if "content" in logprobs:
        tokens = tuple(
            Token(
                t["token"], float(t["logprob"]), {o["token"]: float(o["logprob"]) for o in t.get("top_logprobs") or []}
            )
            for t in logprobs["content"] or []
        )
    else:
        tops = logprobs.get("top_logprobs") or [{}] * len(logprobs["tokens"])
        tokens = tuple(
            Token(text, float(logprob or 0.0), {key: float(value) for key, value in (top or {}).items()})
            for text, logprob, top in zip(logprobs["tokens"], logprobs["token_logprobs"], tops, strict=True)
        )
    if any(math.isnan(lp) for token in tokens for lp in (token.logprob, *token.top.values())):
        raise ValueError("a log-probability that is not a number")
    return tokens


class Events:
    """Puts together the answer that comes as a stream of server-sent events, line by line."""

    def __init__(self) -> None:
        self.done = False
        self._choices: dict[int, dict[str, Any]] = {}
        self._usage: dict[str, Any] | None = None
        self._seen: set[str] = set()
        self._id = ""

    def take(self, line: str) -> str:
        """Take one line and give the text that it adds to the first completion. Raises `Unreadable`."""
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "id":
            self._id = value
        if name != "data" or self.done:
            return ""
        if value.strip() == "[DONE]":
            self.done = True
            return ""
        if self._id:  # an event with a number of its own counts once
            if self._id in self._seen:
                return ""
            self._seen.add(self._id)
        try:
            event = json.loads(value)
            if event.get("error"):
                raise Unreadable(f"a stream that ends in an error: {str(event['error'])[:200]}")
            self._usage = event.get("usage") or self._usage
            return "".join([self._add(choice) for choice in event.get("choices") or []])
        except (KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
            raise Unreadable(f"an event that cannot be read ({error!r}): {value[:100]!r}") from error

    def _add(self, part: dict[str, Any]) -> str:
        index = int(part.get("index") or 0)
        choice = self._choices.setdefault(index, {"text": "", "logprobs": {}, "finish_reason": None, "events": 0})
        added = part["delta"].get("content") if "delta" in part else part["text"]
        if added is not None and not isinstance(added, str):
            raise TypeError(f"a text that is {added!r}")
        choice["text"] += added or ""
        choice["events"] += bool(added)
        for key, values in (part.get("logprobs") or {}).items():
            if isinstance(values, list):
                choice["logprobs"].setdefault(key, []).extend(values)
        choice["finish_reason"] = part.get("finish_reason") or choice["finish_reason"]
        return (added or "") if index == 0 else ""

    def answer(self, cut_off: bool = False) -> dict[str, Any]:
        """The whole answer, in the form of one that comes in one piece. Raises `Unreadable` where something is missing.

        cut_off: time was up; what has come until then counts.
        """
        choices = [self._choices[index] for index in sorted(self._choices)]
        if not cut_off and not (self.done or (choices and all(choice["finish_reason"] for choice in choices))):
            raise Unreadable(
                f"a stream that ends in the middle, after {sum(len(c['text']) for c in choices)} characters"
            )
        written = sum(len(c["logprobs"].get("content") or c["logprobs"].get("tokens") or ()) for c in choices)
        told = (self._usage or {}).get("completion_tokens")
        if told is not None and written > told:
            raise Unreadable(f"a stream that repeats itself: {written} tokens came, and it says {told}")
        usage = self._usage or {"completion_tokens": written or sum(choice["events"] for choice in choices)}
        if cut_off:
            choices = [{**choice, "finish_reason": "cut off"} for choice in choices or [{"text": ""}]]
        return {"choices": choices, "usage": usage}
