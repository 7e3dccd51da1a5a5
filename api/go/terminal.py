"""Go in the terminal: the board, and `GoConsole`, with which a person plays against the engine of `longthink gtp`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

import longthink as lt
from longthink.console.console import Console, best, can_print, use_colours
from longthink.games.go.game import COLUMNS, action_of, vertex
from longthink.games.go.handicap import fixed_handicap, most_handicap
from longthink.games.go.position import BLACK, COLOURS, SIGN, WHITE, Stones, board_size, size_of, stones
from longthink.games.go.record import GoRecord
from longthink.games.go.scoring import Score, final_score
from longthink.go.engine import Engine, EngineOptions

_WOOD, _INK, _WHITE, _MARK, _DIM, _END = (
    "\x1b[48;5;179m",
    "\x1b[38;5;16m",
    "\x1b[38;5;231m",
    "\x1b[1;38;5;124m",
    "\x1b[38;5;94m",
    "\x1b[0m",
)


@dataclass(frozen=True)
class Signs:
    """The characters of a board: stones, points, star points, territory."""

    black: str = "●"
    white: str = "○"
    point: str = "·"
    star: str = "+"
    black_area: str = "▪"
    white_area: str = "▫"


PLAIN = Signs("X", "O", ".", "+", "x", "o")


def star_points(size: int) -> set[int]:
    """The points that a board marks."""
    most = most_handicap(size)
    marked = fixed_handicap(size, most) if most else []
    if 9 <= size < 13 and size % 2:  # small boards mark the corners and the centre
        marked = [*marked[:4], size * size // 2]
    return set(marked)


def draw(
    board: Stones,
    *,
    last: int | None = None,
    marks: Mapping[int, str] | None = None,
    owner: Stones | None = None,
    side_lines: list[str] | None = None,
    colours: bool = False,
    signs: Signs | None = None,
) -> str:
    """A board as text.

    last: the point of the last move, shown in brackets. marks: texts to write on points, such as "1". owner: the owner
    of each empty point. side_lines: lines to the right of the board. colours: with ANSI colours.
    """
    size = size_of(board)
    signs = signs or (Signs() if can_print("●○·▪▫") else PLAIN)
    stars, marks, side_lines = star_points(size), marks or {}, side_lines or []
    white = signs.black if colours and signs.black != "X" else signs.white  # in colours both stones are full

    def cell(point: int) -> str:
        stone = int(board[point])
        if point in marks:
            return _painted(marks[point], _MARK, colours)
        if stone:
            return _painted(signs.black if stone > 0 else white, _INK if stone > 0 else _WHITE, colours)
        if owner is not None and owner[point]:
            sign = signs.black_area if owner[point] > 0 else signs.white_area
            return _painted(signs.black_area if colours else sign, _INK if owner[point] > 0 else _WHITE, colours)
        return _painted(signs.star if point in stars else signs.point, _DIM, colours)

    letters = "    " + " ".join(COLUMNS[:size]) + "  "
    lines = [letters]
    for row in reversed(range(size)):
        text = ""
        for column in range(size):
            point = row * size + column
            left = "(" if point == last else ")" if column and point - 1 == last else " "
            text += _painted(left, _MARK, colours) + cell(point)
        text += _painted(")" if row * size + size - 1 == last else " ", _MARK, colours)
        lines.append(f"{row + 1:2} " + (f"{_WOOD}{text}{_END}" if colours else text) + f" {row + 1:<2}")
    lines.append(letters)
    for i, line in enumerate(side_lines):
        if i + 1 < len(lines) - 1:
            lines[i + 1] += "   " + line
    return "\n".join(line.rstrip() for line in lines)


def _painted(text: str, colour: str, colours: bool) -> str:
    return f"{colour}{text}\x1b[22m" if colours and text != " " else text


class GoConsole(Console):
    """Go in the terminal."""

    commands = "pass, hint, opinion, undo, score, resign, save FILE.sgf, help, quit"

    def __init__(self, game: lt.Game, person: int, budget: lt.Budget, seed: int, show: bool) -> None:
        self.game, self.person, self.budget, self.show = game, person, budget, show
        self.size = board_size(game)
        self.rng = np.random.default_rng(seed)
        parameters = game.get_parameters()
        self.rules = "japanese" if parameters["scoring"] == "territory" else "chinese"
        self.komi = float(parameters["komi"])
        self.engine = Engine(
            EngineOptions(
                size=self.size,
                komi=self.komi,
                simulations=budget.simulations,
                seconds=budget.seconds,
                seed=seed,
                rules=self.rules,
            )
        )

    @property
    def help(self) -> str:
        you = COLOURS[self.person].capitalize()
        return f"you are {you}; type a point like {vertex(self.size, self.size + 2).lower()}, or: {self.commands}"

    def record(self, state: lt.State) -> GoRecord:
        """The game so far, for the engine."""
        record = GoRecord(self.size, self.komi, self.rules)
        start = state.get_game().new_initial_state()
        handicap = np.flatnonzero(stones(start) == 1).tolist()
        if handicap:
            record.place_handicap(handicap)
        first = start.current_player()
        record.moves = [((first + i) % 2, action) for i, action in enumerate(state.history())]
        return record

    # ---- What a person sees and types ----

    def picture(self, state: lt.State, marks: Mapping[int, str] | None = None) -> str:
        record = self.record(state)
        board = stones(state)
        black, white = record.captured(board)
        signs = Signs() if can_print("●○") else PLAIN
        colours = use_colours()  # then no character in the margin looks like the stones
        names = ("Black", "White") if colours else (f"{signs.black} Black", f"{signs.white} White")
        last = record.moves[-1] if record.moves else None
        lost = [f"{name}   lost {count}" for name, count in zip(names, (black, white), strict=True)]
        side_lines = ["", *lost, f"komi {self.komi:g}", ""]
        if last is not None:
            move = "passed" if last[1] == self.size**2 else f"played {vertex(self.size, last[1])}"
            side_lines.append(f"{COLOURS[last[0]].capitalize()} {move}")
        if not state.is_terminal():
            side_lines.append(f"move {len(record.moves) + 1}: {COLOURS[record.to_play].capitalize()}'s turn")
        score = final_score(record) if state.is_terminal() else None
        return "\n" + draw(
            board if score is None else score.board,
            last=None if last is None or last[1] == self.size**2 else last[1],
            marks=marks if score is None else self._dead(score),
            owner=None if score is None else score.owner,
            side_lines=side_lines,
            colours=colours,
        )

    def _dead(self, score: Score) -> dict[int, str]:
        return {point: "x" for chain in score.chains("dead") for point in chain}

    def question(self, state: lt.State) -> str:
        return f"{COLOURS[self.person].capitalize()}> "

    def action(self, state: lt.State, text: str) -> int | None:
        try:
            action = action_of(self.size, text)
        except lt.ParameterError:
            return None
        return action if action in state.legal_actions() else None

    def refusal(self, state: lt.State, text: str) -> str:
        try:
            action = action_of(self.size, text)
        except lt.ParameterError:
            return f"{text!r} is neither a point nor a command; {self.help}"
        if stones(state)[action]:
            return f"{vertex(self.size, action)} is taken"
        return f"{vertex(self.size, action)} is not allowed: suicide or ko"

    def move(self, state: lt.State, action: int) -> str:
        text = "passes" if action == self.size**2 else f"plays {vertex(self.size, action)}"
        return f"{COLOURS[state.current_player()].capitalize()} {text}"

    def result(self, state: lt.State) -> str:
        score = final_score(self.record(state))
        won = score.points * SIGN[self.person]
        text = "you win" if won > 0 else "you lose" if won < 0 else "a draw"
        return f"{score.text}: {text}{self._dead_text(score)}"

    def _dead_text(self, score: Score) -> str:
        dead = [vertex(self.size, point) for chain in score.chains("dead") for point in chain]
        return f" (dead: {' '.join(dead)})" if dead else ""

    def extra(self, state: lt.State, command: str) -> str | None:
        if command != "score":
            return None
        score = final_score(self.record(state))
        picture = draw(score.board, marks=self._dead(score), owner=score.owner, colours=use_colours())
        return f"\n{picture}\nif the game ended here: {score.text}{self._dead_text(score)}"

    def file_text(self, state: lt.State, file: str) -> str:
        names = ["longthink", "longthink"]
        names[self.person] = "you"
        return self.record(state).sgf(PB=names[BLACK], PW=names[WHITE])

    # ---- The other side ----

    def choose(self, state: lt.State) -> int | None:
        self.engine.record = self.record(state)
        colour = state.current_player()
        move = self.engine.choose(colour)
        if self.show:
            search = self.engine.search()
            if search.simulations and search.root_state == self.engine.record.state(colour):
                print(self.opinion_lines(search.root_state, search.result()))
        return None if move == "resign" else action_of(self.size, move)

    def _think(self, state: lt.State) -> lt.SearchResult:
        self.engine.record = self.record(state)
        here = self.engine.record.state()
        return self.engine.go_to(here).run(here, self.budget)

    def hint(self, state: lt.State) -> str:
        self.engine.record = self.record(state)
        move = self.engine.advise(state.current_player())
        return f"the search would {move if move in ('pass', 'resign') else f'play {move}'}"

    def opinion(self, state: lt.State) -> str:
        result = self._think(state)
        first = [int(result.actions[i]) for i in best(result)[:5]]
        marks = {action: str(place) for place, action in enumerate(first, 1) if action < self.size**2}
        return f"{self.picture(state, marks)}\n{self.opinion_lines(state, result)}"

    def opinion_lines(self, state: lt.State, result: lt.SearchResult, count: int = 5) -> str:
        lines = []
        for place, i in enumerate(best(result)[:count], 1):
            action = int(result.actions[i])
            rate = (float(result.values[i]) + 1) / 2
            line = " ".join(vertex(self.size, a) for a, _ in self.engine.search().line(action)[:6])
            lines.append(
                f"  {place}. {vertex(self.size, action):<5} {int(result.visits[i]):>9,} visits {rate:6.1%}   {line}"
            )
        return "\n".join(lines)
