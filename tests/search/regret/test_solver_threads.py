"""Solvers in threads, forked processes and pickles: right results, or a clear error."""

from __future__ import annotations

import copy
import os
import pickle
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import longthink as lt
from longthink.errors import ConcurrentUseError, NotPicklableError
from longthink.search.core import GameTree
from longthink.search.regret.variants import variant

KUHN, LEDUC, DICE = lt.load_game("kuhn_poker"), lt.load_game("leduc_poker"), lt.load_game("liars_dice")


def solvers() -> list[Callable[[], Any]]:
    return [
        lambda: lt.CFR(LEDUC),
        lambda: lt.CFR(DICE, threads=2),
        lambda: lt.CFRBR(LEDUC),
        *(
            lambda s=sampling: lt.MCCFR(LEDUC, s, memory_bytes=64 << 20)
            for sampling in ("external", "outcome", "public")
        ),
    ]


@pytest.mark.parametrize("make", solvers())
def test_a_second_thread_is_refused_at_once(make: Callable[[], Any]) -> None:
    solver = make()
    outcomes: list[Any] = []

    def use() -> None:
        for call in (lambda: solver.run(5), solver.average_strategy, solver.average_policy, solver.exploitability):
            try:
                outcomes.append(call())
            except ConcurrentUseError as error:
                outcomes.append(error)

    def progress(spent: lt.Spent) -> None:
        if not outcomes:  # in the middle of a run
            thread = threading.Thread(target=use)
            thread.start()
            thread.join(60)

    result = solver.run(40, progress=progress)
    assert [type(outcome) for outcome in outcomes] == [ConcurrentUseError] * 4
    assert "give each thread an object of its own" in str(outcomes[0])
    alone = make()
    alone.run(40)
    assert result.iterations == 40
    assert solver.average_strategy().tolist() == alone.average_strategy().tolist()


@pytest.mark.parametrize("make", solvers())
def test_threads_that_take_what_they_get_do_no_harm(make: Callable[[], Any]) -> None:
    """Many threads call at random times: every call works or is refused, and those that work count."""
    solver, made, refused = make(), [], []
    stop = time.perf_counter() + 0.5

    def use() -> None:
        while time.perf_counter() < stop:
            try:
                made.append(solver.run(7).iterations)
                solver.values()
            except ConcurrentUseError:
                refused.append(1)
                time.sleep(0.001)

    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert refused
    assert solver.iterations == sum(made)
    alone = make()
    alone.run(sum(made))
    assert solver.average_strategy().tolist() == alone.average_strategy().tolist()


def test_solvers_of_one_tree_run_in_threads_at_the_same_time() -> None:
    tree = GameTree(LEDUC)
    policies: dict[int, Any] = {}

    def use(i: int) -> None:
        solver = lt.CFR(tree)
        solver.run(50)
        policies[i] = solver.average_policy()

    threads = [threading.Thread(target=use, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert policies[0] == policies[1] == policies[2] == policies[3]


class Failing(lt.CFR):  # type: ignore[misc]
    """A CFR whose second thread fails before it begins, as often as `fails` says."""

    fails = 0

    def _work(self, rows: Any, thread: int, watch: Any) -> None:
        if thread == 1 and self.fails:
            self.fails -= 1
            raise MemoryError("no room for the second thread")
        super()._work(rows, thread, watch)


def test_a_worker_that_fails_leaves_nobody_waiting() -> None:
    solver = Failing(DICE, threads=3)
    solver.run(3)
    solver.fails = 1
    with pytest.raises(MemoryError, match="second thread"):
        solver.run(5)
    assert solver.iterations == 3
    solver.run(5)
    alone = lt.CFR(DICE)
    alone.run(8)
    assert solver.average_strategy().tolist() == alone.average_strategy().tolist()


def test_a_forked_process_runs_the_threads_of_a_solver() -> None:
    solver = lt.CFR(DICE, threads=2)
    solver.run(4)
    expected = lt.CFR(DICE)
    expected.run(9)
    child = os.fork()
    if child == 0:
        code = 1
        try:
            solver.run(5)
            same = solver.average_strategy().tolist() == expected.average_strategy().tolist()
            code = 0 if same and solver.exploitability() == expected.exploitability() else 2
        finally:
            os._exit(code)
    deadline = time.monotonic() + 120
    done, status = 0, 0
    while not done and time.monotonic() < deadline:
        done, status = os.waitpid(child, os.WNOHANG)
        time.sleep(0.01)
    if not done:
        os.kill(child, 9)
        os.waitpid(child, 0)
    assert done
    assert os.waitstatus_to_exitcode(status) == 0


def test_a_process_forked_in_the_middle_of_a_run_is_refused() -> None:
    solver = lt.MCCFR(KUHN, memory_bytes=64 << 20)
    codes = []

    def fork() -> None:  # by a second thread, while the first one runs
        child = os.fork()
        if child == 0:
            try:
                solver.run(1)
                os._exit(1)
            except ConcurrentUseError:
                os._exit(0)
            finally:
                os._exit(2)
        codes.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))

    def progress(spent: lt.Spent) -> None:
        if not codes:
            thread = threading.Thread(target=fork)
            thread.start()
            thread.join(60)

    solver.run(10, progress=progress)
    assert codes == [0]


@pytest.mark.parametrize(
    "make",
    [
        lambda: lt.CFR(KUHN),
        lambda: lt.MCCFR(KUHN, memory_bytes=64 << 20),
        lambda: lt.CFRBR(KUHN),
        lambda: lt.SequenceFormLP(KUHN),
        lambda: GameTree(KUHN),
    ],
)
def test_what_cannot_be_pickled_says_what_to_do(make: Callable[[], Any]) -> None:
    thing = make()
    for take in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(NotPicklableError, match=f"{type(thing).__name__} cannot be pickled: .*(use|make)"):
            take(thing)


def test_what_can_be_pickled_comes_back_equal() -> None:
    solver = lt.CFR(KUHN)
    result = solver.run(50, until=lt.Exploitability(0.01))
    lower = lt.local_best_response(KUHN, solver.average_policy(), 0, lt.Budget(simulations=5))
    things = [
        solver.average_policy(),
        result,
        lower,
        lt.Exploitability(0.25),
        lt.Line(1, 4),
        lt.Power(1.0, -0.5),
        *(variant(name) for name in ("cfr", "hs-dcfr", "mmd")),
    ]
    for thing in things:
        back = pickle.loads(pickle.dumps(thing))
        assert back == thing
        assert type(back) is type(thing)
    assert solver.average_policy() != lt.Policy.uniform(KUHN)


def test_numbers_of_numpy_are_numbers() -> None:
    plain = lt.CFR(KUHN, "dcfr", alpha=2, gamma=3, horizon=50, threads=1)
    numpy = lt.CFR(
        KUHN, "dcfr", alpha=np.float32(2), gamma=np.int64(3), horizon=np.int32(50), threads=np.int8(1),
        memory_bytes=np.int64(1 << 30),
    )  # fmt: skip
    assert plain.variant == numpy.variant
    plain.run(20)
    numpy.run(np.int64(20), until=lt.Exploitability(np.float32(0)), every=np.float64(3))
    assert plain.average_strategy().tolist() == numpy.average_strategy().tolist()
    options: dict[str, Any] = {"epsilon": np.float64(0.5), "baseline": np.float32(0.5), "floor": np.int64(-5)}
    sampled = lt.MCCFR(KUHN, "outcome", seed=np.int64(5), memory_bytes=np.int64(64 << 20), **options)
    same = lt.MCCFR(KUHN, "outcome", seed=5, memory_bytes=64 << 20, epsilon=0.5, baseline=0.5, floor=-5)
    sampled.run(np.uint8(50))
    same.run(50)
    assert sampled.average_strategy().tolist() == same.average_strategy().tolist()
    assert lt.MCCFR(KUHN, "robust", k=np.int64(1), memory_bytes=64 << 20).options["k"] == 1
    lt.Line(np.float64(1), np.int64(2))
    for wrong in ({"seed": 1.5}, {"seed": True}, {"baseline": "1"}, {"memory_bytes": 1e9}, {"regret_power": np.nan}):
        with pytest.raises(lt.ParameterError, match=next(iter(wrong))):
            lt.MCCFR(KUHN, **wrong)  # type: ignore[arg-type]
    for wrong in ({"alternating": 2}, {"delay": True}, {"gamma": -np.inf}, {"alpha": "1"}):
        with pytest.raises(lt.ParameterError, match=next(iter(wrong))):
            lt.CFR(KUHN, "dcfr", **wrong)
