"""Leaves that wait for a value: what a search hands out when it is asked, and an evaluator is called with."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from longthink.games.core import State

if TYPE_CHECKING:
    from longthink.search.trees import Trees


class Leaves:
    """The leaves that `ask` handed out; each waits until `tell` gets its ticket with a value.

    tickets: `[B]`. buffers: `[B, state_bytes]`, the states' bytes, which `buffers.view(game.state_dtype)` makes
    records. players: `[B]`, who acts. The rest is made when first looked at.
    """

    __slots__ = ("_actions", "_histories", "_states", "_trees", "buffers", "players", "tickets")

    def __init__(
        self,
        trees: Trees,
        tickets: NDArray[np.uint64],
        buffers: NDArray[np.uint8],
        players: NDArray[np.int32],
        histories: Callable[[int], list[int]],
    ) -> None:
        self._trees, self.tickets, self.buffers, self.players, self._histories = (
            trees,
            tickets,
            buffers,
            players,
            histories,
        )
        self._states: list[State] | None = None
        self._actions: list[NDArray[np.int32]] | None = None

    def __len__(self) -> int:
        return len(self.tickets)

    @property
    def roots(self) -> NDArray[np.int64]:
        """`[B]`, the place of each leaf's root; zeros where there is one root."""
        return self._trees.numbers(self.tickets)

    @property
    def legal(self) -> NDArray[np.bool_]:
        """`[B, num_distinct_actions]`, which actions are legal."""
        return self._trees.legal_masks(self.buffers)

    @property
    def states(self) -> list[State]:
        """`B` states, with their histories."""
        if self._states is None:
            self._states = [
                self._trees.game.state_from_buffer(buffer, self._histories(root) + self._trees.path(ticket))
                for buffer, root, ticket in zip(self.buffers, self.roots.tolist(), self.tickets.tolist(), strict=True)
            ]
        return self._states

    @property
    def actions(self) -> list[NDArray[np.int32]]:
        """The legal actions of each leaf, in the order in which `tell` takes its priors."""
        if self._actions is None:
            self._actions = [np.array(state.legal_actions(), np.int32) for state in self.states]
        return self._actions
