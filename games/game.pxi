# `Game`: the compiled class behind every game, in whichever language its rules are written.
#
# A `Game` owns a table of C functions (csrc/core/game.h). Method names are OpenSpiel's.

cdef extern from "games/native.h" nogil:
    ctypedef int (*lt_constructor)(lt_game *game, const double *parameters)
    lt_constructor lt_native_constructor(const char *name)

cdef extern from *:
    """
    /* Why a user's rules failed in this thread: `failed` of csrc/core/game.h. 0: no failure. */
    static _Thread_local int32_t lt_failure;
    static int32_t lt_failure_here(void) { return lt_failure; }
    static void lt_fail(int32_t reason) {
      if (lt_failure == 0) lt_failure = reason;
    }
    """
    int32_t lt_failure
    int32_t lt_failure_here() noexcept nogil
    void lt_fail(int32_t reason) noexcept nogil

FAIL = <uintptr_t>&lt_fail
"""Address of the C function `void fail(int32_t reason)`. A user's rules call it to report that they failed in the calling
thread. The first reason is kept until it is raised."""


_MOST, _MOST_PLAYERS = 2**30, 100
"""Limits of every size that a game declares, so that sums of two fit in 32 bits, and of the number of players."""


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

        numbers: the parameters in the order in which its constructor reads them. written: those that `str(game)` shows."""
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

        functions: the address of a C function for each member of the table in csrc/core/game.h, whose contract it must
        follow. context: an address that is passed to them. owner: kept alive as long as the game. If it has
        `raise_failure(reason, history)`, a function may call `FAIL` with a reason, and this method raises the error.
        in_python: whether the functions enter Python. reduce: `(callable, arguments)` that make the game again, for
        pickling.

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

        The address is valid only while the game exists, so keep a reference to the game."""
        return PyCapsule_New(&self.table, "longthink.lt_game", NULL)

    @property
    def has_chance(self):
        return self.table.chance_outcomes != NULL

    @property
    def perfect_information(self):
        return self.table.information_state == NULL

    @property
    def zero_sum(self):
        """Whether the returns of all players have a constant sum."""
        return bool(self.table.zero_sum)

    @property
    def simultaneous(self):
        """Whether players move at the same time. Here they choose in turn, without seeing the choices of the others."""
        return bool(self.table.simultaneous)

    @property
    def can_resample(self):
        """Whether `State.resample` works: the game can resample what a player does not see."""
        return self.table.resample != NULL

    @property
    def state_bytes(self):
        return self.table.state_bytes

    @property
    def information_state_bytes(self):
        return self.table.information_state_bytes

    def raise_failure(self, history=None):
        """Raise the error of a user's rules in this thread, if compiled code called them and they failed.

        history: the actions before the failure, as far as they are known, for the message."""
        global lt_failure
        cdef int32_t reason = lt_failure
        if self.table.failed != NULL and reason:
            lt_failure = 0
            self.owner.raise_failure(reason, history)

    def rules_broke(self, history, where=""):
        """The `GameError` for rules that break the game interface after `history`. For a known failure, it is raised.

        where: a continuation of the message, such as " or in a playout from there"."""
        self.raise_failure(history)
        return GameError(
            f"{self}: its rules broke after the actions {shown(history, 400)}{where}: a state that is not terminal has no legal "
            "action, a legal action is refused, there are more players, actions or outcomes than the game declares, or the "
            f"game continues after {lt_max_history(&self.table)} actions, the maximum that it declares")

    def num_players(self):
        return self.table.num_players

    def num_distinct_actions(self):
        return self.table.num_distinct_actions

    def max_chance_outcomes(self):
        return self.table.max_chance_outcomes

    def max_game_length(self):
        """The largest number of players' actions in a history. `max_chance_nodes_in_history` counts chance."""
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
        """The state after `actions`, including chance. Raises `IllegalActionError` for the first illegal action."""
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

        generic: use the playout that works for every game, even if this game has a faster one. Returns the returns `[P]`
        and the buffer of the final state."""
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
        """Like `playout`, and also the moves `(player, action)`. Raises `GameError` if the game has no such playout."""
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
                f"{self} cannot be pickled, because it was made of objects of this process; make it again in the other process "
                "by the same code, or pass reduce=(function, arguments), which does that")
        return self.reduce
