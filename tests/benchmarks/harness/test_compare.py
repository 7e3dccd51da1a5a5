"""The main job: it runs, resumes after kill -9, shows failures, and its report agrees with the log."""

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
from random import Random
from typing import Any

import pytest

import longthink as lt
from longthink.benchmarks.harness import compare as compare_module
from longthink.benchmarks.harness.job import Job, Progress
from longthink.benchmarks.harness.run_log import read
from longthink.benchmarks.studies import language


def untimed(value: Any) -> Any:
    """A part of a record without the values that depend on the clock."""
    if isinstance(value, dict):
        return {key: untimed(each) for key, each in value.items() if key not in ("seconds", "started", "machine")}
    return [untimed(each) for each in value] if isinstance(value, list) else value


def results(log: Path) -> list[Any]:
    """The values that do not depend on the clock, in the order of the jobs."""
    return [untimed(record) for record in read(log)]


def kill_at(command: list[str], log: Path, lines: int, later: float = 0.0) -> None:
    """Run a comparison, and kill it `later` seconds after its log has this many lines."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while process.poll() is None and time.monotonic() < deadline:
        if log.exists() and log.read_bytes().count(b"\n") >= lines:
            break
        time.sleep(0.002)
    time.sleep(later)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert log.read_bytes().count(b"\n") >= lines


def test_goes_on_after_kill_9(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "longthink", "compare", "smoke", "--run-dir"]
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    for lines in (3, 31, 48):  # the last ones are those with the embedded model
        kill_at([*command, str(killed)], killed / "log.jsonl", lines)
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


LANGUAGE = """
import sys
from longthink.benchmarks.harness import suite
from longthink.benchmarks.harness.compare import compare
from longthink.benchmarks.studies.language import LanguageSettings, jobs

suite.SUITES["language"] = lambda model: jobs(LanguageSettings(problems=16, tokens=600, model="tiny"))
compare("language", run_dir=sys.argv[1])
"""


def test_language_is_the_same_after_kills_at_random_moments(tmp_path: Path) -> None:
    (tmp_path / "compare.py").write_text(LANGUAGE)
    command = [sys.executable, str(tmp_path / "compare.py")]
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    random = Random(1)
    for lines in sorted(random.sample(range(1, 70), 4)):
        kill_at([*command, str(killed)], killed / "log.jsonl", lines, random.uniform(0, 0.05))
    for folder in (killed, whole):
        subprocess.run([*command, str(folder)], check=True)
    found = results(whole / "log.jsonl")
    assert results(killed / "log.jsonl") == found
    assert len(found) == 80
    assert {record["method"] for record in found if record["result"]["correct"]} == set(language.NAMES.values())


def test_a_case_costs_what_it_would_alone() -> None:
    """The embedded model remembers the prompts of earlier cases, but the order of the cases does not change results."""
    settings = language.LanguageSettings(problems=1, count=3, tokens=400)
    cases = [job for job in language.jobs(settings) if job.config["method"] in ("greedy", "mcts")]
    once, again = ([untimed(case.run(lambda share: None)) for case in order] for order in (cases, cases[::-1]))
    assert once == again[::-1]
    assert all(record["spent"]["calls"] > 1 for record in once)


class Links(HTMLParser):
    """The links and the elements of a page."""

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
    assert links.loads == []  # nothing from a network or from another file
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
    assert "continues from here" in run.summary
    assert "This run is not finished: 2 jobs" in run.report_path.read_text()
    monkeypatch.setattr(
        compare_module, "find_suite", lambda name, model: [job("a", interrupted), job("b", fine), job("c", fine)]
    )
    assert lt.compare("x", run_dir=tmp_path).missing == 0


def test_fresh_renames_the_old_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compare_module, "find_suite", lambda name, model: [job("a", fine)])
    first = lt.compare("x", run_dir=tmp_path / "run")
    old = first.log_path.read_bytes()
    lt.compare("x", run_dir=tmp_path / "run", fresh=True)
    folders = sorted(tmp_path.iterdir())
    assert len(folders) == 2
    assert (folders[1] / "log.jsonl").read_bytes() == old


def test_fresh_does_not_touch_a_run_in_progress(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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
    assert "No results yet" in lt.compare("x", run_dir=tmp_path).report_path.read_text()


def test_unknown_suite() -> None:
    with pytest.raises(lt.UnknownNameError, match="did you mean 'quick'"):
        lt.compare("quik")
