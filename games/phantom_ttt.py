"""Phantom tic-tac-toe: each sees only its own stones. Action 3 * row + column. Rules: csrc/games/phantom_ttt.c.

A try on a cell that the other has taken fails, and is all one learns of it. Then one tries again (classical), or has
lost the turn (abrupt). `resample` is exact as long as one of 200 draws is a game that the other has not won; in random
play one or two are enough.
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
    "Tic-tac-toe in which each sees only its own stones.",
    PhantomTTTText(),
    state_dtype(9),
    {
        "gameversion": Parameter("classical", choices=("classical", "abrupt")),
        "obstype": Parameter("reveal-nothing", choices=("reveal-nothing", "reveal-numturns")),
    },
)
