"""Score finished Go games: ownership over many playouts, the status of chains, and the score.

People stop when they agree on ownership, long before the last dead stone is captured. Here informed playouts from that
position (see csrc/go/knowledge.h) estimate ownership: a chain is dead if its points mostly end as the opponent's.
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
    """The mean owner of each point at the end of `playouts` playouts, `[size * size]` from -1 (white) to 1 (black).

    The playouts start from `states` in turn.
    """
    game = states[0].get_game()
    total: NDArray[np.float64] = np.zeros(game.num_distinct_actions() - 1)
    for i in range(playouts):
        state = states[i % len(states)]
        final = informed_end(state, seed, i)
        total += owners(game.state_from_buffer(final, []))
    return total / playouts


# Thresholds for the absolute mean ownership of a point or of the points of a chain. Below SETTLED, more moves may
# change the result. A chain in a seki is below SEKI.
SEKI, SETTLED = 0.75, 0.5


@dataclass(frozen=True)
class Score:
    """The end of a game.

    board: the stones without the dead ones, `[size * size]`. owner: the owner of each point, 1, -1 or 0.
    points: Black's points minus White's, including komi and handicap. statuses: each chain with "alive", "dead" or
    "seki". open: the empty points where a move may still change ownership.
    """

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
    """Points for Black in the notation of GTP and SGF: "B+3.5", "W+0.5", "0" for a draw."""
    return "0" if points == 0 else f"{'B' if points > 0 else 'W'}+{abs(points):g}"


def final_score(record: GoRecord, playouts: int = 500, seed: int = 0) -> Score:
    """The score of a record's position. Playouts with either side to move find the dead stones, which are removed."""
    board = record.board()
    owned = ownership([record.state(record.to_play), record.state(1 - record.to_play)], playouts, seed)
    statuses = chain_statuses(board, owned)
    if record.rules == "tromp_taylor":  # all stones on the board are alive
        statuses = [(chain, "alive") for chain, _ in statuses]
    dead = [point for chain, status in statuses if status == "dead" for point in chain]
    cleared = board.copy()
    cleared[dead] = 0
    owner = area(cleared)
    if record.rules == "japanese":
        near = neighbours(record.size)
        for chain, status in statuses:  # points surrounded by a seki have no owner
            if status == "seki":
                adjacent = {other for point in chain for other in near[point]}
                for region in regions(cleared):
                    if cleared[region[0]] == 0 and not adjacent.isdisjoint(region):
                        owner[region] = 0
        lost_black, lost_white = record.captured(board)
        lost_black += int((board[dead] == 1).sum())
        lost_white += int((board[dead] == -1).sum())
        points = int(owner[cleared == 0].sum()) + lost_white - lost_black - record.game_komi
    else:
        points = int(owner.sum()) - record.game_komi
    return Score(cleared, owner, points, statuses, open_points(board, owned, statuses))


def open_points(board: Stones, owned: NDArray[np.float64], statuses: list[tuple[list[int], str]]) -> list[int]:
    """The empty points without a settled owner or next to a chain without a settled status, except those of a seki."""
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
    """Each chain of the board (its points ascending) with "alive", "dead" or "seki", from the mean ownership `owned`.

    A seki is a pair of chains of different colours with two liberties each, which playouts do not settle. Either both
    liberties are shared, or one is shared and the other is an eye. A player who takes a shared liberty is captured, so
    no player does, but in a playout one player finally has to.
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
