/* Many trees of one game, which share calls of ask and tell so that their leaves fill arrays: for self-play, in which a network
 * evaluates the leaves of many games at once. One tree is the smallest case. `number` of a tree is its index. */
#ifndef LT_ROOTS_H
#define LT_ROOTS_H
#include "search/tree.h"

/* Ask each of `n` trees for up to `batch` leaves. Tree i makes at most `most` simulations and left[i], from which they are
 * taken; nothing is left where the root is proven. Room in all arrays: n * batch. `states` are [count, state_bytes], `players` who
 * acts. After an error `count` leaves may wait, and `*at` is the tree that gave it. */
lt_status lt_roots_ask(lt_tree *const *trees, uint32_t n, uint32_t batch, uint32_t most, uint32_t *left, uint64_t *tickets,
                       uint8_t *states, int32_t *players, uint32_t *count, uint32_t *at);

/* The tree that handed out a ticket, or NULL. */
lt_tree *lt_roots_tree(lt_tree *const *trees, uint32_t n, uint64_t ticket);

/* Tell `count` leaves: values [count, num_values], priors [count, num_priors] or NULL, as lt_tree_tell takes them. `*received`
 * is the number of leaves that were accepted before the first refused one. */
lt_status lt_roots_tell(lt_tree *const *trees, uint32_t n, const uint64_t *tickets, uint32_t count, const double *values,
                        uint32_t num_values, const double *priors, uint32_t num_priors, uint32_t *received);

/* Which actions of `n` states are legal: a byte for each of num_distinct_actions, 1 or 0. `actions`: scratch space. Gives `n`,
 * or the place of the first state at which the rules failed. */
uint32_t lt_legal_masks(const lt_game *game, const uint8_t *states, uint32_t n, uint8_t *masks, int32_t *actions);

/* What is known of a root's actions, each at its own place in rows of num_distinct_actions, the others left as they are; Gumbel's
 * improved policy, and the action it chose, or -1. */
int32_t lt_root_rows(const lt_tree *tree, int64_t *visits, double *values, double *priors, uint8_t *proven, double *policy);

/* A game that is played at a root: what was played so far, and how often chance was drawn. */
typedef struct lt_root_game {
  int32_t *history, *length, room; /* of so many actions at most */
  uint64_t *draws;
} lt_root_game;

/* Go on from a root until a player acts: outcomes of chance are drawn, and where the game is over, its `returns` are written and
 * a new one begins. Gives 1 where a game was over, 0 where not, or LT_RULES_BROKE. `state`: room for one. */
int lt_root_settle(lt_tree *tree, lt_root_game played, double *returns, uint8_t *state);

/* Act at a root, whose child's subtree is kept, and settle; LT_RULES_BROKE for an action that is not legal: nothing changes. */
int lt_root_advance(lt_tree *tree, int32_t action, lt_root_game played, double *returns, uint8_t *state);

#endif
