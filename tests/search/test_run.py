"""The loop of every search and solver: what ends it, and its result."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import longthink as lt
from longthink.search.core import Watch
from longthink.search.regret.updates import RegretUpdate
from longthink.search.regret.variants import VARIANTS
from longthink.search.run import Pace, run

CONNECT_FOUR, KUHN, LEDUC = lt.load_game("connect_four"), lt.load_game("kuhn_poker"), lt.load_game("leduc_poker")
START = CONNECT_FOUR.new_initial_state()


def zeros(leaves: Any) -> Any:
    return np.zeros(len(leaves)), None


RUNS: dict[str, Callable[..., Any]] = {
    "MCTS": lambda budget, **how: lt.MCTS(CONNECT_FOUR).run(START, budget, **how),
    "MCTS, two threads": lambda budget, **how: lt.MCTS(CONNECT_FOUR, threads=2).run(START, budget, **how),
    "search_with": lambda budget, **how: lt.search_with(zeros, lt.MCTS(CONNECT_FOUR), START, budget, **how),
    "BatchedMCTS": lambda budget, **how: lt.BatchedMCTS(CONNECT_FOUR, 3).run(zeros, budget, **how),
    "GraphSearch": lambda budget, **how: lt.GraphSearch(CONNECT_FOUR).run(START, budget, **how),
    "ISMCTS": lambda budget, **how: lt.ISMCTS(LEDUC).run(LEDUC.new_initial_state(), budget, **how),
    "CFR": lambda budget, **how: lt.CFR(KUHN).run(budget=budget, **how),
    "CFRBR": lambda budget, **how: lt.CFRBR(KUHN).run(budget=budget, **how),
    "MCCFR": lambda budget, **how: lt.MCCFR(KUHN).run(budget=budget, **how),
    "local best response": lambda budget, **how: lt.local_best_response(
        KUHN, lt.Policy.uniform(KUHN), 0, budget, rollouts=2, **how
    ),
}


@pytest.mark.parametrize("name", RUNS)
def test_a_token_ends_a_run_with_its_best_so_far(name: str) -> None:
    token, seen = lt.CancelToken(), []

    def progress(spent: lt.Spent) -> None:
        seen.append(spent.simulations)
        if len(seen) == 2:
            token.cancel()

    result = RUNS[name](lt.Budget(seconds=100), progress=progress, cancel=token)
    assert result.stopped_by == "cancelled"
    assert len(seen) == 2
    assert result.spent.simulations == seen[-1] > 0
    assert 0 < result.spent.seconds < 100
    assert RUNS[name](lt.Budget(seconds=100), cancel=token).stopped_by == "cancelled"  # and the token stays so


@pytest.mark.parametrize("name", RUNS)
def test_the_seconds_and_ctrl_c_end_a_run(name: str) -> None:
    assert RUNS[name](lt.Budget(seconds=0.01)).stopped_by == "seconds"

    def interrupt(spent: lt.Spent) -> None:
        raise KeyboardInterrupt

    result = RUNS[name](lt.Budget(seconds=100), progress=interrupt)
    assert result.stopped_by == "interrupted"
    assert result.spent.simulations > 0


def test_a_piece_takes_some_milliseconds() -> None:
    pace = Pace()
    pace.learn(1e-5)
    assert pace.count == 64
    pace.learn(0.005)
    assert pace.count == 128
    pace.learn(0.02)
    assert pace.count == 128
    pace.learn(0.2)
    assert pace.count == 12
    pace.learn(100)
    assert pace.count == 1


def test_a_condition_is_asked_at_its_counts_and_checkpoints_are_written_between_pieces() -> None:
    class EveryTen:
        look_at, asked = 10, 0

        def met(self, spent: lt.Spent) -> str | None:
            assert spent.simulations == self.look_at
            self.look_at += 10
            self.asked += 1
            return "enough" if spent.simulations == 50 else None

    made, saved, condition = 0, [], EveryTen()

    def work(count: int, watch: Watch) -> str | None:
        nonlocal made
        made += count
        return None

    def measure(spent: lt.Spent) -> None:
        spent.simulations = made

    spent, stopped_by = run(
        work, measure, lt.Budget(), pace=Pace(), condition=condition, save=lambda: saved.append(made), every=0
    )
    assert (spent.simulations, stopped_by, condition.asked) == (50, "enough", 5)
    assert saved[0] == 0
    assert saved[-1] == 50
    assert len(saved) > 5


def test_a_target_that_the_last_iteration_reaches_is_said() -> None:
    result = lt.CFR(KUHN).run(11, until=lt.Exploitability(10.0))
    assert (result.iterations, result.stopped_by) == (1, "exploitability")
    solver = lt.CFR(KUHN)
    solver.run(20)
    near = solver.exploitability()
    again = lt.CFR(KUHN).run(20, until=lt.Exploitability(near))
    assert again.stopped_by == "exploitability"
    assert again.exploitability is not None
    assert again.exploitability <= near


def test_one_root_of_a_batch_is_a_result_like_any_other() -> None:
    for rule in (lt.PUCT(), lt.Gumbel(simulations=40)):
        roots = lt.BatchedMCTS(CONNECT_FOUR, 3, rule, seed=4)
        batch = roots.run(zeros, lt.Budget(simulations=40))
        assert len(batch) == 3
        for i, one in enumerate(batch):
            expected = lt.search_with(
                zeros, lt.MCTS(CONNECT_FOUR, rule, seed=4 + i), START, lt.Budget(simulations=40), batch=1
            )
            assert isinstance(one, lt.SearchResult)
            assert one.visits.tolist() == expected.visits.tolist()
            assert one.policy.tolist() == pytest.approx(expected.policy.tolist())
            assert (one.best_action, one.player) == (expected.best_action, expected.player)
            assert one.value == pytest.approx(expected.value)


@pytest.mark.parametrize("plus", [True, False])
def test_cfr_br_goes_on_from_a_checkpoint_with_the_same_bits(plus: bool, tmp_path: Path) -> None:
    whole, first, second = (lt.CFRBR(KUHN, plus=plus) for _ in range(3))
    whole.run(30)
    first.run(10, checkpoint=tmp_path / "half")
    assert second.load(tmp_path / "half") == 10
    second.run(20)
    assert second.iterations == 30
    assert second.average_strategy().tolist() == whole.average_strategy().tolist()
    assert second.regrets().tolist() == whole.regrets().tolist()
    with pytest.raises(lt.CheckpointError, match="plus"):
        lt.CFRBR(KUHN, plus=not plus).load(tmp_path / "half")


def test_a_variant_of_the_users_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(VARIANTS, "_entries", dict(VARIANTS._entries))
    VARIANTS.register("mine", RegretUpdate(alpha=1.5, beta=0, gamma=3))
    mine, same = lt.CFR(KUHN, "mine"), lt.CFR(KUHN, "dcfr", gamma=3)
    mine.run(50)
    same.run(50)
    assert mine.average_strategy().tolist() == same.average_strategy().tolist()
    with pytest.raises(lt.UnknownNameError, match=r"did you mean.*'mine'"):
        lt.CFR(KUHN, "mime")
