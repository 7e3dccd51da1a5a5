"""Local best response: never above the exact best response, and near it against very exploitable policies."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import longthink as lt
from longthink.search.core import GameTree
from longthink.search.regret.local_best_response import _Belief, _Table

CALL = {"kuhn_poker": 0, "leduc_poker": 1}


def exact_value(game: lt.Game, policy: lt.Policy, found: lt.LocalBestResponse) -> float:
    """The exact payoff of the found strategy against the policy."""
    tree = GameTree(game)
    mine = {key for key, player, _, _ in tree.information_states if player == found.player}
    table = {key: row for key, row in policy.table.items() if key not in mine}
    table |= {key: row for key, row in found.policy.table.items() if key in mine}
    return float(lt.expected_values(tree, lt.Policy(game, table))[found.player])


def always(game: lt.Game, action: int) -> lt.Policy:
    rows = GameTree(game).information_states
    return lt.Policy(game, {key: {action if action in actions else actions[0]: 1.0} for key, _, actions, _ in rows})


@pytest.mark.parametrize("name", ["kuhn_poker", "leduc_poker"])
@pytest.mark.parametrize("against", ["uniform", "always call", "cfr"])
def test_between_the_policys_own_value_and_the_best_response(name: str, against: str) -> None:
    game = lt.load_game(name)
    solver = lt.CFR(game)
    solver.run(50)
    policy = {
        "uniform": lt.Policy.uniform(game),
        "always call": always(game, CALL[name]),
        "cfr": solver.average_policy(),
    }[against]
    for player in (0, 1):
        best, _ = lt.best_response(game, policy, player)
        found = lt.local_best_response(game, policy, player, lt.Budget(simulations=150), rollouts=30, seed=1)
        exact = exact_value(game, policy, found)
        assert exact <= best + 1e-12
        assert found.games == 150
        assert found.value == pytest.approx(exact, abs=5 * found.standard_error + 0.1)
        if against != "cfr":
            assert exact > 0.5 * best  # so exploitable that playing on at random after a good move shows it


def test_calling_on_is_found_out() -> None:
    """Against a policy that never raises or folds, with calls afterwards, the bound is tight."""
    game = lt.load_game("leduc_poker")
    policy = always(game, 1)
    for player in (0, 1):
        best, _ = lt.best_response(game, policy, player)
        found = lt.local_best_response(
            game, policy, player, lt.Budget(simulations=200), then=lambda state: 1, rollouts=80, seed=2
        )
        assert best - 0.25 < exact_value(game, policy, found) <= best + 1e-12


@pytest.mark.parametrize("name", ["liars_dice(dice_sides=3)", "dark_hex(board_size=2)", "kuhn_poker(players=3)",
                                  "goofspiel(num_cards=3,imp_info=True)", "openspiel:kuhn_poker"])  # fmt: skip
def test_any_game(name: str) -> None:
    game = lt.load_game(name)
    policy = lt.Policy.uniform(game)
    best, _ = lt.best_response(game, policy, 1)
    found = lt.local_best_response(game, policy, 1, lt.Budget(simulations=20), rollouts=5, max_states=20, seed=1)
    assert exact_value(game, policy, found) <= best + 1e-12
    again = lt.local_best_response(game, policy, 1, lt.Budget(simulations=20), rollouts=5, max_states=20, seed=1)
    assert (again.value, again.policy.table) == (found.value, found.policy.table)


def test_states_that_fit_are_all_that_fit() -> None:
    """In phantom tic-tac-toe the other's tries are unseen and their number is not known."""
    game = lt.load_game("phantom_ttt(gameversion=classical,obstype=reveal-nothing)")
    table = _Table(game, lt.Policy.uniform(game), 0, None, 1, 100_000, np.random.default_rng(1))
    state = game.new_initial_state()
    belief = _Belief(table, state)
    for action in (4, 4, 0, 8):  # 0 takes the middle; 1 tries it, then a corner; 0 takes another corner
        mine = state.current_player() == 0
        state.apply_action(action)
        belief.saw(state, action if mine else None)
    while state.current_player() != 0:
        action = state.legal_actions()[0]
        state.apply_action(action)
        belief.saw(state, None)
    fitting = belief.states()
    keys = {bytes(s.information_state_key(0)) for s, _ in fitting}
    assert keys == {bytes(state.information_state_key(0))}
    assert {s.current_player() for s, _ in fitting} == {0}
    assert state in [s for s, _ in fitting]


def test_a_game_too_large_for_the_exact_one() -> None:
    game = lt.load_game("phantom_ttt")
    found = lt.local_best_response(
        game, lt.Policy.uniform(game), 0, lt.Budget(simulations=5, seconds=60), rollouts=10, max_states=50
    )
    assert found.games == 5
    assert -1 <= found.value <= 1


def test_bad_input_is_refused() -> None:
    game = lt.load_game("kuhn_poker")
    uniform = lt.Policy.uniform(game)
    arguments: list[tuple[dict[str, Any], str]] = [
        ({"player": 2}, r"0 to 1, got 2"),
        ({"budget": lt.Budget()}, "needs a limit"),
        ({"budget": lt.Budget(tokens=3)}, "spends simulations"),
        ({"rollouts": 0}, "from 1"),
    ]
    for changed, reason in arguments:
        with pytest.raises(lt.ParameterError, match=reason):
            lt.local_best_response(game, uniform, **{"player": 0, "budget": lt.Budget(simulations=1), **changed})
    nothing = lt.Policy(game, {key: {5: 1.0} for key, _, _, _ in GameTree(game).information_states})
    with pytest.raises(lt.GameError, match="gives no action a probability"):
        lt.local_best_response(game, nothing, 0, lt.Budget(simulations=1))
