"""A player's clock, and how long to think about the next move, for any game that is played against time.

A `TimeControl` is the agreed time, a `Clock` is what remains of it, and an `Allowance` is a mean time per move that a
player sets for itself. One form covers all usual time controls: a main time; an increment for every move (Fischer);
then overtime in periods. A player who makes `period_moves` moves within one period gets a new period (Canadian:
one period of many moves; Japanese byo-yomi: several periods of one move).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields

from longthink.errors import ParameterError


@dataclass
class Allowance:
    """A mean number of seconds per move: hard moves get what easy moves leave, and the first moves get the most.

    The budget is `ahead` moves at first and grows by `later` of a move with each move; each move is offered a quarter
    of what remains. So the first move gets 2.5 times the mean and later ones less; over about 26 moves, a usual game of
    Go on a small board, the average is the mean. moves, spent: so far. Raises `ParameterError` for a mean that is not
    positive.

    More time early in a game, less if the most visited action will stay so, more if it is not the best valued:
    Huang, Coulom and Lin, "Time management for Monte-Carlo tree search applied to the game of Go", TAAI 2010; Baier and
    Winands, "Time management for Monte-Carlo tree search in Go", ACG 2012.
    """

    mean: float
    ahead: float = 10.0
    later: float = 0.8
    moves: int = 0
    spent: float = 0.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.mean) and self.mean > 0):
            raise ParameterError(f"Allowance expects a positive number of seconds, got {self.mean!r}")

    def seconds_for_move(self) -> tuple[float, float]:
        """How long to think now, and the maximum for a position in which the best move is not clear."""
        remaining = self.mean * (self.ahead + self.later * self.moves) - self.spent
        usual = max(self.mean / 4, remaining / 4)
        return usual, 1.5 * usual

    def spend(self, seconds: float) -> None:
        """Record a move that took `seconds`."""
        self.moves += 1
        self.spent += seconds


@dataclass(frozen=True)
class TimeControl:
    """The agreed time. main_time, increment, period_time: seconds; an infinite main time means no limit at all.

    periods: of overtime, 0 for none. period_moves: moves to make in one period. Raises `ParameterError` for a negative
    number.
    """

    main_time: float = math.inf
    increment: float = 0.0
    period_time: float = 0.0
    period_moves: int = 1
    periods: int = 0

    def __post_init__(self) -> None:
        for f in fields(self):
            value = getattr(self, f.name)
            finite = math.isfinite(value) or (f.name == "main_time" and value == math.inf)
            if not finite or value < (f.name == "period_moves"):
                raise ParameterError(f"TimeControl({f.name}=...) expects a number that is not negative, got {value!r}")

    @property
    def unlimited(self) -> bool:
        return math.isinf(self.main_time)


@dataclass
class Clock:
    """What remains of a `TimeControl`. margin: seconds per move that are reserved for lag.

    main: seconds of main time left. period: seconds left in this period, in which `moves` moves are still to be made.
    periods: left, including this one.
    """

    control: TimeControl = field(default_factory=TimeControl)
    margin: float = 0.1
    main: float = field(init=False)
    period: float = field(init=False)
    moves: int = field(init=False)
    periods: int = field(init=False)

    def __post_init__(self) -> None:
        self.main, self.periods = self.control.main_time, self.control.periods
        self._new_period()

    def _new_period(self) -> None:
        self.period, self.moves = self.control.period_time, self.control.period_moves

    @property
    def in_overtime(self) -> bool:
        return self.main <= 0 and self.periods > 0

    @property
    def expired(self) -> bool:
        """Whether all time is used up."""
        return self.main <= 0 and self.periods <= 0

    def spend(self, seconds: float) -> None:
        """Record a move that took `seconds`."""
        used = min(seconds, self.main)
        over, overtime = seconds - used, self.in_overtime
        self.main -= used
        if over <= 0 and not overtime:
            self.main += self.control.increment
            return
        while over > self.period and self.periods > 0:  # lost this period
            over -= self.period
            self.periods -= 1
            self._new_period()
        if self.periods > 0:
            self.period -= over
            self.moves -= 1
            if self.moves == 0:
                self._new_period()

    def set(self, seconds: float, moves: int) -> None:
        """Set the time as a referee does: `moves` is 0 for main time, else the moves (or Japanese periods) that are
        left."""
        if not math.isfinite(seconds) or moves < 0:
            raise ParameterError(f"expected finite seconds and a number of moves from 0, got {seconds} {moves}")
        seconds = max(0.0, seconds)
        if moves == 0 or self.control.periods == 0:
            self.main = seconds
            return
        self.main, self.period = 0.0, seconds
        if self.control.period_moves == 1:  # Japanese
            self.periods, self.moves = moves, 1
        else:
            self.periods, self.moves = 1, moves

    def seconds_for_move(self, moves_left: float) -> float | None:
        """How long to think now if about `moves_left` own moves are still to come; None without a limit."""
        if self.control.unlimited:
            return None
        if self.in_overtime:
            wanted = limit = self.period / max(1, self.moves)
        else:
            later = self.control.period_time / self.control.period_moves if self.periods > 0 else 0.0
            # Time that every move adds may be used up; the rest is shared equally among the moves left.
            wanted = self.main / max(1.0, moves_left) + max(self.control.increment, later)
            limit = self.main + later
        # At most half of the time goes into the margin, so that even the shortest times are used.
        return max(0.0, min(wanted - min(self.margin, wanted / 2), limit - min(self.margin, limit / 2)))
