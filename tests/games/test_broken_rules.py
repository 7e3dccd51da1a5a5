"""Rules that break the game interface cause an error with the history, never a crash or an endless search."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numba as numba_compiler
import numpy as np
import pytest

import longthink as lt
from longthink.games.core import object_game

MANY = 200_000
STATE = np.dtype([("moves", np.int32), ("coin", np.int32), ("written", np.int32, 4)])


# ---- A game of two actions and four moves, and what can be wrong with it ----


def player(state: Any) -> int:
    return -4 if state.moves >= 4 else state.moves % 2


def actions(state: Any, out: Any) -> int:
    out[0] = 0
    out[1] = 1
    return 2


def act(state: Any, action: int) -> bool:
    if action < 0 or action > 1 or state.moves >= 4:
        return False
    state.moves += 1
    return True


def returns(state: Any) -> Any:
    return 0.5, -0.5


def never_over(state: Any) -> int:
    return state.moves % 2


def always_acts(state: Any, action: int) -> bool:
    state.moves += 1
    return True


def writes_its_history(state: Any, action: int) -> bool:
    state.written[state.moves] = action
    state.moves += 1
    return True


def many_actions(state: Any, out: Any) -> int:
    for i in range(200_000):
        out[i] = i
    return 200_000


@numba_compiler.njit
def fill(out: Any) -> None:
    for i in range(200_000):
        out[i] = i


def lets_many_be_written(state: Any, out: Any) -> int:
    fill(out)
    return 200_000


def claims_many(state: Any, out: Any) -> int:
    out[0] = 0
    out[1] = 1
    return 200_000


def foreign_action(state: Any, out: Any) -> int:
    out[0] = 0
    out[1] = 1_000_000
    return 2


def third_player(state: Any) -> int:
    return -4 if state.moves >= 4 else 77


def undeclared_chance(state: Any) -> int:
    return -4 if state.moves >= 4 else -1


def chance_first(state: Any) -> int:
    return -4 if state.moves >= 4 else state.moves % 2 if state.coin else -1


def coin_or_move(state: Any, action: int) -> bool:
    if state.coin == 0:
        state.coin = 1
    else:
        state.moves += 1
    return True


def only_chance(state: Any) -> int:
    return -1


def fair(state: Any, out: Any, weights: Any) -> int:
    for i in range(2):
        out[i] = i
        weights[i] = 0.5
    return 2


def many_outcomes(state: Any, out: Any, weights: Any) -> int:
    for i in range(200_000):
        out[i] = i
        weights[i] = 1 / 200_000
    return 200_000


def many_returns(state: Any) -> Any:
    return np.zeros(100_000)


def divides(state: Any, action: int) -> bool:
    state.moves += 1
    return 4 // (int(state.moves) - 2) < 9


CHANCE = {"max_chance_outcomes": 2, "max_chance_nodes_in_history": 1}
FAULTS: dict[str, dict[str, Any]] = {
    "never ends": {"current_player": never_over, "apply_action": always_acts},
    "writes past its state": {
        "current_player": never_over,
        "apply_action": writes_its_history,
        "max_game_length": 5000,
    },
    "lists too many actions": {"legal_actions": many_actions},
    "calls a helper that lists too many": {"legal_actions": lets_many_be_written},
    "claims too many actions": {"legal_actions": claims_many},
    "lists a foreign action": {"legal_actions": foreign_action, "apply_action": always_acts},
    "has too many players": {"current_player": third_player},
    "has undeclared chance": {"current_player": undeclared_chance},
    "lists too many outcomes": {
        "current_player": chance_first,
        "apply_action": coin_or_move,
        "chance_outcomes": many_outcomes,
        **CHANCE,
    },
    "never leaves chance": {
        "current_player": only_chance,
        "apply_action": always_acts,
        "chance_outcomes": fair,
        **CHANCE,
    },
    "returns too many numbers": {"returns": many_returns},
    "raises": {"apply_action": divides},
}


@cache
def numba(fault: str) -> lt.Game:
    parts: dict[str, Any] = {
        "current_player": player,
        "legal_actions": actions,
        "apply_action": act,
        "returns": returns,
        "num_distinct_actions": 2,
        "max_game_length": 4,
        "checked": False,
    }
    return lt.numba_game("broken", STATE, **{**parts, **FAULTS[fault]})


class Objects:
    """The same rules as a Python object with OpenSpiel's methods."""

    def __init__(self, parts: dict[str, Any], record: Any = None) -> None:
        self.parts = {
            "current_player": player, "legal_actions": actions, "apply_action": act, "returns": returns, **parts,
        }  # fmt: skip
        self.record = np.zeros(1, STATE).view(np.recarray) if record is None else record

    def clone(self) -> Objects:
        return Objects(self.parts, self.record.copy())

    def current_player(self) -> int:
        return int(self.parts["current_player"](self.record[0]))

    def legal_actions(self) -> list[int]:
        out = np.zeros(MANY, np.int32)
        return out[: self.parts["legal_actions"](self.record[0], out)].tolist()

    def chance_outcomes(self) -> list[tuple[int, float]]:
        out, weights = np.zeros(MANY, np.int32), np.zeros(MANY)
        count = self.parts["chance_outcomes"](self.record[0], out, weights)
        return list(zip(out[:count].tolist(), weights[:count].tolist(), strict=True))

    def apply_action(self, action: int) -> None:
        self.parts["apply_action"](self.record[0], action)

    def returns(self) -> list[float]:
        return list(self.parts["returns"](self.record[0]))


def objects(fault: str) -> lt.Game:
    parts = FAULTS[fault]
    numbers = {key: parts[key] for key in CHANCE if key in parts}
    length = parts.get("max_game_length", 4)
    return object_game(
        "broken", lambda: Objects(parts), num_players=2, num_distinct_actions=2, max_game_length=length,
        min_utility=-1, max_utility=1, zero_sum=True, **numbers,
    )  # fmt: skip


# ---- What is done with it ----


def ask_and_tell(search: Any) -> None:
    for _ in range(200):
        leaves = search.ask(4)
        search.tell(leaves.tickets, np.zeros(len(leaves)))


def batched(game: lt.Game) -> None:
    roots = lt.BatchedMCTS(game, 3, seed=1)
    for _ in range(20):
        result = roots.run(lambda leaves: (np.zeros(len(leaves)), leaves.legal * 1.0), lt.Budget(simulations=8))
        roots.advance(result.best_actions)


def read(game: lt.Game) -> None:
    state = game.new_initial_state()
    for _ in range(20):
        if state.is_terminal():
            break
        chance = state.chance_outcomes() if state.is_chance_node() else []
        state.apply_action((state.legal_actions() or [chance[0][0]])[-1])
    state.returns()
    ask_and_tell(lt.MCTS(game))  # reading one line may not meet the fault


DRIVERS: dict[str, Callable[[lt.Game], object]] = {
    "run": lambda game: lt.MCTS(game, seed=1).run(game.new_initial_state(), lt.Budget(simulations=300)),
    "rave": lambda game: lt.MCTS(game, lt.RAVE(), seed=1).run(game.new_initial_state(), lt.Budget(simulations=300)),
    "grave": lambda game: ask_and_tell(lt.MCTS(game, lt.GRAVE(ref=2), solve=False, seed=1)),
    "ask and tell": lambda game: ask_and_tell(lt.MCTS(game, lt.PUCT(), solve=False, seed=1)),
    "batched": batched,
    "graph": lambda game: lt.GraphSearch(game).run(game.new_initial_state(), lt.Budget(simulations=300)),
    "information": lambda game: lt.ISMCTS(game).run(game.new_initial_state(), lt.Budget(simulations=300)),
    "regret": lambda game: lt.ISMCTS(game, lt.RegretMatching()).run(
        game.new_initial_state(), lt.Budget(simulations=300)
    ),
    "playouts": lambda game: [game.playout(game.new_initial_state(), seed) for seed in range(50)],
    "generic playouts": lambda game: [game.playout(game.new_initial_state(), seed, generic=True) for seed in range(50)],
    "states": read,
}


@pytest.mark.parametrize("kind", [numba, objects])
@pytest.mark.parametrize("fault", FAULTS)
def test_broken_rules_are_an_error_with_the_history(fault: str, kind: Callable[[str], lt.Game]) -> None:
    game = kind(fault)
    for driver in DRIVERS.values():
        with pytest.raises(lt.GameError, match=r"broke(.|\n)*after the actions \[") as caught:
            driver(game)
        assert len(str(caught.value)) < 2000
    assert lt.MCTS(game) is not None  # the failure was raised once and is forgotten


def test_the_history_is_that_of_the_broken_state() -> None:
    """The rules break only after 0, 1, 1, and the error has this history."""

    class Trap(Objects):
        def __init__(self, history: tuple[int, ...] = ()) -> None:
            super().__init__({})
            self.history = history

        def clone(self) -> Trap:
            return Trap(self.history)

        def current_player(self) -> int:
            return -4 if len(self.history) == 4 else len(self.history) % 2

        def apply_action(self, action: int) -> None:
            self.history += (action,)

        def legal_actions(self) -> list[int]:
            if self.history == (0, 1, 1):
                raise RuntimeError("a trap")
            return [0, 1]

    game = object_game(
        "trap",
        Trap,
        num_players=2,
        num_distinct_actions=2,
        max_game_length=4,
        min_utility=-1,
        max_utility=1,
        zero_sum=True,
    )
    with pytest.raises(lt.GameError, match=r"RuntimeError .* after the actions \[0, 1, 1\]: a trap"):
        ask_and_tell(lt.MCTS(game, lt.PUCT(), solve=False))


def test_native_states_beyond_the_declared_length_are_refused() -> None:
    game = numba("never ends")
    state = game.new_initial_state()
    for _ in range(6):
        state.apply_action(1)
    for search in (lt.MCTS(game), lt.GraphSearch(game), lt.ISMCTS(game)):
        with pytest.raises(lt.GameError, match=r"broke after the actions \[1, 1, 1, 1, 1, 1\]"):
            search.set_root(state)
    with pytest.raises(lt.GameError, match=r"broke after the actions \[1, 1, 1, 1, 1, 1\]"):
        lt.BatchedMCTS(game, 2).set_roots(state)


def test_a_game_that_is_over_before_it_begins_is_refused_by_batches() -> None:
    over = object_game(
        "over", lambda: Objects({"current_player": lambda state: -4}), num_players=2, num_distinct_actions=2,
        max_game_length=4, min_utility=-1, max_utility=1,
    )  # fmt: skip
    with pytest.raises(lt.GameError, match="broke"):
        lt.BatchedMCTS(over, 2)


def test_numba_games_run_with_threads_and_report_what_broke() -> None:
    game = lt.load_game("numba_connect_four")
    result = lt.MCTS(game, threads=2, seed=1).run(game.new_initial_state(), lt.Budget(simulations=20_000))
    assert result.best_action == 3
    assert result.visits.sum() == pytest.approx(20_000, abs=2)
    broken = numba("never ends")
    for parallel in ("shared", "root"):
        search = lt.MCTS(broken, threads=2, parallel=parallel)  # type: ignore[arg-type]
        with pytest.raises(lt.GameError, match=r"broke after the actions \["):
            search.run(broken.new_initial_state(), lt.Budget(simulations=10_000))


@pytest.mark.parametrize(
    "rule", [lt.UCT(), lt.PUCT(), lt.PUCT(unobserved=True), lt.RAVE(), lt.GRAVE(), lt.Gumbel(simulations=90)]
)
def test_a_broken_descent_leaves_no_visit(rule: Any) -> None:
    """A call of `ask` that raises is undone: the tree is the same as without the call."""

    class Sometimes(Objects):
        armed = False

        def clone(self) -> Sometimes:
            return Sometimes(self.parts, self.record.copy())

        def apply_action(self, action: int) -> None:
            super().apply_action(action)
            if Sometimes.armed and self.record[0].moves == 3:
                raise RuntimeError("not now")

    def game() -> lt.Game:
        return object_game(
            "sometimes", lambda: Sometimes({}), num_players=2, num_distinct_actions=2, max_game_length=4,
            min_utility=-1, max_utility=1, zero_sum=True, cache_states=1,
        )  # fmt: skip

    def step(search: lt.MCTS) -> None:
        leaves = search.ask(2)
        search.tell(leaves.tickets, [0.25 * (sum(state.history()) % 3) for state in leaves.states])

    searches = [lt.MCTS(game(), rule, solve=False, seed=3) for _ in range(2)]
    failed = 0
    for _ in range(12):
        Sometimes.armed = True
        before = searches[0].tree(min_visits=0)
        try:
            taken = searches[0].ask(2)
            searches[0].forget(taken.tickets)
        except lt.GameError:
            failed += 1
            assert searches[0].pending == 0
            after = searches[0].tree(min_visits=0)
            assert [(n.action, n.visits) for n in after.walk() if n.visits] == [
                (n.action, n.visits) for n in before.walk() if n.visits
            ]
        Sometimes.armed = False
        for search in searches:
            step(search)
    assert failed > 3
    for search in searches:
        tree = search.tree(min_visits=0)
        for node in tree.walk():
            if node.children:
                assert sum(child.visits for child in node.children) in (node.visits, node.visits - 1)
