"""What `GraphSearch` and `ISMCTS` promise: right values, equilibria, seeds, bounded memory, clear errors."""

from __future__ import annotations

import os
import signal
import threading
from collections import Counter
from typing import Any

import numpy as np
import pyspiel
import pytest

import longthink as lt
from longthink.games.adapters.openspiel import to_tabular_policy
from longthink.games.core import object_game
from longthink.search.core import GameTree

CONNECT_FOUR = lt.load_game("connect_four")
TIC_TAC_TOE = lt.load_game("tic_tac_toe")
KUHN = lt.load_game("kuhn_poker")
LEDUC = lt.load_game("leduc_poker")
RULES = [lt.UCT(), lt.PUCT()]


def after(game: lt.Game, *actions: int) -> lt.State:
    return game.state_from_history(actions)


# ---- Graph search ----


@pytest.mark.parametrize("rule", RULES, ids=repr)
@pytest.mark.parametrize("name", ["openspiel:tic_tac_toe", "openspiel:pig(winscore=8,horizon=20)"])
def test_without_transpositions_it_is_the_tree(name: str, rule: lt.Rule) -> None:
    """OpenSpiel's states are distinguished by their histories here, so there are none."""
    game = lt.load_game(name)
    state, budget = game.new_initial_state(), lt.Budget(simulations=2000)
    graph = lt.GraphSearch(game, rule, seed=5).run(state, budget)
    tree = lt.MCTS(game, rule, solve=False, seed=5).run(state, budget)
    assert graph.visits.tolist() == tree.visits.tolist()
    assert graph.values == pytest.approx(tree.values, abs=1e-9)
    assert graph.principal_variation == tree.principal_variation


def test_positions_are_shared() -> None:
    search = lt.GraphSearch(TIC_TAC_TOE, seed=1)
    result = search.run(TIC_TAC_TOE.new_initial_state(), lt.Budget(simulations=100_000))
    assert search.nodes <= 5478  # all positions that there are
    assert result.value == pytest.approx(0, abs=0.1)
    first, second = (search.result_at(after(TIC_TAC_TOE, *actions)) for actions in ((0, 1, 8), (8, 1, 0)))
    assert first.visits.tolist() == second.visits.tolist()
    assert first.visits.sum() > 0


@pytest.mark.parametrize("rule", RULES, ids=repr)
def test_takes_a_win_and_stops_a_loss(rule: lt.Rule) -> None:
    search = lt.GraphSearch(TIC_TAC_TOE, rule, seed=3)
    assert search.run(after(TIC_TAC_TOE, 0, 3, 1, 4), lt.Budget(simulations=2000)).best_action == 2
    result = search.run(after(TIC_TAC_TOE, 0, 4, 1), lt.Budget(simulations=5000))
    assert result.best_action == 2
    assert result.player == 1


def test_result_is_consistent() -> None:
    search = lt.GraphSearch(CONNECT_FOUR, seed=1)
    state = after(CONNECT_FOUR, 3, 3, 3, 3, 3, 3)
    result = search.run(state, lt.Budget(simulations=1000))
    assert result.actions.tolist() == state.legal_actions() == [0, 1, 2, 4, 5, 6]
    assert result.visits.sum() == search.simulations == result.spent.simulations == 1000
    assert result.policy == pytest.approx(result.visits / 1000)
    assert result.principal_variation[0] == result.best_action == result.actions[result.visits.argmax()]
    assert result.nodes == search.nodes
    assert result.stopped_by == "simulations"
    again = search.result_at(state)
    assert again.visits.tolist() == result.visits.tolist()
    unseen = search.result_at(after(CONNECT_FOUR, 0, 0, 0))
    assert unseen.visits.sum() == 0
    assert unseen.policy == pytest.approx(np.full(7, 1 / 7))


def test_advance_keeps_what_can_be_reached() -> None:
    search = lt.GraphSearch(CONNECT_FOUR, seed=1)
    state = CONNECT_FOUR.new_initial_state()
    search.run(state, lt.Budget(simulations=20_000))
    nodes = search.nodes
    state.apply_action(3)
    before = search.result_at(state)
    search.advance(3)
    assert search.root_state == state
    assert search.nodes < nodes
    now = search.result()
    assert now.visits.tolist() == before.visits.tolist()
    assert now.values.tolist() == before.values.tolist()
    result = search.run(state, lt.Budget(simulations=1000))
    assert result.visits.sum() == before.visits.sum() + 1000
    assert result.recycled == 0
    other = search.run(after(CONNECT_FOUR, 1), lt.Budget(simulations=50))
    assert other.visits.sum() == 50  # another state starts afresh
    with pytest.raises(lt.IllegalActionError):
        search.advance(9)


def test_node_budget() -> None:
    search = lt.GraphSearch(CONNECT_FOUR)
    result = search.run(CONNECT_FOUR.new_initial_state(), lt.Budget(nodes=5000))
    assert 5000 <= search.nodes <= 5002
    assert result.stopped_by == "nodes"


# ---- Both ----

SEARCHES: list[tuple[Any, lt.Game, Any]] = [
    (lt.GraphSearch, CONNECT_FOUR, lt.UCT()),
    (lt.GraphSearch, CONNECT_FOUR, lt.PUCT()),
    (lt.ISMCTS, LEDUC, lt.UCT()),
    (lt.ISMCTS, LEDUC, lt.PUCT()),
    (lt.ISMCTS, LEDUC, lt.RegretMatching()),
    (lt.ISMCTS, CONNECT_FOUR, lt.UCT()),
]


@pytest.mark.parametrize(("kind", "game", "rule"), SEARCHES)
def test_same_seed_same_visits(kind: Any, game: lt.Game, rule: Any) -> None:
    start = after(LEDUC, 2, 5) if game is LEDUC else game.new_initial_state()

    def visits(seed: int, *budgets: int) -> list[int]:
        search = kind(game, rule, seed=seed)
        for budget in budgets:
            result = search.run(start, lt.Budget(simulations=budget))
        found: list[int] = result.visits.tolist()
        return found

    assert visits(1, 3000) == visits(1, 3000) == visits(1, 1, 1999, 1000)
    assert visits(1, 3000) != visits(2, 3000)


@pytest.mark.parametrize(("kind", "game", "rule"), SEARCHES)
def test_a_full_graph_goes_on(kind: Any, game: lt.Game, rule: Any) -> None:
    start = after(LEDUC, 2, 5) if game is LEDUC else game.new_initial_state()
    memory = 20_000 if game is LEDUC else 100_000
    search = kind(game, rule, seed=1, memory_bytes=memory)
    result = search.run(start, lt.Budget(simulations=50_000))
    assert search.simulations == result.spent.simulations == 50_000
    assert search.recycled_nodes == result.recycled > 0
    assert search.nodes * 24 <= memory
    assert 49_000 <= result.visits.sum() <= 50_000
    if game is CONNECT_FOUR:
        assert result.best_action in (2, 3, 4)  # the middle, as far as so small a memory tells
    for _ in range(3):  # and through a whole game
        search.advance(search.root_state.legal_actions()[0])
        if search.root_state.is_player_node():
            assert search.run(search.root_state, lt.Budget(simulations=5000)).visits.sum() > 0


def test_memory_too_small_is_refused() -> None:
    with pytest.raises(lt.ParameterError, match="memory_bytes expects at least"):
        lt.GraphSearch(CONNECT_FOUR, memory_bytes=100)
    with pytest.raises(lt.ParameterError, match="memory_bytes expects at least"):
        lt.ISMCTS(LEDUC, memory_bytes=100)


@pytest.mark.parametrize(("kind", "game"), [(lt.GraphSearch, CONNECT_FOUR), (lt.ISMCTS, KUHN)])
def test_ctrl_c_gives_the_best_so_far(kind: Any, game: lt.Game) -> None:
    search = kind(game)
    timer = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    result = search.run(game.new_initial_state(), lt.Budget(seconds=30))
    assert result.interrupted
    assert search.simulations == result.spent.simulations > 0
    assert not search.run(game.new_initial_state(), lt.Budget(simulations=100)).interrupted


def test_progress_is_reported() -> None:
    seen: list[int] = []
    lt.ISMCTS(KUHN).run(
        KUHN.new_initial_state(), lt.Budget(simulations=1000), progress=lambda spent: seen.append(spent.simulations)
    )
    assert seen[-1] == 1000
    assert seen == sorted(seen)


def test_bad_input_is_refused() -> None:
    for kind, game in ((lt.GraphSearch, CONNECT_FOUR), (lt.ISMCTS, KUHN)):
        with pytest.raises(lt.ParameterError, match="rule expects"):
            kind(game, "uct")
        search = kind(game)
        start = game.new_initial_state()
        with pytest.raises(lt.ParameterError, match="this search plays"):
            search.run(TIC_TAC_TOE.new_initial_state(), lt.Budget(simulations=1))
        with pytest.raises(lt.ParameterError, match="tokens"):
            search.run(start, lt.Budget(tokens=5))
        with pytest.raises(lt.ParameterError, match="needs a limit"):
            search.run(start, lt.Budget())
    with pytest.raises(lt.ParameterError, match="rule expects UCT"):
        lt.GraphSearch(CONNECT_FOUR, lt.RegretMatching())
    with pytest.raises(lt.ParameterError, match="above 0"):
        lt.RegretMatching(c=0)
    with pytest.raises(lt.ParameterError, match="end of a game"):
        lt.GraphSearch(TIC_TAC_TOE).run(after(TIC_TAC_TOE, 0, 3, 1, 4, 2), lt.Budget(simulations=1))
    with pytest.raises(lt.ParameterError, match="chance acts"):
        lt.ISMCTS(KUHN).run(after(KUHN, 1), lt.Budget(simulations=1))
    with pytest.raises(lt.GameError, match="ISMCTS"):
        lt.GraphSearch(KUHN)


# ---- Hidden information ----


@pytest.mark.parametrize("rule", [*RULES, lt.RegretMatching()], ids=repr)
def test_the_best_card_calls_and_the_worst_folds(rule: Any) -> None:
    for card, other, action in ((2, 0, 1), (0, 2, 0)):
        for state in (after(KUHN, card, other, 0, 1), after(KUHN, other, card, 1)):
            result = lt.ISMCTS(KUHN, rule, seed=1).run(state, lt.Budget(simulations=3000))
            assert result.best_action == action
            assert result.policy[action] > 0.9
            assert result.player == state.current_player()
            assert result.principal_variation == [action]


def test_what_is_hidden_does_not_leak() -> None:
    """The result does not depend on the hidden card: it is the mean over all possible cards."""
    results = [
        lt.ISMCTS(KUHN, seed=4).run(after(KUHN, 1, other, 0, 1), lt.Budget(simulations=20_000)) for other in (0, 2)
    ]
    assert results[0].visits.tolist() == results[1].visits.tolist()
    assert results[0].values == pytest.approx([-1, 0], abs=0.1)  # folding; calling a bet of the best or the worst card


@pytest.mark.parametrize("history", [[3, 1, 1, 2], [3, 1, 2, 1, 0, 1]])
def test_openspiel_resamples_its_own_games(history: list[int]) -> None:
    game = lt.load_game("openspiel:leduc_poker")
    assert game.can_resample
    state = game.state_from_history(history)
    player = state.current_player()
    dealt = [state.resample(player, seed) for seed in range(600)]
    assert {s.information_state_string(player) for s in dealt} == {state.information_state_string(player)}
    ours = after(LEDUC, *history)
    theirs = Counter(s.information_state_string(1 - player) for s in dealt)
    wanted = Counter(ours.resample(player, seed).information_state_string(1 - player) for seed in range(600))
    assert theirs.keys() == wanted.keys()
    assert all(abs(theirs[key] - wanted[key]) < 60 for key in wanted)
    result = lt.ISMCTS(game, seed=1).run(state, lt.Budget(simulations=500))
    assert result.visits.sum() == 500


@pytest.mark.parametrize(
    ("name", "history"), [("leduc_poker", [2, 5]), ("leduc_poker", [3, 1, 2]), ("kuhn_poker", [1, 2])]
)
def test_openspiels_bot_finds_the_same(name: str, history: list[int]) -> None:
    """Its simulations differ from run to run, by less than 0.02 in the policy."""
    game, theirs = lt.load_game(name), pyspiel.load_game(name).new_initial_state()
    for action in history:
        theirs.apply_action(action)
    c = 2.0 * game.max_utility()  # its values are in chips
    bot = pyspiel.ISMCTSBot(1, pyspiel.RandomRolloutEvaluator(1, 1), c, 200_000, -1)
    result = lt.ISMCTS(game, lt.UCT(c=2.0), seed=1).run(after(game, *history), lt.Budget(simulations=200_000))
    policy = dict(bot.get_policy(theirs))
    assert result.policy == pytest.approx([policy[action] for action in result.actions.tolist()], abs=0.05)


def test_a_game_without_resample_is_refused_by_name() -> None:
    game = lt.load_game("openspiel:liars_dice(dice_sides=2)")
    state = game.state_from_history([0, 1])
    with pytest.raises(lt.GameError, match="resample"):
        lt.ISMCTS(game).run(state, lt.Budget(simulations=10))
    search = lt.ISMCTS(game)
    search.run(game.new_initial_state(), lt.Budget(simulations=500))  # from the start it can be
    assert search.result_at(state).visits.sum() > 0


class Broken:
    """A game of two players with an error."""

    wrong = "resample"

    def __init__(self, history: tuple[int, ...] = ()) -> None:
        self.past = history

    def current_player(self) -> int:
        return len(self.past) % 2 if len(self.past) < 4 else -4

    def legal_actions(self) -> list[int]:
        return [0, 1] if self.wrong == "resample" or sum(self.past) % 2 == 0 else [1, 2]

    def apply_action(self, action: int) -> None:
        self.past += (action,)

    def returns(self) -> list[float]:
        return [sum(self.past) % 2, -(sum(self.past) % 2)]

    def information_state_string(self, player: int) -> str:
        return str(self.past) if self.wrong == "resample" else str(len(self.past))

    def history(self) -> list[int]:
        return list(self.past)

    def resample_from_infostate(self, player: int, draw: Any) -> Broken:
        return type(self)((1,))

    def clone(self) -> Broken:
        return type(self)(self.past)


class Other(Broken):
    wrong = "actions"


def broken(kind: type[Broken]) -> lt.Game:
    return object_game(
        "broken",
        kind,
        num_players=2,
        num_distinct_actions=3,
        max_game_length=4,
        min_utility=-1,
        max_utility=1,
        zero_sum=True,
        perfect_information=False,
        can_resample=True,
    )


def test_broken_rules_are_named() -> None:
    game = broken(Broken)
    with pytest.raises(lt.GameError, match="can distinguish from"):
        lt.ISMCTS(game).run(game.state_from_history([0]), lt.Budget(simulations=10))
    game = broken(Other)
    with pytest.raises(lt.GameError, match="different legal actions"):
        lt.ISMCTS(game, lt.RegretMatching()).run(game.new_initial_state(), lt.Budget(simulations=100))
    for rule in RULES:  # which count how often an action is available
        search = lt.ISMCTS(game, rule, seed=1)
        result = search.run(game.new_initial_state(), lt.Budget(simulations=2000))
        assert result.visits.sum() == 2000
        later = search.result_at(game.state_from_history([0]))
        assert later.actions.tolist() == [0, 1, 2]
        assert later.visits.min() > 0


# ---- Simultaneous moves ----


class Matrix:
    """A game of two players who choose a row and a column at the same time."""

    payoff = ((2, -1), (-1, 1))

    def __init__(self, chosen: tuple[int, ...] = ()) -> None:
        self.chosen = chosen

    def current_player(self) -> int:
        return len(self.chosen) if len(self.chosen) < 2 else -4

    def legal_actions(self) -> list[int]:
        return list(range(len(self.payoff)))

    def apply_action(self, action: int) -> None:
        self.chosen += (action,)

    def returns(self) -> list[float]:
        gain = self.payoff[self.chosen[0]][self.chosen[1]]
        return [gain, -gain]

    def information_state_string(self, player: int) -> str:
        return str(self.chosen[player : player + 1])

    def clone(self) -> Matrix:
        return type(self)(self.chosen)


class Scissors(Matrix):
    """Rock, paper, scissors, in which rock wins twice as much."""

    payoff = ((0, -1, 2), (1, 0, -1), (-2, 1, 0))  # type: ignore[assignment]


def matrix_game(kind: type[Matrix]) -> lt.Game:
    return object_game(
        kind.__name__,
        kind,
        num_players=2,
        num_distinct_actions=len(kind.payoff),
        max_game_length=2,
        min_utility=-2,
        max_utility=2,
        zero_sum=True,
        simultaneous=True,
        perfect_information=False,
    )


@pytest.mark.parametrize(
    ("kind", "equilibrium", "value"), [(Matrix, [2 / 5, 3 / 5], 1 / 5), (Scissors, [1 / 4, 1 / 2, 1 / 4], 0)]
)
def test_regret_matching_finds_the_mixed_strategy(kind: type[Matrix], equilibrium: list[float], value: float) -> None:
    game = matrix_game(kind)
    search = lt.ISMCTS(game, lt.RegretMatching(), seed=1)
    result = search.run(game.new_initial_state(), lt.Budget(simulations=10_000))
    assert result.policy == pytest.approx(equilibrium, abs=0.05)
    assert result.values == pytest.approx(np.full(len(equilibrium), value), abs=0.15)
    assert search.result_at(game.state_from_history([0])).policy == pytest.approx(equilibrium, abs=0.05)


def strategy_of(search: lt.ISMCTS, tree: GameTree) -> lt.Policy:
    """What the search would play at every information state."""
    table = {}
    for (key, _, actions, _), history in zip(tree.information_states, tree.histories(), strict=True):
        result = search.result_at(tree.game.state_from_history(history))
        table[key] = dict(zip(actions, result.policy.tolist(), strict=True))
    return lt.Policy(tree.game, table)


@pytest.mark.parametrize(
    ("name", "steps", "goal"),
    [
        ("kuhn_poker", (1000, 100_000), 0.02),
        ("kuhn_poker(players=3)", (1000, 100_000), 0.1),
        (
            "openspiel:turn_based_simultaneous_game(game=goofspiel(imp_info=True,num_cards=3,points_order=descending))",
            (300, 5000),
            0.03,
        ),
    ],
)
def test_regret_matching_comes_near_an_equilibrium(name: str, steps: tuple[int, int], goal: float) -> None:
    game = lt.load_game(name)
    search, tree = lt.ISMCTS(game, lt.RegretMatching(), seed=2), GameTree(game)
    found = [lt.exploitability(tree, lt.Policy.uniform(game))]
    for step in steps:
        search.run(game.new_initial_state(), lt.Budget(simulations=step))
        found.append(lt.exploitability(tree, strategy_of(search, tree)))
    assert found[0] > 2 * found[1] > 4 * found[2]
    assert found[2] < goal


def test_openspiel_agrees_on_the_exploitability() -> None:
    from open_spiel.python.algorithms import exploitability

    name = "turn_based_simultaneous_game(game=goofspiel(imp_info=True,num_cards=3,points_order=descending))"
    game, theirs = lt.load_game("openspiel:" + name), pyspiel.load_game(name)
    assert game.simultaneous
    search, tree = lt.ISMCTS(game, lt.RegretMatching(), seed=2), GameTree(game)
    search.run(game.new_initial_state(), lt.Budget(simulations=2000))
    policy = strategy_of(search, tree)
    assert exploitability.exploitability(theirs, to_tabular_policy(policy, theirs)) == pytest.approx(
        lt.exploitability(tree, policy), abs=1e-9
    )


@pytest.mark.parametrize("search", [lt.GraphSearch, lt.ISMCTS])
@pytest.mark.parametrize(
    ("rule", "parameter"),
    [
        (lt.PUCT(fpu=0.5), "fpu"),
        (lt.PUCT(fpu_reduction=0.1), "fpu_reduction"),
        (lt.PUCT(noise=0.25), "noise"),
        (lt.PUCT(alpha=0.03), "alpha"),
        (lt.PUCT(base=19652), "base"),
        (lt.UCT(widening=lt.Widening()), "widening"),
        (lt.UCT(virtual_loss=0.5), "virtual_loss"),
        (lt.UCT(unobserved=True), "unobserved"),
    ],
)
def test_parameters_that_a_graph_has_not_got_are_refused(search: Any, rule: Any, parameter: str) -> None:
    game = lt.load_game("tic_tac_toe")
    refused = rf"{search.__name__} does not support {type(rule).__name__}\({parameter}="
    with pytest.raises(lt.ParameterError, match=refused):
        search(game, rule)
    search(game, type(rule)(c=0.7))
