"""CFR-BR: known values, and the same steps as OpenSpiel's."""

from __future__ import annotations

import pyspiel
import pytest
from open_spiel.python.algorithms.cfr_br import CFRBRSolver

import longthink as lt
from longthink.games.adapters.openspiel import OpenSpielPolicy


@pytest.mark.parametrize(("name", "value", "near"), [("kuhn_poker", -1 / 18, 0.01), ("leduc_poker", -0.085606, 0.08)])
@pytest.mark.parametrize("plus", [True, False])
def test_comes_near_the_known_value(name: str, value: float, near: float, plus: bool) -> None:
    """Slowly, because best responses change from iteration to iteration."""
    solver = lt.CFRBR(lt.load_game(name), plus=plus)
    solver.run(600)
    assert solver.exploitability() < near
    assert solver.values()[0] == pytest.approx(value, abs=near)
    assert lt.exploitability(solver.game, solver.average_policy()) == pytest.approx(solver.exploitability(), abs=1e-12)


@pytest.mark.parametrize("plus", [True, False])
def test_first_iterations_equal_openspiels(plus: bool) -> None:
    """Only a few, because best responses are soon equal up to rounding."""
    game = lt.load_game("kuhn_poker")
    theirs = CFRBRSolver(pyspiel.load_game("kuhn_poker"), linear_averaging=plus, regret_matching_plus=plus)
    ours = lt.CFRBR(game, plus=plus)
    for _ in range(2):
        theirs.evaluate_and_update_policy()
    ours.run(2)
    expected = lt.Policy.of(game, OpenSpielPolicy(theirs.average_policy())).table
    for key, row in ours.average_policy().table.items():
        assert row == pytest.approx(expected[key], abs=1e-9), key


def test_runs_as_cfr_does() -> None:
    whole, parts = (lt.CFRBR(lt.load_game("leduc_poker")) for _ in range(2))
    whole.run(20)
    parts.run(7)
    parts.run(13)
    assert parts.average_strategy().tolist() == whole.average_strategy().tolist()
    assert parts.iterations == 20
    result = whole.run(until=lt.Exploitability(0.3))
    assert result.stopped_by == "exploitability"
    assert result.exploitability <= 0.3
    assert whole.run(budget=lt.Budget(seconds=0.01)).stopped_by == "seconds"
    assert lt.exploitability(whole.game, whole.current_policy()) > 0


def test_bad_input_is_refused() -> None:
    with pytest.raises(lt.GameError, match="two players"):
        lt.CFRBR(lt.load_game("kuhn_poker(players=3)"))
    solver = lt.CFRBR(lt.load_game("kuhn_poker"))
    with pytest.raises(lt.ParameterError, match="needs a limit"):
        solver.run()
    with pytest.raises(lt.ParameterError, match="from 1"):
        solver.run(0)
    with pytest.raises(lt.ParameterError, match="not nodes"):
        solver.run(1, budget=lt.Budget(nodes=4))
