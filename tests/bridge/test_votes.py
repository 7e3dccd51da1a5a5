"""Votes: who wins, by how much, and when nothing can change it."""

from __future__ import annotations

from longthink.bridge.votes import Votes


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
