"""`GoReferee`: Go as people and programs play it, in which two passes are followed by a count.

After two passes, the score is counted with all stones alive, by us, and by the judge and the programs that can count.
If these name the winner that has won with all stones alive, the game is over. Otherwise the players continue and
capture dead stones, until two more passes, as on the Kiseido Go Server; then the count with all stones alive decides.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from longthink.benchmarks.harness.matches.agents import Agent, View
from longthink.benchmarks.harness.matches.gtp import GtpAgent
from longthink.benchmarks.harness.matches.referee import Ask, Referee
from longthink.benchmarks.peers.gtp_player import PlayerError, PlayerStartError
from longthink.errors import IllegalActionError, ParameterError
from longthink.games.core import Game
from longthink.games.go.position import area
from longthink.games.go.record import GoRecord
from longthink.games.go.scoring import final_score, score_text


class GoView(View):
    """A position of Go. record: the game so far. cleanup: dead stones are to be captured before passing."""

    def __init__(self, record: GoRecord, cleanup: bool) -> None:
        super().__init__(record.state(cleanup=cleanup), record.to_play)
        self.record, self.cleanup = record, cleanup


@contextmanager
def _ignoring_faults() -> Iterator[None]:
    """Ignore what a judge does wrong: its count is missing then. A judge that cannot be started is an error."""
    try:
        yield
    except PlayerStartError:
        raise
    except PlayerError:
        pass


class GoReferee(Referee):
    """Follows a game of Go under Chinese rules on the board and with the komi of `game`; handicaps are not played.

    judge: the command line of a program that counts, or "". max_moves: the board is counted after so many moves; 0
    means 3 for each point.
    """

    def __init__(
        self, game: Game, opening: Sequence[int] = (), seed: str = "", *, judge: str = "", max_moves: int = 0
    ) -> None:
        parameters = game.get_parameters()
        if parameters["handicap"]:
            raise ParameterError("a match of Go has no handicap; use handicap=0")
        size = int(parameters["board_size"])
        self.game, self.record = game, GoRecord(size, float(parameters["komi"]))
        for number, action in enumerate(opening):
            self.record.play(number % 2, action)
        self.opening = len(opening)
        self._most = max_moves or 3 * size * size
        self._passes, self._cleanup, self._length = 0, False, 0
        self._scores: dict[str, Any] = {}
        self._result: tuple[str, str] | None = None  # the score and how it was found
        self._judge = GtpAgent(judge) if judge else None
        if self._judge is not None:
            with _ignoring_faults():
                self._judge.begin(game, 0, 0)

    @staticmethod
    def random_opening(game: Game, moves: int, seed: str) -> list[int]:
        """Random moves, not on the first two lines of boards from 7x7."""
        size = int(game.get_parameters()["board_size"])
        lines = range(2, size - 2) if size >= 7 else range(size)
        points = [row * size + column for row in lines for column in lines]
        if moves > size * size // 4:
            raise ParameterError(f"expected at most {size * size // 4} opening moves in {game}, got {moves}")
        return random.Random(f"opening-{seed}").sample(points, min(moves, len(points)))

    def to_act(self) -> int | None:
        return self.record.to_play if self._result is None else None

    def view(self) -> View:
        return GoView(self.record, self._cleanup)

    def play(self, player: int, action: int) -> None:
        if type(action) is not int:
            raise IllegalActionError(f"expected an action, got {action!r}")
        self.record.play(player, action)
        self._passes = self._passes + 1 if action == self.record.pass_action else 0

    def settle(self, agents: Sequence[Agent], ask: Ask) -> None:
        if self._passes < 2 and len(self.record.moves) - self._length < self._most:
            return
        stones = score_text(int(area(self.record.board()).sum()) - self.record.game_komi)
        if self._cleanup:
            self._scores["cleanup"] = stones
            self._result = stones, "score after clean-up"
            return
        self._length = len(self.record.moves)
        counts, who = self._count(agents, ask)
        self._scores["stones"] = stones
        if {count[0] for count in counts} == {stones[0]}:
            self._result = counts[0], f"score by {who}"
        else:
            self._cleanup, self._passes = True, 0

    def _count(self, agents: Sequence[Agent], ask: Ask) -> tuple[list[str], str]:
        """The scores that decide, and whose they are."""
        self._scores["ours"] = final_score(self.record).text
        for player, agent in enumerate(agents):
            if isinstance(agent, GtpAgent):
                counted = ask(player, partial(agent.count, self.record))
                if counted is not None:
                    self._scores["BW"[player]] = counted
        judge = self._judge
        if judge is not None:
            counted = ask(-1, partial(judge.count, self.record))
            if counted is not None:
                self._scores["judge"] = counted
                return [counted], "judge"
        by_players = [self._scores[colour] for colour in "BW" if colour in self._scores]
        return (by_players, "the programs") if by_players else ([self._scores["ours"]], "longthink")

    def returns(self) -> list[float]:
        winner = self._result[0][0] if self._result is not None else "0"
        black = {"B": 1.0, "W": -1.0}.get(winner, 0.0)
        return [black, -black]

    def end(self) -> str:
        return self._result[1] if self._result is not None else ""

    def moves(self) -> list[int]:
        return [action for _, action in self.record.moves]

    def details(self) -> Mapping[str, Any]:
        result = self._result[0] if self._result is not None else ""
        cleanup = len(self.record.moves) - self._length if self._cleanup else 0
        return {"result": result, "scores": self._scores, "cleanup_moves": cleanup}

    def close(self) -> None:
        if self._judge is not None:
            self._judge.close()

    def sgf(self, names: Sequence[str], result: str) -> str:
        black, white = (" ".join(name.split())[:120] for name in names)
        return self.record.sgf(PB=black, PW=white, RE=result)


def margin(score: str) -> float:
    """The points by which Black leads in a score such as "W+3.5"."""
    return 0.0 if score == "0" else math.copysign(float(score[2:]), 1.0 if score[0] == "B" else -1.0)
