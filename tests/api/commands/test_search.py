"""`longthink search`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Run = Callable[..., tuple[int, str, str]]
AsJson = Callable[..., dict[str, Any]]


def test_the_winning_action(as_json: AsJson) -> None:
    found = as_json("search", "tic_tac_toe", "--history", "0,3,1,4", "--simulations", "500")
    assert (found["best_action"], found["player"], found["history"]) == (2, 0, [0, 3, 1, 4])


def test_the_output_for_people(run: Run) -> None:
    words = ("--history", "3,3", "--rule", "puct", "--simulations", "500", "--seed", "7")
    status, out, _ = run("search", "connect_four", *words)
    assert status == 0
    assert "best: " in out
    assert "spent: 500 simulations" in out
    assert "x_in_row=3" in run("search", "connect_four", "--x-in-row", "3", "--simulations", "5", "--json")[1]
