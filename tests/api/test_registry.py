"""The registry: lazy places, decorators, entry points of a package outside, near matches."""

import sys

import pytest

from longthink.errors import MissingExtraError, ParameterError, RegistryError, UnknownNameError
from longthink.registry import Family, Registry, parse


def test_places_are_imported_when_asked_for_and_entries_are_listed_sorted():
    registry = Registry("thing", "longthink.tests.things", {"pi": "math:pi", "gone": "no_such_module_at_all:x"})
    registry.register("one", 1)
    assert list(registry) == ["gone", "one", "pi"]
    assert len(registry) == 3
    assert "pi" in registry
    assert registry["pi"] > 3
    with pytest.raises(RegistryError, match="no_such_module_at_all"):
        registry["gone"]


def test_a_decorator_registers_and_the_last_entry_of_a_name_counts():
    registry = Registry("thing", "longthink.tests.things")

    @registry.register("double")
    def double(x):
        return 2 * x

    assert registry["double"] is double
    registry.register("double", "math:tau")
    assert registry["double"] > 6
    with pytest.raises(ParameterError, match="brackets"):
        registry.register("f(x)", 1)


def test_an_unknown_name_is_answered_with_near_matches():
    registry = Registry("thing", "longthink.tests.things", {"revision": "math:pi"})
    with pytest.raises(UnknownNameError, match="unknown thing 'revison'; did you mean 'revision'"):
        registry["revison"]


def test_entry_points_of_an_installed_package_are_entries(tmp_path, monkeypatch):
    (tmp_path / "outside_package.py").write_text("VALUE = 42\n")
    info = tmp_path / "outside_package-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: outside-package\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[longthink.tests.things]\nanswer = outside_package:VALUE\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    registry = Registry("thing", "longthink.tests.things")
    assert "outside_package" not in sys.modules
    assert list(registry) == ["answer"]
    assert registry["answer"] == 42


def called(*arguments, size=1):
    """Return the arguments."""
    return arguments, size


def callables():
    places = dict.fromkeys(("plain", "family:", ".txt"), called)
    registry = Registry("thing", "longthink.tests.things")
    for name, entry in places.items():
        registry.register(name, entry)
    return registry


@pytest.mark.parametrize(
    ("written", "made"),
    [
        ("plain", ((), 1)),
        (" plain ( size = 3 ) ", ((), 3)),
        ("family:any(thing=2)", (("any(thing=2)",), 1)),
        ("family:", (("",), 1)),
        ("folder/a file (1).TXT", (("folder/a file (1).TXT",), 1)),
    ],
)
def test_a_text_stands_for_an_entry_and_what_it_is_called_with(written, made):
    assert callables().find(written).make() == made
    assert callables().find(written).make(size=5) == (made[0], 5)


def test_unknown_options_and_names_are_refused():
    registry = callables()
    with pytest.raises(UnknownNameError, match="unknown parameter of plain 'sise'; did you mean 'size'"):
        registry.find("plain(sise=3)").make()
    with pytest.raises(UnknownNameError, match="unknown thing 'famly:x'; did you mean 'family:'"):
        registry.find("famly:x")
    with pytest.raises(ParameterError, match="the name of a thing is a text, got 3"):
        registry.find(3)
    registry.register("needs", lambda size: size)
    with pytest.raises(ParameterError, match="needs: missing a required argument: 'size'"):
        registry.find("needs").make()


def test_a_type_error_inside_an_entry_is_not_taken_for_a_wrong_option():
    registry = callables()
    registry.register("broken", lambda size=1: size + "text")
    with pytest.raises(TypeError, match="unsupported operand"):
        registry.find("broken(size=2)").make()


def test_a_family_that_lists_its_members_takes_options_in_brackets():
    def load(member, size=1):
        return member, size

    registry = callables()
    registry.register("listed:", Family("Some.", load, lambda: ["b", "a"], lambda member: (f"It is {member}.", {})))
    assert registry.find("listed:a(size=2)").make() == ("a", 2)
    with pytest.raises(UnknownNameError, match="unknown parameter of listed:a 'sise'"):
        registry.find("listed:a").make(sise=2)
    assert registry.names() == ["listed:a", "listed:b", "plain"]
    assert list(registry) == ["plain"]
    assert registry.families == [".txt", "family:", "listed:"]
    assert registry.describe("listed:a") == ("It is a.", {})
    assert registry.describe("listed:")[0] == "Some."


def test_members_are_left_out_if_their_library_is_missing():
    def missing():
        raise MissingExtraError("no library")

    registry = callables()
    registry.register("listed:", Family("Some.", called, missing, called))
    assert registry.names() == ["plain"]


def test_entries_are_described_by_their_docstring_and_signature():
    assert callables().describe("plain") == ("Return the arguments.", {"size": 1})
    assert callables().describe("family:x") == ("Return the arguments.", {"size": 1})


def test_options_are_plain_values():
    assert parse("a-1(x=2, y='t(', z=(1, 2), w=word, on=true)") == (
        "a-1",
        {"x": 2, "y": "t(", "z": (1, 2), "w": "word", "on": True},
    )
    for text in ("a(", "a(x)", "a(x=1)b", "(x=1)", "a(x=1, x=2)"):
        with pytest.raises(ParameterError, match="expected name"):
            parse(text)
