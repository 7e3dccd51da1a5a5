"""`longthink play`: a person plays a game in the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import longthink as lt
from longthink.commands.choices import Chosen, choices_of_game, specialise
from longthink.commands.command import Command
from longthink.options import Run, option, seconds, seed, whole


def play(
    game: Annotated[str, option("A game of `longthink games`; parameters may follow in brackets.")],
    /,
    *,
    player: Annotated[int, whole("The player that you are, from 0.", 0)] = 0,
    seconds: Annotated[float | None, seconds("Time of the search for a move; default: 1.")] = None,
    simulations: Annotated[int | None, whole("Simulations of the search for a move.", 1)] = None,
    seed: Annotated[int, seed("Seed of the search and of chance.")] = 0,
    show: Annotated[bool, option("Print how good the search finds its moves.", show_default=False)] = False,
    game_options: Chosen = None,
) -> int:
    """Play a game against the search in the terminal.

    If players do not see everything, the other side plays a strategy that is computed first.
    """
    from longthink.console.console import Console
    from longthink.console.play import play_game
    from longthink.go.terminal import GoConsole

    loaded = lt.load_game(game, **(game_options or {}))
    if not 0 <= player < loaded.num_players():
        raise lt.ParameterError(f"--player expects 0..{loaded.num_players() - 1} in {loaded}, got {player}")
    budget = lt.Budget(simulations=simulations, seconds=seconds)
    if not loaded.perfect_information and budget != lt.Budget():
        raise lt.ParameterError(
            f"--seconds and --simulations do not belong to {loaded}, which a computed strategy plays; leave them out"
        )
    if budget == lt.Budget():
        budget = lt.Budget(seconds=1.0)
    console = GoConsole if loaded.name == "go" else Console
    return play_game(console(loaded, player, budget, seed, show))


def with_choices(words: Sequence[str]) -> Run:
    """`play` with the parameters of the game that the words name."""
    return specialise(play, choices_of_game(words))


COMMAND = Command(
    play,
    """  longthink play connect_four             # you begin
  longthink play tic_tac_toe --player 1   # the search begins
  longthink play go --board-size 9        # a board of Go
  longthink play leduc_poker              # against the average strategy of CFR+
  longthink play connect_four --seconds 3 --show""",
    with_choices,
)
