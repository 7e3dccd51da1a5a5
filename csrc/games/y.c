/* Y: connect the three sides of a triangle. Rules: connection.h. */
#include "games/connection.h"

static int on_board(int columns, int rows, int x, int y) { return x >= 0 && y >= 0 && x + y < columns && y < rows; }

int lt_y(lt_game *game, const double *parameters) {
  const int size = (int)parameters[0];
  board_t *b = new_board(game, size, size, size - 1, 0, on_board);
  if (b == NULL) return -1;
  for (int y = 0; y < size; y++)
    for (int x = 0; x + y < size; x++)
      b->at_edge[0][y * size + x] = b->at_edge[1][y * size + x] = x == 0 || y == 0 || x + y == size - 1;
  return 0;
}
