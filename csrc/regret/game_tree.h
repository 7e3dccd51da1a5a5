/* A whole game, unrolled once into flat arrays: its sequence form (von Stengel 1996, Koller et al. 1996), arranged in
 * vectors of hands.
 *
 * A sequence is what one player has done so far: the empty sequence, or an information state and an action taken there.
 * All arrays of a solver are indexed by sequence: strategies, regrets, reaches, gradients. A player's sequences are
 * contiguous. The empty one comes first, and those of an information state come after the sequence that leads to it. So a
 * forward pass visits parents first, and a backward pass visits children first.
 *
 * Information states of a player with equal numbers of previous moves and of legal actions form a block, an array
 * [actions, information states] of sequences. Every loop over a block is a loop over vectors. Within a block, the
 * information states of one public state, which differ only in the player's hand, are contiguous. The terminals between
 * the hands of two players form a leaf, a small matrix: the values of one player's hands are its product with the reaches
 * of the other's. A matrix shared by many leaves is stored once. Terminals that form no such matrix are sparse rows: for
 * a player's sequence s, the combinations of the others' last sequences with which the game ends. Payoffs are multiplied
 * by the probability of chance.
 *
 * If a player has many sequences, they are divided into parts: first the top of its tree, then groups of the small
 * subtrees below. No part leads to another, so threads can work on them in parallel, and each part stays in cache. */
#ifndef LT_GAME_TREE_H
#define LT_GAME_TREE_H
#include "core/game.h"
#include "core/status.h"
#include "core/watch.h"

/* Information states from `infostate` on. Their sequences are [actions, size] from `sequence` on. */
typedef struct lt_game_tree_block {
  uint32_t infostate, size, sequence, actions;
} lt_game_tree_block;

/* A group of a player's subtrees below its top: the ranges of its elements in each array. The first blocks, up to
 * `inner_block`, are the roots: sequences before `sequence` lead to them. */
typedef struct lt_game_tree_part {
  uint32_t sequence, end_sequence, block, inner_block, end_block, leaf, end_leaf;
} lt_game_tree_part;

enum { LT_ROWS = 8 };

/* The payoffs of the sequences [row, row + rows) against the last sequences [column, column + columns) of another player. */
typedef struct lt_game_tree_leaf {
  uint32_t row, rows, column, columns;
  uint64_t matrix; /* first index: groups of LT_ROWS rows, [columns, rows]; an odd last group is zero-padded */
} lt_game_tree_leaf;

/* The index in the matrices of a row and a column of a leaf. */
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

  /* Indexed by information state, those of player 0 first, [num_infostates]: */
  int32_t *player;
  uint32_t *parent;        /* the player's sequence that leads here */
  uint32_t *first;         /* its first own sequence */
  uint32_t *stride;        /* the distance between its sequences */
  uint32_t *count;         /* the number of its sequences: legal actions */
  uint32_t *node;          /* one of its histories, for lt_game_tree_history */
  int32_t *action;         /* indexed by sequence: the action, -1 for the empty sequences */
  uint32_t first_sequence[11], first_infostate[11]; /* of each player, then the end of the last */
  lt_game_tree_block *blocks;   /* of all players, those of player 0 first */
  uint32_t num_blocks;
  lt_game_tree_part *parts;     /* likewise */
  uint32_t first_part[11];
  lt_game_tree_part top[10];    /* of each player: the elements before its parts */

  /* Terminals: leaves in the order of their rows, */
  lt_game_tree_leaf *leaves;
  double *matrices;        /* chance x utility for the player of the rows, [matrix_size] */
  uint64_t num_leaves, matrix_size;
  /* and, indexed by sequence, entries row[s] .. row[s + 1] of [num_entries]: */
  uint64_t *row;
  double *payoff;           /* chance x utility for the player of the sequence */
  uint32_t *others;        /* [num_entries, num_players - 1] last sequences of the other players */
  uint64_t num_entries;

  size_t memory_bytes, memory_limit;
  uint32_t broken_node, earlier_node; /* after an error: its node, and another of the same information state */
  struct lt_unroll *unroll; /* data needed only during growth */
} lt_game_tree;

enum { LT_MAX_PLAYERS = 10 };

lt_game_tree *lt_game_tree_new(const lt_game *game, size_t memory_limit);
void lt_game_tree_free(lt_game_tree *tree);

/* Visits all histories, then arranges the arrays. After an error, only `broken_node` and `earlier_node` of the tree are
 * valid. */
lt_status lt_game_tree_grow(lt_game_tree *tree, lt_watch *watch);

/* Writes the actions (chance included) that lead to a node, unless `actions` is NULL, and returns their number. */
uint32_t lt_game_tree_history(const lt_game_tree *tree, uint32_t node, int32_t *actions);

/* Writes the reach probability of each sequence of `player` under `strategy` (both indexed by sequence). */
void lt_game_tree_reach(const lt_game_tree *tree, int32_t player, const double *strategy, double *reach);
/* Writes the payoff of each sequence of `player` at the terminals to which it leads directly, if the others play with
 * `reach`. Returns 0 if the watch stopped it. */
int lt_game_tree_gradient(const lt_game_tree *tree, int32_t player, const double *reach, double *gradient, lt_watch *watch);
/* The same two functions for the sequences of one part, or of the top. The reach of the sequences that lead there is
 * known. */
void lt_game_tree_part_reach(const lt_game_tree *tree, lt_game_tree_part part, const double *strategy, double *reach);
void lt_game_tree_part_gradient(const lt_game_tree *tree, lt_game_tree_part part, const double *reach, double *gradient);
/* Returns the best value of `player` for a gradient, which is summed in place. `best` (by sequence, or NULL) is 1 for the
 * chosen action, the first of equal ones, and 0 for the others. */
double lt_game_tree_best_response(const lt_game_tree *tree, int32_t player, double *gradient, double *best);
/* Writes the terminals for `player`, including those of leaves: its own last sequences, the others' [num_players - 1],
 * and payoffs. Returns their number; the arrays may be NULL. */
uint64_t lt_game_tree_payoffs(const lt_game_tree *tree, int32_t player, uint32_t *own, uint32_t *others, double *payoff);

/* ---- Shared by game_tree.c, which unrolls, and game_tree_layout.c, which orders the arrays ---- */

/* The terminals in order of discovery: last sequences and chance x utility of every player, [terminals, num_players]. */
lt_status lt_game_tree_lay_out(lt_game_tree *tree, uint32_t *terminal_last, const double *terminal_payoff, lt_watch *watch);
/* Resizes an array from `old` to `new` entries within the memory limit. */
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
