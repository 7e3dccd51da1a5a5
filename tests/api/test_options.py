"""Options of a command line: how values are written, checked and refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import pytest

from longthink.options import real, run_program, value, whole


def run(function: Callable[..., None], *words: str) -> int:
    return run_program("some.program", function, words)


def whole_main(
    number: Annotated[int, whole("A number.", 1, 100_000)] = 1,
    /,
    *,
    exact: Annotated[int, whole("A number.", 0)] = 0,
    several: Annotated[tuple[int, ...], whole("Numbers.", 1)] = (1, 2),
) -> None:
    """Print numbers."""
    print(number, exact, several)


def test_whole_numbers_may_be_written_as_people_write_them(capsys: pytest.CaptureFixture[str]) -> None:
    for text in ("100000", "1e5", "1E+5", "100_000", "100000.0", " 0.1e6 "):
        assert run(whole_main, text) == 0
        assert capsys.readouterr().out == "100000 0 (1, 2)\n"
    assert run(whole_main, "--exact", "12345678901234567891", "--several", "3,4", "--several", "5") == 0
    assert capsys.readouterr().out == "1 12345678901234567891 (3, 4, 5)\n"


@pytest.mark.parametrize("text", ["1.5", "1e-4", "x", "", "inf", "nan", "1e999999999", "1,000", "0", "100001"])
def test_other_texts_are_not_whole_numbers(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(whole_main, text) == 2
    error = capsys.readouterr().err
    assert error.startswith("program: NUMBER expects a whole number from 1 to 100000, got ")
    assert error.endswith("; see: python -m some.program --help\n")


@pytest.mark.parametrize("text", ["x", "", "inf", "nan", "0", "-1", "1e999"])
def test_texts_that_are_not_a_number_above_0(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    def main(*, seconds: Annotated[float, real("Time.", 0, above=True)] = 1.0) -> None:
        """Print a time."""
        print(seconds)

    assert run(main, "--seconds", "1e-4") == 0
    assert capsys.readouterr().out == "0.0001\n"
    assert run(main, "--seconds", text) == 2
    assert "--seconds expects a number above 0, got " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("8", 8),
        ("1e5", 100_000),
        ("0.5", 0.5),
        ("3,5,7", (3, 5, 7)),
        ("(3, 5)", (3, 5)),
        ("[1, 2]", [1, 2]),
        ("true", True),
        ("True", True),
        ("None", None),
        ('{"top_k": 20, "flag": false}', {"top_k": 20, "flag": False}),
        ("'a text'", "a text"),
        ("a text", "a text"),
        ("[" * 100_000, "[" * 100_000),
    ],
)
def test_values_of_any_type(text: str, expected: Any) -> None:
    assert value(text) == expected
    assert type(value(text)) is type(expected)
