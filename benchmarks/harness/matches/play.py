"""How agents play: `play_game` plays one game, `play_pair` all games with one opening.

An agent that fails loses the game, and the record says how it failed: it stalled, crashed, made an illegal move, lost
on time, or broke the protocol. Each agent is asked in a thread of its own, so an agent that never answers stops nobody:
its thread is abandoned.
"""

from __future__ import annotations

import math
import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from longthink.benchmarks.harness.matches.agents import Agent
from longthink.benchmarks.harness.matches.go_referee import GoReferee
from longthink.benchmarks.harness.matches.referee import Referee
from longthink.benchmarks.harness.matches.registry import load_agent
from longthink.benchmarks.peers.gtp_player import (
    PlayerEndedError,
    PlayerError,
    PlayerSilentError,
    PlayerStartError,
)
from longthink.concurrency import CancelToken
from longthink.errors import IllegalActionError, LongthinkError, ParameterError
from longthink.games.core import Game
from longthink.search.budget import Spent

STALL, CRASH, ILLEGAL, TIME, PROTOCOL = FAULTS = (
    "stall", "crash", "illegal move", "time loss", "broken protocol",
)  # fmt: skip

MOST_CHARACTERS = 500
"""Of the message of a fault."""


@dataclass(frozen=True)
class Limits:
    """answer: seconds for one answer; an agent that takes longer has stalled. clock: seconds for all moves of an agent
    in a game; an agent that uses more loses on time."""

    answer: float = 120.0
    clock: float = math.inf


@dataclass(frozen=True)
class Fault:
    """How a player lost a game otherwise than by the rules. kind: one of `FAULTS`."""

    player: int
    kind: str
    message: str


@dataclass
class Used:
    """What the agent of one player used in a game. illegal: answers that were no legal action, but did not end it."""

    moves: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    illegal: int = 0
    spent: Spent = field(default_factory=Spent)


@dataclass(frozen=True)
class Played:
    """A game that was played.

    names, returns, used: by player. how: "finished", "resignation", a kind of `FAULTS`, or how Go was counted. actions:
    of the whole game; the first `opening` of them are the opening. details: of the referee. sgf: for Go.
    """

    names: tuple[str, ...]
    returns: tuple[float, ...]
    how: str
    fault: Fault | None
    actions: tuple[int, ...]
    opening: int
    used: tuple[Used, ...]
    details: Mapping[str, Any]
    sgf: str | None = None

    @property
    def scores(self) -> tuple[float, ...]:
        """By player: the share of the others that it beat, and half for equal returns. In a game of two: 1, 1/2 or
        0."""
        others = len(self.returns) - 1
        return tuple(
            (sum((mine > theirs) + 0.5 * (mine == theirs) for theirs in self.returns) - 0.5) / others
            for mine in self.returns
        )


class _FaultError(Exception):
    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.message)
        self.fault = fault


class _LateError(Exception):
    """No answer came in time."""


class _Thread:
    """Calls functions in a thread of its own, one at a time, so that a call that never returns can be abandoned."""

    def __init__(self) -> None:
        self._asked: queue.SimpleQueue[tuple[int, Callable[[], Any]] | None] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[tuple[int, Any, Exception | None]] = queue.SimpleQueue()
        self._calls = 0
        threading.Thread(target=self._work, name="longthink-agent", daemon=True).start()

    def _work(self) -> None:
        while (asked := self._asked.get()) is not None:
            number, function = asked
            try:
                self._answers.put((number, function(), None))
            except Exception as error:
                self._answers.put((number, None, error))
            except BaseException as error:  # it wants to end this process
                self._answers.put((number, None, RuntimeError(f"it raised {type(error).__name__}")))

    def call(self, function: Callable[[], Any], seconds: float, cancel: CancelToken) -> Any:
        """What the function returns or raises. Raises `_LateError` if it takes longer, and `KeyboardInterrupt` if
        `cancel` is set."""
        self._calls += 1
        self._asked.put((self._calls, function))
        deadline = time.monotonic() + seconds
        while True:
            if cancel.cancelled:
                raise KeyboardInterrupt
            left = deadline - time.monotonic()
            try:
                number, answer, error = self._answers.get(timeout=min(0.2, max(left, 0.0)))
            except queue.Empty:
                if left > 0:
                    continue
                raise _LateError from None
            if number < self._calls:  # the late answer of an earlier call
                continue
            if error is not None:
                raise error
            return answer

    def end(self) -> None:
        self._asked.put(None)


class _Player:
    """An agent at its seat: asks it within its limits, and turns what it does wrong into a fault."""

    def __init__(self, seat: int, agent: Agent, limits: Limits, cancel: CancelToken) -> None:
        self.seat, self.agent, self.used = seat, agent, Used()
        self._limits, self._cancel, self._thread = limits, cancel, _Thread()
        self._cpu: float | None = None  # of a program, when the game began

    def begin(self, game: Game, seed: int) -> None:
        """Raises a `LongthinkError` if the agent does not play this game, or is a program that cannot be started."""
        self._call(lambda: self.agent.begin(game, self.seat, seed), self._limits.answer, self._refuses)
        self._cpu = self.agent.cpu_seconds()

    @staticmethod
    def _refuses(error: BaseException) -> bool:
        return isinstance(error, LongthinkError) and (
            isinstance(error, PlayerStartError) or not isinstance(error, PlayerError)
        )

    def act(self, view: Any) -> int | None:
        left = self._limits.clock - self.used.seconds
        began, cpu = time.perf_counter(), time.process_time()
        try:
            action: int | None = self._call(lambda: self.agent.act(view), min(self._limits.answer, left))
        finally:
            self.used.seconds += time.perf_counter() - began
            self.used.cpu_seconds += time.process_time() - cpu
        if self.used.seconds > self._limits.clock:
            raise self._fault(TIME, f"used more than {self._limits.clock:g} s")
        self.used.moves += 1
        return action

    def ask(self, question: Callable[[], Any]) -> Any:
        """What the agent says outside its moves; None if it fails."""
        try:
            return self._call(question, self._limits.answer)
        except _FaultError:
            return None

    def _call(
        self, function: Callable[[], Any], seconds: float, passes: Callable[[BaseException], bool] = lambda error: False
    ) -> Any:
        try:
            return self._thread.call(function, seconds, self._cancel)
        except _LateError as error:
            if seconds < self._limits.answer:
                raise self._fault(TIME, f"used more than {self._limits.clock:g} s") from error
            raise self._fault(STALL, f"gave no answer in {seconds:g} s") from error
        except Exception as error:
            if passes(error):
                raise
            said = str(error) if isinstance(error, LongthinkError) else f"{type(error).__name__}: {error}"
            raise self._fault(_kind(error), said) from error

    def _fault(self, kind: str, message: str) -> _FaultError:
        return _FaultError(Fault(self.seat, kind, message[:MOST_CHARACTERS]))

    def close(self) -> None:
        self.used.spent, self.used.illegal = self.agent.spent, self.agent.illegal
        cpu = self.agent.cpu_seconds()
        if cpu is not None:
            self.used.cpu_seconds = cpu - (self._cpu or 0.0)
        self._thread.end()
        with suppress(Exception):
            self.agent.close()


def _kind(error: BaseException) -> str:
    if isinstance(error, IllegalActionError):
        return ILLEGAL
    if isinstance(error, PlayerSilentError):
        return STALL
    return PROTOCOL if isinstance(error, PlayerError) and not isinstance(error, PlayerEndedError) else CRASH


def play_game(
    referee: Referee,
    agents: Sequence[Agent],
    names: Sequence[str],
    seeds: Sequence[int],
    limits: Limits | None = None,
    cancel: CancelToken | None = None,
) -> Played:
    """Play one game to its end, or until an agent fails or resigns. agents, names, seeds: by player.

    Raises a `LongthinkError` if an agent does not play this game, and `KeyboardInterrupt` if `cancel` is set.
    """
    limits, cancel = limits or Limits(), cancel or CancelToken()
    players = [_Player(seat, agent, limits, cancel) for seat, agent in enumerate(agents)]
    fault: Fault | None = None
    resigned: int | None = None
    judge = _Player(-1, _Nobody(), limits, cancel)

    def ask(player: int, question: Callable[[], Any]) -> Any:
        return (players[player] if player >= 0 else judge).ask(question)

    try:
        for player, seed in zip(players, seeds, strict=True):
            player.begin(referee.game, seed)
        while (seat := referee.to_act()) is not None:
            action = players[seat].act(referee.view())
            if action is None:
                resigned = seat
                break
            try:
                referee.play(seat, action)
            except (IllegalActionError, ParameterError) as error:
                raise _FaultError(Fault(seat, ILLEGAL, str(error)[:MOST_CHARACTERS])) from error
            referee.settle(agents, ask)
    except _FaultError as error:
        fault = error.fault
    finally:
        for player in (*players, judge):
            player.close()
        referee.close()
    loser = fault.player if fault is not None else resigned
    returns = referee.returns() if loser is None else _forfeited(referee.game, loser)
    how = fault.kind if fault is not None else "resignation" if resigned is not None else referee.end()
    return Played(
        tuple(names),
        tuple(returns),
        how,
        fault,
        tuple(referee.moves()),
        referee.opening,
        tuple(player.used for player in players),
        referee.details(),
        referee.sgf(names, _result(referee, loser, fault)) if len(players) == 2 else None,
    )


class _Nobody(Agent):
    """Stands for the judge, who does not play."""

    def act(self, view: Any) -> None:
        return None


def _forfeited(game: Game, loser: int) -> list[float]:
    """The loser gets the least utility; the others share what it lost if the game is zero-sum, else get the most."""
    others = -game.min_utility() / (game.num_players() - 1) if game.zero_sum else game.max_utility()
    return [game.min_utility() if player == loser else others for player in range(game.num_players())]


def _result(referee: Referee, loser: int | None, fault: Fault | None) -> str:
    """The result as SGF writes it: "B+3.5", "W+R" (resignation), "B+T" (time), "B+F" (forfeit)."""
    if loser is None:
        return str(referee.details().get("result", ""))
    return f"{'WB'[loser]}+{'R' if fault is None else 'T' if fault.kind == TIME else 'F'}"


# ---- Games with one opening ----


def seats_of(turn: int, players: int) -> list[int]:
    """Which agent has each seat in a game of a pair."""
    return [(seat - turn) % players for seat in range(players)]


def play_pair(
    names: Sequence[str],
    game: Game,
    pair: int,
    *,
    opening: int = 0,
    seed: int = 1,
    limits: Limits | None = None,
    judge: str = "",
    max_moves: int = 0,
    cancel: CancelToken | None = None,
    progress: Callable[[float], object] = lambda share: None,
    make: Callable[[str], Agent] = load_agent,
) -> list[Played]:
    """Play a pair of games with the same random opening and the same chance, so that each agent has each seat once.

    With n agents these are n games; in game r the agent i has the seat (i + r) mod n. names: of the agents, one for
    each player of the game. pair: the number of the pair; it and `seed` determine the opening. judge, max_moves: of Go.
    make: makes an agent from its name.

    Raises `ParameterError` if the number of agents is not that of the players, and what `play_game` raises.
    """
    players = game.num_players()
    if len(names) != players:
        raise ParameterError(f"{game} has {players} players, got {len(names)} agents: {', '.join(names)}")
    if (judge or max_moves) and game.name != "go":
        raise ParameterError(f"judge and max_moves belong to matches of go, got {game}")
    referee: Any = partial(GoReferee, judge=judge, max_moves=max_moves) if game.name == "go" else Referee
    rules = GoReferee if game.name == "go" else Referee
    moves = rules.random_opening(game, opening, f"{seed}-{pair}")
    played = []
    for turn in range(players):
        progress(turn / players)
        order = seats_of(turn, players)
        number = pair * players + turn
        played.append(
            play_game(
                referee(game, moves, f"{seed}-{pair}"),
                [make(names[i]) for i in order],
                [names[i] for i in order],
                [(seed * 1_000_003 + number) * players + i for i in order],
                limits,
                cancel,
            )
        )
    return played
