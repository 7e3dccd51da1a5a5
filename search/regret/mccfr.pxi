# `MCCFR`: regret minimisation from sampled play, for games too large to be unrolled.
#
# The walks and their memory are C (csrc/regret/mccfr.c). This file gives them names, budgets, checkpoints, Ctrl-C and policies.

# What is followed at the nodes of the learner, of the others, and of chance: one line for each kind of sampling.
SAMPLINGS = {
    "external": (LT_FOLLOW_ALL, LT_FOLLOW_DRAWN, LT_FOLLOW_DRAWN),  # Lanctot et al., NIPS 2009
    "outcome": (LT_FOLLOW_DRAWN, LT_FOLLOW_DRAWN, LT_FOLLOW_DRAWN),  # the same; baselines: Schmid et al., AAAI 2019
    "robust": (LT_FOLLOW_SOME, LT_FOLLOW_DRAWN, LT_FOLLOW_DRAWN),  # Li et al., ICLR 2020
    "chance": (LT_FOLLOW_ALL, LT_FOLLOW_ALL, LT_FOLLOW_DRAWN),  # Zinkevich et al., NIPS 2007
    "public": (LT_FOLLOW_ALL, LT_FOLLOW_ALL, LT_FOLLOW_PRIVATE),  # Johanson et al., AAMAS 2012
}

_MCCFR_OWN = ("game", "sampling", "options")  # what a checkpoint must share with the solver that loads it

_MCCFR_ARRAYS = {"name": np.uint64, "player": np.int8, "count": np.uint16, "action": np.int32,
           "regret": np.float64, "average": np.float64, "baseline": np.float64}


cdef class MCCFR:
    """Monte Carlo counterfactual regret minimisation: comes near an equilibrium by sampled play, in bounded memory.

    sampling: "external" (all actions of the learner, one of the others and of chance), "outcome" (one of each),
    "robust" (`k` of the learner's), "chance" (all of the players', one of chance), "public" (all of the players' and of
    private chance; one of the chance that everybody sees). An iteration is one walk for every player.

    epsilon: share of uniform play in the learner's draws of outcome sampling (0.6). k: of robust sampling (2).
    baseline: step of the moving averages that take the luck of the draw out of sampled values, in [0, 1]; 0: none
    (outcome sampling 0.1, others 0). regret_power, average_power: regrets and strategy of iteration t count t^power;
    1 and 1 is linear MCCFR. floor: no cumulative regret stays below; 0 is regret matching+. prune_below: an action of
    the learner's with a smaller regret is passed over with chance `prune_share`, and counts the more the other times.
    seed: the same seed gives the same strategies. memory_bytes: never passed; `run` raises `MemoryLimitError` when the
    information states fill it, and all that was learned stays.

    Information states have names of 128 bits, hashes of what the player knows, which are the same in every process. A walk
    is recursive: a history may have up to 8192 actions.

    Raises `UnknownNameError`, `ParameterError`, `MemoryError`.
    Lanctot, Waugh, Zinkevich and Bowling, "Monte Carlo sampling for regret minimization in extensive games", NIPS 2009.
    """

    cdef lt_mccfr *data
    cdef const lt_game *table
    cdef readonly object game, sampling, options, seed, memory_bytes
    cdef object unrolled, names, exclusive
    cdef bint walking

    def __init__(self, game, sampling="external", *, epsilon=None, k=None, baseline=None, regret_power=0.0,
                 average_power=0.0, floor=-math.inf, prune_below=None, prune_share=0.95, seed=0, memory_bytes=1 << 30):
        if sampling not in SAMPLINGS:
            raise UnknownNameError.of("sampling", sampling, SAMPLINGS)
        if self.data != NULL:
            raise TypeError("an MCCFR is made once")
        self.game, self.sampling, self.seed = game, sampling, seed_number(seed)
        self.memory_bytes = whole_number("memory_bytes", memory_bytes, 0, 2**62)
        self.exclusive = ExclusiveUse("this MCCFR")
        learner, others, chance = SAMPLINGS[sampling]
        if baseline is None:
            baseline = 0.1 if learner == LT_FOLLOW_DRAWN else 0.0
        self.options = {
            "baseline": real_number("baseline", baseline, 0, 1 if others == LT_FOLLOW_DRAWN else 0),
            "regret_power": real_number("regret_power", regret_power, 0, 10),
            "average_power": real_number("average_power", average_power, 0, 10),
            "floor": -math.inf if floor == -math.inf else real_number("floor", floor, -math.inf, 0),
        }
        if _has("epsilon", epsilon, sampling, learner == LT_FOLLOW_DRAWN):
            self.options["epsilon"] = real_number("epsilon", 0.6 if epsilon is None else epsilon, 1e-6, 1)
        if _has("k", k, sampling, learner == LT_FOLLOW_SOME):
            self.options["k"] = whole_number("k", 2 if k is None else k, 1, 2**16)
        if _has("prune_below", prune_below, sampling, learner == LT_FOLLOW_ALL) and prune_below is not None:
            self.options["prune_below"] = real_number("prune_below", prune_below, self.options["floor"], 0)
            self.options["prune_share"] = real_number("prune_share", prune_share, 0, 0.999)
        self.table = <const lt_game *>PyCapsule_GetPointer(game.capsule, "longthink.lt_game")
        smallest = int(lt_mccfr_least_bytes(self.table))
        if self.memory_bytes < smallest:
            raise ParameterError(f"memory_bytes expects at least {smallest} for {game}, got {memory_bytes}")
        cdef lt_mccfr_options o
        o.learner, o.others, o.chance = learner, others, chance
        given = self.options.get
        o.some, o.epsilon, o.baseline = given("k", 1), given("epsilon", 0.0), given("baseline")
        o.regret_power, o.average_power, o.floor = given("regret_power"), given("average_power"), given("floor")
        o.prune_below, o.prune_share = given("prune_below", -math.inf), given("prune_share", 0.0)
        self.data = lt_mccfr_new(self.table, o, self.seed, self.memory_bytes)
        if self.data == NULL:
            raise MemoryError(f"no memory for {memory_bytes} bytes; give a smaller memory_bytes")
        game.raise_failure()

    def __dealloc__(self):
        lt_mccfr_free(self.data)

    def __reduce__(self):
        raise not_picklable(self, "use save(path) and load(path), or its average_policy()")

    @property
    def iterations(self):
        """Whole iterations made so far, one walk for every player each."""
        return lt_mccfr_iterations(self.data)

    @property
    def num_information_states(self):
        """Information states met so far."""
        return lt_mccfr_num_infostates(self.data)

    @property
    def num_remembered_histories(self):
        """Histories whose rules need not be asked again."""
        return lt_mccfr_num_histories(self.data)

    # ---- Run ----

    def run(self, iterations=None, *, until=None, budget=None, progress=None, cancel=None, checkpoint=None, every=60.0):
        """Iterate until the first of: `iterations` more, `until` an `Exploitability`, `budget` (seconds; or
        simulations, which are iterations) is reached. Goes on from where the last run ended.

        `until` unrolls the game to know the exploitability: for games that fit. Ctrl-C returns after the iteration at
        hand. An iteration that takes longer than a quarter of a second is broken off by Ctrl-C and by the seconds: it does
        not count, and what it learned by then stays (so that a run that was broken off so is not repeated in the same
        bits). progress: called now and then with the `Spent` so far. checkpoint: a path that `save` is
        called with, every `every` seconds, and at the end.

        Raises `ParameterError` where there is no limit, or another one; `MemoryLimitError` where the memory is full,
        all that was learned being whole, and saved; `GameError` where rules break; `CheckpointError`;
        `ConcurrentUseError`.
        """
        with self.exclusive:
            if checkpoint is not None:
                checkpoints.check_place(checkpoint, "MCCFR", self._meta(), (*_MCCFR_OWN, "seed"))
            save = None if checkpoint is None else lambda: self.save(checkpoint)
            from longthink.search.regret.solver import run_solver
            result = run_solver("MCCFR", self._iterate, lambda: self.iterations, self.exploitability, save,
                                iterations=iterations, until=until, budget=budget, progress=progress, cancel=cancel,
                                every=every)
        if result.stopped_by == "memory":
            raise MemoryLimitError(
                f"{self.game}: {self.num_information_states} information states fill memory_bytes={self.memory_bytes} "
                f"after {self.iterations} iterations. What was learned is whole: average_policy() and save(path) work, "
                "and a solver with a larger memory_bytes goes on from there by load(path)")
        return result

    def _iterate(self, uint64_t count, watch):
        cdef lt_mccfr_status status
        cdef lt_watch *stop = <lt_watch *><uintptr_t>watch.address
        self._rest()
        self.walking = True
        try:
            with nogil:
                status = lt_mccfr_run(self.data, count, stop)
        finally:
            self.walking = False
        if status == LT_MCCFR_OK:
            return None
        if status == LT_MCCFR_FULL:
            return "memory"
        watch.check()
        if status == LT_MCCFR_STOPPED:
            return None
        cdef int32_t[::1] history = np.empty(lt_max_history(self.table) + 1, np.int32)
        cdef uint32_t length = lt_mccfr_culprit(self.data, &history[0])
        self.game.raise_failure(np.asarray(history)[:length].tolist())
        where = f"after {np.asarray(history)[:length].tolist()}" if length <= 100 else f"after {length} actions"
        if status == LT_MCCFR_TOO_WIDE:
            raise GameError(f"{self.game}: the state {where} has more than 65535 actions, more than a node can hold")
        if status == LT_MCCFR_TOO_DEEP:
            raise MemoryLimitError(f"{self.game}: a walk to the end of the game is longer than 8192 actions, or does not fit "
                                   f"in memory_bytes={self.memory_bytes}; give more memory, or a shorter game")
        if status == LT_MCCFR_OTHER_ACTIONS:
            raise GameError(f"{self.game} lists different legal actions in one information state, {where} for one; or the "
                            "checkpoint that was loaded is of other rules")
        raise GameError(f"{self.game}: its rules broke {where} (no legal action, a legal one refused, a wrong player, or more "
                        "actions, outcomes or moves than the game declares)")

    cdef _rest(self):
        """Raise `ConcurrentUseError` if the rules themselves, while a walk asks them, ask the solver."""
        if self.walking:
            raise ConcurrentUseError("this MCCFR is in the middle of a walk, which asked the rules that now use it")

    # ---- Checkpoints ----

    def save(self, path):
        """Write all that was learned to a file, from which `load` goes on with the same bits.

        Raises `CheckpointError` where it cannot be written; what was there before stays.
        """
        with self.exclusive:
            checkpoints.save(path, "MCCFR", self._meta(), self.arrays())

    def load(self, path):
        """Go on from a checkpoint of the same game, sampling and options; gives the iterations it has.

        With the seed of the solver that wrote it, what comes has the same bits as if it had never stopped. memory_bytes may
        differ.

        Raises `CheckpointError` where the file is missing, damaged, of something else, or has numbers that this solver
        cannot have written; `MemoryLimitError` where it does not fit; the solver stays as it is.
        """
        with self.exclusive:
            self._rest()
            meta, arrays = checkpoints.load(path, "MCCFR")
            checkpoints.check_own(path, meta, self._meta(), _MCCFR_OWN)
            iterations = checkpoints.iterations(path, meta)
            self._check(path, arrays)
            self._put(path, iterations, arrays)
            return iterations

    cdef _put(self, path, uint64_t iterations, arrays):
        cdef MCCFR other = MCCFR(self.game, self.sampling, seed=self.seed, memory_bytes=self.memory_bytes, **self.options)
        cdef uint64_t count = len(arrays["name"])
        cdef lt_mccfr_status status = LT_MCCFR_OK
        if count:
            status = lt_mccfr_import(other.data, iterations, count, _pointers(arrays))
        if status == LT_MCCFR_OTHER_ACTIONS:
            raise CheckpointError(f"{path}: expected a name of its own for every information state, two have the same")
        if status != LT_MCCFR_OK:
            raise MemoryLimitError(f"{path} has {count} information states, which do not fit in "
                                   f"memory_bytes={self.memory_bytes}; give more")
        self.data, other.data = other.data, self.data

    def _check(self, path, arrays):
        """Raise `CheckpointError` unless these can be the arrays of a solver of this game and with these options."""
        states = len(arrays.get("player", ()))
        actions = len(arrays.get("action", ()))
        checkpoints.check_arrays(path, arrays, self._layout(states, actions))
        count, action = arrays["count"].astype(np.int64), arrays["action"]
        players, most = self.table.num_players, self.table.num_distinct_actions

        def refuse(what):
            raise CheckpointError(f"{path}: expected {what}, got something else; it is damaged, or of other rules")

        if not ((arrays["player"] >= 0) & (arrays["player"] < players)).all():
            refuse(f"players from 0 to {players - 1}")
        if not ((count >= 1) & (count <= most)).all() or count.sum() != actions:
            refuse(f"from 1 to {most} actions in every information state, {actions} in all")
        if not ((action >= 0) & (action < most)).all():
            refuse(f"actions from 0 to {most - 1}")
        first = np.zeros(actions + 1, bool)
        first[np.cumsum(count)] = True
        if not ((np.diff(action) > 0) | first[1:actions]).all():
            refuse("ascending actions in every information state")
        if not (arrays["average"] >= 0).all():
            refuse("averages from 0")

    def _meta(self):
        return {"game": str(self.game), "sampling": self.sampling, "options": self.options, "seed": self.seed,
                "iterations": self.iterations, "memory_bytes": self.memory_bytes}

    def arrays(self):
        """What was learned, information states in the order in which they were met.

        By information state `name` (128 bits) `[I, 2]`, `player`, and `count` of actions, `[I]`; by action, one information
        state after the other, `action`, `regret` and `average` (sums, not normalised) `[A]`; `baseline` `[A, P]`, or
        `[A, 0]` where none are kept.
        """
        with self.exclusive:
            self._rest()
            layout = self._layout(lt_mccfr_num_infostates(self.data), lt_mccfr_num_actions(self.data))
            arrays = {name: np.empty(shape, dtype) for name, (dtype, shape) in layout.items()}
            if lt_mccfr_num_infostates(self.data):
                lt_mccfr_export(self.data, _pointers(arrays))
            return arrays

    def _layout(self, states, actions):
        """The dtype and shape of each of the `arrays`."""
        width = self.table.num_players if self.options["baseline"] > 0 else 0
        shape = {"name": (states, 2), "player": (states,), "count": (states,), "baseline": (actions, width)}
        return {name: (dtype, shape.get(name, (actions,))) for name, dtype in _MCCFR_ARRAYS.items()}

    # ---- What was found ----

    def action_probabilities(self, state, player=None):
        """What the average strategy does at a state: `{action: probability}`, uniform where play never came.

        Works in games of any size. player: who acts, as by default; others have no action.
        """
        self._own(state)
        legal = state.legal_actions(player)
        if not legal or state.current_player() < 0:
            return {}
        with self.exclusive:
            self._rest()
            row = self._average(self.name_at(state))
        return dict(zip(legal, row if len(row) == len(legal) else [1 / len(legal)] * len(legal), strict=True))

    cdef list _average(self, name):
        """The average strategy of the information state of this name; empty if it was never met."""
        cdef lt_name found
        row = np.empty(self.table.num_distinct_actions)
        cdef double[::1] out = row
        found.key, found.other = name
        cdef uint32_t n = lt_mccfr_average(self.data, found, &out[0])
        return row[:n].tolist()

    def name_at(self, state):
        """The name in `arrays` of the information state of who acts at `state`: two numbers."""
        cdef const uint8_t[::1] buffer
        cdef lt_name name
        with self.exclusive:
            self._rest()
            self._own(state)
            if state.current_player() < 0:
                raise ParameterError(f"expected a state of {self.game} at which a player acts, got {state!r}")
            buffer = state.buffer
            name = lt_mccfr_name(self.data, &buffer[0])
            self.game.raise_failure()
            return name.key, name.other

    def _own(self, state):
        if state.get_game() != self.game:
            raise ParameterError(f"this solver plays {self.game}, got a state of {state.get_game()}")

    @property
    def tree(self):
        """The game unrolled, for policies and exploitabilities. Raises `MemoryLimitError` where it does not fit."""
        with self.exclusive:
            if self.unrolled is None:
                tree = GameTree(self.game)
                rows = zip(tree.histories(), tree.information_states, strict=True)
                self.names = [(self.name_at(self.game.state_from_history(history)), sequences, len(actions))
                              for history, (_, _, actions, sequences) in rows]
                self.unrolled = tree
            return self.unrolled

    def average_strategy(self):
        """The average strategy over the sequences of `tree`, `[S]`; uniform where play never came."""
        with self.exclusive:
            self._rest()
            strategy = self.tree.uniform()
            for name, sequences, count in self.names:
                row = self._average(name)
                if len(row) == count:
                    strategy[sequences] = row
            return strategy

    def average_policy(self):
        """The average strategy as a `Policy`, for games that can be unrolled; for others see `action_probabilities`."""
        from longthink.search.regret.policy import Policy
        return Policy.from_strategy(self.tree, self.average_strategy())

    def values(self):
        """What every player gets where all play the average strategy: `[P]`, in utilities."""
        return self.tree.values(self.average_strategy())

    def nash_conv(self):
        """What all players together could gain by best answers to the average strategy, in utilities."""
        return self.tree.nash_conv(self.average_strategy())

    def exploitability(self):
        """NashConv over the number of players, as OpenSpiel defines it, in utilities."""
        return self.nash_conv() / self.table.num_players


cdef lt_mccfr_arrays _pointers(dict arrays):
    """The addresses of what `arrays` gives."""
    cdef lt_mccfr_arrays p
    cdef uint64_t[::1] name = arrays["name"].reshape(-1)
    cdef int8_t[::1] player = arrays["player"]
    cdef uint16_t[::1] count = arrays["count"]
    cdef int32_t[::1] action = arrays["action"]
    cdef double[::1] regret = arrays["regret"], average = arrays["average"], baseline = arrays["baseline"].reshape(-1)
    p.name, p.player, p.count, p.action = <lt_name *>&name[0], &player[0], &count[0], &action[0]
    p.regret, p.average, p.baseline = &regret[0], &average[0], &baseline[0] if baseline.shape[0] else NULL
    return p


def _has(name, value, sampling, bint has):
    """Whether a sampling has an option. Raises `ParameterError` where it was given one that it has not."""
    if value is not None and not has:
        raise ParameterError(f"{sampling} sampling has no {name}; leave it out")
    return has
