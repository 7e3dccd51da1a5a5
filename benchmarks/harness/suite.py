"""`Suite`: studies with their settings, as a small TOML file, and the plan of all their cases.

    description = "Poker and connect four, one minute"
    include = ["poker"]              # the studies of other suites

    [studies.board]                  # a study and its settings; what is left out has the study's default
    budgets = [10, 100, 1_000]

    [[studies.methods]]              # a study may stand in a suite several times
    task = "countdown"

    [[studies.methods]]
    task = "game24"

The suites of this package are in benchmarks/suites. `load_suite` also takes the path of a TOML file, and the name of a
study, which stands for a suite of this study alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from longthink.benchmarks.harness.studies import STUDIES
from longthink.benchmarks.harness.study import Case, Study
from longthink.errors import ParameterError, require

FOLDER = Path(__file__).parents[1] / "suites"


@dataclass(frozen=True)
class Planned:
    """A case that a suite asks for, with its study."""

    study: Study
    case: Case

    @cached_property
    def key(self) -> str:
        return self.study.key(self.case)


@dataclass(frozen=True)
class Suite:
    """A resolved suite: nothing is included from elsewhere any more. studies: the settings of each, by its name."""

    name: str
    description: str = ""
    studies: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)

    def plan(self) -> list[Planned]:
        """All cases, each once. Raises `ParameterError` for settings that a study does not accept."""
        planned: dict[str, Planned] = {}
        for name, every in self.studies.items():
            study = STUDIES[name]()
            for settings in every:
                for case in study.cases(checked(study, settings)):
                    each = Planned(study, case)
                    planned.setdefault(each.key, each)
        return list(planned.values())


def suites() -> list[str]:
    """The names of the suites of this package."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def checked(study: Study, settings: Mapping[str, Any]) -> Any:
    """The settings of a study as its `Settings`. Raises `ParameterError` that names each wrong field."""
    pydantic = require("pydantic", "compare")
    try:
        return pydantic.TypeAdapter(study.Settings).validate_python(dict(settings))
    except pydantic.ValidationError as error:
        words = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        raise ParameterError(f"the settings of study {study.name}: {words}") from error
