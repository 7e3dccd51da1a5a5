"""Many searches at once, one for each root of an array, as self-play needs them: `BatchedMCTS`.

`ask` and `tell` work on the leaves of all trees together (csrc/search/roots.c), so that a network values full batches
and no Python runs for a single leaf.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from longthink.concurrency import CancelToken, exclusively, not_picklable
from longthink.errors import LongthinkError, ParameterError
from longthink.games.core import Game, State
from longthink.search.budget import Budget, Spent
from longthink.search.core import MOST_TREES, Trees
from longthink.search.run import SEARCH_LIMITS, Progress
from longthink.search.trees.evaluation import Evaluator, ask_and_tell
from longthink.search.trees.leaves import Leaves
from longthink.search.trees.result import BatchedResult
from longthink.search.trees.rules import PUCT, Rule
from longthink.validation import whole_number


class BatchedMCTS:
    """Monte Carlo tree search from `B` roots at once: `B` trees of one game, whose leaves are valued together.

        roots = lt.BatchedMCTS(game, 64, lt.PUCT(noise=0.25), seed=1)
        result = roots.run(evaluator, lt.Budget(simulations=64))  # 64 at each root
        over, returns = roots.advance(result.best_actions)

    Root i finds what an `MCTS` with the seed `seed` + i and `search_with` would find. A player acts at every root:
    chance events before it are drawn, by seed.

    One thread at a time may use it; see docs/threads_and_processes.md.

    batch_size: `B`. rule: `PUCT`, `Gumbel` or another. solve: as in `MCTS`. memory_bytes: of all trees together. A
    full tree recycles its least visited part and goes on.

    Raises `GameError` for a game of imperfect information, `ParameterError`, `MemoryError`.
    mctx (Danihelka et al., 2022) has such a batched search for models inside JAX.
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
        """`[B]`, the seeds of `MCTS` searches that find the same."""
        self.solve, self.memory_bytes = bool(solve), whole_number("memory_bytes", memory_bytes, 1)
        self._trees = Trees(game, self.rule, False, solve, self.seeds.tolist(), memory_bytes, True, "this BatchedMCTS")
        self._exclusive = self._trees.exclusive
        self._trees.play(None)

    def __reduce__(self) -> str:
        raise not_picklable(self, "keep its result, or make another search with the same game, rule and seed")

    # ---- The roots ----

    @exclusively
    def set_roots(self, states: State | Sequence[State]) -> None:
        """Search from these `B` states, or from one state `B` times; all trees start afresh. Raises
        `ParameterError`."""
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
        """Act at every root: the children's subtrees are kept, and if a game ends, the next one begins.

        actions: `[B]`. Returns over, `[B]`, which games ended, and their returns, `[B, P]`, in utilities, 0 for games
        that go on. All leaves of `ask` must have been valued by `tell` or taken back by `forget`.

        Raises `IllegalActionError`; then nothing has changed.
        """
        if self.pending:
            raise LongthinkError(f"{self.pending} leaves wait for a value; call tell or forget first")
        given = np.asarray(actions)
        if given.shape != (self.batch_size,) or not np.issubdtype(given.dtype, np.integer):
            raise ParameterError(f"advance expects {self.batch_size} actions, got {actions!r}")
        return self._trees.play(np.ascontiguousarray(given, np.int32))

    @property
    @exclusively
    def buffers(self) -> NDArray[np.uint8]:
        """`[B, state_bytes]`, the bytes of the roots' states, as in `Leaves.buffers`."""
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
        progress: Progress | None = None,
        cancel: CancelToken | None = None,
    ) -> BatchedResult:
        """Search until `budget` (simulations at each root, nodes of all trees, seconds) is spent, with the values of
        `evaluator`.

        batch: leaves of each root that are valued at once. Ctrl-C and `cancel` return the best so far. If the evaluator
        raises, its leaves are taken back, and the search can go on.

        Raises `ParameterError` for a budget of other things or without a limit, and what the evaluator raises.
        """
        budget.check("BatchedMCTS.run", SEARCH_LIMITS)
        return self.result(*ask_and_tell(evaluator, self._trees, budget, batch, progress, cancel))

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
        """Value leaves of `ask`, in any order and any grouping: see `MCTS.tell`."""
        self._trees.tell(tickets, values, priors)

    @exclusively
    def forget(self, tickets: ArrayLike) -> None:
        """Take back leaves that get no value, as if `ask` had never returned them."""
        self._trees.forget(tickets)

    @property
    def pending(self) -> int:
        """The number of leaves that wait for a value."""
        return self._trees.pending

    @property
    def simulations(self) -> NDArray[np.int64]:
        """`[B]`, simulations through each root so far."""
        return self._trees.visits

    @property
    def nodes(self) -> int:
        """Nodes in all trees now."""
        return self._trees.nodes

    @property
    def proven(self) -> NDArray[np.bool_]:
        """`[B]`, whether the value of a root is proven. Then `ask` returns no leaves of it."""
        return self._trees.proven

    @exclusively
    def result(self, spent: Spent | None = None, stopped_by: str = "") -> BatchedResult:
        """What the trees say about the roots' actions now."""
        legal, visits, values, priors, proven, strategy, chosen = self._trees.rows()
        return BatchedResult(
            legal,
            visits,
            values,
            priors,
            proven,
            self._trees.players(),
            (self.game.min_utility(), self.game.max_utility()),
            Spent() if spent is None else spent,
            self.nodes,
            stopped_by,
            strategy,
            chosen,
        )
