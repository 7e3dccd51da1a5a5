"""The comparison of methods: it goes on where it was, and its table counts what was solved in time."""

from __future__ import annotations

from pathlib import Path

import pytest

from longthink.benchmarks import methods
from longthink.bridge.methods import methods as registered


def test_every_method_is_measured_that_can_be() -> None:
    missing = {name for name, method in registered().items() if method.needs_model} - {c.method for c in methods.CASES}
    assert missing == {"tree_of_thoughts"}


def test_it_goes_on_and_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(methods, "LIMITS", (40, 120))
    told: list[str] = []
    records = methods.run(tmp_path, 1, told.append)
    assert len(records) == len(methods.CASES) + 2  # votes are taken for each limit
    assert len(told) == len(methods.CASES)
    assert methods.run(tmp_path, 1, told.append) == records
    lines = methods.table(records).splitlines()
    assert len(lines) == 2 + len(methods.CASES)
    assert all(line.count("|") == 5 for line in lines)
    case = methods.Case("x", "x")
    record = {"case": "x", "limit": 120, "solved_at": {"tokens": 90}, "spent": {"tokens": 90}}
    assert methods.solved([record], case, 40) == (0, 1)
    assert methods.solved([record], case, 120) == (1, 1)
