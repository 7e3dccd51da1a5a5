"""`longthink think`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import longthink as lt

Run = Callable[..., tuple[int, str, str]]
AsJson = Callable[..., dict[str, Any]]


def test_numbers_on_the_command_line(run: Run, as_json: AsJson) -> None:
    """After the task, as an option, or in brackets."""
    found = as_json("think", "game24", "4", "6", "8", "8", "--method", "uniform", "--simulations", "5000")
    assert found["correct"]
    assert found["task"] == "game24(numbers=(4, 6, 8, 8))"
    assert lt.load_task("game24", numbers=(4, 6, 8, 8)).check(found["answer"]) == 1.0
    status, out, _ = run("think", "countdown", "3", "5", "7", "--target", "22", "--method", "exhaustive")
    assert status == 0
    assert "(correct)" in out
    for words in (
        ["countdown", "--numbers", "3,5,7", "--target", "22"],
        ["countdown(numbers=(3, 5, 7), target=22)"],
        ["countdown(target=23)", "--target", "22", "--numbers", "(3, 5, 7)"],
    ):
        found = as_json("think", *words, "--method", "exhaustive")
        assert found["task"] == "countdown(numbers=(3, 5, 7), target=22)"


def test_options_of_the_task_and_of_the_method(run: Run, as_json: AsJson) -> None:
    five = as_json("think", "countdown", "--count", "5", "--seed", "3", "--method", "uniform", "--simulations", "1e4")
    assert five["task"] == lt.load_task("countdown", seed=3, count=5).name
    _, out, _ = run("think", "countdown", "--method", "beam", "--help")
    assert "--width" in out
    assert "--max-target" in out
    _, out, _ = run("think", "synthesis", "--help")
    assert "--examples" in out
    assert not any(option in out.partition("Examples:")[0] for option in ("--width", "--max-target", "--base-url"))


def test_options_of_a_method_have_an_effect(run: Run) -> None:
    words = ("think", "countdown", "--seed", "3", "--model", "tiny", "--method", "beam", "--tokens", "300")
    narrow, wide = (json.loads(run(*words, "--width", width, "--json")[1]) for width in ("1", "8"))
    assert narrow["spent"]["tokens"] < wide["spent"]["tokens"]


def test_with_the_embedded_model(run: Run) -> None:
    status, out, err = run("think", "countdown", "3", "5", "7", "--target", "22", "--tokens", "1000", "--show")
    assert status == int("(not correct)" in out or "no answer" in out), err
    assert "visits, prior" in out
    assert "spent:" in out


def test_many_problems_share_a_budget(run: Run, as_json: AsJson, tmp_path: Path) -> None:
    """With a cache, the same command gives the same answers and asks the model nothing."""
    many = ("think", "countdown", "--problems", "4", "--model", "tiny", "--method", "best_first", "--tokens", "500")
    found = as_json(*many, expected=1)  # not all are solved
    assert [row["task"] for row in found["problems"]] == [
        lt.load_task("countdown", seed=seed).name for seed in range(4)
    ]
    assert found["solved"] == sum(row["correct"] for row in found["problems"]) > 0
    assert 500 <= found["spent"]["tokens"] <= 560
    assert sum(row["spent"]["tokens"] for row in found["problems"]) == found["spent"]["tokens"]
    first, again = (as_json(*many, "--cache", str(tmp_path / "answers"), expected=1) for _ in range(2))
    assert first["solved"] == found["solved"] == again["solved"]
    assert again["spent"]["cached_calls"] == again["spent"]["calls"] == first["spent"]["calls"]
    status, out, _ = run(*many, "--show", "--trace", str(tmp_path))
    assert status == 1
    assert f"solved: {found['solved']} of 4" in out
    assert out.count(" tokens ") >= 4
    assert len(list(tmp_path.glob("*.html"))) == 4
