"""A model that follows a script: for tests and examples."""

from __future__ import annotations

import math
import pickle
from collections.abc import Callable, Mapping
from typing import Any

from longthink.bridge.models.model import Completion, Model, Request, Token, known_logprob
from longthink.bridge.models.reasoning import separated
from longthink.concurrency import not_picklable

Script = Callable[[str], Mapping[str, float]]
"""A function from a prompt to possible continuations and their probabilities."""


class ScriptedModel(Model):
    """Continues a prompt with one of the texts that `script` gives for it; each character is a token.

    Temperature 0 takes the likeliest text. Otherwise `seed` chooses, and each text comes as often as it is likely.
    """

    logprobs = True
    reads = True

    def __init__(self, script: Script, name: str = "scripted") -> None:
        self.name = name
        self._script = script

    def __getstate__(self) -> dict[str, Any]:
        try:
            pickle.dumps(self._script)
        except Exception as error:
            raise not_picklable(self, "write its script with `def` at the top of a module") from error
        return super().__getstate__()

    def answer(self, request: Request) -> list[Completion]:
        texts = dict(self._script(request.prompt))
        if request.given is not None:
            return [_read(request, texts)]
        found = []
        for i in range(request.n):
            likeliest_text = max(texts, key=lambda text: texts[text])
            chosen = likeliest_text if request.temperature == 0 else _pick(texts, request.seed + i)
            tokens, prefix = [], ""
            for character in chosen[: request.max_tokens]:
                shares = _next_characters(texts, prefix)
                likeliest = sorted(shares, key=lambda c: -shares[c])[: request.top]
                top = {c: math.log(shares[c]) for c in likeliest}
                tokens.append(Token(character, math.log(shares[character]), top))
                prefix += character
            text, reasoning, spoken = separated(prefix, tokens)
            completion = Completion(
                text,
                sum(token.logprob for token in spoken),
                spoken,
                reasoning=reasoning,
                finish="stop" if prefix == chosen else "length",
                prompt_tokens=len(request.prompt) if i == 0 else 0,
                generated_tokens=len(tokens),
                calls=1 if i == 0 else 0,
            )
            found.append(completion)
        return found


def _read(request: Request, texts: Mapping[str, float]) -> Completion:
    """A given text, with the log-probability of each character."""
    text = request.given or ""
    shares = [_next_characters(texts, text[:place]).get(character, 0.0) for place, character in enumerate(text)]
    tokens = [
        Token(character, known_logprob(math.log(share) if share else -math.inf))
        for character, share in zip(text, shares, strict=True)
    ]
    return Completion(
        text,
        sum(token.logprob for token in tokens),
        tuple(tokens),
        prompt_tokens=len(request.prompt),
        generated_tokens=len(tokens),
        calls=1,
    )


def _pick(texts: Mapping[str, float], seed: int) -> str:
    place = (seed * 0.6180339887498949) % 1.0 * sum(texts.values())
    for text, probability in texts.items():
        place -= probability
        if place < 0:
            return text
    return next(reversed(dict(texts)))


def _next_characters(texts: Mapping[str, float], prefix: str) -> dict[str, float]:
    """The probability of each character after a prefix."""
    shares: dict[str, float] = {}
    for text, probability in texts.items():
        if text.startswith(prefix) and len(text) > len(prefix) and probability > 0:
            shares[text[len(prefix)]] = shares.get(text[len(prefix)], 0.0) + probability
    total = sum(shares.values())
    return {character: share / total for character, share in shares.items()}
