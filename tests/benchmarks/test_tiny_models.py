"""The benchmark of the tiny models: it runs, goes on where it was, and says what it found."""

from __future__ import annotations

from pathlib import Path

import pytest

import longthink as lt
from longthink.benchmarks import tiny_models


def test_it_runs_and_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiny_models, "TINY_SIZES", ("0.25x",))
    records = tiny_models.run(tmp_path, 2, told=lambda line: None)
    assert len(records) == 2 * (1 + len(tiny_models.METHODS))

    def thought(*_: object) -> dict[str, object]:
        raise AssertionError("nothing is done twice")

    monkeypatch.setattr(tiny_models, "_think", thought)
    assert tiny_models.run(tmp_path, 2, told=lambda line: None) == records
    rows = tiny_models.table(records).splitlines()
    assert [row.split(" | ")[0] for row in rows[2:]] == ["| uniform", "| 0.25x"]
    tiny_models.draw(records, tmp_path / "picture.png")
    assert (tmp_path / "picture.png").stat().st_size > 10_000


def test_solved_counts_what_was_spent_by_then() -> None:
    at = [{"solved_at": {"simulations": 5}}, {"solved_at": {"simulations": 50}}, {"solved_at": None}]
    assert [tiny_models.solved(at, "simulations", limit) for limit in (4, 5, 50)] == [0, 1, 2]


def test_too_many_problems_are_refused(tmp_path: Path) -> None:
    with pytest.raises(lt.ParameterError, match=r"1\.\.1000"):
        tiny_models.run(tmp_path, 1001)
