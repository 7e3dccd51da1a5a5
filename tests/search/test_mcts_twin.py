"""The compiled search against an obvious twin in plain Python: the same visits and values, exactly."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import pytest

import longthink as lt

MASK = 2**64 - 1
F = np.float32


def mix(x: int) -> int:
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9 & MASK
    x = (x ^ (x >> 27)) * 0x94D049BB133111EB & MASK
    return x ^ (x >> 31)


class Rng:
    """csrc/rng.h."""

    def __init__(self, seed: int, simulation: int) -> None:
        self.counter = mix(mix((seed + 0x9E3779B97F4A7C15) & MASK) ^ (simulation * 0xD1342543DE82EF95 & MASK))

    def next(self) -> int:
        self.counter = (self.counter + 0x9E3779B97F4A7C15) & MASK
        return mix(self.counter)

    def below(self, n: int) -> int:
        return (self.next() >> 32) * n >> 32

    def sample(self, outcomes: list[tuple[int, float]]) -> int:
        u = (self.next() >> 11) * 2.0**-53
        for i, (_, probability) in enumerate(outcomes[:-1]):
            u -= probability
            if u < 0:
                return i
        return len(outcomes) - 1


@dataclass
class Node:
    action: int = -1
    prior: float = 1.0
    visits: int = 0
    value_sum: float = 0.0
    player: int = -4
    children: list[Node] = field(default_factory=list)


def log(n: int) -> np.float32:
    octaves = 0
    while n >= 1024:
        n, octaves = n >> 1, octaves + 1
    return F(F(math.log(n)) + F(F(0.6931472) * F(octaves)))


def select_uct(node: Node, c: float) -> Node:
    for child in node.children:
        if child.visits == 0:
            return child
    explore = F(F(c) * np.sqrt(log(node.visits)))

    def score(child: Node) -> np.float32:
        n = F(child.visits)
        return F(F(F(child.value_sum) * F(F(1) / n)) + F(explore * F(F(1) / np.sqrt(n))))

    return max(node.children, key=score)


def select_puct(node: Node, c: float) -> Node:
    tried = sum(child.visits for child in node.children)
    mean = F(sum(child.value_sum for child in node.children) / tried) if tried else F(0)
    explore = F(c * math.sqrt(node.visits))

    def score(child: Node) -> np.float32:
        n = F(child.visits)
        q = F(F(child.value_sum) / n) if child.visits else mean
        return F(q + F(F(explore * F(child.prior)) / F(F(1) + n)))

    return max(node.children, key=score)


def search(game: lt.Game, rule: lt.Rule, seed: int, simulations: int) -> Node:
    root = Node()
    middle = (game.max_utility() + game.min_utility()) / 2
    half = (game.max_utility() - game.min_utility()) / 2
    for simulation in range(simulations):
        rng, state, path = Rng(seed, simulation), game.new_initial_state(), [root]
        while True:
            node = path[-1]
            if not node.children:
                player = state.current_player()
                if player == -1 or (player >= 0 and (node is root or node.visits > 0)):
                    node.player = player
                    actions = state.legal_actions()
                    node.children = [Node(action, 1 / len(actions)) for action in actions]
                    if player >= 0:
                        for i in range(len(actions) - 1, 0, -1):
                            j = rng.below(i + 1)
                            node.children[i], node.children[j] = node.children[j], node.children[i]
            if not node.children:
                break
            if node.player == -1:
                child = node.children[rng.sample(state.chance_outcomes())]
            else:
                child = (select_uct if isinstance(rule, lt.UCT) else select_puct)(node, rule.c)
            path.append(child)
            state.apply_action(child.action)
        while not state.is_terminal():
            if state.is_chance_node():
                state.apply_action(state.chance_outcomes()[rng.sample(state.chance_outcomes())][0])
            else:
                legal = state.legal_actions()
                state.apply_action(legal[rng.below(len(legal))])
        returns = state.returns()
        for parent, child in pairwise(path):
            child.value_sum += (returns[max(0, parent.player)] - middle) * (1 / half)
        for node in path:
            node.visits += 1
    return root


GAMES = [
    "tic_tac_toe",
    "connect_four",
    "connect_four(rows=4,columns=5,x_in_row=3)",
    "openspiel:pig(winscore=8,horizon=20)",
    "openspiel:nim(pile_sizes=1;2;3)",
]


@pytest.mark.parametrize("rule", [lt.UCT(c=2.0), lt.UCT(c=0.3), lt.PUCT(c=1.25)], ids=repr)
@pytest.mark.parametrize("name", GAMES)
def test_same_tree(name: str, rule: lt.Rule) -> None:
    game = lt.load_game(name)
    simulations = 3000 if name.startswith("tic") else 400
    twin = search(game, rule, seed=7, simulations=simulations)
    mcts = lt.MCTS(game, rule, seed=7)
    mcts.run(game.new_initial_state(), lt.Budget(simulations=simulations))
    pairs = [(twin, mcts.tree(max_nodes=10**6, min_visits=0))]
    for expected, got in pairs:
        assert got.visits == expected.visits
        if expected is not twin and expected.visits:
            scale = (game.max_utility() - game.min_utility()) / 2
            middle = (game.max_utility() + game.min_utility()) / 2
            assert got.value == expected.value_sum / expected.visits * scale + middle
        assert {c.action for c in got.children} == {c.action for c in expected.children}
        ours = {child.action: child for child in got.children}
        pairs += [(child, ours[child.action]) for child in expected.children]
    assert len(pairs) == mcts.nodes
