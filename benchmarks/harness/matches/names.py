"""What the name of an agent says: whether it is ours, its budget for a move, how long it will think."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

from longthink.benchmarks.harness.models import identity
from longthink.errors import ParameterError
from longthink.games.core import Game


def is_ours(agent: str) -> bool:
    """Whether an agent is one of longthink's."""
    return re.match(r"(mcts|ismcts|cfr|policy:|gtp:longthink )", agent) is not None


def budget_of(agent: str) -> tuple[str, float] | None:
    """The budget for a move in the name of an agent: ("simulations", 1000), ("seconds", 0.1) or ("average", 0.1), which
    is in seconds, too."""
    found = re.search(r"\b(simulations|seconds|average)[= ]([0-9.e]+)", agent)
    return (found[1], float(found[2])) if found else None


def is_timed(agent: str) -> bool:
    """Whether the budget of an agent is a time, so that other work beside it makes it weaker."""
    budget = budget_of(agent)
    return budget is not None and budget[0] != "simulations"


def equal_budget(agent: str, other: str) -> tuple[str, str] | None:
    """What both agents have for each move, in words, and its measure; None if it differs or is unknown."""
    first, second = budget_of(agent), budget_of(other)
    if first is None or first != second:
        return None
    return f"{first[1]:,g} {first[0]} a move", first[0]


def expected_seconds(agent: str, game: Game) -> float:
    """Roughly how long an agent thinks in a game."""
    if game.name == "go":
        moves = 0.4 * game.num_distinct_actions()
    else:
        moves = min(game.max_game_length(), 120) / 2 / game.num_players()
    start = 0.5 if is_outside(agent) else 0.005
    budget = budget_of(agent)
    if budget is None:
        return start + moves * (0.2 if is_outside(agent) else 0.1 if agent.startswith("exact") else 1e-4)
    if is_timed(agent):
        return start + moves * budget[1]
    speed = 2e6 if agent.startswith(("mcts", "ismcts")) else 2e5
    return start + moves * budget[1] / (speed / 50 if game.name == "go" else speed)


def is_outside(agent: str) -> bool:
    """Whether an agent is a program or a model, whose speed is unknown, and which may stall."""
    return agent.startswith(("gtp:", "model:"))


def identities(agents: Sequence[str]) -> dict[str, str]:
    """What the files of language models and policies among some agents hold, for the facts of a case."""
    found = {agent: identity(agent.removeprefix("model:")) for agent in agents if agent.startswith("model:")}
    for agent in agents:
        if agent.startswith("policy:"):
            path = Path(agent.removeprefix("policy:"))
            try:
                found[agent] = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
            except OSError as error:
                raise ParameterError(f"the policy {path} cannot be read: {error.strerror}") from error
    return found
