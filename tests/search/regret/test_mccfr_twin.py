"""Sampled regret minimisation compared with a simple twin in plain Python: the same numbers, bit for bit."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import longthink as lt
from longthink.search.regret.mccfr import SAMPLINGS
from twin import MASK, Rng

GOLDEN = 0x9E3779B97F4A7C15


@dataclass
class Infostate:
    actions: list[int]
    regret: list[float]
    average: list[float]
    baseline: list[list[float]]  # by action, then by player


def match(regrets: list[float]) -> list[float]:
    positive = [max(r, 0.0) for r in regrets]
    total = sum(positive)
    return [p / total if total > 0 else 1 / len(positive) for p in positive]


@dataclass
class Twin:
    """csrc/regret/mccfr.c, walking states and keeping dictionaries. The fields are the options of `MCCFR`."""

    game: lt.Game
    sampling: str
    seed: int = 0
    epsilon: float = 0.6
    k: int = 2
    baseline: float = 0.0
    regret_power: float = 0.0
    average_power: float = 0.0
    floor: float = -math.inf
    prune_below: float = -math.inf
    prune_share: float = 0.95
    table: dict[Any, Infostate] = field(default_factory=dict)
    iterations: int = 0

    def run(self, iterations: int) -> None:
        players = self.game.num_players()
        for _ in range(iterations):
            self.weights = [float(self.iterations + 1) ** p for p in (self.regret_power, self.average_power)]
            for learner in range(players):
                number = self.iterations * players + learner
                self.learner, self.averages = learner, (learner + 1) % players
                self.rng, self.common = Rng(self.seed, number), Rng(self.seed ^ MASK, number).counter
                self.strategies: dict[Any, list[float]] = {}  # of this walk
                self.walk(self.game.new_initial_state(), 0, 1.0, 1.0)
            self.iterations += 1

    def walk(self, state: lt.State, depth: int, weight: float, share: float) -> float:
        player = state.current_player()
        if player == -4:
            return state.returns()[self.learner]
        if player == -1:
            return self.chance(state, depth, weight, share)
        return self.act(state, player, depth, weight, share)

    def chance(self, state: lt.State, depth: int, weight: float, share: float) -> float:
        outcomes = state.chance_outcomes()
        if self.sampling == "public" and self.is_public(state):
            times = []
            for action, p in outcomes:
                rng = Rng(0, 0)
                rng.counter = (self.common + (depth * self.game.max_chance_outcomes() + action) * GOLDEN) & MASK
                times.append(-math.log(1 - rng.uniform()) / p)
            action = outcomes[times.index(min(times))][0]
            return self.walk(state.child(action), depth + 1, weight, share)
        if self.sampling == "public":
            return left_sum(p * self.walk(state.child(a), depth + 1, weight * p, share * p) for a, p in outcomes)
        action = outcomes[self.rng.sample(outcomes)][0]
        return self.walk(state.child(action), depth + 1, weight, share)

    def is_public(self, state: lt.State) -> bool:
        if self.game.perfect_information:
            return True
        children = [state.child(a) for a in state.legal_actions()]
        players = range(self.game.num_players())
        return all(len({c.information_state_key(p) for c in children}) == len(children) for p in players)

    def current_strategy(self, key: Any) -> list[float]:
        """Of the whole walk: what is learned in it counts from the next one on."""
        if key not in self.strategies:
            info = self.table[key]
            info.regret = [max(r, self.floor) for r in info.regret]
            self.strategies[key] = match(info.regret)
        return self.strategies[key]

    def act(self, state: lt.State, player: int, depth: int, weight: float, share: float) -> float:
        actions = state.legal_actions()
        key = (player, bytes(state.buffer if self.game.perfect_information else state.information_state_key(player)))
        if key not in self.table:
            zeros = [0.0] * len(actions)
            baselines = [[0.0] * self.game.num_players() for _ in actions]
            self.table[key] = Infostate(actions, zeros.copy(), zeros.copy(), baselines)
        info, p = self.table[key], self.current_strategy(key)
        mine, averaged = player == self.learner, player == self.averages
        if averaged:
            for i in range(len(p)):
                info.average[i] += self.weights[1] * share * p[i]
        all_followed, chosen = self.choose(info, p, mine)
        corrects = not all_followed and self.baseline > 0
        b = [row[self.learner] if corrects else 0.0 for row in info.baseline]
        value = left_sum(x * y for x, y in zip(p, b, strict=True)) if corrects else 0.0
        results = {}
        for i, inverse, ratio in chosen:
            then = (weight * (inverse if mine else ratio), share * (ratio if averaged else inverse))
            child = state.child(actions[i])
            results[i] = self.walk(child, depth + 1, *then) if then != (0, 0) else 0.0
            value += ratio * (results[i] - b[i])
        if mine:
            scale = self.weights[0] * weight
            if not all_followed:
                for i in range(len(p)):
                    info.regret[i] += scale * (b[i] - value)
            for i, inverse, _ in chosen:
                info.regret[i] += scale * inverse * (results[i] - (value if all_followed else b[i]))
        if corrects:
            for i in results:
                info.baseline[i][self.learner] += self.baseline * (results[i] - info.baseline[i][self.learner])
        return value

    def choose(self, info: Infostate, p: list[float], mine: bool) -> tuple[bool, list[tuple[int, float, float]]]:
        """Whether all actions are followed but for pruning; those that are, one over the chance of that, and their
        part in the value."""
        n = len(p)
        if self.sampling in ("chance", "public") or (self.sampling == "external" and mine):
            chosen = []
            for i in range(n):
                inverse = 1.0
                if mine and p[i] == 0 and info.regret[i] < self.prune_below:
                    if self.rng.uniform() < self.prune_share:
                        continue
                    inverse = 1 / (1 - self.prune_share)
                chosen.append((i, inverse, p[i]))
            return True, chosen
        if self.sampling == "robust" and mine:
            chosen, wanted = [], min(self.k, n)
            for i in range(n):
                if len(chosen) < wanted and self.rng.uniform() * (n - i) < wanted - len(chosen):
                    chosen.append((i, n / wanted, p[i] * (n / wanted)))
            return False, chosen
        q = [(1 - self.epsilon) * x + self.epsilon / n for x in p] if mine else p
        i = self.rng.sample(list(enumerate(q)))
        return False, [(i, 1 / q[i], p[i] / q[i] if mine else 1.0)]


def left_sum(terms: Any) -> float:
    """From the left, as the compiled loop adds."""
    total = 0.0
    for term in terms:
        total += term
    return total


OPTIONS: list[dict[str, float]] = [
    {},
    {"regret_power": 1, "average_power": 1},
    {"floor": 0.0, "average_power": 2.0},
    {"baseline": 0.25},
    {"prune_below": -2.0, "prune_share": 0.5, "floor": -8.0},
]


def allowed(sampling: str, options: dict[str, float]) -> bool:
    if "baseline" in options:
        return sampling in ("external", "outcome", "robust")
    return "prune_below" not in options or sampling not in ("outcome", "robust")


@pytest.mark.parametrize(
    ("sampling", "options"), [(s, o) for s in SAMPLINGS for o in OPTIONS if allowed(s, o)], ids=str
)
@pytest.mark.parametrize(
    ("name", "iterations"),
    [
        ("kuhn_poker", 150),
        ("kuhn_poker(players=3)", 40),
        ("leduc_poker", 6),
        ("liars_dice(dice_sides=2)", 30),
        ("goofspiel(num_cards=3,imp_info=True,points_order=descending)", 30),
        ("dark_hex(board_size=2,gameversion=adh)", 4),
        ("nim(pile_sizes=1;2;2)", 20),
    ],
)
def test_bit_for_bit(name: str, iterations: int, sampling: str, options: dict[str, float]) -> None:
    game = lt.load_game(name)
    if sampling in ("chance", "public"):
        iterations = max(1, iterations // 10)
    seed = 7
    options = {"baseline": 0.0, **options}
    solver, twin = lt.MCCFR(game, sampling, seed=seed, **options), Twin(game, sampling, seed, **options)
    solver.run(iterations)
    twin.run(iterations)
    arrays = solver.arrays()
    assert arrays["player"].tolist() == [player for player, _ in twin.table]
    assert arrays["action"].tolist() == [a for info in twin.table.values() for a in info.actions]
    for kind in ("regret", "average"):
        assert arrays[kind].tolist() == [x for info in twin.table.values() for x in getattr(info, kind)]
    if options["baseline"]:
        assert arrays["baseline"].tolist() == [row for info in twin.table.values() for row in info.baseline]
    ends = np.cumsum([0, *arrays["count"]])
    for (start, end), info in zip(pairwise(ends.tolist()), twin.table.values(), strict=True):
        assert end - start == len(info.actions)


def test_memory_of_histories_changes_nothing() -> None:
    """If the memory is too small for all histories, the game is called again, with the same result."""
    game = lt.load_game("leduc_poker")
    much, little = (lt.MCCFR(game, seed=3, memory_bytes=n) for n in (1 << 24, 300_000))
    much.run(5000)
    little.run(5000)
    assert little.num_remembered_histories < much.num_remembered_histories / 2
    for name, array in much.arrays().items():
        assert array.tolist() == little.arrays()[name].tolist(), name
