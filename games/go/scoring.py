"""Who owns what at the end of a game of Go: ownership over many playouts, the status of chains, and the score.

People stop when they agree who owns what, long before the last dead stone is captured. Playouts from that position
(those in which both sides know a little, see csrc/go/knowledge.h) settle it by chance: a dead chain is one whose points
mostly end as the other side's.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longthink.games.core import State, informed_end
from longthink.games.go.position import Stones, area, neighbours, owners, regions
from longthink.games.go.record import GoRecord


def ownership(states: list[State], playouts: int, seed: int = 0) -> NDArray[np.float64]:
    """The mean owner of each point at the end of `playouts` playouts from `states` in turn, `[size * size]` from -1
    (white) to 1 (black)."""
    game = states[0].get_game()
    total: NDArray[np.float64] = np.zeros(game.num_distinct_actions() - 1)
    for i in range(playouts):
        state = states[i % len(states)]
        final = informed_end(state, seed, i)
        total += owners(game.state_from_buffer(final, []))
    return total / playouts


# How far a point, or the points of a chain, belong to one side, on average over playouts: where that is less than
# SETTLED, who goes on may gain; a seki leaves it below SEKI.
SEKI, SETTLED = 0.75, 0.5


@dataclass(frozen=True)
class Score:
    """The end of a game. board: `[size * size]` without the dead stones. owner: of each point, 1, -1 or 0. points: for
    Black less White's, komi and handicap included. statuses: of each chain, "alive", "dead" or "seki". open: the empty
    points where a move may still change who owns what."""

    board: Stones
    owner: Stones
    points: float
    statuses: list[tuple[list[int], str]]
    open: list[int]

    @property
    def text(self) -> str:
        return score_text(self.points)

    def chains(self, status: str) -> list[list[int]]:
        return [chain for chain, found in self.statuses if found == status]


def score_text(points: float) -> str:
    """Points for Black as GTP and SGF write them: "B+3.5", "W+0.5", "0" for a draw."""
    return "0" if points == 0 else f"{'B' if points > 0 else 'W'}+{abs(points):g}"


def final_score(record: GoRecord, playouts: int = 500, seed: int = 0) -> Score:
    """The score of a record's position, its dead stones taken off as playouts from both sides' turns find them."""
    board = record.board()
    owned = ownership([record.state(record.to_play), record.state(1 - record.to_play)], playouts, seed)
    statuses = chain_statuses(board, owned)
    if record.rules == "tromp_taylor":  # what is on the board is alive
        statuses = [(chain, "alive") for chain, _ in statuses]
    dead = [point for chain, status in statuses if status == "dead" for point in chain]
    cleared = board.copy()
    cleared[dead] = 0
    owner = area(cleared)
    if record.rules == "japanese":
        near = neighbours(record.size)
        for chain, status in statuses:  # what a seki surrounds is nobody's
            if status == "seki":
                beside = {other for point in chain for other in near[point]}
                for region in regions(cleared):
                    if cleared[region[0]] == 0 and not beside.isdisjoint(region):
                        owner[region] = 0
        lost_black, lost_white = record.captured(board)
        lost_black += int((board[dead] == 1).sum())
        lost_white += int((board[dead] == -1).sum())
        points = int(owner[cleared == 0].sum()) + lost_white - lost_black - record.game_komi
    else:
        points = int(owner.sum()) - record.game_komi
    return Score(cleared, owner, points, statuses, open_points(board, owned, statuses))


def open_points(board: Stones, owned: NDArray[np.float64], statuses: list[tuple[list[int], str]]) -> list[int]:
    """The empty points that are nobody's yet, or beside a chain that is neither alive nor dead yet; none of a seki."""
    near = neighbours(round(len(board) ** 0.5))
    found = set(np.flatnonzero((board == 0) & (abs(owned) < SETTLED)).tolist())
    seki: set[int] = set()
    for chain, status in statuses:
        liberties = {other for point in chain for other in near[point] if board[other] == 0}
        if status == "seki":
            seki |= liberties
        elif abs(owned[chain].mean()) < SETTLED:
            found |= liberties
    return sorted(found - seki)


def chain_statuses(board: Stones, owned: NDArray[np.float64]) -> list[tuple[list[int], str]]:
    """Every chain of the board, its points ascending, with "alive", "dead" or "seki", by who owns its points `owned`.

    A seki is a pair of chains of both colours with two liberties each, both shared or one and an eye, that playouts
    leave open: whoever takes a shared one is captured, so that nobody does, but in a playout somebody has to at last.
    """
    near = neighbours(round(len(board) ** 0.5))
    chains = [sorted(part) for part in regions(board) if board[part[0]]]
    kept = [float(board[chain[0]] * owned[chain].mean()) for chain in chains]
    liberties = [{other for point in chain for other in near[point] if board[other] == 0} for chain in chains]
    open_ones = [i for i in range(len(chains)) if len(liberties[i]) == 2 and abs(kept[i]) < SEKI]
    seki: set[int] = set()
    for i, j in itertools.combinations(open_ones, 2):
        shared = liberties[i] & liberties[j]
        own = [(k, point) for k in (i, j) for point in liberties[k] - shared]
        eyes = all(board[other] == board[chains[k][0]] for k, point in own for other in near[point])
        if board[chains[i][0]] != board[chains[j][0]] and shared and eyes:
            seki |= {i, j}
    return [(chain, "seki" if i in seki else "alive" if kept[i] >= 0 else "dead") for i, chain in enumerate(chains)]
