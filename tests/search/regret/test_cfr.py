"""The regret engine: compared with OpenSpiel, its slow twin and known values, and at its limits."""

from __future__ import annotations

import math
import os
import signal
import threading
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyspiel
import pytest
from open_spiel.python.algorithms.discounted_cfr import DCFRSolver, LCFRSolver
from open_spiel.python.algorithms.mmd_dilated import MMDDilatedEnt
from open_spiel.python.algorithms.sequence_form_utils import policy_to_sequence

import longthink as lt
from longthink.games.adapters.openspiel import OpenSpielPolicy, to_tabular_policy
from longthink.games.core import object_game
from longthink.search.core import GameTree
from longthink.search.regret.variants import VARIANTS
from reference_cfr import ReferenceCFR

KUHN, LEDUC = lt.load_game("kuhn_poker"), lt.load_game("leduc_poker")


GOOFSPIEL = "goofspiel(num_cards=4,imp_info=True,points_order=descending)"
HIDDEN = ["liars_dice(dice_sides=3)", GOOFSPIEL]
DARK_HEX = ["dark_hex(board_size=2,gameversion=adh)", "dark_hex(board_size=2,obstype=reveal-numturns)"]


def openspiels(name: str) -> Any:
    """OpenSpiel's game of the same rules; its goofspiel has simultaneous moves."""
    game = pyspiel.load_game(name.removeprefix("openspiel:"))
    return pyspiel.convert_to_turn_based(game) if name.startswith("goofspiel") else game


def as_lists(table: dict[str, dict[int, float]]) -> dict[str, list[tuple[int, float]]]:
    return {key: list(row.items()) for key, row in table.items()}


# ---- Against OpenSpiel ----


@pytest.mark.parametrize(
    "name",
    ["kuhn_poker", "kuhn_poker(players=3)", "leduc_poker", "openspiel:liars_dice(numdice=1,dice_sides=2)", *HIDDEN],
)
@pytest.mark.parametrize(("variant", "solver"), [("cfr", "CFRSolver"), ("cfr+", "CFRPlusSolver")])
def test_average_strategy_equals_openspiel(name: str, variant: str, solver: str) -> None:
    game = lt.load_game(name)
    theirs = getattr(pyspiel, solver)(openspiels(name))
    ours = lt.CFR(game, variant)
    ours.run(30)
    for _ in range(30):
        theirs.evaluate_and_update_policy()
    expected = lt.Policy.of(game, OpenSpielPolicy(theirs.average_policy())).table
    got = ours.average_policy().table
    assert got.keys() == expected.keys()
    for key, row in got.items():
        assert row == pytest.approx(expected[key], abs=1e-9), key


@pytest.mark.parametrize(("variant", "make"), [("dcfr", DCFRSolver), ("linear", LCFRSolver)])
def test_discounted_variants_equal_openspiels_python(variant: str, make: type) -> None:
    theirs = make(pyspiel.load_game("kuhn_poker"))
    ours = lt.CFR(KUHN, variant)
    ours.run(40)
    for _ in range(40):
        theirs.evaluate_and_update_policy()
    expected = lt.Policy.of(KUHN, OpenSpielPolicy(theirs.average_policy())).table
    for key, row in ours.average_policy().table.items():
        assert row == pytest.approx(expected[key], abs=1e-9), key


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("kuhn_poker", 900),
        ("liars_dice(dice_sides=2)", 900),
        (GOOFSPIEL.replace("=4", "=3"), 900),
        ("leduc_poker", 0),
        (GOOFSPIEL, 0),
    ],
)
@pytest.mark.parametrize(("variant", "solver"), [("cfr", "CFRSolver"), ("cfr+", "CFRPlusSolver")])
def test_convergence_equals_openspiel(name: str, more: int, variant: str, solver: str) -> None:
    """At 100 iterations, and at 1,000 where rounding has not parted them by then (docs/variants.md)."""
    game, peers_game = lt.load_game(name), openspiels(name)
    theirs, ours = getattr(pyspiel, solver)(peers_game), lt.CFR(game, variant)
    for iterations in filter(None, (100, more)):
        ours.run(iterations)
        for _ in range(iterations):
            theirs.evaluate_and_update_policy()
        assert ours.nash_conv() == pytest.approx(pyspiel.nash_conv(peers_game, theirs.average_policy()), abs=1e-9)


@pytest.mark.parametrize("name", ["kuhn_poker", "liars_dice(dice_sides=2)"])
def test_mirror_descent_equals_openspiels(name: str) -> None:
    theirs = MMDDilatedEnt(pyspiel.load_game(name), alpha=0.1, stepsize=0.5)
    game = lt.load_game(name)
    ours = lt.CFR(game, "mmd", step=0.5, temperature=0.1, alternating=False)
    ours.run(30)
    for _ in range(30):
        theirs.update_sequences()
    expected = lt.Policy.of(game, OpenSpielPolicy(theirs.get_policies())).table
    for key, row in ours.current_policy().table.items():
        assert row == pytest.approx(expected[key], abs=1e-12), key


def test_mirror_descent_finds_the_quantal_response_equilibrium() -> None:
    """It is a fixed point of OpenSpiel's step, and the gap of the regularised game is nil there."""
    solver = lt.CFR(KUHN, "mmd", step=0.1, temperature=0.1, alternating=False)
    solver.run(3000)
    found = to_tabular_policy(solver.current_policy(), pyspiel.load_game("kuhn_poker"))
    theirs = MMDDilatedEnt(pyspiel.load_game("kuhn_poker"), alpha=0.1, stepsize=0.1)
    theirs.sequences = policy_to_sequence(theirs.game, found, theirs.infoset_actions_to_seq)
    assert theirs.get_gap() == pytest.approx(0, abs=1e-12)
    assert solver.average_strategy() == pytest.approx(solver.current_strategy(), abs=1e-12)


@pytest.mark.parametrize("name", ["kuhn_poker", "kuhn_poker(players=3)", "leduc_poker", *HIDDEN, *DARK_HEX])
def test_exploitability_equals_openspiel(name: str) -> None:
    game, theirs = lt.load_game(name), openspiels(name)
    rng = np.random.default_rng(1)
    solver = lt.CFR(game, "cfr")
    solver.run(3)
    tables = [solver.average_policy().table, lt.Policy.from_strategy(solver.tree, solver.tree.uniform()).table]
    tables.append(
        {key: dict(zip(row, rng.dirichlet(np.ones(len(row))), strict=True)) for key, row in tables[0].items()}
    )
    for table in tables:
        expected = pyspiel.nash_conv(theirs, as_lists(table))
        assert lt.nash_conv(game, lt.Policy(game, table)) == pytest.approx(expected, abs=1e-9)
        if game.num_players() == 2:
            ours = lt.exploitability(game, lt.Policy(game, table))
            assert ours == pytest.approx(pyspiel.exploitability(theirs, as_lists(table)), abs=1e-9)


# ---- Against the slow twin ----


@dataclass
class Market:
    """Three players who know a bit each act in turn and see it; the utilities sum to nothing in particular."""

    history: tuple[int, ...] = ()

    def current_player(self) -> int:
        return -1 if not self.history else len(self.history) - 1 if len(self.history) < 4 else -4

    def legal_actions(self) -> list[int]:
        return list(range(2 + (len(self.history) == 2)))

    def chance_outcomes(self) -> list[tuple[int, float]]:
        return [(i, (1 + i) / 36) for i in range(8)]

    def apply_action(self, action: int) -> None:
        self.history = (*self.history, action)

    def returns(self) -> list[float]:
        return [math.sin(7 * player + sum(a * 3**i for i, a in enumerate(self.history, 1))) for player in range(3)]

    def information_state_string(self, player: int) -> str:
        return f"{self.history[0] >> player & 1} {self.history[1:]}"

    def clone(self) -> Market:
        return replace(self)


def market() -> lt.Game:
    return object_game(
        "market", Market, num_players=3, num_distinct_actions=3, max_game_length=3, min_utility=-9, max_utility=9,
        max_chance_outcomes=8, max_chance_nodes_in_history=1, perfect_information=False,
    )  # fmt: skip


TWINS = {"kuhn_poker": 30, "kuhn_poker(players=3)": 20, "liars_dice(dice_sides=2)": 20, "leduc_poker": 1, "market": 20}


@pytest.mark.parametrize("alternating", [True, False])
@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("name", TWINS)
def test_equals_the_twin(name: str, variant: str, alternating: bool) -> None:
    """Every iteration begins where ours is, for a regret that is 0 but for rounding decides a strategy alone."""
    game = market() if name == "market" else lt.load_game(name)
    weights = {"alternating": alternating, "horizon": 15, "delay": 5 if variant == "cfr+" else 0}
    ours, twin = lt.CFR(game, variant, **weights), ReferenceCFR(game, variant, **weights)
    rows = {(player, key): own for key, player, _, own in ours.tree.information_states}
    for _ in range(TWINS[name]):
        ours.run(1)
        twin.run(1)
        regrets, strategy = ours.regrets(), ours.current_strategy()
        for key, row in rows.items():
            assert regrets[row] == pytest.approx(twin.regrets[key], abs=1e-12), key
            if key not in twin.target or twin.target[key].max() > 1e-12:
                assert strategy[row] == pytest.approx(twin.strategy[key], abs=1e-12), key
            twin.regrets[key], twin.strategy[key] = regrets[row].copy(), strategy[row].copy()
    average, expected = ours.average_strategy(), twin.average_strategy()
    for key, row in rows.items():
        assert average[row] == pytest.approx(expected[key], abs=1e-12), key


@pytest.mark.parametrize("name", ["kuhn_poker", "leduc_poker"])
@pytest.mark.parametrize("variant", ["cfr", "cfr+", "dcfr", "pcfr+", "hs-pcfr+", "mmd"])
def test_equals_an_independent_twin(name: str, variant: str) -> None:
    game, iterations = lt.load_game(name), 30 if name == "kuhn_poker" else 3
    ours, twin = lt.CFR(game, variant), ReferenceCFR(game, variant)
    ours.run(iterations)
    twin.run(iterations)
    expected = twin.average_policy()
    for key, row in ours.average_policy().table.items():
        assert row == pytest.approx(expected[key], abs=1e-11), key


# ---- Known values ----


@pytest.mark.parametrize(
    ("game", "value", "iterations"), [(KUHN, -1 / 18, 2000), (LEDUC, -0.085606424078, 20_000)], ids=["kuhn", "leduc"]
)
def test_known_values(game: lt.Game, value: float, iterations: int) -> None:
    solver = lt.CFR(game, "pcfr+")
    solver.run(iterations)
    assert solver.values() == pytest.approx([value, -value], abs=1e-6)
    assert solver.exploitability() < 1e-5


@pytest.mark.parametrize("variant", sorted(set(VARIANTS) - {"mmd"}))
def test_every_variant_comes_near_an_equilibrium(variant: str) -> None:
    solver = lt.CFR(KUHN, variant)
    solver.run(3000)
    assert solver.nash_conv() < 5e-3


def test_mirror_descent_that_cools_down_comes_near_an_equilibrium() -> None:
    solver, found = lt.CFR(LEDUC, "mmd"), []
    for _ in range(3):
        solver.run(1000)
        found.append(solver.nash_conv())
    assert found == sorted(found, reverse=True)
    assert found[-1] < 0.1


@pytest.mark.parametrize(
    ("variant", "nash_conv"), [("cfr", 0.0236), ("cfr+", 5.1e-4), ("dcfr", 5.6e-4), ("pcfr+", 1.6e-3)]
)
def test_convergence_on_leduc(variant: str, nash_conv: float) -> None:
    """NashConv after 1,000 iterations is no worse than published by others with the same variant (within 5%)."""
    solver = lt.CFR(LEDUC, variant)
    solver.run(1000)
    assert solver.nash_conv() < 1.05 * nash_conv


@pytest.mark.parametrize(
    ("name", "histories", "information_states"),
    [("liars_dice", 294_883, 24_576), ("goofspiel(num_cards=5,imp_info=True,points_order=descending)", 26_931, 2_124)],
)
def test_known_sizes(name: str, histories: int, information_states: int) -> None:
    """As OpenSpiel and LiteEFG count them."""
    tree = GameTree(lt.load_game(name))
    assert (tree.num_histories, tree.num_information_states) == (histories, information_states)


# ---- The layout: vectors of hands ----


@pytest.mark.parametrize(
    ("name", "leaves"),
    # Ways to end that all can see, for each of the two players. Kuhn poker: pp, pbp, pbb, bp and bb. Liar's dice with
    # three sides: any of six bids, one at least, in rising order. Leduc poker: a round has four ways to a fold, and
    # five to go on with one of six cards.
    [
        ("kuhn_poker", 2 * 5),
        ("liars_dice(dice_sides=3)", 2 * (2**6 - 1)),
        ("leduc_poker", 2 * (4 + 5 * 6 * (4 + 5))),
        ("tic_tac_toe", 0),
    ],
)
def test_ends_between_hands_are_matrices(name: str, leaves: int) -> None:
    tree = GameTree(lt.load_game(name))
    assert tree.num_leaves == leaves
    assert (tree.num_single_terminals == 0) == (leaves > 0)


@pytest.mark.parametrize("name", ["kuhn_poker", "kuhn_poker(players=3)", "leduc_poker", "market", *HIDDEN, *DARK_HEX])
def test_payoffs_are_those_of_the_rules(name: str) -> None:
    """Every end of the game, found by walking it, is in the arrays of every player; and there is nothing else."""
    game = market() if name == "market" else lt.load_game(name)
    tree = GameTree(game)
    sequence = {
        (player, key, action): int(s)
        for key, player, actions, own in tree.information_states
        for action, s in zip(actions, range(own.start, own.stop, own.step), strict=True)
    }
    expected: list[dict[tuple[int, ...], float]] = [{} for _ in range(game.num_players())]

    def walk(state: lt.State, chance: float, last: list[int]) -> None:
        if state.is_terminal():
            for player, payoff in enumerate(state.returns()):
                end = (last[player], *last[:player], *last[player + 1 :])
                expected[player][end] = expected[player].get(end, 0.0) + chance * payoff
            return
        player = state.current_player()
        for action, p in (
            state.chance_outcomes() if state.is_chance_node() else [(a, 1.0) for a in state.legal_actions()]
        ):
            then = list(last)
            if player >= 0:
                then[player] = sequence[player, state.information_state_string(player), action]
            child = state.clone()
            child.apply_action(action)
            walk(child, chance * p, then)

    walk(game.new_initial_state(), 1.0, tree.first_sequence[:-1].tolist())
    for player in range(game.num_players()):
        own, others, payoff = tree.payoffs(player)
        got = {(int(s), *map(int, q)): float(w) for s, q, w in zip(own, others, payoff, strict=True)}
        assert len(got) == len(own)
        for end in got.keys() | expected[player].keys():
            assert got.get(end, 0.0) == pytest.approx(expected[player].get(end, 0.0), abs=1e-15)


@pytest.mark.parametrize("name", ["leduc_poker", "liars_dice(dice_sides=5)", GOOFSPIEL, "tic_tac_toe"])
def test_information_states_stand_after_what_leads_there(name: str) -> None:
    """Every sequence belongs to one information state or is a player's empty one, and parents come first."""
    tree = GameTree(lt.load_game(name))
    _, parent, first, stride, count = tree.information_sets()
    taken = np.zeros(tree.num_sequences, np.int64)
    taken[tree.first_sequence[:-1]] += 1
    for i in range(len(parent)):
        assert parent[i] < first[i]
        assert taken[parent[i]] == 1
        taken[first[i] + stride[i] * np.arange(count[i])] += 1
    assert (taken == 1).all()


def test_perfect_information_is_solved() -> None:
    solver = lt.CFR(lt.load_game("tic_tac_toe"))
    assert solver.num_histories == 549_946
    solver.run(30)
    assert solver.values()[0] == pytest.approx(0, abs=0.02)


def test_best_response() -> None:
    from longthink.search.regret.policy import best_response, expected_values

    uniform = lt.Policy.uniform(KUHN)
    value, answer = best_response(KUHN, uniform, 0)
    assert value == pytest.approx(0.5)
    assert expected_values(KUHN, answer)[0] == pytest.approx(value)
    assert all(p in (0.0, 1.0) for key, row in answer.table.items() if len(key) != 2 for p in row.values())


# ---- Policies both ways ----


def test_policies_go_both_ways() -> None:
    theirs = pyspiel.load_game("leduc_poker")
    solver = lt.CFR(LEDUC)
    solver.run(20)
    policy = solver.average_policy()
    tabular = to_tabular_policy(policy, theirs)
    back = lt.Policy.of(LEDUC, OpenSpielPolicy(tabular))
    assert back.table.keys() == policy.table.keys()
    for key, row in policy.table.items():
        assert back.table[key] == pytest.approx(row)
    assert pyspiel.nash_conv(theirs, as_lists(back.table)) == pytest.approx(solver.nash_conv(), abs=1e-9)


def test_action_probabilities() -> None:
    state = KUHN.state_from_history([2, 0])
    assert lt.Policy.uniform(KUHN).action_probabilities(state) == {0: 0.5, 1: 0.5}
    assert lt.Policy(KUHN, {"2": {1: 1.0}}).action_probabilities(state) == {0: 0.0, 1: 1.0}
    with pytest.raises(lt.ParameterError, match="sum to 1"):
        lt.Policy(KUHN, {"2": {0: 0.5, 1: 0.6}})
    with pytest.raises(lt.ParameterError, match="not legal"):
        lt.exploitability(KUHN, lt.Policy(KUHN, {"2": {7: 1.0}}))


# ---- Running ----


def test_goes_on_from_where_it_was() -> None:
    whole, parts = lt.CFR(LEDUC), lt.CFR(LEDUC)
    whole.run(50)
    for n in (1, 9, 40):
        parts.run(n)
    assert parts.iterations == 50
    assert parts.average_strategy().tolist() == whole.average_strategy().tolist()


def test_until_exploitability() -> None:
    solver = lt.CFR(LEDUC, "dcfr")
    result = solver.run(until=lt.Exploitability(1e-3))
    assert result.stopped_by == "exploitability"
    assert result.exploitability == solver.exploitability() <= 1e-3
    assert result.iterations == solver.iterations
    assert solver.run(5, until=lt.Exploitability(0)).stopped_by == "iterations"
    assert solver.run(budget=lt.Budget(seconds=0.05)).stopped_by == "seconds"


def test_ctrl_c_leaves_a_whole_average_strategy() -> None:
    solver = lt.CFR(LEDUC)
    timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    result = solver.run(budget=lt.Budget(seconds=30))
    assert result.interrupted
    assert solver.iterations == result.iterations > 0
    assert solver.exploitability() < 0.1


@pytest.mark.parametrize("variant", ["cfr+", "hs-pcfr+", "mmd"])
@pytest.mark.parametrize("alternating", [True, False])
def test_threads_give_the_same_bits(variant: str, alternating: bool) -> None:
    """With two players and with three, where the tree falls into parts."""
    for name in ("liars_dice(dice_sides=5)", "kuhn_poker(players=5)"):
        tree = GameTree(lt.load_game(name))
        assert tree.num_parts > 3
        alone = lt.CFR(tree, variant, alternating=alternating)
        alone.run(7)
        for threads in (2, 3):  # more than the machine may have
            together = lt.CFR(tree, variant, threads=threads, alternating=alternating)
            for iterations in (1, 6):
                together.run(iterations)
            assert together.average_strategy().tobytes() == alone.average_strategy().tobytes()
            assert together.regrets().tobytes() == alone.regrets().tobytes()


def test_ctrl_c_with_threads() -> None:
    solver = lt.CFR(lt.load_game("liars_dice(dice_sides=5)"), threads=2)
    for _ in range(3):
        timer = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))
        timer.start()
        before = solver.iterations
        result = solver.run(budget=lt.Budget(seconds=30))
        assert result.interrupted
        assert solver.iterations - before == result.iterations > 0
    same = lt.CFR(solver.tree)
    same.run(solver.iterations)
    assert same.average_strategy().tobytes() == solver.average_strategy().tobytes()


def test_averaging() -> None:
    """A delay leaves the first strategies out; an infinite gamma all but the last. Seen where play always comes."""
    solver, strategies = lt.CFR(KUHN, "cfr", delay=3), []
    roots = [own.start for key, _, _, own in solver.tree.information_states if len(key) == 1]
    for _ in range(5):
        strategies.append(solver.current_strategy()[roots])
        solver.run(1)
        if solver.iterations <= 4:
            assert solver.average_strategy()[roots] == pytest.approx(strategies[-1])
    assert solver.average_strategy()[roots] == pytest.approx(np.mean(strategies[3:], axis=0))
    last = lt.CFR(KUHN, "cfr", gamma=np.inf)
    last.run(4)
    before = last.current_strategy()[roots]
    last.run(1)
    assert last.average_strategy()[roots] == pytest.approx(before)


def test_bad_input_is_refused() -> None:
    with pytest.raises(lt.UnknownNameError, match=r"did you mean.*'cfr\+'"):
        lt.CFR(KUHN, "cfr++")
    with pytest.raises(lt.UnknownNameError, match="alpha"):
        lt.CFR(KUHN, "dcfr", alhpa=1)
    with pytest.raises(lt.ParameterError, match="gamma"):
        lt.CFR(KUHN, "dcfr", gamma=-1)
    with pytest.raises(lt.ParameterError, match="alpha"):
        lt.CFR(KUHN, "dcfr", alpha=lt.Line(1, 1000))
    with pytest.raises(lt.ParameterError, match="last expects a number that is finite"):
        lt.Line(1, np.nan)
    with pytest.raises(lt.ParameterError, match="delay"):
        lt.CFR(KUHN, "cfr+", delay=1.5)
    with pytest.raises(lt.ParameterError, match="threads"):
        lt.CFR(KUHN, threads=0)
    with pytest.raises(lt.UnknownNameError, match="weight of mmd"):
        lt.CFR(KUHN, "mmd", alpha=1)
    solver = lt.CFR(KUHN)
    with pytest.raises(lt.ParameterError, match="needs a limit"):
        solver.run()
    with pytest.raises(lt.ParameterError, match="iterations"):
        solver.run(0)
    with pytest.raises(lt.ParameterError, match="tokens"):
        solver.run(budget=lt.Budget(tokens=3))
    with pytest.raises(lt.ParameterError, match="Exploitability"):
        solver.run(until=0.1)  # type: ignore[arg-type]


# ---- Limits ----


def test_memory_limit() -> None:
    needed = lt.CFR(LEDUC).memory_bytes
    with pytest.raises(lt.MemoryLimitError, match="does not fit"):
        lt.CFR(LEDUC, memory_bytes=needed // 3)
    with pytest.raises(lt.MemoryLimitError, match="not enough to begin"):
        lt.CFR(LEDUC, memory_bytes=10)
    with pytest.raises(lt.MemoryLimitError, match="does not fit"):
        GameTree(lt.load_game("connect_four"), memory_bytes=20_000_000)


@dataclass
class Guess:
    """A coin is tossed, the player calls twice; `key` says what it remembers."""

    history: tuple[int, ...] = ()
    key: str = "forgets"

    def current_player(self) -> int:
        return -1 if not self.history else 0 if len(self.history) < 3 else -4

    def legal_actions(self) -> list[int]:
        return [0, 1] if self.key != "uneven" or self.history[0] == 0 else [0]

    def chance_outcomes(self) -> list[tuple[int, float]]:
        return [(0, 0.5), (1, 0.5)]

    def apply_action(self, action: int) -> None:
        self.history = (*self.history, action)

    def returns(self) -> list[float]:
        return [float(self.history[2] == self.history[0])]

    def information_state_string(self, player: int) -> str:
        moves = self.history[1:]
        return str(len(moves)) if self.key == "forgets" else str(moves)

    def clone(self) -> Guess:
        return replace(self)


@pytest.mark.parametrize(("key", "reason"), [("forgets", "perfect recall"), ("uneven", "different legal actions")])
def test_games_without_perfect_recall_are_refused(key: str, reason: str) -> None:
    game = object_game(
        "guess", lambda: Guess(key=key), num_players=1, num_distinct_actions=2, max_game_length=2, min_utility=0,
        max_utility=1, max_chance_outcomes=2, max_chance_nodes_in_history=1, perfect_information=False,
    )  # fmt: skip
    with pytest.raises(lt.GameError, match=reason) as caught:
        lt.CFR(game)
    assert "[0" in str(caught.value)
