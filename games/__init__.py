"""Games: rules behind one interface, in C, in Python, from OpenSpiel or from a file.

core has `Game` and `State`; registry loads a game by name; every game has one module, with its parameters and words;
adapters make games of a user's Python rules, of OpenSpiel's games and of Gambit files.
"""

import sys
from collections.abc import Callable
from types import ModuleType

from longthink.games.core import Game, State
from longthink.games.registry import GAMES, load_game, register_game
from longthink.games.text import Text
from longthink.registry import Registry

__all__ = ["Game", "State", "Text", "load_game", "numba_game", "register_game"]


class _Games(ModuleType):
    """This module can be called: `longthink.games` is this package and also the function that returns the registry."""

    def __call__(self) -> Registry[Callable[..., Game]]:
        return GAMES


sys.modules[__name__].__class__ = _Games


def __getattr__(name: str) -> object:
    if name == "numba_game":  # imported on first use: Numba takes a second to import
        from longthink.games.adapters.numba import numba_game

        return numba_game
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
