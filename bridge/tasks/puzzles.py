"""Families of reasoning-gym that are played step by step; the rules check every step.

Each is an `Environment`; reasoning-gym states the problem, and its scorer computes the value of the answer.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Generic

from longthink.bridge.tasks.environment import Environment, State
from longthink.bridge.tasks.reasoning_gym import Problem
from longthink.bridge.tasks.task import Transcript


class Puzzle(Environment[State], Generic[State]):
    """A generated problem, played step by step."""

    how: str
    """One sentence that says what a step is."""

    def __init__(self, problem: Problem) -> None:
        self.problem, self.name = problem, problem.name
        self.prompt = f"{problem.question.rstrip()}\n\nStep by step: {self.how}"
        self.set_up(problem.metadata)

    def set_up(self, metadata: Mapping[str, Any]) -> None:
        """Read `start` and `max_steps` from the metadata of the problem."""
        raise NotImplementedError

    def check(self, answer: str) -> float:
        return self.problem.score(answer)


Grid = tuple[tuple[int, ...], ...]


class Sudoku(Puzzle[Grid]):
    """Fill the empty cell that has the fewest possible digits with a digit that its row, column and box do not have."""

    how = "each step fills the empty cell that has the fewest digits left, as in r3c4=7 (row 3, column 4)."
    depth_first = True

    def set_up(self, metadata: Mapping[str, Any]) -> None:
        self.start = tuple(map(tuple, metadata["puzzle"]))
        self.max_steps = sum(row.count(0) for row in self.start)

    def moves(self, state: Grid) -> dict[str, Grid]:
        empty = [(row, column) for row, cells in enumerate(state) for column, digit in enumerate(cells) if not digit]
        if not empty:
            return {}
        row, column = min(empty, key=lambda cell: len(self._fits(state, *cell)))
        return {
            f"r{row + 1}c{column + 1}={digit}": _with(state, row, column, digit)
            for digit in self._fits(state, row, column)
        }

    def _fits(self, state: Grid, row: int, column: int) -> list[int]:
        size = len(state)
        side = int(size**0.5)
        top, left = row - row % side, column - column % side
        box = (state[r][c] for r in range(top, top + side) for c in range(left, left + side))
        taken = {*state[row], *(cells[column] for cells in state), *box}
        return [digit for digit in range(1, size + 1) if digit not in taken]

    def solved(self, state: Grid) -> bool:
        return all(map(all, state))

    def show(self, state: Grid) -> str:
        return "\n".join(" ".join(str(digit or "_") for digit in row) for row in state)

    def answer(self, transcript: Transcript) -> str:
        return self.show(self.state(transcript))


class Queens(Puzzle[Grid]):
    """Put a queen into the first row without one, on a square that no queen attacks."""

    how = "each step puts a queen into the first row without one, as in r3c4 (row 3, column 4)."
    depth_first = True

    def set_up(self, metadata: Mapping[str, Any]) -> None:
        self.start = tuple(tuple(int(cell == "Q") for cell in row) for row in metadata["puzzle"])
        self.max_steps = sum(not any(row) for row in self.start)

    def moves(self, state: Grid) -> dict[str, Grid]:
        row = next((row for row, cells in enumerate(state) if not any(cells)), None)
        if row is None:
            return {}
        queens = [(r, c) for r, cells in enumerate(state) for c, queen in enumerate(cells) if queen]
        return {
            f"r{row + 1}c{column + 1}": _with(state, row, column, 1)
            for column in range(len(state))
            if all(c != column and abs(r - row) != abs(c - column) for r, c in queens)
        }

    def solved(self, state: Grid) -> bool:
        return all(map(any, state))

    def show(self, state: Grid) -> str:
        return "\n".join(" ".join("Q" if queen else "_" for queen in row) for row in state)

    def answer(self, transcript: Transcript) -> str:
        return self.show(self.state(transcript))


Pegs = tuple[tuple[int, ...], ...]


class TowerOfHanoi(Puzzle[Pegs]):
    """Move the top disk of a peg onto another peg that is empty or has a larger disk on top."""

    how = "each step moves one disk, as in Move disk 1 from Peg 2 to Peg 3."
    max_steps = 200

    def set_up(self, metadata: Mapping[str, Any]) -> None:
        disks = tuple(range(metadata["num_disks"], 0, -1))
        self._target = metadata["target_peg"] - 1
        self.start = tuple(disks if peg == metadata["start_peg"] - 1 else () for peg in range(metadata["num_pegs"]))

    def moves(self, state: Pegs) -> dict[str, Pegs]:
        found = {}
        for source, disks in enumerate(state):
            for target, onto in enumerate(state):
                if disks and source != target and (not onto or onto[-1] > disks[-1]):
                    after = list(state)
                    after[source], after[target] = disks[:-1], (*onto, disks[-1])
                    found[f"Move disk {disks[-1]} from Peg {source + 1} to Peg {target + 1}"] = tuple(after)
        return found

    def solved(self, state: Pegs) -> bool:
        return len(state[self._target]) == sum(map(len, state))

    def show(self, state: Pegs) -> str:
        return "\n".join(f"Peg {peg}: {' '.join(map(str, disks))}".rstrip() for peg, disks in enumerate(state, 1))

    def answer(self, transcript: Transcript) -> str:
        return "\n".join(transcript)


Cell = tuple[int, int]


class Sokoban(Puzzle[tuple[Cell, frozenset[Cell]]]):
    """Walk one cell left, right, up or down; push a box in that cell if the cell behind it is free."""

    how = "each step is one move: L, R, U or D."
    max_steps = 200

    def set_up(self, metadata: Mapping[str, Any]) -> None:
        rows = [line.replace(" ", "") for line in metadata["gamestr"].strip().splitlines()]
        self._board = rows
        where = {(r, c): mark for r, row in enumerate(rows) for c, mark in enumerate(row)}
        self._walls = {cell for cell, mark in where.items() if mark == "+"}
        self._goals = {cell for cell, mark in where.items() if mark in "X$%"}
        player = next(cell for cell, mark in where.items() if mark in "*%")
        self.start = player, frozenset(cell for cell, mark in where.items() if mark in "@$")

    def moves(self, state: tuple[Cell, frozenset[Cell]]) -> dict[str, tuple[Cell, frozenset[Cell]]]:
        (row, column), boxes = state
        found = {}
        for move, down, right in (("L", 0, -1), ("R", 0, 1), ("U", -1, 0), ("D", 1, 0)):
            onto, behind = (row + down, column + right), (row + 2 * down, column + 2 * right)
            if onto in self._walls:
                continue
            if onto not in boxes:
                found[move] = onto, boxes
            elif behind not in boxes and behind not in self._walls:
                found[move] = onto, boxes - {onto} | {behind}
        return found

    def solved(self, state: tuple[Cell, frozenset[Cell]]) -> bool:
        return state[1] <= self._goals

    def show(self, state: tuple[Cell, frozenset[Cell]]) -> str:
        player, boxes = state

        def mark(cell: Cell) -> str:
            if cell in self._walls:
                return "+"
            goal = cell in self._goals
            if cell == player:
                return "%" if goal else "*"
            if cell in boxes:
                return "$" if goal else "@"
            return "X" if goal else "-"

        return "\n".join(" ".join(mark((r, c)) for c in range(len(row))) for r, row in enumerate(self._board))

    def answer(self, transcript: Transcript) -> str:
        return "".join(transcript)


class RushHour(Puzzle[str]):
    """Slide a car along its own direction over any number of free cells; walls do not move."""

    how = "each step slides one car, as in F+1 or K-2."
    max_steps = 100
    _size = 6

    def set_up(self, metadata: Mapping[str, Any]) -> None:
        cars = sorted(set(metadata["board_config"]) - set("ox"))
        # the metadata skips letters; the question and the scorer name the cars A, B, C, ... without gaps
        self.start = metadata["board_config"].translate({ord(car): ord("A") + i for i, car in enumerate(cars)})

    def moves(self, state: str) -> dict[str, str]:
        found = {}
        for car in sorted(set(state) - set("ox")):
            cells = [i for i, mark in enumerate(state) if mark == car]
            stride = cells[1] - cells[0]
            for sign, front in ((1, cells[-1]), (-1, cells[0])):
                for far, cell in enumerate(self._ahead(front, stride * sign), 1):
                    if state[cell] != "o":
                        break
                    board = ["o" if mark == car else mark for mark in state]
                    for i in cells:
                        board[i + far * stride * sign] = car
                    found[f"{car}{sign * far:+d}"] = "".join(board)
        return found

    def _ahead(self, cell: int, stride: int) -> Iterator[int]:
        """The cells from one on, up to the edge of the board."""
        across = abs(stride) == 1
        while 0 <= (after := cell + stride) < self._size**2 and (
            not across or after // self._size == cell // self._size
        ):
            yield after
            cell = after

    def solved(self, state: str) -> bool:
        return state[2 * self._size + self._size - 1] == "A"

    def show(self, state: str) -> str:
        rows = (state[i : i + self._size] for i in range(0, len(state), self._size))
        return "\n".join(rows).replace("o", ".")

    def answer(self, transcript: Transcript) -> str:
        return " ".join(transcript)


class Jugs(Puzzle[tuple[int, ...]]):
    """Fill a jug, empty it, or pour one jug into another until the first is empty or the other is full."""

    how = "each step is one move: fill A, empty B, or pour A->B."
    max_steps = 60

    def set_up(self, metadata: Mapping[str, Any]) -> None:
        self._holds, self._target = metadata["puzzle"]["jug_capacities"], metadata["puzzle"]["target"]
        self.start = (0,) * len(self._holds)

    def moves(self, state: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
        found = {}
        names = [chr(ord("A") + i) for i in range(len(state))]
        for i, name in enumerate(names):
            if state[i] < self._holds[i]:
                found[f"fill {name}"] = (*state[:i], self._holds[i], *state[i + 1 :])
            if state[i]:
                found[f"empty {name}"] = (*state[:i], 0, *state[i + 1 :])
            for j, other in enumerate(names):
                poured = min(state[i], self._holds[j] - state[j])
                if i != j and poured:
                    after = list(state)
                    after[i], after[j] = state[i] - poured, state[j] + poured
                    found[f"pour {name}->{other}"] = tuple(after)
        return found

    def solved(self, state: tuple[int, ...]) -> bool:
        return self._target in state

    def show(self, state: tuple[int, ...]) -> str:
        return ", ".join(f"{chr(ord('A') + i)}: {now} of {self._holds[i]}" for i, now in enumerate(state))

    def answer(self, transcript: Transcript) -> str:
        return json.dumps(list(transcript))


def _with(grid: Grid, row: int, column: int, value: int) -> Grid:
    changed = (*grid[row][:column], value, *grid[row][column + 1 :])
    return (*grid[:row], changed, *grid[row + 1 :])


# One line for each family: its name and its class.
PUZZLES: dict[str, type[Puzzle[Any]]] = {
    "jugs": Jugs,
    "mini_sudoku": Sudoku,
    "n_queens": Queens,
    "rush_hour": RushHour,
    "sokoban": Sokoban,
    "sudoku": Sudoku,
    "tower_of_hanoi": TowerOfHanoi,
}
