"""Playouts of Go per second: our light ones by every path of this machine, and OpenSpiel's rollouts.

The policies differ: ours never fill an own eye and end after about 111 moves on 9x9. OpenSpiel's rollouts are uniform
over all legal moves including pass; so they fill eyes and end by two passes in a row or at the longest game length.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyspiel
import pytest

from longthink.games.core import go_playout_paths, go_playouts

SIZES = {9: 40_000, 13: 10_000, 19: 4000}
"""Playouts to measure, by board size."""


class TestGoPlayouts:
    @pytest.mark.parametrize("size", SIZES)
    @pytest.mark.parametrize("path", [path for path in go_playout_paths() if path != "fastest"])
    def test_longthink(self, benchmark: Any, path: str, size: int) -> None:
        benchmark.group = f"go {size}x{size}, light playouts from the empty board"
        board = np.zeros((size, size), np.uint8)
        benchmark.pedantic(lambda: go_playouts(board, SIZES[size], seed=1, path=path), rounds=5, warmup_rounds=1)
        benchmark.extra_info["per_second"] = round(SIZES[size] / benchmark.stats.stats.median)

    @pytest.mark.parametrize("size", SIZES)
    def test_openspiel(self, benchmark: Any, size: int) -> None:
        benchmark.group = f"go {size}x{size}, light playouts from the empty board"
        n, game = SIZES[size] // 20, pyspiel.load_game("go", {"board_size": size})
        evaluator = pyspiel.RandomRolloutEvaluator(n, 1)  # one simulation is one leaf, one leaf `n` rollouts
        bot = pyspiel.MCTSBot(game, evaluator, 2.0, 1, 4000, False, 1, False)
        benchmark.pedantic(lambda: bot.mcts_search(game.new_initial_state()), rounds=3)
        benchmark.extra_info["per_second"] = round(n / benchmark.stats.stats.median)
