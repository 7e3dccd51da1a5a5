"""What `MCTS` promises: strength, same seed same visits, bounded memory, re-rooting, ask and tell, Ctrl-C."""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import Any

import numpy as np
import pytest

import knowing_game
import longthink as lt
from longthink.games.core import object_game

CONNECT_FOUR = lt.load_game("connect_four")
TIC_TAC_TOE = lt.load_game("tic_tac_toe")
RULES = [
    lt.UCT(),
    lt.UCT(unobserved=True),
    lt.UCT(widening=lt.Widening(k=2)),
    lt.UCB1Tuned(),
    lt.Thompson(),
    lt.PUCT(),
    lt.RAVE(),
    lt.GRAVE(),
    lt.Gumbel(scale=0.03),
]


def after(game: lt.Game, *actions: int) -> lt.State:
    return game.state_from_history(actions)


# ---- What it finds ----


@pytest.mark.parametrize("rule", RULES, ids=repr)
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("solve", [True, False])
def test_takes_a_win_and_stops_a_loss(rule: lt.Rule, threads: int, solve: bool) -> None:
    if rule.kind == "gumbel" and threads > 1:
        with pytest.raises(lt.ParameterError, match="one by one"):
            lt.MCTS(TIC_TAC_TOE, rule, threads=threads)
        return
    search = lt.MCTS(TIC_TAC_TOE, rule, seed=3, threads=threads, solve=solve)
    assert search.run(after(TIC_TAC_TOE, 0, 3, 1, 4), lt.Budget(simulations=2000)).best_action == 2
    result = search.run(after(TIC_TAC_TOE, 0, 4, 1), lt.Budget(simulations=5000))
    assert result.best_action == 2
    assert result.player == 1


@pytest.mark.parametrize("rule", RULES, ids=repr)
def test_value_of_tic_tac_toe_is_a_draw(rule: lt.Rule) -> None:
    result = lt.MCTS(TIC_TAC_TOE, rule, solve=False).run(
        TIC_TAC_TOE.new_initial_state(), lt.Budget(simulations=200_000)
    )
    assert result.values[result.visits.argmax()] == pytest.approx(0, abs=0.1)
    assert result.spent.simulations == 200_000
    assert result.stopped_by == "simulations"


def test_result_is_consistent() -> None:
    search = lt.MCTS(CONNECT_FOUR, seed=1)
    state = after(CONNECT_FOUR, 3, 3, 3, 3, 3, 3)  # the middle column is full
    result = search.run(state, lt.Budget(simulations=1000))
    assert result.actions.tolist() == state.legal_actions() == [0, 1, 2, 4, 5, 6]
    assert result.visits.sum() == 1000
    assert result.policy.sum() == pytest.approx(1)
    assert result.value == pytest.approx((result.values * result.visits).sum() / 1000)
    assert result.principal_variation[0] == result.best_action == result.actions[result.visits.argmax()]
    assert result.nodes == search.nodes
    tree = search.tree(max_nodes=10**6, min_visits=0)
    assert sum(1 for _ in tree.walk()) == search.nodes
    for node in tree.walk():
        if node.children and not node.proven:
            assert sum(child.visits for child in node.children) in (node.visits, node.visits - 1)


def test_bounds_hold_the_value_of_a_longer_search() -> None:
    state = after(CONNECT_FOUR, 3, 3)
    long = lt.MCTS(CONNECT_FOUR, seed=9).run(state, lt.Budget(simulations=100_000))
    held = tried = 0
    for seed in range(10):
        short = lt.MCTS(CONNECT_FOUR, seed=seed).run(state, lt.Budget(simulations=300))
        low, high = short.bounds()
        assert (low <= short.values).all()
        assert (short.values <= high).all()
        assert (low >= -1).all()
        assert (high <= 1).all()
        held += int(((low <= long.values) & (long.values <= high)).sum())
        tried += len(low)
    assert held > 0.8 * tried
    wider, _ = short.bounds(z=3)
    assert (wider <= low).all()


def test_chance_nodes_are_sampled_by_their_probabilities() -> None:
    game = lt.load_game("openspiel:pig(winscore=8,horizon=20)")
    search = lt.MCTS(game, seed=5)
    search.run(game.new_initial_state(), lt.Budget(simulations=4000))
    roll = max(search.tree(max_nodes=100, min_visits=1).children, key=lambda child: child.visits)
    sides = [child.visits for child in roll.children]
    assert len(sides) == 6
    assert min(sides) > 0.75 * sum(sides) / 6


def test_games_of_imperfect_information_are_refused() -> None:
    with pytest.raises(lt.GameError, match="CFR"):
        lt.MCTS(lt.load_game("kuhn_poker"))


# ---- What a game knows ----


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.kind != "gumbel"], ids=repr)
@pytest.mark.parametrize("knowledge", [True, False])
def test_knowledge_counts_as_visits_but_is_not_reported(rule: lt.Rule, knowledge: bool) -> None:
    game = knowing_game.make()
    search = lt.MCTS(game, rule, knowledge=knowledge, seed=1)
    result = search.run(game.new_initial_state(), lt.Budget(simulations=3))
    assert result.visits.sum() == search.simulations == 3
    if knowledge:
        assert result.best_action == 0  # leaves a multiple of four; a first look at each would have to come first
    elif rule == lt.UCT():
        assert result.visits.tolist() == [1, 1, 1]


def test_knowledge_of_a_game_without_any_is_refused() -> None:
    with pytest.raises(lt.ParameterError, match="leave out knowledge"):
        lt.MCTS(CONNECT_FOUR, knowledge=True)
    with pytest.raises(lt.ParameterError, match="knowledge expects"):
        lt.MCTS(CONNECT_FOUR, knowledge="much")  # type: ignore[arg-type]
    with pytest.raises(lt.ParameterError, match="priors="):
        lt.Knowledge(priors=-1)


# ---- Seeds and threads ----


def visits(rule: lt.Rule, seed: int, *budgets: int) -> list[int]:
    search = lt.MCTS(CONNECT_FOUR, rule, seed=seed)
    for budget in budgets:
        result = search.run(CONNECT_FOUR.new_initial_state(), lt.Budget(simulations=budget))
    return result.visits.tolist()


@pytest.mark.parametrize("rule", RULES, ids=repr)
def test_same_seed_same_visits(rule: lt.Rule) -> None:
    assert visits(rule, 1, 5000) == visits(rule, 1, 5000)
    assert visits(rule, 1, 5000) != visits(rule, 2, 5000)


def test_same_visits_in_one_call_or_in_several() -> None:
    """If only one simulation is in flight at a time."""
    assert visits(lt.RAVE(), 1, 5000) == visits(lt.RAVE(), 1, 1, 1999, 3000)


@pytest.mark.parametrize("rule", [lt.UCT(), lt.UCT(unobserved=True), lt.PUCT(virtual_loss=0.5)], ids=repr)
def test_threads_share_one_tree(rule: lt.Rule) -> None:
    """No simulation is lost; if another thread is expanding its node, a simulation plays out from there."""
    search = lt.MCTS(CONNECT_FOUR, rule, seed=1, threads=2)
    result = search.run(CONNECT_FOUR.new_initial_state(), lt.Budget(simulations=30_000))
    assert result.spent.simulations == search.simulations == result.visits.sum() == 30_000
    assert result.best_action in (2, 3, 4)
    for node in search.tree(max_nodes=10**6, min_visits=0).walk():
        assert sum(child.visits for child in node.children) <= node.visits
        assert all(-1 <= child.value <= 1 for child in node.children if child.visits)


def test_trees_of_their_own_give_the_same_at_any_number_of_threads() -> None:
    def found(threads: int, rule: lt.Rule) -> tuple[list[int], list[float], int]:
        search = lt.MCTS(CONNECT_FOUR, rule, seed=2, parallel="root", trees=5, threads=threads, memory_bytes=10 << 20)
        result = search.run(CONNECT_FOUR.new_initial_state(), lt.Budget(simulations=4003))
        assert result.visits.sum() == search.simulations == result.spent.simulations == 4003
        assert result.principal_variation[0] == result.best_action
        search.advance(result.best_action)
        again = search.run(search.root_state, lt.Budget(simulations=1000))
        return result.visits.tolist(), result.values.tolist(), again.visits.tolist()

    for rule in (lt.UCT(), lt.Gumbel(scale=0.03)):
        assert found(1, rule) == found(2, rule) == found(3, rule)


def test_merged_values_are_those_of_the_trees() -> None:
    one = lt.MCTS(CONNECT_FOUR, seed=2, parallel="root", trees=1).run(
        CONNECT_FOUR.new_initial_state(), lt.Budget(simulations=700)
    )
    alone = lt.MCTS(CONNECT_FOUR, seed=2).run(CONNECT_FOUR.new_initial_state(), lt.Budget(simulations=700))
    assert one.visits.tolist() == alone.visits.tolist()
    many = lt.MCTS(CONNECT_FOUR, seed=2, parallel="root", trees=4)
    result = many.run(CONNECT_FOUR.new_initial_state(), lt.Budget(simulations=2800))
    assert (result.visits >= alone.visits).all()
    assert many.tree(max_nodes=8).visits == 700
    won = lt.MCTS(TIC_TAC_TOE, parallel="root", trees=3).run(after(TIC_TAC_TOE, 0, 3, 1, 4), lt.Budget(simulations=900))
    assert (won.best_action, won.value, won.stopped_by) == (2, 1, "proven")
    with pytest.raises(lt.ParameterError, match="one tree"):
        many.ask(1)
    with pytest.raises(lt.ParameterError, match="trees expects"):
        lt.MCTS(CONNECT_FOUR, trees=3)
    with pytest.raises(lt.ParameterError, match="parallel expects"):
        lt.MCTS(CONNECT_FOUR, parallel="leaf")  # type: ignore[arg-type]


# ---- Stopping early ----


@pytest.mark.parametrize("options", [{}, {"parallel": "root", "trees": 3}], ids=str)
def test_early_stop_does_not_change_the_choice(options: dict[str, Any]) -> None:
    state, budget = CONNECT_FOUR.new_initial_state(), lt.Budget(simulations=60_000)
    full = lt.MCTS(CONNECT_FOUR, seed=4, **options).run(state, budget)
    early = [lt.MCTS(CONNECT_FOUR, seed=4, **options).run(state, budget, early_stop=True) for _ in range(2)]
    assert early[0].stopped_by == "decided"
    assert early[0].spent.simulations < 55_000
    assert early[0].best_action == full.best_action
    assert early[0].visits.tolist() == early[1].visits.tolist()
    most = np.sort(early[0].visits)
    assert most[-1] - most[-2] > 60_000 - early[0].spent.simulations


def test_early_stop_by_the_clock() -> None:
    state = after(CONNECT_FOUR, 3, 2, 3, 3, 2)  # one move is far better than the others
    result = lt.MCTS(CONNECT_FOUR).run(state, lt.Budget(seconds=1.0), early_stop=True)
    assert result.stopped_by == "decided"


def test_python_rules_with_threads_are_refused() -> None:
    with pytest.raises(lt.ParameterError, match="threads=1"):
        lt.MCTS(lt.load_game("openspiel:tic_tac_toe"), threads=2)


# ---- Memory ----


@pytest.mark.parametrize("rule", RULES, ids=repr)
@pytest.mark.parametrize("threads", [1, 2])
def test_a_full_tree_goes_on(rule: lt.Rule, threads: int) -> None:
    if rule.kind == "gumbel":
        threads = 1
    search = lt.MCTS(CONNECT_FOUR, rule, seed=1, threads=threads, memory_bytes=200_000)
    result = search.run(CONNECT_FOUR.new_initial_state(), lt.Budget(simulations=80_000))
    assert search.simulations == 80_000
    assert search.recycled_nodes > 0
    assert search.nodes * 16 <= 200_000
    assert result.visits.sum() == 80_000  # none is lost
    assert result.best_action in (2, 3, 4)  # the middle, as far as so small a memory tells


def test_memory_too_small_is_refused() -> None:
    with pytest.raises(lt.ParameterError, match="memory_bytes expects at least"):
        lt.MCTS(CONNECT_FOUR, memory_bytes=100)


def test_node_budget() -> None:
    search = lt.MCTS(CONNECT_FOUR)
    result = search.run(CONNECT_FOUR.new_initial_state(), lt.Budget(nodes=10_000))
    assert 10_000 <= search.nodes <= 10_000 + 7
    assert result.stopped_by == "nodes"


# ---- The root ----


def test_advance_keeps_the_subtree() -> None:
    search = lt.MCTS(CONNECT_FOUR, seed=1)
    state = CONNECT_FOUR.new_initial_state()
    before = search.run(state, lt.Budget(simulations=20_000))
    kept = next(c for c in search.tree(max_nodes=10**6, min_visits=0).children if c.action == before.best_action)
    search.advance(before.best_action)
    state.apply_action(before.best_action)
    assert search.root_state == state
    now = search.tree(max_nodes=10**6, min_visits=0)
    assert [c.as_dict() for c in now.children] == [c.as_dict() for c in kept.children]
    assert search.nodes == sum(1 for _ in now.walk())
    result = search.run(state, lt.Budget(simulations=1000))
    assert result.visits.sum() >= before.visits.max() - 1 + 1000


def test_advance_refuses_an_illegal_action() -> None:
    search = lt.MCTS(CONNECT_FOUR, seed=1)
    search.run(CONNECT_FOUR.new_initial_state(), lt.Budget(simulations=100))
    with pytest.raises(lt.IllegalActionError):
        search.advance(9)
    assert search.simulations == 100


def test_another_state_starts_afresh() -> None:
    search = lt.MCTS(CONNECT_FOUR, seed=1)
    search.run(CONNECT_FOUR.new_initial_state(), lt.Budget(simulations=100))
    result = search.run(after(CONNECT_FOUR, 3), lt.Budget(simulations=50))
    assert result.visits.sum() == 50
    assert result.player == 1


# ---- Ask and tell ----


def grow(search: lt.MCTS, batch: int, rounds: int, order: np.random.Generator | None = None) -> None:
    """Value leaves by a fixed rule; a permutation is the order of each batch in `tell`."""
    for _ in range(rounds):
        leaves = search.ask(batch)
        values = [len(state.history()) % 3 - 1.0 for state in leaves.states]
        priors = [np.arange(1.0, 1 + len(actions)) for actions in leaves.actions]
        places = range(len(leaves)) if order is None else order.permutation(len(leaves))
        for i in places:
            search.tell(leaves.tickets[i : i + 1], values[i : i + 1], [priors[i]])


def test_ask_and_tell_in_any_order_give_the_same_tree() -> None:
    trees = []
    for seed in (None, 1, 2):
        search = lt.MCTS(CONNECT_FOUR, lt.PUCT(), seed=4)
        grow(search, 8, 50, None if seed is None else np.random.default_rng(seed))
        trees.append(search.result())
    for other in trees[1:]:
        assert other.visits.tolist() == trees[0].visits.tolist()
        assert other.values == pytest.approx(trees[0].values, nan_ok=True)


def test_priors_lead_the_search() -> None:
    search = lt.MCTS(CONNECT_FOUR, lt.PUCT(), seed=0)
    for _ in range(100):
        leaves = search.ask(1)
        search.tell(leaves.tickets, np.zeros(len(leaves)), np.eye(7)[[5] * len(leaves)])
    result = search.result()
    assert result.best_action == 5
    assert result.priors.tolist() == pytest.approx([0, 0, 0, 0, 0, 1, 0])


def test_priors_over_all_actions_are_taken_at_the_legal_ones() -> None:
    state = after(CONNECT_FOUR, 3, 3, 3, 3, 3, 3)
    search = lt.MCTS(CONNECT_FOUR, lt.PUCT())
    search.set_root(state)
    leaves = search.ask(1)
    search.tell(leaves.tickets, [0.0], np.arange(7.0)[None])
    assert search.result().priors == pytest.approx(np.array([0, 1, 2, 4, 5, 6]) / 18)


def test_asked_leaves_differ_and_wait() -> None:
    search = lt.MCTS(CONNECT_FOUR, lt.PUCT(), seed=0)
    first = search.ask(4)
    assert len(first) == 1  # the root is all there is
    search.tell(first.tickets, [0.0])
    leaves = search.ask(4)
    histories = [tuple(state.history()) for state in leaves.states]
    assert len(set(histories)) == 4 == search.pending
    with pytest.raises(lt.LongthinkError, match="wait for a value"):
        search.advance(3)
    search.forget(leaves.tickets)
    assert search.pending == 0
    assert search.simulations == 1


def test_leaves_at_the_end_of_a_game_are_valued_on_the_way() -> None:
    state = after(TIC_TAC_TOE, 0, 3, 1, 4, 8, 7, 5)  # two cells are left
    search = lt.MCTS(TIC_TAC_TOE, lt.PUCT(), solve=False)
    search.set_root(state)
    for _ in range(200):
        leaves = search.ask(1)
        search.tell(leaves.tickets, np.zeros(len(leaves)))
    assert search.result().visits.sum() >= 190


def test_bad_calls_of_tell_are_refused_and_the_leaf_still_waits() -> None:
    search = lt.MCTS(CONNECT_FOUR, lt.PUCT())
    leaves = search.ask(1)
    with pytest.raises(lt.ParameterError, match="finite"):
        search.tell(leaves.tickets, [float("nan")])
    with pytest.raises(lt.ParameterError, match="shape"):
        search.tell(leaves.tickets, [0.0, 1.0, 2.0])
    with pytest.raises(lt.ParameterError, match="7 finite numbers"):
        search.tell(leaves.tickets, [0.0], [[0.5, 0.5]])
    with pytest.raises(lt.ParameterError, match="7 finite numbers"):
        search.tell(leaves.tickets, [0.0], [[np.inf] * 7])
    with pytest.raises(lt.ParameterError, match="ticket"):
        search.tell([12345], [0.0])
    assert search.pending == 1
    search.tell(leaves.tickets, [0.0])
    with pytest.raises(lt.ParameterError, match="ticket"):
        search.tell(leaves.tickets, [0.0])


def test_ask_and_tell_in_bounded_memory() -> None:
    search = lt.MCTS(CONNECT_FOUR, lt.PUCT(), memory_bytes=100_000)
    for _ in range(2000):
        leaves = search.ask(16)
        search.tell(leaves.tickets, np.zeros(len(leaves)))
    assert search.recycled_nodes > 0
    assert search.nodes * 28 <= 100_000


# ---- Interruption and bad input ----


@pytest.mark.parametrize("threads", [1, 2])
def test_ctrl_c_gives_the_best_so_far(threads: int) -> None:
    search = lt.MCTS(CONNECT_FOUR, threads=threads)
    timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    result = search.run(CONNECT_FOUR.new_initial_state(), lt.Budget(seconds=30))
    assert result.interrupted
    assert result.stopped_by == "interrupted"
    assert result.visits.sum() > 0
    again = search.run(CONNECT_FOUR.new_initial_state(), lt.Budget(simulations=100))
    assert not again.interrupted


def test_seconds() -> None:
    result = lt.MCTS(CONNECT_FOUR).run(CONNECT_FOUR.new_initial_state(), lt.Budget(seconds=0.2))
    assert result.stopped_by == "seconds"
    assert result.spent.seconds >= 0.2


def test_progress_is_reported() -> None:
    seen: list[int] = []
    lt.MCTS(CONNECT_FOUR).run(
        CONNECT_FOUR.new_initial_state(),
        lt.Budget(simulations=1000),
        progress=lambda spent: seen.append(spent.simulations),
    )
    assert seen[-1] == 1000
    assert seen == sorted(seen)


def test_bad_input_is_refused() -> None:
    with pytest.raises(lt.ParameterError, match="rule expects"):
        lt.MCTS(CONNECT_FOUR, "uct")  # type: ignore[arg-type]
    with pytest.raises(lt.ParameterError, match="c="):
        lt.UCT(c=-1)
    with pytest.raises(lt.ParameterError, match="threads"):
        lt.MCTS(CONNECT_FOUR, threads=0)
    search = lt.MCTS(CONNECT_FOUR)
    with pytest.raises(lt.ParameterError, match="this search plays"):
        search.run(TIC_TAC_TOE.new_initial_state(), lt.Budget(simulations=1))
    with pytest.raises(lt.ParameterError, match="tokens"):
        search.run(CONNECT_FOUR.new_initial_state(), lt.Budget(tokens=5))
    with pytest.raises(lt.ParameterError, match="needs a limit"):
        search.run(CONNECT_FOUR.new_initial_state(), lt.Budget())
    with pytest.raises(lt.ParameterError, match="end of a game"):
        lt.MCTS(TIC_TAC_TOE).run(after(TIC_TAC_TOE, 0, 3, 1, 4, 2), lt.Budget(simulations=1))
    with pytest.raises(lt.ParameterError, match="from 1"):
        lt.Budget(simulations=0)


# ---- Full arenas, threads and slow rules ----


def test_a_full_arena_is_recycled_while_leaves_are_in_flight() -> None:
    """A caller of `ask` before `tell`, with leaves always in flight, continues in little memory."""
    search = lt.MCTS(CONNECT_FOUR, lt.PUCT(), seed=4, memory_bytes=40_000)
    search.run(CONNECT_FOUR.new_initial_state(), lt.Budget(simulations=100))
    waiting = search.ask(4).tickets.tolist()
    rng = np.random.default_rng(1)
    for _ in range(3000):
        leaves = search.ask(4)
        assert [CONNECT_FOUR.state_from_history(state.history()) for state in leaves.states] == leaves.states
        waiting += leaves.tickets.tolist()
        valued, waiting = waiting[:-3], waiting[-3:]
        search.tell(valued, rng.uniform(-0.1, 0.1, len(valued)))
        assert search.pending > 0
        assert search.bytes_used <= 40_000
    assert search.recycled_nodes > 20_000
    search.forget(waiting)
    assert search.pending == 0
    tree = search.tree(min_visits=0, max_nodes=10**6)
    for node in tree.walk():
        if node.children and any(child.visits for child in node.children):
            assert sum(child.visits for child in node.children) <= node.visits
            assert all(-1 <= child.value <= 1 for child in node.children if child.visits)
    assert tree.visits == search.simulations


def test_run_recycles_with_leaves_in_flight() -> None:
    search = lt.MCTS(CONNECT_FOUR, lt.PUCT(), seed=4, memory_bytes=40_000)
    search.run(CONNECT_FOUR.new_initial_state(), lt.Budget(simulations=50))
    leaves = search.ask(8)
    before = [state.history() for state in leaves.states]
    search.run(CONNECT_FOUR.new_initial_state(), lt.Budget(simulations=20_000))
    assert search.recycled_nodes > 0
    assert [state.history() for state in leaves.states] == before
    for ticket, history in zip(leaves.tickets, before, strict=True):
        visits = dict(search.line(history[0]))
        search.tell([ticket], [0.0])  # on its own path: the visit was counted there already
        assert dict(search.line(history[0])) == visits
    assert search.pending == 0


@pytest.mark.parametrize("seed", range(8))
def test_threads_draw_the_noise_of_a_new_root_once(seed: int) -> None:
    """After `advance` the root has children, and several threads begin there at once."""
    noise = []
    for threads in (1, 2):
        search = lt.MCTS(CONNECT_FOUR, lt.PUCT(noise=0.5), seed=seed, threads=threads)
        search.run(CONNECT_FOUR.new_initial_state(), lt.Budget(simulations=3000))
        search.advance(3)
        search.run(search.root_state, lt.Budget(simulations=500))
        noise.append(np.sort(search.result().priors))
    assert noise[0] == pytest.approx(noise[1])


class Slow:
    """A game of Python objects with one move, which is slow."""

    def __init__(self, over: bool = False) -> None:
        self.over = over

    def current_player(self) -> int:
        return -4 if self.over else 0

    def legal_actions(self) -> list[int]:
        time.sleep(0.05)
        return list(range(500))

    def apply_action(self, action: int) -> None:
        self.over = True

    def returns(self) -> list[float]:
        return [0.5]

    def clone(self) -> Slow:
        return Slow(self.over)


def test_a_limit_of_time_is_looked_at_after_the_first_slow_simulation() -> None:
    game = object_game(
        "slow", Slow, num_players=1, num_distinct_actions=500, max_game_length=1, min_utility=0, max_utility=1
    )
    for search in (lt.MCTS(game, solve=False), lt.GraphSearch(game), lt.ISMCTS(game)):
        result = search.run(game.new_initial_state(), lt.Budget(seconds=0.2))
        assert result.stopped_by == "seconds"
        assert 1 <= result.spent.simulations <= 10

    def evaluator(leaves: lt.Leaves) -> tuple[Any, None]:
        time.sleep(0.05)
        return np.zeros(len(leaves)), None

    result = lt.search_with(evaluator, lt.MCTS(TIC_TAC_TOE), TIC_TAC_TOE.new_initial_state(), lt.Budget(seconds=0.2))
    assert result.spent.calls <= 6
    roots = lt.BatchedMCTS(TIC_TAC_TOE, 2).run(evaluator, lt.Budget(seconds=0.2))
    assert roots.spent.calls <= 6
