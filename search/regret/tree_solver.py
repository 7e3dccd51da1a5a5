"""What the solvers on an unrolled game share, `CFR` and `CFRBR`: the current strategy, and checkpoints of arrays
`[S]`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longthink.errors import CheckpointError
from longthink.games.core import Game
from longthink.search.core import GameTree
from longthink.search.regret import checkpoint as checkpoints
from longthink.search.regret.policy import Policy
from longthink.search.regret.solver import Arrays, Path, Solver

SAVED = ("regret", "strategy", "average")
"""The arrays of a checkpoint, `[S]`: regrets, the strategy of the next iteration, the sum of strategies."""


class TreeSolver(Solver):
    """A solver with regrets, a strategy and an average over the sequences of a `GameTree`."""

    _tree: GameTree
    _fingerprint: str | None = None

    @property
    def tree(self) -> GameTree:
        return self._tree

    @property
    def game(self) -> Game:  # type: ignore[override]
        return self._tree.game

    @property
    def num_histories(self) -> int:
        return self._tree.num_histories

    @property
    def num_information_states(self) -> int:
        return self._tree.num_information_states

    def _array(self, name: str) -> NDArray[np.float64]:
        """One of the arrays `SAVED`, `[S]`; not a copy."""
        raise NotImplementedError

    def _settings(self) -> Mapping[str, Any]:
        """The options that decide the iterations, for a checkpoint."""
        raise NotImplementedError

    def _restored(self, iterations: int) -> None:
        """Continue after the arrays were replaced."""
        raise NotImplementedError

    def current_strategy(self) -> NDArray[np.float64]:
        """The strategy of the next iteration over sequences, `[S]`."""
        with self._exclusive:
            return self._array("strategy").copy()

    def current_policy(self) -> Policy:
        """The strategy of the next iteration as a `Policy`."""
        return Policy.from_strategy(self.tree, self.current_strategy())

    def regrets(self) -> NDArray[np.float64]:
        """Cumulative regrets over sequences, `[S]`; 0 for empty sequences. In mirror descent: logarithms of the
        strategy."""
        with self._exclusive:
            return self._array("regret").copy()

    # ---- Checkpoints ----

    def _meta(self) -> dict[str, Any]:
        if self._fingerprint is None:
            self._fingerprint = self._tree.fingerprint
        return {
            "game": str(self.game),
            "fingerprint": self._fingerprint,
            **self._settings(),
            "iterations": self.iterations,
        }

    def _arrays(self) -> Arrays:
        return {name: self._array(name) for name in SAVED}

    def _restore(self, path: Path, iterations: int, arrays: Arrays) -> None:
        checkpoints.check_arrays(path, arrays, {name: (np.float64, (self._tree.num_sequences,)) for name in SAVED})
        if (arrays["average"] < 0).any():
            raise CheckpointError(f"{path}: expected averages from 0, got {arrays['average'].min()}")
        strategy = arrays["strategy"]
        if (strategy < 0).any() or (abs(self._tree.sums(strategy) - 1.0) > 1e-6).any():
            raise CheckpointError(f"{path}: expected a strategy that sums to 1 in every information state, it does not")
        for name in SAVED:
            self._array(name)[:] = arrays[name]
        self._restored(iterations)
