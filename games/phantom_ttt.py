"""Phantom tic-tac-toe: each player sees only its own stones. Action 3 * row + column. Rules: csrc/games/phantom_ttt.c.

A move to a cell that the opponent has taken fails, and the player learns only that. Then the player moves again
(classical) or loses the turn (abrupt). `resample` is exact if one of 200 draws is a game that the opponent has not won.
In random play one or two draws are enough.
"""

from __future__ import annotations

from longthink.games.core import State
from longthink.games.native import Parameter, native
from longthink.games.phantom import STONES, PhantomText, state_dtype


class PhantomTTTText(PhantomText):
    def columns(self, state: State) -> int:
        return 3

    def counts(self, state: State) -> bool:
        return self._shows_turns(state)

    def state(self, state: State) -> str:
        return "\n".join(self.rows(state))

    def action(self, state: State, player: int, action: int) -> str:
        return f"{STONES[player]}({action // 3},{action % 3})"


ENTRY = native(
    "phantom_ttt",
    "Tic-tac-toe in which each player sees only its own stones.",
    PhantomTTTText(),
    state_dtype(9),
    {
        "gameversion": Parameter("classical", choices=("classical", "abrupt")),
        "obstype": Parameter("reveal-nothing", choices=("reveal-nothing", "reveal-numturns")),
    },
)
