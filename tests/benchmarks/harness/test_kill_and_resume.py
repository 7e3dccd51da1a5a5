"""A run that was killed at random moments, and resumed, has the log of an uninterrupted run."""

from __future__ import annotations

from pathlib import Path

from kill_and_resume import FAULTS, kill_and_resume
from longthink.benchmarks.harness.log import read


def test_kill_9_at_random_moments(tmp_path: Path) -> None:
    at, differences = kill_and_resume(tmp_path, kills=6, seed=3)
    assert differences == []
    assert len(at) == 6
    assert max(at) > min(at)
    records = read(tmp_path / "killed" / "log.jsonl")
    assert {record.fact("kind") for record in records} == {"walk", "model", "quiet", *FAULTS}
    assert {record.fact("kind") for record in records if record.quiet} == {"quiet"}
