"""Checks of numbers from users, of Python and of NumPy.

Each function returns a plain Python number, so the code that calls it never handles NumPy scalars. This module imports
only `longthink.errors`: every room may use it.
"""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from longthink.errors import ParameterError

SEED_LIMIT = 2**63
"""Seeds are whole numbers below this limit."""


def whole_number(name: str, value: Any, least: int, most: float = math.inf) -> int:
    """`value` as an `int` in `least`..`most`, from an integer of Python or NumPy.

    Raises `ParameterError`, with `name` in its text, for anything else; a bool is not a number.
    """
    if type(value) is int and least <= value <= most:  # the usual case, ten times faster
        return value
    expected = f"{name} expects a whole number {_interval(least, most)}"
    if isinstance(value, (bool, np.bool_)):
        raise ParameterError(f"{expected}, got {value!r}")
    try:
        number = operator.index(value)
    except TypeError:
        raise ParameterError(f"{expected}, got {shown(value)}") from None
    if not least <= number <= most:
        raise ParameterError(f"{expected}, got {shown(number)}")
    return number


def seed_number(value: Any) -> int:
    """`value` as a seed in 0..2^63-1. Raises `ParameterError`."""
    return whole_number("seed", value, 0, SEED_LIMIT - 1)


def real_number(name: str, value: Any, least: float, most: float = math.inf, *, above: bool = False) -> float:
    """`value` as a finite `float` in `least`..`most`, from a number of Python or NumPy.

    above: `least` itself is not allowed.

    Raises `ParameterError`, with `name` in its text, for anything else; a bool is not a number.
    """
    if type(value) is float and least < value <= most and value != math.inf:  # the usual case
        return value
    expected = f"{name} expects a number {_interval(least, most, above)}"
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise ParameterError(f"{expected}, got {shown(value)}")
    try:
        number = float(value)
    except OverflowError:
        raise ParameterError(f"{expected}, got one that no float can hold") from None
    if not math.isfinite(number) or not least <= number <= most or (above and number == least):
        raise ParameterError(f"{expected}, got {number}")
    return number


def shown(value: Any, length: int = 80) -> str:
    """`repr(value)` for an error message, cut at `length` characters; it never raises."""
    try:
        text = repr(value)
    except Exception:
        text = f"<{type(value).__name__}, whose repr raises>"
    return text if len(text) <= length else text[: length - 3] + "..."


def _interval(least: float, most: float, above: bool = False) -> str:
    if least == -math.inf and most == math.inf:
        return "that is finite"
    start = f"above {least:g}" if above else f"from {least:g}"
    return start if most == math.inf else f"{start} to {_exact(most)}"


def _exact(number: float) -> str:
    return str(number) if isinstance(number, int) else f"{number:g}"
