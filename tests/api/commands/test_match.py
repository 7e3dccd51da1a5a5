"""`longthink match`: runs of the study of matches, by name of agents or by the older flags for Go programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from longthink.benchmarks.harness.log import read, same_outcomes
from longthink.commands import main
from tests.benchmarks.harness.matches.fakes import program


@pytest.fixture
def folder(tmp_path: Path) -> list[str]:
    return ["--run-dir", str(tmp_path / "run"), "--concurrency", "1"]


def facts(folder: list[str]) -> list[dict[str, Any]]:
    return [dict(record.facts) for record in read(Path(folder[1]) / "log.jsonl")]


def test_a_match_runs_resumes_and_is_reported(folder: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    words = ["match", "mcts(simulations=100)", "random", "--game", "tic_tac_toe", "--opening", "1", *folder]
    assert main([*words, "--games", "4"]) == 0
    assert "mcts(simulations=100) scored" in capsys.readouterr().out
    assert [each["pair"] for each in facts(folder)] == [0, 1]
    assert main([*words, "--games", "7", "--json"]) == 0
    json.loads(capsys.readouterr().out)
    assert sorted(each["pair"] for each in facts(folder)) == [0, 1, 2, 3]
    assert main(["match", "--summary", "--run-dir", folder[1]]) == 0
    assert "scored" in capsys.readouterr().out
    assert len(facts(folder)) == 4
    assert main(["match", "random", "mcts(simulations=300)", "--game", "tic_tac_toe", "--games", "8", *folder]) == 1


def test_a_continued_match_has_the_records_of_an_uninterrupted_one(tmp_path: Path) -> None:
    words = ["match", "mcts(simulations=60)", "mcts(simulations=30)", "--game", "hex", "--size", "4"]
    for games in ("2", "6"):
        main([*words, "--games", games, "--run-dir", str(tmp_path / "continued")])
    main([*words, "--games", "6", "--run-dir", str(tmp_path / "once")])
    logs = [tmp_path / name / "log.jsonl" for name in ("continued", "once")]
    assert len(read(logs[0])) == 3
    assert same_outcomes(*map(read, logs)) == []


def test_a_sequential_test_ends_a_match(folder: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    words = ["match", "mcts(simulations=200)", "random", "--game", "hex", "--size", "4", "--sprt", "0,200"]
    assert main([*words, "--games", "400", *folder]) == 0
    assert "H1 accepted" in capsys.readouterr().out
    assert 2 <= len(facts(folder)) < 60


def test_programs_of_go(tmp_path: Path, folder: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    passes, resigns = (program(tmp_path, how).removeprefix("gtp:") for how in ("pass", "resign"))
    options = ["--size", "5", "--komi", "0.5", "--games", "2", *folder]
    assert main(["match", "--opponent", resigns, "--engine", passes, *options]) == 0
    (found,) = facts(folder)
    assert found["game"] == "go(board_size=5,komi=0.5)"
    assert found["agents"] == [f"gtp:{passes}", f"gtp:{resigns}"]
    assert main(["match", f"gtp:{resigns}", f"gtp:{passes}", *options]) == 1  # lost
    capsys.readouterr()
    assert main(["match", "--opponent", "/no/such/program", *options]) != 0
    assert "cannot be started" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["random"], "two or more agents"),
        (["random", "random", "--opponent", "gnugo"], "name the agents, or these"),
        (["--engine", "gnugo"], "name the agents, or these"),
        (["random", "random", "--sprt", "5"], "two Elo differences"),
        (["random", "random", "--sprt", "5,0"], "elo0 below elo1"),
        (["random", "random", "--game", "hex(board_size=5)", "--size", "7"], "without parameters"),
        (["random", "rando"], "did you mean"),
        (["random", "random", "random"], "2 players, got 3 agents"),
    ],
)
def test_what_is_refused(words: list[str], message: str, folder: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["match", *words, *folder]) == 2
    assert message in capsys.readouterr().err
