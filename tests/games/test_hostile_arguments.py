"""Invalid actions and players: every method of a state and a game refuses them with our errors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import longthink as lt


class Bare:
    def __repr__(self) -> str:
        raise RuntimeError


NONE_OF_THEM = [
    *(
        "x",
        "0",
        b"0",
        "\0",
        1.5,
        float("nan"),
        1j,
        np.float64(0.0),
        np.bool_(True),
        np.zeros(3),
        {},
        [],
        object(),
        Bare(),
    ),
    *(-5, -(2**31), 2**31, 2**63, 2**64, 10**5000, -(10**5000), np.int64(-5), np.uint64(2**63)),
]
GAMES = ["tic_tac_toe", "kuhn_poker", "leduc_poker", "go(board_size=5)", "nim", "2048", "goofspiel(num_cards=3)",
         "openspiel:kuhn_poker", "openspiel:tic_tac_toe"]  # fmt: skip


def calls(game: lt.Game, state: lt.State, value: Any) -> Iterator[Callable[[], object]]:
    yield lambda: state.apply_action(value)
    yield lambda: state.child(value)
    yield lambda: game.state_from_history([value])
    yield lambda: state.player_return(value)
    yield lambda: state.information_state_key(value)
    yield lambda: state.information_state_string(value)
    yield lambda: state.observation_string(value)
    yield lambda: state.action_to_string(value)
    yield lambda: state.action_to_string(0, value)
    yield lambda: state.action_to_string(value, 0)
    yield lambda: state.string_to_action(value)
    yield lambda: state.resample(value)
    yield lambda: state.resample(0, value)
    yield lambda: game.playout(state, value)
    yield lambda: game.playout(state, 0, value)


@pytest.mark.parametrize("name", GAMES)
@pytest.mark.parametrize("value", NONE_OF_THEM, ids=lambda value: type(value).__name__)
def test_what_is_no_action_and_no_player_is_refused(name: str, value: Any) -> None:
    game = lt.load_game(name)
    state = game.new_initial_state()
    for _ in range(3):
        history = state.history()
        for number, call in enumerate(calls(game, state, value)):
            if number >= 12 and isinstance(value, (int, np.integer)) and 0 <= value < 2**63:
                continue  # a seed
            with pytest.raises(lt.LongthinkError):
                call()
        assert state.history() == history
        state = state.child(state.legal_actions()[0])
        if state.is_terminal():
            break


def test_numbers_of_numpy_are_actions_and_players() -> None:
    state = lt.load_game("kuhn_poker").state_from_history(np.array([0, 1]))
    state.apply_action(np.uint8(1))
    assert state.history() == [0, 1, 1]
    assert state.action_to_string(np.int32(0), np.int64(1)) == state.action_to_string(0, 1)
    assert state.information_state_string(np.int64(1)) == state.information_state_string(1)
    with pytest.raises(TypeError, match="None"):
        state.get_game().playout(None)  # type: ignore[arg-type]
