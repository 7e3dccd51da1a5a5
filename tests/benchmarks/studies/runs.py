"""Running the cases of a study in this process, for tests."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from longthink.benchmarks.harness.record import JSON, Outcome, Record
from longthink.benchmarks.harness.study import Case, Context, Study
from longthink.benchmarks.harness.suite import checked

TIMINGS = ("seconds", "cpu_seconds")


def records_of(study: Study, **settings: Any) -> list[Record]:
    """The records of all cases, as they come back from a log."""
    return [record(study, case) for case in study.cases(checked(study, settings))]


def record(study: Study, case: Case) -> Record:
    outcome = json.loads(json.dumps(record_of(study, case.facts, study.run(case, Context())).as_dict()))["outcome"]
    return record_of(study, case.facts, Outcome(**outcome))


def record_of(study: Study, facts: Any, outcome: Outcome) -> Record:
    return Record(study.key(Case(facts)), study.name, study.version, dict(facts), outcome)


def untimed(value: JSON) -> JSON:
    """A JSON value without its timings."""
    if isinstance(value, dict):
        return {name: untimed(each) for name, each in value.items() if name not in TIMINGS}
    return [untimed(each) for each in value] if isinstance(value, list) else value


def outcomes(records: Iterable[Record]) -> list[JSON]:
    """What came of the cases, timings aside."""
    return [untimed(record.as_dict()["outcome"]) for record in records]
