"""Go positions for tests, under any rules: diagrams, and histories that put stones on the board."""

from __future__ import annotations

from itertools import pairwise

import longthink as lt
from longthink.games.core import Game, State

# White's corner lives or dies at B1.
STRAIGHT_THREE = """
X . . . X O . . .
X . X . X O . O .
. . . . X O . . .
. X . . X O . O .
. . . . X O . . .
. . X . X O . O .
X X X X X O . . .
O O O O X O . O .
. . . O X O . . .
"""


def setup_actions(game: Game, black: list[int], white: list[int], to_move: int) -> list[int]:
    """A history that puts these stones on the empty board and leaves player `to_move` (0 black, 1 white) to move.

    The colours alternate while both have stones left. Then one plays and the other passes. If possible, the last move
    is not a pass, because one more pass would end the game.
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


def position(diagram: str, to_move: str = "b", **parameters: object) -> State:
    """A state from a diagram with X for Black, O for White and the top row first. to_move: "b" or "X", "w" or "O".

    Rows are lines, or words if the diagram is one line.
    """
    lines = diagram.strip().splitlines()
    rows = (["".join(line.split()) for line in lines] if len(lines) > 1 else diagram.split())[::-1]
    size = len(rows)
    black, white = ([r * size + c for r in range(size) for c in range(size) if rows[r][c] == sign] for sign in "XO")
    game = lt.load_game("go", board_size=size, **parameters)
    return game.state_from_history(setup_actions(game, black, white, int(to_move in "wO")))
