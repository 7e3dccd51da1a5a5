"""Go in the terminal: the board, and a game that is typed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from longthink.commands import main
from longthink.games.go.game import action_of
from longthink.go.terminal import PLAIN, draw, star_points

GAME = "go(board_size=5, komi=0.5)"


def play(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    answers: list[str],
    game: str = GAME,
    *options: str,
) -> str:
    lines = iter(answers)

    def answer(prompt: str) -> str:
        print(prompt, end="")
        try:
            return next(lines)
        except StopIteration:
            raise EOFError from None

    monkeypatch.setattr("builtins.input", answer)
    status = main(["play", game, "--simulations", "300", *options])
    out = capsys.readouterr().out
    assert status == (1 if "you lose" in out or "you resign" in out else 0)
    return out


def test_the_board() -> None:
    stones = np.zeros(81, np.int8)
    stones[action_of(9, "D4")], stones[action_of(9, "E4")], stones[action_of(9, "J9")] = 1, -1, 1
    owner = np.zeros(81, np.int8)
    owner[action_of(9, "A1")] = -1
    marks = {action_of(9, "B2"): "1"}
    text = draw(stones, last=action_of(9, "E4"), marks=marks, owner=owner, side_lines=["hello"], signs=PLAIN)
    assert text.splitlines() == [
        "    A B C D E F G H J",
        " 9  . . . . . . . . X  9    hello",
        " 8  . . . . . . . . .  8",
        " 7  . . + . . . + . .  7",
        " 6  . . . . . . . . .  6",
        " 5  . . . . + . . . .  5",
        " 4  . . . X(O). . . .  4",
        " 3  . . + . . . + . .  3",
        " 2  . 1 . . . . . . .  2",
        " 1  o . . . . . . . .  1",
        "    A B C D E F G H J",
    ]
    coloured = draw(stones, last=action_of(9, "J9"), colours=True)
    assert "\x1b[48;5;179m" in coloured
    assert draw(stones, last=action_of(9, "J9"), signs=PLAIN).splitlines()[1] == " 9  . . . . . . . .(X) 9"


@pytest.mark.parametrize(("size", "count"), [(2, 0), (7, 4), (8, 4), (9, 5), (13, 9), (19, 9), (25, 9)])
def test_star_points(size: int, count: int) -> None:
    assert len(star_points(size)) == count


def test_a_game(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "game.sgf"
    words = ["help", "c3", "C3", "z9", "hint", "opinion", "score", f"save {file}", "save", "save /no/such/x", "undo"]
    out = play(monkeypatch, capsys, [*words, "undo", "b2", "resign"])
    assert out.count("you are Black") >= 2
    assert "C3 is taken" in out
    assert "'z9' is neither a point nor a command" in out
    assert "the search would play" in out
    assert "1. " in out
    assert "visits" in out
    assert "if the game ended here: " in out
    assert f"saved {file}" in out
    assert out.count("not saved") == 2
    assert "nothing to undo" in out
    assert "White plays" in out
    assert out.endswith("you resign\n")
    assert ";B[cc]" in file.read_text()
    assert "PB[you]PW[longthink]" in file.read_text()


def test_the_end_is_counted(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    game = "go(board_size=5, komi=24.5)"  # White has won before it begins, and says so by passing
    out = play(monkeypatch, capsys, ["c3", "pass", "pass", "pass", "pass"], game)
    assert "White passes" in out
    assert "you lose" in out or "you win" in out


def test_a_hint_does_not_fill_territory(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    game = "go(board_size=5, komi=0.5, scoring=territory)"
    walls = ["b1", "b2", "b3", "b4", "b5", "a3", "c3"]
    monkeypatch.setattr("longthink.go.terminal.GoConsole.choose", lambda self, state: 25)  # White passes
    assert "the search would pass" in play(monkeypatch, capsys, [*walls, "hint", "quit"], game)


def test_playing_white_with_a_handicap(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    out = play(monkeypatch, capsys, ["e5", "quit"], "go(board_size=9, handicap=4)", "--player", "1", "--show")
    assert "you are White" in out
    assert "move 1: White's turn" in out
    assert "Black plays" in out
    assert out.endswith("stopped\n")
