"""Verdicts: in every family the right answer has value 1 and nonsense has less, and every scorer ends.

`python tests/bridge/tasks/test_verdicts.py 300` looks at so many seeds of every family, for about an hour, and prints
faults.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import longthink as lt
from longthink.bridge.tasks.countdown import Countdown
from longthink.bridge.tasks.puzzles import PUZZLES
from longthink.bridge.tasks.reasoning_gym import Problem, members
from longthink.bridge.tasks.task import Task
from longthink.bridge.tools import guard
from longthink.bridge.tools.guard import GuardError

NONSENSE = ("", "banana", "I do not know")
# Families whose problems take a second or a good part of it to generate or to solve.
SLOW = {
    "arc_agi", "codeio", "figlet_font", "futoshiki", "group_anagrams", "intermediate_integration", "knight_swap",
    "puzzle24", "rubiks_cube", "rush_hour", "sokoban", "spell_backward", "word_ladder", "zebra_puzzles",
}  # fmt: skip
# Families whose answer is a plan, a construction or a number with a tolerance, so that another problem's may fit, too.
MANY_ANSWERS = {
    "boxnet", "coin_flip", "graph_color", "jugs", "n_queens", "propositional_logic", "quantum_lock",
    "simple_integration", "sokoban",
}  # fmt: skip


def right_answer(problem: Problem) -> str | None:
    """The answer of the generator or of our solver; None without either."""
    known: dict[str, Any] = problem.metadata
    if problem.entry["answer"] is not None:
        return str(problem.entry["answer"])
    if problem.family == "graph_color":
        return json.dumps({str(vertex): color for vertex, color in known["possible_answer"].items()})
    if problem.family == "rush_hour":
        solved = PUZZLES["rush_hour"](problem).solve()
        return solved.answer if solved is not None else None
    return known.get("example_correct_answer") or known.get("example_answer")


def faults_of_family(family: str, seeds: range) -> list[str]:
    """The wrong verdicts on the problems of some seeds, in words."""
    problems = [Problem(family, seed, {}) for seed in seeds]
    answers = [right_answer(problem) for problem in problems]
    faults, rng = [], random.Random(family)
    for problem, right in zip(problems, answers, strict=True):
        if right is None and family != "boxnet":
            faults.append(f"{problem.name}: no right answer is known")
        if right is not None and problem.score(right) != 1.0:
            faults.append(f"{problem.name}: {right!r:.200} is worth {problem.score(right)}")
        for wrong in NONSENSE:
            if problem.score(wrong) >= 1.0:
                faults.append(f"{problem.name}: {wrong!r} is right")
        other = rng.choice(answers)
        if other is not None and other != right and family not in MANY_ANSWERS and problem.score(other) >= 1.0:
            faults.append(f"{problem.name}: {other!r:.200} is right, and so is {right!r:.200}")
    return faults


def faults_of_task(task: Task) -> list[str]:
    """The same for a task with its own solver."""
    solved = task.solve()
    if solved is None or solved.answer is None:
        return [f"{task.name}: its solver finds no answer"]
    faults = [f"{task.name}: {wrong!r} is right" for wrong in NONSENSE if task.check(wrong) >= 1.0]
    return faults + [f"{task.name}: {solved.answer!r}"] * (task.check(solved.answer) != 1.0)


# ---- TextArena: an oracle that looks into the environment ----


def rectangle(top: int, left: int, height: int, width: int) -> list[str]:
    """The edges of a rectangle, as Slitherlink takes them."""
    across = [f"[h {row} {column}]" for row in (top, top + height) for column in range(left, left + width)]
    return across + [f"[v {row} {column}]" for row in range(top, top + height) for column in (left, left + width)]


def breadth_first(start: Any, moves: Callable[[Any], dict[str, Any]], solved: Callable[[Any], bool]) -> list[str]:
    """The actions of a shortest path to a solved state; empty if there is no path."""
    seen, waiting = {start}, deque([(start, [])])
    while waiting:
        state, way = waiting.popleft()
        if solved(state):
            return way
        for action, after in moves(state).items():
            if after not in seen:
                seen.add(after)
                waiting.append((after, [*way, action]))
    return []


def frozen_lake(environment: Any) -> list[list[str]]:
    grid = environment.state.game_state["grid"]

    def moves(cell: tuple[int, int]) -> dict[str, tuple[int, int]]:
        found = {}
        for name, (down, right) in (("up", (-1, 0)), ("down", (1, 0)), ("left", (0, -1)), ("right", (0, 1))):
            row, column = cell[0] + down, cell[1] + right
            if 0 <= row < len(grid) and 0 <= column < len(grid) and grid[row][column] != "H":
                found[f"[{name}]"] = (row, column)
        return found

    return [breadth_first(environment.player_pos, moves, lambda cell: cell == environment.goal_pos)]


def rush_hour(environment: Any) -> list[list[str]]:
    cars = {name: (car.length, car.horizontal) for name, car in environment.state.game_state["vehicles"].items()}
    names = sorted(cars)

    def cells(state: tuple[tuple[int, int], ...]) -> set[tuple[int, int]]:
        found = set()
        for name, (row, column) in zip(names, state, strict=True):
            length, across = cars[name]
            found |= {(row, column + i) if across else (row + i, column) for i in range(length)}
        return found

    def moves(state: tuple[tuple[int, int], ...]) -> dict[str, tuple[tuple[int, int], ...]]:
        taken, found = cells(state), {}
        for place, name in enumerate(names):
            (row, column), (length, across) = state[place], cars[name]
            for sign, step, front in (("+", 1, length), ("-", -1, -1)):
                cell = (row, column + front) if across else (row + front, column)
                if cell not in taken and min(cell) >= 0 and max(cell) < 6:
                    after = (row, column + step) if across else (row + step, column)
                    found[f"[{name}{sign}]"] = (*state[:place], after, *state[place + 1 :])
        return found

    vehicles = environment.state.game_state["vehicles"]
    start = tuple((vehicles[name].row, vehicles[name].col) for name in names)
    target = names.index("X")
    return [breadth_first(start, moves, lambda state: state[target][1] >= 6 - cars["X"][0])]


def sudoku(environment: Any) -> list[list[str]]:
    board, full = environment.game_board, environment.full_grid
    cells = [(row, column) for row in range(9) for column in range(9) if board[row][column] == 0]
    return [[f"[{row + 1} {column + 1} {full[row][column]}]" for row, column in cells]]


def slitherlink(environment: Any) -> list[list[str]]:
    sizes = range(2, 5)
    return [
        rectangle(top, left, height, width)
        for height in sizes
        for width in sizes
        for top in range(5 - height)
        for left in range(5 - width)
    ]


ORACLES: dict[str, Callable[[Any], list[list[str]]]] = {
    "Cryptarithm-v0": lambda _: [[f"[{letter} {digit}]" for letter, digit in zip("SENDMORY", "95671082", strict=True)]],
    "FrozenLake-v0": frozen_lake,
    "FrozenLake-v0-random": frozen_lake,
    "FrozenLake-v0-hardcore": frozen_lake,
    "Mastermind-v0-extreme": lambda e: [[f"[{' '.join(map(str, e.state.game_state['secret_code']))}]"]],
    "RushHour-v0": rush_hour,
    "Slitherlink-v0": slitherlink,
    "Sudoku-v0-easy": sudoku,
    "Sudoku-v0": sudoku,
    "Sudoku-v0-medium": sudoku,
}
"""Answers, computed from the environment at its start; one of them is right."""


def faults_of_environment(name: str, seed: int) -> list[str]:
    task = lt.load_task(f"textarena:{name}", seed=seed)
    with task._at(()) as environment:  # type: ignore[attr-defined]
        answers = ORACLES[name](environment)
    faults = []
    if max(task.check(json.dumps(answer)) for answer in answers) != 1.0:
        faults.append(f"{task.name}: no oracle is right, such as {answers[0]}")
    for wrong in (*NONSENSE, "[]", '["banana", "banana", "banana"]'):
        if task.check(wrong) >= 1.0:
            faults.append(f"{task.name}: {wrong!r} is right")
    return faults


@pytest.mark.parametrize("name", ORACLES)
def test_environments_can_be_solved_and_nonsense_solves_none(name: str) -> None:
    assert [fault for seed in range(3) for fault in faults_of_environment(name, seed)] == []


def test_an_unfinished_game_is_never_right() -> None:
    """2048 of TextArena 0.7.4 returns full reward for a high score without the required tile."""
    task = lt.load_task("textarena:2048-v0", seed=1)
    with task._at(()) as environment:  # type: ignore[attr-defined]
        environment.state.game_state["score"] = 1_000_000
    assert 0.9 < task.check('["banana", "banana"]') < 1.0


def test_an_action_that_breaks_an_environment_loses() -> None:
    """Slitherlink of TextArena 0.7.4 returns a text as the reward of the second invalid action."""
    task = lt.load_task("textarena:Slitherlink-v0", seed=1)
    assert task.done(("banana", "banana"))
    assert task.verify(("banana", "banana")) == 0.0


# ---- Our own families ----

OWN = ["countdown", "game24", "synthesis", *(f"reasoning_gym:{name}" for name in sorted(PUZZLES))]


@pytest.mark.parametrize("family", members())
def test_the_right_answer_has_value_one_and_nonsense_less(family: str) -> None:
    assert faults_of_family(family, range(2 if family in SLOW else 15)) == []


@pytest.mark.parametrize("name", OWN)
def test_every_solver_is_right(name: str) -> None:
    slow = name.partition(":")[2] in SLOW or name == "synthesis"
    assert [fault for seed in range(2 if slow else 10) for fault in faults_of_task(lt.load_task(name, seed=seed))] == []


@pytest.mark.parametrize("hostile", ["1e999999", "9**(99999*99999)", "9" * 20_000, "(" * 5_000, "x" * 20_000, "\ud800"])
def test_every_scorer_comes_to_an_end(hostile: str) -> None:
    """Without limits some of these take forever, or all memory."""
    for family in members():
        if family not in SLOW:
            assert Problem(family, 1, {}).score(hostile) < 1.0


# ---- Countdown ----


@pytest.mark.parametrize(
    "answer",
    [
        "40+20*2-5",
        "40+20*2-5 = 75",
        "75 = 40+20*2-5",
        "40 + 20 × 2 − 5",  # noqa: RUF001
        "-5 + 2*20 + 40",
        "+40 + 20*2 - 5",
        "40 + 20 x 2 - 5",
        r"40 + 20 \times 2 - 5",
        r"$40 + 20 \cdot 2 - 5 = 75$",
        r"\(40 + \left(20 \times 2\right) - 5\)",
        "`40 + 20·2 – 5`",  # noqa: RUF001
    ],
)
def test_countdown_reads_an_expression_as_people_write_it(answer: str) -> None:
    assert lt.load_task("countdown", numbers=(40, 20, 2, 5), target=75).check(answer) == 1.0


@pytest.mark.parametrize(
    "answer", ["40+20*2-5 = 76", "75", "75 = 75", "40+20*2-5 = 75 = 74", "5 + 70", "40+20*2-5.0.0"]
)
def test_countdown_refuses_what_is_wrong(answer: str) -> None:
    assert lt.load_task("countdown", numbers=(40, 20, 2, 5), target=75).check(answer) == 0.0


def test_a_quotient_may_be_written_in_latex() -> None:
    task = lt.load_task("game24", numbers=(3, 3, 8, 8))
    assert task.check(r"\frac{8}{3 - \frac{8}{3}}") == task.check("8 ÷ (3 − 8 ÷ 3)") == 1.0  # noqa: RUF001


def test_countdowns_own_source_is_right() -> None:
    """With unary minus signs among its answers."""
    found = [Problem("countdown", seed, {}) for seed in range(60)]
    assert any(problem.entry["answer"].startswith("-") for problem in found)
    for problem in found:
        numbers, target = problem.metadata["numbers"], problem.metadata["target"]
        assert Countdown(numbers, target, fractions=True, name="test").check(problem.entry["answer"]) == 1.0


# ---- Environments that can be solved ----


def test_half_of_all_fifteen_puzzles_cannot_be_solved_and_are_drawn_again() -> None:
    for seed in range(20):
        task = lt.load_task("textarena:FifteenPuzzle-v0", seed=seed)
        with task._at(()) as environment:  # type: ignore[attr-defined]
            tiles = [tile or 16 for row in environment.board for tile in row]
        empty = tiles.index(16)
        swaps, order = 0, list(tiles)
        for place in range(16):  # put every tile in its place, one swap each
            while order[place] != place + 1:
                other = order[place] - 1
                order[place], order[other] = order[other], order[place]
                swaps += 1
        assert swaps % 2 == (3 - empty // 4 + 3 - empty % 4) % 2  # as moves of the empty place would


def test_a_long_right_answer_is_right() -> None:
    problem = Problem("codeio", 267, {})
    assert len(problem.entry["answer"]) > 20_000
    assert problem.score(problem.entry["answer"]) == 1.0
    assert problem.score(3 * problem.entry["answer"]) == 0.0


def test_a_problem_has_an_answer_that_can_be_written() -> None:
    assert Problem("ab", 18, {}).entry["answer"].strip()  # reasoning-gym's own for this seed is empty
    assert Problem("ab", 18, {}).score("") == 0.0


# ---- The guard ----


def test_a_call_that_passes_a_limit_is_ended_and_the_next_one_is_answered() -> None:
    with pytest.raises(GuardError, match="more than"):
        guard.call("time:sleep", 1000.0, seconds=0.2)
    with pytest.raises(GuardError, match="more than"):
        guard.call("builtins:pow", 7, 10**9, seconds=0.5)
    with pytest.raises(GuardError, match="Memory"):
        guard.call("builtins:bytearray", 1 << 33)
    with pytest.raises(GuardError, match="ValueError"):
        guard.call("builtins:int", "banana")
    assert guard.call("builtins:print", "into nowhere") is None
    assert guard.call("builtins:sum", [1, 2]) == 3


def test_calls_from_threads_and_from_a_forked_process() -> None:
    found: list[int] = []
    threads = [threading.Thread(target=lambda i=i: found.append(guard.call("builtins:abs", -i))) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == list(range(8))
    child = os.fork()
    if child == 0:
        code = 1
        try:
            code = 0 if guard.call("builtins:abs", -3) == 3 else 1
            guard._end_all()
        finally:
            os._exit(code)
    assert os.waitpid(child, 0)[1] == 0
    assert guard.call("builtins:abs", -4) == 4  # ours are as they were


def test_workers_end_with_the_process_they_work_for() -> None:
    program = (
        "from longthink.bridge.tools import guard; import os\n"
        "print(guard.call('os:getpid'), flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    worker = int(ran.stdout)
    until = time.monotonic() + 30
    while time.monotonic() < until:
        try:
            os.kill(worker, 0)
            state = Path(f"/proc/{worker}/stat").read_text().rpartition(")")[2].split()[0]
        except (ProcessLookupError, FileNotFoundError):
            return
        if state == "Z":  # ended; its new parent has not collected it yet
            return
        time.sleep(0.05)
    pytest.fail(f"the worker {worker} is still there after {signal.SIGKILL.name} of its owner")


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    for chosen in [*members(), *OWN, *ORACLES]:
        begun = time.perf_counter()
        if chosen in ORACLES:
            faults = [fault for seed in range(count) for fault in faults_of_environment(chosen, seed)]
        elif chosen in OWN:
            faults = [fault for seed in range(count) for fault in faults_of_task(lt.load_task(chosen, seed=seed))]
        else:
            faults = faults_of_family(chosen, range(count))
        print(
            f"{chosen}: {len(faults)} faults in {time.perf_counter() - begun:.0f} s",
            *faults[:5],
            sep="\n  ",
            flush=True,
        )
