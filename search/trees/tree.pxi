# `Trees`: the search trees of csrc/search/tree.c, one or many of one game and rule, as arrays and errors. trees/mcts.py and
# trees/batched.py build searches on them.

_RULE_KINDS = {"uct": LT_UCT, "puct": LT_PUCT, "rave": LT_RAVE, "grave": LT_GRAVE, "ucb1_tuned": LT_UCB1_TUNED,
               "thompson": LT_THOMPSON, "gumbel": LT_GUMBEL}

MOST_SIMULATIONS = 2**30 - 1  # the largest visit count of a node
MOST_TREES = LT_MOST_TREES


cdef class Worker:
    """The scratch space of one thread, if several threads work on a tree at once."""

    cdef lt_worker *data

    def __cinit__(self, Trees trees):
        self.data = lt_worker_new(trees.data[0])
        if self.data == NULL:
            raise MemoryError("no memory for a search thread")

    def __dealloc__(self):
        lt_worker_free(self.data)

    def __reduce__(self):
        raise not_picklable(self, "make another search in the other process")


cdef class Trees:
    """One tree for each of `seeds`. They share `memory_bytes` equally and start at the game's initial state.

    in_turn: whether the trees run one after the other and share one scratch space. what: the name of the search in errors,
    such as "this MCTS".

    Several threads may call `run` on different trees, or `run_shared` with different workers. For any other method, a
    thread must hold `exclusive`.

    Raises `GameError` for a game of imperfect information, `ParameterError`, `MemoryError`.
    """

    cdef lt_tree **data
    cdef readonly uint32_t count
    cdef readonly size_t bytes_per_node
    cdef const lt_game *table
    cdef readonly object game, exclusive
    cdef int32_t[:, ::1] histories
    cdef int32_t[::1] lengths
    cdef object snapshot  # a copy of both for leaves; None after they have changed
    cdef uint64_t[::1] draws
    cdef uint64_t[::1] ticket_room
    cdef uint8_t[::1] state_room
    cdef int32_t[::1] player_room

    def __init__(self, game, rule, knowledge, solve, seeds, memory_bytes, in_turn, what):
        if not isinstance(rule, Rule):
            raise ParameterError(f"rule expects a rule like UCT(...) or PUCT(...), got {rule!r}")
        if not game.perfect_information:
            raise GameError(f"MCTS needs a game of perfect information, and {game} is not one; "
                            "solve it with CFR instead")
        self.game, self.exclusive = game, ExclusiveUse(what)
        self.table = <const lt_game *>PyCapsule_GetPointer(game.capsule, "longthink.lt_game")
        cdef lt_rule c_rule = _c_rule(rule)
        cdef lt_options options = self._options(knowledge, solve)
        cdef size_t each = whole_number("memory_bytes", memory_bytes, 1, _MOST_BYTES) // len(seeds)
        self.bytes_per_node = lt_tree_bytes_per_node(self.table, &c_rule, &options)
        smallest = int(self.bytes_per_node) * (4 * max(64, lt_max_actions(self.table)) + 64)
        if each < smallest:
            raise ParameterError(f"memory_bytes expects at least {len(seeds) * smallest} for {game}, got {memory_bytes}")
        self.histories = np.zeros((len(seeds), lt_max_history(self.table) + 1), np.int32)
        self.lengths, self.draws = np.zeros(len(seeds), np.int32), np.zeros(len(seeds), np.uint64)
        self.data = <lt_tree **>calloc(len(seeds), sizeof(lt_tree *))
        if self.data == NULL:
            raise MemoryError("no memory for trees")
        cdef uint8_t[::1] start = np.frombuffer(game.new_initial_state().buffer, np.uint8).copy()
        for seed in seeds:
            self.data[self.count] = lt_tree_new(self.table, c_rule, options, <uint64_t>seed, each,
                                                self.data[0].worker if in_turn and self.count else NULL)
            if self.data[self.count] == NULL:
                raise MemoryError(f"no memory for trees of {memory_bytes} bytes; give a smaller memory_bytes")
            self.data[self.count].number = self.count
            lt_tree_reset(self.data[self.count], &start[0])
            self.count += 1
        self._make_room(1)

    def __dealloc__(self):
        cdef uint32_t i
        if self.data != NULL:
            for i in range(self.count):
                lt_tree_free(self.data[i])
        free(self.data)

    def __reduce__(self):
        raise not_picklable(self, "make another search in the other process")

    @property
    def rules_in_python(self):
        """Whether the rules are Python code, so that only one thread at a time can run them."""
        return bool(self.table.in_python)

    @property
    def rules_of_user(self):
        """Whether the rules were written by a user, so that their speed is unknown."""
        return bool(self.table.in_python) or self.table.failed != NULL

    cdef lt_options _options(self, knowledge, solve) except *:
        cdef lt_options used
        used.priors = used.amaf = used.informed = 0
        used.solve = bool(solve)
        if not isinstance(knowledge, (bool, Knowledge)):
            raise ParameterError(f"knowledge expects True, False or Knowledge(...), got {knowledge!r}")
        if knowledge is False:
            return used
        weights = Knowledge() if knowledge is True else knowledge
        if self.table.informed_playout == NULL and self.table.priors == NULL:
            raise ParameterError(f"{self.game} has no knowledge besides its rules (neither `priors` nor "
                                 "`informed_playout` of csrc/core/game.h); leave out knowledge")
        used.priors, used.amaf = weights.priors, weights.amaf
        used.informed = weights.playouts and self.table.informed_playout != NULL
        return used

    # ---- The root ----

    def reset(self, uint32_t i, state):
        """Clear a tree and start it at a state."""
        cdef const uint8_t[::1] buffer = self._set_history(i, state)
        lt_tree_reset(self.data[i], &buffer[0])

    def advance(self, uint32_t i, int32_t action, state):
        """Apply an action at a root; `state` is the resulting state. The child's subtree is kept, if it exists."""
        cdef const uint8_t[::1] buffer = self._set_history(i, state)
        if not lt_tree_advance(self.data[i], action, &buffer[0]):
            lt_tree_reset(self.data[i], &buffer[0])

    cdef _set_history(self, uint32_t i, state):
        history = state.history()
        if len(history) > lt_max_history(self.table):
            raise self.game.rules_broke(history)
        np.asarray(self.histories)[i, :len(history)] = history
        self.lengths[i], self.snapshot = len(history), None
        return state.buffer

    def history(self, uint32_t i):
        """The actions that lead to a root."""
        return np.asarray(self.histories)[i, :self.lengths[i]].tolist()

    def play(self, actions):
        """Apply an action at each root (None: at no root), sample chance, and restart finished games (csrc/search/roots.h).

        Returns which games ended, `[trees]`, and their returns, `[trees, players]`. `IllegalActionError` changes nothing.
        After `GameError`, the roots before the failing one have already acted."""
        cdef const int32_t[::1] a = actions
        over, returns = np.zeros(self.count, np.bool_), np.zeros((self.count, self.table.num_players))
        cdef uint8_t[::1] o = over.view(np.uint8)
        cdef double[:, ::1] r = returns
        cdef uint8_t[::1] state = np.zeros(max(1, self.table.state_bytes), np.uint8)
        cdef bint act = actions is not None
        cdef lt_root_game played
        cdef uint32_t i
        cdef int status = 0
        self.snapshot = None
        for i in range(self.count if act else 0):
            memcpy(&state[0], self.data[i].root_state, self.table.state_bytes)
            if not self.table.apply(self.table.context, &state[0], a[i]):
                self.game.raise_failure()
                raise IllegalActionError(f"{self.game}: action {a[i]} is not legal at root {i}")
        with nogil:
            for i in range(self.count):
                played = lt_root_game(&self.histories[i, 0], &self.lengths[i], <int32_t>self.histories.shape[1],
                                      &self.draws[i])
                if act:
                    status = lt_root_advance(self.data[i], a[i], played, &r[i, 0], &state[0])
                else:
                    status = lt_root_settle(self.data[i], played, &r[i, 0], &state[0])
                if status < 0:
                    break
                o[i] = <uint8_t>status
        if status < 0:
            self._check(<lt_status>status, i)
        return over, returns

    def root_states(self):
        """The bytes of the roots' states, `[trees, state_bytes]`."""
        states = np.empty((self.count, self.table.state_bytes), np.uint8)
        cdef uint8_t[:, ::1] view = states
        cdef uint32_t i
        for i in range(self.count):
            memcpy(&view[i, 0], self.data[i].root_state, self.table.state_bytes)
        return states

    def players(self):
        """The player who acts at each root, `[trees]`."""
        players = np.empty(self.count, np.int32)
        cdef int32_t[::1] view = players
        cdef uint32_t i
        for i in range(self.count):
            view[i] = self.table.current_player(self.table.context, self.data[i].root_state)
        self.game.raise_failure()
        return players

    # ---- Run ----

    def plan(self, uint32_t i, uint64_t simulations):
        """Gumbel: plan for this number of simulations."""
        lt_tree_plan(self.data[i], simulations)

    def run(self, uint32_t i, uint64_t count, uint64_t limit, uint32_t most_nodes):
        """Run at least `count` and at most `limit` simulations on one tree, in this thread alone; return their number."""
        cdef lt_tree *tree = self.data[i]
        cdef uint64_t done = 0
        cdef lt_status status
        if limit == 0:
            return 0
        limit = min(limit, max(count, MOST_SIMULATIONS - tree.simulations))
        self._check_room(i, count)
        with nogil:
            status = lt_tree_run(tree, NULL, tree.simulations, count, limit, most_nodes, 0, &done)
        tree.simulations += done
        self._check(status, i)
        return done

    def prepare(self):
        """Prepare the first tree for several threads. Its root must have children."""
        lt_tree_prepare(self.data[0])

    def reserve(self, uint64_t count):
        """Reserve `count` random number streams for simulations on the first tree by several threads; return the first."""
        self._check_room(0, count)
        self.data[0].simulations += count
        return self.data[0].simulations - count

    def run_shared(self, Worker worker, uint64_t first, uint64_t count, uint32_t most_nodes):
        """Run simulations on the first tree while other threads also work on it; return their number."""
        cdef uint64_t done = 0
        cdef lt_status status
        with nogil:
            status = lt_tree_run(self.data[0], worker.data, first, count, count, most_nodes, 1, &done)
        self._check(status, 0, worker)
        return done

    def recycle_if_full(self):
        """Recycle nodes of the first tree if a thread found it full."""
        if <int>self.data[0].full:
            lt_tree_recycle(self.data[0])

    def _check_room(self, uint32_t i, count):
        if MOST_SIMULATIONS - max(int(self.data[i].simulations), int(lt_tree_visits(self.data[i], 0))) < count:
            raise MemoryLimitError(f"a tree counts up to {MOST_SIMULATIONS} simulations; start a new one with set_root")

    # ---- Ask and tell ----

    cdef _make_room(self, size_t leaves):
        self.ticket_room = np.zeros(leaves, np.uint64)
        self.state_room = np.zeros(leaves * self.table.state_bytes + 1, np.uint8)
        self.player_room = np.zeros(leaves, np.int32)

    cdef inline lt_tree *_tree_of(self, uint64_t ticket) noexcept nogil:
        return self.data[ticket >> LT_SLOT_BITS & (LT_MOST_TREES - 1)]

    def ask(self, batch, most, uint32_t[::1] left):
        """Up to `batch` `Leaves` of every tree. Tree i makes up to `most` simulations and up to left[i], which is reduced by
        their number."""
        cdef uint32_t count = 0, i
        cdef lt_status status
        cdef uint32_t wanted = whole_number("batch", batch, 1, LT_MOST_PENDING // 2), each = min(most, 2**32 - 1)
        cdef Py_ssize_t size = self.table.state_bytes
        if self.ticket_room.shape[0] < wanted * self.count:
            self._make_room(wanted * self.count)
        with nogil:
            status = lt_roots_ask(self.data, self.count, wanted, each, &left[0], &self.ticket_room[0], &self.state_room[0],
                                  &self.player_room[0], &count, &i)
        tickets, states, players = np.empty(count, np.uint64), np.empty((count, size), np.uint8), np.empty(count, np.int32)
        memcpy(np.PyArray_DATA(tickets), &self.ticket_room[0], count * sizeof(uint64_t))
        memcpy(np.PyArray_DATA(states), &self.state_room[0], count * size)
        memcpy(np.PyArray_DATA(players), &self.player_room[0], count * sizeof(int32_t))
        if status != LT_OK:
            self.forget(tickets)
            self._check(status, i)
        cdef uint64_t total = count
        for i in range(count):
            total += lt_tree_pending_depth(self._tree_of(self.ticket_room[i]), self.ticket_room[i])
        paths = np.empty(total, np.int32)
        cdef int32_t *end = <int32_t *>np.PyArray_DATA(paths)
        cdef int32_t *action = end + count
        for i in range(count):
            action += lt_tree_pending_path(self._tree_of(self.ticket_room[i]), self.ticket_room[i], action)
            end[i] = <int32_t>(action - end)
        if self.snapshot is None:
            lengths = np.asarray(self.lengths)
            self.snapshot = np.asarray(self.histories)[:, :lengths.max()].copy(), lengths.copy()
        return Leaves(self.game, tickets, states, players, self.snapshot, paths)

    def tell(self, tickets, values, priors):
        """Value leaves and expand them: see `MCTS.tell`."""
        cdef const uint64_t[::1] t = np.ascontiguousarray(tickets, np.uint64).reshape(-1)
        cdef Py_ssize_t count = t.shape[0], players = self.table.num_players, i
        given = np.ascontiguousarray(values, np.float64)
        if given.ndim == 1 and (players == 1 or (players == 2 and self.table.zero_sum)):
            given = given.reshape(-1, 1)
        if given.shape != (count, 1) and given.shape != (count, players):
            raise ParameterError(f"values expects the shape [{count}, {players}] (leaves, players), "
                                 f"got {list(np.shape(values))}")
        if priors is not None and len(priors) != count:
            raise ParameterError(f"priors expects one row for each of {count} leaves, got {len(priors)}")
        if priors is None:
            self._tell(t, given, None)
        elif isinstance(priors, np.ndarray) and priors.ndim == 2:
            self._tell(t, given, np.ascontiguousarray(priors, np.float64))
        else:
            for i in range(count):
                self._tell(t[i:i + 1], given[i:i + 1], np.ascontiguousarray(priors[i], np.float64).reshape(1, -1))

    cdef _tell(self, const uint64_t[::1] tickets, values, priors):
        cdef const double[:, ::1] v = values, p = priors
        cdef uint32_t count = <uint32_t>tickets.shape[0], done = 0
        cdef uint32_t num_priors = 0 if priors is None else <uint32_t>p.shape[1]
        cdef const double *first = NULL
        cdef lt_status status
        if count == 0:
            return
        if priors is not None and num_priors == 0:
            raise ParameterError("priors expects a number for each legal action, got none")
        if priors is not None:
            first = &p[0, 0]
        with nogil:
            status = lt_roots_tell(self.data, self.count, &tickets[0], count, &v[0, 0], <uint32_t>v.shape[1], first,
                                   num_priors, &done)
        if status != LT_OK:
            self._refuse(status, tickets[done], values[done], None if priors is None else priors[done])

    def _refuse(self, lt_status status, uint64_t ticket, values, priors):
        """Raise the error of a leaf whose value or priors were refused."""
        cdef lt_tree *tree = lt_roots_tree(self.data, self.count, ticket)
        cdef int32_t[::1] actions = np.empty(lt_max_actions(self.table) + 1, np.int32)
        if status == LT_BAD_VALUES:
            _raise_status(status, self.game, [], given=values.tolist())
        if status == LT_BAD_PRIORS:
            expected = self.table.legal_actions(self.table.context, lt_tree_pending_state(tree, ticket), &actions[0])
            _raise_status(status, self.game, [], given=priors.tolist(), expected=expected)
        self._check(status, 0 if tree == NULL else tree.number)

    def forget(self, tickets):
        """Withdraw leaves that will not get a value."""
        cdef lt_tree *tree
        for ticket in np.asarray(tickets, np.uint64).reshape(-1):
            tree = lt_roots_tree(self.data, self.count, ticket)
            self._check(LT_UNKNOWN_TICKET if tree == NULL else lt_tree_forget(tree, ticket), 0)

    @property
    def pending(self):
        """The number of leaves that are waiting for a value."""
        return sum(self.data[i].pending_count for i in range(self.count))

    # ---- Results ----

    @property
    def visits(self):
        """The number of simulations through each root, `[trees]`."""
        visits = np.empty(self.count, np.int64)
        cdef int64_t[::1] view = visits
        cdef uint32_t i
        for i in range(self.count):
            view[i] = lt_tree_visits(self.data[i], 0)
        return visits

    @property
    def simulations(self):
        """The number of simulations through all roots."""
        cdef uint64_t simulations = 0
        cdef uint32_t i
        for i in range(self.count):
            simulations += lt_tree_visits(self.data[i], 0)
        return simulations

    @property
    def nodes(self):
        """The number of nodes in all trees."""
        cdef uint64_t nodes = 0
        cdef uint32_t i
        for i in range(self.count):
            nodes += lt_tree_size(self.data[i])
        return nodes

    @property
    def sizes(self):
        """The number of nodes in each tree, `[trees]`."""
        sizes = np.empty(self.count, np.int64)
        cdef int64_t[::1] view = sizes
        cdef uint32_t i
        for i in range(self.count):
            view[i] = lt_tree_size(self.data[i])
        return sizes

    @property
    def proven(self):
        """Whether the value of each root is proven, `[trees]`."""
        proven = np.empty(self.count, np.bool_)
        cdef uint8_t[::1] view = proven.view(np.uint8)
        cdef uint32_t i
        for i in range(self.count):
            view[i] = lt_tree_proven(self.data[i])
        return proven

    @property
    def recycled(self):
        """The number of nodes freed so far because trees were full."""
        return sum(self.data[i].recycled for i in range(self.count))

    def children(self, uint32_t i, uint32_t node):
        """A node's children, `[n]` each: ids, actions, visits, values, priors, whether proven."""
        cdef lt_tree *tree = self.data[i]
        cdef Py_ssize_t n = lt_tree_num_children(tree, node)
        ids, actions = np.empty(n, np.uint32), np.empty(n, np.int32)
        visits, values, priors = np.empty(n, np.uint32), np.empty(n), np.empty(n)
        cdef uint32_t[::1] d = ids, v = visits
        cdef int32_t[::1] a = actions
        cdef double[::1] w = values, p = priors
        proven = np.zeros(n, np.bool_)
        cdef uint8_t[::1] s = proven.view(np.uint8)
        if n:
            lt_tree_children(tree, node, &d[0], &a[0], &v[0], &w[0], &p[0], &s[0])
        return ids, actions, visits, values, priors, proven

    def improved(self, uint32_t i):
        """Gumbel: the improved policy of a root's children and the index of its choice, or None."""
        policy = np.zeros(max(1, lt_tree_num_children(self.data[i], 0)))
        cdef double[::1] view = policy
        cdef int32_t place = lt_tree_improved(self.data[i], &view[0])
        return None if place < 0 else (policy, place)

    def rows(self):
        """The children of all roots in rows over all actions, `[trees, num_distinct_actions]` each: legal, visits, values,
        priors, proven, Gumbel's policies; and `[trees]`, its choices, -1 for none."""
        cdef Py_ssize_t actions = self.table.num_distinct_actions
        cdef uint32_t i
        legal = legal_masks(self.game, self.root_states(), self.history)
        visits, values = np.zeros((self.count, actions), np.int64), np.full((self.count, actions), np.nan)
        priors, policies = np.zeros((self.count, actions)), np.zeros((self.count, actions))
        proven, choices = np.zeros((self.count, actions), np.bool_), np.zeros(self.count, np.int32)
        cdef int64_t[:, ::1] n = visits
        cdef double[:, ::1] v = values, p = priors, q = policies
        cdef uint8_t[:, ::1] s = proven.view(np.uint8)
        cdef int32_t[::1] c = choices
        with nogil:
            for i in range(self.count):
                c[i] = lt_root_rows(self.data[i], &n[i, 0], &v[i, 0], &p[i, 0], &s[i, 0], &q[i, 0])
        return legal, visits, values, priors, proven, policies, choices

    cdef _check(self, lt_status status, uint32_t i, Worker worker=None):
        """Raise the error of a status that tree `i` returned, for its own worker or another one."""
        if status != LT_OK:
            _raise_status(status, self.game, self.history(i) + self._broken_path(i, worker), " or in play from there")

    cdef _broken_path(self, uint32_t i, Worker worker):
        """The known actions from the root of tree `i` to the state where the rules broke."""
        actions = np.empty(lt_max_history(self.table) + 1, np.int32)
        cdef int32_t[::1] view = actions
        return actions[:lt_tree_broken_path(self.data[i], NULL if worker is None else worker.data, &view[0])].tolist()


def roots_of(tickets):
    """The index of the root of each ticket: `[B]`."""
    return (tickets >> np.uint64(LT_SLOT_BITS) & np.uint64(LT_MOST_TREES - 1)).astype(np.int64)


def legal_masks(game, const uint8_t[:, ::1] states, history_of):
    """The legal actions of states, given as bytes: `[B, num_distinct_actions]`.

    history_of(i) returns the history of state i, for errors."""
    cdef const lt_game *table = <const lt_game *>PyCapsule_GetPointer(game.capsule, "longthink.lt_game")
    masks = np.zeros((states.shape[0], table.num_distinct_actions), np.bool_)
    cdef uint8_t[:, ::1] view = masks.view(np.uint8)
    cdef int32_t[::1] actions = np.empty(lt_max_actions(table) + 1, np.int32)
    cdef uint32_t done
    if states.shape[0]:
        done = lt_legal_masks(table, &states[0, 0], <uint32_t>states.shape[0], &view[0, 0], &actions[0])
        if done < states.shape[0]:
            raise game.rules_broke(history_of(done))
    return masks


cdef lt_rule _c_rule(given) except *:
    """Convert a rule to the struct of csrc/search/tree.h. Parameters that a rule lacks, or that are None, are set to 0."""
    def get(name):
        return getattr(given, name, None) or 0

    cdef lt_rule rule
    rule.kind = <lt_rule_kind><int>_RULE_KINDS[given.kind]
    rule.c, rule.virtual_loss, rule.unobserved = get("c"), get("virtual_loss"), bool(get("unobserved"))
    rule.bias, rule.equivalence, rule.decay, rule.ref = get("bias"), get("equivalence"), get("decay"), get("ref")
    rule.base, rule.fpu_value, rule.fpu_reduction = get("base"), get("fpu"), get("fpu_reduction")
    rule.fpu = LT_FPU_SIBLINGS if getattr(given, "fpu", None) is None else LT_FPU_VALUE
    rule.noise, rule.alpha = get("noise"), get("alpha")
    rule.considered, rule.simulations = get("considered"), get("simulations")
    rule.visit, rule.scale = get("visit"), get("scale")
    rule.widen_k = rule.widen_alpha = 0
    if given.widening is not None:
        rule.widen_k, rule.widen_alpha = given.widening.k, given.widening.alpha
    return rule
