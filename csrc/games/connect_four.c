/* Connect four on bitboards: column c, row r (from below) is bit c * (rows + 1) + r; the bit above each
 * column stays empty, so that adding one to a column finds its next free cell and shifts do not wrap. */
#include "native.h"

typedef struct { int32_t rows, columns, in_row; uint64_t bottom, board; } rules_t;
typedef struct { uint64_t stones[2]; int32_t player, outcome; } state_t;

enum { RUNNING, WIN_0, WIN_1, DRAW };

static inline int has_line(uint64_t s, int rows, int in_row) {
  const int steps[4] = {1, rows, rows + 1, rows + 2};
  for (int d = 0; d < 4; d++) {
    uint64_t m = s;
    if (in_row == 4) {
      m &= m >> steps[d];
      m &= m >> 2 * steps[d];
    } else {
      for (int i = 1; i < in_row; i++) m &= s >> i * steps[d];
    }
    if (m) return 1;
  }
  return 0;
}

/* The free cells that a stone would drop into, one bit a playable column. */
static inline uint64_t landings(const rules_t *r, uint64_t taken) { return (taken + r->bottom) & r->board; }

static inline void drop(const rules_t *r, state_t *s, uint64_t cell) {
  s->stones[s->player] |= cell;
  if (has_line(s->stones[s->player], r->rows, r->in_row)) s->outcome = s->player ? WIN_1 : WIN_0;
  else if ((s->stones[0] | s->stones[1]) == r->board) s->outcome = DRAW;
  s->player ^= 1;
}

static void init(void *context, void *state) { (void)context, (void)state; }

static int32_t current_player(void *context, const void *state) {
  (void)context;
  const state_t *s = state;
  return s->outcome ? LT_TERMINAL : s->player;
}

static int32_t legal_actions(void *context, const void *state, int32_t *actions) {
  const rules_t *r = context;
  const state_t *s = state;
  int32_t n = 0;
  if (s->outcome) return 0;
  uint64_t taken = s->stones[0] | s->stones[1], top = UINT64_C(1) << (r->rows - 1);
  for (int32_t c = 0; c < r->columns; c++, top <<= r->rows + 1)
    if (!(taken & top)) actions[n++] = c;
  return n;
}

static int32_t apply(void *context, void *state, int32_t action) {
  const rules_t *r = context;
  state_t *s = state;
  if (s->outcome || action < 0 || action >= r->columns) return 0;
  uint64_t column = ((UINT64_C(1) << r->rows) - 1) << action * (r->rows + 1);
  uint64_t cell = landings(r, s->stones[0] | s->stones[1]) & column;
  if (!cell) return 0;
  drop(r, s, cell);
  return 1;
}

static void returns(void *context, const void *state, double *returns) {
  (void)context;
  const state_t *s = state;
  returns[0] = s->outcome == WIN_0 ? 1 : s->outcome == WIN_1 ? -1 : 0;
  returns[1] = -returns[0];
}

/* Random moves to the end, as lt_playout draws them. While no column is full, the k-th playable cell is in column k. */
static inline void play_out(const rules_t *r, state_t *s, lt_rng *rng) {
  const int height = r->rows + 1;
  const uint64_t column = (UINT64_C(1) << r->rows) - 1, top = r->bottom << (r->rows - 1);
  uint64_t own = s->stones[s->player], other = s->stones[!s->player];
  uint32_t open = 0, player = (uint32_t)s->player;
  for (uint64_t m = landings(r, own | other); m; m &= m - 1) open++;
  while (!s->outcome) {
    uint64_t cells = landings(r, own | other), moved;
    uint32_t k = lt_rng_below(rng, open);
    if (open == (uint32_t)r->columns) {
      cells &= column << (int)k * height;
    } else {
      while (k--) cells &= cells - 1;
      cells &= -cells;
    }
    open -= (cells & top) != 0;
    moved = own | cells, own = other, other = moved;
    if (has_line(moved, r->rows, r->in_row)) s->outcome = player ? WIN_1 : WIN_0;
    else if (!open) s->outcome = DRAW;
    player ^= 1;
  }
  s->player = (int32_t)player, s->stones[player] = own, s->stones[!player] = other;
}

static void playout(void *context, void *state, lt_rng *rng, double *out) {
  const rules_t *r = context;
  state_t s = *(state_t *)state;
  if (r->rows == 6 && r->in_row == 4) { /* the usual board, with its shifts known to the compiler */
    const rules_t usual = {6, r->columns, 4, r->bottom, r->board};
    play_out(&usual, &s, rng);
  } else {
    play_out(r, &s, rng);
  }
  *(state_t *)state = s;
  returns(context, state, out);
}

int lt_connect_four(lt_game *game, const double *parameters) {
  rules_t *r = calloc(1, sizeof *r);
  if (r == NULL) return -1;
  r->rows = (int32_t)parameters[0], r->columns = (int32_t)parameters[1], r->in_row = (int32_t)parameters[2];
  for (int c = 0; c < r->columns; c++) {
    r->bottom |= UINT64_C(1) << c * (r->rows + 1);
    r->board |= ((UINT64_C(1) << r->rows) - 1) << c * (r->rows + 1);
  }
  *game = (lt_game){.context = r, .state_bytes = sizeof(state_t), .num_players = 2,
                    .num_distinct_actions = r->columns, .max_game_length = r->rows * r->columns,
                    .min_utility = -1, .max_utility = 1, .zero_sum = 1, .init = init, .current_player = current_player,
                    .legal_actions = legal_actions, .apply = apply, .returns = returns, .playout = playout,
                    .free_context = free};
  return 0;
}
