"""Searches whose nodes are found by a key: `GraphSearch` shares positions, `ISMCTS` shares information states.

The graph and its loops are C (csrc/search/graph.c). These classes hold the root, run budgets (longthink.search.run) and
make results.
"""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

import numpy as np

from longthink.concurrency import CancelToken, ExclusiveUse, exclusively, not_picklable
from longthink.errors import GameError, ParameterError
from longthink.games.core import Game, State
from longthink.search.budget import Budget, Spent
from longthink.search.core import Graph, Watch
from longthink.search.run import SEARCH_LIMITS, Pace, Progress, run
from longthink.search.trees.result import SearchResult
from longthink.search.trees.rules import PUCT, UCT, RegretMatching, Rule
from longthink.validation import seed_number, whole_number

_MOST_BYTES = 2**60


class KeyedSearch:
    """What both searches share: a graph, its root, and the rule that grows it."""

    _rules: ClassVar[tuple[type, ...]]
    _by_information: ClassVar[bool]

    def __init__(self, game: Game, rule: Any = None, *, seed: int = 0, memory_bytes: int = 1 << 30) -> None:
        rule = UCT() if rule is None else rule
        if type(rule) not in self._rules:
            names = " or ".join(f"{kind.__name__}(...)" for kind in self._rules)
            raise ParameterError(f"{type(self).__name__}: rule expects {names}, got {rule!r}")
        for field in dataclasses.fields(rule):
            if field.name != "c" and getattr(rule, field.name) != field.default:
                raise ParameterError(
                    f"{type(self).__name__} does not support {type(rule).__name__}({field.name}=...), only c; "
                    f"leave out {field.name}, or search with MCTS"
                )
        self.game, self.rule, self.seed = game, rule, seed_number(seed)
        self.memory_bytes = whole_number("memory_bytes", memory_bytes, 1, _MOST_BYTES)
        self._exclusive = ExclusiveUse(f"this {type(self).__name__}")
        self._graph = Graph(game, rule.kind, rule.c, self._by_information, self.seed, self.memory_bytes)
        self._pace = Pace(1 if self._graph.rules_of_user else 64)
        self._place(game.new_initial_state(), keep=False)

    def __reduce__(self) -> str:
        raise not_picklable(self, "keep its result, or make another search with the same game, rule and seed")

    # ---- The root ----

    @exclusively
    def set_root(self, state: State) -> None:
        """Search from `state`. The graph stays if `state` is its root already, else it starts afresh."""
        self._check_game(state)
        if state == self._root and state.history() == self._root.history():
            return
        self._place(state.clone(), keep=False)

    @exclusively
    def advance(self, action: int) -> None:
        """Act at the root; the graph is kept. Raises `IllegalActionError`."""
        self._place(self._root.child(action), keep=True)

    def _place(self, state: State, keep: bool) -> None:
        """Put the root at `state`, which no one else may change."""
        self._graph.place(state, keep, self._hides(state) and self._graph.can_resample)
        self._root = state

    def _hides(self, state: State) -> bool:
        """Whether `state` may hold information that is hidden from the player who acts."""
        return (
            self._by_information
            and not self.game.perfect_information
            and state.current_player() >= 0
            and state != self.game.new_initial_state()
        )

    @property
    def root_state(self) -> State:
        return self._root.clone()

    def _check_game(self, state: State) -> None:
        if state.get_game() != self.game:
            raise ParameterError(f"this search plays {self.game}, got a state of {state.get_game()}")

    def _check_root(self, state: State) -> None:
        if state.is_terminal():
            raise ParameterError(f"expected a state in which a player acts, got the end of a game: {state.history()}")

    # ---- Run ----

    @exclusively
    def run(
        self, state: State, budget: Budget, *, progress: Progress | None = None, cancel: CancelToken | None = None
    ) -> SearchResult:
        """Search from `state` until `budget` (simulations, nodes, seconds) is spent; return what was found.

        If `state` is the root already, the search continues with its graph. Ctrl-C and `cancel` end the search and
        return the best so far. progress: called some times a second with the `Spent` so far.

        Raises `ParameterError` for a state in which no player acts or a budget of other things, `GameError` if the
        rules break.
        """
        budget.check(f"{type(self).__name__}.run", SEARCH_LIMITS)
        self._check_root(state)
        self.set_root(state)
        first = self.simulations

        def work(count: int, watch: Watch) -> str | None:
            if budget.simulations is not None:
                count = min(count, budget.simulations - (self.simulations - first))
            if budget.nodes is not None:
                count = min(count, max(1, (budget.nodes - self.nodes) // 2))  # a simulation makes two at most
            self._graph.run(count)
            if budget.simulations is not None and self.simulations - first >= budget.simulations:
                return "simulations"
            return "nodes" if budget.nodes is not None and self.nodes >= budget.nodes else None

        def measure(spent: Spent) -> None:
            spent.simulations, spent.nodes = self.simulations - first, self.nodes

        spent, stopped_by = run(work, measure, budget, pace=self._pace, progress=progress, cancel=cancel)
        return self.result(spent, stopped_by)

    # ---- What was found ----

    @property
    def simulations(self) -> int:
        """Simulations through the root so far."""
        return self._graph.simulations

    @property
    def nodes(self) -> int:
        """Nodes in the graph now."""
        return self._graph.nodes

    @property
    def recycled_nodes(self) -> int:
        """The number of nodes that were recycled so far because the memory was full."""
        return self._graph.recycled

    @exclusively
    def result(self, spent: Spent | None = None, stopped_by: str = "") -> SearchResult:
        """What the graph says about the root's actions now."""
        return self._result(self._root, self._graph.root, spent, stopped_by)

    @exclusively
    def result_at(self, state: State) -> SearchResult:
        """What the graph says about the actions at any other state; no visits if the search did not reach it."""
        self._check_game(state)
        return self._result(state, self._graph.find(state), None, "")

    def _result(self, state: State, node: int, spent: Spent | None, stopped_by: str) -> SearchResult:
        actions, visits, values, strategy, _ = self._graph.edges(node)
        if len(actions) == 0:
            actions = np.array(state.legal_actions(), np.int32)
            n = len(actions)
            visits, values, strategy = np.zeros(n, np.uint32), np.full(n, np.nan), np.full(n, 1 / max(1, n))
        order = np.argsort(actions)
        actions, visits, values, strategy = actions[order], visits[order], values[order], strategy[order]
        mixed, n = isinstance(self.rule, RegretMatching), len(order)
        best = np.lexsort((np.nan_to_num(values, nan=-np.inf), visits, strategy))
        return SearchResult(
            actions=actions,
            visits=visits.astype(np.int64),
            values=values,
            priors=np.full(n, 1 / max(1, n)),
            proven=np.zeros(n, np.bool_),
            utilities=(self.game.min_utility(), self.game.max_utility()),
            player=state.current_player(),
            principal_variation=self._line(node),
            spent=Spent() if spent is None else spent,
            nodes=self.nodes,
            stopped_by=stopped_by,
            strategy=strategy if mixed or not visits.any() else None,
            chosen=int(best[-1]) if mixed and n else None,
            recycled=self.recycled_nodes,
        )

    def _line(self, node: int) -> list[int]:
        """The most visited line from a node, up to the first node that the acting player cannot foresee."""
        line: list[int] = []
        while True:
            actions, visits, values, strategy, children = self._graph.edges(node)
            if not visits.any():
                return line
            best = np.lexsort((np.nan_to_num(values, nan=-np.inf), visits, strategy))[-1]
            line.append(int(actions[best]))
            node = int(children[best])


class GraphSearch(KeyedSearch):
    """Monte Carlo graph search: a tree search in which all ways to a position share its node.

    Every edge counts its own visits. A node's value is the mean of its own evaluations and of its children's values,
    weighted by the visits of the edges. So what is learned on one way to a position counts on all other ways at once,
    and no simulation counts twice. Without transpositions it is `MCTS`, visit for visit.

    game: of perfect information, with or without chance, any number of players. Two positions are the same if the
    game's `hash` (or, without one, its whole state) is the same.
    rule: `UCT(c)` or `PUCT(c)`. seed: the same seed gives the same visits.
    memory_bytes: the memory of all nodes. A full graph recycles its least visited part and goes on.

    Raises `GameError` for a game of imperfect information, `ParameterError`, `MemoryError`.
    Czech, Korus and Kersting, "Improving AlphaZero using Monte-Carlo graph search", ICAPS 2021; Wu, "Monte-Carlo graph
    search from first principles", KataGo's documentation, 2023.
    """

    rule: Rule
    _rules = (UCT, PUCT)
    _by_information = False

    def __init__(self, game: Game, rule: Rule | None = None, *, seed: int = 0, memory_bytes: int = 1 << 30) -> None:
        if not game.perfect_information:
            raise GameError(
                f"GraphSearch needs a game of perfect information, and {game} is not one; "
                "search it with ISMCTS, or solve it with CFR"
            )
        super().__init__(game, rule, seed=seed, memory_bytes=memory_bytes)


class ISMCTS(KeyedSearch):
    """Information set Monte Carlo tree search, for hidden information and for simultaneous moves.

    Every simulation starts at a state that is drawn among those that the acting player cannot distinguish from the root
    (by the game's `resample`). Every player's nodes are that player's information states. If players choose at the same
    time, this is decoupled search: no player's node knows the others' choice.

    rule: `UCT(c)` or `PUCT(c)`, which count how often an action was available; the policy is the share of visits. Or
    `RegretMatching(c)`, whose average strategy approaches an equilibrium; the policy is that mixed strategy.
    game: any. seed: the same seed gives the same visits. memory_bytes: the memory of all nodes. A full graph recycles
    its least visited part and goes on.

    A search at the start of a game (no action yet; chance may act first) needs no `resample`. Later, the others are
    assumed to know what they know in the states that are drawn for the acting player: from its hand on, they adapt to
    it. See docs/graph_search.md.

    Raises `GameError` for a root with hidden information in a game without `resample`; `ParameterError`, `MemoryError`.
    Cowling, Powley and Whitehouse, "Information set Monte Carlo tree search", IEEE T-CIAIG 4(2), 2012 (the version
    with multiple observers).
    """

    rule: Rule | RegretMatching
    _rules = (UCT, PUCT, RegretMatching)
    _by_information = True

    def __init__(
        self, game: Game, rule: Rule | RegretMatching | None = None, *, seed: int = 0, memory_bytes: int = 1 << 30
    ) -> None:
        super().__init__(game, rule, seed=seed, memory_bytes=memory_bytes)

    def _check_root(self, state: State) -> None:
        super()._check_root(state)
        if state.is_chance_node() and state != self.game.new_initial_state():
            raise ParameterError(
                "expected a state in which a player acts, or the start of a game, "
                f"got one in which chance acts: {state.history()}"
            )
        if self._hides(state) and not self._graph.can_resample:
            raise GameError(
                f"{self.game} has no `resample`, so ISMCTS cannot draw what is hidden from player "
                f"{state.current_player()}; search from the start of the game, or use a game that has it"
            )
