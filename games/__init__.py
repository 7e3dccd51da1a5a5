"""Games: rules behind one interface, whoever wrote them.

`core` has `Game` and `State`; `registry` finds a game by name; one module a game gives its words;
`numba_games` compiles a user's own Python rules; `openspiel` adapts OpenSpiel's games and ours to it.
"""

import sys
from types import ModuleType

from longthink.games.core import Game, State
from longthink.games.registry import Entry, Parameter, load_game, register_game
from longthink.games.registry import games as _names
from longthink.games.text import Text

__all__ = ["Entry", "Game", "Parameter", "State", "Text", "load_game", "numba_game", "register_game"]


class _Games(ModuleType):
    """This module, which `longthink.games()` calls for the names of the games: both are named `longthink.games`."""

    def __call__(self) -> list[str]:
        return _names()


sys.modules[__name__].__class__ = _Games


def __getattr__(name: str) -> object:
    if name == "numba_game":  # Numba takes a second to import: only where a game needs it
        from longthink.games.adapters.numba import numba_game

        return numba_game
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
