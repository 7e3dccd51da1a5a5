"""Counterfactual regret minimisation on an unrolled game: `CFR`. Its arrays and their updates are C
(csrc/regret/cfr.c)."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import wait
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longthink.concurrency import ExclusiveUse, ForkSafePool
from longthink.errors import MemoryLimitError
from longthink.games.core import Game
from longthink.search.core import GameTree, Regrets, Watch
from longthink.search.regret.solver import Arrays
from longthink.search.regret.tree_solver import TreeSolver
from longthink.search.regret.updates import MirrorDescentUpdate
from longthink.search.regret.variants import variant as find_variant
from longthink.validation import whole_number

_BLOCK = 1024  # iterations whose weights are computed at once


class CFR(TreeSolver):
    """Counterfactual regret minimisation, for any game with perfect recall that fits in memory.

    variant: "cfr", "cfr+", "dcfr", "pcfr+", ... (one file each in longthink/search/regret/variants). weights: changes
    to it, as in `CFR(game, "dcfr", alpha=2.0)` or `CFR(game, "cfr+", gamma=2, delay=100, alternating=False)`. In
    two-player zero-sum games the average strategy approaches a Nash equilibrium; with more players or general sums it
    need not. Nothing is random: the same calls give the same strategies. threads: useful for large trees; the
    strategies are the same for any number. memory_bytes: the limit of memory.

    Raises `UnknownNameError`, `ParameterError`, `GameError` (no perfect recall), `MemoryLimitError`.
    Zinkevich et al., "Regret minimization in games with incomplete information", NIPS 2007.
    """

    _own = ("game", "fingerprint", "variant", "weights")

    def __init__(
        self,
        game: Game | GameTree,
        variant: str = "cfr+",
        *,
        threads: int = 1,
        memory_bytes: int = 2 << 30,
        **weights: Any,
    ) -> None:
        memory_bytes = whole_number("memory_bytes", memory_bytes, 0, 2**62)
        self.name, self.threads = variant, whole_number("threads", threads, 1, 1024)
        self.variant = find_variant(variant, **weights)
        self._exclusive = ExclusiveUse("this CFR")
        self._tree = game if isinstance(game, GameTree) else GameTree(game, memory_bytes=memory_bytes)
        if self.memory_bytes > memory_bytes:
            raise MemoryLimitError(
                f"{self.game}: the tree takes {self._tree.memory_bytes} bytes and the regrets "
                f"{Regrets.bytes_of(self._tree)} more, which passes memory_bytes={memory_bytes}"
            )
        workers = 1 if self._tree.num_parts == 0 else self.threads
        self._pool = ForkSafePool(workers - 1, "longthink-cfr") if workers > 1 else None
        mirror_descent = isinstance(self.variant, MirrorDescentUpdate)
        self._regrets = Regrets(self._tree, mirror_descent, self.variant.alternating, workers)

    @property
    def iterations(self) -> int:
        """Complete iterations so far."""
        return self._regrets.iterations

    @property
    def memory_bytes(self) -> int:
        """Bytes of the tree and the regrets."""
        return self._tree.memory_bytes + Regrets.bytes_of(self._tree)

    def average_strategy(self) -> NDArray[np.float64]:
        """The average strategy over sequences, `[S]`; uniform in information states that play never reached."""
        with self._exclusive:
            return self._regrets.average_strategy()

    # ---- Iterations ----

    def _iterate(self, count: int, watch: Watch) -> None:
        """Make `count` iterations. The first may have begun in an earlier call; the last may stay unfinished."""
        end = self.iterations + count
        while self.iterations < end:
            block = min(end - self.iterations, _BLOCK)
            rows = self.variant.steps(self.iterations, block)
            complete = self.iterations + block
            self._regrets.prepare()
            if self._pool is None:
                self._work(rows, 0, watch)
            else:
                self._work_together(self._pool, rows, watch)
            if self.iterations < complete:  # stopped
                watch.check()
                return

    def _work(self, rows: NDArray[np.float64], worker: int, watch: Watch | None) -> None:
        self._regrets.run(rows, worker, watch)

    def _help(self, rows: NDArray[np.float64], worker: int) -> None:
        """The work of another thread than the first. If it fails before it begins, the others must not wait for it."""
        try:
            self._work(rows, worker, None)
        except BaseException:
            self._regrets.call_off()
            raise

    def _work_together(self, pool: ForkSafePool, rows: NDArray[np.float64], watch: Watch) -> None:
        helpers = []
        try:
            for worker in range(1, self.threads):
                helpers.append(pool.submit(self._help, rows, worker))
            self._work(rows, 0, watch)
        except BaseException:  # not all workers came: nothing was done, and those who came must not wait
            self._regrets.call_off()
            raise
        finally:
            wait(helpers)
        for helper in helpers:
            helper.result()

    # ---- Checkpoints ----

    def _settings(self) -> Mapping[str, Any]:
        return {"variant": self.name, "weights": self.variant.as_dict()}

    def _array(self, name: str) -> NDArray[np.float64]:
        return self._regrets.array(name)

    def _arrays(self) -> Arrays:
        if self._regrets.under_way:
            self._iterate(1, Watch())
        return super()._arrays()

    def _restored(self, iterations: int) -> None:
        self._regrets.restored(iterations)
