/* What is known of Go besides its rules: how a sensible playout goes on (Gelly, Wang, Munos and Teytaud 2006: answer the
 * last move where it threatens, then small known shapes around it, then captures, then anything that is not bad), and which
 * moves of a position deserve trust before any simulation. */
#ifndef LT_GO_KNOWLEDGE_H
#define LT_GO_KNOWLEDGE_H
#include "go/board.h"

/* Fills tables; call it once before the others. */
void lt_go_knowledge_init(void);

/* Play to the end by policy: two passes, or 3 * size * size moves; or, with `mercy`, until one side has lost so many stones
 * more than the other that it will not come back. `passes` were made in a row just before. Writes the points played, colours
 * alternate, and gives their number. */
int32_t lt_go_informed_playout(lt_go_board *board, int color_to_move, int passes, int mercy, lt_rng *rng, uint16_t *moves);

/* For each of `n` legal actions: how many visits it is worth as if already made, and their mean value in [-1, 1] for
 * the player to move. `ending`: the other side has passed, or only who is dead is to be settled, so that a pass may be right. */
void lt_go_priors(const lt_go_board *board, int color_to_move, int ending, const int32_t *actions, int32_t n, float *visits,
                  float *values);

#endif
