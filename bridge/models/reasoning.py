"""Separates the reasoning that a model writes, in `<think>` blocks and similar tags, from its answer.

Reasoning is not part of the answer: votes, verification and replies use the answer alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from longthink.bridge.models.model import Token

_PAIRS = {
    "<think>": "</think>",
    "<thinking>": "</thinking>",
    "<thought>": "</thought>",
    "<reasoning>": "</reasoning>",
    "<seed:think>": "</seed:think>",
    "[THINK]": "[/THINK]",
    "◁think▷": "◁/think▷",
    "<|begin_of_thought|>": "<|end_of_thought|>",
    "<|channel|>analysis<|message|>": "<|channel|>final<|message|>",
}
"""Tags that begin reasoning, and the tags that end it."""
_TAGS = [*_PAIRS, *_PAIRS.values()]
_TAG = re.compile("|".join(map(re.escape, _TAGS)))
_LONGEST = max(map(len, _TAGS))


class Separator:
    """Takes a text piece by piece and separates its `reasoning` from its `answer`.

    Reasoning without an end tag continues to the end of the text. If only an end tag comes, because the prompt began
    the reasoning, everything before it is reasoning. spans: the positions of reasoning in the whole text, with tags.
    """

    def __init__(self) -> None:
        self.answer = self.reasoning = ""
        self.spans: list[tuple[int, int]] = []
        self._close: str | None = None  # the tag that ends the open reasoning
        self._rest, self._read = "", 0  # a possible beginning of a tag, and the length of the text before it

    def add(self, text: str, last: bool = False) -> str:
        """Take more of the text and return what it adds to the answer. last: no more text comes."""
        before, rest = len(self.answer), self._rest + text
        while (tag := self._next(rest)) is not None:
            start, end = tag
            self._put(rest[:start])
            name, rest = rest[start:end], rest[end:]
            if self._close is not None:
                self._close = None
                self.spans[-1] = self.spans[-1][0], self._read + end
            elif name in _PAIRS:
                self._close = _PAIRS[name]
                self.spans.append((self._read + start, self._read + end))
            else:
                self.reasoning += self.answer
                self.answer, before, self.spans = "", 0, [(0, self._read + end)]
            self._read += end
        held = 0 if last else _begun(rest)
        self._put(rest[: len(rest) - held])
        self._read += len(rest) - held
        self._rest = rest[len(rest) - held :]
        if last and self._close is not None:
            self.spans[-1] = self.spans[-1][0], self._read
        return self.answer[before:]

    def _next(self, rest: str) -> tuple[int, int] | None:
        """The position of the next tag that matters in this state."""
        if self._close is not None:
            start = rest.find(self._close)
            return None if start < 0 else (start, start + len(self._close))
        found = _TAG.search(rest)
        return None if found is None else found.span()

    def _put(self, text: str) -> None:
        if self._close is not None:
            self.reasoning += text
        elif self.spans and not self.answer:
            self.answer = text.lstrip()
        else:
            self.answer += text


def separated(text: str, tokens: Sequence[Token] = ()) -> tuple[str, str, tuple[Token, ...]]:
    """The answer, the reasoning, and the tokens of the answer, of a whole text."""
    separator = Separator()
    separator.add(text, last=True)
    if not separator.spans:
        return text, "", tuple(tokens)
    if not "".join(token.text for token in tokens).startswith(text):  # not the tokens of this text
        return separator.answer, separator.reasoning.strip(), tuple(tokens)
    kept, start = [], 0
    for token in tokens:
        if not any(first <= start < end for first, end in separator.spans):
            kept.append(token)
        start += len(token.text)
    return separator.answer, separator.reasoning.strip(), tuple(kept)


def _begun(text: str) -> int:
    """How many characters at the end of a text can be the beginning of a tag."""
    for length in range(min(len(text), _LONGEST - 1), 0, -1):
        if any(tag.startswith(text[-length:]) for tag in _TAGS):
            return length
    return 0
