"""When the engine passes: open boards, endings decided by half a point, groups that die with correct play, sekis.

Each position has the moves that are right or those that are wrong. Rows are from above, X is Black, O is White.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from go_setup import STRAIGHT_THREE
from longthink.games.go.game import action_of
from longthink.go.engine import Engine, EngineOptions

SIMULATIONS = 500


@dataclass(frozen=True)
class Position:
    """A position and the right moves.

    to_play: b or w. passed: whether the other side has just passed. right: the right moves; if it is empty, all moves
    except `wrong`. moves: played after the stones of the diagram, as "b E5".
    """

    name: str
    diagram: str
    to_play: str
    rules: str
    komi: float
    passed: bool = True
    right: str = ""
    wrong: str = ""
    moves: tuple[str, ...] = ()

    def engine(self, seed: int = 0) -> Engine:
        rows = [line.split() for line in self.diagram.strip().splitlines()][::-1]
        size = len(rows)
        options = EngineOptions(
            size=size, komi=self.komi, simulations=SIMULATIONS, memory_bytes=1 << 26, rules=self.rules, seed=seed
        )
        engine = Engine(options)
        board = np.array([{"X": 1, "O": -1}.get(point, 0) for row in rows for point in row], np.int8)
        to_play = "bw".index(self.to_play)
        engine.record.set_up(board, 1 - to_play if self.passed and not self.moves else to_play)
        for move in self.moves:
            engine.record.play("bw".index(move[0]), action_of(size, move[2:]))
        if self.passed:
            engine.record.play(1 - to_play, size * size)
        return engine


def empty(size: int, **stones: str) -> str:
    """A board with a few stones: empty(9, X="E5 C3", O="G7")."""
    rows = [["."] * size for _ in range(size)]
    for sign, points in stones.items():
        for point in points.split():
            row, column = divmod(action_of(size, point), size)
            rows[size - 1 - row][column] = sign
    return "\n".join(" ".join(row) for row in rows)


OPEN = [
    Position("nobody has played", empty(9), "w", "chinese", 7.5, wrong="pass resign"),
    Position("nobody has played, territory", empty(9), "w", "japanese", 6.5, wrong="pass resign"),
    Position("one stone", empty(9, X="E5"), "b", "chinese", 7.5, wrong="pass"),
    Position("one stone, territory", empty(9, X="E5"), "b", "japanese", 6.5, wrong="pass"),
    Position("White has komi", empty(9, X="E5 F4 C3", O="D3 F6 C6"), "w", "chinese", 7.5, wrong="pass"),
    Position("White has komi, territory", empty(9, X="E5 F4 C3", O="D3 F6 C6"), "w", "japanese", 6.5, wrong="pass"),
    Position("Black leads", empty(9, X="E5 E3 E7 C4", O="G4"), "b", "chinese", 7.5, wrong="pass"),
    Position("Black leads, territory", empty(9, X="E5 E3 E7 C4", O="G4"), "b", "japanese", 6.5, wrong="pass"),
    Position("four handicap stones", empty(9, X="C3 C7 G3 G7"), "b", "chinese", 0.5, wrong="pass"),
    Position("a larger board", empty(13, X="D4 K10", O="D10"), "w", "chinese", 7.5, wrong="pass resign"),
]

# Black has 28 points of area and 12 of territory, White 21 and 8.
SETTLED = """
. X . X O . O
X X X X O O O
. . . X O . .
. . . X O . .
X X X X O O O
. X . X O . O
. X . X O . .
"""
# The same with a neutral point, D5.
NEUTRAL = SETTLED.replace(". . . X O . .", ". . X . O . .", 1)
# The same, but White's stones at A5 and B4 are dead.
DEAD = SETTLED.replace(". . . X O", "O . . X O", 1).replace(". . . X O . .", ". O . X O . .", 1)

HALF = [
    Position("Black wins by half a point of territory", SETTLED, "b", "japanese", 3.5, right="pass"),
    Position("the same, White has not passed", SETTLED, "b", "japanese", 3.5, passed=False, right="pass"),
    Position("White wins by half a point of territory", SETTLED, "w", "japanese", 4.5, right="pass"),
    Position("the same, Black has not passed", SETTLED, "w", "japanese", 4.5, passed=False, right="pass"),
    Position("the neutral point costs nothing", NEUTRAL, "b", "japanese", 2.5, right="D5"),
    Position("the neutral point decides the area", NEUTRAL, "b", "chinese", 6.5, right="D5"),
    Position("the neutral point decides for White", NEUTRAL, "w", "chinese", 5.5, right="D5"),
    Position("a prisoner for a stone", SETTLED, "w", "japanese", 4.5, False, "pass", moves=("w C1", "b C2")),
    Position("dead stones are prisoners already", DEAD, "b", "japanese", 5.5, right="pass"),
]

# Black has played there: the corner is dead, and White to move cannot help it.
THREE_DEAD = STRAIGHT_THREE.replace(". . . O X O", ". X . O X O")
# Four points in a square are one eye: White's corner is dead.
SQUARE = """
. X . X X O O . O
X X X X X O O . O
. X . X X O O . O
X X X X X O O . O
X X X X X O O . O
O O O X X O O . O
. . O X X O O . O
. . O X X O O . O
O O O X X O O . O
"""
# Who plays at A9 or F9 is captured by the other: Black loses five stones, White all of its corner.
SEKI = """
. X X X X . O X .
O O O O O O O X X
X X X X X X X X X
X . X O O O O O O
X X X O . O . O .
O O O O O O O O O
X X X X X X X X X
. X . X . X . X X
X X . X . X X X .
"""
# Nobody has an eye on the whole board.
SMALL_SEKI = """
X X . O O
X X O O O
X X X O O
X X X O O
X X . O O
"""

DEATH = [
    Position("Black kills", STRAIGHT_THREE, "b", "chinese", 7.5, right="B1"),
    Position("White lives", STRAIGHT_THREE, "w", "chinese", 7.5, right="B1"),
    Position("Black kills, territory", STRAIGHT_THREE, "b", "japanese", 7.5, right="B1"),
    Position("White lives, territory", STRAIGHT_THREE, "w", "japanese", 7.5, right="B1"),
    Position("White is dead, one more stone loses", THREE_DEAD, "b", "japanese", 7.5, right="pass"),
    Position("the same, White has not passed", THREE_DEAD, "b", "japanese", 7.5, passed=False, right="pass"),
    Position("a square is dead, one more stone loses", SQUARE, "b", "japanese", 14.5, right="pass"),
]

SEKIS = [
    Position("seki, Black wins by half a point of territory", SEKI, "b", "japanese", -4.5, right="pass"),
    Position("the same, White has not passed", SEKI, "b", "japanese", -4.5, passed=False, right="pass"),
    Position("seki, White wins by half a point of territory", SEKI, "w", "japanese", -3.5, right="pass"),
    Position("the same, Black has not passed", SEKI, "w", "japanese", -3.5, passed=False, right="pass"),
    Position("seki, Black wins by half a point of area", SEKI, "b", "chinese", 10.5, wrong="A9 F9"),
    Position("seki, White wins by half a point of area", SEKI, "w", "chinese", 11.5, wrong="A9 F9"),
    Position("a board of seki, Black to play", SMALL_SEKI, "b", "chinese", 0.5, right="pass"),
    Position("a board of seki, White to play", SMALL_SEKI, "w", "chinese", 1.5, right="pass"),
    Position("a board of seki, Black to play, territory", SMALL_SEKI, "b", "japanese", -0.5, right="pass"),
    Position("a board of seki, White to play, territory", SMALL_SEKI, "w", "japanese", 0.5, right="pass"),
]

# White's stone in the corner is dead, but while it stands, Black's points there are nobody's.
CAPTURE = SETTLED.replace(". X . X O . .", "O X . X O . .")

AS_IT_STANDS = [
    Position("a pass wins by komi", empty(9, X="E5 F4 C3", O="D3 F6 C6"), "w", "tromp_taylor", 7.5, right="pass"),
    Position("a dead stone has to go", CAPTURE, "b", "tromp_taylor", 6.5, right="A2"),
    Position("others agree that it is dead", CAPTURE, "b", "chinese", 6.5, right="pass"),
]


@pytest.mark.parametrize("position", [*OPEN, *HALF, *DEATH, *SEKIS, *AS_IT_STANDS], ids=lambda position: position.name)
def test_the_engine_passes_where_it_should(position: Position) -> None:
    engine, colour = position.engine(), "bw".index(position.to_play)
    move = engine.choose(colour)
    if position.right:
        assert move in position.right.split()
    else:
        assert move not in position.wrong.split()
    if move == "pass":  # then final_score must name it as the winner
        assert engine.score().text.startswith("BW"[colour])
