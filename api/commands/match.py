"""`longthink match`: agents play a game against each other, as a run of the study `match`."""

from __future__ import annotations

import json as json_format
from pathlib import Path
from typing import Annotated, Any

import longthink as lt
from longthink.benchmarks.harness.log import read
from longthink.benchmarks.harness.suite import load_suite
from longthink.command_line import DONE, INTERRUPTED, NOT_SOLVED
from longthink.commands.command import Command
from longthink.commands.output import Json
from longthink.options import option, real, seconds, whole

OURS = "longthink gtp --simulations 1000 --resign 0.05 --seed {seed}"


def match(
    *agents: Annotated[str, option("An agent for each player, as mcts(simulations=1000); see: longthink agents.")],
    game: Annotated[str | None, option("The game; default: go with Go programs, else connect_four.")] = None,
    games: Annotated[int, whole("Games in all, with those in the log.", 1)] = 20,
    sprt: Annotated[
        tuple[float, ...],
        real("End the match when a sequential test decides between two Elo differences.", metavar="ELO0,ELO1"),
    ] = (),
    opponent: Annotated[
        str | None, option("A Go program: the same as the second agent gtp:COMMAND.", metavar="COMMAND")
    ] = None,
    engine: Annotated[
        str | None,
        option(f"Our Go program with --opponent, the first agent; default: {OURS}.", metavar="COMMAND"),
    ] = None,
    judge: Annotated[
        str, option("A Go program that counts the score; default: the players.", metavar="COMMAND", show_default=False)
    ] = "",
    size: Annotated[int | None, whole("Size of the board; default of go: 9.", 1)] = None,
    komi: Annotated[float | None, real("Komi of go; default: 7.5.")] = None,
    opening: Annotated[
        int | None,
        whole("Random moves before the agents play; default: 2, or 0 if players do not see everything.", 0),
    ] = None,
    max_moves: Annotated[int, whole("Moves after which a board of go is counted; 0: 3 for each point.", 0)] = 0,
    timeout: Annotated[float, seconds("Time for one answer of an agent.")] = 120.0,
    clock: Annotated[float | None, seconds("Time of an agent for all its moves in a game.")] = None,
    concurrency: Annotated[int | None, whole("Pairs at a time; default: one for each processor.", 1)] = None,
    run_dir: Annotated[Path, option("A folder for the log and the report.", metavar="FOLDER")] = Path("runs/match"),
    seed: Annotated[int, whole("Seed of openings, chance and agents.", 0)] = 1,
    fresh: Annotated[bool, option("Start again; the old run is kept under another name.", show_default=False)] = False,
    summary: Annotated[
        bool, option("Report the games in the log; play none.", name="--summary", show_default=False)
    ] = False,
    json: Json = False,
) -> int:
    """Play a match between agents: searches, bots of OpenSpiel, Go programs, language models, your own.

    Games come in pairs with the same random opening, in which the agents exchange seats. An interrupted match continues
    when the same command is run again. Exit code 1 means that the first agent lost, or that a game could not be played.
    """
    asked: set[str] | None = None  # the keys of the cases
    if summary:
        made = lt.report(run_dir)
    else:
        names = _agents(agents, opponent, engine)
        settings = _settings(
            agents=names,
            game=_game(game, names, size, komi),
            pairs=-(-games // len(names)),
            opening=opening,
            seed=seed,
            answer_seconds=timeout,
            clock_seconds=clock,
            judge=judge,
            max_moves=max_moves,
            **_test(sprt),
        )
        asked = {each.key for each in load_suite("match", settings).plan()}
        made = lt.compare(
            "match", run_dir=run_dir, workers=concurrency, overrides=settings, fresh=fresh, progress=not json
        )
    records = [record for record in read(made.log_path) if asked is None or record.key in asked]
    if json:
        print(made.json_path.read_text())
    else:
        print(made.summary)
        print(f"report: {made.report_path}")
    if made.interrupted:
        return INTERRUPTED
    scores = [record.scores["score"] for record in records if record.outcome is not None]
    lost = not scores or sum(scores) < len(scores) / 2
    return NOT_SOLVED if lost or made.failures else DONE


def _agents(agents: tuple[str, ...], opponent: str | None, engine: str | None) -> list[str]:
    """The names of the agents; --engine and --opponent are two Go programs."""
    if opponent is None and engine is None:
        if len(agents) < 2:
            given = ", ".join(agents) or "none"
            raise lt.ParameterError(f"a match expects two or more agents, or --opponent; got {given}")
        return list(agents)
    if agents or opponent is None:
        raise lt.ParameterError("--opponent stands for two agents, --engine is one of them; name the agents, or these")
    return [f"gtp:{OURS if engine is None else engine}", f"gtp:{opponent}"]


def _game(game: str | None, agents: list[str], size: int | None, komi: float | None) -> str:
    """The game by name, with the size of its board and its komi."""
    if game is None:
        game = "go" if any(agent.startswith("gtp:") for agent in agents) else "connect_four"
    more: dict[str, Any] = {"board_size": size, "komi": komi}
    if game == "go":
        more = {"board_size": 9 if size is None else size, "komi": 7.5 if komi is None else komi}
    written = ",".join(f"{key}={value}" for key, value in more.items() if value is not None)
    if written and "(" in game:
        raise lt.ParameterError(f"--size and --komi belong to a game without parameters, got {game}")
    return f"{game}({written})" if written else game


def _test(sprt: tuple[float, ...]) -> dict[str, float]:
    if sprt and len(sprt) != 2:
        raise lt.ParameterError(f"--sprt expects two Elo differences, as in --sprt 0,10; got {sprt}")
    return dict(zip(("elo0", "elo1"), sprt, strict=False))


def _settings(**settings: Any) -> list[str]:
    """Settings of the study that are given, as TOML."""
    return [f"match.{key}={json_format.dumps(value)}" for key, value in settings.items() if value is not None]


COMMAND = Command(
    match,
    """  longthink match "mcts(simulations=1000)" "openspiel:mcts(simulations=1000)" --game hex --size 7
  longthink match "mcts(simulations=2000)" "mcts(simulations=1000,rule=puct)" --games 1000 --sprt 0,20
  longthink match "gtp:longthink gtp --average 0.1" "gtp:gnugo --mode gtp --chinese-rules" --games 100
  longthink match --opponent "gnugo --mode gtp --chinese-rules" --games 100
  longthink match "ismcts(simulations=1000)" model:smollm2 --game leduc_poker""",
)
