"""What a search of a graph found: `GraphResult`."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from longthink.search.trees.result import SearchResult


@dataclass(eq=False)
class GraphResult(SearchResult):
    """A `SearchResult` whose policy may be a mixed strategy.

    strategy: `[A]`, the average strategy of `RegretMatching`, else the shares of visits. recycled: nodes that a full
    arena gave back so far. nodes: in the graph now. principal_variation: of `ISMCTS` only the best action, for what
    follows depends on what is hidden.
    """

    strategy: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    recycled: int = 0

    @property
    def policy(self) -> NDArray[np.float64]:
        """How often to play each action, `[A]`; equal for all where nothing is known."""
        return self.strategy

    @property
    def best_action(self) -> int:
        """The action that the policy plays most, the better valued one of two equals."""
        order = np.lexsort((np.nan_to_num(self.values, nan=-np.inf), self.visits, self.strategy))
        return int(self.actions[order[-1]])
