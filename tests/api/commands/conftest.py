"""The command line as a user types it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from longthink.commands import main

Run = Callable[..., tuple[int, str, str]]
AsJson = Callable[..., dict[str, Any]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command; returns its exit code, its output and its error output."""

    def run_command(*words: str) -> tuple[int, str, str]:
        status = main(list(words))
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run_command


@pytest.fixture
def as_json(run: Run) -> AsJson:
    """Runs a command with --json, checks its exit code, and returns the printed object."""

    def run_command(*words: str, expected: int = 0) -> dict[str, Any]:
        status, out, err = run(*words, "--json")
        assert status == expected, err
        found: dict[str, Any] = json.loads(out)
        return found

    return run_command


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Callable[[list[str]], None]:
    """Types lines at the terminal; when they are used up, the input ends."""

    def type_lines(lines: list[str]) -> None:
        left = iter(lines)

        def answer(prompt: str) -> str:
            print(prompt, end="")
            try:
                return next(left)
            except StopIteration:
                raise EOFError from None

        monkeypatch.setattr("builtins.input", answer)

    return type_lines
