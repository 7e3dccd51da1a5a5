"""Any game as a PettingZoo environment in which agents act one after the other (AEC).

An observation is the byte representation of the game: the key of the agent's information state, or the state itself if
all players see everything. Chance acts inside the environment, with random numbers from its seed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from longthink.errors import require
from longthink.games.core import Game
from longthink.games.registry import load_game

if TYPE_CHECKING:
    from pettingzoo import AECEnv


def pettingzoo_env(game: Game | str, render_mode: str | None = None) -> AECEnv[str, Any, Any]:
    """Make a PettingZoo environment of a game, which is given as a `Game` or by name.

    Agents are "player_0", "player_1", ... Each observes `{"observation": uint8 [B], "action_mask": int8 [A]}` and gets
    its return as reward when the game is over. In a simultaneous game the players act in turn and do not see the
    choices of the others. `reset(seed=...)` seeds chance. render_mode: None, or "ansi" for the state as text.

    `env.unwrapped.position` is the `State`, for use in a search. An illegal action raises `IllegalActionError`.
    Raises `MissingExtraError` if PettingZoo is not installed.
    """
    require("pettingzoo", "pettingzoo")
    from pettingzoo.utils.wrappers import OrderEnforcingWrapper

    from longthink.games.adapters.aec_env import GameEnv

    return OrderEnforcingWrapper(GameEnv(load_game(game) if isinstance(game, str) else game, render_mode))
