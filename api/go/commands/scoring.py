"""GTP commands about the end of a game: the score, and the status of stones and points."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from longthink.games.go.position import BLACK, SIGN, WHITE
from longthink.go.commands.table import action, command, vertices, word
from longthink.go.gtp import Answer, GtpError

if TYPE_CHECKING:
    from longthink.go.engine import Engine

_TERRITORY = {"black_territory": SIGN[BLACK], "white_territory": SIGN[WHITE]}


@command("kgs-game_over")
def game_over(engine: Engine, arguments: list[str]) -> Answer:
    engine.over = True
    return ""


@command("final_score")
def final_score(engine: Engine, arguments: list[str]) -> Answer:
    return engine.score().text


@command("final_status_list", most=1)
def final_status_list(engine: Engine, arguments: list[str]) -> Answer:
    status, score = word(arguments), engine.score()
    if status in ("alive", "dead", "seki"):
        return "\n".join(vertices(engine, chain) for chain in score.chains(status))
    if status in _TERRITORY:
        found = np.flatnonzero((score.owner == _TERRITORY[status]) & (score.board == 0))
        return vertices(engine, found.tolist())
    raise GtpError("final_status_list expects alive, dead, seki, black_territory or white_territory")


@command("final_status", most=1)
def final_status(engine: Engine, arguments: list[str]) -> Answer:
    point = action(engine, arguments[0] if arguments else "")
    if point == engine.record.pass_action:
        raise GtpError("invalid vertex")
    score = engine.score()
    for chain, status in score.statuses:
        if point in chain:
            return status
    return next((name for name, sign in _TERRITORY.items() if sign == score.owner[point]), "dame")
