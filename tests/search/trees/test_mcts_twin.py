"""The compiled search against its twin in plain Python (twin.py): the same visits, values and proofs, exactly."""

from __future__ import annotations

import pytest

import knowing_game
import longthink as lt
from twin import Node, Twin

GAMES = [
    "tic_tac_toe",
    "connect_four",
    "connect_four(rows=4,columns=5,x_in_row=3)",
    "openspiel:pig(winscore=8,horizon=20)",
    "openspiel:nim(pile_sizes=1;2;3)",
]
RULES = [
    lt.UCT(c=2.0),
    lt.UCT(c=0.3, virtual_loss=0.3),
    lt.PUCT(c=1.25),
    lt.RAVE(),
    lt.RAVE(c=0.5, equivalence=100),
    lt.RAVE(c=0, bias=0.02, decay=0.7),
    lt.GRAVE(ref=10, c=0.1),
    lt.UCT(c=1.0, unobserved=True),
    lt.UCB1Tuned(),
    lt.Thompson(c=0.7),
    lt.PUCT(c=1.0, base=50, fpu=-0.3),
    lt.PUCT(c=2.0, fpu_reduction=0.4, noise=0.25, alpha=0.3),
    lt.Gumbel(considered=4, visit=10),
    lt.UCT(c=1.0, widening=lt.Widening(k=1.5, alpha=0.4)),
    lt.PUCT(c=1.0, widening=lt.Widening(k=0.5, alpha=0.6)),
]


@pytest.mark.parametrize("solve", [True, False])
@pytest.mark.parametrize("rule", RULES, ids=repr)
@pytest.mark.parametrize("name", GAMES)
def test_same_tree(name: str, rule: lt.Rule, solve: bool) -> None:
    game = lt.load_game(name)
    simulations = 1000 if name.startswith("tic") else 300
    side_by_side = name.startswith(("connect", "tic")) and not isinstance(rule, lt.RAVE)
    twin = Twin(game, rule, seed=7, solve=solve, side_by_side=side_by_side)
    mcts = lt.MCTS(game, rule, seed=7, solve=solve)
    mcts.run(game.new_initial_state(), lt.Budget(simulations=simulations))
    compare(twin.run(simulations), mcts)


@pytest.mark.parametrize(
    "rule", [lt.UCT(c=0.5), lt.PUCT(c=1.0), lt.RAVE(), lt.GRAVE(ref=20), lt.UCT(widening=lt.Widening(k=0.4))], ids=repr
)
@pytest.mark.parametrize("knowledge", [lt.Knowledge(), lt.Knowledge(priors=0.5, amaf=2, playouts=False)], ids=repr)
def test_same_tree_with_knowledge(rule: lt.Rule, knowledge: lt.Knowledge) -> None:
    game = knowing_game.make()
    mcts = lt.MCTS(game, rule, knowledge=knowledge, seed=7)
    mcts.run(game.new_initial_state(), lt.Budget(simulations=600))
    compare(Twin(game, rule, 7, knowledge).run(600), mcts)


def test_many_side_by_side() -> None:
    """Full batches, and counts so large that means have many digits."""
    game = lt.load_game("connect_four(rows=3,columns=3,x_in_row=3)")
    mcts = lt.MCTS(game, lt.UCT(c=1.0, virtual_loss=0.7), seed=3, solve=False)
    mcts.run(game.new_initial_state(), lt.Budget(simulations=7000))
    compare(Twin(game, mcts.rule, 3, solve=False, side_by_side=True).run(7000), mcts)


def compare(twin: Node, mcts: lt.MCTS) -> None:
    game = mcts.game
    scale = (game.max_utility() - game.min_utility()) / 2
    middle = (game.max_utility() + game.min_utility()) / 2
    pairs = [(twin, mcts.tree(max_nodes=10**6, min_visits=0))]
    for expected, got in pairs:
        assert got.visits == expected.visits
        if expected is not twin:
            assert got.proven == (expected.proven is not None)
            if expected.visits or expected.proven is not None:
                assert got.value == expected.mean() * scale + middle
        assert {c.action for c in got.children} == {c.action for c in expected.children}
        ours = {child.action: child for child in got.children}
        pairs += [(child, ours[child.action]) for child in expected.children]
    assert len(pairs) == mcts.nodes
    assert mcts.proven == (twin.proven is not None)
