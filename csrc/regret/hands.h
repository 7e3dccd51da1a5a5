/* Loops over the hands of a public state, in the lanes of vector registers. */
#ifndef LT_HANDS_H
#define LT_HANDS_H
#include "regret/cfr.h"

/* What the leaves of a part add to its gradient: each is a matrix times the reaches of its columns. */
void lt_hands_add_leaves(const lt_game_tree *tree, lt_game_tree_part part, const double *reach, double *gradient);

/* Regret matching at `size` information states side by side, of arrays [actions, stride]: what each is `value`d, [size],
 * and its next strategy. */
void lt_hands_match_regrets(double *regret, double *strategy, const double *gradient, double *value, uint32_t size,
                            uint32_t stride, uint32_t actions, const lt_cfr_step *step);

#endif
