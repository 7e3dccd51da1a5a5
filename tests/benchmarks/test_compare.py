"""The main job: it runs, goes on after kill -9, shows failures, and its report says what the log says."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

import longthink as lt
from longthink.benchmarks import compare as compare_module
from longthink.benchmarks.job import Job, Progress
from longthink.benchmarks.run_log import read


def results(log: Path) -> dict[str, Any]:
    """What does not depend on the clock, by job."""
    found = {}
    for record in read(log):
        result = dict(record["result"])
        result.pop("seconds", None)
        result.pop("spent", None)
        if record["domain"] == "poker":
            result = {"points": [(p["iterations"], p["exploitability"]) for p in result["points"]]}
        if record["domain"] != "language":  # a near tie of a language model may fall either way
            found[record["key"]] = result
    return found


def test_goes_on_after_kill_9(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "longthink", "compare", "smoke", "--run-dir"]
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    for lines in (3, 17, 31):
        process = subprocess.Popen([*command, str(killed)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        log = killed / "log.jsonl"
        deadline = time.monotonic() + 120
        while process.poll() is None and time.monotonic() < deadline:
            if log.exists() and log.read_bytes().count(b"\n") >= lines:
                break
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert log.read_bytes().count(b"\n") >= lines
    done = subprocess.run([*command, str(killed)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    once = subprocess.run([*command, str(whole), "--json"], capture_output=True, text=True, check=False)
    assert once.returncode == 0, once.stderr
    records = read(killed / "log.jsonl")
    assert len({record["key"] for record in records}) == len(records) == len(read(whole / "log.jsonl"))
    assert results(killed / "log.jsonl") == results(whole / "log.jsonl")
    for record in records:
        assert record["spent"]["seconds"] >= 0
        assert record["versions"]["python"]
        assert record["machine"]["cores"] == os.cpu_count()
        assert "seed" in record

    report = json.loads(once.stdout)
    assert report == json.loads((whole / "report.json").read_text())
    assert (report["missing"], report["failures"], report["jobs"]) == (0, [], len(records))
    _check_page((whole / "report.html").read_text(), report)
    assert (whole / "headline.png").read_bytes().startswith(b"\x89PNG")


class Links(HTMLParser):
    """What a page would load, and what it holds."""

    def __init__(self) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.count: dict[str, int] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.count[tag] = self.count.get(tag, 0) + 1
        for name, value in attrs:
            if name in ("src", "href", "xlink:href", "data") and value and not value.startswith("#"):
                self.loads.append(value)


def _check_page(page: str, report: dict[str, Any]) -> None:
    links = Links()
    links.feed(page)
    assert links.loads == []  # nothing from a network, nothing from beside
    assert "script" not in links.count
    assert links.count["svg"] == 5  # headline, two poker games, board, language
    assert "One search tree" in page
    for comparison in report["comparisons"]:
        assert comparison["other"] in page
    assert len(re.findall(r'class="(ahead|even|behind)"', page)) >= len(report["comparisons"])
    assert len(page) < 2_000_000


# ---- Failures, interruptions ----


def job(name: str, run: Any) -> Job:
    return Job("poker", "longthink cfr", {"game": name, "solver": "cfr", "iterations": 1}, run)


def fine(progress: Progress) -> dict[str, Any]:
    progress(0.5)
    return {
        "points": [{"iterations": 1, "seconds": 0.1, "exploitability": 0.5}],
        "value": 0.0,
        "spent": {"seconds": 0.1},
    }


def test_a_failing_job_is_shown_and_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = True

    def fails(progress: Progress) -> dict[str, Any]:
        if broken:
            raise lt.ModelError("the server <b>is</b> down")
        return fine(progress)

    monkeypatch.setattr(compare_module, "find_suite", lambda name, model: [job("a", fails), job("b", fine)])
    run = lt.compare("x", run_dir=tmp_path)
    assert (run.failures, run.missing) == (1, 0)
    assert "the server <b>is</b> down" in run.summary
    assert "the server &lt;b&gt;is&lt;/b&gt; down" in run.report_path.read_text()
    broken = False
    run = lt.compare("x", run_dir=tmp_path)
    assert (run.failures, run.missing) == (0, 0)
    assert [("error" in record) for record in read(run.log_path)] == [True, False, False]


def test_ctrl_c_reports_what_is_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(progress: Progress) -> dict[str, Any]:
        raise KeyboardInterrupt

    monkeypatch.setattr(
        compare_module, "find_suite", lambda name, model: [job("a", fine), job("b", interrupted), job("c", fine)]
    )
    run = lt.compare("x", run_dir=tmp_path)
    assert run.interrupted
    assert run.missing == 2
    assert "goes on from here" in run.summary
    assert "This run is not finished: 2 jobs" in run.report_path.read_text()
    monkeypatch.setattr(
        compare_module, "find_suite", lambda name, model: [job("a", interrupted), job("b", fine), job("c", fine)]
    )
    assert lt.compare("x", run_dir=tmp_path).missing == 0


def test_fresh_keeps_the_old_run_beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compare_module, "find_suite", lambda name, model: [job("a", fine)])
    first = lt.compare("x", run_dir=tmp_path / "run")
    old = first.log_path.read_bytes()
    lt.compare("x", run_dir=tmp_path / "run", fresh=True)
    folders = sorted(tmp_path.iterdir())
    assert len(folders) == 2
    assert (folders[1] / "log.jsonl").read_bytes() == old


def test_fresh_leaves_a_run_under_way_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[str] = []

    def busy(progress: Progress) -> dict[str, Any]:
        with pytest.raises(lt.RunLogError, match="another run is writing"):
            lt.compare("x", run_dir=tmp_path / "run", fresh=True)
        found.extend(path.name for path in tmp_path.iterdir())
        return fine(progress)

    monkeypatch.setattr(compare_module, "find_suite", lambda name, model: [job("a", busy)])
    assert lt.compare("x", run_dir=tmp_path / "run").missing == 0
    assert found == ["run"]
    damaged = tmp_path / "run" / "log.jsonl"
    damaged.write_text("[" * 100_000 + "\n")
    with pytest.raises(lt.RunLogError, match="start again with --fresh"):
        lt.compare("x", run_dir=tmp_path / "run")
    monkeypatch.setattr(compare_module, "find_suite", lambda name, model: [job("a", fine)])
    assert lt.compare("x", run_dir=tmp_path / "run", fresh=True).missing == 0


def test_an_empty_run_has_a_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compare_module, "find_suite", lambda name, model: [])
    assert "Nothing yet" in lt.compare("x", run_dir=tmp_path).report_path.read_text()


def test_unknown_suite() -> None:
    with pytest.raises(lt.UnknownNameError, match="did you mean 'quick'"):
        lt.compare("quik")
