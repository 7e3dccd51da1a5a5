"""Games in words, "game:NAME": the model proposes moves as text, and the rules check them.

A transcript has the moves of one player. Chance and the other players reply by themselves; the same moves get the same
replies, so a search over transcripts is a search over the game.
"""

from __future__ import annotations

import json
from random import Random
from typing import Any

from longthink.bridge.tasks.picture import text_picture
from longthink.bridge.tasks.task import Solved, Task, Transcript, read_list
from longthink.errors import ParameterError
from longthink.games.core import Game, State
from longthink.games.registry import GAMES, load_game
from longthink.registry import Family
from longthink.search.budget import Budget
from longthink.search.trees.graph_search import ISMCTS
from longthink.search.trees.mcts import MCTS
from longthink.validation import seed_number, shown, whole_number

_SIMULTANEOUS = {"goofspiel"}  # a transcript has one move after the other


def members() -> list[str]:
    """The registered games that are played in turns; the games of OpenSpiel ("game:openspiel:NAME") are not listed."""
    return [name for name in GAMES if name not in _SIMULTANEOUS]


def describe(name: str) -> tuple[str, dict[str, Any]]:
    """A sentence about a game, and the parameters of task and game with their defaults."""
    summary, parameters = GAMES.describe(name)
    return summary, {"seed": 0, "player": 0, "opponent": None, "simulations": 200, **parameters}


def load(
    name: str, seed: int = 0, player: int = 0, opponent: str | None = None, simulations: int = 200, **parameters: Any
) -> Task:
    """Play a game as `player`, from 0, against opponents whose replies follow from the seed.

    opponent: "search" (with `simulations` for each move) or "random"; by default "search" for games of perfect
    information. All other parameters are those of the game.
    """
    game = load_game(name, **parameters)
    seed = seed_number(seed)
    simulations = whole_number("game: simulations", simulations, 1, 10_000_000)
    player = whole_number("game: player", player, 0, game.num_players() - 1)
    if game.simultaneous:
        raise ParameterError(f"{game} has simultaneous moves; a game in words is played in turns")
    opponent = opponent or ("search" if game.perfect_information else "random")
    if opponent not in ("search", "random"):
        raise ParameterError(f"opponent expects 'search' or 'random', got {opponent!r}")
    return GameTask(game, seed, player, opponent, simulations)


FAMILY = Family("A game played in turns, in words.", load, members, describe)


class GameTask(Task):
    """A game as one player sees it. The value is the payoff of this player, scaled to [0, 1]: a draw is 0.5."""

    def __init__(self, game: Game, seed: int, player: int, opponent: str, simulations: int) -> None:
        self.game, self.seed, self.player = game, seed, player
        self.opponent, self.simulations = opponent, simulations
        written = {**game.get_parameters(), "seed": seed, "player": player, "opponent": opponent}
        if opponent == "search":
            written["simulations"] = simulations
        self.name = f"game:{game.name}({', '.join(f'{key}={value!r}' for key, value in written.items())})"
        self.max_steps = game.max_game_length()
        self.prompt = f"Play {game} as player {player + 1} of {game.num_players()}. Get the best result you can."
        self._histories: dict[Transcript, list[int]] = {}

    def state(self, transcript: Transcript) -> State:
        """The state after these moves and the replies to them. Raises `ParameterError` for a move that is not legal."""
        known = len(transcript)
        while known and transcript[:known] not in self._histories:
            known -= 1
        for length in range(known, len(transcript) + 1):
            if transcript[:length] in self._histories:
                continue
            state = self.game.new_initial_state()
            if length:
                state = self.game.state_from_history(self._histories[transcript[: length - 1]])
                moves, move = self._moves(state), transcript[length - 1]
                if move not in moves:
                    raise ParameterError(f"{self.name}: {shown(move)} is not a move from\n{state}")
                state.apply_action(moves[move])
            while not state.is_terminal() and state.current_player() != self.player:
                state.apply_action(self._reply(state))
            self._histories[transcript[:length]] = state.history()
        return self.game.state_from_history(self._histories[transcript])

    def _moves(self, state: State) -> dict[str, int]:
        if state.is_terminal():
            return {}
        return {state.action_to_string(action).strip(): action for action in state.legal_actions()}

    def _reply(self, state: State) -> int:
        """The move of chance or of another player: the same in the same state."""
        rng = Random(f"{self.seed} {state.history()}")
        if state.is_chance_node():
            outcomes = state.chance_outcomes()
            return rng.choices([o for o, _ in outcomes], [p for _, p in outcomes])[0]
        if self.opponent == "random":
            return rng.choice(state.legal_actions())
        return self._best(state, self.simulations)

    def _best(self, state: State, simulations: int) -> int:
        search = (MCTS if self.game.perfect_information else ISMCTS)(self.game, seed=self.seed, memory_bytes=32 << 20)
        return int(search.run(state, Budget(simulations=simulations)).best_action)

    def context(self, transcript: Transcript) -> str:
        state = self.state(transcript)
        if state.is_terminal():
            return f"{self.prompt}\n\n{state}\n"
        seen = state.observation_string(self.player)
        return f"{self.prompt}\n\n{seen}\n\nLegal moves: {', '.join(self._moves(state))}\nYour move: "

    def done(self, transcript: Transcript) -> bool:
        return self.state(transcript).is_terminal()

    def legal_steps(self, transcript: Transcript) -> list[str]:
        return list(self._moves(self.state(transcript)))

    def answer(self, transcript: Transcript) -> str:
        return json.dumps(list(transcript))

    def check(self, answer: str) -> float:
        try:
            state = self.state(read_list(answer, self.max_steps))
        except ValueError:  # not a list of legal moves
            return 0.0
        if not state.is_terminal():
            return 0.0
        low, high = self.game.min_utility(), self.game.max_utility()
        return min(1.0, max(0.0, (state.returns()[self.player] - low) / (high - low)))

    def solve(self) -> Solved:
        """Play every move by a search with ten times the opponent's simulations."""
        transcript: Transcript = ()
        looked = 0
        while not (state := self.state(transcript)).is_terminal():
            looked += 10 * self.simulations
            transcript = (*transcript, state.action_to_string(self._best(state, 10 * self.simulations)).strip())
        return Solved(self.answer(transcript), looked)

    def picture(self, transcript: Transcript) -> bytes:
        state = self.state(transcript)
        return text_picture(str(state) if state.is_terminal() else state.observation_string(self.player))
