"""The prompts that one piece of thinking has sent, so that what they begin with in common is counted once.

The price of a request depends on the earlier requests of the same thinking alone, and not on what a server, the
embedded model or a cache happens to remember. What a set of prompts costs together does not depend on their order, but
for rounding.
"""

from __future__ import annotations

from typing import TypeAlias

Branches: TypeAlias = "dict[str, tuple[str, Branches]]"


class PromptMemory:
    """A radix tree of prompts: by their next character, the text up to where they part, and what follows."""

    def __init__(self) -> None:
        self._branches: Branches = {}

    def add(self, prompt: str) -> float:
        """Remember `prompt`; the share of it, in [0, 1], with which an earlier prompt begins as well."""
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
    """How many characters two texts begin with together."""
    low, high = 0, min(len(a), len(b))
    while low < high:
        middle = (low + high + 1) // 2
        if a[low:middle] == b[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
