# The regret engine: `GameTree`, a game unrolled into flat arrays, and `CFR`, which solves it.
#
# The arrays and their loops are C (csrc/regret/game_tree.c, csrc/regret/cfr.c). This file gives them budgets, Ctrl-C and policies.

_CFR_SAVED = ("regret", "strategy", "average")
_CFR_OWN = ("game", "fingerprint", "variant", "weights")  # what a checkpoint must share with the solver that loads it
_CFR_BLOCK = 1024  # iterations whose weights are worked out at once


cdef object _bytes(const void *start, size_t size):
    return (<const unsigned char *>start)[:size]


cdef class GameTree:
    """A game unrolled once: its information states, and what every end of it is worth.

    Strategies are arrays `[S]` over sequences: an information state and one of its actions each, the players' empty
    sequences besides. memory_bytes: unrolling stops with `MemoryLimitError` rather than pass it. A tree does not change:
    several threads and solvers may use one.

    Raises `GameError` where a player forgets what it knew or did (no perfect recall).
    von Stengel, "Efficient computation of behavior strategies", Games and Economic Behavior 14, 1996.
    """

    cdef lt_game_tree *data
    cdef readonly object game
    cdef object rows
    cdef size_t limit, row_bytes

    def __init__(self, game, *, memory_bytes=2 << 30):
        if game.num_players() > LT_MAX_TREE_PLAYERS:
            raise ParameterError(f"{game} has {game.num_players()} players; up to {LT_MAX_TREE_PLAYERS} can be solved")
        if self.data != NULL:
            raise TypeError("a GameTree is made once")
        self.game = game
        self.limit = limit = whole_number("memory_bytes", memory_bytes, 0, 2**62)
        table = <const lt_game *>PyCapsule_GetPointer(game.capsule, "longthink.lt_game")
        self.data = lt_game_tree_new(table, limit)
        if self.data == NULL:
            raise MemoryLimitError(f"{game}: {limit} bytes are not enough to begin; give a larger memory_bytes")
        cdef lt_tree_status status
        watch = Watch()
        cdef lt_watch *stop = <lt_watch *><uintptr_t>watch.address
        with nogil:
            status = lt_game_tree_grow(self.data, stop)
        if status == LT_TREE_DONE:
            return
        game.raise_failure(self._history(self.data.culprit))
        watch.check()
        if status == LT_TREE_NO_MEMORY:
            raise MemoryError(f"{game}: no memory after {self.data.num_histories} histories")
        if status == LT_TREE_OVER_LIMIT:
            raise MemoryLimitError(f"{game} does not fit in memory_bytes={limit}: {self.data.num_histories} histories "
                                   f"and {self.data.num_infostates} information states took it; give more, or a smaller game")
        here = self._history(self.data.culprit)
        if status == LT_TREE_RULES_BROKE:
            raise GameError(f"{game}: its rules broke after {here} (no legal action, a legal one refused, "
                            "a wrong player, or more actions, outcomes or moves than the game declares)")
        other = self._history(self.data.known)
        what = ("has not got perfect recall: a player forgets what it knew or did" if status == LT_TREE_FORGETS
                else "lists different legal actions in one information state")
        raise GameError(f"{game} {what}; the histories {other} and {here} look the same to the player who acts. "
                        "The information state must tell all that the player has seen and done")

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
        """What the tree takes, with the texts of `information_states` once they were asked for."""
        return self.data.memory_bytes + self.row_bytes

    @property
    def num_leaves(self):
        """The ends of the game that are worked on as matrices, between the hands of two players at a public state."""
        return self.data.num_leaves

    @property
    def num_single_ends(self):
        """What is worked on one by one besides: ends that make no such matrix, each counted once for every player."""
        return self.data.num_entries

    @property
    def num_parts(self):
        """The parts that threads can work on at once; 0 where the game is small."""
        return self.data.first_part[self.data.num_players]

    @property
    def fingerprint(self):
        """A digest of all that a solver sees of the game: its sequences, and what every end of it is worth."""
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
        """`[(information state string, player, actions, sequences)]`, in the order of the arrays. The sequences are a
        slice, for an array over sequences: `strategy[sequences]` has the actions' probabilities.

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
                    raise MemoryLimitError(f"{self.game}: the texts of {self.data.num_infostates} information states pass "
                                           f"memory_bytes={self.limit} after {i + 1} of them; give more")
                rows.append(row)
            self.rows, self.row_bytes = rows, size
        return self.rows

    def histories(self):
        """One history of every information state, in the order of the arrays."""
        cdef uint32_t i
        return [self._history(self.data.node[i]) for i in range(self.data.num_infostates)]

    @property
    def first_sequence(self):
        """Where each player's sequences begin, its empty one first, and where the last one's end: `[P + 1]`."""
        return np.array([self.data.first_sequence[p] for p in range(self.data.num_players + 1)], np.int64)

    def information_sets(self):
        """The information states as arrays `[I]`: player, the sequence that leads there, first own sequence, how far
        apart the own sequences are, and how many: one for each action."""
        cdef Py_ssize_t n = self.data.num_infostates
        if n == 0:
            return tuple(np.zeros(0, np.int64) for _ in range(5))
        return (np.asarray(<int32_t[:n]>self.data.player).astype(np.int64),
                np.asarray(<uint32_t[:n]>self.data.parent).astype(np.int64),
                np.asarray(<uint32_t[:n]>self.data.first).astype(np.int64),
                np.asarray(<uint32_t[:n]>self.data.stride).astype(np.int64),
                np.asarray(<uint32_t[:n]>self.data.count).astype(np.int64))

    def payoffs(self, player):
        """What the ends of the game are worth to `player`, chance included: its last sequences `[E]`, the last
        sequences of the others in their order `[E, P - 1]`, and utilities times chance `[E]`. Ends of the same
        sequences are one entry."""
        own, others, worth = self._payoffs(self._player(player))
        return own.astype(np.int64), others.astype(np.int64), worth

    def _payoffs(self, int player):
        cdef Py_ssize_t n = lt_tree_payoffs(self.data, player, NULL, NULL, NULL)
        own, others = np.empty(n, np.uint32), np.empty((n, self.data.num_players - 1), np.uint32)
        worth = np.empty(n)
        cdef uint32_t[::1] o = own, other = others.reshape(-1)
        cdef double[::1] value = worth
        if n > 0:
            lt_tree_payoffs(self.data, player, &o[0], &other[0] if len(other) else NULL, &value[0])
        return own, others, worth

    def uniform(self):
        """The strategy that plays every legal action equally, `[S]`."""
        strategy = np.ones(self.data.num_sequences)
        cdef double[::1] view = strategy
        cdef uint32_t i, a
        for i in range(self.data.num_infostates):
            for a in range(self.data.count[i]):
                view[self.data.first[i] + a * self.data.stride[i]] = 1.0 / self.data.count[i]
        return strategy

    def values(self, strategy):
        """What every player gets where all play `strategy` `[S]`: `[P]`, in utilities."""
        return self._values(strategy, False)

    def best_response_values(self, strategy):
        """The most that every player could get against the others' `strategy` `[S]`: `[P]`, in utilities."""
        return self._values(strategy, True)

    def nash_conv(self, strategy):
        """What all players together could gain by best answers to `strategy` `[S]`, in utilities."""
        return float((self.best_response_values(strategy) - self.values(strategy)).sum())

    def gradient(self, player, strategy):
        """What each sequence of `player` is worth at the ends it leads to at once, where the others play `strategy`
        `[S]`: `[S]`, in utilities; 0 for the others' sequences."""
        given = self._checked(strategy)
        reach, gradient = np.zeros(self.data.num_sequences), np.zeros(self.data.num_sequences)
        cdef double[::1] s = given, r = reach, g = gradient
        cdef int32_t p, of = self._player(player)
        watch = Watch()
        cdef lt_watch *stop = <lt_watch *><uintptr_t>watch.address
        with nogil:
            for p in range(self.data.num_players):
                lt_tree_reach(self.data, p, &s[0], &r[0])
            lt_tree_gradient(self.data, of, &r[0], &g[0], stop)
        watch.check()
        return gradient

    def best_response(self, player, strategy):
        """A best answer of `player` to the others' `strategy` `[S]`: its value, and the strategy with it put in, `[S]`."""
        given = self._checked(strategy)
        answer = given.copy()
        values = self._values(given, True, self._player(player), answer)
        return float(values[player]), answer

    def _values(self, strategy, bint best, int only=-1, answer=None):
        given = self._checked(strategy)
        reach, gradient = np.zeros(self.data.num_sequences), np.zeros(self.data.num_sequences)
        out = np.zeros(self.data.num_players)
        cdef double[::1] s = given, r = reach, g = gradient
        cdef double[::1] put = answer if answer is not None else given
        cdef double *into = &put[0] if answer is not None else NULL
        cdef int32_t p
        with nogil:
            for p in range(self.data.num_players):
                lt_tree_reach(self.data, p, &s[0], &r[0])
        watch = Watch()
        cdef lt_watch *stop = <lt_watch *><uintptr_t>watch.address
        cdef double value = 0
        for p in range(self.data.num_players):
            if only >= 0 and p != only:
                continue
            start, end = self.data.first_sequence[p], self.data.first_sequence[p + 1]
            with nogil:
                if lt_tree_gradient(self.data, p, &r[0], &g[0], stop) and best:
                    value = lt_tree_best_response(self.data, p, &g[0], into)
            watch.check()
            if best:
                out[p] = value
            else:
                out[p] = gradient[start:end] @ reach[start:end]
        return out

    def __reduce__(self):
        raise not_picklable(self, "make a GameTree of the game in the other process")

    def _sums(self, strategy):
        """What a strategy `[S]` sums to at each player's empty sequence and in each information state: `[P + I]`."""
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
            raise ParameterError(f"a strategy of {self.game} has the shape [{self.data.num_sequences}], got {list(given.shape)}")
        return given


cdef class CFR:
    """Counterfactual regret minimisation: comes near an equilibrium of any game with perfect recall that fits in memory.

    variant: "cfr", "cfr+", "dcfr", "pcfr+", ... (a file each in longthink/search/variants); weights: changes to it, as in
    `CFR(game, "dcfr", alpha=2.0)` or `CFR(game, "cfr+", gamma=2, delay=100, alternating=False)`. In two-player zero-sum
    games the average strategy comes near a Nash equilibrium; with more players or general sums it need not. There is no
    chance in it: the same calls give the same strategies. threads: help where the tree is large; the strategies are the
    same at any number. memory_bytes: `MemoryLimitError` rather than pass it.

    Raises `UnknownNameError`, `ParameterError`, `GameError` (no perfect recall), `MemoryLimitError`.
    Zinkevich et al., "Regret minimization in games with incomplete information", NIPS 2007.
    """

    cdef lt_cfr *data
    cdef readonly GameTree tree
    cdef readonly object variant, name
    cdef readonly int threads
    cdef object pool, fingerprint, exclusive

    def __init__(self, game, variant="cfr+", *, threads=1, memory_bytes=2 << 30, **weights):
        if self.data != NULL:
            raise TypeError("a CFR is made once")
        memory_bytes = whole_number("memory_bytes", memory_bytes, 0, 2**62)
        self.name, self.threads = variant, whole_number("threads", threads, 1, 1024)
        self.variant = find_variant(variant, **weights)
        self.exclusive = ExclusiveUse("this CFR")
        self.tree = game if isinstance(game, GameTree) else GameTree(game, memory_bytes=memory_bytes)
        if self.tree.memory_bytes + lt_cfr_bytes(self.tree.data) > memory_bytes:
            raise MemoryLimitError(f"{self.game}: the tree takes {self.tree.memory_bytes} bytes and the regrets "
                                   f"{lt_cfr_bytes(self.tree.data)} more, which passes memory_bytes={memory_bytes}")
        rule = LT_REGRET_MATCHING if isinstance(self.variant, RegretUpdate) else LT_MIRROR_DESCENT
        workers = 1 if self.tree.num_parts == 0 else self.threads
        self.pool = ForkSafePool(workers - 1, "longthink-cfr") if workers > 1 else None
        self.data = lt_cfr_new(self.tree.data, rule, self.variant.alternating, workers)
        if self.data == NULL:
            raise MemoryError(f"no memory for the regrets of {self.game}")

    def __dealloc__(self):
        lt_cfr_free(self.data)

    def __reduce__(self):
        raise not_picklable(self, "use save(path) and load(path), or its average_policy()")

    @property
    def game(self):
        return self.tree.game

    @property
    def iterations(self):
        """Whole iterations made so far."""
        return self.data.iterations

    @property
    def num_histories(self):
        return self.tree.num_histories

    @property
    def num_information_states(self):
        return self.tree.num_information_states

    @property
    def memory_bytes(self):
        """What the tree and the regrets take."""
        return self.tree.memory_bytes + lt_cfr_bytes(self.tree.data)

    def run(self, iterations=None, *, until=None, budget=None, progress=None, cancel=None, checkpoint=None, every=60.0):
        """Iterate until the first of: `iterations` more, `until` an `Exploitability`, `budget` (seconds; or simulations,
        which are iterations) is reached. Goes on from where the last run ended.

        Exploitability is looked at after growing numbers of iterations, so that looking takes a small share of the time.
        Ctrl-C returns, and it and the seconds reach into a long iteration: the next run goes on in its middle, with the
        same bits. progress: called now and then with the `Spent` so far. checkpoint: a path that `save` is called with,
        every so many seconds and at the end; `load` goes on from there.

        Raises `ParameterError` where there is no limit, or one that CFR does not spend; `CheckpointError` before it
        begins where the path has something else, or a later state; `ConcurrentUseError`.
        """
        with self.exclusive:
            if checkpoint is not None:
                checkpoints.check_place(checkpoint, "CFR", self._meta(), _CFR_OWN)
            save = None if checkpoint is None else lambda: self.save(checkpoint)
            from longthink.search.regret.solver import run_solver
            return run_solver("CFR", self._iterate, lambda: self.iterations, self.exploitability, save,
                              iterations=iterations, until=until, budget=budget, progress=progress, cancel=cancel,
                              every=every)

    def _iterate(self, count, watch):
        """Make `count` iterations, the first of which may be under way; fewer if the watch stops them."""
        end = self.data.iterations + count
        while self.data.iterations < end:
            block = min(end - self.data.iterations, _CFR_BLOCK)
            rows = self.variant.steps(self.data.iterations, block)
            whole = self.data.iterations + block
            lt_cfr_gather(self.data)
            if self.pool is None:
                self._work(rows, 0, watch)
            else:
                self._work_together(rows, watch)
            if self.data.iterations < whole:  # stopped
                watch.check()
                return

    def _work(self, const double[:, ::1] rows, uint32_t thread, watch):
        cdef uint64_t count = rows.shape[0]
        cdef lt_watch *stop = NULL if watch is None else <lt_watch *><uintptr_t>watch.address
        with nogil:
            lt_cfr_run(self.data, <const lt_cfr_step *>&rows[0, 0], count, thread, stop)

    def _help(self, rows, thread):
        """The work of another thread than the first. If it fails before it begins, nobody may wait for it."""
        try:
            self._work(rows, thread, None)
        except BaseException:
            lt_cfr_call_off(self.data)
            raise

    def _work_together(self, rows, watch):
        helpers = []
        try:
            for thread in range(1, self.threads):
                helpers.append(self.pool.submit(self._help, rows, thread))
            self._work(rows, 0, watch)
        except BaseException:  # before all had come: nothing was done, and those who came must not wait
            lt_cfr_call_off(self.data)
            raise
        finally:
            wait(helpers)
        for helper in helpers:
            helper.result()

    def save(self, path):
        """Write a checkpoint, from which `load` goes on with the same bits: in one piece, or not at all. An iteration
        that is under way is finished first.

        Raises `CheckpointError` where the disk refuses; what was at `path` stays.
        """
        with self.exclusive:
            if self.data.under_way:
                self._iterate(1, Watch())
            checkpoints.save(path, "CFR", self._meta(), {name: self._array(name) for name in _CFR_SAVED})

    def load(self, path):
        """Go on from a checkpoint of the same game and variant; gives the iterations it has.

        Raises `CheckpointError` where it is missing, damaged, of something else, or has numbers that this solver cannot
        have written; the solver stays as it is.
        """
        with self.exclusive:
            there, arrays = checkpoints.load(path, "CFR")
            checkpoints.check_own(path, there, self._meta(), _CFR_OWN)
            iterations = checkpoints.iterations(path, there)
            shape = (self.tree.data.num_sequences,)
            checkpoints.check_arrays(path, arrays, {name: (np.float64, shape) for name in _CFR_SAVED})
            self._check_strategy(path, arrays)
            for name in _CFR_SAVED:
                self._array(name)[:] = arrays[name]
            self.data.iterations = iterations
            lt_cfr_restored(self.data)
            return iterations

    def _check_strategy(self, path, arrays):
        """Raise `CheckpointError` unless strategies are probabilities and averages no less than 0."""
        if (arrays["average"] < 0).any():
            raise CheckpointError(f"{path}: expected averages from 0, got {arrays['average'].min()}")
        strategy = arrays["strategy"]
        if (strategy < 0).any() or (abs(self.tree._sums(strategy) - 1.0) > 1e-6).any():
            raise CheckpointError(f"{path}: expected a strategy that sums to 1 in every information state, it does not")

    def _meta(self):
        if self.fingerprint is None:
            self.fingerprint = self.tree.fingerprint
        return {"game": str(self.game), "fingerprint": self.fingerprint, "variant": self.name,
                "weights": self.variant.as_dict(), "iterations": self.iterations}

    def average_strategy(self):
        """The average strategy over sequences, `[S]`; uniform where play never came."""
        strategy = np.empty(self.tree.data.num_sequences)
        cdef double[::1] view = strategy
        with self.exclusive:
            lt_cfr_average(self.data, &view[0])
        return strategy

    def _array(self, name):
        """One of the solver's arrays `[S]`, not a copy."""
        cdef double *start = (self.data.regret if name == "regret" else
                              self.data.strategy if name == "strategy" else self.data.average)
        return np.asarray(<double[:self.tree.data.num_sequences]>start)

    def current_strategy(self):
        """The strategy of the next iteration over sequences, `[S]`."""
        with self.exclusive:
            return self._array("strategy").copy()

    def regrets(self):
        """Cumulative regrets over sequences, `[S]`; 0 for the empty sequences. In mirror descent: logarithms of the strategy."""
        with self.exclusive:
            return self._array("regret").copy()

    def average_policy(self):
        """The average strategy as a `Policy`: what comes near an equilibrium."""
        from longthink.search.regret.policy import Policy
        return Policy.from_strategy(self.tree, self.average_strategy())

    def current_policy(self):
        """The strategy of the next iteration as a `Policy`."""
        from longthink.search.regret.policy import Policy
        return Policy.from_strategy(self.tree, self.current_strategy())

    def values(self):
        """What every player gets where all play the average strategy: `[P]`, in utilities."""
        return self.tree.values(self.average_strategy())

    def nash_conv(self):
        """What all players together could gain by best answers to the average strategy, in utilities."""
        return self.tree.nash_conv(self.average_strategy())

    def exploitability(self):
        """NashConv over the number of players, as OpenSpiel defines it, in utilities."""
        return self.nash_conv() / self.tree.data.num_players
