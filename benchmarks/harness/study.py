"""`Study`: one comparison in one file. Its cases, how one case is run, and what the records of its cases say.

The runner (runner.py) runs the cases of studies in any order and on any number of processes. The log (log.py) keeps a
`Record` of each. A report is made from the records alone: a study's `section` turns its records into text, tables,
charts and comparisons (section.py).
"""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from longthink.benchmarks.harness.record import JSON, Outcome, Record
from longthink.benchmarks.harness.section import Section
from longthink.bridge.models.model import Model
from longthink.concurrency import CancelToken


@dataclass(frozen=True)
class Case:
    """One piece of a study, small enough that an interrupted run loses little: seconds, at most a few minutes.

    facts: everything that decides the outcome, as plain JSON values: item, method, options, budget, seed, and the
    identity of the model (`models.identity`). The log knows the case by them: a case with the same facts does not run
    again. cost: expected seconds on one processor. quiet: its timings are results, so it runs while no other case runs.
    """

    facts: Mapping[str, JSON]
    cost: float = 1.0
    quiet: bool = False


@dataclass(frozen=True)
class Context:
    """What a case gets from the runner.

    progress: called with the share of the case that is done, in [0, 1]. cancel: is set if the run is interrupted; give
    it to whatever thinks. A case that was interrupted raises `KeyboardInterrupt`, and has no record.
    model: loads a model by name, in the state of a newly loaded one, once per process.
    """

    progress: Callable[[float], object] = field(default=lambda share: None)
    cancel: CancelToken = field(default_factory=CancelToken)

    def model(self, name: str) -> Model:
        from longthink.benchmarks.harness.models import fresh_model

        return fresh_model(name)


class Study(ABC):
    """A comparison. Derive a class, and register it: `register_study("name", MyStudy)`.

    name: that of the registry. version: part of the key of each case; raise it if `run` changes, and old records count
    no more. title: the heading of its section. Settings: a frozen dataclass with a default for each field; suites
    (TOML) and the command line set its fields, and pydantic checks their types. The docstring of the class is its text
    in lists; its first sentence says what is compared with what.
    """

    name: ClassVar[str]
    version: ClassVar[int] = 1
    title: ClassVar[str]
    Settings: ClassVar[type[Any]]

    @abstractmethod
    def cases(self, settings: Any) -> Iterable[Case]:
        """The cases, in the order in which they should run."""

    @abstractmethod
    def run(self, case: Case, context: Context) -> Outcome:
        """Run a case. An exception is recorded with its traceback, and the other cases run."""

    @abstractmethod
    def section(self, records: Sequence[Record]) -> Section:
        """What the records of finished cases say. Any of the cases may be missing."""

    def enough(self, records: Sequence[Record]) -> bool:
        """Whether the remaining cases can change nothing, so that they need not run.

        The runner asks between cases, for each time that the study stands in the suite, with the records of its cases
        in their order, up to the first one that has none. So the answer does not depend on the number of processes. The
        section of a study that stops early ignores the records of later cases.
        """
        return False

    def key(self, case: Case) -> str:
        """The name of a case in the log: a hash of the study's name and version, and of the facts."""
        written = json.dumps([self.name, self.version, dict(case.facts)], sort_keys=True, allow_nan=False)
        return hashlib.sha256(written.encode()).hexdigest()[:16]
