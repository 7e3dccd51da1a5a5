"""Properties of each selection rule; test_mcts_twin.py tests the formulas."""

from __future__ import annotations

import numpy as np
import pytest

import longthink as lt

CONNECT_FOUR = lt.load_game("connect_four")
PIG = lt.load_game("openspiel:pig(winscore=20,horizon=60)")


def run(rule: lt.Rule, simulations: int, seed: int = 1, game: lt.Game = CONNECT_FOUR) -> lt.SearchResult:
    return lt.MCTS(game, rule, seed=seed).run(game.new_initial_state(), lt.Budget(simulations=simulations))


# ---- Gumbel ----


def test_gumbel_divides_its_budget_by_halving() -> None:
    result = run(lt.Gumbel(considered=4, scale=0.03), 80)
    visits = sorted(result.visits.tolist())
    assert visits == [0, 0, 0, 10, 10, 30, 30]  # 4 x 10, then the better two 20 more each
    assert result.best_action in result.actions[result.visits == 30]
    assert result.policy.sum() == pytest.approx(1)
    assert (result.policy > 0).all()


def test_gumbel_with_one_simulation_samples_the_priors() -> None:
    """The choice without a search is a sample of the priors, not the largest."""
    priors = np.array([0.05, 0.05, 0.1, 0.5, 0.1, 0.1, 0.1])
    chosen = []
    for seed in range(300):
        search = lt.MCTS(CONNECT_FOUR, lt.Gumbel(simulations=1, scale=0.0), seed=seed, memory_bytes=1 << 20)
        for _ in range(2):
            leaves = search.ask(1)
            search.tell(leaves.tickets, np.zeros(len(leaves)), [priors] * len(leaves))
        chosen.append(search.result().best_action)
    share = np.bincount(chosen, minlength=7) / 300
    assert np.abs(share - priors).max() < 0.08


def test_gumbel_improves_on_its_priors() -> None:
    """The improved policy is better than the priors by the values of its leaves, however few the simulations."""
    payoffs = np.array([-0.9, -0.5, 0.1, 0.3, 0.9, 0.0, -0.3])
    for simulations in (2, 4, 16):
        better = []
        for seed in range(30):
            search = lt.MCTS(CONNECT_FOUR, lt.Gumbel(simulations=simulations), seed=seed, memory_bytes=1 << 20)
            for _ in range(simulations + 1):
                leaves = search.ask(1)
                first = [state.history()[0] if state.history() else 3 for state in leaves.states]
                values = np.array([[payoffs[a], -payoffs[a]] for a in first]).reshape(-1, 2)
                search.tell(leaves.tickets, values)
            better.append(payoffs[search.result().best_action])
        assert np.mean(better) > payoffs.mean() + (0.1 if simulations == 2 else 0.3)


def test_gumbel_needs_a_plan() -> None:
    with pytest.raises(lt.ParameterError, match="plans"):
        lt.MCTS(CONNECT_FOUR, lt.Gumbel()).run(CONNECT_FOUR.new_initial_state(), lt.Budget(seconds=1))
    with pytest.raises(lt.ParameterError, match="plans"):
        lt.MCTS(CONNECT_FOUR, lt.Gumbel()).ask(1)


# ---- PUCT ----


def test_root_noise_is_only_in_the_root_and_new_after_a_move() -> None:
    search = lt.MCTS(CONNECT_FOUR, lt.PUCT(noise=0.25, alpha=0.3), seed=1)
    result = search.run(CONNECT_FOUR.new_initial_state(), lt.Budget(simulations=500))
    assert result.priors.sum() == pytest.approx(1)
    assert result.priors.std() > 0.01
    assert result.priors.min() >= 0.75 / 7 - 1e-6
    below = search.tree(max_nodes=100).children[0].children
    assert all(child.prior == pytest.approx(1 / 7) for child in below)
    search.advance(result.best_action)
    again = search.run(search.root_state, lt.Budget(simulations=10))
    assert again.priors.std() > 0.01
    assert search.run(search.root_state, lt.Budget(simulations=10)).priors.tolist() == again.priors.tolist()


def test_first_play_urgency_decides_when_something_new_is_tried() -> None:
    tried = [int((run(lt.PUCT(c=0.3, fpu=fpu), 50).visits > 0).sum()) for fpu in (-1.0, 0.0, 1.0)]
    assert tried[0] < 7
    assert tried == sorted(tried)
    assert tried[2] == 7
    assert (run(lt.PUCT(c=0.3, fpu_reduction=1.0), 50).visits > 0).sum() <= (run(lt.PUCT(c=0.3), 50).visits > 0).sum()


def test_exploration_grows_with_a_base() -> None:
    assert run(lt.PUCT(c=0.5, base=10), 5000).visits.min() > 3 * run(lt.PUCT(c=0.5), 5000).visits.min()


# ---- Widening ----


def test_widening_lets_children_in_by_their_priors() -> None:
    widening = lt.Widening(k=1, alpha=0.5)
    search = lt.MCTS(CONNECT_FOUR, lt.PUCT(c=5, widening=widening), solve=False)
    priors = np.array([1.0, 2, 3, 7, 6, 5, 4]) / 28
    for visits in range(1, 60):
        leaves = search.ask(1)
        search.tell(leaves.tickets, np.zeros(len(leaves)), [priors] * len(leaves))
        tried = search.result().actions[search.result().visits > 0].tolist()
        assert set(tried) == set([3, 4, 5, 6, 2, 1, 0][: len(tried)])
        assert len(tried) <= max(1, int(visits**0.5))
    assert len(tried) == 7


def test_widening_of_chance_looks_at_few_outcomes_first() -> None:
    def sides(simulations: int, rule: lt.Rule) -> int:
        search = lt.MCTS(PIG, rule, seed=3)
        search.run(PIG.new_initial_state(), lt.Budget(simulations=simulations))
        roll = search.tree(max_nodes=50, min_visits=0).children
        chance = next(child for child in roll if len(child.children) == 6)
        return sum(child.visits > 0 for child in chance.children)

    wide = lt.UCT(widening=lt.Widening(k=1, alpha=0.3))
    assert sides(60, wide) <= 3
    assert sides(60, wide) < sides(60, lt.UCT())
    assert sides(3000, wide) == 6


# ---- In flight ----


def test_what_is_in_flight_keeps_others_away() -> None:
    """Without values, the leaves of repeated calls of `ask` spread over the root's children."""
    for rule in (lt.PUCT(), lt.PUCT(unobserved=True), lt.UCT(unobserved=True, virtual_loss=0)):
        search = lt.MCTS(CONNECT_FOUR, rule)
        leaves = search.ask(1)
        search.tell(leaves.tickets, [0.0])
        leaves = search.ask(7)
        assert sorted(state.history()[0] for state in leaves.states) == list(range(7))
        search.forget(leaves.tickets)
        assert search.result().visits.sum() == 0


def test_a_simulation_in_flight_is_not_in_the_mean_when_unobserved() -> None:
    search = lt.MCTS(CONNECT_FOUR, lt.UCT(unobserved=True))
    for _ in range(30):
        leaves = search.ask(1)
        search.tell(leaves.tickets, [0.5 if len(state.history()) % 2 == 0 else -0.5 for state in leaves.states])
    before = search.result().values
    leaves = search.ask(5)
    after = search.result()
    assert after.values * after.visits == pytest.approx(before * (after.visits - np.bincount(
        [state.history()[0] for state in leaves.states], minlength=7)), abs=1e-6)  # fmt: skip


# ---- Thompson and UCB1-tuned ----


@pytest.mark.parametrize("rule", [lt.UCB1Tuned(), lt.Thompson(), lt.Thompson(c=0.5)], ids=repr)
def test_the_middle_is_best(rule: lt.Rule) -> None:
    result = run(rule, 20_000)
    assert result.best_action == 3
    assert (result.visits > 0).all()


def test_a_larger_c_explores_more() -> None:
    for make in (lt.UCT, lt.UCB1Tuned, lt.Thompson, lt.PUCT, lt.RAVE, lt.GRAVE):
        assert run(make(c=4.0), 3000).visits.max() < run(make(c=0.3), 3000).visits.max()


def test_parameters_out_of_range_are_refused() -> None:
    for make, bad in [
        (lt.PUCT, {"noise": 1.5}),
        (lt.PUCT, {"base": 0}),
        (lt.PUCT, {"fpu": 3}),
        (lt.PUCT, {"alpha": 0}),
        (lt.RAVE, {"bias": -1}),
        (lt.RAVE, {"equivalence": 0}),
        (lt.RAVE, {"decay": 1.5}),
        (lt.GRAVE, {"ref": -1}),
        (lt.Gumbel, {"considered": 0}),
        (lt.Gumbel, {"simulations": 0}),
        (lt.Widening, {"k": 0}),
        (lt.Widening, {"alpha": 2}),
        (lt.UCT, {"virtual_loss": 3}),
        (lt.Thompson, {"c": float("nan")}),
    ]:
        with pytest.raises(lt.ParameterError, match=next(iter(bad))):
            make(**bad)
