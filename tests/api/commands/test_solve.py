"""`longthink solve`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import longthink as lt

Run = Callable[..., tuple[int, str, str]]
AsJson = Callable[..., dict[str, Any]]


def test_a_poker_game(run: Run, as_json: AsJson, tmp_path: Path) -> None:
    policy = tmp_path / "policy.json"
    found = as_json("solve", "kuhn_poker", "--variant", "pcfr+", "--iterations", "500", "--policy", str(policy))
    assert found["values"][0] == pytest.approx(-1 / 18, abs=1e-6)
    assert found["iterations"] == 500
    saved = lt.Policy.load(policy)
    assert lt.exploitability(saved.game, saved) == pytest.approx(found["exploitability"], abs=1e-12)
    status, out, _ = run("solve", "leduc_poker", "--until", "0.01")
    assert status == 0
    assert "936 information states" in out
    assert "(exploitability)" in out


def test_parameters_of_the_game(as_json: AsJson) -> None:
    """As options and in brackets. If both are present, the option counts."""
    three = as_json("solve", "kuhn_poker", "--players", "3", "--iterations", "10")
    assert three["game"] == "kuhn_poker(players=3)"
    assert as_json("solve", "kuhn_poker(players=3)", "--iterations", "10") | {"spent": 0} == three | {"spent": 0}
    assert as_json("solve", "kuhn_poker(players=4)", "--players", "3", "--iterations", "1")["game"] == three["game"]
    isomorphic = as_json("solve", "leduc_poker", "--suit-isomorphism", "--iterations", "1")
    assert isomorphic["game"] == "leduc_poker(suit_isomorphism=True)"


def test_exactly(run: Run, as_json: AsJson, tmp_path: Path) -> None:
    policy, file = tmp_path / "policy.json", tmp_path / "kuhn.efg"
    lt.write_efg(lt.load_game("kuhn_poker"), file)
    for game in ("kuhn_poker", f"efg:{file}"):
        found = as_json("solve", game, "--method", "lp", "--policy", str(policy))
        assert found["values"][0] == pytest.approx(-1 / 18, abs=1e-12)
        saved = lt.Policy.load(policy)
        assert lt.exploitability(saved.game, saved) == pytest.approx(0, abs=1e-12)
    status, out, _ = run("solve", "leduc_poker", "--method", "lp")
    assert status == 0
    assert "-0.085606424" in out


def test_by_sampling(as_json: AsJson) -> None:
    words = ("solve", "kuhn_poker", "--variant", "external", "--iterations", "5000", "--seed", "3")
    found = as_json(*words)
    assert (found["variant"], found["iterations"], found["information_states"]) == ("external", 5000, 12)
    assert found["exploitability"] < 0.05
    assert as_json(*words)["values"] == found["values"]


def test_a_run_continues_from_a_checkpoint(run: Run, as_json: AsJson, tmp_path: Path) -> None:
    words = ["solve", "leduc_poker", "--variant", "pcfr+", "--checkpoint", str(tmp_path / "leduc"), "--iterations"]
    assert as_json(*words, "30")["spent"]["simulations"] == 30
    found = as_json(*words, "50")
    assert (found["iterations"], found["spent"]["simulations"]) == (50, 20)
    assert as_json(*words, "50")["iterations"] == 50
    (tmp_path / "leduc").write_text("something else")
    status, _, error = run(*words, "60")
    assert (status, error.count("\n")) == (2, 1)


def test_a_game_that_is_too_large_for_it(run: Run) -> None:
    status, _, error = run("solve", "connect_four")
    assert status == 2
    assert error.endswith("use: longthink search connect_four\n")
