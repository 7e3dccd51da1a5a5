"""Running the speed benchmarks: what runs is shown, and one that takes far too long is given up, while others go on."""

from __future__ import annotations

import json
import os
import signal
import threading
from pathlib import Path

import pytest

import longthink.commands
from longthink.benchmarks.perf import speeds
from longthink.benchmarks.perf.speeds import Speeds, measure

QUICK = """
import pytest

@pytest.mark.benchmark(group="all")
def test_{0}(benchmark):
    benchmark.pedantic(lambda: None, rounds=1)
    benchmark.extra_info.update(per_second=7, of=int)  # a value that JSON does not have becomes text
"""
HANGS = """
import os, signal, subprocess, time
import pytest

def test_hangs(benchmark):
    other = subprocess.Popen(["sleep", "600"])
    open(__file__ + ".other", "w").write(str(other.pid))
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    benchmark.pedantic(lambda: time.sleep(600), rounds=1)
"""
DIES = """
import os

def test_dies(benchmark):
    os.abort()
"""
FAILS = """
def test_fails(benchmark):
    benchmark.pedantic(lambda: None, rounds=1)
    assert 1 + 1 == 3, "sums are wrong"

def test_skipped(benchmark):
    import pytest
    pytest.skip("no peer here")
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Some benchmarks; one of them hangs."""
    pytest.importorskip("pytest_benchmark")
    monkeypatch.setattr(speeds, "LEAST", 0.3)
    (tmp_path / "test_a.py").write_text(QUICK.format("first") + HANGS + QUICK.format("second"))
    (tmp_path / "test_b.py").write_text(FAILS + DIES + QUICK.format("third"))
    (tmp_path / "test_c.py").write_text("import nothing_of_this_name\n")
    expected = {f"test_a.py::test_{name}": 0.1 for name in ("first", "hangs", "second")}
    (tmp_path / "expected.json").write_text(json.dumps(expected))
    return tmp_path


def test_what_takes_too_long_is_given_up(folder: Path) -> None:
    said: list[str] = []
    found = measure(show=said.append, folder=folder)
    assert list(found.given_up) == ["test_a.py::test_hangs"]
    assert found.given_up["test_a.py::test_hangs"] >= 3
    assert list(found.figures) == ["test_a.py::test_first", "test_a.py::test_second", "test_b.py::test_third"]
    assert found.skipped == {"test_b.py::test_skipped": "Skipped: no peer here"}
    assert set(found.failed) == {"test_b.py::test_fails", "test_b.py::test_dies", "test_c.py"}
    assert "sums are wrong" in found.failed["test_b.py::test_fails"]
    assert "nothing_of_this_name" in found.failed["test_c.py"]
    with pytest.raises(ProcessLookupError):  # its child processes have ended, too
        os.kill(int((folder / "test_a.py.other").read_text()), 0)
    text = "".join(said)
    assert "7 benchmarks, about 2 min\n[1/7, 2 min left] test_a.py::test_first: about 0.1 s ... 0" in text
    assert "test_hangs: about 0.1 s ... stopped after 3 s, 10 times the expected time\n" in text
    assert "unknown how long ... failed: its process ended\n" in text
    assert json.loads(json.dumps(found.as_dict()))["given_up"] == found.given_up
    assert " s, 7 per second\n" in text


def test_some_of_them(folder: Path) -> None:
    assert list(measure("first or third", folder=folder).figures) == ["test_a.py::test_first", "test_b.py::test_third"]


def test_ctrl_c_gives_what_is_done(folder: Path) -> None:
    def tell(text: str) -> None:
        if "test_hangs" in text:
            threading.Timer(0.2, signal.raise_signal, [signal.SIGINT]).start()

    found = measure(show=tell, folder=folder)
    assert found.interrupted
    assert list(found.figures) == ["test_a.py::test_first"]


def test_every_benchmark_has_its_seconds() -> None:
    expected = json.loads((speeds.FOLDER / "expected.json").read_text())
    assert set(speeds.names()) == set(expected)
    assert all(seconds > 0 for seconds in expected.values())


@pytest.mark.parametrize(
    ("found", "status"),
    [
        (Speeds(seconds={"a": 1.0}), 0),
        (Speeds(seconds={"a": 1.0}, given_up={"b": 9.0}), 1),
        (Speeds(failed={"a": "why"}), 1),
        (Speeds(), 2),
        (Speeds(interrupted=True), 130),
    ],
)
def test_exit_codes(found: Speeds, status: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(speeds, "measure", lambda *arguments: found)
    assert longthink.commands.main(["perf", "-k", "x", "--json", str(tmp_path / "speeds.json")]) == status
    assert json.loads((tmp_path / "speeds.json").read_text())["given_up"] == found.given_up
    assert longthink.commands.main(["perf", "--json", str(tmp_path / "no" / "speeds.json")]) == 2
