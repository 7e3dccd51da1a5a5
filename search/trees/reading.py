"""What several trees of one root say together, and their most visited parts: read from compiled `Trees`."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from longthink.search.core import Trees
from longthink.search.trees.result import best_index
from longthink.search.trees.tree_node import TreeNode


class RootActions(NamedTuple):
    """The actions of a root, ascending, `[A]` each."""

    actions: NDArray[np.int32]
    visits: NDArray[np.int64]
    values: NDArray[np.float64]
    priors: NDArray[np.float64]
    proven: NDArray[np.bool_]


def root_actions(trees: Trees) -> RootActions:
    """The root's actions, with the visits, values and proofs of all trees merged."""
    found: list[RootActions] = []
    for i in range(trees.count):
        _, actions, visits, values, priors, proven = trees.children(i, 0)
        order = np.argsort(actions)
        if len(actions) or i == 0:
            found.append(
                RootActions(actions[order], visits[order].astype(np.int64), values[order], priors[order], proven[order])
            )
    if len(found) > 1 and len(found[0].actions) == 0:
        del found[0]
    if len(found) == 1:
        return found[0]
    total = np.sum([each.visits for each in found], axis=0)
    sums = np.sum([np.nan_to_num(each.values) * each.visits for each in found], axis=0)
    values = np.divide(sums, total, out=np.full(len(total), np.nan), where=total > 0)
    for each in found:
        values[each.proven] = each.values[each.proven]
    proven = np.any([each.proven for each in found], axis=0)
    return RootActions(found[0].actions, total, values, found[0].priors, proven)


def planned_policy(trees: Trees) -> tuple[NDArray[np.float64] | None, int | None]:
    """The improved policy of `Gumbel`, `[A]`, and the index of its choice; None without one.

    The mean policy and the most frequent choice of several trees.
    """
    policies, votes = [], []
    for i in range(trees.count):
        improved = trees.improved(i)
        if improved is not None:
            order = np.argsort(trees.children(i, 0)[1])
            policies.append(improved[0][order])
            votes.append(int(np.flatnonzero(order == improved[1])[0]))
    if not votes:
        return None, None
    return np.mean(policies, axis=0), int(np.bincount(votes).argmax())


def most_visited(trees: Trees, max_nodes: int, min_visits: int) -> TreeNode:
    """The most visited part of the first tree: see `MCTS.tree`."""
    root = TreeNode(None, 1.0, int(trees.visits[0]), float("nan"))
    count, level = 1, [(root, 0)]
    while level and count < max_nodes:
        found = []
        for node, node_id in level:
            ids, actions, visits, values, priors, proven = trees.children(0, node_id)
            for i in np.lexsort((actions, -visits.astype(np.int64))):
                if visits[i] >= min_visits:
                    child = TreeNode(
                        int(actions[i]), float(priors[i]), int(visits[i]), float(values[i]), bool(proven[i])
                    )
                    found.append((node, child, int(ids[i])))
        found.sort(key=lambda item: -item[1].visits)
        level = []
        for parent, child, child_id in found[: max_nodes - count]:
            parent.children.append(child)
            level.append((child, child_id))
        count += len(level)
    return root


def most_visited_line(trees: Trees, actions: tuple[int, ...], least: float, most: float) -> list[tuple[int, int]]:
    """The most visited line that begins with `actions`: see `MCTS.line`. least, most: of the game's utilities."""

    def visits_of(tree: int) -> int:
        _, found, visits, _, _, _ = trees.children(tree, 0)
        return int(visits[found == actions[0]].sum())

    tree = max(range(trees.count), key=visits_of) if actions else 0
    line: list[tuple[int, int]] = []
    node = 0
    while True:
        ids, found, visits, values, _, proven = trees.children(tree, node)
        if len(line) < len(actions):
            place = np.flatnonzero(found == actions[len(line)])
            best = int(place[0]) if len(place) else None
        elif visits.any() or proven.any():
            best = best_index(visits, values, proven, least, most)
        else:
            best = None
        if best is None or not (visits[best] or proven[best]):
            return line
        line.append((int(found[best]), int(visits[best])))
        node = int(ids[best])
