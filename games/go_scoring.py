"""Who owns what at the end of a game of Go: ownership over many playouts, the status of chains, and the score.

People stop when they agree who owns what, long before the last dead stone is captured. Playouts from that position
settle it by chance: a dead chain is one whose points mostly end as the other side's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longthink.games.core import State
from longthink.games.go_position import Stones, area, neighbours, owners, regions
from longthink.games.go_record import GoRecord


def ownership(states: list[State], playouts: int, seed: int = 0) -> NDArray[np.float64]:
    """The mean owner of each point at the end of `playouts` playouts from `states` in turn, `[size * size]` from -1
    (white) to 1 (black)."""
    game = states[0].get_game()
    total: NDArray[np.float64] = np.zeros(game.num_distinct_actions() - 1)
    for i in range(playouts):
        state = states[i % len(states)]
        _, final = game.playout(state, seed, i)
        total += owners(game.state_from_buffer(final, []))
    return total / playouts


SEKI = 0.5  # a chain whose points belong to one side by less than this is not settled


@dataclass(frozen=True)
class Score:
    """The end of a game. board: `[size * size]` without the dead stones. owner: of each point, 1, -1 or 0. points: for
    Black less White's, komi and handicap included. statuses: of each chain, "alive", "dead" or "seki". settled: whether
    every point of every chain belongs to one side by far, so that who goes on gains nothing."""

    board: Stones
    owner: Stones
    points: float
    statuses: list[tuple[list[int], str]]
    settled: bool

    @property
    def text(self) -> str:
        """As GTP and SGF write it: "B+3.5", "W+0.5", "0" for a draw."""
        return "0" if self.points == 0 else f"{'B' if self.points > 0 else 'W'}+{abs(self.points):g}"

    def chains(self, status: str) -> list[list[int]]:
        return [chain for chain, found in self.statuses if found == status]


def final_score(record: GoRecord, playouts: int = 400, seed: int = 0) -> Score:
    """The score of a record's position, its dead stones taken off as playouts from both sides' turns find them."""
    board = record.board()
    owned = ownership([record.state(record.to_play), record.state(1 - record.to_play)], playouts, seed)
    statuses = chain_statuses(board, owned)
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
    settled = all(abs(owned[chain].mean()) >= SEKI for chain, _ in statuses)
    return Score(cleared, owner, points, statuses, settled)


def chain_statuses(board: Stones, owned: NDArray[np.float64]) -> list[tuple[list[int], str]]:
    """Every chain of the board, its points ascending, with "alive", "dead" or "seki", by who owns its points `owned`.

    A seki is a pair of chains of both colours at an empty region that neither owns, and of which playouts, where somebody
    has to move there at last, now kill the one and now the other.
    """
    near = neighbours(round(len(board) ** 0.5))
    chains = [sorted(part) for part in regions(board) if board[part[0]]]
    kept = [float(board[chain[0]] * owned[chain].mean()) for chain in chains]
    chain_at = {point: i for i, chain in enumerate(chains) for point in chain}
    seki: set[int] = set()
    for region in regions(board):
        if board[region[0]] == 0:
            beside = {chain_at[other] for point in region for other in near[point] if other in chain_at}
            open_ones = {i for i in beside if abs(kept[i]) < SEKI}
            if len({int(board[chains[i][0]]) for i in open_ones}) == 2:
                seki |= open_ones
    return [
        (chain, "seki" if i in seki else "alive" if kept[i] >= 0 else "dead") for i, chain in enumerate(chains)
    ]
