"""The registry: lazy places, decorators, entry points of a package outside, near matches."""

import sys

import pytest

from longthink.errors import ParameterError, RegistryError, UnknownNameError
from longthink.registry import Registry


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
