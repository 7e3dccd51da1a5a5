"""Games as frames, one for each position, for the viewer of boards on an item's page.

A frame of a board game is one string of its cells, row by row: "x" is the first player, "o" the second, "." empty. A
frame of another game is the text of its state.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from longthink.errors import ParameterError

LOOKS = {
    "go": "points", "gomoku": "points", "hex": "hexagons", "dark_hex": "hexagons", "connect_four": "discs",
    "othello": "discs", "tic_tac_toe": "marks", "phantom_ttt": "marks",
}  # fmt: skip
"""How the viewer draws a game; other games are shown as text."""
_CELLS = str.maketrans("+-XO", "..xo")


@dataclass(frozen=True)
class Frames:
    """The positions of a game. look: one of `LOOKS`, or "text". moves: how each position was reached."""

    game: str
    look: str
    rows: int
    columns: int
    frames: Sequence[str]
    moves: Sequence[str]

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def of_game(played: Mapping[str, Any]) -> Frames:
    """The frames of {"game": name, "actions": [...]}.

    Raises `LongthinkError` for an unknown game or an illegal action.
    """
    from longthink.games.registry import load_game

    if not isinstance(played, Mapping) or not {"game", "actions"} <= set(played):
        raise ParameterError(f'a game expects {{"game": name, "actions": [...]}}, got {str(played)[:80]}')
    name = str(played["game"])
    return _frames(name, load_game(name).new_initial_state(), played["actions"])


def of_sgf(text: str) -> Frames:
    """The frames of the main line of an SGF file. Raises `LongthinkError` if it cannot be read."""
    from longthink.games.go.record import GoRecord

    record = GoRecord.from_sgf(text.encode())
    return _frames("go", record.game.new_initial_state(), record.actions())


def _frames(name: str, state: Any, actions: Sequence[int]) -> Frames:
    texts, moves = [str(state)], ["start"]
    for action in actions:
        moves.append(str(state.action_to_string(action)))
        state.apply_action(action)
        texts.append(str(state))
    look = LOOKS.get(re.split(r"[(:]", name)[0], "text")
    boards = [list(_board(text)) for text in texts]
    rows, columns = len(boards[0]), len(boards[0][0]) if boards[0] else 0
    if look == "text" or not columns or {(len(b), len(row)) for b in boards for row in b} != {(rows, columns)}:
        return Frames(name, "text", 0, 0, texts, moves)
    return Frames(name, look, rows, columns, ["".join(board) for board in boards], moves)


def _board(text: str) -> Iterator[str]:
    """The rows of the board in the text of a state, without coordinates."""
    for line in text.splitlines():
        cells = re.sub(r"[\s\d]", "", line)
        if re.fullmatch(r"[.+\-xoXO]+", cells):
            yield cells.translate(_CELLS)
