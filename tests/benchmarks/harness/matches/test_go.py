"""Matches of Go against programs: their faults, how the score is found, SGF files."""

from __future__ import annotations

import shutil
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

import longthink as lt
from longthink.benchmarks.harness.matches.agents import Agent
from longthink.benchmarks.harness.matches.go_referee import GoReferee, margin
from longthink.benchmarks.harness.matches.play import Limits, Played, play_game, play_pair
from longthink.benchmarks.harness.matches.registry import load_agent
from longthink.benchmarks.peers.gtp_player import GtpPlayer, PlayerError, PlayerStartError
from longthink.games.go.record import GoRecord
from tests.benchmarks.harness.matches.fakes import ROGUE, program

GNUGO = shutil.which("gnugo") or (path if Path(path := "/usr/games/gnugo").exists() else None)
OPENING = (18, 7)


def one(black: str, white: str, komi: float = 0.5, limits: Limits | None = None, **options: Any) -> Played:
    """One game on a board of 5x5 after two stones."""
    referee = GoReferee(lt.load_game("go", board_size=5, komi=komi), OPENING, **options)
    return play_game(referee, [load_agent(black), load_agent(white)], [black, white], [1, 2], limits)


def test_resignation_illegal_moves_and_passes(tmp_path: Path) -> None:
    passes = program(tmp_path, "pass")
    played = one(program(tmp_path, "resign"), passes)
    assert (played.how, played.fault, played.scores) == ("resignation", None, (0.0, 1.0))
    assert "RE[W+R]" in (played.sgf or "")
    for how in ("illegal", "taken"):
        played = one(passes, program(tmp_path, how))
        assert (played.how, played.scores) == ("illegal move", (1.0, 0.0))
        assert played.fault is not None
        assert played.fault.player == 1
        assert "RE[B+F]" in (played.sgf or "")
    played = one(passes, passes)
    assert played.how == "score by the programs"
    assert played.details["scores"] == {
        "stones": "W+0.5",
        "ours": played.details["scores"]["ours"],
        "B": "W+1.5",
        "W": "W+1.5",
    }
    assert played.details["result"] == "W+1.5"
    assert (len(played.actions), played.used[0].moves, played.opening) == (4, 1, 2)
    assert GoRecord.from_sgf((played.sgf or "").encode()).passes == 2


def test_dead_stones_are_captured_if_the_counts_disagree(tmp_path: Path) -> None:
    played = one(program(tmp_path, "pass"), program(tmp_path, "cleans"), komi=-1.5)
    assert (played.details["scores"]["stones"], played.details["scores"]["W"]) == ("B+1.5", "W+1.5")
    assert played.how == "score after clean-up"
    # White's program plays three points, then passes; Black's knows no clean-up and is asked for its usual moves.
    assert played.details["cleanup_moves"] == 8
    assert played.details["result"] == played.details["scores"]["cleanup"] == "W+1.5"
    assert played.scores == (0.0, 1.0)
    assert GoRecord.from_sgf((played.sgf or "").encode()).passes == 2


def test_openings_avoid_the_edge() -> None:
    game = lt.load_game("go", board_size=9)
    openings = {tuple(GoReferee.random_opening(game, 2, str(pair))) for pair in range(20)}
    assert len(openings) > 15
    assert all(2 <= point // 9 <= 6 and 2 <= point % 9 <= 6 for opening in openings for point in opening)
    with pytest.raises(lt.ParameterError, match="opening"):
        GoReferee.random_opening(game, 40, "1")


@pytest.mark.parametrize(
    ("how", "at", "kind", "message"),
    [
        ("flood", "genmove", "broken protocol", "sent more than 1048576 bytes"),
        ("lines", "genmove", "broken protocol", "sent more than 1048576 bytes"),
        ("bare", "genmove", "broken protocol", "without = or ?: 'D4'"),
        ("bare", "play", "broken protocol", "without = or ?"),
        ("silence", "genmove", "stall", "no answer in 2 s"),
        ("silence", "boardsize", "stall", "no answer in 2 s"),
        ("die", "genmove", "crash", "ended at 'genmove"),
        ("die", "play", "crash", "ended at 'play"),
        ("huge", "genmove", "illegal move", "expected a point"),
    ],
)
def test_a_program_that_breaks_a_game_loses_it(how: str, at: str, kind: str, message: str, tmp_path: Path) -> None:
    good, bad = program(tmp_path, "pass"), program(tmp_path, how, at, source=ROGUE)
    played = one(good, bad, limits=Limits(answer=2.0))
    assert played.fault is not None
    assert (played.how, played.fault.kind, played.fault.player) == (kind, kind, 1)
    assert message in played.fault.message
    assert len(played.fault.message) < 600
    assert played.scores == (1.0, 0.0)


def test_a_program_that_refuses_a_move_breaks_the_protocol(tmp_path: Path) -> None:
    played = one(program(tmp_path, "refuse"), program(tmp_path, "pass"))
    assert played.how == "broken protocol"
    assert played.scores == (0.0, 1.0)


@pytest.mark.parametrize("how", ["B+much", "B+1.2.3", "B+", "b+1e9", "1.5", "W+Resign", "empty", "bare", "die", "huge"])
def test_a_score_that_is_no_number_is_nobodys_count(how: str, tmp_path: Path) -> None:
    played = one(program(tmp_path, "pass"), program(tmp_path, how, "final_score", source=ROGUE))
    assert played.fault is None
    assert set(played.details["scores"]) >= {"stones", "ours", "B"}
    assert "W" not in played.details["scores"]


def test_a_judge_decides_if_it_can_count(tmp_path: Path) -> None:
    passes = program(tmp_path, "pass")
    judge = passes.removeprefix("gtp:")
    played = one(passes, passes, judge=judge)
    assert (played.how, played.details["scores"]["judge"]) == ("score by judge", "W+1.5")
    silent = program(tmp_path, "silence", "final_score", source=ROGUE).removeprefix("gtp:")
    played = one(passes, passes, judge=silent, limits=Limits(answer=1.0))
    assert (played.how, played.fault) == ("score by the programs", None)
    with pytest.raises(PlayerStartError, match="cannot be started"):
        one(passes, passes, judge="/no/such/judge")


def test_a_program_that_cannot_be_started_is_an_error_and_no_lost_game() -> None:
    with pytest.raises(PlayerStartError, match="cannot be started"):
        one("gtp:/no/such/program --mode gtp", "random")
    with pytest.raises(lt.ParameterError, match="command line"):
        one("gtp: ", "random")
    with pytest.raises(lt.GameError, match="plays go, not"):
        play_pair(["gtp:gnugo --mode gtp", "random"], lt.load_game("hex"), 0)


def test_the_seed_is_in_the_command_line(tmp_path: Path) -> None:
    path = tmp_path / "seeds"
    code = f"open({str(path)!r}, 'a').write(sys.argv[1] + chr(10))"
    command = f'gtp:{sys.executable} -c "import sys; {code}; sys.exit(1)" {{seed}}'
    play_pair([command, "random"], lt.load_game("go", board_size=5), 3)
    assert len(set(path.read_text().split())) == 2


def test_a_match_between_any_two_agents_of_go(tmp_path: Path) -> None:
    for first, second in (
        ("mcts(simulations=60)", "random"),
        ("mcts(simulations=30,knowledge=true)", program(tmp_path, "pass")),
    ):
        for played in play_pair([first, second], lt.load_game("go", board_size=3, komi=0.5), 0, max_moves=30):
            assert played.fault is None
            assert played.details["result"][0] in "BW"
            assert len(played.actions) <= 60


def test_the_longest_game_is_counted() -> None:
    game = lt.load_game("go", board_size=3, komi=0.5)
    played = play_game(GoReferee(game, max_moves=6), [load_agent("random"), load_agent("random")], "ab", [1, 2])
    assert len(played.actions) <= 12
    assert played.how.startswith("score")
    with pytest.raises(lt.ParameterError, match="handicap"):
        GoReferee(lt.load_game("go", board_size=9, handicap=2))


def test_margins() -> None:
    assert [margin(score) for score in ("B+3.5", "W+1", "0")] == [3.5, -1.0, 0.0]


# ---- Programs ----


def test_a_silent_program_and_the_end_of_its_match(tmp_path: Path) -> None:
    silent = GtpPlayer(f"{sys.executable} -c 'import time; time.sleep(60)'", timeout=0.2)
    with pytest.raises(PlayerError, match=r"gave no answer to 'name' in 0\.2 s"):
        silent.ask("name")
    silent.close()
    stop = threading.Event()
    player = GtpPlayer(f"{sys.executable} -c 'import time; time.sleep(600)'", stop=stop)
    threading.Timer(0.3, stop.set).start()
    with pytest.raises(PlayerError, match="stopped"):
        player.ask("name")
    player.close()
    with pytest.raises(PlayerError, match="stopped"):  # what comes later would be the answer to another question
        player.ask("version")


def test_programs_end_with_their_games(tmp_path: Path) -> None:
    began = time.monotonic()
    path = tmp_path / "pid"
    code = f"import os, time; open({str(path)!r}, 'w').write(str(os.getpid())); time.sleep(600)"
    one(f'gtp:{sys.executable} -c "{code}"', "random", limits=Limits(answer=2.0))
    assert time.monotonic() - began < 60.0
    assert not Path(f"/proc/{path.read_text()}").exists()


def test_processor_time_is_counted(tmp_path: Path) -> None:
    agent = load_agent("gtp:longthink gtp --size 9 --simulations 20000 --memory 64")
    game = lt.load_game("go", board_size=5, komi=0.5)
    agents: list[Agent] = [agent, load_agent(program(tmp_path, "resign"))]
    played = play_game(GoReferee(game), agents, ["ours", "other"], [1, 2])
    if sys.platform == "linux":
        assert played.used[0].cpu_seconds > 0


@pytest.mark.skipif(GNUGO is None, reason="GNU Go is not installed")
def test_gnu_go_agrees_about_a_game() -> None:
    command = "gtp:gnugo --mode gtp --level 0 --chinese-rules --never-resign"
    played = one(command, f"{command} --seed 2", komi=7.5, judge="gnugo --mode gtp --level 1 --chinese-rules")
    scores = played.details["scores"]
    assert played.how == ("score after clean-up" if "cleanup" in scores else "score by judge")
    assert ("cleanup" in scores) == (scores["stones"][0] != scores["judge"][0])
    assert scores["ours"] == scores["judge"]
