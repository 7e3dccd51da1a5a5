"""The embedded model gets no more threads than processors that are free."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from longthink.bridge.models import processors


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A machine with four processors, as described by files."""
    monkeypatch.setattr(processors, "_STAT", tmp_path / "stat")
    monkeypatch.setattr(processors, "_CGROUP", tmp_path / "cgroup")
    monkeypatch.setattr(processors, "_QUOTA", tmp_path / "quota")
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0, 1, 2, 3}, raising=False)
    monkeypatch.setattr(time, "process_time", lambda: 0.0)
    return tmp_path


def busy(machine: Path, monkeypatch: pytest.MonkeyPatch, *shares: float) -> None:
    """During the window, other processes use this share of each processor."""

    def written(passed: int) -> None:
        rows = [f"cpu{i} {100 + share * passed:.0f} 0 0 {100 + (1 - share) * passed:.0f} 0 0 0 0 0 0"
                for i, share in enumerate(shares)]  # fmt: skip
        (machine / "stat").write_text("\n".join(["cpu 1 2 3 4 5 6 7 8 9 10", *rows, "intr 1 2", ""]))

    written(0)
    monkeypatch.setattr(time, "sleep", lambda seconds: written(10))


@pytest.mark.parametrize(
    ("shares", "free"), [((0, 0, 0, 0), 4), ((1, 0, 0, 0), 3), ((1, 1, 1, 0.2), 1), ((1, 1, 1, 1), 1)]
)
def test_processors_of_others_are_not_free(
    shares: tuple[float, ...], free: int, machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy(machine, monkeypatch, *shares)
    assert processors.free_processors() == free


def test_what_this_process_uses_is_free(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    busy(machine, monkeypatch, 1, 1, 0, 0)
    seconds, clock = iter([0.0, 2.0]), iter([0.0, 1.0])
    monkeypatch.setattr(time, "process_time", lambda: next(seconds))
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    assert processors.free_processors() == 4


@pytest.mark.parametrize(("quota", "free"), [("max 100000", 4), ("250000 100000", 2), ("50000 100000", 1)])
def test_the_quota_of_a_container(quota: str, free: int, machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    busy(machine, monkeypatch, 0, 0, 0, 0)
    (machine / "quota" / "box" / "inner").mkdir(parents=True)
    (machine / "cgroup").write_text("0::/box/inner\n")
    (machine / "quota" / "box" / "cpu.max").write_text(quota + "\n")
    assert processors.free_processors() == free


def test_a_system_without_processor_times(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getloadavg", lambda: (3.0, 0.0, 0.0), raising=False)
    assert processors.free_processors() == 2
