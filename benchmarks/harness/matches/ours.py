"""Longthink's own agents: random, tree search, information set search, an equilibrium, exact play."""

from __future__ import annotations

import random
from functools import lru_cache
from typing import Any

from longthink.benchmarks.harness.matches.agents import Agent, View
from longthink.errors import GameError, ParameterError, UnknownNameError
from longthink.games.core import ConnectFourSolver, Game, HexSolver
from longthink.games.registry import load_game
from longthink.search.budget import Budget
from longthink.search.regret.cfr import CFR
from longthink.search.regret.policy import Policy
from longthink.search.trees import rules
from longthink.search.trees.graph_search import ISMCTS
from longthink.search.trees.mcts import MCTS

_RULES: dict[str, type[Any]] = {
    kind.kind: kind
    for kind in (rules.UCT, rules.UCB1Tuned, rules.Thompson, rules.PUCT, rules.RAVE, rules.GRAVE, rules.Gumbel)
} | {"regret_matching": rules.RegretMatching}


def _rule(name: str, c: float | None) -> Any:
    """The selection rule of this name. c: its exploration, or None for its default."""
    if name not in _RULES:
        raise UnknownNameError.of("selection rule", name, _RULES)
    if c is not None and "c" not in _RULES[name].__dataclass_fields__:
        raise ParameterError(f"the rule {name} has no parameter c; leave it out")
    return _RULES[name]() if c is None else _RULES[name](c=c)


class Random(Agent):
    """Plays each legal action with the same probability."""

    def begin(self, game: Game, seat: int, seed: int) -> None:
        self._rng = random.Random(seed)

    def act(self, view: View) -> int:
        return self._rng.choice(view.legal_actions())


class TreeSearch(Agent):
    """Monte Carlo tree search (`MCTS`) from a new tree at every move, for games of perfect information.

    simulations, seconds: for each move. rule: the name of a selection rule. c: its exploration. knowledge: use what the
    game knows besides its rules. solve: prove values. memory: of the tree, in mebibytes.
    """

    def __init__(
        self,
        simulations: int | None = None,
        seconds: float | None = None,
        rule: str = "uct",
        c: float | None = None,
        knowledge: bool = False,
        solve: bool = True,
        threads: int = 1,
        memory: int = 256,
    ) -> None:
        self._budget = Budget(simulations=simulations, seconds=seconds)
        self._budget.check("mcts", ("simulations", "seconds"))
        self._rule = _rule(rule, c)
        self._options: dict[str, Any] = {
            "knowledge": knowledge,
            "solve": solve,
            "threads": threads,
            "memory_bytes": memory << 20,
        }

    def begin(self, game: Game, seat: int, seed: int) -> None:
        self._seed = seed
        self._search = MCTS(game, self._rule, seed=seed, **self._options)

    def act(self, view: View) -> int:
        state = view.state
        if self._search.game != state.get_game():  # a game of Go became longer than expected
            self.begin(state.get_game(), view.player, self._seed)
        result = self._search.run(state, self._budget)
        self.spent += result.spent
        return result.best_action


class InformationSetSearch(Agent):
    """Information set search (`ISMCTS`) from a new graph at every move; it plays by the policy that it finds.

    simulations, seconds: for each move. rule: "uct", "puct" or "regret_matching". c: its exploration. memory: of the
    graph, in mebibytes.
    """

    def __init__(
        self,
        simulations: int | None = None,
        seconds: float | None = None,
        rule: str = "uct",
        c: float | None = None,
        memory: int = 256,
    ) -> None:
        self._budget = Budget(simulations=simulations, seconds=seconds)
        self._budget.check("ismcts", ("simulations", "seconds"))
        self._rule, self._memory = _rule(rule, c), memory << 20

    def begin(self, game: Game, seat: int, seed: int) -> None:
        self._rng, self._mixes = random.Random(seed), isinstance(self._rule, rules.RegretMatching)
        self._search = ISMCTS(game, self._rule, seed=seed, memory_bytes=self._memory)

    def act(self, view: View) -> int:
        result = self._search.run(view.state, self._budget)
        self.spent += result.spent
        if not self._mixes:
            return result.best_action
        return int(self._rng.choices(result.actions.tolist(), result.policy.tolist())[0])


class _PlaysPolicy(Agent):
    """Draws each action from a policy."""

    policy: Policy

    def begin(self, game: Game, seat: int, seed: int) -> None:
        self._rng = random.Random(seed)

    def act(self, view: View) -> int:
        chances = self.policy.action_probabilities(view)  # type: ignore[arg-type]  # it reads what a view has
        return self._rng.choices(list(chances), list(chances.values()))[0]


class Equilibrium(_PlaysPolicy):
    """The average strategy of CFR, computed once for a game, for games that fit in memory.

    variant: "cfr+", "dcfr", ... iterations: of CFR.
    """

    def __init__(self, variant: str = "cfr+", iterations: int = 1000) -> None:
        self._variant, self._iterations = variant, iterations

    def begin(self, game: Game, seat: int, seed: int) -> None:
        super().begin(game, seat, seed)
        self.policy = _solution(str(game), self._variant, self._iterations)


@lru_cache(maxsize=8)
def _solution(game: str, variant: str, iterations: int) -> Policy:
    solver = CFR(load_game(game), variant)
    solver.run(iterations)
    return solver.average_policy()


class FromPolicy(_PlaysPolicy):
    """A policy from a file: "policy:PATH"."""

    def __init__(self, path: str, /) -> None:
        self._path = path

    def begin(self, game: Game, seat: int, seed: int) -> None:
        super().begin(game, seat, seed)
        self.policy = Policy.load(self._path, game)


class Exact(Agent):
    """Perfect play: by the solvers of connect four and of hex up to 5 by 5, else by a search that runs until proven.

    Among the actions that are optimal, it plays the one that a tree search of so many `simulations` prefers. So it also
    sets problems in lost positions. memory: of the tree, in mebibytes.
    """

    def __init__(self, simulations: int = 10_000, memory: int = 1024) -> None:
        self._budget, self._memory = Budget(simulations=simulations), memory << 20

    def begin(self, game: Game, seat: int, seed: int) -> None:
        if not game.perfect_information or game.has_chance:
            raise GameError(f"the agent exact plays games of perfect information without chance, got {game}")
        self._solver = _solver(str(game))
        self._search = MCTS(game, seed=seed, memory_bytes=self._memory)

    def act(self, view: View) -> int:
        state = view.state
        if self._solver is None:
            result = self._search.run(state, Budget(simulations=_UNTIL_PROVEN))
            self.spent += result.spent
            return result.best_action
        optimal = self._solver.optimal_actions(state)
        if len(optimal) == 1:
            return optimal[0]
        result = self._search.run(state, self._budget)
        self.spent += result.spent
        return next(int(action) for action in result.actions[result.ranking] if action in optimal)


_UNTIL_PROVEN = 100_000_000


@lru_cache(maxsize=2)
def _solver(game: str) -> ConnectFourSolver | HexSolver | None:
    """One for this process, so that games with the same opening share its table; None if the game has no solver."""
    loaded = load_game(game)
    if loaded == load_game("connect_four"):
        return ConnectFourSolver()
    if loaded.name == "hex" and not loaded.get_parameters()["swap"] and loaded.num_distinct_actions() <= 25:
        return HexSolver(loaded)
    return None
