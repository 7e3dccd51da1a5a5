"""Games of Python objects: errors inside them reach the caller."""

from __future__ import annotations

import gc
import weakref
from dataclasses import dataclass, replace

import pytest

import longthink as lt
from longthink.games.core import object_game


@dataclass
class Countdown:
    """Say 1 or 2; the player who reaches `end` wins. It can be made to fail."""

    total: int = 0
    turn: int = 0
    end: int = 7
    breaks_at: int = -1

    def current_player(self) -> int:
        return -4 if self.total >= self.end else self.turn

    def legal_actions(self) -> list[int]:
        return [0, 1]

    def apply_action(self, action: int) -> None:
        self.total, self.turn = self.total + 1 + action, 1 - self.turn
        if self.total == self.breaks_at:
            raise RuntimeError("broken here")

    def returns(self) -> list[float]:
        return [1.0, -1.0] if self.turn == 1 else [-1.0, 1.0]

    def clone(self) -> Countdown:
        return replace(self)


def histories(state: Countdown) -> int:
    if state.current_player() < 0:
        return 1
    children = [state.clone() for _ in state.legal_actions()]
    for action, child in enumerate(children):
        child.apply_action(action)
    return 1 + sum(map(histories, children))


def make(root: Countdown, **changes: object) -> lt.Game:
    numbers = {"num_players": 2, "num_distinct_actions": 2, "max_game_length": 7, "min_utility": -1, "max_utility": 1}
    return object_game("count", lambda: root.clone(), **{**numbers, **changes})  # type: ignore[arg-type]


def test_is_searched_and_solved() -> None:
    game = make(Countdown())
    assert lt.MCTS(game, seed=1).run(game.new_initial_state(), lt.Budget(simulations=500)).best_action == 0
    solver = lt.CFR(game)
    solver.run(500)
    assert solver.values()[0] == pytest.approx(1.0, abs=1e-3)
    assert solver.num_histories == histories(Countdown())


def test_an_exception_in_the_rules_is_raised_with_its_cause() -> None:
    game = make(Countdown(breaks_at=5))
    with pytest.raises(lt.GameError, match="broken here") as caught:
        lt.MCTS(game).run(game.new_initial_state(), lt.Budget(simulations=500))
    assert isinstance(caught.value.__cause__, RuntimeError)
    with pytest.raises(lt.GameError, match="broken here"):
        lt.CFR(game)
    assert game.new_initial_state().legal_actions() == [0, 1]  # the game is usable after it


def test_actions_beyond_the_declared_ones_are_refused() -> None:
    game = make(Countdown(), num_distinct_actions=1)
    with pytest.raises(lt.GameError, match=r"some of 0\.\.0"):
        game.new_initial_state().legal_actions()


def test_games_longer_than_declared_are_refused() -> None:
    game = make(Countdown(), max_game_length=3)
    with pytest.raises(lt.GameError, match="longer than the 3 actions"):
        lt.MCTS(game).run(game.new_initial_state(), lt.Budget(simulations=100))


def test_ctrl_c_inside_the_rules_gives_the_best_so_far() -> None:
    calls = 0

    class Interrupts(Countdown):
        def returns(self) -> list[float]:
            nonlocal calls
            calls += 1
            if calls == 200:
                raise KeyboardInterrupt
            return super().returns()

        def clone(self) -> Countdown:
            return Interrupts(self.total, self.turn)

    game = make(Interrupts())
    result = lt.MCTS(game).run(game.new_initial_state(), lt.Budget(simulations=10_000))
    assert result.interrupted
    assert 0 < result.visits.sum() < 10_000


def test_a_small_cache_changes_nothing() -> None:
    large, small = make(Countdown()), make(Countdown(), cache_states=1)
    results = [
        lt.MCTS(game, seed=3).run(game.new_initial_state(), lt.Budget(simulations=300)).visits.tolist()
        for game in (large, small)
    ]
    assert results[0] == results[1]


def test_a_game_and_its_objects_are_given_back() -> None:
    root = Countdown()
    reference = weakref.ref(root)
    game = make(root)
    state = game.new_initial_state()
    state.apply_action(1)
    del game, state, root
    gc.collect()
    assert reference() is None
