"""Votes: each sample has an answer, and the most frequent answer wins. Also when a vote needs no more samples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from math import exp, lgamma, log
from typing import Generic, TypeVar

T = TypeVar("T")


class Votes(Generic[T]):
    """Votes for answers, one by each sample. Of answers with equal votes, the first one wins.

    same: whether two answers are equal; an answer counts for the first one that equals it. An empty answer is a vote
    for none: it wins only if there is no other.

    Wang et al., "Self-consistency improves chain of thought reasoning in language models", ICLR 2023, section 2.
    """

    def __init__(self, same: Callable[[str, str], bool] = str.__eq__) -> None:
        self._same = same
        self._weights: dict[str, float] = {}
        self._first: dict[str, T] = {}
        self._counts: Counter[str] = Counter()
        self._class: dict[str, str] = {}  # an answer: the first one that equals it
        self._empty: list[T] = []
        self._total = 0.0

    def add(self, answer: str, sample: T, weight: float = 1.0) -> None:
        self._total += weight
        if not answer.strip():
            self._empty.append(sample)
            return
        if answer not in self._class:
            self._class[answer] = next((known for known in self._first if self._same(known, answer)), answer)
        answer = self._class[answer]
        self._weights[answer] = self._weights.get(answer, 0.0) + weight
        self._first.setdefault(answer, sample)
        self._counts[answer] += 1

    @property
    def count(self) -> int:
        """How many votes there are, including those for none."""
        return self._counts.total() + len(self._empty)

    def winner(self) -> T:
        """The first sample with the winning answer."""
        if not self._weights:
            return self._empty[0]
        return self._first[max(self._weights, key=lambda answer: self._weights[answer])]

    @property
    def share(self) -> float:
        """The share of all votes that are for the winner, in [0, 1]."""
        return max(self._weights.values(), default=0.0) / self._total if self._total else 0.0

    def settled(self, left: float) -> bool:
        """Whether the votes that may still come, with a total weight of `left`, cannot change the winner."""
        weights = list(self._weights.values())  # in the order in which answers came first
        if not weights:
            return False
        most = max(weights)
        before = weights.index(most)
        return left <= most and all(
            weight + left < most or (weight + left == most and place >= before)
            for place, weight in enumerate(weights)
            if place != before
        )

    @property
    def sure(self) -> float:
        """The probability that the most frequent answer so far is the model's most frequent one: `leads`."""
        return leads(*self._top_two())

    @property
    def gain(self) -> float:
        """How much surer one more vote can make us of that: `gain`."""
        return gain(*self._top_two(), self.count)

    def _top_two(self) -> tuple[int, int]:
        first, second, *_ = (*sorted(self._counts.values(), reverse=True), 0, 0)
        return first, second


def leads(first: int, second: int) -> float:
    """The probability that the answer with `first` votes is more frequent in truth than the one with `second` votes.

    Of the votes for these two, a share p is for the first. If all p are equally likely beforehand, the votes lead to
    Beta(first + 1, second + 1), and the result is its mass above 1/2: the sum of C(n, k) / 2^n over k > second, with n
    = first + second + 1. Aggarwal et al., "Let's sample step by step: adaptive-consistency for efficient reasoning and
    coding with LLMs", EMNLP 2023, section 3, the Beta criterion.
    """
    if first < second:
        return 1.0 - leads(second, first)
    n = first + second + 1
    rest = term = _binomial(n, second)
    for k in range(second, 0, -1):
        term *= k / (n - k + 1)
        rest += term
        if term < 1e-17:
            break
    return 1.0 - rest


def gain(first: int, second: int, votes: int) -> float:
    """How much surer one more vote can make us of the answer with `first` of `votes`, if the next one has `second`.

    This is the larger gain of the two possible votes: leads(first + 1, second) - leads(first, second), which is
    C(n, second) / 2^(n + 1). It is the optimistic knowledge gradient of Chen, Lin and Zhou, "Optimistic
    knowledge gradient policy for optimal budget allocation in crowdsourcing", ICML 2013, section 4, times the share of
    votes that are for one of the two: if all answers differ, one more vote says little.
    """
    return (first + second + 1) / (votes + 1) * _binomial(first + second + 1, second) / 2


def _binomial(n: int, k: int) -> float:
    """C(n, k) / 2^n."""
    return exp(lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1) - n * log(2.0))
