"""Games whose states are Python objects: OpenSpiel's, and language games.

`object_game` puts any objects with OpenSpiel's methods behind the C table of csrc/game.h. The flat state is the
history of actions; the object of a history is kept in a cache, or made again from that of the nearest earlier
history. Compiled solvers call back into Python under the GIL; an exception is kept, and raised again when the
solver has returned.
"""

from collections import OrderedDict

from cpython.ref cimport PyObject
from libc.stdint cimport int32_t, uint8_t, uint32_t, uint64_t, uintptr_t
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy

from game cimport *

from longthink.errors import GameError, LongthinkError
from longthink.games.core import Game


cdef class ObjectRules:
    """The Python side of one game: its root, its cache of states, its keys, and what went wrong."""

    cdef int32_t failed
    cdef int32_t room, num_distinct_actions, max_chance_outcomes, cache_states
    cdef readonly str name
    cdef object new_initial_state, cache, error
    cdef dict keys

    def __init__(self, name, new_initial_state, room, num_distinct_actions, max_chance_outcomes, cache_states):
        self.name, self.new_initial_state, self.room = name, new_initial_state, room
        self.num_distinct_actions, self.max_chance_outcomes = num_distinct_actions, max_chance_outcomes
        self.cache_states, self.cache, self.keys = cache_states, OrderedDict(), {}

    def raise_failure(self):
        error, self.error, self.failed = self.error, None, 0
        if error is None:
            return
        if not isinstance(error, Exception) or isinstance(error, LongthinkError):
            raise error
        raise GameError(f"{self.name}: {type(error).__name__} in its rules: {error}") from error

    cdef void fail(self, error) noexcept:
        if not self.failed:
            self.failed, self.error = 1, error

    cdef object at(self, const int32_t *state):
        """The object of a history; it must not be changed."""
        return self.find((<const uint8_t *>state)[:4 * (1 + state[0])])

    def find(self, bytes key):
        """The object of the history that the first bytes of a state's buffer hold."""
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
        """Remember the object of a history."""
        self.cache[(<const uint8_t *>state)[:4 * (1 + state[0])]] = found
        if len(self.cache) > self.cache_states:
            self.cache.popitem(last=False)

    cdef list actions_of(self, state):
        """The legal actions of a player node, checked."""
        actions = sorted(state.legal_actions())
        if not actions or actions[0] < 0 or actions[len(actions) - 1] >= self.num_distinct_actions:
            raise GameError(f"{self.name}: legal actions must be some of 0..{self.num_distinct_actions - 1}, got {actions}")
        return actions

    cdef list outcomes_of(self, state):
        """The outcomes of a chance node, ascending, checked."""
        outcomes = sorted(state.chance_outcomes())
        if not outcomes or outcomes[0][0] < 0 or outcomes[len(outcomes) - 1][0] >= self.max_chance_outcomes:
            raise GameError(f"{self.name}: chance outcomes must be some of 0..{self.max_chance_outcomes - 1}, got {outcomes}")
        return outcomes

    cdef int append(self, int32_t *history, int32_t action) except -1:
        if history[0] >= self.room:
            raise GameError(f"{self.name}: a game is longer than the {self.room} actions that its rules declare")
        history[1 + history[0]] = action
        history[0] += 1
        return 0


cdef bytes _key(const int32_t *history, int32_t length):
    """The first bytes of the buffer of a history cut to `length`."""
    key = bytearray((<const uint8_t *>history)[:4 * (1 + length)])
    cdef uint8_t[::1] view = key
    memcpy(&view[0], &length, 4)
    return bytes(key)


cdef void _init(void *context, void *state) noexcept nogil:
    pass


cdef int32_t _current_player(void *context, const void *state) noexcept with gil:
    rules = <ObjectRules><PyObject *>context
    try:
        return rules.at(<const int32_t *>state).current_player()
    except BaseException as error:
        rules.fail(error)
        return LT_TERMINAL


cdef int32_t _legal_actions(void *context, const void *state, int32_t *actions) noexcept with gil:
    rules = <ObjectRules><PyObject *>context
    cdef int32_t n = 0
    try:
        found = rules.at(<const int32_t *>state)
        if found.current_player() < 0:
            return 0
        for action in rules.actions_of(found):
            actions[n] = action
            n += 1
        return n
    except BaseException as error:
        rules.fail(error)
        return 0


cdef int32_t _apply(void *context, void *state, int32_t action) noexcept with gil:
    rules = <ObjectRules><PyObject *>context
    try:
        found = rules.at(<const int32_t *>state)
        player = found.current_player()
        if player == LT_CHANCE:
            if action not in [outcome for outcome, _ in found.chance_outcomes()]:
                return 0
        elif player < 0 or action not in found.legal_actions():
            return 0
        rules.append(<int32_t *>state, action)
        return 1
    except BaseException as error:
        rules.fail(error)
        return 0


cdef void _returns(void *context, const void *state, double *returns) noexcept with gil:
    rules = <ObjectRules><PyObject *>context
    try:
        for player, value in enumerate(rules.at(<const int32_t *>state).returns()):
            returns[<int32_t>player] = value
    except BaseException as error:
        rules.fail(error)


cdef int32_t _chance_outcomes(void *context, const void *state, int32_t *actions, double *probabilities) noexcept with gil:
    rules = <ObjectRules><PyObject *>context
    cdef int32_t n = 0
    try:
        for action, probability in rules.outcomes_of(rules.at(<const int32_t *>state)):
            actions[n], probabilities[n] = action, probability
            n += 1
        return n
    except BaseException as error:
        rules.fail(error)
        return 0


cdef void _information_state(void *context, const void *state, int32_t player, uint8_t *key) noexcept with gil:
    """A number for every different text: as exact as the text, and of fixed length."""
    rules = <ObjectRules><PyObject *>context
    cdef uint64_t number
    try:
        text = player, rules.at(<const int32_t *>state).information_state_string(player)
        number = rules.keys.setdefault(text, len(rules.keys))
        memcpy(key, &number, 8)
    except BaseException as error:
        rules.fail(error)


cdef class _Draw:
    """A stream of random numbers as a Python function without arguments, uniform in [0, 1)."""

    cdef lt_rng *rng

    def __call__(self):
        return lt_rng_uniform(self.rng)


cdef void _resample(void *context, void *state, int32_t player, lt_rng *rng) noexcept with gil:
    """The history that the object itself deals anew."""
    rules = <ObjectRules><PyObject *>context
    cdef int32_t *history = <int32_t *>state
    cdef _Draw draw = _Draw()
    draw.rng = rng
    try:
        found = rules.at(history).resample_from_infostate(player, draw)
        history[0] = 0
        for action in found.history():
            rules.append(history, action)
        for unused in range(history[0], rules.room):  # equal histories are equal bytes
            history[1 + <int32_t>unused] = 0
        rules.keep(history, found)
    except BaseException as error:
        rules.fail(error)


cdef void _playout(void *context, void *state, lt_rng *rng, double *returns) noexcept with gil:
    """As lt_playout in csrc/game.h, on one copy of the object."""
    rules = <ObjectRules><PyObject *>context
    cdef double *probabilities = <double *>malloc(sizeof(double) * (rules.max_chance_outcomes + 1))
    cdef int32_t n, i
    try:
        if probabilities == NULL:
            raise MemoryError("no memory for the outcomes of a chance node")
        played = rules.at(<const int32_t *>state).clone()
        while True:
            player = played.current_player()
            if player == LT_TERMINAL:
                break
            if player == LT_CHANCE:
                outcomes = rules.outcomes_of(played)
                n = len(outcomes)
                for i in range(n):
                    probabilities[i] = outcomes[i][1]
                action = outcomes[lt_sample(probabilities, n, rng)][0]
            else:
                actions = rules.actions_of(played)
                action = actions[lt_rng_below(rng, <uint32_t>len(actions))]
            rules.append(<int32_t *>state, action)
            played.apply_action(action)
        for player, value in enumerate(played.returns()):
            returns[<int32_t>player] = value
    except BaseException as error:
        rules.fail(error)
    finally:
        free(probabilities)


def object_game(name, new_initial_state, *, num_players, num_distinct_actions, max_game_length, min_utility, max_utility,
                max_chance_outcomes=0, max_chance_nodes_in_history=0, zero_sum=False, simultaneous=False,
                perfect_information=True, can_resample=False, parameters=None, text=None, reduce=None, cache_states=4096):
    """The game of Python objects with OpenSpiel's methods.

    new_initial_state: gives an object with current_player, legal_actions, apply_action, returns, clone, and where
    there is chance, chance_outcomes, and where not `perfect_information`, information_state_string(player), and with
    `can_resample`, resample_from_infostate(player, draw) with histories that can be replayed. text: a
    `Text`, or a function that makes one from the `ObjectRules`, whose `find` gives a state's object. cache_states: how
    many objects are kept. reduce: `(callable, arguments)` that make the game again, for pickling.
    """
    cdef ObjectRules rules = ObjectRules(name, new_initial_state, max_game_length + max_chance_nodes_in_history,
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
        information_state_bytes=0 if perfect_information else 8, max_chance_outcomes=max_chance_outcomes,
        max_chance_nodes_in_history=max_chance_nodes_in_history, zero_sum=zero_sum, simultaneous=simultaneous,
        context=<uintptr_t><PyObject *>rules, failed=<uintptr_t>&rules.failed,
        text=text(rules) if callable(text) else text, owner=rules, reduce=reduce)
