"""OpenSpiel's bots as agents: "openspiel:mcts(simulations=1000)", "openspiel:uniform_random" and others by name."""

from __future__ import annotations

import functools
from typing import Any

from longthink.benchmarks.harness.matches.agents import Agent, View
from longthink.errors import GameError, ParameterError, UnknownNameError, require
from longthink.games.adapters.openspiel import openspiel_game
from longthink.games.core import Game
from longthink.registry import Family
from longthink.search.budget import Spent


class OpenSpielAgent(Agent):
    """A bot of OpenSpiel, in games of perfect information that OpenSpiel has."""

    simulations = 0  # of a move

    def begin(self, game: Game, seat: int, seed: int) -> None:
        if not game.perfect_information:
            raise GameError(f"OpenSpiel's bots are given the whole state, so they do not play {game}")
        self._game = openspiel_game(str(game).removeprefix("openspiel:"))
        self._state, self._seat = self._game.new_initial_state(), seat
        self._bot = self._make(self._game, seat, seed % 2**31)

    def _make(self, game: Any, seat: int, seed: int) -> Any:
        raise NotImplementedError

    def act(self, view: View) -> int:
        history = view.state.history()
        for action in history[len(self._state.history()) :]:
            player = self._state.current_player()
            if player not in (-1, self._seat):
                self._bot.inform_action(self._state, player, action)
            self._state.apply_action(action)
        self.spent += Spent(simulations=self.simulations)
        return int(self._bot.step(self._state))


class OpenSpielMCTS(OpenSpielAgent):
    """OpenSpiel's MCTSBot with random rollouts.

    simulations: for each move. c: of UCT. rollouts: for each leaf. solve: prove values. memory: in mebibytes.
    """

    def __init__(
        self, simulations: int = 1000, c: float = 2.0, rollouts: int = 1, solve: bool = True, memory: int = 1000
    ) -> None:
        self.simulations, self._c, self._rollouts = simulations, c, rollouts
        self._solve, self._memory = solve, memory

    def _make(self, game: Any, seat: int, seed: int) -> Any:
        pyspiel = require("pyspiel", "compare")
        self._evaluator = pyspiel.RandomRolloutEvaluator(self._rollouts, seed)  # the bot does not keep it alive
        return pyspiel.MCTSBot(game, self._evaluator, self._c, self.simulations, self._memory, self._solve, seed, False)


class OpenSpielBot(OpenSpielAgent):
    """A registered bot of OpenSpiel. options: its parameters."""

    def __init__(self, name: str, **options: Any) -> None:
        self._name, self._options = name, options

    def _make(self, game: Any, seat: int, seed: int) -> Any:
        pyspiel = require("pyspiel", "compare")
        if self._name == "uniform_random" and not self._options:
            return pyspiel.make_uniform_random_bot(seat, seed)
        try:
            values = {key: pyspiel.GameParameter(value) for key, value in self._options.items()}
            return pyspiel.load_bot(self._name, game, seat, values)
        except Exception as error:  # OpenSpiel's own errors, by pybind11
            raise ParameterError(f"OpenSpiel's bot {self._name} refuses {self._options}: {error}") from error


def _load(member: str, /, **options: Any) -> Agent:
    if member == "mcts":
        return OpenSpielMCTS(**options)
    if member not in _members():
        raise UnknownNameError.of("bot of OpenSpiel", member, _members())
    return OpenSpielBot(member, **options)


@functools.cache
def _members() -> list[str]:
    return sorted(["mcts", *require("pyspiel", "compare").registered_bots()])


def _describe(member: str) -> tuple[str, dict[str, Any]]:
    if member == "mcts":
        return "OpenSpiel's MCTSBot with random rollouts.", {
            "simulations": 1000, "c": 2.0, "rollouts": 1, "solve": True, "memory": 1000,
        }  # fmt: skip
    return f"OpenSpiel's bot {member}.", {}


FAMILY = Family("The bots of OpenSpiel, in games of perfect information.", _load, _members, _describe)
