"""Corrections for many comparisons, and what a comparison says."""

from __future__ import annotations

import pytest

from longthink.benchmarks.harness.metrics.verdicts import holm, verdicts
from longthink.benchmarks.harness.section import Comparison, Estimate

pytestmark = pytest.mark.filterwarnings("error")


def comparison(difference: float, p: float | None, higher_is_better: bool = True, size: float = 1.0) -> Comparison:
    ours, other = Estimate(size + difference), Estimate(size)
    return Comparison("score", "1 s", "time", "a", ours, "b", other, Estimate(difference), p, higher_is_better)


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]) == []
    assert holm([0.7, 0.9]) == [1.0, 1.0]


def test_verdicts() -> None:
    cases = [comparison(0.3, 0.01), comparison(-0.3, 0.001), comparison(0.3, 0.2), comparison(-0.3, 0.001, False)]
    assert [verdict for verdict, _ in verdicts(cases)] == ["ahead", "behind", "even", "ahead"]
    exact = [comparison(-0.5, None, False), comparison(0.005, None), comparison(0.0, None, size=0.0)]
    assert verdicts(exact) == [("ahead", None), ("even", None), ("even", None)]


def test_many_comparisons_are_corrected_together() -> None:
    assert verdicts([comparison(0.3, 0.04)]) == [("ahead", pytest.approx(0.04))]
    assert [verdict for verdict, _ in verdicts([comparison(0.3, 0.04)] * 2)] == ["even", "even"]
    exact = [comparison(0.3, 0.04), comparison(0.3, None)]  # those without randomness do not count
    assert [verdict for verdict, _ in verdicts(exact)] == ["ahead", "ahead"]
