"""What all command lines share: numbers, errors, exit codes."""

from __future__ import annotations

import argparse

import pytest

import longthink as lt
from longthink.command_line import INTERRUPTED, WRONG_USE, real_option, run, whole_option


def test_whole_numbers_may_be_written_as_people_write_them() -> None:
    for text in ("100000", "1e5", "1E+5", "100_000", "100000.0", " 0.1e6 "):
        assert whole_option(1)(text) == 100_000
    exact = whole_option(0)("12345678901234567891")
    assert (exact, type(exact)) == (12345678901234567891, int)


@pytest.mark.parametrize("text", ["1.5", "1e-4", "x", "", "inf", "nan", "1e999999999", "1,000", "0", "101"])
def test_what_is_no_whole_number_is_said(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match=r"^expects a whole number from 1 to 100, got "):
        whole_option(1, 100)(text)


@pytest.mark.parametrize("text", ["x", "", "inf", "nan", "0", "-1", "1e999"])
def test_what_is_no_number_is_said(text: str) -> None:
    assert real_option(0, above=True)("1e-4") == 1e-4
    with pytest.raises(argparse.ArgumentTypeError, match=r"^expects a number above 0, got "):
        real_option(0, above=True)(text)


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (lt.ParameterError("two\nlines"), WRONG_USE, "program: two lines"),
        (FileNotFoundError(2, "No such file", "x"), WRONG_USE, "program: [Errno 2] No such file: 'x'"),
        (MemoryError(), WRONG_USE, "program: there is not enough memory"),
        (KeyboardInterrupt(), INTERRUPTED, "program: interrupted"),
    ],
)
def test_errors_end_in_a_line_and_a_code(
    error: BaseException, status: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def command() -> int:
        raise error

    assert run("program", command) == status
    assert capsys.readouterr().err == words + "\n"


def test_an_error_of_ours_in_the_program_is_not_hidden() -> None:
    def command() -> int:
        raise KeyError("a fault")

    with pytest.raises(KeyError):
        run("program", command)
