/* Phantom tic-tac-toe: three in a row, but each player sees only its own stones. Bit 3 * row + column. */
#include <stdint.h>

typedef struct { int32_t none; } board_t;

static int has_won(const board_t *board, int player, uint64_t stones) {
  static const uint16_t lines[8] = {0007, 0070, 0700, 0111, 0222, 0444, 0421, 0124};
  (void)board, (void)player;
  for (int i = 0; i < 8; i++)
    if ((stones & lines[i]) == lines[i]) return 1;
  return 0;
}

static int wins_by(const board_t *board, int player, uint64_t stones, int cell) {
  (void)cell;
  return has_won(board, player, stones);
}

#include "games/phantom.h"

int lt_phantom_ttt(lt_game *game, const double *parameters) {
  rules_t *r = calloc(1, sizeof *r);
  if (r == NULL) return -1;
  r->cells = 9, r->abrupt = parameters[0] != 0, r->shows_turns = parameters[1] != 0;
  phantom_game(game, r);
  return 0;
}
