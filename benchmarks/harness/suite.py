"""`Suite`: studies with their settings, as a small TOML file, and the plan of all their cases.

    description = "Poker and connect four, one minute"
    include = ["poker"]              # the studies of other suites: names, or paths from this file

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

import os
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from itertools import takewhile
from pathlib import Path
from typing import Any

from longthink.benchmarks.harness.log import wrong
from longthink.benchmarks.harness.record import Record
from longthink.benchmarks.harness.studies import STUDIES, load_study
from longthink.benchmarks.harness.study import Case, Study
from longthink.errors import MissingExtraError, ParameterError, UnknownNameError, error_text, require
from longthink.validation import shown

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
    """A resolved suite: nothing is included from elsewhere any more.

    studies: by the name of each, its settings, complete and as plain values; several if it stands there several times.
    """

    name: str
    description: str = ""
    studies: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)

    def entries(self) -> list[list[Planned]]:
        """The cases of each study, once for each time that the study stands here.

        Raises `ParameterError` for settings that a study does not accept, and for a study whose `cases` fails.
        """
        return [_cases(load_study(name), settings) for name, every in self.studies.items() for settings in every]

    def plan(self) -> list[Planned]:
        """All cases, each once. Raises `ParameterError`."""
        return distinct(self.entries())

    def as_toml(self) -> str:
        """The suite as a TOML file. `load_suite` reads an equal one."""
        text: str = require("tomli_w", "compare").dumps(
            {"name": self.name, "description": self.description, "studies": self.studies}
        )
        return text


def _cases(study: Study, settings: Mapping[str, Any]) -> list[Planned]:
    accepted = checked(study, settings)
    try:
        return [Planned(study, case) for case in study.cases(accepted)]
    except MissingExtraError:
        raise
    except Exception as error:
        raise ParameterError(f"study {study.name} cannot list its cases: {error_text(error)}") from error


def distinct(entries: Iterable[Iterable[Planned]]) -> list[Planned]:
    """The cases of all entries, each once."""
    found: dict[str, Planned] = {}
    for entry in entries:
        for planned in entry:
            found.setdefault(planned.key, planned)
    return list(found.values())


def needed(entries: Iterable[Sequence[Planned]], records: Iterable[Record]) -> list[Planned]:
    """The cases, each once, without those that have not run and need not run: their study has enough records."""
    done = {record.key: record for record in records if record.outcome is not None}
    return distinct(
        [each for each in entry if each.key in done] if _enough(entry, done) else entry for entry in entries
    )


def _enough(entry: Sequence[Planned], done: Mapping[str, Record]) -> bool:
    """Whether the study needs no more than the records of its first cases, up to the first one without a record."""
    if not entry or type(entry[0].study).enough is Study.enough:
        return False
    first = [done[each.key] for each in takewhile(lambda each: each.key in done, entry)]
    try:
        return entry[0].study.enough(first)
    except Exception:  # its section will say what is wrong
        return False


# ---- Finding ----


def suites() -> list[str]:
    """The names of the suites of this package."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def load_suite(name: str | os.PathLike[str], overrides: Iterable[str] = (), model: str | None = None) -> Suite:
    """The suite of this name, the suite in this TOML file, or a study of this name with its default settings.

    overrides: "STUDY.FIELD=VALUE" sets a field wherever the study stands in the suite. The value is written as in TOML;
    anything else is a text, so a word needs no quotes. model: sets the field `model` of all studies that have one; an
    override counts more.

    Raises `UnknownNameError` with near matches for a suite, study or field that does not exist, `ParameterError` for a
    file that is not a suite, and for a value that the study does not accept.
    """
    written = _find(name, Path())
    gathered = _studies(written, ())
    if model is not None:
        _set_model(written.name, gathered, model)
    for override in overrides:
        of, key, value = _override(override)
        if of not in gathered:
            raise UnknownNameError.of(f"study of the suite {written.name}", of, gathered)
        for settings in gathered[of]:
            settings[key] = value
    resolved: dict[str, list[Mapping[str, Any]]] = {}
    for study_name, every in gathered.items():
        study = load_study(study_name)
        for settings in every:
            complete = plain(checked(study, settings))
            if complete not in resolved.setdefault(study_name, []):
                resolved[study_name].append(complete)
    return Suite(written.name, written.description, resolved)


@dataclass(frozen=True)
class _Written:
    """A suite as a file says it. name: without it, the name of the file."""

    name: str = ""
    description: str = ""
    include: Sequence[str] = ()
    studies: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    place: Path = Path()


def _find(name: str | os.PathLike[str], folder: Path) -> _Written:
    """What a name or a path stands for. folder: paths begin there."""
    text = os.fspath(name)
    if isinstance(text, str) and (text.endswith(".toml") or "/" in text or os.sep in text):
        return _read(folder / text)
    if text in suites():
        return _read(FOLDER / f"{text}.toml")
    if text in STUDIES:
        return _Written(text, STUDIES.describe(text)[0], studies={text: [{}]}, place=Path(text))
    raise UnknownNameError.of("suite or study", str(text), {*suites(), *STUDIES})


def _read(path: Path) -> _Written:
    """The suite in a file, with the types of its keys checked."""
    pydantic = require("pydantic", "compare")
    try:
        found: dict[str, Any] = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ParameterError(f"the suite {path} cannot be read: {error.strerror}") from error
    except ValueError as error:  # not TOML, or not UTF-8
        raise ParameterError(f"the suite {path} is not TOML: {error}") from error
    known = [each.name for each in fields(_Written) if each.name != "place"]
    for key in found:
        if key not in known:
            raise UnknownNameError.of(f"key of the suite {path}", key, known)
    if isinstance(found.get("studies"), dict):
        found["studies"] = {key: [each] if isinstance(each, dict) else each for key, each in found["studies"].items()}
    try:
        written: _Written = pydantic.TypeAdapter(_Written).validate_python({"name": path.stem, **found, "place": path})
    except pydantic.ValidationError as error:
        raise ParameterError(f"the suite {path}: {wrong(error)}") from error
    return written


def _studies(suite: _Written, above: tuple[_Written, ...]) -> dict[str, list[dict[str, Any]]]:
    """The settings of the studies of a suite, those that it includes first. above: the suites that include it."""
    path = (*above, suite)
    if suite.place in [each.place for each in above]:
        raise ParameterError(f"suites include each other: {' includes '.join(each.name for each in path)}")
    gathered: dict[str, list[dict[str, Any]]] = {}
    for name in suite.include:
        for study, every in _studies(_find(name, suite.place.parent), path).items():
            gathered.setdefault(study, []).extend(every)
    for study, written in suite.studies.items():
        gathered.setdefault(study, []).extend(dict(settings) for settings in written)
    return gathered


def _set_model(suite: str, gathered: Mapping[str, Sequence[dict[str, Any]]], model: str) -> None:
    having = [study for study in gathered if "model" in {each.name for each in fields(load_study(study).Settings)}]
    if not having:
        raise ParameterError(f"no study of the suite {suite} has a language model; leave out the model {shown(model)}")
    for study in having:
        for settings in gathered[study]:
            settings["model"] = model


def _override(text: str) -> tuple[str, str, Any]:
    """The study, the field and the value of an override."""
    target, equals, value = text.partition("=")
    study, dot, key = target.strip().partition(".")
    if not (equals and dot and study and key):
        raise ParameterError(f"a setting is written STUDY.FIELD=VALUE, got {shown(text)}")
    try:
        found = tomllib.loads(f"value = {value}")
    except tomllib.TOMLDecodeError:
        found = {}
    return study, key, found["value"] if found.keys() == {"value"} else value.strip()


# ---- Settings ----


def _adapter(settings: type[Any]) -> Any:
    return require("pydantic", "compare").TypeAdapter(settings)


def checked(study: Study, settings: Mapping[str, Any]) -> Any:
    """The settings of a study as its `Settings`.

    Raises `UnknownNameError` for a field that does not exist, `ParameterError` that names the fields with wrong values.
    """
    known = [each.name for each in fields(study.Settings)]
    for name in settings:
        if name not in known:
            raise UnknownNameError.of(f"setting of study {study.name}", name, known)
    pydantic = require("pydantic", "compare")
    try:
        return _adapter(study.Settings).validate_python(dict(settings))
    except pydantic.ValidationError as error:
        raise ParameterError(f"the settings of study {study.name}: {wrong(error)}") from error


def plain(settings: Any) -> dict[str, Any]:
    """Settings as plain values, as a TOML file has them: without fields that are None."""
    found: dict[str, Any] = _adapter(type(settings)).dump_python(settings, mode="json", exclude_none=True)
    return found
