"""Verdicts: every family's right answer is worth 1 and nonsense is not, by a scorer that always comes to an end.

`python tests/bridge/test_verdicts.py 300` looks at so many seeds of every family, for about an hour, and prints faults.
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
from pathlib import Path
from typing import Any

import pytest

import longthink as lt
from longthink.bridge import guard
from longthink.bridge.countdown import Countdown
from longthink.bridge.guard import GuardError
from longthink.bridge.puzzles import PUZZLES
from longthink.bridge.reasoning_gym_task import Problem, families
from longthink.bridge.task import Task

NONSENSE = ("", "banana", "I do not know")
# Families whose problems take a second or a good part of it to generate or to solve.
SLOW = {
    "arc_agi", "codeio", "figlet_font", "futoshiki", "group_anagrams", "intermediate_integration", "knight_swap",
    "puzzle24", "rubiks_cube", "rush_hour", "sokoban", "spell_backward", "word_ladder", "zebra_puzzles",
}  # fmt: skip
# Families whose answer is a plan or a construction, so that another problem's may fit, too.
MANY_ANSWERS = {
    "boxnet", "graph_color", "jugs", "n_queens", "propositional_logic", "quantum_lock", "simple_integration", "sokoban",
}  # fmt: skip


def right_answer(problem: Problem) -> str | None:
    """What the generator knows, or our solver finds; None if neither does."""
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
    """What is wrong with the verdicts on the problems of some seeds, in words."""
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
    """The same for a task with a solver of its own."""
    solved = task.solve()
    if solved is None or solved.answer is None:
        return [f"{task.name}: its solver finds no answer"]
    faults = [f"{task.name}: {wrong!r} is right" for wrong in NONSENSE if task.check(wrong) >= 1.0]
    return faults + [f"{task.name}: {solved.answer!r}"] * (task.check(solved.answer) != 1.0)


OWN = ["countdown", "game24", "synthesis", *(f"reasoning_gym:{name}" for name in sorted(PUZZLES))]


@pytest.mark.parametrize("family", families())
def test_the_right_answer_is_worth_one_and_nonsense_is_not(family: str) -> None:
    assert faults_of_family(family, range(2 if family in SLOW else 15)) == []


@pytest.mark.parametrize("name", OWN)
def test_every_solver_is_right(name: str) -> None:
    slow = name.partition(":")[2] in SLOW or name == "synthesis"
    assert [fault for seed in range(2 if slow else 10) for fault in faults_of_task(lt.load_task(name, seed=seed))] == []


@pytest.mark.parametrize("hostile", ["1e999999", "9**(99999*99999)", "9" * 20_000, "(" * 5_000, "x" * 20_000, "\ud800"])
def test_every_scorer_comes_to_an_end(hostile: str) -> None:
    """Without bounds some of these take for ever, or all memory."""
    for family in families():
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
        "from longthink.bridge import guard; import os\n"
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
        if state == "Z":  # ended; whoever adopted it has not looked yet
            return
        time.sleep(0.05)
    pytest.fail(f"the worker {worker} is still there after {signal.SIGKILL.name} of its owner")


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    for chosen in [*families(), *OWN]:
        begun = time.perf_counter()
        if chosen in OWN:
            faults = [fault for seed in range(count) for fault in faults_of_task(lt.load_task(chosen, seed=seed))]
        else:
            faults = faults_of_family(chosen, range(count))
        print(
            f"{chosen}: {len(faults)} faults in {time.perf_counter() - begun:.0f} s",
            *faults[:5],
            sep="\n  ",
            flush=True,
        )
