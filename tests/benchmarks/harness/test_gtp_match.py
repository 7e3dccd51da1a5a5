"""Matches by the Go Text Protocol: players, referee, log, summary."""

from __future__ import annotations

import json
import shutil
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import longthink as lt
from longthink.benchmarks.harness.gtp_match import MatchSettings, as_text, opening, play_game, play_match, summary
from longthink.benchmarks.peers.gtp_player import GtpPlayer, Player, PlayerError, SearchPlayer
from longthink.commands import main
from longthink.games.go.record import GoRecord

GNUGO = shutil.which("gnugo") or (path if Path(path := "/usr/games/gnugo").exists() else None)
# A program that plays the first free point of its list, or does what its argument says.
PROGRAM = """
import sys
how, taken, n = sys.argv[1], set(), 5
for line in sys.stdin:
    words = line.split()
    if words[0] == "play":
        taken.add(words[2].upper())
    if words[0] == "known_command":
        print("=", "true" if how == "cleans" else "false", end="\\n\\n", flush=True)
        continue
    if words[0] == "kgs-genmove_cleanup":
        cleaned = globals().get("cleaned", 0) + 1
        move = "ABC"[cleaned - 1] + "1" if cleaned <= 3 else "pass"
        print("=", move, end="\\n\\n", flush=True)
        continue
    if words[0] != "genmove":
        print("= W+1.5" if words[0] == "final_score" else "=", end="\\n\\n", flush=True)
        continue
    free = [c + str(r) for r in range(1, 6) for c in "ABCDE" if c + str(r) not in taken]
    move = {"resign": "resign", "pass": "pass", "cleans": "pass", "illegal": "Z9"}.get(how) or free[0]
    if how == "die":
        sys.exit(1)
    if how == "refuse":
        print("? no idea", end="\\n\\n", flush=True)
        continue
    taken.add(move)
    print("=", move, end="\\n\\n", flush=True)
"""


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "program.py"
    path.write_text(PROGRAM)
    return path


def settings(program: Path, engine: str, opponent: str, **changed: Any) -> MatchSettings:
    command = f"{sys.executable} {program}"
    return MatchSettings(
        **{"engine": f"{command} {engine}", "opponent": f"{command} {opponent}", "size": 5, "komi": 0.5, **changed}
    )


def test_resignation_illegal_moves_and_passes(program: Path, tmp_path: Path) -> None:
    record = play_game(settings(program, "resign", "pass"), 0, tmp_path)
    assert (record["result"], record["won"], record["colour"], record["how"]) == ("W+R", 0.0, "b", "resignation")
    record = play_game(settings(program, "pass", "resign"), 1, tmp_path)
    assert (record["result"], record["won"], record["colour"]) == ("W+R", 1.0, "w")
    record = play_game(settings(program, "pass", "illegal"), 0, tmp_path)
    assert record["result"] == "B+F"
    assert record["how"].startswith("illegal move")
    quiet = settings(program, "pass", "pass")
    record = play_game(quiet, 0, tmp_path)
    assert record["how"] == "score by opponent"
    assert record["result"] == "W+1.5"
    assert set(record["scores"]) == {"stones", "ours", "opponent"}
    assert (record["moves"], record["cleanup_moves"], record["own_moves"]) == (4, 0, 1)  # two of the opening
    assert GoRecord.from_sgf((tmp_path / f"{quiet.key}-0000.sgf").read_bytes()).passes == 2


def test_who_is_dead_is_played_out_where_counts_disagree(program: Path, tmp_path: Path) -> None:
    match = settings(program, "pass", "cleans", komi=-1.5)
    record = play_game(match, 0, tmp_path)
    assert (record["scores"]["stones"], record["scores"]["opponent"]) == ("B+1.5", "W+1.5")
    assert record["how"] == "score after cleanup"
    # White's program plays three points, then passes; Black's knows no cleanup and is asked for its usual moves.
    assert record["cleanup_moves"] == 8
    assert record["result"] == record["scores"]["cleanup"] == "W+1.5"
    assert GoRecord.from_sgf((tmp_path / f"{match.key}-0000.sgf").read_bytes()).passes == 2


def test_a_pair_of_games_has_one_opening(program: Path) -> None:
    match = settings(program, "pass", "pass", size=9)
    assert len(opening(match, 0)) == 2
    assert opening(match, 0) == opening(match, 0)
    assert len({tuple(opening(match, pair)) for pair in range(20)}) > 15
    assert opening(settings(program, "pass", "pass", opening=0), 3) == []


def test_a_match_goes_on_where_it_stopped(program: Path, tmp_path: Path) -> None:
    match = settings(program, "pass", "resign")
    records: list[dict[str, Any]] = []
    assert play_match(match, 2, tmp_path / "run", on_record=records.append)["games"] == 2
    found = play_match(match, 5, tmp_path / "run", on_record=records.append, concurrency=2)
    assert sorted(record["game"] for record in records) == [0, 1, 2, 3, 4]
    assert (found["games"], found["wins"], found["as_black"], found["as_white"]) == (5, 5, "3/3", "2/2")
    low, high = found["interval_95"]
    assert 0.5 < low < high == 1
    assert "won 5 of 5" in as_text(found)
    other = settings(program, "resign", "pass")
    assert play_match(other, 1, tmp_path / "run")["wins"] == 0  # another match in the same log is another match
    assert len((tmp_path / "run" / "games.jsonl").read_text().splitlines()) == 6


def test_players_that_fail(program: Path, tmp_path: Path) -> None:
    records: list[dict[str, Any]] = []
    for how, words in (("die", "ended at 'genmove"), ("refuse", "refused 'genmove")):
        with pytest.raises(PlayerError, match="three games in a row failed") as caught:
            play_match(settings(program, "pass", how), 4, tmp_path / how, on_record=records.append)
        assert words in str(caught.value)
    with pytest.raises(PlayerError, match="cannot be started"):
        GtpPlayer("/no/such/program --mode gtp")
    with pytest.raises(lt.ParameterError, match="command line"):
        GtpPlayer(" ")
    with pytest.raises(lt.ParameterError, match="opening"):
        MatchSettings("x", opening=-1)
    silent = GtpPlayer(f"{sys.executable} -c 'import time; time.sleep(60)'", timeout=0.2)
    with pytest.raises(PlayerError, match=r"gave no answer to 'name' in 0\.2 s"):
        silent.ask("name")
    silent.close()


# A program that plays by PROGRAM, and does what its argument says where it is asked what "at" says.
ROGUE = """
import sys, time
how, at, seed = sys.argv[1:4]
for line in sys.stdin:
    word = line.split()[0]
    if word == at and int(seed) % 2 == 1:
        if how == "flood":
            while True:
                sys.stdout.write("x" * 65536)
        if how == "lines":
            while True:
                sys.stdout.write("= x\\n" * 9999)
        if how == "silence":
            time.sleep(600)
        if how == "die":
            sys.exit(3)
        answer = {"bare": "D4", "huge": "= " + "D" * 500000, "empty": "="}.get(how, "= " + how)
    else:
        answer = {"genmove": "= pass", "final_score": "= W+0.5"}.get(word, "=")
    print(answer, end="\\n\\n", flush=True)
"""


def rogue(tmp_path: Path, how: str, at: str) -> MatchSettings:
    path = tmp_path / "rogue.py"
    path.write_text(ROGUE)
    command = f"{sys.executable} {path} {how} {at}"
    return MatchSettings(engine=f"{command} 0", opponent=f"{command} {{seed}}", size=5, komi=0.5)


@pytest.mark.parametrize(
    ("how", "at", "error"),
    [
        ("flood", "genmove", "sent more than 1048576 bytes"),
        ("lines", "genmove", "sent more than 1048576 bytes"),
        ("silence", "genmove", "gave no answer to 'genmove b' in 3 s"),
        ("silence", "boardsize", "gave no answer to 'boardsize 5' in 3 s"),
        ("bare", "genmove", "without = or ?: 'D4'"),
        ("bare", "play", "without = or ?"),
        ("die", "genmove", "ended at 'genmove"),
    ],
)
def test_a_game_that_a_program_breaks_leaves_the_others(how: str, at: str, error: str, tmp_path: Path) -> None:
    records: list[dict[str, Any]] = []
    found = play_match(rogue(tmp_path, how, at), 3, tmp_path / "run", timeout=3.0, on_record=records.append)
    assert (found["games"], found["failed"]) == (2, 1)
    assert [error in record["failed"] for record in records if "failed" in record] == [True]
    assert all(len(record["failed"]) < 1000 for record in records if "failed" in record)
    assert "1 games failed" in as_text(found)
    rows = [json.loads(line) for line in (tmp_path / "run" / "games.jsonl").read_text().splitlines()]
    assert [row["game"] for row in rows] == [0, 2]


@pytest.mark.parametrize("how", ["B+much", "B+1.2.3", "B+", "b+1e9", "1.5", "W+Resign", "empty", "bare", "die", "huge"])
def test_a_score_that_is_no_number_is_nobodys_count(how: str, tmp_path: Path) -> None:
    found = play_match(rogue(tmp_path, how, "final_score"), 2, tmp_path / "run", timeout=3.0)
    assert (found["games"], found["failed"]) == (2, 0)
    rows = [json.loads(line) for line in (tmp_path / "run" / "games.jsonl").read_text().splitlines()]
    assert [row["scores"].get("opponent") for row in rows] == ["W+0.5", None]
    assert found["our_score_and_opponent's"]["games"] == 1


def test_an_invalid_move_loses_and_is_logged_in_short(tmp_path: Path) -> None:
    found = play_match(rogue(tmp_path, "huge", "genmove"), 2, tmp_path / "run", timeout=10.0)
    assert found["ended_by"]["illegal move"] == 1
    assert len((tmp_path / "run" / "games.jsonl").read_text()) < 5000


def test_a_judge_that_fails_gives_no_score_and_one_that_is_missing_ends_the_match(tmp_path: Path) -> None:
    match = rogue(tmp_path, "silence", "final_score")
    command = match.engine.removesuffix(" 0")
    found = play_match(replace(match, judge=f"{command} 1"), 1, tmp_path / "run", timeout=3.0)
    assert found["ended_by"] == {"score by opponent": 1}
    with pytest.raises(PlayerError, match="cannot be started"):
        play_match(replace(match, judge="/no/such/judge"), 1, tmp_path / "other")


def test_a_match_in_which_nothing_was_played_says_so(
    program: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(PlayerError, match="cannot be started"):
        play_match(MatchSettings(opponent="/no/such/program"), 1, tmp_path / "missing")
    with pytest.raises(PlayerError, match="no game was finished"):
        play_match(settings(program, "pass", "die"), 1, tmp_path / "dies")
    with pytest.raises(lt.ParameterError, match="timeout"):
        play_match(settings(program, "pass", "pass"), 1, tmp_path / "never", timeout=0)
    options = ["match", "--size", "5", "--games", "1", "--run-dir", str(tmp_path / "run")]
    assert main([*options, "--opponent", "/no/such/program"]) != 0
    assert "cannot be started" in capsys.readouterr().err
    assert main([*options, "--opponent", "gnugo", "--summary"]) == 1
    match = rogue(tmp_path, "silence", "genmove")
    programs = ["--opponent", match.opponent.replace("{seed}", "1"), "--engine", match.engine]
    assert main([*options, *programs, "--timeout", "0.5"]) != 0
    assert "in 0.5 s" in capsys.readouterr().err


def test_the_end_of_a_match_ends_the_wait_for_an_answer(tmp_path: Path) -> None:
    stop = threading.Event()
    player = GtpPlayer(f"{sys.executable} -c 'import time; time.sleep(600)'", stop=stop)
    threading.Timer(0.3, stop.set).start()
    with pytest.raises(PlayerError, match="stopped"):
        player.ask("name")
    player.close()
    with pytest.raises(PlayerError, match="stopped"):  # what comes later would be the answer to another question
        player.ask("version")


def test_processor_time_is_counted() -> None:
    player = GtpPlayer("longthink gtp --size 9 --simulations 20000 --memory 64")
    try:
        player.begin(9, 7.5)
        before = player.cpu_seconds()
        player.genmove("b")
        if sys.platform == "linux":
            assert player.cpu_seconds() > before
    finally:
        player.close()


def test_a_search_of_this_process_plays(tmp_path: Path) -> None:
    def make(command: str) -> Player:
        simulations = int(command)
        return SearchPlayer(lambda game: lt.MCTS(game, memory_bytes=1 << 24), lt.Budget(simulations=simulations))

    match = MatchSettings(opponent="1", engine="400", size=3, komi=0.5, opening=0, max_moves=30)
    found = play_match(match, 2, tmp_path, make=make)
    assert found["games"] == 2
    record = json.loads((tmp_path / "games.jsonl").read_text().splitlines()[0])
    assert set(record["scores"]) <= {"stones", "ours", "cleanup"}
    assert found["cpu_seconds_a_game"]["engine"] > 0


def test_who_counts_is_compared(program: Path) -> None:
    match = settings(program, "pass", "pass")
    rows = [
        {"ours": "B+3.5", "opponent": "B+3.5", "judge": "B+3.5"},
        {"ours": "B+3.5", "opponent": "B+5.5", "judge": "W+1.5"},
        {},
    ]
    records = [
        {"key": f"{match.key}-{n}", "game": n, "won": 1.0, "colour": "b", "moves": 9, "own_moves": 4,
         "cpu_seconds": [1.0, 2.0], "how": "score by judge", "scores": scores}
        for n, scores in enumerate(rows)
    ]  # fmt: skip
    found = summary(match, records)
    assert found["our_score_and_opponent's"]["same_score"] == 1
    assert found["our_score_and_opponent's"]["same_winner"] == 2
    assert found["our_score_and_judge's"]["same_winner"] == 1
    assert "the same in 1 of 2 finished games" in as_text(found)
    assert as_text(summary(match, [])) == "no game was finished"


def test_the_command_line(program: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command, more = f"{sys.executable} {program}", ["--size", "5", "--games", "2", "--run-dir", str(tmp_path / "run")]
    won = ["match", "--opponent", f"{command} resign", "--engine", f"{command} pass", *more]
    lost = ["match", "--opponent", f"{command} pass", "--engine", f"{command} resign", *more]
    assert main(won) == 0
    assert "won 2 of 2" in capsys.readouterr().out
    assert main([*won, "--summary", "--json"]) == 0
    assert main(lost) == 1
    capsys.readouterr()
    assert main([*won, "--summary", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["wins"] == 2


@pytest.mark.skipif(GNUGO is None, reason="GNU Go is not installed")
def test_gnu_go_agrees_about_a_game(tmp_path: Path) -> None:
    match = MatchSettings(
        opponent="gnugo --mode gtp --level 0 --chinese-rules --never-resign",
        engine="gnugo --mode gtp --level 0 --chinese-rules --never-resign --seed 2",
        judge="gnugo --mode gtp --level 1 --chinese-rules",
        size=5,
        opening=0,
    )
    record = play_game(match, 0, tmp_path)
    scores = record["scores"]
    assert record["how"] == ("score after cleanup" if "cleanup" in scores else "score by judge")
    assert ("cleanup" in scores) == (scores["stones"][0] != scores["judge"][0])
    assert scores["ours"] == scores["judge"]
    assert record["cpu_seconds"][1] >= 0
