"""Ctrl-C and time limits stop an iteration in its middle."""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import Any

import numpy as np
import pytest

import longthink as lt
from longthink.search.core import GameTree, Watch

TERMINAL = -4


def endless(moves: int = 4000) -> lt.Game:
    """A compiled game that is too large for a walk over all actions."""
    record = np.dtype([("at", np.int64), ("code", np.int64)])

    def current_player(state: Any) -> int:
        return TERMINAL if state.at == moves else state.at % 2

    def legal_actions(state: Any, found: Any) -> int:
        for i in range(4):
            found[i] = i
        return 4

    def apply_action(state: Any, action: int) -> bool:
        state.at += 1
        state.code = state.code * 5 + action + 1
        return True

    def returns(state: Any) -> Any:
        return 0.0, 0.0

    return lt.numba_game(
        "endless", record, current_player=current_player, legal_actions=legal_actions, apply_action=apply_action,
        returns=returns, num_distinct_actions=4, max_game_length=moves, checked=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def game() -> lt.Game:
    return endless()


def interrupt_soon() -> None:
    threading.Timer(0.5, lambda: os.kill(os.getpid(), signal.SIGINT)).start()


@pytest.mark.parametrize("sampling", ["external", "chance", "public"])
def test_the_seconds_of_a_budget_end_an_iteration(game: lt.Game, sampling: str) -> None:
    solver = lt.MCCFR(game, sampling, memory_bytes=64 << 20)
    result = solver.run(budget=lt.Budget(seconds=0.3))
    assert (result.stopped_by, result.iterations) == ("seconds", 0)
    assert np.isfinite(solver.arrays()["regret"]).all()
    assert solver.num_information_states > 0


def test_ctrl_c_ends_an_iteration(game: lt.Game) -> None:
    solver = lt.MCCFR(game, "public", memory_bytes=64 << 20)
    interrupt_soon()
    assert solver.run(3).stopped_by == "interrupted"
    assert solver.run(budget=lt.Budget(seconds=0.3)).stopped_by == "seconds"  # and it can be used


def test_a_token_ends_an_iteration(game: lt.Game) -> None:
    solver, token = lt.MCCFR(game, "public", memory_bytes=64 << 20), lt.CancelToken()
    threading.Timer(0.5, token.cancel).start()
    result = solver.run(3, cancel=token)
    assert (result.stopped_by, result.iterations) == ("cancelled", 0)


def test_ctrl_c_ends_unrolling(game: lt.Game) -> None:
    interrupt_soon()
    with pytest.raises(KeyboardInterrupt):
        GameTree(game, memory_bytes=1 << 36)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("variant", ["cfr+", "mmd"])
@pytest.mark.parametrize("alternating", [True, False])
def test_a_stopped_iteration_of_cfr_goes_on_with_the_same_bits(threads: int, variant: str, alternating: bool) -> None:
    """If CFR is stopped and read at any point, it reaches the same strategy as without a stop."""
    dice = lt.load_game("liars_dice")
    tree = GameTree(dice)
    solver = lt.CFR(tree, variant, threads=threads, alternating=alternating)
    whole = lt.CFR(tree, variant, alternating=alternating)
    whole.run(6)
    stops = 0
    while solver.iterations < 6:
        solver._iterate(6 - solver.iterations, Watch(deadline=0.0, patience=0.0))
        stops += 1
        assert np.isfinite(solver.average_strategy()).all()
    assert stops > 12
    assert solver.average_strategy().tolist() == whole.average_strategy().tolist()
    assert solver.regrets().tolist() == whole.regrets().tolist()


def test_local_best_response_ends_in_the_middle_of_a_game(game: lt.Game) -> None:
    started = time.perf_counter()
    found = lt.local_best_response(game, lt.Policy.uniform(game), 0, lt.Budget(seconds=0.2), rollouts=1000)
    assert (found.stopped_by, found.games) == ("seconds", 0)
    assert found.spent.seconds <= time.perf_counter() - started
