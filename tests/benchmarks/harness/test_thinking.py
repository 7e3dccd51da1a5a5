"""A case that thinks: what its outcome holds, and that unfinished thinking has none."""

from __future__ import annotations

import json

import pytest

import longthink as lt
from longthink.benchmarks.harness.study import Context
from longthink.benchmarks.harness.thinking import think_case

TASK = lt.load_task("countdown", seed=0)


def test_an_outcome_says_whether_and_when_it_was_solved() -> None:
    shares: list[float] = []
    model = lt.load_model("tiny")
    solved = think_case(TASK, model, lt.Budget(tokens=5_000), Context(shares.append), method="best_first", trace=True)
    assert solved.scores == {"solved": 1.0, "value": 1.0}
    (point,) = solved.curve
    assert point["solved"] == 1.0
    assert 0 < point["tokens"] <= solved.spent["tokens"]
    assert solved.spent["cpu_seconds"] > 0
    assert solved.artifacts["prompt"] == TASK.prompt
    assert solved.artifacts["proposals"]["step"] > 0
    assert {"answer", "stopped_by", "trace"} <= set(solved.artifacts)
    json.dumps(solved.artifacts, allow_nan=False)
    assert shares == sorted(shares)
    assert 0 < shares[-1] <= 1
    unsolved = think_case(TASK, model, lt.Budget(tokens=10), Context(), method="best_first")
    assert unsolved.scores["solved"] == 0.0
    assert not unsolved.curve
    assert unsolved.artifacts["stopped_by"] == "tokens"
    assert "trace" not in unsolved.artifacts


def test_cancelled_thinking_has_no_outcome() -> None:
    context = Context()
    context.cancel.cancel()
    with pytest.raises(KeyboardInterrupt):
        think_case(TASK, lt.load_model("tiny"), lt.Budget(tokens=100), context)


def test_failed_thinking_raises_its_error() -> None:
    def broken(task: lt.Task, transcript: lt.Transcript) -> float:
        raise ZeroDivisionError("a verifier's fault")

    with pytest.raises(ZeroDivisionError, match="a verifier's fault"):
        think_case(TASK, lt.load_model("tiny"), lt.Budget(tokens=500), Context(), method="best_of_n", verifier=broken)
