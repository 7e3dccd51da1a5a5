/* The search tree: one bounded arena of nodes, and the two drivers that grow it.
 *
 * The arena knows nothing about who values a leaf. `lt_tree_run` plays whole simulations in C with
 * playouts as values; `lt_tree_ask` hands out leaves and `lt_tree_tell` takes their values in
 * any order, so that anything slow (a network, a language model) can value them.
 *
 * A node's children stand side by side, in random order, and always behind their parent in the arena:
 * the arena is compacted in place by sliding what is kept towards its start. Values are kept in
 * [-1, 1] (the game's utilities, scaled), each from the view of the player who moved into the node; a chance node's
 * children, from the view of player 0.
 *
 * Read node.h (a node), arena.c (room for nodes), rules.h (selection), tree.c (simulations and the drivers). */
#ifndef LT_TREE_H
#define LT_TREE_H
#include "core/status.h"
#include "search/node.h"

typedef enum { LT_UCT, LT_PUCT, LT_RAVE, LT_GRAVE, LT_UCB1_TUNED, LT_THOMPSON, LT_GUMBEL } lt_rule_kind;

/* What an action that was not tried yet counts as in PUCT. */
typedef enum { LT_FPU_SIBLINGS, LT_FPU_VALUE } lt_fpu;

/* How a child is selected; csrc/search/rules.h has each rule's formula next to its code. */
typedef struct lt_rule {
  lt_rule_kind kind;
  double c;             /* weight of exploration, for values in [-1, 1] */
  double virtual_loss;  /* what a simulation in flight counts as, in lost value; it also counts as a visit */
  double bias;          /* RAVE: how far all-moves-as-first values are off; or, where it is positive, */
  double equivalence;   /*   the visits at which both kinds of value weigh the same */
  double decay;         /* how much less the last action of a simulation counts in them than the first, 0 to 1 */
  uint32_t ref;         /* GRAVE: visits that a node needs for its own all-moves-as-first values to be used */
  double base;          /* PUCT: visits after which c begins to grow; 0: it stays */
  lt_fpu fpu;
  double fpu_value, fpu_reduction;
  double noise, alpha;  /* PUCT: share and parameter of the Dirichlet noise in the root's priors */
  double visit, scale;  /* Gumbel: c_visit and c_scale */
  int32_t considered;   /* Gumbel: actions at the root, and */
  uint64_t simulations; /*   simulations to plan for where nothing else says how many; 0: something else must */
  double widen_k, widen_alpha; /* progressive widening; k = 0: none */
  int unobserved;       /* whether simulations in flight count as visits without a value (WU-UCT) instead of losses */
} lt_rule;

/* What else a tree does: use what a game knows (`priors`, `informed_playout` of its table), prove values. */
typedef struct lt_options {
  double priors;        /* weight of the visits that `priors` gives: 1 takes them as they are, 0 does not use them */
  double amaf;          /* the same in all-moves-as-first values */
  int informed;         /* whether playouts are informed */
  int solve;            /* whether values are proven: for one player, or two with opposite interests */
} lt_options;

/* How the root's simulations are divided by Gumbel's sequential halving. */
typedef struct lt_plan {
  uint64_t simulations;         /* in all; 0: no plan yet */
  int32_t first_considered;     /* so many actions are considered at first, */
  int32_t considered, level;    /* so many get their visit number `level` + 1 now, */
  uint32_t in_round, rounds;    /* as many are to come in this round, and rounds with so many actions */
  int drawn;                    /* whether the root's Gumbel numbers are drawn */
} lt_plan;

/* A count and a sum, in a side array of the nodes. */
typedef struct lt_mean { _Atomic float visits, value_sum; } lt_mean;

/* A child of a node that others borrow values from, by its action. */
typedef struct lt_borrowed { uint32_t stamp, id; } lt_borrowed;

/* When a simulation, known by its stamp, first played an action: after so many others. */
typedef struct lt_played {
  uint32_t stamp;
  int32_t at;
} lt_played;

/* The place of a child, and what it is ordered by. */
typedef struct lt_ranked {
  double key;
  int32_t place;
} lt_ranked;

/* A node on a path from the root, and who acts there. */
typedef struct lt_step {
  uint32_t node;
  int32_t player;
} lt_step;

/* A simulation on its way down the tree. */
typedef struct lt_cursor {
  uint8_t *state;
  lt_step *path;
  int32_t depth;
  uint32_t next;  /* the child it goes to */
  uint64_t stats; /* of the node where it stands, before this one was counted */
} lt_cursor;

/* Scratch space of one thread. Simulations go down the tree together: those of ask, and those of run where the game plays many
 * playouts at once. */
typedef struct lt_worker {
  void *block;
  int32_t capacity;        /* so many go together */
  int32_t run_capacity;    /* and so many of run */
  lt_cursor *cursors;      /* [capacity]; their states stand side by side */
  lt_rng *rngs;            /* [capacity] */
  double *returns;         /* [capacity, num_players] */
  int32_t *order;          /* [capacity] */
  uint8_t *outcomes;       /* [capacity] */
  uint8_t *state;          /* one more state */
  const lt_cursor *broken; /* where the rules broke, or NULL: at the root, or unknown */
  int32_t *actions;
  double *probabilities;
  int64_t *values;         /* [num_players], as nodes count them */
  int terminal_children;                /* whether the node that was expanded last has terminal children */
  float *prior, *known_visits, *known_values; /* of the actions of a node that is expanded, */
  lt_ranked *ranked;       /*   and their order, where it matters */
  int32_t *trace;          /* what a playout played, player * num_distinct_actions + action */
  int32_t trace_length;
  lt_played *played;       /* by such an entry: the last simulation that played it */
  uint32_t stamp;
  uint32_t *lender;        /* GRAVE, for each player: the last node on the path that lends its values, */
  lt_borrowed *borrowed;   /*   its children by their entries, */
  uint32_t *lender_stamp;  /*   where they carry this stamp */
} lt_worker;

/* A leaf that ask handed out: what tell needs to expand it and to back up its value. */
typedef struct lt_pending {
  uint64_t serial; /* of all leaves that the tree handed out; 0: free */
  int32_t depth;
} lt_pending;

/* A ticket is a serial number, a tree's number, and a slot of its pending leaves, so that an old one is recognised. */
enum { LT_SLOT_BITS = 20, LT_TREE_BITS = 16, LT_MOST_PENDING = 1 << LT_SLOT_BITS, LT_MOST_TREES = 1 << LT_TREE_BITS };

enum { LT_SIDE_ARRAYS = 7 };

typedef struct lt_tree {
  const lt_game *game;
  lt_rule rule;
  lt_options options;
  double middle, half_range;   /* of the utilities: a value is (utility - middle) / half_range */
  int64_t loss;                /* what a simulation in flight costs, as nodes count it */
  _Atomic int64_t total;       /* solving for two: what both players' values sum to */
  uint64_t seed;
  uint64_t simulations;        /* streams of random numbers used so far */
  lt_node *nodes;
  size_t side_bytes[LT_SIDE_ARRAYS];
  void *side[LT_SIDE_ARRAYS];     /* the side arrays of the nodes, each NULL if it is not used: */
  int32_t *wide_actions;       /*   actions above 65535, */
  float *priors;               /*   probabilities, */
  lt_mean *amaf;               /*   all-moves-as-first statistics, */
  lt_mean *known;              /*   visits that the game's knowledge counts as, with their value, */
  _Atomic double *squares;     /*   sums of squared values, */
  _Atomic float *raw;          /*   values of nodes when they were leaves, for who acts there, */
  _Atomic uint32_t *unobserved; /*  simulations in flight */
  _Atomic uint32_t size;
  uint32_t limit;
  _Atomic int full;            /* an expansion found no room */
  uint64_t draws;              /* streams of random numbers for the root used so far */
  int noisy;                   /* whether the root's priors have their noise */
  lt_plan plan;                /* Gumbel; for each child of the root: numbers drawn, visits by plan */
  double *root_numbers;        /*   their logarithms of priors with Gumbel's numbers */
  uint32_t *planned;
  uint64_t recycled;           /* nodes given back so far to make room */
  uint8_t *root_state;
  lt_worker *worker;           /* its own, or one that trees which work in turn share */
  int owns_worker;
  uint32_t number;             /* among the trees of a search */
  lt_pending *pending;         /* slots of ask; each has a state and a path in `pending_data` */
  uint8_t *pending_data;
  uint32_t pending_capacity, pending_count;
  uint64_t asked;              /* leaves handed out so far */
} lt_tree;

/* ---- The arena (arena.c) ---- */

/* An empty tree that will never hold more than `memory_bytes` in its arena. It works with `worker`, of a tree of the same kind
 * that works in the same thread, or where that is NULL, with one of its own. NULL: no memory. */
lt_tree *lt_tree_new(const lt_game *game, lt_rule rule, lt_options options, uint64_t seed, size_t memory_bytes,
                     lt_worker *worker);
void lt_tree_free(lt_tree *tree);
size_t lt_tree_bytes_per_node(const lt_game *game, const lt_rule *rule, const lt_options *options);

/* Scratch space for the threads of a search like `tree`. */
lt_worker *lt_worker_new(const lt_tree *tree);
void lt_worker_free(lt_worker *worker);

/* Forget everything and start at `state`. */
void lt_tree_reset(lt_tree *tree, const void *state);

/* Make the root's child by `action` the root, with all below it: 1, or 0 where there is no such child. The
 * caller gives the state. */
int lt_tree_advance(lt_tree *tree, int32_t action, const void *state);

/* Give back the children of the least visited nodes, so that at least half of the arena is free. What leads to pending leaves
 * is kept, so that it may be less. */
void lt_tree_recycle(lt_tree *tree);

/* Reading. Values come in utilities, for the player who acts at `node`; `proven` is 1 where they are proven. */
uint32_t lt_tree_num_children(const lt_tree *tree, uint32_t node);
uint32_t lt_tree_children(const lt_tree *tree, uint32_t node, uint32_t *ids, int32_t *actions, uint32_t *visits,
                          double *values, double *priors, uint8_t *proven);
uint32_t lt_tree_size(const lt_tree *tree);
uint32_t lt_tree_visits(const lt_tree *tree, uint32_t node);
int lt_tree_proven(const lt_tree *tree);

static inline int32_t action_of(const lt_tree *t, uint32_t id) {
  return t->wide_actions ? t->wide_actions[id] : t->nodes[id].action;
}

/* The data of a slot of ask: a state, and the path that leads there. */
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

/* Once before any search. */
void lt_tree_fill_tables(void);

/* Gumbel: so many simulations are to come from this root. */
void lt_tree_plan(lt_tree *tree, uint64_t simulations);

/* Gumbel: the improved policy of the root's children, and the place of the one to play. */
int32_t lt_tree_improved(const lt_tree *tree, double *policy);

/* Before several threads run: draw the root's random numbers, where the rule has any and the root has children. */
void lt_tree_prepare(lt_tree *tree);

/* After LT_RULES_BROKE: the actions from the root to where it happened, as far as they are known. Gives their number. */
uint32_t lt_tree_broken_path(const lt_tree *tree, const lt_worker *worker, int32_t *actions);

/* At least `count` simulations with the random streams `first`, `first` + 1, ..., and to the end of a batch, but never more
 * than `limit`, nor much beyond the first at which the tree has `max_nodes` nodes. Stops early where the root is proven. One
 * thread: `shared` = 0, and a full arena is recycled on the way. More: each thread calls this with `shared` = 1, its own
 * worker and its own streams, and returns early when the arena is full; when all have, one calls lt_tree_recycle. `*done`
 * counts simulations. One that the rules break off is undone. */
lt_status lt_tree_run(lt_tree *tree, lt_worker *worker, uint64_t first, uint64_t count, uint64_t limit, uint32_t max_nodes,
                      int shared, uint64_t *done);

/* Hand out up to `batch` leaves that wait for a value: their tickets, and how many. Leaves at the end of a
 * game are valued at once; at most `attempts` simulations are made. */
lt_status lt_tree_ask(lt_tree *tree, uint32_t batch, uint32_t attempts, uint64_t *tickets, uint32_t *count);
/* The state behind a ticket, or NULL; who acts there; and the path of actions that led there from the root, with its length. */
const uint8_t *lt_tree_pending_state(const lt_tree *tree, uint64_t ticket);
int32_t lt_tree_pending_player(const lt_tree *tree, uint64_t ticket);
int32_t lt_tree_pending_depth(const lt_tree *tree, uint64_t ticket);
uint32_t lt_tree_pending_path(const lt_tree *tree, uint64_t ticket, int32_t *actions);
/* Value a leaf and expand it. `values` are [num_players], in utilities, or in a game of two where all sums are equal,
 * one for who acts at the leaf. `priors` are in the order of its legal actions, or [num_distinct_actions] over all, or NULL for
 * equal ones; they are scaled to sum to 1. */
lt_status lt_tree_tell(lt_tree *tree, uint64_t ticket, const double *values, uint32_t num_values, const double *priors,
                       uint32_t num_priors);
/* Take a leaf back without a value, as if it had never been asked for. */
lt_status lt_tree_forget(lt_tree *tree, uint64_t ticket);

#endif
