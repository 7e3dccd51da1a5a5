"""`longthink compare`, `report` and `suites`, with a study of two methods that takes no time."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import longthink as lt
from longthink.benchmarks.harness.log import locked, read

Run = Callable[..., tuple[int, str, str]]
AsJson = Callable[..., dict[str, Any]]


class Doubling(lt.Study):
    """Doubling against adding one."""

    name, title = "doubling", "Doubling"

    @dataclass(frozen=True)
    class Settings:
        """starts: numbers to begin with. fail: whether one method fails."""

        starts: tuple[int, ...] = (2, 3)
        model: str = "tiny"
        fail: bool = False

    def cases(self, settings: Settings) -> Iterable[lt.Case]:
        for start in settings.starts:
            facts = {"start": start, "model": settings.model, "fail": settings.fail}
            yield lt.Case({"method": "doubling", **facts}, cost=60.0)
            yield lt.Case({"method": "adding", **facts}, cost=30.0, quiet=True)

    def run(self, case: lt.Case, context: lt.Context) -> lt.Outcome:
        start, doubles = case.facts["start"], case.facts["method"] == "doubling"
        if case.facts["fail"] and doubles:
            raise ValueError("cannot double")
        return lt.Outcome({"end": 2 * start if doubles else start + 1})

    def section(self, records: Sequence[lt.Record]) -> lt.Section:
        rows = [(each.fact("method"), each.fact("start"), each.scores["end"]) for each in records]
        return lt.Section(
            self.title, "Doubling is faster.", tables=[lt.Table("Ends", ("method", "start", "end"), rows)]
        )


@pytest.fixture(autouse=True)
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    lt.register_study("doubling", Doubling)
    yield
    lt.studies().unregister("doubling")


def ends(report: dict[str, Any]) -> list[list[Any]]:
    """The rows of the table."""
    (study,) = report["studies"]
    return sorted(study["section"]["tables"][0]["rows"])


def test_a_comparison_is_planned_run_continued_and_reported(run: Run, as_json: AsJson) -> None:
    status, out, _ = run("compare", "doubling", "--plan", "--workers", "2")
    assert status == 0
    assert [line.split() for line in out.splitlines()[1:3]] == [
        ["study", "cases", "done", "alone", "work", "left"],
        ["doubling", "4", "0", "2", "3", "min"],
    ]
    assert "4 cases to run, 2 at a time: about 2 min" in out
    assert not Path("runs").exists()

    status, out, err = run("compare", "doubling", "--set", "doubling.starts=[2]", "--workers", "1")
    assert status == 0, err
    assert "runs/doubling/report.html" in out
    assert Path("runs/doubling/report.html").is_file()

    planned = as_json("compare", "doubling", "--plan")
    assert [(each["cases"], each["done"]) for each in planned["studies"]] == [(4, 2)]
    report = as_json("compare", "doubling", "--workers", "1", "--format", "json")
    assert ends(report) == [["adding", 2, 3.0], ["adding", 3, 4.0], ["doubling", 2, 4.0], ["doubling", 3, 6.0]]
    log = Path("runs/doubling/log.jsonl")
    assert len(read(log)) == 4

    with locked(log):  # a run goes on
        again = as_json("report", "runs/doubling")
    assert ends(again) == ends(report)
    assert as_json("compare", "doubling", "--fresh", "--plan")["studies"][0]["done"] == 0


def test_runs_are_reported_together(run: Run, as_json: AsJson) -> None:
    for start in "23":
        words = (
            "--set",
            f"doubling.starts=[{start}]",
            "--run-dir",
            f"run{start}",
            "--workers",
            "1",
            "--format",
            "json",
        )
        assert run("compare", "doubling", *words)[0] == 0
    status, _, err = run("report", "run2", "run3")
    assert (status, "the folder of the report" in err) == (2, True)
    report = as_json("report", "run2", "run3", "--out", "both", "--format", "json,csv,inspect")
    assert ends(report) == [["adding", 2, 3.0], ["adding", 3, 4.0], ["doubling", 2, 4.0], ["doubling", 3, 6.0]]
    assert (report["suite"], report["missing"]) == ("doubling", [])
    assert [path.name for path in Path("both/inspect").iterdir()] == ["doubling-version1.eval"]
    with zipfile.ZipFile("both/report.csv.zip") as archive:
        assert len(archive.read("records.csv").splitlines()) == 5
    assert json.loads(Path("both/report.json").read_text()) == report

    Path("run2/suite.toml").unlink()  # a log is enough
    assert len(ends(as_json("report", "run2/log.jsonl", "--out", "one"))) == 2
    Path("run3/log.jsonl").write_text("")
    assert len(as_json("report", "run3", "--format", "json")["missing"]) == 2


def test_a_failure_is_reported_and_the_exit_code_says_so(run: Run) -> None:
    words = ("compare", "doubling", "--set", "doubling.fail=true", "--set", "doubling.starts=[2]", "--workers", "1")
    status, out, _ = run(*words)
    assert status == 1
    assert "cannot double" in out


def test_the_model_is_that_of_all_studies(as_json: AsJson) -> None:
    assert as_json("suites", "doubling")["suites"][0]["studies"]["doubling"][0]["model"] == "tiny"
    plan = as_json("compare", "doubling", "--model", "other", "--plan")
    assert plan["studies"][0]["cases"] == 4


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("compare", "doublin"), "unknown suite or study 'doublin'; did you mean 'doubling'"),
        (("compare", "doubling", "--set", "doubling.start=1"), "did you mean 'starts'"),
        (("compare", "doubling", "--set", "starts"), "STUDY.FIELD=VALUE"),
        (("compare", "doubling", "--workers", "0"), "--workers"),
        (("compare", "doubling", "--format", "htlm"), "htlm"),
        (("compare", "none.toml"), "none.toml cannot be read"),
        (("report", "nowhere"), "there is no run log nowhere"),
        (("report",), "expects one run"),
    ],
)
def test_wrong_use_is_named_before_any_work(run: Run, words: tuple[str, ...], says: str) -> None:
    status, out, err = run(*words)
    assert (status, out) == (2, "")
    assert says in err
    assert err.count("\n") == 1
    assert not Path("runs").exists()


def test_suites_are_listed_and_can_be_changed(run: Run, as_json: AsJson) -> None:
    assert [each["name"] for each in as_json("suites")["suites"]] == lt.suites()
    listed = run("suites")[1]
    assert all(f"{name}\n" in listed for name in lt.suites())
    Path("mine.toml").write_text(run("suites", "doubling")[1].replace("tiny", "mine"))
    assert lt.load_suite("mine.toml").studies["doubling"][0]["model"] == "mine"


def test_studies_are_listed_with_their_settings(run: Run) -> None:
    listed = run("studies", "doubling")[1]
    assert listed.startswith("doubling(starts=(2, 3), model=tiny, fail=False)\n    Doubling against adding one.\n")
    assert "  starts\n    Numbers to begin with.\n" in listed
