# Games whose states are Python objects: OpenSpiel's, and language games.
#
# `object_game` puts objects with OpenSpiel's methods behind the C table of csrc/core/game.h. The flat state is the history
# of actions. The object of a history is kept in a cache, or made again from that of the nearest earlier history. Compiled
# solvers call back into Python under the GIL. The results of the objects are checked here, so that nothing is written past
# the solvers' arrays. An exception is stored for the thread in which it was raised, and raised again there after the solver
# has returned.

cdef enum:
    RAISED = 1
    _KEY_BYTES = 16  # size of the key of an information state


cdef class ObjectRules:
    """The Python side of one game: its root, its cache of states, and its errors."""

    cdef int32_t room, num_players, num_distinct_actions, max_chance_outcomes, cache_states
    cdef readonly str name
    cdef object new_initial_state, cache
    cdef dict errors

    def __init__(self, name, new_initial_state, room, num_players, num_distinct_actions, max_chance_outcomes, cache_states):
        self.name, self.new_initial_state, self.room, self.num_players = name, new_initial_state, room, num_players
        self.num_distinct_actions, self.max_chance_outcomes = num_distinct_actions, max_chance_outcomes
        self.cache_states, self.cache, self.errors = cache_states, OrderedDict(), {}

    def raise_failure(self, reason, history):
        """Raise the error that the rules raised in this thread."""
        error, state = self.errors.pop(get_ident(), (GameError(f"{self.name}: its rules broke"), []))
        if not isinstance(error, Exception) or isinstance(error, LongthinkError):
            raise error
        raise GameError(f"{self.name}: {type(error).__name__} in its rules, which broke after the actions "
                        f"{shown(state, 400)}: {error}") from error

    cdef void fail(self, const void *state, error) noexcept:
        """Store the first error of this thread, with the history in `state`."""
        cdef const int32_t *history = <const int32_t *>state
        if not lt_failure_here():
            self.errors[get_ident()] = error, [history[1 + i] for i in range(history[0])]
            lt_fail(RAISED)

    cdef broke(self, str what, const void *state):
        """The error for objects that break the game interface, or a history that is too long."""
        cdef const int32_t *history = <const int32_t *>state
        return GameError(f"{self.name}: its rules broke: {what}, after the actions "
                         f"{shown([history[1 + i] for i in range(history[0])], 400)}")

    cdef object at(self, const int32_t *state):
        """The object of a history. It must not be changed."""
        return self.find((<const uint8_t *>state)[:4 * (1 + state[0])])

    def find(self, bytes key):
        """The object of the history in the first bytes of a state's buffer."""
        cache = self.cache
        found = cache.get(key)
        if found is not None:
            cache.move_to_end(key)
            return found
        cdef const int32_t *history = <const int32_t *><const uint8_t *>key
        cdef int32_t length = history[0], known = length, i
        base = None
        while known > 0 and base is None:
            known -= 1
            base = cache.get(_key(history, known))
        found = self.new_initial_state() if base is None else base.clone()
        for i in range(known, length):
            found.apply_action(history[1 + i])
        cache[key] = found
        if len(cache) > self.cache_states:
            cache.popitem(last=False)
        return found

    cdef keep(self, const int32_t *state, found):
        """Cache the object of a history."""
        self.cache[(<const uint8_t *>state)[:4 * (1 + state[0])]] = found
        if len(self.cache) > self.cache_states:
            self.cache.popitem(last=False)

    # ---- Checked results of the objects. `state` is the buffer with the history of the object. ----

    cdef int32_t player_of(self, found, const void *state) except? LT_TERMINAL:
        """The acting player."""
        cdef int64_t player = found.current_player()
        if 0 <= player < self.num_players or player == LT_TERMINAL:
            return <int32_t>player
        if player != LT_CHANCE or self.max_chance_outcomes == 0:
            raise self.broke(f"current_player must be one of 0..{self.num_players - 1}, {LT_TERMINAL} (over) or, with chance "
                             f"outcomes declared, {LT_CHANCE} (chance), got {player}", state)
        return LT_CHANCE

    cdef list actions_of(self, found, const void *state):
        """The legal actions of a player node, in ascending order."""
        actions = sorted(found.legal_actions())
        if not _different(actions, self.num_distinct_actions):
            raise self.broke(f"legal actions must be some of 0..{self.num_distinct_actions - 1}, each once, got "
                             f"{shown(actions)}", state)
        return actions

    cdef list outcomes_of(self, found, const void *state):
        """The outcomes of a chance node, in ascending order."""
        outcomes = sorted(found.chance_outcomes())
        if not _different([action for action, _ in outcomes], self.max_chance_outcomes):
            raise self.broke(f"chance outcomes must be some of 0..{self.max_chance_outcomes - 1}, each once, got "
                             f"{shown(outcomes)}", state)
        return outcomes

    cdef int write_returns(self, found, const void *state, double *returns) except -1:
        given = list(found.returns())
        if len(given) != self.num_players:
            raise self.broke(f"returns must be {self.num_players} numbers, got {shown(given)}", state)
        for player in range(self.num_players):
            returns[<int32_t>player] = given[player]
        return 0

    cdef int append(self, void *state, action) except -1:
        cdef int32_t *history = <int32_t *>state
        if history[0] >= self.room:
            raise self.broke(f"a game is longer than the {self.room} actions that its rules declare", state)
        history[1 + history[0]] = action
        history[0] += 1
        return 0


cdef int _different(list actions, int32_t limit) except -1:
    """Whether these are at least one action, in strictly ascending order and below `limit`."""
    cdef int64_t action, previous = -1
    for action in actions:
        if action <= previous:
            return False
        previous = action
    return 0 <= previous < limit


cdef bytes _key(const int32_t *history, int32_t length):
    """The first bytes of the buffer of a history that is cut to `length`."""
    key = bytearray((<const uint8_t *>history)[:4 * (1 + length)])
    cdef uint8_t[::1] view = key
    memcpy(&view[0], &length, 4)
    return bytes(key)


cdef void _init(void *context, void *state) noexcept nogil:
    pass


cdef int32_t _current_player(void *context, const void *state) noexcept with gil:
    rules = <ObjectRules><PyObject *>context
    if lt_failure_here():
        return LT_TERMINAL
    try:
        return rules.player_of(rules.at(<const int32_t *>state), state)
    except BaseException as error:
        rules.fail(state, error)
        return LT_TERMINAL


cdef int32_t _legal_actions(void *context, const void *state, int32_t *actions) noexcept with gil:
    rules = <ObjectRules><PyObject *>context
    cdef int32_t n = 0
    if lt_failure_here():
        return 0
    try:
        found = rules.at(<const int32_t *>state)
        if rules.player_of(found, state) < 0:
            return 0
        for action in rules.actions_of(found, state):
            actions[n] = action
            n += 1
        return n
    except BaseException as error:
        rules.fail(state, error)
        return 0


cdef int32_t _apply(void *context, void *state, int32_t action) noexcept with gil:
    rules = <ObjectRules><PyObject *>context
    if lt_failure_here():
        return 0
    try:
        found = rules.at(<const int32_t *>state)
        player = rules.player_of(found, state)
        if player == LT_CHANCE:
            if action not in [outcome for outcome, _ in found.chance_outcomes()]:
                return 0
        elif player < 0 or action not in found.legal_actions():
            return 0
        rules.append(state, action)
        return 1
    except BaseException as error:
        rules.fail(state, error)
        return 0


cdef void _returns(void *context, const void *state, double *returns) noexcept with gil:
    rules = <ObjectRules><PyObject *>context
    if lt_failure_here():
        return
    try:
        rules.write_returns(rules.at(<const int32_t *>state), state, returns)
    except BaseException as error:
        rules.fail(state, error)


cdef int32_t _chance_outcomes(void *context, const void *state, int32_t *actions, double *probabilities) noexcept with gil:
    rules = <ObjectRules><PyObject *>context
    cdef int32_t n = 0
    if lt_failure_here():
        return 0
    try:
        for action, probability in rules.outcomes_of(rules.at(<const int32_t *>state), state):
            actions[n], probabilities[n] = action, probability
            n += 1
        return n
    except BaseException as error:
        rules.fail(state, error)
        return 0


cdef void _information_state(void *context, const void *state, int32_t player, uint8_t *key) noexcept with gil:
    """A 128-bit hash of player and text, the same in every process. The probability that any two of a billion texts share
    one is below 10^-20."""
    rules = <ObjectRules><PyObject *>context
    if lt_failure_here():
        return
    try:
        text = rules.at(<const int32_t *>state).information_state_string(player)
        digest = blake2b(f"{player} {text}".encode("utf-8", "surrogatepass"), digest_size=_KEY_BYTES).digest()
        memcpy(key, <const uint8_t *>digest, _KEY_BYTES)
    except BaseException as error:
        rules.fail(state, error)


cdef class _Draw:
    """A stream of random numbers as a Python function without arguments, uniform in [0, 1)."""

    cdef lt_rng *rng

    def __call__(self):
        if self.rng == NULL:
            raise GameError("resample_from_infostate is over: its random numbers cannot be drawn any more")
        return lt_rng_uniform(self.rng)


cdef void _resample(void *context, void *state, int32_t player, lt_rng *rng) noexcept with gil:
    """The history that the object resamples."""
    rules = <ObjectRules><PyObject *>context
    cdef int32_t *history = <int32_t *>state
    cdef _Draw draw = _Draw()
    if lt_failure_here():
        return
    draw.rng = rng
    try:
        found = rules.at(history).resample_from_infostate(player, draw)
        history[0] = 0
        for action in found.history():
            rules.append(state, action)
        for unused in range(history[0], rules.room):  # equal histories have equal bytes
            history[1 + <int32_t>unused] = 0
        rules.keep(history, found)
    except BaseException as error:
        rules.fail(state, error)
    finally:
        draw.rng = NULL


cdef void _playout(void *context, void *state, lt_rng *rng, double *returns) noexcept with gil:
    """Like lt_playout in csrc/core/game.h, on one copy of the object."""
    rules = <ObjectRules><PyObject *>context
    cdef double *probabilities = NULL
    cdef int32_t n, i
    if lt_failure_here():
        return
    try:
        probabilities = <double *>malloc(sizeof(double) * (rules.max_chance_outcomes + 1))
        if probabilities == NULL:
            raise MemoryError("no memory for the outcomes of a chance node")
        played = rules.at(<const int32_t *>state).clone()
        while True:
            player = rules.player_of(played, state)
            if player == LT_TERMINAL:
                break
            if player == LT_CHANCE:
                outcomes = rules.outcomes_of(played, state)
                n = len(outcomes)
                for i in range(n):
                    probabilities[i] = outcomes[i][1]
                action = outcomes[lt_sample(probabilities, n, rng)][0]
            else:
                actions = rules.actions_of(played, state)
                action = actions[lt_rng_below(rng, <uint32_t>len(actions))]
            rules.append(state, action)
            played.apply_action(action)
        rules.write_returns(played, state, returns)
    except BaseException as error:
        rules.fail(state, error)
    finally:
        free(probabilities)


def object_game(name, new_initial_state, *, num_players, num_distinct_actions, max_game_length, min_utility, max_utility,
                max_chance_outcomes=0, max_chance_nodes_in_history=0, zero_sum=False, simultaneous=False,
                perfect_information=True, can_resample=False, parameters=None, text=None, reduce=None, cache_states=4096):
    """A game of Python objects with OpenSpiel's methods.

    new_initial_state: returns an object with current_player, legal_actions, apply_action, returns and clone. With chance
    it also has chance_outcomes; without `perfect_information`, information_state_string(player); with `can_resample`,
    resample_from_infostate(player, draw), whose histories can be replayed. text: a `Text`, or a function that makes one
    from the `ObjectRules`, whose `find` returns the object of a state. cache_states: the number of objects in the cache.
    reduce: `(callable, arguments)` that make the game again, for pickling.
    """
    max_game_length = whole_number("max_game_length", max_game_length, 0, 2**28)
    max_chance_nodes_in_history = whole_number("max_chance_nodes_in_history", max_chance_nodes_in_history, 0, 2**28)
    cdef ObjectRules rules = ObjectRules(name, new_initial_state, max_game_length + max_chance_nodes_in_history, num_players,
                                         max(1, num_distinct_actions), max_chance_outcomes, cache_states)
    functions = {"init": <uintptr_t>&_init, "current_player": <uintptr_t>&_current_player,
                 "legal_actions": <uintptr_t>&_legal_actions, "apply": <uintptr_t>&_apply,
                 "returns": <uintptr_t>&_returns, "playout": <uintptr_t>&_playout}
    if max_chance_outcomes:
        functions["chance_outcomes"] = <uintptr_t>&_chance_outcomes
    if not perfect_information:
        functions["information_state"] = <uintptr_t>&_information_state
    if can_resample:
        functions["resample"] = <uintptr_t>&_resample
    return Game.from_functions(
        name, {} if parameters is None else parameters, functions,
        state_bytes=4 * (1 + rules.room), num_players=num_players, num_distinct_actions=rules.num_distinct_actions,
        max_game_length=max_game_length, min_utility=min_utility, max_utility=max_utility,
        information_state_bytes=0 if perfect_information else _KEY_BYTES, max_chance_outcomes=max_chance_outcomes,
        max_chance_nodes_in_history=max_chance_nodes_in_history, zero_sum=zero_sum, simultaneous=simultaneous,
        context=<uintptr_t><PyObject *>rules, in_python=True,
        text=text(rules) if callable(text) else text, owner=rules, reduce=reduce)
