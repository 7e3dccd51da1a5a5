"""Leaves that wait for a value: the return value of `ask`, and the argument of an evaluator."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from longthink.games.core import Game, State


class Leaves:
    """The leaves of one call of `ask`. Each waits until `tell` gets its ticket with a value.

    tickets: `[B]`. buffers: `[B, state_bytes]`, the bytes of the states; `buffers.view(game.state_dtype)` shows them as
    records. players: `[B]`, who acts. The other attributes are computed at their first use.

    Leaves do not depend on their search: other threads may read them while it goes on, and other processes get them by
    pickle.
    """

    __slots__ = ("_actions", "_game", "_histories", "_paths", "_states", "buffers", "players", "tickets")

    def __init__(
        self,
        game: Game,
        tickets: NDArray[np.uint64],
        buffers: NDArray[np.uint8],
        players: NDArray[np.int32],
        histories: tuple[NDArray[np.int32], NDArray[np.int32]],
        paths: NDArray[np.int32],
    ) -> None:
        """histories: of the roots, `[R, L]`, and their lengths, `[R]`. paths: the index in this array at which the path
        from the root to each leaf ends, `[B]`; then the actions of the paths, one after the other."""
        self._game, self.tickets, self.buffers, self.players = game, tickets, buffers, players
        self._histories, self._paths = histories, paths
        self._states: list[State] | None = None
        self._actions: list[NDArray[np.int32]] | None = None

    def __len__(self) -> int:
        return len(self.tickets)

    def _history(self, leaf: int) -> list[int]:
        (before, lengths), paths, root = self._histories, self._paths, self.roots[leaf]
        start = paths[leaf - 1] if leaf else len(self)
        history: list[int] = before[root, : lengths[root]].tolist() + paths[start : paths[leaf]].tolist()
        return history

    @property
    def roots(self) -> NDArray[np.int64]:
        """`[B]`, the index of each leaf's root; zeros if there is one root."""
        from longthink.search.core import roots_of  # it imports this module

        return roots_of(self.tickets)

    @property
    def legal(self) -> NDArray[np.bool_]:
        """`[B, num_distinct_actions]`, the mask of legal actions."""
        from longthink.search.core import legal_masks  # it imports this module

        return legal_masks(self._game, self.buffers, self._history)

    @property
    def states(self) -> list[State]:
        """`B` states, with their histories."""
        if self._states is None:
            self._states = [
                self._game.state_from_buffer(buffer, self._history(leaf)) for leaf, buffer in enumerate(self.buffers)
            ]
        return self._states

    @property
    def actions(self) -> list[NDArray[np.int32]]:
        """The legal actions of each leaf, in the order in which `tell` takes its priors."""
        if self._actions is None:
            self._actions = [np.array(state.legal_actions(), np.int32) for state in self.states]
        return self._actions
