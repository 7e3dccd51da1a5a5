"""What a search found: `SearchResult` of one root, `BatchedResult` of many. Trees and graphs share them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longthink.search.budget import Spent
from longthink.search.trees.equality import ComparedByFields


def ranking(
    visits: NDArray[Any],
    values: NDArray[np.float64],
    proven: NDArray[np.bool_],
    least: float,
    most: float,
    legal: NDArray[np.bool_] | bool = True,
) -> NDArray[np.intp]:
    """The indices of the actions, `[A]` or `[B, A]`, best first and illegal ones last: see
    `SearchResult.best_action`."""
    values = np.nan_to_num(values, nan=-np.inf)
    rank = np.where(proven & (values >= most), 1, np.where(proven & (values <= least), -1, 0))
    all_proven = (proven | ~np.asarray(legal)).all(axis=-1, keepdims=True)
    first = np.where(legal, np.where(all_proven, values, rank), -np.inf)
    return np.lexsort((values, visits, first))[..., ::-1]


def best_index(
    visits: NDArray[Any], values: NDArray[np.float64], proven: NDArray[np.bool_], least: float, most: float
) -> int:
    """The index of the action to play: see `SearchResult.best_action`."""
    return int(ranking(visits, values, proven, least, most)[0])


@dataclass(eq=False)
class SearchResult(ComparedByFields):
    """What a search found about the `A` legal actions of its root, in ascending order.

    actions, visits: `[A]`. values: `[A]`, for the player who acts at the root, in utilities; NaN for an action that was
    not tried. priors: `[A]`. proven: `[A]`, whether the value is that of perfect play. utilities: the least and the
    greatest utility of the game. player: who acts at the root. principal_variation: the line of play that the search
    expects; of `ISMCTS` only the best action, because what follows depends on hidden information. spent: by this call.
    nodes: in the tree or graph now. stopped_by: the limit that was reached, "proven", "decided", "cancelled" or
    "interrupted". strategy: `[A]`, the policy if it is not the share of visits: the improved policy of `Gumbel`, the
    average strategy of `RegretMatching`. chosen: the index of the action that `Gumbel` or `RegretMatching` chose.
    recycled: nodes that a full memory gave back so far.
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
    strategy: NDArray[np.float64] | None = None
    chosen: int | None = None
    recycled: int = 0

    @property
    def best_action(self) -> int:
        """The action to play: the most visited one, the better valued of two equals.

        An action that is proven to win comes first, one that is proven to lose last; if all are proven, the best value
        decides. `Gumbel` returns the action that it planned, `RegretMatching` the one that its strategy plays most.
        """
        if self.chosen is not None and not self.is_proven:
            return int(self.actions[self.chosen])
        return int(self.actions[best_index(self.visits, self.values, self.proven, *self.utilities)])

    @property
    def ranking(self) -> NDArray[np.intp]:
        """The indices of all actions, `[A]`, best first."""
        return ranking(self.visits, self.values, self.proven, *self.utilities)

    @property
    def is_proven(self) -> bool:
        """Whether the value of the root is proven: one action is proven to win, or all are proven."""
        return bool(
            (len(self.proven) > 0 and self.proven.all()) or (self.proven & (self.values >= self.utilities[1])).any()
        )

    @property
    def policy(self) -> NDArray[np.float64]:
        """How often to play each action, `[A]`: `strategy` if there is one, else the share of visits.

        If the root was proven before any visit, its best action has probability 1.
        """
        if self.strategy is not None:
            return self.strategy
        policy: NDArray[np.float64] = self.visits / max(1, self.visits.sum())
        if len(self.actions) and not self.visits.any():
            policy[self.actions == self.best_action] = 1.0
        return policy

    @property
    def value(self) -> float:
        """The mean value of all simulations so far for the player who acts, in utilities; the proven value if known."""
        if self.is_proven:
            return float(self.values[self.proven].max())
        tried = self.visits > 0
        return float(np.average(self.values[tried], weights=self.visits[tried])) if tried.any() else float("nan")

    def bounds(self, z: float = 1.96) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Lower and upper confidence bounds of the values, `[A]` each, in utilities.

        z: half-widths in standard errors. Simulations are taken as independent, with the largest variance that results
        between the least and the greatest utility can have with this mean, (most - mean) (mean - least) (Bhatia and
        Davis, American Mathematical Monthly 107, 2000). One visit is added at each end, as Agresti and Coull do, so
        that few equal results are not certainty. The bounds of a proven value are the value. The bounds of an action
        without a visit are the least and the greatest utility.
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
        """Whether Ctrl-C ended the search; the result is the best so far."""
        return self.stopped_by == "interrupted"


@dataclass(eq=False)
class BatchedResult(ComparedByFields):
    """What a batch of searches found: `B` roots in rows, all `A` actions of the game in columns.

    The fields are those of `SearchResult`, of all roots at once; `result[i]` is the `SearchResult` of root i. legal,
    visits, proven: `[B, A]`. values: `[B, A]`, NaN for an action that was not tried. priors: `[B, A]`, 0 for an illegal
    action. players: `[B]`. spent: by this call, simulations at one root. nodes: in all trees. strategy: `[B, A]`, the
    improved policies of `Gumbel`, 0 in rows without one. chosen: `[B]`, the actions that `Gumbel` chose, or -1.
    """

    legal: NDArray[np.bool_]
    visits: NDArray[np.int64]
    values: NDArray[np.float64]
    priors: NDArray[np.float64]
    proven: NDArray[np.bool_]
    players: NDArray[np.int32]
    utilities: tuple[float, float]
    spent: Spent
    nodes: int
    stopped_by: str
    strategy: NDArray[np.float64]
    chosen: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.players)

    def __getitem__(self, root: int) -> SearchResult:
        """The result of one root; its `principal_variation` is the best action alone, its `nodes` those of all
        trees."""
        columns = np.flatnonzero(self.legal[root])
        chosen, best = int(self.chosen[root]), int(self.best_actions[root])
        return SearchResult(
            columns.astype(np.int32),
            self.visits[root, columns],
            self.values[root, columns],
            self.priors[root, columns],
            self.proven[root, columns],
            self.utilities,
            int(self.players[root]),
            [best],
            self.spent,
            self.nodes,
            self.stopped_by,
            self.strategy[root, columns] if chosen >= 0 else None,
            int(np.searchsorted(columns, chosen)) if chosen >= 0 else None,
        )

    @property
    def policy(self) -> NDArray[np.float64]:
        """How often to play each action, `[B, A]`, as `SearchResult.policy`: the target that a network learns."""
        total = self.visits.sum(axis=1, keepdims=True)
        best = np.arange(self.visits.shape[1]) == self.best_actions[:, None]
        shares = np.where(total > 0, self.visits / np.maximum(1, total), best)
        return np.where(self.chosen[:, None] >= 0, self.strategy, shares)

    @property
    def is_proven(self) -> NDArray[np.bool_]:
        """`[B]`, whether the value of a root is proven: one action is proven to win, or all are proven."""
        wins = self.proven & (self.values >= self.utilities[1])
        return np.logical_or((self.proven | ~self.legal).all(axis=1), wins.any(axis=1))

    @property
    def best_actions(self) -> NDArray[np.int32]:
        """`[B]`, the actions to play, as `SearchResult.best_action`."""
        best = ranking(self.visits, self.values, self.proven, *self.utilities, self.legal)[:, 0].astype(np.int32)
        return np.where((self.chosen >= 0) & ~self.is_proven, self.chosen, best)

    @property
    def value(self) -> NDArray[np.float64]:
        """`[B]`, as `SearchResult.value`."""
        visits = self.visits.sum(axis=1)
        total = np.where(self.visits > 0, self.values * self.visits, 0.0).sum(axis=1)
        mean = np.divide(total, visits, out=np.full(len(visits), np.nan), where=visits > 0)
        best = np.where(self.proven, self.values, -np.inf).max(axis=1)
        value: NDArray[np.float64] = np.where(self.is_proven, best, mean)
        return value

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C ended the search; the result is the best so far."""
        return self.stopped_by == "interrupted"
