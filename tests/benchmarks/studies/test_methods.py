"""The comparison of methods: it resumes, and its table counts the problems that were solved in time."""

from __future__ import annotations

from pathlib import Path

import pytest

from longthink import ParameterError
from longthink.benchmarks.studies import methods
from longthink.bridge.methods import methods as registered


def test_every_method_that_needs_a_model_is_measured() -> None:
    assert {name for name, method in registered().items() if method.needs_model} == {c.method for c in methods.CASES}


def test_it_goes_on_counts_and_draws(tmp_path: Path) -> None:
    setting = methods.Setting("countdown", "tiny", 1, (40, 120), (0.05,), ("revision",))
    reported: list[str] = []
    records = methods.run(setting, tmp_path, reported.append)
    assert len(reported) == len(records) == len(setting.cases) + 4  # each of the two votes is taken for each limit
    assert methods.run(setting, tmp_path, reported.append) == records
    lines = methods.table(setting, records).splitlines()
    assert [line.split("|")[1].strip() for line in lines[2:]] == [case.name for case in setting.cases]
    assert all(line.count("|") == 8 for line in lines)
    methods.draw(methods.read(tmp_path / setting.log), tmp_path / "methods.png")
    assert (tmp_path / "methods.png").stat().st_size > 10_000


def test_more_problems_than_are_held_out_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match=r"1\.\.100, got 101"):
        methods.run(methods.Setting("game24", "tiny", 101), tmp_path)


def record(number: int, seconds: float | None, ran: float = 9.0, stopped_by: str = "tokens") -> methods.Record:
    at = None if seconds is None else {"tokens": 90, "seconds": seconds}
    spent = {"tokens": 120, "seconds": ran}
    return {
        "case": "x", "measure": "tokens", "limit": 120, "number": number, "solved_at": at, "spent": spent,
        "stopped_by": stopped_by,
    }  # fmt: skip


def test_what_was_solved_by_then() -> None:
    case = methods.Case("x", "x")
    records = [record(1, 0.5), record(0, None), record(2, 2.0)]
    assert methods.solved(records, case, "tokens", 40) == [False, False, False]
    assert methods.solved(records, case, "tokens", 120) == [False, True, True]
    assert methods.solved(records, case, "seconds", 1.0) == [False, True, False]
    out_of_tokens = [*records, record(3, None, ran=0.9)]
    assert methods.solved(out_of_tokens, case, "seconds", 1.0) is None
    at_its_end = [*records, record(3, None, ran=0.9, stopped_by="done")]
    assert methods.solved(at_its_end, case, "seconds", 1.0) == [False, True, False, False]
