"""Playthroughs: one complete game as text, for people to read and for tests to compare.

`python -m longthink.games.playthrough NAME` prints one. The folder tests/games/playthroughs/ has one for every game;
after an intended change of rules, `--write FOLDER` writes them all again.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from longthink.errors import ParameterError
from longthink.files import write_file
from longthink.games.core import Game, State
from longthink.games.registry import games, load_game
from longthink.options import option, run_program, whole

SHOWN = {
    "2048": "2048(max_tile=16)",
    "breakthrough": "breakthrough(rows=6,columns=5)",
    "go": "go(board_size=5)",
    "gomoku": "gomoku(size=6,connect=4)",
    "havannah": "havannah(board_size=3)",
    "hex": "hex(board_size=4)",
    "y": "y(board_size=5)",
}
"""Games that `--write` plays on a smaller board than the default, so that people can read them."""


def shown(name: str) -> Game:
    """The game of this name, with the parameters of its stored playthrough."""
    return load_game(SHOWN.get(name, name))


def playthrough(game: Game, seed: int = 1) -> str:
    """One random game, determined by `seed`: constants, every state with all its queries, and the returns."""
    return "\n".join([*_constants(game), *_states(game, seed)]) + "\n"


def _constants(game: Game) -> Iterator[str]:
    yield f"game: {game}"
    for name in (
        "num_players", "num_distinct_actions", "max_chance_outcomes", "max_game_length", "max_chance_nodes_in_history",
        "min_utility", "max_utility", "zero_sum", "state_bytes", "perfect_information", "information_state_bytes",
    ):  # fmt: skip
        value = getattr(game, name)
        yield f"{name}: {value() if callable(value) else value}"


def _states(game: Game, seed: int) -> Iterator[str]:
    state, number = game.new_initial_state(), seed
    while True:
        player = state.current_player()
        yield f"\n# after {state.history()}"
        yield from (f"| {line}" for line in str(state).splitlines())
        yield f"current player: {player}"
        yield from _information(game, state)
        if state.is_terminal():
            yield f"returns: {state.returns()}"
            return
        legal = state.legal_actions()
        if player == -1:
            yield "chance outcomes: " + ", ".join(f"{action}: {p:.6f}" for action, p in state.chance_outcomes())
        yield "legal actions: " + ", ".join(f"{action} {state.action_to_string(action)!r}" for action in legal)
        number = (number * 6364136223846793005 + 1442695040888963407) % 2**64
        action = legal[(number >> 33) % len(legal)]
        yield f"action: {action}"
        state.apply_action(action)


def _information(game: Game, state: State) -> Iterator[str]:
    if game.perfect_information:
        return
    for player in range(game.num_players()):
        yield f"information state {player}: {state.information_state_string(player)!r}"
        yield f"observation {player}: {state.observation_string(player)!r}"


def main(
    game: Annotated[str | None, option("A game of `longthink games`.")] = None,
    /,
    *,
    seed: Annotated[int, whole("Seed of the actions.", 0)] = 1,
    write: Annotated[
        Path | None, option("Write the playthroughs of all games to this folder.", metavar="FOLDER")
    ] = None,
) -> None:
    """Print one game, action by action, with all queries of the game interface."""
    if write is not None:
        write.mkdir(parents=True, exist_ok=True)
        for name in games():
            write_file(write / f"{name}.txt", playthrough(shown(name), seed))
    elif game is not None:
        print(playthrough(load_game(game), seed), end="")
    else:
        raise ParameterError("expected the name of a game, or --write FOLDER")


if __name__ == "__main__":
    sys.exit(run_program("longthink.games.playthrough", main))
