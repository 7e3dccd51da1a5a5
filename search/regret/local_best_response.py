"""Local best response: how much a policy loses at least, in games too large for an exact best response.

It plays against the policy, keeps what the others may hold, and at each of its moves takes what looks best if it goes
on simply afterwards. Whatever it wins, a best response wins as much.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from longthink.errors import GameError, ParameterError
from longthink.games.core import Game, State
from longthink.search.budget import Budget, Spent
from longthink.search.regret.policy import Policy
from longthink.validation import seed_number, whole_number

Weighted = list[tuple[State, float]]


class Plays(Protocol):
    """What says what is done at a state: a `Policy`, or anything with its `action_probabilities`."""

    def action_probabilities(self, state: State) -> dict[int, float]: ...


@dataclass
class LocalBestResponse:
    """What `local_best_response` found.

    value: the mean of what the player won, in utilities; its expectation is at most that of a best response.
    standard_error: of that mean. policy: what the player did where it came, the rest uniform.
    stopped_by: "simulations" (games), "seconds" or "interrupted"."""

    player: int
    value: float
    standard_error: float
    games: int
    policy: Policy
    spent: Spent
    stopped_by: str


def local_best_response(
    game: Game,
    policy: Plays,
    player: int,
    budget: Budget,
    *,
    then: Plays | Callable[[State], int] | None = None,
    rollouts: int = 64,
    max_states: int = 2000,
    seed: int = 0,
) -> LocalBestResponse:
    """Play games as `player` against `policy`, which all others play: a lower bound of what a best response would win.

    At each of its information states `player` takes the action of the highest value in `rollouts` games: from states
    drawn as likely as they are there, the others going on by `policy` and `player` by `then` (uniformly at random by
    default; in poker give one that calls, as published: `then=lambda state: CALL`). It chooses once for every
    information state. max_states: where more states fit what it knows, as many are drawn; that makes it weaker, never
    unfair. budget: simulations (games) and seconds; Ctrl-C and the end of the seconds drop the game at hand, and what
    was found is given. The same seed and number of games give the same result. In a zero-sum game of two players the
    mean over the players of these values is a lower bound of the policy's exploitability.

    Raises `ParameterError` for what is out of range, `GameError` where the policy gives no legal action a chance.
    Lisý and Bowling, "Equilibrium approximation quality of current no-limit poker bots", AAAI workshops 2017. There the
    others are taken to call after their next move; here they go on by their policy.
    """
    player = whole_number("player", player, 0, game.num_players() - 1)
    if budget != Budget(simulations=budget.simulations, seconds=budget.seconds) or budget == Budget():
        raise ParameterError(f"local_best_response spends simulations (games) and seconds, got {budget}")
    rollouts, max_states = whole_number("rollouts", rollouts, 1), whole_number("max_states", max_states, 1)
    table = _Table(game, policy, player, then, rollouts, max_states, np.random.default_rng(seed_number(seed)))
    if budget.seconds is not None:
        table.deadline = time.perf_counter() + budget.seconds
    started, spent, total, squares, stopped_by = time.perf_counter(), Spent(), 0.0, 0.0, ""
    try:
        while not stopped_by:
            won = table.play()
            spent.simulations += 1
            total, squares = total + won, squares + won * won
            spent.seconds = time.perf_counter() - started
            if spent.simulations == budget.simulations:
                stopped_by = "simulations"
    except _TimeIsUp:
        stopped_by = "seconds"
    except KeyboardInterrupt:
        stopped_by = "interrupted"
    spent.seconds = time.perf_counter() - started
    n = spent.simulations
    mean = total / n if n else math.nan
    error = math.sqrt(max(0.0, squares / n - mean * mean) / (n - 1)) if n > 1 else math.inf
    chosen = Policy(game, {key: {action: 1.0} for key, action in table.chosen.values()})
    return LocalBestResponse(player, mean, error, n, chosen, spent, stopped_by)


class _TimeIsUp(Exception):
    """The deadline passed in the middle of a game."""


class _Table:
    """Where the games are played."""

    def __init__(
        self,
        game: Game,
        policy: Plays,
        player: int,
        then: Any,
        rollouts: int,
        max_states: int,
        rng: np.random.Generator,
    ) -> None:
        self.game, self.policy, self.player = game, policy, player
        self.then, self.rollouts, self.max_states, self.rng = then, rollouts, max_states, rng
        self.deadline = math.inf
        self.chosen: dict[bytes, tuple[str, int]] = {}  # by key of an information state: its string, and the action

    def play(self) -> float:
        """One game; gives what the player won."""
        state = self.game.new_initial_state()
        belief = _Belief(self, state)
        while not state.is_terminal():
            self._check_time()
            action = None
            if state.current_player() == self.player:
                key = bytes(state.information_state_key(self.player))
                if key not in self.chosen:
                    self.chosen[key] = state.information_state_string(self.player), self._choose(state, belief)
                action = self.chosen[key][1]
            state.apply_action(self._drawn(self.moves(state)) if action is None else action)
            belief.saw(state, action)
        return float(state.returns()[self.player])

    def _check_time(self) -> None:
        if time.perf_counter() >= self.deadline:
            raise _TimeIsUp

    def moves(self, state: State) -> list[tuple[int, float]]:
        """What chance or another player does at a state: actions with their probabilities, those of 0 left out.

        Raises `_TimeIsUp`: whatever takes long asks for moves."""
        self._check_time()
        if state.is_chance_node():
            return list(state.chance_outcomes())
        moves = [(action, p) for action, p in self.policy.action_probabilities(state).items() if p > 0]
        if not moves:
            raise GameError(f"the policy does nothing after {state.history()} of {self.game}")
        return moves

    def _drawn(self, moves: list[tuple[int, float]]) -> int:
        u = self.rng.random() * sum(p for _, p in moves)
        for action, p in moves[:-1]:
            u -= p
            if u < 0:
                return action
        return moves[-1][0]

    def _choose(self, state: State, belief: _Belief) -> int:
        """The action that wins most in rollouts; all actions are tried from the same states."""
        states, legal = belief.states(), state.legal_actions()
        if not states:  # drawn away: go on simply
            return self._simply(state)
        weights = np.array([weight for _, weight in states])
        picks = self.rng.choice(len(states), self.rollouts, p=weights / weights.sum())
        won = [sum(self._rollout(states[pick][0].child(action)) for pick in picks) for action in legal]
        return legal[int(np.argmax(won))]

    def _rollout(self, state: State) -> float:
        while not state.is_terminal():
            mine = state.current_player() == self.player
            state.apply_action(self._simply(state) if mine else self._drawn(self.moves(state)))
        return float(state.returns()[self.player])

    def _simply(self, state: State) -> int:
        """What the player does after the move that it thinks about."""
        if self.then is None:
            return int(self.rng.choice(state.legal_actions()))
        if callable(self.then):
            return int(self.then(state))
        return self._drawn(list(self.then.action_probabilities(state).items()))


class _Belief:
    """The states that fit all that the player has seen in this game, with how likely the others bring them about.

    What it knows changes step by step; a state fits while its own steps are the same. No more is used of the true
    state than what the player knows there.
    """

    def __init__(self, table: _Table, state: State) -> None:
        self.table = table
        self.key = self._knows(state)
        self.fitting: Weighted = [(state.clone(), 1.0)]
        self.news: list[tuple[int | None, bytes]] = []  # own action or None, then what is known; not yet looked at

    def _knows(self, state: State) -> bytes:
        return bytes(state.information_state_key(self.table.player))

    def saw(self, state: State, action: int | None) -> None:
        """The game went on to `state`, by the player's own `action` or by another's."""
        if not state.is_terminal():
            key = self._knows(state)
            if action is not None or key != (self.news[-1][1] if self.news else self.key):
                self.news.append((action, key))

    def states(self) -> Weighted:
        """The states that fit in which the player acts."""
        for action, key in self.news:
            if action is not None:
                acting = self._until_acting()
                self.fitting = [(state.child(action), weight) for state, weight in acting]
            self.fitting = self._spread(self.fitting, self.key, _knowing(key))
            self.key = key
        self.news = []
        self.fitting = self._until_acting()
        return self.fitting

    def _until_acting(self) -> Weighted:
        player = self.table.player
        return self._spread(self.fitting, self.key, lambda state, known: state.current_player() == player)

    def _spread(self, begin: Weighted, known: bytes, wanted: Callable[[State, bytes], bool]) -> Weighted:
        """Go on from states by the others' moves while the player knows `known`, to the first ones that are wanted."""
        waiting, found = list(begin), []
        while waiting:
            state, weight = waiting.pop()
            if state.is_terminal():
                continue
            knows = self._knows(state)
            if wanted(state, knows):
                found.append((state, weight))
            elif knows == known and state.current_player() != self.table.player:
                waiting += [(state.child(action), weight * p) for action, p in self.table.moves(state)]
        if len(found) > self.table.max_states:
            weights = np.array([weight for _, weight in found])
            picks = self.table.rng.choice(len(found), self.table.max_states, p=weights / weights.sum())
            found = [(found[pick][0], 1.0) for pick in picks]
        return found


def _knowing(key: bytes) -> Callable[[State, bytes], bool]:
    """Whether the player knows `key` at a state."""
    return lambda state, known: known == key
