/* Go: area or territory scoring, with or without a clean-up, four ko rules, handicap, boards from 2x2 to 25x25. Suicide is
 * illegal. Rows are counted from below. Action row * size + column, then pass. csrc/go/board.h has chains and liberties,
 * csrc/go/knowledge.c has knowledge. */
#include "games/go.h"
#include "go/playouts.h"
#include "go/knowledge.h"

static size_t state_bytes_of(const lt_go_rules *r) {
  return sizeof(lt_go_state) + lt_go_board_bytes(r->size) + ((size_t)r->max_game_length + 3) * sizeof(uint64_t);
}

static uint64_t *keys_of(const lt_go_rules *r, const lt_go_state *s) {
  return (uint64_t *)((uint8_t *)(s + 1) + lt_go_board_bytes(r->size));
}

/* Superko compares stones, or stones and the player to move. */
static uint64_t position_key(const lt_go_rules *r, uint64_t stones, int to_move) {
  return r->ko == LT_GO_SITUATIONAL && to_move ? ~stones : stones;
}

static int seen_before(const lt_go_rules *r, const lt_go_state *s, uint64_t key) {
  const uint64_t *keys = keys_of(r, s);
  uint64_t found = 0;
  for (int32_t i = 0; i <= s->moves; i++) found |= keys[i] == key;
  return found != 0;
}


/* The stones after a legal move. */
static uint64_t hash_after(const lt_go_board *b, int p, int color) {
  uint64_t hash = b->hash ^ lt_go_key(p, color);
  int taken[4], n = 0;
  for (int d = 0; d < 4; d++) {
    const int q = p + b->step[d], head = b->at[q].head;
    if (b->at[q].color != lt_go_enemy(color) || !lt_go_in_atari(b, head)) continue;
    int known = 0;
    for (int i = 0; i < n; i++) known |= taken[i] == head;
    if (known) continue;
    taken[n++] = head;
    int s = head;
    do hash ^= lt_go_key(s, lt_go_enemy(color)), s = b->at[s].next;
    while (s != head);
  }
  return hash;
}

/* Stones were captured. Without captures no position repeats. */
static int any_captured(const lt_go_board *b) { return b->captured[0] | b->captured[1]; }

static int is_legal(const lt_go_rules *r, const lt_go_state *s, int p) {
  const lt_go_board *b = lt_go_board_of(s);
  const int color = s->player + 1;
  if (p == LT_PASS) return 1;
  if (!lt_go_legal(b, p, color)) return 0;
  if (r->ko < LT_GO_POSITIONAL || !any_captured(b)) return 1;
  return !seen_before(r, s, position_key(r, hash_after(b, p, color), !s->player));
}

static void init(void *context, void *state) {
  const lt_go_rules *r = context;
  lt_go_state *s = state;
  memcpy(lt_go_board_of(s), r->start, lt_go_board_bytes(r->size));
  s->player = r->handicap >= 2;
  s->lead = r->handicap >= 2 ? r->handicap : 0;
  keys_of(r, s)[0] = position_key(r, r->start->hash, s->player);
}

static int32_t current_player(void *context, const void *state) {
  (void)context;
  const lt_go_state *s = state;
  return s->over ? LT_TERMINAL : s->player;
}

static int32_t legal_actions(void *context, const void *state, int32_t *actions) {
  const lt_go_rules *r = context;
  const lt_go_state *s = state;
  const lt_go_board *b = lt_go_board_of(s);
  int32_t n = 0, action = 0;
  if (s->over) return 0;
  const int superko = r->ko >= LT_GO_POSITIONAL && any_captured(b);
  for (int row = 0; row < r->size; row++)
    for (int column = 0, p = (row + 1) * b->width + 1; column < r->size; column++, p++, action++)
      if (b->at[p].color == LT_EMPTY && (superko ? is_legal(r, s, p) : lt_go_legal(b, p, s->player + 1))) actions[n++] = action;
  actions[n++] = action;
  return n;
}

static int32_t apply(void *context, void *state, int32_t action) {
  const lt_go_rules *r = context;
  lt_go_state *s = state;
  lt_go_board *b = lt_go_board_of(s);
  if (s->over || action < 0 || action > r->size * r->size) return 0;
  const int p = lt_go_point_of(b, action);
  if (!is_legal(r, s, p)) return 0;
  lt_go_play(b, p, s->player + 1, 1);
  if (p != LT_PASS && !s->cleaning) s->lead += s->player ? -1 : 1;
  s->player ^= 1;
  s->passes = p == LT_PASS ? (uint8_t)(s->passes + 1) : 0;
  if (s->passes == 2 && r->cleanup && !s->cleaning) s->cleaning = 1, s->passes = 0;
  const uint64_t key = position_key(r, b->hash, s->player);
  if (r->ko == LT_GO_DRAW && p != LT_PASS && any_captured(b)) s->repeated = (uint8_t)seen_before(r, s, key);
  keys_of(r, s)[++s->moves] = key;
  s->over = s->repeated || s->passes == 2 || (s->moves >= r->max_game_length && s->moves >= 2);
  return 1;
}

static void returns_of(double score, double *returns) {
  returns[0] = (score > 0) - (score < 0);
  returns[1] = -returns[0];
}

static void returns(void *context, const void *state, double *returns) {
  const lt_go_state *s = state;
  returns_of(s->repeated ? 0 : lt_go_score(context, s), returns);
}

/* The position as a key for graph search. Only with simple ko does the position alone determine what can follow. */
static uint64_t hash(void *context, const void *state) {
  (void)context;
  const lt_go_state *s = state;
  const lt_go_board *b = lt_go_board_of(s);
  const uint64_t rest = (uint64_t)b->ko << 40 | (uint64_t)s->player << 36 | (uint64_t)s->passes << 34 |
                        (uint64_t)s->cleaning << 33 | (uint64_t)s->moves;
  return lt_mix(b->hash ^ lt_mix(rest)) ^ (uint64_t)s->lead * UINT64_C(0xd1342543de82ef95);
}

/* Light play: uniform over the legal moves that do not fill an own eye; pass if there are none. */
static int32_t light_playout(const lt_go_rules *r, lt_go_state *s, lt_rng *rng, int32_t *trace) {
  lt_go_board *b = lt_go_board_of(s);
  const int32_t limit = 3 * r->size * r->size, pass = r->size * r->size;
  int32_t n = 0;
  int player = s->player, passes = s->passes;
  for (; passes < 2 && n < limit; n++, player ^= 1) {
    const int move = lt_go_light_move(b, player + 1, rng);
    lt_go_play(b, move, player + 1, 0);
    passes = move == LT_PASS ? passes + 1 : 0;
    if (trace && n < r->max_game_length) trace[n] = player * (pass + 1) + lt_go_action_of(b, move);
  }
  return n < r->max_game_length ? n : r->max_game_length;
}

static int32_t traced_playout(void *context, void *state, lt_rng *rng, double *out, int32_t *trace) {
  lt_go_state *s = state;
  int32_t n = s->over ? 0 : light_playout(context, s, rng, trace);
  s->over = 1;
  returns(context, state, out);
  return n;
}

static void playout(void *context, void *state, lt_rng *rng, double *out) { traced_playout(context, state, rng, out, NULL); }

/* Light playouts in parallel lanes of vector registers. Terminal positions keep their result. */
static void playouts(void *context, void *states, lt_rng *rngs, double *out, int32_t n) {
  enum { MANY = 64 };
  const lt_go_rules *r = context;
  const size_t state_bytes = state_bytes_of(r);
  uint8_t stones[MANY][LT_GO_MAX_SIZE * LT_GO_MAX_SIZE];
  lt_go_position positions[MANY];
  lt_rng streams[MANY];
  int32_t index[MANY];
  int16_t score[MANY];
  double owed[MANY];
  uint16_t length[MANY];
  for (int32_t first = 0; first < n; first += MANY) {
    int32_t count = 0;
    for (int32_t i = first; i < n && i < first + MANY; i++) {
      const lt_go_state *s = (const lt_go_state *)((const uint8_t *)states + (size_t)i * state_bytes);
      const lt_go_board *b = lt_go_board_of(s);
      if (s->over) {
        returns(context, s, out + 2 * i);
        continue;
      }
      uint8_t *to = stones[count];
      for (int row = 0; row < r->size; row++)
        for (int column = 0, p = (row + 1) * b->width + 1; column < r->size; column++) *to++ = b->at[p++].color;
      positions[count] = (lt_go_position){stones[count], b->ko ? lt_go_action_of(b, b->ko) : -1, s->player + 1, s->passes};
      streams[count] = rngs[i], owed[count] = lt_go_owed(r, s), index[count++] = i;
    }
    lt_go_play_out_many(r->size, positions, streams, count, score, length);
    for (int32_t k = 0; k < count; k++)
      returns_of(score[k] - owed[k], out + 2 * index[k]);
  }
}

/* Informed play. A sixteenth of the return is the score divided by the size of the board, so a search that wins or loses in
 * any case plays for points. If a search asks for the trace, the playout ends as soon as the winner is clear. The trace
 * omits passes, because the passes at the end of every playout give no information about passing now. */
static int32_t informed_playout(void *context, void *state, lt_rng *rng, double *out, int32_t *trace) {
  const lt_go_rules *r = context;
  lt_go_state *s = state;
  lt_go_board *b = lt_go_board_of(s);
  uint16_t moves[3 * LT_GO_MAX_SIZE * LT_GO_MAX_SIZE];
  const int32_t pass = r->size * r->size, n = s->over ? 0 : lt_go_informed_playout(b, s->player + 1, s->passes, trace != NULL, rng, moves);
  int32_t length = 0;
  if (trace)
    for (int32_t i = 0; i < n && length < r->max_game_length; i++)
      if (moves[i] != LT_PASS) trace[length++] = ((s->player + i) & 1) * (pass + 1) + lt_go_action_of(b, moves[i]);
  const int played = !s->over;
  s->over = 1;
  returns(context, state, out);
  if (played) {
    const double margin = lt_go_score(r, s) / pass;
    out[0] += ((margin > 1 ? 1 : margin < -1 ? -1 : margin) - out[0]) / 16;
    out[1] = -out[0];
  }
  return length;
}

static void priors(void *context, const void *state, const int32_t *actions, int32_t n, float *visits, float *values) {
  (void)context;
  const lt_go_state *s = state;
  lt_go_priors(lt_go_board_of(s), s->player + 1, s->passes || s->cleaning, actions, n, visits, values);
}

/* The handicap points of GTP's fixed_handicap: on the third line of small boards, otherwise on the fourth. */
static void place_handicap(lt_go_board *b, int stones) {
  const int n = b->size, low = n < 13 ? 2 : 3, high = n - 1 - low, middle = n / 2;
  const int points[9][2] = {{low, low}, {high, high}, {low, high}, {high, low}, {low, middle},
                            {high, middle}, {middle, low}, {middle, high}, {middle, middle}};
  for (int i = 0; i < stones && stones >= 2; i++) {
    const int *at = points[stones >= 5 && stones % 2 == 1 && i == stones - 1 ? 8 : i];
    lt_go_play(b, (at[0] + 1) * b->width + at[1] + 1, LT_BLACK, 1);
  }
  b->last[0] = b->last[1] = LT_PASS;
}

static void free_rules(void *context) {
  lt_go_rules *r = context;
  free(r->start);
  free(r);
}

int lt_go(lt_game *game, const double *parameters) {
  lt_go_rules *r = calloc(1, sizeof *r);
  if (r == NULL) return -1;
  r->komi = parameters[0], r->size = (int32_t)parameters[1], r->handicap = (int32_t)parameters[2];
  r->max_game_length = (int32_t)parameters[3];
  if (r->max_game_length == 0) r->max_game_length = 2 * r->size * r->size;
  r->ko = (lt_go_ko_rule)(int)parameters[4], r->territory = parameters[5] != 0, r->cleanup = parameters[6] != 0;
  r->start = malloc(lt_go_board_bytes(r->size));
  if (r->start == NULL) {
    free(r);
    return -1;
  }
  lt_go_init(r->start, r->size);
  place_handicap(r->start, r->handicap);
  lt_go_knowledge_init();
  *game = (lt_game){.context = r, .num_players = 2, .num_distinct_actions = r->size * r->size + 1,
                    .state_bytes = state_bytes_of(r),
                    .max_game_length = r->max_game_length, .min_utility = -1, .max_utility = 1, .zero_sum = 1, .init = init,
                    .current_player = current_player, .legal_actions = legal_actions, .apply = apply, .returns = returns,
                    .hash = r->ko == LT_GO_SIMPLE ? hash : NULL, .playout = playout,
                    .playouts = playouts, .traced_playout = traced_playout,
                    .informed_playout = informed_playout, .priors = priors, .free_context = free_rules};
  return 0;
}
