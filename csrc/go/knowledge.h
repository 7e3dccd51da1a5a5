/* Knowledge of Go beyond its rules, in two forms. The policy of informed playouts follows Gelly, Wang, Munos and Teytaud
 * (2006): answer a threat of the last move, else play a known small shape near it, else capture, else play any move that is
 * not bad. The priors say which moves of a position are good before any simulation. */
#ifndef LT_GO_KNOWLEDGE_H
#define LT_GO_KNOWLEDGE_H
#include "go/board.h"

/* Fills the tables; call it once before the other functions. */
void lt_go_knowledge_init(void);

/* Play by the policy until the end: two passes, or 3 * size * size moves. With `mercy` it also ends when one side has lost
 * so many more stones than the other that it cannot recover. `passes`: the number of passes just before. Writes the points
 * that were played, in turn by both colours, to `moves`, and returns their number. */
int32_t lt_go_informed_playout(lt_go_board *board, int color_to_move, int passes, int mercy, lt_rng *rng, uint16_t *moves);

/* For each of `n` legal actions: the number of visits that the prior counts for, and their mean value in [-1, 1] for the
 * player to move. `ending`: the other side has passed, or the game is in its clean-up, so that a pass may be right. */
void lt_go_priors(const lt_go_board *board, int color_to_move, int ending, const int32_t *actions, int32_t n, float *visits,
                  float *values);

#endif
