"""One suite for every registered game: compared with OpenSpiel if it has the game, and with itself.

Every registered game is tested here automatically; `MORE` has additional parameters.
"""

from __future__ import annotations

import functools
import pickle
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyspiel
import pytest

import longthink as lt
from longthink.games.playthrough import playthrough, shown

MORE = [
    "2048(max_tile=1024)",
    "breakthrough(rows=6,columns=5)",
    "breakthrough(rows=2,columns=31)",
    "breakthrough(rows=5,columns=3)",
    "connect_four(rows=4,columns=5,x_in_row=3)",
    "connect_four(rows=7,columns=8,x_in_row=5)",
    "go(board_size=9)",
    "go(board_size=5,komi=0.5)",
    "go(board_size=3,komi=0.5,max_game_length=40)",
    "go(handicap=5)",
    "gomoku(size=5,connect=4)",
    "gomoku(size=7,connect=4,anti=True)",
    "gomoku(size=5,connect=4,wrap=True)",
    "gomoku(size=4,dims=3,connect=4)",
    "gomoku(size=6,dims=1,connect=3)",
    "gomoku(size=21)",
    "havannah(board_size=2,swap=True)",
    "havannah(board_size=3)",
    "havannah(board_size=4,swap=True)",
    "havannah(board_size=6)",
    "havannah(board_size=10)",
    "hex(board_size=2,swap=True)",
    "hex(board_size=3,string_rep=explicit)",
    "hex(board_size=5,swap=True)",
    "hex(board_size=8,num_cols=5,string_rep=explicit)",
    "hex(num_cols=9,num_rows=3)",
    "hex(board_size=19)",
    "dark_hex(board_size=2)",
    "dark_hex(num_cols=4,num_rows=2,gameversion=adh)",
    "dark_hex(board_size=3,num_rows=2,obstype=reveal-numturns)",
    "dark_hex(board_size=4,gameversion=adh,obstype=reveal-numturns)",
    "goofspiel(num_cards=4,imp_info=True)",
    "goofspiel(num_cards=4,imp_info=True,points_order=descending,returns_type=point_difference)",
    "goofspiel(num_cards=3,points_order=ascending,returns_type=total_points)",
    "goofspiel(num_cards=3,players=3,imp_info=True,points_order=ascending,returns_type=point_difference)",
    "goofspiel(num_cards=7,num_turns=3,players=4,imp_info=True)",
    "goofspiel(num_cards=5,players=10)",
    "kuhn_poker(players=3)",
    "kuhn_poker(players=4)",
    "leduc_poker(players=3)",
    "leduc_poker(suit_isomorphism=True)",
    "y(board_size=2)",
    "y(board_size=5)",
    "y(board_size=9)",
    "nim(is_misere=False)",
    "nim(pile_sizes=2;0;3;4)",
    "liars_dice(numdice=2,dice_sides=3)",
    "liars_dice(numdice=2,dice_sides=2,bidding_rule=reset-quantity)",
    "phantom_ttt(gameversion=abrupt)",
    "phantom_ttt(obstype=reveal-numturns)",
    "phantom_ttt(gameversion=abrupt,obstype=reveal-numturns)",
    "openspiel:liars_dice(numdice=1,dice_sides=2)",
    "openspiel:hex(board_size=3)",
    "openspiel:backgammon",
]
NAMES = [*lt.games(), *MORE]
SAME_AS = {"numba_breakthrough": "breakthrough", "numba_connect_four": "connect_four"}
"""Our name -> OpenSpiel's name for the same rules; the texts differ."""
OTHER_ORACLES: dict[str, str] = {}
"""Games that OpenSpiel does not have -> the test file that compares them with another oracle."""
OWN_PLAYOUT = {"dark_hex", "gomoku", "havannah", "hex", "phantom_ttt", "y"}
"""Games whose fast playout draws in another order: the same distribution, not the same game."""
OWN_POLICY = {"go"}
"""Games whose playouts are not uniform over all legal moves (see their pages); their own tests check them."""
FILLS_THE_BOARD = {"hex", "y"}
"""Games whose playouts continue after the win."""
IN_TURN = {"goofspiel"}
"""Games with simultaneous moves in OpenSpiel: the twin is its `turn_based_simultaneous_game` of them."""
OTHER_KNOWLEDGE: dict[str, Callable[[dict[str, Any]], bool]] = {
    "dark_hex": lambda parameters: (parameters["gameversion"], parameters["obstype"]) == ("cdh", "reveal-nothing"),
    "goofspiel": lambda parameters: not parameters["imp_info"],
}
"""Games whose players forget in OpenSpiel, with these parameters; test_hidden_information.py has another oracle."""
FULL_TREE = 20_000


loaded = functools.cache(lt.load_game)
"""A game is never changed, so one of each does for all tests; those of Numba take seconds to compile."""


@pytest.fixture(params=NAMES)
def game(request: pytest.FixtureRequest) -> lt.Game:
    return loaded(request.param)


def openspiel_twin(game: lt.Game) -> Any:
    """OpenSpiel's game of the same rules, or None."""
    name = str(game).removeprefix("openspiel:").removesuffix("()")
    base = name.partition("(")[0]
    name = name.replace(base, SAME_AS.get(base, base), 1)
    if SAME_AS.get(base, base) not in pyspiel.registered_names():
        return None
    if base in IN_TURN:
        name = f"turn_based_simultaneous_game(game={name if '(' in name else name + '()'})"
    return pyspiel.load_game(name)


def random_playthrough(game: lt.Game, rng: random.Random) -> Iterator[tuple[lt.State, int]]:
    """Every state of a random game with the action taken there; at the end -1."""
    state = game.new_initial_state()
    while not state.is_terminal():
        action = rng.choice(state.legal_actions())
        yield state, action
        state.apply_action(action)
    yield state, -1


def test_random_playthroughs_equal_openspiel(game: lt.Game) -> None:
    twin = openspiel_twin(game)
    if twin is None:
        assert (Path(__file__).parent / OTHER_ORACLES[game.name]).exists()
        return
    words = game.name not in SAME_AS
    rewards_at_end = twin.get_type().reward_model == pyspiel.GameType.RewardModel.TERMINAL
    forgets = OTHER_KNOWLEDGE.get(game.name, lambda parameters: False)(game.get_parameters())
    assert game.num_players() == twin.num_players()
    assert game.num_distinct_actions() == twin.num_distinct_actions()
    longer = 1 if "hex(" in str(game) and "swap" in str(game) else 0  # OpenSpiel forgets that swapping is a move too
    assert game.max_game_length() == twin.max_game_length() + longer
    assert (game.min_utility(), game.max_utility()) == (twin.min_utility(), twin.max_utility())
    rng = random.Random(1)
    for _ in range(5 if "backgammon" in str(game) else min(60, 2000 // game.max_game_length())):
        theirs = twin.new_initial_state()
        for state, action in random_playthrough(game, rng):
            assert state.current_player() == theirs.current_player()
            assert state.legal_actions() == theirs.legal_actions()
            if state.is_terminal() or rewards_at_end:
                assert state.returns() == theirs.returns()
            if words:
                assert str(state) == str(theirs)
            if state.is_chance_node():
                assert dict(state.chance_outcomes()) == pytest.approx(dict(theirs.chance_outcomes()))
            if words and not game.perfect_information and not forgets:
                for player in range(game.num_players()):
                    assert state.information_state_string(player) == theirs.information_state_string(player)
            if action >= 0:
                player = state.current_player()
                if words:
                    assert state.action_to_string(player, action) == theirs.action_to_string(player, action)
                    assert state.string_to_action(player, state.action_to_string(player, action)) == action
                theirs.apply_action(action)
        assert theirs.is_terminal()


def test_clone_replay_and_pickle_give_the_same_state(game: lt.Game) -> None:
    rng = random.Random(2)
    for state, action in random_playthrough(game, rng):
        copies = [state.clone(), game.state_from_history(state.history())]
        if len(state.history()) % 5 == 0:
            copies.append(pickle.loads(pickle.dumps(state)))
        for copy in copies:
            assert copy == state
            assert hash(copy) == hash(state)
            assert copy.history() == state.history()
            assert copy.legal_actions() == state.legal_actions()
            assert str(copy) == str(state)
        if action >= 0:
            before = bytes(state.buffer)
            assert state.child(action) != state
            assert bytes(state.buffer) == before
    assert pickle.loads(pickle.dumps(game)) == game
    assert lt.load_game(str(game)) == game


def test_illegal_actions_raise_and_change_nothing(game: lt.Game) -> None:
    for state, _ in random_playthrough(game, random.Random(3)):
        legal = set(state.legal_actions())
        before, history = bytes(state.buffer), state.history()
        high = max(game.num_distinct_actions(), game.max_chance_outcomes())
        candidates = [a for a in range(-2, min(high, 60) + 2) if a not in legal]
        for action in [*candidates, 10**6, -(10**6), 2**40]:
            with pytest.raises(lt.IllegalActionError, match="not legal"):
                state.apply_action(action)
            assert bytes(state.buffer) == before
            assert state.history() == history


def test_compiled_playouts_equal_the_general_one(game: lt.Game) -> None:
    rng = random.Random(4)
    for seed in range(5 if "openspiel" in str(game) else 100):
        state = next(s for s, a in random_playthrough(game, rng) if rng.random() < 0.2 or a < 0)
        fast, slow = game.playout(state, seed, seed + 1), game.playout(state, seed, seed + 1, generic=True)
        if game.name not in OWN_PLAYOUT | OWN_POLICY:
            assert fast[0].tolist() == slow[0].tolist()
            assert bytes(fast[1]) == bytes(slow[1])
        assert game.state_from_buffer(fast[1], []).is_terminal()
        assert game.min_utility() <= min(fast[0]) <= max(fast[0]) <= game.max_utility()


def test_traces_are_the_moves_of_playouts(game: lt.Game) -> None:
    """The moves of a traced playout are legal and lead to its end; if playouts fill the board, also beyond."""
    if game.name in OWN_POLICY:
        return
    if not game.can_trace_playouts:
        with pytest.raises(lt.GameError, match="traced_playout"):
            game.traced_playout(game.new_initial_state())
        return
    rng = random.Random(8)
    for seed in range(30):
        state = next(s for s, a in random_playthrough(game, rng) if rng.random() < 0.1 or a < 0)
        returns, final, moves = game.traced_playout(state, seed, 3)
        same, end = game.playout(state, seed, 3)
        assert returns.tolist() == same.tolist()
        assert bytes(final) == bytes(end)
        if game.has_chance:  # which is left out of the trace
            continue
        remaining = len(moves)
        for player, action in moves:
            if state.is_terminal():
                break
            assert state.current_player() == player
            state.apply_action(action)
            remaining -= 1
        assert state.is_terminal()
        assert state.returns() == returns.tolist()
        if game.name not in FILLS_THE_BOARD:
            assert remaining == 0
            assert bytes(state.buffer) == bytes(final)


def test_playouts_have_the_distribution_of_uniform_play(game: lt.Game) -> None:
    """Mean returns of fast and general playouts agree within five standard errors, from the start and from midgame."""
    if game.name in OWN_POLICY:
        return
    count = 50 if "openspiel" in str(game) else 4000
    start = game.new_initial_state()
    middle = [state for state, _ in random_playthrough(game, random.Random(6))]
    for state in (start, middle[len(middle) // 2]):
        fast = np.array([game.playout(state, seed, 1)[0] for seed in range(count)])
        slow = np.array([game.playout(state, seed, 2, generic=True)[0] for seed in range(count)])
        error = np.sqrt((fast.var(axis=0) + slow.var(axis=0)) / count)
        assert (abs(fast.mean(axis=0) - slow.mean(axis=0)) <= 5 * error + 1e-9).all()


def test_resampled_states_are_the_same_to_the_player(game: lt.Game) -> None:
    """`resample` keeps what the player knows and who acts, and deals the rest again; games reach their end."""
    if not game.can_resample:
        assert game.perfect_information or str(game).startswith("openspiel:")
        return
    different = 0
    for state, _ in random_playthrough(game, random.Random(7)):
        if state.is_terminal():
            continue
        for player in range(game.num_players()):
            for seed in range(10):
                other = state.resample(player, seed)
                assert other.information_state_key(player) == state.information_state_key(player)
                assert other.current_player() == state.current_player()
                if state.current_player() == player:
                    assert other.legal_actions() == state.legal_actions()
                different += other != state
                assert game.state_from_buffer(game.playout(other, seed)[1], []).is_terminal()
    assert different > 0


def test_games_end_in_time(game: lt.Game) -> None:
    for seed in range(20):
        moves = chances = 0
        for state, action in random_playthrough(game, random.Random(seed)):
            if action >= 0:
                moves += not state.is_chance_node()
                chances += state.is_chance_node()
        assert moves <= game.max_game_length()
        assert chances <= game.max_chance_nodes_in_history()


def test_perfect_recall_on_the_full_tree(game: lt.Game) -> None:
    """The information state has all that a player knew and did before; keys and texts agree."""
    limit = 300 if game.perfect_information else FULL_TREE  # there the history is the information state
    limit = 300 if "backgammon" in str(game) else limit  # a state of it takes OpenSpiel a while to copy
    key_of: dict[tuple[int, str], bytes] = {}
    known: dict[tuple[int, str], Any] = {}
    stack: list[tuple[lt.State, tuple[tuple[Any, ...], ...]]] = [(game.new_initial_state(), ((),) * game.num_players())]
    seen = 0
    while stack and seen < limit:
        state, past = stack.pop()
        seen += 1
        player = state.current_player()
        if player >= 0:
            text, key = state.information_state_string(player), bytes(state.information_state_key(player))
            assert key_of.setdefault((player, text), key) == key
            remembered = (past[player], state.legal_actions())
            assert known.setdefault((player, text), remembered) == remembered
            past = (*past[:player], (past[player], text), *past[player + 1 :])
        for action in state.legal_actions():
            then = past if player < 0 else (*past[:player], (past[player], action), *past[player + 1 :])
            stack.append((state.child(action), then))
    assert len({(player, key) for (player, _), key in key_of.items()}) == len(key_of)


@pytest.mark.parametrize("name", lt.games())
def test_golden_playthrough(name: str) -> None:
    """Rewrite after an intended change: python -m longthink.games.playthrough --write tests/games/playthroughs"""
    golden = Path(__file__).parent / "playthroughs" / f"{name}.txt"
    assert playthrough(shown(name)) == golden.read_text()
