"""Matches of Go against other programs, as `longthink match` plays them.

Games come in pairs with the same random opening of two moves; each side has Black once. Every finished game is a line
of RUN_DIR/games.jsonl and an SGF file in the same folder; the same command continues an interrupted match. A referee
that knows the rules follows each game. After two passes, the score is counted with all stones alive, and also by
everyone who can: by us, by the opponent and by a judge. If their winner differs from the count with all stones alive,
the players continue and capture dead stones, until two more passes, as on the Kiseido Go Server; then the count with
all stones alive decides.
"""

from __future__ import annotations

import functools
import hashlib
import json
import math
import random
import re
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from longthink.benchmarks.harness.run_log import RunLog
from longthink.benchmarks.harness.statistics import wilson
from longthink.benchmarks.peers.gtp_player import TIMEOUT, GtpPlayer, Player, PlayerError, PlayerStartError
from longthink.errors import IllegalActionError, ParameterError
from longthink.files import write_file
from longthink.games.go.game import action_of, vertex
from longthink.games.go.position import area
from longthink.games.go.record import GoRecord
from longthink.games.go.scoring import final_score, score_text

OURS = "longthink gtp --simulations 1000 --resign 0.05 --seed {seed}"
COLOURS = "bw"
SCORE = re.compile(r"[BW]\+[0-9]{1,6}(\.[0-9]{0,6})?|0")
MAX_ANSWER = 200  # characters of a program's answer in the log


@dataclass(frozen=True)
class MatchSettings:
    """Everything that decides the outcome of a match.

    engine, opponent, judge: command lines of Go programs; {seed} becomes the number of the game. judge: counts the
    score; "" takes the opponent if it can count, else ourselves. opening: random moves before the players think.
    max_moves: 0 means 3 moves for each point.
    """

    opponent: str
    engine: str = OURS
    judge: str = ""
    size: int = 9
    komi: float = 7.5
    opening: int = 2
    max_moves: int = 0
    seed: int = 1

    def __post_init__(self) -> None:
        GoRecord(self.size, self.komi)  # checks size and komi
        if self.opening < 0 or self.opening > self.size**2 // 4 or self.max_moves < 0:
            raise ParameterError(f"expected 0..{self.size**2 // 4} opening moves and no negative max_moves, got {self}")

    @property
    def key(self) -> str:
        """A hash of the settings; the key of a game is this and its number."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:12]


Make = Callable[[str], Player]
"""Makes a player from its command line in `MatchSettings`."""


def play_match(
    settings: MatchSettings,
    games: int,
    run_dir: Path,
    *,
    concurrency: int = 1,
    timeout: float = TIMEOUT,
    make: Make | None = None,
    on_record: Callable[[dict[str, Any]], None] = lambda record: None,
) -> dict[str, Any]:
    """Play until `games` games of these settings are in the log of `run_dir`, and return their summary.

    A game that fails (a program dies, says nothing for `timeout` seconds, or breaks the protocol) is not in the log;
    the other games are played. make: makes the players; another function can use searches of this process as players.
    on_record: called with each new record, and with {"failed": why} for a game that failed.

    Raises `PlayerError` if a program cannot be started, after three failed games in a row, and if no game is in the log
    at the end.
    """
    stop = threading.Event()
    make = functools.partial(GtpPlayer, timeout=timeout, stop=stop) if make is None else make
    with RunLog(run_dir / "games.jsonl") as log, ThreadPoolExecutor(max(1, concurrency)) as pool:
        done = {record["key"] for record in log.records}
        left = [n for n in range(games) if f"{settings.key}-{n}" not in done]
        running: set[Future[dict[str, Any]]] = set()
        failures, failed, last = 0, 0, ""
        try:
            while left or running:
                while left and len(running) < max(1, concurrency):
                    running.add(pool.submit(play_game, settings, left.pop(0), run_dir, make, stop))
                finished, running = wait(running, return_when=FIRST_COMPLETED)
                for future in finished:
                    try:
                        record = future.result()
                    except PlayerStartError:
                        raise
                    except PlayerError as error:
                        failures, failed, last = failures + 1, failed + 1, str(error)
                        on_record({"failed": last})
                        if failures >= 3:
                            raise PlayerError(f"three games in a row failed; the last one: {error}") from error
                        continue
                    failures = 0
                    log.append(record)
                    on_record(record)
        finally:
            stop.set()
        found = summary(settings, log.records)
        if failed and not found["games"]:
            raise PlayerError(f"no game was finished; the last failure: {last}")
        return {**found, "failed": failed}


def play_game(
    settings: MatchSettings, number: int, run_dir: Path, make: Make = GtpPlayer, stop: threading.Event | None = None
) -> dict[str, Any]:
    """Play one game, write its SGF, and return its record. Our side has Black in games with even numbers."""
    ours = number % 2  # our colour
    commands = [command.replace("{seed}", str(number)) for command in (settings.engine, settings.opponent)]
    everyone: list[Player] = []
    record = GoRecord(settings.size, settings.komi)
    cpu = [0.0, 0.0]
    began = time.perf_counter()
    try:
        for command in [*commands, *([settings.judge] if settings.judge else [])]:
            everyone.append(make(command))
        players, judges = everyone[:2], everyone[2:]
        by_colour = players if ours == 0 else players[::-1]
        for player in players:
            player.begin(settings.size, settings.komi)
        for colour, move in enumerate(opening(settings, number // 2)):
            record.play(colour % 2, action_of(settings.size, move))
            for player in players:
                player.play(COLOURS[colour % 2], move)
        before = [player.cpu_seconds() for player in players]
        ending, scores, length = _moves(settings, record, by_colour, stop), {}, len(record.moves)
        if ending is None:
            scores = _scores(settings, record, players[1], judges)
            by = "judge" if "judge" in scores else "opponent" if "opponent" in scores else "ours"
            ending = scores[by], f"score by {by}"
            if scores[by][0] != scores["stones"][0]:
                ending = _moves(settings, record, by_colour, stop, cleanup=True)
                scores["cleanup"] = area_score(record)
                ending = ending or (scores["cleanup"], "score after cleanup")
        cpu = [player.cpu_seconds() - start for player, start in zip(players, before, strict=True)]
    finally:
        for player in everyone:
            player.close()
    result, how = ending
    winner = {"B": 0, "W": 1}.get(result[0])
    names = [_name(commands[0]), _name(commands[1])]
    black, white = names if ours == 0 else names[::-1]
    write_file(run_dir / f"{settings.key}-{number:04}.sgf", record.sgf(PB=black, PW=white, RE=result))
    return {
        "key": f"{settings.key}-{number}",
        "game": number,
        "settings": asdict(settings),
        "colour": COLOURS[ours],
        "won": 0.5 if winner is None else float(winner == ours),
        "result": result,
        "how": how,
        "scores": scores,
        "moves": length,
        "cleanup_moves": len(record.moves) - length,
        "own_moves": sum(colour == ours for colour, _ in record.moves[settings.opening :]),
        "cpu_seconds": [round(seconds, 3) for seconds in cpu],
        "seconds": round(time.perf_counter() - began, 3),
    }


def opening(settings: MatchSettings, pair: int) -> list[str]:
    """Random moves, not on the first two lines of boards from 7x7; the same for both games of a pair."""
    rng = random.Random(f"{settings.seed}-{pair}")
    low = 2 if settings.size >= 7 else 0
    lines = range(low, settings.size - low)
    points = [row * settings.size + column for row in lines for column in lines]
    return [vertex(settings.size, point) for point in rng.sample(points, min(settings.opening, len(points)))]


def _moves(
    settings: MatchSettings,
    record: GoRecord,
    by_colour: list[Player],
    stop: threading.Event | None,
    cleanup: bool = False,
) -> tuple[str, str] | None:
    """Play until both pass. Returns the result and its reason, or None if the score decides."""
    limit = (settings.max_moves or 3 * settings.size**2) + (len(record.moves) if cleanup else 0)
    passes = 0
    while passes < 2 and len(record.moves) < limit:
        if stop is not None and stop.is_set():
            raise PlayerError("the match was stopped")
        colour = record.to_play
        player, other = by_colour[colour], by_colour[1 - colour]
        winner = "BW"[1 - colour]
        move = player.genmove(COLOURS[colour], cleanup)
        if move == "resign":
            return f"{winner}+R", "resignation"
        try:
            record.play(colour, action_of(settings.size, move))
        except (IllegalActionError, ParameterError) as error:
            return f"{winner}+F", f"illegal move: {error}"[:MAX_ANSWER]
        try:
            other.play(COLOURS[colour], move)
        except PlayerError as error:
            raise PlayerError(f"move {len(record.moves)} of {record.sgf()}: {error}") from error
        passes = passes + 1 if move == "pass" else 0
    return None


def area_score(record: GoRecord) -> str:
    """The score with all stones alive (Tromp and Taylor)."""
    return score_text(int(area(record.board()).sum()) - record.game_komi)


def _scores(settings: MatchSettings, record: GoRecord, opponent: Player, judges: list[Player]) -> dict[str, str]:
    """The scores by us, the opponent and the judge, if they give a number, and the score with all stones alive."""
    scores = {"stones": area_score(record), "ours": final_score(record).text}
    if isinstance(opponent, GtpPlayer):
        _ask_score(scores, "opponent", opponent)
    for judge in judges:
        with suppress(PlayerError):
            judge.begin(settings.size, settings.komi)
            for colour, action in record.moves:
                judge.play(COLOURS[colour], vertex(settings.size, action))
            if isinstance(judge, GtpPlayer):
                _ask_score(scores, "judge", judge)
    return scores


def _ask_score(scores: dict[str, str], who: str, player: GtpPlayer) -> None:
    with suppress(PlayerError):
        answer = player.ask("final_score").upper()[:MAX_ANSWER].split()
        if answer and SCORE.fullmatch(answer[0]):
            scores[who] = answer[0]


def _name(command: str) -> str:
    return re.sub(r"\s+", " ", command)[:120]


def _margin(score: str) -> float:
    """The margin of Black in a score as GTP writes it; NaN if the text is not a score."""
    if score == "0":
        return 0.0
    return float(score[2:]) * (1 if score[0] == "B" else -1) if SCORE.fullmatch(score) else math.nan


# ---- Summary ----


def summary(settings: MatchSettings, records: list[dict[str, Any]]) -> dict[str, Any]:
    """The figures of a match: wins with their interval, processor time, and how often the counts agree."""
    ours = [r for r in records if r["key"].startswith(settings.key + "-")]
    wins = sum(r["won"] for r in ours)
    low, high = wilson(wins, len(ours))
    found: dict[str, Any] = {
        "games": len(ours),
        "wins": wins,
        "win_rate": wins / len(ours) if ours else None,
        "interval_95": [low, high],
        "as_black": _share([r["won"] for r in ours if r["colour"] == "b"]),
        "as_white": _share([r["won"] for r in ours if r["colour"] == "w"]),
        "moves": _mean([r["moves"] for r in ours]),
        "cpu_seconds_a_game": {
            "engine": _mean([r["cpu_seconds"][0] for r in ours]),
            "opponent": _mean([r["cpu_seconds"][1] for r in ours]),
        },
        "cpu_seconds_a_move": sum(r["cpu_seconds"][0] for r in ours) / max(1, sum(r["own_moves"] for r in ours)),
        "ended_by": dict(sorted(Counter(r["how"].split(":")[0] for r in ours).items())),
    }
    for who in ("opponent", "judge"):
        both = [r for r in ours if who in r["scores"] and "ours" in r["scores"]]
        if both:
            same = [r for r in both if _margin(r["scores"]["ours"]) == _margin(r["scores"][who])]
            winner = [r for r in both if r["scores"]["ours"][0] == r["scores"][who][0]]
            found[f"our_score_and_{who}'s"] = {
                "games": len(both),
                "same_score": len(same),
                "same_winner": len(winner),
                "differ": [{"game": r["game"], **r["scores"]} for r in both if r not in same],
            }
    return found


def _mean(values: list[float]) -> float | None:
    return round(sum(values) / len(values), 3) if values else None


def _share(values: list[float]) -> str:
    return f"{sum(values):g}/{len(values)}"


def as_text(found: dict[str, Any]) -> str:
    """The summary as text."""
    failed = f"{found['failed']} games failed and were not counted" if found.get("failed") else ""
    if not found["games"]:
        return failed or "no game was finished"
    low, high = found["interval_95"]
    cpu = found["cpu_seconds_a_game"]
    lines = [
        f"won {found['wins']:g} of {found['games']} ({found['win_rate']:.1%}, 95% interval {low:.1%} to {high:.1%}), "
        f"as Black {found['as_black']}, as White {found['as_white']}",
        f"CPU seconds per game: engine {cpu['engine']:g}, opponent {cpu['opponent']:g}; {found['moves']:g} moves per "
        f"game; CPU seconds per move of the engine {found['cpu_seconds_a_move']:.4f}",
        "ended by " + ", ".join(f"{how} {n}" for how, n in found["ended_by"].items()),
        *([failed] if failed else []),
    ]
    for who in ("opponent", "judge"):
        counted = found.get(f"our_score_and_{who}'s")
        if counted:
            lines.append(
                f"our score and the {who}'s: the same in {counted['same_score']} of {counted['games']} finished games, "
                f"the same winner in {counted['same_winner']}"
            )
            lines += [
                f"  game {row['game']}: " + ", ".join(f"{k} {v}" for k, v in row.items() if k != "game")
                for row in counted["differ"]
            ]
    return "\n".join(lines)
