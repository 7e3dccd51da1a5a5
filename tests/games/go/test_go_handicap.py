"""Handicaps: how many stones a board takes, and where they are placed."""

from __future__ import annotations

import pytest

import longthink as lt
from longthink.games.go.handicap import fixed_handicap, most_handicap


@pytest.mark.parametrize(("size", "most"), [(2, 0), (6, 0), (7, 4), (8, 4), (9, 9), (12, 4), (13, 9), (19, 9), (25, 9)])
def test_the_game_takes_what_fits_the_board(size: int, most: int) -> None:
    assert most_handicap(size) == most
    for stones in range(2, most + 1):
        assert len(set(fixed_handicap(size, stones))) == stones
        lt.load_game("go", board_size=size, handicap=stones)
    for stones in (1, most + 1):
        with pytest.raises(lt.ParameterError, match=f"{size}x{size} board expects"):
            fixed_handicap(size, stones)
        with pytest.raises(lt.ParameterError):
            lt.load_game("go", board_size=size, handicap=stones)


@pytest.mark.parametrize("size", [7, 9, 13, 19])
def test_a_full_handicap_has_the_points_of_the_game(size: int) -> None:
    """Smaller handicaps have other points in the game, which follows OpenSpiel."""
    most = most_handicap(size)
    state = lt.load_game("go", board_size=size, handicap=most).new_initial_state()
    assert set(range(size * size)) - set(state.legal_actions()) == set(fixed_handicap(size, most))
