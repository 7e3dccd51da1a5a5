"""Leduc hold'em. Actions: 0 fold, 1 call, 2 raise. Rules: csrc/games/leduc_poker.c."""

from __future__ import annotations

import numpy as np

from longthink.games.core import State
from longthink.games.native import Parameter, native
from longthink.games.text import Text

_NOT_DEALT = -10000  # OpenSpiel's code for a card that is not dealt yet
_MOVES = ("Fold", "Call", "Raise")


def _card(stored: int) -> int:
    return stored - 1 if stored else _NOT_DEALT


class LeducPokerText(Text):
    def _bets(self, state: State, round_index: int) -> list[int]:
        record = state.record
        return [int(bet) - 1 for bet in record["bets"][round_index][: record["num_bets"][round_index]]]

    def _table(self, state: State) -> tuple[int, str]:
        """The pot and the money of each player. If the hand is over, the pot has been paid out."""
        record = state.record
        paid = [int(chips) for chips in record["paid"][: state.num_players()]]
        if not record["over"]:
            return sum(paid), " ".join(str(100 - chips) for chips in paid)
        return 0, " ".join(f"{100 + won:g}" for won in state.returns())

    def state(self, state: State) -> str:
        record = state.record
        pot, money = self._table(state)
        who = "player_0 player_1" + (" [...]" if state.num_players() > 2 else "")
        cards = [_card(int(c)) for c in (record["public_card"], *record["cards"][: state.num_players()])]
        first, second = (", ".join(_MOVES[bet] for bet in self._bets(state, i)) for i in (0, 1))
        return (
            f"Round: {record['round'] + 1}\nPlayer: {record['player']}\nPot: {pot}\n"
            f"Money ({who}): {money}\n"
            f"Cards (public {who}): {' '.join(map(str, cards))} \n"
            f"Round 1 sequence: {first}\nRound 2 sequence: {second}\n"
        )

    def action(self, state: State, player: int, action: int) -> str:
        return f"Chance outcome:{action}" if player < 0 else _MOVES[action]

    def _header(self, state: State, player: int) -> str:
        record = state.record
        pot, money = self._table(state)
        public = f"[Public: {record['public_card'] - 1}]" if record["public_card"] else ""
        return (
            f"[Observer: {player}][Private: {_card(int(record['cards'][player]))}][Round {record['round'] + 1}]"
            f"[Player: {record['player']}][Pot: {pot}][Money: {money}]{public}"
        )

    def information_state(self, state: State, player: int) -> str:
        first, second = (" ".join(map(str, self._bets(state, i))) for i in (0, 1))
        return f"{self._header(state, player)}[Round1: {first}][Round2: {second}]"

    def observation(self, state: State, player: int) -> str:
        paid = " ".join(str(int(chips)) for chips in state.record["paid"][: state.num_players()])
        return f"{self._header(state, player)}[Ante: {paid}]"


ENTRY = native(
    "leduc_poker",
    "One private and one public card from two suits, two rounds of betting.",
    LeducPokerText(),
    np.dtype(
        [
            ("cards", np.uint8, 10),
            ("public_card", np.uint8),
            ("dealt", np.uint8),
            ("round", np.uint8),
            ("over", np.uint8),
            ("player", np.int8),
            ("folded", np.uint8, 10),
            ("remaining", np.uint8),
            ("calls", np.uint8),
            ("raises", np.uint8),
            ("stakes", np.uint8),
            ("paid", np.uint8, 10),
            ("num_bets", np.uint8, 2),
            ("bets", np.uint8, (2, 28)),
        ]
    ),
    {"players": Parameter(2, 2, 10), "suit_isomorphism": Parameter(False)},
)
