"""The end of a game of Go: the owner of each point, which chains are dead, and the score.

People stop when they agree about the owners, long before the last dead stone is captured. Here informed playouts
(csrc/go/knowledge.h) from that position decide: a chain is dead if most of its points belong to the other side at the
end of the playouts.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longthink.games.core import State, informed_end
from longthink.games.go.position import (
    BLACK,
    SIGN,
    WHITE,
    Stones,
    area,
    chains,
    liberties,
    neighbours,
    owners,
    regions,
    size_of,
)
from longthink.games.go.record import GoRecord

# Ownership is the mean owner over playouts, of a point or of the points of a chain.
SEKI = 0.75  # chains in a seki have less
SETTLED = 0.5  # with less, the next move may change the owner

Statuses = list[tuple[list[int], str]]
"""Chains, each with "alive", "dead" or "seki"."""


@dataclass(frozen=True)
class Score:
    """The end of a game.

    board: `[size * size]` without the dead stones. owner: of each point, 1, -1 or 0. points: of Black minus those of
    White, with komi and handicap. statuses: of all chains. open: the empty points where a move may still change an
    owner.
    """

    board: Stones
    owner: Stones
    points: float
    statuses: Statuses
    open: list[int]

    @property
    def text(self) -> str:
        return score_text(self.points)

    def chains(self, status: str) -> list[list[int]]:
        return [chain for chain, found in self.statuses if found == status]


def score_text(points: float) -> str:
    """Points of Black as GTP and SGF write them: "B+3.5", "W+0.5", "0" for a draw."""
    return "0" if points == 0 else f"{'B' if points > 0 else 'W'}+{abs(points):g}"


def final_score(record: GoRecord, playouts: int = 500, seed: int = 0) -> Score:
    """The score of a record's position without its dead stones; half of the playouts begin with each colour."""
    board = record.board()
    owned = ownership([record.state(record.to_play), record.state(1 - record.to_play)], playouts, seed)
    statuses = chain_statuses(board, owned)
    if record.rules == "tromp_taylor":  # all stones on the board are alive
        statuses = [(chain, "alive") for chain, _ in statuses]
    dead = [point for chain, status in statuses if status == "dead" for point in chain]
    cleared = board.copy()
    cleared[dead] = 0
    owner = area(cleared)
    points = -record.game_komi
    if record.rules == "japanese":
        _disown_seki(owner, cleared, statuses)
        prisoners = [lost + int((board[dead] == SIGN[c]).sum()) for c, lost in enumerate(record.captured(board))]
        points += int(owner[cleared == 0].sum()) + prisoners[WHITE] - prisoners[BLACK]
    else:
        points += int(owner.sum())
    return Score(cleared, owner, points, statuses, open_points(board, owned, statuses))


def _disown_seki(owner: Stones, board: Stones, statuses: Statuses) -> None:
    """Empty regions that touch a chain in seki belong to nobody, as in Japanese rules."""
    empty = [region for region in regions(board) if board[region[0]] == 0]
    for chain, status in statuses:
        if status == "seki":
            near = liberties(board, chain)
            for region in empty:
                if not near.isdisjoint(region):
                    owner[region] = 0


# ---- Ownership ----


def ownership(states: list[State], playouts: int, seed: int = 0) -> NDArray[np.float64]:
    """The mean owner of each point at the end of playouts, `[size * size]` from -1 (White) to 1 (Black).

    The playouts begin from the states in turn.
    """
    game = states[0].get_game()
    total: NDArray[np.float64] = np.zeros(game.num_distinct_actions() - 1)
    for i in range(playouts):
        final = informed_end(states[i % len(states)], seed, i)
        total += owners(game.state_from_buffer(final, []))
    return total / playouts


def open_points(board: Stones, owned: NDArray[np.float64], statuses: Statuses) -> list[int]:
    """The empty points without a settled owner, and the liberties of chains without one; none of a seki."""
    found = set(np.flatnonzero((board == 0) & (abs(owned) < SETTLED)).tolist())
    seki: set[int] = set()
    for chain, status in statuses:
        if status == "seki":
            seki |= liberties(board, chain)
        elif abs(owned[chain].mean()) < SETTLED:
            found |= liberties(board, chain)
    return sorted(found - seki)


def chain_statuses(board: Stones, owned: NDArray[np.float64]) -> Statuses:
    """The status of every chain, by the mean owner of its points. The points of a chain are in ascending order.

    A seki is a pair of chains of both colours with two liberties each: either both are shared, or one is shared and the
    other is an eye. A side that plays on a shared liberty is captured, so no side plays there, but in a playout one
    side finally has to, so playouts disagree about the owner.
    """
    near = neighbours(size_of(board))
    found = [sorted(chain) for chain in chains(board)]
    kept = [float(board[chain[0]] * owned[chain].mean()) for chain in found]
    free = [liberties(board, chain) for chain in found]
    unsettled = [i for i in range(len(found)) if len(free[i]) == 2 and abs(kept[i]) < SEKI]
    seki: set[int] = set()
    for i, j in itertools.combinations(unsettled, 2):
        shared = free[i] & free[j]
        own = [(k, point) for k in (i, j) for point in free[k] - shared]
        eyes = all(board[other] == board[found[k][0]] for k, point in own for other in near[point])
        if board[found[i][0]] != board[found[j][0]] and shared and eyes:
            seki |= {i, j}
    return [(chain, "seki" if i in seki else "alive" if kept[i] >= 0 else "dead") for i, chain in enumerate(found)]
