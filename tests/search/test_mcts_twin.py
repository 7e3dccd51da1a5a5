"""The compiled search against an obvious twin in plain Python: the same visits and values, exactly."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import pytest

import knowing_game
import longthink as lt

MASK = 2**64 - 1
F = np.float32
ZERO = F(0)


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
    known_visits: np.float32 = ZERO  # the game's knowledge,
    known_sum: np.float32 = ZERO
    amaf_visits: np.float32 = ZERO  # and all moves as first
    amaf_sum: np.float32 = ZERO
    children: list[Node] = field(default_factory=list)


def log(n: int) -> np.float32:
    octaves = 0
    while n >= 1024:
        n, octaves = n >> 1, octaves + 1
    return F(F(math.log(n) if n else 0) + F(F(0.6931472) * F(octaves)))


def stats(child: Node) -> tuple[np.float32, np.float32]:
    return F(F(child.visits) + child.known_visits), F(F(child.value_sum) + child.known_sum)


def select_uct(path: list[Node], rule: lt.Rule, informed: bool) -> Node:
    node = path[-1]
    explore = F(F(rule.c) * np.sqrt(log(node.visits)))
    for child in node.children:
        if stats(child)[0] == 0:
            return child

    def score(child: Node) -> np.float32:
        n, total = stats(child)
        if informed:
            return F(F(total / n) + F(explore / np.sqrt(n)))
        return F(F(total * F(F(1) / n)) + F(explore * F(F(1) / np.sqrt(n))))

    return max(node.children, key=score)


def select_puct(path: list[Node], rule: lt.Rule, informed: bool) -> Node:
    node = path[-1]
    tried = sum(float(stats(child)[0]) for child in node.children)
    mean = F(sum(float(stats(child)[1]) for child in node.children) / tried) if tried else F(0)
    explore = F(rule.c * math.sqrt(node.visits))

    def score(child: Node) -> np.float32:
        n, total = stats(child)
        q = F(total / n) if n else mean
        return F(q + F(F(explore * F(child.prior)) / F(F(1) + n)))

    return max(node.children, key=score)


def select_rave(path: list[Node], rule: lt.RAVE, informed: bool) -> Node:
    node = path[-1]
    lender = node
    if isinstance(rule, lt.GRAVE):
        able = [
            node for node in path if node.player == path[-1].player and (node is path[0] or node.visits >= rule.ref)
        ]
        lender = able[-1] if able else node
    lent = {child.action: child for child in lender.children}
    explore = F(F(rule.c) * np.sqrt(log(node.visits)))
    k, b = F(rule.equivalence or 0), F(rule.bias)

    def beta(n: np.float32, m: np.float32) -> np.float32:
        if m == 0 or n == 0:
            return F(m > 0)
        if k:
            return F(np.sqrt(k / F(F(F(3) * F(node.visits)) + k)))
        return F(m / F(F(n + m) + F(F(F(b * b) * n) * m)))

    def score(child: Node) -> np.float32:
        n, total = stats(child)
        first = lent.get(child.action, child)
        m = first.amaf_visits
        if n == 0 and m == 0:
            return F(np.inf)
        q, v = F(total / n) if n else F(0), F(first.amaf_sum / m) if m else F(0)
        return F(F(q + F(beta(n, m) * F(v - q))) + F(explore / np.sqrt(F(1) + n)))

    return max(node.children, key=score)


SELECT = {"uct": select_uct, "puct": select_puct, "rave": select_rave, "grave": select_rave}


def expand(node: Node, state: lt.State, rng: Rng, knowledge: lt.Knowledge | None) -> None:
    node.player, actions = state.current_player(), state.legal_actions()
    node.children = [Node(action, 1 / len(actions)) for action in actions]
    if knowledge is not None:
        visits, values = knowing_game.priors(int(state.record["pile"]), actions)
        for child, visit, value in zip(node.children, visits, values, strict=True):
            child.known_visits = F(F(knowledge.priors) * F(visit))
            child.known_sum = F(child.known_visits * F(value))
            child.amaf_visits = F(F(knowledge.amaf) * F(visit))
            child.amaf_sum = F(child.amaf_visits * F(value))
    if node.player >= 0:
        for i in range(len(actions) - 1, 0, -1):
            j = rng.below(i + 1)
            node.children[i], node.children[j] = node.children[j], node.children[i]


def search(game: lt.Game, rule: lt.Rule, seed: int, simulations: int, knowledge: lt.Knowledge | None = None) -> Node:
    root = Node()
    middle = (game.max_utility() + game.min_utility()) / 2
    half = (game.max_utility() - game.min_utility()) / 2
    for simulation in range(simulations):
        rng, state, path = Rng(seed, simulation), game.new_initial_state(), [root]
        played: list[tuple[int, int]] = []  # player and action, chance left out
        while True:
            node = path[-1]
            if not node.children:
                player = state.current_player()
                if player == -1 or (player >= 0 and (node is root or node.visits > 0)):
                    expand(node, state, rng, knowledge)
            if not node.children:
                break
            if node.player == -1:
                child = node.children[rng.sample(state.chance_outcomes())]
            else:
                child = SELECT[rule.kind](path, rule, knowledge is not None)  # type: ignore[operator]
            path.append(child)
            played.append((node.player, child.action))
            state.apply_action(child.action)
        while not state.is_terminal():
            if state.is_chance_node():
                action = state.chance_outcomes()[rng.sample(state.chance_outcomes())][0]
            elif knowledge is not None and knowledge.playouts:
                action = knowing_game.informed(int(state.record["pile"]), rng.below)
            else:
                action = state.legal_actions()[rng.below(len(state.legal_actions()))]
            played.append((state.current_player(), action))
            state.apply_action(action)
        returns = state.returns()
        for depth, (parent, child) in enumerate(pairwise(path)):
            value = (returns[max(0, parent.player)] - middle) * (1 / half)
            child.value_sum += value
            later = {action for player, action in played[depth:] if player == parent.player >= 0}
            for sibling in parent.children:
                if sibling.action in later and isinstance(rule, lt.RAVE):
                    sibling.amaf_visits = F(sibling.amaf_visits + F(1))
                    sibling.amaf_sum = F(sibling.amaf_sum + F(value))
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


RULES = [
    lt.UCT(c=2.0),
    lt.UCT(c=0.3),
    lt.PUCT(c=1.25),
    lt.RAVE(),
    lt.RAVE(c=0.5, equivalence=100),
    lt.GRAVE(ref=10, c=0.1),
]


@pytest.mark.parametrize("rule", RULES, ids=repr)
@pytest.mark.parametrize("name", GAMES)
def test_same_tree(name: str, rule: lt.Rule) -> None:
    game = lt.load_game(name)
    simulations = 1500 if name.startswith("tic") else 250
    mcts = lt.MCTS(game, rule, seed=7)
    mcts.run(game.new_initial_state(), lt.Budget(simulations=simulations))
    compare(search(game, rule, seed=7, simulations=simulations), mcts)


@pytest.mark.parametrize("rule", [lt.UCT(c=0.5), lt.PUCT(c=1.0), lt.RAVE(), lt.GRAVE(ref=20)], ids=repr)
@pytest.mark.parametrize("knowledge", [lt.Knowledge(), lt.Knowledge(priors=0.5, amaf=2, playouts=False)], ids=repr)
def test_same_tree_with_knowledge(rule: lt.Rule, knowledge: lt.Knowledge) -> None:
    game = knowing_game.make()
    mcts = lt.MCTS(game, rule, knowledge=knowledge, seed=7)
    mcts.run(game.new_initial_state(), lt.Budget(simulations=600))
    compare(search(game, rule, 7, 600, knowledge), mcts)


def compare(twin: Node, mcts: lt.MCTS) -> None:
    game = mcts.game
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
