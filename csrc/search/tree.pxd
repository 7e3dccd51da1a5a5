# Declares csrc/search/tree.h to Cython.
from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t, uint64_t

from game cimport lt_game
from status cimport lt_status

cdef extern from "stdatomic.h" nogil:
    ctypedef int atomic_int

cdef extern from "search/tree.h" nogil:
    enum:
        LT_MOST_PENDING
        LT_MOST_TREES
        LT_SLOT_BITS

    ctypedef enum lt_rule_kind:
        LT_UCT
        LT_PUCT
        LT_RAVE
        LT_GRAVE
        LT_UCB1_TUNED
        LT_THOMPSON
        LT_GUMBEL

    ctypedef enum lt_fpu:
        LT_FPU_SIBLINGS
        LT_FPU_VALUE

    ctypedef struct lt_rule:
        lt_rule_kind kind
        double c
        double virtual_loss
        double bias
        double equivalence, decay
        uint32_t ref
        double base
        lt_fpu fpu
        double fpu_value
        double fpu_reduction
        double noise
        double alpha
        double visit
        double scale
        int32_t considered
        uint64_t simulations
        double widen_k
        double widen_alpha
        int unobserved

    ctypedef struct lt_options:
        double priors
        double amaf
        int informed
        int solve

    ctypedef struct lt_worker:
        pass

    ctypedef struct lt_tree:
        lt_worker *worker
        uint8_t *root_state
        uint32_t number
        uint64_t simulations
        uint64_t recycled
        uint32_t limit
        uint32_t pending_count
        atomic_int full

    lt_tree *lt_tree_new(const lt_game *game, lt_rule rule, lt_options options, uint64_t seed, size_t memory_bytes,
                         lt_worker *worker)
    void lt_tree_free(lt_tree *tree)
    size_t lt_tree_bytes_per_node(const lt_game *game, const lt_rule *rule, const lt_options *options)
    lt_worker *lt_worker_new(const lt_tree *tree)
    void lt_worker_free(lt_worker *worker)
    void lt_tree_reset(lt_tree *tree, const void *state)
    int lt_tree_advance(lt_tree *tree, int32_t action, const void *state)
    void lt_tree_recycle(lt_tree *tree)
    uint32_t lt_tree_num_children(const lt_tree *tree, uint32_t node)
    uint32_t lt_tree_children(const lt_tree *tree, uint32_t node, uint32_t *ids, int32_t *actions, uint32_t *visits,
                              double *values, double *priors, uint8_t *proven)
    uint32_t lt_tree_size(const lt_tree *tree)
    uint32_t lt_tree_visits(const lt_tree *tree, uint32_t node)
    bint lt_tree_proven(const lt_tree *tree)
    void lt_tree_plan(lt_tree *tree, uint64_t simulations)
    void lt_tree_prepare(lt_tree *tree)
    uint32_t lt_tree_broken_path(const lt_tree *tree, const lt_worker *worker, int32_t *actions)
    int32_t lt_tree_improved(const lt_tree *tree, double *policy)
    lt_status lt_tree_run(lt_tree *tree, lt_worker *worker, uint64_t first, uint64_t count, uint64_t limit,
                          uint32_t max_nodes, int shared, uint64_t *done)
    const uint8_t *lt_tree_pending_state(const lt_tree *tree, uint64_t ticket)
    int32_t lt_tree_pending_depth(const lt_tree *tree, uint64_t ticket)
    uint32_t lt_tree_pending_path(const lt_tree *tree, uint64_t ticket, int32_t *actions)
    lt_status lt_tree_forget(lt_tree *tree, uint64_t ticket)

cdef extern from "search/roots.h" nogil:
    lt_status lt_roots_ask(lt_tree **trees, uint32_t n, uint32_t batch, uint32_t most, uint32_t *left, uint64_t *tickets,
                           uint8_t *states, int32_t *players, uint32_t *count, uint32_t *at)
    lt_tree *lt_roots_tree(lt_tree **trees, uint32_t n, uint64_t ticket)
    lt_status lt_roots_tell(lt_tree **trees, uint32_t n, const uint64_t *tickets, uint32_t count, const double *values,
                            uint32_t num_values, const double *priors, uint32_t num_priors, uint32_t *received)
    uint32_t lt_legal_masks(const lt_game *game, const uint8_t *states, uint32_t n, uint8_t *masks, int32_t *actions)
    int32_t lt_root_rows(const lt_tree *tree, int64_t *visits, double *values, double *priors, uint8_t *proven,
                         double *policy)

    ctypedef struct lt_root_game:
        int32_t *history
        int32_t *length
        int32_t room
        uint64_t *draws

    int lt_root_settle(lt_tree *tree, lt_root_game played, double *returns, uint8_t *state)
    int lt_root_advance(lt_tree *tree, int32_t action, lt_root_game played, double *returns, uint8_t *state)
