/* Tic-tac-toe: nine bits for each player, bit 3 * row + column. */
#include "games/native.h"

typedef struct { uint16_t stones[2]; uint8_t player, over; } state_t;

enum { FULL = 0x1ff };

/* For each set of cells: whether it contains a line, and the list of its cells. */
static uint8_t line_table[FULL + 1], cell_table[FULL + 1][9];

static void fill_tables(void) {
  static const uint16_t lines[8] = {0007, 0070, 0700, 0111, 0222, 0444, 0421, 0124};
  for (unsigned s = 0; s <= FULL; s++) {
    for (int i = 0; i < 8; i++)
      if ((s & lines[i]) == lines[i]) line_table[s] = 1;
    for (uint8_t cell = 0, n = 0; cell < 9; cell++)
      if (s >> cell & 1) cell_table[s][n++] = cell;
  }
}

static inline int has_line(unsigned s) { return line_table[s]; }

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

/* Random moves to the end, with the draws of lt_playout. */
static void playout(void *context, void *state, lt_rng *rng, double *out) {
  state_t s = *(state_t *)state;
  unsigned own = s.stones[s.player], other = s.stones[!s.player], player = s.player, over = s.over;
  uint32_t free_cells = 9;
  for (unsigned taken = own | other; taken; taken &= taken - 1) free_cells--;
  while (!over) {
    unsigned moved = own | 1u << cell_table[FULL & ~(own | other)][lt_rng_below(rng, free_cells)];
    own = other, other = moved, player ^= 1;
    over = has_line(moved) | (--free_cells == 0);
  }
  *(state_t *)state = (state_t){{(uint16_t)(player ? other : own), (uint16_t)(player ? own : other)}, (uint8_t)player, 1};
  returns(context, state, out);
}

static void playouts(void *context, void *states, lt_rng *rngs, double *out, int32_t n) {
  for (int32_t i = 0; i < n; i++) playout(context, (state_t *)states + i, &rngs[i], out + 2 * i);
}

int lt_tic_tac_toe(lt_game *game, const double *parameters) {
  (void)parameters;
  fill_tables();
  *game = (lt_game){.state_bytes = sizeof(state_t), .num_players = 2, .num_distinct_actions = 9, .max_game_length = 9,
                    .min_utility = -1, .max_utility = 1, .zero_sum = 1, .current_player = current_player,
                    .legal_actions = legal_actions, .apply = apply, .returns = returns, .playout = playout,
                    .playouts = playouts};
  return 0;
}
