"""`Game` and `State`: the one compiled pair behind every game, whoever wrote its rules.

A `Game` owns a table of C functions (csrc/core/game.h); a `State` owns a flat buffer that those functions
read and write, and the history that led to it. Method names are OpenSpiel's.
"""

import operator

import numpy as np

from cpython.pycapsule cimport PyCapsule_New
from libc.stdint cimport int32_t, uint8_t, uint64_t, uintptr_t
from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memcmp, memcpy

from game cimport *

from longthink.errors import GameError, IllegalActionError, NotPicklableError, ParameterError
from longthink.games.text import Text
from longthink.validation import real_number, seed_number, shown, whole_number

cdef extern from "games/native.h" nogil:
    ctypedef int (*lt_constructor)(lt_game *game, const double *parameters)
    lt_constructor lt_native_constructor(const char *name)

cdef extern from *:
    """
    /* Why a user's rules failed in this thread: `failed` of csrc/core/game.h. 0: they did not. */
    static _Thread_local int32_t lt_failure;
    static int32_t lt_failure_here(void) { return lt_failure; }
    static void lt_fail(int32_t reason) {
      if (lt_failure == 0) lt_failure = reason;
    }
    """
    int32_t lt_failure
    int32_t lt_failure_here() noexcept nogil
    void lt_fail(int32_t reason) noexcept nogil

FAIL, FAILED = <uintptr_t>&lt_fail, <uintptr_t>&lt_failure_here
"""Addresses of C functions, for rules that a user wrote: `void fail(int32_t reason)` says that they failed, and keeps the first
reason until it is raised; `int32_t failed(void)` gives it, or 0. Both speak of the calling thread alone."""


_MOST, _MOST_PLAYERS = 2**30, 100
"""Of every size that a game declares, so that sums of two fit in 32 bits; and of players."""


cdef class Game:
    """The rules of one game with its parameters. Make one with `load_game` or `numba_game`."""

    cdef lt_game table
    cdef readonly str name
    cdef readonly object state_dtype
    cdef dict parameters, written
    cdef object text, owner, reduce

    def __init__(self):
        raise TypeError("make a game with load_game(name) or numba_game(...)")

    def __dealloc__(self):
        if self.table.free_context != NULL:
            self.table.free_context(self.table.context)

    @staticmethod
    def native(str name, dict parameters, *, numbers, written, text=None, state_dtype=None, reduce=None):
        """The game that csrc/games/`name`.c defines.

        numbers: the parameters in the order its constructor reads them. written: those that `str(game)` shows."""
        cdef Game game = Game.__new__(Game)
        cdef double[::1] values = np.array(numbers or [0.0], np.float64)
        cdef lt_constructor fill = lt_native_constructor(name.encode())
        if fill == NULL:
            raise GameError(f"{name} is not listed in csrc/games/native.h")
        if fill(&game.table, &values[0]) != 0:
            raise MemoryError(f"no memory for the rules of {name}")
        game._describe(name, parameters, written, text, None, state_dtype, reduce)
        return game

    @staticmethod
    def from_functions(str name, dict parameters, dict functions, *, state_bytes, num_players, num_distinct_actions,
                       max_game_length, min_utility, max_utility, information_state_bytes=0, max_chance_outcomes=0,
                       max_chance_nodes_in_history=0, zero_sum=False, simultaneous=False, context=0, in_python=False,
                       text=None, owner=None, state_dtype=None, reduce=None):
        """A game from the addresses of compiled functions.

        functions: member of the table in csrc/core/game.h -> address of a C function; they must keep what it says. context: an
        address that they get. owner: kept alive as long as the game; if it has `raise_failure(reason, history)`, a
        function may call `FAIL` with a reason, and this raises what it means. in_python: whether they enter Python.
        reduce: `(callable, arguments)` that make the game again, for pickling.

        Raises `GameError` for missing functions, `ParameterError` for sizes out of range.
        """
        cdef Game game = Game.__new__(Game)
        required = {"init", "current_player", "legal_actions", "apply", "returns"}
        optional = {"chance_outcomes", "information_state", "resample", "hash", "playout", "playouts",
                    "traced_playout", "informed_playout", "priors"}
        missing, foreign = required - functions.keys(), functions.keys() - required - optional
        if missing or foreign:
            raise GameError(f"{name}: a game needs the functions {sorted(required)} and may have {sorted(optional)}; "
                            f"missing {sorted(missing)}, unknown {sorted(foreign)}")
        cdef lt_game *table = &game.table
        table.context = <void *><uintptr_t>context
        table.in_python = in_python
        table.failed = &lt_failure_here if hasattr(owner, "raise_failure") else NULL
        table.state_bytes = whole_number("state_bytes", state_bytes, 1, _MOST)
        table.information_state_bytes = whole_number("information_state_bytes", information_state_bytes, 0, _MOST)
        table.num_players = whole_number("num_players", num_players, 1, _MOST_PLAYERS)
        table.num_distinct_actions = whole_number("num_distinct_actions", num_distinct_actions, 1, _MOST)
        table.max_chance_outcomes = whole_number("max_chance_outcomes", max_chance_outcomes, 0, _MOST)
        table.max_game_length = whole_number("max_game_length", max_game_length, 0, _MOST)
        table.max_chance_nodes_in_history = whole_number("max_chance_nodes_in_history", max_chance_nodes_in_history, 0, _MOST)
        table.min_utility = real_number("min_utility", min_utility, float("-inf"))
        table.max_utility = real_number("max_utility", max_utility, table.min_utility)
        table.zero_sum = zero_sum
        table.simultaneous = simultaneous
        address = {key: <uintptr_t>value for key, value in functions.items()}
        table.init = <void (*)(void *, void *) noexcept nogil><uintptr_t>address["init"]
        table.current_player = <int32_t (*)(void *, const void *) noexcept nogil><uintptr_t>address["current_player"]
        table.legal_actions = (<int32_t (*)(void *, const void *, int32_t *) noexcept nogil>
                               <uintptr_t>address["legal_actions"])
        table.apply = <int32_t (*)(void *, void *, int32_t) noexcept nogil><uintptr_t>address["apply"]
        table.returns = <void (*)(void *, const void *, double *) noexcept nogil><uintptr_t>address["returns"]
        table.chance_outcomes = (<int32_t (*)(void *, const void *, int32_t *, double *) noexcept nogil>
                                 <uintptr_t>address.get("chance_outcomes", 0))
        table.information_state = (<void (*)(void *, const void *, int32_t, uint8_t *) noexcept nogil>
                                   <uintptr_t>address.get("information_state", 0))
        table.resample = (<void (*)(void *, void *, int32_t, lt_rng *) noexcept nogil>
                          <uintptr_t>address.get("resample", 0))
        table.hash = <uint64_t (*)(void *, const void *) noexcept nogil><uintptr_t>address.get("hash", 0)
        table.playout = (<void (*)(void *, void *, lt_rng *, double *) noexcept nogil>
                         <uintptr_t>address.get("playout", 0))
        table.playouts = (<void (*)(void *, void *, lt_rng *, double *, int32_t) noexcept nogil>
                          <uintptr_t>address.get("playouts", 0))
        table.traced_playout = (<int32_t (*)(void *, void *, lt_rng *, double *, int32_t *) noexcept nogil>
                                <uintptr_t>address.get("traced_playout", 0))
        table.informed_playout = (<int32_t (*)(void *, void *, lt_rng *, double *, int32_t *) noexcept nogil>
                                  <uintptr_t>address.get("informed_playout", 0))
        table.priors = (<void (*)(void *, const void *, const int32_t *, int32_t, float *, float *) noexcept nogil>
                        <uintptr_t>address.get("priors", 0))
        game._describe(name, parameters, parameters, text, owner, state_dtype, reduce)
        return game

    cdef _describe(self, str name, dict parameters, dict written, text, owner, state_dtype, reduce):
        self.name = name
        self.parameters = dict(parameters)
        self.written = dict(written)
        self.text = Text() if text is None else text
        self.owner = owner
        self.state_dtype = None if state_dtype is None else np.dtype(state_dtype)
        self.reduce = reduce
        if self.state_dtype is not None and self.state_dtype.itemsize != self.table.state_bytes:
            raise GameError(f"{name}: the state's dtype has {self.state_dtype.itemsize} bytes, "
                            f"its rules {self.table.state_bytes}")

    @property
    def capsule(self):
        """A PyCapsule "longthink.lt_game" with the address of the C table, for compiled solvers.

        The address is valid as long as the game lives: keep the game beside it."""
        return PyCapsule_New(&self.table, "longthink.lt_game", NULL)

    @property
    def has_chance(self):
        return self.table.chance_outcomes != NULL

    @property
    def perfect_information(self):
        return self.table.information_state == NULL

    @property
    def zero_sum(self):
        """Whether what one player wins others lose: everybody's returns always sum to the same."""
        return bool(self.table.zero_sum)

    @property
    def simultaneous(self):
        """Whether players choose without seeing the others' choices of the same moment, one after the other here."""
        return bool(self.table.simultaneous)

    @property
    def can_resample(self):
        """Whether `State.resample` works: the game can deal anew what a player does not see."""
        return self.table.resample != NULL

    @property
    def state_bytes(self):
        return self.table.state_bytes

    @property
    def information_state_bytes(self):
        return self.table.information_state_bytes

    def raise_failure(self, history=None):
        """Raise what a user's rules did wrong in this thread while compiled code was calling them; nothing otherwise.

        history: the actions up to there, as far as they are known, for the error's text."""
        global lt_failure
        cdef int32_t reason = lt_failure
        if self.table.failed != NULL and reason:
            lt_failure = 0
            self.owner.raise_failure(reason, history)

    def rules_broke(self, history, where=""):
        """The `GameError` for rules that break the game interface after `history`; raises it for a known failure.

        where: what was done there, as " in a playout from there"."""
        self.raise_failure(history)
        return GameError(
            f"{self}: its rules broke after the actions {shown(history, 400)}{where}: a state that is not over has no legal "
            f"action, an action that is listed as legal is refused, or the game goes on after {lt_max_history(&self.table)} "
            "actions, the most that it declares")

    def num_players(self):
        return self.table.num_players

    def num_distinct_actions(self):
        return self.table.num_distinct_actions

    def max_chance_outcomes(self):
        return self.table.max_chance_outcomes

    def max_game_length(self):
        """Players' actions in a longest history; chance is counted by `max_chance_nodes_in_history`."""
        return self.table.max_game_length

    def max_chance_nodes_in_history(self):
        return self.table.max_chance_nodes_in_history

    def min_utility(self):
        return self.table.min_utility

    def max_utility(self):
        return self.table.max_utility

    def get_parameters(self):
        return dict(self.parameters)

    def new_initial_state(self):
        cdef State state = _new_state(self)
        lt_initial_state(&self.table, state.data)
        self.raise_failure()
        return state

    def state_from_history(self, actions):
        """The state after `actions`, chance included. Raises `IllegalActionError` at the first illegal one."""
        state = self.new_initial_state()
        for action in actions:
            state.apply_action(action)
        return state

    def state_from_buffer(self, const uint8_t[::1] buffer, history):
        """The state that a compiled solver left in a `buffer` of `state_bytes` bytes after `history`."""
        if buffer.shape[0] != <Py_ssize_t>self.table.state_bytes:
            raise ParameterError(f"{self}: a state has {self.table.state_bytes} bytes, got {buffer.shape[0]}")
        cdef State state = _new_state(self)
        memcpy(state.data, &buffer[0], self.table.state_bytes)
        state.actions = list(map(operator.index, history))
        return state

    def playout(self, State state not None, seed=0, simulation=0, bint generic=False):
        """Uniformly random play from `state` with the random stream of (seed, simulation).

        generic: use the playout that works for every game also where this one has a faster way. Gives the returns `[P]` and the buffer of the final state."""
        cdef lt_game table = self.table
        cdef lt_rng rng = lt_rng_stream(seed_number(seed), seed_number(simulation))
        self._check_state(state)
        cdef int32_t room = lt_max_actions(&self.table), status
        final = state.clone()
        cdef State end = final
        returns = np.zeros(self.table.num_players)
        cdef double[::1] out = returns
        cdef double[::1] probabilities = np.empty(max(1, room))
        cdef int32_t[::1] actions = np.empty(max(1, room), np.int32)
        if generic:
            table.playout = NULL
        with nogil:
            status = lt_playout(&table, end.data, &rng, &out[0], &actions[0], &probabilities[0])
        if status:
            raise self.rules_broke(state.history(), " or in a playout from there")
        return returns, end.buffer

    cdef _check_state(self, State state):
        if state.game != self:
            raise ParameterError(f"expected a state of {self}, got one of {state.game}")

    @property
    def can_trace_playouts(self):
        """Whether the game has a `traced_playout`."""
        return self.table.traced_playout != NULL

    def traced_playout(self, State state not None, seed=0, simulation=0):
        """As `playout`, and the `(player, action)` that were played. Raises `GameError` where the game cannot tell."""
        if not self.can_trace_playouts:
            raise GameError(f"{self} has no `traced_playout`")
        self._check_state(state)
        cdef lt_rng rng = lt_rng_stream(seed_number(seed), seed_number(simulation))
        final = state.clone()
        cdef State end = final
        returns = np.zeros(self.table.num_players)
        cdef double[::1] out = returns
        trace = np.empty(max(1, self.table.max_game_length), np.int32)
        cdef int32_t[::1] entries = trace
        n = self.table.traced_playout(self.table.context, end.data, &rng, &out[0], &entries[0])
        self.raise_failure(state.actions)
        moves = [divmod(entry, self.table.num_distinct_actions) for entry in trace[:n].tolist()]
        return returns, end.buffer, moves

    def __str__(self):
        return f"{self.name}({','.join(f'{k}={v}' for k, v in sorted(self.written.items()))})"

    def __repr__(self):
        return f"<Game {self}>"

    def __eq__(self, other):
        return self is other or (isinstance(other, Game) and self.reduce is not None
                                 and self.reduce == (<Game>other).reduce)

    def __hash__(self):
        return hash(str(self))

    def __copy__(self):
        return self

    def __deepcopy__(self, memo):
        return self

    def __reduce__(self):
        if self.reduce is None:
            raise NotPicklableError(
                f"{self} cannot be pickled: it was made of objects of this process; make it again in the other one by the "
                "same code, or give its maker reduce=(function, arguments), which does that")
        return self.reduce


cdef State _new_state(Game game):
    cdef State state = State.__new__(State)
    state.game = game
    state.actions = []
    state.data = <uint8_t *>calloc(1, game.table.state_bytes)
    if state.data == NULL:
        raise MemoryError(f"no memory for a state of {game} ({game.table.state_bytes} bytes)")
    return state


def _restore(Game game, buffer, list history):
    return game.state_from_buffer(buffer, history)


cdef class State:
    """A state of a game: who acts, what they may do, and how it ends. Made by `game.new_initial_state()`."""

    cdef Game game
    cdef uint8_t *data
    cdef list actions

    def __init__(self):
        raise TypeError("make a state with game.new_initial_state()")

    def __dealloc__(self):
        free(self.data)

    def current_player(self):
        """The acting player, -1 (chance) or -4 (terminal)."""
        cdef int32_t player = self.game.table.current_player(self.game.table.context, self.data)
        self.game.raise_failure(self.actions)
        return player

    def is_terminal(self):
        return self.current_player() == LT_TERMINAL

    def is_chance_node(self):
        return self.current_player() == LT_CHANCE

    def is_player_node(self):
        return self.current_player() >= 0

    def is_simultaneous_node(self):
        return False

    def legal_actions(self, player=None):
        """The legal actions of `player`, ascending: of who acts by default, none for another player."""
        acting = self.current_player()
        if player is not None and player != acting:
            return []
        if acting == LT_CHANCE:
            return [action for action, _ in self.chance_outcomes()]
        if acting < 0:
            return []
        cdef int32_t *actions = <int32_t *>malloc(sizeof(int32_t) * max(1, lt_max_actions(&self.game.table)))
        if actions == NULL:
            raise MemoryError("no memory for a list of actions")
        try:
            n = self.game.table.legal_actions(self.game.table.context, self.data, actions)
            self.game.raise_failure(self.actions)
            return [actions[i] for i in range(n)]
        finally:
            free(actions)

    def legal_actions_mask(self, player=None):
        """1 for each legal action of `player`, else 0: a list over all distinct actions (or chance outcomes)."""
        chance = self.is_chance_node() and (player is None or player == LT_CHANCE)
        mask = [0] * (self.game.table.max_chance_outcomes if chance else self.game.table.num_distinct_actions)
        for action in self.legal_actions(player):
            mask[action] = 1
        return mask

    def chance_outcomes(self):
        """`[(action, probability)]` at a chance node. Raises `IllegalActionError` elsewhere."""
        if not self.is_chance_node():
            raise IllegalActionError(f"{self.game}: chance does not act here, player {self.current_player()} does")
        actions = np.empty(max(1, self.game.table.max_chance_outcomes), np.int32)
        probabilities = np.empty(len(actions))
        cdef int32_t[::1] a = actions
        cdef double[::1] p = probabilities
        n = self.game.table.chance_outcomes(self.game.table.context, self.data, &a[0], &p[0])
        self.game.raise_failure(self.actions)
        return list(zip(actions[:n].tolist(), probabilities[:n].tolist()))

    def apply_action(self, action):
        """Act for the current player or for chance. Raises `IllegalActionError`, the state as it was."""
        try:
            index = operator.index(action)
        except TypeError:
            raise IllegalActionError(f"{self.game}: an action is a whole number, got {shown(action)}") from None
        cdef int32_t accepted = 0
        if -(2**31) <= index < 2**31:
            accepted = self.game.table.apply(self.game.table.context, self.data, index)
            self.game.raise_failure(self.actions)
        if not accepted:
            legal = self.legal_actions()
            raise IllegalActionError(
                f"{self.game}: action {shown(index)} is not legal for player {self.current_player()} after {self.actions}; "
                + (f"legal: {legal}" if legal else "the game is over"))
        self.actions.append(index)

    def child(self, action):
        """The state after `action`; this one stays."""
        state = self.clone()
        state.apply_action(action)
        return state

    def returns(self):
        """Every player's return `[P]`: the utilities at a terminal state, zeros before."""
        out = np.zeros(self.game.table.num_players)
        cdef double[::1] view = out
        if self.is_terminal():
            self.game.table.returns(self.game.table.context, self.data, &view[0])
            self.game.raise_failure(self.actions)
        return out.tolist()

    def player_return(self, player):
        return self.returns()[self._player(player)]

    rewards = returns

    def history(self):
        """All actions so far, chance included."""
        return list(self.actions)

    def move_number(self):
        return len(self.actions)

    def num_players(self):
        return self.game.table.num_players

    def num_distinct_actions(self):
        return self.game.table.num_distinct_actions

    def get_game(self):
        return self.game

    def _player(self, player):
        """`player`, or the one who acts where it is None; checked."""
        if player is None:
            player = self.current_player()
        if type(player) is int and 0 <= player < self.game.table.num_players:
            return player
        return whole_number(f"{self.game}: player", player, 0, self.game.table.num_players - 1)

    def information_state_key(self, player=None):
        """What `player` knows as bytes: equal exactly where the player cannot tell two histories apart."""
        player = self._player(player)
        if self.game.table.information_state == NULL:
            return np.array(self.actions, np.int32).tobytes()
        key = np.zeros(self.game.table.information_state_bytes, np.uint8)
        cdef uint8_t[::1] view = key
        self.game.table.information_state(self.game.table.context, self.data, player, &view[0])
        self.game.raise_failure(self.actions)
        return key.tobytes()

    def information_state_string(self, player=None):
        return self.game.text.information_state(self, self._player(player))

    def observation_string(self, player=None):
        return self.game.text.observation(self, self._player(player))

    def action_to_string(self, player_or_action, action=None):
        """An action in words: `action_to_string(action)` or, as in OpenSpiel, `action_to_string(player, action)`.

        The action need not be legal here. Raises `ParameterError` for one that the game has not got."""
        table = self.game.table
        player, action = (self.current_player(), player_or_action) if action is None else (player_or_action, action)
        player = whole_number("player", player, LT_TERMINAL, table.num_players - 1)
        most = table.max_chance_outcomes if player == LT_CHANCE else table.num_distinct_actions
        return self.game.text.action(self, player, whole_number("action", action, 0, most - 1))

    def string_to_action(self, player_or_text, text=None):
        """The legal action with these words. Raises `IllegalActionError`."""
        player, words = (self.current_player(), player_or_text) if text is None else (player_or_text, text)
        for action in self.legal_actions(player):
            if isinstance(words, str) and self.game.text.action(self, player, action) == words:
                return action
        raise IllegalActionError(f"{self.game}: {shown(words)} is not a legal action here; "
                                 f"legal: {[self.action_to_string(player, a) for a in self.legal_actions(player)]}")

    @property
    def buffer(self):
        """The state's bytes, `state_bytes` of them."""
        return self.data[:self.game.table.state_bytes]

    @property
    def record(self):
        """The state as a read-only NumPy record of the game's `state_dtype`."""
        if self.game.state_dtype is None:
            raise ParameterError(f"{self.game} keeps its states in another form than a NumPy record")
        return np.frombuffer(self.buffer, self.game.state_dtype)[0]

    def resample(self, player, seed=0):
        """A random state that `player` cannot tell from this one; its history is not known and given as empty.

        Raises `GameError` where the game has no way to deal anew what a player does not see."""
        if self.game.table.resample == NULL:
            raise GameError(f"{self.game} has no `resample`, so what a player does not see cannot be dealt anew")
        cdef State state = _new_state(self.game)
        cdef lt_rng rng = lt_rng_stream(seed_number(seed), 0)
        cdef int32_t observer = self._player(player)
        memcpy(state.data, self.data, self.game.table.state_bytes)
        self.game.table.resample(self.game.table.context, state.data, observer, &rng)
        self.game.raise_failure(self.actions)
        return state

    def clone(self):
        cdef State state = _new_state(self.game)
        memcpy(state.data, self.data, self.game.table.state_bytes)
        state.actions = list(self.actions)
        return state

    __copy__ = clone

    def __deepcopy__(self, memo):
        return self.clone()

    def __eq__(self, other):
        """Whether both are the same position of the same game (their histories may differ)."""
        if not isinstance(other, State) or self.game != (<State>other).game:
            return False
        return memcmp(self.data, (<State>other).data, self.game.table.state_bytes) == 0

    def __hash__(self):
        return <Py_hash_t>(lt_hash_bytes(self.data, self.game.table.state_bytes) >> 1)

    def __str__(self):
        return self.game.text.state(self)

    def __repr__(self):
        return f"<State of {self.game} after {self.actions}>"

    def __reduce__(self):
        return _restore, (self.game, self.buffer, list(self.actions))
