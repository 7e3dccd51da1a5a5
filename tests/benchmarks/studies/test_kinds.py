"""The ablation of kinds of proposals: it resumes, and its table compares each choice with all kinds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from longthink.benchmarks.harness.statistics import paired_interval
from longthink.benchmarks.studies import kinds
from longthink.bridge.proposals.kinds.registry import kinds as registered
from longthink.bridge.tasks.registry import load_task
from longthink.bridge.tasks.task import Task


def test_every_kind_is_in_a_suite_and_switched_off_in_turn() -> None:
    assert {kind for suite in kinds.SUITES.values() for kind in suite.kinds} == set(registered())
    for suite in kinds.SUITES.values():
        cases = dict(suite.cases())
        for kind in suite.kinds:
            assert set(cases[f"without {kind}"]) == set(suite.kinds) - {kind}


def test_it_goes_on_and_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def task(seed: int) -> Task:
        return load_task("countdown", numbers=(2, 3, 4 + seed), target=9)

    small = replace(kinds.SUITES["countdown"], task=task, tokens=60, kinds=("step", "answer"))
    monkeypatch.setitem(kinds.SUITES, "countdown", small)
    reported: list[str] = []
    records = kinds.run("countdown", tmp_path, 2, "mcts", report=reported.append)
    assert len(records) == 2 * len(list(small.cases()))
    assert kinds.run("countdown", tmp_path, 2, "mcts", report=reported.append) == records
    lines = kinds.table(records).splitlines()
    assert [line.split(" | ")[0].strip("| ") for line in lines[2:]] == [name for name, _ in small.cases()]
    assert all(line.count("|") == 6 for line in lines)
    record = {"spent": {"tokens": 9}, "proposals": {"step": 3}}
    both = [
        {"case": case, "seed": seed, "correct": seed < right, **record}
        for case, right in ((kinds.ALL, 3), ("other", 1))
        for seed in range(4)
    ]
    assert "| other | 25% (5-70) | +50 (" in kinds.table(both)


def test_sums_are_right() -> None:
    task = kinds.sums(3)
    a, product, rest = task.prompt.rpartition("What is ")[2].rstrip("?").partition(" * ")
    b, _, c = rest.partition(" + ")
    assert product
    assert task.verify((f"Answer: {int(a) * int(b) + int(c)}",)) == 1.0
    assert task.verify(("Answer: 1",)) == 0.0


def test_paired_intervals_are_those_of_the_paper() -> None:
    """36 cases that both got right, 12 and 2 that only one did: Newcombe 1998, method 10."""
    ours, others = [1] * 36 + [1] * 12 + [0] * 2, [1] * 36 + [0] * 12 + [1] * 2
    assert paired_interval(ours, others) == pytest.approx((0.0569, 0.3404), abs=5e-5)
    assert paired_interval(others, ours) == pytest.approx((-0.3404, -0.0569), abs=5e-5)
    low, high = paired_interval([1] * 20, [1] * 20)
    assert low < 0 < high
