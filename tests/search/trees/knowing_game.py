"""A game that knows more than its rules, for tests: take one to three of a pile, the last to take wins.

Its priors and its playout are functions of the table in csrc/core/game.h like everybody's, written with ctypes.
"""

from __future__ import annotations

import ctypes
from ctypes import CFUNCTYPE, POINTER, Structure, c_double, c_float, c_int32, c_uint64, c_void_p, cast
from typing import Any

import numpy as np

import longthink as lt

PILE, TAKES = 21, 3
MASK = 2**64 - 1


class Position(Structure):
    _fields_ = (("pile", c_int32), ("player", c_int32))


def position(state: int) -> Any:
    return cast(state, POINTER(Position)).contents


def take(p: Any, action: int) -> None:
    p.pile -= action + 1
    p.player ^= 1


def legal(pile: int) -> list[int]:
    return list(range(min(TAKES, pile)))


def priors(pile: int, actions: list[int]) -> tuple[list[float], list[float]]:
    """Visits and values of actions: to leave a multiple of four wins."""
    visits = [1.0 + action if pile > 6 else 0.0 for action in actions]
    return visits, [0.5 if (pile - action - 1) % 4 == 0 else -0.25 for action in actions]


def informed(pile: int, below: Any) -> int:
    """The move of an informed playout: the winning one, or with one random number any."""
    good = [action for action in legal(pile) if (pile - action - 1) % 4 == 0]
    return good[0] if good else below(len(legal(pile)))


def below(rng: Any, n: int) -> int:
    rng.contents.value = x = (rng.contents.value + 0x9E3779B97F4A7C15) & MASK
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9 & MASK
    x = (x ^ (x >> 27)) * 0x94D049BB133111EB & MASK
    return ((x ^ (x >> 31)) >> 32) * n >> 32


def make() -> lt.Game:
    def init(_: Any, state: int) -> None:
        position(state).pile = PILE

    def current_player(_: Any, state: int) -> int:
        return position(state).player if position(state).pile else -4

    def legal_actions(_: Any, state: int, actions: Any) -> int:
        moves = legal(position(state).pile)
        for i, action in enumerate(moves):
            actions[i] = action
        return len(moves)

    def apply(_: Any, state: int, action: int) -> int:
        if action not in legal(position(state).pile):
            return 0
        take(position(state), action)
        return 1

    def returns(_: Any, state: int, out: Any) -> None:
        out[0] = 1.0 if position(state).player else -1.0
        out[1] = -out[0]

    def informed_playout(_: Any, state: int, rng: Any, out: Any, trace: Any) -> int:
        p, length = position(state), 0
        while p.pile:
            action = informed(p.pile, lambda n: below(rng, n))
            if trace:
                trace[length] = p.player * TAKES + action
            length += 1
            take(p, action)
        returns(None, state, out)
        return length

    def write_priors(_: Any, state: int, actions: Any, n: int, visits: Any, values: Any) -> None:
        for i, (visit, value) in enumerate(zip(*priors(position(state).pile, actions[:n]), strict=True)):
            visits[i], values[i] = visit, value

    ints, doubles, floats, rng = POINTER(c_int32), POINTER(c_double), POINTER(c_float), POINTER(c_uint64)
    signatures: dict[str, tuple[Any, Any]] = {
        "init": (init, CFUNCTYPE(None, c_void_p, c_void_p)),
        "current_player": (current_player, CFUNCTYPE(c_int32, c_void_p, c_void_p)),
        "legal_actions": (legal_actions, CFUNCTYPE(c_int32, c_void_p, c_void_p, ints)),
        "apply": (apply, CFUNCTYPE(c_int32, c_void_p, c_void_p, c_int32)),
        "returns": (returns, CFUNCTYPE(None, c_void_p, c_void_p, doubles)),
        "informed_playout": (informed_playout, CFUNCTYPE(c_int32, c_void_p, c_void_p, rng, doubles, ints)),
        "priors": (write_priors, CFUNCTYPE(None, c_void_p, c_void_p, ints, c_int32, floats, floats)),
    }

    class Owner:
        def __init__(self) -> None:
            self.functions = {name: kind(function) for name, (function, kind) in signatures.items()}

        def raise_failure(self) -> None:
            pass

    owner = Owner()
    return lt.Game.from_functions(
        "take_away",
        {},
        {name: cast(function, c_void_p).value for name, function in owner.functions.items()},
        state_bytes=ctypes.sizeof(Position),
        num_players=2,
        num_distinct_actions=TAKES,
        max_game_length=PILE,
        min_utility=-1,
        max_utility=1,
        zero_sum=True,
        owner=owner,
        state_dtype=np.dtype([("pile", np.int32), ("player", np.int32)]),
    )
