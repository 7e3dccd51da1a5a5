"""Countdown and the game of 24: combine all the numbers with + - * / to make the target.

A step replaces two numbers by their result. It is written with the result first, "71=50+21": a small model that writes
the result first finds a last step three times as often as a model that writes it last. All arithmetic is exact. Numbers
on the table are never negative. This loses no solution, because |a+b| and |a-b| are the sum and the difference of |a|
and |b| in some order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import combinations
from typing import NamedTuple

import numpy as np

from longthink.bridge.tasks.arithmetic import makes, unordered
from longthink.bridge.tasks.reasoning_gym import generate
from longthink.bridge.tasks.task import Solved, Subproblem, Task, Transcript
from longthink.errors import MissingExtraError, ParameterError
from longthink.validation import shown, whole_number

Table = tuple[Fraction, ...]
"""The numbers that are left, ascending."""


class Step(NamedTuple):
    """Two numbers of the table, an operator, and their result."""

    left: Fraction
    operator: str
    right: Fraction
    result: Fraction

    def __str__(self) -> str:
        return f"{show(self.result)}={show(self.left)}{self.operator}{show(self.right)}"

    def apply(self, table: Table) -> Table:
        rest = list(table)
        rest.remove(self.left)
        rest.remove(self.right)
        return tuple(sorted([*rest, self.result]))


def show(number: Fraction) -> str:
    """A number as it is written in a step: "7", or "(8/3)"."""
    return str(number) if number.denominator == 1 else f"({number})"


def steps(table: Table, fractions: bool) -> Iterator[Step]:
    """All different steps at a table. fractions: whether quotients that are not whole are allowed."""
    for low, high in sorted(set(combinations(table, 2))):
        yield Step(high, "+", low, high + low)
        yield Step(high, "-", low, high - low)
        yield Step(high, "*", low, high * low)
        for left, right in dict.fromkeys([(high, low), (low, high)]):
            if right and (fractions or left % right == 0):
                yield Step(left, "/", right, left / right)


def last_steps(number: Fraction, target: int, fractions: bool) -> Iterator[Step]:
    """All steps that make `target` from a number and another number, which is not negative."""
    others = {target - number, target + number, number - target, target * number}
    others |= {Fraction(target) / number} if number else set()
    others |= {number / target} if target else set()
    for other in sorted(others):
        if other >= 0:
            table = tuple(sorted([number, other]))
            yield from (step for step in steps(table, fractions) if step.result == target)


def solve(numbers: Sequence[int], target: int, fractions: bool = True) -> Solved:
    """Find an expression of all the numbers by a depth-first search that visits every table once."""
    seen: set[Table] = set()

    def search(table: Table) -> list[Step] | None:
        if len(table) == 1:
            return [] if table[0] == target else None
        for step in steps(table, fractions):
            after = step.apply(table)
            if after not in seen:
                seen.add(after)
                rest = search(after)
                if rest is not None:
                    return [step, *rest]
        return None

    table = tuple(sorted(map(Fraction, numbers)))
    found = search(table)
    return Solved(None if found is None else expression(table, found), 1 + len(seen))


def expression(table: Table, played: Sequence[Step]) -> str:
    """The expression of the steps from `table` to one number, with no unnecessary brackets."""
    loose, tight, atom = range(3)  # how strongly the outermost operator of a text binds
    texts = [(number, show(number), atom) for number in table]

    def take(number: Fraction) -> tuple[str, int]:
        found = next(entry for entry in texts if entry[0] == number)
        texts.remove(found)
        return found[1], found[2]

    for step in played:
        (left, left_binds), (right, right_binds) = take(step.left), take(step.right)
        binds = loose if step.operator in "+-" else tight
        if left_binds < binds:
            left = f"({left})"
        if right_binds < binds or (right_binds == binds and step.operator in "-/"):
            right = f"({right})"
        texts.append((step.result, f"{left} {step.operator} {right}", binds))
    return texts[0][1]


# Six solved problems that show a model the form of a step: the target, the table, and the step.
_EXAMPLES = """Combine two numbers at a time to reach the target.
22 from 3 5 7: 15=5*3
22 from 7 15: 22=15+7
71 from 2 6 9 50: 12=6*2
71 from 9 12 50: 21=12+9
71 from 21 50: 71=50+21
60 from 4 10 25: 15=25-10
60 from 4 15: 60=15*4
98 from 1 3 8 9: 11=8+3
98 from 1 9 11: 99=11*9
98 from 1 99: 98=99-1
114 from 6 14 30: 84=14*6
114 from 30 84: 114=84+30
75 from 2 5 20 40: 40=20*2
75 from 5 40 40: 80=40+40
75 from 5 80: 75=80-5
"""


GIVEN = 'load_task("countdown", numbers=(3, 5, 7), target=22)'


class Countdown(Task):
    """Make `target` from all of `numbers`, each used exactly once.

    fractions: whether a step may give a quotient that is not whole; the game of 24 allows it, Countdown does not. An
    answer is correct if its value and its numbers are; it may have any form that `evaluate` of arithmetic.py reads.
    """

    def __init__(self, numbers: Sequence[int], target: int, *, fractions: bool, name: str) -> None:
        self.numbers = tuple(numbers)
        self.target = target
        self.fractions = fractions
        self.name = name
        self.max_steps = len(numbers) - 1
        self.prompt = (
            f"Make {target} from the numbers {', '.join(map(str, numbers))} with + - * /. "
            "Use every number exactly once."
        )
        self._tables: dict[Transcript, tuple[Table, tuple[Step, ...]]] = {
            (): (tuple(sorted(map(Fraction, numbers))), ())
        }

    def _played(self, transcript: Transcript) -> tuple[Table, tuple[Step, ...]]:
        """The table after a transcript, and its steps."""
        found = self._tables.get(transcript)
        if found is None:
            table, played = self._played(transcript[:-1])
            step = next((step for step in steps(table, self.fractions) if str(step) == transcript[-1]), None)
            if step is None:
                raise ParameterError(f"{self.name}: {transcript[-1]!r} is not a step from {_list(table)}")
            found = self._tables[transcript] = step.apply(table), (*played, step)
        return found

    def context(self, transcript: Transcript) -> str:
        return f"{_EXAMPLES}{self.target} from {_list(self._played(transcript)[0])}: "

    def done(self, transcript: Transcript) -> bool:
        return len(transcript) == self.max_steps

    def legal_steps(self, transcript: Transcript) -> list[str]:
        return list(map(str, steps(self._played(transcript)[0], self.fractions)))

    def subproblems(self, transcript: Transcript) -> list[Subproblem]:
        """Make the other number of a last step from the rest of the table: "80 from 2 20 40, then 75=80-5"."""
        table, _ = self._played(transcript)
        if len(table) < 3 or any(number.denominator > 1 for number in table):
            return []
        found = []
        for number in dict.fromkeys(table):
            rest = list(table)
            rest.remove(number)
            numbers = tuple(map(int, rest))
            for last in last_steps(number, self.target, self.fractions):
                other = last.left if last.right == number else last.right
                if other.denominator == 1:
                    part = Countdown(
                        numbers, int(other), fractions=self.fractions,
                        name=f"countdown(numbers={numbers}, target={other})",
                    )  # fmt: skip
                    text = f"{other} from {_list(tuple(rest))}, then {last}"
                    found.append(Subproblem(text, part, (str(last),)))
        return found

    def answer(self, transcript: Transcript) -> str:
        return expression(self._played(())[0], self._played(transcript)[1])

    def check(self, answer: str) -> float:
        return float(makes(self.target, self.numbers, answer))

    def canonical(self, answer: str) -> str:
        """A form in which the order of sums and products does not count: "3*(1+2)" and "(2+1)*3" are equal."""
        return unordered(answer)

    def solve(self) -> Solved:
        return solve(self.numbers, self.target, self.fractions)


def countdown(
    seed: int = 0,
    numbers: Sequence[int] | None = None,
    target: int | None = None,
    count: int = 4,
    max_value: int = 100,
    min_target: int = 100,
    max_target: int = 999,
) -> Countdown:
    """Countdown: from given `numbers` and `target`, or generated by reasoning-gym from `seed`.

    count: how many numbers are generated, from 1 to `max_value`; the target is in `min_target`..`max_target`.
    """
    if numbers is None and target is None:
        count = whole_number("countdown: count", count, 2, 6)
        max_value = whole_number("countdown: max_value", max_value, 1, 1000)
        min_target = whole_number("countdown: min_target", min_target, 1, 1_000_000)
        max_target = whole_number("countdown: max_target", max_target, min_target, 1_000_000)
        try:
            entry = generate(
                "countdown",
                seed,
                min_numbers=count,
                max_numbers=count,
                max_value=max_value,
                min_target=min_target,
                max_target=max_target,
            )
        except MissingExtraError as error:
            raise MissingExtraError(f"{error}; or give numbers and target, as in {GIVEN}") from error
        numbers, target = entry["metadata"]["numbers"], entry["metadata"]["target"]
    if numbers is None or target is None:
        raise ParameterError("countdown expects numbers and target together, or neither to have them generated")
    numbers = checked_numbers("countdown", numbers)
    target = whole_number("countdown: target", target, 0, 1_000_000_000)
    return Countdown(numbers, target, fractions=False, name=f"countdown(numbers={numbers}, target={target})")


def _list(table: Table) -> str:
    return " ".join(map(show, table))


def checked_numbers(task: str, numbers: Sequence[int]) -> tuple[int, ...]:
    """Two to six whole numbers, or `ParameterError`."""
    if not isinstance(numbers, (list, tuple, np.ndarray)) or not 2 <= len(numbers) <= 6:
        raise ParameterError(f"{task}: numbers expects two to six whole numbers, got {shown(numbers)}")
    return tuple(whole_number(f"{task}: a number", number, 1, 1_000_000) for number in numbers)
