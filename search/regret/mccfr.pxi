# `SampledRegrets`: regrets learned by walks through a game (csrc/regret/mccfr.c). regret/mccfr.py builds `MCCFR` on it.

FOLLOW_ALL, FOLLOW_SOME, FOLLOW_DRAWN, FOLLOW_PRIVATE = LT_FOLLOW_ALL, LT_FOLLOW_SOME, LT_FOLLOW_DRAWN, LT_FOLLOW_PRIVATE

_MCCFR_ARRAYS = {"name": np.uint64, "player": np.int8, "count": np.uint16, "action": np.int32,
                 "regret": np.float64, "average": np.float64, "baseline": np.float64}


cdef class SampledRegrets:
    """The information states that walks have reached, with their regrets and averages.

    follow: the actions that a walk follows at the nodes of the learner, of the other players and of chance. options: the
    options of `MCCFR`, by name.

    Raises `ConcurrentUseError` if the rules of the game use it during a walk; `ParameterError`, `MemoryError`.
    """

    cdef lt_mccfr *data
    cdef const lt_game *table
    cdef readonly object game
    cdef object options, memory_bytes
    cdef bint walking

    def __init__(self, game, follow, options, uint64_t seed, memory_bytes):
        if self.data != NULL:
            raise TypeError("__init__ of SampledRegrets must not be called again")
        self.game, self.options, self.memory_bytes = game, options, memory_bytes
        self.table = <const lt_game *>PyCapsule_GetPointer(game.capsule, "longthink.lt_game")
        smallest = int(lt_mccfr_least_bytes(self.table))
        if memory_bytes < smallest:
            raise ParameterError(f"memory_bytes expects at least {smallest} for {game}, got {memory_bytes}")
        cdef lt_mccfr_options o
        o.learner, o.others, o.chance = follow
        given = options.get
        o.some, o.epsilon, o.baseline = given("k", 1), given("epsilon", 0.0), given("baseline")
        o.regret_power, o.average_power, o.floor = given("regret_power"), given("average_power"), given("floor")
        o.prune_below, o.prune_share = given("prune_below", -math.inf), given("prune_share", 0.0)
        self.data = lt_mccfr_new(self.table, o, seed, memory_bytes)
        if self.data == NULL:
            raise MemoryError(f"no memory for {memory_bytes} bytes; give a smaller memory_bytes")
        game.raise_failure()

    def __dealloc__(self):
        lt_mccfr_free(self.data)

    def __reduce__(self):
        raise not_picklable(self, "use the checkpoint of the solver")

    @property
    def iterations(self):
        return lt_mccfr_iterations(self.data)

    @property
    def num_information_states(self):
        return lt_mccfr_num_infostates(self.data)

    @property
    def num_histories(self):
        return lt_mccfr_num_histories(self.data)

    def run(self, uint64_t count, watch):
        """Run `count` iterations, fewer if `watch` stops them. Returns "memory" if the memory is full, else None."""
        cdef lt_status status
        cdef lt_watch *stop = <lt_watch *><uintptr_t>watch.address
        self._check_idle()
        self.walking = True
        try:
            with nogil:
                status = lt_mccfr_run(self.data, count, stop)
        finally:
            self.walking = False
        if status == LT_OK:
            return None
        if status == LT_OVER_LIMIT:
            return "memory"
        watch.check()
        if status == LT_STOPPED:
            return None
        cdef int32_t[::1] history = np.empty(lt_max_history(self.table) + 1, np.int32)
        cdef uint32_t length = lt_mccfr_broken_path(self.data, &history[0])
        _raise_status(status, self.game, np.asarray(history)[:length].tolist(), memory_bytes=self.memory_bytes,
                      hint="If a checkpoint was loaded, it may be of other rules")

    cdef _check_idle(self):
        """Raise `ConcurrentUseError` if the rules of the game use the solver during a walk."""
        if self.walking:
            raise ConcurrentUseError("this MCCFR is in the middle of a walk, and the rules of the game use it")

    def layout(self, states, actions):
        """The dtype and shape of each of the `arrays`, for given numbers of information states and actions."""
        width = self.table.num_players if self.options["baseline"] > 0 else 0
        shape = {"name": (states, 2), "player": (states,), "count": (states,), "baseline": (actions, width)}
        return {name: (dtype, shape.get(name, (actions,))) for name, dtype in _MCCFR_ARRAYS.items()}

    def arrays(self):
        """All learned data; see `MCCFR.arrays`."""
        self._check_idle()
        layout = self.layout(lt_mccfr_num_infostates(self.data), lt_mccfr_num_actions(self.data))
        arrays = {name: np.empty(shape, dtype) for name, (dtype, shape) in layout.items()}
        if lt_mccfr_num_infostates(self.data):
            lt_mccfr_export(self.data, _pointers(arrays))
        return arrays

    def put(self, uint64_t iterations, arrays):
        """Continue from `arrays`. Returns None, or the reason of a failure: "names" (two are equal) or "memory"."""
        cdef uint64_t count = len(arrays["name"])
        cdef lt_status status = LT_OK
        if count:
            status = lt_mccfr_import(self.data, iterations, count, _pointers(arrays))
        return None if status == LT_OK else "names" if status == LT_OTHER_ACTIONS else "memory"

    def average(self, name):
        """The average strategy of the information state with this name; empty if it was never reached."""
        cdef lt_name found
        self._check_idle()
        row = np.empty(self.table.num_distinct_actions)
        cdef double[::1] out = row
        found.key, found.other = name
        cdef uint32_t n = lt_mccfr_average(self.data, found, &out[0])
        return row[:n].tolist()

    def name_at(self, state):
        """The name of the information state of the player who acts at `state`: two numbers."""
        cdef const uint8_t[::1] buffer = state.buffer
        self._check_idle()
        cdef lt_name name = lt_mccfr_name(self.data, &buffer[0])
        self.game.raise_failure()
        return name.key, name.other


cdef lt_mccfr_arrays _pointers(dict arrays):
    """The addresses of `SampledRegrets.arrays`."""
    cdef lt_mccfr_arrays p
    cdef uint64_t[::1] name = arrays["name"].reshape(-1)
    cdef int8_t[::1] player = arrays["player"]
    cdef uint16_t[::1] count = arrays["count"]
    cdef int32_t[::1] action = arrays["action"]
    cdef double[::1] regret = arrays["regret"], average = arrays["average"], baseline = arrays["baseline"].reshape(-1)
    p.name, p.player, p.count, p.action = <lt_name *>&name[0], &player[0], &count[0], &action[0]
    p.regret, p.average, p.baseline = &regret[0], &average[0], &baseline[0] if baseline.shape[0] else NULL
    return p
