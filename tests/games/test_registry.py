"""Games by name, and the texts of errors."""

from __future__ import annotations

import builtins
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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


def test_a_game_of_your_own_is_found() -> None:
    @lt.register_game("mine")
    def mine(size: int = 5) -> lt.Game:
        """My game."""
        return lt.load_game("hex", board_size=size)

    try:
        assert "mine" in lt.games()
        assert lt.games().describe("mine") == ("My game.", {"size": 5})
        assert lt.load_game("mine(size=4)") == lt.load_game("hex", board_size=4)
        with pytest.raises(lt.UnknownNameError, match=r"unknown parameter of mine 'sise'; did you mean 'size'"):
            lt.load_game("mine", sise=4)
    finally:
        lt.games().unregister("mine")


def test_a_family_of_games_of_your_own_is_called_with_what_follows_the_colon() -> None:
    lt.register_game("hexes:", lambda size: lt.load_game("hex", board_size=int(size)))
    try:
        assert lt.load_game("hexes:4") == lt.load_game("hex", board_size=4)
        assert "hexes:" in lt.games().families
        assert "hexes:" not in list(lt.games())
    finally:
        lt.games().unregister("hexes:")


def test_simultaneous_and_sampled_games_are_refused() -> None:
    with pytest.raises(lt.GameError, match="turn_based_simultaneous_game"):
        lt.load_game("openspiel:goofspiel")
    game = lt.load_game(
        "openspiel:turn_based_simultaneous_game(game=goofspiel(num_cards=3,imp_info=True,points_order=descending))"
    )
    assert game.num_players() == 2
    assert lt.load_game(str(game)) == game


# ---- Hostile names and parameters ----

HUGE = 10**5000  # no text has so many digits by default


class Bare:
    def __repr__(self) -> str:
        raise RuntimeError


@pytest.mark.parametrize(
    "name",
    [
        "",
        "()",
        "(",
        "\0",
        "go(\0=1)",
        "go(komi=1e999)",
        "go(komi=nan)",
        f"go(komi={'9' * 5000})",
        f"go(komi={'-' * 100_000}1)",
        "go(komi='" + "9" * 5_000_000 + "')",
        "go(ko=[1,2])",
        "go(ko=(1,2))",
        "go(ko='\\d')",
        "go(board_size=9,board_size=9)",
        "go(" * 100_000,
        "go(komi=" + "[" * 100_000,
        "(" * 1_000_000,
        "go(komi=" + " " * 1_000_000,
        "go(" + "a=1," * 100_000,
        "x" * 10_000_000,
        f"nim(pile_sizes={'9' * 5000})",
        "nim(pile_sizes=1;1e9)",
        "efg:",
        "efg:\0",
        "efg:()",
        "efg:/",
        "efg:" + "x" * 100_000,
        "openspiel:",
        "openspiel:\0",
        "openspiel:hex(board_size=99999999999999999999)",
        "openspiel:hex(board_size=1e999)",
        "openspiel:hex(",
        "openspiel:hex)",
        "openspiel:hex(" * 1000,
        "openspiel:nfg_game()",
        "openspiel:nfg_game(filename=\0)",
        "openspiel:universal_poker(gamedef=" + "x" * 1000 + ")",
        "openspiel:" + "x" * 10_000_000,
    ],
    ids=lambda name: repr(name[:30]),
)
def test_hostile_names_are_refused(name: str) -> None:
    with pytest.raises(lt.LongthinkError) as refused:
        lt.load_game(name)
    assert 0 < len(str(refused.value)) < 2000


@pytest.mark.parametrize(
    "value",
    [
        *(None, True, "9", b"9", 9.5, -1, HUGE, -HUGE, float("nan"), float("inf"), 1e300, 1j, np.float64("nan")),
        *(np.bool_(True), [], (), {}, set(), np.zeros(3), np.array(["draw", "simple"]), Bare(), object),
        *("\0", "\ud800", "x" * 1_000_000),
    ],
    ids=lambda value: type(value).__name__,
)
@pytest.mark.parametrize("name", ["go", "nim", "goofspiel", "openspiel:hex"])
def test_hostile_values_are_refused(name: str, value: Any) -> None:
    wrong = {"go": ["board_size", "ko"], "nim": ["pile_sizes"], "goofspiel": ["num_cards"]}
    for parameter in wrong.get(name, ["string_rep"]):
        if parameter == "pile_sizes" and isinstance(value, str) and value == "9":
            continue
        with pytest.raises(lt.LongthinkError) as refused:
            lt.load_game(name, **{parameter: value})
        assert 0 < len(str(refused.value)) < 2000


@pytest.mark.parametrize("name", [None, 5, b"go", ["go"], object(), Bare(), np.array(["go"]), 1.5])
def test_what_is_no_name_is_refused(name: Any) -> None:
    with pytest.raises(lt.ParameterError, match="the name of a game is a text, got"):
        lt.load_game(name)


def test_numbers_of_numpy_and_parameters_called_name() -> None:
    game = lt.load_game("go", board_size=np.int64(9), komi=np.float32(6.5), ko=np.str_("simple"))
    assert str(game) == "go(board_size=9,ko=simple,komi=6.5)"
    assert lt.load_game("hex", board_size=np.uint8(5)) == lt.load_game("hex(board_size=5)")
    assert lt.load_game("leduc_poker", suit_isomorphism=np.bool_(True)) == lt.load_game(
        "leduc_poker(suit_isomorphism=True)"
    )
    with pytest.raises(lt.UnknownNameError, match="parameter of go 'name'"):
        lt.load_game("go", name="x")


def test_a_path_is_a_gambit_file(tmp_path: Path) -> None:
    place = tmp_path / "game.efg"
    lt.write_efg(lt.load_game("kuhn_poker"), place)
    assert lt.load_game(place) == lt.load_game(f"efg:{place}")
    with pytest.raises(lt.GameError, match="nothing"):
        lt.load_game(tmp_path / "nothing.efg")
    with pytest.raises(lt.UnknownNameError, match="unknown game"):
        lt.load_game(tmp_path / "game.txt")


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.binary(max_size=4),
    st.complex_numbers(), st.lists(st.integers(), max_size=3),
    st.sampled_from([np.int64(7), np.float32(0.5), np.nan, HUGE]),
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_any_name_and_any_parameters_are_a_game_or_our_error(data: st.DataObject) -> None:
    ours = [name for name in lt.games() if not name.startswith("numba")]  # they are compiled anew for each board
    start = data.draw(st.sampled_from([*ours, "openspiel:tic_tac_toe", "openspiel:hex", "efg:", ""]))
    written = data.draw(st.one_of(st.just(""), st.text(max_size=12), st.text("(=,)'\"[]{}1e9-.;abc_", max_size=20)))
    known = sorted(getattr(lt.games()[start], "parameters", ())) if start in lt.games() else ["board_size"]
    keys = st.one_of(st.sampled_from(known), st.text(max_size=5)) if known else st.text(max_size=5)
    parameters = data.draw(st.dictionaries(keys, VALUES, max_size=2))
    try:
        game = lt.load_game(start + written, **parameters)
    except lt.LongthinkError:
        return
    assert lt.load_game(str(game)) == game
