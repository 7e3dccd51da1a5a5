# Searches over nodes that are found by a key: `GraphSearch` shares positions, `ISMCTS` shares what a player knows.
#
# The graph and its loops are C (csrc/search/graph.c). This file gives them roots, budgets, Ctrl-C and arrays.

_MAX_SIMULATIONS = 2**31 - 1


cdef class _KeyedSearch:
    """What both searches are: a graph, its root, and the rule that grows it."""

    cdef lt_graph *graph
    cdef const lt_game *table
    cdef readonly object game, rule
    cdef readonly object seed
    cdef readonly object memory_bytes
    cdef readonly object _exclusive
    cdef object root, pace
    cdef bint by_information

    cdef _begin(self, game, rule, dict kinds, bint by_information, seed, memory_bytes):
        if type(rule) not in kinds:
            names = " or ".join(f"{kind.__name__}(...)" for kind in kinds)
            raise ParameterError(f"{type(self).__name__}: rule expects {names}, got {rule!r}")
        for field in dataclasses.fields(rule):
            if field.name != "c" and getattr(rule, field.name) != field.default:
                raise ParameterError(f"{type(self).__name__} has not got {type(rule).__name__}({field.name}=...), only c; "
                                     f"leave {field.name} out, or search with MCTS")
        self.game, self.rule, self.seed = game, rule, seed_number(seed)
        self.memory_bytes = whole_number("memory_bytes", memory_bytes, 1, _MOST_BYTES)
        self.by_information = by_information
        self._exclusive = ExclusiveUse(f"this {type(self).__name__}")
        self.table = <const lt_game *>PyCapsule_GetPointer(game.capsule, "longthink.lt_game")
        self.pace = Pace(1 if self.table.in_python or self.table.failed != NULL else 64)
        cdef lt_graph_rule kind = <lt_graph_rule><int>kinds[type(rule)]
        smallest = int(lt_graph_least_bytes(self.table, kind, by_information))
        if self.memory_bytes < smallest:
            raise ParameterError(f"memory_bytes expects at least {smallest} for {game}, got {memory_bytes}")
        self.graph = lt_graph_new(self.table, kind, rule.c, by_information, self.seed, self.memory_bytes)
        if self.graph == NULL:
            raise MemoryError(f"no memory for a graph of {memory_bytes} bytes; give a smaller memory_bytes")
        self._place(game.new_initial_state(), False)

    def __dealloc__(self):
        lt_graph_free(self.graph)

    def __reduce__(self):
        raise not_picklable(self, "keep its result, or make another search with the same game, rule and seed")

    # ---- The root ----

    @exclusively
    def set_root(self, state):
        """Search from `state`: what is known stays if it is the root already, else the graph starts afresh."""
        if state.get_game() != self.game:
            raise ParameterError(f"this search plays {self.game}, got a state of {state.get_game()}")
        if state == self.root and state.history() == self.root.history():
            return
        self._place(state.clone(), False)

    @exclusively
    def advance(self, action):
        """Act at the root: what is known of what follows is kept. Raises `IllegalActionError`."""
        self._place(self.root.child(action), True)

    cdef _place(self, state, bint keep):
        """Put the root at `state`, which is ours."""
        cdef const uint8_t[::1] buffer = state.buffer
        history = state.history()
        if len(history) > lt_max_history(self.table):
            raise self.game.rules_broke(history)
        cdef int resamples = self._hides(state) and self.table.resample != NULL
        if keep:
            lt_graph_move(self.graph, &buffer[0], resamples)
        else:
            lt_graph_reset(self.graph, &buffer[0], resamples)
        self.root = state
        self.game.raise_failure(history)

    def _hides(self, state):
        """Whether there may be anything at `state` that the player who acts does not know."""
        return (self.by_information and not self.game.perfect_information and state.current_player() >= 0
                and state != self.game.new_initial_state())

    @property
    def root_state(self):
        return self.root.clone()

    # ---- Run ----

    @exclusively
    def run(self, state, budget, *, progress=None, cancel=None):
        """Search from `state` until `budget` (simulations, nodes, seconds) is spent, and say what was found.

        Goes on from what the graph knows where `state` is its root. Ctrl-C stops the search and gives its best
        so far, with `result.interrupted` true. progress: called now and then with the `Spent` so far.

        Raises `ParameterError` for a state where nobody acts or a budget of other things, `GameError` where rules
        break.
        """
        budget.check_for_search(f"{type(self).__name__}.run")
        self._check_root(state)
        self.set_root(state)
        first = self.simulations

        def work(count, watch):
            if budget.simulations is not None:
                count = min(count, budget.simulations - (self.simulations - first))
            if budget.nodes is not None:
                count = min(count, max(1, (budget.nodes - self.nodes) // 2))  # a simulation makes two at most
            self._run_chunk(count)
            if budget.simulations is not None and self.simulations - first >= budget.simulations:
                return "simulations"
            return "nodes" if budget.nodes is not None and self.nodes >= budget.nodes else None

        def measure(spent):
            spent.simulations, spent.nodes = self.simulations - first, self.nodes

        spent, stopped_by = run(work, measure, budget, pace=self.pace, progress=progress, cancel=cancel)
        return self.result(spent, stopped_by)

    def _check_root(self, state):
        if state.is_terminal():
            raise ParameterError(f"expected a state in which somebody acts, got the end of a game: {state.history()}")

    def _run_chunk(self, uint64_t count):
        cdef uint64_t first = self.graph.simulations, done = 0
        cdef lt_graph_status status
        if first + count > _MAX_SIMULATIONS:
            raise MemoryLimitError(f"a graph counts up to {_MAX_SIMULATIONS} simulations; make another search")
        self.graph.simulations += count
        with nogil:
            status = lt_graph_run(self.graph, first, count, &done)
        self._check(status)

    cdef _check(self, lt_graph_status status):
        """Raise what a status of csrc/search/graph.h means."""
        if status == LT_GRAPH_OK:
            return
        if status == LT_GRAPH_RULES_BROKE:
            raise self.game.rules_broke(self.root.history() + self._broken_path(), " or in a simulation from there")
        if status == LT_GRAPH_TOO_WIDE:
            raise GameError(f"{self.game}: a state has more than 65535 actions, more than a node can hold")
        if status == LT_GRAPH_RESAMPLE:
            raise GameError(f"{self.game}: its `resample` gave a state that the player can tell from "
                            "the one it began with")
        if status == LT_GRAPH_OTHER_ACTIONS:
            raise GameError(f"{self.game}: the legal actions differ between two histories that a player cannot tell "
                            "apart, which RegretMatching does not allow; use UCT or PUCT")
        raise AssertionError(f"status {status}")

    def _broken_path(self):
        """The actions from the root to where the rules broke, as far as they are known."""
        actions = np.empty(lt_max_history(self.table) + 1, np.int32)
        cdef int32_t[::1] view = actions
        return actions[:lt_graph_broken_path(self.graph, &view[0])].tolist()

    # ---- What was found ----

    @property
    def simulations(self):
        """Simulations that went through the root so far."""
        return self.graph.root_visits

    @property
    def nodes(self):
        """Nodes in the graph now."""
        return self.graph.num_nodes

    @property
    def recycled_nodes(self):
        """Nodes that a full arena gave back so far."""
        return self.graph.recycled

    @exclusively
    def result(self, spent=None, stopped_by=""):
        """What the graph says about the root's actions now."""
        return self._result(self.root, self.graph.root, spent, stopped_by)

    @exclusively
    def result_at(self, state):
        """What the graph says about the actions at any other state: without visits where it has not been there."""
        if state.get_game() != self.game:
            raise ParameterError(f"this search plays {self.game}, got a state of {state.get_game()}")
        cdef const uint8_t[::1] buffer = state.buffer
        node = lt_graph_find(self.graph, &buffer[0])
        self.game.raise_failure()
        return self._result(state, node, None, "")

    def _result(self, state, node, spent, stopped_by):
        actions, visits, values, strategy, _ = self._edges(node)
        if len(actions) == 0:
            actions = np.array(state.legal_actions(), np.int32)
            n = len(actions)
            visits, values, strategy = np.zeros(n, np.uint32), np.full(n, np.nan), np.full(n, 1 / max(1, n))
        order = np.argsort(actions)
        n = len(order)
        strategy, visited = strategy[order], visits.any()
        mixed = type(self.rule) is RegretMatching
        chosen = np.lexsort((np.nan_to_num(values[order], nan=-np.inf), visits[order], strategy))[-1] if mixed and n else None
        return SearchResult(
            actions=actions[order], visits=visits[order].astype(np.int64), values=values[order],
            priors=np.full(n, 1 / max(1, n)), proven=np.zeros(n, np.bool_),
            utilities=(self.table.min_utility, self.table.max_utility), player=state.current_player(),
            principal_variation=self._line(node),
            spent=Spent() if spent is None else spent, nodes=self.graph.num_nodes, stopped_by=stopped_by,
            strategy=strategy if mixed or not visited else None, chosen=chosen, recycled=self.graph.recycled)

    def _edges(self, uint32_t node):
        cdef Py_ssize_t n = lt_graph_num_edges(self.graph, node)
        actions, visits, children = np.empty(n, np.int32), np.empty(n, np.uint32), np.empty(n, np.uint32)
        values, strategy = np.empty(n), np.empty(n)
        cdef int32_t[::1] a = actions
        cdef uint32_t[::1] v = visits, c = children
        cdef double[::1] w = values, s = strategy
        if n:
            lt_graph_edges(self.graph, node, &a[0], &v[0], &w[0], &s[0], &c[0])
        return actions, visits, values, strategy, children

    def _line(self, node):
        """The most visited line from a node, as far as the acting player can foresee it."""
        line = []
        while True:
            actions, visits, values, strategy, children = self._edges(node)
            if not visits.any():
                return line
            best = np.lexsort((np.nan_to_num(values, nan=-np.inf), visits, strategy))[-1]
            line.append(int(actions[best]))
            node = children[best]


cdef class GraphSearch(_KeyedSearch):
    """Monte Carlo graph search: a tree search in which all ways to a position share its node.

    Every edge counts its own visits, and a node's value is the mean of its own evaluations and of its children's
    values, each weighed by the edge's visits: what is learned on one way to a position counts on all others at
    once, and no simulation counts twice. Without transpositions it is `MCTS`, visit for visit.

    game: of perfect information, with chance or without, any number of players. Positions are one where the game's
    `hash` (or, without one, its whole state) is the same.
    rule: `UCT(c)` or `PUCT(c)`. seed: the same seed gives the same visits.
    memory_bytes: the arena never grows beyond it; a full graph gives back its least visited part and goes on.

    Raises `GameError` for a game of imperfect information, `ParameterError`, `MemoryError`.
    Czech, Korus and Kersting, "Improving AlphaZero using Monte-Carlo graph search", ICAPS 2021; Wu, "Monte-Carlo graph
    search from first principles", KataGo's documentation, 2023.
    """

    def __init__(self, game, rule=None, *, seed=0, memory_bytes=1 << 30):
        if not game.perfect_information:
            raise GameError(f"GraphSearch needs a game in which everybody sees everything, and {game} is not one; "
                            "search it with ISMCTS, or solve it with CFR")
        kinds = {UCT: LT_GRAPH_UCT, PUCT: LT_GRAPH_PUCT}
        self._begin(game, UCT() if rule is None else rule, kinds, False, seed, memory_bytes)


cdef class ISMCTS(_KeyedSearch):
    """Information set Monte Carlo tree search, for hidden information and for simultaneous moves.

    Every simulation starts at a state dealt anew, one that the acting player cannot tell from the root
    (the game's `resample`), and every player's nodes are that player's information states. Where players choose at the
    same time this is decoupled search: nobody's node knows the others' choice.

    rule: `UCT(c)` or `PUCT(c)`, counting how often an action was available; the policy is the shares of visits. Or
    `RegretMatching(c)`, whose average strategy approaches an equilibrium; the policy is that, mixed, strategy.
    game: any. seed: the same seed gives the same visits. memory_bytes: the arena never grows beyond it; a
    full graph gives back its least visited part and goes on.

    A search at the start of a game (no action yet, chance may act first) needs no `resample`. Later, the others are
    taken to know what they know in states dealt for the acting player: from its hand on, they adapt to it. See
    docs/graph_search.md.

    Raises `GameError` for a root with hidden information in a game without `resample`; `ParameterError`, `MemoryError`.
    Cowling, Powley and Whitehouse, "Information set Monte Carlo tree search", IEEE T-CIAIG 4(2), 2012 (the version
    with multiple observers).
    """

    def __init__(self, game, rule=None, *, seed=0, memory_bytes=1 << 30):
        kinds = {UCT: LT_GRAPH_UCT, PUCT: LT_GRAPH_PUCT, RegretMatching: LT_GRAPH_REGRET}
        self._begin(game, UCT() if rule is None else rule, kinds, True, seed, memory_bytes)

    def _check_root(self, state):
        _KeyedSearch._check_root(self, state)
        if state.is_chance_node() and state != self.game.new_initial_state():
            raise ParameterError("expected a state in which a player acts, or the start of a game, "
                                 f"got one in which chance acts: {state.history()}")
        if self._hides(state) and self.table.resample == NULL:
            raise GameError(f"{self.game} has no `resample`, so ISMCTS cannot deal anew what player "
                            f"{state.current_player()} does not see; search from the start of the game, "
                            "or use a game that has it")
