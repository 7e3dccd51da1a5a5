"""How every program ends: errors in one line, exit codes."""

from __future__ import annotations

import pytest

import longthink as lt
from longthink.command_line import INTERRUPTED, WRONG_USE, run


@pytest.mark.parametrize(
    ("error", "status", "text"),
    [
        (lt.ParameterError("two\nlines"), WRONG_USE, "program: two lines"),
        (FileNotFoundError(2, "No such file", "x"), WRONG_USE, "program: [Errno 2] No such file: 'x'"),
        (MemoryError(), WRONG_USE, "program: there is not enough memory"),
        (KeyboardInterrupt(), INTERRUPTED, "program: interrupted"),
    ],
)
def test_errors_end_in_a_line_and_a_code(
    error: BaseException, status: int, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def command() -> int:
        raise error

    assert run("program", command) == status
    assert capsys.readouterr().err == text + "\n"


def test_a_fault_of_the_program_is_not_hidden() -> None:
    def command() -> int:
        raise KeyError("a fault")

    with pytest.raises(KeyError):
        run("program", command)
