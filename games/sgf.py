"""SGF: a game of Go to and from the files that Go players exchange, by the library sgfmill."""

from __future__ import annotations

from typing import Any

from longthink.errors import ParameterError, require
from longthink.games.core import State
from longthink.games.go import setup_actions
from longthink.games.registry import load_game


def from_sgf(text: str | bytes, *, moves: int | None = None, **parameters: Any) -> State:
    """The position of a game record after its first `moves` moves of the main line (default: all).

    Size and komi come from the record, a number of handicap stones too where they stand where the game `go` puts them.
    Other stones that the record sets up are put there by a history in which the other side passes. parameters: of the
    game, such as `ko="positional"`; they win over the record's.

    Raises `ParameterError` for text that is not SGF, a size that does not exist, or an illegal move.
    """
    sgf = require("sgfmill.sgf", "go")
    try:
        record = sgf.Sgf_game.from_bytes(text.encode() if isinstance(text, str) else text)
        root, size = record.get_root(), record.get_size()
        komi = record.get_komi()
        black, white, _ = root.get_setup_stones()
        declared = int(root.get("HA")) if root.has_property("HA") else 0
        main = [node.get_move() for node in record.get_main_sequence()]
    except ValueError as error:
        raise ParameterError(f"expected a game record in SGF, got one that cannot be read: {error}") from error
    settings = {"board_size": size, "komi": float(komi), **parameters}
    stones = {
        color: sorted(row * size + column for row, column in points) for color, points in (("b", black), ("w", white))
    }
    if declared >= 2 and "handicap" not in settings and not white:
        settings["handicap"] = _handicap(settings, declared, stones["b"])
    if settings.get("handicap"):
        stones["b"] = []
    plays = [(color, point) for color, point in main if color is not None]
    game = load_game("go", **settings)
    first = plays[0][0] if plays else "b" if game.new_initial_state().current_player() == 0 else "w"
    state = game.new_initial_state()
    if stones["b"] or stones["w"]:
        state = game.state_from_history(setup_actions(game, stones["b"], stones["w"], int(first == "w")))
    for number, (color, point) in enumerate(plays[:moves], 1):
        if state.is_terminal():
            break  # records may go on after two passes
        if state.current_player() != int(color == "w"):
            state.apply_action(size * size)  # the other side did not move
        action = size * size if point is None else point[0] * size + point[1]
        if action not in state.legal_actions():
            raise ParameterError(f"move {number} of the record is illegal: {color} {state.action_to_string(action)}")
        state.apply_action(action)
    return state


def _handicap(settings: dict[str, Any], declared: int, black: list[int]) -> int:
    """The declared handicap where its stones stand as the game itself puts them, else 0."""
    from longthink.games.go_board import GoBoard

    try:
        game = load_game("go", **{**settings, "handicap": declared})
    except ParameterError:
        return 0
    placed = GoBoard(game.new_initial_state()).stones.reshape(-1).nonzero()[0].tolist()
    return declared if sorted(placed) == black else 0


def to_sgf(
    state: State, *, black: str = "", white: str = "", result: str = "", comments: dict[int, str] | None = None
) -> str:
    """The game that led to `state` as SGF. comments: move number from 1 -> text. result: as RE has it, "B+3.5"."""
    sgf = require("sgfmill.sgf", "go")
    from longthink.games.go_board import GoBoard

    game = state.get_game()
    parameters = game.get_parameters()
    size, komi, handicap = (parameters[name] for name in ("board_size", "komi", "handicap"))
    record = sgf.Sgf_game(size)
    root = record.get_root()
    root.set("KM", komi)
    root.set("AP", ("longthink", ""))
    root.set("RU", "Chinese" if parameters["scoring"] == "area" else "Japanese")
    for name, value in (("PB", black), ("PW", white), ("RE", result)):
        if value:
            root.set(name, value)
    start = game.new_initial_state()
    if handicap:
        root.set("HA", handicap)
        placed = GoBoard(start).stones
        root.set_setup_stones([(r, c) for r in range(size) for c in range(size) if placed[r, c] == 1], [])
    player = start.current_player()
    for number, action in enumerate(state.history(), 1):
        node = record.extend_main_sequence()
        node.set_move("bw"[player], None if action == size * size else divmod(action, size))
        if comments and number in comments:
            node.set("C", comments[number])
        player = 1 - player
    text: str = record.serialise().decode()
    return text
