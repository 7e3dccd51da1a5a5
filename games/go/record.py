"""`GoRecord`: a game of Go as people and servers play it, on top of the strict rules of the game `go`.

In the rules two players move in turn, and two passes end the game. People also set up stones, give handicaps, play two
moves in a row for one colour, take back moves, and continue after two passes. A record stores what happened and
converts it to a state of the game in which a given colour moves. Between two moves of one colour the other side passes,
but such a pass never ends the game. After two passes the game continues with a clean-up in which stones cost nothing.
It replaces the agreement of people about dead stones.
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
    """A board, its komi and rules, and the moves played on it.

    komi: without the points for handicap stones. rules:
    - "chinese": area scoring, White gets a point for each handicap stone;
    - "aga": area scoring, White gets a point for each handicap stone except the first;
    - "new_zealand": area scoring, no points for handicap stones;
    - "tromp_taylor": the same, and no stone is considered dead;
    - "japanese": territory and prisoners, no points for handicap stones.

    A move may not repeat an earlier position, except under Japanese rules, which have only simple ko. Raises
    `ParameterError` for parameters that the game refuses.
    """

    def __init__(self, size: int = 19, komi: float = 7.5, rules: str = "chinese") -> None:
        self.size, self.komi, self.rules = size, komi, _known(rules)
        self._room = max(100, 2 * size * size)  # the largest number of moves in a history
        self.handicap = 0
        self.setup: list[tuple[int, int]] = []  # colour, point
        self.moves: list[tuple[int, int]] = []  # colour, action
        self.first_to_play: int | None = None  # if an SGF file specifies it
        self._repeats = False  # an SGF file repeats a position, whatever its rules
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
        """The number of Black's stones before White's first move, either placed or, as some servers do, played."""
        if self.handicap or self.setup:
            return self.handicap
        played = itertools.takewhile(lambda move: move[0] == BLACK and move[1] != self.pass_action, self.moves)
        count = sum(1 for _ in played)
        return count if count > 1 else 0

    @property
    def game_komi(self) -> float:
        """All points that White gets: the komi and, under some rules, points for handicap stones."""
        stones = {"chinese": self.handicap_stones, "aga": max(0, self.handicap_stones - 1)}
        return self.komi + stones.get(self.rules, 0)

    @property
    def game(self) -> Game:
        """The game `go` with this board and with the komi that includes points for handicap stones."""
        if self._counted != self.game_komi:  # the number of handicap stones has changed
            self._game = self._load()
        return self._game

    @property
    def pass_action(self) -> int:
        return self.size * self.size

    # ---- Change the record ----

    def clear(self) -> None:
        """Clear the board. Size, komi and rules do not change."""
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
        """Change the rules. Raises `ParameterError` for unknown rules, and then changes nothing."""
        self.rules = _known(rules)
        self._game = self._load()

    def play(self, colour: int, action: int) -> None:
        """Play for a colour, in turn or not.

        Raises `IllegalActionError` if the move is illegal, and then changes nothing.
        """
        refused = self._play_all([(colour, action)])
        if refused is not None:
            raise IllegalActionError(refused[1])

    def _play_all(self, moves: Sequence[tuple[int, int]]) -> tuple[int, str] | None:
        """Play these moves and return None. If one is illegal, play none and return its index and the reason."""
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
        """The reason why this action is illegal."""
        board = stones(state)
        if board[action]:
            return "there is a stone"
        if GoBoard(state).ko == action:
            return "the ko may not be retaken at once"
        own, near = (1, -1)[state.current_player()], neighbours(self.size)
        board[action] = own
        without = [p for p in regions(board) if board[p[0]] and not any(board[q] == 0 for at in p for q in near[at])]
        captures = any(board[part[0]] == -own for part in without)
        return "suicide" if without and not captures else "it would repeat an earlier position"

    def undo(self) -> None:
        """Take back the last move. Raises `IllegalActionError` if there is none."""
        if not self.moves:
            raise IllegalActionError("there is no move to take back")
        self.moves.pop()

    def place_handicap(self, points: Sequence[int]) -> None:
        """Place Black's handicap stones. Raises `ParameterError` if the board is not empty."""
        if self.setup or self.moves:
            raise ParameterError("a handicap expects an empty board")
        if len(set(points)) != len(points) or not all(0 <= point < self.pass_action for point in points):
            raise ParameterError("a handicap expects different points on the board")
        self.setup = [(BLACK, point) for point in points]
        self.handicap = len(points)
        self._game = self._load()

    def set_up(self, board: Stones, to_play: int | None = None) -> None:
        """Restart from these stones. Raises `ParameterError` if a chain has no liberty."""
        near = neighbours(self.size)
        for chain in regions(board):
            if board[chain[0]] and all(board[other] for point in chain for other in near[point]):
                raise ParameterError(f"the stones at {vertex(self.size, chain[0])} have no liberty")
        black, white = ([(c, int(p)) for p in np.flatnonzero(board == sign)] for c, sign in ((BLACK, 1), (WHITE, -1)))
        self.moves, self.first_to_play = [], to_play
        # Alternate colours while possible. A chain with a liberty at the end always has one, so nothing is captured.
        pairs = [stone for pair in zip(black, white, strict=False) for stone in pair]
        longer = max(black, white, key=len)
        self.setup = pairs + longer[min(len(black), len(white)) :]

    # ---- Read the record ----

    @property
    def to_play(self) -> int:
        """The colour to move."""
        if self.moves:
            return 1 - self.moves[-1][0]
        if self.first_to_play is not None:
            return self.first_to_play
        return WHITE if self.handicap else BLACK

    @property
    def passes(self) -> int:
        """The number of passes at the end of the record."""
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
        """The state of `game` in which `to_play` moves (by default the colour whose turn it is).

        cleanup: the phase after the game, in which moves only settle which stones are dead. Tromp-Taylor rules do not
        have it.
        """
        line = self.actions(to_play)
        self._make_room()
        state = self.game.state_from_history(line)
        cleanup = cleanup and self.rules != "tromp_taylor"
        real = self.passes % 2 == 1 and line[-1:] == [self.pass_action]
        return state if real and not cleanup else without_passes(state, cleanup)

    def _make_room(self) -> None:
        """Make the maximum length of the game sufficient for the record and for a search."""
        longest = max(len(self.actions(colour)) for colour in (BLACK, WHITE))  # one game for both colours to move
        if longest + self.size * self.size > self._room:
            self._room = 2 * longest + 2 * self.size * self.size
            self._game = self._load()

    def board(self) -> Stones:
        """The stones, `[size * size]`: 1 black, -1 white, 0 empty."""
        return stones(self.state())

    def captured(self, board: Stones | None = None) -> tuple[int, int]:
        """The numbers of captured stones of Black and of White."""
        board = self.board() if board is None else board
        played = [stone for stone in [*self.setup, *self.moves] if stone[1] != self.pass_action]
        black = sum(colour == BLACK for colour, _ in played)
        return black - int((board == 1).sum()), len(played) - black - int((board == -1).sum())

    # ---- SGF ----

    def sgf(self, **properties: Any) -> str:
        """The record as an SGF file, with additional properties by their SGF names (PB, PW, RE, ...)."""
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
        """The main line of the first game in an SGF file, with at most `moves` moves.

        rules, komi: used if the file does not have them, or has unknown rules. docs/sgf.md describes what is read.
        Raises `ParameterError` with the reason and, for an illegal move, its number.
        """
        game = read_sgf(data)
        named = game.rules or rules
        record = cls(game.size, komi if game.komi is None else game.komi, named)
        refused = record._follow(game, moves)
        if refused is not None:  # the server accepted it, perhaps under rules that allow repeated positions
            record = cls(record.size, record.komi, named)
            record._repeats = True
            refused = record._follow(game, moves)
        if refused is not None:
            refuse(refused)
        return record

    def _follow(self, game: SgfGame, most: int | None) -> str | None:
        """Set up and play the content of an SGF file. Returns None, or a description of the error."""
        self.handicap = game.handicap
        self._game = self._load()
        left = sum(len(node.moves) for node in game.nodes) if most is None else most
        played, waiting = 0, list[tuple[int, int]]()  # number of moves played, and moves read but not yet played

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
