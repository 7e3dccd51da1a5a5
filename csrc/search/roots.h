/* Many trees of one game that share calls of ask and tell, so that their leaves fill arrays. This serves self-play, in
 * which a network evaluates the leaves of many games at once. One tree is the smallest case. The `number` of a tree is
 * its index. */
#ifndef LT_ROOTS_H
#define LT_ROOTS_H
#include "search/tree.h"

/* Asks each of `n` trees for up to `batch` leaves. Tree i makes at most min(`most`, left[i]) simulations, which are
 * subtracted from left[i]; left[i] becomes 0 if the root is proven. Capacity of all arrays: n * batch. `states` is
 * [count, state_bytes]; `players` holds the players to act. After an error, `count` leaves may be waiting for values, and
 * `*at` is the index of the tree in which the error occurred. */
lt_status lt_roots_ask(lt_tree *const *trees, uint32_t n, uint32_t batch, uint32_t most, uint32_t *left, uint64_t *tickets,
                       uint8_t *states, int32_t *players, uint32_t *count, uint32_t *at);

/* The tree that issued a ticket, or NULL. */
lt_tree *lt_roots_tree(lt_tree *const *trees, uint32_t n, uint64_t ticket);

/* Tells the values of `count` leaves: values [count, num_values], priors [count, num_priors] or NULL, as in lt_tree_tell.
 * `*received` is the number of leaves that were accepted before the first refused one. */
lt_status lt_roots_tell(lt_tree *const *trees, uint32_t n, const uint64_t *tickets, uint32_t count, const double *values,
                        uint32_t num_values, const double *priors, uint32_t num_priors, uint32_t *received);

/* Writes which actions of `n` states are legal: one byte (1 or 0) for each of num_distinct_actions. `actions` is scratch
 * space. Returns `n`, or the index of the first state at which the rules failed. */
uint32_t lt_legal_masks(const lt_game *game, const uint8_t *states, uint32_t n, uint8_t *masks, int32_t *actions);

/* Writes the statistics of the root's actions to rows of num_distinct_actions, indexed by action; other entries are
 * unchanged. Gumbel: also writes the improved policy and returns the chosen action. Otherwise returns -1. */
int32_t lt_root_rows(const lt_tree *tree, int64_t *visits, double *values, double *priors, uint8_t *proven, double *policy);

/* A game played at a root: the actions so far, and how many chance outcomes were drawn. */
typedef struct lt_root_game {
  int32_t *history, *length, room; /* room: capacity of `history` */
  uint64_t *draws;
} lt_root_game;

/* Continues from a root until a player acts. Chance outcomes are drawn. If the game is over, its `returns` are written
 * and a new game begins. Returns 1 if a game was over, 0 if not, or LT_RULES_BROKE. `state` is scratch space for one
 * state. */
int lt_root_settle(lt_tree *tree, lt_root_game played, double *returns, uint8_t *state);

/* Acts at a root, keeps the child's subtree, and calls lt_root_settle. If the action is illegal, returns LT_RULES_BROKE
 * and changes nothing. */
int lt_root_advance(lt_tree *tree, int32_t action, lt_root_game played, double *returns, uint8_t *state);

#endif
