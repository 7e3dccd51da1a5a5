"""Your own game: plain Python functions over a NumPy record, compiled by Numba to the table of csrc/core/game.h.

Solvers call the compiled rules without Python, so a game written in Python is searched at the speed of C.
docs/your_own_game.md explains a complete game, games/numba_connect_four.py.
"""

from __future__ import annotations

import contextlib
import ctypes
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from longthink.errors import GameError, IllegalActionError
from longthink.games.core import FAIL, Game, State
from longthink.games.text import Text
from longthink.validation import shown, whole_number

CHANCE, TERMINAL = -1, -4
"""The results of `current_player` if chance acts and if the game is over."""

_CHECK_GAMES, _CHECK_FOREIGN = 30, 24
"""The number of random games in a check, and of illegal actions that are tried at each state."""


_RAISED, _PLAYER, _ACTIONS, _OUTCOMES, _RETURNS, _LENGTH, _STUCK = range(1, 8)
_FAILURES = {
    _RAISED: "a function raised an exception: an index out of bounds, a division by zero, or one of its own",
    _PLAYER: "current_player must return a player from 0, -4 (game over), or, with chance_outcomes, -1 (chance)",
    _ACTIONS: "legal_actions must write ascending actions below num_distinct_actions",
    _OUTCOMES: "chance_outcomes must write ascending actions below max_chance_outcomes",
    _RETURNS: "returns must return one number for each player",
    _LENGTH: "the game is longer than max_game_length actions of players plus max_chance_nodes_in_history of chance",
    _STUCK: "a state that is not terminal has no legal action, or apply_action refuses a listed action",
}
_fail = ctypes.CFUNCTYPE(None, ctypes.c_int32)(FAIL)
"""Reports from compiled code why rules failed."""


class _Owner:
    """Keeps the compiled functions alive, and reports why they failed."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.compiled: list[Any] = []

    def raise_failure(self, reason: int, history: list[int] | None) -> None:
        place = "" if history is None else f" after the actions {shown(history, 400)}, or in play from there"
        raise GameError(f"{self.name}: its rules broke{place}: {_FAILURES[reason]}")


def numba_game(
    name: str,
    state_dtype: np.dtype[Any],
    *,
    current_player: Callable[[Any], int],
    legal_actions: Callable[[Any, Any], int],
    apply_action: Callable[[Any, int], bool],
    returns: Callable[[Any], Any],
    num_distinct_actions: int,
    max_game_length: int,
    initial_state: Callable[[Any], None] | None = None,
    chance_outcomes: Callable[[Any, Any, Any], int] | None = None,
    information_state: Callable[[Any, int, Any], None] | None = None,
    information_state_dtype: np.dtype[Any] | None = None,
    num_players: int = 2,
    min_utility: float = -1.0,
    max_utility: float = 1.0,
    zero_sum: bool | None = None,
    max_chance_outcomes: int = 0,
    max_chance_nodes_in_history: int = 0,
    text: Text | None = None,
    checked: bool = True,
) -> Game:
    """Compile a game from plain functions over `state`, a record of `state_dtype` that starts with zeros.

    current_player(state): return the acting player from 0, -1 if chance acts, -4 if the game is over.
    legal_actions(state, actions): write the legal actions into the array in ascending order and return their number.
    apply_action(state, action): apply the action and return True; if it is illegal, return False and change nothing.
    returns(state): return each player's return as a tuple or an array, within min_utility..max_utility.
    initial_state(state): set the fields that do not start as zero.
    chance_outcomes(state, actions, probabilities): at a chance node, like legal_actions, but also write the
        probabilities. apply_action applies the outcomes of chance, too.
    information_state(state, player, key): write all that the player has seen and done into `key`, a zeroed record of
        `information_state_dtype`. Without this function the game has perfect information.
    max_game_length: the largest number of actions of all players in a game.
    zero_sum: whether the returns of all players have a constant sum; by default true for two players.
    checked: play some random games first, and refuse a game that breaks these rules.

    Raises `GameError` with the name of the function and the reason, if a function does not compile or breaks the rules.
    """
    num_players = whole_number("num_players", num_players, 1, 100)
    num_distinct_actions = whole_number("num_distinct_actions", num_distinct_actions, 1, 2**30)
    max_game_length = whole_number("max_game_length", max_game_length, 0, 2**30)
    max_chance_outcomes = whole_number("max_chance_outcomes", max_chance_outcomes, 0, 2**30)
    max_chance_nodes_in_history = whole_number("max_chance_nodes_in_history", max_chance_nodes_in_history, 0, 2**30)
    owner = _Owner(name)
    functions: dict[str, Callable[..., Any] | None] = {
        "current_player": current_player,
        "legal_actions": legal_actions,
        "apply_action": apply_action,
        "returns": returns,
        "initial_state": initial_state,
        "chance_outcomes": chance_outcomes,
        "information_state": information_state,
    }
    if (information_state is None) != (information_state_dtype is None):
        raise GameError(f"{name}: information_state and information_state_dtype belong together; pass both or neither")
    if (chance_outcomes is None) != (max_chance_outcomes == 0):
        raise GameError(f"{name}: chance_outcomes and max_chance_outcomes belong together; pass both or neither")
    state_dtype = np.dtype(state_dtype)
    key_dtype = None if information_state_dtype is None else np.dtype(information_state_dtype)
    with _checked_indices():
        jitted = _compile(name, functions, state_dtype, key_dtype, num_players)
        addresses = _callbacks(
            jitted,
            owner,
            state_dtype,
            key_dtype,
            num_players,
            num_distinct_actions,
            max_chance_outcomes,
            max_game_length + max_chance_nodes_in_history,
        )
    constants: dict[str, Any] = {
        "num_players": num_players,
        "num_distinct_actions": num_distinct_actions,
        "max_game_length": max_game_length,
        "min_utility": min_utility,
        "max_utility": max_utility,
        "zero_sum": num_players == 2 if zero_sum is None else bool(zero_sum),
        "max_chance_outcomes": max_chance_outcomes,
        "max_chance_nodes_in_history": max_chance_nodes_in_history,
        "text": text,
    }
    arguments = {**functions, **constants, "information_state_dtype": key_dtype, "checked": False}
    game = Game.from_functions(
        name,
        {},
        addresses,
        **constants,
        state_bytes=state_dtype.itemsize,
        information_state_bytes=0 if key_dtype is None else key_dtype.itemsize,
        owner=owner,
        state_dtype=state_dtype,
        reduce=(_again, (name, state_dtype, tuple(sorted(arguments.items())))),
    )
    if checked:
        for seed in range(_CHECK_GAMES):
            _check_game(game, functions, state_dtype, np.random.default_rng(seed))
    return game


@lru_cache(maxsize=16)  # unpickling many states of one game compiles it once
def _again(name: str, state_dtype: np.dtype[Any], arguments: tuple[tuple[str, Any], ...]) -> Game:
    return numba_game(name, state_dtype, **dict(arguments))


# ---- Compiling ----


@contextlib.contextmanager
def _checked_indices() -> Iterator[None]:
    """Code compiled inside this context checks array indices: rules, and the compiled helpers that they call."""
    from numba import config

    before = config.BOUNDSCHECK
    config.BOUNDSCHECK = 1
    try:
        yield
    finally:
        config.BOUNDSCHECK = before


def _compile(
    name: str,
    functions: Mapping[str, Callable[..., Any] | None],
    state_dtype: np.dtype[Any],
    key_dtype: np.dtype[Any] | None,
    num_players: int,
) -> dict[str, Any]:
    """Compile each function separately, so that an error names it, and check the type of its result."""
    import numba
    from numba import types

    state = numba.from_dtype(state_dtype)
    integers, reals = types.Array(types.int32, 1, "C"), types.Array(types.float64, 1, "C")
    signatures = {
        "current_player": (state,),
        "legal_actions": (state, integers),
        "apply_action": (state, types.int32),
        "returns": (state,),
        "initial_state": (state,),
        "chance_outcomes": (state, integers, reals),
        "information_state": (state, types.int32, None if key_dtype is None else numba.from_dtype(key_dtype)),
    }
    whole, gives = (types.Integer, types.Boolean), {}
    jitted: dict[str, Any] = {}
    for role, function in functions.items():
        if function is None:
            continue
        try:
            jitted[role] = numba.njit(function)
            jitted[role].compile(signatures[role])
            gives[role] = jitted[role].overloads[signatures[role]].signature.return_type
        except Exception as error:  # Numba raises many types of errors; after any of them the game cannot be used
            reason = "\n".join(line for line in str(error).splitlines() if line.strip())[:1500]
            raise GameError(f"{name}: {role} ({_place(function)}) does not compile: {reason}") from error
    for role in ("current_player", "legal_actions", "apply_action", "chance_outcomes"):
        if role in gives and not isinstance(gives[role], whole):
            raise GameError(
                f"{name}: {role} must return {'True or False' if role[0] == 'a' else 'a whole number'}, "
                f"got {gives[role]}"
            )
    given = gives["returns"]
    if isinstance(given, types.BaseTuple):
        if given.count != num_players:
            raise GameError(
                f"{name}: returns must return {num_players} numbers, one for each player, got {given.count}"
            )
    elif not (isinstance(given, types.Array) and given.ndim == 1):
        raise GameError(f"{name}: returns must return a tuple or an array of {num_players} numbers, got {given}")
    return jitted


def _place(function: Callable[..., Any]) -> str:
    code = getattr(function, "__code__", None)
    return f"{getattr(function, '__name__', function)!s}" + (f", line {code.co_firstlineno}" if code else "")


def _callbacks(
    jitted: Mapping[str, Any],
    owner: _Owner,
    state_dtype: np.dtype[Any],
    key_dtype: np.dtype[Any] | None,
    num_players: int,
    num_distinct_actions: int,
    max_chance_outcomes: int,
    max_history: int,
) -> dict[str, int]:
    """The addresses of C functions with the signatures of csrc/core/game.h. They follow its contract or fail."""
    from numba import carray, cfunc, njit, types

    state_type, pointer, i32, i32p, f64p = (
        np.dtype(state_dtype),
        types.voidptr,
        types.int32,
        types.CPointer(types.int32),
        types.CPointer(types.float64),
    )
    user_current_player, user_legal_actions = jitted["current_player"], jitted["legal_actions"]
    user_apply, user_returns = jitted["apply_action"], jitted["returns"]
    user_initial: Any = jitted.get("initial_state")
    user_chance: Any = jitted.get("chance_outcomes")
    user_information: Any = jitted.get("information_state")
    has_chance = user_chance is not None

    @njit(inline="always")
    def is_player(player):  # type: ignore[no-untyped-def]
        return 0 <= player < num_players or player == TERMINAL or (player == CHANCE and has_chance)

    @njit
    def are_actions(count, actions, limit):  # type: ignore[no-untyped-def]
        if not 0 <= count <= limit:
            return False
        previous = -1
        for i in range(count):
            if actions[i] <= previous:
                return False
            previous = actions[i]
        return previous < limit

    def current_player(context, state):  # type: ignore[no-untyped-def]
        try:
            player = i32(user_current_player(carray(state, 1, state_type)[0]))
            if is_player(player):
                return player
            _fail(_PLAYER)
        except Exception:
            _fail(_RAISED)
        return i32(TERMINAL)

    def legal_actions(context, state, out):  # type: ignore[no-untyped-def]
        try:
            actions = carray(out, num_distinct_actions)
            count = i32(user_legal_actions(carray(state, 1, state_type)[0], actions))
            if are_actions(count, actions, num_distinct_actions):
                return count
            _fail(_ACTIONS)
        except Exception:
            _fail(_RAISED)
        return i32(0)

    def apply(context, state, action):  # type: ignore[no-untyped-def]
        try:
            if user_apply(carray(state, 1, state_type)[0], action):
                return i32(1)
        except Exception:
            _fail(_RAISED)
        return i32(0)

    @njit(inline="always")
    def copy_returns(record, out):  # type: ignore[no-untyped-def]
        given = user_returns(record)
        if len(given) != num_players:
            return False
        for player in range(num_players):
            out[player] = given[player]
        return True

    def returns(context, state, out):  # type: ignore[no-untyped-def]
        try:
            if not copy_returns(carray(state, 1, state_type)[0], out):
                _fail(_RETURNS)
        except Exception:
            _fail(_RAISED)

    if user_initial is None:

        def init(context, state):  # type: ignore[no-untyped-def]
            pass
    else:

        def init(context, state):  # type: ignore[no-untyped-def]
            try:
                user_initial(carray(state, 1, state_type)[0])
            except Exception:
                _fail(_RAISED)

    def chance_outcomes(context, state, out, weights):  # type: ignore[no-untyped-def]
        try:
            actions, probabilities = carray(out, max_chance_outcomes), carray(weights, max_chance_outcomes)
            count = i32(user_chance(carray(state, 1, state_type)[0], actions, probabilities))
            if count > 0 and are_actions(count, actions, max_chance_outcomes):
                return count
            _fail(_OUTCOMES)
        except Exception:
            _fail(_RAISED)
        return i32(0)

    def information_state(context, state, player, key):  # type: ignore[no-untyped-def]
        try:
            user_information(carray(state, 1, state_type)[0], player, carray(key, 1, key_dtype)[0])
        except Exception:
            _fail(_RAISED)

    play = _playout(jitted, is_player, copy_returns, max(num_distinct_actions, max_chance_outcomes, 1), max_history)

    def playout(context, state, rng_state, out):  # type: ignore[no-untyped-def]
        try:
            failure = play(carray(state, 1, state_type)[0], carray(rng_state, 1), out)
            if failure != 0:
                _fail(failure)
        except Exception:
            _fail(_RAISED)

    callbacks: dict[str, tuple[Any, Any]] = {
        "init": (init, types.void(pointer, pointer)),
        "current_player": (current_player, i32(pointer, pointer)),
        "legal_actions": (legal_actions, i32(pointer, pointer, i32p)),
        "apply": (apply, i32(pointer, pointer, i32)),
        "returns": (returns, types.void(pointer, pointer, f64p)),
        "playout": (playout, types.void(pointer, pointer, types.CPointer(types.uint64), f64p)),
    }
    if has_chance:
        callbacks["chance_outcomes"] = (chance_outcomes, i32(pointer, pointer, i32p, f64p))
    if user_information is not None:
        callbacks["information_state"] = (information_state, types.void(pointer, pointer, i32, pointer))
    owner.compiled = [cfunc(signature)(function) for function, signature in callbacks.values()]
    return {role: compiled.address for role, compiled in zip(callbacks, owner.compiled, strict=True)}


def _playout(
    jitted: Mapping[str, Any], is_player: Any, copy_returns: Any, room: int, max_history: int
) -> Callable[..., int]:
    """Random play to the end, with the random numbers of lt_playout (csrc/core/rng.h). Returns 0 or a failure code."""
    from numba import njit

    u64 = np.uint64
    step, first, second = u64(0x9E3779B97F4A7C15), u64(0xBF58476D1CE4E5B9), u64(0x94D049BB133111EB)
    s30, s27, s31, s32, s11 = u64(30), u64(27), u64(31), u64(32), u64(11)
    user_current_player, user_legal_actions = jitted["current_player"], jitted["legal_actions"]
    user_apply = jitted["apply_action"]
    user_chance: Any = jitted.get("chance_outcomes")

    @njit(inline="always")
    def next_number(rng):  # type: ignore[no-untyped-def]
        rng[0] += step
        x = rng[0]
        x = (x ^ (x >> s30)) * first
        x = (x ^ (x >> s27)) * second
        return x ^ (x >> s31)

    if user_chance is not None:

        @njit
        def chance_place(record, actions, rng):  # type: ignore[no-untyped-def]
            probabilities = np.empty(room, np.float64)
            count = user_chance(record, actions, probabilities)
            u = np.float64(next_number(rng) >> s11) * 2.0**-53
            for i in range(count - 1):
                u -= probabilities[i]
                if u < 0:
                    return i
            return count - 1

    else:

        @njit
        def chance_place(record, actions, rng):  # type: ignore[no-untyped-def]
            return -1

    @njit
    def play(record, rng, out):  # type: ignore[no-untyped-def]
        actions = np.empty(room, np.int32)
        left = max_history
        while True:
            player = user_current_player(record)
            if player == TERMINAL:
                break
            if not is_player(player):
                return _PLAYER
            if left <= 0:
                return _LENGTH
            left -= 1
            if player == CHANCE:
                place = chance_place(record, actions, rng)
            else:
                count = user_legal_actions(record, actions)
                place = np.int64(((next_number(rng) >> s32) * u64(count)) >> s32) if count > 0 else -1
            if not 0 <= place < room:
                return _STUCK
            action = actions[place]
            if not 0 <= action < room:
                return _ACTIONS
            if not user_apply(record, action):
                return _STUCK
        return 0 if copy_returns(record, out) else _RETURNS

    compiled: Callable[..., int] = play
    return compiled


# ---- The checked mode ----


def _check_game(
    game: Game, functions: Mapping[str, Callable[..., Any] | None], state_dtype: np.dtype[Any], rng: np.random.Generator
) -> None:
    """Play one random game. Refuse rules that break the contract, with the name of the function and the history."""

    def refuse(role: str, what: str) -> None:
        raise GameError(f"{game.name}: {role} {what}, after the actions {state.history()}")

    def unchanged(role: str, before: bytes) -> None:
        if bytes(state.buffer) != before:
            refuse(role, "changes the state, which only apply_action and initial_state may do")

    state = game.new_initial_state()
    moves = chances = 0
    while True:
        before = bytes(state.buffer)
        player = state.current_player()
        unchanged("current_player", before)
        if player == TERMINAL:
            break
        if player == CHANCE:
            action = _check_chance(game, state, refuse, rng)
            unchanged("chance_outcomes", before)
            chances += 1
            if chances > game.max_chance_nodes_in_history():
                refuse(
                    "current_player",
                    f"has more chance nodes than max_chance_nodes_in_history={game.max_chance_nodes_in_history()}",
                )
        else:
            action = _check_player(game, functions, state_dtype, state, player, refuse, rng)
            if not game.perfect_information:
                for other in range(game.num_players()):
                    state.information_state_key(other)
                unchanged("information_state", before)
            moves += 1
            if moves > game.max_game_length():
                refuse(
                    "apply_action", f"continues after max_game_length={game.max_game_length()} actions of the players"
                )
        try:
            state.apply_action(action)
        except IllegalActionError:
            refuse(
                "apply_action",
                f"refuses {action}, which {'chance_outcomes' if player == CHANCE else 'legal_actions'} lists",
            )
    before = bytes(state.buffer)
    given = state.returns()  # raises for a wrong number of returns
    unchanged("returns", before)
    low, high = game.min_utility(), game.max_utility()
    if not all(low - 1e-9 <= value <= high + 1e-9 for value in given):
        refuse("returns", f"must return numbers in {low}..{high} (min_utility..max_utility), got {given}")
    if game.zero_sum and game.num_players() == 2 and abs(sum(given) - low - high) > 1e-9:
        refuse(
            "returns",
            f"must sum to {low + high} (min_utility + max_utility) in a game declared zero_sum, got {given}; "
            "pass zero_sum=False if that is intended",
        )


def _check_player(
    game: Game,
    functions: Mapping[str, Callable[..., Any] | None],
    state_dtype: np.dtype[Any],
    state: State,
    player: int,
    refuse: Callable[[str, str], None],
    rng: np.random.Generator,
) -> int:
    """A random legal action, after a check of all legal and some illegal actions."""
    room, before = game.num_distinct_actions(), bytes(state.buffer)
    actions = np.full(room, -9, np.int32)
    record = np.frombuffer(bytearray(before), state_dtype)[0]
    try:  # as plain Python, whose error has more details
        functions["legal_actions"](_as_record(record, state_dtype), actions)  # type: ignore[misc]
    except IndexError as error:
        refuse("legal_actions", f"uses an index out of bounds ({error})")
    except Exception:  # compiled code may accept what Python refuses; the compiled result decides
        pass
    legal = state.legal_actions()
    if bytes(state.buffer) != before:
        refuse("legal_actions", "changes the state, which only apply_action and initial_state may do")
    if not legal:
        refuse("legal_actions", f"must write ascending actions in 0..{room - 1} if a player acts, got none")
    foreign = np.setdiff1d(np.arange(-1, room + 1), legal)
    for action in rng.choice(foreign, min(len(foreign), _CHECK_FOREIGN), replace=False).tolist():
        other = state.clone()
        try:
            other.apply_action(action)
        except IllegalActionError:
            if bytes(other.buffer) != before:
                refuse("apply_action", f"changes the state though it refuses the action {action}")
        else:
            refuse("apply_action", f"accepts the action {action}, which legal_actions does not list ({legal})")
    return int(rng.choice(legal))


def _check_chance(game: Game, state: State, refuse: Callable[[str, str], None], rng: np.random.Generator) -> int:
    outcomes = state.chance_outcomes()
    actions, weights = [a for a, _ in outcomes], [p for _, p in outcomes]
    if not all(p >= 0 for p in weights) or abs(sum(weights) - 1) > 1e-9:
        refuse("chance_outcomes", f"must give probabilities that sum to 1, got {weights}")
    return int(rng.choice(actions, p=np.array(weights) / sum(weights)))


def _as_record(record: Any, state_dtype: np.dtype[Any]) -> Any:
    """A record whose fields are attributes in plain Python, as in compiled code."""
    array = np.array([record], state_dtype).view(np.recarray)
    return array[0]
