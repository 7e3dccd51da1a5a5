"""The Go Text Protocol: every command by transcript, streams, clocks, and wrong input."""

from __future__ import annotations

import io
import itertools
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

import longthink as lt
from longthink.commands import main
from longthink.games.go.game import action_of
from longthink.games.go.handicap import fixed_handicap
from longthink.games.go.rules import RULES
from longthink.go.analysis import lower_bound
from longthink.go.commands import COMMANDS, bind, table
from longthink.go.engine import Engine, EngineOptions
from longthink.go.gtp import Answer, Command, Inbox, parse, serve
from longthink.search.in_play.time_control import TimeControl


def engine(waiting: Any = lambda: True, **options: Any) -> Engine:
    options = {"size": 9, "simulations": 50, "memory_bytes": 1 << 26, **options}
    return Engine(EngineOptions(**options), waiting)


def talk(script: str | bytes, player: Engine | None = None, commands: Mapping[str, Command] | None = None) -> list[str]:
    """The answers to a script, each without its empty line."""
    data = script.encode() if isinstance(script, str) else script
    output = io.BytesIO()
    serve(Inbox(io.BytesIO(data)), commands or bind(player or engine()), output)
    text = output.getvalue().decode()
    assert text == "" or text.endswith("\n\n")
    return text.split("\n\n")[:-1]


def transcript(text: str, player: Engine | None = None) -> None:
    """Lines `> command` and the answers that follow them."""
    parts = re.split(r"^> ?", text.strip("\n"), flags=re.MULTILINE)[1:]
    commands = [part.partition("\n")[0] for part in parts]
    wanted = [part.partition("\n")[2].rstrip("\n") for part in parts]
    assert talk("\n".join(commands) + "\n", player) == wanted


def test_administration() -> None:
    transcript(
        f"""
> protocol_version
= 2
> 7 name
=7 longthink
> version
= {lt.__version__}
> known_command genmove
= true
> known_command frobnicate
= false
> known_command
= false
> 12 frobnicate b
?12 unknown command
> 13
?13 missing command
> quit
=
"""
    )


def test_list_commands_lists_all_known_commands() -> None:
    (answer,) = talk("list_commands\n")
    names = answer[2:].split("\n")
    required = """
        protocol_version name version known_command list_commands quit boardsize clear_board komi fixed_handicap
        place_free_handicap set_free_handicap play genmove undo time_settings time_left final_score final_status_list
        loadsgf reg_genmove showboard printsgf kgs-time_settings kgs-genmove_cleanup lz-analyze kata-analyze
        lz-genmove_analyze kata-genmove_analyze gogui-analyze_commands
    """
    assert set(required.split()) <= set(names)
    assert talk("".join(f"known_command {name}\n" for name in names)) == ["= true"] * len(names)


def test_a_command_of_a_user_is_registered_and_its_arguments_are_counted() -> None:
    @table.command("own-moves", most=1)
    def own_moves(player: Engine, arguments: list[str]) -> Answer:
        return f"{len(player.record.moves)} moves {' '.join(arguments)}"

    try:
        answers = talk("play b C3\nown-moves x\nown-moves x y\nknown_command own-moves\n")
        assert answers[1:] == ["= 1 moves x", "? own-moves expects 1 argument, got also 'y'", "= true"]
    finally:
        COMMANDS.unregister("own-moves")
    assert talk("own-moves\n") == ["? unknown command"]


def test_comments_control_characters_and_empty_lines() -> None:
    script = b"# a comment\n\n   \n1\tname # who\r\n\r\n2 \x07na\x00me\x0c\r\n\x80\xff\n"
    assert talk(script) == ["=1 longthink", "=2 longthink", "? unknown command"]
    assert parse(b"  5  play\tb  D4 # x\r\n") == ("5", ["play", "b", "D4"])
    assert parse(b"#5 play") is None
    assert talk(b"x" * 200_000 + b"\nname") == ["? unknown command", "= longthink"]  # and no newline at the end


def test_playing() -> None:
    transcript(
        """
> boardsize 5
=
> komi 0.5
=
> get_komi
= 0.5
> query_boardsize
= 5
> clear_board
=
> play B c3
=
> play white D3
=
> play b C3
? illegal move
> play b J9
? invalid vertex
> play b I3
? invalid vertex
> play green A1
? invalid color
> play b
? play expects a color and a vertex
> play
? invalid color
> play b d4
=
> play b D2
=
> play b e3
=
> showboard
= 
   A B C D E
 5 . . . . . 5   White (to play), move 6
 4 . . . X . 4
 3 . . X . X 3
 2 . . . X . 2
 1 . . . . . 1   captured: 0 black (X), 1 white (O)
   A B C D E
> printsgf
= (;GM[1]FF[4]CA[UTF-8]AP[longthink]SZ[5]KM[0.5]RU[Chinese]
;B[cc];W[dc];B[db];B[dd];B[ec])
> play w pass
=
> undo
=
> undo
=
> undo
=
> undo
=
> undo
=
> undo
=
> undo
? cannot undo
"""
    )


def test_refused_arguments() -> None:
    transcript(
        """
> boardsize 1
? unacceptable size
> boardsize 26
? unacceptable size
> boardsize nine
? syntax error: expected an integer
> boardsize
? syntax error: expected an integer
> komi
? syntax error: expected a number
> komi nan
? syntax error: expected a finite number
> komi 1e300
? go: komi expects a number from -1000 to 1000, got 1e+300
> genmove
? invalid color
> final_status_list sleeping
? final_status_list expects alive, dead, seki, black_territory or white_territory
> lz-analyze b fast
? analysis does not know 'fast', or its value is missing
> loadsgf
? loadsgf expects a file
> loadsgf /no/such/file.sgf
? cannot load file
> time_settings 1 2
? syntax error: expected an integer
> time_settings -1 2 3
? time_settings expects numbers that are not negative
> kgs-time_settings hourglass 5
? kgs-time_settings expects none, absolute, byoyomi or canadian
"""
    )
    for size in (2, 7, 19, 25):
        assert talk(f"boardsize {size}\ngenmove b\nquery_boardsize\n")[2] == f"= {size}"


def test_too_many_arguments_are_an_error() -> None:
    player = engine()
    answers = talk("".join(f"{name} 5 5 5 5 5 5\n" for name in COMMANDS if name not in OPEN_ENDED), player)
    assert [
        answer for answer in answers if not re.match(r"\? \S+ expects (no|\d) arguments?, got also '5", answer)
    ] == []
    transcript(
        """
> undo 2
? undo expects no arguments, got also '2'
> play b D4 E5
? play expects 2 arguments, got also 'E5'
> komi 7,5 x
? komi expects 1 argument, got also 'x'
> boardsize 9 9
=
> rectangular_boardsize 9 9
=
> boardsize 9 13
? unacceptable size
"""
    )


OPEN_ENDED = {"quit", "loadsgf", "printsgf", "set_free_handicap", "lz-analyze", "kata-analyze"} | {
    f"{kind}-genmove_analyze" for kind in ("lz", "kata")
}


def test_rules_of_servers() -> None:
    player = engine()
    transcript(
        """
> kgs-rules japanese
=
> kata-set-rules korean
=
> kgs-rules mine
? unknown rules: 'mine'; expected one of """
        + ", ".join(RULES)
        + """
> kgs-rules
? unknown rules: ''; expected one of """
        + ", ".join(RULES)
        + "\n",
        player,
    )
    assert player.record.rules == "japanese"
    for rules in RULES:
        assert talk(f"kgs-rules {rules}\nclear_board\ngenmove b\n", player)[0] == "="
        assert player.record.rules == rules


def test_black_may_play_a_handicap() -> None:
    """OGS and some editors send a handicap as moves before White's first. White gets the points that the rules give."""
    player = engine(komi=0.5)
    talk("play b C3\n", player)
    assert player.record.game_komi == 0.5
    talk("play b G7\nplay b C7\n", player)
    assert player.record.game_komi == 3.5
    assert player.record.game.get_parameters()["komi"] == 3.5
    talk("undo\n", player)
    assert player.record.game_komi == 2.5
    talk("play w E5\nplay b F3\nplay b F4\n", player)
    assert player.record.game_komi == 2.5
    assert player.record.to_play == 1
    talk("kgs-rules japanese\n", player)
    assert player.record.game_komi == 0.5
    # A placed handicap does not grow, and passes do not make one.
    assert talk("kgs-rules chinese\nclear_board\nset_free_handicap C3 G7\nplay b C7\n", player)[2] == "="
    assert player.record.game_komi == 2.5
    talk("clear_board\nplay b C3\nplay w pass\nplay b G7\n", player)
    assert player.record.game_komi == 0.5


def test_by_tromp_taylor_rules_no_stone_is_dead() -> None:
    wall = "".join(f"play b {c}{r}\nplay w pass\n" for c, r in itertools.product("BD", "12345"))
    script = f"boardsize 5\nkomi 0.5\n{wall}play b a3\nplay b c3\nplay w e5\nplay b pass\nplay w pass\n"
    ends = "final_score\nfinal_status_list dead\nkgs-genmove_cleanup b\n"
    assert talk(script + ends, engine(size=5, simulations=500))[-3:-1] == ["= B+24.5", "= E5"]
    answers = talk(f"kata-set-rules tromp-taylor\n{script}{ends}", engine(size=5, simulations=500))
    assert answers[-3:-1] == ["= B+18.5", "="]
    assert answers[-1].startswith("= ")


def test_the_command_line_offers_all_rules(capsys: pytest.CaptureFixture[str]) -> None:
    for rules in RULES:
        assert main(["gtp", "--rules", rules, "--resign", "0.7"]) == 2
        assert "resign expects a win rate" in capsys.readouterr().err


def test_the_end_of_a_game_on_a_server_ends_pondering() -> None:
    calls = iter([False] * 6)
    player = engine(lambda: next(calls, True))
    talk("play b E5\n", player)
    assert talk("kgs-game_over\n", player) == ["="]
    before = player.go_to(player.record.state()).simulations
    player.ponder()
    assert player.search().simulations == before
    talk("clear_board\nplay b E5\n", player)
    player.ponder()
    assert player.search().simulations > before


def test_what_servers_and_editors_send() -> None:
    """KGS, OGS and Sabaki at the beginning and the end of a game; nothing is refused."""
    kgs = """
    list_commands
    boardsize 9
    clear_board
    komi 0.5
    kgs-rules chinese
    place_free_handicap 2
    kgs-time_settings byoyomi 60 10 3
    time_left w 60 0
    play w E5
    time_left b 9.5 3
    genmove b
    undo
    play w pass
    final_status_list dead
    kgs-genmove_cleanup b
    kgs-game_over
    """
    ogs = """
    kata-list_time_settings
    boardsize 9
    clear_board
    komi 5.5
    play black C3
    play black G7
    kata-time_settings fischer-capped 60 10 120 -1
    time_left black 59 0
    time_left white 0 0
    genmove white
    final_status_list dead
    """
    sabaki = """
    name
    version
    protocol_version
    list_commands
    komi 6.5
    boardsize 9
    clear_board
    set_free_handicap C3 G7
    play W E5
    lz-genmove_analyze B 10
    undo
    printsgf
    """
    for script in (kgs, ogs, sabaki):
        answers = talk("".join(line.strip() + "\n" for line in script.strip().splitlines()), engine())
        assert len(answers) == len(script.strip().splitlines())
        assert [answer for answer in answers if not answer.startswith("=")] == []


def test_handicaps() -> None:
    transcript(
        """
> fixed_handicap 4
= C3 G7 C7 G3
> fixed_handicap 2
? board not empty
> clear_board
=
> fixed_handicap 1
? invalid number of stones
> fixed_handicap 10
? invalid number of stones
> set_free_handicap D4
? invalid number of stones
> set_free_handicap D4 D4
? bad vertex list
> set_free_handicap D4 pass
? bad vertex list
> set_free_handicap D4 E5 F6
=
> play w E5
? illegal move
> clear_board
=
> place_free_handicap 30
= C3 G7 C7 G3 C5 G5 E3 E7 E5
"""
    )
    assert [len(fixed_handicap(19, n)) for n in range(2, 10)] == list(range(2, 10))
    assert {point for n in (2, 3, 9) for point in fixed_handicap(19, n)} == {
        action_of(19, f"{column}{row}") for column in "DKQ" for row in (4, 10, 16)
    }
    ours, theirs = fixed_handicap(13, 9), lt.load_game("go", board_size=13, handicap=9).new_initial_state()
    assert all(point not in theirs.legal_actions() for point in ours)


def test_genmove_plays_the_moves_it_says() -> None:
    player = engine(simulations=1000)
    answers = talk("genmove b\ngenmove w\nreg_genmove b\nshowboard\n", player)
    moves = [answer[2:] for answer in answers[:3]]
    assert len(player.record.moves) == 2  # reg_genmove does not play
    board = player.record.board()
    assert board[action_of(9, moves[0])] == 1
    assert board[action_of(9, moves[1])] == -1
    again = talk("genmove b\ngenmove w\nreg_genmove b\nshowboard\n", engine(simulations=1000))
    assert again == answers  # the same seed, the same game


def test_the_subtree_is_kept_from_move_to_move() -> None:
    player = engine(size=5, simulations=2000)
    move = player.choose(0)
    player.record.play(0, action_of(5, move))
    search = player.go_to(player.record.state())
    assert 0 < search.simulations < 2000  # the visits below the move, before any new search
    assert search.root_state == player.record.state()


def test_passing_and_resigning() -> None:
    # Black owns the whole board except for a dead stone, and White passes: Black passes, because the game is won.
    wall = "".join(f"play b {c}{r}\n" for c, r in itertools.product("BD", "12345"))
    script = f"boardsize 5\nkomi 0.5\n{wall}play b a3\nplay b e3\nplay b c3\nplay w pass\n"
    player = engine(size=5)
    assert talk(script + "genmove b\n", player)[-1] == "= pass"
    # White cannot win any more.
    player = engine(size=5, simulations=400)
    answers = talk(script + "genmove w\nplay b pass\n" * 1 + "genmove w\nplay b pass\ngenmove w\n", player)
    assert "= resign" in answers
    never = engine(size=5, simulations=400, resign=0)
    assert "= resign" not in talk(script + "genmove w\nplay b pass\ngenmove w\nplay b pass\ngenmove w\n", never)


def test_cleanup_captures_before_it_passes() -> None:
    wall = "".join(f"play b {c}{r}\n" for c, r in itertools.product("BD", "12345"))
    script = f"boardsize 5\nkomi 0.5\n{wall}play b a3\nplay b c3\nplay w e5\nplay w pass\n"
    answers = talk(script + "final_status_list dead\nkgs-genmove_cleanup b\n", engine(size=5, simulations=500))
    assert answers[-2] == "= E5"
    assert answers[-1] != "= pass"
    # When no dead stones are left, it passes and does not fill its own eyes.
    player = engine(size=5, simulations=500)
    assert talk(script + "kgs-genmove_cleanup b\nplay w pass\n" * 8, player).count("= pass") > 0


def test_the_end_of_the_game() -> None:
    stones = "".join(f"play {c} {v}{r}\n" for r in range(1, 10) for v, c in (("D", "b"), ("E", "w")))
    stones += "".join(f"play {c} {v}{r}\n" for r in range(1, 10) for v, c in (("B", "b"), ("H", "w")))
    stones += "play b A5\nplay b C5\nplay w G5\nplay w J5\nplay w A1\n"
    answers = talk(
        stones
        + "final_score\nfinal_status_list dead\nfinal_status_list seki\nfinal_status_list black_territory\n"
        + "".join(f"final_status {point}\n" for point in ("D4", "A1", "A2", "F2", "pass"))
        + "final_status_list alive\n"
    )[41:]
    assert answers[0] == "= W+16.5"
    assert answers[1] == "= A1"
    assert answers[2] == "="
    assert answers[3].split()[1:4] == ["A1", "C1", "A2"]
    assert answers[4:9] == ["= alive", "= dead", "= black_territory", "= white_territory", "? invalid vertex"]
    assert len(answers[9].split()) == 1 + 4 * 9 + 4
    player = engine(rules="japanese", komi=6.5)
    japanese = talk(stones + "final_score\n", player)
    assert japanese[-1] == "= W+14.5"  # 16 points and a prisoner to 25 and komi


def test_sgf_files(tmp_path: Path) -> None:
    file = tmp_path / "game.sgf"
    player = engine()
    assert talk(f"play b D4\nplay w E5\nplay b C3\nprintsgf {file}\nloadsgf {file} 3\n", player)[3:] == ["=", "= black"]
    assert len(player.record.moves) == 2
    assert talk(f"loadsgf {file}\n", player) == ["= white"]
    spaced = tmp_path / "a game.sgf"
    assert talk(f"printsgf {spaced}\nloadsgf {spaced}\nloadsgf {spaced} 3\n", player) == ["=", "= white", "= black"]
    talk(f"loadsgf {file}\n", player)
    file.write_text("no game")
    assert talk(f"loadsgf {file}\n", player)[0].startswith("? this SGF file cannot be read")
    assert len(player.record.moves) == 3  # the game before stays
    assert talk(f"printsgf {tmp_path}/no/such/folder\n", player)[0].startswith("? cannot write file")


# ---- Clocks ----


def test_time_settings() -> None:
    player = engine(simulations=None)
    for command, control in (
        ("time_settings 60 0 0", TimeControl(60)),
        ("time_settings 60 30 5", TimeControl(60, period_time=30, period_moves=5, periods=1)),
        ("time_settings 0 30 0", TimeControl()),
        ("kgs-time_settings none", TimeControl()),
        ("kgs-time_settings absolute 60", TimeControl(60)),
        ("kgs-time_settings byoyomi 60 10 3", TimeControl(60, period_time=10, periods=3)),
        ("kgs-time_settings canadian 60 30 5", TimeControl(60, period_time=30, period_moves=5, periods=1)),
        ("kata-time_settings fischer 60 5", TimeControl(60, increment=5)),
    ):
        assert talk(command + "\n", player) == ["="]
        assert [clock.control for clock in player.timing.clocks] == [control, control]
    assert talk("time_left b 12.5 0\ntime_left green 1 1\ntime_left w inf 0\n", player) == [
        "=",
        "? invalid color",
        "? syntax error: expected a finite number",
    ]
    assert player.timing.clocks[0].main == 12.5


def test_the_clock_decides_how_long_a_move_takes() -> None:
    player = engine(simulations=None, size=9)
    talk("time_settings 30 0 0\n", player)
    limits = player.limits(0)
    assert limits.simulations is None
    assert 0.1 < limits.seconds < 5
    talk("time_left b 1 0\n", player)
    assert 0 < player.limits(0).seconds < limits.seconds
    talk("kgs-time_settings byoyomi 0 0.5 1\ngenmove b\n", player)
    assert player.timing.clocks[0].periods == 1  # it kept within its period
    fixed = engine(seconds=0.01)
    assert fixed.limits(0).seconds == 0.01
    assert engine(simulations=50).limits(0).simulations == 50


def test_time_for_lag_is_reserved_and_a_period_is_never_exceeded() -> None:
    times = []
    for lag in (0.0, 0.5, 2.0):
        player = engine(simulations=None, lag=lag)
        talk("kgs-time_settings byoyomi 0 10 3\ntime_left b 10 3\n", player)
        times.append(player.limits(0).seconds)
    assert times == [10.0, 9.5, 8.0]
    for options in ({"seconds": 60.0}, {"average": 60.0}):  # more than the clock has
        player = engine(simulations=None, lag=1.0, **options)
        talk("kgs-time_settings byoyomi 0 10 3\ntime_left b 10 3\n", player)
        assert player.limits(0).most <= 9.0
        talk("kata-time_settings fischer-capped 600 10 600 5\n", player)
        assert player.limits(0).most <= 4.0
    with pytest.raises(lt.ParameterError, match="lag"):
        engine(lag=-1.0)


def test_moves_take_the_average_time() -> None:
    player = engine(simulations=None, size=9, average=0.02)
    talk("genmove b\ngenmove w\n" * 4, player)
    assert player.timing.allowances is not None
    assert [a.moves for a in player.timing.allowances] == [4, 4]
    assert player.timing.allowances[0].spent > 0
    offered = player.limits(0).seconds
    talk("reg_genmove b\n", player)
    assert player.limits(0).seconds == offered
    talk("clear_board\n", player)
    assert [a.moves for a in player.timing.allowances] == [0, 0]
    with pytest.raises(lt.ParameterError, match="positive"):
        engine(average=-1)


# ---- Analysis ----

LEELA = (
    r"info move \S+ visits \d+ winrate \d+ prior \d+ lcb \d+ order \d+ pv( [A-HJ]\d| pass)+"
    r"( info move \S+ visits \d+ winrate \d+ prior \d+ lcb \d+ order \d+ pv( [A-HJ]\d| pass)+)*"
)


def stream(player: Engine, command: str, *arguments: str) -> Iterator[str]:
    answer = bind(player)[command](list(arguments))
    assert not isinstance(answer, str)
    return answer


def test_leela_zero_analysis() -> None:
    player = engine(lambda: False)
    first, second = itertools.islice(stream(player, "lz-analyze", "b", "2", "maxmoves", "4"), 2)
    assert re.fullmatch(LEELA, first)
    visits = [sum(map(int, re.findall(r"visits (\d+)", line))) for line in (first, second)]
    assert visits[1] > visits[0]
    assert re.findall(r"order (\d+)", second) == ["0", "1", "2", "3"]
    ordered = [int(n) for n in re.findall(r"visits (\d+)", second)]
    assert ordered == sorted(ordered, reverse=True)
    for rate, lower in re.findall(r"winrate (\d+) prior \d+ lcb (\d+)", second):
        assert 0 <= int(lower) <= int(rate) <= 10_000


def test_katago_analysis() -> None:
    player = engine(lambda: False)
    talk("play b E5\n", player)
    words = "interval 2 maxmoves 3 minmoves 1 rootInfo true ownership true pvVisits true"
    line = next(stream(player, "kata-analyze", *words.split()))
    assert re.match(r"info move \S+ visits \d+ edgeVisits \d+ utility -?[\d.]+ winrate [\d.]+ prior", line)
    assert len(line.split(" ownership ")[1].split()) == 81
    assert re.search(r" pvVisits \d+", line)
    assert re.search(r" rootInfo visits \d+ ", line)
    assert player.record.to_play == 1


def test_allowed_and_avoided_moves() -> None:
    player = engine(lambda: False)
    line = next(stream(player, "lz-analyze", "2", "allow", "b", "D4,E5", "1", "minmoves", "9"))
    assert set(re.findall(r"info move (\S+)", line)) == {"D4", "E5"}
    assert "move E5 " not in next(stream(player, "lz-analyze", "2", "avoid", "b", "E5", "1", "minmoves", "99"))
    *lines, last = stream(player, "lz-genmove_analyze", "b", "100", "allow", "b", "A1", "1")
    assert last == "play A1"
    assert all(re.fullmatch(LEELA, line) for line in lines)
    assert len(player.record.moves) == 1


def test_a_stream_ends_with_the_next_command_and_can_be_refused() -> None:
    answers = talk("1 lz-analyze b 10\n2 kata-genmove_analyze b 10 maxmoves 2\n3 showboard\n4 kata-analyze q\n5 name\n")
    assert answers[0] == "=1"  # the next command was there already
    assert re.match(r"=2\ninfo move (.|\n)*\nplay \S+$", answers[1])
    assert "X" in answers[2]
    assert answers[3].startswith("?4 ")
    assert answers[4] == "=5 longthink"


def test_a_stream_comes_while_it_runs() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "longthink", "gtp", "--size", "9"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(b"5 lz-analyze 5\n")
        process.stdin.flush()
        lines = [process.stdout.readline().decode() for _ in range(3)]
        assert lines[0] == "=5\n"
        assert all(re.fullmatch(LEELA, line.strip()) for line in lines[1:])
        rest, _ = process.communicate(b"\n6 quit\n", timeout=60)
        assert rest.decode().endswith("\n=6\n\n")
        assert process.returncode == 0
    finally:
        process.kill()
        process.communicate()


def test_gogui() -> None:
    player = engine()
    answers = talk("gogui-analyze_commands\nlongthink-ownership\nlongthink-moves\nlongthink-variation\n", player)
    for line in answers[0][2:].split("\n"):
        kind, _, command = line.split("/")
        assert kind in ("dboard", "gfx", "string", "plist")
        assert command.split()[0] in COMMANDS
    rows = answers[1][2:].split("\n")
    assert [len(row.split()) for row in rows] == [9] * 9
    assert re.match(r"= LABEL( [A-J]\d \d+)+\nTEXT ", answers[2])
    assert re.match(r"= VAR( [bw] \S+)+$", answers[3])


def test_lower_bound() -> None:
    assert lower_bound(0.5, 0) == 0
    assert lower_bound(1.0, 10) < 0.8
    assert lower_bound(0.5, 10) < lower_bound(0.5, 1000) < 0.5
    assert lower_bound(0.5, 100) == pytest.approx(0.4038, abs=1e-4)  # from a table of Wilson's interval


# ---- Sturdiness ----


def test_pondering_uses_the_other_sides_time() -> None:
    calls = iter([False] * 3)
    player = engine(lambda: next(calls, True))
    player.ponder()  # nothing to ponder about before the first move
    talk("genmove b\n", player)
    before = player.go_to(player.record.state()).simulations
    player.ponder()
    assert player.search().simulations > before


def test_a_fault_is_an_answer() -> None:

    def broken(arguments: list[str]) -> str:
        raise ZeroDivisionError("two\n\nlines")

    assert talk("3 name\nversion\n", commands={**bind(engine()), "name": broken}) == [
        "?3 internal error: ZeroDivisionError two lines",
        f"= {lt.__version__}",
    ]


def test_options(tmp_path: Path) -> None:
    for wrong in ({"resign": 0.7}, {"size": 50}, {"simulations": -1}, {"rules": "mine"}):
        with pytest.raises(lt.LongthinkError):
            engine(**wrong)
    log = tmp_path / "log"
    command = [sys.executable, "-m", "longthink", "gtp", "--size", "9", "--simulations", "10", "--log", str(log)]
    done = subprocess.run(command, input=b"genmove b\nquit\n", capture_output=True, check=True)
    assert re.fullmatch(rb"= \S+\n\n=\n\n", done.stdout)
    assert done.stderr == b""
    assert "> genmove b" in log.read_text()


def test_fuzz() -> None:
    spec = spec_from_file_location("fuzz_gtp", Path(__file__).parent / "fuzz_gtp.py")
    assert spec is not None
    assert spec.loader is not None
    fuzz_gtp = module_from_spec(spec)
    spec.loader.exec_module(fuzz_gtp)
    assert fuzz_gtp.fuzz(3, seed=int(time.time())) > 0
