"""The benchmark of the tiny models: it runs, resumes, and prints its results."""

from __future__ import annotations

from pathlib import Path

import pytest

import longthink as lt
from longthink.benchmarks.studies import tiny_models


def test_it_runs_and_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiny_models, "SIZES", ("0.25x",))
    records = tiny_models.run(tmp_path, 2, report=lambda line: None)
    assert len(records) == 2 * (1 + len(tiny_models.METHODS))

    def thought(*_: object) -> dict[str, object]:
        raise AssertionError("nothing is done twice")

    monkeypatch.setattr(tiny_models, "_think", thought)
    assert tiny_models.run(tmp_path, 2, report=lambda line: None) == records
    rows = tiny_models.table(records).splitlines()
    assert [row.split(" | ")[:2] for row in rows[2:]] == [
        ["| uniform", "uniform"],
        *(["| 0.25x", method] for method in tiny_models.METHODS),
    ]
    tiny_models.draw(records, tmp_path / "picture.png")
    assert (tmp_path / "picture.png").stat().st_size > 10_000


def test_solved_counts_what_was_spent_by_then() -> None:
    at = [{"size": "1x", "solved_at": at} for at in ({"calls": 5, "simulations": 2}, {"calls": 50}, None)]
    assert [tiny_models.solved(at, limit) for limit in (4, 5, 50)] == [0, 1, 2]
    assert tiny_models.solved([{"size": "uniform", "solved_at": {"simulations": 7}}], 6) == 0


def test_too_many_problems_are_refused(tmp_path: Path) -> None:
    with pytest.raises(lt.ParameterError, match=r"1\.\.1000"):
        tiny_models.run(tmp_path, 1001)
