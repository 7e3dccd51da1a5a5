"""A run on Ray has the log of a run on this machine, also if a worker is killed."""

from __future__ import annotations

from pathlib import Path

import pytest

import longthink as lt
from longthink.benchmarks.harness.executor import Executor
from longthink.benchmarks.harness.log import RunLog, same_outcomes
from longthink.benchmarks.harness.ray_workers import RayWorkers
from longthink.benchmarks.harness.record import Record
from longthink.benchmarks.harness.run_progress import Watcher
from longthink.benchmarks.harness.runner import Runner
from longthink.benchmarks.harness.suite import Planned
from longthink.benchmarks.harness.workers import Workers
from toy_studies import Settings, Toy


class Watch(Watcher):
    losses = 0

    def lost(self, planned: Planned, how: str) -> None:
        super().lost(planned, how)
        self.losses += 1


def run(folder: Path, executor: Executor, watcher: Watcher, cases: list[Planned]) -> list[Record]:
    with RunLog(folder / "log.jsonl") as log:
        assert not Runner([cases], log, executor, watcher).run()
    return log.records


def test_ray(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cases = [Planned(Toy(), case) for case in Toy().cases(Settings(("walk", "raises", "lost_once", "quiet")))]
    logs = []
    for name in ("here", "ray"):
        folder = tmp_path / name
        folder.mkdir()
        monkeypatch.setenv("TOY_FOLDER", str(folder))
        watcher = Watch(cases, 0, 2)
        executor: Executor = RayWorkers("local", 2) if name == "ray" else Workers(2)
        logs.append(run(folder, executor, watcher, cases))
        assert watcher.losses == 1
    assert same_outcomes(*logs) == []
    assert len(logs[1]) == 4
    assert logs[1][0].environment.packages["ray"]
    with pytest.raises(lt.ParameterError, match='ray expects "local" or the address of a Ray cluster'):
        RayWorkers("127.0.0.1:9")
