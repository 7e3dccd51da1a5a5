"""A program that speaks the Go Text Protocol as an agent: "gtp:gnugo --mode gtp --level 10"."""

from __future__ import annotations

import re

from longthink.benchmarks.harness.matches.agents import Agent, View
from longthink.benchmarks.peers.gtp_player import GtpPlayer, PlayerError
from longthink.errors import GameError, IllegalActionError, ParameterError
from longthink.games.core import Game
from longthink.games.go.game import action_of, vertex
from longthink.games.go.record import GoRecord

COLOURS = "bw"
_SCORE = re.compile(r"[BW]\+[0-9]{1,6}(\.[0-9]{0,6})?|0")


class GtpAgent(Agent):
    """A Go program in a process of its own. In its command line, {seed} becomes the seed of the game."""

    def __init__(self, command: str, /) -> None:
        self._command = command
        self._player: GtpPlayer | None = None
        self._known = 0  # moves of the record that the program knows

    def begin(self, game: Game, seat: int, seed: int) -> None:
        if game.name != "go":
            raise GameError(f"a program that speaks the Go Text Protocol plays go, not {game}")
        parameters = game.get_parameters()
        self._size, self._komi = int(parameters["board_size"]), float(parameters["komi"])
        self._player = GtpPlayer(self._command.replace("{seed}", str(seed)))
        self._player.begin(self._size, self._komi)

    @property
    def player(self) -> GtpPlayer:
        if self._player is None:
            raise GameError("the program plays no game yet")
        return self._player

    def follow(self, record: GoRecord) -> None:
        """Tell the program the moves of a record that it does not know yet."""
        for colour, action in record.moves[self._known :]:
            self.player.play(COLOURS[colour], vertex(self._size, action))
            self._known += 1

    def act(self, view: View) -> int | None:
        from longthink.benchmarks.harness.matches.go_referee import GoView

        assert isinstance(view, GoView)
        self.follow(view.record)
        answer = self.player.genmove(COLOURS[view.player], view.cleanup)
        if answer == "resign":
            return None
        try:
            action = action_of(self._size, answer)
        except ParameterError as error:
            raise IllegalActionError(str(error)) from error
        self._known += 1
        return action

    def count(self, record: GoRecord) -> str | None:
        """The score of a finished game by the program, as "B+3.5"; None if it gives no number."""
        try:
            self.follow(record)
            words = self.player.ask("final_score").upper()[:200].split()
        except PlayerError:
            return None
        return words[0] if words and _SCORE.fullmatch(words[0]) else None

    def cpu_seconds(self) -> float | None:
        return 0.0 if self._player is None else self._player.cpu_seconds()

    def close(self) -> None:
        if self._player is not None:
            self._player.close()
