/* A solver for connect four only: exact alpha-beta search on bitboards, the baseline for every general search.
 *
 * Scores are for the player to move: 0 is a draw, s > 0 a win with the s-th stone from the player's last (22 minus the
 * number of stones that the winner will have placed), and s < 0 a loss in the same way. The board has 7 columns and 6 rows,
 * with the layout of csrc/games/connect_four.c: bit 7 c + r. */
#ifndef LT_CONNECT_FOUR_SOLVER_H
#define LT_CONNECT_FOUR_SOLVER_H
#include <stddef.h>
#include <stdint.h>

typedef struct lt_c4_solver {
  uint64_t *table;       /* key << 8 | bound */
  uint64_t table_size;
  uint64_t nodes;        /* number of nodes searched so far */
  uint64_t node_limit;   /* the search stops when `nodes` reaches this */
  int stopped;
} lt_c4_solver;

lt_c4_solver *lt_c4_solver_new(size_t table_bytes);
void lt_c4_solver_free(lt_c4_solver *solver);

/* The score of a position that is not terminal, if it lies within alpha .. beta (alpha < beta); otherwise a bound on that
 * side. `own` are the stones of the player to move, `taken` all stones. If the node limit is reached first, sets `stopped`,
 * and the result is meaningless. Call again with a higher limit; the table keeps the work done so far. */
int lt_c4_solve(lt_c4_solver *solver, uint64_t own, uint64_t taken, int alpha, int beta);

#endif
