"""Go compared with a slow board in plain Python, named positions, counting, game records."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator

import numpy as np
import pytest

import longthink as lt
from go_setup import position
from longthink.games.core import GoBoard, informed_playout
from longthink.games.go.game import action_of, vertex

# ---- A slow board: a dictionary of stones, floods for everything, all earlier positions kept ----


class SlowGo:
    """Rules of Go without anything clever; `ko` as the game's parameter."""

    def __init__(self, size: int, ko: str) -> None:
        self.size, self.ko = size, ko
        self.stones: dict[tuple[int, int], int] = {}
        self.player, self.passes, self.repeated, self.moves = 0, 0, False, 0
        self.forbidden: tuple[int, int] | None = None
        self.seen = [(frozenset(), 0)]

    def copy(self) -> SlowGo:
        other = SlowGo(self.size, self.ko)
        other.stones, other.seen = dict(self.stones), list(self.seen)
        other.player, other.passes, other.repeated, other.moves = self.player, self.passes, self.repeated, self.moves
        other.forbidden = self.forbidden
        return other

    def around(self, point: tuple[int, int]) -> Iterator[tuple[int, int]]:
        for dr, dc in ((1, 0), (-1, 0), (0, 1), (0, -1)):
            if 0 <= point[0] + dr < self.size and 0 <= point[1] + dc < self.size:
                yield point[0] + dr, point[1] + dc

    def chain(self, stones: dict[tuple[int, int], int], start: tuple[int, int]) -> tuple[set[tuple[int, int]], int]:
        """The chain of a stone and how many liberties it has."""
        chain, liberties, todo = {start}, set(), [start]
        while todo:
            for q in self.around(todo.pop()):
                if q not in stones:
                    liberties.add(q)
                elif stones[q] == stones[start] and q not in chain:
                    chain.add(q)
                    todo.append(q)
        return chain, len(liberties)

    def after(self, point: tuple[int, int]) -> tuple[dict[tuple[int, int], int], set[tuple[int, int]]] | None:
        """The stones after a move and those captured; None for suicide or an occupied point."""
        if point in self.stones:
            return None
        stones = {**self.stones, point: self.player}
        captured: set[tuple[int, int]] = set()
        for q in self.around(point):
            if stones.get(q) == 1 - self.player:
                chain, liberties = self.chain(stones, q)
                if not liberties:
                    captured |= chain
        for q in captured:
            stones.pop(q, None)
        return None if self.chain(stones, point)[1] == 0 else (stones, captured)

    def legal(self) -> list[int]:
        actions = []
        for row, column in itertools.product(range(self.size), repeat=2):
            result = self.after((row, column))
            if result is None or (row, column) == self.forbidden:
                continue
            position = frozenset(result[0].items())
            if self.ko == "positional" and any(position == old for old, _ in self.seen):
                continue
            if self.ko == "situational" and (position, 1 - self.player) in self.seen:
                continue
            actions.append(row * self.size + column)
        return [*actions, self.size**2]

    def play(self, action: int) -> None:
        self.forbidden = None
        self.moves += 1
        if action == self.size**2:
            self.passes += 1
        else:
            point = divmod(action, self.size)
            result = self.after(point)
            assert result is not None
            self.stones, captured = result
            self.passes = 0
            chain, liberties = self.chain(self.stones, point)
            if len(captured) == 1 and len(chain) == 1 and liberties == 1:
                self.forbidden = next(iter(captured))
            position = frozenset(self.stones.items())
            self.repeated = self.ko == "draw" and any(position == old for old, _ in self.seen)
        self.player = 1 - self.player
        self.seen.append((frozenset(self.stones.items()), self.player))

    def over(self) -> bool:
        return self.passes == 2 or self.repeated

    def area(self) -> int:
        score, empty = 0, set(itertools.product(range(self.size), repeat=2)) - self.stones.keys()
        score += sum(1 - 2 * color for color in self.stones.values())
        while empty:
            region, reached, todo = set(), set(), [empty.pop()]
            while todo:
                p = todo.pop()
                region.add(p)
                for q in self.around(p):
                    if q in self.stones:
                        reached.add(self.stones[q])
                    elif q in empty:
                        empty.remove(q)
                        todo.append(q)
            if len(reached) == 1:
                score += len(region) * (1 - 2 * reached.pop())
        return score


KO = ("draw", "simple", "positional", "situational")


def perft(state: lt.State, depth: int) -> int:
    if depth == 0 or state.is_terminal():
        return 1
    return sum(perft(state.child(action), depth - 1) for action in state.legal_actions())


def slow_perft(board: SlowGo, depth: int) -> int:
    if depth == 0 or board.over():
        return 1
    total = 0
    for action in board.legal():
        child = board.copy()
        child.play(action)
        total += slow_perft(child, depth - 1)
    return total


@pytest.mark.parametrize("ko", KO)
@pytest.mark.parametrize(("size", "depth"), [(2, 7), (3, 4), (4, 3), (5, 2)])
def test_perft_agrees_with_the_slow_board(size: int, depth: int, ko: str) -> None:
    game = lt.load_game("go", board_size=size, ko=ko, max_game_length=1000)
    assert perft(game.new_initial_state(), depth) == slow_perft(SlowGo(size, ko), depth)


@pytest.mark.parametrize("ko", KO)
@pytest.mark.parametrize("size", [2, 3, 4, 5, 9])
def test_random_games_agree_with_the_slow_board(size: int, ko: str) -> None:
    """Long games on small boards: many captures, kos and repetitions."""
    game = lt.load_game("go", board_size=size, ko=ko, max_game_length=200)
    rng = random.Random(size)
    repeated = 0
    for _ in range(6 if size == 9 else 25):
        state, slow = game.new_initial_state(), SlowGo(size, ko)
        while not state.is_terminal():
            assert state.legal_actions() == slow.legal()
            legal = state.legal_actions()
            action = rng.choice(legal[:-1]) if len(legal) > 1 and rng.random() < 0.95 else legal[-1]
            state.apply_action(action)
            slow.play(action)
            assert state.is_terminal() == (slow.over() or slow.moves >= 200)
        expected = 0 if slow.repeated else np.sign(slow.area() - 7.5)
        assert state.returns() == [expected, -expected]
        assert GoBoard(state).score() == slow.area() - 7.5
        repeated += slow.repeated
    if ko == "draw" and size in (2, 3):
        assert repeated > 0


# ---- Positions by name ----


def play(state: lt.State, *moves: str) -> lt.State:
    for move in moves:
        state.apply_action(action_of(GoBoard(state).size, move))
    return state


def legal(state: lt.State, move: str) -> bool:
    return action_of(GoBoard(state).size, move) in state.legal_actions()


def test_diagrams_are_what_is_on_the_board() -> None:
    state = position("..... .XO.. .XO.. ..... .....", "w")
    assert GoBoard(state).stones[::-1].tolist()[1] == [0, 1, 2, 0, 0]
    assert state.current_player() == 1
    assert GoBoard(state).captured == (0, 0)


def test_simple_ko_cannot_be_taken_back_at_once() -> None:
    state = position(".XO.. X.XO. .XO.. ..... .....", "w", ko="simple")
    play(state, "B4")  # takes C4
    assert GoBoard(state).stones[3, 2] == 0
    assert GoBoard(state).ko == action_of(5, "C4")
    assert not legal(state, "C4")
    play(state, "A1", "E1")
    assert legal(state, "C4")


def test_snapback_captures_more_than_it_gives() -> None:
    state = position("..... ..... XXX.. OOOX. ..OX.")
    play(state, "B1")  # thrown in, in atari at once
    play(state, "A1")  # white takes it, and has one liberty left: where it stood
    assert GoBoard(state).captured == (1, 0)
    assert legal(state, "B1")
    play(state, "B1")
    assert GoBoard(state).captured == (1, 5)
    assert (GoBoard(state).stones == 2).sum() == 0


def test_multi_stone_suicide_is_illegal() -> None:
    state = position(".OX.. OOX.. XXX.. ..... .....", "w")
    assert not legal(state, "A5")
    two = position("..O.. OOO.. ..... ..... .....", "b")
    play(two, "A5", "E1")
    assert not legal(two, "B5")
    assert legal(position("..O.. OOO.. ..... ..... .....", "w"), "B5")


def test_filling_the_last_liberty_is_legal_where_it_captures() -> None:
    state = position(".OX.. OOX.. XXX.. ..... .....", "b")
    assert legal(state, "A5")
    play(state, "A5")
    assert GoBoard(state).captured == (0, 3)


SEKI = "XX.OO XXOOO XXXOO XXXOO XX.OO"


def test_seki_stands_and_counts_for_nobody() -> None:
    """A player who takes one of the two shared liberties is captured; so both pass, and a search finds this."""
    state = position(SEKI, komi=0.5)
    assert GoBoard(state).score() == 12 - 11 - 0.5
    taken = play(state.clone(), "C1", "C5")
    assert GoBoard(taken).captured == (13, 0)
    taken = play(position(SEKI, "w"), "C1", "C5")
    assert GoBoard(taken).captured == (0, 12)
    result = lt.MCTS(state.get_game(), seed=1).run(state, lt.Budget(simulations=2000))
    assert state.action_to_string(result.best_action) == "B PASS"


@pytest.mark.parametrize("ko", KO)
def test_superko(ko: str) -> None:
    """On 2x2 the whole board is captured again and again; each rule says what may come again."""
    game = lt.load_game("go", board_size=2, ko=ko, max_game_length=100)
    stones_again = situation_again = False
    for seed in range(20):
        state, rng = game.new_initial_state(), random.Random(seed)
        stones_seen = {bytes(GoBoard(state).stones)}
        situations_seen = {(bytes(GoBoard(state).stones), 0)}
        while not state.is_terminal() and len(state.history()) < 60:
            moves = state.legal_actions()
            action = rng.choice(moves[:-1] or moves)
            state.apply_action(action)
            stones = bytes(GoBoard(state).stones)
            if action != 4:
                stones_again |= stones in stones_seen
                situation_again |= (stones, state.current_player()) in situations_seen
            stones_seen.add(stones)
            situations_seen.add((stones, state.current_player()))
        if ko == "draw":
            assert state.is_terminal()
            assert state.returns() == [0, 0]
    assert stones_again == (ko != "positional")
    if ko != "draw":  # the first repetition ends the game
        assert situation_again == (ko == "simple")


LADDER = ["C4", "D3", "E3", "D4", "D5", "E4", "F4", "E5", "E6", "F5", "G5", "F6", "F7", "G6", "G7"]


def test_a_ladder_captures_unless_a_stone_breaks_it() -> None:
    rows = ["......."] * 4 + [".XO....", "..XX...", "......."]
    state = play(position(" ".join(rows)), *LADDER)
    assert GoBoard(state).captured == (0, 8)
    rows[1] = ".....O."
    broken = play(position(" ".join(rows)), *LADDER[:8])
    captured = [play(broken.clone(), move) for move in ("E6", "F5", "F7", "G6")]
    assert all(GoBoard(after).captured == (0, 0) for after in captured)
    replies = play(broken.clone(), "F5").legal_actions()
    assert action_of(7, "E6") in replies


# ---- Counting ----


def test_area_and_territory_differ_by_moves_made() -> None:
    diagram = "..XO. ..XO. ..XO. ..XO. .XXO."
    assert GoBoard(position(diagram, "w", komi=0.5)).score() == 15 - 10 - 0.5
    assert GoBoard(position(diagram, "w", komi=0.5, scoring="territory")).score() == 9 - 5 - 0.5


def test_prisoners_count_in_territory() -> None:
    state = position("..X.. .OXX. .X... ..... .....", "b", komi=0.5, scoring="territory")
    play(state, "A4")
    assert GoBoard(state).captured == (0, 0)
    play(state, "pass", "B5")
    assert GoBoard(state).captured == (0, 1)
    assert GoBoard(state).score() == 25 - 6 + 1 - 0.5


def test_a_clean_up_follows_two_passes_and_costs_nothing() -> None:
    """White's stone at B5 is dead. To take it makes four points of area; before two passes, the move costs one."""
    diagram = ".OX.. .XX.. XX.OO ...O. ...O."
    strict = position(diagram, "b", komi=0.5, scoring="territory")
    assert play(strict, "PASS", "PASS").is_terminal()
    before = position(diagram, "b", komi=0.5, scoring="territory", cleanup=True)
    score = GoBoard(before).score()
    assert GoBoard(play(before.clone(), "A5")).score() == score + 4 - 1
    after = play(before, "PASS", "PASS", "A5", "PASS")
    assert not after.is_terminal()
    assert GoBoard(after).score() == score + 4
    assert play(after, "PASS").is_terminal()
    assert after.returns()[0] == (1 if score + 4 > 0 else -1)


def test_playouts_cost_nothing() -> None:
    """On a finished board the territory is counted correctly, although playouts fill it."""
    diagram = "..XO. XXXOO .XXO. XXXOO .XXO."
    for komi, won in ((0.5, 1), (1.5, -1)):  # four points to three, though Black has four stones more
        state = position(diagram, "b", komi=komi, scoring="territory", cleanup=True)
        assert all(np.sign(informed_playout(state, 3, index)[1][0]) == won for index in range(20))
    state = position(diagram, "b", komi=0.5, scoring="territory", cleanup=True)
    result = lt.MCTS(state.get_game(), seed=1).run(state, lt.Budget(simulations=500))  # many light playouts at once
    assert state.action_to_string(result.best_action) == "B PASS"
    assert result.values[result.actions == 25][0] > 0.5


def test_handicap_stones_stand_where_gtp_puts_them() -> None:
    for size, stones, last in ((19, 9, "K10"), (19, 5, "K10"), (13, 4, "K4"), (9, 5, "E5"), (8, 4, "F3"), (7, 2, "E5")):
        state = lt.load_game("go", board_size=size, handicap=stones).new_initial_state()
        board = GoBoard(state).stones
        assert (board == 1).sum() == stones
        assert board.reshape(-1)[action_of(size, last)] == 1
        assert state.current_player() == 1
    with pytest.raises(lt.ParameterError, match="handicap"):
        lt.load_game("go", board_size=9, handicap=1)
    with pytest.raises(lt.ParameterError, match="handicap"):
        lt.load_game("go", board_size=8, handicap=5)


def test_vertices() -> None:
    assert vertex(19, action_of(19, "j9")) == "J9"
    assert vertex(25, action_of(25, "Z25")) == "Z25"
    for text in ("I5", "A0", "T1", "", "D", "D²", "44"):
        with pytest.raises(lt.ParameterError, match="expected a point"):
            action_of(9, text)


# ---- Light playouts ----


def test_light_playouts_never_fill_an_eye_and_end_with_two_passes() -> None:
    game = lt.load_game("go", board_size=9)
    lengths = []
    for seed in range(300):
        returns, buffer = game.playout(game.new_initial_state(), seed)
        final = game.state_from_buffer(buffer, [])
        assert final.is_terminal()
        board = GoBoard(final)
        empty = board.stones == 0
        assert (board.owners()[empty] > 0).mean() > 0.9 if empty.any() else True
        assert np.sign(board.score()) == returns[0]
        lengths.append(int((board.stones > 0).sum() + sum(board.captured)))
    assert 100 < np.mean(lengths) < 115  # libego's mean of 111 moves counts the passes too
