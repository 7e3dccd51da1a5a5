# The knowledge of a game beyond its rules, which a search uses with `knowledge=True`: `priors`, `informed_playout`.

cdef const lt_game *_table_of(game) except NULL:
    return <const lt_game *>PyCapsule_GetPointer(game.capsule, "longthink.lt_game")


def _unknown(game, what):
    return GameError(f"{game} has no `{what}` (csrc/core/game.h); among the native games, only go has")


def priors(state):
    """Prior knowledge about the legal actions of `state`: visits `[A]`, and values `[A]` in [-1, 1].

    A search treats an action as if it already had these visits, with this mean value for the player who acts.
    Raises `GameError` if the game has no such knowledge, or if no player acts.
    """
    cdef const lt_game *table = _table_of(state.get_game())
    if table.priors == NULL:
        raise _unknown(state.get_game(), "priors")
    if state.current_player() < 0:
        raise GameError(f"priors expects a state in which a player acts, got {state.history()}")
    cdef int32_t[::1] actions = np.array(state.legal_actions(), np.int32)
    cdef const uint8_t[::1] buffer = state.buffer
    visits, values = np.empty(len(actions), np.float32), np.empty(len(actions), np.float32)
    cdef float[::1] n = visits, q = values
    table.priors(table.context, &buffer[0], &actions[0], <int32_t>len(actions), &n[0], &q[0])
    return visits, values


def informed_playout(state, seed=0, index=0):
    """Play from `state` to the end with the game's knowledge. Returns the moves as (player, action), and the returns.

    Equal `seed` and `index` give the same moves. Moves about which the game has no knowledge (passes in Go) are omitted.
    Raises `GameError` if the game has no such knowledge.
    """
    cdef const lt_game *table = _table_of(state.get_game())
    if table.informed_playout == NULL:
        raise _unknown(state.get_game(), "informed_playout")
    cdef uint8_t[::1] buffer = bytearray(state.buffer)
    cdef int32_t[::1] trace = np.zeros(table.max_game_length + 1, np.int32)
    cdef double[::1] returns = np.zeros(table.num_players)
    cdef lt_rng rng = lt_rng_stream(operator.index(seed), operator.index(index))
    cdef int32_t n = table.informed_playout(table.context, &buffer[0], &rng, &returns[0], &trace[0]), i
    return [divmod(trace[i], table.num_distinct_actions) for i in range(n)], np.asarray(returns).tolist()


def informed_end(state, seed=0, index=0):
    """The buffer of the last state of an informed playout. Unlike `informed_playout`, it does not stop at a clear winner."""
    cdef const lt_game *table = _table_of(state.get_game())
    if table.informed_playout == NULL:
        raise _unknown(state.get_game(), "informed_playout")
    end = bytearray(state.buffer)
    cdef uint8_t[::1] buffer = end
    cdef double[::1] returns = np.zeros(table.num_players)
    cdef lt_rng rng = lt_rng_stream(operator.index(seed), operator.index(index))
    table.informed_playout(table.context, &buffer[0], &rng, &returns[0], NULL)
    return bytes(end)
