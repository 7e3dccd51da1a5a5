"""Positions of Go for tests, under any rules: histories that put stones on the board."""

from __future__ import annotations

from itertools import pairwise

from longthink.games.core import Game


def setup_actions(game: Game, black: list[int], white: list[int], to_move: int) -> list[int]:
    """A history that puts these stones on the empty board and leaves player `to_move` (0 black, 1 white) to move.

    The colours take turns as long as both have stones left; then one plays and the other passes. The last move is no
    pass where that can be: one more would end the game.
    """
    pass_action = game.num_distinct_actions() - 1
    first = game.new_initial_state().current_player()
    for begin in ([], [pass_action], None):
        left: tuple[list[int], list[int]] = (sorted(black, reverse=True), sorted(white, reverse=True))
        actions = list(begin or [])
        player = (first + len(actions)) % 2
        while left[0] or left[1]:
            actions.append(left[player].pop() if left[player] else pass_action)
            player = 1 - player
        if begin is None and player != to_move:
            actions.append(pass_action)
        ended = any(a == b == pass_action for a, b in pairwise(actions))
        if not ended and (player == to_move or begin is None):
            return actions
    return actions
