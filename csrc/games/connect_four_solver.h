/* The method made for connect four alone: exact alpha-beta search on bitboards, the yardstick of every general search.
 *
 * Scores are for the player who moves: 0 a draw, s > 0 a win with the s-th stone from the player's last (22 minus the
 * stones the winner will have placed), s < 0 a loss likewise. The board is 7 columns of 6 rows, laid out as in
 * csrc/games/connect_four.c: bit 7 c + r. */
#ifndef LT_CONNECT_FOUR_SOLVER_H
#define LT_CONNECT_FOUR_SOLVER_H
#include <stddef.h>
#include <stdint.h>

typedef struct lt_c4_solver {
  uint64_t *table;       /* key << 8 | bound */
  uint64_t table_size;
  uint64_t nodes;        /* searched so far */
  uint64_t node_limit;   /* stop when `nodes` reaches it */
  int stopped;
} lt_c4_solver;

lt_c4_solver *lt_c4_solver_new(size_t table_bytes);
void lt_c4_solver_free(lt_c4_solver *solver);

/* The score of a position that is not over, where it lies within alpha .. beta (alpha < beta); else a bound on that
 * side. `own` are the stones of the player who moves, `taken` all stones. Sets `stopped` and gives nothing of use where
 * the node limit is reached first: call again with a higher one, the table remembers what was done. */
int lt_c4_solve(lt_c4_solver *solver, uint64_t own, uint64_t taken, int alpha, int beta);

#endif
