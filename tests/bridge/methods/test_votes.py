"""Votes: the winner, its lead, and when the result cannot change any more."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations_with_replacement, product

import pytest

from longthink.bridge.methods.votes import Votes, gain, leads


def test_the_first_of_the_most_frequent_wins() -> None:
    votes = Votes[int]()
    for sample, answer in enumerate("abbca"):
        votes.add(answer, sample)
    assert votes.winner() == 0  # a and b have two each, and a came first
    votes.add("b", 9)
    assert votes.winner() == 1
    assert (votes.count, votes.share) == (6, 0.5)
    assert not votes.settled(1)
    votes.add("b", 10)
    assert votes.settled(1)


def test_weights_count() -> None:
    votes = Votes[str]()
    assert votes.settled(0) is False
    votes.add("a", "a", 0.3)
    votes.add("a", "a", 0.3)
    votes.add("b", "b", 0.7)
    assert votes.winner() == "b"


def test_how_sure_a_vote_is() -> None:
    """The sum is the integral of the paper: the Beta density above one half."""
    stats = pytest.importorskip("scipy.stats")
    for first, second in [*product(range(7), repeat=2), (60, 50), (50, 60), (1000, 1000), (3000, 2900), (900, 0)]:
        assert leads(first, second) == pytest.approx(stats.beta(first + 1, second + 1).sf(0.5), abs=1e-11)
        surer = leads(first + 1, second) - leads(first, second)
        assert gain(first, second, first + second) == pytest.approx(surer, abs=1e-11)
    assert gain(3, 3, 6) > gain(5, 5, 10) > gain(6, 3, 9) > gain(12, 0, 12) > 0.0
    assert gain(2, 1, 30) < gain(2, 1, 5) < gain(2, 1, 3)


def test_a_settled_vote_is_one_that_no_rest_can_change() -> None:
    """Against all that may come, for all votes of up to three answers and four that are left."""

    def cast(counts: dict[str, int], more: Iterable[str] = ()) -> Votes[str]:
        votes = Votes[str]()
        for answer in [*(a for a, n in counts.items() for _ in range(n)), *more]:
            votes.add(answer, answer)
        return votes

    for counts in product(range(1, 4), repeat=3):
        for answers in range(1, 4):
            votes = dict(zip("abc", counts[:answers], strict=False))
            for left in range(5):
                rests = combinations_with_replacement([*votes, "new"], left)
                ends = {cast(votes, rest).winner() for rest in rests}
                assert cast(votes).settled(left) == (len(ends) == 1)
