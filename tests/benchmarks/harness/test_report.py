"""`make_report`: verdicts, what is missing or failed, and the JSON of a report."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator

import numpy as np
import pytest

from longthink.benchmarks.harness.record import Record
from longthink.benchmarks.harness.report import Report, make_report, write_report
from longthink.benchmarks.harness.section import Estimate, Section, Table
from longthink.benchmarks.harness.studies import STUDIES
from longthink.benchmarks.harness.study import Case
from longthink.benchmarks.harness.suite import Planned
from longthink.errors import ParameterError, RunLogError
from synthetic_report import HOSTILE, record, records, registered


@pytest.fixture(autouse=True)
def _studies() -> Iterator[None]:
    with registered():
        yield


def test_a_section_that_raises_is_named_and_the_others_are_made() -> None:
    report = make_report("synthetic", records())
    by_name = {each.study: each for each in report.studies}
    assert by_name["toy-broken"].section is None
    assert "ZeroDivisionError" in by_name["toy-broken"].problem.message
    assert "sections(" in by_name["toy-broken"].problem.traceback
    assert by_name["toy-board"].section.title == "Connect four"
    assert len(by_name["toy-board"].compared) == 5
    assert by_name["toy-board"].section.comparisons == ()
    assert any("toy-broken" in gap for gap in report.gaps)


@pytest.mark.parametrize(
    ("section", "said"),
    [
        (Section("t", tables=[Table("T", ["a", "b"], [[1]])]), "expects 2 cells, got 1"),
        (Section("t", tables=[Table("T", ["a"], [[{}]])]), "got dict"),
        (Section("t", charts=[Table("T", [], [])]), "charts of a section expects Chart, got Table"),
        (None, "NoneType"),
    ],
)
def test_a_section_that_cannot_be_drawn_is_named(section: Section, said: str, tmp_path) -> None:
    STUDIES["toy-board"].section = lambda self, found: section  # type: ignore[method-assign]
    report = make_report("synthetic", records())
    problem = next(each.problem for each in report.studies if each.study == "toy-board")
    assert said in problem.message
    assert write_report(tmp_path, report, records(), formats=("md",))["md"].exists()


def test_numbers_of_numpy_are_numbers(tmp_path) -> None:
    rows = [[np.int64(3), np.float64(0.5), Estimate(np.float64(0.25), n=np.int64(7))]]
    section = Section("t", tables=[Table("T", ["a", "b", "c"], rows)])
    STUDIES["toy-board"].section = lambda self, found: section  # type: ignore[method-assign]
    report = make_report("synthetic", [record("toy-board", 1)])
    path = write_report(tmp_path, report, [], formats=("json",))["json"]
    table = json.loads(path.read_text())["studies"][0]["section"]["tables"][0]
    assert table["rows"][0][:2] == [3, 0.5]
    assert table["rows"][0][2]["n"] == 7


def test_records_are_counted() -> None:
    report = make_report("synthetic", records())
    assert (report.records, report.seconds, report.cpu_seconds) == (35, 17.0, pytest.approx(13.6))
    assert [each.failure.message for each in report.failures] == [HOSTILE]
    assert report.seeds == [*range(30), 99]
    assert [place.records for place in report.places] == [35]
    assert report.tally == {"ahead": 4, "even": 2, "behind": 2}
    assert len(report.losses) == 2
    assert report.below == 0
    assert report.not_counted == ""


def test_a_worse_value_within_chance_is_not_hidden() -> None:
    report = make_report("synthetic", records())
    study = next(each for each in report.studies if each.study == "toy-board")
    first = study.compared[0]
    assert first.verdict == "even"
    worse = dataclasses.replace(first.comparison, difference=Estimate(-0.03, -0.07, 0.01, 200, "%"))
    changed = dataclasses.replace(study, compared=[dataclasses.replace(first, comparison=worse), *study.compared[1:]])
    report = dataclasses.replace(report, studies=[changed])
    assert report.below == 1
    assert report.not_counted.startswith("In 1 of the 1 even comparisons, the other method has the better value")


def test_missing_cases_are_those_of_the_plan_without_a_record() -> None:
    study = STUDIES["toy-board"]()
    planned = [Planned(study, Case({"seed": seed})) for seed in range(3)]
    done = dataclasses.replace(record("toy-board", 1), key=planned[1].key)
    report = make_report("synthetic", [done], planned=planned)
    assert [each.facts["seed"] for each in report.missing] == [0, 2]
    assert report.studies[0].missing == 2
    assert "2 cases of the suite did not run yet." in report.gaps


def test_records_of_another_version_do_not_count() -> None:
    old = dataclasses.replace(record("toy-board", 7), version=0)
    report = make_report("synthetic", [old, record("toy-board", 1)])
    assert (report.studies[0].old, report.studies[0].finished, report.records) == (1, 1, 1)
    assert report.gaps == ["1 record of other versions of study toy-board is not part of this report."]


def test_the_last_record_of_a_case_counts() -> None:
    first = record("toy-board", 1)
    again = dataclasses.replace(first, seconds=9.0)
    assert make_report("synthetic", [first, again]).seconds == 9.0


def test_a_study_that_is_not_registered_is_named() -> None:
    report = make_report("synthetic", [record("unknown-study", 0)])
    assert report.studies[0].section is None
    assert "unknown-study" in report.studies[0].problem.message


def test_an_empty_run_has_a_report() -> None:
    report = make_report("synthetic", [])
    assert report.answer == "No comparison is finished yet."
    assert report.command == "longthink compare synthetic"
    assert "0 cases" in report.summary


def test_the_summary_names_every_loss() -> None:
    lines = make_report("synthetic", records()).summary.splitlines()
    assert "  toy-board    MCTS 99% optimal at 10,240 simulations; the exact solver 100%" in lines
    assert "  behind: toy-board, optimal moves at 31 ms per move: MCTS 91%, exact solver 100%" in lines
    assert any("ahead in 4, even in 2 and behind in 2" in line for line in lines)


def test_the_summary_is_short() -> None:
    report = make_report("synthetic", records())
    study = next(each for each in report.studies if each.study == "toy-board")
    section = dataclasses.replace(study.section, headline="**much** is said " * 100)
    study = dataclasses.replace(study, section=section, compared=[study.compared[-1]] * 30)
    lines = dataclasses.replace(report, studies=[study]).summary.splitlines()
    assert lines[1].startswith("  toy-board    much is said much is said")
    assert lines[1].endswith(" ...")
    assert max(map(len, lines[:-1])) < 220
    assert sum("behind: toy-board" in line for line in lines) == 12
    assert "  behind: 18 more, all in the report" in lines


def test_json_holds_all_figures(tmp_path) -> None:
    report = make_report("synthetic", records())
    paths = write_report(tmp_path, report, records(), formats=("json",))
    values = json.loads(paths["json"].read_text(), parse_constant=lambda text: pytest.fail(f"not JSON: {text}"))
    again = Report.from_dict(values)
    assert json.loads(write_report(tmp_path, again, [], formats=("json",))["json"].read_text()) == values
    assert again.summary == report.summary
    with pytest.raises(ParameterError, match=r"Report\.as_dict"):
        Report.from_dict({"suite": 1})


def test_wrong_formats_and_folders_are_refused(tmp_path) -> None:
    report = make_report("synthetic", [])
    with pytest.raises(ParameterError, match="html, json, md, pdf, csv, inspect; got 'doc'"):
        write_report(tmp_path, report, [], formats=("doc",))
    (tmp_path / "file").write_text("")
    with pytest.raises(RunLogError, match="cannot be written"):
        write_report(tmp_path / "file", report, [], formats=("json",))


def test_a_record_without_an_outcome_is_not_given_to_the_section() -> None:
    seen: list[Record] = []
    study = STUDIES["toy-board"]
    original = study.section
    study.section = lambda self, found: (seen.extend(found), original(self, found))[1]  # type: ignore[method-assign]
    make_report("synthetic", records())
    assert len(seen) == 30
    assert all(each.outcome is not None for each in seen)
