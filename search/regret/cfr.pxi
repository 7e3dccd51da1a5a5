# `Regrets`: regrets and strategies over the sequences of a `GameTree`, updated by csrc/regret/cfr.c. regret/cfr.py builds
# `CFR` on it.

cdef class Regrets:
    """The arrays `[S]` of counterfactual regret minimisation on a tree, and their update.

    mirror_descent: whether "regret" holds the logarithms of the strategy instead of cumulative regrets. workers: the
    number of threads that call `run` at the same time.
    """

    cdef lt_cfr *data
    cdef readonly GameTree tree

    def __init__(self, GameTree tree, bint mirror_descent, bint alternating, uint32_t workers):
        if self.data != NULL:
            raise TypeError("__init__ of Regrets must not be called again")
        self.tree = tree
        self.data = lt_cfr_new(tree.data, LT_MIRROR_DESCENT if mirror_descent else LT_REGRET_MATCHING, alternating, workers)
        if self.data == NULL:
            raise MemoryError(f"no memory for the regrets of {tree.game}")

    def __dealloc__(self):
        lt_cfr_free(self.data)

    def __reduce__(self):
        raise not_picklable(self, "use the checkpoint of the solver")

    @staticmethod
    def bytes_of(GameTree tree):
        """The number of bytes that the arrays of a tree need."""
        return lt_cfr_bytes(tree.data)

    @property
    def iterations(self):
        """The number of complete iterations so far."""
        return self.data.iterations

    @property
    def under_way(self):
        """Whether an iteration was interrupted and continues with the next `run`."""
        return bool(self.data.under_way)

    def prepare(self):
        """Prepare a block of iterations. All workers call `run` next."""
        lt_cfr_reset_barrier(self.data)

    def run(self, const double[:, ::1] rows, uint32_t worker, watch):
        """Run one worker's part of the iterations with the weights `rows` `[n, 4]`. Returns early if `watch` stops it."""
        cdef uint64_t count = rows.shape[0]
        cdef lt_watch *stop = NULL if watch is None else <lt_watch *><uintptr_t>watch.address
        with nogil:
            lt_cfr_run(self.data, <const lt_cfr_step *>&rows[0, 0], count, worker, stop)

    def call_off(self):
        """Release the workers that wait for a worker that failed before it started."""
        lt_cfr_cancel(self.data)

    def restored(self, uint64_t iterations):
        """Continue from arrays that a checkpoint has replaced."""
        self.data.iterations = iterations
        lt_cfr_restored(self.data)

    def array(self, name):
        """The array "regret", "strategy" or "average", `[S]`; not a copy."""
        cdef double *start = (self.data.regret if name == "regret" else
                              self.data.strategy if name == "strategy" else self.data.average)
        return np.asarray(<double[:self.tree.data.num_sequences]>start)

    def average_strategy(self):
        """The average strategy, `[S]`."""
        strategy = np.empty(self.tree.data.num_sequences)
        cdef double[::1] view = strategy
        lt_cfr_average(self.data, &view[0])
        return strategy
