"""Proven values of a search are right: comparison with exhaustive search."""

from __future__ import annotations

import random

import numpy as np
import pytest

import longthink as lt

RULES = [lt.UCT(), lt.PUCT(), lt.RAVE()]


class Exhaustive:
    """Values for player 0 by exhaustive search; known positions are found by their keys."""

    def __init__(self, game: lt.Game) -> None:
        self.game = game
        self.seen: dict[object, float] = {}

    def value(self, state: lt.State) -> float:
        if state.is_terminal():
            return float(state.returns()[0])
        key = state.buffer if not self.game.name.startswith("openspiel") else tuple(state.history())
        if key not in self.seen:
            if state.is_chance_node():
                self.seen[key] = sum(p * self.value(state.child(a)) for a, p in state.chance_outcomes())
            else:
                values = [self.value(state.child(a)) for a in state.legal_actions()]
                self.seen[key] = min(values) if state.current_player() else max(values)
        return self.seen[key]


def reachable(game: lt.Game) -> list[lt.State]:
    """One state for each position that is not over."""
    level, found = [game.new_initial_state()], []
    while level:
        found += level
        below = {}
        for state in level:
            for action in state.legal_actions():
                after = state.child(action)
                if not after.is_terminal():
                    below.setdefault(after.buffer, after)
        level = list(below.values())
    return found


def check(exact: Exhaustive, state: lt.State, rule: lt.Rule, simulations: int) -> lt.SearchResult:
    result = lt.MCTS(exact.game, rule, seed=len(state.history())).run(state, lt.Budget(simulations=simulations))
    sign = -1 if result.player == 1 else 1
    for action, value, proven in zip(result.actions, result.values, result.proven, strict=True):
        if proven:
            assert value == pytest.approx(sign * exact.value(state.child(int(action))), abs=1e-6)
    assert (result.stopped_by == "proven") == result.is_proven
    if result.is_proven:
        assert result.value == pytest.approx(sign * exact.value(state), abs=1e-6)
        assert exact.value(state.child(result.best_action)) == pytest.approx(exact.value(state), abs=1e-6)
    return result


def test_tic_tac_toe_everywhere() -> None:
    game = lt.load_game("tic_tac_toe")
    exact, proven = Exhaustive(game), 0
    states = reachable(game)
    assert len(states) == 4520
    for state in states:
        result = check(exact, state, lt.UCT(), 400)
        proven += result.is_proven
        if len(state.history()) >= 5:
            assert result.is_proven
        lost = {a for a in state.legal_actions() if exact.value(state.child(a)) == (1 if result.player else -1)}
        if result.is_proven and len(lost) < len(state.legal_actions()):
            assert result.best_action not in lost
    assert proven > 0.8 * len(states)


@pytest.mark.parametrize("rule", RULES, ids=repr)
def test_small_connect_four(rule: lt.Rule) -> None:
    game = lt.load_game("connect_four(rows=4,columns=4,x_in_row=3)")
    exact, generator = Exhaustive(game), random.Random(1)
    states = reachable(game)
    proven = sum(check(exact, state, rule, 2000).is_proven for state in generator.sample(states, 400))
    assert proven > 300
    assert check(exact, game.new_initial_state(), rule, 20_000).is_proven


@pytest.mark.parametrize("threads", [1, 2])
def test_a_small_game_is_proven_with_any_number_of_threads(threads: int) -> None:
    game = lt.load_game("connect_four(rows=4,columns=4,x_in_row=3)")
    search = lt.MCTS(game, seed=1, threads=threads)
    result = search.run(game.new_initial_state(), lt.Budget(simulations=1_000_000))
    assert result.stopped_by == "proven"
    assert result.value == 1
    assert result.spent.simulations < 100_000
    state = game.new_initial_state()
    while not state.is_terminal():  # the proof goes on below
        result = search.run(state, lt.Budget(simulations=200_000))
        assert result.value == (1 if state.current_player() == 0 else -1)
        search.advance(result.best_action)
        state.apply_action(result.best_action)
    assert state.returns() == [1, -1]


def test_hex_of_openspiel() -> None:
    game, generator = lt.load_game("openspiel:hex(board_size=3)"), random.Random(2)
    exact = Exhaustive(game)
    for _ in range(10):
        state = game.new_initial_state()
        for _ in range(generator.randint(2, 5)):
            if not state.is_terminal():
                state.apply_action(generator.choice(state.legal_actions()))
        if not state.is_terminal():
            assert check(exact, state, lt.UCT(), 3000).is_proven


def test_chance_is_proven_when_all_that_can_happen_is() -> None:
    game = lt.load_game("openspiel:pig(winscore=4,horizon=4,diceoutcomes=2)")
    exact = Exhaustive(game)
    result = check(exact, game.new_initial_state(), lt.UCT(), 20_000)
    assert result.is_proven
    assert -1 < result.value < 1


def test_nothing_is_proven_where_it_is_not_asked_for_or_not_possible() -> None:
    game = lt.load_game("tic_tac_toe")
    result = lt.MCTS(game, solve=False).run(game.state_from_history([0, 3, 1, 4]), lt.Budget(simulations=500))
    assert not result.proven.any()
    assert result.spent.simulations == 500


def test_a_win_in_one_is_seen_with_one_simulation_and_a_threat_with_few() -> None:
    game = lt.load_game("connect_four")
    result = lt.MCTS(game).run(game.state_from_history([0, 1, 0, 1, 0, 1]), lt.Budget(simulations=1))
    assert (result.best_action, result.stopped_by) == (0, "proven")
    state = game.state_from_history([3, 0, 3, 0, 3])  # three in the middle: it must be stopped
    for seed in range(20):
        assert lt.MCTS(game, seed=seed).run(state, lt.Budget(simulations=15)).best_action == 3


def test_ask_hands_out_nothing_below_a_proof() -> None:
    game = lt.load_game("tic_tac_toe")
    search = lt.MCTS(game, lt.PUCT())
    search.set_root(game.state_from_history([0, 3, 1, 4, 8, 7, 5]))
    asked = 0
    while not search.proven:
        leaves = search.ask(4)
        asked += len(leaves)
        search.tell(leaves.tickets, np.zeros(len(leaves)))
    assert asked < 10
    assert len(search.ask(4)) == 0
    assert search.result().best_action == 2
