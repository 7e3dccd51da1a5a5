"""Many searches at once: each root has the same nodes as a single search with its seed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import longthink as lt
from longthink.search.trees.leaves import Leaves

CONNECT_FOUR = lt.load_game("connect_four")
TIC_TAC_TOE = lt.load_game("tic_tac_toe")
RULES = [
    lt.PUCT(),
    lt.PUCT(noise=0.25, alpha=0.5, fpu_reduction=0.3),
    lt.UCT(c=1.0),
    lt.UCT(unobserved=True),
    lt.UCB1Tuned(),
    lt.Thompson(),
    lt.RAVE(),
    lt.GRAVE(ref=5),
    lt.Gumbel(simulations=100),
    lt.PUCT(widening=lt.Widening(k=1.0)),
]


def by_state(game: lt.Game) -> Callable[[Leaves], Any]:
    """Values and priors that depend on the state, not on the batch."""

    def evaluator(leaves: Leaves) -> Any:
        sums = leaves.buffers.astype(np.int64) @ (1 + np.arange(game.state_bytes)[::-1] ** 2)
        values = np.sin(sums.astype(np.float64)) * game.max_utility()
        policy = 1 + np.cos(sums[:, None] * (1.0 + np.arange(game.num_distinct_actions())))
        return values, policy

    return evaluator


def lone(game: lt.Game, rule: lt.Rule, seed: int, solve: bool = True) -> lt.MCTS:
    return lt.MCTS(game, rule, seed=seed, solve=solve, memory_bytes=1 << 20)


def compare(result: lt.BatchedResult, root: int, expected: lt.SearchResult) -> None:
    actions = expected.actions
    assert np.flatnonzero(result.legal[root]).tolist() == actions.tolist()
    assert result.visits[root, actions].tolist() == expected.visits.tolist()
    assert np.array_equal(result.values[root, actions], expected.values, equal_nan=True)
    assert result.priors[root, actions].tolist() == expected.priors.tolist()
    assert result.proven[root, actions].tolist() == expected.proven.tolist()
    assert result.policy[root, actions] == pytest.approx(expected.policy)
    assert result.value[root] == pytest.approx(expected.value, nan_ok=True)
    assert result.best_actions[root] == expected.best_action
    assert result.is_proven[root] == expected.is_proven
    assert result.players[root] == expected.player


@pytest.mark.parametrize("batch", [1, 4])
@pytest.mark.parametrize("rule", RULES, ids=repr)
def test_each_root_equals_a_single_search(rule: lt.Rule, batch: int) -> None:
    """Over whole games, with subtrees kept and ended games restarted."""
    game, size, moves = TIC_TAC_TOE, 5, 12
    evaluator, budget = by_state(game), lt.Budget(simulations=100)
    roots = lt.BatchedMCTS(game, size, rule, seed=3, memory_bytes=size << 20)
    searches = [lone(game, rule, int(seed)) for seed in roots.seeds]
    states = [game.new_initial_state() for _ in range(size)]
    for move in range(moves):
        result = roots.run(evaluator, budget, batch=batch)
        for i, search in enumerate(searches):
            compare(result, i, lt.search_with(evaluator, search, states[i], budget, batch=batch))
        actions = [int(np.flatnonzero(row)[(move + i) % row.sum()]) for i, row in enumerate(result.legal)]
        over, returns = roots.advance(actions)
        for i, search in enumerate(searches):
            search.advance(actions[i])
            states[i].apply_action(actions[i])
            assert over[i] == states[i].is_terminal()
            assert returns[i].tolist() == (states[i].returns() if over[i] else [0, 0])
            if over[i]:
                states[i] = game.new_initial_state()
        assert roots.states == states
        assert [state.history() for state in roots.states] == [state.history() for state in states]


@pytest.mark.parametrize("solve", [True, False])
def test_whole_trees_equal_those_of_single_searches(solve: bool) -> None:
    size, budget, evaluator = 4, lt.Budget(simulations=500), by_state(CONNECT_FOUR)
    roots = lt.BatchedMCTS(CONNECT_FOUR, size, seed=1, solve=solve)
    roots.run(evaluator, budget)
    nodes = 0
    for i in range(size):
        search = lone(CONNECT_FOUR, lt.PUCT(), 1 + i, solve)
        lt.search_with(evaluator, search, CONNECT_FOUR.new_initial_state(), budget, batch=1)
        nodes += search.nodes
        leaves, alone = roots.ask(3), search.ask(3)
        ours = leaves.roots == i
        assert [leaves.states[k].history() for k in np.flatnonzero(ours)] == [s.history() for s in alone.states]
        assert leaves.buffers[ours].tolist() == alone.buffers.tolist()
        roots.forget(leaves.tickets)
    assert roots.nodes == nodes


def test_chance_is_drawn_by_seed() -> None:
    game = lt.load_game("2048")
    plays = []
    for _ in range(2):
        roots, play = lt.BatchedMCTS(game, 6, seed=5), []
        for _ in range(4):
            result = roots.run(lambda leaves: (np.zeros(len(leaves)), None), lt.Budget(simulations=20))
            roots.advance(result.best_actions)
            play.append([state.history() for state in roots.states])
            assert not any(state.is_chance_node() for state in roots.states)
        plays.append(play)
    assert plays[0] == plays[1]
    assert len({tuple(history) for history in plays[0][-1]}) > 1
    searches = lone(game, lt.PUCT(), 7)
    state = roots.states[2]
    assert state == game.state_from_history(state.history())
    searches.set_root(state)


def test_leaves_come_in_arrays() -> None:
    roots = lt.BatchedMCTS(CONNECT_FOUR, 3)
    roots.set_roots([CONNECT_FOUR.state_from_history(h) for h in ([], [3], [0, 0, 0, 0, 0, 0])])
    leaves = roots.ask()
    assert len(leaves) == 3 == roots.pending
    assert leaves.roots.tolist() == [0, 1, 2]
    assert leaves.players.tolist() == [0, 1, 0]
    assert leaves.legal.tolist() == [[True] * 7, [True] * 7, [False] + [True] * 6]
    assert leaves.buffers.tolist() == roots.buffers.tolist()
    assert [a.tolist() for a in leaves.actions] == [s.legal_actions() for s in leaves.states]
    with pytest.raises(lt.LongthinkError, match="wait for a value"):
        roots.advance([3, 3, 3])
    roots.tell(leaves.tickets[[2, 0]], [0.5, 0.0])  # any order, any grouping
    with pytest.raises(lt.ParameterError, match="ticket"):
        roots.tell(leaves.tickets[[2]], [0.5])
    assert roots.pending == 1
    roots.tell(leaves.tickets[[1]], [[0.25, -0.25]], np.ones((1, 7)))
    assert roots.simulations.tolist() == [1, 1, 1]
    leaves = roots.ask(4)
    assert np.bincount(leaves.roots).tolist() == [4, 4, 4]
    roots.forget(leaves.tickets)
    assert roots.pending == 0


def test_a_failing_evaluator_leaves_nothing_behind() -> None:
    roots, calls = lt.BatchedMCTS(CONNECT_FOUR, 4), []

    def fails(leaves: Leaves) -> Any:
        calls.append(len(leaves))
        if len(calls) == 5:
            raise RuntimeError("the network is down")
        if len(calls) == 9:
            raise KeyboardInterrupt
        return np.zeros(len(leaves)), None

    with pytest.raises(RuntimeError, match="down"):
        roots.run(fails, lt.Budget(simulations=50))
    assert roots.pending == 0
    result = roots.run(fails, lt.Budget(simulations=50))
    assert result.interrupted
    assert roots.pending == 0
    result = roots.run(fails, lt.Budget(simulations=50))
    assert result.stopped_by == "simulations"
    assert result.spent.simulations == 50
    assert result.spent.calls == 50
    assert calls == [4] * len(calls)


def test_other_budgets_and_memory() -> None:
    def zeros(leaves: Leaves) -> Any:
        return np.zeros(len(leaves)), None

    roots = lt.BatchedMCTS(CONNECT_FOUR, 16, memory_bytes=16 * 50_000)
    result = roots.run(zeros, lt.Budget(nodes=5_000))
    assert result.stopped_by == "nodes"
    assert 5_000 <= roots.nodes <= 5_000 + 16 * 7
    assert roots.run(zeros, lt.Budget(seconds=0.05)).stopped_by == "seconds"
    roots.run(zeros, lt.Budget(simulations=5_000))
    assert roots.nodes * 20 <= 16 * 50_000  # they recycle
    assert roots.simulations.min() >= 5_000


def test_proven_roots_stop_and_the_others_go_on() -> None:
    roots = lt.BatchedMCTS(TIC_TAC_TOE, 2)
    roots.set_roots([TIC_TAC_TOE.state_from_history(h) for h in ([0, 3, 1, 4], [])])
    result = roots.run(by_state(TIC_TAC_TOE), lt.Budget(simulations=60))
    assert result.is_proven.tolist() == [True, False]
    assert result.value[0] == 1
    assert result.best_actions[0] == 2
    assert result.stopped_by == "simulations"
    assert roots.simulations[1] == 60
    roots.set_roots(TIC_TAC_TOE.state_from_history([0, 3, 1, 4]))
    assert roots.run(by_state(TIC_TAC_TOE), lt.Budget(simulations=60)).stopped_by == "proven"


def test_bad_input_is_refused() -> None:
    with pytest.raises(lt.ParameterError, match="batch_size expects"):
        lt.BatchedMCTS(CONNECT_FOUR, 0)
    with pytest.raises(lt.ParameterError, match="memory_bytes expects at least"):
        lt.BatchedMCTS(CONNECT_FOUR, 100, memory_bytes=1000)
    with pytest.raises(lt.GameError, match="perfect information"):
        lt.BatchedMCTS(lt.load_game("kuhn_poker"), 2)
    roots = lt.BatchedMCTS(CONNECT_FOUR, 2)
    with pytest.raises(lt.ParameterError, match="expects 2 actions"):
        roots.advance([1])
    with pytest.raises(lt.ParameterError, match="expects 2 actions"):
        roots.advance([1.0, 2.0])
    with pytest.raises(lt.IllegalActionError, match="at root 1"):
        roots.advance([1, 9])
    assert [state.history() for state in roots.states] == [[], []]
    with pytest.raises(lt.ParameterError, match="expects 2 states"):
        roots.set_roots([CONNECT_FOUR.new_initial_state()])
    with pytest.raises(lt.ParameterError, match="not over"):
        roots.set_roots(TIC_TAC_TOE.new_initial_state())
    with pytest.raises(lt.ParameterError, match="needs a limit"):
        roots.run(by_state(CONNECT_FOUR), lt.Budget())
    with pytest.raises(lt.ParameterError, match=r"Gumbel\(simulations"):
        lt.BatchedMCTS(CONNECT_FOUR, 2, lt.Gumbel()).ask()
