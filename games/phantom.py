"""What phantom games share: their text and the dtype of their states. Rules: csrc/games/phantom.h."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from longthink.games.core import State
from longthink.games.text import Text

STONES = "xo"


def state_dtype(cells: int) -> np.dtype[Any]:
    return np.dtype(
        [
            ("stones", np.uint64, 2),
            ("tried", np.uint64, 2),
            ("count", np.uint8, 2),
            ("player", np.uint8),
            ("outcome", np.uint8),
            ("tries", np.uint8, (2, cells)),
        ],
        align=True,
    )


def tries(state: State) -> Iterator[tuple[int, int]]:
    """The tries in order, each as player and cell, read from the state alone."""
    stones, count, cells = (state.record[name].tolist() for name in ("stones", "count", "tries"))
    abrupt = state.get_game().get_parameters()["gameversion"] in ("abrupt", "adh")
    at, player = [0, 0], 0
    for _ in range(sum(count)):
        cell = cells[player][at[player]]
        yield player, cell
        at[player] += 1
        player ^= abrupt or stones[player] >> cell & 1


class PhantomText(Text):
    """The text of a phantom game. `columns` is the width; `counts` is whether a player sees the number of tries."""

    def columns(self, state: State) -> int:
        raise NotImplementedError

    def counts(self, state: State) -> bool:
        raise NotImplementedError

    def rows(self, state: State, seen: int = -1) -> list[str]:
        """The rows of the board. Only cells in the bit set `seen` are shown."""
        first, second = (int(stones) & seen for stones in state.record["stones"])
        width, cells = self.columns(state), state.num_distinct_actions()
        board = "".join("x" if first >> c & 1 else "o" if second >> c & 1 else "." for c in range(cells))
        return [board[at : at + width] for at in range(0, cells, width)]

    def _view(self, state: State, player: int) -> str:
        return "\n".join(self.rows(state, int(state.record["tried"][player])))

    def _shows_turns(self, state: State) -> bool:
        return bool(state.get_game().get_parameters()["obstype"] == "reveal-numturns")

    def information_state(self, state: State, player: int) -> str:
        shown = self._shows_turns(state)
        moves = "".join(
            f"{who},{cell} " if who == player else f"{who},? " for who, cell in tries(state) if shown or who == player
        )
        total = f"{state.record['count'].sum()}\n" if self.counts(state) else ""
        return f"{self._view(state, player)}\n{total}{moves}"

    def observation(self, state: State, player: int) -> str:
        total = f"\nTotal turns: {state.record['count'].sum()}" if self._shows_turns(state) else ""
        return self._view(state, player) + total
