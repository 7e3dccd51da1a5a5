"""`GoRecord`: a game of Go as people and servers play it, on top of the strict rules of the game `go`.

In the game `go` two players move in turn, and two passes end the game. People also set stones up, give handicaps, let
one side play twice, take moves back, and continue after two passes. A record keeps what was done, and makes a state of
the game in which a given colour moves: between two stones of one colour it inserts a pass of the other side, and no
such pass lets the other side end the game. After two passes the game continues with a clean-up, in which stones cost
nothing. The clean-up stands for the agreement of people about which stones are dead.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from longthink.errors import IllegalActionError, LongthinkError, ParameterError
from longthink.games.core import Game, GoBoard, State, without_passes
from longthink.games.go.game import vertex
from longthink.games.go.position import BLACK, COLOURS, SIGN, WHITE, Stones, chains, liberties, stones
from longthink.games.go.rules import Rules, rules_named
from longthink.games.go.sgf import SgfGame, read_sgf, refuse, write_sgf
from longthink.games.registry import load_game

Move = tuple[int, int]
"""A colour and an action."""


class GoRecord:
    """A board, its komi and rules, and the moves that were played.

    komi: as agreed. rules: a name of `RULES` (rules.py). handicap: the stones of a placed handicap. setup: stones that
    were set up, as colour and point. moves: colour and action. first_to_play: the colour that begins, if an SGF file
    says it.

    Raises `ParameterError` for a value that the game does not take.
    """

    def __init__(self, size: int = 19, komi: float = 7.5, rules: str = "chinese") -> None:
        rules_named(rules)
        self.size, self.komi, self.rules = size, komi, rules
        self._room = max(100, 2 * size * size)  # moves in the longest history
        self.handicap = 0
        self.setup: list[Move] = []
        self.moves: list[Move] = []
        self.first_to_play: int | None = None
        self._repeats = False  # whether an SGF file repeats positions, even against its rules
        self._game = self._load()

    def _load(self) -> Game:
        self._counted = float(self.game_komi)
        return load_game(
            "go",
            board_size=self.size,
            komi=self._counted,
            max_game_length=self._room,
            ko="simple" if self._repeats else self.rule_set.ko,
            scoring=self.rule_set.scoring,
            cleanup=self.rule_set.cleanup,
        )

    @property
    def rule_set(self) -> Rules:
        return rules_named(self.rules)

    @property
    def handicap_stones(self) -> int:
        """Black's stones before White's first move: placed as a handicap or, as some servers do it, played."""
        if self.handicap or self.setup:
            return self.handicap
        played = itertools.takewhile(lambda move: move[0] == BLACK and move[1] != self.pass_action, self.moves)
        count = sum(1 for _ in played)
        return count if count > 1 else 0

    @property
    def game_komi(self) -> float:
        """All points that White gets: the komi, and by some rules points for handicap stones."""
        return self.komi + self.rule_set.handicap_points(self.handicap_stones)

    @property
    def game(self) -> Game:
        """The game `go` with this board and these rules; its komi includes the points for the handicap."""
        if self._counted != self.game_komi:  # a stone of Black made a handicap, or was taken back
            self._game = self._load()
        return self._game

    @property
    def pass_action(self) -> int:
        return self.size * self.size

    # ---- Changing it ----

    def clear(self) -> None:
        """Empty the board; size, komi and rules stay."""
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
        """Play by other rules from now on. Raises `ParameterError` and changes nothing if there are no such rules."""
        rules_named(rules)
        self.rules = rules
        self._game = self._load()

    def play(self, colour: int, action: int) -> None:
        """Play for a colour, in turn or not. Raises `IllegalActionError` and changes nothing if the move is illegal."""
        refused = self._play_all([(colour, action)])
        if refused is not None:
            raise IllegalActionError(refused[1])

    def _play_all(self, moves: Sequence[Move]) -> tuple[int, str] | None:
        """Play all these moves, or none and return the index of the first illegal one, with the reason."""
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
        """Why the rules forbid an action."""
        board = stones(state)
        if board[action]:
            return "there is a stone"
        if GoBoard(state).ko == action:
            return "the ko may not be retaken at once"
        own = board[action] = SIGN[state.current_player()]
        captured = [chain for chain in chains(board) if not liberties(board, chain)]
        suicide = captured and all(board[chain[0]] == own for chain in captured)
        return "suicide" if suicide else "it would repeat an earlier position"

    def undo(self) -> None:
        """Take the last move back. Raises `IllegalActionError` if there is none."""
        if not self.moves:
            raise IllegalActionError("there is no move to take back")
        self.moves.pop()

    def place_handicap(self, points: Sequence[int]) -> None:
        """Set up Black's stones before White's first move. Raises `ParameterError` if the board is not empty."""
        if self.setup or self.moves:
            raise ParameterError("a handicap expects an empty board")
        if len(set(points)) != len(points) or not all(0 <= point < self.pass_action for point in points):
            raise ParameterError("a handicap expects different points on the board")
        self.setup = [(BLACK, point) for point in points]
        self.handicap = len(points)
        self._game = self._load()

    def set_up(self, board: Stones, to_play: int | None = None) -> None:
        """Restart from these stones. Raises `ParameterError` if a chain has no liberty."""
        for chain in chains(board):
            if not liberties(board, chain):
                raise ParameterError(f"the stones at {vertex(self.size, chain[0])} have no liberty")
        black, white = ([(c, int(p)) for p in np.flatnonzero(board == SIGN[c])] for c in (BLACK, WHITE))
        self.moves, self.first_to_play = [], to_play
        # Both colours in turn as long as both have stones. Every chain has a liberty at the end, and so all the time:
        # nothing is captured.
        pairs = [stone for pair in zip(black, white, strict=False) for stone in pair]
        longer = max(black, white, key=len)
        self.setup = pairs + longer[min(len(black), len(white)) :]

    # ---- Reading it ----

    @property
    def to_play(self) -> int:
        """The colour whose turn it is."""
        if self.moves:
            return 1 - self.moves[-1][0]
        if self.first_to_play is not None:
            return self.first_to_play
        return WHITE if self.handicap else BLACK

    @property
    def passes(self) -> int:
        """The number of passes at the end of the record."""
        return sum(1 for _ in itertools.takewhile(lambda move: move[1] == self.pass_action, reversed(self.moves)))

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
        """The state of `game` in which `to_play` moves, by default the colour whose turn it is.

        cleanup: in the clean-up after the game, if the rules have one.
        """
        line = self.actions(to_play)
        self._make_room()
        state = self.game.state_from_history(line)
        cleanup = cleanup and self.rule_set.cleanup
        has_passed = self.passes % 2 == 1 and line[-1:] == [self.pass_action]
        return state if has_passed and not cleanup else without_passes(state, cleanup)

    def _make_room(self) -> None:
        """Let the game be long enough for the record and for thinking."""
        longest = max(len(self.actions(colour)) for colour in (BLACK, WHITE))  # one game for both colours to move
        if longest + self.size * self.size > self._room:
            self._room = 2 * longest + 2 * self.size * self.size
            self._game = self._load()

    def board(self) -> Stones:
        """The stones, `[size * size]`: 1 black, -1 white, 0 empty."""
        return stones(self.state())

    def captured(self, board: Stones | None = None) -> tuple[int, int]:
        """How many stones Black and White have lost. board: that of the record, if it is known already."""
        board = self.board() if board is None else board
        played = [colour for colour, action in [*self.setup, *self.moves] if action != self.pass_action]
        black, white = (played.count(colour) - int((board == SIGN[colour]).sum()) for colour in (BLACK, WHITE))
        return black, white

    # ---- SGF ----

    def sgf(self, **properties: Any) -> str:
        """The record as an SGF file. properties: more properties of the root by their SGF names (PB, PW, RE, ...)."""
        root: dict[str, Any] = {"GM": 1, "FF": 4, "CA": "UTF-8", "AP": "longthink", "SZ": self.size}
        root |= {"KM": f"{self.komi:g}", "RU": self.rule_set.sgf}
        root |= {"HA": self.handicap} if self.handicap > 1 else {}
        return write_sgf(self.size, root | properties, self.setup, self.moves, self.first_to_play)

    @classmethod
    def from_sgf(cls, data: bytes, moves: int | None = None, rules: str = "chinese", komi: float = 0.0) -> GoRecord:
        """The main line of the first game of an SGF file, with at most `moves` moves.

        rules, komi: for a file that does not say them, or that names unknown rules. See docs/sgf.md.
        Raises `ParameterError` with the reason, and with the number of the move if a move is wrong.
        """
        game = read_sgf(data)
        named = game.rules or rules
        record = cls(game.size, komi if game.komi is None else game.komi, named)
        refused = record._follow(game, moves)
        if refused is not None:  # a server allowed it: perhaps a position may be repeated by its rules
            record = cls(record.size, record.komi, named)
            record._repeats = True
            refused = record._follow(game, moves)
        if refused is not None:
            refuse(refused)
        return record

    def _follow(self, game: SgfGame, most: int | None) -> str | None:
        """Set up and play the nodes of an SGF file; returns the first error as text, or None."""
        self.handicap = game.handicap
        self._game = self._load()
        left = sum(len(node.moves) for node in game.nodes) if most is None else most
        played, waiting = 0, list[Move]()  # the number of moves done, and moves that are read but not yet done

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
                for content, points in zip((SIGN[BLACK], SIGN[WHITE], 0), node.setup, strict=True):
                    board[points] = content
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
