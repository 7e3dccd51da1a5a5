/* The search graph: nodes that are found by a key, so that all ways to a position share what is known of it.
 *
 * One bounded arena of nodes and edges and one hash table serve two searches, which `by_information` selects:
 *   graph search, for perfect information: the key is the position's. Edges link nodes and count their own visits; a
 *     node's value is computed anew from its edges whenever a simulation has passed, so that nothing is counted twice.
 *   search of information states, for all games: the key is what the player who acts knows, every simulation starts
 *     at a state dealt anew, and an edge keeps the results of the simulations through it.
 * Values are kept in [-1, 1] (the game's utilities, scaled). Keys are those of infostate.h. */
#ifndef LT_GRAPH_H
#define LT_GRAPH_H
#include "core/game.h"
#include "core/status.h"

typedef enum { LT_GRAPH_UCT, LT_GRAPH_PUCT, LT_GRAPH_REGRET } lt_graph_rule;

/* Nodes are numbered from 1; 0 is none. */
typedef struct lt_graph_node {
  uint64_t key;
  uint32_t first_edge;   /* 0: not expanded */
  uint32_t visits;
  union {
    uint32_t evaluations; /* graph search: visits that ended here */
    uint32_t seen;        /* information states: the root's number when it was last visited */
  } u;
  uint16_t num_edges;
  int8_t player;         /* who acts here; known once expanded */
  uint8_t kept;          /* used while the arena is compacted */
  double value[];        /* graph search: sums of the evaluations, then the node's values; `num_values` of each */
} lt_graph_node;

/* A node's edges stand side by side: in random order in graph search, ascending by action (at first) in the other. */
typedef struct lt_graph_edge {
  int32_t action;
  uint32_t visits;
  union {
    uint32_t child;       /* graph search: the node it leads to, 0 until it is known */
    uint32_t available;   /* information states: how often the action was legal here */
  } u;
  uint32_t node;         /* that it belongs to */
  double value[];        /* information states: sum of results; for regret matching then regret, and strategy sum */
} lt_graph_edge;

/* A step of a simulation. `edge`: its number in graph search, its place at the node in the other. For regret matching,
 * with what chance it was drawn, and the learner's own chance to get to the node. */
typedef struct lt_graph_step { uint32_t node, edge; double chance, reach; } lt_graph_step;

typedef struct lt_graph {
  const lt_game *game;
  lt_graph_rule rule;
  double c;
  int by_information;
  uint64_t seed;
  uint64_t simulations;        /* streams of random numbers used so far */
  int32_t num_values;          /* that a node keeps: one a player; one in a zero-sum game of two */
  size_t node_bytes, edge_bytes;
  uint8_t *arena, *arena_end;  /* nodes grow from its start, edges from its end */
  uint32_t num_nodes, num_edges;
  uint32_t *table;             /* of node numbers, by key; the first `table_size` places are in use */
  uint32_t table_size, table_limit, node_limit;
  int full;                    /* something found no room */
  uint64_t recycled;           /* nodes given back so far to make room */
  uint32_t root, root_number;  /* the root's node (0: chance acts there); how often the root has changed */
  uint64_t root_visits;
  int resamples;               /* whether simulations start at a state dealt anew */
  int32_t observer;            /* who acts at the root */
  double sum_of_returns;       /* of all players, where one value is kept for two */
  uint8_t *root_state, *state, *key;
  int32_t *actions;
  uint32_t *places, *identity; /* of a node's edges: those that are legal now; 0, 1, 2, ... */
  double *probabilities, *returns, *values;
  lt_graph_step *path;
  uint32_t path_room, broken_depth; /* graph search: the length of the path on which the rules broke */
} lt_graph;

/* An empty graph that will never hold more than `memory_bytes`. NULL: no memory. */
lt_graph *lt_graph_new(const lt_game *game, lt_graph_rule rule, double c, int by_information, uint64_t seed,
                       size_t memory_bytes);
void lt_graph_free(lt_graph *graph);
/* The least memory with which a search of `game` gets anywhere. */
size_t lt_graph_least_bytes(const lt_game *game, lt_graph_rule rule, int by_information);

/* Forget everything and start at `state`. `resamples`: deal what its acting player does not see anew for every
 * simulation. */
void lt_graph_reset(lt_graph *graph, const void *state, int resamples);
/* Start at another state, and keep what is known: what can be reached from it, or what is seen again before room runs
 * out. */
void lt_graph_move(lt_graph *graph, const void *state, int resamples);

/* `count` simulations with the random streams `first`, `first` + 1, ...; a full arena is recycled on the way. `*done`
 * counts simulations. */
lt_status lt_graph_run(lt_graph *graph, uint64_t first, uint64_t count, uint64_t *done);

/* After LT_RULES_BROKE: the actions from the root to where it happened, as far as they are known. Gives their number. */
uint32_t lt_graph_broken_path(const lt_graph *graph, int32_t *actions);

/* Reading: the node of a state (0: none); its edges, with values in utilities for the player who acts there.
 * `strategy`: the average strategy of regret matching, else shares of visits. Arrays for lt_max_actions. */
uint32_t lt_graph_find(lt_graph *graph, const void *state);
uint32_t lt_graph_num_edges(const lt_graph *graph, uint32_t node);
int32_t lt_graph_player(const lt_graph *graph, uint32_t node);
uint32_t lt_graph_visits(const lt_graph *graph, uint32_t node);
uint32_t lt_graph_edges(const lt_graph *graph, uint32_t node, int32_t *actions, uint32_t *visits, double *values,
                        double *strategy, uint32_t *children);

#endif
