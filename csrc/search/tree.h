/* The search tree: one bounded arena of nodes, and the two drivers that grow it.
 *
 * The arena does not depend on how leaves are valued. `lt_tree_run` plays whole simulations in C and values leaves by
 * playouts. `lt_tree_ask` returns leaves and `lt_tree_tell` accepts their values in any order, so that anything slow (a
 * network, a language model) can value them.
 *
 * A node's children are contiguous, in random order, and always after their parent in the arena: compaction slides the
 * kept nodes towards the start, in place. Values are in [-1, 1] (the game's utilities, scaled), for the player who moved
 * into the node; those of a chance node's children are for player 0.
 *
 * Read node.h (a node), arena.c (memory), rules.h (selection), tree.c (simulations and the drivers). */
#ifndef LT_TREE_H
#define LT_TREE_H
#include "core/status.h"
#include "search/node.h"

typedef enum { LT_UCT, LT_PUCT, LT_RAVE, LT_GRAVE, LT_UCB1_TUNED, LT_THOMPSON, LT_GUMBEL } lt_rule_kind;

/* The value that PUCT assumes for an untried action (first-play urgency). */
typedef enum { LT_FPU_SIBLINGS, LT_FPU_VALUE } lt_fpu;

/* How a child is selected. csrc/search/rules.h has each rule's formula next to its code. */
typedef struct lt_rule {
  lt_rule_kind kind;
  double c;             /* weight of exploration, for values in [-1, 1] */
  double virtual_loss;  /* value lost per simulation in flight, which also counts as a visit */
  double bias;          /* RAVE: bias of all-moves-as-first values (unused if `equivalence` > 0) */
  double equivalence;   /* RAVE: number of visits at which both kinds of value have equal weight */
  double decay;         /* 0 to 1: by how much less the last action of a simulation counts in them than the first */
  uint32_t ref;         /* GRAVE: visits that a node needs before its own all-moves-as-first values are used */
  double base;          /* PUCT: number of visits after which c begins to grow; 0: c is constant */
  lt_fpu fpu;
  double fpu_value, fpu_reduction;
  double noise, alpha;  /* PUCT: share and concentration of the Dirichlet noise in the root's priors */
  double visit, scale;  /* Gumbel: c_visit and c_scale */
  int32_t considered;   /* Gumbel: number of actions considered at the root */
  uint64_t simulations; /* Gumbel: simulations to plan for if the call does not say how many; 0: the call must */
  double widen_k, widen_alpha; /* progressive widening; k = 0: none */
  int unobserved;       /* WU-UCT: simulations in flight count as visits without a value, not as losses */
} lt_rule;

/* Other options of a tree: use the game's knowledge (`priors`, `informed_playout` of its table), prove values. */
typedef struct lt_options {
  double priors;        /* weight of the visits that `priors` writes: 1 uses them unchanged, 0 ignores them */
  double amaf;          /* the same weight in all-moves-as-first values */
  int informed;         /* whether playouts are informed */
  int solve;            /* whether values are proven: for one player, or for two players with opposite interests */
} lt_options;

/* How Gumbel's sequential halving divides the root's simulations. */
typedef struct lt_plan {
  uint64_t simulations;         /* total; 0: no plan yet */
  int32_t first_considered;     /* number of actions considered in the first phase */
  int32_t considered, level;    /* number of actions considered now; each gets its visit number `level` + 1 */
  uint32_t in_round, rounds;    /* visits left in this round; rounds left in this phase */
  int drawn;                    /* whether the root's Gumbel numbers have been drawn */
} lt_plan;

/* A count and a sum, in a side array of the nodes. */
typedef struct lt_mean { _Atomic float visits, value_sum; } lt_mean;

/* GRAVE: a child of the reference ancestor, indexed by its action. */
typedef struct lt_borrowed { uint32_t stamp, id; } lt_borrowed;

/* When a simulation, identified by its stamp, first played an action: after `at` other actions. */
typedef struct lt_played {
  uint32_t stamp;
  int32_t at;
} lt_played;

/* The index of a child and its sort key. */
typedef struct lt_ranked {
  double key;
  int32_t place;
} lt_ranked;

/* A node on a path from the root, and the player who acts there. */
typedef struct lt_step {
  uint32_t node;
  int32_t player;
} lt_step;

/* A simulation on its way down the tree. */
typedef struct lt_cursor {
  uint8_t *state;
  lt_step *path;
  int32_t depth;
  uint32_t next;  /* the child to visit next */
  uint64_t stats; /* of the current node, before this simulation was counted */
} lt_cursor;

/* Scratch space of one thread. Simulations go down the tree together: those of ask, and those of run if the game plays
 * many playouts at once. */
typedef struct lt_worker {
  void *block;
  int32_t capacity;        /* maximum number of simulations that go down together */
  int32_t run_capacity;    /* the same for run */
  lt_cursor *cursors;      /* [capacity]; their states are contiguous */
  lt_rng *rngs;            /* [capacity] */
  double *returns;         /* [capacity, num_players] */
  int32_t *order;          /* [capacity] */
  uint8_t *outcomes;       /* [capacity] */
  uint8_t *state;          /* one extra state */
  const lt_cursor *broken; /* where the rules failed; NULL: at the root, or unknown */
  int32_t *actions;
  double *probabilities;
  int64_t *values;         /* [num_players], in the units of nodes */
  int terminal_children;                /* whether the node expanded last has terminal children */
  float *prior, *known_visits, *known_values; /* for the actions of the node being expanded */
  lt_ranked *ranked;       /* their order, if it matters */
  int32_t *trace;          /* the moves of a playout, player * num_distinct_actions + action */
  int32_t trace_length;
  lt_played *played;       /* indexed by entries of `trace`: the last simulation that played it */
  uint32_t stamp;
  uint32_t *lender;        /* GRAVE, for each player: the reference node (the last one on the path with enough visits), */
  lt_borrowed *borrowed;   /* its children, indexed by entries of `trace`, */
  uint32_t *lender_stamp;  /* and the stamp that marks them */
} lt_worker;

/* A leaf returned by ask: the data that tell needs to expand it and to back up its value. */
typedef struct lt_pending {
  uint64_t serial; /* serial number among all leaves that the tree returned; 0: free slot */
  int32_t depth;
} lt_pending;

/* A ticket combines a serial number, the number of a tree, and a slot of its pending leaves. The serial number detects
 * old tickets. */
enum { LT_SLOT_BITS = 20, LT_TREE_BITS = 16, LT_MOST_PENDING = 1 << LT_SLOT_BITS, LT_MOST_TREES = 1 << LT_TREE_BITS };

enum { LT_SIDE_ARRAYS = 7 };

typedef struct lt_tree {
  const lt_game *game;
  lt_rule rule;
  lt_options options;
  double middle, half_range;   /* a value is (utility - middle) / half_range */
  int64_t loss;                /* the virtual loss of a simulation in flight, in the units of nodes */
  _Atomic int64_t total;       /* solving for two players: the sum of both players' values */
  uint64_t seed;
  uint64_t simulations;        /* number of random streams used so far */
  lt_node *nodes;
  size_t side_bytes[LT_SIDE_ARRAYS];
  void *side[LT_SIDE_ARRAYS];     /* the side arrays of the nodes; each is NULL if it is not used: */
  int32_t *wide_actions;       /* actions above 65535, */
  float *priors;               /* probabilities, */
  lt_mean *amaf;               /* all-moves-as-first statistics, */
  lt_mean *known;              /* visits and values from the game's knowledge, */
  _Atomic double *squares;     /* sums of squared values, */
  _Atomic float *raw;          /* first values of nodes, for the player who acts there, */
  _Atomic uint32_t *unobserved; /* simulations in flight */
  _Atomic uint32_t size;
  uint32_t limit;
  _Atomic int full;            /* an expansion found no memory */
  uint64_t draws;              /* number of random streams used for the root so far */
  int noisy;                   /* whether noise has been added to the root's priors */
  lt_plan plan;                /* Gumbel; for each child of the root: random numbers, planned visits */
  double *root_numbers;        /* log prior plus Gumbel number */
  uint32_t *planned;
  uint64_t recycled;           /* number of nodes freed so far by recycling */
  uint8_t *root_state;
  lt_worker *worker;           /* its own, or one shared with trees that work in turn */
  int owns_worker;
  uint32_t number;             /* its index among the trees of a search */
  lt_pending *pending;         /* slots of ask; the state and the path of each are in `pending_data` */
  uint8_t *pending_data;
  uint32_t pending_capacity, pending_count;
  uint64_t asked;              /* number of leaves returned so far */
} lt_tree;

/* ---- The arena (arena.c) ---- */

/* Creates an empty tree whose arena never holds more than `memory_bytes`. `worker` may belong to a tree of the same kind
 * that works in the same thread; if it is NULL, the tree makes its own. Returns NULL if there is no memory. */
lt_tree *lt_tree_new(const lt_game *game, lt_rule rule, lt_options options, uint64_t seed, size_t memory_bytes,
                     lt_worker *worker);
void lt_tree_free(lt_tree *tree);
size_t lt_tree_bytes_per_node(const lt_game *game, const lt_rule *rule, const lt_options *options);

/* Allocates scratch space for one more thread of a search like `tree`. */
lt_worker *lt_worker_new(const lt_tree *tree);
void lt_worker_free(lt_worker *worker);

/* Clears the tree and starts at `state`. */
void lt_tree_reset(lt_tree *tree, const void *state);

/* Makes the root's child by `action` the root and keeps its subtree. Returns 1, or 0 if there is no such child. `state`
 * is the new root's state. */
int lt_tree_advance(lt_tree *tree, int32_t action, const void *state);

/* Frees the children of the least visited nodes, so that at least half of the arena is free. The paths to pending leaves
 * are kept, so less may be free. */
void lt_tree_recycle(lt_tree *tree);

/* Reading. Values are utilities for the player who acts at `node`; `proven` is 1 for proven values. */
uint32_t lt_tree_num_children(const lt_tree *tree, uint32_t node);
uint32_t lt_tree_children(const lt_tree *tree, uint32_t node, uint32_t *ids, int32_t *actions, uint32_t *visits,
                          double *values, double *priors, uint8_t *proven);
uint32_t lt_tree_size(const lt_tree *tree);
uint32_t lt_tree_visits(const lt_tree *tree, uint32_t node);
int lt_tree_proven(const lt_tree *tree);

static inline int32_t action_of(const lt_tree *t, uint32_t id) {
  return t->wide_actions ? t->wide_actions[id] : t->nodes[id].action;
}

/* The data of a slot of ask: a state and the path to it. */
static inline size_t pending_stride(const lt_tree *t) {
  return (t->game->state_bytes + 7) / 8 * 8 + ((size_t)lt_max_history(t->game) + 1) * sizeof(lt_step);
}
static inline uint8_t *slot_state(const lt_tree *t, uint32_t slot) { return t->pending_data + slot * pending_stride(t); }
static inline lt_step *slot_path(const lt_tree *t, uint32_t slot) {
  return (lt_step *)(slot_state(t, slot) + (t->game->state_bytes + 7) / 8 * 8);
}

static inline void set_mean(lt_mean *mean, float visits, float value) {
  STORE(mean->visits, visits);
  STORE(mean->value_sum, visits * value);
}

/* ---- Simulations (tree.c) ---- */

/* Must be called once before any search. */
void lt_tree_fill_tables(void);

/* Gumbel: plans `simulations` simulations from this root. */
void lt_tree_plan(lt_tree *tree, uint64_t simulations);

/* Gumbel: writes the improved policy of the root's children and returns the index of the child to play. */
int32_t lt_tree_improved(const lt_tree *tree, double *policy);

/* Call this before several threads run. Draws the root's random numbers, if the rule has any and the root has children. */
void lt_tree_prepare(lt_tree *tree);

/* After LT_RULES_BROKE: writes the actions from the root to the failure, as far as they are known, and returns their
 * number. */
uint32_t lt_tree_broken_path(const lt_tree *tree, const lt_worker *worker, int32_t *actions);

/* Runs at least `count` simulations with the random streams `first`, `first` + 1, ..., to the end of a batch, but never
 * more than `limit`. Stops soon after the tree has `max_nodes` nodes, and early if the root is proven. With one thread,
 * `shared` is 0, and a full arena is recycled when necessary. With several threads, each calls this with `shared` = 1,
 * its own worker and its own streams, and returns early when the arena is full; after all have returned, one calls
 * lt_tree_recycle. `*done` is the number of simulations. A simulation in which the rules fail is undone. */
lt_status lt_tree_run(lt_tree *tree, lt_worker *worker, uint64_t first, uint64_t count, uint64_t limit, uint32_t max_nodes,
                      int shared, uint64_t *done);

/* Returns up to `batch` leaves that need a value, as tickets, and their number in `*count`. Leaves at the end of a game
 * are valued at once. At most `attempts` simulations are made. */
lt_status lt_tree_ask(lt_tree *tree, uint32_t batch, uint32_t attempts, uint64_t *tickets, uint32_t *count);
/* The state of a ticket, or NULL; the player to act there; and the actions that lead there from the root, and their
 * number. */
const uint8_t *lt_tree_pending_state(const lt_tree *tree, uint64_t ticket);
int32_t lt_tree_pending_player(const lt_tree *tree, uint64_t ticket);
int32_t lt_tree_pending_depth(const lt_tree *tree, uint64_t ticket);
uint32_t lt_tree_pending_path(const lt_tree *tree, uint64_t ticket, int32_t *actions);
/* Values a leaf and expands it. `values` is [num_players], in utilities; in a two-player game with a constant sum it may
 * also be the single value for the player who acts at the leaf. `priors` is in the order of the legal actions, or
 * [num_distinct_actions] over all actions, or NULL for equal priors; it is scaled to sum to 1. */
lt_status lt_tree_tell(lt_tree *tree, uint64_t ticket, const double *values, uint32_t num_values, const double *priors,
                       uint32_t num_priors);
/* Takes a leaf back without a value, as if it had not been asked for. */
lt_status lt_tree_forget(lt_tree *tree, uint64_t ticket);

#endif
