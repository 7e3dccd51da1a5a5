"""The training data of the tiny models: problems of Countdown and the game of 24, made forwards with their solutions.

A line is a table with its target, in the format of the last line of the prompt of `bridge/tasks/countdown.py`, and the
step that was taken there: "71 from 9 12 50: 21=12+9". The rest of a solution depends only on the table, so a model
reads only this line. A quarter of all tables, whatever problem they belong to, is in no line: see `held_out`.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from itertools import pairwise
from random import Random
from zlib import crc32

from longthink.bridge.tasks.game24 import HARD
from longthink.bridge.tasks.registry import load_task

BENCHMARK_SEEDS = 1_000
"""The problems of `load_task("countdown", seed)` below this, and the hundred hard games of 24, are in no line."""
_LAST_STEPS = 0.25  # the share of last steps that is kept; they are easy to learn
_GAMES_OF_24 = 0.1


def state(numbers: Sequence[int], target: int) -> str:
    """A table and its target in the format of the prompt's last line, up to the step."""
    return f"{target} from {' '.join(map(str, sorted(numbers)))}: "


def held_out(numbers: Sequence[int], target: int) -> bool:
    """Whether this table with this target is in no training line; a hash chooses every fourth."""
    return crc32(state(numbers, target).encode()) % 4 == 0


def benchmark_states() -> frozenset[str]:
    """The first states of the benchmark problems: Countdown by seed, and the hard games of 24."""
    countdown = (load_task("countdown", seed) for seed in range(BENCHMARK_SEEDS))
    games = (load_task("game24", number=number) for number in HARD)
    return frozenset(task.context(()).rpartition("\n")[2] for task in (*countdown, *games))


def lines(seed: int, benchmark: Container[str] = ()) -> Iterator[tuple[str, str]]:
    """An endless stream of lines: a state, and a step from there towards the target.

    benchmark: states that never occur, in addition to those that are held out.
    """
    random = Random(seed)
    while True:
        of_24 = random.random() < _GAMES_OF_24
        solution = _game_of_24(random) if of_24 else _countdown(random)
        for numbers, target, step in solution:
            written = state(numbers, target)
            if held_out(numbers, target) or written in benchmark:
                continue
            if len(numbers) > 2 or random.random() < _LAST_STEPS:
                yield written, step + "\n"


Solution = list[tuple[list[int], int, str]]
"""For each step, the numbers on the table, the target, and the step."""


def _countdown(random: Random) -> Solution:
    while True:
        numbers, values = _chain(random, [random.randint(1, 100) for _ in range(4)])
        if 100 <= values[-1] <= 999:
            return _written(numbers, values)


def _game_of_24(random: Random) -> Solution:
    while True:
        numbers, values = _chain(random, [random.randint(1, 13) for _ in range(4)])
        if values[-1] == 24:
            return _written(numbers, values)


def _chain(random: Random, numbers: list[int]) -> tuple[list[int], list[int]]:
    """Combine numbers one after another by random operators. Returns the numbers and the intermediate results.

    If the operator is division and no remaining number divides the result, it subtracts; a divisor may occur twice.
    reasoning-gym, from which `load_task` gets its problems, does the same.
    """
    values = numbers[:1]
    for i in range(1, len(numbers)):
        left, operator = values[-1], random.choice("+-*/")
        divisors = [number for number in numbers[i:] if left % number == 0] if operator == "/" else []
        if divisors:
            numbers[i] = random.choice(divisors)
            values.append(left // numbers[i])
        elif operator == "+":
            values.append(left + numbers[i])
        elif operator == "*":
            values.append(left * numbers[i])
        else:
            values.append(left - numbers[i])
    return numbers, values


def _written(numbers: list[int], values: list[int]) -> Solution:
    """The steps of a chain, without negative numbers: signs are dropped, and + and - follow from the results."""
    solution = []
    for i, (before, after) in enumerate(pairwise(values), start=1):
        left, right, result = abs(before), numbers[i], abs(after)
        high, low = max(left, right), min(left, right)
        step = {high + low: f"{high}+{low}", high - low: f"{high}-{low}", high * low: f"{high}*{low}"}
        made = step.get(result, f"{left}/{right}")
        solution.append(([left, *numbers[i:]], abs(values[-1]), f"{result}={made}"))
    return solution
