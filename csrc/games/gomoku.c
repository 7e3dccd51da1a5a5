/* Gomoku: `connect` in a row wins, or loses (`anti`), on a line, a square, or a cube of more dimensions. `wrap` joins
 * opposite edges. The last coordinate of a cell number varies fastest. */
#include "games/bits.h"
#include "games/native.h"

enum { MAX_WORDS = 7, MAX_CELLS = 64 * MAX_WORDS - 1, MAX_DIMS = 4, MAX_DIRECTIONS = 40, MAX_LINES = 6 * 32 };

typedef struct {
  int32_t size, connect, dims, wrap, anti, cells, words, directions;
  int8_t direction[MAX_DIRECTIONS][MAX_DIMS];
  int8_t at[MAX_CELLS][MAX_DIMS];        /* the coordinates of a cell */
  int32_t stride[MAX_DIMS];
  uint64_t board[MAX_WORDS];
  uint8_t lines[MAX_CELLS][4];           /* on a square: the row, column and diagonals through a cell */
} board_t;

typedef struct { uint8_t player, outcome; uint16_t moves; uint8_t unused[4]; uint64_t stones[]; } state_t;

enum { RUNNING, WIN_0, WIN_1, DRAW };

/* ---- The rules ---- */

/* The number of consecutive cells in `own` from a cell in a direction, without the cell itself; at most connect - 1. */
static int follow(const board_t *b, const uint64_t *own, int32_t cell, const int8_t *direction, int sign) {
  int at[MAX_DIMS], n = 0;
  for (int d = 0; d < b->dims; d++) at[d] = b->at[cell][d];
  for (; n < b->connect - 1; n++) {
    int32_t next = 0;
    for (int d = 0; d < b->dims; d++) {
      at[d] += sign * direction[d];
      if (at[d] < 0 || at[d] >= b->size) {
        if (!b->wrap) return n;
        at[d] += at[d] < 0 ? b->size : -b->size;
      }
      next += at[d] * b->stride[d];
    }
    if (!bit_at(own, (uint32_t)next)) return n;
  }
  return n;
}

static int has_row(const board_t *b, const uint64_t *own, int32_t cell) {
  for (int i = 0; i < b->directions; i++) {
    const int8_t *direction = b->direction[i];
    if (1 + follow(b, own, cell, direction, 1) + follow(b, own, cell, direction, -1) >= b->connect) return 1;
  }
  return 0;
}

static inline int outcome_of_row(const board_t *b, int player) { return player ^ b->anti ? WIN_1 : WIN_0; }

static int32_t current_player(void *context, const void *state) {
  (void)context;
  const state_t *s = state;
  return s->outcome ? LT_TERMINAL : s->player;
}

static int32_t legal_actions(void *context, const void *state, int32_t *actions) {
  const board_t *b = context;
  const state_t *s = state;
  int32_t n = 0;
  if (s->outcome) return 0;
  for (int i = 0; i < b->words; i++)
    for (uint64_t m = b->board[i] & ~(s->stones[i] | s->stones[b->words + i]); m; m &= m - 1)
      actions[n++] = 64 * i + first_bit(m);
  return n;
}

static int32_t apply(void *context, void *state, int32_t action) {
  const board_t *b = context;
  state_t *s = state;
  if (s->outcome || action < 0 || action >= b->cells) return 0;
  uint64_t *own = s->stones + s->player * b->words, *other = s->stones + !s->player * b->words;
  if (bit_at(own, (uint32_t)action) | bit_at(other, (uint32_t)action)) return 0;
  set_bit(own, (uint32_t)action);
  s->moves++;
  if (has_row(b, own, action)) s->outcome = (uint8_t)outcome_of_row(b, s->player);
  else if (s->moves == b->cells) s->outcome = DRAW;
  s->player ^= 1;
  return 1;
}

static void returns(void *context, const void *state, double *returns) {
  (void)context;
  const state_t *s = state;
  returns[0] = s->outcome == WIN_0 ? 1 : s->outcome == WIN_1 ? -1 : 0;
  returns[1] = -returns[0];
}

/* ---- Playouts on a plain square ---- */

/* Put a stone into its four lines, two per word, and return whether one has `connect` in a row. The bit in a line is the
 * column of the cell; in a column it is the row. */
static inline int put(const uint8_t *line, int row, int column, uint32_t *lines, const int connect) {
  uint32_t *a = lines + line[0], *b = lines + line[1], *c = lines + line[2], *d = lines + line[3];
  *a |= UINT32_C(1) << column, *b |= UINT32_C(1) << row, *c |= UINT32_C(1) << column, *d |= UINT32_C(1) << column;
  uint64_t x = *a | (uint64_t)*b << 32, y = *c | (uint64_t)*d << 32; /* the top bit of a line is never set */
  if (connect == 5) {
    uint64_t x2 = x & x >> 1, y2 = y & y >> 1;
    return ((x2 & x2 >> 2 & x >> 4) | (y2 & y2 >> 2 & y >> 4)) != 0;
  }
  uint64_t x1 = x, y1 = y;
  for (int i = 1; i < connect; i++) x1 &= x >> i, y1 &= y >> i;
  return (x1 | y1) != 0;
}

/* Random moves to the end, with the draws of lt_playout but another order of cells. Writes the moves to `trace` if it is
 * not NULL. */
static inline int32_t play_out(const board_t *b, state_t *s, lt_rng *rng, int32_t *trace, const int connect) {
  uint32_t lines[2][MAX_LINES] = {{0}};
  int32_t open[MAX_CELLS], n = 0, left = legal_actions((void *)(uintptr_t)b, s, open), row = 0;
  const int32_t before = left;
  if (s->outcome) return 0;
  for (int player = 0; player < 2; player++)
    for (int i = 0; i < b->words; i++)
      for (uint64_t m = s->stones[player * b->words + i]; m; m &= m - 1) {
        int32_t cell = 64 * i + first_bit(m);
        put(b->lines[cell], b->at[cell][0], b->at[cell][1], lines[player], connect);
      }
  int player = s->player;
  uint64_t random = 0;
  while (left && !row) {
    random = (before - left) & 1 ? random << 32 : lt_rng_next(rng);
    uint32_t i = (uint32_t)((random >> 32) * (uint64_t)left >> 32);
    int32_t cell = open[i];
    open[i] = open[--left];
    if (trace) trace[n++] = player * b->cells + cell;
    set_bit(s->stones + player * b->words, (uint32_t)cell);
    row = put(b->lines[cell], b->at[cell][0], b->at[cell][1], lines[player], connect);
    player ^= 1;
  }
  s->moves = (uint16_t)(s->moves + before - left);
  s->player = (uint8_t)player;
  s->outcome = (uint8_t)(row ? outcome_of_row(b, !player) : DRAW);
  return n;
}

static void playout(void *context, void *state, lt_rng *rng, double *out) {
  const board_t *b = context;
  if (b->connect == 5) play_out(b, state, rng, NULL, 5);
  else play_out(b, state, rng, NULL, b->connect);
  returns(context, state, out);
}

static int32_t traced_playout(void *context, void *state, lt_rng *rng, double *out, int32_t *trace) {
  int32_t n = play_out(context, state, rng, trace, ((const board_t *)context)->connect);
  returns(context, state, out);
  return n;
}

/* ---- Making a board ---- */

/* One of each pair of opposite directions: the one whose first nonzero coordinate is positive. */
static void fill_directions(board_t *b) {
  int codes = 1;
  for (int d = 0; d < b->dims; d++) codes *= 3;
  for (int code = codes / 2 + 1; code < codes; code++)
    for (int d = b->dims - 1, rest = code; d >= 0; d--, rest /= 3)
      b->direction[code - codes / 2 - 1][d] = (int8_t)(rest % 3 - 1);
  b->directions = codes / 2;
}

int lt_gomoku(lt_game *game, const double *parameters) {
  board_t *b = calloc(1, sizeof *b);
  if (b == NULL) return -1;
  b->size = (int32_t)parameters[0], b->connect = (int32_t)parameters[1], b->dims = (int32_t)parameters[2];
  b->wrap = (int32_t)parameters[3], b->anti = (int32_t)parameters[4];
  b->cells = 1;
  for (int d = b->dims - 1; d >= 0; d--) b->stride[d] = b->cells, b->cells *= b->size;
  b->words = b->cells / 64 + 1;
  fill_directions(b);
  for (int32_t cell = 0; cell < b->cells; cell++) {
    set_bit(b->board, (uint32_t)cell);
    for (int d = 0; d < b->dims; d++) b->at[cell][d] = (int8_t)(cell / b->stride[d] % b->size);
    const int row = b->at[cell][0], column = b->at[cell][1];
    const int lines[4] = {row, b->size + column, 2 * b->size + row + column, 5 * b->size + row - column};
    for (int i = 0; i < 4; i++) b->lines[cell][i] = (uint8_t)lines[i];
  }
  const int plain = b->dims == 2 && !b->wrap;
  *game = (lt_game){.context = b, .state_bytes = sizeof(state_t) + 2 * (size_t)b->words * sizeof(uint64_t),
                    .num_players = 2, .num_distinct_actions = b->cells, .max_game_length = b->cells, .min_utility = -1,
                    .max_utility = 1, .zero_sum = 1, .current_player = current_player,
                    .legal_actions = legal_actions, .apply = apply, .returns = returns,
                    .playout = plain ? playout : NULL, .traced_playout = plain ? traced_playout : NULL,
                    .free_context = free};
  return 0;
}
