"""Go. Action row * size + column, rows from below, then pass. Rules: csrc/games/go.c; positions: games/go_board.pyx.

Playouts are light: uniform over the legal moves that do not fill an eye of one's own, until both pass. (Uniform play
over all legal moves would fill its own eyes until everything dies.)
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from longthink.errors import ParameterError
from longthink.games.core import Game, State
from longthink.games.go_board import GoBoard
from longthink.games.registry import Parameter, native
from longthink.games.text import Text

COLUMNS = "ABCDEFGHJKLMNOPQRSTUVWXYZ"


def vertex(size: int, action: int) -> str:
    """An action as GTP writes it: "D4", or "pass"."""
    return "pass" if action == size * size else f"{COLUMNS[action % size]}{action // size + 1}"


def action_of(size: int, text: str) -> int:
    """The action that GTP writes so, in any case. Raises `ParameterError`."""
    name = text.strip().upper()
    if name == "PASS":
        return size * size
    column = COLUMNS.find(name[:1]) if name else -1
    row = int(name[1:]) - 1 if name[1:].isascii() and name[1:].isdigit() else -1
    if not (0 <= column < size and 0 <= row < size):
        raise ParameterError(f"expected a point of a {size}x{size} board like D4, or pass, got {text!r}")
    return row * size + column


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


class GoText(Text):
    def state(self, state: State) -> str:
        parameters = state.get_game().get_parameters()
        stones = GoBoard(state).stones
        size, to_play = len(stones), "BW"[self._player(state)]
        rows = [f"{row + 1:2} " + "".join("+XO"[color] for color in stones[row]) for row in reversed(range(size))]
        head = f"GoState(komi={parameters['komi']:g}, to_play={to_play}, history.size()={len(state.history())})"
        return "\n".join([head, "", *rows, f"   {COLUMNS[:size]}"]) + "\n"

    def _player(self, state: State) -> int:
        """Who would be to move, also at the end of the game."""
        first = int(state.get_game().get_parameters()["handicap"] >= 2)
        return (first + len(state.history())) % 2

    def action(self, state: State, player: int, action: int) -> str:
        size = int(state.get_game().get_parameters()["board_size"])
        word = vertex(size, action)
        return f"{'BW'[player]} {'PASS' if word == 'pass' else word.lower()}"


def check(values: dict[str, Any]) -> None:
    size, handicap = values["board_size"], values["handicap"]
    most = 0 if size < 7 else 4 if size % 2 == 0 or size == 7 else 9
    if handicap == 1 or handicap > most:
        allowed = "0" if most == 0 else f"0 or 2..{most}"
        raise ParameterError(f"go: handicap on a {size}x{size} board expects {allowed}, got {handicap}")


ENTRY = native(
    "go",
    "Surround territory and capture stones.",
    GoText(),
    None,
    {
        "komi": Parameter(7.5, -1000, 1000),
        "board_size": Parameter(19, 2, 25),
        "handicap": Parameter(0, 0, 9),
        "max_game_length": Parameter(0, 0, 100_000),  # 0: 2 * board_size * board_size
        "ko": Parameter("draw", choices=("draw", "simple", "positional", "situational")),
        "scoring": Parameter("area", choices=("area", "territory")),
    },
    check,
)
