"""`compare`: a suite is run and resumed in its folder, and its report is that of its log."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import longthink as lt
from longthink.benchmarks.harness.compare import SUITE
from longthink.benchmarks.harness.log import read
from longthink.benchmarks.harness.studies import STUDIES
from longthink.benchmarks.harness.suite import load_suite
from toy_studies import Enough, Toy


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("TOY_FOLDER", str(tmp_path))
    for study in (Toy, Enough):
        STUDIES.register(study.name, study)
    yield tmp_path / "run"
    for study in (Toy, Enough):
        STUDIES.unregister(study.name)


def test_a_suite_is_run_and_reported(folder: Path) -> None:
    (folder.parent / "mine.toml").write_text(
        'description = "Walks"\n[studies.toy]\nkinds = ["walk", "raises", "quiet"]\n[studies.toy_enough]\ncount = 20\n'
    )
    run = lt.compare(folder.parent / "mine.toml", run_dir=folder, overrides=["toy.count=2"], workers=2)
    assert (run.failures, run.missing, run.interrupted) == (2, 0, False)
    assert load_suite(folder / SUITE) == load_suite(folder.parent / "mine.toml", ["toy.count=2"])
    records = read(run.log_path)
    assert [record.fact("kind") for record in records if record.study == "toy"].count("quiet") == 2
    assert sum(record.study == "toy_enough" for record in records) < 20
    report = json.loads(run.json_path.read_text())
    assert report["command"] == f"longthink compare {folder.parent / 'mine.toml'} --set toy.count=2"
    assert report["records"] == len(records)
    assert {each["study"] for each in report["studies"]} == {"toy", "toy_enough"}
    assert "no walk &lt;b&gt;1&lt;/b&gt;" in run.report_path.read_text()
    assert "failed: toy: ValueError: no walk <b>0</b>" in run.summary
    assert "2 cases failed; the same command tries them again" in run.summary


def test_the_next_run_does_what_is_left(folder: Path) -> None:
    kinds = 'toy.kinds=["repaired", "walk"]'
    assert lt.compare("toy", run_dir=folder, overrides=[kinds], workers=1).failures == 1
    (folder.parent / "repaired0").write_text("")
    run = lt.compare("toy", run_dir=folder, overrides=[kinds])
    assert (run.failures, run.missing) == (0, 0)
    records = read(run.log_path)
    assert sorted(record.fact("kind") for record in records) == ["repaired", "repaired", "walk"]
    assert lt.compare("toy", run_dir=folder, overrides=[kinds]).report.records == 2
    assert read(run.log_path) == records
    other = lt.compare(
        "toy", run_dir=folder, overrides=["toy.count=2"]
    )  # the report leaves out what it does not ask for
    assert other.report.records == 2


def test_an_empty_run_has_a_report(folder: Path) -> None:
    run = lt.compare("toy", run_dir=folder, overrides=["toy.count=0"])
    assert (run.report.records, run.missing) == (0, 0)
    assert run.report_path.exists()


def test_wrong_requests_do_no_work(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(lt.UnknownNameError, match="did you mean 'toy'"):
        lt.compare("toyy", run_dir=folder)
    with pytest.raises(lt.ParameterError, match=r"study toy: count"):
        lt.compare("toy", run_dir=folder, overrides=["toy.count=many"])
    with pytest.raises(lt.ParameterError, match="workers expects a whole number from 1, got 0"):
        lt.compare("toy", run_dir=folder, workers=0)

    def broken(study: Toy, settings: object) -> None:
        raise OSError("no positions")

    monkeypatch.setattr(Toy, "cases", broken)
    with pytest.raises(lt.ParameterError, match="study toy cannot list its cases: OSError: no positions"):
        lt.compare("toy", run_dir=folder)
    assert not folder.exists()


def test_fresh_renames_the_old_run(folder: Path) -> None:
    old = lt.compare("toy", run_dir=folder).log_path.read_bytes()
    lt.compare("toy", run_dir=folder, fresh=True)
    (aside,) = folder.parent.glob("run-*")
    assert (aside / "log.jsonl").read_bytes() == old
    assert read(folder / "log.jsonl") != read(aside / "log.jsonl")
    (folder / "log.jsonl").write_text("[" * 100_000 + "\n")
    with pytest.raises(lt.RunLogError, match="start again with --fresh"):
        lt.compare("toy", run_dir=folder)


SCRIPT = """
import sys
import longthink as lt
from longthink.benchmarks.harness.studies import STUDIES
from toy_studies import Toy

STUDIES.register("toy", Toy)
run = lt.compare("toy", run_dir=sys.argv[1], overrides=['toy.kinds=["walk", "hangs"]'], workers=2)
print(run.summary)
sys.exit(130 if run.interrupted else 0)
"""


def test_a_run_in_progress_keeps_its_folder_and_ctrl_c_reports_what_is_done(folder: Path) -> None:
    paths = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-c", SCRIPT, str(folder)]
    process = subprocess.Popen(command, env={**os.environ, **paths}, stdout=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 120
    while not (read(folder / "log.jsonl") and (folder.parent / "hangs0").exists()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    for fresh in (False, True):
        with pytest.raises(lt.RunLogError, match="another run is writing"):
            lt.compare("toy", run_dir=folder, fresh=fresh)
    process.send_signal(signal.SIGINT)
    shown, _ = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "interrupted with 1 cases to run; the same command continues from here" in shown
    assert json.loads((folder / "report.json").read_text())["records"] == 1
