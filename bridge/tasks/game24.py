"""The game of 24 by number: all 1362 problems of cards from 1 to 13 that can be solved, the easiest first.

A problem is as easy as it is likely that blind play solves it: at every table one of the different steps is taken, each
as likely as the others. That is a property of the rules alone, found here by looking at every table once; problems
that are equally likely stand in the order of their numbers. Lists made from how long people take differ in places.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from itertools import combinations_with_replacement

from longthink.bridge.tasks.countdown import Countdown, Table, checked_numbers, steps
from longthink.bridge.tasks.reasoning_gym import generate
from longthink.errors import MissingExtraError, ParameterError
from longthink.validation import whole_number

TARGET, CARDS, HIGHEST = 24, 4, 13
HARD = range(901, 1001)
"""The hundred problems, by number, that papers on thinking longer measure on."""


def game24(seed: int = 0, numbers: Sequence[int] | None = None, number: int | None = None) -> Countdown:
    """The game of 24 from given `numbers`, as problem `number` of 1362, or as reasoning-gym generates it from `seed`.

    number: 1 is the easiest; 901 to 1000 are the hundred hard ones.
    """
    if number is not None and numbers is not None:
        raise ParameterError("game24 expects number or numbers, not both")
    if number is not None:
        number = whole_number("game24: number", number, 1, len(problems()))
        numbers = problems()[number - 1]
    elif numbers is None:
        try:
            numbers = generate("puzzle24", seed)["metadata"]["numbers"]
        except MissingExtraError as error:
            raise MissingExtraError(f'{error}; or give one by number, as in load_task("game24", number=901)') from error
    numbers = checked_numbers("game24", numbers)
    return Countdown(numbers, TARGET, fractions=True, name=f"game24(numbers={numbers})")


@lru_cache(maxsize=1)
def problems() -> list[tuple[int, ...]]:
    """Every problem that can be solved, the easiest first."""
    known: dict[Table, float] = {}
    easy = {
        cards: chance(tuple(map(Fraction, cards)), known)
        for cards in combinations_with_replacement(range(1, HIGHEST + 1), CARDS)
    }
    return sorted((cards for cards in easy if easy[cards] > 0), key=lambda cards: (-round(easy[cards], 12), cards))


def chance(table: Table, known: dict[Table, float]) -> float:
    """How likely blind play makes 24 from a table."""
    if len(table) == 1:
        return float(table[0] == TARGET)
    if table not in known:
        after = [step.apply(table) for step in steps(table, fractions=True)]
        known[table] = sum(chance(next_table, known) for next_table in after) / len(after)
    return known[table]
