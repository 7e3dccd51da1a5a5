"""Games and searches in threads, forked processes, pickles and copies."""

from __future__ import annotations

import copy
import multiprocessing
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

import longthink as lt
from longthink.games.core import object_game
from longthink.search.trees.drawing import TreeDrawing
from longthink.search.trees.tree_node import TreeNode

CONNECT_FOUR = lt.load_game("connect_four")
TIC_TAC_TOE = lt.load_game("tic_tac_toe")
START = CONNECT_FOUR.new_initial_state()


class Nim:
    """Take one or two of nine; the player who takes the last one wins. A game of Python objects."""

    def __init__(self, left: int = 9, turn: int = 0) -> None:
        self.left, self.turn = left, turn

    def current_player(self) -> int:
        if threading.current_thread().name == "unlucky" and self.left < 4:
            raise RuntimeError("unlucky")
        return self.turn if self.left > 0 else -4

    def legal_actions(self) -> list[int]:
        return [0, 1] if self.left > 1 else [0]

    def apply_action(self, action: int) -> None:
        self.left, self.turn = self.left - 1 - action, 1 - self.turn

    def returns(self) -> list[float]:
        return [1.0, -1.0] if self.turn == 1 else [-1.0, 1.0]

    def clone(self) -> Nim:
        return Nim(self.left, self.turn)


def nim(**changes: Any) -> lt.Game:
    return object_game(
        "pile", Nim, num_players=2, num_distinct_actions=2, max_game_length=9, min_utility=-1, max_utility=1,
        zero_sum=True, **changes,
    )  # fmt: skip


def zeros(leaves: Any) -> Any:
    return np.zeros(len(leaves)), None


# ---- One search and two threads ----

SEARCHES: dict[str, Callable[[], Any]] = {
    "MCTS": lambda: lt.MCTS(CONNECT_FOUR),
    "BatchedMCTS": lambda: lt.BatchedMCTS(CONNECT_FOUR, 3),
    "GraphSearch": lambda: lt.GraphSearch(CONNECT_FOUR),
    "ISMCTS": lambda: lt.ISMCTS(CONNECT_FOUR),
}


def run(search: Any, progress: Any = None, simulations: int = 200) -> Any:
    budget = lt.Budget(simulations=simulations)
    if isinstance(search, lt.BatchedMCTS):
        return search.run(zeros, budget, progress=progress)
    return search.run(START, budget, progress=progress)


USES: dict[str, Callable[[Any], object]] = {
    "run": run,
    "set_root": lambda search: search.set_root(START),
    "set_roots": lambda search: search.set_roots(START),
    "advance": lambda search: search.advance(3),
    "ask": lambda search: search.ask(2),
    "tell": lambda search: search.tell([1], [0.0]),
    "forget": lambda search: search.forget([1]),
    "result": lambda search: search.result(),
    "result_at": lambda search: search.result_at(START),
    "tree": lambda search: search.tree(),
    "line": lambda search: search.line(),
    "states": lambda search: search.states,
    "search_with": lambda search: lt.search_with(zeros, search, START, lt.Budget(simulations=5)),
}


@pytest.mark.parametrize("name", SEARCHES)
def test_a_second_thread_is_refused_at_once(name: str) -> None:
    search = SEARCHES[name]()
    inside, leave = threading.Event(), threading.Event()

    def wait(spent: lt.Spent) -> None:
        inside.set()
        assert search.result() is not None  # the thread itself may look
        assert leave.wait(60)

    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(run, search, wait)
        assert inside.wait(60)
        uses = [use for use in USES if hasattr(type(search), use) or (use == "search_with" and name == "MCTS")]
        assert len(uses) > 4
        for use in uses:
            with pytest.raises(lt.ConcurrentUseError, match=f"this {name} is in use by another thread"):
                USES[use](search)
        assert search.nodes > 0  # single numbers can be read at any moment
        leave.set()
        assert running.result().spent.simulations >= 200
    run(search)


@pytest.mark.parametrize("name", SEARCHES)
def test_threads_that_collide_leave_a_whole_search(name: str) -> None:
    search, refused, done = SEARCHES[name](), [], []

    def hammer(seed: int) -> None:
        for _ in range(60):
            try:
                run(search, simulations=30)
                done.append(seed)
            except lt.ConcurrentUseError:
                refused.append(seed)

    threads = [threading.Thread(target=hammer, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) + len(done) == 240
    assert np.atleast_1d(np.array(search.simulations)).tolist() == [30 * len(done)] * (
        3 if name == "BatchedMCTS" else 1
    )


def test_leaves_are_read_by_other_threads_while_the_search_goes_on() -> None:
    """A thread reads states, masks and actions of a batch while `ask` makes the next one."""
    search = lt.MCTS(CONNECT_FOUR, lt.PUCT(), seed=1)
    search.set_root(CONNECT_FOUR.state_from_history([3, 3]))

    def read(leaves: Any) -> tuple[Any, Any]:
        for state, legal in zip(leaves.states, leaves.legal, strict=True):
            assert state.history()[:2] == [3, 3]
            assert state == CONNECT_FOUR.state_from_history(state.history())
            assert np.flatnonzero(legal).tolist() == state.legal_actions()
        return leaves.tickets, np.zeros(len(leaves))

    with ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(read, search.ask(4)) for _ in range(2)]
        for _ in range(100):
            search.tell(*waiting.pop(0).result())
            waiting.append(pool.submit(read, search.ask(4)))
    late = search.ask(4)
    search.tell(late.tickets, np.zeros(len(late)))
    search.forget(search.ask(1).tickets)
    assert read(late) is not None  # also after they got their values


# ---- One game and its states, and many threads ----

GAMES: dict[str, Callable[[], lt.Game]] = {
    "native": lambda: CONNECT_FOUR,
    "objects": nim,
    "objects, small cache": lambda: nim(cache_states=2),
    "openspiel": lambda: lt.load_game("openspiel:tic_tac_toe"),
}


def needs(name: str) -> None:
    if name == "openspiel":
        pytest.importorskip("pyspiel")


@pytest.mark.parametrize("name", GAMES)
def test_searches_of_their_own_share_a_game(name: str) -> None:
    needs(name)
    game = GAMES[name]()

    def think(seed: int) -> list[int]:
        search = lt.MCTS(game, seed=seed)
        return [int(n) for n in search.run(game.new_initial_state(), lt.Budget(simulations=150)).visits]

    alone = [think(seed) for seed in range(6)]
    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(think, range(6))) == alone


@pytest.mark.parametrize("name", GAMES)
def test_one_state_is_read_by_many_threads(name: str) -> None:
    needs(name)
    game = GAMES[name]()
    state = game.state_from_history([0, 1])

    def look(_: int) -> list[Any]:
        child = state.child(state.legal_actions()[-1])
        return [
            state.legal_actions(),
            state.current_player(),
            str(state),
            state.history(),
            child.history(),
            bytes(child.buffer),
        ]

    with ThreadPoolExecutor(4) as pool:
        assert all(seen == look(0) for seen in pool.map(look, range(300)))


def test_an_error_is_raised_only_in_its_thread() -> None:
    game = nim(cache_states=4)
    outcomes: dict[str, list[str]] = {"unlucky": [], "lucky": []}

    def think() -> None:
        mine = outcomes[threading.current_thread().name]
        for seed in range(20):
            try:
                lt.MCTS(game, seed=seed).run(game.new_initial_state(), lt.Budget(simulations=40))
                mine.append("done")
            except lt.GameError as error:
                mine.append(str(error)[:30])

    threads = [threading.Thread(target=think, name=name) for name in outcomes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes == {"unlucky": ["pile: RuntimeError in its rule"] * 20, "lucky": ["done"] * 20}


# ---- Fork ----


def in_a_child(work: Callable[[], object]) -> None:
    """Run `work` in a forked process, and check that it succeeds."""
    child = multiprocessing.get_context("fork").Process(target=work)
    child.start()
    child.join(120)
    alive = child.is_alive()
    if alive:
        child.kill()
    assert not alive, "the child hangs"
    assert child.exitcode == 0


@pytest.mark.parametrize("parallel", ["shared", "root"])
def test_a_forked_child_goes_on_with_threads(parallel: Any) -> None:
    search = lt.MCTS(CONNECT_FOUR, threads=2, parallel=parallel)
    run(search, simulations=2000)

    def child() -> None:
        assert run(search, simulations=2000).spent.simulations == 2000

    in_a_child(child)
    assert run(search, simulations=2000).spent.simulations == 2000


@pytest.mark.parametrize("name", SEARCHES)
def test_a_search_that_was_at_work_in_another_thread_is_refused_in_the_child(name: str) -> None:
    search = SEARCHES[name]()
    inside, leave = threading.Event(), threading.Event()

    def wait(spent: lt.Spent) -> None:
        inside.set()
        assert leave.wait(60)

    def child() -> None:
        with pytest.raises(lt.ConcurrentUseError):
            run(search)
        run(SEARCHES[name]())

    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(run, search, wait)
        assert inside.wait(60)
        try:
            in_a_child(child)
        finally:
            leave.set()
        running.result()


# ---- Pickles and copies ----


def tree() -> TreeNode:
    search = lt.MCTS(TIC_TAC_TOE, seed=1)
    search.run(TIC_TAC_TOE.new_initial_state(), lt.Budget(simulations=300))
    return search.tree(min_visits=0, max_nodes=200)


def batch() -> lt.BatchedMCTS:
    return lt.BatchedMCTS(CONNECT_FOUR, 3, seed=np.int64(2))


VALUES: dict[str, Callable[[], Any]] = {
    "budget": lambda: lt.Budget(simulations=np.int32(5), seconds=np.float32(0.5)),
    "spent": lambda: lt.Spent(simulations=3, seconds=0.5),
    "rule": lambda: lt.PUCT(c=np.float64(2), widening=lt.Widening(2)),
    "knowledge": lambda: lt.Knowledge(priors=0.5),
    "result": lambda: lt.MCTS(CONNECT_FOUR).run(START, lt.Budget(simulations=5)),
    "graph result": lambda: lt.GraphSearch(CONNECT_FOUR).run(START, lt.Budget(simulations=5)),
    "batched result": lambda: batch().run(zeros, lt.Budget(simulations=5)),
    "tree": tree,
    "drawing": lambda: TreeDrawing(tree(), TIC_TAC_TOE.new_initial_state()),
}


@pytest.mark.parametrize("name", VALUES)
def test_what_a_search_takes_and_gives_is_pickled_and_copied(name: str) -> None:
    value = VALUES[name]()
    for again in (pickle.loads(pickle.dumps(value)), copy.copy(value), copy.deepcopy(value)):
        assert again == value
        assert repr(again) == repr(value)


def test_results_that_differ_are_not_equal() -> None:
    one = lt.MCTS(CONNECT_FOUR).run(START, lt.Budget(simulations=5))
    for field, other in (("visits", one.visits + 1), ("values", one.values * 0), ("stopped_by", "nodes")):
        changed = copy.copy(one)
        setattr(changed, field, other)
        assert changed != one
    assert one != lt.GraphSearch(CONNECT_FOUR).run(START, lt.Budget(simulations=5))
    assert tree() != TreeNode(None, 1.0, 0, 0.0)


def test_deep_trees_are_pickled() -> None:
    root = node = TreeNode(None, 1.0, 1, float("nan"))
    for action in range(20_000):
        node.children = [TreeNode(action, 0.5, 1, 0.0), TreeNode(action + 1, 0.5, 1, 0.25)]
        node = node.children[action % 2]
    again = pickle.loads(pickle.dumps(root))
    assert again == root
    for branch in (root, again):  # without recursion when they are given back
        while branch.children:
            branch.children, branch = [], branch.children[branch.children[0].children == []]


@pytest.mark.parametrize("name", ["go", "2048", "leduc_poker", "dark_hex", "numba_connect_four"])
def test_games_and_states_are_pickled_and_copied(name: str) -> None:
    game = lt.load_game(name)
    state = game.new_initial_state()
    for _ in range(4):
        outcomes = state.chance_outcomes() if state.is_chance_node() else []
        state.apply_action(outcomes[0][0] if outcomes else state.legal_actions()[0])
    states = [state]
    if game.can_resample:
        states.append(state.resample(np.int8(1), np.uint64(4)))
    for one in states:
        for again in (pickle.loads(pickle.dumps(one)), copy.copy(one), copy.deepcopy(one)):
            assert again == one  # a resampled state too, whose history is not known
            assert again.history() == one.history()
            assert again.get_game() == game
    assert copy.copy(game) is copy.deepcopy(game) is game


def test_states_and_leaves_go_to_another_process() -> None:
    search = lt.MCTS(CONNECT_FOUR, lt.PUCT(), seed=1)
    search.set_root(CONNECT_FOUR.state_from_history([3]))
    for _ in range(3):
        leaves = search.ask(4)
        search.tell(leaves.tickets, np.zeros(len(leaves)))
    leaves = search.ask(4)
    script = (
        "import pickle, sys; leaves, state = pickle.load(sys.stdin.buffer); "
        "print([s.history() for s in leaves.states], leaves.legal.sum(), state.legal_actions())"
    )
    given = pickle.dumps((leaves, leaves.states[0]))
    child = subprocess.run([sys.executable, "-c", script], input=given, capture_output=True, check=True, env=os.environ)
    expected = f"{[s.history() for s in leaves.states]} {leaves.legal.sum()} {leaves.states[0].legal_actions()}"
    assert child.stdout.decode().strip() == expected


@pytest.mark.parametrize("name", SEARCHES)
def test_searches_say_that_they_stay_in_their_process(name: str) -> None:
    search = SEARCHES[name]()
    for take in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(lt.NotPicklableError, match=f"{name} cannot be pickled.*make another search"):
            take(search)
    with pytest.raises(lt.NotPicklableError, match="was made of objects of this process"):
        pickle.dumps(nim())


# ---- Numbers of NumPy ----


def test_numbers_of_numpy_are_numbers() -> None:
    for kind in (np.int32, np.int64, np.uint8):
        searches = [
            lt.MCTS(
                CONNECT_FOUR, lt.UCT(c=np.float32(2)), seed=number(5), threads=number(1), memory_bytes=number(8) << 20
            )
            for number in (int, kind)
            if number is not np.uint8
        ]
        visits = [s.run(START, lt.Budget(simulations=kind(100))).visits.tolist() for s in searches]
        assert all(each == visits[0] for each in visits)
        assert all(type(s.seed) is int and type(s.memory_bytes) is int for s in searches)
        for search in (lt.GraphSearch, lt.ISMCTS):
            assert type(search(CONNECT_FOUR, seed=kind(5)).seed) is int
        roots = lt.BatchedMCTS(CONNECT_FOUR, kind(3), lt.Gumbel(considered=kind(4), simulations=kind(9)), seed=kind(5))
        assert len(roots.ask(kind(2))) > 0
        state = CONNECT_FOUR.state_from_history([kind(3), kind(2)])
        assert [type(action) for action in state.history()] == [int, int]
        assert type(lt.load_game("hex", board_size=kind(5)).get_parameters()["board_size"]) is int
        CONNECT_FOUR.playout(state, seed=kind(1), simulation=kind(2))
    budget = lt.Budget(simulations=np.int64(5), seconds=np.float64(0.5), tokens=1e5, money=np.int8(2))
    assert budget == lt.Budget(simulations=5, seconds=0.5, tokens=100_000, money=2.0)
    assert [type(limit) for _, limit in budget.limits()] == [int, int, float, float]
    assert lt.Budget(seconds=float("inf")) == lt.Budget()


@pytest.mark.parametrize(
    "bad",
    [
        lambda: lt.Budget(simulations=2.5),
        lambda: lt.Budget(simulations=True),
        lambda: lt.Budget(seconds=float("nan")),
        lambda: lt.Budget(seconds="1"),  # type: ignore[arg-type]
        lambda: lt.MCTS(CONNECT_FOUR, seed=-1),
        lambda: lt.MCTS(CONNECT_FOUR, seed=2**63),
        lambda: lt.MCTS(CONNECT_FOUR, seed=1.0),  # type: ignore[arg-type]
        lambda: lt.MCTS(CONNECT_FOUR, threads=True),
        lambda: lt.MCTS(CONNECT_FOUR, memory_bytes="1"),  # type: ignore[arg-type]
        lambda: lt.MCTS(CONNECT_FOUR).ask(0),
        lambda: lt.GraphSearch(CONNECT_FOUR, seed="x"),  # type: ignore[arg-type]
        lambda: lt.GRAVE(ref=0.5),  # type: ignore[arg-type]
        lambda: lt.UCT(c=float("nan")),
        lambda: CONNECT_FOUR.playout(START, seed=-1),
        lambda: TIC_TAC_TOE.playout(START),
    ],
)
def test_what_is_no_number_is_refused(bad: Callable[[], object]) -> None:
    with pytest.raises(lt.ParameterError):
        bad()
