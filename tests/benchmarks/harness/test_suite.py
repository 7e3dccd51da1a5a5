"""Suites: what TOML files say, what they include, what is overridden, and the plan of their cases."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import longthink as lt
from longthink.benchmarks.harness.record import Outcome, Record
from longthink.benchmarks.harness.section import Section
from longthink.benchmarks.harness.studies import STUDIES
from longthink.benchmarks.harness.study import Case, Context, Study
from longthink.benchmarks.harness.suite import FOLDER, Suite, load_suite, suites


class Count(Study):
    """Counting against nothing. It is a toy."""

    name, title = "toy_count", "Counting"

    @dataclass(frozen=True)
    class Settings:
        model: str | None = None
        most: int = 3
        word: str = "one"
        rate: float = 1.0
        games: dict[str, tuple[int, int]] = field(default_factory=lambda: {"g(x=1)": (1, 2)})
        budgets: tuple[int, ...] = (10, 100)

    def cases(self, settings: Settings) -> Iterable[Case]:
        for number in range(settings.most):
            yield Case({"number": number, "word": settings.word}, cost=settings.rate)

    def run(self, case: Case, context: Context) -> Outcome:
        return Outcome({"number": case.facts["number"]})

    def section(self, records: Sequence[Record]) -> Section:
        return Section(self.title)


class Other(Count):
    """Another toy."""

    name = "toy_other"


class Wordless(Count):
    """A toy without a model."""

    name = "toy_wordless"

    @dataclass(frozen=True)
    class Settings:
        most: int = 2


TOYS = (Count, Other, Wordless)


@pytest.fixture(autouse=True)
def toys() -> Iterator[None]:
    for study in TOYS:
        STUDIES.register(study.name, study)
    yield
    for study in TOYS:
        STUDIES.unregister(study.name)


def written(folder: Path, text: str, name: str = "mine.toml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_the_name_of_a_study_is_a_suite_of_it_alone() -> None:
    suite = load_suite("toy_count")
    assert (suite.name, suite.description) == ("toy_count", "Counting against nothing.")
    assert suite.studies == {
        "toy_count": [
            {"most": 3, "word": "one", "rate": 1.0, "games": {"g(x=1)": [1, 2]}, "budgets": [10, 100]},
        ]
    }
    assert [each.case.facts["number"] for each in suite.plan()] == [0, 1, 2]


def test_a_file_has_studies_once_or_several_times_and_each_case_is_planned_once(tmp_path: Path) -> None:
    text = """
        description = "Two"
        [studies.toy_other]
        most = 1
        [[studies.toy_count]]
        most = 2
        [[studies.toy_count]]
        most = 1_000
        word = "one"
        [[studies.toy_count]]
        most = 2
        word = "two"
    """
    suite = load_suite(written(tmp_path, text))
    assert (suite.name, suite.description) == ("mine", "Two")
    plan = suite.plan()
    assert len(plan) == len({each.key for each in plan}) == 1 + 1_000 + 2
    assert [each.study.name for each in plan[:2]] == ["toy_other", "toy_count"]


def test_a_suite_includes_others_by_name_and_by_path(tmp_path: Path) -> None:
    written(tmp_path, "[studies.toy_count]\nmost = 1", "small.toml")
    text = 'include = ["small.toml", "toy_other"]\n[[studies.toy_count]]\nmost = 2\n[[studies.toy_count]]\nmost = 1'
    suite = load_suite(written(tmp_path, text))
    assert [(name, [each["most"] for each in every]) for name, every in suite.studies.items()] == [
        ("toy_count", [1, 2]),  # equal settings stand once
        ("toy_other", [3]),
    ]


def test_suites_that_include_each_other_are_named(tmp_path: Path) -> None:
    written(tmp_path, 'include = ["b.toml"]', "a.toml")
    written(tmp_path, 'include = ["a.toml"]', "b.toml")
    with pytest.raises(lt.ParameterError, match="a includes b includes a"):
        load_suite(tmp_path / "a.toml")


def test_overrides_reach_every_entry(tmp_path: Path) -> None:
    path = written(tmp_path, "[[studies.toy_count]]\nmost = 1\n[[studies.toy_count]]\nmost = 2")
    suite = load_suite(
        path,
        [
            "toy_count.word=two words",
            "toy_count.rate = 1e-1",
            "toy_count.budgets=[1, 2]",
            'toy_count.games={"h(y=2)" = [3, 4]}',
        ],
    )
    assert [each["most"] for each in suite.studies["toy_count"]] == [1, 2]
    for each in suite.studies["toy_count"]:
        assert (each["word"], each["rate"], each["budgets"]) == ("two words", 0.1, [1, 2])
        assert each["games"] == {"h(y=2)": [3, 4]}
    assert load_suite("toy_count", ["toy_count.most=1e3"]).studies["toy_count"][0]["most"] == 1_000
    assert load_suite("toy_count", ["toy_count.word='5'", "toy_count.word = a=b"]).studies["toy_count"][0]["word"] == (
        "a=b"
    )


def test_a_model_is_that_of_every_study_that_has_one(tmp_path: Path) -> None:
    path = written(tmp_path, "include = ['toy_count', 'toy_wordless', 'toy_other']")
    suite = load_suite(path, ["toy_other.model=other"], model="tiny")
    models = {name: every[0].get("model") for name, every in suite.studies.items()}
    assert models == {"toy_count": "tiny", "toy_wordless": None, "toy_other": "other"}
    with pytest.raises(lt.ParameterError, match="no study of the suite toy_wordless has a language model"):
        load_suite("toy_wordless", model="tiny")


@pytest.mark.parametrize(
    ("override", "kind", "says"),
    [
        ("toy_count.mots=1", lt.UnknownNameError, "unknown setting of study toy_count 'mots'; did you mean 'most'"),
        ("toy_cuont.most=1", lt.UnknownNameError, "unknown study of the suite toy_count 'toy_cuont'; did you mean"),
        ("toy_count.most=many", lt.ParameterError, "settings of study toy_count: most: .*integer"),
        ("toy_count.games={a = [1]}", lt.ParameterError, r"games\.a"),
        ("toy_count.most", lt.ParameterError, "STUDY.FIELD=VALUE"),
        ("most=1", lt.ParameterError, "STUDY.FIELD=VALUE"),
        ("toy_count.most=1\nx=2", lt.ParameterError, "integer"),
    ],
)
def test_a_wrong_override_is_named(override: str, kind: type[Exception], says: str) -> None:
    with pytest.raises(kind, match=says):
        load_suite("toy_count", [override])


@pytest.mark.parametrize(
    ("text", "kind", "says"),
    [
        ("descripton = 'x'", lt.UnknownNameError, "unknown key of the suite .*mine.toml 'descripton'; did you mean"),
        ("[studies.toy_cuont]", lt.UnknownNameError, "unknown study 'toy_cuont'; did you mean 'toy_count'"),
        ("[studies.toy_count]\nmots = 1", lt.UnknownNameError, "did you mean 'most'"),
        ("[studies.toy_count]\nmost = 'x'", lt.ParameterError, "most"),
        ("studies = 3", lt.ParameterError, "mine.toml: studies"),
        ("studies.toy_count = 3", lt.ParameterError, "mine.toml: studies.toy_count"),
        ("include = 'x'", lt.ParameterError, "mine.toml: include"),
        ("include = ['toy_cuont']", lt.UnknownNameError, "unknown suite or study 'toy_cuont'; did you mean"),
        ("include = ['none.toml']", lt.ParameterError, "none.toml cannot be read: No such file"),
        ("[[", lt.ParameterError, "mine.toml is not TOML"),
    ],
)
def test_a_wrong_file_is_named(tmp_path: Path, text: str, kind: type[Exception], says: str) -> None:
    with pytest.raises(kind, match=says):
        load_suite(written(tmp_path, text))


def test_an_unknown_name_has_near_matches() -> None:
    with pytest.raises(lt.UnknownNameError, match="unknown suite or study 'toy_cont'; did you mean 'toy_count'"):
        load_suite("toy_cont")


def test_a_resolved_suite_is_read_back_equal(tmp_path: Path) -> None:
    path = written(tmp_path, "description = 'é\"'\ninclude = ['toy_other']\n[studies.toy_count]\nmost = 2")
    suite = load_suite(path, ["toy_count.word=two", "toy_count.model=tiny"])
    stored = written(tmp_path, suite.as_toml(), "suite.toml")
    assert load_suite(stored) == suite
    assert load_suite(str(stored)).plan()[0].key == suite.plan()[0].key
    empty = Suite("empty")
    assert load_suite(written(tmp_path, empty.as_toml())) == empty


# ---- The suites of this package ----


@pytest.mark.parametrize("name", suites())
def test_a_suite_of_the_package_is_described_and_read_back(name: str, tmp_path: Path) -> None:
    suite = load_suite(name)
    assert suite.description.endswith(".")
    assert suite.studies
    assert load_suite(written(tmp_path, suite.as_toml())) == suite
    assert (FOLDER / f"{name}.toml").is_file()


def test_smoke_and_full_have_every_study() -> None:
    ours = {name for name in STUDIES if STUDIES[name].__module__.startswith("longthink.")}
    assert set(load_suite("full").studies) == ours
    assert set(load_suite("smoke").studies) == ours
    assert {"smoke", "quick", "poker", "board", "go", "language", "scaling", "full"} <= set(suites())
