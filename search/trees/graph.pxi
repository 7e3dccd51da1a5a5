# `Graph`: the search graph of csrc/search/graph.c as arrays and errors. trees/graph_search.py builds searches on it.

_MOST_GRAPH_SIMULATIONS = 2**31 - 1
_GRAPH_RULES = {"uct": LT_GRAPH_UCT, "puct": LT_GRAPH_PUCT, "regret_matching": LT_GRAPH_REGRET}


cdef class Graph:
    """Nodes that are found by a key, grown from a root by one rule.

    rule: a key of `_GRAPH_RULES`. c: its exploration constant. by_information: whether nodes are found by the information
    state of the player who acts instead of the position.

    Not thread-safe. Raises `ParameterError`, `MemoryError`.
    """

    cdef lt_graph *graph
    cdef const lt_game *table
    cdef readonly object game
    cdef object history  # of the root

    def __init__(self, game, rule, double c, bint by_information, uint64_t seed, size_t memory_bytes):
        self.game = game
        self.table = <const lt_game *>PyCapsule_GetPointer(game.capsule, "longthink.lt_game")
        cdef lt_graph_rule kind = <lt_graph_rule><int>_GRAPH_RULES[rule]
        smallest = int(lt_graph_least_bytes(self.table, kind, by_information))
        if memory_bytes < smallest:
            raise ParameterError(f"memory_bytes expects at least {smallest} for {game}, got {memory_bytes}")
        self.graph = lt_graph_new(self.table, kind, c, by_information, seed, memory_bytes)
        if self.graph == NULL:
            raise MemoryError(f"no memory for a graph of {memory_bytes} bytes; give a smaller memory_bytes")

    def __dealloc__(self):
        lt_graph_free(self.graph)

    def __reduce__(self):
        raise not_picklable(self, "make another search in the other process")

    @property
    def rules_of_user(self):
        """Whether the rules were written by a user, so that their speed is unknown."""
        return bool(self.table.in_python) or self.table.failed != NULL

    @property
    def can_resample(self):
        """Whether the game can resample the hidden part of a state."""
        return self.table.resample != NULL

    def place(self, state, bint keep, bint resample):
        """Set the root to `state`.

        keep: whether to keep the nodes. resample: whether simulations resample the hidden part of the state."""
        cdef const uint8_t[::1] buffer = state.buffer
        history = state.history()
        if len(history) > lt_max_history(self.table):
            raise self.game.rules_broke(history)
        if keep:
            lt_graph_move(self.graph, &buffer[0], resample)
        else:
            lt_graph_reset(self.graph, &buffer[0], resample)
        self.history = history
        self.game.raise_failure(history)

    def run(self, uint64_t count):
        """Run `count` simulations."""
        cdef uint64_t first = self.graph.simulations, done = 0
        cdef lt_status status
        if first + count > _MOST_GRAPH_SIMULATIONS:
            raise MemoryLimitError(f"a graph counts up to {_MOST_GRAPH_SIMULATIONS} simulations; make another search")
        self.graph.simulations += count
        with nogil:
            status = lt_graph_run(self.graph, first, count, &done)
        if status != LT_OK:
            _raise_status(status, self.game, self.history + self._broken_path(), " or in a simulation from there",
                          hint="RegretMatching needs the same actions in all of them; use UCT or PUCT")

    def _broken_path(self):
        """The known actions from the root to the state where the rules broke."""
        actions = np.empty(lt_max_history(self.table) + 1, np.int32)
        cdef int32_t[::1] view = actions
        return actions[:lt_graph_broken_path(self.graph, &view[0])].tolist()

    @property
    def root(self):
        """The node of the root."""
        return self.graph.root

    @property
    def simulations(self):
        """The number of simulations through the root so far."""
        return self.graph.root_visits

    @property
    def nodes(self):
        """The current number of nodes."""
        return self.graph.num_nodes

    @property
    def recycled(self):
        """The number of nodes freed so far because memory was full."""
        return self.graph.recycled

    def find(self, state):
        """The node of a state; it has no edges if the search did not reach the state."""
        cdef const uint8_t[::1] buffer = state.buffer
        node = lt_graph_find(self.graph, &buffer[0])
        self.game.raise_failure()
        return node

    def edges(self, uint32_t node):
        """A node's edges, `[n]` each: actions, visits, values, strategy, child nodes."""
        cdef Py_ssize_t n = lt_graph_num_edges(self.graph, node)
        actions, visits, children = np.empty(n, np.int32), np.empty(n, np.uint32), np.empty(n, np.uint32)
        values, strategy = np.empty(n), np.empty(n)
        cdef int32_t[::1] a = actions
        cdef uint32_t[::1] v = visits, c = children
        cdef double[::1] w = values, s = strategy
        if n:
            lt_graph_edges(self.graph, node, &a[0], &v[0], &w[0], &s[0], &c[0])
        return actions, visits, values, strategy, children
