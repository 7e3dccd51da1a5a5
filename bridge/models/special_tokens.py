"""Texts that a model's tokenizer reads as special tokens, such as <|im_end|>, and how a user's text is kept from them.

A chat becomes a prompt by a template, whose special tokens say who speaks. Where they stand in what a user has written,
they would end the user's turn and begin another one's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

_FORMS = re.compile(
    r"<[|\uff5c][^<>|\uff5c\s]{1,64}[|\uff5c]>"  # ChatML, Llama 3, Phi, DeepSeek
    r"|</?s>|\[/?INST\]|<</?SYS>>"  # Llama 2, Mistral
    r"|<(?:start|end)_of_turn>|<(?:bos|eos|pad|unk|mask)>"  # Gemma
)


def usual_special_tokens(text: str) -> list[str]:
    """What stands in a text and is a special token of one of the usual models."""
    return _FORMS.findall(text)


def as_text(text: str, special_tokens: Callable[[str], Iterable[str]] = usual_special_tokens) -> str:
    """A text with a space in each of its special tokens, as in "< |im_end|>", so that a model reads them as text.

    special_tokens: those that stand in a text.
    """
    for token in sorted(set(special_tokens(text)), key=len, reverse=True):
        text = text.replace(token, f"{token[:1]} {token[1:]}")
    return text
