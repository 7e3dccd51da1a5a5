"""Games that exceed the sizes that they declare: the error says so, with the history."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import numpy as np
import pytest

import longthink as lt
from longthink.games.core import object_game
from longthink.search.core import GameTree

CHANCE, TERMINAL = -1, -4
MOVES, OUTCOMES = 12, 3  # the real ones


class Walk:
    """Players act in turn; chance once, at the second move. All information is public."""

    def __init__(self, moves: int, actions: int, outcomes: int) -> None:
        self.moves, self.actions, self.outcomes, self.at, self.code = moves, actions, outcomes, 0, 0

    def current_player(self) -> int:
        return TERMINAL if self.at == self.moves else CHANCE if self.at == 1 else self.at % 2

    def legal_actions(self) -> list[int]:
        return list(range(self.actions))

    def chance_outcomes(self) -> list[tuple[int, float]]:
        return [(i, 1 / self.outcomes) for i in range(self.outcomes)]

    def apply_action(self, action: int) -> None:
        self.at += 1
        self.code = self.code * 7 + action + 1

    def returns(self) -> list[float]:
        return [0.0, 0.0]

    def information_state_string(self, player: int) -> str:
        return f"{self.at} {self.code}"

    def clone(self) -> Walk:
        copy = Walk(self.moves, self.actions, self.outcomes)
        copy.at, copy.code = self.at, self.code
        return copy


def objects_walk(moves: int, actions: int, outcomes: int) -> lt.Game:
    """A walk of these that declares 4 moves, 2 actions and 3 outcomes."""
    return object_game(
        "walk",
        lambda: Walk(moves, actions, outcomes),
        num_players=2,
        num_distinct_actions=2,
        max_game_length=3,
        max_chance_outcomes=3,
        max_chance_nodes_in_history=1,
        min_utility=0,
        max_utility=0,
        perfect_information=False,
    )


@lru_cache  # it is compiled
def numba_walk(moves: int, actions: int, outcomes: int) -> lt.Game:
    """The same in compiled rules."""

    def current_player(state: Any) -> int:
        return TERMINAL if state.at == moves else CHANCE if state.at == 1 else state.at % 2

    def legal_actions(state: Any, found: Any) -> int:
        for i in range(actions):
            found[i] = i
        return actions

    def chance_outcomes(state: Any, found: Any, probabilities: Any) -> int:
        for i in range(outcomes):
            found[i] = i
            probabilities[i] = 1 / outcomes
        return outcomes

    def apply_action(state: Any, action: int) -> bool:
        state.at += 1
        state.code = state.code * 7 + action + 1
        return True

    def returns(state: Any) -> Any:
        return 0.0, 0.0

    def information_state(state: Any, player: int, key: Any) -> None:
        key.at = state.at
        key.code = state.code

    record = np.dtype([("at", np.int64), ("code", np.int64)])
    return lt.numba_game(
        "walk",
        record,
        current_player=current_player,
        legal_actions=legal_actions,
        apply_action=apply_action,
        returns=returns,
        chance_outcomes=chance_outcomes,
        information_state=information_state,
        information_state_dtype=record,
        num_distinct_actions=2,
        max_game_length=3,
        max_chance_outcomes=3,
        max_chance_nodes_in_history=1,
        min_utility=0,
        max_utility=0,
        checked=False,
    )


SOLVERS = [
    lambda game: lt.CFR(game).run(2),
    lambda game: GameTree(game).histories(),
    lambda game: lt.CFR(game).average_policy(),
    *(
        lambda game, s=sampling: lt.MCCFR(game, s, memory_bytes=64 << 20).run(50)
        for sampling in ("external", "outcome", "robust", "chance", "public")
    ),
]


@pytest.mark.parametrize("make", [objects_walk, numba_walk])
@pytest.mark.parametrize("solve", SOLVERS)
@pytest.mark.parametrize(
    ("moves", "actions", "outcomes", "history"),
    [(5, 2, 3, 4), (100_000, 1, 1, 4), (4, 3, 3, 0), (4, 200_000, 3, 0), (4, 2, 200_000, 1)],
)
def test_the_rules_broke_and_where(
    make: Any, solve: Any, moves: int, actions: int, outcomes: int, history: int
) -> None:
    game = make(moves, actions, outcomes)
    with pytest.raises(lt.GameError) as caught:
        solve(game)
    text = str(caught.value)
    assert text.startswith("walk")
    if make is numba_walk:
        assert re.search(r"its rules broke after (the actions )?\[", text)
        inside = text.partition("[")[2].partition("]")[0]
        assert len([part for part in inside.split(",") if part]) == history


@pytest.mark.parametrize("make", [objects_walk, numba_walk])
@pytest.mark.parametrize("solve", SOLVERS)
def test_what_is_as_declared_is_solved(make: Any, solve: Any) -> None:
    solve(make(4, 2, 3))


def test_a_solver_goes_on_after_rules_that_broke() -> None:
    """A solver can continue after an error of the rules; here the error does not come again."""
    wrong = [True]

    class Sometimes(Walk):
        def legal_actions(self) -> list[int]:
            return [0, 7] if wrong and self.at == 2 else [0, 1]

        def clone(self) -> Walk:
            copy = Sometimes(self.moves, self.actions, self.outcomes)
            copy.at, copy.code = self.at, self.code
            return copy

    game = object_game(
        "walk", lambda: Sometimes(4, 2, 3), num_players=2, num_distinct_actions=2, max_game_length=3,
        max_chance_outcomes=3, max_chance_nodes_in_history=1, min_utility=0, max_utility=0, perfect_information=False,
    )  # fmt: skip
    solver = lt.MCCFR(game, memory_bytes=64 << 20)
    with pytest.raises(lt.GameError, match="legal actions"):
        solver.run(5)
    wrong.clear()
    assert solver.run(5).iterations == 5


def test_a_history_longer_than_a_recursive_walk_goes() -> None:
    """A declared length that is too large is an error, not a stack overflow; the longest possible one works."""

    def chain(length: int) -> lt.Game:
        record = np.dtype([("at", np.int32)])

        def current_player(state: Any) -> int:
            return TERMINAL if state.at == length else 0

        def legal_actions(state: Any, found: Any) -> int:
            found[0] = 0
            return 1

        def apply_action(state: Any, action: int) -> bool:
            state.at += 1
            return True

        def returns(state: Any) -> Any:
            return 0.0, 0.0

        return lt.numba_game(
            "chain", record, current_player=current_player, legal_actions=legal_actions, apply_action=apply_action,
            returns=returns, num_distinct_actions=1, max_game_length=length, checked=False,
        )  # fmt: skip

    for sampling in ("external", "outcome", "public"):
        assert lt.MCCFR(chain(8192), sampling, memory_bytes=256 << 20).run(1).iterations == 1
        with pytest.raises(lt.MemoryLimitError, match="8192 actions"):
            lt.MCCFR(chain(1_000_000), sampling, memory_bytes=1 << 30).run(1)


def test_players_that_a_game_has_not_got() -> None:
    tree = GameTree(lt.load_game("kuhn_poker"))
    for player in (-1, 2, 10**6):
        for call in (
            tree.payoffs,
            lambda p: tree.gradient(p, tree.uniform()),
            lambda p: tree.best_response(p, tree.uniform()),
        ):
            with pytest.raises(lt.ParameterError, match="player expects a whole number from 0 to 1"):
                call(player)
