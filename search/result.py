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

    value: for the player who chose `action`, in the game's utilities; NaN without a visit. proven: whether it is what
    perfect play gives.
    """

    action: int | None
    prior: float
    visits: int
    value: float
    proven: bool = False
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
            "proven": self.proven,
            "children": [child.as_dict() for child in self.children],
        }


def best_index(
    visits: NDArray[Any], values: NDArray[np.float64], proven: NDArray[np.bool_], least: float, most: float
) -> int:
    """The place of the action to play: see `SearchResult.best_action`."""
    return int(ranking(visits, values, proven, least, most)[0])


def ranking(
    visits: NDArray[Any],
    values: NDArray[np.float64],
    proven: NDArray[np.bool_],
    least: float,
    most: float,
    legal: NDArray[np.bool_] | bool = True,
) -> NDArray[np.intp]:
    """The places of the actions, `[A]` or `[B, A]`, the one to play first and those that are not legal last: see
    `SearchResult.best_action`."""
    values = np.nan_to_num(values, nan=-np.inf)
    rank = np.where(proven & (values >= most), 1, np.where(proven & (values <= least), -1, 0))
    all_proven = (proven | ~np.asarray(legal)).all(axis=-1, keepdims=True)
    first = np.where(legal, np.where(all_proven, values, rank), -np.inf)
    return np.lexsort((values, visits, first))[..., ::-1]


@dataclass
class SearchResult:
    """What a search thinks of the actions at its root, `[A]` of them, ascending.

    actions: `[A]`. visits: `[A]`. values: `[A]`, for the player who acts, in utilities, NaN where not tried.
    priors: `[A]`. proven: `[A]`, where the value is what perfect play gives. utilities: the least and the most
    that a player can get. player: who acts at the root. spent: by this call. nodes: in the tree now.
    stopped_by: the limit that was reached, "proven", "decided" or
    "interrupted". improved: `[A]`, the policy that `Gumbel` gives, else None. chosen: the place of its choice.
    """

    actions: NDArray[np.int32]
    visits: NDArray[np.int64]
    values: NDArray[np.float64]
    priors: NDArray[np.float64]
    proven: NDArray[np.bool_]
    utilities: tuple[float, float]
    player: int
    principal_variation: list[int]
    spent: Spent
    nodes: int
    stopped_by: str
    improved: NDArray[np.float64] | None = None
    chosen: int | None = None

    @property
    def best_action(self) -> int:
        """The most visited action, the better valued one of two equals; but one that is proven to win, where there is
        one, none that is proven to lose, and where all are proven, the best. With `Gumbel`, what it planned."""
        if self.chosen is not None and not self.is_proven:
            return int(self.actions[self.chosen])
        return int(self.actions[best_index(self.visits, self.values, self.proven, *self.utilities)])

    @property
    def ranking(self) -> NDArray[np.intp]:
        """The places of all actions, `[A]`, the best first."""
        return ranking(self.visits, self.values, self.proven, *self.utilities)

    @property
    def is_proven(self) -> bool:
        """Whether the value of the root is proven, by an action that wins all or by all of them."""
        return bool(
            (len(self.proven) > 0 and self.proven.all()) or (self.proven & (self.values >= self.utilities[1])).any()
        )

    @property
    def policy(self) -> NDArray[np.float64]:
        """The share of visits of each action, `[A]`; with `Gumbel` its improved policy.

        A root that was proven before any visit has all on its best action."""
        if self.improved is not None:
            return self.improved
        policy: NDArray[np.float64] = self.visits / max(1, self.visits.sum())
        if len(self.actions) and not self.visits.any():
            policy[self.actions == self.best_action] = 1.0
        return policy

    @property
    def value(self) -> float:
        """The mean value of all simulations so far for the player who acts, in utilities; where it is proven, that."""
        if self.is_proven:
            return float(self.values[self.proven].max())
        tried = self.visits > 0
        return float(np.average(self.values[tried], weights=self.visits[tried])) if tried.any() else float("nan")

    def bounds(self, z: float = 1.96) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Lower and upper bounds of confidence of the values, `[A]` each, in utilities.

        z: half-widths in standard errors. Simulations are taken as independent, with the largest variance that results
        between the least and the most utility can have with this mean, (most - mean) (mean - least) (Bhatia and Davis,
        American Mathematical Monthly 107, 2000); a visit each is added at both ends, as Agresti and Coull do, so that
        few equal results are not certainty. A proven value is its own bound; without a visit the bounds are the ends.
        """
        least, most = self.utilities
        visits, values = self.visits + 2.0, np.where(self.visits > 0, self.values, 0.0)
        mean = (values * self.visits + least + most) / visits
        half = z * np.sqrt(np.maximum(0.0, (most - mean) * (mean - least)) / visits)
        untried = self.visits == 0
        low = np.where(untried, least, np.maximum(least, mean - half))
        high = np.where(untried, most, np.minimum(most, mean + half))
        return np.where(self.proven, self.values, low), np.where(self.proven, self.values, high)

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C ended the search early; everything here is its best so far."""
        return self.stopped_by == "interrupted"
