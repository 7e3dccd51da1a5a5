"""Sampled regret minimisation: its mean, its equilibria compared with OpenSpiel, bounded memory, checkpoints."""

from __future__ import annotations

import os
import signal
import threading
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pyspiel
import pytest

import longthink as lt
from longthink.games.adapters.openspiel import to_tabular_policy
from longthink.games.core import object_game
from longthink.search.core import GameTree
from longthink.search.regret import checkpoint
from longthink.search.regret.mccfr import SAMPLINGS

KUHN, LEDUC = lt.load_game("kuhn_poker"), lt.load_game("leduc_poker")

# ---- Right on average ----


def exact(game: lt.Game, strategy: dict[Any, list[float]], drawn: bool) -> tuple[dict[Any, Any], dict[Any, Any]]:
    """What one walk of learner 0 adds on average: to the regrets of player 0, and to the averages of player 1.

    For every information state the counterfactual regrets, and the probability that chance and player 1 alone come
    there and take the action. drawn: others than the learner draw their actions, so that what a third player never does
    now is not seen.
    """
    regrets: dict[Any, Any] = defaultdict(float)
    averages: dict[Any, Any] = defaultdict(float)

    def walk(state: lt.State, others: float, second: float) -> float:
        """others: the probability that all but player 0 come here. second: that chance and player 1 do."""
        player = state.current_player()
        if player == -4:
            return state.returns()[0]
        if player == -1:
            return sum(p * walk(state.child(a), others * p, second * p) for a, p in state.chance_outcomes())
        key = (player, state.information_state_key(player))
        n = len(state.legal_actions())
        p = np.array(strategy.get(key, [1 / n] * n))
        if player == 1:
            averages[key] = averages[key] + second * p
        values = np.array(
            [
                walk(
                    state.child(a),
                    others * (1 if player == 0 else x),
                    second * (x if player == 1 else float(x > 0 or player == 0 or not drawn)),
                )
                for a, x in zip(state.legal_actions(), p, strict=True)
            ]
        )
        if player == 0:
            regrets[key] = regrets[key] + others * (values - p @ values)
        return float(p @ values)

    walk(game.new_initial_state(), 1.0, 1.0)
    return regrets, averages


def keys_of(game: lt.Game, solver: lt.MCCFR) -> dict[Any, slice]:
    """The index in the solver's arrays of every information state that was reached."""
    places, found = {}, {}
    ends = np.cumsum([0, *solver.arrays()["count"]]).tolist()
    for i, name in enumerate(solver.arrays()["name"].tolist()):
        places[tuple(name)] = slice(ends[i], ends[i + 1])
    for history in GameTree(game).histories():
        state = game.state_from_history(history)
        player = state.current_player()
        if solver.name_at(state) in places:
            found[player, state.information_state_key(player)] = places[solver.name_at(state)]
    return found


GOOFSPIEL = "goofspiel(num_cards=3,imp_info=True,points_order=descending)"
MEAN: list[tuple[str, str, dict[str, float]]] = [
    *(("kuhn_poker", sampling, {}) for sampling in SAMPLINGS),
    *(("kuhn_poker(players=3)", sampling, {}) for sampling in SAMPLINGS),
    (GOOFSPIEL, "external", {}),
    (GOOFSPIEL, "outcome", {}),
    (GOOFSPIEL, "chance", {}),
    ("kuhn_poker", "external", {"prune_below": -0.5, "prune_share": 0.7}),
    ("kuhn_poker", "chance", {"prune_below": -0.5, "prune_share": 0.7}),
    ("kuhn_poker", "external", {"baseline": 0.2}),
    ("kuhn_poker", "outcome", {"baseline": 0.0}),
    ("kuhn_poker", "robust", {"k": 1, "baseline": 0.2}),
]


@pytest.mark.parametrize(("name", "sampling", "options"), MEAN, ids=str)
def test_what_is_learned_is_right_on_average(
    name: str, sampling: str, options: dict[str, float], tmp_path: Path
) -> None:
    """From a strategy that is not uniform, 600 walks of the first learner with different seeds: the mean regrets of the
    first player and the mean averages of the second lie within five standard errors of the exact ones, each of them
    (what was never drawn: within six largest samples over their number); the errors are small.
    """
    game = lt.load_game(name)
    start = lt.MCCFR(game, sampling, seed=5, memory_bytes=1 << 17, **options)
    start.run(100)  # in goofspiel no play reaches two of the information states: they are left uniform
    start.save(tmp_path / "start")
    before, places = start.arrays(), keys_of(game, start)
    strategy = {}
    for key, place in places.items():
        positive = np.maximum(before["regret"][place], 0)
        n = len(positive)
        strategy[key] = (positive / positive.sum() if positive.sum() > 0 else np.full(n, 1 / n)).tolist()
    regrets, averages = exact(game, strategy, sampling not in ("chance", "public"))

    samples: dict[str, list[Any]] = {"regret": [], "average": []}
    for seed in range(600):
        solver = lt.MCCFR(game, sampling, seed=seed, memory_bytes=1 << 17, **options)
        solver.load(tmp_path / "start")
        solver.run(1)
        after = solver.arrays()
        for kind, rows in samples.items():
            rows.append(after[kind][: len(before[kind])] - before[kind])
    for kind, expected in (("regret", regrets), ("average", averages)):
        mean = np.mean(samples[kind], axis=0)
        error = np.std(samples[kind], axis=0) / np.sqrt(len(samples[kind]))
        unseen = 6 * np.abs(samples[kind]).max() / len(samples[kind])
        scale = np.sqrt(np.mean(np.concatenate([row**2 for row in expected.values()])))
        for key, row in expected.items():
            if key not in places:
                continue
            place = places[key]
            assert np.all(np.abs(mean[place] - row) <= 5 * error[place] + unseen), (kind, key, mean[place], row)
        assert np.median(error) < 0.4 * scale, kind


def test_baselines_take_out_variance(tmp_path: Path) -> None:
    """From one state of a solver, the regrets of an iteration of outcome sampling vary less with baselines."""
    solver = lt.MCCFR(LEDUC, "outcome", seed=1, memory_bytes=1 << 20)
    solver.run(200_000)
    meta, arrays = solver_parts(solver, tmp_path)
    checkpoint.save(tmp_path / "with", "MCCFR", meta, arrays)
    meta["options"]["baseline"], arrays["baseline"] = 0.0, arrays["baseline"][:, :0].copy()
    checkpoint.save(tmp_path / "without", "MCCFR", meta, arrays)
    variance = {}
    for name in ("with", "without"):
        rows = []
        for seed in range(300):
            baseline = 0.1 if name == "with" else 0.0
            solver = lt.MCCFR(LEDUC, "outcome", seed=seed, memory_bytes=1 << 20, baseline=baseline)
            solver.load(tmp_path / name)
            solver.run(1)
            rows.append(solver.arrays()["regret"][: len(arrays["regret"])] - arrays["regret"])
        variance[name] = np.var(rows, axis=0).sum()
    assert variance["with"] < 0.6 * variance["without"], variance


def solver_parts(solver: lt.MCCFR, tmp_path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    solver.save(tmp_path / "parts")
    return checkpoint.load(tmp_path / "parts", "MCCFR")


# ---- Near an equilibrium ----


@pytest.mark.parametrize(
    ("sampling", "options", "iterations"),
    [
        ("external", {}, 50_000),
        ("external", {"regret_power": 1, "average_power": 1}, 50_000),
        ("external", {"prune_below": -100.0}, 50_000),
        ("external", {"baseline": 0.1}, 50_000),
        ("outcome", {}, 100_000),
        ("outcome", {"baseline": 0.0}, 100_000),
        ("outcome", {"floor": 0.0, "average_power": 1}, 100_000),
        ("robust", {}, 50_000),
        ("robust", {"k": 1}, 100_000),
        ("chance", {}, 50_000),
        ("chance", {"floor": 0.0, "average_power": 1}, 50_000),
        ("public", {}, 10_000),
    ],
    ids=str,
)
def test_kuhn_is_solved(sampling: str, options: dict[str, float], iterations: int) -> None:
    solver = lt.MCCFR(KUHN, sampling, seed=1, **options)
    solver.run(iterations)
    assert solver.nash_conv() < 0.02
    assert solver.values() == pytest.approx([-1 / 18, 1 / 18], abs=0.005)
    theirs = pyspiel.load_game("kuhn_poker")
    table = {key: list(row.items()) for key, row in solver.average_policy().table.items()}
    assert pyspiel.nash_conv(theirs, table) == pytest.approx(solver.nash_conv(), abs=1e-9)
    tabular = to_tabular_policy(solver.average_policy(), theirs)
    assert tabular.action_probabilities(theirs.new_initial_state().child(0).child(1)) == pytest.approx(
        solver.action_probabilities(KUHN.state_from_history([0, 1]))
    )


@pytest.mark.parametrize(
    ("sampling", "solver", "iterations"),
    [("external", "ExternalSamplingMCCFRSolver", 10_000), ("outcome", "OutcomeSamplingMCCFRSolver", 100_000)],
)
def test_leduc_compared_with_openspiel(sampling: str, solver: str, iterations: int) -> None:
    """After as many iterations as near an equilibrium as OpenSpiel's, within a fifth; with baselines nearer."""
    theirs = pyspiel.load_game("leduc_poker")
    peer = getattr(pyspiel, solver)(theirs, seed=1)
    for _ in range(iterations):
        peer.run_iteration()
    expected = pyspiel.nash_conv(theirs, peer.average_policy(), True)
    ours = lt.MCCFR(LEDUC, sampling, seed=1)
    ours.run(iterations)
    assert ours.nash_conv() < (1.2 if sampling == "external" else 1.0) * expected
    assert ours.values()[0] == pytest.approx(-0.0856, abs=0.06)


@pytest.mark.parametrize("name", ["kuhn_poker(players=3)", "leduc_poker(players=3,suit_isomorphism=True)"])
@pytest.mark.parametrize("sampling", ["external", "outcome"])
def test_more_players(name: str, sampling: str) -> None:
    """There is no guarantee, but exploitability is below that of uniform play."""
    game = lt.load_game(name)
    solver = lt.MCCFR(game, sampling, seed=1)
    solver.run(10_000)
    assert solver.nash_conv() < 0.5 * lt.nash_conv(game, lt.Policy.uniform(game))


class Dilemma:
    """Two prisoners: a sum that is not constant, choices unseen. Defecting (1) is dominant."""

    def __init__(self, chosen: tuple[int, ...] = ()) -> None:
        self.chosen = chosen

    def current_player(self) -> int:
        return len(self.chosen) if len(self.chosen) < 2 else -4

    def legal_actions(self) -> list[int]:
        return [0, 1]

    def apply_action(self, action: int) -> None:
        self.chosen += (action,)

    def returns(self) -> list[float]:
        one, other = self.chosen
        return [3.0 + 2 * one - 3 * other - one * other, 3.0 + 2 * other - 3 * one - one * other]

    def information_state_string(self, player: int) -> str:
        return str(self.chosen[player : player + 1])

    def clone(self) -> Dilemma:
        return Dilemma(self.chosen)


@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_general_sums_in_python(sampling: str) -> None:
    game = object_game(
        "dilemma", Dilemma, num_players=2, num_distinct_actions=2, max_game_length=2, min_utility=0.0, max_utility=5.0,
        perfect_information=False,
    )  # fmt: skip
    solver = lt.MCCFR(game, sampling, seed=1)
    solver.run(2000)
    assert solver.values() == pytest.approx([1, 1], abs=0.05)
    assert 3 < solver.num_remembered_histories <= 7


def test_perfect_information_and_openspiels_games() -> None:
    solver = lt.MCCFR(lt.load_game("tic_tac_toe"), "outcome", seed=1)
    solver.run(20_000)
    assert solver.num_information_states < 5478  # positions are shared
    solver = lt.MCCFR(lt.load_game("openspiel:kuhn_poker"), seed=1)
    solver.run(20_000)
    assert solver.nash_conv() < 0.03


def test_a_game_too_large_to_unroll() -> None:
    """Phantom tic-tac-toe: the policy at a state is the average strategy there."""
    game = lt.load_game("phantom_ttt")
    solver = lt.MCCFR(game, "outcome", seed=1, memory_bytes=1 << 26)
    solver.run(30_000)
    state = game.new_initial_state()
    row = solver.action_probabilities(state)
    assert list(row) == state.legal_actions()
    assert sum(row.values()) == pytest.approx(1)
    assert max(row.values()) > 1.5 / 9
    assert solver.action_probabilities(state, 1) == {}


# ---- Running ----


@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_a_seed_gives_one_result(sampling: str) -> None:
    one, same, other = (lt.MCCFR(LEDUC, sampling, seed=seed) for seed in (1, 1, 2))
    one.run(40)
    for n in (3, 1, 36):
        same.run(n)
    other.run(40)
    assert one.iterations == same.iterations == 40
    for name, array in one.arrays().items():
        assert array.tolist() == same.arrays()[name].tolist()
    assert one.arrays()["regret"].tolist() != other.arrays()["regret"].tolist()


@pytest.mark.parametrize(
    ("sampling", "options"),
    [
        ("external", {"prune_below": -3.0, "regret_power": 1, "average_power": 1}),
        ("outcome", {}),
        ("robust", {"k": 1}),
        ("chance", {"floor": 0.0}),
        ("public", {}),
    ],
    ids=str,
)
def test_resuming_gives_the_same_bits(sampling: str, options: dict[str, float], tmp_path: Path) -> None:
    path = tmp_path / "solver"
    whole, part = lt.MCCFR(LEDUC, sampling, seed=4, **options), lt.MCCFR(LEDUC, sampling, seed=4, **options)
    whole.run(60)
    part.run(25, checkpoint=path)
    part.run(5)  # lost
    resumed, again = lt.MCCFR(LEDUC, sampling, seed=4, **options), lt.MCCFR(LEDUC, sampling, seed=4, **options)
    assert resumed.load(path) == resumed.iterations == 25
    resumed.run(35, checkpoint=path, every=0)
    assert again.load(path) == resumed.iterations == 60
    for name, array in whole.arrays().items():
        assert array.tolist() == resumed.arrays()[name].tolist() == again.arrays()[name].tolist(), name


def test_checkpoints_of_other_work_stay(tmp_path: Path) -> None:
    path = tmp_path / "solver"
    lt.MCCFR(KUHN, seed=1).run(10, checkpoint=path)
    with pytest.raises(lt.CheckpointError, match="10 iterations and this solver 0"):
        lt.MCCFR(KUHN, seed=1).run(5, checkpoint=path)
    with pytest.raises(lt.CheckpointError, match="seed 2, got one with seed 1"):
        lt.MCCFR(KUHN, seed=2).run(20, checkpoint=path)
    with pytest.raises(lt.CheckpointError, match="got one with sampling 'external'"):
        lt.MCCFR(KUHN, "outcome", seed=1).run(20, checkpoint=path)
    with pytest.raises(lt.CheckpointError, match=r"game 'leduc_poker\(\)', got one with game 'kuhn"):
        lt.MCCFR(LEDUC, seed=1).load(path)
    solver = lt.MCCFR(KUHN)
    assert solver.load(path) == 10
    lt.MCCFR(KUHN).save(path)
    assert (solver.load(path), solver.num_information_states) == (0, 0)


def test_until_exploitability() -> None:
    solver = lt.MCCFR(KUHN, seed=1)
    result = solver.run(until=lt.Exploitability(0.01))
    assert result.stopped_by == "exploitability"
    assert result.exploitability == solver.exploitability() <= 0.01
    assert result.iterations == solver.iterations
    assert solver.run(5, until=lt.Exploitability(0)).stopped_by == "iterations"
    assert solver.run(budget=lt.Budget(seconds=0.05)).stopped_by == "seconds"


def test_ctrl_c_leaves_a_whole_average_strategy(tmp_path: Path) -> None:
    path = tmp_path / "solver"
    solver = lt.MCCFR(LEDUC, seed=1)
    timer = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    seen: list[int] = []
    result = solver.run(budget=lt.Budget(seconds=30), progress=lambda s: seen.append(s.simulations), checkpoint=path)
    assert result.interrupted
    assert solver.iterations == result.iterations == result.spent.simulations > 0
    assert seen == sorted(seen)
    assert solver.nash_conv() < 1
    assert lt.MCCFR(LEDUC).load(path) == solver.iterations


# ---- Limits ----


def test_full_memory_stops_with_all_that_was_learned(tmp_path: Path) -> None:
    path = tmp_path / "solver"
    solver = lt.MCCFR(LEDUC, seed=1, memory_bytes=60_000)
    with pytest.raises(lt.MemoryLimitError, match="information states fill memory_bytes=60000"):
        solver.run(100_000, checkpoint=path)
    met, made = solver.num_information_states, solver.iterations
    assert 50 < met < 936
    assert made > 0
    policy = solver.average_policy()
    assert len(policy.table) == 936
    assert np.isfinite(solver.arrays()["regret"]).all()
    with pytest.raises(lt.MemoryLimitError):
        solver.run(1)
    assert (solver.num_information_states, solver.iterations) == (met, made)
    more = lt.MCCFR(LEDUC, seed=1, memory_bytes=1 << 20)
    assert (more.load(path), more.num_information_states) == (made, met)
    more.run(10_000)
    assert more.num_information_states == 936
    assert more.nash_conv() < 1
    more.save(path)
    with pytest.raises(lt.MemoryLimitError, match="do not fit"):
        solver.load(path)
    assert (solver.num_information_states, solver.iterations) == (met, made)


def test_bad_input_is_refused() -> None:
    with pytest.raises(lt.UnknownNameError, match=r"did you mean.*'external'"):
        lt.MCCFR(KUHN, "externl")
    for options, word in (
        ({"epsilon": 0.5}, "external sampling has no epsilon"),
        ({"k": 1}, "external sampling has no k"),
        ({"sampling": "robust", "k": 0}, "k expects"),
        ({"sampling": "outcome", "epsilon": 0}, "epsilon expects"),
        ({"sampling": "public", "baseline": 0.5}, "baseline expects"),
        ({"sampling": "outcome", "prune_below": -1.0}, "outcome sampling has no prune_below"),
        ({"prune_below": -1.0, "floor": 0.0}, "prune_below expects"),
        ({"floor": 1.0}, "floor expects"),
        ({"seed": -1}, "seed expects"),
        ({"memory_bytes": 100}, "memory_bytes expects"),
        ({"regret_power": float("nan")}, "regret_power expects"),
    ):
        with pytest.raises(lt.ParameterError, match=word):
            lt.MCCFR(KUHN, **options)
    solver = lt.MCCFR(KUHN)
    with pytest.raises(lt.ParameterError, match="needs a limit"):
        solver.run()
    with pytest.raises(lt.ParameterError, match="iterations"):
        solver.run(0)
    with pytest.raises(lt.ParameterError, match="tokens"):
        solver.run(budget=lt.Budget(tokens=3))
    with pytest.raises(lt.ParameterError, match="Exploitability"):
        solver.run(until=0.1)  # type: ignore[arg-type]
    with pytest.raises(lt.ParameterError, match="every"):
        solver.run(1, every=-1)
    with pytest.raises(lt.ParameterError, match="plays kuhn"):
        solver.action_probabilities(LEDUC.new_initial_state())


class Uneven:
    """A coin is tossed; the player does not see it, but has fewer actions after tails."""

    def __init__(self, history: tuple[int, ...] = ()) -> None:
        self.history = history

    def current_player(self) -> int:
        return -1 if not self.history else 0 if len(self.history) < 2 else -4

    def legal_actions(self) -> list[int]:
        return [0, 1] if self.history[0] == 0 else [0]

    def chance_outcomes(self) -> list[tuple[int, float]]:
        return [(0, 0.5), (1, 0.5)]

    def apply_action(self, action: int) -> None:
        self.history += (action,)

    def returns(self) -> list[float]:
        return [0.0]

    def information_state_string(self, player: int) -> str:
        return "?"

    def clone(self) -> Uneven:
        return Uneven(self.history)


def test_uneven_actions_are_refused() -> None:
    game = object_game(
        "uneven", Uneven, num_players=1, num_distinct_actions=2, max_game_length=1, min_utility=0, max_utility=1,
        max_chance_outcomes=2, max_chance_nodes_in_history=1, perfect_information=False,
    )  # fmt: skip
    with pytest.raises(lt.GameError, match="different legal actions"):
        lt.MCCFR(game, seed=1).run(100)
