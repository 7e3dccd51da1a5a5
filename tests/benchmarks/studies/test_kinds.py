"""The ablation of kinds of proposals: its choices, and what each kind gains."""

from __future__ import annotations

import pytest

from longthink.benchmarks.harness.record import Outcome, Record
from longthink.benchmarks.studies import kinds
from longthink.benchmarks.studies.puzzles import together
from longthink.bridge.proposals.kinds.registry import kinds as registered
from tests.benchmarks.studies.runs import record_of

STUDY = kinds.KindsStudy()


def test_every_kind_is_left_out_in_turn() -> None:
    offered = kinds.KindsSettings().kinds
    found = kinds.choices(offered)
    assert set(offered) <= set(registered())
    for kind in offered:
        assert set(found[f"without {kind}"]) == set(offered) - {kind}
    assert found[kinds.STEPS] == ("step",)
    assert found["steps and answer"] == ("step", "answer")
    assert list(kinds.choices(("step",))) == [kinds.ALL, kinds.STEPS]


def batch(choice: str, right: int) -> Record:
    outcomes = [
        Outcome({"solved": float(n < right)}, {"tokens": 9.0}, artifacts={"proposals": {"step": n, "answer": 1}})
        for n in range(4)
    ]
    facts = {
        "task": "countdown", "model": "tiny", "problems": [0, 1, 2, 3], "method": "mcts", "tokens": 1_000,
        "choice": choice, "offered": "step, answer",
    }  # fmt: skip
    return record_of(STUDY, facts, together([0, 1, 2, 3], outcomes))


def test_gains_are_differences_from_all_kinds() -> None:
    section = STUDY.section([batch(kinds.ALL, 3), batch("without answer", 1), batch(kinds.STEPS, 4)])
    rows = {row[0]: dict(zip(section.tables[0].columns, row, strict=True)) for row in section.tables[0].rows}
    assert rows[kinds.ALL]["ahead of all kinds"] is None
    assert rows["without answer"]["ahead of all kinds"].value == pytest.approx(-2 / 4)  # type: ignore[union-attr]
    assert rows[kinds.STEPS]["solved"].value == 1.0  # type: ignore[union-attr]
    assert rows[kinds.ALL]["proposals a problem"] == "step 1.50, answer 1"
    assert "answer +50 points" in section.text
    (comparison,) = section.comparisons
    assert (comparison.ours, comparison.other, comparison.difference.value) == (kinds.STEPS, kinds.ALL, 0.25)
