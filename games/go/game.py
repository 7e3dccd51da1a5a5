"""Go. Action row * size + column, rows from below, then pass. Rules: csrc/games/go.c; positions: games/go/board.pxi.

Playouts are light: they choose uniformly among the legal moves that do not fill an own eye, until both players pass.
(Uniform play over all legal moves would fill its own eyes until every chain is captured.)

With `scoring="territory"` each stone costs a point, because it fills a point or becomes a prisoner. Stones played in
playouts, or in the clean-up after two passes (`cleanup=True`), cost nothing, because they only settle ownership.
"""

from __future__ import annotations

from typing import Any

from longthink.errors import ParameterError
from longthink.games.core import GoBoard, State
from longthink.games.go.handicap import most_handicap
from longthink.games.native import Parameter, native
from longthink.games.text import Text

COLUMNS = "ABCDEFGHJKLMNOPQRSTUVWXYZ"


def vertex(size: int, action: int) -> str:
    """An action in GTP notation: "D4", or "pass"."""
    return "pass" if action == size * size else f"{COLUMNS[action % size]}{action // size + 1}"


def action_of(size: int, text: str) -> int:
    """The action for a text in GTP notation, in upper or lower case. Raises `ParameterError`."""
    name = text.strip().upper()
    if name == "PASS":
        return size * size
    column = COLUMNS.find(name[:1]) if name else -1
    row = int(name[1:]) - 1 if name[1:].isascii() and name[1:].isdigit() else -1
    if not (0 <= column < size and 0 <= row < size):
        raise ParameterError(f"expected a point of a {size}x{size} board such as D4, or pass, got {text!r}")
    return row * size + column


class GoText(Text):
    def state(self, state: State) -> str:
        parameters = state.get_game().get_parameters()
        stones = GoBoard(state).stones
        size, to_play = len(stones), "BW"[self._player(state)]
        rows = [f"{row + 1:2} " + "".join("+XO"[color] for color in stones[row]) for row in reversed(range(size))]
        head = f"GoState(komi={parameters['komi']:g}, to_play={to_play}, history.size()={len(state.history())})"
        return "\n".join([head, "", *rows, f"   {COLUMNS[:size]}"]) + "\n"

    def _player(self, state: State) -> int:
        """The player to move; at the end of the game, the player who would move next."""
        first = int(state.get_game().get_parameters()["handicap"] >= 2)
        return (first + len(state.history())) % 2

    def action(self, state: State, player: int, action: int) -> str:
        size = int(state.get_game().get_parameters()["board_size"])
        word = vertex(size, action)
        return f"{'BW'[player]} {'PASS' if word == 'pass' else word.lower()}"


def check(values: dict[str, Any]) -> None:
    size, handicap = values["board_size"], values["handicap"]
    most = most_handicap(size)
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
        "cleanup": Parameter(False),  # play continues after two passes, until two more, to settle dead stones
    },
    check,
)
