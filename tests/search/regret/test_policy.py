"""Policies: to OpenSpiel and back, to files and back, and the errors for policies that do not fit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyspiel
import pytest
from open_spiel.python import policy as openspiel_policy
from open_spiel.python.algorithms import exploitability as openspiel_exploitability

import longthink as lt
from longthink.games.adapters.openspiel import OpenSpielPolicy, to_tabular_policy
from longthink.search.core import GameTree

GAMES = [
    "kuhn_poker",
    "kuhn_poker(players=3)",
    "leduc_poker",
    "liars_dice(dice_sides=3)",
    "goofspiel(num_cards=4,imp_info=True,points_order=descending)",
    "goofspiel(num_cards=3,imp_info=True,players=3,points_order=descending)",
    "openspiel:tiny_bridge_2p",
    "openspiel:kuhn_poker(players=3)",
]


def openspiels(name: str) -> Any:
    """OpenSpiel's game of the same rules, played in turn."""
    game = pyspiel.load_game(name.removeprefix("openspiel:"))
    return pyspiel.convert_to_turn_based(game) if name.startswith("goofspiel") else game


def random_policy(game: lt.Game, seed: int = 1) -> lt.Policy:
    tree, rng = GameTree(game), np.random.default_rng(seed)
    return lt.Policy(
        game,
        {key: dict(zip(actions, rng.dirichlet(np.ones(len(actions))), strict=True))
         for key, _, actions, _ in tree.information_states},
    )  # fmt: skip


@pytest.mark.parametrize("name", GAMES)
def test_round_trip_through_openspiel(name: str) -> None:
    game, theirs = lt.load_game(name), openspiels(name)
    policy = random_policy(game)
    tabular = to_tabular_policy(policy, theirs)
    back = lt.Policy.of(game, OpenSpielPolicy(tabular))
    assert back.table.keys() == policy.table.keys()
    for key, row in policy.table.items():
        assert {a: p for a, p in back.table[key].items() if p} == pytest.approx(row), key
    ours = OpenSpielPolicy(tabular)
    if "bridge" not in name:  # whose returns are the same for both players
        expected = openspiel_exploitability.nash_conv(theirs, tabular, use_cpp_br=True)
        assert lt.nash_conv(game, ours) == pytest.approx(expected, abs=1e-9)
    assert lt.nash_conv(game, ours) == pytest.approx(lt.nash_conv(game, policy), abs=1e-12)


def test_anything_that_says_what_it_does_is_a_policy() -> None:
    game, theirs = lt.load_game("kuhn_poker"), pyspiel.load_game("kuhn_poker")
    compiled, solver = pyspiel.UniformRandomPolicy(theirs), lt.MCCFR(game, seed=1)
    solver.run(200)

    class Uniform:
        def action_probabilities(self, state: lt.State) -> dict[int, float]:
            return dict.fromkeys(state.legal_actions(), 0.5)

    for uniform in (
        OpenSpielPolicy(openspiel_policy.UniformRandomPolicy(theirs)),
        OpenSpielPolicy(compiled),
        Uniform(),
    ):
        assert lt.exploitability(game, uniform) == pytest.approx(lt.exploitability(game, lt.Policy.uniform(game)))
        assert lt.expected_values(game, uniform) == pytest.approx([0.125, -0.125])
        assert lt.best_response(game, uniform, 0)[0] == pytest.approx(0.5)
        assert lt.nash_conv(game, uniform) == pytest.approx(11 / 12)
    assert lt.nash_conv(game, solver) == pytest.approx(solver.nash_conv(), abs=1e-12)
    for unfit in (compiled, {"0": {0: 1.0}}):
        with pytest.raises(lt.ParameterError, match="OpenSpielPolicy"):
            lt.nash_conv(game, unfit)


@pytest.mark.parametrize("name", [*GAMES[:6], "liars_dice(dice_sides=2)"])
def test_round_trip_through_a_file(name: str, tmp_path: Path) -> None:
    policy = random_policy(lt.load_game(name))
    policy.save(tmp_path / "policy.json")
    for back in (lt.Policy.load(tmp_path / "policy.json"), lt.Policy.load(tmp_path / "policy.json", policy.game)):
        assert back.game == policy.game
        assert back.table == policy.table


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("{", "JSON.*line 1"),
        ("[]", "format"),
        ('{"0": {"0": 1.0}}', "format"),
        ({"game": "kuhn_poker"}, "information states"),
        ({"game": "kuhn_poker", "information_states": {"0": [0.5, 0.5]}}, "expected {.action.: probability}"),
        ({"game": "kuhn_poker", "information_states": {"0": {"0": None}}}, "expected {.action.: probability}"),
        ({"game": "kuhn_poker", "information_states": {"0": {"0": 0.5}}}, "sum to 1"),
        ({"game": "kuhn_poker", "information_states": {"0": {"0": True}}}, "expected {.action.: probability}"),
        ({"game": "kuhn_poker", "information_states": {"0": {"0": float("nan"), "1": 0.5}}}, "sum to 1"),
        (
            {"game": "kuhn_poker", "information_states": {"0": {"0": 0.5, "00": 0.5}}},
            "expected {.action.: probability}",
        ),
        ({"game": "kuhn_poker", "information_states": {"0": {"bet": 1}}}, "bet"),
        ({"game": 5, "information_states": {}}, "information states"),
        ("[" * 100_000, "JSON"),
        ({"game": "kuhn_pokre", "information_states": {}}, "did you mean 'kuhn_poker'"),
    ],
)
def test_files_that_are_no_policy(content: Any, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "policy.json"
    path.write_text(content if isinstance(content, str) else json.dumps({"format": "longthink policy 1", **content}))
    with pytest.raises((lt.ParameterError, lt.UnknownNameError), match=reason):
        lt.Policy.load(path)


def test_files_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(lt.ParameterError, match=r"nothing\.json"):
        lt.Policy.load(tmp_path / "nothing.json")
    with pytest.raises(lt.ParameterError, match="cannot be written"):
        lt.Policy.uniform(lt.load_game("kuhn_poker")).save(tmp_path)


def test_information_states_that_play_never_reaches() -> None:
    game = lt.load_game("kuhn_poker")
    with pytest.raises(lt.ParameterError, match=r"'0bb'; expected information states such as '0'"):
        lt.exploitability(game, lt.Policy(game, {"0bb": {0: 1.0}}))
    leduc = lt.Policy(lt.load_game("leduc_poker"), {"0": {0: 1.0}})
    with pytest.raises(lt.ParameterError, match="do not exist in leduc_poker"):
        lt.nash_conv(leduc.game, leduc)
    with pytest.raises(lt.ParameterError, match="no information state '0bb'"):
        to_tabular_policy(lt.Policy(game, {"0bb": {0: 1.0}}), pyspiel.load_game("kuhn_poker"))
    with pytest.raises(lt.ParameterError, match=r"\[5\] are not legal"):
        to_tabular_policy(lt.Policy(game, {"0": {5: 1.0}}), pyspiel.load_game("kuhn_poker"))
    with pytest.raises(lt.ParameterError, match=r"0 to 1, got 2"):
        lt.best_response(game, lt.Policy.uniform(game), 2)


def test_actions_never_taken_count_nothing() -> None:
    """Probability 0 for what is not legal is no mistake: tables of some solvers have a column for every action."""
    game = lt.load_game("leduc_poker")
    padded = {key: {0: 0.0, 1: 0.0, 2: 0.0, **row} for key, row in random_policy(game).table.items()}
    assert lt.nash_conv(game, lt.Policy(game, padded)) > 0
