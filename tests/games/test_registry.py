"""Finding games by name, and the words of what goes wrong."""

from __future__ import annotations

import builtins
from typing import Any

import pytest

import longthink as lt


def test_parameters_as_keywords_or_in_the_name() -> None:
    assert lt.load_game("connect_four", rows=5) == lt.load_game("connect_four(rows=5)")
    assert str(lt.load_game("connect_four(rows=5)")) == "connect_four(rows=5)"
    assert str(lt.load_game("connect_four", rows=6)) == "connect_four()"
    assert lt.load_game("leduc_poker(suit_isomorphism=True)").get_parameters()["suit_isomorphism"] is True


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("conect_four", "did you mean 'connect_four'"),
        ("kuhn", "did you mean 'kuhn_poker'"),
        ("zzz", " connect_four, "),
        ("connect_four(row=5)", "did you mean 'rows'"),
        ("openspiel:hexx", "did you mean 'hex'"),
    ],
)
def test_unknown_names_list_near_matches(name: str, words: str) -> None:
    with pytest.raises(lt.UnknownNameError, match="unknown") as caught:
        lt.load_game(name)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    "name",
    [
        "connect_four(rows=0)",
        "connect_four(rows='6')",
        "connect_four(rows=6.5)",
        "connect_four(rows=True)",
        "connect_four(rows=20,columns=20)",
        "connect_four(x_in_row=9)",
        "kuhn_poker(players=11)",
        "connect_four(rows=",
        "connect_four(6)",
        "connect_four(rows=__import__('os'))",
        "openspiel:hex(board_size=potato)",
    ],
)
def test_bad_values_are_refused(name: str) -> None:
    with pytest.raises(lt.ParameterError):
        lt.load_game(name)


def test_errors_are_built_in_kinds_too() -> None:
    with pytest.raises(ValueError, match="unknown game"):
        lt.load_game("nothing")


def test_a_missing_extra_names_its_install_line(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *arguments: Any, **keywords: Any) -> Any:
        if name.split(".")[0] == "pyspiel":
            raise ModuleNotFoundError("No module named 'pyspiel'", name="pyspiel")
        return real(name, *arguments, **keywords)

    monkeypatch.setattr("importlib.import_module", lambda name: without(name))
    with pytest.raises(lt.MissingExtraError, match=r"pip install 'longthink\[compare\]'"):
        lt.load_game("openspiel:hex")


def test_your_own_entry_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    from longthink.games import registry

    monkeypatch.setattr(registry, "_ADDED", {})
    lt.register_game(registry.Entry("mine", "My game.", lambda values: lt.load_game("tic_tac_toe")))
    assert "mine" in lt.games()
    assert lt.load_game("mine") == lt.load_game("tic_tac_toe")


def test_simultaneous_and_sampled_games_are_refused() -> None:
    with pytest.raises(lt.GameError, match="turn_based_simultaneous_game"):
        lt.load_game("openspiel:goofspiel")
    game = lt.load_game(
        "openspiel:turn_based_simultaneous_game(game=goofspiel(num_cards=3,imp_info=True,points_order=descending))"
    )
    assert game.num_players() == 2
    assert lt.load_game(str(game)) == game
