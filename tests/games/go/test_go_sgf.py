"""SGF files in the style of each server and editor, read by `GoRecord.from_sgf` and `loadsgf`."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sgfmill import sgf

import longthink as lt
from longthink.games.go.game import vertex
from longthink.games.go.position import BLACK, WHITE
from longthink.games.go.record import GoRecord
from longthink.games.go.sgf import read_sgf
from longthink.go.commands import bind
from longthink.go.engine import Engine, EngineOptions

FOX = "(;GM[1]FF[4]\nSZ[19]\nGN[]\nDT[2024-01-02]\nPB[%s]\nPW[%s]\nBR[2段]\nWR[2段]\nKM[%s]HA[%s]RU[%s]AP[GNU Go:3.8]RN[3]RE[W+R]TM[300]TC[3]TT[30]AP[foxwq]RL[0]\n;B[pd];W[dp])"  # fmt: skip # noqa: E501
KGS = "(;GM[1]FF[4]CA[UTF-8]AP[CGoban:3]ST[2]\nRU[Japanese]SZ[9]KM[0.50]TM[600]OT[5x30 byo-yomi]\nPW[w]PB[b]HA[2]AB[gc][cg]\n;W[ee]WL[590.1]\n;B[eg]BL[598.2]C[b [6k\\]: hi\n])"  # fmt: skip # noqa: E501
OGS = "(;FF[4]CA[UTF-8]GM[1]DT[2024-01-02]PC[OGS: https://online-go.com/game/1]\nGN[Friendly Match]PB[b]PW[w]BR[9k]WR[9k]TM[600]OT[5x30 byo-yomi]RE[W+R]SZ[9]KM[5.5]RU[%s];B[ee]\n(;W[cc]\n(;B[gg]\n(;W[]\n(;B[tt]\n)))))"  # fmt: skip # noqa: E501


def read(text: str, **defaults: object) -> GoRecord:
    return GoRecord.from_sgf(text.encode(), **defaults)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("written", "rules", "komi"),
    [
        ("375", "Chinese", 7.5),
        ("325", "Chinese", 6.5),
        ("750", "Chinese", 7.5),
        ("650", "Japanese", 6.5),
        ("650", "Korean", 6.5),
        ("550", "Japanese", 5.5),
        ("700", "Chinese", 7.0),
        ("350", "Chinese", 7.0),
        ("50", "Japanese", 0.5),
        ("0", "Chinese", 0.0),
        ("7.5", "Chinese", 7.5),
        ("-650", "Japanese", -6.5),
    ],
)
def test_komi_in_files_by_fox(written: str, rules: str, komi: float) -> None:
    record = read(FOX % ("甲", "乙", written, "0", rules))
    assert record.komi == komi
    assert len(record.moves) == 2


@pytest.mark.parametrize(
    ("written", "komi"),
    [
        ("KM[]", 7.0),
        ("", 7.0),
        ("KM[6.50]", 6.5),
        ("KM[6,5]", 6.5),
        ("KM[7.5目]", 7.5),
        ("KM[375]", 7.5),
        ("KM[50]", 50.0),
        ("KM[3.75]RU[Chinese]", 7.5),
        ("KM[3.75]RU[Japanese]", 3.75),
        ("KM[ 0 ]", 0.0),
        ("KM[.5]", 0.5),
        ("KM[-0.5]", -0.5),
    ],
)
def test_komi_in_other_files(written: str, komi: float) -> None:
    assert read(f"(;GM[1]SZ[9]{written};B[ee])", komi=7.0).komi == komi


@pytest.mark.parametrize("handicap", ["", "0", "1"])
def test_no_handicap_stones(handicap: str) -> None:
    record = read(FOX % ("b", "w", "0", handicap, "Chinese"))
    assert (record.handicap, record.game_komi, record.moves[0][0]) == (0, 0, BLACK)


def test_handicap_stones_placed_or_played() -> None:
    placed = read(KGS.replace("Japanese", "Chinese"))
    assert (placed.handicap, placed.game_komi, placed.moves[0][0]) == (2, 2.5, WHITE)
    text = "(;GM[1]SZ[9]HA[2]KM[0]RU[Chinese]AP[foxwq];B[gc];B[cg];W[ee])"
    played = read(text)
    assert (played.handicap, played.game_komi) == (2, 2)
    assert [colour for colour, _ in played.moves] == [BLACK, BLACK, WHITE]
    assert read(text, moves=0).to_play == BLACK
    assert read(KGS, moves=0).to_play == WHITE


@pytest.mark.parametrize(
    ("name", "rules", "bonus"),
    [
        ("Chinese", "chinese", 2),
        ("Chinese rules", "chinese", 2),
        ("chinese-ogs", "chinese", 2),
        ("cn", "chinese", 2),
        ("中国规则", "chinese", 2),
        ("AGA", "aga", 1),
        ("aga button", "aga", 1),
        ("BGA", "aga", 1),
        ("NZ", "new_zealand", 0),
        ("New Zealand", "new_zealand", 0),
        ("GOE", "new_zealand", 0),
        ("Ing", "new_zealand", 0),
        ("Tromp-Taylor", "tromp_taylor", 0),
        ("Japanese", "japanese", 0),
        ("Japanese Rules", "japanese", 0),
        ("jp", "japanese", 0),
        ("Korean", "japanese", 0),
        ("日本规则", "japanese", 0),
        ("koSIMPLEscoreTERRITORYtaxSEKIsui0", "japanese", 0),
        ("koPOSITIONALscoreAREAtaxNONEsui0whbN", "chinese", 2),
        ("", "aga", 1),
        ("House rules", "aga", 1),
    ],
)
def test_names_of_rules(name: str, rules: str, bonus: int) -> None:
    record = read(f"(;GM[1]SZ[9]HA[2]KM[0]RU[{name}]AB[cc][gg];W[ee])", rules="aga")
    assert (record.rules, record.game_komi) == (rules, bonus)
    assert record.game.get_parameters()["scoring"] == ("territory" if rules == "japanese" else "area")
    again = GoRecord.from_sgf(record.sgf().encode())
    assert (again.rules, again.handicap, again.moves) == (rules, 2, record.moves)


CHINESE = "(;GM[1]%sSZ[9]PB[李廬許功]PW[俊傑]C[好\\]];B[ee]C[誠, 功];W[cc])"
"""The second byte of some of these characters is a backslash in Big5, a bracket or a backslash in GBK."""


@pytest.mark.parametrize(
    ("charset", "codec", "mark"),
    [
        ("CA[gb2312]", "gb18030", b""),
        ("CA[GBK]", "gb18030", b""),
        ("CA[GB18030]", "gb18030", b""),
        ("CA[UTF-8]", "utf-8", b""),
        ("CA[utf8]", "utf-8", b"\xef\xbb\xbf"),
        ("CA[Big5]", "big5", b""),
        ("CA[UTF-16]", "utf-16-le", b"\xff\xfe"),
        ("CA[UTF-16]", "utf-16-be", b"\xfe\xff"),
        ("CA[UTF-16]", "utf-16-le", b""),
        ("CA[UTF-16BE]", "utf-16-be", b""),
        ("", "utf-16-le", b"\xff\xfe"),
        ("", "utf-8", b""),
        ("", "utf-8", b"\xef\xbb\xbf"),
        ("", "gb18030", b""),
        ("CA[UTF-8]", "gb18030", b""),  # it names a wrong charset
        ("CA[UTF-16]", "utf-8", b""),
        ("CA[]", "gb18030", b""),
    ],
)
def test_text_in_any_encoding(charset: str, codec: str, mark: bytes) -> None:
    text = CHINESE % charset
    record = GoRecord.from_sgf(mark + text.encode(codec))
    assert [(colour, vertex(9, action)) for colour, action in record.moves] == [(BLACK, "E5"), (WHITE, "C7")]


def test_latin_text_without_a_charset() -> None:
    assert (
        len(GoRecord.from_sgf("(;GM[1]SZ[9]PB[René]PW[Señor Müllé];B[ee];W[cc]C[à])".encode("iso-8859-1")).moves) == 2
    )


@pytest.mark.parametrize(
    "name", ["rot13", "hex", "zlib", "nonsense", "utf-7", "punycode", "undefined", "x" * 40, "\x00"]
)
def test_an_unknown_charset_is_refused(name: str) -> None:
    with pytest.raises(lt.ParameterError, match="CA must name a charset"):
        read(f"(;GM[1]CA[{name}]SZ[9];B[ee])")


def test_variations_passes_comments_and_collections() -> None:
    record = read(OGS % "AGA" + "(;GM[1]SZ[19];B[aa])")
    assert (record.size, record.komi, record.rules) == (9, 5.5, "aga")
    assert [vertex(9, action) for _, action in record.moves] == ["E5", "C7", "G3", "pass", "pass"]
    large = read("(;GM[1]SZ[21];B[tt];W[])")
    assert [vertex(21, action) for _, action in large.moves] == ["U2", "pass"]
    assert len(read("junk\n( ; GM[1] SZ[9] C[a \\] ; b (;\\\\];B[e\ne] ; W [ cc ])").moves) == 2


def test_set_up_stones_and_moves_out_of_turn() -> None:
    record = read("(;GM[1]SZ[9]AB[aa:ac][ia]AW[ii][hi]PL[white];W[ee];W[ef];B[gg];AE[ia]AW[dd];B[cc])")
    assert record.board().tolist().count(1) == 5  # three, G3 and C7
    assert record.board().tolist().count(-1) == 5
    assert read("(;GM[1]SZ[9]AB[aa]AW[ii]PL[W])").to_play == WHITE
    assert read("(;GM[1]SZ[9]AB[aa]AW[ii];W[ee])", moves=0).to_play == WHITE
    for before in range(4):
        cut = read("(;GM[1]SZ[9];B[aa];W[bb];AW[cc];B[dd])", moves=before)
        assert int(abs(cut.board()).sum()) == (0, 1, 2, 4)[before]


def cycle(moves: int) -> str:
    """Two kos on 5x5 that both sides take in turn, with passes in between: a long cycle."""
    black, white = ["ba", "ab", "bc", "bd", "ae", "bf"], ["ca", "db", "cc", "cd", "de", "cf", "bb", "be"]
    setup = "AB" + "".join(f"[{p}]" for p in black) + "[ce]" + "AW" + "".join(f"[{p}]" for p in white if p != "be")
    taking = ["B[cb]", "W[be]", "B[]", "W[bb]", "B[ce]", "W[]"]
    return setup + "".join(";" + taking[i % len(taking)] for i in range(moves))


@pytest.mark.parametrize("rules", ["Japanese", "Korean", "Chinese", "AGA", ""])
def test_a_file_may_repeat_a_position(rules: str) -> None:
    record = read(f"(;GM[1]SZ[7]RU[{rules}]{cycle(18)})")
    assert len(record.moves) == 18
    again = GoRecord.from_sgf(record.sgf().encode())
    assert again.moves == record.moves
    assert (again.board() == record.board()).all()


def test_play_may_repeat_a_position_by_japanese_rules_only() -> None:
    for rules, repeats in (("Japanese", True), ("Chinese", False)):
        record = read(f"(;GM[1]SZ[7]RU[{rules}]{cycle(18)})", moves=4)
        action = read(f"(;GM[1]SZ[7]{cycle(18)})").moves[4][1]
        if repeats:
            record.play(BLACK, action)
        else:
            with pytest.raises(lt.IllegalActionError, match="it would repeat an earlier position"):
                record.play(BLACK, action)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no SGF data"),
        ("(;GM[1]SZ[9];B[ee]", "unexpected end"),
        ("(;GM[1]SZ[9];B[ee];W[ee])", "move 2: white may not play E5 here: there is a stone"),
        ("(;GM[1]SZ[9];B[ba];W[ee];B[ab];W[aa])", "move 4: white may not play A9 here: suicide"),
        ("(;GM[1]SZ[7]" + cycle(1) + ";W[bb])", "move 2: white may not play B6 here: the ko"),
        ("(;GM[1]SZ[9];B[ee];AW[dd];W[ee])", "move 2: white may not play E5 here"),
        ("(;GM[1]SZ[9];B[zz])", "node 1 .* expected a point of a 9x9 board .* got 'zz'"),
        ("(;GM[1]SZ[9];B[a])", "got 'a'"),
        ("(;GM[1]SZ[9]AB[tt])", "node 0 .* got 'tt'"),
        ("(;GM[1]SZ[9]AB[ab][ba]AW[aa])", "node 0 .* no liberty"),
        ("(;GM[1]SZ[9]PL[x])", "PL must be"),
        ("(;GM[1]SZ[99])", "SZ must be"),
        ("(;GM[1]SZ[19:13])", "SZ must be"),
        ("(;GM[1]KM[nan])", "KM must be"),
        ("(;GM[1]KM[1e999])", "KM must be"),
        ("(;GM[1]KM[123456789])", "KM must be"),
        ("(;GM[1]HA[many])", "HA must be"),
        ("(;GM[2])", "GM must be"),
    ],
)
def test_a_refused_file_says_why(text: str, reason: str) -> None:
    with pytest.raises(lt.ParameterError, match=f"this SGF file cannot be read: .*{reason}"):
        read(text)


@pytest.mark.parametrize(
    ("start", "piece", "times"),
    [
        (b"", b"(", 20_000_000),
        (b"", b"[", 20_000_000),
        (b"", b";", 5_000_000),
        (b"", b"\xff", 5_000_000),
        (b"", b"(;", 3_000_000),
        (b"", b"(;", 200_000),
        (b"", b"(;CA[", 100_000),
        (b"(;C[", b"\\", 10_000_000),
        (b"(;GM[1]C", b"[]", 3_000_000),
        (b"(;GM[1]SZ[9]", b";B[]", 200_000),
        (b"(;GM[1]SZ[9];B", b"[]", 300_000),
    ],
)
@pytest.mark.parametrize("end", [b"", b")"])
def test_huge_nonsense_is_refused(start: bytes, piece: bytes, times: int, end: bytes) -> None:
    with pytest.raises(lt.ParameterError):
        GoRecord.from_sgf(start + piece * times + end)


def test_deep_variations_are_read() -> None:
    """Some servers begin a variation at every move; such a file is read like others."""
    text = (
        "(;GM[1]SZ[19]"
        + "".join(f"(;{'BW'[i % 2]}[{chr(97 + i % 19)}{chr(97 + i // 19)}]" for i in range(300))
        + ")" * 301
    )
    assert len(read(text).moves) == 300


def test_long_games_are_read_in_time_in_proportion() -> None:
    moves = "".join(f";{'BW'[i % 2]}[{chr(97 + i % 19)}{chr(97 + i // 19)}]" for i in range(180))
    assert len(read(f"(;GM[1]SZ[19]{moves}" + ";B[];W[]" * 4000 + ")").moves) == 8180


SAMPLES = [
    (FOX % ("甲", "乙", "375", "0", "Chinese")).encode(),
    (FOX % ("甲", "乙", "375", "2", "Chinese")).encode("gb18030"),
    KGS.encode(),
    (OGS % "NZ").encode(),
    f"(;GM[1]SZ[7]{cycle(8)})".encode(),
    (CHINESE % "").encode("utf-16"),
]


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_mutated_files_give_a_record_or_our_error(data: st.DataObject) -> None:
    text = bytearray(data.draw(st.sampled_from(SAMPLES)))
    piece = st.one_of(
        st.binary(max_size=4),
        st.sampled_from(
            [b"(", b")", b";", b"[", b"]", b"\\", b"B[aa]", b"AB[aa:ii]", b"SZ[2]", b"KM[", b"CA[utf-7]", b"PL[W]"]
        ),
    )
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(text)))
        text[at : at + data.draw(st.integers(0, 5))] = data.draw(piece)
    try:
        record = GoRecord.from_sgf(bytes(text))
    except lt.LongthinkError:
        return
    again = GoRecord.from_sgf(record.sgf().encode())
    assert again.moves == record.moves
    assert (again.board() == record.board()).all()


def test_files_go_to_sgfmill_and_back() -> None:
    record = read(KGS)
    theirs = sgf.Sgf_game.from_bytes(record.sgf(PB="a [b] \\c").encode())
    assert (theirs.get_size(), theirs.get_komi(), theirs.get_handicap()) == (9, 0.5, 2)
    assert theirs.get_player_name("b") == "a [b] \\c"
    assert [node.get_move() for node in theirs.get_main_sequence()][1:] == [("w", (4, 4)), ("b", (2, 4))]
    game = sgf.Sgf_game(13, "gb18030")
    game.get_root().set("PB", "許")
    game.get_root().set_setup_stones([(0, 0), (0, 1)], [(12, 12)])
    for colour, move in (("w", (6, 6)), ("b", None), ("w", (6, 7))):
        game.extend_main_sequence().set_move(colour, move)
    ours = GoRecord.from_sgf(game.serialise())
    assert [(colour, vertex(13, action)) for colour, action in ours.moves] == [
        (WHITE, "G7"),
        (BLACK, "pass"),
        (WHITE, "H7"),
    ]
    assert sum(len(part) for part in read_sgf(game.serialise()).nodes[0].setup) == 3


def test_loadsgf(tmp_path: Path) -> None:
    engine = Engine(EngineOptions(size=9, komi=6.5, simulations=8, rules="japanese"))
    loadsgf = bind(engine)["loadsgf"]
    file = tmp_path / "game.sgf"
    file.write_text(KGS)
    assert loadsgf([str(file)]) == "white"
    assert (engine.record.komi, engine.record.handicap) == (0.5, 2)
    file.write_text("(;GM[1]SZ[9]KM[];B[ee])")
    loadsgf([str(file)])
    assert engine.record.komi == 0.5  # the file has none; that of the engine stays
    assert engine.record.rules == "japanese"
    before = engine.record
    file.write_text("(;GM[1]SZ[9];B[ee];W[ee])")
    with pytest.raises(lt.LongthinkError, match="move 2: white may not play E5 here: there is a stone"):
        loadsgf([str(file)])
    assert engine.record is before
