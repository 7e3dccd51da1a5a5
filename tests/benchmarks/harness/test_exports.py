"""Records for other programs: CSV, and logs of Inspect."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

from inspect_ai.log import read_eval_log

from longthink.benchmarks.harness.record import Environment, Failure, Outcome, Record
from longthink.benchmarks.harness.render.flat import records_csv
from longthink.benchmarks.harness.render.inspect_log import eval_files

WHERE = Environment("abc+", {"numpy": "2.0"}, {"cores": 2, "system": "Linux x86_64"})
RECORDS = [
    Record(
        "k1",
        "methods",
        2,
        {"method": "beam", "options": {"width": 5}, "terms": [1, 2], "model": "tiny"},
        Outcome({"solved": 1.0}, {"seconds": 0.5, "calls": 3.0}, [{"calls": 1.0}], {"answer": "1, 2"}),
        started="2026-01-02T03:04:05+00:00",
        seconds=1.5,
        environment=WHERE,
    ),
    Record(
        "k2",
        "methods",
        2,
        {"method": "one\nline", "seed": None, "model": "tiny"},
        Outcome({"solved": 0.0, "value": 0.25}),
        quiet=True,
        environment=WHERE,
    ),
    Record("k3", "poker", 1, {"game": "kuhn_poker"}, None, Failure("ValueError", "no", "Traceback")),
]


def test_csv_has_a_column_for_each_fact_and_number() -> None:
    rows = list(csv.DictReader(io.StringIO(records_csv(RECORDS))))
    assert [row["key"] for row in rows] == ["k1", "k2", "k3"]
    assert [row["facts.method"] for row in rows] == ["beam", "one\nline", ""]
    assert (rows[0]["facts.options.width"], json.loads(rows[0]["facts.terms"])) == ("5", [1, 2])
    assert [row["scores.solved"] for row in rows] == ["1.0", "0.0", ""]
    assert [row["spent.calls"] for row in rows] == ["3.0", "", ""]
    assert [row["failure.kind"] for row in rows] == ["", "", "ValueError"]
    assert [row["quiet"] for row in rows] == ["false", "true", "false"]
    assert [row["environment.machine.cores"] for row in rows] == ["2", "2", ""]
    names = [name.partition(".")[0] for name in rows[0]]
    assert [*dict.fromkeys(names)] == [
        *("key", "study", "version", "facts", "scores", "spent", "failure"),
        *("started", "seconds", "cpu_seconds", "quiet", "environment"),
    ]
    assert records_csv([]) == "key,study,version\n"


def test_inspect_reads_a_log_of_each_study(tmp_path: Path) -> None:
    for name, content in eval_files(RECORDS).items():
        (tmp_path / name).write_bytes(content)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["methods-version2.eval", "poker-version1.eval"]
    log = read_eval_log(str(tmp_path / "methods-version2.eval"))
    assert (log.status, log.eval.task, log.eval.task_version, log.eval.model) == ("success", "methods", 2, "tiny")
    assert (log.eval.revision.commit, log.eval.revision.dirty, log.eval.packages) == ("abc", True, {"numpy": "2.0"})
    assert {score.name: score.metrics["mean"].value for score in log.results.scores} == {"solved": 0.5, "value": 0.25}
    first = next(sample for sample in log.samples if sample.id == "k1")
    assert first.scores["solved"].value == 1.0
    assert (first.scores["solved"].answer, first.output.completion) == ("1, 2", "1, 2")
    assert first.metadata["facts"] == RECORDS[0].facts
    assert (first.metadata["spent"], first.metadata["curve"]) == ({"seconds": 0.5, "calls": 3.0}, [{"calls": 1.0}])
    failed = read_eval_log(str(tmp_path / "poker-version1.eval"))
    assert (failed.results.total_samples, failed.results.completed_samples) == (1, 0)
    assert (failed.samples[0].error.message, failed.samples[0].error.traceback) == ("no", "Traceback")
