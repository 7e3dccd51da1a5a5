"""How `longthink serve` writes an outcome: as one reply, or as the events of a stream."""

from __future__ import annotations

import json
import secrets
import time
from dataclasses import dataclass, field
from typing import Any

from longthink.search.budget import Spent
from longthink.server.questions import Outcome
from longthink.server.schema import ChatCompletion, Choice, Json, ReplyMessage, Usage

DONE = "data: [DONE]\n\n"
"""The last event of a stream."""


def event(value: Json) -> str:
    return f"data: {json.dumps(value, ensure_ascii=False, allow_nan=False)}\n\n"


def progress_text(spent: Spent) -> str:
    """Progress in words, which a stream shows as reasoning."""
    parts = (f"{value:.1f} s" if name == "seconds" else f"{value:,} {name}" for name, value in spent.as_dict().items())
    return "thinking: " + ", ".join(parts) + "\n"


@dataclass(frozen=True)
class Replies:
    """The forms of one reply. model: the name that the request has."""

    model: str
    id: str = field(default_factory=lambda: f"chatcmpl-{secrets.token_hex(12)}")
    created: int = field(default_factory=lambda: int(time.time()))

    def whole(self, outcome: Outcome) -> str:
        """The whole reply as JSON."""
        reasoning: Json = {"reasoning_content": outcome.reasoning} if outcome.reasoning else {}
        message = ReplyMessage(role="assistant", content=outcome.text, refusal=None, **reasoning)
        choice = Choice(index=0, message=message, logprobs=None, finish_reason="length" if outcome.cut else "stop")
        reply = ChatCompletion(
            id=self.id,
            object="chat.completion",
            created=self.created,
            model=self.model,
            choices=[choice],
            usage=usage(outcome),
            longthink=outcome.facts,
        )
        return reply.model_dump_json(exclude_unset=True)

    def chunk(self, delta: Json | None, finish: str | None = None, **more: Any) -> str:
        """One event of a stream. Without a delta it has no choice, as the event with the usage."""
        choices = [] if delta is None else [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}]
        stem = {"id": self.id, "created": self.created, "model": self.model, "object": "chat.completion.chunk"}
        return event({**stem, "choices": choices, **more})

    def chunks(self, outcome: Outcome, **more: Any) -> list[str]:
        """The events that give an outcome, without its usage."""
        reasoning = [self.chunk({"reasoning_content": outcome.reasoning}, **more)] if outcome.reasoning else []
        finish = "length" if outcome.cut else "stop"
        end = self.chunk({}, finish, longthink=outcome.facts, **more)
        return [*reasoning, self.chunk({"content": outcome.text}, **more), end]


def usage(outcome: Outcome) -> Usage:
    """The tokens of all requests to the model; those that do not stand in the answer count as reasoning."""
    spent = outcome.spent
    return Usage(
        prompt_tokens=spent.prompt_tokens,
        completion_tokens=spent.generated_tokens,
        total_tokens=spent.prompt_tokens + spent.generated_tokens,
        prompt_tokens_details={"cached_tokens": spent.cached_tokens},
        completion_tokens_details={"reasoning_tokens": max(0, spent.generated_tokens - outcome.shown_tokens)},
    )
