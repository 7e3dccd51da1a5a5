"""The compiled search in plain Python, slow and obvious: csrc/search/ (node.h, rules.h, tree.c) for one thread."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np

import knowing_game
import longthink as lt

MASK = 2**64 - 1
F = np.float32
ZERO = F(0)
ONE = 2**30
CHANCE, TERMINAL = -1, -4


def mix(x: int) -> int:
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9 & MASK
    x = (x ^ (x >> 27)) * 0x94D049BB133111EB & MASK
    return x ^ (x >> 31)


class Rng:
    """csrc/core/rng.h."""

    def __init__(self, seed: int, simulation: int) -> None:
        self.counter = mix(mix((seed + 0x9E3779B97F4A7C15) & MASK) ^ (simulation * 0xD1342543DE82EF95 & MASK))

    def next(self) -> int:
        self.counter = (self.counter + 0x9E3779B97F4A7C15) & MASK
        return mix(self.counter)

    def below(self, n: int) -> int:
        return (self.next() >> 32) * n >> 32

    def uniform(self) -> float:
        return (self.next() >> 11) * 2.0**-53

    def positive(self) -> float:
        return 1.0 - self.uniform()

    def normal(self) -> float:
        radius = math.sqrt(-2.0 * math.log(self.positive()))
        return radius * math.cos(6.283185307179586 * self.uniform())

    def gumbel(self) -> float:
        return -math.log(-math.log(self.positive() * 0.9999999999999999))

    def gamma(self, shape: float) -> float:
        power = 1.0
        if shape < 1.0:
            power = math.pow(self.positive(), 1.0 / shape)
            shape += 1.0
        d = shape - 1.0 / 3.0
        c = 1.0 / math.sqrt(9.0 * d)
        while True:
            x = self.normal()
            v = 1.0 + c * x
            if v <= 0:
                continue
            v = v * v * v
            if math.log(self.positive()) < 0.5 * x * x + d - d * v + d * math.log(v):
                return d * v * power

    def beta(self, a: float, b: float) -> float:
        x, y = self.gamma(a), self.gamma(b)
        return x / (x + y)

    def sample(self, outcomes: list[tuple[int, float]]) -> int:
        u = self.uniform()
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
    total: int = 0  # in quanta of 2^(e - 30)
    proven: int | None = None  # in quanta of 2^-30
    player: int = TERMINAL
    known_visits: np.float32 = ZERO  # the game's knowledge,
    known_sum: np.float32 = ZERO
    amaf_visits: np.float32 = ZERO  # and all moves as first
    amaf_sum: np.float32 = ZERO
    squares: float = 0.0
    raw: np.float32 = ZERO  # the first value of a leaf, for who acts there
    unobserved: int = 0
    planned: int = 0  # at the root, with its Gumbel number
    gumbel: float = 0.0
    children: list[Node] = field(default_factory=list)

    def add(self, visits: int, fixed: int) -> None:
        old, self.visits = self.visits, self.visits + visits
        e, grown = self.visits.bit_length(), self.visits.bit_length() - old.bit_length()
        if self.proven is not None:
            return
        if fixed % 2**e:  # rounded up or down by the place of the visit in a sequence that fills [0, 1) evenly
            fixed += (self.visits * 0x9E3779B97F4A7C15 & MASK) >> (64 - e)
        self.total = (self.total >> grown if grown >= 0 else self.total * 2) + (fixed >> e)

    def mean(self) -> float:
        if self.proven is not None:
            return self.proven / ONE
        return self.total / ONE * 2 ** self.visits.bit_length() / self.visits

    def view(self) -> tuple[np.float32, np.float32]:
        """Visits and mean value, as the rules use them."""
        n, quantum = F(self.visits), F(2.0 ** (self.visits.bit_length() - 30))
        if self.proven is not None:
            return F(max(n, F(1))), F(F(self.proven) * F(1 / ONE))
        if n == 0 and self.known_visits == 0:
            return ZERO, ZERO
        total = F(F(self.total) * quantum)
        if self.unobserved:
            seen = F(self.visits - self.unobserved)
            return n, F(total * F(F(1) / seen)) if seen else ZERO
        if self.known_visits:
            more = F(n + self.known_visits)
            return more, F(F(total + self.known_sum) / more)
        return n, F(total * F(F(1) / n))

    @property
    def lost(self) -> bool:
        return self.proven == -ONE


# ---- The rules ----


def sqrt_log(n: int) -> np.float32:
    cut = max(0, n.bit_length() - 8)
    return F(math.sqrt(math.log(n >> cut << cut))) if n else ZERO


def best(children: list[Node], score: Any) -> Node:
    """The first child of the largest score; an untried one scores infinity."""
    return max((child for child in children if not child.lost), key=score, default=children[0])


Look = tuple[list[Node], list[Node], int, Rng]
"""The input of a rule: the path to the node, its children allowed by widening, its visits, random numbers."""


def select_uct(rule: lt.UCT, look: Look) -> Node:
    _, children, seen, _ = look
    explore = F(F(rule.c) * sqrt_log(seen))

    def score(child: Node) -> np.float32:
        n, q = child.view()
        if child.proven is not None:
            return q
        return F(q + F(explore * np.sqrt(F(F(1) / n)))) if n else F(np.inf)

    return best(children, score)


def select_ucb1_tuned(rule: lt.UCB1Tuned, look: Look) -> Node:
    _, children, seen, _ = look
    root, c = sqrt_log(seen), F(rule.c)

    def score(child: Node) -> np.float32:
        n, q = child.view()
        if child.proven is not None:
            return q
        if n == 0:
            return F(np.inf)
        ratio = F(F(root * root) / n)
        variance = max(ZERO, F(F(child.squares / float(n)) - F(q * q)))
        variance = F(variance + F(F(4) * np.sqrt(F(F(2) * ratio))))
        return F(q + F(c * np.sqrt(F(ratio * min(variance, F(1))))))

    return best(children, score)


def select_thompson(rule: lt.Thompson, look: Look) -> Node:
    _, children, _, rng = look
    weight = 0.5 / (rule.c * rule.c)

    def score(child: Node) -> float:
        n, q = (float(x) for x in child.view())
        q = min(1.0, max(-1.0, q))
        if child.proven is not None:
            return q
        return 2.0 * rng.beta(1.0 + weight * n * (1.0 + q), 1.0 + weight * n * (1.0 - q)) - 1.0

    return best(children, score)


def in_lanes(terms: list[np.float32]) -> np.float32:
    """A sum in the order of eight lanes of a vector."""
    lanes = [F(0)] * 8
    for i, term in enumerate(terms):
        lanes[i % 8] = F(lanes[i % 8] + term)
    a, b, c, d = (F(lanes[i] + lanes[i + 4]) for i in range(4))
    return F(F(a + c) + F(b + d))


def select_puct(rule: lt.PUCT, look: Look) -> Node:
    _, children, seen, _ = look
    views = [child.view() for child in children]
    tried, total = in_lanes([n for n, _ in views]), in_lanes([F(n * q) for n, q in views])
    looked = in_lanes([F(child.prior) if n else ZERO for child, (n, _) in zip(children, views, strict=True)])
    untried = F(rule.fpu) if rule.fpu is not None else F(total / tried) if tried else ZERO
    if rule.fpu_reduction:
        untried = F(untried - F(F(rule.fpu_reduction) * np.sqrt(looked)))
    growth = math.log((1.0 + seen + rule.base) / rule.base) if rule.base else 0.0
    explore = F((rule.c + growth) * math.sqrt(seen))

    def score(child: Node) -> np.float32:
        n, q = child.view()
        if child.proven is not None:
            return q
        return F((q if n else untried) + F(F(explore * F(child.prior)) / F(F(1) + n)))

    return best(children, score)


def completed(node: Node, rule: lt.Gumbel, children: list[Node]) -> list[tuple[float, float]]:
    """Priors and completed values, scaled: together they make a logit."""
    weight = weighted = visits = most = 0.0
    for child in children:
        n, q = child.view()
        visits, most = visits + child.visits, max(most, float(child.visits))
        if n:
            weight, weighted = weight + float(F(child.prior)), weighted + float(F(child.prior)) * float(q)
    mixed = (float(node.raw) + visits * (weighted / weight)) / (1.0 + visits) if weight else float(node.raw)
    factor = (rule.visit + most) * rule.scale

    def value(child: Node) -> float:
        n, q = child.view()
        return -math.inf if child.lost else factor * 0.5 * (1.0 + (float(q) if n else mixed))

    return [(float(F(child.prior)), value(child)) for child in children]


def select_improved(rule: lt.Gumbel, look: Look) -> Node:
    path, children, _, _ = look
    pairs = completed(path[-1], rule, children)
    top, visits = max(value for _, value in pairs), float(sum(child.visits for child in children))
    weights = [math.exp(value - top) * prior for prior, value in pairs]
    total = 0.0
    for weight in weights:
        total += weight
    scores = {
        id(child): weight / total - child.visits / (1.0 + visits)
        for child, weight in zip(children, weights, strict=True)
    }
    return best(children, lambda child: scores[id(child)])


def select_rave(rule: lt.RAVE, look: Look) -> Node:
    path, children, seen, _ = look
    node = path[-1]
    lender = node
    if isinstance(rule, lt.GRAVE):
        able = [
            above
            for above in path
            if above.player == node.player
            and (above is path[0] or (seen if above is node else above.visits) >= rule.ref)
        ]
        lender = able[-1] if able else node
    lent = {child.action: child for child in lender.children}
    explore = F(F(rule.c) * sqrt_log(seen))
    k, b = F(rule.equivalence or 0), F(rule.bias)

    def beta(n: np.float32, m: np.float32) -> np.float32:
        if m == 0 or n == 0:
            return F(m > 0)
        if k:
            return F(np.sqrt(k / F(F(F(3) * F(seen)) + k)))
        return F(m / F(F(n + m) + F(F(F(b * b) * n) * m)))

    def score(child: Node) -> np.float32:
        n, q = child.view()
        first = lent.get(child.action, child)
        m = first.amaf_visits
        if child.proven is not None:
            return q
        if n == 0 and m == 0:
            return F(np.inf)
        v = F(first.amaf_sum / m) if m else ZERO
        return F(q + F(F(beta(n, m) * F(v - q)) + F(explore / np.sqrt(F(1) + n))))

    return best(children, score)


SELECT: dict[str, Any] = {
    "uct": select_uct,
    "ucb1_tuned": select_ucb1_tuned,
    "thompson": select_thompson,
    "puct": select_puct,
    "rave": select_rave,
    "grave": select_rave,
    "gumbel": select_improved,
}


@dataclass
class Plan:
    """Sequential halving: which action is next, at which visit."""

    simulations: int
    considered: int
    first: int = 0
    level: int = 0
    rounds: int = 0
    in_round: int = 0

    def select(self, rule: lt.Gumbel, root: Node) -> Node:
        if self.rounds == 0:
            phases = max(1, math.ceil(math.log2(self.first)))
            self.rounds, self.in_round = max(1, self.simulations // (phases * self.considered)), self.considered
        pairs = completed(root, rule, root.children)
        scores = [
            child.gumbel + math.log(prior) + value for child, (prior, value) in zip(root.children, pairs, strict=True)
        ]
        alive = [(child, score) for child, score in zip(root.children, scores, strict=True) if not child.lost]
        ready = [(score, child) for child, score in alive if child.planned == self.level]
        chosen = max(ready, key=lambda each: each[0])[1] if ready else min(alive, key=lambda each: each[0].planned)[0]
        chosen.planned += 1
        self.in_round -= 1
        if self.in_round == 0:
            self.level, self.rounds = self.level + 1, self.rounds - 1
            if self.rounds == 0:
                self.considered = max(2, self.considered // 2)
            self.in_round = self.considered
        return chosen


# ---- Simulations ----


@dataclass
class Cursor:
    state: lt.State
    rng: Rng
    path: list[Node]
    played: list[tuple[int, int]]  # player and action, chance left out
    seen: int
    next: Node = field(default_factory=Node)
    outcome: str = "goes on"


@dataclass
class Twin:
    game: lt.Game
    rule: lt.Rule
    seed: int = 0
    knowledge: lt.Knowledge | None = None
    solve: bool = True
    side_by_side: bool = False  # the game plays many playouts at once
    root: Node = field(default_factory=Node)
    proof_total: int = 0
    plan: Plan | None = None
    draws: int = 0
    noisy: bool = False

    def __post_init__(self) -> None:
        self.middle = (self.game.max_utility() + self.game.min_utility()) / 2
        self.half = (self.game.max_utility() - self.game.min_utility()) / 2
        self.loss = 0 if self.rule.unobserved else int(self.rule.virtual_loss * ONE)
        self.in_python = self.game.name.startswith("openspiel")
        self.solve &= self.game.num_players() == 1 or (self.game.num_players() == 2 and self.game.zero_sum)

    def run(self, simulations: int) -> Node:
        done, self.planned = 0, simulations
        while done < simulations and self.root.proven is None:
            n = min(max(1, self.root.visits // 64), 64, simulations - done) if self.side_by_side else 1
            self.together(done, n) if n > 1 else self.alone(done)
            done += n
        return self.root

    def alone(self, simulation: int) -> None:
        c = self.start(simulation, False)
        while self.look(c):
            self.go(c, False)
        self.back_up(c, self.end_values(c) or self.play_out(c), False)

    def together(self, first: int, n: int) -> None:
        cursors: list[Cursor] = []
        while len(cursors) < n or any(c.outcome == "goes on" for c in cursors):
            for c in [c for c in cursors if c.outcome == "goes on" and self.look(c)]:
                self.go(c, True)
            if len(cursors) < n:
                cursors.append(self.start(first + len(cursors), True))
        for c in cursors:
            if c.outcome != "leaf":
                self.back_up(c, self.end_values(c), True)
        for c in cursors:
            if c.outcome == "leaf":
                self.back_up(c, self.play_out(c), True)

    def start(self, simulation: int, in_flight: bool) -> Cursor:
        seen = self.root.visits
        if in_flight:
            self.root.add(1, 0)
            self.root.unobserved += self.rule.unobserved
        return Cursor(self.game.new_initial_state(), Rng(self.seed, simulation), [self.root], [], seen)

    def look(self, c: Cursor) -> bool:
        """Select the next node; returns whether the simulation continues."""
        node = c.path[-1]
        node.player = c.state.current_player()
        if node.proven is not None:
            c.outcome = "proven"
        elif node.player == TERMINAL:
            c.outcome = "end"
        else:
            if not node.children and (node.player == CHANCE or node is self.root or c.seen > 0):
                self.expand(node, c.state, c.rng)
                if any(child.proven is not None for child in node.children):
                    self.prove_up(c.path)
            if node.proven is not None:
                c.outcome = "proven"
            elif not node.children:
                c.outcome = "leaf"
            elif node.player == CHANCE:
                c.next = self.outcome(node, c)
            else:
                if node is self.root:
                    self.prepare_root()
                if node is self.root and self.plan is not None:
                    c.next = self.plan.select(self.rule, node)
                else:
                    look = (c.path, node.children[: self.widened(node, c.seen)], c.seen, c.rng)
                    c.next = SELECT[self.rule.kind](self.rule, look)
        return c.outcome == "goes on"

    def widened(self, node: Node, seen: int) -> int:
        if self.rule.widening is None:
            return len(node.children)
        return min(len(node.children), max(1, int(self.rule.widening.k * math.pow(seen, self.rule.widening.alpha))))

    def outcome(self, node: Node, c: Cursor) -> Node:
        if self.rule.widening is None:
            return node.children[c.rng.sample(c.state.chance_outcomes())]
        chances = dict(c.state.chance_outcomes())
        allowed = node.children[: self.widened(node, c.seen)]
        total = 0.0
        for child in allowed:
            total += chances[child.action]
        left = c.rng.uniform() * total
        for child in allowed[:-1]:
            left -= chances[child.action]
            if left < 0:
                return child
        return allowed[-1]

    def prepare_root(self) -> None:
        children = self.root.children
        if isinstance(self.rule, lt.PUCT) and self.rule.noise and not self.noisy:
            rng, self.noisy = self.root_stream(), True
            numbers, total = [rng.gamma(self.rule.alpha) for _ in children], 0.0
            for number in numbers:
                total += number
            for child, number in zip(children, numbers, strict=True):
                child.prior = float(
                    F((1.0 - self.rule.noise) * float(F(child.prior)) + self.rule.noise * number / total)
                )
        if isinstance(self.rule, lt.Gumbel) and self.plan is None:
            rng, most = self.root_stream(), min(self.rule.considered, len(children))
            for child in children:
                child.gumbel = rng.gumbel()
            self.plan = Plan(self.planned, most, most)

    def root_stream(self) -> Rng:
        self.draws += 1
        return Rng(self.seed ^ 0x6A09E667F3BCC908, self.draws - 1)

    def go(self, c: Cursor, in_flight: bool) -> None:
        child, player = c.next, c.path[-1].player
        c.seen = child.visits
        if in_flight:
            child.add(1, -self.loss)
            child.unobserved += self.rule.unobserved
        c.path.append(child)
        if player >= 0:
            c.played.append((player, child.action))
        c.state.apply_action(child.action)

    def expand(self, node: Node, state: lt.State, rng: Rng) -> None:
        actions = state.legal_actions()
        node.children = [Node(action, 1 / len(actions)) for action in actions]
        if self.knowledge is not None:
            visits, values = knowing_game.priors(int(state.record["pile"]), actions)
            for child, visit, value in zip(node.children, visits, values, strict=True):
                child.known_visits = F(F(self.knowledge.priors) * F(visit))
                child.known_sum = F(child.known_visits * F(value))
                child.amaf_visits = F(F(self.knowledge.amaf) * F(visit))
                child.amaf_sum = F(child.amaf_visits * F(value))
        if node.player >= 0:
            for i in range(len(actions) - 1, 0, -1):
                j = rng.below(i + 1)
                node.children[i], node.children[j] = node.children[j], node.children[i]
        if self.rule.widening is not None:
            if node.player == CHANCE:
                keys = {action: math.log(rng.positive()) / p for action, p in state.chance_outcomes()}
                node.children.sort(key=lambda child: -keys[child.action])
            elif self.knowledge is not None and not isinstance(self.rule, lt.PUCT):
                node.children.sort(key=lambda child: -dict(zip(actions, values, strict=True))[child.action])
        if self.solve and not self.in_python and (len(actions) <= 16 or node is self.root):
            for child in node.children:
                after = state.child(child.action)
                if after.is_terminal():
                    child.proven = self.end(after, node.player)

    def play_out(self, c: Cursor) -> list[int]:
        state = c.state
        while not state.is_terminal():
            if state.is_chance_node():
                state.apply_action(state.chance_outcomes()[c.rng.sample(state.chance_outcomes())][0])
                continue
            if self.knowledge is not None and self.knowledge.playouts:
                action = knowing_game.informed(int(state.record["pile"]), c.rng.below)
            else:
                action = state.legal_actions()[c.rng.below(len(state.legal_actions()))]
            c.played.append((state.current_player(), action))
            state.apply_action(action)
        return self.keep_raw(c, self.values(state))

    def keep_raw(self, c: Cursor, values: list[int]) -> list[int]:
        c.path[-1].raw = F(values[max(0, c.path[-1].player)] / ONE)
        return values

    def values(self, state: lt.State) -> list[int]:
        return [math.floor((u - self.middle) / self.half * ONE + 0.5) for u in state.returns()]

    def back_up(self, c: Cursor, values: list[int], in_flight: bool) -> None:
        for depth, (parent, _) in enumerate(pairwise(c.path)):
            if not isinstance(self.rule, lt.RAVE) or parent.player < 0:
                continue
            played = c.played[self.moves(c.path, depth) :]
            fall = F(F(self.rule.decay) / F(len(played)))
            for child in parent.children:
                if (parent.player, child.action) in played:
                    weight = F(F(1) - F(fall * F(played.index((parent.player, child.action)))))
                    child.amaf_visits = F(child.amaf_visits + weight)
                    child.amaf_sum = F(child.amaf_sum + F(weight * F(values[parent.player] / ONE)))
        for depth, node in enumerate(c.path):
            value = values[self.mover(c.path, depth)]
            node.add(0 if in_flight else 1, value + self.loss if in_flight and depth else value)
            node.unobserved -= in_flight and self.rule.unobserved
            node.squares += (value / ONE) * (value / ONE)

    def moves(self, path: list[Node], depth: int) -> int:
        """Players' actions above a depth."""
        return sum(node.player >= 0 for node in path[:depth])

    def mover(self, path: list[Node], depth: int) -> int:
        """The player for whom a node has its value: the one who moved into it; at the root, the acting player."""
        return max(0, path[max(0, depth - 1)].player)

    # ---- Proofs ----

    def end(self, state: lt.State, player: int) -> int:
        values = self.values(state)
        self.proof_total = sum(values)
        return values[max(0, player)]

    def end_values(self, c: Cursor) -> list[int]:
        """The values of a simulation that met the end of a game or a proven node; none for one that met a leaf."""
        node, mover = c.path[-1], self.mover(c.path, len(c.path) - 1)
        if c.outcome == "end":
            values = self.values(c.state)
            if self.solve:
                node.proven = self.end(c.state, mover)
        elif c.outcome == "proven":
            assert node.proven is not None
            values = [self.seen_by(node.proven, mover, p) for p in range(self.game.num_players())]
        else:
            return []
        if self.solve:
            self.prove_up(c.path[:-1])
        return values

    def seen_by(self, value: int, one: int, other: int) -> int:
        return value if max(0, one) == max(0, other) else self.proof_total - value

    def prove_up(self, path: list[Node]) -> None:
        for depth in reversed(range(len(path))):
            node = path[depth]
            proven = [child.proven for child in node.children if child.proven is not None]
            everything = len(proven) == len(node.children)
            if not proven or not (everything or (node.player >= 0 and max(proven) == ONE)):
                return
            if node.player >= 0:
                value = max(proven)
            else:
                state = self.game.new_initial_state()
                for below in path[1 : depth + 1]:
                    state.apply_action(below.action)
                chances = dict(state.chance_outcomes())
                mean = 0.0
                for child in node.children:
                    mean += chances[child.action] * (child.proven or 0)
                value = math.floor(mean / ONE * ONE + 0.5) if mean >= 0 else math.ceil(mean / ONE * ONE - 0.5)
            node.proven = self.seen_by(value, node.player, self.mover(path, depth))
