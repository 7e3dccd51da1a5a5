/* Breakthrough on bitboards: cell row * columns + column is a bit. Player 0 starts at the top and moves down, to higher
 * cells. A piece moves straight ahead to an empty cell, or diagonally ahead to a cell without an own piece. A player wins
 * by reaching the last row or taking the last piece. Action ((cell * 6) + direction) * 2 + capture. Directions 0 to 2 are
 * left, straight and right for player 0, and 3 to 5 for player 1; left and right as seen on the board. */
#include "games/bitboard.h"
#include "games/native.h"

typedef struct { int32_t rows, columns; uint64_t start[2], goal[2], not_left, not_right; } rules_t;
typedef struct { uint64_t pieces[2]; int32_t player, winner; } state_t; /* winner: player + 1, or 0 during the game */

/* The pieces that may move left, straight and right. */
typedef struct { uint64_t left, straight, right; } steps_t;

static inline steps_t steps_of(const rules_t *r, uint64_t own, uint64_t other, int player) {
  uint64_t open = ~own, empty = ~(own | other);
  int columns = r->columns;
  if (player == 0)
    return (steps_t){own & r->not_left & open >> (columns - 1), own & empty >> columns,
                     own & r->not_right & open >> (columns + 1)};
  return (steps_t){own & r->not_left & open << (columns + 1), own & empty << columns,
                   own & r->not_right & open << (columns - 1)};
}

/* The target cell of a move; `aside` is -1, 0 or 1. */
static inline uint64_t landing(const rules_t *r, uint64_t piece, int aside, int player) {
  return player == 0 ? piece << (r->columns + aside) : piece >> (r->columns - aside);
}

static void init(void *context, void *state) {
  const rules_t *r = context;
  state_t *s = state;
  memcpy(s->pieces, r->start, sizeof s->pieces);
}

static int32_t current_player(void *context, const void *state) {
  (void)context;
  const state_t *s = state;
  return s->winner ? LT_TERMINAL : s->player;
}

static inline int32_t action_of(const rules_t *r, uint64_t piece, int aside, int player, uint64_t other) {
  int capture = (landing(r, piece, aside, player) & other) != 0;
  return (lt_lowest_bit(piece) * 6 + 3 * player + aside + 1) * 2 + capture;
}

static int32_t legal_actions(void *context, const void *state, int32_t *actions) {
  const rules_t *r = context;
  const state_t *s = state;
  int32_t n = 0;
  if (s->winner) return 0;
  uint64_t own = s->pieces[s->player], other = s->pieces[!s->player];
  steps_t steps = steps_of(r, own, other, s->player);
  for (uint64_t m = steps.left | steps.straight | steps.right; m; m &= m - 1) {
    uint64_t piece = m & (0 - m); /* write every move, advance only past legal ones: no branches */
    int32_t first = (lt_lowest_bit(piece) * 6 + 3 * s->player) * 2;
    actions[n] = first + ((landing(r, piece, -1, s->player) & other) != 0);
    n += (steps.left & piece) != 0;
    actions[n] = first + 2;
    n += (steps.straight & piece) != 0;
    actions[n] = first + 4 + ((landing(r, piece, 1, s->player) & other) != 0);
    n += (steps.right & piece) != 0;
  }
  return n;
}

static int32_t apply(void *context, void *state, int32_t action) {
  const rules_t *r = context;
  state_t *s = state;
  if (s->winner || action < 0 || action >= r->rows * r->columns * 12) return 0;
  int player = s->player, direction = action / 2 % 6 - 3 * player;
  if (direction < 0 || direction > 2) return 0;
  uint64_t own = s->pieces[player], other = s->pieces[!player], piece = UINT64_C(1) << action / 12;
  steps_t steps = steps_of(r, own, other, player);
  if (!((direction == 0 ? steps.left : direction == 1 ? steps.straight : steps.right) & piece)) return 0;
  uint64_t to = landing(r, piece, direction - 1, player);
  if (((to & other) != 0) != (action & 1)) return 0;
  s->pieces[player] = own ^ piece ^ to;
  s->pieces[!player] = other & ~to;
  if (to & r->goal[player] || !(other & ~to)) s->winner = player + 1;
  s->player ^= 1;
  return 1;
}

static void returns(void *context, const void *state, double *returns) {
  (void)context;
  const state_t *s = state;
  returns[0] = s->winner == 1 ? 1 : s->winner == 2 ? -1 : 0;
  returns[1] = -returns[0];
}

/* A random move of `player`, with the draw of lt_playout: the k-th of all, ordered by cell and then from left to right.
 * Returns whether the game is over. Writes `*action` if it is not NULL. */
static inline int random_step(const rules_t *r, uint64_t *mine, uint64_t *theirs, int player, lt_rng *rng,
                              int32_t *action) {
  static const int8_t aside[8][4] = {{0}, {-1}, {0}, {-1, 0}, {1}, {-1, 1}, {0, 1}, {-1, 0, 1}}; /* [which][k] */
  uint64_t own = *mine, other = *theirs;
  steps_t s = steps_of(r, own, other, player);
  uint64_t odd = s.left ^ s.straight ^ s.right, twice = (s.left & s.straight) | (s.right & (s.left ^ s.straight));
  uint64_t running = lt_running_totals(lt_byte_counts(odd) + 2 * lt_byte_counts(twice));
  uint32_t k = lt_rng_below(rng, lt_total(running));
  int low = 8 * lt_find_byte(running, &k);
  uint64_t left = s.left >> low & 0xff, straight = s.straight >> low & 0xff, right = s.right >> low & 0xff;
  running = lt_running_totals(lt_spread_byte(left) + lt_spread_byte(straight) + lt_spread_byte(right));
  int bit = lt_find_byte(running, &k);
  int step = aside[(left >> bit & 1) | (straight >> bit & 1) << 1 | (right >> bit & 1) << 2][k];
  uint64_t piece = UINT64_C(1) << (low + bit), to = landing(r, piece, step, player);
  if (action != NULL) *action = action_of(r, piece, step, player, other);
  *mine = own ^ piece ^ to;
  *theirs = other & ~to;
  return (to & r->goal[player]) != 0 || !*theirs;
}

static inline int32_t play_out(const rules_t *r, state_t *s, lt_rng *rng, int32_t *trace) {
  uint64_t first = s->pieces[0], second = s->pieces[1];
  int32_t length = 0, player = s->player, winner = s->winner;
  const int32_t actions = r->rows * r->columns * 12;
  while (!winner) {
    int32_t *action = trace == NULL ? NULL : &trace[length++];
    if (player == 0) {
      if (random_step(r, &first, &second, 0, rng, action)) winner = 1;
    } else {
      if (random_step(r, &second, &first, 1, rng, action)) winner = 2;
      if (trace != NULL) *action += actions;
    }
    player ^= 1;
  }
  s->pieces[0] = first, s->pieces[1] = second;
  s->player = player, s->winner = winner;
  return length;
}

static void playout(void *context, void *state, lt_rng *rng, double *out) {
  const rules_t *r = context;
  if (r->columns == 8) { /* shifts are compile-time constants */
    rules_t usual = *r;
    usual.columns = 8;
    play_out(&usual, state, rng, NULL);
  } else {
    play_out(r, state, rng, NULL);
  }
  returns(context, state, out);
}

static int32_t traced_playout(void *context, void *state, lt_rng *rng, double *out, int32_t *trace) {
  int32_t length = play_out(context, state, rng, trace);
  returns(context, state, out);
  return length;
}

int lt_breakthrough(lt_game *game, const double *parameters) {
  rules_t *r = calloc(1, sizeof *r);
  if (r == NULL) return -1;
  int rows = r->rows = (int32_t)parameters[0], columns = r->columns = (int32_t)parameters[1];
  int filled = (rows >= 6 ? 2 : 1) * columns; /* two rows of pieces if there is room */
  for (int cell = 0; cell < rows * columns; cell++) {
    uint64_t bit = UINT64_C(1) << cell;
    if (cell < filled) r->start[0] |= bit;
    if (cell >= rows * columns - filled) r->start[1] |= bit;
    if (cell >= (rows - 1) * columns) r->goal[0] |= bit;
    if (cell < columns) r->goal[1] |= bit;
    if (cell % columns != 0) r->not_left |= bit;
    if (cell % columns != columns - 1) r->not_right |= bit;
  }
  *game = (lt_game){.context = r, .state_bytes = sizeof(state_t), .num_players = 2,
                    .num_distinct_actions = rows * columns * 12, .max_game_length = 2 * (2 * rows - 3) * columns + 1,
                    .min_utility = -1, .max_utility = 1, .zero_sum = 1, .init = init,
                    .current_player = current_player, .legal_actions = legal_actions, .apply = apply,
                    .returns = returns, .playout = playout, .traced_playout = traced_playout, .free_context = free};
  return 0;
}
