"""What a search found: `SearchResult`; and its tree as plain objects, `TreeNode`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longthink.search.budget import Spent


@dataclass
class TreeNode:
    """A node of a search tree: the action that led to it and what the search thinks of it.

    value: for the player who chose `action`, in the game's utilities; NaN without a visit.
    """

    action: int | None
    prior: float
    visits: int
    value: float
    children: list[TreeNode] = field(default_factory=list)

    def walk(self) -> Iterator[TreeNode]:
        """This node and all below it, parents first."""
        yield self
        for child in self.children:
            yield from child.walk()

    def as_dict(self) -> dict[str, Any]:
        """As nested plain values, for JSON; a value that is NaN becomes None."""
        return {
            "action": self.action,
            "prior": self.prior,
            "visits": self.visits,
            "value": None if np.isnan(self.value) else self.value,
            "children": [child.as_dict() for child in self.children],
        }


@dataclass
class SearchResult:
    """What a search thinks of the actions at its root, `[A]` of them, ascending.

    actions: `[A]`. visits: `[A]`. values: `[A]`, for the player who acts, in utilities, NaN where not tried.
    priors: `[A]`. player: who acts at the root. spent: by this call. nodes: in the tree now.
    stopped_by: the limit that was reached, or "interrupted".
    """

    actions: NDArray[np.int32]
    visits: NDArray[np.int64]
    values: NDArray[np.float64]
    priors: NDArray[np.float64]
    player: int
    principal_variation: list[int]
    spent: Spent
    nodes: int
    stopped_by: str

    @property
    def best_action(self) -> int:
        """The most visited action, the better valued one of two equals."""
        order = np.lexsort((np.nan_to_num(self.values, nan=-np.inf), self.visits))
        return int(self.actions[order[-1]])

    @property
    def policy(self) -> NDArray[np.float64]:
        """The share of visits of each action, `[A]`."""
        policy: NDArray[np.float64] = self.visits / max(1, self.visits.sum())
        return policy

    @property
    def value(self) -> float:
        """The mean value of all simulations so far for the player who acts, in utilities."""
        tried = self.visits > 0
        return float(np.average(self.values[tried], weights=self.visits[tried])) if tried.any() else float("nan")

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C ended the search early; everything here is its best so far."""
        return self.stopped_by == "interrupted"
