"""Votes: several samples say what the answer is, and the answer that most of them give wins."""

from __future__ import annotations

from typing import Generic, TypeVar

T = TypeVar("T")


class Votes(Generic[T]):
    """Votes for answers, each cast by a sample.

    Wang et al., "Self-consistency improves chain of thought reasoning in language models", ICLR 2023, section 2.
    """

    def __init__(self) -> None:
        self.count = 0
        self._weights: dict[str, float] = {}
        self._first: dict[str, T] = {}

    def add(self, answer: str, sample: T, weight: float = 1.0) -> None:
        self.count += 1
        self._weights[answer] = self._weights.get(answer, 0.0) + weight
        self._first.setdefault(answer, sample)

    def winner(self) -> T:
        """The first sample that gave the answer with most votes; of equal ones, the one that came first."""
        return self._first[max(self._weights, key=lambda answer: self._weights[answer])]

    @property
    def share(self) -> float:
        """Of all votes, those for the winner."""
        return max(self._weights.values()) / sum(self._weights.values())

    def settled(self, left: float) -> bool:
        """Whether `left` more votes cannot change the winner."""
        first, second, *_ = (*sorted(self._weights.values(), reverse=True), 0.0, 0.0)
        return first > second + left
