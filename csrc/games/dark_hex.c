/* Dark hex: hex in which each player sees only its own stones. Player 0 connects the first and the last row, player 1 the
 * first and the last column. The neighbours of cell row * columns + column are left, right, above, above right, below and
 * below left. */
#include <stdint.h>

typedef struct { int32_t columns; uint64_t first[2], last[2]; } board_t; /* the two edges of each player */

/* The stones connected to those of `from`. Masks stop steps left from the first column and right from the last. */
static uint64_t joined(const board_t *b, uint64_t stones, uint64_t from) {
  const int32_t w = b->columns;
  uint64_t group = from & stones, before;
  do {
    before = group;
    uint64_t left = group & ~b->first[1], right = group & ~b->last[1];
    group |= (left >> 1 | right << 1 | group >> w | group << w | right >> (w - 1) | left << (w - 1)) & stones;
  } while (group != before);
  return group;
}

static int has_won(const board_t *b, int player, uint64_t stones) {
  return (joined(b, stones, b->first[player]) & b->last[player]) != 0;
}

static int wins_by(const board_t *b, int player, uint64_t stones, int cell) {
  uint64_t group = joined(b, stones, UINT64_C(1) << cell);
  return (group & b->first[player]) && (group & b->last[player]);
}

#include "games/phantom.h"

int lt_dark_hex(lt_game *game, const double *parameters) {
  rules_t *r = calloc(1, sizeof *r);
  if (r == NULL) return -1;
  const int32_t columns = (int32_t)parameters[2], rows = (int32_t)parameters[3];
  r->cells = rows * columns, r->abrupt = parameters[1] != 0, r->shows_turns = parameters[4] != 0;
  r->shows_count = r->abrupt && !r->shows_turns;
  r->board.columns = columns;
  for (int32_t c = 0; c < columns; c++) r->board.first[0] |= BIT(c), r->board.last[0] |= BIT((rows - 1) * columns + c);
  for (int32_t i = 0; i < rows; i++) r->board.first[1] |= BIT(i * columns), r->board.last[1] |= BIT((i + 1) * columns - 1);
  phantom_game(game, r);
  return 0;
}
