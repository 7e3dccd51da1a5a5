"""OpenSpiel's solvers of hidden information in C++, with the interface of the poker study: CFR, MCCFR, ISMCTS."""

from __future__ import annotations

from typing import Any

from longthink.concurrency import CancelToken
from longthink.errors import require
from longthink.games.registry import load_game
from longthink.search.core import GameTree
from longthink.search.regret.policy import Policy, exploitability

_PIECE = 100  # iterations between two looks at Ctrl-C and the token


class OpenSpielSolver:
    """A solver that iterates, for example `CFRPlusSolver` or `ExternalSamplingMCCFRSolver`."""

    def __init__(self, game: str, solver: str, **options: Any) -> None:
        self._spiel = require("pyspiel", "compare")
        self._game = _turn_based(self._spiel, game)
        self._solver = getattr(self._spiel, solver)(self._game, **options)
        self._iterate = getattr(self._solver, "evaluate_and_update_policy", None) or self._solver.run_iteration

    def run(self, iterations: int, cancel: CancelToken) -> None:
        for done in range(iterations):
            if done % _PIECE == 0 and cancel.cancelled:
                raise KeyboardInterrupt
            self._iterate()

    def exploitability(self) -> float:
        return float(self._spiel.exploitability(self._game, self._solver.average_policy()))


class OpenSpielSearch:
    """`ISMCTSBot`: a search of its own at every information state. Its policy is the shares of visits."""

    def __init__(self, game: str, seed: int, c: float) -> None:
        """c: of UCT, for values in [-1, 1]."""
        self._spiel = require("pyspiel", "compare")
        self._game = self._spiel.load_game(game)
        self._tree = GameTree(load_game(game))
        self._seed, self._c = seed, c * (self._game.max_utility() - self._game.min_utility()) / 2
        self._table: dict[str, dict[int, float]] = {}

    def run(self, iterations: int, cancel: CancelToken) -> None:
        """New searches of `iterations` simulations; they do not continue earlier ones."""
        every = zip(self._tree.information_states, self._tree.histories(), strict=True)
        for index, (row, history) in enumerate(every):
            if cancel.cancelled:
                raise KeyboardInterrupt
            state = self._game.new_initial_state()
            for action in history:
                state.apply_action(action)
            seed = self._seed * self._tree.num_information_states + index
            evaluator = self._spiel.RandomRolloutEvaluator(1, seed)
            if iterations == 1:  # it only creates the root, and the bot has no policy
                continue
            bot = self._spiel.ISMCTSBot(seed, evaluator, self._c, iterations, -1)
            self._table[row[0]] = dict(bot.get_policy(state))

    def exploitability(self) -> float:
        return exploitability(self._tree, Policy(self._tree.game, self._table))


def _turn_based(spiel: Any, name: str) -> Any:
    game = spiel.load_game(name)
    simultaneous = game.get_type().dynamics == spiel.GameType.Dynamics.SIMULTANEOUS
    return spiel.convert_to_turn_based(game) if simultaneous else game
