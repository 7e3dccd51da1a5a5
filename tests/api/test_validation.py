"""Numbers of Python and NumPy are accepted alike; everything else gets an error that says what was expected."""

import math

import numpy as np
import pytest

from longthink.errors import ParameterError
from longthink.validation import real_number, seed_number, shown, whole_number


@pytest.mark.parametrize("kind", [int, np.int8, np.int64, np.uint8, np.uint64])
def test_whole_numbers(kind):
    number = whole_number("threads", kind(5), 1, 1024)
    assert (type(number), number) == (int, 5)
    assert type(seed_number(kind(5))) is int


@pytest.mark.parametrize("value", [True, np.True_, 5.0, np.float64(5), "5", None, 0, 1025, [5]])
def test_what_is_no_whole_number(value):
    with pytest.raises(ParameterError, match="threads expects a whole number from 1 to 1024, got"):
        whole_number("threads", value, 1, 1024)


@pytest.mark.parametrize("value", [0.5, np.float32(0.5), np.float64(0.5)])
def test_real_numbers(value):
    number = real_number("c", value, 0)
    assert (type(number), number) == (float, 0.5)
    assert real_number("c", np.int64(2), 0) == 2.0


@pytest.mark.parametrize("value", [True, "0.5", None, math.nan, math.inf, -1, 1j, 10**400])
def test_what_is_no_real_number(value):
    with pytest.raises(ParameterError, match="c expects a number from 0, got"):
        real_number("c", value, 0)


def test_bounds_that_are_not_included():
    with pytest.raises(ParameterError, match="seconds expects a number above 0, got 0"):
        real_number("seconds", 0, 0, above=True)


def test_seeds_are_exact_at_the_limit():
    assert seed_number(2**63 - 1) == 2**63 - 1
    with pytest.raises(ParameterError, match="from 0 to 9223372036854775807, got 9223372036854775808"):
        seed_number(2**63)


def test_shown_cuts_and_never_raises():
    class Broken:
        def __repr__(self):
            raise RuntimeError

    assert shown("x" * 1000).endswith("...")
    assert "Broken" in shown(Broken())
