from collections.abc import Callable
from typing import Any

from longthink.games.core import Game
from longthink.games.text import Text

class ObjectRules:
    name: str
    def find(self, key: bytes) -> Any: ...
    def raise_failure(self, reason: int, history: list[int] | None) -> None: ...

def object_game(
    name: str,
    new_initial_state: Callable[[], Any],
    *,
    num_players: int,
    num_distinct_actions: int,
    max_game_length: int,
    min_utility: float,
    max_utility: float,
    max_chance_outcomes: int = 0,
    max_chance_nodes_in_history: int = 0,
    zero_sum: bool = False,
    simultaneous: bool = False,
    perfect_information: bool = True,
    can_resample: bool = False,
    parameters: dict[str, Any] | None = None,
    text: Text | Callable[[ObjectRules], Text] | None = None,
    reduce: tuple[Callable[..., Game], tuple[Any, ...]] | None = None,
    cache_states: int = 4096,
) -> Game: ...
