"""What the studies of language methods share: the problems, the keys of their cases, and their records."""

from __future__ import annotations

import dataclasses

import pytest

import longthink as lt
from longthink.benchmarks.harness import models
from longthink.benchmarks.harness.record import Failure, Record
from longthink.benchmarks.harness.studies import load_study
from longthink.benchmarks.harness.study import Case, Context
from longthink.benchmarks.harness.suite import checked
from longthink.benchmarks.studies import puzzles
from longthink.bridge.training.tiny_data import held_out
from tests.benchmarks.studies.runs import outcomes, record, records_of

SMALL = {
    "methods": {"problems": 2, "tokens": (40, 120), "samples": 3},
    "adaptive": {"tasks": ("countdown",), "problems": 2, "tokens": (60, 120)},
    "kinds": {"problems": 2, "tokens": 60, "kinds": ("step", "answer")},
    "training": {"models": ("tiny:0.25x",), "methods": ("greedy", "mcts"), "problems": 2, "calls": 10},
}
each_study = pytest.mark.parametrize("name", SMALL)


def test_problems_are_held_out_and_different() -> None:
    cards = [puzzles.PROBLEMS["puzzle24"].load(number) for number in range(puzzles.PROBLEMS["puzzle24"].most)]
    assert len({task.name for task in cards}) == len(cards) == 143
    assert all(held_out(numbers, 24) and max(numbers) <= 10 for numbers in puzzles.cards24())
    countdown = [puzzles.PROBLEMS["countdown"].load(number).name for number in range(2)]
    assert countdown == [lt.load_task("countdown", seed=seed).name for seed in range(2)]
    assert puzzles.PROBLEMS["game24"].load(0).name == lt.load_task("game24", number=901).name


def test_sums_are_right() -> None:
    task = puzzles.sums(3)
    a, product, rest = task.prompt.rpartition("What is ")[2].rstrip("?").partition(" * ")
    b, _, c = rest.partition(" + ")
    assert product
    assert task.verify((f"Answer: {int(a) * int(b) + int(c)}",)) == 1.0
    assert task.verify(("Answer: 1",)) == 0.0


def test_more_problems_than_there_are_and_other_tasks_are_refused() -> None:
    study = load_study("methods")
    with pytest.raises(lt.ParameterError, match=r"problems expects a number in 1\.\.100 for game24"):
        list(study.cases(checked(study, {"task": "game24", "problems": 101})))
    with pytest.raises(lt.ParameterError, match=r"task expects one of countdown, .* got 'chess'"):
        list(study.cases(checked(study, {"task": "chess"})))


def test_batches_hold_every_problem_once() -> None:
    assert list(puzzles.batches(12, "tiny:4x")) == [list(range(10)), [10, 11]]
    assert list(puzzles.batches(3, "smollm2")) == [[0], [1], [2]]


def failed(record: Record) -> Record:
    return dataclasses.replace(record, outcome=None, failure=Failure("ValueError", "x"))


@each_study
def test_another_file_of_the_same_model_is_another_case(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    study = load_study(name)
    settings = checked(study, SMALL[name])
    cases = list(study.cases(settings))
    before = {study.key(case) for case in cases if case.facts["model"] is not None}
    assert all(case.facts["identity"] == models.identity(case.facts["model"]) for case in cases if case.facts["model"])
    monkeypatch.setattr(puzzles, "identity", lambda model: f"{model} (sha256 of another file)")
    after = {study.key(case) for case in study.cases(settings) if case.facts["model"] is not None}
    assert before
    assert not before & after


@each_study
def test_problems_of_another_generator_are_other_cases(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    study = load_study(name)
    settings = checked(study, SMALL[name])
    before = {study.key(case) for case in study.cases(settings)}
    monkeypatch.setattr(puzzles, "version", lambda package: "0.0.0")
    assert not before & {study.key(case) for case in study.cases(settings)}


@each_study
def test_a_resumed_run_equals_an_uninterrupted_one(name: str) -> None:
    study = load_study(name)
    found = records_of(study, **SMALL[name])
    last_first = [record(study, Case(each.facts)) for each in reversed(found)]
    assert outcomes(reversed(last_first)) == outcomes(found)
    section = study.section(found)
    assert section.tables
    assert section.charts
    assert section.comparisons
    assert section.headline
    for some in (found[:1], found[1:], [failed(found[0]), *found[1:]], [failed(each) for each in found]):
        assert study.section(some).title == section.title


@each_study
def test_an_interrupted_case_has_no_outcome(name: str) -> None:
    study = load_study(name)
    for case in study.cases(checked(study, SMALL[name])):
        context = Context()
        context.cancel.cancel()
        with pytest.raises(KeyboardInterrupt):
            study.run(case, context)


def test_records_are_taken_apart() -> None:
    study = load_study("training")
    found = records_of(study, **SMALL["training"])
    parts = puzzles.one_by_one(found)
    assert [part.facts["problem"] for part in parts] == [0, 1] * len(found)
    assert len({part.key for part in parts}) == len(parts)
    for whole, first, second in zip(found, parts[::2], parts[1::2], strict=True):
        assert whole.outcome is not None
        assert whole.scores["solved"] == (first.scores["solved"] + second.scores["solved"]) / 2
        lines = whole.outcome.artifacts["text"].splitlines()
        assert [line.partition(",")[0] for line in lines] == ["problem 0", "problem 1"]
        assert ("not solved" in lines[0]) == (first.scores["solved"] == 0)
        assert whole.spent.get("calls", 0) == first.spent["calls"] + second.spent["calls"]
    failed = Record("k", "training", 1, {}, None, Failure("ValueError", "x"))
    assert puzzles.one_by_one([failed]) == [failed]


def test_progress_of_a_batch_goes_up() -> None:
    study, shares = load_study("methods"), list[float]()
    case = next(iter(study.cases(checked(study, {"problems": 3, "methods": ("mcts",), "samples": 0}))))
    study.run(case, dataclasses.replace(Context(), progress=shares.append))
    assert shares == sorted(shares)
    assert 0 <= shares[0] < 0.34 < 0.66 < shares[-1] <= 1
