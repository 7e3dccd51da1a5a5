"""The run log keeps every record, also after failures, and its schema is that of the docs."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import longthink as lt
from longthink.benchmarks.harness import log as run_log
from longthink.benchmarks.harness.log import RunLog, checked, find_log, latest, merge, read, same_outcomes
from longthink.benchmarks.harness.record import SCHEMA, Environment, Failure, Outcome, Record

PAGE = Path(__file__).parents[3] / "docs" / "run_log.md"


def record(key: str, solved: float | None = 1.0, **more: Any) -> Record:
    """A finished record with this score, or a failed one if there is none."""
    if solved is None:
        more = {"failure": Failure("ValueError", "no", "Traceback"), **more}
    outcome = None if solved is None else Outcome({"solved": solved}, {"seconds": 0.1, "calls": 3})
    return Record(key, "poker", 1, {"key": key}, outcome, **more)


def fill(path: Path, *keys: str) -> None:
    with RunLog(path) as log:
        for key in keys:
            log.append(record(key))


def keys(path: Path) -> list[str]:
    return [each.key for each in read(path)]


def test_appends_and_reads(tmp_path: Path) -> None:
    path = tmp_path / "run" / "log.jsonl"
    fill(path, "a", "b")
    fill(path, "c")
    assert keys(path) == ["a", "b", "c"]
    with RunLog(path) as log:
        assert [each.key for each in log.records] == ["a", "b", "c"]
    assert read(tmp_path / "none.jsonl") == []


def test_every_field_is_read_as_it_was_written(tmp_path: Path) -> None:
    full = Record(
        "k",
        "poker",
        3,
        {"game": "kuhn_poker", "seed": 1, "options": {"depth": None, "names": ["a"]}},
        Outcome({"value": 0.5}, {"seconds": 1.5}, [{"iterations": 1, "value": 2}], {"text": "é\n", "deep": deep(150)}),
        started="2026-01-01T00:00:00Z",
        seconds=2.5,
        cpu_seconds=2.0,
        quiet=True,
        environment=Environment("abc+", {"numpy": "2.0"}, {"cores": 2, "memory_gib": 7.5, "system": "Linux"}),
    )
    with RunLog(tmp_path / "log.jsonl") as log:
        assert log.append(full) == full
    assert read(tmp_path / "log.jsonl") == [full]


def deep(levels: int) -> object:
    """Lists in lists."""
    found: list[object] = []
    for _ in range(levels):
        found = [found]
    return found


@pytest.mark.parametrize("cut", [1, 5, 20])
def test_a_torn_last_line_is_put_aside(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "log.jsonl"
    fill(path, "a", "b")
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:cut])
    assert keys(path) == ["a", "b"]
    fill(path, "c")
    assert keys(path) == ["a", "b", "c"]
    assert path.with_suffix(".torn").read_bytes().rstrip(b"\n") == whole[:cut]


@pytest.mark.parametrize(
    "line",
    [
        "nonsense",
        "",
        "[]",
        '{"no": "key"}',
        json.dumps({**record("x").as_dict(), "outcome": {"scores": {"solved": "yes"}}}),
        json.dumps({**record("x").as_dict(), "facts": None}),
        "[" * 100_000,
        "9" * 100_000,
        "\udcff",
    ],
    ids=lambda line: line[:30].encode("utf-8", "replace").decode(),
)
def test_damage_in_the_middle_is_named_and_nothing_is_touched(tmp_path: Path, line: str) -> None:
    path = tmp_path / "log.jsonl"
    fill(path, "a", "b")
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], line, lines[1]]) + "\n", errors="surrogateescape")
    before = path.read_bytes()
    with pytest.raises(lt.RunLogError, match=r"line 2 of .* is not a record"), RunLog(path):
        pass
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("line", "schema"),
    [
        ('{"key": "x", "format": 1, "result": {}}', "1"),
        (json.dumps({**record("x").as_dict(), "schema": SCHEMA + 1}), str(SCHEMA + 1)),
        ('{"schema": 99}', "99"),
    ],
)
def test_a_log_of_another_schema_says_what_to_do(tmp_path: Path, line: str, schema: str) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text(line + "\n")
    with pytest.raises(lt.RunLogError, match=rf"line 1 of .* has schema {schema}, .*--fresh"), RunLog(path):
        pass
    assert path.read_text() == line + "\n"


def test_one_writer_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    program = (
        "import sys; from pathlib import Path; from longthink.benchmarks.harness.log import RunLog\n"
        "with RunLog(Path(sys.argv[1])): pass"
    )
    with RunLog(path) as log:
        log.append(record("a"))
        assert keys(path) == ["a"]  # anyone may read
        done = subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "another run is writing" in done.stderr
    assert subprocess.run([sys.executable, "-c", program, str(path)], check=False).returncode == 0


def test_a_disk_that_refuses_leaves_the_log_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "log.jsonl"
    with RunLog(path) as log:
        log.append(record("a"))
        real = os.write
        monkeypatch.setattr(os, "write", lambda file, data: real(file, data[: len(data) // 2]))
        with pytest.raises(lt.RunLogError, match="earlier records stay"):
            log.append(record("b"))
        monkeypatch.setattr(os, "write", real)
        log.append(record("c"))
    assert keys(path) == ["a", "c"]


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(lt.RunLogError, match="cannot be made"), RunLog(tmp_path / "file" / "log.jsonl"):
        pass


@pytest.mark.parametrize(
    "outcome",
    [
        Outcome({"solved": float("nan")}),
        Outcome({"solved": "very"}),  # type: ignore[dict-item]
        Outcome({"solved": None}),  # type: ignore[dict-item]
        Outcome(artifacts={"board": np.zeros(3)}),
        Outcome(artifacts={"deep": deep(5_000)}),
    ],
    ids=["nan", "text", "none", "array", "deep"],
)
def test_what_a_log_cannot_hold_is_refused(tmp_path: Path, outcome: Outcome) -> None:
    with pytest.raises(lt.ParameterError):
        checked(outcome)
    with RunLog(tmp_path / "log.jsonl") as log:
        with pytest.raises(lt.ParameterError):
            log.append(Record("a", "poker", 1, {}, outcome))
        log.append(record("b"))
    assert keys(tmp_path / "log.jsonl") == ["b"]


def test_numbers_of_numpy_and_tuples_become_plain() -> None:
    found = checked(Outcome({"solved": np.float64(0.5)}, curve=({"x": 1},), artifacts={"moves": (1, 2)}))
    assert found == Outcome({"solved": 0.5}, curve=[{"x": 1.0}], artifacts={"moves": [1, 2]})


def test_the_latest_finished_record_counts() -> None:
    found = latest([record("a", None), record("b", 0.0), record("a", 0.5), record("b", None), record("b", 1.0)])
    assert [(each.key, dict(each.scores)) for each in found] == [("a", {"solved": 0.5}), ("b", {"solved": 1.0})]
    failures = latest([record("a", None, started="1"), record("a", None, started="2")])
    assert [each.started for each in failures] == ["2"]


def test_runs_are_merged_from_their_folders_or_logs(tmp_path: Path) -> None:
    fill(tmp_path / "one" / "log.jsonl", "a", "b")
    with RunLog(tmp_path / "two" / "log.jsonl") as log:
        log.append(record("b", 0.25))
        log.append(record("a", None))
        log.append(record("c"))
    merged = merge([tmp_path / "one", tmp_path / "two" / "log.jsonl"])
    assert [(each.key, each.scores["solved"]) for each in merged] == [("a", 1.0), ("b", 0.25), ("c", 1.0)]
    assert find_log(tmp_path / "one") == tmp_path / "one" / "log.jsonl"
    with pytest.raises(lt.RunLogError, match=r"there is no run log .*three"):
        merge([tmp_path / "one", tmp_path / "three"])


def test_logs_are_the_same_if_only_timings_order_and_machine_differ() -> None:
    one, other = record("a"), record("b")
    slower = replace(
        one,
        outcome=replace(one.outcome, spent={"seconds": 9.0, "calls": 3}),  # type: ignore[type-var]
        seconds=5.0,
        started="later",
        environment=Environment("abc"),
    )
    assert same_outcomes([one, other], [other, record("a", None), slower]) == []
    assert same_outcomes([one], [one, other]) == ["poker {'key': 'b'}: only in the second log"]
    assert same_outcomes([one, other], [one]) == ["poker {'key': 'b'}: only in the first log"]
    assert same_outcomes([one], [record("a", 0.5)]) == ["poker {'key': 'a'}: scores differ"]
    assert same_outcomes([one], [record("a", None)]) == [
        "poker {'key': 'a'}: failures, scores, costs, curves, artifacts differ"
    ]
    assert same_outcomes([record("a", None)], [record("a", None, failure=Failure("ValueError", "no", "other"))]) == []


# ---- docs/run_log.md ----


@pytest.mark.parametrize("kind", [Record, Outcome, Failure, Environment])
def test_the_page_says_each_field_and_no_other(kind: type) -> None:
    _, _, after = PAGE.read_text().partition(f"## `{kind.__name__}`\n")
    table = after.partition("\n## ")[0]
    assert re.findall(r"^\| `(\w+)` \|", table, flags=re.MULTILINE) == [each.name for each in fields(kind)]


def test_the_page_is_of_this_schema() -> None:
    assert f"schema {SCHEMA}" in PAGE.read_text()
    assert run_log.adapter().json_schema()["properties"].keys() == {each.name for each in fields(Record)}
