"""How a search stands, in the formats of other Go programs: the `info move ...` lines of Leela Zero's `lz-analyze` and
of KataGo's `kata-analyze`, and the board pictures of GoGui.

Win rates are those of the side that the request names. Sources: the descriptions that the two programs publish of their
extensions of the Go Text Protocol, and GoGui's reference of its analyze commands.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

import longthink as lt
from longthink.games.go.game import vertex
from longthink.games.go.position import SIGN, size_of

if TYPE_CHECKING:
    from longthink.go.engine import Engine

LINE = 12  # moves of a variation that are shown
FLAGS = ("ownership", "pvVisits", "rootInfo")
"""What a line of KataGo's shows if the request asks for it."""
IGNORED_FLAGS = ("ownershipStdev", "movesOwnership", "movesOwnershipStdev", "pvEdgeVisits", "noResultValue")

GOGUI = (
    "dboard/Ownership/longthink-ownership",
    "gfx/Moves considered/longthink-moves",
    "gfx/Principal variation/longthink-variation",
    "string/Final score/final_score",
    "plist/Dead stones/final_status_list dead",
    "plist/Stones in seki/final_status_list seki",
)


@dataclass
class AnalysisRequest:
    """What an analysis shows.

    colour: the side to move. interval: seconds between two lines. min_moves: moves to show even without visits.
    max_moves: the most moves to show. flags: of `FLAGS`. allowed: the only actions to show, if not None. avoided:
    actions not to show.
    """

    colour: int
    interval: float = 0.5
    min_moves: int = 0
    max_moves: int = 10_000
    flags: set[str] = field(default_factory=set)
    allowed: set[int] | None = None
    avoided: set[int] = field(default_factory=set)

    def shows(self, action: int) -> bool:
        return action not in self.avoided and (self.allowed is None or action in self.allowed)


Line = Callable[[AnalysisRequest, lt.MCTS, "Engine"], str]
"""Writes how a search stands as one line in the format of a program."""


@dataclass(frozen=True)
class Move:
    """One move of the root.

    win_rate, lower: the mean and the lower end of its 95% interval (Wilson, JASA 1927). line: the most visited
    variation that begins with the move, each action with its visits.
    """

    action: int
    visits: int
    win_rate: float
    lower: float
    prior: float
    line: list[tuple[int, int]]


def moves(search: lt.MCTS, asked: AnalysisRequest) -> list[Move]:
    """The moves of the root to show, the most visited first."""
    result = search.result()
    mean = result.value if result.visits.any() else 0.0
    found: list[Move] = []
    for i in result.ranking:
        action, visits = int(result.actions[i]), int(result.visits[i])
        known = visits > 0 or bool(result.proven[i])
        if not asked.shows(action):
            continue
        if len(found) >= asked.max_moves:
            break
        if not known and len(found) >= asked.min_moves:
            continue
        rate = ((float(result.values[i]) if known else mean) + 1) / 2
        lower, line = lower_bound(rate, visits), search.line(action)[:LINE] or [(action, 0)]
        found.append(Move(action, visits, rate, lower, float(result.priors[i]), line))
    return found


def lower_bound(rate: float, n: int, z: float = 1.96) -> float:
    """The lower end of Wilson's interval for a share `rate` of `n` trials, at `z` standard deviations."""
    if n == 0:
        return 0.0
    centre, spread = rate + z * z / (2 * n), z * math.sqrt(max(0.0, rate * (1 - rate) / n + z * z / (4 * n * n)))
    return max(0.0, (centre - spread) / (1 + z * z / n))


def _variation(move: Move, size: int) -> str:
    return " ".join(vertex(size, action) for action, _ in move.line)


def leela_line(asked: AnalysisRequest, search: lt.MCTS, engine: Engine) -> str:
    """A line in Leela Zero's format: rates and priors in ten-thousandths."""
    size = engine.record.size
    return " ".join(
        f"info move {vertex(size, m.action)} visits {m.visits} winrate {_parts(m.win_rate)} prior {_parts(m.prior)} "
        f"lcb {_parts(m.lower)} order {order} pv {_variation(m, size)}"
        for order, m in enumerate(moves(search, asked))
    )


def _parts(share: float) -> int:
    return round(10_000 * min(1.0, max(0.0, share)))


def kata_line(asked: AnalysisRequest, search: lt.MCTS, engine: Engine) -> str:
    """A line in KataGo's format, with the fields that a search without a score has; utilities are from -1 to 1."""
    size = engine.record.size
    parts = []
    for order, m in enumerate(moves(search, asked)):
        text = (
            f"info move {vertex(size, m.action)} visits {m.visits} edgeVisits {m.visits} "
            f"utility {2 * m.win_rate - 1:.6f} winrate {m.win_rate:.6f} prior {m.prior:.6f} lcb {m.lower:.6f} "
            f"utilityLcb {2 * m.lower - 1:.6f} weight {m.visits} order {order} pv {_variation(m, size)}"
        )
        if "pvVisits" in asked.flags:
            text += " pvVisits " + " ".join(str(visits) for _, visits in m.line)
        parts.append(text)
    if "rootInfo" in asked.flags:
        result = search.result()
        rate = (result.value + 1) / 2 if result.visits.any() else 0.5
        parts.append(f"rootInfo visits {search.simulations} utility {2 * rate - 1:.6f} winrate {rate:.6f}")
    if "ownership" in asked.flags:
        owned = engine.ownership(100) * SIGN[asked.colour]
        parts.append("ownership " + " ".join(f"{x:.4f}" for x in from_above(owned).ravel()))
    return " ".join(parts)


def from_above(values: NDArray[Any]) -> NDArray[Any]:
    """Values `[size * size]` as a board `[size, size]` whose first row is the highest, as programs print it."""
    size = size_of(values)
    board: NDArray[Any] = values.reshape(size, size)[::-1]
    return board


# ---- GoGui ----


def gogui_board(values: NDArray[np.float64]) -> str:
    """A number for each point, the highest row first."""
    return "\n".join(" ".join(f"{x:.3f}" for x in row) for row in from_above(values))


def gogui_moves(engine: Engine) -> str:
    """The most visited moves, each with its win rate in percent, and the visits of the best one."""
    search = _searched(engine)
    size, best = engine.record.size, moves(search, AnalysisRequest(engine.record.to_play, max_moves=10))
    labels = " ".join(f"{vertex(size, m.action)} {100 * m.win_rate:.0f}" for m in best if m.action < size * size)
    if not best:
        return "TEXT no move has been searched here"
    first = best[0]
    return f"LABEL {labels}\nTEXT {vertex(size, first.action)}: {first.visits} visits, {first.win_rate:.1%}"


def gogui_variation(engine: Engine) -> str:
    """The principal variation as numbered stones."""
    search = _searched(engine)
    size, colour = engine.record.size, engine.record.to_play
    line = search.result().principal_variation[:LINE]
    return "VAR " + " ".join(f"{'bw'[(colour + i) % 2]} {vertex(size, a)}" for i, a in enumerate(line))


def _searched(engine: Engine) -> lt.MCTS:
    """The search of the position; if it has not seen the position yet, it searches for a second."""
    search, state = engine.search(), engine.record.state()
    if search.root_state != state or not search.simulations:
        search = engine.go_to(state)
        search.run(state, lt.Budget(seconds=1.0))
    return search
