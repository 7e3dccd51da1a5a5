"""The positions of games for the viewer of boards."""

from __future__ import annotations

import pytest

from longthink.benchmarks.harness.render.boards import LOOKS, of_game, of_sgf
from longthink.errors import LongthinkError
from longthink.games.registry import load_game
from synthetic_report import SGF


def test_connect_four() -> None:
    frames = of_game({"game": "connect_four", "actions": [3, 3, 2]})
    assert (frames.look, frames.rows, frames.columns) == ("discs", 6, 7)
    assert frames.frames[0] == "." * 42
    assert frames.frames[-1] == "." * 28 + "...o..." + "..xx..."
    assert len(frames.moves) == 4


@pytest.mark.parametrize(
    ("game", "look", "rows", "columns", "action"),
    [
        ("hex(board_size=5)", "hexagons", 5, 5, 12), ("go(board_size=9)", "points", 9, 9, 40),
        ("othello", "discs", 8, 8, 19), ("tic_tac_toe", "marks", 3, 3, 4),
    ],
)  # fmt: skip
def test_boards(game: str, look: str, rows: int, columns: int, action: int) -> None:
    frames = of_game({"game": game, "actions": [action]})
    assert (frames.look, frames.rows, frames.columns) == (look, rows, columns)
    before, after = frames.frames
    assert len(before) == len(after) == rows * columns
    assert after.count("x") > before.count("x")
    assert set(after) <= set("x.o")


def test_every_game_that_is_drawn_has_a_board() -> None:
    for name in LOOKS:
        assert of_game({"game": name, "actions": []}).look == LOOKS[name], name


def test_other_games_are_text() -> None:
    state = load_game("kuhn_poker").new_initial_state()
    actions = []
    while not state.is_terminal():
        actions.append(state.legal_actions()[0])
        state.apply_action(actions[-1])
    frames = of_game({"game": "kuhn_poker", "actions": actions})
    assert frames.look == "text"
    assert frames.frames[-1] == str(state)


def test_sgf() -> None:
    frames = of_sgf(SGF)
    assert (frames.look, frames.rows, frames.columns) == ("points", 9, 9)
    assert frames.frames[-1].count("x") == 3
    assert frames.frames[-1].count("o") == 1
    assert frames.frames[1].index("x") == 40  # E5, the centre
    handicap = of_sgf("(;GM[1]SZ[9]HA[2]AB[cg][gc];W[ee];B[dd])")
    assert handicap.frames[-1].count("x") == 3


@pytest.mark.parametrize(
    "played",
    [
        {"game": "no_such_game", "actions": []}, {"game": "tic_tac_toe", "actions": [9]}, {"game": "tic_tac_toe"},
        "hex", {"game": "tic_tac_toe", "actions": [4, 4]},
    ],
)  # fmt: skip
def test_what_cannot_be_drawn_is_an_error_with_a_reason(played: object) -> None:
    with pytest.raises((LongthinkError, ValueError)):
        of_game(played)  # type: ignore[arg-type]
