"""The sequence-form linear program: known values, and the limits of regret minimisation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import longthink as lt

GOOFSPIEL = "goofspiel(num_cards={},imp_info=True,points_order={})"
KNOWN = {
    "kuhn_poker": -1 / 18,
    "leduc_poker": -0.085606424078,
    GOOFSPIEL.format(4, "descending"): 0.0,
    GOOFSPIEL.format(4, "random"): 0.0,
    GOOFSPIEL.format(5, "ascending"): 0.0,
}


@pytest.mark.parametrize("name", KNOWN)
def test_known_values(name: str) -> None:
    solver = lt.SequenceFormLP(lt.load_game(name))
    assert solver.run().stopped_by == "solved"
    assert solver.values() == pytest.approx([KNOWN[name], -KNOWN[name]], abs=1e-9)
    assert abs(solver.exploitability()) < 1e-9


@pytest.mark.parametrize("name", ["kuhn_poker", "liars_dice(dice_sides=4)", "dark_hex(board_size=2)", "tic_tac_toe"])
def test_agrees_with_regret_minimisation(name: str) -> None:
    game = lt.load_game(name)
    exact, near = lt.SequenceFormLP(game), lt.CFR(game, "pcfr+")
    exact.run()
    near.run(300 if name == "tic_tac_toe" else 3000)
    assert exact.values() == pytest.approx(near.values(), abs=near.nash_conv() + 1e-9)
    assert exact.nash_conv() < 1e-9
    assert near.nash_conv() < 1e-3


def test_liars_dice_of_openspiels_size() -> None:
    """24,576 information states. CFR+ comes within 1e-4 of the value that the program finds."""
    game = lt.load_game("liars_dice")
    exact, near = lt.SequenceFormLP(game), lt.CFR(game, "cfr+")
    exact.run()
    near.run(until=lt.Exploitability(5e-4))
    assert exact.exploitability() < 1e-9
    assert exact.values()[0] == pytest.approx(near.values()[0], abs=2 * 5e-4)


@pytest.mark.parametrize("method", ["highs-ds", "highs-ipm"])
def test_methods_agree(method: str) -> None:
    solver = lt.SequenceFormLP(lt.load_game("leduc_poker"), method=method)
    solver.run()
    assert solver.values()[0] == pytest.approx(KNOWN["leduc_poker"], abs=1e-9)
    assert solver.exploitability() < 1e-9


def test_what_it_cannot_solve_is_refused() -> None:
    with pytest.raises(lt.GameError, match="3 players"):
        lt.SequenceFormLP(lt.load_game("kuhn_poker(players=3)"))
    with pytest.raises(lt.GameError, match="not constant"):
        lt.SequenceFormLP(lt.load_game("openspiel:bargaining"))
    with pytest.raises(lt.ParameterError, match="highs-ipm"):
        lt.SequenceFormLP(lt.load_game("kuhn_poker"), method="simplex")
    with pytest.raises(lt.GameError, match="perfect recall"):
        lt.SequenceFormLP(lt.load_game("openspiel:dark_hex(num_rows=2)"))
    solver = lt.SequenceFormLP(lt.load_game("leduc_poker"))
    with pytest.raises(lt.ParameterError, match="not solved yet"):
        solver.policy()
    with pytest.raises(lt.ParameterError, match="spends seconds, not"):
        solver.run(lt.Budget(simulations=3))
    assert solver.run(lt.Budget(seconds=1e-9)).stopped_by == "seconds"
    with pytest.raises(lt.ParameterError, match="not solved yet"):
        solver.exploitability()
    solver.run()
    assert lt.exploitability(solver.game, solver.policy()) == pytest.approx(solver.exploitability(), abs=1e-12)


def scaled(factor: float, path: Path) -> lt.Game:
    """Matching pennies with a chance move before, whose payoffs are times `factor`; worth 0.2 of it."""
    rows = [f"{2 * factor:.30f}", f"{-factor:.30f}", f"{-factor:.30f}", f"{factor:.30f}"]
    ends = [
        f't "" {i + 1} "" {{ {value} {"-" + value if value[0] != "-" else value[1:]} }}' for i, value in enumerate(rows)
    ]
    second = [f'p "" 2 1 "" {{ "h" "t" }} 0\n{ends[2 * i]}\n{ends[2 * i + 1]}' for i in (0, 1)]
    path.write_text('EFG 2 R "pennies" { "a" "b" }\np "" 1 1 "" { "h" "t" } 0\n' + "\n".join(second) + "\n")
    return lt.load_game(f"efg:{path}")


@pytest.mark.parametrize("factor", [1e-12, 1e-9, 1e-3, 1.0, 1e9, 1e18])
def test_payoffs_of_any_size(factor: float, tmp_path: Path) -> None:
    solver = lt.SequenceFormLP(scaled(factor, tmp_path / "pennies.efg"))
    assert solver.run().stopped_by == "solved"
    assert solver.values() / factor == pytest.approx([0.2, -0.2], abs=1e-9)
    assert solver.exploitability() / factor < 1e-9


def test_an_invalid_solution_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer of the linear solver is always checked."""
    optimize = pytest.importorskip("scipy.optimize")
    right = optimize.linprog

    def wrong(*arguments: Any, **options: Any) -> Any:
        found = right(*arguments, **options)
        found.x = np.roll(found.x, 1)
        return found

    monkeypatch.setattr(optimize, "linprog", wrong)
    solver = lt.SequenceFormLP(lt.load_game("kuhn_poker"))
    with pytest.raises(lt.GameError, match="NashConv of the solution"):
        solver.run()
    with pytest.raises(lt.ParameterError, match="not solved yet"):
        solver.values()
