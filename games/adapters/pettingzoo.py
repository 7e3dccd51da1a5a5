"""Any game of ours as a PettingZoo environment, in which agents act one after the other (AEC).

An observation is what the game itself tells apart, byte by byte: the key of the agent's information state, or the state
where everybody sees everything. Chance acts inside, with random numbers of the environment's seed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from longthink.errors import require
from longthink.games.core import Game
from longthink.games.registry import load_game

if TYPE_CHECKING:
    from pettingzoo import AECEnv


def pettingzoo_env(game: Game | str, render_mode: str | None = None) -> AECEnv[str, Any, Any]:
    """A PettingZoo environment of `game`, or of the game of this name.

    Agents are "player_0", "player_1", ...; each observes `{"observation": uint8 [B], "action_mask": int8 [A]}` and is
    rewarded with its return when the game is over. Players of a simultaneous game act in turn, and do not see what the
    others chose. `reset(seed=...)` fixes what chance does. render_mode: None, or "ansi" for the state as text.

    `env.unwrapped.position` is the `State`, for a search. An action that is not legal raises `IllegalActionError`.
    Raises `MissingExtraError` where PettingZoo is not installed.
    """
    require("pettingzoo", "pettingzoo")
    from pettingzoo.utils.wrappers import OrderEnforcingWrapper

    from longthink.games.adapters.aec_env import GameEnv

    return OrderEnforcingWrapper(GameEnv(load_game(game) if isinstance(game, str) else game, render_mode))
