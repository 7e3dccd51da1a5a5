/* Hex: player 0 connects the first row to the last, player 1 the first column to the last. Rules: connection.h. */
#include "games/connection.h"

static int on_board(int columns, int rows, int x, int y) { return x >= 0 && x < columns && y >= 0 && y < rows; }

int lt_hex(lt_game *game, const double *parameters) {
  const int columns = (int)parameters[1], rows = (int)parameters[2], swap = (int)parameters[4];
  board_t *b = new_board(game, columns, rows, columns + rows - 2, swap, on_board);
  if (b == NULL) return -1;
  for (int y = 0; y < rows; y++)
    for (int x = 0; x < columns; x++) {
      int cell = y * columns + x;
      b->at_edge[0][cell] = y == 0 || y == rows - 1;
      b->at_edge[1][cell] = x == 0 || x == columns - 1;
      if (x == columns - 1) set_bit(b->right, (uint32_t)cell);
      b->swapped[cell] = (uint16_t)(x * columns + y); /* swaps are allowed only on square boards */
    }
  return 0;
}
