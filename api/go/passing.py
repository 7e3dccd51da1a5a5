"""When the engine passes.

A pass is searched like a move: it gets as many simulations as the best move had, for as long as it may be as good.
After two passes the game of the search goes on with a clean-up whose stones cost nothing (csrc/games/go.c). So a pass
is worth the score that both sides can defend, prisoners and territory included, and nothing is won because the other
side passed too soon. The engine passes if that is better than every move. It also passes if that is as good, no move as
good may still change who owns what, and the count that it gives as final_score does not lose what the search has won.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator
from dataclasses import dataclass

import longthink as lt

EVEN = 0.02  # values from -1 to 1 that differ by no more are as good
CLEARLY = 0.1
FIRST = 64  # simulations of a pass before it is compared at all


@dataclass(frozen=True)
class Estimate:
    """The value of an action from -1 to 1, from so many visits, with its standard error; 0 where it is proven."""

    value: float
    visits: int
    error: float

    @classmethod
    def of(cls, value: float, visits: int, proven: bool) -> Estimate:
        mean = value * visits / (visits + 2)  # one result of each kind more: few equal results are not certainty
        return cls(value, visits, 0.0 if proven else math.sqrt((1 - mean * mean) / (visits + 2)))


def estimate(result: lt.SearchResult, place: int) -> Estimate:
    """What a search found of the action at a place of its result."""
    visits, proven = int(result.visits[place]), bool(result.proven[place])
    return Estimate.of(float(result.values[place]) if visits or proven else -1.0, visits, proven)


def estimate_pass(
    search: lt.MCTS, passed: lt.State, best: Estimate, seconds: float, clock: Callable[[], float]
) -> Generator[None, None, Estimate]:
    """Search the state after a pass until that is known as well as `best`, or to be worse; within `seconds`."""
    began, player = clock(), 1 - passed.current_player()
    if passed.is_terminal():
        return Estimate(passed.player_return(player), best.visits, 0.0)
    search.set_root(passed)
    while True:
        known = search.simulations
        wanted = max(1, min(max(FIRST, known), best.visits - known))
        left = seconds - (clock() - began)
        found = search.run(passed, lt.Budget(wanted, seconds=None if math.isinf(left) else max(1e-4, left)))
        if found.interrupted:
            raise KeyboardInterrupt
        now = Estimate.of(-found.value, search.simulations, found.is_proven)
        over = search.simulations >= best.visits or clock() - began >= seconds
        if over or found.is_proven or is_worse(now, best):
            return now
        yield


def is_worse(by_pass: Estimate, best: Estimate) -> bool:
    """Whether a pass is worth less than the best move. Few simulations flatter it: they do not find what refutes it."""
    return by_pass.value + by_pass.error < best.value - EVEN


def is_better(by_pass: Estimate, best: Estimate) -> bool:
    """Whether a pass is worth more than the best move, beyond what few simulations may pretend."""
    return by_pass.value - best.value > CLEARLY + 2 * math.hypot(by_pass.error, best.error)
