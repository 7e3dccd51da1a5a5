from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from longthink.games.core import Game, State
from longthink.search.budget import Budget, Spent
from longthink.search.result import SearchResult, TreeNode
from longthink.search.rules import Knowledge, Rule

class Leaves:
    tickets: NDArray[np.uint64]
    buffers: NDArray[np.uint8]
    @property
    def states(self) -> list[State]: ...
    @property
    def actions(self) -> list[NDArray[np.int32]]: ...
    def __len__(self) -> int: ...

class LeafArrays:
    states: NDArray[np.uint8]
    values: NDArray[np.float64]
    priors: NDArray[np.float64] | None
    count: int
    def ask(self) -> int: ...
    def tell(self) -> None: ...
    def forget(self) -> None: ...

class MCTS:
    game: Game
    rule: Rule
    knowledge: Knowledge | None
    seed: int
    threads: int
    parallel: str
    solve: bool
    memory_bytes: int
    def __init__(
        self,
        game: Game,
        rule: Rule | None = None,
        *,
        knowledge: bool | Knowledge = False,
        solve: bool = True,
        seed: int = 0,
        threads: int = 1,
        parallel: Literal["shared", "root"] = "shared",
        trees: int | None = None,
        memory_bytes: int = ...,
    ) -> None: ...
    def set_root(self, state: State) -> None: ...
    def advance(self, action: int) -> None: ...
    @property
    def root_state(self) -> State: ...
    def run(
        self, state: State, budget: Budget, *, progress: Callable[[Spent], Any] | None = None, early_stop: bool = False
    ) -> SearchResult: ...
    def ask(self, batch: int = 1, *, attempts: int | None = None) -> Leaves: ...
    def tell(
        self,
        tickets: ArrayLike,
        values: ArrayLike,
        priors: NDArray[np.float64] | Sequence[ArrayLike] | None = None,
    ) -> None: ...
    def forget(self, tickets: ArrayLike) -> None: ...
    def leaf_arrays(self, batch: int = 1, *, priors: bool = False) -> LeafArrays: ...
    @property
    def pending(self) -> int: ...
    @property
    def simulations(self) -> int: ...
    @property
    def nodes(self) -> int: ...
    @property
    def proven(self) -> bool: ...
    @property
    def recycled_nodes(self) -> int: ...
    def result(self, spent: Spent | None = None, stopped_by: str = "") -> SearchResult: ...
    def line(self, *actions: int) -> list[tuple[int, int]]: ...
    def tree(self, *, max_nodes: int = 1000, min_visits: int = 1) -> TreeNode: ...
