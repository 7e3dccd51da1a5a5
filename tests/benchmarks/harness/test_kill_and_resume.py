"""A run that was killed at random moments, and resumed, has the log of an uninterrupted run."""

from __future__ import annotations

from pathlib import Path

from kill_and_resume import kill_and_resume
from longthink.benchmarks.harness.log import read


def test_kill_9_at_random_moments(tmp_path: Path) -> None:
    at, differences = kill_and_resume(tmp_path, kills=4, seed=3, sorts=("raises", "lost_once", "match"))
    assert differences == []
    assert len(at) >= 2  # the last ones may come too late
    records = read(tmp_path / "killed" / "log.jsonl")
    assert {record.study for record in records} == {"toy", "match"}
    toys = [record for record in records if record.study == "toy"]
    assert {record.fact("kind") for record in toys} == {"walk", "model", "quiet", "raises", "lost_once"}
    assert all(record.quiet for record in toys if record.fact("kind") == "quiet" and record.outcome)
