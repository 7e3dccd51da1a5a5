/* Othello on bitboards: square 8 * row + column is a bit. Moves and flips are computed along all eight directions at once by
 * parallel prefix (Kogge-Stone): each step doubles the known length of a run of opposing discs next to an own disc. */
#include "games/bitboard.h"
#include "games/native.h"

enum { SQUARES = 64, PASS = 64, NUM_ACTIONS = 65, MAX_LENGTH = 128 };

typedef struct { uint64_t discs[2]; int32_t player, over; } state_t;

/* All columns except the outer two, so horizontal runs do not wrap around the edge. */
static const uint64_t INNER = UINT64_C(0x7e7e7e7e7e7e7e7e);

/* The discs of `through` in unbroken runs from `from` towards higher squares, and towards lower squares. */
static inline uint64_t run_up(uint64_t from, uint64_t through, int step) {
  uint64_t run = through & from << step, two = through & through << step;
  run |= through & run << step;
  run |= two & run << 2 * step;
  return run | (two & run << 2 * step);
}

static inline uint64_t run_down(uint64_t from, uint64_t through, int step) {
  uint64_t run = through & from >> step, two = through & through >> step;
  run |= through & run >> step;
  run |= two & run >> 2 * step;
  return run | (two & run >> 2 * step);
}

/* The squares where `own` may place a disc. */
static inline uint64_t moves_of(uint64_t own, uint64_t other) {
  uint64_t inner = other & INNER;
  uint64_t ends = run_up(own, inner, 1) << 1 | run_down(own, inner, 1) >> 1 | run_up(own, other, 8) << 8 |
                  run_down(own, other, 8) >> 8 | run_up(own, inner, 7) << 7 | run_down(own, inner, 7) >> 7 |
                  run_up(own, inner, 9) << 9 | run_down(own, inner, 9) >> 9;
  return ends & ~(own | other);
}

/* A run is flipped if an own disc is at its other end. */
static inline uint64_t flip_up(uint64_t disc, uint64_t own, uint64_t through, int step) {
  uint64_t run = run_up(disc, through, step);
  return run & (0 - (uint64_t)((run << step & own) != 0));
}

static inline uint64_t flip_down(uint64_t disc, uint64_t own, uint64_t through, int step) {
  uint64_t run = run_down(disc, through, step);
  return run & (0 - (uint64_t)((run >> step & own) != 0));
}

static inline uint64_t flips_of(uint64_t disc, uint64_t own, uint64_t other) {
  uint64_t inner = other & INNER;
  return flip_up(disc, own, inner, 1) | flip_down(disc, own, inner, 1) | flip_up(disc, own, other, 8) |
         flip_down(disc, own, other, 8) | flip_up(disc, own, inner, 7) | flip_down(disc, own, inner, 7) |
         flip_up(disc, own, inner, 9) | flip_down(disc, own, inner, 9);
}

static void init(void *context, void *state) {
  (void)context;
  state_t *s = state;
  s->discs[0] = UINT64_C(1) << 28 | UINT64_C(1) << 35;
  s->discs[1] = UINT64_C(1) << 27 | UINT64_C(1) << 36;
}

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
  for (uint64_t m = moves_of(s->discs[s->player], s->discs[!s->player]); m; m &= m - 1) actions[n++] = lt_lowest_bit(m);
  if (!n) actions[n++] = PASS;
  return n;
}

static int32_t apply(void *context, void *state, int32_t action) {
  (void)context;
  state_t *s = state;
  if (s->over || action < 0 || action > PASS) return 0;
  uint64_t own = s->discs[s->player], other = s->discs[!s->player];
  if (action == PASS) {
    if (moves_of(own, other)) return 0;
    s->player ^= 1;
    return 1;
  }
  uint64_t disc = UINT64_C(1) << action, flips = disc & (own | other) ? 0 : flips_of(disc, own, other);
  if (!flips) return 0;
  own |= disc | flips, other &= ~flips;
  s->discs[s->player] = own, s->discs[!s->player] = other;
  s->player ^= 1;
  s->over = !moves_of(other, own) && !moves_of(own, other);
  return 1;
}

static void returns(void *context, const void *state, double *returns) {
  (void)context;
  const state_t *s = state;
  int first = lt_count_bits(s->discs[0]), second = lt_count_bits(s->discs[1]);
  returns[0] = (first > second) - (first < second);
  returns[1] = -returns[0];
}

/* Random moves to the end, with the draws of lt_playout. They are written to `trace` if it is not NULL. */
static inline int32_t play_out(state_t *s, lt_rng *rng, double *out, int32_t *trace) {
  uint64_t own = s->discs[s->player], other = s->discs[!s->player], swap;
  int32_t player = s->player, length = 0;
  while (!s->over) {
    uint64_t moves = moves_of(own, other);
    int32_t action = PASS;
    if (!moves) {
      if (!moves_of(other, own)) break;
      lt_rng_next(rng);
    } else {
      uint64_t running = lt_running_totals(lt_byte_counts(moves));
      action = lt_select_bit(moves, running, lt_rng_below(rng, lt_total(running)));
      uint64_t disc = UINT64_C(1) << action, flips = flips_of(disc, own, other);
      own |= disc | flips, other &= ~flips;
    }
    if (trace != NULL) trace[length++] = player * NUM_ACTIONS + action;
    swap = own, own = other, other = swap;
    player ^= 1;
  }
  s->discs[player] = own, s->discs[!player] = other;
  s->player = player, s->over = 1;
  returns(NULL, s, out);
  return length;
}

static void playout(void *context, void *state, lt_rng *rng, double *out) {
  (void)context;
  play_out(state, rng, out, NULL);
}

static int32_t traced_playout(void *context, void *state, lt_rng *rng, double *out, int32_t *trace) {
  (void)context;
  return play_out(state, rng, out, trace);
}

int lt_othello(lt_game *game, const double *parameters) {
  (void)parameters;
  *game = (lt_game){.state_bytes = sizeof(state_t), .num_players = 2, .num_distinct_actions = NUM_ACTIONS,
                    .max_game_length = MAX_LENGTH, .min_utility = -1, .max_utility = 1, .zero_sum = 1, .init = init,
                    .current_player = current_player, .legal_actions = legal_actions, .apply = apply,
                    .returns = returns, .playout = playout, .traced_playout = traced_playout};
  return 0;
}
