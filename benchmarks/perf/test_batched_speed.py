"""Many searches at once: 64 connect four searches of 64 simulations, ours and mctx's (JAX) on the same work.

Both search the real game, value every leaf with 0 and give equal priors, so that only the search is timed.
Proofs are off, because mctx has none. mctx also runs without a game (its state never changes), as its upper bound.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import mctx
import numpy as np
import pytest

import longthink as lt
from longthink.search.trees.leaves import Leaves

from .test_tree_search_speed import measure

ROOTS, SIMULATIONS = 64, 64
ROWS, COLUMNS = 6, 7
RULES = {"puct": lt.PUCT(), "gumbel": lt.Gumbel(simulations=SIMULATIONS)}

rules = pytest.mark.parametrize(
    "rule", [pytest.param(name, id=name, marks=pytest.mark.benchmark(group=f"64 roots, {name}")) for name in RULES]
)


@rules
@pytest.mark.parametrize("solve", [False, True], ids=["", "proving"])
def test_longthink(benchmark: Any, rule: str, solve: bool) -> None:
    game = lt.load_game("connect_four")
    values, priors = np.zeros(ROOTS), np.full((ROOTS, COLUMNS), 1 / COLUMNS)

    def evaluator(leaves: Leaves) -> Any:
        return values[: len(leaves)], priors[: len(leaves)]

    def work(roots: lt.BatchedMCTS) -> None:
        result = roots.run(evaluator, lt.Budget(simulations=SIMULATIONS))
        assert result.policy.shape == (ROOTS, COLUMNS)
        assert result.best_actions.shape == (ROOTS,)

    measure(
        benchmark,
        ROOTS * SIMULATIONS,
        work,
        lambda: lt.BatchedMCTS(game, ROOTS, RULES[rule], solve=solve, seed=1, memory_bytes=64 << 20),
        rounds=30,
    )


@rules
@pytest.mark.parametrize("dynamics", ["game", "nothing"])
def test_mctx(benchmark: Any, rule: str, dynamics: str) -> None:
    recurrent = connect_four if dynamics == "game" else nothing

    def run(key: Any) -> Any:
        board = jnp.zeros((ROOTS, ROWS, COLUMNS), bool)
        over = jnp.zeros(ROOTS, bool)
        root = mctx.RootFnOutput(
            prior_logits=jnp.zeros((ROOTS, COLUMNS)), value=jnp.zeros(ROOTS), embedding=(board, board, over)
        )
        if rule == "puct":
            out = mctx.muzero_policy(None, key, root, recurrent, SIMULATIONS, dirichlet_fraction=0.0)
        else:
            out = mctx.gumbel_muzero_policy(None, key, root, recurrent, SIMULATIONS)
        return out.action_weights, out.action

    compiled = jax.jit(run)
    jax.block_until_ready(compiled(jax.random.PRNGKey(0)))  # compiles
    measure(
        benchmark,
        ROOTS * SIMULATIONS,
        lambda key: jax.block_until_ready(compiled(key)),
        lambda: jax.random.PRNGKey(1),
        rounds=30,
    )


def nothing(params: Any, key: Any, action: Any, state: Any) -> Any:
    zeros = jnp.zeros(len(action))
    logits = jnp.zeros((len(action), COLUMNS))
    return mctx.RecurrentFnOutput(reward=zeros, discount=zeros - 1, prior_logits=logits, value=zeros), state


def connect_four(params: Any, key: Any, action: Any, state: Any) -> Any:
    own, other, over = state  # stones of the player to act and of the other, `[B, rows, columns]`; game over
    row = jnp.take_along_axis((own | other).sum(axis=1), action[:, None], axis=1)[:, :, None]
    cell = (jnp.arange(ROWS)[None, :, None] == row) & (jnp.arange(COLUMNS)[None, None, :] == action[:, None, None])
    own = own | (cell & ~over[:, None, None])
    won = has_line(own) & ~over
    over = over | won | (own | other).all(axis=(1, 2))
    logits = jnp.where((own | other)[:, ROWS - 1], -jnp.inf, 0.0)
    logits = jnp.where(over[:, None], 0.0, logits)
    output = mctx.RecurrentFnOutput(
        reward=won.astype(jnp.float32),
        discount=jnp.where(over, 0.0, -1.0),
        prior_logits=logits,
        value=jnp.zeros(len(action)),
    )
    return output, (other, own, over)


def has_line(stones: Any) -> Any:
    def along(down: int, right: int) -> Any:
        rows, columns = ROWS - 3 * abs(down), COLUMNS - 3 * right
        line: Any = True
        for k in range(4):
            top = k * down if down >= 0 else 3 - k
            line = line & stones[:, top : top + rows, k * right : k * right + columns]
        return line.any(axis=(1, 2))

    return along(0, 1) | along(1, 0) | along(1, 1) | along(-1, 1)
