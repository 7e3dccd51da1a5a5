"""`longthink games`, `tasks`, `models`, `methods`, `kinds`, `tools`, `verifiers` and `studies`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import longthink as lt
from longthink.commands.registered import option_texts

Run = Callable[..., tuple[int, str, str]]
AsJson = Callable[..., dict[str, Any]]


@pytest.mark.parametrize(
    "sort", ["games", "tasks", "models", "methods", "kinds", "tools", "verifiers", "agents", "studies"]
)
def test_everything_registered_is_listed(sort: str, run: Run, as_json: AsJson) -> None:
    rows = as_json(sort)[sort]
    assert [row["name"] for row in rows] == getattr(lt, sort)().names()
    assert all(row["summary"] for row in rows)
    status, out, _ = run(sort)
    assert status == 0
    assert all(row["name"] in out for row in rows)
    one = rows[0]["name"]
    assert as_json(sort, one)[sort] == rows[:1]
    assert run(sort, one)[1].startswith(one)


def test_options_are_listed_with_their_defaults(run: Run) -> None:
    assert run("games", "connect_four")[1].startswith("connect_four(rows=6, columns=7, x_in_row=4)\n")
    assert "min_target=100" in run("tasks", "countdown")[1]
    assert "beam(width=5)" in run("methods")[1]


def test_one_name_is_listed_with_texts_about_its_options(run: Run) -> None:
    assert "  board_size\n    From 2 to 25." in run("games", "go")[1]
    assert "  width\n" in run("methods", "tree_of_thoughts")[1]
    assert "from 1 to `max_value`" in run("think", "countdown", "--help")[1]


def test_texts_about_options_in_a_docstring() -> None:
    doc = """A thing. size: not this one.

    size, depth: how large,
    and how deep. rule: a rule, as `UCT(c=1)`. `other`: nothing.

    Raises `ParameterError` for size: never."""
    assert option_texts(doc, ["size", "depth", "rule", "width"]) == {
        "size": "Never.",
        "depth": "How large, and how deep.",
        "rule": "A rule, as `UCT(c=1)`. `other`: nothing.",
    }
    assert option_texts("seed: a seed. Raises `ParameterError` for others.", ["seed"]) == {"seed": "A seed."}
    assert option_texts("x: y", []) == {}


def test_models(run: Run) -> None:
    _, out, _ = run("models")
    assert all(name in out for name in ("smollm2", "tiny", "openai:", ".gguf", ".onnx"))
    assert "base_url" in run("models", "openai:x")[1]
