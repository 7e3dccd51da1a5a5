/* A solver for hex only: who wins a position, on boards of up to 64 cells. In practice up to 6 by 6.
 *
 * A depth-first proof with a table. Cells are bits, row * columns + column; player 0 connects the first row to the last,
 * player 1 the first column to the last, as in csrc/games/hex.c. */
#ifndef LT_HEX_SOLVER_H
#define LT_HEX_SOLVER_H
#include <stddef.h>
#include <stdint.h>

typedef struct lt_hex_solver lt_hex_solver;

/* NULL without memory. 1 <= rows, 1 <= columns, rows * columns <= 64. */
lt_hex_solver *lt_hex_solver_new(int columns, int rows, size_t table_bytes);
void lt_hex_solver_free(lt_hex_solver *solver);

/* The number of positions searched so far. */
uint64_t lt_hex_solver_nodes(const lt_hex_solver *solver);

/* The winner (0 or 1) of a position in which nobody has connected yet and `player` moves. After `more` further nodes the
 * search stops and returns -1. Call again to continue; the table keeps the work done so far. */
int lt_hex_solve(lt_hex_solver *solver, const uint64_t stones[2], int player, uint64_t more);

#endif
