"""`longthink play`. Go has its own board: tests/api/go/test_terminal.py."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., tuple[int, str, str]]
Type = Callable[[list[str]], None]
Play = Callable[..., str]


@pytest.fixture
def play(run: Run, answers: Type) -> Play:
    """Plays a game by typing lines; returns the output."""

    def play_game(lines: list[str], *words: str) -> str:
        answers(lines)
        status, out, err = run("play", *words)
        assert status == int("you lose" in out or "you resign" in out), err
        return out

    return play_game


def test_a_whole_game(play: Play) -> None:
    lines = [str(action) for _ in range(9) for action in range(9)]  # after an illegal action the question is repeated
    out = play(lines, "tic_tac_toe", "--simulations", "300", "--show")
    assert "visits" in out
    assert "is not one of" in out
    assert "you lose" in out or "a draw" in out or "you win" in out


def test_hint_undo_quit(play: Play) -> None:
    out = play(["undo", "hint", "help", "x3", "undo", "quit"], "connect_four", "--simulations", "200")
    assert "nothing to undo" in out
    assert "the search would play x" in out
    assert out.endswith("stopped\n")


def test_poker_shows_only_your_own_card(play: Play) -> None:
    out = play(["Pass", "Pass", "Pass"], "kuhn_poker", "--player", "1")
    assert "average strategy of CFR+" in out
    assert "exploitability" in out.splitlines()[0]
    before_the_end = out[: out.rindex("you ")].splitlines()[:-1]
    assert "0p" in before_the_end  # its own card and the bets; the other card is shown at the end
    assert not any(line.startswith("1 0") for line in before_the_end[:-1])


def test_opinion_and_save(play: Play, tmp_path: Path) -> None:
    out = play(["opinion", f"save {tmp_path}/x", "0", "resign"], "tic_tac_toe", "--simulations", "300")
    assert "visits" in out
    assert (tmp_path / "x").read_text() == "\n"
    assert out.endswith("you resign\n")
    assert "%" in play(["opinion", "quit"], "kuhn_poker")


def test_parameters_of_the_game(play: Play) -> None:
    assert "6=x(0,6)" not in play(["quit"], "connect_four", "--columns", "5")
    assert play(["quit"], "nim", "--pile-sizes", "1;2", "--simulations", "10").endswith("stopped\n")
