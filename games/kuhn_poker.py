"""Kuhn poker for two to ten players. Actions: 0 pass, 1 bet. Rules: csrc/games/kuhn_poker.c."""

from __future__ import annotations

import numpy as np

from longthink.games.core import State
from longthink.games.native import Parameter, native
from longthink.games.text import Text


class KuhnPokerText(Text):
    def _bets(self, state: State) -> str:
        return "".join("pb"[action] for action in state.history()[state.num_players() :])

    def state(self, state: State) -> str:
        cards = " ".join(map(str, state.history()[: state.num_players()]))
        bets = self._bets(state)
        return f"{cards} {bets}" if bets else cards

    def action(self, state: State, player: int, action: int) -> str:
        return f"Deal:{action}" if player < 0 else ("Pass", "Bet")[action]

    def information_state(self, state: State, player: int) -> str:
        card = int(state.record["cards"][player])
        return f"{card - 1}{self._bets(state)}" if card else ""


ENTRY = native(
    "kuhn_poker",
    "Each player gets one of n + 1 cards; one bet. The smallest poker game.",
    KuhnPokerText(),
    np.dtype(
        [
            ("cards", np.uint8, 10),
            ("bets", np.uint8, 19),
            ("dealt", np.uint8),
            ("num_bets", np.uint8),
            ("bettor_plus_1", np.uint8),
        ]
    ),
    {"players": Parameter(2, 2, 10)},
)
