"""Local best response: a lower bound of what a policy loses, for games too large for an exact best response.

It plays against the policy, keeps the states that the others may be in, and at each of its moves takes the action that
is best if it continues simply afterwards. A best response wins at least as much.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from longthink.concurrency import CancelToken
from longthink.errors import GameError
from longthink.games.core import Game, State
from longthink.search.budget import Budget, Spent
from longthink.search.core import Watch
from longthink.search.regret.policy import Plays, Policy
from longthink.search.run import Pace, Progress, run
from longthink.validation import seed_number, whole_number

Weighted = list[tuple[State, float]]


@dataclass
class LocalBestResponse:
    """What `local_best_response` found.

    value: the mean payoff of the player, in utilities; its expectation is at most that of a best response.
    standard_error: of that mean. policy: what the player did in the information states that it reached; uniform in the
    others. stopped_by: "simulations" (games), "seconds", "cancelled" or "interrupted".
    """

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
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
) -> LocalBestResponse:
    """Play games as `player` against `policy`, which all others play: a lower bound of what a best response would win.

    policy: a `Policy`, or any object with its `action_probabilities(state)`. At each of its information states `player`
    takes the action of the highest mean payoff in `rollouts` games. They start from states drawn by their probability;
    the others continue with `policy`, and `player` with `then` (uniformly at random by default; in poker give one that
    calls, as published: `then=lambda state: CALL`). The action is chosen once for every information state. max_states:
    if more states fit what the player knows, this many are drawn; the response gets weaker, but stays a lower bound.
    budget: simulations (games) and seconds. Ctrl-C, `cancel` and the end of the seconds drop the current game, and the
    result so far is returned. The same seed and number of games give the same result. In a zero-sum game of two players
    the mean of these values over the players is a lower bound of the policy's exploitability.

    Raises `ParameterError` for a value out of range, `GameError` if the policy gives no legal action a probability.
    Lisý and Bowling, "Equilibrium approximation quality of current no-limit poker bots", AAAI workshops 2017. There the
    others are assumed to call after their next move; here they continue with their policy.
    """
    player = whole_number("player", player, 0, game.num_players() - 1)
    budget.check("local_best_response", ("simulations", "seconds"))
    rollouts, max_states = whole_number("rollouts", rollouts, 1), whole_number("max_states", max_states, 1)
    table = _Table(game, policy, player, then, rollouts, max_states, np.random.default_rng(seed_number(seed)))
    n, total, squares = 0, 0.0, 0.0

    def work(count: int, watch: Watch) -> str | None:
        nonlocal n, total, squares
        table.watch = watch
        for _ in range(count):
            try:
                won = table.play()
            except _Stopped:
                return None
            n, total, squares = n + 1, total + won, squares + won * won
            if n == budget.simulations:
                return "simulations"
        return None

    def measure(spent: Spent) -> None:
        spent.simulations = n

    spent, stopped_by = run(work, measure, budget, pace=Pace(), progress=progress, cancel=cancel)
    mean = total / n if n else math.nan
    error = math.sqrt(max(0.0, squares / n - mean * mean) / (n - 1)) if n > 1 else math.inf
    chosen = Policy(game, {key: {action: 1.0} for key, action in table.chosen.values()})
    return LocalBestResponse(player, mean, error, n, chosen, spent, stopped_by)


class _Stopped(Exception):
    """The watch ended the run in the middle of a game."""


class _Table:
    """The games, played one after the other."""

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
        self.watch = Watch()
        self.chosen: dict[bytes, tuple[str, int]] = {}  # by key of an information state: its string, and the action

    def play(self) -> float:
        """Play one game; return the payoff of the player."""
        state = self.game.new_initial_state()
        belief = _Belief(self, state)
        while not state.is_terminal():
            self._look()
            action = None
            if state.current_player() == self.player:
                key = bytes(state.information_state_key(self.player))
                if key not in self.chosen:
                    self.chosen[key] = state.information_state_string(self.player), self._choose(state, belief)
                action = self.chosen[key][1]
            state.apply_action(self._drawn(self.moves(state)) if action is None else action)
            belief.saw(state, action)
        return float(state.returns()[self.player])

    def _look(self) -> None:
        if self.watch.expired:
            raise _Stopped

    def moves(self, state: State) -> list[tuple[int, float]]:
        """The actions of chance or another player at a state with their probabilities, without those of 0.

        Raises `_Stopped`: all long work calls this method.
        """
        self._look()
        if state.is_chance_node():
            return list(state.chance_outcomes())
        moves = [(action, p) for action, p in self.policy.action_probabilities(state).items() if p > 0]
        if not moves:
            raise GameError(f"the policy gives no action a probability after {state.history()} of {self.game}")
        return moves

    def _drawn(self, moves: list[tuple[int, float]]) -> int:
        u = self.rng.random() * sum(p for _, p in moves)
        for action, p in moves[:-1]:
            u -= p
            if u < 0:
                return action
        return moves[-1][0]

    def _choose(self, state: State, belief: _Belief) -> int:
        """The action of the highest payoff in rollouts; all actions are tried from the same states."""
        states, legal = belief.states(), state.legal_actions()
        if not states:  # none of those that were drawn fits: play simply
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
        """What the player does after the move that it chooses."""
        if self.then is None:
            return int(self.rng.choice(state.legal_actions()))
        if callable(self.then):
            return int(self.then(state))
        return self._drawn(list(self.then.action_probabilities(state).items()))


class _Belief:
    """The states that fit what the player has seen in this game, weighted by the others' probability to reach them.

    Each step of the game changes what the player knows; a state fits as long as it shows the player the same steps. Of
    the true state, nothing is used but what the player knows.
    """

    def __init__(self, table: _Table, state: State) -> None:
        self.table = table
        self.key = self._knows(state)
        self.fitting: Weighted = [(state.clone(), 1.0)]
        self.news: list[tuple[int | None, bytes]] = []  # steps to process: own action or None, then what is known

    def _knows(self, state: State) -> bytes:
        return bytes(state.information_state_key(self.table.player))

    def saw(self, state: State, action: int | None) -> None:
        """Note that the game continued to `state`, by the player's own `action` or, if None, by another's."""
        if not state.is_terminal():
            key = self._knows(state)
            if action is not None or key != (self.news[-1][1] if self.news else self.key):
                self.news.append((action, key))

    def states(self) -> Weighted:
        """The fitting states in which the player acts."""
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
        """Follow the others' moves from states while the player knows `known`, to the first states that are
        `wanted`."""
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
