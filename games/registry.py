"""The registry of games: `GAMES`, and `load_game`, which loads one by name.

An entry is a function of the game's parameters that returns a `Game`. For a native game it is `ENTRY` of the page
`games/NAME.py`, with rules in `csrc/games/NAME.c` (native.py).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from longthink.games.core import Game
from longthink.registry import Registry

# One line for each game or family of games.
GAMES: Registry[Callable[..., Game]] = Registry(
    "game",
    "longthink.games",
    {
        "2048": "longthink.games.game_2048:ENTRY",
        "breakthrough": "longthink.games.breakthrough:ENTRY",
        "connect_four": "longthink.games.connect_four:ENTRY",
        "dark_hex": "longthink.games.dark_hex:ENTRY",
        "go": "longthink.games.go.game:ENTRY",
        "gomoku": "longthink.games.gomoku:ENTRY",
        "goofspiel": "longthink.games.goofspiel:ENTRY",
        "havannah": "longthink.games.havannah:ENTRY",
        "hex": "longthink.games.hex:ENTRY",
        "kuhn_poker": "longthink.games.kuhn_poker:ENTRY",
        "leduc_poker": "longthink.games.leduc_poker:ENTRY",
        "liars_dice": "longthink.games.liars_dice:ENTRY",
        "nim": "longthink.games.nim:ENTRY",
        "numba_breakthrough": "longthink.games.numba_breakthrough:load",
        "numba_connect_four": "longthink.games.numba_connect_four:load",
        "othello": "longthink.games.othello:ENTRY",
        "phantom_ttt": "longthink.games.phantom_ttt:ENTRY",
        "tic_tac_toe": "longthink.games.tic_tac_toe:ENTRY",
        "y": "longthink.games.y:ENTRY",
        "openspiel:": "longthink.games.adapters.openspiel:load_openspiel_game",
        "efg:": "longthink.games.adapters.efg:load_efg_name",
        ".efg": "longthink.games.adapters.efg:load_efg_name",
    },
)
register_game = GAMES.register
"""Add a game of your own for this process: `register_game(name, function)`, or `@register_game(name)` above it."""


def games() -> Registry[Callable[..., Game]]:
    """The registered games; iteration yields their names. `games().families` returns "openspiel:" and others."""
    return GAMES


def load_game(name: str | os.PathLike[str], /, **parameters: Any) -> Game:
    """Load a game: `load_game("connect_four", rows=5)` or `load_game("connect_four(rows=5)")`.

    "openspiel:NAME(...)" loads any sequential game of OpenSpiel; "efg:PATH" or a path that ends in ".efg" loads a
    Gambit file. Raises `UnknownNameError` with near matches for a name or parameter that does not exist,
    `ParameterError` for a value out of range.
    """
    game: Game = GAMES.find(name).make(**parameters)
    return game
