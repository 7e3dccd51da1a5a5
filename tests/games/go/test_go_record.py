"""Records of games, and the score at the end."""

from __future__ import annotations

import random

import numpy as np
import pytest

import longthink as lt
from longthink.games.go.game import action_of, vertex
from longthink.games.go.position import BLACK, WHITE, Stones, owners, regions
from longthink.games.go.record import GoRecord
from longthink.games.go.scoring import final_score, ownership

SETTLED = """
. X X X O O O O .
X X X X O O O O O
. X X X O O O O .
X X X X O O O O O
. X X X O O O O .
X X X X O O O O O
. X X X O O O O .
X X X X O O O O O
. X X X O O O O .
"""
SEKI = """
X . O X . X O . .
X . O X X X O . .
X O O X . X O . .
O O X X X X O . .
X X X O O O O . .
O O O O . . . . .
. . . . . . . . .
. . . . . . . . .
. . . . . . . . .
"""
DEAD = """
. O . . X . X O .
. . . . X . X O .
X X X X X . X O O
. . . . . . X O .
X X X X X X X O .
O O O O O O O O .
. . . . . . . . .
. . . X . . . . .
. . . . . . . . .
"""


def board(text: str) -> Stones:
    rows = [line.split() for line in text.split("\n") if line.strip()]
    return np.array([{"X": 1, "O": -1, ".": 0}[sign] for row in reversed(rows) for sign in row], np.int8)


def set_up(text: str, **settings: object) -> GoRecord:
    record = GoRecord(9, **settings)  # type: ignore[arg-type]
    record.set_up(board(text))
    return record


def play(record: GoRecord, moves: str) -> None:
    for word in moves.split():
        record.play("BW".index(word[0]), action_of(record.size, word[1:]))


def test_either_colour_may_move_at_any_time() -> None:
    record = GoRecord(9)
    play(record, "BD4 BE5 BF6 WG7 WPASS WC3")
    assert record.board()[[action_of(9, v) for v in ("D4", "E5", "F6", "G7", "C3")]].tolist() == [1, 1, 1, -1, -1]
    assert record.to_play == BLACK
    assert record.state(WHITE).current_player() == WHITE
    assert record.state(BLACK).current_player() == BLACK


def test_an_inserted_pass_does_not_end_the_game() -> None:
    record = GoRecord(9)
    play(record, "BD4")
    assert not record.state(BLACK).child(81).is_terminal()  # White did not really pass
    play(record, "WPASS")
    cleanup = record.state(BLACK).child(81)  # after two passes the clean-up lasts until two more
    assert not cleanup.is_terminal()
    assert cleanup.child(81).child(81).is_terminal()
    assert record.state(BLACK, cleanup=True).child(81).child(81).is_terminal()
    play(record, "BPASS")
    assert record.passes == 2
    assert not record.state(WHITE).is_terminal()  # GTP lets the players go on
    play(record, "WE5")
    assert record.passes == 0


def test_illegal_moves_do_not_change_the_record() -> None:
    record = GoRecord(5)
    play(record, "BA1 WD1 BB2 WC2 BC1 WB1")  # White took a ko
    before = list(record.moves)
    for colour, point in ((BLACK, "C1"), (WHITE, "A1")):
        with pytest.raises(lt.IllegalActionError, match="may not play"):
            record.play(colour, action_of(5, point))
    assert record.moves == before
    for _ in before:
        record.undo()
    with pytest.raises(lt.IllegalActionError, match="no move"):
        record.undo()


def test_handicap_and_komi() -> None:
    record = GoRecord(9, 0.5)
    record.place_handicap([20, 60])
    assert record.to_play == WHITE
    assert record.game_komi == 2.5  # a point for each stone
    assert record.state().current_player() == WHITE
    assert GoRecord(9, 0.5, "japanese").game_komi == 0.5
    with pytest.raises(lt.ParameterError, match="empty board"):
        record.place_handicap([3, 4])
    record.clear()
    with pytest.raises(lt.ParameterError, match="different points"):
        record.place_handicap([3, 3])
    with pytest.raises(lt.ParameterError, match="komi"):
        record.set_komi(1e9)
    assert record.komi == 0.5


def test_long_games_have_room() -> None:
    record = GoRecord(2)
    for _ in range(200):
        record.play(BLACK, record.pass_action)
    record.play(BLACK, 0)
    assert not record.state().is_terminal()


def test_any_position_with_liberties_can_be_set_up() -> None:
    rng = random.Random(3)
    for _ in range(20):
        stones = np.array([rng.choice([1, -1, 0, 0]) for _ in range(49)], np.int8)
        near = [[q for q in (p - 7, p + 7, p - 1, p + 1) if 0 <= q < 49 and (abs(p - q) > 1 or p // 7 == q // 7)]
                for p in range(49)]  # fmt: skip
        for chain in regions(stones):
            if stones[chain[0]] and all(stones[q] for p in chain for q in near[p]):
                record = GoRecord(7)
                with pytest.raises(lt.ParameterError, match="no liberty"):
                    record.set_up(stones)
                break
        else:
            record = GoRecord(7)
            record.set_up(stones, to_play=WHITE)
            assert (record.board() == stones).all()
            assert record.to_play == record.state().current_player() == WHITE
            assert record.captured() == (0, 0)


def test_captures_are_counted() -> None:
    record = GoRecord(5)
    play(record, "BA1 WB1 BC3 WA2")
    assert record.captured() == (1, 0)


def test_sgf_round_trip() -> None:
    record = GoRecord(9, 6.5, "japanese")
    record.place_handicap([20, 60])
    play(record, "WD4 BE5 WPASS BG3")
    again = GoRecord.from_sgf(record.sgf(PB="a [b] \\c").encode())
    assert (again.size, again.komi, again.rules, again.handicap) == (9, 6.5, "japanese", 2)
    assert again.moves == record.moves
    assert (again.board() == record.board()).all()
    assert len(GoRecord.from_sgf(record.sgf().encode(), 2).moves) == 2
    assert GoRecord.from_sgf(record.sgf().encode(), 0).moves == []


def test_sgf_with_stones_set_up_in_later_nodes() -> None:
    record = GoRecord.from_sgf(b"(;GM[1]SZ[9]AB[aa][ba]AW[ia]PL[W];W[ee];AE[aa]AB[cc]PL[W];W[gg](;B[dd])(;B[ff]))")
    signs = {vertex(9, int(p)): int(record.board()[p]) for p in np.flatnonzero(record.board())}
    assert signs == {"B9": 1, "J9": -1, "E5": -1, "C7": 1, "G3": -1, "D6": 1}
    for damaged in (b"", b"(;GM[1]SZ[99])", b"(;GM[1]SZ[9];B[zz])", b"(;SZ[9];B[aa];W[aa])", b"\xff\x00(;"):
        with pytest.raises(lt.LongthinkError):
            GoRecord.from_sgf(damaged)


# ---- Counting ----


def test_ownership_of_a_finished_board() -> None:
    record = set_up(SETTLED)
    owned = ownership([record.state()], 50)
    assert abs(owned).min() == 1
    assert (np.sign(owned) == owners(record.state())).all()
    score = final_score(record)
    assert score.open == []
    assert not score.chains("dead")
    assert score.text == "W+16.5"  # 45 to 36, and komi
    assert len(score.chains("alive")) == 2


def test_dead_stones_are_removed() -> None:
    score = final_score(set_up(DEAD))
    dead = {vertex(9, point) for chain in score.chains("dead") for point in chain}
    assert dead == {"B9", "D2"}
    assert score.points == (7 * 5 - 2 * 0) - (81 - 35) - 7.5
    assert final_score(set_up(DEAD, rules="japanese")).points != score.points


def test_seki() -> None:
    score = final_score(set_up(SEKI))
    assert sorted(len(chain) for chain in score.chains("seki")) == [3, 6]
    assert not score.chains("dead")
    shared = [action_of(9, "B9"), action_of(9, "B8")]
    assert score.owner[shared].tolist() == [0, 0]


def test_japanese_and_chinese_counting_agree_where_both_moved_equally_often() -> None:
    """Area and territory differ by the extra moves of one side; here both sides made the same number."""
    record = GoRecord(5, 0.5)
    play(record, "BB1 WD1 BB2 WD2 BB3 WD3 BB4 WD4 BB5 WD5 BC5 WC4")
    japanese = GoRecord(5, 0.5, "japanese")
    japanese.moves = list(record.moves)
    chinese_score, japanese_score = final_score(record), final_score(japanese)
    assert chinese_score.points == japanese_score.points


def test_a_long_game_is_scored_at_every_length() -> None:
    """A record makes room for longer games, perhaps between the two states that scoring begins from."""
    record, rng = GoRecord(5, 0.5), np.random.default_rng(2)
    for _ in range(110):
        legal = [a for a in record.state().legal_actions() if a != 25 and not record.state().child(a).is_terminal()]
        record.play(record.to_play, int(rng.choice(legal)) if legal else 25)
        assert abs(final_score(record, playouts=2).points) <= 25.5
