"""Methods of users: as a class, an object, a registered name, and from another package."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

import longthink as lt
from longthink.benchmarks.perf.tower import Tower, digits
from longthink.bridge.methods import METHODS, Method
from longthink.bridge.methods.registry import make_method
from longthink.bridge.models.scripted import ScriptedModel
from longthink.bridge.proposals.writing import Written


@dataclass
class Shortest(Method):
    """Of some sampled answers, the first one with the least digit."""

    samples: int = 4
    ends = True

    def begin(self, session: lt.Session) -> None:
        super().begin(session)
        self.asked, self.best = 0, ""

    def ask(self) -> lt.Job | None:
        if self.asked == self.samples:
            return None
        self.asked += 1
        return lt.Write(seed=self.session.seed + self.asked)

    def tell(self, job: lt.Job, result: Written | None) -> None:
        if result is not None and (not self.best or result.transcript[0] < self.best):
            self.best = result.transcript[0]
            self.session.finished(result.transcript)


def think(method: str | type[Method] | Method, **options: object) -> lt.Answer:
    return lt.think(Tower(), ScriptedModel(digits), lt.Budget(), method=method, **options)


def test_a_class_and_an_object_are_methods() -> None:
    by_class, by_object = think(Shortest, samples=3), think(Shortest(samples=3))
    assert by_class.spent.calls == by_object.spent.calls == 30
    assert by_class.text == by_object.text
    assert by_class.method == by_object.method == "Shortest"
    assert think(Shortest).spent.calls == 40


def test_an_object_may_be_used_again() -> None:
    """Each session has a copy, with a state of its own."""
    method = Shortest(samples=2)
    assert think(method).text == think(method).text
    answers = lt.think_all([Tower(), Tower()], ScriptedModel(digits), lt.Budget(calls=99), method=method)
    assert [answer.spent.calls for answer in answers] == [20, 20]
    assert not hasattr(method, "asked")


def test_a_registered_method_has_its_name() -> None:
    lt.register_method("shortest", Shortest)
    try:
        answer = think("shortest", samples=1)
        assert (answer.method, answer.spent.calls) == ("shortest", 10)
        summary, options = lt.methods().describe("shortest")
        assert summary == "Of some sampled answers, the first one with the least digit."
        assert options == {"samples": 4}
        assert think("shortest(samples=2)").spent.calls == 20
        with pytest.raises(lt.UnknownNameError, match="did you mean 'samples'"):
            think("shortest", sample=1)
    finally:
        METHODS.unregister("shortest")


def test_a_package_outside_adds_a_method_and_a_verifier(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "outside_thinking.py").write_text(
        "from dataclasses import dataclass\n"
        "from longthink import Write\n"
        "from longthink.bridge.methods.sampling import Sampling\n"
        "@dataclass\n"
        "class Twice(Sampling):\n"
        '    """Two answers."""\n'
        "    ends = True\n"
        "    def ask(self):\n"
        "        return super().ask() if self.asked < 2 else None\n"
        "def make_verifier(model):\n"
        "    return lambda task, transcript: 0.75\n"
    )
    info = tmp_path / "outside_thinking-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: outside-thinking\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[longthink.methods]\ntwice = outside_thinking:Twice\n"
        "[longthink.verifiers]\nthree_quarters = outside_thinking:make_verifier\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    from longthink.bridge.tasks.verifier import VERIFIERS

    for registry in (METHODS, VERIFIERS):  # as in a process that has not looked for entry points yet
        monkeypatch.setattr(registry, "_points", None)
    assert "outside_thinking" not in sys.modules
    assert "twice" in lt.methods()
    answer = think("twice", verifier="three_quarters")
    assert (answer.spent.calls, answer.value, answer.correct) == (20, 0.75, False)


def test_what_is_no_method_is_refused() -> None:
    with pytest.raises(lt.ParameterError, match="a name, a class derived from Method"):
        think(3)  # type: ignore[arg-type]
    with pytest.raises(lt.ParameterError, match="has its options already, got also samples"):
        think(Shortest(), samples=3)
    with pytest.raises(lt.UnknownNameError, match="did you mean 'best_of_n'"):
        think("best_of")


def test_every_option_can_be_changed() -> None:
    for name, kind in METHODS.items():
        made = make_method(name, {})
        assert made.changed_options() == {}
        assert isinstance(made, kind)
    assert make_method("beam", {"width": 7}).changed_options() == {"width": 7}
