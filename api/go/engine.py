"""What each command of the Go Text Protocol does: `Engine` has a record of the game, a search and two clocks.

A method `do_NAME` answers the command of that name, hyphens written as underscores twice. Analysis streams are in
gtp_analysis.py, what the position means in longthink.games.go_*.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Collection, Generator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import longthink as lt
from longthink.files import write_file
from longthink.games.go.game import action_of, vertex
from longthink.games.go.position import BLACK, COLOURS, WHITE, neighbours
from longthink.games.go.record import RULES, GoRecord
from longthink.games.go.scoring import Score, final_score, ownership
from longthink.games.go.sgf import rules_of
from longthink.go import analysis, passing
from longthink.go.gtp import Answer, Command, GtpError, Quit
from longthink.search.in_play.time_control import Allowance, Clock, TimeControl
from longthink.search.trees.early_stop import decided
from longthink.validation import real_number, shown

ENOUGH = 1 << 29  # simulations of one tree, after which endless analysis rests
SIGN = (1, -1)  # of a colour's stones and points
PASS_SHARE = 0.25  # of the time of a move, for the pass where it may be as good as the best move
SLICE = 0.05  # seconds of search between two looks at the clock and at what has come in

MANY = 1 << 20
MOST_ARGUMENTS = {
    "boardsize": 2,
    "rectangular_boardsize": 2,
    "final_status": 1,
    "final_status_list": 1,
    "fixed_handicap": 1,
    "genmove": 1,
    "kata-analyze": MANY,
    "kata-genmove_analyze": MANY,
    "kata-set-rules": 1,
    "kata-time_settings": 5,
    "kgs-genmove_cleanup": 1,
    "kgs-rules": 1,
    "kgs-time_settings": 4,
    "known_command": 1,
    "komi": 1,
    "loadsgf": MANY,  # the name of a file may have spaces
    "lz-analyze": MANY,
    "lz-genmove_analyze": MANY,
    "place_free_handicap": 1,
    "play": 2,
    "printsgf": MANY,
    "reg_genmove": 1,
    "set_free_handicap": MANY,
    "time_left": 3,
    "time_settings": 3,
}
"""Of each command; the others take none."""


@dataclass(frozen=True)
class EngineOptions:
    """How the engine plays. simulations, seconds: for a move; average: processor seconds of a move on average, more
    where it matters. Without any of them the clock decides, else 3 seconds a move.

    threads, memory_bytes, seed: of the search. rules: of `GoRecord`. resign: the win rate below which it
    gives up, 0 for never. lag: seconds that a move takes on its way to the clock.
    """

    size: int = 19
    komi: float = 7.5
    simulations: int | None = None
    seconds: float | None = None
    average: float | None = None
    threads: int = 1
    memory_bytes: int = 1 << 30
    seed: int = 0
    rules: str = "chinese"
    resign: float = 0.05
    lag: float = 0.1

    def __post_init__(self) -> None:
        if not 0 <= self.resign < 0.5:
            raise lt.ParameterError(f"--resign expects a win rate of at least 0 and below 0.5, got {self.resign}")
        real_number("--lag", self.lag, 0)
        lt.Budget(simulations=self.simulations, seconds=self.seconds)  # raises what does not fit
        if self.average is not None:
            Allowance(self.average)

    @classmethod
    def of(cls, options: Any) -> EngineOptions:
        """From a command line."""
        return cls(
            size=options.size,
            komi=options.komi,
            simulations=options.simulations,
            seconds=options.seconds,
            average=options.average,
            threads=options.threads,
            memory_bytes=options.memory << 20,
            seed=options.seed,
            rules=options.rules,
            resign=options.resign,
            lag=options.lag,
        )


@dataclass(frozen=True)
class Limits:
    """Of one move: seconds, or up to `most` where it is not clear what is best, and simulations, or None.

    clock: what tells the seconds. catches_up: the share of the simulations to come that the second best action may get,
    for the search to stop where that is not enough.
    """

    seconds: float
    simulations: int | None
    most: float
    clock: Callable[[], float] = time.perf_counter
    catches_up: float = 1.0

    def share(self, share: float) -> Limits:
        """The same with a share of the time."""
        return replace(self, seconds=self.seconds * share, most=self.most * share)


class Engine:
    """A player of Go. waiting: whether a command has come in that is not answered yet.

    Commands stand in `commands`; each takes its arguments and gives its answer, or raises a `LongthinkError`.
    """

    def __init__(self, options: EngineOptions | None = None, waiting: Callable[[], bool] = lambda: True) -> None:
        self.options = EngineOptions() if options is None else options
        self.waiting = waiting
        self.record = GoRecord(self.options.size, self.options.komi, self.options.rules)
        self.clocks: list[Clock] = []
        self._most = math.inf  # seconds of one move
        self._agree(TimeControl())
        self.allowances: list[Allowance] | None = None
        self._allow()
        self._search: lt.MCTS | None = None
        self._aside: lt.MCTS | None = None  # of the position after a pass
        self.allowed: Callable[[int], bool] | None = None  # what an analysis restricts the next move to
        self._hopeless = 0  # own moves in a row that looked lost
        self._over = False  # the server said that the game has ended
        self._owned: tuple[lt.State, NDArray[np.float64], int] | None = None
        self._score: tuple[list[Any], Score] | None = None
        self.commands: dict[str, Command] = {
            (command := name.removeprefix("do_").replace("__", "-")): _checked(command, getattr(self, name))
            for name in sorted(dir(self))
            if name.startswith("do_")
        }
        self.search()  # what the options do not fit is said at once

    # ---- Thinking ----

    def search(self) -> lt.MCTS:
        """The search of the game as it stands, made anew where board, komi or rules have changed."""
        game = self.record.game
        if self._search is None or self._search.game != game:
            self._search = None  # its memory first
            self._search = make_search(game, self.options)
        return self._search

    def go_to(self, state: lt.State) -> lt.MCTS:
        """The search with its root at `state`; what it knows of it from earlier moves is kept."""
        search = self.search()
        known, wanted = search.root_state.history(), state.history()
        if wanted[: len(known)] == known:
            for action in wanted[len(known) :]:
                search.advance(action)
        search.set_root(state)
        return search

    def thinking(self, state: lt.State, limits: Limits) -> Generator[None, None, lt.SearchResult]:
        """Search within limits, stopping every `SLICE`; returns what was found, early where no time can change it."""
        search = self.go_to(state)
        began, done = limits.clock(), 0
        while True:
            used = limits.clock() - began
            left = max(1e-4, min(SLICE, limits.seconds / 8, limits.seconds - used))
            budget = lt.Budget(
                seconds=left, simulations=None if limits.simulations is None else limits.simulations - done
            )
            result = search.run(state, budget)
            done += result.spent.simulations
            used = limits.clock() - began
            if result.interrupted:
                raise KeyboardInterrupt
            if result.is_proven or used >= limits.most or (limits.simulations and done >= limits.simulations):
                return result
            if used >= limits.seconds:
                if best_valued(result):
                    return result
            elif decided(result.visits.tolist(), done * (limits.seconds - used) / max(used, 1e-9) * limits.catches_up):
                return result
            yield

    def ponder(self) -> None:
        """Search the position until a command comes in."""
        if self._over or not self.record.moves or self.record.passes >= 2:
            return
        state = self.record.state()
        search = self.go_to(state)
        while not (self.waiting() or search.proven or search.simulations > ENOUGH):
            if search.run(state, lt.Budget(seconds=SLICE)).interrupted:
                raise KeyboardInterrupt

    def limits(self, colour: int) -> Limits:
        """For the next move of a colour: as the options say, and within its clock."""
        on_board = len(self.record.setup) + len(self.record.moves)
        points = self.record.size**2
        own_moves_left = max(0.12 * points, (0.75 * points - on_board) / 2)
        clock, limit = self.clocks[colour].seconds_for_move(own_moves_left), math.inf
        if clock is not None:  # never over the clock
            clock = max(1e-3, min(clock, self._most - self.options.lag))
            limit = min(3 * clock, self.clocks[colour].seconds_for_move(1) or 0.0, self._most - self.options.lag)
            limit = max(1e-3, limit)
        seconds, simulations = self.options.seconds, self.options.simulations
        if self.allowances is not None:
            usual, most = self.allowances[colour].seconds_for_move()
            return Limits(min(usual, limit), simulations, min(most, limit), time.process_time, catches_up=0.5)
        if clock is not None and seconds is None and simulations is None:
            seconds = clock
        elif clock is not None:
            seconds = min(math.inf if seconds is None else seconds, limit)
        elif seconds is None:
            seconds = 3.0 if simulations is None else math.inf
        return Limits(seconds, simulations, seconds)

    def choosing(self, colour: int, cleanup: bool = False) -> Generator[None, None, str]:
        """Think about the move of a colour; returns it as GTP writes it, "resign" among them.

        cleanup: the players have passed and do not agree who is dead; take off the board what is, before passing.
        """
        began, began_processing = time.perf_counter(), time.process_time()
        state = self.record.state(colour, cleanup)
        if state.legal_actions() == [self.record.pass_action]:
            return "pass"
        move = yield from self._choosing(state, colour, cleanup)
        self.clocks[colour].spend(time.perf_counter() - began)
        if self.allowances is not None:
            self.allowances[colour].spend(time.process_time() - began_processing)
        return move

    def _choosing(self, state: lt.State, colour: int, cleanup: bool) -> Generator[None, None, str]:
        limits = self.limits(colour)
        result = yield from self.thinking(state, limits.share(1 - PASS_SHARE))
        moves = self._moves(result)
        if not moves:
            return "pass"
        by_pass = yield from self._passing(state, result, moves[0], limits)
        if passing.is_worse(by_pass, passing.estimate(result, moves[0])) and limits.simulations is None:
            result = yield from self.thinking(state, limits.share(PASS_SHARE))  # most of the time of the pass is left
            moves = self._moves(result)
        best = passing.estimate(result, moves[0])
        self._hopeless = self._hopeless + 1 if max(best.value, by_pass.value) < 2 * self.options.resign - 1 else 0
        if self._hopeless >= 2 and len(self.record.moves) > self.record.size**2 / 5:
            return "resign"
        if self.allowed is not None and not self.allowed(self.record.pass_action):
            return self._vertex(result, moves[0])
        if passing.is_better(by_pass, best):
            return "pass"
        dead = self._beside_dead(colour) if cleanup else set()
        if dead:  # it has to be off the board before a pass
            taking = self._first(result, moves, dead, best.value - passing.CLEARLY)
            return self._vertex(result, moves[0] if taking is None else taking)
        if passing.is_worse(by_pass, best) or self.score().points * SIGN[colour] <= 0 < by_pass.value:
            return self._vertex(result, moves[0])  # or the count would lose what the search has won
        least = max(best.value, by_pass.value) - passing.EVEN
        settling = self._first(result, moves, self.score().open, least)
        return "pass" if settling is None else self._vertex(result, settling)

    def _moves(self, result: lt.SearchResult) -> list[int]:
        """The places of the moves that may be chosen, passes left out, the best first."""
        actions = result.actions.tolist()
        moves = [int(i) for i in result.ranking if actions[i] != self.record.pass_action]
        return [i for i in moves if self.allowed is None or self.allowed(actions[i])]

    def _vertex(self, result: lt.SearchResult, place: int) -> str:
        return vertex(self.record.size, int(result.actions[place]))

    def _passing(
        self, state: lt.State, result: lt.SearchResult, move: int, limits: Limits
    ) -> Generator[None, None, passing.Estimate]:
        """What a pass is worth. A search has looked at the best `move`; where it did not look at the pass as often,
        another one does, beside the tree of the moves."""
        best = passing.estimate(result, move)
        known = passing.estimate(result, result.actions.tolist().index(self.record.pass_action))
        if known.visits >= best.visits or known.error == 0:
            return known
        if self._aside is None or self._aside.game != state.get_game():
            self._aside = None
            self._aside = make_search(
                state.get_game(), replace(self.options, memory_bytes=self.options.memory_bytes // 8)
            )
        seconds = limits.seconds * PASS_SHARE
        passed = state.child(self.record.pass_action)
        return (yield from passing.estimate_pass(self._aside, passed, best, seconds, limits.clock))

    def _first(self, result: lt.SearchResult, moves: list[int], points: Collection[int], least: float) -> int | None:
        """The first of the `moves` that is played on one of the `points` and worth at least `least`."""
        good = (i for i in moves if passing.estimate(result, i).value >= least)
        return next((i for i in good if int(result.actions[i]) in points), None)

    def _beside_dead(self, colour: int) -> set[int]:
        """The empty points beside dead stones of the other colour."""
        board, near = self.record.board(), neighbours(self.record.size)
        dead = [p for chain in self.score().chains("dead") for p in chain if board[p] == SIGN[1 - colour]]
        return {point for stone in dead for point in near[stone] if board[point] == 0}

    def choose(self, colour: int, cleanup: bool = False) -> str:
        """`choosing`, in one go."""
        return _last(self.choosing(colour, cleanup))

    def advise(self, colour: int) -> str:
        """What `choose` would say without a clock; all stays as it is."""
        kept = self.clocks, self._most, self.allowances, self._hopeless
        self._agree(TimeControl())
        self._allow()
        try:
            return self.choose(colour)
        finally:
            self.clocks, self._most, self.allowances, self._hopeless = kept

    def score(self) -> Score:
        """The final score as it stands; computed once for a position."""
        key = [self.record.game, *self.record.setup, *self.record.moves]
        if self._score is None or self._score[0] != key:
            self._score = key, final_score(self.record, seed=self.options.seed)
        return self._score[1]

    def ownership(self, playouts: int = 200) -> NDArray[np.float64]:
        """Whose each point is likely to be, `[size * size]` from -1 (white) to 1 (black); better with every call."""
        state = self.record.state()
        if self._owned is None or self._owned[0] != state:
            self._owned = state, np.zeros(self.record.size**2), 0
        _, mean, count = self._owned
        more = ownership([state], playouts, self.options.seed + count)  # other playouts than those before
        mean = (mean * count + more * playouts) / (count + playouts)
        self._owned = state, mean, count + playouts
        return mean

    # ---- Reading arguments ----

    def colour(self, arguments: list[str], at: int = 0) -> int:
        word = arguments[at].lower() if len(arguments) > at else ""
        if word not in ("b", "w", *COLOURS):
            raise GtpError("invalid color")
        return BLACK if word.startswith("b") else WHITE

    def action(self, word: str) -> int:
        try:
            return action_of(self.record.size, word)
        except lt.ParameterError as error:
            raise GtpError("invalid vertex") from error

    def vertices(self, actions: list[int]) -> str:
        return " ".join(vertex(self.record.size, action) for action in actions)

    def _answers_play(self, colour: int, move: str) -> None:
        if move != "resign":
            self.record.play(colour, action_of(self.record.size, move))

    # ---- Administration ----

    def do_protocol_version(self, arguments: list[str]) -> Answer:
        return "2"

    def do_name(self, arguments: list[str]) -> Answer:
        return "longthink"

    def do_version(self, arguments: list[str]) -> Answer:
        return lt.__version__

    def do_known_command(self, arguments: list[str]) -> Answer:
        return "true" if arguments and arguments[0] in self.commands else "false"

    def do_list_commands(self, arguments: list[str]) -> Answer:
        return "\n".join(sorted(self.commands))

    def do_quit(self, arguments: list[str]) -> Answer:
        raise Quit

    # ---- Setting up ----

    def do_boardsize(self, arguments: list[str]) -> Answer:
        size = integer(arguments, 0)
        if len(arguments) > 1 and integer(arguments, 1) != size:
            raise GtpError("unacceptable size")  # the board is square
        try:
            record = GoRecord(size, self.record.komi, self.record.rules)
        except lt.ParameterError as error:
            raise GtpError("unacceptable size") from error
        self._begin(record)
        return ""

    def do_rectangular_boardsize(self, arguments: list[str]) -> Answer:
        return self.do_boardsize(arguments)

    def do_clear_board(self, arguments: list[str]) -> Answer:
        self.record.clear()
        self._begin(self.record)
        return ""

    def _begin(self, record: GoRecord) -> None:
        """A game begins: the board as `record` has it, full clocks."""
        self.record = record
        self._hopeless, self._over = 0, False
        self._agree(self.clocks[BLACK].control, self._most)
        self._allow()

    def _allow(self) -> None:
        average = self.options.average
        self.allowances = None if average is None else [Allowance(average), Allowance(average)]

    def do_komi(self, arguments: list[str]) -> Answer:
        self.record.set_komi(number(arguments, 0))
        return ""

    def do_kgs__rules(self, arguments: list[str]) -> Answer:
        name = arguments[0] if arguments else ""
        rules = rules_of(name)
        if rules is None:
            raise GtpError(f"unknown rules: {shown(name)}; expected one of {', '.join(RULES)}")
        self.record.set_rules(rules)
        return ""

    def do_kata__set__rules(self, arguments: list[str]) -> Answer:
        return self.do_kgs__rules(arguments)

    def do_get_komi(self, arguments: list[str]) -> Answer:
        return f"{self.record.komi:g}"

    def do_query_boardsize(self, arguments: list[str]) -> Answer:
        return str(self.record.size)

    def do_fixed_handicap(self, arguments: list[str]) -> Answer:
        return self._handicap(fixed_handicap(self.record.size, integer(arguments, 0)))

    def do_place_free_handicap(self, arguments: list[str]) -> Answer:
        stones = integer(arguments, 0)
        if not 2 <= stones < self.record.size**2:
            raise GtpError("invalid number of stones")
        return self._handicap(fixed_handicap(self.record.size, stones, at_most=True))

    def do_set_free_handicap(self, arguments: list[str]) -> Answer:
        points = [self.action(word) for word in arguments]
        if not 2 <= len(points) < self.record.size**2:
            raise GtpError("invalid number of stones")
        if len(set(points)) < len(points) or self.record.pass_action in points:
            raise GtpError("bad vertex list")
        self._handicap(points)
        return ""

    def _handicap(self, points: list[int]) -> str:
        try:
            self.record.place_handicap(points)
        except lt.ParameterError as error:
            raise GtpError("board not empty" if self.record.setup or self.record.moves else str(error)) from error
        return self.vertices(points)

    def do_loadsgf(self, arguments: list[str]) -> Answer:
        if not arguments:
            raise GtpError("loadsgf expects a file")
        numbered = len(arguments) > 1 and re.fullmatch(r"-?[0-9]{1,9}", arguments[-1])
        before = int(arguments.pop()) if numbered else None
        if before is not None and before < 1:
            raise GtpError("loadsgf expects a move number of at least 1")
        try:
            data = Path(" ".join(arguments)).read_bytes()
        except (OSError, ValueError) as error:
            raise GtpError("cannot load file") from error
        last = None if before is None else before - 1
        self._begin(GoRecord.from_sgf(data, last, self.record.rules, self.record.komi))
        return COLOURS[self.record.to_play]

    def do_printsgf(self, arguments: list[str]) -> Answer:
        text = self.record.sgf()
        if not arguments:
            return text.strip()
        try:
            write_file(" ".join(arguments), text)
        except OSError as error:
            raise GtpError(f"cannot write file: {error}") from error
        return ""

    # ---- Playing ----

    def do_play(self, arguments: list[str]) -> Answer:
        colour = self.colour(arguments)
        if len(arguments) < 2:
            raise GtpError("play expects a color and a vertex")
        action = self.action(arguments[1])
        try:
            self.record.play(colour, action)
        except lt.IllegalActionError as error:
            raise GtpError("illegal move") from error
        return ""

    def do_genmove(self, arguments: list[str]) -> Answer:
        colour = self.colour(arguments)
        move = self.choose(colour)
        self._answers_play(colour, move)
        return move

    def do_kgs__genmove_cleanup(self, arguments: list[str]) -> Answer:
        colour = self.colour(arguments)
        move = self.choose(colour, cleanup=True)
        self._answers_play(colour, move)
        return move

    def do_reg_genmove(self, arguments: list[str]) -> Answer:
        return self.advise(self.colour(arguments))

    def do_undo(self, arguments: list[str]) -> Answer:
        try:
            self.record.undo()
        except lt.IllegalActionError as error:
            raise GtpError("cannot undo") from error
        return ""

    def do_showboard(self, arguments: list[str]) -> Answer:
        board, size = self.record.board(), self.record.size
        columns = "   " + " ".join(vertex(size, point)[0] for point in range(size))
        rows = [
            f"{row + 1:2} " + " ".join(".XO"[board[row * size + column]] for column in range(size)) + f" {row + 1}"
            for row in reversed(range(size))
        ]
        black, white = self.record.captured(board)
        turn = f"{COLOURS[self.record.to_play].capitalize()} (to play)"
        rows[0] += f"   {turn}, move {len(self.record.moves) + 1}"
        rows[-1] += f"   captured: {black} black (X), {white} white (O)"
        return "\n" + "\n".join([columns, *rows, columns])

    # ---- Time ----

    def _agree(self, control: TimeControl, most: float = math.inf) -> str:
        """Both clocks begin anew. most: seconds of one move."""
        self.clocks = [Clock(control, self.options.lag), Clock(control, self.options.lag)]
        self._most = most
        return ""

    def do_time_settings(self, arguments: list[str]) -> Answer:
        main, period, moves = number(arguments, 0), number(arguments, 1), integer(arguments, 2)
        if main < 0 or period < 0 or moves < 0:
            raise GtpError("time_settings expects numbers that are not negative")
        if period > 0 and moves == 0:  # as the specification says it: no limit
            return self._agree(TimeControl())
        return self._agree(canadian(main, period, moves))

    def do_kgs__time_settings(self, arguments: list[str]) -> Answer:
        kind = arguments[0].lower() if arguments else ""
        if kind == "none":
            return self._agree(TimeControl())
        if kind == "absolute":
            return self._agree(TimeControl(number(arguments, 1)))
        if kind == "byoyomi":
            period, periods = number(arguments, 2), integer(arguments, 3)
            return self._agree(TimeControl(number(arguments, 1), period_time=period, periods=periods))
        if kind == "canadian":
            return self._agree(canadian(number(arguments, 1), number(arguments, 2), integer(arguments, 3)))
        raise GtpError("kgs-time_settings expects none, absolute, byoyomi or canadian")

    def do_kata__time_settings(self, arguments: list[str]) -> Answer:
        kind = arguments[0].lower() if arguments else ""
        if kind == "fischer":
            return self._agree(TimeControl(number(arguments, 1), increment=number(arguments, 2)))
        if kind == "fischer-capped":  # the server keeps the time below its cap, and says what is left
            most = number(arguments, 4)
            control = TimeControl(number(arguments, 1), increment=number(arguments, 2))
            return self._agree(control, most if most >= 0 else math.inf)
        return self.do_kgs__time_settings(arguments)

    def do_kata__list_time_settings(self, arguments: list[str]) -> Answer:
        return "none absolute byoyomi canadian fischer fischer-capped"

    def do_time_left(self, arguments: list[str]) -> Answer:
        clock = self.clocks[self.colour(arguments)]
        seconds, moves = number(arguments, 1), integer(arguments, 2)
        if clock.control.unlimited:  # a time that nobody agreed on before
            if moves:
                clock.control = canadian(0.0, max(0.0, seconds), moves)
            else:
                clock.control = TimeControl(max(0.0, seconds))
            clock.periods = clock.control.periods
        clock.set(seconds, moves)
        return ""

    # ---- The end of the game ----

    def do_kgs__game_over(self, arguments: list[str]) -> Answer:
        self._over = True
        return ""

    def do_final_score(self, arguments: list[str]) -> Answer:
        return self.score().text

    def do_final_status_list(self, arguments: list[str]) -> Answer:
        status = arguments[0].lower() if arguments else ""
        score = self.score()
        if status in ("alive", "dead", "seki"):
            return "\n".join(self.vertices(chain) for chain in score.chains(status))
        sides = {"black_territory": 1, "white_territory": -1}
        if status in sides:
            found = np.flatnonzero((score.owner == sides[status]) & (score.board == 0))
            return self.vertices(found.tolist())
        raise GtpError("final_status_list expects alive, dead, seki, black_territory or white_territory")

    def do_final_status(self, arguments: list[str]) -> Answer:
        point = self.action(arguments[0] if arguments else "")
        for chain, status in self.score().statuses:
            if point in chain:
                return status
        if point == self.record.pass_action:
            raise GtpError("invalid vertex")
        return {1: "black_territory", -1: "white_territory", 0: "dame"}[int(self.score().owner[point])]

    # ---- Analysis ----

    def do_lz__analyze(self, arguments: list[str]) -> Answer:
        return self._analysis(arguments, analysis.leela_line)

    def do_kata__analyze(self, arguments: list[str]) -> Answer:
        return self._analysis(arguments, analysis.kata_line)

    def do_lz__genmove_analyze(self, arguments: list[str]) -> Answer:
        return self._genmove_analysis(arguments, analysis.leela_line)

    def do_kata__genmove_analyze(self, arguments: list[str]) -> Answer:
        return self._genmove_analysis(arguments, analysis.kata_line)

    def _analysis(self, arguments: list[str], line: analysis.Line) -> Iterator[str]:
        asked = analysis.Asked.read(arguments, self)
        state = self.record.state(asked.colour)
        if state.is_terminal():
            raise GtpError("the game is over")
        search = self.go_to(state)

        def stream() -> Iterator[str]:
            told = time.perf_counter()
            while not self.waiting():
                if search.proven or search.simulations > ENOUGH:  # there is nothing left to learn
                    time.sleep(SLICE)
                elif search.run(state, lt.Budget(seconds=min(SLICE, asked.interval))).interrupted:
                    raise KeyboardInterrupt
                if time.perf_counter() - told >= asked.interval:
                    told = time.perf_counter()
                    yield line(asked, search, self)

        return filter(None, stream())  # an empty line would end the answer

    def _genmove_analysis(self, arguments: list[str], line: analysis.Line) -> Iterator[str]:
        asked = analysis.Asked.read(arguments, self)

        def stream() -> Iterator[str]:
            self.allowed = asked.shows
            try:
                move = yield from self._telling(asked, line)
            finally:
                self.allowed = None
            self._answers_play(asked.colour, move)
            yield f"play {move}"

        return filter(None, stream())

    def _telling(self, asked: analysis.Asked, line: analysis.Line) -> Generator[str, None, str]:
        """Choose a move, and tell now and then, and at the end, how the search stands."""
        told, choosing = time.perf_counter(), self.choosing(asked.colour)
        while True:
            try:
                next(choosing)
            except StopIteration as chosen:
                search = self.search()
                if search.simulations and search.root_state == self.record.state(asked.colour):
                    yield line(asked, search, self)
                return str(chosen.value)
            if time.perf_counter() - told >= asked.interval:
                told = time.perf_counter()
                yield line(asked, self.search(), self)

    def do_gogui__analyze_commands(self, arguments: list[str]) -> Answer:
        return "\n".join(analysis.GOGUI)

    def do_longthink__ownership(self, arguments: list[str]) -> Answer:
        return analysis.gogui_board(self.ownership())

    def do_longthink__moves(self, arguments: list[str]) -> Answer:
        return analysis.gogui_moves(self)

    def do_longthink__variation(self, arguments: list[str]) -> Answer:
        return analysis.gogui_variation(self)


# ---- Helpers ----


def _checked(name: str, command: Command) -> Command:
    """The same command, but more arguments than it takes are an error."""

    def checked(arguments: list[str]) -> Answer:
        most = MOST_ARGUMENTS.get(name, 0)
        if len(arguments) > most:
            extra = shown(" ".join(arguments[most:]), 40)
            raise GtpError(f"{name} expects {most or 'no'} argument{'s' * (most != 1)}, got also {extra}")
        return command(arguments)

    return checked


def make_search(game: lt.Game, options: EngineOptions) -> lt.MCTS:
    """The search that plays: all moves as first, and what Go knows, as they did best against GNU Go."""
    return lt.MCTS(
        game,
        lt.RAVE(c=0, bias=0.018, decay=0.7),
        knowledge=lt.Knowledge(amaf=0),
        seed=options.seed,
        threads=options.threads,
        memory_bytes=options.memory_bytes,
    )


def best_valued(result: lt.SearchResult) -> bool:
    """Whether the most visited action is also the best valued of those with half its visits."""
    looked = result.visits >= result.visits.max() / 2
    return bool(result.values[result.visits.argmax()] >= result.values[looked].max())


def _last(steps: Generator[None, None, str]) -> str:
    """What a generator returns."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return str(end.value)


def integer(arguments: list[str], at: int) -> int:
    """An argument that is a whole number."""
    try:
        return int(arguments[at])
    except (IndexError, ValueError) as error:
        raise GtpError("syntax error: expected an integer") from error


def number(arguments: list[str], at: int) -> float:
    """An argument that is a finite number."""
    try:
        value = float(arguments[at])
    except (IndexError, ValueError) as error:
        raise GtpError("syntax error: expected a number") from error
    if not np.isfinite(value):
        raise GtpError("syntax error: expected a finite number")
    return value


def canadian(main: float, period: float, moves: int) -> TimeControl:
    """A main time, then `moves` moves in every `period` seconds, for ever."""
    if period <= 0 or moves <= 0:
        return TimeControl(main)
    return TimeControl(main, period_time=period, period_moves=moves, periods=1)


def fixed_handicap(size: int, stones: int, at_most: bool = False) -> list[int]:
    """The points of GTP's fixed handicap; at_most: as many of them as there are, where more are asked for."""
    limit = 0 if size < 7 else 4 if size % 2 == 0 or size == 7 else 9
    if at_most:
        stones = min(stones, limit)
    if not 2 <= stones <= limit:
        raise GtpError("invalid number of stones")
    low = 2 if size < 13 else 3
    high, middle = size - 1 - low, size // 2
    points = [(low, low), (high, high), (low, high), (high, low)][: min(stones, 4)]  # column, row
    if stones >= 6:
        points += [(low, middle), (high, middle)]
    if stones >= 8:
        points += [(middle, low), (middle, high)]
    if stones in (5, 7, 9):
        points.append((middle, middle))
    return [row * size + column for column, row in points]
