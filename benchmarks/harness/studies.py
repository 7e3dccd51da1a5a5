"""The registry of studies: `STUDIES`. A study is one file in benchmarks/studies, and one line here."""

from __future__ import annotations

from longthink.benchmarks.harness.study import Study
from longthink.errors import RegistryError
from longthink.registry import Registry

# One line for each study.
STUDIES: Registry[type[Study]] = Registry(
    "study",
    "longthink.studies",
    {
        "adaptive": "longthink.benchmarks.studies.adaptive:AdaptiveStudy",
        "board": "longthink.benchmarks.studies.board:Board",
        "countdown": "longthink.benchmarks.studies.countdown:CountdownStudy",
        "kinds": "longthink.benchmarks.studies.kinds:KindsStudy",
        "ladder": "longthink.benchmarks.studies.ladder:Ladder",
        "match": "longthink.benchmarks.studies.match:Match",
        "methods": "longthink.benchmarks.studies.methods:MethodsStudy",
        "poker": "longthink.benchmarks.studies.poker:Poker",
        "training": "longthink.benchmarks.studies.training:TrainingStudy",
        "writing": "longthink.benchmarks.studies.writing:WritingStudy",
    },
)
register_study = STUDIES.register
"""Add a study of your own for this process: `register_study(name, MyStudy)`, or `@register_study(name)` above it."""


def studies() -> Registry[type[Study]]:
    """The registered studies."""
    return STUDIES


def load_study(name: str) -> Study:
    """The study of this name. Raises `UnknownNameError` with near matches, `RegistryError` if its class has another."""
    study = STUDIES[name]()
    if study.name != name:
        raise RegistryError(f"the study {name!r} is registered under this name, but its class says {study.name!r}")
    return study
