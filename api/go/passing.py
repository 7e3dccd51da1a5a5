"""When the engine passes.

A pass is searched like a move: it gets as many simulations as the best move, as long as it may be as good. After two
passes the game of the search continues with a clean-up, in which stones cost nothing (csrc/games/go.c). So the value of
a pass is the score that both sides can defend, with prisoners and territory, and nobody wins because the other side
passed too early.

The engine passes if a pass is better than every move. It also passes if a pass is as good as the best move, no move
that is as good may still change an owner, and the search still wins by the count that final_score
then returns.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator
from dataclasses import dataclass

import longthink as lt

EVEN = 0.02  # values from -1 to 1 that differ by at most this much are equally good
CLEARLY = 0.1  # values that differ by more are clearly different
FIRST = 64  # simulations of a pass before the first comparison


@dataclass(frozen=True)
class Estimate:
    """The value of an action in [-1, 1], its visits, and the standard error of the value: 0 if it is proven."""

    value: float
    visits: int
    error: float

    @classmethod
    def of(cls, value: float, visits: int, proven: bool) -> Estimate:
        mean = value * visits / (visits + 2)  # with one more win and one more loss: few equal results prove nothing
        return cls(value, visits, 0.0 if proven else math.sqrt((1 - mean * mean) / (visits + 2)))


def estimate(result: lt.SearchResult, index: int) -> Estimate:
    """The estimate of the action at an index of a result."""
    visits, proven = int(result.visits[index]), bool(result.proven[index])
    return Estimate.of(float(result.values[index]) if visits or proven else -1.0, visits, proven)


def estimate_pass(
    search: lt.MCTS, passed: lt.State, best: Estimate, seconds: float, clock: Callable[[], float]
) -> Generator[None, None, Estimate]:
    """Search the state after a pass until it has as many visits as `best`, or is clearly worse, or time is up."""
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
    """Whether a pass is worse than the best move. After few simulations it looks better than it is: they miss the
    moves that refute it."""
    return by_pass.value + by_pass.error < best.value - EVEN


def is_better(by_pass: Estimate, best: Estimate) -> bool:
    """Whether a pass is better than the best move by more than chance explains."""
    return by_pass.value - best.value > CLEARLY + 2 * math.hypot(by_pass.error, best.error)
