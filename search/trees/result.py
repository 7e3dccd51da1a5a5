"""What a search found: `SearchResult`; and its tree as plain objects, `TreeNode`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longthink.search.budget import Spent


def same(one: Any, other: Any) -> bool:
    """Whether two values are equal, arrays entry by entry and NaN to itself."""
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return one.dtype == other.dtype and np.array_equal(one, other, equal_nan=one.dtype.kind == "f")
    if isinstance(one, np.ndarray) or isinstance(other, np.ndarray):
        return False
    return bool(one == other or (one != one and other != other))


class ComparedByFields:
    """Equality for dataclasses with arrays."""

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented
        return all(same(getattr(self, f.name), getattr(other, f.name)) for f in fields(self))  # type: ignore[arg-type]

    __hash__ = None  # type: ignore[assignment]


@dataclass(eq=False)
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

    def _rows(self) -> list[tuple[Any, ...]]:
        """All nodes, parents first, each with its number of children; without recursion, for trees are deep."""
        rows, waiting = [], [self]
        while waiting:
            node = waiting.pop()
            rows.append((node.action, node.prior, node.visits, node.value, node.proven, len(node.children)))
            waiting.extend(reversed(node.children))
        return rows

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TreeNode):
            return NotImplemented
        mine, others = self._rows(), other._rows()
        return len(mine) == len(others) and all(
            map(same, (x for row in mine for x in row), (x for row in others for x in row))
        )

    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self) -> tuple[Any, ...]:
        return _from_rows, (self._rows(),)

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


def _from_rows(rows: list[tuple[Any, ...]]) -> TreeNode:
    """The tree of which `TreeNode._rows` gave the rows."""
    root = TreeNode(*rows[0][:5])
    waiting = [(root, rows[0][5])]  # nodes, the deepest last, and how many children they still get
    for *values, count in rows[1:]:
        while waiting[-1][1] == 0:
            waiting.pop()
        parent, left = waiting.pop()
        child = TreeNode(*values)
        parent.children.append(child)
        waiting += [(parent, left - 1), (child, count)]
    return root


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


@dataclass(eq=False)
class SearchResult(ComparedByFields):
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
