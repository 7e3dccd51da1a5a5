"""Monte Carlo tree search over any game of perfect information: `MCTS`.

The tree and its loops are C (csrc/tree.c). This file gives them budgets, threads, Ctrl-C and arrays.
"""

import operator
import time
from concurrent.futures import ThreadPoolExecutor, wait

import numpy as np

from cpython.pycapsule cimport PyCapsule_GetPointer
from libc.math cimport isfinite
from libc.stdint cimport int32_t, uint8_t, uint32_t, uint64_t
from libc.string cimport memcpy

from game cimport *
from tree cimport *

from longthink.errors import GameError, LongthinkError, MemoryLimitError, ParameterError
from longthink.search.budget import Spent
from longthink.search.result import SearchResult, TreeNode, best_index
from longthink.search.rules import UCT, Knowledge, Rule

_RULE_KINDS = {"uct": LT_UCT, "puct": LT_PUCT, "rave": LT_RAVE, "grave": LT_GRAVE, "ucb1_tuned": LT_UCB1_TUNED,
               "thompson": LT_THOMPSON, "gumbel": LT_GUMBEL}
_MAX_SIMULATIONS = 2**30 - 1
_CHUNK_SECONDS = 0.02


cdef class _Tree:
    """A tree of csrc/tree.h."""
    cdef lt_tree *data

    def __dealloc__(self):
        lt_tree_free(self.data)


cdef class _Worker:
    """One thread's scratch space."""
    cdef lt_worker *data

    def __cinit__(self, _Tree tree):
        self.data = lt_worker_new(tree.data)
        if self.data == NULL:
            raise MemoryError("no memory for a search thread")

    def __dealloc__(self):
        lt_worker_free(self.data)


cdef class Leaves:
    """The leaves that `MCTS.ask` handed out; each waits until `MCTS.tell` gets its ticket with a value.

    tickets: `[B]`. states: their `State`s, made when first looked at; so are `actions`, the legal actions of
    each leaf in the order in which `tell` takes its priors. buffers: `[B, state_bytes]`, the states' bytes.
    """

    cdef readonly object tickets, buffers
    cdef object game, paths, made_states, made_actions

    def __init__(self, game, tickets, buffers, paths):
        self.game, self.tickets, self.buffers, self.paths = game, tickets, buffers, paths

    def __len__(self):
        return len(self.tickets)

    @property
    def states(self):
        if self.made_states is None:
            self.made_states = [self.game.state_from_buffer(buffer, path)
                                for buffer, path in zip(self.buffers, self.paths())]
        return self.made_states

    @property
    def actions(self):
        if self.made_actions is None:
            self.made_actions = [np.array(state.legal_actions(), np.int32) for state in self.states]
        return self.made_actions


cdef class LeafArrays:
    """Leaves in arrays of their own, for loops that ask and tell a million times a second. Made by `MCTS.leaf_arrays`.

        leaves = search.leaf_arrays(64, priors=True)
        n = leaves.ask()  # fills states[:n]
        leaves.values[:n], leaves.priors[:n] = network(leaves.states[:n])
        leaves.tell()  # tells all n

    states: `[B, state_bytes]`, the bytes of the leaves' states. values: `[B, P]`, every player's, in utilities.
    priors: `[B, num_distinct_actions]` over all actions, of which the legal ones are taken, or None. count: leaves asked for.
    """

    cdef readonly object states, values, priors
    cdef readonly uint32_t count
    cdef MCTS search
    cdef uint64_t[::1] tickets
    cdef uint8_t[:, ::1] state_view
    cdef double[:, ::1] value_view, prior_view

    def __init__(self, search, batch, priors):
        if operator.index(batch) < 1:
            raise ParameterError(f"leaf_arrays expects a batch of at least 1, got {batch}")
        self.search = search
        self.tickets = np.zeros(batch, np.uint64)
        self.state_view = self.states = np.zeros((batch, self.search.table.state_bytes), np.uint8)
        self.value_view = self.values = np.zeros((batch, self.search.table.num_players))
        if priors:
            self.prior_view = self.priors = np.zeros((batch, self.search.table.num_distinct_actions))

    def ask(self):
        """Ask for up to `B` leaves, and give how many came; those of the call before must be told or forgotten first."""
        if self.count:
            raise LongthinkError(f"{self.count} leaves wait for a value; tell or forget them first")
        self.search._begin_asking()
        cdef uint32_t wanted = <uint32_t>self.tickets.shape[0], i
        cdef uint64_t made = 0
        cdef lt_tree *tree = self.search.tree_data
        cdef lt_status status
        with nogil:
            status = lt_tree_ask(tree, wanted, 2 * wanted + 32, &self.tickets[0], &self.count, &made)
            for i in range(self.count):
                memcpy(&self.state_view[i, 0], lt_tree_pending_state(tree, self.tickets[i]), self.state_view.shape[1])
        if status != LT_OK:
            self.search._check(status)
        return self.count

    def tell(self):
        """Tell all leaves that were asked for, from `values` and `priors`. Raises as `MCTS.tell`."""
        cdef uint32_t i
        cdef Py_ssize_t p
        cdef lt_status status
        cdef bint with_priors = self.priors is not None
        while self.count:
            i = self.count - 1
            for p in range(self.value_view.shape[1]):
                if not isfinite(self.value_view[i, p]):
                    raise ParameterError(f"values expects finite numbers, got {self.values[i].tolist()}")
            if not with_priors:
                status = lt_tree_tell(self.search.tree_data, self.tickets[i], &self.value_view[i, 0], NULL, 0)
            else:
                status = self.search._tell_with_priors(self.tickets[i], &self.value_view[i, 0], self.prior_view[i])
            if status != LT_OK:
                self.search._check(status)
            self.count = i

    def forget(self):
        """Take back all leaves that were asked for."""
        while self.count:
            self.search._check(lt_tree_forget(self.search.tree_data, self.tickets[self.count - 1]))
            self.count -= 1


cdef class MCTS:
    """Monte Carlo tree search: grows a tree of simulations from a state and says which action looks best.

    Two ways to drive it. `run` plays each simulation to the end with random moves, all in C. `ask` hands out
    leaves for you to value with anything, `tell` takes the values, in any order.

    game: of perfect information, with chance or without, any number of players.
    rule: `UCT`, `UCB1Tuned`, `Thompson`, `PUCT`, `RAVE`, `GRAVE` or `Gumbel`, with its parameters.
    knowledge: True, or a `Knowledge` with weights, uses what the game knows besides its rules: informed playouts, and
    prior values of actions.
    solve: prove values on the way, in games of one player and of two with opposite interests: an action that is
    proven to lose is not looked at again, and a proven root ends the search. `result.proven` says what is.
    seed: the same seed, and the same calls of `run`, give the same visits with one thread. (A game that plays many playouts at
    once has several simulations in flight together, and a call waits for all of its own.)
    threads: that `run` uses. parallel: "shared", all work on one tree, and the order of events decides, so that results
    vary a little; or "root", there are `trees` trees of their own that share out the simulations, and the memory; results are
    merged, and are the same at any number of threads.
    memory_bytes: the arena never grows beyond it; a full tree gives back its least visited part and goes on.

    Raises `GameError` for a game of imperfect information, `ParameterError`, `MemoryError`.
    Kocsis and Szepesvari, ECML 2006; Browne et al., "A survey of MCTS methods", 2012; proofs: Winands, Bjornsson and
    Saito, "Monte-Carlo tree search solver", 2008; parallel: Chaslot, Winands and van den Herik, 2008.
    """

    cdef lt_tree *tree_data  # of the first tree
    cdef const lt_game *table
    cdef readonly object game, rule, knowledge, seed, memory_bytes, parallel
    cdef readonly int threads
    cdef readonly bint solve
    cdef bint plans
    cdef object forest, root, pool, workers
    cdef uint64_t[::1] ticket_room
    cdef int32_t[::1] action_room
    cdef double[::1] prior_room

    def __init__(self, game, rule=None, *, knowledge=False, solve=True, seed=0, threads=1, parallel="shared", trees=None,
                 memory_bytes=1 << 30):
        rule = UCT() if rule is None else rule
        if not isinstance(rule, Rule):
            raise ParameterError(f"rule expects a rule like UCT(...) or PUCT(...), got {rule!r}")
        if not (isinstance(knowledge, (bool, Knowledge))):
            raise ParameterError(f"knowledge expects True, False or Knowledge(...), got {knowledge!r}")
        knowledge = Knowledge() if knowledge is True else knowledge or None
        if not 1 <= operator.index(threads) <= 1024:
            raise ParameterError(f"threads expects 1..1024, got {threads}")
        if parallel not in ("shared", "root"):
            raise ParameterError(f'parallel expects "shared" or "root", got {parallel!r}')
        trees = (8 if parallel == "root" else 1) if trees is None else operator.index(trees)
        if not 1 <= trees <= 1024 or (trees > 1 and parallel == "shared"):
            raise ParameterError(f'trees expects 1..1024, and goes with parallel="root"; got trees={trees}, parallel={parallel!r}')
        if not 0 <= operator.index(seed) < 2**63:
            raise ParameterError(f"seed expects a number in 0..2^63-1, got {seed}")
        if not game.perfect_information:
            raise GameError(f"MCTS needs a game in which everybody sees everything, and {game} is not one; "
                            "solve it with CFR instead")
        self.game, self.rule, self.knowledge, self.seed, self.threads = game, rule, knowledge, seed, threads
        self.parallel, self.solve, self.plans = parallel, bool(solve), rule.kind == "gumbel"
        self.memory_bytes = operator.index(memory_bytes)
        self.table = <const lt_game *>PyCapsule_GetPointer(game.capsule, "longthink.lt_game")
        if threads > 1 and self.table.failed != NULL:
            raise ParameterError(f"{game} has rules in Python, which one thread runs at a time; use threads=1")
        if threads > 1 and rule.kind == "gumbel" and parallel == "shared":
            raise ParameterError('Gumbel plans its simulations one by one; use threads=1 or parallel="root"')
        cdef lt_rule c_rule = self._c_rule()
        cdef lt_options options = self._options()
        smallest = trees * int(lt_tree_bytes_per_node(self.table, &c_rule, &options)) * (
            4 * max(64, lt_max_actions(self.table)) + 64)
        if self.memory_bytes < smallest:
            raise ParameterError(f"memory_bytes expects at least {smallest} for {game}, got {memory_bytes}")
        self.forest = []
        cdef _Tree tree
        cdef uint64_t tree_seed
        for i in range(trees):
            tree = _Tree()
            tree_seed = (seed + i * 0x9E3779B97F4A7C15) % 2**64
            tree.data = lt_tree_new(self.table, c_rule, options, tree_seed, self.memory_bytes // trees)
            if tree.data == NULL:
                raise MemoryError(f"no memory for a tree of {memory_bytes} bytes; give a smaller memory_bytes")
            self.forest.append(tree)
        self.tree_data = (<_Tree>self.forest[0]).data
        self.ticket_room = np.zeros(64, np.uint64)
        self.action_room = np.zeros(lt_max_actions(self.table) + 1, np.int32)
        self.prior_room = np.zeros(lt_max_actions(self.table) + 1)
        self.set_root(game.new_initial_state())

    cdef lt_rule _c_rule(self) except *:
        """The rule as csrc/tree.h has it. A parameter that a rule does not have, or that is None, is 0 there."""
        def get(name):
            return getattr(self.rule, name, None) or 0

        cdef lt_rule rule
        rule.kind = <lt_rule_kind><int>_RULE_KINDS[self.rule.kind]
        rule.c, rule.virtual_loss, rule.unobserved = get("c"), get("virtual_loss"), bool(get("unobserved"))
        rule.bias, rule.equivalence, rule.decay, rule.ref = get("bias"), get("equivalence"), get("decay"), get("ref")
        rule.base, rule.fpu_value, rule.fpu_reduction = get("base"), get("fpu"), get("fpu_reduction")
        rule.fpu = LT_FPU_SIBLINGS if getattr(self.rule, "fpu", None) is None else LT_FPU_VALUE
        rule.noise, rule.alpha = get("noise"), get("alpha")
        rule.considered, rule.visit, rule.scale = get("considered"), get("visit"), get("scale")
        rule.widen_k = rule.widen_alpha = 0
        if self.rule.widening is not None:
            rule.widen_k, rule.widen_alpha = self.rule.widening.k, self.rule.widening.alpha
        return rule

    cdef lt_options _options(self) except *:
        cdef lt_options used
        used.priors = used.amaf = used.informed = 0
        used.solve = self.solve
        if self.knowledge is None:
            return used
        if self.table.informed_playout == NULL and self.table.priors == NULL:
            raise ParameterError(f"{self.game} knows nothing besides its rules (it has neither `priors` nor "
                                 "`informed_playout` of csrc/game.h); leave out knowledge")
        used.priors, used.amaf = self.knowledge.priors, self.knowledge.amaf
        used.informed = self.knowledge.playouts and self.table.informed_playout != NULL
        return used

    # ---- The root ----

    def set_root(self, state):
        """Search from `state`: what is known stays if it is the root already, else the tree starts afresh."""
        if state.get_game() != self.game:
            raise ParameterError(f"this search plays {self.game}, got a state of {state.get_game()}")
        if self.root is not None and state == self.root and state.history() == self.root.history():
            return
        cdef const uint8_t[::1] buffer = state.buffer
        for tree in self.forest:
            lt_tree_reset((<_Tree>tree).data, &buffer[0])
        self.root = state.clone()

    def advance(self, action):
        """Act at the root: the child's subtree is kept, the rest is given back. Raises `IllegalActionError`.

        Leaves that were asked for must be told or forgotten first.
        """
        if self.tree_data.pending_count:
            raise LongthinkError(f"{self.tree_data.pending_count} leaves wait for a value; tell or forget them first")
        state = self.root.child(action)
        cdef const uint8_t[::1] buffer = state.buffer
        cdef int32_t wanted = operator.index(action)
        for tree in self.forest:
            if not lt_tree_advance((<_Tree>tree).data, wanted, &buffer[0]):
                lt_tree_reset((<_Tree>tree).data, &buffer[0])
        self.root = state

    @property
    def root_state(self):
        return self.root.clone()

    # ---- Run ----

    def run(self, state, budget, *, progress=None, early_stop=False):
        """Search from `state` until `budget` (simulations, nodes, seconds) is spent, and say what was found.

        Goes on from what the tree knows where `state` is its root. Ctrl-C stops the search and gives its best
        so far, with `result.interrupted` true. progress: called now and then with the `Spent` so far. early_stop: stop
        when what is left of the budget cannot make another action the most visited (seconds: at the speed so far).

        Raises `ParameterError` for a terminal state or a budget of other things, `GameError` where rules break.
        """
        budget.check_for_search("MCTS.run")
        if self.rule.kind == "gumbel" and budget.simulations is None:
            raise ParameterError("Gumbel plans its simulations; give Budget(simulations=...)")
        if state.is_terminal():
            raise ParameterError(f"expected a state in which somebody acts, got the end of a game: {state.history()}")
        self.set_root(state)
        started = time.perf_counter()
        spent = Spent()
        stopped_by = None
        total = _MAX_SIMULATIONS if budget.simulations is None else budget.simulations
        trees = len(self.forest)
        left = [total // trees + (i < total % trees) for i in range(trees)]
        most_nodes = max(1, min((2**32 if budget.nodes is None else budget.nodes) // trees, 2**32 - 1))
        if self.rule.kind == "gumbel":
            for tree, share in zip(self.forest, left):
                lt_tree_plan((<_Tree>tree).data, max(1, share))
        chunk, step = 64, max(64, total // (64 * trees))
        look = step  # whether the search is decided is asked at fixed counts, so that the same seed stops at the same
        try:
            while stopped_by is None:
                before = time.perf_counter()
                wanted = min(chunk, look - spent.simulations // trees) if early_stop else chunk
                made = self._run_chunk(max(1, wanted), left, most_nodes)
                left = [a - b for a, b in zip(left, made)]
                spent.simulations += sum(made)
                now = time.perf_counter()
                spent.nodes, spent.seconds = self.nodes, now - started
                if now - before < _CHUNK_SECONDS / 2:
                    chunk *= 2
                elif now - before > 2 * _CHUNK_SECONDS and chunk > 1:
                    chunk //= 2
                if progress is not None:
                    progress(spent)
                stopped_by = self._over(budget, spent, most_nodes, left)
                if stopped_by is None and early_stop and (budget.simulations is None or spent.simulations // trees >= look):
                    look += step
                    if self._decided(budget, spent):
                        stopped_by = "decided"
        except KeyboardInterrupt:
            stopped_by = "interrupted"
            spent.seconds = time.perf_counter() - started
        return self.result(spent, stopped_by)

    def _over(self, budget, spent, most_nodes, left):
        """Why there is nothing more to do, or None. A tree that is proven waits for the others of a forest."""
        over = all(lt_tree_proven((<_Tree>tree).data) or share == 0 or lt_tree_size((<_Tree>tree).data) >= most_nodes
                   for tree, share in zip(self.forest, left))
        limit = budget.reached(spent)
        if over:
            return "proven" if self.proven else limit or "nodes"
        return None if limit == "nodes" else limit

    def _decided(self, budget, spent):
        visits, lost = self._root_visits()
        left = [float("inf")]
        if budget.simulations is not None:
            left.append(budget.simulations - spent.simulations)
        if budget.seconds is not None:
            left.append((budget.seconds - spent.seconds) * spent.simulations / max(spent.seconds, 1e-9))
        visits = np.sort(visits[~lost])
        return len(visits) > 1 and visits[-1] - visits[-2] > min(left)

    def _root_visits(self):
        _, visits, values, _, proven = self._merged()
        return visits, proven & (values <= self.table.min_utility)

    def _run_chunk(self, count, left, most_nodes):
        """Run `count` simulations or a few more on each tree, at most what it has `left`. Gives how many were made on each."""
        if len(self.forest) > 1:
            work = [(tree, min(count, share), share, most_nodes) for tree, share in zip(self.forest, left)]
            if self.threads == 1:
                return [self._run_tree(*each) for each in work]
            return self._together([self._pool().submit(self._run_tree, *each) for each in work])
        (tree,), (share,) = self.forest, left
        if self.threads == 1:
            return [self._run_tree(tree, min(count, share), share, most_nodes)]
        if lt_tree_num_children(self.tree_data, 0) == 0:  # threads begin at a root that has children
            return [self._run_tree(tree, 1, 1, most_nodes)]
        if self.workers is None:
            self.workers = [_Worker(tree) for _ in range(self.threads)]
        count = self._room_for(tree, min(count, share))
        cuts = [self.tree_data.simulations + count * i // self.threads for i in range(self.threads + 1)]
        self.tree_data.simulations += count
        made = self._together([self._pool().submit(self._run_part, worker, start, end - start, most_nodes)
                               for worker, start, end in zip(self.workers, cuts, cuts[1:])])
        if <int>self.tree_data.full:
            lt_tree_recycle(self.tree_data)
        return [sum(made)]

    def _pool(self):
        if self.pool is None:
            self.pool = ThreadPoolExecutor(self.threads, thread_name_prefix="longthink-search")
        return self.pool

    def _together(self, parts):
        """Wait for all parts, also after Ctrl-C: what was begun is a matter of milliseconds, and it writes to the tree."""
        try:
            wait(parts)
        except KeyboardInterrupt:
            wait(parts)
            raise
        return [part.result() for part in parts]

    def _room_for(self, _Tree tree, count):
        room = _MAX_SIMULATIONS - max(int(tree.data.simulations), int(lt_tree_visits(tree.data, 0)))
        if room < count:
            raise MemoryLimitError(f"a tree counts up to {_MAX_SIMULATIONS} simulations; start another with set_root")
        return count

    def _run_tree(self, _Tree tree, uint64_t count, uint64_t limit, uint32_t most_nodes):
        """Simulations on one tree, by this thread alone."""
        cdef uint64_t done = 0
        cdef lt_status status
        if limit == 0:
            return 0
        limit = min(limit, max(count, _MAX_SIMULATIONS - tree.data.simulations))
        self._room_for(tree, count)
        with nogil:
            status = lt_tree_run(tree.data, NULL, tree.data.simulations, count, limit, most_nodes, 0, &done)
        tree.data.simulations += done
        self._check(status)
        return done

    def _run_part(self, _Worker worker, uint64_t first, uint64_t count, uint32_t most_nodes):
        """Simulations on the tree that threads share."""
        cdef uint64_t done = 0
        cdef lt_status status
        with nogil:
            status = lt_tree_run(self.tree_data, worker.data, first, count, count, most_nodes, 1, &done)
        self._check(status)
        return done

    # ---- Ask and tell ----

    def ask(self, batch=1, *, attempts=None):
        """Up to `batch` `Leaves` that wait for a value, each chosen as if those before had lost a visit.

        Leaves at the end of a game are valued on the way and not handed out. Fewer than `batch` come, perhaps
        none, where the selection returns to a leaf that is asked for already, or where all it reaches is over.
        attempts: simulations to make at most, by default 2 `batch` + 32.
        """
        cdef uint32_t wanted = operator.index(batch), count = 0
        cdef uint32_t limit = 2 * wanted + 32 if attempts is None else operator.index(attempts)
        cdef uint64_t made = 0
        cdef lt_status status
        if wanted < 1 or limit < 1:
            raise ParameterError(f"ask expects batch and attempts of at least 1, got {batch} and {attempts}")
        self._begin_asking()
        if self.ticket_room.shape[0] < wanted:
            self.ticket_room = np.zeros(wanted, np.uint64)
        with nogil:
            status = lt_tree_ask(self.tree_data, wanted, limit, &self.ticket_room[0], &count, &made)
        self._check(status)
        cdef Py_ssize_t size = self.table.state_bytes, i
        tickets = np.empty(count, np.uint64)
        buffers = np.empty((count, size), np.uint8)
        cdef uint64_t[::1] t = tickets
        cdef uint8_t[:, ::1] b = buffers
        for i in range(count):
            t[i] = self.ticket_room[i]
            memcpy(&b[i, 0], lt_tree_pending_state(self.tree_data, t[i]), size)
        return Leaves(self.game, tickets, buffers, lambda: [self._path(ticket) for ticket in tickets])

    cdef _begin_asking(self):
        if len(<list>self.forest) > 1:
            raise ParameterError('ask works on one tree; leave out parallel="root"')
        if self.plans and self.tree_data.plan.simulations == 0:
            if self.rule.simulations is None:
                raise ParameterError("Gumbel plans its simulations; give Gumbel(simulations=...) for ask and tell")
            lt_tree_plan(self.tree_data, self.rule.simulations)

    def leaf_arrays(self, batch=1, *, priors=False):
        """Arrays through which leaves are asked for and told with the least to do: see `LeafArrays`."""
        return LeafArrays(self, batch, priors)

    def _path(self, uint64_t ticket):
        """The history of the state behind a ticket."""
        actions = np.empty(lt_max_history(self.table) + 1, np.int32)
        cdef int32_t[::1] view = actions
        depth = lt_tree_pending_path(self.tree_data, ticket, &view[0])
        return self.root.history() + actions[:depth].tolist()

    def tell(self, tickets, values, priors=None):
        """Value leaves that `ask` handed out, in any order and any grouping, and expand them.

        tickets: `[B]`. values: `[B, P]`, each player's in utilities; or `[B]` in a game of one player, or for
        the player who acts at the leaf in a zero-sum game of two. priors: for each leaf the probabilities of its legal
        actions, ascending, as a list of `B` arrays; or `[B, num_distinct_actions]` over all actions, of which
        the legal ones are taken; or None for equal ones. Priors are scaled to sum to 1.

        Raises `ParameterError` for an unknown ticket or one told before, a wrong shape, or a value or prior that
        is not finite; the tickets before it are told, it and those after it still wait.
        """
        cdef uint64_t[::1] t = np.ascontiguousarray(tickets, np.uint64).reshape(-1)
        cdef Py_ssize_t count = t.shape[0], i, p, players = self.table.num_players
        given = np.ascontiguousarray(values, np.float64)
        if given.shape == (count,) and players <= 2:
            given = self._both_players(t, given)
        if given.shape != (count, players):
            raise ParameterError(f"values expects the shape [{count}, {players}] (leaves, players), got {list(given.shape)}")
        if priors is not None and len(priors) != count:
            raise ParameterError(f"priors expects one row for each of {count} leaves, got {len(priors)}")
        if not np.isfinite(given).all():
            raise ParameterError(f"values expects finite numbers, got {given.tolist()}")
        cdef double[:, ::1] v = given
        cdef double[:, ::1] table = None
        cdef double[::1] row
        cdef lt_status status
        if isinstance(priors, np.ndarray) and priors.ndim == 2:
            table = np.ascontiguousarray(priors, np.float64)
        for i in range(count):
            if priors is None:
                status = lt_tree_tell(self.tree_data, t[i], &v[i, 0], NULL, 0)
            elif table is not None:
                status = self._tell_with_priors(t[i], &v[i, 0], table[i])
            else:
                row = np.ascontiguousarray(priors[i], np.float64).reshape(-1)
                status = self._tell_with_priors(t[i], &v[i, 0], row)
            if status != LT_OK:
                self._check(status)

    cdef _both_players(self, uint64_t[::1] tickets, values):
        """Values `[B]` of the acting player as values `[B, P]` of everybody."""
        if self.table.num_players == 1:
            return values.reshape(-1, 1)
        cdef const uint8_t *state
        cdef double total = self.table.min_utility + self.table.max_utility
        cdef double[:, ::1] out = np.empty((len(values), 2))
        cdef double[::1] own = values
        cdef Py_ssize_t i
        cdef int32_t player
        for i in range(tickets.shape[0]):
            state = lt_tree_pending_state(self.tree_data, tickets[i])
            if state == NULL:
                self._check(LT_UNKNOWN_TICKET)
            player = self.table.current_player(self.table.context, state)
            player = 0 if player < 0 else player
            out[i, player], out[i, 1 - player] = own[i], total - own[i]
        return np.asarray(out)

    cdef lt_status _tell_with_priors(self, uint64_t ticket, const double *values, double[::1] row) except *:
        """Tell one leaf with its priors, over its legal actions or over all, checked and scaled to sum to 1."""
        cdef const uint8_t *state = lt_tree_pending_state(self.tree_data, ticket)
        if state == NULL:
            return LT_UNKNOWN_TICKET
        cdef int32_t n = self.table.legal_actions(self.table.context, state, &self.action_room[0]), i
        cdef Py_ssize_t length = row.shape[0]
        cdef bint over_all = length != n and length == self.table.num_distinct_actions
        cdef bint fits = n > 0 and (length == n or over_all)
        cdef double prior, total = 0
        if fits:
            for i in range(n):
                prior = row[self.action_room[i] if over_all else i]
                if not 0 <= prior <= 1e300:  # false also for NaN
                    fits = False
                    break
                self.prior_room[i] = prior
                total += prior
        if not fits:
            self.game.raise_failure()
            raise ParameterError(f"priors expects {n} finite numbers >= 0 (one a legal action), got {np.asarray(row).tolist()}")
        for i in range(n):
            self.prior_room[i] = self.prior_room[i] / total if total > 0 else 1.0 / n
        return lt_tree_tell(self.tree_data, ticket, values, &self.prior_room[0], <uint32_t>n)

    def forget(self, tickets):
        """Take back leaves that will not be told, as if they had never been asked for."""
        for ticket in np.asarray(tickets, np.uint64).reshape(-1):
            self._check(lt_tree_forget(self.tree_data, ticket))

    @property
    def pending(self):
        """How many leaves wait for a value."""
        return self.tree_data.pending_count

    # ---- What was found ----

    @property
    def simulations(self):
        """Simulations that went through the root so far."""
        return sum(lt_tree_visits((<_Tree>tree).data, 0) for tree in self.forest)

    @property
    def nodes(self):
        """Nodes in the tree now."""
        return sum(lt_tree_size((<_Tree>tree).data) for tree in self.forest)

    @property
    def proven(self):
        """Whether the value of the root is proven: then there is nothing left to search, and `ask` hands out nothing."""
        return any(lt_tree_proven((<_Tree>tree).data) for tree in self.forest)

    @property
    def recycled_nodes(self):
        """Nodes that a full arena gave back so far."""
        return sum((<_Tree>tree).data.recycled for tree in self.forest)

    def result(self, spent=None, stopped_by=""):
        """What the tree says about the root's actions now; several trees are merged."""
        actions, visits, values, priors, proven = self._merged()
        policy, chosen = self._improved(actions)
        result = SearchResult(actions, visits, values, priors, proven, (self.table.min_utility, self.table.max_utility),
                              self.root.current_player(), [], Spent() if spent is None else spent, self.nodes, stopped_by,
                              policy, chosen)
        if len(actions):
            result.principal_variation = [action for action, _ in self.line(result.best_action)] or [result.best_action]
        return result

    def _merged(self):
        """The root's actions, ascending, with their visits, values, priors and proofs from all trees."""
        found = []
        for tree in self.forest:
            ids, actions, visits, values, priors, proven = self._children(tree, 0)
            order = np.argsort(actions)
            if len(actions):
                found.append((actions[order], visits[order].astype(np.int64), values[order], priors[order], proven[order]))
        if len(found) <= 1:
            return found[0] if found else (actions, visits.astype(np.int64), values, priors, proven)
        actions, _, _, priors, _ = found[0]
        visits, proven = sum(each[1] for each in found), np.any([each[4] for each in found], axis=0)
        sums = sum(np.nan_to_num(each[2]) * each[1] for each in found)
        values = np.divide(sums, visits, out=np.full(len(actions), np.nan), where=visits > 0)
        for each in found:
            values[each[4]] = each[2][each[4]]
        return actions, visits, values, priors, proven

    def _improved(self, actions):
        """Gumbel's policy and choice: of several trees, the mean and the choice of most."""
        cdef double[::1] view
        policies, votes = [], []
        for tree in self.forest:
            policy = np.zeros(max(1, len(actions)))
            view = policy
            place = lt_tree_improved((<_Tree>tree).data, &view[0]) if self.rule.kind == "gumbel" and len(actions) else -1
            if place >= 0:
                order = np.argsort(self._children(tree, 0)[1])
                policies.append(policy[order])
                votes.append(int(np.flatnonzero(order == place)[0]))
        if not votes:
            return None, None
        return np.mean(policies, axis=0), int(np.bincount(votes).argmax())

    def tree(self, *, max_nodes=1000, min_visits=1):
        """The most visited part of the tree as a `TreeNode`: up to `max_nodes` with at least `min_visits`; of several trees,
        of the first."""
        root = TreeNode(None, 1.0, int(lt_tree_visits(self.tree_data, 0)), float("nan"))
        count, level = 1, [(root, 0)]
        while level and count < max_nodes:
            found = []
            for node, node_id in level:
                ids, actions, visits, values, priors, proven = self._children(self.forest[0], node_id)
                for i in np.lexsort((actions, -visits.astype(np.int64))):
                    if visits[i] >= min_visits:
                        found.append((node, TreeNode(int(actions[i]), float(priors[i]), int(visits[i]), float(values[i]),
                                                     bool(proven[i])), int(ids[i])))
            found.sort(key=lambda item: -item[1].visits)
            level = []
            for parent, child, child_id in found[:max_nodes - count]:
                parent.children.append(child)
                level.append((child, child_id))
            count += len(level)
        return root

    def _children(self, _Tree tree, uint32_t node):
        cdef Py_ssize_t n = lt_tree_num_children(tree.data, node)
        ids, actions = np.empty(n, np.uint32), np.empty(n, np.int32)
        visits, values, priors = np.empty(n, np.uint32), np.empty(n), np.empty(n)
        cdef uint32_t[::1] i = ids, v = visits
        cdef int32_t[::1] a = actions
        cdef double[::1] w = values, p = priors
        proven = np.zeros(n, np.bool_)
        cdef uint8_t[::1] s = proven.view(np.uint8)
        if n:
            lt_tree_children(tree.data, node, &i[0], &a[0], &v[0], &w[0], &p[0], &s[0])
        return ids, actions, visits, values, priors, proven

    def line(self, *actions):
        """The most visited line that begins with `actions`: pairs of an action and its visits. Ends before an action that
        was never tried. With several trees, in the one that looked most at the first of them."""
        def visits_of(tree):
            _, found, visits, _, _, _ = self._children(tree, 0)
            return visits[found == actions[0]].sum()

        tree = max(self.forest, key=visits_of) if actions else self.forest[0]
        line, node = [], 0
        while True:
            ids, found, visits, values, _, proven = self._children(tree, node)
            if len(line) < len(actions):
                best = np.flatnonzero(found == actions[len(line)])
                best = best[0] if len(best) else None
            elif visits.any() or proven.any():
                best = best_index(visits, values, proven, self.table.min_utility, self.table.max_utility)
            else:
                best = None
            if best is None or not (visits[best] or proven[best]):
                return line
            line.append((int(found[best]), int(visits[best])))
            node = int(ids[best])

    cdef _check(self, lt_status status):
        """Raise what a status of csrc/tree.h means."""
        if status == LT_OK:
            return
        self.game.raise_failure()
        if status == LT_NO_MEMORY:
            raise MemoryError("no memory for the leaves asked for")
        if status == LT_TOO_WIDE:
            raise GameError(f"{self.game}: a state has more than 65535 actions, more than a node can hold")
        if status == LT_UNKNOWN_TICKET:
            raise ParameterError("expected a ticket that ask handed out and that was not told or forgotten since")
        raise GameError(f"{self.game}: its rules broke during the search (a state that is not over has no legal action, "
                        "an action that is listed as legal is refused, or priors do not fit the legal actions)")
