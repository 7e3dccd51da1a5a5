"""The command line as a user types it."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

import longthink as lt
from longthink.benchmarks.harness import gtp_match
from longthink.commands.cli import EXAMPLES, main


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = main(list(arguments))
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def as_json(capsys: pytest.CaptureFixture[str], *arguments: str, expected: int = 0) -> dict[str, Any]:
    status, out, err = run(capsys, *arguments, "--json")
    assert status == expected, err
    found: dict[str, Any] = json.loads(out)
    return found


@pytest.mark.parametrize("command", EXAMPLES)
def test_help_has_examples(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main([command, "--help"])
    assert caught.value.code == 0
    assert f"longthink {command}" in capsys.readouterr().out.partition("examples:")[2]


def test_solve_a_poker_game(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    policy = tmp_path / "policy.json"
    found = as_json(capsys, "solve", "kuhn_poker", "--variant", "pcfr+", "--iterations", "500", "--policy", str(policy))
    assert found["values"][0] == pytest.approx(-1 / 18, abs=1e-6)
    assert found["iterations"] == 500
    saved = lt.Policy.load(policy)
    assert lt.exploitability(saved.game, saved) == pytest.approx(found["exploitability"], abs=1e-12)
    status, out, _ = run(capsys, "solve", "leduc_poker", "--until", "0.01")
    assert status == 0
    assert "936 information states" in out
    assert "(exploitability)" in out


def test_solve_exactly(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    policy, file = tmp_path / "policy.json", tmp_path / "kuhn.efg"
    lt.write_efg(lt.load_game("kuhn_poker"), file)
    for game in ("kuhn_poker", f"efg:{file}"):
        found = as_json(capsys, "solve", game, "--method", "lp", "--policy", str(policy))
        assert found["values"][0] == pytest.approx(-1 / 18, abs=1e-12)
        saved = lt.Policy.load(policy)
        assert lt.exploitability(saved.game, saved) == pytest.approx(0, abs=1e-12)
    status, out, _ = run(capsys, "solve", "leduc_poker", "--method", "lp")
    assert status == 0
    assert "-0.085606424" in out


def test_solve_by_sampled_play(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("solve", "kuhn_poker", "--variant", "external", "--iterations", "5000", "--seed", "3")
    found = as_json(capsys, *arguments)
    assert (found["variant"], found["iterations"], found["information_states"]) == ("external", 5000, 12)
    assert found["exploitability"] < 0.05
    assert as_json(capsys, *arguments)["values"] == found["values"]


def test_solve_goes_on_from_a_checkpoint(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    arguments = ["solve", "leduc_poker", "--variant", "pcfr+", "--checkpoint", str(tmp_path / "leduc"), "--iterations"]
    assert as_json(capsys, *arguments, "30")["spent"]["simulations"] == 30
    found = as_json(capsys, *arguments, "50")
    assert (found["iterations"], found["spent"]["simulations"]) == (50, 20)
    assert as_json(capsys, *arguments, "50")["iterations"] == 50
    (tmp_path / "leduc").write_text("something else")
    status, _, error = run(capsys, *arguments, "60")
    assert (status, "it is no checkpoint" in error) == (2, True)


def test_solve_a_board_game(capsys: pytest.CaptureFixture[str]) -> None:
    found = as_json(capsys, "solve", "tic_tac_toe", "--history", "0,3,1,4", "--simulations", "500")
    assert found["best_action"] == 2
    assert found["player"] == 0
    status, out, _ = run(capsys, "solve", "connect_four", "--history", "3,3", "--simulations", "500", "--rule", "puct")
    assert status == 0
    assert "spent:" in out


def test_think_from_the_numbers_on_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    found = as_json(capsys, "think", "game24", "4", "6", "8", "8", "--method", "uniform", "--simulations", "5000")
    assert found["correct"]
    assert lt.load_task("game24", numbers=(4, 6, 8, 8)).check(found["answer"]) == 1.0
    status, out, _ = run(capsys, "think", "countdown", "3", "5", "7", "--target", "22", "--method", "exhaustive")
    assert status == 0
    assert "(correct)" in out


def test_think_with_the_real_model(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run(capsys, "think", "countdown", "3", "5", "7", "--target", "22", "--tokens", "1000", "--show")
    assert status == int("(not correct)" in out or "no answer" in out), err
    assert "visits, prior" in out
    assert "spent:" in out


def test_think_about_many(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """One budget for all; with a cache the same command gives the same, and asks nothing."""
    many = ("think", "countdown", "--problems", "4", "--model", "tiny", "--method", "best_first", "--tokens", "500")
    found = as_json(capsys, *many, expected=1)  # not all are solved
    assert [row["task"] for row in found["problems"]] == [
        lt.load_task("countdown", seed=seed).name for seed in range(4)
    ]
    assert found["solved"] == sum(row["correct"] for row in found["problems"]) > 0
    assert 500 <= found["spent"]["tokens"] <= 560
    assert sum(row["spent"]["tokens"] for row in found["problems"]) == found["spent"]["tokens"]
    first, again = (as_json(capsys, *many, "--cache", str(tmp_path / "answers"), expected=1) for _ in range(2))
    assert first["solved"] == found["solved"] == again["solved"]
    assert again["spent"]["cached_calls"] == again["spent"]["calls"] == first["spent"]["calls"]
    status, out, _ = run(capsys, *many, "--show", "--trace", str(tmp_path))
    assert status == 1
    assert f"solved: {found['solved']} of 4" in out
    assert out.count(" tokens ") >= 4
    assert len(list(tmp_path.glob("*.html"))) == 4


def test_lists(capsys: pytest.CaptureFixture[str]) -> None:
    found = as_json(capsys, "games")
    assert [game["name"] for game in found["games"]] == lt.games().names()
    status, out, _ = run(capsys, "games")
    assert "connect_four(rows=6, columns=7, x_in_row=4)" in out
    assert [task["name"] for task in as_json(capsys, "tasks")["tasks"]] == lt.tasks().names()
    status, out, _ = run(capsys, "tasks")
    assert status == 0
    assert "countdown(" in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["solve", "conect_four"], "did you mean 'connect_four'"),
        (["solve", "kuhn_poker", "--variant", "cfr--"], "did you mean"),
        (["solve", "kuhn_poker", "--history", "1"], "--history does not belong to the method cfr"),
        (["solve", "tic_tac_toe", "--iterations", "20"], "--iterations does not belong to the method search"),
        (["solve", "tic_tac_toe", "--method", "lp", "--seed", "2"], "--seed does not belong to the method lp"),
        (["solve", "leduc_poker", "--seed", "2"], "--seed does not belong to the method cfr"),
        (["solve", "leduc_poker", "--variant", "outcome", "--threads", "2"], "to the sampling variant outcome"),
        (["solve", "leduc_poker", "--every", "2"], "does not belong to a run without --checkpoint"),
        (["solve", "leduc_poker", "--policy", "no folder/policy.json"], "there is no folder"),
        (["play", "kuhn_poker", "--seconds", "2"], "--seconds does not belong to kuhn_poker"),
        (["think", "countdown", "--method", "exhaustive", "--model", "tiny"], "exhaustive, which asks no model"),
        (["think", "countdown", "--base-url", "http://localhost"], "--base-url does not belong to a model in this"),
        (["serve", "--base-url", "http://localhost"], "--base-url does not belong to a model in this process"),
        (["solve", "kuhn_poker(players=3)", "--method", "lp"], "3 players"),
        (["solve", "efg:nothing.efg"], "nothing.efg"),
        (["solve", "connect_four", "--history", "9"], "not legal"),
        (["think", "contdown"], "did you mean 'countdown'"),
        (["think", "countdown", "3", "4", "--target", "7", "--problems", "2"], "generates its problems from --seed"),
        (["think", "countdown", "--problems", "0"], "whole number from 1, got 0"),
        (["think", "countdown", "--method", "mtcs", "--model", "missing.gguf"], "did you mean 'mcts'"),
        (["think", "countdown", "--kinds", "stop", "--model", "missing.gguf"], "did you mean 'step'"),
        (["think", "countdown", "--option", "rules=uct", "--model", "missing.gguf"], "did you mean 'rule'"),
        (["serve", "--task", "contdown", "--model", "missing.gguf"], "did you mean 'countdown'"),
        (["think", "game24", "1", "2", "3", "--model", "missing.gguf"], "no model file"),
        (["play", "tic_tac_toe", "--player", "5"], "expects 0..1"),
        (["compare", "quik"], "did you mean 'quick'"),
        (["match", "--opponent", "/no/such/program", "--run-dir", "/dev/null/run"], "cannot be made"),
        (["match", "--opponent", "x", "--games", "1.5"], "--games: expects a whole number from 0, got '1.5'"),
        (["serve", "--port", "99999"], "--port: expects a whole number from 0 to 65535, got 99999"),
        (["solve", "leduc_poker", "--seconds", "nan"], "--seconds: expects a number above 0, got nan"),
        (["solve", "leduc_poker", "--seed", "1e19"], "--seed: expects a whole number from 0 to"),
        (["gtp", "--resign", "2"], "--resign: expects a number from 0 to 1, got 2"),
        (["solv"], "invalid choice: 'solv'"),
    ],
)
def test_errors_are_one_line(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run(capsys, *arguments)
    assert status == 2
    assert words in err
    assert err.startswith("longthink: ")
    assert err.count("\n") == 1
    assert out == ""


# ---- Exit codes (docs/command_line.md) ----


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["solve", "kuhn_poker", "--iterations", "1e1", "--until", "1e-9"], "10 iterations"),
        (["solve", "leduc_poker", "--method", "lp", "--seconds", "1e-9"], "not enough"),
        (["think", "countdown", "3", "5", "--target", "7", "--method", "exhaustive"], "no answer"),
        (["think", "countdown", "3", "5", "--target", "7", "--method", "greedy", "--model", "tiny"], "tokens"),
    ],
)
def test_what_is_not_solved_ends_with_1(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run(capsys, *arguments)
    assert (status, words in out + err) == (1, True)


@pytest.mark.parametrize(
    ("found", "status"),
    [
        ({"games": 2, "wins": 2.0}, 0),
        ({"games": 2, "wins": 1.0}, 0),
        ({"games": 4, "wins": 1.0}, 1),
        ({"games": 4, "wins": 3.0, "failed": 1}, 1),
        ({"games": 0, "wins": 0}, 1),
    ],
)
def test_a_match_that_is_lost_or_not_played_ends_with_1(
    found: dict[str, Any], status: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(gtp_match, "play_match", lambda *arguments, **options: found)
    assert run(capsys, "match", "--opponent", "someone", "--games", "1e1", "--json")[0] == status


@pytest.mark.parametrize(
    "arguments",
    [
        ["solve", "leduc_poker", "--iterations", "1e12"],
        ["solve", "leduc_poker", "--iterations", "1e12", "--variant", "external"],
        ["solve", "connect_four", "--simulations", "1e12"],
        [
            "think",
            "countdown",
            "3",
            "6",
            "9",
            "--target",
            "200",
            "--model",
            "tiny",
            "--calls",
            "1e9",
            "--method",
            "best_of_n",
        ],
        ["think", "countdown", "--problems", "1e4", "--model", "tiny", "--tokens", "1e9", "--method", "best_first"],
    ],
)
def test_ctrl_c_ends_with_130(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    timer = threading.Timer(0.5, signal.raise_signal, [signal.SIGINT])
    timer.start()
    try:
        status, _, err = run(capsys, *arguments)
    finally:
        timer.cancel()
    assert status == 130, err


def shell(line: str) -> tuple[int, str]:
    """Run a line of shell in which `longthink` is this one: its exit code, and what is said on the standard error."""
    line = line.replace("longthink", f"{sys.executable} -m longthink")
    done = subprocess.run(["bash", "-c", line], stderr=subprocess.PIPE, text=True, timeout=120, check=False)
    return done.returncode, done.stderr


def test_output_that_nobody_reads_is_no_error() -> None:
    assert shell("set -o pipefail; longthink games | true") == (0, "")
    assert shell("longthink games >&-") == (0, "")
    assert shell("longthink gtp <&- >&-") == (0, "")
    assert shell("longthink solve nothing 2>&-") == (2, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_output_that_cannot_be_written() -> None:
    for command in ("games", "solve kuhn_poker --json"):
        status, said = shell(f"longthink {command} > /dev/full")
        assert (status, said.count("\n")) == (2, 1)
        assert "No space left on device" in said
    assert shell("longthink solve nothing 2> /dev/full") == (2, "")


def test_a_port_in_use(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        status, _, err = run(capsys, "serve", "--port", str(port), "--model", "missing.gguf")
    assert (status, err.count("\n")) == (2, 1)
    assert "Address already in use" in err


# ---- Play ----


def play(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], answers: list[str], *arguments: str
) -> str:
    lines = iter(answers)

    def answer(prompt: str) -> str:
        try:
            return next(lines)
        except StopIteration:
            raise EOFError from None

    monkeypatch.setattr("builtins.input", answer)
    status, out, err = run(capsys, "play", *arguments)
    assert status == int("you lose" in out or "you resign" in out), err
    return out


def test_play_a_whole_game(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    answers = [str(action) for _ in range(9) for action in range(9)]  # what is not legal is asked again
    out = play(monkeypatch, capsys, answers, "tic_tac_toe", "--simulations", "300", "--show")
    assert "visits" in out
    assert "is not among" in out
    assert "you lose" in out or "a draw" in out or "you win" in out


def test_play_hint_undo_quit(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    out = play(
        monkeypatch, capsys, ["undo", "hint", "help", "x3", "undo", "quit"], "connect_four", "--simulations", "200"
    )
    assert "nothing to undo" in out
    assert "the search would play x" in out
    assert "stopped" in out


def test_play_poker_shows_only_your_own_card(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = play(monkeypatch, capsys, ["Pass", "Pass", "Pass"], "kuhn_poker", "--player", "1")
    assert "average strategy of CFR+" in out
    assert "exploitability" in out.splitlines()[0]
    before_the_end = out[: out.index("you ")].splitlines()[:-1]
    assert "0p" in before_the_end  # its own card and what was bet; the other card is shown when all is over
    assert not any(line.startswith("1 0") for line in before_the_end[:-1])


# ---- The package ----


def test_every_public_name_is_there() -> None:
    for name in lt.__all__:
        assert getattr(lt, name) is not None
    assert set(lt.__all__) <= set(dir(lt))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        lt.nothing  # noqa: B018


def test_import_is_light() -> None:
    """Numba, OpenSpiel, model runtimes and plotting come only where they are needed."""
    program = (
        "import sys, longthink as lt; g = lt.load_game('kuhn_poker'); lt.CFR(g); lt.MCTS; lt.load_task\n"
        "heavy = ('numba', 'pyspiel', 'xllamacpp', 'matplotlib', 'scipy', 'reasoning_gym', 'httpx')\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_python_m_longthink() -> None:
    done = subprocess.run([sys.executable, "-m", "longthink", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("longthink ")
