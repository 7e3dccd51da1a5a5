"""How long the Go engine thinks about a move: its options and both clocks, as one `MoveLimits` for each move."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from longthink.search.in_play.time_control import Allowance, Clock, TimeControl

if TYPE_CHECKING:
    from longthink.go.engine import EngineOptions

USUAL_SECONDS = 3.0  # for a move, if neither the options nor a clock say anything
SHORTEST = 1e-3  # seconds for a move, however little time is left


@dataclass(frozen=True)
class MoveLimits:
    """The limits of one move: seconds, and simulations or None.

    most: seconds if the best move is not clear by then. clock: measures the seconds. catches_up: the share of the
    simulations still to come that the second best action may get. The search stops early if that is not enough to make
    it the best one.
    """

    seconds: float
    simulations: int | None
    most: float
    clock: Callable[[], float] = time.perf_counter
    catches_up: float = 1.0

    def share(self, share: float) -> MoveLimits:
        """The same limits with a share of the time."""
        return replace(self, seconds=self.seconds * share, most=self.most * share)


class Timing:
    """The time of both colours: their clocks, and their allowances if the options set an average.

    clocks, allowances: by colour.
    """

    def __init__(self, options: EngineOptions) -> None:
        self._options = options
        self.agree(TimeControl())
        self.begin()

    def agree(self, control: TimeControl, most: float = math.inf) -> None:
        """Play by a time control from now on, with full clocks. most: seconds of one move."""
        self.clocks = [Clock(control, self._options.lag), Clock(control, self._options.lag)]
        self._most = most

    def begin(self) -> None:
        """A game begins: full clocks and allowances."""
        self.agree(self.clocks[0].control, self._most)
        average = self._options.average
        self.allowances = None if average is None else [Allowance(average), Allowance(average)]

    def spend(self, colour: int, seconds: float, processor_seconds: float) -> None:
        """A move of a colour took this long."""
        self.clocks[colour].spend(seconds)
        if self.allowances is not None:
            self.allowances[colour].spend(processor_seconds)

    def limits(self, colour: int, moves_left: float) -> MoveLimits:
        """For the next move of a colour, if about `moves_left` of its moves are still to come."""
        seconds, simulations = self._options.seconds, self._options.simulations
        usual, limit = self._by_clock(colour, moves_left)
        if self.allowances is not None:
            offered, most = self.allowances[colour].seconds_for_move()
            return MoveLimits(min(offered, limit), simulations, min(most, limit), time.process_time, catches_up=0.5)
        if seconds is not None:
            seconds = min(seconds, limit)
        elif simulations is not None:
            seconds = limit
        else:
            seconds = USUAL_SECONDS if usual is None else usual
        return MoveLimits(seconds, simulations, seconds)

    def _by_clock(self, colour: int, moves_left: float) -> tuple[float | None, float]:
        """The seconds that the clock suggests for a move, or None without a clock, and the most that it allows."""
        clock = self.clocks[colour]
        usual = clock.seconds_for_move(moves_left)
        if usual is None:
            return None, math.inf
        most = self._most - self._options.lag
        usual = max(SHORTEST, min(usual, most))
        return usual, max(SHORTEST, min(3 * usual, clock.seconds_for_move(1) or 0.0, most))
