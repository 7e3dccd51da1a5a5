"""Matches by the Go Text Protocol: players, referee, log, summary."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

import longthink as lt
from longthink.benchmarks.gtp_match import MatchSettings, as_text, opening, play_game, play_match, summary
from longthink.benchmarks.gtp_player import GtpPlayer, Player, PlayerError, SearchPlayer
from longthink.cli import main
from longthink.games.go_record import GoRecord

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
    told: list[dict[str, Any]] = []
    assert play_match(match, 2, tmp_path / "run", told=told.append)["games"] == 2
    found = play_match(match, 5, tmp_path / "run", told=told.append, concurrency=2)
    assert sorted(record["game"] for record in told) == [0, 1, 2, 3, 4]
    assert (found["games"], found["wins"], found["as_black"], found["as_white"]) == (5, 5, "3/3", "2/2")
    low, high = found["interval_95"]
    assert 0.5 < low < high == 1
    assert "won 5 of 5" in as_text(found)
    other = settings(program, "resign", "pass")
    assert play_match(other, 1, tmp_path / "run")["wins"] == 0  # another match in the same log is another match
    assert len((tmp_path / "run" / "games.jsonl").read_text().splitlines()) == 6


def test_players_that_fail(program: Path, tmp_path: Path) -> None:
    told: list[dict[str, Any]] = []
    for how, words in (("die", "ended at 'genmove"), ("refuse", "refused 'genmove")):
        with pytest.raises(PlayerError, match="three games in a row failed") as caught:
            play_match(settings(program, "pass", how), 4, tmp_path / how, told=told.append)
        assert words in str(caught.value)
    with pytest.raises(PlayerError, match="cannot be started"):
        GtpPlayer("/no/such/program --mode gtp")
    with pytest.raises(lt.ParameterError, match="command line"):
        GtpPlayer(" ")
    with pytest.raises(lt.ParameterError, match="opening"):
        MatchSettings("x", opening=-1)
    silent = GtpPlayer(f"{sys.executable} -c 'import time; time.sleep(60)'", timeout=0.2)
    with pytest.raises(PlayerError, match="gave no answer in"):
        silent.ask("name")
    silent.close()


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
    command = f"{sys.executable} {program}"
    options = ["match", "--opponent", f"{command} resign", "--engine", f"{command} pass", "--size", "5", "--games", "2"]
    options += ["--run-dir", str(tmp_path / "run")]
    assert main(options) == 0
    assert "won 2 of 2" in capsys.readouterr().out
    assert main([*options, "--summary", "--json"]) == 0
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
