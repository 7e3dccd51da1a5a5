/* Connect four on bitboards: column c, row r (from below) is bit c * (rows + 1) + r. The bit above each
 * column stays empty, so adding one to a column gives its next free cell, and shifts do not wrap. */
#include "games/native.h"

typedef struct { int32_t rows, columns, in_row; uint64_t bottom, board; } rules_t;
typedef struct { uint64_t stones[2]; int32_t player, outcome; } state_t;

enum { RUNNING, WIN_0, WIN_1, DRAW };

static inline int has_line(uint64_t s, int rows, int in_row) {
  const int steps[4] = {1, rows, rows + 1, rows + 2};
  if (in_row == 4) { /* without branches, because the end of a game is unpredictable */
    uint64_t any = 0;
    for (int d = 0; d < 4; d++) {
      uint64_t pairs = s & s >> steps[d];
      any |= pairs & pairs >> 2 * steps[d];
    }
    return any != 0;
  }
  for (int d = 0; d < 4; d++) {
    uint64_t m = s;
    for (int i = 1; i < in_row; i++) m &= s >> i * steps[d];
    if (m) return 1;
  }
  return 0;
}

/* The cells that a stone would drop into, one bit per playable column. */
static inline uint64_t landings(const rules_t *r, uint64_t taken) { return (taken + r->bottom) & r->board; }

static inline int act(const rules_t *r, state_t *s, int32_t action) {
  const uint64_t column = ((UINT64_C(1) << r->rows) - 1) << action * (r->rows + 1);
  const uint64_t cell = landings(r, s->stones[0] | s->stones[1]) & column;
  if (!cell) return 0;
  s->stones[s->player] |= cell;
  if (has_line(s->stones[s->player], r->rows, r->in_row)) s->outcome = s->player ? WIN_1 : WIN_0;
  else if ((s->stones[0] | s->stones[1]) == r->board) s->outcome = DRAW;
  s->player ^= 1;
  return 1;
}

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
  if (r->rows == 6 && r->in_row == 4) { /* the default board, with shifts as compile-time constants */
    const rules_t usual = {6, r->columns, 4, r->bottom, r->board};
    return act(&usual, s, action);
  }
  return act(r, s, action);
}

static void returns(void *context, const void *state, double *returns) {
  (void)context;
  const state_t *s = state;
  returns[0] = s->outcome == WIN_0 ? 1 : s->outcome == WIN_1 ? -1 : 0;
  returns[1] = -returns[0];
}

/* Random moves to the end, with the draws of lt_playout. While no column is full, the k-th playable cell is in column k. */
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
  if (r->rows == 6 && r->in_row == 4) { /* the default board, with shifts as compile-time constants */
    const rules_t usual = {6, r->columns, 4, r->bottom, r->board};
    play_out(&usual, &s, rng);
  } else {
    play_out(r, &s, rng);
  }
  *(state_t *)state = s;
  returns(context, state, out);
}

/* Many playouts at once, on boards of up to eight columns. Two times four games occupy the lanes of vectors. When a game ends,
 * the next one takes its lane. The open columns of a game are bytes of a word, each with the shift of its column, so one shift
 * selects the k-th of them. The draws and the results equal those of play_out. */
#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>
#define LANES __attribute__((target("avx2")))

typedef struct { __m256i own, other, counter, open, order, player; } lanes_t;

LANES static inline __m256i multiply(__m256i x, uint64_t by) { /* the low 64 bits */
  const __m256i low = _mm256_set1_epi64x((int64_t)(by & UINT32_MAX)), high = _mm256_set1_epi64x((int64_t)(by >> 32));
  __m256i cross = _mm256_add_epi64(_mm256_mul_epu32(_mm256_srli_epi64(x, 32), low), _mm256_mul_epu32(x, high));
  return _mm256_add_epi64(_mm256_mul_epu32(x, low), _mm256_slli_epi64(cross, 32));
}

LANES static inline __m256i mix(__m256i x) { /* lt_mix */
  x = multiply(_mm256_xor_si256(x, _mm256_srli_epi64(x, 30)), UINT64_C(0xbf58476d1ce4e5b9));
  x = multiply(_mm256_xor_si256(x, _mm256_srli_epi64(x, 27)), UINT64_C(0x94d049bb133111eb));
  return _mm256_xor_si256(x, _mm256_srli_epi64(x, 31));
}

LANES static inline __m256i lines(__m256i s, int step, int in_row) { /* stones that start a line in one direction */
  if (in_row == 4) {
    s = _mm256_and_si256(s, _mm256_srli_epi64(s, step));
    return _mm256_and_si256(s, _mm256_srli_epi64(s, 2 * step));
  }
  __m256i m = s;
  for (int i = 1; i < in_row; i++) m = _mm256_and_si256(m, _mm256_srli_epi64(s, i * step));
  return m;
}

/* One move in each lane. Returns which games are over. */
LANES static inline int move(const rules_t *r, lanes_t *g) {
  const __m256i zero = _mm256_setzero_si256(), eight = _mm256_set1_epi64x(8);
  const __m256i column = _mm256_set1_epi64x((INT64_C(1) << r->rows) - 1), bottom = _mm256_set1_epi64x((int64_t)r->bottom);
  const __m256i tops = _mm256_set1_epi64x((int64_t)(r->bottom << (r->rows - 1)));
  g->counter = _mm256_add_epi64(g->counter, _mm256_set1_epi64x((int64_t)UINT64_C(0x9e3779b97f4a7c15)));
  __m256i k = _mm256_srli_epi64(_mm256_mul_epu32(_mm256_srli_epi64(mix(g->counter), 32), g->open), 32);
  k = _mm256_slli_epi64(k, 3);
  __m256i shift = _mm256_and_si256(_mm256_srlv_epi64(g->order, k), _mm256_set1_epi64x(255));
  __m256i cell = _mm256_and_si256(_mm256_add_epi64(_mm256_or_si256(g->own, g->other), bottom), _mm256_sllv_epi64(column, shift));
  __m256i moved = _mm256_or_si256(g->own, cell);
  __m256i filled = _mm256_xor_si256(_mm256_cmpeq_epi64(_mm256_and_si256(cell, tops), zero), _mm256_set1_epi64x(-1));
  __m256i below = _mm256_sub_epi64(_mm256_sllv_epi64(_mm256_set1_epi64x(1), k), _mm256_set1_epi64x(1));
  __m256i above = _mm256_sllv_epi64(_mm256_srlv_epi64(g->order, _mm256_add_epi64(k, eight)), k);
  __m256i without = _mm256_or_si256(_mm256_and_si256(g->order, below), above);
  g->order = _mm256_blendv_epi8(g->order, without, filled);
  g->open = _mm256_add_epi64(g->open, filled);
  g->own = g->other, g->other = moved;
  g->player = _mm256_xor_si256(g->player, _mm256_set1_epi64x(1));
  __m256i line = _mm256_or_si256(_mm256_or_si256(lines(moved, 1, r->in_row), lines(moved, r->rows, r->in_row)),
                                 _mm256_or_si256(lines(moved, r->rows + 1, r->in_row), lines(moved, r->rows + 2, r->in_row)));
  __m256i over = _mm256_or_si256(_mm256_xor_si256(_mm256_cmpeq_epi64(line, zero), _mm256_set1_epi64x(-1)),
                                 _mm256_cmpeq_epi64(g->open, zero));
  return _mm256_movemask_pd(_mm256_castsi256_pd(over));
}

/* The lanes of four games as plain words, used when one game replaces another. */
typedef struct { uint64_t own[4], other[4], counter[4], open[4], order[4], player[4]; } words_t;

LANES static inline void load(lanes_t *g, const words_t *w) {
  g->own = _mm256_loadu_si256((const __m256i *)w->own), g->other = _mm256_loadu_si256((const __m256i *)w->other);
  g->counter = _mm256_loadu_si256((const __m256i *)w->counter), g->open = _mm256_loadu_si256((const __m256i *)w->open);
  g->order = _mm256_loadu_si256((const __m256i *)w->order), g->player = _mm256_loadu_si256((const __m256i *)w->player);
}

LANES static inline void store(const lanes_t *g, words_t *w) {
  _mm256_storeu_si256((__m256i *)w->own, g->own), _mm256_storeu_si256((__m256i *)w->other, g->other);
  _mm256_storeu_si256((__m256i *)w->counter, g->counter), _mm256_storeu_si256((__m256i *)w->open, g->open);
  _mm256_storeu_si256((__m256i *)w->order, g->order), _mm256_storeu_si256((__m256i *)w->player, g->player);
}

static inline void enter(const rules_t *r, words_t *w, int lane, const state_t *s, const lt_rng *rng) {
  w->own[lane] = s->stones[s->player], w->other[lane] = s->stones[!s->player];
  w->counter[lane] = rng->counter, w->player[lane] = (uint64_t)s->player;
  uint64_t tops = (s->stones[0] | s->stones[1]) >> (r->rows - 1), open = 0;
  uint8_t order[8] = {0};
  for (int c = 0; c < r->columns; c++, tops >>= r->rows + 1) { /* without branches, because full columns are unpredictable */
    order[open] = (uint8_t)(c * (r->rows + 1));
    open += ~tops & 1;
  }
  memcpy(&w->order[lane], order, sizeof order);
  w->open[lane] = open;
}

LANES static inline __attribute__((always_inline)) void play_lanes(const rules_t *r, const state_t *states, lt_rng *rngs,
                                                                   double *out, int32_t n) {
  enum { GROUPS = 2 };
  words_t words[GROUPS] = {0};
  lanes_t games[GROUPS];
  int32_t game_of[GROUPS][4], next = 0, left = 0;
  int alive[GROUPS] = {0};
  for (int32_t i = 0; i < n; i++) {
    const int outcome = states[i].outcome;
    if (outcome) out[2 * i] = outcome == WIN_0 ? 1 : outcome == WIN_1 ? -1 : 0, out[2 * i + 1] = -out[2 * i];
    else left++;
  }
  for (int group = 0; group < GROUPS; group++) {
    for (int lane = 0; lane < 4; lane++) {
      while (next < n && states[next].outcome) next++;
      if (next == n) break;
      enter(r, &words[group], lane, &states[next], &rngs[next]);
      game_of[group][lane] = next++;
      alive[group] |= 1 << lane;
    }
    load(&games[group], &words[group]);
  }
  while (left) {
    for (int group = 0; group < GROUPS; group++) {
      int over = move(r, &games[group]) & alive[group];
      if (!over) continue;
      words_t *w = &words[group];
      store(&games[group], w);
      for (; over; over &= over - 1) {
        const int lane = __builtin_ctz((unsigned)over);
        const int32_t i = game_of[group][lane];
        const int won = has_line(w->other[lane], r->rows, r->in_row); /* by the player who moved last */
        out[2 * i] = won * (2 * (int)w->player[lane] - 1);
        out[2 * i + 1] = -out[2 * i];
        rngs[i].counter = w->counter[lane];
        left--;
        while (next < n && states[next].outcome) next++;
        if (next < n) {
          enter(r, w, lane, &states[next], &rngs[next]);
          game_of[group][lane] = next++;
        } else {
          alive[group] &= ~(1 << lane);
        }
      }
      load(&games[group], w);
    }
  }
}

LANES static void lane_playouts(void *context, void *states, lt_rng *rngs, double *out, int32_t n) {
  const rules_t *r = context;
  if (r->rows == 6 && r->in_row == 4) {
    const rules_t usual = {6, r->columns, 4, r->bottom, r->board};
    play_lanes(&usual, states, rngs, out, n);
  } else {
    play_lanes(r, states, rngs, out, n);
  }
}
#endif

/* The same without vectors. */
static void playouts(void *context, void *states, lt_rng *rngs, double *out, int32_t n) {
  for (int32_t i = 0; i < n; i++) playout(context, (state_t *)states + i, &rngs[i], out + 2 * i);
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
                    .min_utility = -1, .max_utility = 1, .zero_sum = 1, .current_player = current_player,
                    .legal_actions = legal_actions, .apply = apply, .returns = returns, .playout = playout,
                    .playouts = playouts, .free_context = free};
#if defined(__x86_64__) && defined(__GNUC__)
  if (r->columns <= 8 && __builtin_cpu_supports("avx2")) game->playouts = lane_playouts;
#endif
  return 0;
}
