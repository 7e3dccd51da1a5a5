"""Asking a model for a line: what it writes up to a line break, blank lines before it left out."""

from __future__ import annotations

from dataclasses import replace

from longthink.bridge.models.model import Completion, Request
from longthink.bridge.runtime.scheduler import Work

_BLANK = 3  # lines that a model may leave blank before one


def lines(request: Request) -> Work[list[Completion] | None]:
    """`request.n` lines that continue the prompt of a request; None if the budget is over.

    A model that begins with a line break has not ended but left a line blank: it is asked again, with the blank line
    in the prompt, up to 3 times. What it wrote on the way counts in the completion that it gets in the end.
    """
    written = yield replace(request, stop=("\n",))
    if written is None:
        return None
    found = list(written)
    for blank in range(1, _BLANK + 1):
        open_places = [place for place, each in enumerate(found) if _is_blank(each)]
        if not open_places:
            break
        again = yield replace(
            request,
            prompt=request.prompt + "\n" * blank,
            stop=("\n",),
            n=len(open_places),
            seed=request.seed + 104_729 * blank,
        )
        if again is None:
            break
        for place, each in zip(open_places, again, strict=False):
            found[place] = _after(found[place], each)
    return found


def _is_blank(completion: Completion) -> bool:
    return not completion.text.strip() and completion.finish == "stop"


def _after(blank: Completion, line: Completion) -> Completion:
    """A line as the model wrote it after a blank one."""
    known = blank.logprob is not None and line.logprob is not None
    return replace(
        line,
        reasoning="\n".join(filter(None, (blank.reasoning, line.reasoning))),
        logprob=(blank.logprob or 0.0) + (line.logprob or 0.0) if known else None,
        tokens=(*blank.tokens, *line.tokens),
        generated_tokens=blank.generated_tokens + line.generated_tokens,
    )
