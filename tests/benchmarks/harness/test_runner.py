"""The runner: every fault of a case is named and recorded, the others go on, and nothing that was done is lost."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
import types
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

import longthink as lt
from longthink.benchmarks.harness import log as log_module
from longthink.benchmarks.harness.environment import environment
from longthink.benchmarks.harness.log import RunLog, read
from longthink.benchmarks.harness.record import Record
from longthink.benchmarks.harness.run_progress import Forecast, Watcher, duration, expected, label, watching
from longthink.benchmarks.harness.runner import TRIES, Runner, in_order
from longthink.benchmarks.harness.study import Case, Study
from longthink.benchmarks.harness.suite import Planned, needed
from longthink.benchmarks.harness.workers import Workers
from toy_studies import Enough, Settings, Toy


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the log, and of the files of cases."""
    monkeypatch.setenv("TOY_FOLDER", str(tmp_path))
    return tmp_path


def plan(*kinds: str, count: int = 1, study: Study | None = None) -> list[Planned]:
    study = study or Toy()
    return [Planned(study, case) for case in study.cases(Settings(kinds, count))]


def run(folder: Path, cases: Sequence[Planned], workers: int = 2, watcher: Watcher | None = None) -> list[Record]:
    """Run cases, and return the whole log. Cases of kind "hangs" and "deaf" are ended after four seconds."""
    with RunLog(folder / "log.jsonl") as log:
        watcher = watcher or Watcher(cases, 0, workers)
        assert not Runner([cases], log, Workers(workers), watcher, shortest_time_limit=4).run()
    assert not watcher.running
    return read(folder / "log.jsonl")


def by_kind(records: Sequence[Record]) -> dict[str, Record]:
    return {record.fact("kind"): record for record in records}


def until(true: Callable[[], Any]) -> None:
    """Wait for something that happens in another process."""
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{process}/stat")
    return not state.exists() or state.read_text().rpartition(")")[2].split()[0] != "Z"


def processes(folder: Path) -> list[int]:
    """The worker of the case that hangs, and its child."""
    return [int(each) for each in (folder / "hangs0").read_text().split()]


def test_each_fault_is_recorded_and_the_others_go_on(folder: Path) -> None:
    kinds = ("raises", "nan", "nothing", "exits", "lost_once", "lost", "hangs", "deaf", "walk", "quiet")
    found = by_kind(run(folder, plan(*kinds)))
    failures = {kind: record.failure for kind, record in found.items() if record.failure}
    assert {kind: (failure.kind, failure.message) for kind, failure in failures.items()} == {
        "raises": ("ValueError", "no walk <b>0</b> ?"),
        "nan": ("ParameterError", failures["nan"].message),
        "nothing": ("TypeError", "the study's run(case, context) returned a NoneType, expected an Outcome"),
        "exits": ("SystemExit", "end of everything"),
        "lost": ("lost worker", f"its process ended {TRIES} times"),
        "hangs": ("timeout", "it took more than 4 s; 0.1 s were expected"),
        "deaf": ("timeout", "it took more than 4 s; 0.1 s were expected"),
    }
    assert "finite numbers" in failures["nan"].message
    assert found["walk"].scores == found["quiet"].scores == {"end": 6.0}
    assert found["lost_once"].scores == {"end": 1.0}

    assert 'raise ValueError(f"no walk' in failures["raises"].traceback
    assert "the last words" in failures["lost"].traceback
    assert "SIGSEGV" in failures["lost"].traceback
    assert "in _hangs" in failures["deaf"].traceback
    assert not any(map(alive, processes(folder)))


def test_a_record_says_where_and_at_what_cost_its_case_ran(folder: Path) -> None:
    (record,) = run(folder, plan("quiet"))
    assert (record.study, record.version, record.facts) == ("toy", 1, {"kind": "quiet", "seed": 0})
    assert record.seconds >= record.spent["seconds"] > 0
    assert record.cpu_seconds > 0
    assert record.started.endswith("+00:00")
    here = environment()
    assert record.environment == here
    assert here.packages.keys() >= {"python", "longthink", "numpy", "open_spiel"}
    assert here.machine["cores"] == os.cpu_count()
    checkout = Path(log_module.__file__).resolve().parents[2] / ".git"
    assert bool(here.revision) == checkout.exists()
    assert len(record.outcome.curve if record.outcome else ()) == 40


class Watch(Watcher):
    """Notes which cases run at the same time."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.together: list[list[str]] = []
        self.seen: list[float] = []

    def show(self) -> None:
        self.together.append([planned.case.facts["kind"] for planned in self.running.values()])
        self.seen += self.shares.values()
        assert all(0 <= share <= 1 for share in self.estimates().values())


def test_quiet_cases_run_alone_after_the_others(folder: Path) -> None:
    cases = plan("quiet", "walk", count=3)
    watcher = Watch(cases, 0, 2)
    records = run(folder, cases, watcher=watcher)
    assert ["walk", "walk"] in watcher.together
    assert all(running == ["quiet"] for running in watcher.together if "quiet" in running)
    assert [record.fact("kind") for record in records] == ["walk"] * 3 + ["quiet"] * 3
    assert all(record.quiet for record in records if record.fact("kind") == "quiet")
    assert not all(record.quiet for record in records)
    assert any(0 < share < 1 for share in watcher.seen)


def test_only_unfinished_cases_run_and_failed_ones_are_tried_again(folder: Path) -> None:
    cases = plan("walk", "repaired")
    assert [record.outcome is None for record in run(folder, cases[::-1], workers=1)] == [True, False]
    (folder / "repaired0").write_text("")
    records = run(folder, cases)
    assert [record.fact("kind") for record in records] == ["repaired", "walk", "repaired"]
    assert records[-1].outcome is not None
    assert run(folder, cases) == records


def test_a_missing_library_ends_the_run_at_once(folder: Path) -> None:
    with pytest.raises(lt.MissingExtraError, match=r"study toy: .*longthink\[imaginary\]"):
        run(folder, plan("hangs", "needs"))
    assert read(folder / "log.jsonl") == []


def test_a_full_disk_is_named_and_nothing_is_lost(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write, written = os.write, 0

    def full(file: int, line: bytes) -> int:
        nonlocal written
        written += 1
        if written > 3:
            write(file, line[:20])
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(file, line)

    cases = plan("walk", count=6)
    monkeypatch.setattr(log_module.os, "write", full)
    with pytest.raises(lt.RunLogError, match="No space left on device; earlier records stay; make room and run again"):
        run(folder, cases)
    monkeypatch.undo()
    monkeypatch.setenv("TOY_FOLDER", str(folder))
    before = read(folder / "log.jsonl")
    assert len(before) == 3
    assert run(folder, cases)[:3] == before
    assert len(read(folder / "log.jsonl")) == 6


def test_a_study_that_the_worker_cannot_read_fails(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("a_module_of_nobody_else")
    module.Here = type("Here", (Toy,), {"__module__": module.__name__})  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    for record in run(folder, plan("walk", study=module.Here())):
        assert record.failure is not None
        assert record.failure.kind == "ModuleNotFoundError"

    class Locked(Toy):
        def __init__(self) -> None:
            self.cancel = lt.CancelToken()

    (record,) = run(folder / "other", plan("walk", study=Locked()))
    assert record.failure is not None
    assert record.failure.kind == "NotPicklableError"


def test_a_study_stops_when_it_has_enough(folder: Path) -> None:
    cases = plan("walk", count=20, study=Enough())
    records = run(folder, cases)
    assert 3 <= len(records) < 20  # walks 0 and 2 end right of the start
    assert [each.key for each in needed([cases], records)] == [
        each.key for each in cases if each.key in {r.key for r in records}
    ]
    assert len(needed([cases], records[:1])) == 20
    assert len(needed([cases], [record for record in records if record.fact("seed") != 1])) == 20
    assert len(needed([cases, plan("walk", count=5, study=Enough())], records)) == len(records)


# ---- Interruptions: a script runs a study of its own, without a guard of `__main__` ----

SCRIPT = """
import sys
from pathlib import Path
from toy_studies import Settings, Toy
from longthink.benchmarks.harness.log import RunLog
from longthink.benchmarks.harness.run_progress import Watcher
from longthink.benchmarks.harness.runner import Runner
from longthink.benchmarks.harness.suite import Planned
from longthink.benchmarks.harness.workers import Workers

class Mine(Toy):
    name = "mine"

cases = [Planned(Mine(), case) for case in Mine().cases(Settings(tuple(sys.argv[2:])))]
with RunLog(Path(sys.argv[1]) / "log.jsonl") as log:
    interrupted = Runner([cases], log, Workers(2), Watcher(cases, 0, 2)).run()
sys.exit(130 if interrupted else 0)
"""


def script(folder: Path, *kinds: str) -> subprocess.Popen[bytes]:
    (folder / "mine.py").write_text(SCRIPT)
    paths = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    return subprocess.Popen([sys.executable, folder / "mine.py", folder, *kinds], env={**os.environ, **paths})


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_run_ends_its_processes_and_goes_on(folder: Path, number: int) -> None:
    process = script(folder, "walk", "hangs", "deaf")
    until(lambda: (folder / "hangs0").exists() and (folder / "deaf0").exists() and processes(folder))
    workers = processes(folder)
    assert all(map(alive, workers))
    process.send_signal(number)
    assert process.wait(60) == (130 if number == signal.SIGINT else -number)
    until(lambda: not any(map(alive, workers)))
    (before,) = read(folder / "log.jsonl")
    assert before.scores == {"end": 6.0}
    assert script(folder, "walk", "raises").wait(60) == 0
    assert [record.study for record in read(folder / "log.jsonl")] == ["mine", "mine"]


# ---- What a terminal shows ----


def costly(cost: float, quiet: bool = False, name: str = "toy") -> Planned:
    study = Toy() if name == "toy" else Enough()
    costly.count += 1  # type: ignore[attr-defined]
    return Planned(study, Case({"kind": "walk", "number": costly.count}, cost, quiet))  # type: ignore[attr-defined]


costly.count = 0  # type: ignore[attr-defined]


def test_the_forecast_corrects_the_costs_of_each_study() -> None:
    cases = [costly(10), costly(10), costly(30), costly(100, name="other"), costly(50, quiet=True)]
    forecast = Forecast(cases, 2)
    assert forecast.seconds({}) == pytest.approx(100 + 50)  # 150 s on two workers, but one case takes 100
    assert forecast.share({}) == 0
    assert forecast.share({cases[3].key: 0.5}) == pytest.approx(0.25)
    forecast.ended(cases[0], 20)  # twice as long as expected
    twice = (Forecast.PRIOR + 20) / (Forecast.PRIOR + 10)
    assert forecast.seconds({}) == pytest.approx(100 + 50 * twice)
    assert forecast.seconds({cases[3].key: 0.9}) == pytest.approx(30 * twice + 50 * twice)
    forecast.dropped(cases[4])
    assert forecast.share({}) == pytest.approx(10 / 150)


def test_cases_that_tell_no_share_get_closer_to_their_end(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    watcher = Watcher([silent := costly(10), telling := costly(10)], 0, 2)
    watcher.started(silent)
    watcher.started(telling)
    watcher.share(telling, 0.25)
    now = 5.0
    assert watcher.estimates() == {silent.key: pytest.approx(0.5), telling.key: 0.25}
    now = 100.0
    assert watcher.estimates()[silent.key] == pytest.approx(0.9)


def test_long_cases_start_first() -> None:
    cases = [costly(cost) for cost in (1, 2, 40, 3, 54)]
    assert [each.case.cost for each in in_order(cases, 2)] == [54, 40, 1, 2, 3]


def test_words_of_the_progress() -> None:
    assert [duration(seconds) for seconds in (0.4, 89, 720, 9000)] == ["0 s", "89 s", "12 min", "2.5 h"]
    assert expected([costly(30), costly(60, quiet=True)], 8, 2) == (
        "8 of 10 cases were done before; 2 cases to run on 2 processes, "
        "1 of them alone because their timings are results: about 2 min"
    )
    long = Planned(Toy(), Case({"text": "two\nlines " * 20, "options": {"a": 1}, "n": 3}))
    assert label(long).startswith("toy: two lines two")
    assert len(label(long)) == 48


@pytest.mark.parametrize("terminal", [True, False])
def test_progress_is_shown(
    terminal: bool, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR" if terminal else "NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setattr("longthink.benchmarks.harness.run_progress.Lines.SECONDS_BETWEEN_LINES", 0.0)
    cases = plan("walk", "raises", "lost_once")
    with watching(cases, 4, 2, show=True) as watcher:
        run(folder, cases, watcher=watcher)
    shown = capsys.readouterr().err
    assert "4 of 7 cases were done before; 3 cases to run on 2 processes: about" in shown
    assert "toy: raises, 0: ValueError: no walk <b>0</b> ?" in shown
    assert "toy: lost_once, 0: the process was ended by SIGKILL; the case runs again" in shown
    assert "7 of 7 cases, 1 failed" in shown
    assert ("toy: walk, 0" in shown) == terminal
