/* A whole game, unrolled once into flat arrays: its sequence form (von Stengel 1996, Koller et al. 1996), laid out in
 * vectors of hands.
 *
 * A sequence is what one player has done so far: the empty one, or an information state and an action taken
 * there. Everything a solver needs is indexed by sequence: strategies, regrets, reaches, gradients. A player's
 * sequences stand side by side, the empty one first, and every information state's after the sequence that leads
 * to it, so that one pass down visits parents first and one pass up children first.
 *
 * Information states of a player with as many moves behind them and as many actions before them make a block, an array
 * [actions, information states] of sequences: every loop over one is a loop over vectors. Within it, those of one
 * public state, which differ in the player's hand alone, stand side by side. So do the terminals between the
 * hands of two players. They form a leaf, a small matrix; the values of one player's hands are its product with the reaches
 * of the other's. A matrix that many leaves share is there once. Terminals that form no such matrix are sparse rows: for a
 * player's sequence s, the combinations of the others' last sequences with which the game ends. Payoffs are multiplied by the
 * probability of chance.
 *
 * Where a player has many sequences, they stand in parts: first the top of its tree, then groups of the small subtrees
 * that hang below. Nothing in one part leads to another, so that threads can work on them at once; and a part stays in
 * cache. */
#ifndef LT_GAME_TREE_H
#define LT_GAME_TREE_H
#include "core/game.h"
#include "core/status.h"
#include "core/watch.h"

/* Information states from `infostate` on, whose sequences are [actions, size] from `sequence` on. */
typedef struct lt_game_tree_block {
  uint32_t infostate, size, sequence, actions;
} lt_game_tree_block;

/* A group of a player's subtrees below its top: what stands in it of each array. The first blocks, up to `inner_block`,
 * are the roots: sequences before `sequence` lead to them. */
typedef struct lt_game_tree_part {
  uint32_t sequence, end_sequence, block, inner_block, end_block, leaf, end_leaf;
} lt_game_tree_part;

enum { LT_ROWS = 8 };

/* What the sequences [row, row + rows) get at once where another player's last ones are [column, column + columns). */
typedef struct lt_game_tree_leaf {
  uint32_t row, rows, column, columns;
  uint64_t matrix; /* where it begins: groups of LT_ROWS rows, [columns, rows]; zeros where the last has an odd number */
} lt_game_tree_leaf;

/* Where in the matrices a row's and a column's number stands. */
static inline uint64_t lt_game_tree_cell(lt_game_tree_leaf leaf, uint32_t row, uint32_t column) {
  const uint32_t above = row / LT_ROWS * LT_ROWS, rows = leaf.rows - above;
  const uint32_t width = rows < LT_ROWS ? rows + rows % 2 : LT_ROWS;
  return leaf.matrix + (uint64_t)above * leaf.columns + (uint64_t)column * width + (row - above);
}

typedef struct lt_game_tree {
  const lt_game *game;
  int32_t num_players;
  uint64_t num_histories, num_terminals;
  uint32_t num_infostates, num_sequences;

  /* By information state, those of player 0 first, [num_infostates]: */
  int32_t *player;
  uint32_t *parent;        /* the player's sequence that leads here */
  uint32_t *first;         /* its first own sequence, */
  uint32_t *stride;        /* how far apart they stand, */
  uint32_t *count;         /* and their number: legal actions */
  uint32_t *node;          /* a history of it, for lt_game_tree_history */
  int32_t *action;         /* by sequence: the action, -1 for the empty sequences */
  uint32_t first_sequence[11], first_infostate[11]; /* of each player, and behind those of the last */
  lt_game_tree_block *blocks;   /* of all players, those of player 0 first: */
  uint32_t num_blocks;
  lt_game_tree_part *parts;     /* likewise: */
  uint32_t first_part[11];
  lt_game_tree_part top[10];    /* of each player: what stands before its parts */

  /* Terminals: leaves in the order of their rows, */
  lt_game_tree_leaf *leaves;
  double *matrices;        /* chance x the utility for the player whose rows they are, [matrix_size] */
  uint64_t num_leaves, matrix_size;
  /* and by sequence, entries row[s] .. row[s + 1] of [num_entries]: */
  uint64_t *row;
  double *payoff;           /* chance x the utility for the player whose sequence it is */
  uint32_t *others;        /* [num_entries, num_players - 1] last sequences of the other players */
  uint64_t num_entries;

  size_t memory_bytes, memory_limit;
  uint32_t culprit, known;
  struct lt_unroll *unroll; /* what only growing needs */
} lt_game_tree;

enum { LT_MAX_PLAYERS = 10 };

lt_game_tree *lt_game_tree_new(const lt_game *game, size_t memory_limit);
void lt_game_tree_free(lt_game_tree *tree);

/* Visit all histories, then lay out the arrays. After an error the tree is of no use, but for `culprit` and `known`. */
lt_status lt_game_tree_grow(lt_game_tree *tree, lt_watch *watch);

/* The actions (chance included) that lead to a node: their number. NULL to learn it. */
uint32_t lt_game_tree_history(const lt_game_tree *tree, uint32_t node, int32_t *actions);

/* How likely each sequence of `player` is when it plays `strategy` (both by sequence). */
void lt_game_tree_reach(const lt_game_tree *tree, int32_t player, const double *strategy, double *reach);
/* The payoff of each sequence of `player` at the terminals that it leads to directly, if the others play to `reach`. Returns 0
 * if the watch stopped it. */
int lt_game_tree_gradient(const lt_game_tree *tree, int32_t player, const double *reach, double *gradient, lt_watch *watch);
/* The same two for the sequences of one part, or of the top; the reach of what leads there is known. */
void lt_game_tree_part_reach(const lt_game_tree *tree, lt_game_tree_part part, const double *strategy, double *reach);
void lt_game_tree_part_gradient(const lt_game_tree *tree, lt_game_tree_part part, const double *reach, double *gradient);
/* The best that `player` can get from a gradient, which is summed up on the way. `best` (by sequence, or NULL):
 * 1 for the action taken, the first of equals, else 0. */
double lt_game_tree_best_response(const lt_game_tree *tree, int32_t player, double *gradient, double *best);
/* The terminals for `player`, including those of leaves: own sequences, the others' [num_players - 1], and payoffs. Returns
 * their number; the arrays may be NULL. */
uint64_t lt_game_tree_payoffs(const lt_game_tree *tree, int32_t player, uint32_t *own, uint32_t *others, double *payoff);

/* ---- Between game_tree.c, which unrolls, and game_tree_layout.c, which orders the arrays ---- */

/* The terminals as they were found: last sequences and chance x utility of every player, [terminals, num_players]. */
lt_status lt_game_tree_lay_out(lt_game_tree *tree, uint32_t *terminal_last, const double *terminal_payoff, lt_watch *watch);
/* Resize an array from `old` to `new` entries within the memory limit. */
lt_status lt_game_tree_resize(lt_game_tree *tree, void **array, uint64_t old, uint64_t new, size_t entry);

#define LT_TRY(call)                         \
  do {                                       \
    lt_status status_ = (call);              \
    if (status_ != LT_OK) return status_;    \
  } while (0)

#define LT_RESIZE(tree, array, old, new, entry)             \
  do {                                                      \
    void *array_ = (array);                                 \
    LT_TRY(lt_game_tree_resize(tree, &array_, old, new, entry)); \
    (array) = array_;                                       \
  } while (0)

#endif
