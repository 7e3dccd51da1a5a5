/* Tic-tac-toe: a set of nine bits for each player; bit 3 * row + column. */
#include "native.h"

typedef struct { uint16_t stones[2]; uint8_t player, over; } state_t;

enum { FULL = 0x1ff };

static int has_line(unsigned s) {
  static const uint16_t lines[8] = {0007, 0070, 0700, 0111, 0222, 0444, 0421, 0124};
  for (int i = 0; i < 8; i++)
    if ((s & lines[i]) == lines[i]) return 1;
  return 0;
}

static void init(void *context, void *state) { (void)context, (void)state; }

static int32_t current_player(void *context, const void *state) {
  (void)context;
  const state_t *s = state;
  return s->over ? LT_TERMINAL : s->player;
}

static int32_t legal_actions(void *context, const void *state, int32_t *actions) {
  (void)context;
  const state_t *s = state;
  int32_t n = 0;
  if (s->over) return 0;
  unsigned taken = s->stones[0] | s->stones[1];
  for (int32_t a = 0; a < 9; a++)
    if (!(taken >> a & 1)) actions[n++] = a;
  return n;
}

static int32_t apply(void *context, void *state, int32_t action) {
  (void)context;
  state_t *s = state;
  if (s->over || action < 0 || action > 8 || ((s->stones[0] | s->stones[1]) >> action & 1)) return 0;
  s->stones[s->player] |= (uint16_t)(1 << action);
  s->over = has_line(s->stones[s->player]) || (s->stones[0] | s->stones[1]) == FULL;
  s->player ^= 1;
  return 1;
}

static void returns(void *context, const void *state, double *returns) {
  (void)context;
  const state_t *s = state;
  returns[0] = has_line(s->stones[0]) - has_line(s->stones[1]);
  returns[1] = -returns[0];
}

int lt_tic_tac_toe(lt_game *game, const double *parameters) {
  (void)parameters;
  *game = (lt_game){.state_bytes = sizeof(state_t), .num_players = 2, .num_distinct_actions = 9, .max_game_length = 9,
                    .min_utility = -1, .max_utility = 1, .zero_sum = 1, .init = init, .current_player = current_player,
                    .legal_actions = legal_actions, .apply = apply, .returns = returns};
  return 0;
}
