import os
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longthink.games.core import Game, State
from longthink.search.budget import Budget, Spent
from longthink.search.regret.cfr import GameTree
from longthink.search.regret.iterations import CFRResult
from longthink.search.regret.policy import Policy
from longthink.search.regret.variants import Exploitability

SAMPLINGS: dict[str, tuple[int, int, int]]

class MCCFR:
    game: Game
    sampling: str
    options: dict[str, float]
    seed: int
    memory_bytes: int
    def __init__(
        self,
        game: Game,
        sampling: str = "external",
        *,
        epsilon: float | None = None,
        k: int | None = None,
        baseline: float | None = None,
        regret_power: float = 0.0,
        average_power: float = 0.0,
        floor: float = ...,
        prune_below: float | None = None,
        prune_share: float = 0.95,
        seed: int = 0,
        memory_bytes: int = ...,
    ) -> None: ...
    @property
    def iterations(self) -> int: ...
    @property
    def num_information_states(self) -> int: ...
    @property
    def num_remembered_histories(self) -> int: ...
    def run(
        self,
        iterations: int | None = None,
        *,
        until: Exploitability | None = None,
        budget: Budget | None = None,
        progress: Callable[[Spent], Any] | None = None,
        checkpoint: str | os.PathLike[str] | None = None,
        every: float = 60.0,
    ) -> CFRResult: ...
    def save(self, path: str | os.PathLike[str]) -> None: ...
    def load(self, path: str | os.PathLike[str]) -> int: ...
    def arrays(self) -> dict[str, NDArray[Any]]: ...
    def name_at(self, state: State) -> tuple[int, int]: ...
    def action_probabilities(self, state: State, player: int | None = None) -> dict[int, float]: ...
    @property
    def tree(self) -> GameTree: ...
    def average_strategy(self) -> NDArray[np.float64]: ...
    def average_policy(self) -> Policy: ...
    def values(self) -> NDArray[np.float64]: ...
    def nash_conv(self) -> float: ...
    def exploitability(self) -> float: ...
