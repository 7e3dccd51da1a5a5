"""What holds for every registered study."""

from __future__ import annotations

import inspect
import json
from dataclasses import fields, is_dataclass

import pytest

import longthink as lt
from longthink.benchmarks.harness.studies import STUDIES, load_study
from longthink.benchmarks.harness.study import Study
from longthink.benchmarks.harness.suite import checked, plain

every_study = pytest.mark.parametrize("name", list(STUDIES))


def settings(study: Study) -> object:
    """The default settings, with the tiny model if there is a choice: it is loaded at once."""
    small = {"model": "tiny"} if "model" in [field.name for field in fields(study.Settings)] else {}
    return checked(study, small)


@every_study
def test_a_study_states_its_name_once_and_describes_itself(name: str) -> None:
    study = load_study(name)
    assert study.name == name
    assert study.version >= 1
    assert study.title
    assert inspect.getdoc(type(study)) not in (None, inspect.getdoc(Study))


@every_study
def test_its_settings_are_a_frozen_dataclass_with_defaults(name: str) -> None:
    study = load_study(name)
    assert is_dataclass(study.Settings)
    assert study.Settings.__dataclass_params__.frozen
    defaults = study.Settings()
    assert checked(study, {}) == defaults
    assert checked(study, plain(defaults)) == defaults


@every_study
def test_its_cases_are_plain_distinct_and_known_again(name: str) -> None:
    study = load_study(name)
    cases = list(study.cases(settings(study)))
    assert cases
    for case in cases:
        assert json.loads(json.dumps(dict(case.facts), allow_nan=False)) == dict(case.facts)
        assert case.cost > 0
    keys = [study.key(case) for case in cases]
    assert len(set(keys)) == len(keys)
    again = load_study(name)
    assert [again.key(case) for case in again.cases(settings(again))] == keys


@every_study
def test_its_section_needs_no_records(name: str) -> None:
    study = load_study(name)
    section = study.section([])
    assert isinstance(section, lt.Section)
    assert section.title


def test_a_name_that_is_stated_differently_is_an_error() -> None:
    class Odd(Study):
        name, title = "even", "Odd"

    STUDIES.register("odd", type("Made", (Odd,), {each: lambda *_: [] for each in ("cases", "run", "section")}))
    try:
        with pytest.raises(lt.RegistryError, match="'odd' is registered under this name, but its class says 'even'"):
            load_study("odd")
    finally:
        STUDIES.unregister("odd")
