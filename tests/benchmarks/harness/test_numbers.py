"""How a report writes numbers."""

from __future__ import annotations

import math

import pytest

from longthink.benchmarks.harness.numbers import MINUS, cell, duration, estimate, full, number, p_value
from longthink.benchmarks.harness.section import Estimate


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"), (7, "7"), (12_345, "12,345"), (49_299_712, "49,299,712"), (49_299_712.0, "49.3M"),
        (0.12345, "0.123"), (12.345, "12.3"), (1234.5, "1,234"),
        (-0.5, "-0.500"), (1.2345e-5, "1.23e-5"), (3e20, "3.00e20"), (math.nan, "not known"),
        (math.inf, "∞"), (-math.inf, "-∞"),
    ],
)  # fmt: skip
def test_numbers(value: float, text: str) -> None:
    assert number(value).replace(MINUS, "-") == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Estimate(0.8333, 0.751, 0.892, 60, "%"), "83% [75, 89] n=60"),
        (Estimate(0.8333, 0.81, 0.86, 2000, "%"), "83.3% [81.0, 86.0] n=2,000"),
        (Estimate(1.0, 0.94, 1.0, 60, "%"), "100% [94, 100] n=60"),
        (Estimate(0.0012, 0.001, 0.0014, unit="s"), "1.20 ms [1.00, 1.40]"),
        (Estimate(2.5e-7, unit="s"), "0.250 µs"),
        (Estimate(120.4, 90, 150, 40, "Elo"), "120 Elo [90, 150] n=40"),
        (Estimate(1.2e-4), "1.20e-4"),
        (Estimate(49_299_712, 999_000, 1.2e9), "49.3M [999,000, 1.20B]"),
        (Estimate(0.5, -math.inf, math.inf), "0.500 [-∞, ∞]"),
        (Estimate(math.nan, n=0), "not known n=0"),
        (Estimate(1.5, unit="bits"), "1.50 bits"),
    ],
)
def test_estimates(value: Estimate, text: str) -> None:
    assert full(value).replace(MINUS, "-") == text
    assert cell(value).replace(MINUS, "-") == text


def test_differences_have_a_sign() -> None:
    assert full(Estimate(0.13, 0.05, 0.21, 60, "%"), signed=True) == "+13 points [+5, +21] n=60"
    assert full(Estimate(-0.02, -0.05, 0.001, 60, "%"), signed=True) == f"{MINUS}2 points [{MINUS}5, +0.1] n=60"
    assert estimate(Estimate(35.0, unit="Elo"), signed=True) == "+35 Elo"


def test_durations() -> None:
    assert [duration(s) for s in (0, 5e-6, 0.02, 59, 1800, 90_000)] == [
        "0 µs", "5 µs", "20 ms", "59 s", "30 min", "25 h",
    ]  # fmt: skip


def test_p_values() -> None:
    assert [p_value(p) for p in (None, 1e-9, 0.0123, 0.5, 1.0)] == ["exact", "< 0.001", "0.012", "0.50", "1.00"]
