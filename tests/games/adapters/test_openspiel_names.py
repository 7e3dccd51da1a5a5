"""Names of OpenSpiel's games keep the types of their parameters; strategies are the same in every process."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import longthink as lt

pytest.importorskip("pyspiel")

POKER: dict[str, Any] = {
    **{"numPlayers": 2, "numRounds": 1, "numBoardCards": "0", "numRanks": 3, "numSuits": 1},
    **{"blind": "1 1", "firstPlayer": "1", "stack": "2 2", "bettingAbstraction": "fc"},
}


def test_texts_that_look_like_numbers_stay_texts(tmp_path: Path) -> None:
    game = lt.load_game("openspiel:universal_poker", **POKER)
    assert 'firstPlayer="1"' in str(game)
    assert "numPlayers=2" in str(game)
    policy = lt.Policy.uniform(game)
    policy.save(tmp_path / "policy.json")
    for again in (
        lt.load_game(str(game)),
        pickle.loads(pickle.dumps(game)),
        lt.Policy.load(tmp_path / "policy.json").game,
    ):
        assert str(again) == str(game)
        assert again == game
        state = again.new_initial_state()
        assert state.is_chance_node()


@pytest.mark.parametrize(
    "name",
    [
        "quoridor(board_size=3)",
        "hex(board_size=3,num_cols=4)",
        "turn_based_simultaneous_game(game=goofspiel(num_cards=3,points_order=descending))",
        "kuhn_poker()",
        "leduc_poker",
    ],
)
def test_a_name_gives_the_same_game_again(name: str) -> None:
    game = lt.load_game(f"openspiel:{name}")
    assert lt.load_game(str(game)) == game == pickle.loads(pickle.dumps(game))


@pytest.mark.parametrize(
    "name", ["kuhn_poker(players=two)", 'kuhn_poker(players="2")', "kuhn_poker(players=)", "hex(board_size"]
)
def test_what_openspiel_refuses(name: str) -> None:
    with pytest.raises(lt.ParameterError, match="OpenSpiel refuses"):
        lt.load_game(f"openspiel:{name}")


PROCESS = """
import sys, longthink as lt
game = lt.load_game(sys.argv[1])
state = game.new_initial_state()
solver = lt.MCCFR(game, "external", seed=int(sys.argv[4]), memory_bytes=64 << 20)
if sys.argv[3] == "save":
    solver.run(300)
    solver.save(sys.argv[2])
else:
    for history in solver.tree.histories()[::-1]:  # meet the texts in another order than the one that saved
        game.state_from_history(history).information_state_key()
    solver.load(sys.argv[2])
tree = solver.tree
print(solver.average_strategy().tolist())
"""


@pytest.mark.parametrize("kind", ["openspiel", "efg"])
def test_a_checkpoint_of_another_process_gives_the_same_strategies(kind: str, tmp_path: Path) -> None:
    name = "openspiel:leduc_poker"
    if kind == "efg":
        from longthink.games.adapters.efg import write_efg

        write_efg(lt.load_game("kuhn_poker"), tmp_path / "kuhn.efg")
        name = f"efg:{tmp_path / 'kuhn.efg'}"
    said = []
    for what, seed in (("save", "1"), ("load", "2")):
        arguments = [sys.executable, "-c", PROCESS, name, str(tmp_path / "checkpoint"), what, seed]
        said.append(subprocess.run(arguments, check=True, capture_output=True, text=True, timeout=200).stdout)
    assert said[0] == said[1]
    assert "0.5" in said[0]
