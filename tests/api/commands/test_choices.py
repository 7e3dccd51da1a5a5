"""Options that depend on a choice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

import pytest

from longthink.commands.choices import Choice, Chosen, specialise, word
from longthink.options import names, option, run_program


def run(function: Callable[..., int | None], *words: str) -> int:
    return run_program("some.program", function, words)


def think(
    task: Annotated[str, option("A task.")],
    /,
    *,
    method: Annotated[Literal["beam", "other"], option("A method.")] = "beam",
    model: Annotated[str, option("A model.")] = "tiny",
    kinds: Annotated[tuple[str, ...], names("Kinds.")] = (),
    task_options: Chosen = None,
    method_options: Chosen = None,
) -> None:
    """Print everything."""
    print(task, method, model, kinds, task_options, method_options)


TASK = Choice("the task", {"numbers": None, "target": None, "playouts": True, "model": "x"}, words="numbers")
METHOD = Choice("the method beam", {"width": 5, "rule": "puct", "target": 3})


@pytest.mark.parametrize(
    ("words", "printed"),
    [
        (["t"], "t beam tiny () {} {}"),
        (["t", "3", "4"], "t beam tiny () {'numbers': (3, 4)} {}"),
        (["t", "--numbers", "3,4"], "t beam tiny () {'numbers': (3, 4)} {}"),
        (["t", "--no-playouts"], "t beam tiny () {'playouts': False} {}"),
        (["t", "--width", "1e1", "--model", "m"], "t beam m () {} {'width': 10}"),
        (["t", "--rule", "007", "--kinds", "a,b"], "t beam tiny ('a', 'b') {} {'rule': '007'}"),
        (["t", "--target", "7"], "t beam tiny () {'target': 7} {}"),
    ],
)
def test_options_of_choices(words: list[str], printed: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each choice gets its own options, and options without a value are left out. The first of equal names counts."""
    command = specialise(think, {"task_options": TASK, "method_options": METHOD})
    assert run(command, *words) == 0
    assert capsys.readouterr().out == printed + "\n"


def test_options_that_a_choice_does_not_take(capsys: pytest.CaptureFixture[str]) -> None:
    choices = {"task_options": Choice("task", {}), "method_options": METHOD}
    command = specialise(think, choices, {"model": "the method beam", "rule": "this test"})
    assert run(command, "t", "--width", "3") == 0
    assert capsys.readouterr().out == "t beam tiny () {} {'width': 3}\n"
    for name, why in (("--model", "the method beam"), ("--rule", "this test")):
        assert run(command, "t", f"{name}=x") == 2
        assert f"program: {name} does not belong to {why}; leave it out" in capsys.readouterr().err
    assert run(command, "t", "--numbers", "3") == 2
    assert "unknown option '--numbers'" in capsys.readouterr().err


def test_help_has_the_options_of_choices(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(specialise(think, {"task_options": TASK, "method_options": METHOD}), "--help") == 0
    out = capsys.readouterr().out
    assert "Options of the method beam" in out
    assert "--width INT" in out
    assert "default: 5" in out
    assert "--task-options" not in out


def test_a_word_is_found_before_the_line_is_read() -> None:
    assert word(["t", "--method", "beam"], "--method", "mcts") == "beam"
    assert word(["t", "--method=beam"], "--method", "mcts") == "beam"
    assert word(["t", "--method"], "--method", "mcts") == "mcts"
