"""The formats of OpenAI's protocol: bodies of requests, answers, and streams of events."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from longthink.bridge.models.dialect import Dialect
from longthink.bridge.models.model import Completion, Request, Token, known_logprob
from longthink.bridge.models.reasoning import Separator, separated
from longthink.errors import error_text
from longthink.search.budget import Spent

Prices = Mapping[str, float]
"""Money per million tokens: "prompt", "cached" (by default as "prompt") and "generated"."""

_REASONING = ("reasoning_content", "reasoning", "thinking")  # names of the field with the reasoning
_BYTES_PER_TOKEN = 3  # an estimate
_MOST_BYTES = 16  # of a token, on average over a text


class Unreadable(Exception):
    """An answer that cannot be read, or only in part. spent: its known cost."""

    def __init__(self, why: str, spent: Spent | None = None) -> None:
        super().__init__(why)
        self.spent = Spent() if spent is None else spent


def body_of(
    request: Request, model: str, dialect: Dialect, stream: bool, system: str | None, extra: Mapping[str, Any]
) -> dict[str, Any]:
    """The body that asks for `request.n` completions. extra: more fields, which replace others of the same name."""
    body: dict[str, Any] = {
        "model": model,
        "n": request.n,
        dialect.length: request.max_tokens,
        "temperature": request.temperature,
    }
    if dialect.seed:
        body["seed"] = request.seed % 2**63
    if request.stop and dialect.stop:
        body["stop"] = list(request.stop)
    if stream:
        body["stream"] = True
        if dialect.stream_usage:
            body["stream_options"] = {"include_usage": True}
    likeliest = min(request.top, dialect.likeliest)
    if dialect.endpoint == "completions":
        body["prompt"] = request.prompt
        if likeliest >= 0:
            body["logprobs"] = max(1, likeliest)
        return body | dict(extra)
    content: Any = request.prompt
    if request.images:
        pictures = [{"type": "image_url", "image_url": {"url": image.url}} for image in request.images]
        content = [{"type": "text", "text": request.prompt}, *pictures]
    body["messages"] = [{"role": "user", "content": content}]
    if system is not None:
        body["messages"].insert(0, {"role": "system", "content": system})
    if likeliest >= 0:
        body["logprobs"] = True
    if likeliest >= 1:
        body["top_logprobs"] = likeliest
    return body | dict(extra)


def read(answer: Any, request: Request, prices: Prices) -> list[Completion]:
    """The completions in an answer to a request; the first has the cost of the prompt. Raises `Unreadable`.

    The cost is what the server says, but not less than what came. If the server says nothing, the cost is estimated.
    """
    usage: Mapping[str, Any] = {}
    try:
        usage = answer.get("usage") or {}
        found = [_completion(choice, request) for choice in answer["choices"]]
    except (KeyError, TypeError, AttributeError, ValueError, OverflowError) as error:
        why = f"an answer that cannot be read ({error_text(error)}): {str(answer)[:100]!r}"
        raise Unreadable(why, _spent(usage, request, 0, str(answer))) from error
    if not found:
        raise Unreadable(f"an answer without choices: {str(answer)[:100]!r}", _spent(usage, request, 0, ""))
    own = [len(_all_tokens(choice)) for choice in answer["choices"]]
    spent = _spent(usage, request, sum(own), "".join(each.text + each.reasoning for each in found))
    if not all(own):
        own = [0] * len(found)
    more, rest = divmod(spent.generated_tokens - sum(own), len(found))
    for i, completion in enumerate(found):
        once = Spent(generated_tokens=own[i] + more + (i < rest))
        if i == 0:
            once.prompt_tokens, once.cached_tokens, once.calls = spent.prompt_tokens, spent.cached_tokens, 1
        found[i] = replace(
            completion,
            prompt_tokens=once.prompt_tokens,
            cached_tokens=once.cached_tokens,
            generated_tokens=once.generated_tokens,
            calls=once.calls,
            money=money(once, prices),
        )
    return found


def estimated(text: str | bytes) -> int:
    """An estimate of how many tokens a text has."""
    size = len(text if isinstance(text, bytes) else text.encode(errors="replace"))
    return -(-size // _BYTES_PER_TOKEN)


def money(spent: Spent, prices: Prices) -> float:
    """What the tokens of `spent` cost."""
    prompt = prices.get("prompt", 0.0)
    return (
        (spent.prompt_tokens - spent.cached_tokens) * prompt
        + spent.cached_tokens * prices.get("cached", prompt)
        + spent.generated_tokens * prices.get("generated", 0.0)
    ) / 1e6


def _spent(usage: Any, request: Request, tokens: int, text: str) -> Spent:
    """What an answer cost, by its own count; tokens, text: what came."""

    def said(name: str, of: str | None = None) -> int:
        about = usage.get(of) if of is not None and isinstance(usage, Mapping) else usage
        value = about.get(name) if isinstance(about, Mapping) else None
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 2**53:
            return 0
        return int(value)

    prompt = said("prompt_tokens") or estimated(request.prompt)
    written = [said("completion_tokens"), said("reasoning_tokens", "completion_tokens_details")]
    if said("prompt_tokens"):  # some servers count reasoning in the total only
        written.append(said("total_tokens") - said("prompt_tokens"))
    return Spent(
        prompt_tokens=prompt,
        cached_tokens=min(prompt, said("cached_tokens", "prompt_tokens_details")),
        generated_tokens=max(tokens, *written) or estimated(text),
    )


def _completion(choice: Any, request: Request) -> Completion:
    """The completion of a choice, without its cost."""
    finish = choice.get("finish_reason") or "stop"
    text, reasoning = _said(choice.get("message", choice))
    if text is None and not choice.get("finish_reason"):
        raise TypeError("neither a text nor a finish reason")
    if text is None and "message" not in choice and "text" not in choice:
        raise KeyError("text")
    text, inline, tokens = separated(text or "", _all_tokens(choice))
    ends = [end for end in (text.find(stop) for stop in request.stop) if end >= 0]
    if ends:  # the server takes no stop texts
        text, finish = text[: min(ends)], "stop"
    return Completion(
        text=text,
        logprob=sum(token.logprob for token in tokens) if tokens else None,
        tokens=tokens,
        finish=finish,
        reasoning="\n".join(filter(None, (reasoning, inline))),
    )


def _said(part: Any) -> tuple[str | None, str]:
    """The text and the reasoning of a message, of a part of a message, or of a choice; the text is None if missing."""
    content = part.get("content", part.get("text"))
    reasoning = next((part[name] for name in _REASONING if isinstance(part.get(name), str) and part[name]), "")
    if isinstance(content, list):  # parts, each with a type
        pieces = [piece for piece in content if isinstance(piece, Mapping)]
        texts = ["".join(map(_text_of, pieces)) for pieces in _by(pieces, "text")]
        return texts[0], reasoning + texts[1]
    if content is not None and not isinstance(content, str):
        raise TypeError(f"a text of type {type(content).__name__}")
    return content, reasoning


def _by(pieces: list[Mapping[str, Any]], kind: str) -> tuple[list[Mapping[str, Any]], list[Mapping[str, Any]]]:
    """The pieces of one type, and all others."""
    return [p for p in pieces if p.get("type") == kind], [p for p in pieces if p.get("type") != kind]


def _text_of(piece: Any) -> str:
    """The text of a part of a message, or of the parts inside it."""
    inner = next((piece[name] for name in ("text", "thinking", "reasoning") if name in piece), "")
    return inner if isinstance(inner, str) else "".join(map(_text_of, inner or ()))


def _all_tokens(choice: Any) -> tuple[Token, ...]:
    """Tokens in either of the two forms that servers use. Raises `ValueError` for a log-probability that is NaN."""
    logprobs = choice.get("logprobs")
    if not logprobs:
        return ()
    if "content" in logprobs:
        tokens = tuple(
            Token(
                t["token"],
                known_logprob(t["logprob"]),
                {o["token"]: known_logprob(o["logprob"]) for o in t.get("top_logprobs") or []},
            )
            for t in logprobs["content"] or []
        )
    else:
        tops = logprobs.get("top_logprobs") or [{}] * len(logprobs["tokens"])
        tokens = tuple(
            Token(
                text, known_logprob(logprob or 0.0), {key: known_logprob(value) for key, value in (top or {}).items()}
            )
            for text, logprob, top in zip(logprobs["tokens"], logprobs["token_logprobs"], tops, strict=True)
        )
    if any(math.isnan(lp) for token in tokens for lp in (token.logprob, *token.top.values())):
        raise ValueError("a log-probability that is not a number")
    return tokens


class Events:
    """Puts together an answer from the data of server-sent events.

    done: all of it has come. finished: each completion so far has ended; more events may follow. most: the largest
    number of tokens of a completion. longest: a completion has more than that.
    """

    def __init__(self, request: Request) -> None:
        self.done = False
        self.most = request.max_tokens
        self._request = request
        self._choices: dict[int, dict[str, Any]] = {}
        self._usage: dict[str, Any] | None = None
        self._last, self._repeated = "", False
        self._answer = Separator()

    @property
    def finished(self) -> bool:
        return bool(self._choices) and all(choice["finish_reason"] for choice in self._choices.values())

    @property
    def longest(self) -> bool:
        return any(_tokens_at_least(choice) > self.most for choice in self._choices.values())

    def take(self, data: str) -> str:
        """Take one event and return the text that it adds to the first completion. Raises `Unreadable`."""
        if self.done:
            return ""
        if data.strip() == "[DONE]":
            self.done = True
            return self._answer.add("", last=True)
        self._repeated, self._last = self._repeated or data == self._last, data
        try:
            event = json.loads(data)
            if event.get("error"):
                raise Unreadable(f"a stream that ends in an error: {str(event['error'])[:200]}")
            self._usage = event.get("usage") or self._usage
            added = "".join([self._add(choice) for choice in event.get("choices") or []])
        except (KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
            raise Unreadable(f"an event that cannot be read ({error_text(error)}): {data[:100]!r}") from error
        if self.finished and len(self._choices) >= self._request.n:
            self.done = bool(self._usage)
            added += self._answer.add("", last=self.done)
        return added

    def _add(self, part: dict[str, Any]) -> str:
        index = int(part.get("index") or 0)
        choice = self._choices.setdefault(
            index, {"text": "", "reasoning": "", "logprobs": {}, "finish_reason": None, "events": 0, "bytes": 0}
        )
        text, reasoning = _said(part.get("delta") or part.get("message") or part)
        choice["text"] += text or ""
        choice["reasoning"] += reasoning
        choice["events"] += bool(text or reasoning)
        choice["bytes"] += len(((text or "") + reasoning).encode(errors="replace"))
        for key, values in (part.get("logprobs") or {}).items():
            if isinstance(values, list):
                choice["logprobs"].setdefault(key, []).extend(values)
        choice["finish_reason"] = part.get("finish_reason") or choice["finish_reason"]
        return self._answer.add(text or "") if index == 0 else ""

    def answer(self, finish: str | None = None) -> dict[str, Any]:
        """The whole answer in the form of one without a stream. Raises `Unreadable` if something is missing.

        finish: why the stream was ended early; then what has come so far is the answer.
        """
        choices = [self._choices[index] for index in sorted(self._choices)]
        written = sum(len(_listed(choice)) for choice in choices)
        counted = (self._usage or {}).get("completion_tokens")
        usage = self._usage or {"completion_tokens": written or sum(choice["events"] for choice in choices)}
        if finish is None and not (self.done or self.finished):
            came = sum(len(choice["text"]) + len(choice["reasoning"]) for choice in choices)
            raise Unreadable(f"a stream that ends in the middle, after {came} characters", self.spent)
        if finish is None and self._repeated and isinstance(counted, int) and written > counted:
            why = f"a stream that repeats itself: {written} tokens came, and the server counts {counted}"
            raise Unreadable(why, self.spent)
        if finish is not None:
            choices = [
                {**choice, "finish_reason": choice["finish_reason"] or finish}
                for choice in choices or [{"text": "", "finish_reason": None}]
            ]
        return {"choices": choices, "usage": usage}

    @property
    def spent(self) -> Spent:
        """The known cost so far."""
        tokens = sum(max(len(_listed(choice)), choice["events"]) for choice in self._choices.values())
        return _spent(self._usage or {}, self._request, tokens, "")


def _listed(choice: Mapping[str, Any]) -> list[Any]:
    """The tokens of a choice, if the server lists them."""
    return choice["logprobs"].get("content") or choice["logprobs"].get("tokens") or []


def _tokens_at_least(choice: Mapping[str, Any]) -> int:
    """A lower bound of the number of tokens of a choice."""
    return len(_listed(choice)) or choice["bytes"] // _MOST_BYTES
