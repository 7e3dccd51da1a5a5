"""The same seeds give the same visits and strategies in every version: short digests of small runs.

A digest that changes on purpose is written down anew, and the change log says why results differ. The compiler
contracts no floating-point operations (setup.py), and floats are rounded, so that digests are the same on all machines.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import longthink as lt


def digest(*arrays: Any) -> str:
    """A digest of numbers in twelve digits; floats are rounded to nine places, and -0 equals 0."""
    rounded = (np.round(np.asarray(array, np.float64), 9) + 0.0 for array in arrays)
    return hashlib.sha256(b"".join(array.tobytes() for array in rounded)).hexdigest()[:12]


def evaluate(leaves: Any) -> tuple[Any, Any]:
    """Values and priors that depend on the state's bytes alone."""
    values = (leaves.buffers.sum(axis=1) % 7 - 3) / 10
    return values, np.tile(np.arange(1.0, leaves.legal.shape[1] + 1), (len(leaves), 1))


def tree(name: str, rule: Any, simulations: int = 2000, **options: Any) -> str:
    """A search, an action, and a search that goes on from there, stopped early if it is decided."""
    game = lt.load_game(name)
    search = lt.MCTS(game, rule, seed=11, **options)
    one = search.run(game.new_initial_state(), lt.Budget(simulations=simulations))
    search.advance(one.best_action)
    two = search.run(search.root_state, lt.Budget(simulations=simulations), early_stop=True)
    both = [(r.actions, r.visits, r.values, r.policy, r.principal_variation) for r in (one, two)]
    return digest(*both[0], *both[1], two.spent.simulations, two.nodes)


def searched_with(rule: Any) -> str:
    game = lt.load_game("connect_four")
    found = lt.search_with(
        evaluate, lt.MCTS(game, rule, seed=3), game.new_initial_state(), lt.Budget(simulations=300), batch=8
    )
    return digest(found.visits, found.values, found.priors, found.policy)


def batch(rule: Any) -> str:
    game = lt.load_game("connect_four")
    roots = lt.BatchedMCTS(game, 5, rule, seed=3)
    one = roots.run(evaluate, lt.Budget(simulations=50), batch=2)
    roots.advance(one.best_actions)
    two = roots.run(evaluate, lt.Budget(simulations=50))
    return digest(one.visits, one.policy, two.visits, two.values[two.visits > 0], two.policy, two.best_actions)


def keyed(search: Any, simulations: int = 1000) -> str:
    """A `GraphSearch` or an `ISMCTS`."""
    one = search.run(search.game.new_initial_state(), lt.Budget(simulations=simulations))
    two = search.result()
    return digest(
        one.visits, one.values[one.visits > 0], one.policy, one.best_action, one.principal_variation, two.nodes
    )


def solved(solver: Any, iterations: int = 60) -> str:
    """A CFR variant, or sampled CFR."""
    solver.run(iterations)
    solver.run(10, until=lt.Exploitability(1e-9))
    return digest(solver.average_strategy(), solver.values())


def local_best_response() -> str:
    game = lt.load_game("kuhn_poker")
    found = lt.local_best_response(game, lt.Policy.uniform(game), 0, lt.Budget(simulations=50), seed=5)
    return digest(found.value, found.standard_error, found.games)


def load(name: str) -> Any:
    return lt.load_game(name)


CASES: dict[str, tuple[Callable[[], str], str]] = {
    "uct": (lambda: tree("tic_tac_toe", lt.UCT()), "885a92ad3756"),
    "uct, virtual loss of WU-UCT": (lambda: tree("connect_four", lt.UCT(unobserved=True)), "877c96790c22"),
    "uct, chance": (lambda: tree("2048", lt.UCT(), 500), "781e1c5e21d7"),
    "uct, four trees": (lambda: tree("connect_four", lt.UCT(), parallel="root", trees=4, threads=2), "ff1cebb396fa"),
    "uct, small memory": (lambda: tree("connect_four", lt.UCT(), 20_000, memory_bytes=100_000), "328affcaf3ff"),
    "uct, knowledge": (lambda: tree("go(board_size=5)", lt.UCT(), 300, knowledge=True), "610b80df60e9"),
    "ucb1-tuned": (lambda: tree("connect_four", lt.UCB1Tuned()), "2c3cf490a45f"),
    "thompson": (lambda: tree("connect_four", lt.Thompson()), "e69b76a094df"),
    "puct, noise": (lambda: tree("connect_four", lt.PUCT(noise=0.25)), "a03ab9825845"),
    "puct, widening": (lambda: tree("connect_four", lt.PUCT(widening=lt.Widening())), "16848cd9170d"),
    "rave": (lambda: tree("hex(board_size=5)", lt.RAVE()), "2c9fbbced2cb"),
    "grave": (lambda: tree("hex(board_size=5)", lt.GRAVE()), "f385005b07c8"),
    "gumbel": (lambda: tree("connect_four", lt.Gumbel(scale=0.03), 200), "4ad5036c3c15"),
    "search_with, puct": (lambda: searched_with(lt.PUCT()), "6ec1cef65f5d"),
    "search_with, gumbel": (lambda: searched_with(lt.Gumbel(simulations=300)), "6c07bf72a680"),
    "batch, puct": (lambda: batch(lt.PUCT(noise=0.25)), "43e38158af82"),
    "batch, gumbel": (lambda: batch(lt.Gumbel(simulations=50)), "212d8f7400a9"),
    "graph, uct": (lambda: keyed(lt.GraphSearch(load("tic_tac_toe"), seed=11)), "7221fd836543"),
    "graph, puct": (lambda: keyed(lt.GraphSearch(load("connect_four"), lt.PUCT(), seed=11)), "3fa283b58970"),
    "ismcts, uct": (lambda: keyed(lt.ISMCTS(load("leduc_poker"), seed=11)), "74c6800d8c1c"),
    "ismcts, puct": (lambda: keyed(lt.ISMCTS(load("liars_dice"), lt.PUCT(), seed=11)), "446ba1a43fbf"),
    "ismcts, regrets": (
        lambda: keyed(lt.ISMCTS(load("goofspiel(num_cards=4)"), lt.RegretMatching(), seed=11)),
        "7257a84ef015",
    ),
    "cfr": (lambda: solved(lt.CFR(load("leduc_poker"), "cfr")), "a2f2f452b279"),
    "cfr+": (lambda: solved(lt.CFR(load("leduc_poker"), "cfr+")), "04014d5d4bb9"),
    "linear": (lambda: solved(lt.CFR(load("leduc_poker"), "linear")), "1c10be611074"),
    "dcfr": (lambda: solved(lt.CFR(load("leduc_poker"), "dcfr")), "c524324e04d4"),
    "hs-dcfr": (lambda: solved(lt.CFR(load("leduc_poker"), "hs-dcfr")), "33b6edfa3d1e"),
    "pcfr": (lambda: solved(lt.CFR(load("leduc_poker"), "pcfr")), "f65cb1ab8c63"),
    "pcfr+": (lambda: solved(lt.CFR(load("leduc_poker"), "pcfr+")), "7f5efec379da"),
    "pdcfr+": (lambda: solved(lt.CFR(load("leduc_poker"), "pdcfr+")), "733a7a523bc7"),
    "hs-pcfr+": (lambda: solved(lt.CFR(load("leduc_poker"), "hs-pcfr+")), "f11161ca1b3a"),
    "mmd": (lambda: solved(lt.CFR(load("leduc_poker"), "mmd")), "3b47ad5d0e7f"),
    "cfr, two threads": (lambda: solved(lt.CFR(load("leduc_poker"), "dcfr", threads=2)), "c524324e04d4"),
    "cfr-br": (lambda: solved(lt.CFRBR(load("kuhn_poker"))), "3d5dd6123f9d"),
    "external": (lambda: solved(lt.MCCFR(load("leduc_poker"), "external", seed=11)), "0468cd3b9ceb"),
    "outcome": (lambda: solved(lt.MCCFR(load("leduc_poker"), "outcome", seed=11)), "e9f9544f68ea"),
    "robust": (lambda: solved(lt.MCCFR(load("leduc_poker"), "robust", seed=11)), "5e652dc27a7a"),
    "chance": (lambda: solved(lt.MCCFR(load("leduc_poker"), "chance", seed=11)), "9f24f4732234"),
    "public": (lambda: solved(lt.MCCFR(load("leduc_poker"), "public", seed=11)), "3f4aac93aa69"),
    "local best response": (local_best_response, "84cf714b3f3c"),
}


@pytest.mark.parametrize("name", CASES)
def test_the_same_seed_gives_the_same_numbers_as_in_earlier_versions(name: str) -> None:
    found, expected = CASES[name]
    assert found() == expected
