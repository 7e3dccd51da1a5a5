"""The prompts that one session has sent, so that a common beginning of prompts is counted once.

The cost of a request depends only on earlier requests of the same session, not on what a server, the embedded model or
a cache happens to remember. The total cost of a set of prompts does not depend on their order, except for rounding.
"""

from __future__ import annotations

from typing import TypeAlias

Branches: TypeAlias = "dict[str, tuple[str, Branches]]"


class PromptMemory:
    """A radix tree of prompts: for each next character, the text up to the next branch, and the branches after it."""

    def __init__(self) -> None:
        self._branches: Branches = {}

    def add(self, prompt: str) -> float:
        """Remember `prompt` and return the share of it, in [0, 1], that is also the beginning of an earlier prompt."""
        branches, known = self._branches, 0
        while known < len(prompt):
            if prompt[known] not in branches:
                branches[prompt[known]] = prompt[known:], {}
                break
            text, below = branches[prompt[known]]
            common = common_length(text, prompt[known : known + len(text)])
            if common < len(text):
                below = {text[common]: (text[common:], below)}
                branches[prompt[known]] = text[:common], below
            branches, known = below, known + common
        return known / len(prompt) if prompt else 0.0


def common_length(a: str, b: str) -> int:
    """The length of the common beginning of two texts, in characters."""
    low, high = 0, min(len(a), len(b))
    while low < high:
        middle = (low + high + 1) // 2
        if a[low:middle] == b[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
