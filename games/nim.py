"""Nim. Action (taken - 1) * piles + pile. Rules: csrc/games/nim.c."""

from __future__ import annotations

import numpy as np

from longthink.games.core import State
from longthink.games.native import Parameter, native
from longthink.games.text import Text

_MAX_PILES = 16


def pile_sizes(text: str) -> list[int]:
    """The pile sizes in a text such as "1;3;5;7"."""
    words = [word.strip() for word in text.split(";")]
    sizes = [int(word) if word.isdecimal() and len(word) <= 3 else -1 for word in words]
    if len(sizes) > _MAX_PILES or not all(0 <= size <= 255 for size in sizes) or not any(sizes):
        raise ValueError(f"up to {_MAX_PILES} sizes in 0..255, not all 0, separated by semicolons ('1;3;5;7')")
    return sizes


class NimText(Text):
    def _piles(self, state: State) -> int:
        return len(pile_sizes(state.get_game().get_parameters()["pile_sizes"]))

    def state(self, state: State) -> str:
        record = state.record
        return f"({record['player']}): {' '.join(map(str, record['sizes'][: self._piles(state)]))}"

    def action(self, state: State, player: int, action: int) -> str:
        piles = self._piles(state)
        return f"pile:{action % piles + 1}, take:{action // piles + 1};"


ENTRY = native(
    "nim",
    "Take objects from one pile at a time; the player who takes the last one loses, or wins.",
    NimText(),
    np.dtype([("sizes", np.uint8, _MAX_PILES), ("player", np.uint8), ("over", np.uint8)]),
    {"is_misere": Parameter(True), "pile_sizes": Parameter("1;3;5;7", read=pile_sizes)},
)
