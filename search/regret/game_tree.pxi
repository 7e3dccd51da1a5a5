# `GameTree`: a game unrolled into flat arrays, on which the solvers work (csrc/regret/game_tree.c).

cdef object _bytes(const void *start, size_t size):
    return (<const unsigned char *>start)[:size]


cdef class GameTree:
    """A game unrolled once: its information states, and the payoffs of its terminals.

    Strategies are arrays `[S]` over sequences. A sequence is an information state with one of its actions; each player
    also has an empty sequence. memory_bytes: the memory limit; unrolling raises `MemoryLimitError` before it exceeds the
    limit. A tree is immutable: several threads and solvers may share it.

    Raises `GameError` if a player forgets what it knew or did (no perfect recall).
    von Stengel, "Efficient computation of behavior strategies", Games and Economic Behavior 14, 1996.
    """

    cdef lt_game_tree *data
    cdef readonly object game
    cdef object rows
    cdef size_t limit, row_bytes

    def __init__(self, game, *, memory_bytes=2 << 30):
        if game.num_players() > LT_MAX_PLAYERS:
            raise ParameterError(f"{game} has {game.num_players()} players; up to {LT_MAX_PLAYERS} can be solved")
        if self.data != NULL:
            raise TypeError("__init__ of a GameTree must not be called again")
        self.game = game
        self.limit = limit = whole_number("memory_bytes", memory_bytes, 0, 2**62)
        table = <const lt_game *>PyCapsule_GetPointer(game.capsule, "longthink.lt_game")
        self.data = lt_game_tree_new(table, limit)
        if self.data == NULL:
            raise MemoryLimitError(f"{game}: {limit} bytes are not enough to begin; give a larger memory_bytes")
        cdef lt_status status
        watch = Watch()
        cdef lt_watch *stop = <lt_watch *><uintptr_t>watch.address
        with nogil:
            status = lt_game_tree_grow(self.data, stop)
        if status == LT_OK:
            return
        here, other = self._history(self.data.broken_node), self._history(self.data.earlier_node)
        game.raise_failure(here)
        watch.check()
        _raise_status(status, game, here, other=shown(other, 400),
                      hint=f"The information state must distinguish it from {shown(other, 400)}",
                      memory_bytes=limit, num_histories=self.data.num_histories,
                      num_information_states=self.data.num_infostates)

    def __dealloc__(self):
        lt_game_tree_free(self.data)

    @property
    def num_histories(self):
        return self.data.num_histories

    @property
    def num_terminals(self):
        return self.data.num_terminals

    @property
    def num_information_states(self):
        return self.data.num_infostates

    @property
    def num_sequences(self):
        return self.data.num_sequences

    @property
    def memory_bytes(self):
        """The size of the tree in bytes, including the texts of `information_states` after their first use."""
        return self.data.memory_bytes + self.row_bytes

    @property
    def num_leaves(self):
        """The number of leaves: terminals between the hands of two players at a public state, computed as one matrix."""
        return self.data.num_leaves

    @property
    def num_single_terminals(self):
        """The number of terminals that form no such matrix and are computed one by one; each counts once per player."""
        return self.data.num_entries

    @property
    def num_parts(self):
        """The number of parts on which threads can work in parallel; 0 if the game is small."""
        return self.data.first_part[self.data.num_players]

    @property
    def fingerprint(self):
        """A digest of the game as solvers see it: its sequences and payoffs."""
        cdef uint64_t infostates = self.data.num_infostates
        digest = hashlib.sha256()
        for part in (_bytes(self.data.player, infostates * 4), _bytes(self.data.parent, infostates * 4),
                     _bytes(self.data.first, infostates * 4), _bytes(self.data.count, infostates * 4),
                     _bytes(self.data.action, self.data.num_sequences * 4)):
            digest.update(part)
        for player in range(self.data.num_players):
            for column in self._payoffs(player):
                digest.update(column.tobytes())
        return digest.hexdigest()

    def _history(self, uint32_t node):
        cdef uint32_t length = lt_game_tree_history(self.data, node, NULL)
        actions = np.empty(length + 1, np.int32)
        cdef int32_t[::1] view = actions
        lt_game_tree_history(self.data, node, &view[0])
        return actions[:length].tolist()

    @property
    def information_states(self):
        """`[(information state string, player, actions, sequences)]`, in the order of the arrays. `sequences` is a slice
        of an array over sequences: `strategy[sequences]` has the probabilities of the actions.

        Raises `MemoryLimitError` if the texts do not fit in `memory_bytes`."""
        cdef uint32_t i
        cdef size_t size = 0
        if self.rows is None:
            rows = []
            for i in range(self.data.num_infostates):
                player, first, stride = self.data.player[i], self.data.first[i], self.data.stride[i]
                sequences = slice(first, first + (self.data.count[i] - 1) * stride + 1, stride)
                state = self.game.state_from_history(self._history(self.data.node[i]))
                actions = [self.data.action[s] for s in range(sequences.start, sequences.stop, stride)]
                row = (state.information_state_string(player), player, actions, sequences)
                size += 8 + sys.getsizeof(row) + sum(map(sys.getsizeof, row)) + 2 * sys.getsizeof(first)
                if self.data.memory_bytes + size > self.limit:
                    raise MemoryLimitError(f"{self.game}: the texts of {self.data.num_infostates} information states do not "
                                           f"fit in memory_bytes={self.limit} after {i + 1} of them; give more")
                rows.append(row)
            self.rows, self.row_bytes = rows, size
        return self.rows

    def histories(self):
        """One history of every information state, in the order of the arrays."""
        cdef uint32_t i
        return [self._history(self.data.node[i]) for i in range(self.data.num_infostates)]

    @property
    def first_sequence(self):
        """The first sequence of each player (its empty sequence), then the total number of sequences: `[P + 1]`."""
        return np.array([self.data.first_sequence[p] for p in range(self.data.num_players + 1)], np.int64)

    def information_sets(self):
        """The information states as arrays `[I]`: player, parent sequence, first own sequence, distance between own
        sequences, and number of own sequences (one per action)."""
        cdef Py_ssize_t n = self.data.num_infostates
        if n == 0:
            return tuple(np.zeros(0, np.int64) for _ in range(5))
        return (np.asarray(<int32_t[:n]>self.data.player).astype(np.int64),
                np.asarray(<uint32_t[:n]>self.data.parent).astype(np.int64),
                np.asarray(<uint32_t[:n]>self.data.first).astype(np.int64),
                np.asarray(<uint32_t[:n]>self.data.stride).astype(np.int64),
                np.asarray(<uint32_t[:n]>self.data.count).astype(np.int64))

    def payoffs(self, player):
        """The payoffs of `player` at the terminals, weighted by chance: its last sequences `[E]`, the last sequences of
        the other players, in order, `[E, P - 1]`, and utilities times the probability of chance `[E]`. Terminals with
        equal sequences are merged into one entry."""
        own, others, payoffs = self._payoffs(self._player(player))
        return own.astype(np.int64), others.astype(np.int64), payoffs

    def _payoffs(self, int player):
        cdef Py_ssize_t n = lt_game_tree_payoffs(self.data, player, NULL, NULL, NULL)
        own, others = np.empty(n, np.uint32), np.empty((n, self.data.num_players - 1), np.uint32)
        payoffs = np.empty(n)
        cdef uint32_t[::1] o = own, other = others.reshape(-1)
        cdef double[::1] value = payoffs
        if n > 0:
            lt_game_tree_payoffs(self.data, player, &o[0], &other[0] if len(other) else NULL, &value[0])
        return own, others, payoffs

    def uniform(self):
        """The strategy that plays all legal actions with equal probability, `[S]`."""
        strategy = np.ones(self.data.num_sequences)
        cdef double[::1] view = strategy
        cdef uint32_t i, a
        for i in range(self.data.num_infostates):
            for a in range(self.data.count[i]):
                view[self.data.first[i] + a * self.data.stride[i]] = 1.0 / self.data.count[i]
        return strategy

    def values(self, strategy):
        """The expected payoff of every player if all play `strategy` `[S]`: `[P]`, in utilities."""
        return self._values(strategy, False)

    def best_response_values(self, strategy):
        """The value of every player's best response to the others' `strategy` `[S]`: `[P]`, in utilities."""
        return self._values(strategy, True)

    def nash_conv(self, strategy):
        """The sum over players of the gain of a best response to `strategy` `[S]`, in utilities."""
        return float((self.best_response_values(strategy) - self.values(strategy)).sum())

    def gradient(self, player, strategy):
        """The payoff of each sequence of `player` at the terminals to which it leads directly, if the others play
        `strategy` `[S]`: `[S]`, in utilities; 0 for the others' sequences."""
        given = self._checked(strategy)
        reach, gradient = np.zeros(self.data.num_sequences), np.zeros(self.data.num_sequences)
        cdef double[::1] s = given, r = reach, g = gradient
        cdef int32_t p, of = self._player(player)
        watch = Watch()
        cdef lt_watch *stop = <lt_watch *><uintptr_t>watch.address
        with nogil:
            for p in range(self.data.num_players):
                lt_game_tree_reach(self.data, p, &s[0], &r[0])
            lt_game_tree_gradient(self.data, of, &r[0], &g[0], stop)
        watch.check()
        return gradient

    def best_response(self, player, strategy):
        """A best response of `player` to the others' `strategy` `[S]`: its value, and `strategy` with the sequences of
        `player` replaced by the best response, `[S]`."""
        given = self._checked(strategy)
        response = given.copy()
        values = self._values(given, True, self._player(player), response)
        return float(values[player]), response

    def _values(self, strategy, bint best, int only=-1, response=None):
        given = self._checked(strategy)
        reach, gradient = np.zeros(self.data.num_sequences), np.zeros(self.data.num_sequences)
        out = np.zeros(self.data.num_players)
        cdef double[::1] s = given, r = reach, g = gradient
        cdef double[::1] put = response if response is not None else given
        cdef double *into = &put[0] if response is not None else NULL
        cdef int32_t p
        with nogil:
            for p in range(self.data.num_players):
                lt_game_tree_reach(self.data, p, &s[0], &r[0])
        watch = Watch()
        cdef lt_watch *stop = <lt_watch *><uintptr_t>watch.address
        cdef double value = 0
        for p in range(self.data.num_players):
            if only >= 0 and p != only:
                continue
            start, end = self.data.first_sequence[p], self.data.first_sequence[p + 1]
            with nogil:
                if lt_game_tree_gradient(self.data, p, &r[0], &g[0], stop) and best:
                    value = lt_game_tree_best_response(self.data, p, &g[0], into)
            watch.check()
            if best:
                out[p] = value
            else:
                out[p] = gradient[start:end] @ reach[start:end]
        return out

    def __reduce__(self):
        raise not_picklable(self, "make a GameTree of the game in the other process")

    def sums(self, strategy):
        """The sums of a strategy `[S]` at each player's empty sequence and in each information state: `[P + I]`."""
        cdef const double[::1] row = strategy
        sums = np.zeros(self.data.num_players + <size_t>self.data.num_infostates)
        cdef double[::1] out = sums
        cdef uint32_t i, a
        for i in range(<uint32_t>self.data.num_players):
            out[i] = row[self.data.first_sequence[i]]
        for i in range(self.data.num_infostates):
            for a in range(self.data.count[i]):
                out[self.data.num_players + i] += row[self.data.first[i] + a * self.data.stride[i]]
        return sums

    def _player(self, player):
        return whole_number("player", player, 0, self.data.num_players - 1)

    def _checked(self, strategy):
        given = np.ascontiguousarray(strategy, np.float64)
        if given.shape != (self.data.num_sequences,):
            raise ParameterError(f"a strategy of {self.game} has the shape [{self.data.num_sequences}], "
                                 f"got {list(given.shape)}")
        return given
