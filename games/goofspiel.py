"""Goofspiel for two to ten players. Rules: csrc/games/goofspiel.c.

Players bid in turn, and no player sees a bid before all are made. This is OpenSpiel's game inside its
`turn_based_simultaneous_game`. An action is the card that is bid, or turned up by chance, minus one. Differences to
OpenSpiel 2.0.2:
- Bids that are shown stay in the information state. OpenSpiel's forgets the order in which they were made.
- A game with one turn less than cards ends after its last turn.
- The utilities of point differences have exact bounds. OpenSpiel rounds them to whole points.

`resample` is exact for two players, and if bids are shown. With more players and hidden bids it is exact if one of 200
random deals agrees with the known facts, otherwise approximate.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from longthink.errors import ParameterError
from longthink.games.core import State
from longthink.games.native import Parameter, native
from longthink.games.text import Text

_MAX_CARDS = 32  # a hand is one word of bits
_TIED = -3  # OpenSpiel's code for a turn that no player won


def _row(name: str, values: list[int]) -> str:
    return f"{name}: {''.join(f'{value} ' for value in values)}\n"


def _hand(state: State, player: int) -> str:
    hand = int(state.record["hands"][player])
    return _row(f"P{player} hand", [card + 1 for card in range(_MAX_CARDS) if hand >> card & 1])


def _bids(state: State, player: int) -> list[int]:
    """The bids of `player` in the finished turns."""
    return [int(bid) - 1 for bid in state.record["bids"][player][: state.record["turn"]]]


def _point_cards(state: State) -> list[int]:
    return [int(card) for card in state.record["point_cards"] if card]


class GoofspielText(Text):
    def action(self, state: State, player: int, action: int) -> str:
        return f"Deal {action + 1}" if player < 0 else f"[P{player}]Bid: {action + 1}"

    def state(self, state: State) -> str:
        players, acting = range(state.num_players()), state.current_player()
        lines = ""
        if acting >= 0:
            made = [int(state.record["bids"][player][state.record["turn"]]) - 1 for player in range(acting)]
            lines = _row("Partial joint action", made)
        lines += "".join(_hand(state, player) for player in players)
        if state.get_game().get_parameters()["imp_info"]:
            lines += "".join(_row(f"P{player} actions", _bids(state, player)) for player in players)
        return lines + _row("Point card sequence", _point_cards(state)) + self._points(state)

    def _points(self, state: State) -> str:
        return _row("Points", state.record["points"].tolist())

    def _wins(self, state: State) -> str:
        winners = state.record["winners"][: state.record["turn"]].tolist()
        return _row("Win sequence", [winner - 1 if winner else _TIED for winner in winners])

    def _turn(self, state: State, player: int) -> str:
        acting = state.current_player()
        words = f"Current player: {acting}\n"
        if 0 <= player < acting:
            words += f"Observer's action this turn: {state.record['bids'][player][state.record['turn']] - 1}\n"
        return words

    def information_state(self, state: State, player: int) -> str:
        turn, cards = self._turn(state, player), _row("Point card sequence", _point_cards(state))
        wins, points = self._wins(state), self._points(state)
        if state.get_game().get_parameters()["imp_info"]:
            bids = _row(f"P{player} action sequence", _bids(state, player))
            over = f"Terminal?: {int(state.is_terminal())}\n"
            return turn + _hand(state, player) + bids + cards + wins + points + over
        players = range(state.num_players())
        hands = "".join(_hand(state, p) for p in players)
        return turn + cards + hands + wins + points + "".join(_row(f"P{p} actions", _bids(state, p)) for p in players)

    def observation(self, state: State, player: int) -> str:
        turned, cards = _point_cards(state), state.get_game().get_parameters()["num_cards"]
        shown = turned[-1] if turned and not state.is_chance_node() else 0
        words = f"{self._turn(state, player)}Current point card: {shown}\nRemaining Point Cards: "
        words += "".join(str(card) for card in range(1, cards + 1) if card not in turned) + "\n"
        wins, points = self._wins(state), self._points(state)
        if state.get_game().get_parameters()["imp_info"]:
            return words + points + _hand(state, player) + wins
        return words + "".join(_hand(state, p) for p in range(state.num_players())) + wins + points


def _check(values: dict[str, Any]) -> None:
    turns, cards = values["num_turns"], values["num_cards"]
    if turns == 0 or turns > cards:
        raise ParameterError(f"goofspiel: num_turns expects 1..num_cards ({cards}), or -1 for all of them, got {turns}")


def _state_dtype(values: dict[str, Any]) -> np.dtype[Any]:
    players, turns = values["players"], values["num_turns"]
    turns = values["num_cards"] if turns < 0 else turns
    return np.dtype(
        [
            ("deck", np.uint32),
            ("player", np.int8),
            ("turn", np.uint8),
            ("none", np.uint16),
            ("hands", np.uint32, (players,)),
            ("points", np.uint16, (players,)),
            ("point_cards", np.uint8, (turns,)),
            ("winners", np.uint8, (turns,)),
            ("bids", np.uint8, (players, turns)),
        ],
        align=True,
    )


ENTRY = native(
    "goofspiel",
    "All players bid a card at once for a point card; the highest unique bid takes it.",
    GoofspielText(),
    _state_dtype,
    {
        "egocentric": Parameter(False),  # affects only OpenSpiel's tensors; no effect here
        "imp_info": Parameter(False),
        "num_cards": Parameter(13, 1, _MAX_CARDS),
        "num_turns": Parameter(-1, -1, _MAX_CARDS),
        "players": Parameter(2, 2, 10),
        "points_order": Parameter("random", choices=("random", "descending", "ascending")),
        "returns_type": Parameter("win_loss", choices=("win_loss", "point_difference", "total_points")),
    },
    _check,
)
