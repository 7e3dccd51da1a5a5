# Declares csrc/regret/game_tree.h and csrc/regret/cfr.h to Cython.
from libc.stdint cimport int32_t, uint32_t, uint64_t

from game cimport lt_game
from status cimport lt_status
from watch cimport lt_watch

cdef extern from "regret/cfr.h" nogil:
    enum:
        LT_MAX_PLAYERS

    ctypedef struct lt_game_tree:
        int32_t num_players
        uint64_t num_histories
        uint64_t num_terminals
        uint32_t num_infostates
        uint32_t num_sequences
        int32_t *player
        uint32_t *parent
        uint32_t *first
        uint32_t *stride
        uint32_t *count
        uint32_t *node
        int32_t *action
        uint32_t first_sequence[11]
        uint32_t first_infostate[11]
        uint32_t first_part[11]
        uint64_t num_leaves
        uint64_t *row
        double *payoff
        uint32_t *others
        uint64_t num_entries
        size_t memory_bytes
        uint32_t broken_node
        uint32_t earlier_node

    lt_game_tree *lt_game_tree_new(const lt_game *game, size_t memory_limit)
    void lt_game_tree_free(lt_game_tree *tree)
    lt_status lt_game_tree_grow(lt_game_tree *tree, lt_watch *watch)
    uint32_t lt_game_tree_history(const lt_game_tree *tree, uint32_t node, int32_t *actions)
    void lt_game_tree_reach(const lt_game_tree *tree, int32_t player, const double *strategy, double *reach)
    int lt_game_tree_gradient(const lt_game_tree *tree, int32_t player, const double *reach, double *gradient,
                              lt_watch *watch)
    uint64_t lt_game_tree_payoffs(const lt_game_tree *tree, int32_t player, uint32_t *own, uint32_t *others, double *payoff)
    double lt_game_tree_best_response(const lt_game_tree *tree, int32_t player, double *gradient, double *best)

    ctypedef enum lt_cfr_rule:
        LT_REGRET_MATCHING
        LT_MIRROR_DESCENT

    ctypedef struct lt_cfr_step:
        pass

    ctypedef struct lt_cfr:
        uint64_t iterations
        int under_way
        double *regret
        double *strategy
        double *average

    lt_cfr *lt_cfr_new(const lt_game_tree *tree, lt_cfr_rule rule, int alternating,
                       uint32_t threads)
    void lt_cfr_free(lt_cfr *cfr)
    size_t lt_cfr_bytes(const lt_game_tree *tree)
    void lt_cfr_run(lt_cfr *cfr, const lt_cfr_step *steps, uint64_t count, uint32_t thread, lt_watch *watch)
    void lt_cfr_reset_barrier(lt_cfr *cfr)
    void lt_cfr_cancel(lt_cfr *cfr)
    void lt_cfr_restored(lt_cfr *cfr)
    void lt_cfr_average(const lt_cfr *cfr, double *strategy)
