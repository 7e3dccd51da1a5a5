"""The run log keeps every finished record, also after failures."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

import longthink as lt
from longthink.benchmarks.harness.run_log import Record, RunLog, Work, read, resumed


def fill(path: Path, *keys: str) -> None:
    with RunLog(path) as log:
        for key in keys:
            log.append({"key": key, "result": {"x": 1}})


def test_appends_and_reads(tmp_path: Path) -> None:
    path = tmp_path / "run" / "log.jsonl"
    fill(path, "a", "b")
    fill(path, "c")
    assert [record["key"] for record in read(path)] == ["a", "b", "c"]
    with RunLog(path) as log:
        assert [record["key"] for record in log.records] == ["a", "b", "c"]
    assert read(tmp_path / "none.jsonl") == []


@pytest.mark.parametrize("cut", [1, 5, 20])
def test_a_torn_last_line_is_put_aside(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "log.jsonl"
    fill(path, "a", "b")
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:cut])
    assert [record["key"] for record in read(path)] == ["a", "b"]
    fill(path, "c")
    assert [record["key"] for record in read(path)] == ["a", "b", "c"]
    assert path.with_suffix(".torn").read_bytes().rstrip(b"\n") == whole[:cut]


@pytest.mark.parametrize(
    "line",
    ["nonsense", "[]", '{"no": "key"}', '{"key": "x", "format": 99}', "[" * 100_000, "9" * 100_000, "\udcff"],
    ids=lambda line: line[:30].encode("utf-8", "replace").decode(),
)
def test_damage_in_the_middle_is_named_and_nothing_is_touched(tmp_path: Path, line: str) -> None:
    path = tmp_path / "log.jsonl"
    fill(path, "a", "b")
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], line, lines[1]]) + "\n", errors="surrogateescape")
    before = path.read_bytes()
    with pytest.raises(lt.RunLogError, match="line 2"), RunLog(path):
        pass
    assert path.read_bytes() == before


def test_one_writer_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    program = (
        "import sys; from pathlib import Path; from longthink.benchmarks.harness.run_log import RunLog\n"
        "with RunLog(Path(sys.argv[1])): pass"
    )
    with RunLog(path):
        done = subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "another run is writing" in done.stderr
    assert subprocess.run([sys.executable, "-c", program, str(path)], check=False).returncode == 0


def test_a_disk_that_refuses_leaves_the_log_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "log.jsonl"
    with RunLog(path) as log:
        log.append({"key": "a"})
        real = os.write
        monkeypatch.setattr(os, "write", lambda file, data: real(file, data[: len(data) // 2]))
        with pytest.raises(lt.RunLogError, match="earlier records stay"):
            log.append({"key": "b"})
        monkeypatch.setattr(os, "write", real)
        log.append({"key": "c"})
    assert [record["key"] for record in read(path)] == ["a", "c"]


def test_work_is_resumed(tmp_path: Path) -> None:
    done: list[str] = []

    def works(*keys: str, until: str = "") -> Iterator[tuple[str, Work]]:
        def work(key: str) -> Record:
            if key == until:
                raise KeyboardInterrupt
            done.append(key)
            return {"value": key.upper()}

        for key in keys:
            yield key, partial(work, key)

    path = tmp_path / "log.jsonl"
    with pytest.raises(KeyboardInterrupt):
        resumed(path, works("a", "b", "c", until="c"))
    assert [record["value"] for record in resumed(path, works("c", "b", "a"))] == ["C", "B", "A"]
    assert done == ["a", "b", "c"]


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(lt.RunLogError, match="cannot be made"), RunLog(tmp_path / "file" / "log.jsonl"):
        pass


def test_values_that_json_has_not_are_refused(tmp_path: Path) -> None:
    with RunLog(tmp_path / "log.jsonl") as log:
        with pytest.raises(ValueError, match="JSON"):
            log.append({"key": "a", "result": float("nan")})
        log.append({"key": "b"})
    assert [json.loads(line)["key"] for line in (tmp_path / "log.jsonl").read_text().splitlines()] == ["b"]
