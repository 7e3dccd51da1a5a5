"""Games in plain Python: compiled, equal to the native ones, and clear errors for broken rules."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import longthink as lt

STATE = np.dtype([("total", np.int32), ("turn", np.int32), ("spare", np.int32, 2)])


def current_player(state: Any) -> int:
    return -4 if state.total >= 7 else int(state.turn)


def legal_actions(state: Any, actions: Any) -> int:
    actions[0] = 0
    actions[1] = 1
    return 2


def apply_action(state: Any, action: int) -> bool:
    if action < 0 or action > 1 or state.total >= 7:
        return False
    state.total += 1 + action
    state.turn = 1 - state.turn
    return True


def returns(state: Any) -> tuple[float, float]:
    return (1.0, -1.0) if state.turn == 1 else (-1.0, 1.0)


GOOD: dict[str, Any] = {
    "current_player": current_player,
    "legal_actions": legal_actions,
    "apply_action": apply_action,
    "returns": returns,
    "num_distinct_actions": 2,
    "max_game_length": 7,
}


def test_a_good_game_is_searched_and_solved() -> None:
    game = lt.numba_game("count", STATE, **GOOD)
    assert lt.MCTS(game, seed=1).run(game.new_initial_state(), lt.Budget(simulations=500)).best_action == 0
    solver = lt.CFR(game)
    solver.run(500)
    assert solver.values()[0] == pytest.approx(1.0, abs=1e-3)


@pytest.mark.parametrize(("native", "simulations"), [("connect_four", 127), ("breakthrough", 10_000)])
def test_games_in_numba_make_the_native_tree(native: str, simulations: int) -> None:
    """In connect four only while simulations run one by one: later the native game plays many playouts at once."""
    trees = []
    for name in (native, f"numba_{native}"):
        game = lt.load_game(name)
        search = lt.MCTS(game, seed=5)
        search.run(game.new_initial_state(), lt.Budget(simulations=simulations))
        trees.append(search.tree(max_nodes=10**6, min_visits=0).as_dict())
    assert trees[0] == trees[1]


def test_games_in_numba_prove_what_native_ones_prove() -> None:
    """Late positions, in which terminals are found while nodes are expanded."""
    native, compiled = lt.load_game("connect_four"), lt.load_game("numba_connect_four")
    rng, compared = np.random.default_rng(1), 0
    while compared < 20:
        state = native.new_initial_state()
        while not state.is_terminal() and state.move_number() < 26:
            state.apply_action(rng.choice(state.legal_actions()))
        if state.is_terminal():
            continue
        trees = []
        for game in (native, compiled):
            search = lt.MCTS(game, seed=compared)
            search.run(game.state_from_history(state.history()), lt.Budget(simulations=100))
            trees.append(search.tree(max_nodes=10**6, min_visits=0))
        assert trees[0] == trees[1]
        compared += 1


def accepts_all(state: Any, action: int) -> bool:
    state.total += 1
    state.turn = 1 - state.turn
    return True


def refuses_but_changes(state: Any, action: int) -> bool:
    state.total += 1
    state.turn = 1 - state.turn
    return action == 0 or action == 1


def refuses_a_legal_one(state: Any, action: int) -> bool:
    if action != 0 or state.total >= 7:
        return False
    state.total += 1
    return True


def does_not_compile(state: Any, action: int) -> bool:
    return state.no_such_field == action


def not_ascending(state: Any, actions: Any) -> int:
    actions[0] = 1
    actions[1] = 0
    return 2


def no_actions(state: Any, actions: Any) -> int:
    return 0


def too_many(state: Any, actions: Any) -> int:
    for i in range(5):
        actions[i] = i
    return 5


def changes_while_asked(state: Any, actions: Any) -> int:
    state.spare[0] += 1
    actions[0] = 0
    actions[1] = 1
    return 2


def three_returns(state: Any) -> tuple[float, float, float]:
    return 1.0, 0.0, -1.0


def short_array(state: Any) -> Any:
    return np.zeros(1)


def square_array(state: Any) -> Any:
    return np.zeros((2, 2))


def too_large(state: Any) -> tuple[float, float]:
    return 5.0, -5.0


def never_ends(state: Any) -> int:
    return int(state.turn)


def goes_on(state: Any, action: int) -> bool:
    if action < 0 or action > 1:
        return False
    state.turn = 1 - state.turn
    return True


def seventh_player(state: Any) -> int:
    return 7 if state.total < 7 else -4


@pytest.mark.parametrize(
    ("changes", "function", "reason"),
    [
        ({"apply_action": accepts_all}, "apply_action", "accepts the action"),
        ({"apply_action": refuses_but_changes}, "apply_action", "changes the state though it refuses"),
        ({"apply_action": refuses_a_legal_one}, "apply_action", "refuses 1, which legal_actions lists"),
        ({"apply_action": does_not_compile}, "apply_action", "does not compile"),
        ({"legal_actions": not_ascending}, "legal_actions", "ascending"),
        ({"legal_actions": no_actions}, "legal_actions", "ascending"),
        ({"legal_actions": too_many}, "legal_actions", "index out of bounds"),
        ({"legal_actions": changes_while_asked}, "legal_actions", "changes the state"),
        ({"returns": three_returns}, "returns", "must return 2 numbers"),
        ({"returns": short_array}, "returns", "one number for each player"),
        ({"returns": square_array}, "returns", "a tuple or an array"),
        ({"returns": too_large}, "returns", "min_utility..max_utility"),
        ({"current_player": seventh_player}, "current_player", "must return"),
        ({"current_player": never_ends, "apply_action": goes_on}, "apply_action", "max_game_length"),
    ],
)
def test_bad_games_are_refused_by_name(changes: dict[str, Any], function: str, reason: str) -> None:
    with pytest.raises(lt.GameError) as caught:
        lt.numba_game("bad", STATE, **{**GOOD, **changes})
    assert function in str(caught.value)
    assert reason in str(caught.value)


COIN = np.dtype([("coin", np.int8), ("guess", np.int8)])
KEY = np.dtype([("guessed", np.int8)])


def coin_player(state: Any) -> int:
    if state.coin == 0:
        return -1
    return 0 if state.guess == 0 else -4


def coin_actions(state: Any, actions: Any) -> int:
    actions[0] = 0
    actions[1] = 1
    return 2


def coin_outcomes(state: Any, actions: Any, probabilities: Any) -> int:
    for i in range(2):
        actions[i] = i
        probabilities[i] = 0.25 + 0.5 * i
    return 2


def coin_apply(state: Any, action: int) -> bool:
    if action < 0 or action > 1 or state.guess != 0:
        return False
    if state.coin == 0:
        state.coin = 1 + action
    else:
        state.guess = 1 + action
    return True


def coin_returns(state: Any) -> Any:
    return np.full(1, 1.0 if state.coin == state.guess else 0.0)


def coin_key(state: Any, player: int, key: Any) -> None:
    key.guessed = state.guess


def bad_outcomes(state: Any, actions: Any, probabilities: Any) -> int:
    actions[0] = 0
    actions[1] = 1
    probabilities[0] = 0.5
    probabilities[1] = 0.2
    return 2


COIN_GAME: dict[str, Any] = {
    "current_player": coin_player,
    "legal_actions": coin_actions,
    "apply_action": coin_apply,
    "returns": coin_returns,
    "chance_outcomes": coin_outcomes,
    "information_state": coin_key,
    "information_state_dtype": KEY,
    "num_players": 1,
    "num_distinct_actions": 2,
    "max_game_length": 1,
    "max_chance_outcomes": 2,
    "max_chance_nodes_in_history": 1,
    "min_utility": 0.0,
}


def test_chance_and_hidden_information() -> None:
    game = lt.numba_game("coin", COIN, **COIN_GAME)
    solver = lt.CFR(game)
    solver.run(2000)
    assert solver.num_information_states == 1
    assert solver.values()[0] == pytest.approx(0.75, abs=1e-3)
    for seed in range(50):
        fast, slow = (game.playout(game.new_initial_state(), seed, generic=generic) for generic in (False, True))
        assert bytes(fast[1]) == bytes(slow[1])
    with pytest.raises(lt.GameError, match="chance_outcomes must give probabilities that sum to 1"):
        lt.numba_game("coin", COIN, **{**COIN_GAME, "chance_outcomes": bad_outcomes})
    with pytest.raises(lt.GameError, match="belong together"):
        lt.numba_game("coin", COIN, **{**COIN_GAME, "max_chance_outcomes": 0})
