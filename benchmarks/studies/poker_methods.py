"""The methods of the poker study (poker.py): ours, OpenSpiel's, the linear program and uniform play, all used alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from longthink.benchmarks.peers.openspiel_solvers import OpenSpielSearch, OpenSpielSolver
from longthink.concurrency import CancelToken
from longthink.games.registry import load_game
from longthink.search.budget import Budget
from longthink.search.core import GameTree
from longthink.search.regret.cfr import CFR
from longthink.search.regret.cfr_br import CFRBR
from longthink.search.regret.mccfr import MCCFR, SAMPLINGS
from longthink.search.regret.policy import Policy, exploitability
from longthink.search.regret.sequence_form import SequenceFormLP
from longthink.search.regret.solver import Solver
from longthink.search.regret.variants import VARIANTS
from longthink.search.trees.graph_search import ISMCTS
from longthink.search.trees.result import SearchResult
from longthink.search.trees.rules import UCT, RegretMatching

EXACT, UNIFORM = "linear program", "uniform play"
SEARCH, SEARCH_FROM_START = "ISMCTS at each state", "ISMCTS from the start"
PEER = "OpenSpiel "


class Solving(Protocol):
    """A method at work on one game."""

    def run(self, iterations: int, cancel: CancelToken) -> None:
        """Make more iterations. Raises `KeyboardInterrupt` if it was cancelled."""

    def exploitability(self) -> float:
        """Of the policy so far."""


class Regrets:
    """One of our solvers."""

    def __init__(self, solver: Solver) -> None:
        self._solver = solver
        self.exploitability = solver.exploitability

    def run(self, iterations: int, cancel: CancelToken) -> None:
        _complete(self._solver.run(iterations, cancel=cancel).stopped_by)


class Exact:
    """The linear program, solved at once."""

    def __init__(self, game: str) -> None:
        self._program = SequenceFormLP(load_game(game))
        self.exploitability = self._program.exploitability

    def run(self, iterations: int, cancel: CancelToken) -> None:
        self._program.run()


class Uniform:
    """Every legal action equally."""

    def __init__(self, game: str) -> None:
        self._game = load_game(game)

    def run(self, iterations: int, cancel: CancelToken) -> None:
        pass

    def exploitability(self) -> float:
        return exploitability(self._game, Policy.uniform(self._game))


class SearchAtEachState:
    """General search as at the table: information set MCTS of its own at every information state."""

    def __init__(self, game: str, rule: UCT | RegretMatching, seed: int) -> None:
        self._tree, self._rule, self._seed = GameTree(load_game(game)), rule, seed
        self._states = [self._tree.game.state_from_history(history) for history in self._tree.histories()]
        self._table: dict[str, dict[int, float]] = {}

    def run(self, iterations: int, cancel: CancelToken) -> None:
        """New searches of `iterations` simulations; they do not continue earlier ones."""
        game, budget = self._tree.game, Budget(simulations=iterations)
        first = self._seed * len(self._states)
        for index, (row, state) in enumerate(zip(self._tree.information_states, self._states, strict=True)):
            search = ISMCTS(game, self._rule, seed=first + index, memory_bytes=1 << 20)
            found = search.run(state, budget, cancel=cancel)
            _complete(found.stopped_by)
            self._table[row[0]] = _row(found)

    def exploitability(self) -> float:
        return exploitability(self._tree, Policy(self._tree.game, self._table))


class SearchFromStart:
    """General search from the start of a game: one tree, which answers at all information states."""

    def __init__(self, game: str, rule: UCT | RegretMatching, seed: int) -> None:
        self._game = load_game(game)
        self._search = ISMCTS(self._game, rule, seed=seed, memory_bytes=1 << 28)

    def run(self, iterations: int, cancel: CancelToken) -> None:
        root = self._game.new_initial_state()
        _complete(self._search.run(root, Budget(simulations=iterations), cancel=cancel).stopped_by)

    def exploitability(self) -> float:
        tree = GameTree(self._game)
        states = map(self._game.state_from_history, tree.histories())
        rows = zip(tree.information_states, states, strict=True)
        return exploitability(tree, Policy(self._game, {r[0]: _row(self._search.result_at(s)) for r, s in rows}))


def _row(found: SearchResult) -> dict[int, float]:
    return dict(zip(found.actions.tolist(), found.policy.tolist(), strict=True))


def _complete(stopped_by: str) -> None:
    if stopped_by in ("cancelled", "interrupted"):
        raise KeyboardInterrupt


@dataclass(frozen=True)
class Method:
    """A method of the study.

    kind: "floor", "best", or the field of `Iterations` (poker.py) that says how long it runs. start: makes it, from the
    name of a game and a seed. slower: an iteration takes about this many times as long as those of others of its kind,
    so it makes fewer. random: whether it has seeds. anew: whether each run begins again. needs: the module that it
    imports.
    """

    kind: str
    start: Callable[[str, int], Solving]
    slower: int = 1
    random: bool = False
    anew: bool = False
    needs: str = ""


def methods() -> dict[str, Method]:
    """All methods by name: every registered variant of CFR, every kind of sampling, search, peers, exact, floor.

    OpenSpiel's have the names of ours after "OpenSpiel".
    """

    def regret(name: str, game: str, seed: int) -> Solving:
        return Regrets(CFR(load_game(game), name))

    def sampled(name: str, game: str, seed: int) -> Solving:
        return Regrets(MCCFR(load_game(game), name, seed=seed))

    def search_at_each_state(rule: UCT | RegretMatching, game: str, seed: int) -> Solving:
        return SearchAtEachState(game, rule, seed)

    def search_from_start(rule: UCT | RegretMatching, game: str, seed: int) -> Solving:
        return SearchFromStart(game, rule, seed)

    def peer(solver: str, game: str, seed: int) -> Solving:
        return OpenSpielSolver(game, solver, **({"seed": seed} if "Sampling" in solver else {}))

    def peer_search(game: str, seed: int) -> Solving:
        return OpenSpielSearch(game, seed, UCT().c)

    found = {name: Method("regret", partial(regret, name)) for name in VARIANTS}
    found["cfr-br"] = Method("regret", lambda game, seed: Regrets(CFRBR(load_game(game))), slower=30)
    for name in SAMPLINGS:
        slower = 30 if name == "public" else 1
        found[f"{name} sampling"] = Method("sampled", partial(sampled, name), slower, random=True)
    for words, rule in (("", UCT()), (", regret matching", RegretMatching())):
        found[SEARCH + words] = Method("search", partial(search_at_each_state, rule), random=True, anew=True)
        found[SEARCH_FROM_START + words] = Method("sampled", partial(search_from_start, rule), random=True)
    for name, solver in (("cfr", "CFRSolver"), ("cfr+", "CFRPlusSolver")):
        found[PEER + name] = Method("peer_regret", partial(peer, solver), needs="pyspiel")
    for name in ("external", "outcome"):
        start = partial(peer, f"{name.title()}SamplingMCCFRSolver")
        found[f"{PEER}{name} sampling"] = Method("peer_sampled", start, random=True, needs="pyspiel")
    found[PEER + SEARCH] = Method("peer_search", peer_search, random=True, anew=True, needs="pyspiel")
    found[EXACT] = Method("best", lambda game, seed: Exact(game), needs="scipy.optimize")
    found[UNIFORM] = Method("floor", lambda game, seed: Uniform(game))
    return found
