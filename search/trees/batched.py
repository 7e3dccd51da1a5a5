"""Many searches at once, an array of roots, for self-play: `BatchedMCTS`.

The leaves of all trees are asked for and told together (csrc/search/roots.c), so that a network values them in full
batches and no Python runs for a single one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from longthink.concurrency import exclusively, not_picklable
from longthink.errors import LongthinkError, ParameterError
from longthink.games.core import Game, State
from longthink.search.budget import Budget, Spent
from longthink.search.core import MOST_TREES, Trees
from longthink.search.trees.evaluation import Evaluator, ask_and_tell
from longthink.search.trees.leaves import Leaves
from longthink.search.trees.result import ComparedByFields, ranking
from longthink.search.trees.rules import PUCT, Rule
from longthink.validation import whole_number


@dataclass(eq=False)
class BatchedResult(ComparedByFields):
    """What a batch of searches thinks, for `B` roots in rows over all `A` actions of the game.

    legal, visits, proven: `[B, A]`. values: `[B, A]`, for who acts at the root, in utilities, NaN where not tried.
    priors: `[B, A]`, 0 where not legal. players: `[B]`, who acts. utilities: the least and the most that a player can
    get. spent: by this call, simulations at a root. stopped_by: the limit that was reached, "proven" or "interrupted".
    chosen: `[B]`, the actions that `Gumbel` chose, or -1. improved: `[B, A]`, its policies, 0 where it chose none.
    """

    legal: NDArray[np.bool_]
    visits: NDArray[np.int64]
    values: NDArray[np.float64]
    priors: NDArray[np.float64]
    proven: NDArray[np.bool_]
    players: NDArray[np.int32]
    utilities: tuple[float, float]
    spent: Spent
    stopped_by: str
    chosen: NDArray[np.int32]
    improved: NDArray[np.float64]

    @property
    def policy(self) -> NDArray[np.float64]:
        """`[B, A]`, the share of visits of each action; with `Gumbel` its improved policies: what to learn from.

        A root that was proven before any visit has all on its best action."""
        total = self.visits.sum(axis=1, keepdims=True)
        best = np.arange(self.visits.shape[1]) == self.best_actions[:, None]
        shares = np.where(total > 0, self.visits / np.maximum(1, total), best)
        return np.where(self.chosen[:, None] >= 0, self.improved, shares)

    @property
    def is_proven(self) -> NDArray[np.bool_]:
        """`[B]`, whether the value of a root is proven, by an action that wins all or by all of them."""
        wins = self.proven & (self.values >= self.utilities[1])
        return np.logical_or((self.proven | ~self.legal).all(axis=1), wins.any(axis=1))

    @property
    def best_actions(self) -> NDArray[np.int32]:
        """`[B]`, the actions to play, as `SearchResult.best_action` says it of one."""
        best = ranking(self.visits, self.values, self.proven, *self.utilities, self.legal)[:, 0].astype(np.int32)
        return np.where((self.chosen >= 0) & ~self.is_proven, self.chosen, best)

    @property
    def value(self) -> NDArray[np.float64]:
        """`[B]`, the mean values of all simulations so far for who acts, in utilities; where they are proven, those."""
        visits = self.visits.sum(axis=1)
        total = np.where(self.visits > 0, self.values * self.visits, 0.0).sum(axis=1)
        mean = np.divide(total, visits, out=np.full(len(visits), np.nan), where=visits > 0)
        best = np.where(self.proven, self.values, -np.inf).max(axis=1)
        value: NDArray[np.float64] = np.where(self.is_proven, best, mean)
        return value

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C ended the search early; everything here is its best so far."""
        return self.stopped_by == "interrupted"


class BatchedMCTS:
    """Monte Carlo tree search from `B` roots at once: as many trees of one game, whose leaves are valued together.

        roots = lt.BatchedMCTS(game, 64, lt.PUCT(noise=0.25), seed=1)
        result = roots.run(evaluator, lt.Budget(simulations=64))  # 64 at each root
        over, returns = roots.advance(result.best_actions)

    Root i finds what an `MCTS` with the seed `seed` + i and `search_with` would find. Roots stand where a player acts:
    chance is drawn, by seed.

    One thread at a time may use it; see docs/threads_and_processes.md.

    batch_size: `B`. rule: `PUCT`, `Gumbel` or another. solve: as in `MCTS`. memory_bytes: of all trees together; a full
    one gives back its least visited part and goes on.

    Raises `GameError` for a game of imperfect information, `ParameterError`, `MemoryError`.
    The batched search of mctx (Danihelka et al., 2022) is the same for models inside JAX.
    """

    def __init__(
        self,
        game: Game,
        batch_size: int,
        rule: Rule | None = None,
        *,
        solve: bool = True,
        seed: int = 0,
        memory_bytes: int = 1 << 30,
    ) -> None:
        self.game, self.rule = game, PUCT() if rule is None else rule
        self.batch_size = whole_number("batch_size", batch_size, 1, MOST_TREES)
        self.seeds = whole_number("seed", seed, 0, 2**62 - 1) + np.arange(self.batch_size)
        """`[B]`, of an `MCTS` that finds the same."""
        self.solve, self.memory_bytes = bool(solve), whole_number("memory_bytes", memory_bytes, 1)
        self._trees = Trees(game, self.rule, False, solve, self.seeds.tolist(), memory_bytes, True, "this BatchedMCTS")
        self._exclusive = self._trees.exclusive
        self._trees.play(None)

    def __reduce__(self) -> str:
        raise not_picklable(self, "keep its result, or make another search with the same game, rule and seed")

    # ---- The roots ----

    @exclusively
    def set_roots(self, states: State | Sequence[State]) -> None:
        """Search from these `B` states, or all from one; what was known is forgotten. Raises `ParameterError`."""
        given = [states] * self.batch_size if isinstance(states, State) else list(states)
        if len(given) != self.batch_size:
            raise ParameterError(f"set_roots expects {self.batch_size} states, got {len(given)}")
        for state in given:
            if state.get_game() != self.game or state.is_terminal():
                raise ParameterError(f"set_roots expects states of {self.game} that are not over, got {state!r}")
        for i, state in enumerate(given):
            self._trees.reset(i, state)
        self._trees.play(None)

    @exclusively
    def advance(self, actions: ArrayLike) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
        """Act at every root: the children's subtrees are kept, and where a game ends, the next begins.

        actions: `[B]`. Gives over, `[B]`, where a game ended, and its returns, `[B, P]`, in utilities, 0 where the game
        goes on. Leaves that were asked for must be told or forgotten first.

        Raises `IllegalActionError`; nothing has changed then.
        """
        if self.pending:
            raise LongthinkError(f"{self.pending} leaves wait for a value; tell or forget them first")
        given = np.asarray(actions)
        if given.shape != (self.batch_size,) or not np.issubdtype(given.dtype, np.integer):
            raise ParameterError(f"advance expects {self.batch_size} actions, got {actions!r}")
        return self._trees.play(np.ascontiguousarray(given, np.int32))

    @property
    @exclusively
    def buffers(self) -> NDArray[np.uint8]:
        """`[B, state_bytes]`, the bytes of the roots' states, as `Leaves.buffers`."""
        return self._trees.root_states()

    @property
    @exclusively
    def states(self) -> list[State]:
        """The roots' `B` states, with their histories."""
        return [self.game.state_from_buffer(buffer, self._trees.history(i)) for i, buffer in enumerate(self.buffers)]

    # ---- Search ----

    @exclusively
    def run(
        self,
        evaluator: Evaluator,
        budget: Budget,
        *,
        batch: int = 1,
        progress: Callable[[Spent], Any] | None = None,
    ) -> BatchedResult:
        """Search until `budget` (simulations at each root, nodes of all, seconds) is spent, with `evaluator`'s values.

        batch: leaves of each root that are valued at once. Ctrl-C gives the best so far. Where the evaluator raises,
        its leaves are taken back, and the search can go on.

        Raises `ParameterError` for a budget of other things or none, and what the evaluator raises.
        """
        budget.check_for_search("BatchedMCTS.run")
        return self.result(*ask_and_tell(evaluator, self._trees, budget, batch, progress))

    @exclusively
    def ask(self, batch: int = 1) -> Leaves:
        """Up to `batch` `Leaves` of every root that wait for a value: see `MCTS.ask`."""
        batch = whole_number("batch", batch, 1, 2**20)
        most = 2 * batch + 32
        return self._trees.ask(batch, most, np.full(self.batch_size, most, np.uint32))

    @exclusively
    def tell(
        self, tickets: ArrayLike, values: ArrayLike, priors: NDArray[Any] | Sequence[ArrayLike] | None = None
    ) -> None:
        """Value leaves that `ask` handed out, in any order and any grouping: see `MCTS.tell`."""
        self._trees.tell(tickets, values, priors)

    @exclusively
    def forget(self, tickets: ArrayLike) -> None:
        """Take back leaves that will not be told, as if they had never been asked for."""
        self._trees.forget(tickets)

    @property
    def pending(self) -> int:
        """How many leaves wait for a value."""
        return self._trees.pending

    @property
    def simulations(self) -> NDArray[np.int64]:
        """`[B]`, simulations that went through each root so far."""
        return self._trees.visits

    @property
    def nodes(self) -> int:
        """Nodes in all trees now."""
        return self._trees.nodes

    @property
    def proven(self) -> NDArray[np.bool_]:
        """`[B]`, whether the value of a root is proven: `ask` hands out nothing for it then."""
        return self._trees.proven

    @exclusively
    def result(self, spent: Spent | None = None, stopped_by: str = "") -> BatchedResult:
        """What the trees say about the roots' actions now."""
        legal, visits, values, priors, proven, improved, chosen = self._trees.rows()
        return BatchedResult(
            legal,
            visits,
            values,
            priors,
            proven,
            self._trees.players(),
            (self.game.min_utility(), self.game.max_utility()),
            Spent() if spent is None else spent,
            stopped_by,
            chosen,
            improved,
        )
