"""`Engine`: a player of Go. It has a record of the game, a search, and the time of both colours (timing.py).

passing.py compares a pass with the best move. The commands of the Go Text Protocol that drive the engine are in the
folder commands/.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Generator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

import longthink as lt
from longthink.games.go.game import action_of, vertex
from longthink.games.go.position import SIGN, liberties
from longthink.games.go.record import GoRecord
from longthink.games.go.scoring import Score, final_score, ownership
from longthink.go import passing
from longthink.go.timing import MoveLimits, Timing
from longthink.search.in_play.time_control import Allowance
from longthink.search.trees.early_stop import decided
from longthink.validation import real_number

ENOUGH = 1 << 29  # simulations of one tree, after which pondering and analysis rest
PASS_SHARE = 0.25  # of the time of a move, for the pass if it may be as good as the best move
SLICE = 0.05  # seconds of search between two looks at the clock and at new commands

Choosing = Generator[None, None, str]
"""Work that stops now and then for its caller, and at last returns a move."""


@dataclass(frozen=True)
class EngineOptions:
    """How the engine plays.

    simulations, seconds: for a move. average: processor seconds of a move on average; hard moves get more. If none of
    the three is set, the clock decides, and without a clock a move takes 3 seconds. threads, memory_bytes, seed: of the
    search. rules: of `GoRecord`. resign: the win rate below which the engine resigns, 0 for never. lag: seconds that a
    move needs on its way to the clock.

    Raises `ParameterError` for a value out of range.
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
            raise lt.ParameterError(f"resign expects a win rate of at least 0 and below 0.5, got {self.resign}")
        real_number("lag", self.lag, 0)
        lt.Budget(simulations=self.simulations, seconds=self.seconds)  # raises for values out of range
        if self.average is not None:
            Allowance(self.average)


class Engine:
    """A player of Go, whose game is `record`.

    waiting: whether a command waits for its answer, so that pondering and analysis must stop.
    """

    def __init__(self, options: EngineOptions | None = None, waiting: Callable[[], bool] = lambda: True) -> None:
        self.options = EngineOptions() if options is None else options
        self.waiting = waiting
        self.record = GoRecord(self.options.size, self.options.komi, self.options.rules)
        self.timing = Timing(self.options)
        self.over = False  # the server said that the game has ended: no pondering
        self._hopeless = 0  # own moves in a row that looked lost
        self._search: lt.MCTS | None = None
        self._pass_search: lt.MCTS | None = None  # of the position after a pass
        self._owned: tuple[lt.State, NDArray[np.float64], int] | None = None
        self._score: tuple[list[object], Score] | None = None
        self.search()  # raises at once if the options do not fit

    def begin(self, record: GoRecord) -> None:
        """Begin a game from a record, with full clocks."""
        self.record, self.over, self._hopeless = record, False, 0
        self.timing.begin()

    # ---- Searching ----

    def search(self) -> lt.MCTS:
        """The search of the game; a new one if board, komi or rules have changed."""
        game = self.record.game
        if self._search is None or self._search.game != game:
            self._search = None  # free its memory before the next one is made
            self._search = make_search(game, self.options)
        return self._search

    def go_to(self, state: lt.State) -> lt.MCTS:
        """The search with its root at `state`; it keeps the subtree of earlier moves."""
        search = self.search()
        known, wanted = search.root_state.history(), state.history()
        if wanted[: len(known)] == known:
            for action in wanted[len(known) :]:
                search.advance(action)
        search.set_root(state)
        return search

    def thinking(self, state: lt.State, limits: MoveLimits) -> Generator[None, None, lt.SearchResult]:
        """Search within limits and stop every `SLICE`; ends early if more time cannot change the result."""
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
        if self.over or not self.record.moves or self.record.passes >= 2:
            return
        state = self.record.state()
        search = self.go_to(state)
        while not (self.waiting() or search.proven or search.simulations > ENOUGH):
            if search.run(state, lt.Budget(seconds=SLICE)).interrupted:
                raise KeyboardInterrupt

    # ---- Choosing a move ----

    def choose(self, colour: int, cleanup: bool = False) -> str:
        """The move of a colour in the words of GTP, "resign" among them.

        cleanup: the players have passed and disagree about dead stones; take those of the other side off the board
        before passing.
        """
        choosing = self.choosing(colour, cleanup)
        while True:
            try:
                next(choosing)
            except StopIteration as end:
                return str(end.value)

    def advise(self, colour: int) -> str:
        """What `choose` would return without a clock; nothing changes."""
        kept = self.timing, self._hopeless
        self.timing = Timing(self.options)
        try:
            return self.choose(colour)
        finally:
            self.timing, self._hopeless = kept

    def choosing(
        self, colour: int, cleanup: bool = False, allowed: Callable[[int], bool] = lambda action: True
    ) -> Choosing:
        """`choose` in steps. allowed: which actions may be chosen."""
        began, began_processing = time.perf_counter(), time.process_time()
        state = self.record.state(colour, cleanup)
        if state.legal_actions() == [self.record.pass_action]:
            return "pass"
        move = yield from self._choosing(state, colour, cleanup, allowed)
        self.timing.spend(colour, time.perf_counter() - began, time.process_time() - began_processing)
        return move

    def _choosing(self, state: lt.State, colour: int, cleanup: bool, allowed: Callable[[int], bool]) -> Choosing:
        limits = self.limits(colour)
        result = yield from self.thinking(state, limits.share(1 - PASS_SHARE))
        moves = self._moves(result, allowed)
        if not moves:
            return "pass"
        by_pass = yield from self._passing(state, result, moves[0], limits)
        if passing.is_worse(by_pass, passing.estimate(result, moves[0])) and limits.simulations is None:
            result = yield from self.thinking(state, limits.share(PASS_SHARE))  # the pass has used little of its time
            moves = self._moves(result, allowed)
        best = passing.estimate(result, moves[0])
        self._hopeless = self._hopeless + 1 if max(best.value, by_pass.value) < 2 * self.options.resign - 1 else 0
        if self._hopeless >= 2 and len(self.record.moves) > self.record.size**2 / 5:
            return "resign"
        if not allowed(self.record.pass_action):
            return self._vertex(result, moves[0])
        if passing.is_better(by_pass, best):
            return "pass"
        near_dead = self._near_dead(colour) if cleanup else set()
        if near_dead:  # dead stones must be off the board before a pass
            taking = self._first(result, moves, near_dead, best.value - passing.CLEARLY)
            return self._vertex(result, moves[0] if taking is None else taking)
        if passing.is_worse(by_pass, best) or self.score().points * SIGN[colour] <= 0 < by_pass.value:
            return self._vertex(result, moves[0])  # a pass is worse, or the count would lose what the search has won
        least = max(best.value, by_pass.value) - passing.EVEN
        settling = self._first(result, moves, self.score().open, least)
        return "pass" if settling is None else self._vertex(result, settling)

    def limits(self, colour: int) -> MoveLimits:
        """The limits of the next move of a colour: by the options, and within its clock."""
        on_board = len(self.record.setup) + len(self.record.moves)
        points = self.record.size**2
        return self.timing.limits(colour, max(0.12 * points, (0.75 * points - on_board) / 2))

    def _moves(self, result: lt.SearchResult, allowed: Callable[[int], bool]) -> list[int]:
        """The indices in a result of the moves that may be chosen, the best first; no passes."""
        actions = result.actions.tolist()
        return [int(i) for i in result.ranking if actions[i] != self.record.pass_action and allowed(actions[i])]

    def _vertex(self, result: lt.SearchResult, index: int) -> str:
        return vertex(self.record.size, int(result.actions[index]))

    def _passing(
        self, state: lt.State, result: lt.SearchResult, move: int, limits: MoveLimits
    ) -> Generator[None, None, passing.Estimate]:
        """The value of a pass. move: the index of the best move.

        If the search has not visited the pass as often as that move, a second search examines the position after it.
        """
        best = passing.estimate(result, move)
        known = passing.estimate(result, result.actions.tolist().index(self.record.pass_action))
        if known.visits >= best.visits or known.error == 0:
            return known
        if self._pass_search is None or self._pass_search.game != state.get_game():
            self._pass_search = None
            memory_bytes = self.options.memory_bytes // 8
            self._pass_search = make_search(state.get_game(), replace(self.options, memory_bytes=memory_bytes))
        seconds = limits.seconds * PASS_SHARE
        passed = state.child(self.record.pass_action)
        return (yield from passing.estimate_pass(self._pass_search, passed, best, seconds, limits.clock))

    def _first(self, result: lt.SearchResult, moves: list[int], points: Collection[int], least: float) -> int | None:
        """The first of the `moves` on one of the `points` whose value is at least `least`."""
        good = (i for i in moves if passing.estimate(result, i).value >= least)
        return next((i for i in good if int(result.actions[i]) in points), None)

    def _near_dead(self, colour: int) -> set[int]:
        """The empty points adjacent to dead stones of the other colour."""
        board = self.record.board()
        return liberties(
            board, [p for chain in self.score().chains("dead") for p in chain if board[p] == SIGN[1 - colour]]
        )

    def play(self, colour: int, move: str) -> None:
        """Play a move that was chosen; "resign" changes nothing."""
        if move != "resign":
            self.record.play(colour, action_of(self.record.size, move))

    # ---- The end of the game ----

    def score(self) -> Score:
        """The final score of the position as it is; computed once for each position."""
        key = [self.record.game, *self.record.setup, *self.record.moves]
        if self._score is None or self._score[0] != key:
            self._score = key, final_score(self.record, seed=self.options.seed)
        return self._score[1]

    def ownership(self, playouts: int = 200) -> NDArray[np.float64]:
        """The likely owner of each point, `[size * size]` from -1 (White) to 1 (Black); more precise with each call."""
        state = self.record.state()
        if self._owned is None or self._owned[0] != state:
            self._owned = state, np.zeros(self.record.size**2), 0
        _, mean, count = self._owned
        more = ownership([state], playouts, self.options.seed + count)  # not the same playouts as before
        mean = (mean * count + more * playouts) / (count + playouts)
        self._owned = state, mean, count + playouts
        return mean


def make_search(game: lt.Game, options: EngineOptions) -> lt.MCTS:
    """The search of the engine: RAVE and knowledge of Go, with the parameters that did best against GNU Go."""
    return lt.MCTS(
        game,
        lt.RAVE(c=0, bias=0.018, decay=0.7),
        knowledge=lt.Knowledge(amaf=0),
        seed=options.seed,
        threads=options.threads,
        memory_bytes=options.memory_bytes,
    )


def best_valued(result: lt.SearchResult) -> bool:
    """Whether the most visited action also has the best value among those with at least half its visits."""
    looked = result.visits >= result.visits.max() / 2
    return bool(result.values[result.visits.argmax()] >= result.values[looked].max())
