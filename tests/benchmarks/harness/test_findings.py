"""Intervals, tests and comparisons, on records made by hand."""

from __future__ import annotations

from typing import Any

import pytest

from longthink.benchmarks.harness.findings import Findings
from longthink.benchmarks.harness.statistics import paired_p, wilson
from longthink.benchmarks.studies import language
from longthink.benchmarks.studies import old_board as board


def test_wilson_against_published_values() -> None:
    """Newcombe, Statistics in Medicine 1998, table I, method 3."""
    for successes, n, low, high in [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ]:
        assert wilson(successes, n) == pytest.approx((low, high), abs=1e-4)
    assert wilson(0, 0) == (0.0, 1.0)


def test_paired_test() -> None:
    assert paired_p([1, 1, 0], [1, 1, 0]) == 1.0
    assert paired_p([1] * 6 + [0], [0] * 6 + [0]) == pytest.approx(2 / 64)
    assert paired_p([1, 0], [0, 1]) == 1.0


def poker(method: str, *points: tuple[int, float, float]) -> dict[str, Any]:
    rows = [{"iterations": i, "seconds": s, "exploitability": e} for i, s, e in points]
    return {
        "domain": "poker",
        "method": method,
        "config": {"game": "kuhn_poker"},
        "result": {"points": rows, "value": 0.0},
    }


def moves(method: str, budget: int | None, optimal: list[int], seconds: float) -> dict[str, Any]:
    result = {"positions": list(range(len(optimal))), "optimal": optimal, "seconds": [seconds] * len(optimal)}
    return {"domain": "board", "method": method, "config": {"budget": budget}, "result": result}


def solved(method: str, seed: int, tokens: int | None, seconds: float = 1.0) -> dict[str, Any]:
    at = None if tokens is None else {"tokens": tokens, "seconds": seconds}
    return {
        "domain": "language",
        "method": method,
        "config": {"seed": seed},
        "spent": {"tokens": tokens or 500, "seconds": seconds},
        "result": {"correct": tokens is not None, "solved_at": at},
    }


def test_poker_at_equal_iterations_and_seconds() -> None:
    found = Findings(
        [
            poker("longthink cfr", (1, 0.001, 0.5), (10, 0.01, 0.1), (100, 2.0, 0.01)),
            poker("OpenSpiel CFR", (1, 0.01, 0.5), (10, 0.05, 0.1), (50, 1.0, 0.005)),
        ]
    )
    verdicts = {c.at: c.verdict for c in found.comparisons}
    assert verdicts == {"0.1 s": "even", "1 s": "behind"}
    assert found.poker_rows[0].iterations_per_second == 50


def test_poker_is_compared_with_the_exact_method_at_equal_time() -> None:
    found = Findings(
        [
            poker("longthink cfr", (1, 0.001, 0.5), (10, 0.01, 0.1), (100, 2.0, 0.01)),
            poker("linear program (HiGHS)", (8, 0.2, 1e-16)),
        ]
    )
    assert [(c.at, c.our_value, c.verdict) for c in found.comparisons] == [("0.2 s", 0.1, "behind")]


def test_board_shares_and_losses() -> None:
    found = Findings(
        [
            moves(board.OURS, 10, [0] * 10, 0.001),
            moves(board.OURS, 100, [1] * 10, 0.01),
            moves(board.PEER, 10, [1] * 10, 0.02),
            moves(board.EXACT, None, [1] * 10, 0.5),
        ]
    )
    verdicts = {(c.other, c.at): c.verdict for c in found.comparisons}
    assert verdicts[board.PEER, "10 simulations"] == "behind"
    assert verdicts[board.PEER, "0.02 s per move"] == "even"  # ours makes 100 simulations in that time
    assert [row.share for row in found.board_rows if row.method == board.OURS] == [0.0, 1.0]


def test_language_curves() -> None:
    records = [solved(language.OURS, seed, 100 if seed < 6 else None) for seed in range(10)]
    records += [solved("best of n", seed, 400 if seed < 2 else None) for seed in range(10)]
    records += [solved(language.UNIFORM, seed, 0, 0.01) for seed in range(10)]
    found = Findings(records)
    assert found.solved_share(language.OURS, "tokens", 99) == 0
    assert found.solved_share(language.OURS, "tokens", 100) == 0.6
    assert found.solved_share("best of n", "tokens", 300) == 0
    verdicts = {(c.other, c.at): c.verdict for c in found.comparisons}
    assert verdicts["best of n", "300 tokens per problem"] == "ahead"
    assert verdicts[language.UNIFORM, "0.1 s per problem"] == "behind"


def test_nothing_found_in_nothing() -> None:
    found = Findings([])
    assert found.comparisons == []
    assert found.as_dict() == {"poker": [], "board": [], "language": [], "comparisons": []}
