/* Loops over the hands of a public state, in vector registers. */
#ifndef LT_HANDS_H
#define LT_HANDS_H
#include "regret/cfr.h"

/* Adds the leaves of a part to its gradient: each is a matrix times the reaches of its columns. */
void lt_hands_add_leaves(const lt_game_tree *tree, lt_game_tree_part part, const double *reach, double *gradient);

/* Regret matching at `size` contiguous information states, with arrays [actions, stride]. Writes the value of each state
 * to `value`, [size], and its next strategy. */
void lt_hands_match_regrets(double *regret, double *strategy, const double *gradient, double *value, uint32_t size,
                            uint32_t stride, uint32_t actions, const lt_cfr_step *step);

#endif
