"""The memory of solvers stays within its limit, including Python objects."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest

import longthink as lt
from longthink.games.core import object_game
from longthink.games.text import ObjectText
from longthink.search.core import GameTree

CHANCE, TERMINAL = -1, -4


class Talkative:
    """Chance deals a card, and each player, who sees it, answers; what it knows is a text of 20,000 letters."""

    cards = 400

    def __init__(self, history: tuple[int, ...] = ()) -> None:
        self.history = history

    def current_player(self) -> int:
        return (CHANCE, 0, 1, TERMINAL)[len(self.history)]

    def legal_actions(self) -> list[int]:
        return [0, 1]

    def chance_outcomes(self) -> list[tuple[int, float]]:
        return [(i, 1 / self.cards) for i in range(self.cards)]

    def apply_action(self, action: int) -> None:
        self.history += (action,)

    def returns(self) -> list[float]:
        return [1.0, -1.0] if self.history[1] == self.history[2] else [-1.0, 1.0]

    def information_state_string(self, player: int) -> str:
        return f"{player} {self.history}" + "x" * 20000

    def clone(self) -> Talkative:
        return Talkative(self.history)


def talkative() -> lt.Game:
    return object_game(
        "talkative", Talkative, num_players=2, num_distinct_actions=2, max_game_length=2, max_chance_outcomes=400,
        max_chance_nodes_in_history=1, min_utility=-1, max_utility=1, zero_sum=True, perfect_information=False,
        cache_states=64, text=ObjectText,
    )  # fmt: skip


@pytest.mark.parametrize(
    "make", [lambda game: GameTree(game), lambda game: lt.MCCFR(game, "chance", memory_bytes=64 << 20)]
)
def test_texts_of_information_states_are_not_kept(make: Any) -> None:
    """1,200 information states with 24 MB of texts; before, all of them stayed."""
    tracemalloc.start()
    try:
        made = make(talkative())
        if isinstance(made, lt.MCCFR):
            made.run(400)
            assert made.num_information_states > 400
        held = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert held < 3 << 20


def test_texts_that_were_asked_for_count() -> None:
    game = talkative()
    tree = GameTree(game)
    before = tree.memory_bytes
    texts = sum(len(text) for text, _, _, _ in tree.information_states)
    assert tree.memory_bytes - before > texts > 20 << 20
    small = GameTree(game, memory_bytes=16 << 20)
    with pytest.raises(lt.MemoryLimitError, match="texts of 1200 information states"):
        small.information_states  # noqa: B018
    assert small.memory_bytes < 16 << 20


@pytest.mark.parametrize("name", ["kuhn_poker", "leduc_poker"])
def test_laying_out_is_within_the_limit(name: str) -> None:
    """The smallest sufficient limit is above the final size of the tree, because scratch space counts."""
    game = lt.load_game(name)
    tree = GameTree(game)
    low, high = tree.memory_bytes, 64 * tree.memory_bytes
    with pytest.raises(lt.MemoryLimitError):
        GameTree(game, memory_bytes=low + 64)
    while high - low > low // 50:
        middle = (low + high) // 2
        try:
            same = GameTree(game, memory_bytes=middle)
            high = middle
            assert same.memory_bytes == tree.memory_bytes <= middle
        except lt.MemoryLimitError:
            low = middle
    assert np.array_equal(GameTree(game, memory_bytes=high).uniform(), tree.uniform())
