"""The results of `longthink perf` as text: ratios by group, and the comparison of two runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import longthink as lt
from longthink.benchmarks.perf.summary import compared, read, summary
from longthink.commands import main

MACHINE = {"processor": "a processor", "cores": 2, "memory_gib": 8.0, "system": "Linux x86_64"}


Result = dict[str, Any]


def benchmark(name: str, per_second: float, spread: float = 0.0, group: str = "a group", **extra: Any) -> Result:
    seconds = 100 / per_second
    stats = {"min": seconds * (1 - spread), "median": seconds, "max": seconds * (1 + spread), "rounds": 3}
    return {
        "group": group,
        "name": name,
        "fullname": f"test_x.py::{name}",
        "extra_info": {"per_second": per_second, **extra},
        "stats": stats,
    }


def results(*benchmarks: Result, **other: Any) -> Result:
    versions = {"python": "3.11", "mctx": "-"}
    return {"machine": MACHINE, "versions": versions, "benchmarks": list(benchmarks), "failed": {}, **other}


def test_a_group_is_one_line_of_ratios() -> None:
    text = summary(
        results(
            benchmark("test_longthink[slow]", 50),
            benchmark("test_longthink", 200, bytes_each=30.0),
            benchmark("test_longthink_two_threads", 400),
            benchmark("test_openspiel[a]", 10),
            benchmark("test_openspiel[b]", 20, bytes_each=150.0),
            benchmark("test_liteefg", 400),
            benchmark("test_alone", 7, group="another"),
            given_up={"test_x.py::test_hangs": 3.2},
            failed={"test_x.py::test_fails": "sums are wrong"},
        )
    )
    assert text.splitlines() == [
        "a group: 200 per second of 30.0 bytes; 10.0 x OpenSpiel of 150.0 bytes; 0.5 x LiteEFG",
        "another: 7 per second",
        "stopped after 3 s: test_x.py::test_hangs",
        "failed: test_x.py::test_fails: sums are wrong",
        "",
        "a processor, 2 cores, 8.0 GiB, Linux x86_64",
        "python 3.11",
    ]


def test_only_changes_beyond_the_spread_of_both_runs_are_called_faster_or_slower() -> None:
    earlier = results(benchmark("noisy", 100, 0.2), benchmark("better", 100, 0.01), benchmark("worse", 100, 0.01))
    now = results(benchmark("noisy", 130, 0.2), benchmark("better", 130, 0.01), benchmark("worse", 80, 0.01))
    assert compared(now, earlier).splitlines() == [
        "new / old",
        "    1.30 x  test_x.py::noisy",
        "    1.30 x  test_x.py::better  faster",
        "    0.80 x  test_x.py::worse  slower",
    ]


def test_peers_show_what_the_machine_changed() -> None:
    earlier = results(benchmark("test_openspiel[a]", 100, 0.01), benchmark("test_openspiel[b]", 100, 0.01))
    now = results(benchmark("test_openspiel[a]", 50, 0.01), benchmark("test_openspiel[b]", 200, 0.01))
    now["machine"] = {**MACHINE, "cores": 4}
    lines = compared(now, earlier).splitlines()
    assert "    1.00 x  the peers on average: unless they changed, this is the machine" in lines
    assert lines[-1] == "not the same cores: 2 earlier, 4 now"
    now["benchmarks"][0]["stats"]["rounds"] = 1
    assert "1 rounds: noise unknown" in compared(now, earlier)
    assert "no benchmark in common" in compared(now, results(benchmark("other", 1)))


def test_instruction_counts_are_compared() -> None:
    earlier = results(instructions={"equal": 1_000_000, "more": 1000, "fewer": 1000, "gone": 1})
    now = results(instructions={"equal": 1_000_900, "more": 1002, "fewer": 900, "new": 1})
    assert compared(now, earlier).splitlines()[1:] == [
        "    +0.09%  equal",
        "    +0.20%  more  more instructions",
        "   -10.00%  fewer  fewer instructions",
    ]
    assert "equal: 1,000,900 instructions" in summary(now)


@pytest.mark.parametrize("content", [None, "{", "[]", "{}", '{"machine": {}, "versions": {}, "failed": {}}'])
def test_other_files_are_refused(content: str | None, tmp_path: Path) -> None:
    path = tmp_path / "earlier.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(lt.ParameterError, match="expected results of longthink perf --json in"):
        read(path)
    assert main(["perf", "--compare", str(path)]) == 2


def test_a_file_is_read(tmp_path: Path) -> None:
    written = results(benchmark("test_longthink", 7))
    (tmp_path / "earlier.json").write_text(json.dumps(written))
    assert read(tmp_path / "earlier.json") == written
