"""Liar's dice for two players. Rules: csrc/games/liars_dice.c.

Actions are bids "quantity-face" in ascending order. The last action calls the opponent a liar. `resample` is exact.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from longthink.errors import ParameterError
from longthink.games.core import State
from longthink.games.native import Parameter, native
from longthink.games.text import Text

_MAX_BIDS = 63  # bids and the call are bits of one 64-bit word


class LiarsDiceText(Text):
    def action(self, state: State, player: int, action: int) -> str:
        if player < 0:
            return f"Roll {action + 1}"
        rules = state.get_game().get_parameters()
        dice, sides = 2 * rules["numdice"], rules["dice_sides"]
        if action == dice * sides:
            return "Liar"
        if rules["bidding_rule"] == "reset-face":
            return f"{action // sides + 1}-{action % sides + 1}"
        return f"{action % dice + 1}-{action // dice + 1}"

    def _dice(self, state: State, player: int) -> str:
        return "".join(str(die or -1) for die in state.record["dice"][player].tolist())

    def _bids(self, state: State) -> str:
        bidding = int(state.record["bidding"])
        return "".join(" " + self.action(state, 0, a) for a in range(bidding.bit_length()) if bidding >> a & 1)

    def state(self, state: State) -> str:
        dice = " ".join(self._dice(state, player) for player in range(2))
        if state.is_chance_node():
            roller = int(state.record["rolled"]) // state.get_game().get_parameters()["numdice"]
            return f"{dice} - chance node, current roller is player {roller}"
        return dice + self._bids(state)

    def information_state(self, state: State, player: int) -> str:
        return self._dice(state, player) + self._bids(state)


def _check(values: dict[str, Any]) -> None:
    bids = 2 * values["numdice"] * values["dice_sides"]
    if bids > _MAX_BIDS:
        raise ParameterError(
            f"liars_dice: expects 2 * numdice * dice_sides up to {_MAX_BIDS}, got {bids}; use fewer dice or sides"
        )


def _state_dtype(values: dict[str, Any]) -> np.dtype[Any]:
    return np.dtype(
        [
            ("bidding", np.uint64),
            ("rolled", np.uint8),
            ("next", np.uint8),
            ("turns", np.uint8),
            ("dice", np.uint8, (2, values["numdice"])),
        ],
        align=True,
    )


ENTRY = native(
    "liars_dice",
    "Hidden dice and rising bids about all dice, until a player calls a bid a lie.",
    LiarsDiceText(),
    _state_dtype,
    {
        "bidding_rule": Parameter("reset-face", choices=("reset-face", "reset-quantity")),
        "dice_sides": Parameter(6, 1, _MAX_BIDS // 2),
        "numdice": Parameter(1, 1, _MAX_BIDS // 2),
        "players": Parameter(2, 2, 2),
    },
    _check,
)
