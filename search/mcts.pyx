"""Monte Carlo tree search over any game of perfect information: `MCTS`.

The tree and its loops are C (csrc/tree.c). This file gives them budgets, threads, Ctrl-C and arrays.
"""

import operator
import time
from concurrent.futures import ThreadPoolExecutor, wait

import numpy as np

from cpython.pycapsule cimport PyCapsule_GetPointer
from libc.stdint cimport int32_t, uint8_t, uint32_t, uint64_t
from libc.string cimport memcpy

from game cimport *
from tree cimport *

from longthink.errors import GameError, LongthinkError, MemoryLimitError, ParameterError
from longthink.search.budget import Spent
from longthink.search.result import SearchResult, TreeNode, best_index
from longthink.search.rules import UCT, Knowledge, Rule

_RULE_KINDS = {"uct": LT_UCT, "puct": LT_PUCT, "rave": LT_RAVE, "grave": LT_GRAVE}
_MAX_SIMULATIONS = 2**30 - 1
_CHUNK_SECONDS = 0.02


cdef class _Worker:
    """One thread's scratch space."""
    cdef lt_worker *data

    def __cinit__(self, MCTS search):
        self.data = lt_worker_new(search.tree_data)
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


cdef class MCTS:
    """Monte Carlo tree search: grows a tree of simulations from a state and says which action looks best.

    Two ways to drive it. `run` plays each simulation to the end with random moves, all in C. `ask` hands out
    leaves for you to value with anything, `tell` takes the values, in any order.

    game: of perfect information, with chance or without, any number of players.
    rule: `UCT(c)`, `PUCT(c)`, `RAVE()` or `GRAVE(ref=50)`. knowledge: True, or a `Knowledge` with weights, uses what
    the game knows besides its rules: informed playouts, and prior values of actions. seed: the same seed gives the same visits with one thread; with more threads
    that share the tree the order of events decides, and results vary a little. With the same calls of `run`: a game that
    plays many playouts at once has some simulations in flight together, and a call waits for all of its own.
    threads: that `run` uses. memory_bytes: the arena never grows beyond it; a full tree gives back its least
    visited part and goes on.

    solve: prove values on the way, in games of one player and of two with opposite interests: an action that is
    proven to lose is not looked at again, and a proven root ends the search. `result.proven` says what is.

    Raises `GameError` for a game of imperfect information, `ParameterError`, `MemoryError`.
    Kocsis and Szepesvari, ECML 2006; Browne et al., "A survey of MCTS methods", 2012; proofs: Winands, Bjornsson and
    Saito, "Monte-Carlo tree search solver", 2008.
    """

    cdef lt_tree *tree_data
    cdef const lt_game *table
    cdef readonly object game, rule, knowledge
    cdef readonly object seed
    cdef readonly int threads
    cdef readonly bint solve
    cdef readonly object memory_bytes
    cdef object root, pool, workers
    cdef uint64_t[::1] ticket_room
    cdef int32_t[::1] action_room
    cdef double[::1] prior_room

    def __init__(self, game, rule=None, *, knowledge=False, solve=True, seed=0, threads=1, memory_bytes=1 << 30):
        rule = UCT() if rule is None else rule
        if not isinstance(rule, Rule):
            raise ParameterError(f"rule expects a rule like UCT(...) or PUCT(...), got {rule!r}")
        if not (isinstance(knowledge, (bool, Knowledge))):
            raise ParameterError(f"knowledge expects True, False or Knowledge(...), got {knowledge!r}")
        knowledge = Knowledge() if knowledge is True else knowledge or None
        if not 1 <= operator.index(threads) <= 1024:
            raise ParameterError(f"threads expects 1..1024, got {threads}")
        if not 0 <= operator.index(seed) < 2**63:
            raise ParameterError(f"seed expects a number in 0..2^63-1, got {seed}")
        if not game.perfect_information:
            raise GameError(f"MCTS needs a game in which everybody sees everything, and {game} is not one; "
                            "solve it with CFR instead")
        self.game, self.rule, self.knowledge, self.seed, self.threads = game, rule, knowledge, seed, threads
        self.memory_bytes = operator.index(memory_bytes)
        self.table = <const lt_game *>PyCapsule_GetPointer(game.capsule, "longthink.lt_game")
        if threads > 1 and self.table.failed != NULL:
            raise ParameterError(f"{game} has rules in Python, which one thread runs at a time; use threads=1")
        cdef lt_rule c_rule
        c_rule.kind = <lt_rule_kind><int>_RULE_KINDS[rule.kind]
        c_rule.c, c_rule.virtual_loss = rule.c, rule.virtual_loss
        c_rule.bias = getattr(rule, "bias", 0)
        c_rule.equivalence = getattr(rule, "equivalence", None) or 0
        c_rule.ref = getattr(rule, "ref", 0)
        cdef lt_options options = self._options()
        options.solve = self.solve = bool(solve)
        smallest = int(lt_tree_bytes_per_node(self.table, &c_rule, &options)) * (4 * max(64, lt_max_actions(self.table)) + 64)
        if self.memory_bytes < smallest:
            raise ParameterError(f"memory_bytes expects at least {smallest} for {game}, got {memory_bytes}")
        self.tree_data = lt_tree_new(self.table, c_rule, options, seed, self.memory_bytes)
        if self.tree_data == NULL:
            raise MemoryError(f"no memory for a tree of {memory_bytes} bytes; give a smaller memory_bytes")
        self.ticket_room = np.zeros(64, np.uint64)
        self.action_room = np.zeros(lt_max_actions(self.table) + 1, np.int32)
        self.prior_room = np.zeros(lt_max_actions(self.table) + 1)
        self.set_root(game.new_initial_state())

    def __dealloc__(self):
        lt_tree_free(self.tree_data)

    cdef lt_options _options(self) except *:
        cdef lt_options used
        used.priors = used.amaf = 0
        used.informed = used.solve = 0
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
        lt_tree_reset(self.tree_data, &buffer[0])
        self.root = state.clone()

    def advance(self, action):
        """Act at the root: the child's subtree is kept, the rest is given back. Raises `IllegalActionError`.

        Leaves that were asked for must be told or forgotten first.
        """
        if self.tree_data.pending_count:
            raise LongthinkError(f"{self.tree_data.pending_count} leaves wait for a value; tell or forget them first")
        state = self.root.child(action)
        cdef const uint8_t[::1] buffer = state.buffer
        if not lt_tree_advance(self.tree_data, operator.index(action), &buffer[0]):
            lt_tree_reset(self.tree_data, &buffer[0])
        self.root = state

    @property
    def root_state(self):
        return self.root.clone()

    # ---- Run ----

    def run(self, state, budget, *, progress=None):
        """Search from `state` until `budget` (simulations, nodes, seconds) is spent, and say what was found.

        Goes on from what the tree knows where `state` is its root. Ctrl-C stops the search and gives its best
        so far, with `result.interrupted` true. progress: called now and then with the `Spent` so far.

        Raises `ParameterError` for a terminal state or a budget of other things, `GameError` where rules break.
        """
        for name in ("tokens", "calls", "money"):
            if getattr(budget, name) is not None:
                raise ParameterError(f"MCTS.run spends simulations, nodes and seconds, not {name}")
        if budget.simulations is None and budget.nodes is None and budget.seconds is None:
            raise ParameterError("MCTS.run needs a limit: Budget(simulations=...), Budget(nodes=...) or Budget(seconds=...)")
        if state.is_terminal():
            raise ParameterError(f"expected a state in which somebody acts, got the end of a game: {state.history()}")
        self.set_root(state)
        started = time.perf_counter()
        spent = Spent()
        stopped_by = None
        limit = _MAX_SIMULATIONS if budget.simulations is None else budget.simulations
        max_nodes = 2**32 - 1 if budget.nodes is None else min(budget.nodes, 2**32 - 1)
        chunk = 64
        try:
            while stopped_by is None:
                before = time.perf_counter()
                spent.simulations += self._run_chunk(min(chunk, limit - spent.simulations), limit - spent.simulations, max_nodes)
                now = time.perf_counter()
                spent.nodes, spent.seconds = lt_tree_size(self.tree_data), now - started
                if now - before < _CHUNK_SECONDS / 2:
                    chunk *= 2
                elif now - before > 2 * _CHUNK_SECONDS and chunk > 1:
                    chunk //= 2
                if progress is not None:
                    progress(spent)
                stopped_by = "proven" if lt_tree_proven(self.tree_data) else budget.reached(spent)
        except KeyboardInterrupt:
            stopped_by = "interrupted"
            spent.seconds = time.perf_counter() - started
        return self.result(spent, stopped_by)

    def _run_chunk(self, uint64_t count, uint64_t limit, uint32_t max_nodes):
        """Run `count` simulations or a few more, at most `limit`, on one thread or on all. Gives how many were made."""
        cdef uint64_t first = self.tree_data.simulations, done = 0
        cdef lt_status status = LT_OK
        if first + count > _MAX_SIMULATIONS:
            raise MemoryLimitError(f"a tree counts up to {_MAX_SIMULATIONS} simulations; start another with set_root")
        limit = min(limit, _MAX_SIMULATIONS - first)
        if self.threads == 1 or lt_tree_num_children(self.tree_data, 0) == 0:
            limit = limit if self.threads == 1 else 1  # threads begin at a root that has children
            with nogil:
                status = lt_tree_run(self.tree_data, NULL, first, min(count, limit), limit, max_nodes, 0, &done)
            self.tree_data.simulations += done
            self._check(status)
            return done
        self.tree_data.simulations += count
        if self.pool is None:
            self.pool = ThreadPoolExecutor(self.threads, thread_name_prefix="longthink-search")
            self.workers = [_Worker(self) for _ in range(self.threads)]
        cuts = [first + count * i // self.threads for i in range(self.threads + 1)]
        parts = [self.pool.submit(self._run_part, worker, start, end - start, max_nodes)
                 for worker, start, end in zip(self.workers, cuts, cuts[1:])]
        try:
            wait(parts)
        except KeyboardInterrupt:  # what was begun is a matter of milliseconds, and it writes to the tree
            wait(parts)
            raise
        if <int>self.tree_data.full:
            lt_tree_recycle(self.tree_data)
        return sum(part.result() for part in parts)

    def _run_part(self, _Worker worker, uint64_t first, uint64_t count, uint32_t max_nodes):
        cdef uint64_t done = 0
        cdef lt_status status
        with nogil:
            status = lt_tree_run(self.tree_data, worker.data, first, count, count, max_nodes, 1, &done)
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
        return lt_tree_visits(self.tree_data, 0)

    @property
    def nodes(self):
        """Nodes in the tree now."""
        return lt_tree_size(self.tree_data)

    @property
    def proven(self):
        """Whether the value of the root is proven: then there is nothing left to search, and `ask` hands out nothing."""
        return lt_tree_proven(self.tree_data)

    @property
    def recycled_nodes(self):
        """Nodes that a full arena gave back so far."""
        return self.tree_data.recycled

    def result(self, spent=None, stopped_by=""):
        """What the tree says about the root's actions now."""
        ids, actions, visits, values, priors, proven = self._children(0)
        order = np.argsort(actions)
        return SearchResult(actions[order], visits[order].astype(np.int64), values[order], priors[order], proven[order],
                            (self.table.min_utility, self.table.max_utility), self.root.current_player(), self._principal_variation(),
                            Spent() if spent is None else spent, lt_tree_size(self.tree_data), stopped_by)

    def tree(self, *, max_nodes=1000, min_visits=1):
        """The most visited part of the tree as a `TreeNode`: up to `max_nodes` with at least `min_visits`."""
        root = TreeNode(None, 1.0, int(lt_tree_visits(self.tree_data, 0)), float("nan"))
        count, level = 1, [(root, 0)]
        while level and count < max_nodes:
            found = []
            for node, node_id in level:
                ids, actions, visits, values, priors, proven = self._children(node_id)
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

    def _children(self, uint32_t node):
        cdef Py_ssize_t n = lt_tree_num_children(self.tree_data, node)
        ids, actions = np.empty(n, np.uint32), np.empty(n, np.int32)
        visits, values, priors = np.empty(n, np.uint32), np.empty(n), np.empty(n)
        cdef uint32_t[::1] i = ids, v = visits
        cdef int32_t[::1] a = actions
        cdef double[::1] w = values, p = priors
        proven = np.zeros(n, np.bool_)
        cdef uint8_t[::1] s = proven.view(np.uint8)
        if n:
            lt_tree_children(self.tree_data, node, &i[0], &a[0], &v[0], &w[0], &p[0], &s[0])
        return ids, actions, visits, values, priors, proven

    def _principal_variation(self):
        """The most visited line from the root."""
        line, node = [], 0
        while True:
            ids, actions, visits, values, _, proven = self._children(node)
            if not (visits.any() or proven.any()):
                return line
            best = best_index(visits, values, proven, self.table.min_utility, self.table.max_utility)
            line.append(int(actions[best]))
            node = ids[best]

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
