"""A search tree as plain Python objects: `TreeNode`, for drawings, traces and users."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from longthink.search.trees.equality import same


@dataclass(eq=False)
class TreeNode:
    """A node of a search tree: the action that leads to it, and what the search knows about it.

    action: None at the root. value: for the player who chose `action`, in the game's utilities; NaN without a visit.
    proven: whether the value is that of perfect play.
    """

    action: int | None
    prior: float
    visits: int
    value: float
    proven: bool = False
    children: list[TreeNode] = field(default_factory=list)

    def walk(self) -> Iterator[TreeNode]:
        """This node and all nodes below it, parents first."""
        yield self
        for child in self.children:
            yield from child.walk()

    def _rows(self) -> list[tuple[Any, ...]]:
        """All nodes, parents first, each with its number of children. No recursion, because trees may be deep."""
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
        """Nested plain values for JSON; a value that is NaN becomes None."""
        return {
            "action": self.action,
            "prior": self.prior,
            "visits": self.visits,
            "value": None if np.isnan(self.value) else self.value,
            "proven": self.proven,
            "children": [child.as_dict() for child in self.children],
        }


def _from_rows(rows: list[tuple[Any, ...]]) -> TreeNode:
    """The tree whose rows `TreeNode._rows` returned."""
    root = TreeNode(*rows[0][:5])
    waiting = [(root, rows[0][5])]  # nodes, the deepest last, with the number of children still to come
    for *values, count in rows[1:]:
        while waiting[-1][1] == 0:
            waiting.pop()
        parent, left = waiting.pop()
        child = TreeNode(*values)
        parent.children.append(child)
        waiting += [(parent, left - 1), (child, count)]
    return root
