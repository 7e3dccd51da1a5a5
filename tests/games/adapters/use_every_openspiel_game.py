"""Loads every game of OpenSpiel with default parameters, plays it, and says what comes out: a child of a test.

A game is ours or refused by our error, and so is everything that is asked of its states.
"""

from __future__ import annotations

import contextlib
import pickle
import random
from collections.abc import Callable, Iterator

import pyspiel

import longthink as lt

STEPS = 20


def questions(state: lt.State) -> Iterator[Callable[[], object]]:
    yield lambda: str(state)
    yield lambda: [state.action_to_string(action) for action in state.legal_actions()[:3]]
    yield state.legal_actions_mask
    yield state.returns
    if state.is_player_node():
        yield state.information_state_key
        yield state.information_state_string
        yield state.observation_string
        yield lambda: state.resample(state.current_player(), seed=1)
    if state.is_chance_node():
        yield state.chance_outcomes


def use(name: str) -> str:
    try:
        game = lt.load_game(f"openspiel:{name}")
        assert pickle.loads(pickle.dumps(game)) == game
        rng, state = random.Random(1), game.new_initial_state()
        for _ in range(STEPS):
            for ask in questions(state):
                with contextlib.suppress(lt.LongthinkError):
                    ask()
            if state.is_terminal():
                break
            state = state.child(rng.choice(state.legal_actions()))
    except lt.LongthinkError as error:
        if "turn_based_simultaneous_game(game=" in str(error) and not name.startswith("turn_based"):
            return use(f"turn_based_simultaneous_game(game={name}())")
        return type(error).__name__
    return "played"


if __name__ == "__main__":
    for name in pyspiel.registered_names():
        print(name, use(name), flush=True)
