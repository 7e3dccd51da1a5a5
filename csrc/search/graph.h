/* The search graph: nodes are found by a key, so that all paths to a position share its statistics.
 *
 * One bounded arena of nodes and edges and one hash table serve two searches, selected by `by_information`:
 *   Graph search, for perfect information. The key is that of the position. Edges link nodes and have their own visit
 *   counts. After each simulation, a node's value is recomputed from its edges, so that nothing is counted twice.
 *   Information-state search, for all games. The key is that of what the acting player knows, every simulation starts
 *   from a resampled state, and an edge stores the results of the simulations through it.
 * Values are in [-1, 1] (the game's utilities, scaled). Keys come from infostate.h. */
#ifndef LT_GRAPH_H
#define LT_GRAPH_H
#include "core/game.h"
#include "core/status.h"

typedef enum { LT_GRAPH_UCT, LT_GRAPH_PUCT, LT_GRAPH_REGRET } lt_graph_rule;

/* Nodes are numbered from 1; 0 means none. */
typedef struct lt_graph_node {
  uint64_t key;
  uint32_t first_edge;   /* 0: not expanded */
  uint32_t visits;
  union {
    uint32_t evaluations; /* graph search: number of visits that ended here */
    uint32_t seen;        /* information states: the value of root_number at the last visit */
  } u;
  uint16_t num_edges;
  int8_t player;         /* the player who acts here; known once expanded */
  uint8_t kept;          /* used during compaction of the arena */
  double value[];        /* graph search: sums of the evaluations, then the node's values; `num_values` of each */
} lt_graph_node;

/* A node's edges are contiguous. Their order is random in graph search and (initially) ascending by action in
 * information-state search. */
typedef struct lt_graph_edge {
  int32_t action;
  uint32_t visits;
  union {
    uint32_t child;       /* graph search: the child node, 0 until known */
    uint32_t available;   /* information states: how often the action was legal here */
  } u;
  uint32_t node;         /* the node it belongs to */
  double value[];        /* information states: sum of results; for regret matching, then regret and strategy sum */
} lt_graph_edge;

/* A step of a simulation. `edge` is the edge's number in graph search and its index at the node in information-state
 * search. For regret matching: the probability with which the edge was drawn, and the learner's own reach probability. */
typedef struct lt_graph_step { uint32_t node, edge; double chance, reach; } lt_graph_step;

typedef struct lt_graph {
  const lt_game *game;
  lt_graph_rule rule;
  double c;
  int by_information;
  uint64_t seed;
  uint64_t simulations;        /* number of random streams used so far */
  int32_t num_values;          /* values per node: one per player; one in a two-player zero-sum game */
  size_t node_bytes, edge_bytes;
  uint8_t *arena, *arena_end;  /* nodes grow from its start, edges from its end */
  uint32_t num_nodes, num_edges;
  uint32_t *table;             /* node numbers, by key; the first `table_size` slots are in use */
  uint32_t table_size, table_limit, node_limit;
  int full;                    /* an allocation in the arena failed */
  uint64_t recycled;           /* number of nodes freed so far by recycling */
  uint32_t root, root_number;  /* the root's node (0: a chance node); how often the root has changed */
  uint64_t root_visits;
  int resamples;               /* whether simulations start from a resampled state */
  int32_t observer;            /* the player who acts at the root */
  double sum_of_returns;       /* sum over all players, if one value represents two */
  uint8_t *root_state, *state, *key;
  int32_t *actions;
  uint32_t *places, *identity; /* edge indices: the edges that are legal now; 0, 1, 2, ... */
  double *probabilities, *returns, *values;
  lt_graph_step *path;
  uint32_t path_room, broken_depth; /* graph search: length of the path on which the rules failed */
} lt_graph;

/* Creates an empty graph that never holds more than `memory_bytes`. Returns NULL if there is no memory. */
lt_graph *lt_graph_new(const lt_game *game, lt_graph_rule rule, double c, int by_information, uint64_t seed,
                       size_t memory_bytes);
void lt_graph_free(lt_graph *graph);
/* The minimum memory for a useful search of `game`. */
size_t lt_graph_least_bytes(const lt_game *game, lt_graph_rule rule, int by_information);

/* Clears the graph and starts at `state`. `resamples`: each simulation first resamples what the acting player does not
 * see. */
void lt_graph_reset(lt_graph *graph, const void *state, int resamples);
/* Moves the root to another state. Nodes that can be reached from it, or that are seen again before memory runs out, keep
 * their statistics. */
void lt_graph_move(lt_graph *graph, const void *state, int resamples);

/* Runs `count` simulations with the random streams `first`, `first` + 1, ...; a full arena is recycled when necessary.
 * `*done` is the number of simulations. */
lt_status lt_graph_run(lt_graph *graph, uint64_t first, uint64_t count, uint64_t *done);

/* After LT_RULES_BROKE: writes the actions from the root to the failure, as far as they are known, and returns their
 * number. */
uint32_t lt_graph_broken_path(const lt_graph *graph, int32_t *actions);

/* Reading: the node of a state (0: none); its edges, with values in utilities for the player who acts there. `strategy`
 * is the average strategy of regret matching, or the visit proportions for the other rules. Arrays have a capacity of
 * lt_max_actions. */
uint32_t lt_graph_find(lt_graph *graph, const void *state);
uint32_t lt_graph_num_edges(const lt_graph *graph, uint32_t node);
int32_t lt_graph_player(const lt_graph *graph, uint32_t node);
uint32_t lt_graph_visits(const lt_graph *graph, uint32_t node);
uint32_t lt_graph_edges(const lt_graph *graph, uint32_t node, int32_t *actions, uint32_t *visits, double *values,
                        double *strategy, uint32_t *children);

#endif
