"""`GoRecord`: a game of Go as people and servers play it, over the strict rules of the game `go`.

The rules know two players who move in turn and a game that ends with two passes. People also set stones up, give
handicaps, let one side play twice, take moves back, and go on after two passes. A record keeps what was done and
makes of it a state of the game from which a given colour moves: between two stones of one colour the other side
passes, but no such pass lets the other end the game. After two passes the game of the rules goes on with a clean-up, in
which stones cost nothing: it stands for the agreement of people about who is dead.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from longthink.errors import IllegalActionError, LongthinkError, ParameterError
from longthink.games.core import Game, GoBoard, State, without_passes
from longthink.games.go.game import vertex
from longthink.games.go.position import BLACK, COLOURS, WHITE, Stones, neighbours, regions, stones
from longthink.games.go.sgf import SgfGame, read_sgf, refuse
from longthink.games.registry import load_game

RULES = ("chinese", "aga", "new_zealand", "tromp_taylor", "japanese")


class GoRecord:
    """A board, its komi and rules, and what was played on it.

    komi: as agreed. rules: "chinese" (area scoring, a point to White for each handicap stone), "aga" (a point for each
    but the first), "new_zealand" (none), "tromp_taylor" (none, and no stone is taken for dead) or "japanese" (territory
    and prisoners, none). A move may not repeat an earlier position, except by Japanese rules, which have simple ko
    alone. Raises `ParameterError` for what the game does not take.
    """

    def __init__(self, size: int = 19, komi: float = 7.5, rules: str = "chinese") -> None:
        self.size, self.komi, self.rules = size, komi, _known(rules)
        self._room = max(100, 2 * size * size)  # moves in the longest history
        self.handicap = 0
        self.setup: list[tuple[int, int]] = []  # colour, point
        self.moves: list[tuple[int, int]] = []  # colour, action
        self.first_to_play: int | None = None  # as an SGF file may say it
        self._repeats = False  # an SGF file has positions that come again, whatever its rules
        self._game = self._load()

    def _load(self) -> Game:
        self._counted = float(self.game_komi)
        return load_game(
            "go",
            board_size=self.size,
            komi=self._counted,
            max_game_length=self._room,
            ko="simple" if self._repeats or self.rules == "japanese" else "positional",
            scoring="territory" if self.rules == "japanese" else "area",
            cleanup=self.rules != "tromp_taylor",
        )

    @property
    def handicap_stones(self) -> int:
        """Black's stones before White's first move: placed as a handicap or, as some servers send it, played."""
        if self.handicap or self.setup:
            return self.handicap
        played = itertools.takewhile(lambda move: move[0] == BLACK and move[1] != self.pass_action, self.moves)
        count = sum(1 for _ in played)
        return count if count > 1 else 0

    @property
    def game_komi(self) -> float:
        """What White gets in all: the komi, and by some rules points for handicap stones."""
        stones = {"chinese": self.handicap_stones, "aga": max(0, self.handicap_stones - 1)}
        return self.komi + stones.get(self.rules, 0)

    @property
    def game(self) -> Game:
        """The game of the rules: this board, and the komi with what White gets for the handicap."""
        if self._counted != self.game_komi:  # a stone of Black made it a handicap, or was taken back
            self._game = self._load()
        return self._game

    @property
    def pass_action(self) -> int:
        return self.size * self.size

    # ---- Changing it ----

    def clear(self) -> None:
        """An empty board; size, komi and rules stay."""
        self.handicap, self.setup, self.moves, self.first_to_play = 0, [], [], None
        self._repeats = False
        self._game = self._load()

    def set_komi(self, komi: float) -> None:
        before, self.komi = self.komi, komi
        try:
            self._game = self._load()
        except LongthinkError:
            self.komi = before
            raise

    def set_rules(self, rules: str) -> None:
        """Count by other rules from now on. Raises `ParameterError`; the record is then as it was."""
        self.rules = _known(rules)
        self._game = self._load()

    def play(self, colour: int, action: int) -> None:
        """Play for a colour, in turn or not. Raises `IllegalActionError`; the record is then as it was."""
        refused = self._play_all([(colour, action)])
        if refused is not None:
            raise IllegalActionError(refused[1])

    def _play_all(self, moves: Sequence[tuple[int, int]]) -> tuple[int, str] | None:
        """Play these moves; None, or the place of the first that is not legal, with the reason: none is played then."""
        known = len(self.moves)
        self.moves += moves
        try:
            self._make_room()
        finally:
            del self.moves[known:]
        state: State | None = None
        for place, (colour, action) in enumerate(moves):
            if action == self.pass_action:
                continue
            if not 0 <= action < self.pass_action:
                return place, f"expected a point of a {self.size}x{self.size} board or a pass, got {action}"
            if state is None:
                state = self._game.state_from_history(self.actions(colour))
            if state.current_player() != colour:
                state.apply_action(self.pass_action)
            try:
                state.apply_action(action)
            except IllegalActionError:
                word = vertex(self.size, action)
                return place, f"{COLOURS[colour]} may not play {word} here: {self._objection(state, action)}"
        self.moves += moves
        return None

    def _objection(self, state: State, action: int) -> str:
        """Why the rules forbid this action."""
        board = stones(state)
        if board[action]:
            return "there is a stone"
        if GoBoard(state).ko == action:
            return "the ko may not be taken back at once"
        own, near = (1, -1)[state.current_player()], neighbours(self.size)
        board[action] = own
        without = [p for p in regions(board) if board[p[0]] and not any(board[q] == 0 for at in p for q in near[at])]
        captures = any(board[part[0]] == -own for part in without)
        return "suicide" if without and not captures else "the position would come again"

    def undo(self) -> None:
        """Take the last move back. Raises `IllegalActionError` where there is none."""
        if not self.moves:
            raise IllegalActionError("there is no move to take back")
        self.moves.pop()

    def place_handicap(self, points: Sequence[int]) -> None:
        """Black's stones before White's first move. Raises `ParameterError` for a board that is not empty."""
        if self.setup or self.moves:
            raise ParameterError("a handicap expects an empty board")
        if len(set(points)) != len(points) or not all(0 <= point < self.pass_action for point in points):
            raise ParameterError("a handicap expects different points on the board")
        self.setup = [(BLACK, point) for point in points]
        self.handicap = len(points)
        self._game = self._load()

    def set_up(self, board: Stones, to_play: int | None = None) -> None:
        """Begin anew from these stones. Raises `ParameterError` where a chain has no liberty."""
        near = neighbours(self.size)
        for chain in regions(board):
            if board[chain[0]] and all(board[other] for point in chain for other in near[point]):
                raise ParameterError(f"the stones at {vertex(self.size, chain[0])} have no liberty")
        black, white = ([(c, int(p)) for p in np.flatnonzero(board == sign)] for c, sign in ((BLACK, 1), (WHITE, -1)))
        self.moves, self.first_to_play = [], to_play
        # In turn as far as they go. A chain with a liberty at the end has one all the time: nothing is captured.
        pairs = [stone for pair in zip(black, white, strict=False) for stone in pair]
        longer = max(black, white, key=len)
        self.setup = pairs + longer[min(len(black), len(white)) :]

    # ---- Reading it ----

    @property
    def to_play(self) -> int:
        """Whose turn it is."""
        if self.moves:
            return 1 - self.moves[-1][0]
        if self.first_to_play is not None:
            return self.first_to_play
        return WHITE if self.handicap else BLACK

    @property
    def passes(self) -> int:
        """How many passes the record ends with."""
        count = 0
        while count < len(self.moves) and self.moves[-1 - count][1] == self.pass_action:
            count += 1
        return count

    def actions(self, to_play: int | None = None) -> list[int]:
        """The history of `state(to_play)`."""
        line: list[int] = []
        for colour, action in [*self.setup, *self.moves]:
            if action != self.pass_action:
                if len(line) % 2 != colour:
                    line.append(self.pass_action)
                line.append(action)
        if len(line) % 2 != (self.to_play if to_play is None else to_play):
            line.append(self.pass_action)
        return line

    def state(self, to_play: int | None = None, cleanup: bool = False) -> State:
        """The state of `game` in which `to_play` (whose turn it is, if None) moves. cleanup: after the game, where what
        is played only settles who is dead; no rules of Tromp and Taylor have that."""
        line = self.actions(to_play)
        self._make_room()
        state = self.game.state_from_history(line)
        cleanup = cleanup and self.rules != "tromp_taylor"
        real = self.passes % 2 == 1 and line[-1:] == [self.pass_action]
        return state if real and not cleanup else without_passes(state, cleanup)

    def _make_room(self) -> None:
        """Let the game of the rules be long enough for the record, and for thinking."""
        longest = max(len(self.actions(colour)) for colour in (BLACK, WHITE))  # one game, whoever moves
        if longest + self.size * self.size > self._room:
            self._room = 2 * longest + 2 * self.size * self.size
            self._game = self._load()

    def board(self) -> Stones:
        """The stones, `[size * size]`: 1 black, -1 white, 0 empty."""
        return stones(self.state())

    def captured(self, board: Stones | None = None) -> tuple[int, int]:
        """How many stones of Black and of White were taken off the board."""
        board = self.board() if board is None else board
        played = [stone for stone in [*self.setup, *self.moves] if stone[1] != self.pass_action]
        black = sum(colour == BLACK for colour, _ in played)
        return black - int((board == 1).sum()), len(played) - black - int((board == -1).sum())

    # ---- SGF ----

    def sgf(self, **properties: Any) -> str:
        """The record as an SGF file; properties as SGF names them (PB, PW, RE, ...)."""
        rules = {"aga": "AGA", "new_zealand": "NZ", "tromp_taylor": "Tromp-Taylor"}.get(
            self.rules, self.rules.capitalize()
        )
        root: dict[str, Any] = {"GM": 1, "FF": 4, "CA": "UTF-8", "AP": "longthink", "SZ": self.size}
        root |= {
            "KM": f"{self.komi:g}",
            "RU": rules,
            **({"HA": self.handicap} if self.handicap > 1 else {}),
            **properties,
        }
        text = "(;" + "".join(f"{key}[{_escaped(value)}]" for key, value in root.items())
        for colour, key in ((BLACK, "AB"), (WHITE, "AW")):
            points = [self._sgf_point(point) for c, point in self.setup if c == colour]
            text += key + "".join(f"[{point}]" for point in points) if points else ""
        if self.first_to_play is not None:
            text += f"PL[{'BW'[self.first_to_play]}]"
        moves = [f";{'BW'[colour]}[{self._sgf_point(action)}]" for colour, action in self.moves]
        lines = ["".join(moves[i : i + 10]) for i in range(0, len(moves), 10)]
        return "\n".join([text, *lines]) + ")\n"

    def _sgf_point(self, action: int) -> str:
        if action == self.pass_action:
            return ""
        row, column = divmod(action, self.size)
        return chr(97 + column) + chr(97 + self.size - 1 - row)

    @classmethod
    def from_sgf(cls, data: bytes, moves: int | None = None, rules: str = "chinese", komi: float = 0.0) -> GoRecord:
        """The main line of the first game of an SGF file, with at most `moves` moves.

        rules, komi: for a file that does not say, or names unknown rules. The page docs/sgf.md says what is read.
        Raises `ParameterError` with the reason, and with the number of the move if it is one.
        """
        game = read_sgf(data)
        named = game.rules or rules
        record = cls(game.size, komi if game.komi is None else game.komi, named)
        refused = record._follow(game, moves)
        if refused is not None:  # a server let it pass: perhaps by rules under which a position may come again
            record = cls(record.size, record.komi, named)
            record._repeats = True
            refused = record._follow(game, moves)
        if refused is not None:
            refuse(refused)
        return record

    def _follow(self, game: SgfGame, most: int | None) -> str | None:
        """Set up and play what an SGF file says; what is wrong with it, or None."""
        self.handicap = game.handicap
        self._game = self._load()
        left = sum(len(node.moves) for node in game.nodes) if most is None else most
        played, waiting = 0, list[tuple[int, int]]()  # moves done, and those read since

        def play() -> str | None:
            nonlocal played
            refused = self._play_all(waiting)
            if refused is not None:
                return f"move {played + refused[0] + 1}: {refused[1]}"
            played += len(waiting)
            waiting.clear()
            return None

        for number, node in enumerate(game.nodes):
            if any(node.setup):
                refused = play()
                if refused is not None:
                    return refused
                board = self.board()
                for colour, points in zip((1, -1, 0), node.setup, strict=True):
                    board[points] = colour
                try:
                    self.set_up(board)
                except ParameterError as error:
                    return f"node {number} of the main line: {error}"
            if node.to_play is not None and not waiting and not self.moves:
                self.first_to_play = node.to_play
            waiting += node.moves[: left - played - len(waiting)]
            if node.moves and played + len(waiting) == left:
                break
        refused = play()
        if refused is None and self.first_to_play is None and not self.moves:
            coming = [colour for node in game.nodes for colour, _ in node.moves][played : played + 1]
            if coming and coming[0] != self.to_play:
                self.first_to_play = coming[0]
        return refused


def _known(rules: str) -> str:
    if rules not in RULES:
        raise ParameterError(f"rules expects one of {', '.join(RULES)}, got {rules!r}")
    return rules


def _escaped(value: Any) -> str:
    return str(value).replace("\\", "\\\\").replace("]", "\\]")
