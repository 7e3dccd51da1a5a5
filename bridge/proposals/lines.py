"""Asking a model for a line: the text up to a line break, without blank lines before it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from longthink.bridge.models.model import Completion, Request
from longthink.bridge.models.work import Work

_BLANK = 3  # how many blank lines a model may write first


def lines(prompt: str, *, n: int = 1, seed: int, **options: Any) -> Work[list[Completion] | None]:
    """`n` lines that continue a prompt; None if the budget is over. options: other fields of `Request`.

    If the model begins with a line break, it left a line blank: it is asked again, with the blank line in the prompt,
    up to 3 times. The tokens of the blank lines count in the final completion.
    """
    written = yield Request(prompt, n=n, seed=seed, stop=("\n",), **options)
    if written is None:
        return None
    found = list(written)
    for blank in range(1, _BLANK + 1):
        open_places = [place for place, each in enumerate(found) if each.finish == "stop" and not each.text.strip()]
        if not open_places:
            break
        again = yield Request(
            prompt + "\n" * blank, n=len(open_places), seed=seed + 104_729 * blank, stop=("\n",), **options
        )
        if again is None:
            break
        for place, each in zip(open_places, again, strict=False):
            found[place] = _after(found[place], each)
    return found


def _after(blank: Completion, line: Completion) -> Completion:
    """A line that the model wrote after a blank one, with the tokens of both."""
    known = blank.logprob is not None and line.logprob is not None
    return replace(
        line,
        reasoning="\n".join(filter(None, (blank.reasoning, line.reasoning))),
        logprob=(blank.logprob or 0.0) + (line.logprob or 0.0) if known else None,
        tokens=(*blank.tokens, *line.tokens),
        generated_tokens=blank.generated_tokens + line.generated_tokens,
    )
