# Declares csrc/search/graph.h to Cython.
from libc.stdint cimport int32_t, uint32_t, uint64_t

from game cimport lt_game
from status cimport lt_status

cdef extern from "search/graph.h" nogil:
    ctypedef enum lt_graph_rule:
        LT_GRAPH_UCT
        LT_GRAPH_PUCT
        LT_GRAPH_REGRET

    ctypedef struct lt_graph:
        uint64_t simulations
        uint64_t recycled
        uint64_t root_visits
        uint32_t num_nodes
        uint32_t root

    lt_graph *lt_graph_new(const lt_game *game, lt_graph_rule rule, double c, int by_information, uint64_t seed,
                           size_t memory_bytes)
    void lt_graph_free(lt_graph *graph)
    size_t lt_graph_least_bytes(const lt_game *game, lt_graph_rule rule, int by_information)
    void lt_graph_reset(lt_graph *graph, const void *state, int resamples)
    void lt_graph_move(lt_graph *graph, const void *state, int resamples)
    lt_status lt_graph_run(lt_graph *graph, uint64_t first, uint64_t count, uint64_t *done)
    uint32_t lt_graph_broken_path(const lt_graph *graph, int32_t *actions)
    uint32_t lt_graph_find(lt_graph *graph, const void *state)
    uint32_t lt_graph_num_edges(const lt_graph *graph, uint32_t node)
    int32_t lt_graph_player(const lt_graph *graph, uint32_t node)
    uint32_t lt_graph_visits(const lt_graph *graph, uint32_t node)
    uint32_t lt_graph_edges(const lt_graph *graph, uint32_t node, int32_t *actions, uint32_t *visits, double *values,
                            double *strategy, uint32_t *children)
