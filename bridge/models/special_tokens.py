"""Special tokens, such as <|im_end|>: finds them in a user's text, and changes the text so that it has none.

A template turns a chat into a prompt; its special tokens say who speaks. In a user's text, the same tokens would end
the user's turn and begin another one.
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
    """The parts of a text that are special tokens of a common model family."""
    return _FORMS.findall(text)


def as_text(text: str, special_tokens: Callable[[str], Iterable[str]] = usual_special_tokens) -> str:
    """The text with a space in each of its special tokens, as in "< |im_end|>", so that a model reads them as text.

    special_tokens: a function that returns the special tokens in a text.
    """
    for token in sorted(set(special_tokens(text)), key=len, reverse=True):
        text = text.replace(token, f"{token[:1]} {token[1:]}")
    return text
