"""The compiled graph compared with a simple twin in plain Python: the same visits and values in all searches."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest

import longthink as lt
from longthink.games.core import object_game
from twin import F
from twin import Rng as TwinRng


class Rng(TwinRng):
    """csrc/core/rng.h, with lt_sample of csrc/core/game.h."""

    def sample(self, probabilities: list[float]) -> int:
        u = (self.next() >> 11) * 2.0**-53
        for i, probability in enumerate(probabilities[:-1]):
            u -= probability
            if u < 0:
                return i
        return len(probabilities) - 1


@dataclass
class Edge:
    action: int
    visits: int = 0
    child: Node | None = None  # graph search
    available: int = 0  # the rest: information states
    value_sum: float = 0.0
    regret: float = 0.0
    strategy: float = 0.0


@dataclass
class Node:
    player: int
    visits: int = 0
    edges: list[Edge] = field(default_factory=list)
    evaluations: int = 0
    sums: list[float] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    state: lt.State | None = None  # one of the states of the node


def sqrt_log(n: int) -> np.float32:
    cut = max(0, n.bit_length() - 8)
    return F(math.sqrt(math.log(n >> cut << cut)))


def scaled(game: lt.Game, returns: list[float]) -> list[float]:
    middle, half = (
        (game.max_utility() + game.min_utility()) / 2,
        (game.max_utility() - game.min_utility()) / 2,
    )
    return [(value - middle) * (1 / half) for value in returns]


def play_out(state: lt.State, rng: Rng) -> list[float]:
    while not state.is_terminal():
        if state.is_chance_node():
            actions, probabilities = zip(*state.chance_outcomes(), strict=True)
            state.apply_action(actions[rng.sample(list(probabilities))])
        else:
            legal = state.legal_actions()
            state.apply_action(legal[rng.below(len(legal))])
    return scaled(state.get_game(), state.returns())


# ---- Graph search ----


def select_edge(node: Node, rule: lt.Rule) -> Edge:
    def value(edge: Edge) -> float:
        assert edge.child is not None
        return edge.visits * edge.child.values[node.player]

    tried = [edge for edge in node.edges if edge.visits]
    if isinstance(rule, lt.UCT):
        for edge in node.edges:
            if edge.visits == 0:
                return edge
        explore = F(F(rule.c) * sqrt_log(node.visits))
        scores = [
            F(F(F(value(e)) * F(F(1) / F(e.visits))) + F(explore * np.sqrt(F(F(1) / F(e.visits))))) for e in node.edges
        ]
    else:
        total = sum(e.visits for e in tried)
        mean = F(sum(value(e) for e in tried) / total) if total else F(0)
        explore, prior = F(rule.c * math.sqrt(node.visits)), F(F(1) / F(len(node.edges)))
        scores = [
            F((F(F(value(e)) / F(e.visits)) if e.visits else mean) + F(F(explore * prior) / F(F(1) + F(e.visits))))
            for e in node.edges
        ]
    return node.edges[int(np.argmax(scores))]


def compute_value(node: Node) -> None:
    """Q = (own evaluations + sum of n Q(child)) / (their number + sum of n)."""
    total, values = node.evaluations, list(node.sums)
    for edge in node.edges:
        if edge.visits:
            assert edge.child is not None
            total += edge.visits
            values = [v + edge.visits * q for v, q in zip(values, edge.child.values, strict=True)]
    node.values = [value / total for value in values]


def graph_search(game: lt.Game, rule: lt.Rule, seed: int, simulations: int) -> dict[bytes, Node]:
    players = game.num_players()

    def node_of(state: lt.State) -> Node:
        empty = Node(state.current_player(), sums=[0.0] * players, values=[0.0] * players)
        return nodes.setdefault(bytes(state.buffer), empty)

    nodes: dict[bytes, Node] = {}
    root = node_of(game.new_initial_state())
    for simulation in range(simulations):
        rng, state, node = Rng(seed, simulation), game.new_initial_state(), root
        path: list[tuple[Node, Edge]] = []
        while True:
            if not node.edges and (node.player == -1 or (node.player >= 0 and (node is root or node.visits > 0))):
                node.edges = [Edge(action) for action in state.legal_actions()]
                if node.player >= 0:
                    for i in range(len(node.edges) - 1, 0, -1):
                        j = rng.below(i + 1)
                        node.edges[i], node.edges[j] = node.edges[j], node.edges[i]
            if not node.edges:
                break
            if node.player == -1:
                edge = node.edges[rng.sample([p for _, p in state.chance_outcomes()])]
            else:
                edge = select_edge(node, rule)
            state.apply_action(edge.action)
            edge.child = node_of(state)
            path.append((node, edge))
            node = edge.child
        values = play_out(state, rng)
        node.visits, node.evaluations = node.visits + 1, node.evaluations + 1
        node.sums = [a + b for a, b in zip(node.sums, values, strict=True)]
        compute_value(node)
        for node, edge in reversed(path):
            node.visits, edge.visits = node.visits + 1, edge.visits + 1
            compute_value(node)
    return nodes


@pytest.mark.parametrize("rule", [lt.UCT(c=2.0), lt.UCT(c=0.3), lt.PUCT(c=1.25)], ids=repr)
@pytest.mark.parametrize(
    ("name", "simulations"),
    [
        ("tic_tac_toe", 600),
        ("connect_four(rows=4,columns=5,x_in_row=3)", 300),
        ("openspiel:pig(winscore=8,horizon=20)", 300),
        ("openspiel:pig(players=3,winscore=6,horizon=12)", 300),
        ("openspiel:nim(pile_sizes=1;2;3)", 300),
    ],
)
def test_graph_search(name: str, simulations: int, rule: lt.Rule) -> None:
    game = lt.load_game(name)
    twin = graph_search(game, rule, seed=7, simulations=simulations)
    search = lt.GraphSearch(game, rule, seed=7)
    search.run(game.new_initial_state(), lt.Budget(simulations=simulations))
    assert search.nodes == len(twin)
    half = (game.max_utility() - game.min_utility()) / 2
    middle = (game.max_utility() + game.min_utility()) / 2
    waiting, seen = [game.new_initial_state()], set()
    while waiting:
        state = waiting.pop()
        node = twin[bytes(state.buffer)]
        seen.add(bytes(state.buffer))
        result = search.result_at(state)
        edges = sorted(node.edges, key=lambda edge: edge.action)
        assert result.visits.sum() == sum(edge.visits for edge in edges)
        for edge, visits, value in zip(edges, result.visits, result.values, strict=False):
            assert edge.visits == visits
            if edge.child is not None:
                assert value == pytest.approx(edge.child.values[max(0, node.player)] * half + middle, abs=1e-9)
                child = state.child(edge.action)
                if bytes(child.buffer) not in seen:
                    waiting.append(child)
    assert len(seen) == len(twin)


# ---- Information states ----


def select_available(node: Node, edges: list[Edge], rule: lt.Rule, rng: Rng) -> Edge:
    start = rng.below(len(edges))
    order = edges[start:] + edges[:start]
    for edge in edges:
        edge.available += 1
    c, prior = F(rule.c), F(F(1) / F(len(edges)))
    if isinstance(rule, lt.UCT):
        for edge in order:
            if edge.visits == 0:
                return edge
        scores = [
            F(
                F(F(e.value_sum) * F(F(1) / F(e.visits)))
                + F(F(c * sqrt_log(e.available)) * np.sqrt(F(F(1) / F(e.visits))))
            )
            for e in order
        ]
    else:
        total = sum(e.visits for e in edges)
        mean = F(sum(e.value_sum for e in edges) / total) if total else F(0)
        scores = [
            F(
                (F(F(e.value_sum) / F(e.visits)) if e.visits else mean)
                + F(F(F(c * prior) * np.sqrt(F(e.available))) / F(F(1) + F(e.visits)))
            )
            for e in order
        ]
    return order[int(np.argmax(scores))]


def match_regrets(node: Node) -> list[float]:
    positive = [max(edge.regret, 0.0) for edge in node.edges]
    total = 0.0
    for regret in positive:
        total += regret
    return [p / total if total > 0 else 1.0 / len(positive) for p in positive]


def learn(node: Node, chosen: Edge, chance: float, reach: float, value: float) -> float:
    """Estimate every action with its mean as the baseline, and add regrets; returns the value of the strategy."""
    estimates = []
    for edge in node.edges:
        baseline = edge.value_sum / edge.visits if edge.visits else 0.0
        estimates.append(baseline + (value - baseline) / chance if edge is chosen else baseline)
    mean = 0.0
    for p, x in zip(match_regrets(node), estimates, strict=True):
        mean += p * x
    for edge, x in zip(node.edges, estimates, strict=True):
        edge.regret += 1 / reach * (x - mean)
    return mean


Deal = Callable[[lt.State, Rng], lt.State]


def information_search(
    start: lt.State, rule: lt.Rule | lt.RegretMatching, seed: int, simulations: int, deal: Deal
) -> dict[tuple[int, bytes], Node]:
    game, nodes = start.get_game(), dict[tuple[int, bytes], Node]()
    for simulation in range(simulations):
        rng, learner = Rng(seed, simulation), simulation % game.num_players()
        state, reach = deal(start.clone(), rng), 1.0
        path: list[tuple[Node, Edge, float, float]] = []
        leaf, at_root = None, start.is_player_node()
        while (player := state.current_player()) != -4:
            if player == -1:
                outcomes = state.chance_outcomes()
                state.apply_action(outcomes[rng.sample([p for _, p in outcomes])][0])
                continue
            leaf = nodes.setdefault(key_of(state), Node(player, state=state.clone()))
            if leaf.visits == 0 and not at_root:
                break
            node, leaf, at_root = leaf, None, False
            if not node.edges:
                node.edges = [Edge(action) for action in state.legal_actions()]
            legal = state.legal_actions()
            node.edges += [Edge(a) for a in legal if a not in [edge.action for edge in node.edges]]
            chance, before = 1.0, reach
            if isinstance(rule, lt.RegretMatching):
                strategy = match_regrets(node)
                if player == learner:
                    strategy = [(1 - rule.c) * p + rule.c / len(strategy) for p in strategy]
                else:
                    for edge, p in zip(node.edges, strategy, strict=True):
                        edge.strategy += p
                i = rng.sample(strategy)
                edge, chance = node.edges[i], strategy[i]
                reach *= chance if player == learner else 1.0
            else:
                edges = [next(edge for edge in node.edges if edge.action == a) for a in legal]
                edge = select_available(node, edges, rule, rng)
            path.append((node, edge, chance, before))
            state.apply_action(edge.action)
        values = play_out(state, rng)
        if leaf is not None:
            leaf.visits += 1
        for node, edge, chance, before in reversed(path):
            value = values[node.player]
            if isinstance(rule, lt.RegretMatching) and node.player == learner:
                values[learner] = learn(node, edge, chance, before, value)
            edge.value_sum += value
            edge.visits, node.visits = edge.visits + 1, node.visits + 1
    return nodes


def same_deal(state: lt.State, rng: Rng) -> lt.State:
    return state


def kuhn_deal(state: lt.State, rng: Rng) -> lt.State:
    """Two-player Kuhn poker: a new card of the other player, one of the two that the acting player does not hold."""
    player, history = state.current_player(), state.history()
    others = [card for card in range(3) if card != history[player]]
    history[1 - player] = others[rng.sample([0.5, 0.5])]
    return state.get_game().state_from_history(history)


class Choices:
    """Three players choose one of three at the same time; each plays against the next, and the sum is not constant."""

    def __init__(self, chosen: tuple[int, ...] = ()) -> None:
        self.chosen = chosen

    def current_player(self) -> int:
        return len(self.chosen) if len(self.chosen) < 3 else -4

    def legal_actions(self) -> list[int]:
        return [0, 1, 2]

    def apply_action(self, action: int) -> None:
        self.chosen += (action,)

    def returns(self) -> list[float]:
        a, b, c = self.chosen
        return [(a - b) % 3 * 0.5, (b - c) % 3 * 0.25, (c - a) % 3 * 0.5 - 0.5]

    def information_state_string(self, player: int) -> str:
        return str(self.chosen[player : player + 1])

    def clone(self) -> Choices:
        return Choices(self.chosen)


def three_choices() -> lt.Game:
    return object_game(
        "three_choices",
        Choices,
        num_players=3,
        num_distinct_actions=3,
        max_game_length=3,
        min_utility=-0.5,
        max_utility=1.0,
        perfect_information=False,
    )


def key_of(state: lt.State) -> tuple[int, bytes]:
    player = state.current_player()
    if state.get_game().perfect_information:
        return player, bytes(state.buffer)
    return player, state.information_state_key(player)


@pytest.mark.parametrize("rule", [lt.UCT(), lt.PUCT(), lt.RegretMatching(c=0.5)], ids=repr)
@pytest.mark.parametrize(
    ("make", "history", "deal", "simulations"),
    [
        (lambda: lt.load_game("kuhn_poker"), [], same_deal, 800),
        (lambda: lt.load_game("kuhn_poker"), [1, 2, 0, 1], kuhn_deal, 400),
        (lambda: lt.load_game("kuhn_poker"), [1, 2], kuhn_deal, 500),
        (lambda: lt.load_game("kuhn_poker(players=3)"), [], same_deal, 500),
        (lambda: lt.load_game("leduc_poker"), [], same_deal, 600),
        (three_choices, [], same_deal, 500),
        (lambda: lt.load_game("tic_tac_toe"), [], same_deal, 500),
    ],
)
def test_information_states(
    make: Callable[[], lt.Game], history: list[int], deal: Deal, simulations: int, rule: lt.Rule | lt.RegretMatching
) -> None:
    game = make()
    start = game.state_from_history(history)
    twin = information_search(start, rule, seed=3, simulations=simulations, deal=deal)
    search = lt.ISMCTS(game, rule, seed=3)
    search.run(start, lt.Budget(simulations=simulations))
    half = (game.max_utility() - game.min_utility()) / 2
    middle = (game.max_utility() + game.min_utility()) / 2
    assert search.nodes == len(twin)
    for node in twin.values():
        assert node.state is not None
        result = search.result_at(node.state)
        assert result.visits.sum() == sum(edge.visits for edge in node.edges)
        sampled = sum(edge.strategy for edge in node.edges)
        for edge in node.edges:
            i = result.actions.tolist().index(edge.action)
            assert result.visits[i] == edge.visits
            if edge.visits:
                assert result.values[i] == pytest.approx(edge.value_sum / edge.visits * half + middle, abs=1e-9)
            if sampled:
                assert result.policy[i] == pytest.approx(edge.strategy / sampled, abs=1e-9)
