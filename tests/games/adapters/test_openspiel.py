"""OpenSpiel's games as ours, and our games for OpenSpiel."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pyspiel
import pytest

import longthink as lt
from longthink.games.adapters.openspiel import as_bot, our_game


@pytest.mark.parametrize(
    "name",
    [
        "tic_tac_toe",
        "hex(board_size=4)",
        "breakthrough(rows=5,columns=5)",
        "pig",
        "2048",
        "y(board_size=5)",
        "mancala",
        "nim",
        "yacht",
    ],
)
def test_sequential_games_are_searched(name: str) -> None:
    game = lt.load_game(f"openspiel:{name}")
    result = lt.MCTS(game, seed=1).run(_first_choice(game), lt.Budget(simulations=30))
    assert result.visits.sum() == 30


def _first_choice(game: lt.Game) -> lt.State:
    state = game.new_initial_state()
    while state.is_chance_node():
        state.apply_action(state.legal_actions()[0])
    return state


@pytest.mark.parametrize("name", ["liars_dice(numdice=1,dice_sides=3)", "kuhn_poker(players=3)", "tiny_hanabi"])
def test_openspiel_games_are_solved(name: str) -> None:
    ours, theirs = lt.load_game(f"openspiel:{name}"), pyspiel.load_game(name)
    solver = lt.CFR(ours, "cfr")
    solver.run(50)
    other = pyspiel.CFRSolver(theirs)
    for _ in range(50):
        other.evaluate_and_update_policy()
    assert solver.nash_conv() == pytest.approx(pyspiel.nash_conv(theirs, other.average_policy(), True), abs=1e-9)


def test_our_games_are_found_for_openspiels() -> None:
    """Also for a game with simultaneous moves in OpenSpiel, if its wrapper makes the players act in turn."""
    name = "goofspiel(imp_info=True,num_cards=4,points_order=descending)"
    assert our_game(pyspiel.load_game("dark_hex(board_size=4,gameversion=adh)")) == lt.load_game(
        "dark_hex", board_size=4, gameversion="adh"
    )
    assert our_game(pyspiel.convert_to_turn_based(pyspiel.load_game(name))) == lt.load_game(name)


def test_a_search_plays_at_openspiels_table() -> None:
    theirs = pyspiel.load_game("tic_tac_toe")
    ours = our_game(theirs)
    assert ours == lt.load_game("tic_tac_toe")
    bot = as_bot(lt.MCTS(ours, seed=1), lt.Budget(simulations=2000))
    wins = [0, 0]
    for seed in range(10):
        opponent = pyspiel.make_uniform_random_bot(1, seed)
        returns = pyspiel.evaluate_bots(theirs.new_initial_state(), [bot, opponent], seed)
        wins[returns[0] < 0] += returns[0] != 0
    assert wins[0] >= 8
    assert wins[1] == 0


def test_a_policy_plays_at_openspiels_table() -> None:
    theirs = pyspiel.load_game("kuhn_poker")
    solver = lt.CFR(our_game(theirs))
    solver.run(200)
    bots = [as_bot(solver.average_policy(), seed=seed) for seed in (1, 2)]
    total = np.zeros(2)
    for seed in range(300):
        total += pyspiel.evaluate_bots(theirs.new_initial_state(), bots, seed)
    assert total.sum() == 0
    assert abs(total[0] / 300) < 0.5


def test_a_search_without_a_budget_is_refused() -> None:
    with pytest.raises(lt.ParameterError, match="budget"):
        as_bot(lt.MCTS(lt.load_game("tic_tac_toe")))


def test_every_game_of_openspiel_is_a_game_or_our_error() -> None:
    script = Path(__file__).with_name("use_every_openspiel_game.py")
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=300, check=False)
    outcomes = dict(line.split() for line in done.stdout.splitlines())
    assert done.returncode == 0, (list(outcomes)[-1:], done.stderr[-2000:])
    assert sum(outcome == "played" for outcome in outcomes.values()) > 80
    for name in ("nfg_game", "efg_game", "add_noise", "misere"):
        assert outcomes[name] == "ParameterError"  # they need a file or another game
    assert outcomes["mfg_garnet"] == "GameError"


def test_what_openspiel_refuses_names_the_parameters() -> None:
    with pytest.raises(lt.ParameterError, match="its parameters: filename"):
        lt.load_game("openspiel:nfg_game()")
    with pytest.raises(lt.ParameterError, match=r"its parameters: .*epsilon"):
        lt.load_game("openspiel:add_noise")
    with pytest.raises(lt.GameError, match="mean-field"):
        lt.load_game("openspiel:mfg_crowd_modelling")
    with pytest.raises(lt.ParameterError, match="20 nested brackets"):
        lt.load_game("openspiel:misere(game=" + "misere(game=" * 100_000)
    for parameters in ({"board_size": object()}, {"board_size": 10**30}, {"board_size": [1]}, {"board_size": None}):
        with pytest.raises(lt.ParameterError, match="OpenSpiel refuses 'hex' with"):
            lt.load_game("openspiel:hex", **parameters)


def test_an_observation_that_openspiel_has_not_got_is_what_the_player_knows() -> None:
    state = lt.load_game("openspiel:liars_dice").state_from_history([0, 1])
    assert state.observation_string(0) == state.information_state_string(0)
