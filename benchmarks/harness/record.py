"""`Record`: one case that was run, as the log keeps it; `Outcome`: its result.

The JSON of a record is that of these classes, field by field (docs/run_log.md has the schema). A change of the fields
is a new `SCHEMA`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

SCHEMA = 2
JSON = Any
"""A plain JSON value: None, bool, int, float (finite), str, or a list or dict of these."""


@dataclass(frozen=True)
class Outcome:
    """The result of a case.

    scores: by measure, for example {"solved": 1.0}. spent: its cost, by the names of `Spent` (seconds, simulations,
    tokens, calls, ...). curve: points along the way, each with scores and costs, for example {"iterations": 10,
    "seconds": 0.1, "exploitability": 0.5}. artifacts: what the page of the case shows: "text" or "answer" (text),
    "trace" (`Trace.as_dict`), "game" ({"game": name, "actions": [...]}), "sgf"; other keys are data for the section.
    """

    scores: Mapping[str, float] = field(default_factory=dict)
    spent: Mapping[str, float] = field(default_factory=dict)
    curve: Sequence[Mapping[str, float]] = ()
    artifacts: Mapping[str, JSON] = field(default_factory=dict)


@dataclass(frozen=True)
class Failure:
    """Why a case failed. kind: the name of the exception's class, "lost worker" or "timeout"."""

    kind: str
    message: str
    traceback: str = ""


@dataclass(frozen=True)
class Environment:
    """Where a case ran. revision: of the source, with "+" if it was changed; "" if unknown."""

    revision: str = ""
    packages: Mapping[str, str] = field(default_factory=dict)
    machine: Mapping[str, str | int | float] = field(default_factory=dict)


@dataclass(frozen=True)
class Record:
    """A case that was run.

    key, study, version, facts: of the case (study.py). outcome: None if the case failed; then `failure` says why.
    seconds, cpu_seconds: of the whole case, preparation included. quiet: whether no other case ran at the same time.
    started: the time of day in UTC, ISO 8601.
    """

    key: str
    study: str
    version: int
    facts: Mapping[str, JSON]
    outcome: Outcome | None
    failure: Failure | None = None
    started: str = ""
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    quiet: bool = False
    environment: Environment = field(default_factory=Environment)
    schema: int = SCHEMA

    def as_dict(self) -> dict[str, JSON]:
        """As plain values, for JSON."""
        return asdict(self)

    def fact(self, name: str, default: JSON = None) -> JSON:
        return self.facts.get(name, default)

    @property
    def scores(self) -> Mapping[str, float]:
        return self.outcome.scores if self.outcome is not None else {}

    @property
    def spent(self) -> Mapping[str, float]:
        return self.outcome.spent if self.outcome is not None else {}


def by_facts(records: Sequence[Record], *names: str) -> dict[tuple[JSON, ...], list[Record]]:
    """Records grouped by the values of some facts, in the order of their first records."""
    groups: dict[tuple[JSON, ...], list[Record]] = {}
    for record in records:
        groups.setdefault(tuple(record.fact(name) for name in names), []).append(record)
    return groups
