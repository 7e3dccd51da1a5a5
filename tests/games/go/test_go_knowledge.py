"""What Go knows besides its rules: playouts that keep them and fill no eyes, beliefs that see captures and ladders, and
searches that solve what a beginner's book asks."""

from __future__ import annotations

import numpy as np
import pytest

import go_setup
import longthink as lt
from go_setup import STRAIGHT_THREE
from longthink.games.core import Game, GoBoard, State, informed_end, informed_playout, priors
from longthink.games.go.game import action_of, vertex
from longthink.games.go.position import stones

NEAR = [(0, 1), (1, 0), (0, -1), (-1, 0)]
RULE = lt.RAVE(c=0, bias=0.018)
KNOWLEDGE = lt.Knowledge(amaf=0)


def go(size: int = 9, komi: float = 7.5) -> Game:
    return lt.load_game("go", board_size=size, komi=komi, ko="simple", max_game_length=4 * size * size)


def position(diagram: str, to_move: str, komi: float = 7.5) -> State:
    return go_setup.position(diagram, to_move, komi=komi, ko="simple", max_game_length=4 * 9 * 9)


def with_stone(diagram: str, point: str, color: str) -> str:
    rows = [line.split() for line in diagram.strip().splitlines()]
    rows[9 - int(point[1])]["ABCDEFGHJ".index(point[0])] = color
    return "\n".join(" ".join(row) for row in rows)


def own_eye(state: State, action: int) -> bool:
    """All neighbours are of the mover's colour, and enough diagonal ones are not the enemy's."""
    stones, size, own = GoBoard(state).stones, GoBoard(state).size, state.current_player() + 1
    row, column = divmod(action, size)

    def at(r: int, c: int) -> int:
        return int(stones[r, c]) if 0 <= r < size and 0 <= c < size else -1

    if any(at(row + dr, column + dc) not in (own, -1) for dr, dc in NEAR):
        return False
    diagonal = [at(row + dr, column + dc) for dr in (-1, 1) for dc in (-1, 1)]
    return diagonal.count(3 - own) + (-1 in diagonal) < 2


def saves(state: State, action: int) -> bool:
    """A chain of the mover next to the point has no other liberty."""
    board = GoBoard(state)
    size, own = board.size, state.current_player() + 1
    row, column = divmod(action, size)
    for r, c in ((row + dr, column + dc) for dr, dc in NEAR):
        if 0 <= r < size and 0 <= c < size and board.stones[r, c] == own:
            chain = np.argwhere(board.chains == board.chains[r, c])
            adjacent = {(int(y) + dr, int(x) + dc) for y, x in chain for dr, dc in NEAR}
            if sum(0 <= y < size and 0 <= x < size and board.stones[y, x] == 0 for y, x in adjacent) == 1:
                return True
    return False


@pytest.mark.parametrize("size", [2, 5, 9, 19])
def test_playouts_end_keep_the_rules_and_fill_no_eye(size: int) -> None:
    game = go(size)
    for index in range(12 if size < 19 else 3):
        played, returns = informed_playout(game.new_initial_state(), seed=5, index=index)
        state = game.new_initial_state()
        for player, action in played:
            if player != state.current_player():
                state.apply_action(size * size)
            assert action in state.legal_actions(), f"{vertex(size, action)} after\n{state}"
            eye = own_eye(state, action) and not saves(state, action)  # a chain in atari may connect there
            assert not eye, f"{vertex(size, action)} fills an eye of\n{state}"
            state.apply_action(action)
        while not state.is_terminal():
            state.apply_action(size * size)
        assert np.sign(returns).tolist() == state.returns()  # the margin shades the winner's return
        assert 7 / 8 <= abs(returns[0]) <= 1
        assert returns[1] == -returns[0]
        assert len(played) < 3 * size * size or size == 2
    assert informed_playout(game.new_initial_state(), 5, 1) == informed_playout(game.new_initial_state(), 5, 1)


def test_a_playout_ends_where_the_winner_is_clear() -> None:
    """One side has lost more stones, by over 3/16 of the points; but not if the final position is requested."""
    game, most, cut, goes_on = go(), 15, 0, 0
    for index in range(40):
        played, _ = informed_playout(game.new_initial_state(), 5, index)
        state, lead = game.new_initial_state(), 0
        for player, action in played:
            assert abs(lead) <= most
            if player != state.current_player():
                state.apply_action(81)
            before = stones(state).sum()
            state.apply_action(action)
            lead += int(stones(state).sum() - before) - (1, -1)[player]  # what was captured
        if abs(lead) > most:
            cut += 1
            end = game.state_from_buffer(informed_end(game.new_initial_state(), 5, index), [])
            goes_on += bool((stones(end) != stones(state)).any())
    assert cut >= goes_on > cut / 2 > 0


def belief(state: State, point: str) -> float:
    """The strength of the prior of a move: visits times value."""
    visits, values = priors(state)
    size = GoBoard(state).size
    i = state.legal_actions().index(action_of(size, point))
    return float(visits[i] * values[i])


def ranks_first(state: State) -> str:
    _, values = priors(state)
    return vertex(GoBoard(state).size, state.legal_actions()[int(np.argmax(values))])


def first_moves(state: State, count: int = 200) -> dict[str, float]:
    """How often playouts begin with a move."""
    size = GoBoard(state).size
    found: dict[str, float] = {}
    for index in range(count):
        played, _ = informed_playout(state, 3, index)
        word = vertex(size, played[0][1])
        found[word] = found.get(word, 0) + 1 / count
    return found


ATARI = """
. . . . . . . . .
. . . . . . . . .
. . . . . . . . .
. . . . X . . . .
. . . X O O X . .
. . . . X X . . .
. . . . . . . . .
. . . . . . . . .
. . . . . . . . .
"""


def test_a_chain_in_atari_is_captured_or_saved() -> None:
    assert ranks_first(position(ATARI, "X")) == "F6"
    assert ranks_first(position(with_stone(ATARI, "F8", "O"), "O")) == "F6"


def after(state: State, *words: str) -> State:
    for word in words:
        state.apply_action(action_of(GoBoard(state).size, word))
    return state


def test_playouts_answer_atari() -> None:
    # white puts two stones in atari: black saves them, or takes the stone that attacks
    saved = after(position(ATARI.replace("X O O X", "X O O ."), "X"), "G5")
    assert first_moves(saved)["F6"] > 0.5
    # white runs into atari itself
    lost = after(position(ATARI.replace(". . . . . . . . .\n. . . . X", ". . . . . X . . .\n. . . . X"), "O"), "F6")
    assert first_moves(lost)["G6"] > 0.5


def test_no_self_atari() -> None:
    state = position(
        """
        . . . . . . . . .
        . . . . . . . . .
        . . . . . . . . .
        . . . . . . . . .
        . . . . . . . . .
        . . . . . . . . .
        X X . . . . . . .
        O O X . . . . . .
        . . X . . . . . .
        """,
        "O",
    )
    for point in ("A1", "B1"):
        assert belief(state, point) < 0
        assert first_moves(state).get(point, 0) == 0


LADDER = """
. . . . . . . . .
. . . . . . . . .
. . . . . . . . .
. . . . . . . . .
. . X . . . . . .
. . X O . . . . .
. . . X . . . . .
. . . . . . . . .
. . . . . . . . .
"""


def test_ladders_are_read() -> None:
    caught = with_stone(LADDER, "E4", "X")
    assert belief(position(caught, "O"), "D5") < 0 < belief(position(with_stone(caught, "G7", "O"), "O"), "D5")
    # the other side: the atari that starts the ladder is believed in more where it works
    starts, broken = (position(diagram, "X") for diagram in (LADDER, with_stone(LADDER, "G7", "O")))
    assert belief(starts, "E4") > belief(broken, "E4")


SNAPBACK = """
. . . . X O . . .
. . X . X O . O .
. X . . X O . . .
. . X X X O . O .
X X X . X O . . .
. X O O O O . O .
X O . O X O . . .
X O . X X O . O .
X X X X X O . . .
"""


@pytest.mark.parametrize(
    ("diagram", "to_move", "komi", "move"),
    [(STRAIGHT_THREE, "X", 7.5, "B1"), (STRAIGHT_THREE, "O", 7.5, "B1"), (SNAPBACK, "X", -3.5, "C3")],
    ids=["kill the straight three", "live with the straight three", "snapback"],
)
def test_a_search_solves(diagram: str, to_move: str, komi: float, move: str) -> None:
    state = position(diagram, to_move, komi)
    for seed in range(3):
        search = lt.MCTS(state.get_game(), RULE, knowledge=KNOWLEDGE, seed=seed)
        result = search.run(state, lt.Budget(simulations=2000))
        assert vertex(9, result.best_action) == move
