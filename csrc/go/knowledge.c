/* Knowledge of Go, in this order: liberties, ladders, dead shapes, 3x3 shapes, the playout, the priors. */
#include "go/knowledge.h"
#include <stdlib.h>

#ifdef LT_TUNE
extern double lt_tune[64];
#define TUNED(i, value) lt_tune[i]
#else
#define TUNED(i, value) (value)
#endif

/* ---- Liberties ---- */

static inline int is_stone(const lt_go_board *b, int p) { return b->at[p].color == LT_BLACK || b->at[p].color == LT_WHITE; }

/* The number of the four neighbours that have a colour: those with two zero bits after XOR with the colour. */
static inline int count_neighbours(const lt_go_board *b, int p, int color) {
  const unsigned low = (b->at[p].around & 0xff) ^ ((unsigned)color * 0x55), other = (low | low >> 1) & 0x55;
  const unsigned pairs = (other & 0x11) + (other >> 2 & 0x11);
  return 4 - (int)((pairs + (pairs >> 4)) & 7);
}

static inline int empty_neighbours(const lt_go_board *b, int p) { return count_neighbours(b, p, LT_EMPTY); }

/* The liberties of the chain that a stone of `color` at an empty point would belong to: 0, 1, or 2 for two or more. It is
 * computed from the sums of pseudo-liberties only. `*stones`, if not NULL, receives the number of stones of that chain; it
 * is not set if a chain that is joined has many liberties. */
static inline int liberties_after(const lt_go_board *b, int p, int color, int *stones) {
  const lt_go_point *at = b->at;
  if (!stones && empty_neighbours(b, p) >= 2) return 2;
  const int own = count_neighbours(b, p, color);
  uint64_t n = 0, sum = 0, squares = 0;
  int heads[4], num_heads = 0, joined = 1, more = 0;
  for (int d = 0; d < 4; d++) {
    const int q = p + b->step[d];
    if (at[q].color == LT_OFF) continue;
    if (at[q].color == color) {
      const int head = at[q].head;
      const lt_go_point *h = &at[head];
      if (h->liberties > 4 + own) return 2; /* p is at most `own` of them, any other point at most four */
      int known = 0;
      for (int i = 0; i < num_heads; i++) known |= heads[i] == head;
      if (!known) n += h->liberties, sum += h->sum, squares += h->squares, joined += h->stones, heads[num_heads++] = head;
      n--, sum -= (uint64_t)p, squares -= (uint64_t)p * (uint64_t)p;
    } else {
      if (at[q].color != LT_EMPTY) {
        if (!lt_go_in_atari(b, at[q].head)) continue;
        more |= at[at[q].head].stones > 1;
      }
      n++, sum += (uint64_t)q, squares += (uint64_t)q * (uint64_t)q;
    }
  }
  if (stones) *stones = joined;
  if (n == 0) return 0;
  return more || n * squares != sum * sum ? 2 : 1;
}

/* The first `limit` liberties of a chain; returns their number. */
static inline int liberties(const lt_go_board *b, int head, int limit, uint16_t *out) {
  const lt_go_point *at = b->at;
  int n = 0, p = head;
  do {
    for (int d = 0; d < 4; d++) {
      const int q = p + b->step[d];
      if (at[q].color != LT_EMPTY) continue;
      int known = 0;
      for (int i = 0; i < n; i++) known |= out[i] == q;
      if (known) continue;
      out[n++] = (uint16_t)q;
      if (n == limit) return n;
    }
    p = at[p].next;
  } while (p != head);
  return n;
}

/* Whether a chain has exactly two liberties; a point counts at most four times among the pseudo-liberties. */
static inline int has_two_liberties(const lt_go_board *b, int head, uint16_t libs[3]) {
  return b->at[head].liberties <= 8 && liberties(b, head, 3, libs) == 2;
}

/* The points that capture enemy chains in atari next to the chain `head`, at most `limit`; returns their number. */
static inline int adjacent_captures(const lt_go_board *b, int head, int limit, uint16_t *out) {
  const lt_go_point *at = b->at;
  const int enemy = lt_go_enemy(at[head].color);
  int n = 0, p = head;
  do {
    for (int d = 0; d < 4; d++) {
      const int q = p + b->step[d];
      if (at[q].color != enemy || !lt_go_in_atari(b, at[q].head)) continue;
      const int x = lt_go_last_liberty(b, at[q].head);
      int known = x == b->ko;
      for (int i = 0; i < n; i++) known |= out[i] == x;
      if (known) continue;
      out[n++] = (uint16_t)x;
      if (n == limit) return n;
    }
    p = at[p].next;
  } while (p != head);
  return n;
}

/* ---- Ladders ---- */

typedef struct board_copy {
  uint64_t words[(sizeof(lt_go_board) + ((LT_GO_MAX_SIZE + 1) * (LT_GO_MAX_SIZE + 2) + 1) * sizeof(lt_go_point)) / 8 + 1];
} board_copy;

/* The liberties that the chain `head` of `color` gains by playing at p after the other side has played at `taken`. */
static int gain(const lt_go_board *b, int p, int color, int taken, int head) {
  int n = 0;
  for (int d = 0; d < 4; d++) {
    const int q = p + b->step[d];
    if (b->at[q].color == LT_EMPTY) n += q != taken;
    else if (b->at[q].color == color && b->at[q].head != head) n += 2 * !lt_go_in_atari(b, b->at[q].head);
  }
  return n;
}

/* The chain of the stone at p is in atari, and its owner extends it: whether it is caught. Reads one line of play. */
static int caught_running(lt_go_board *b, int p) {
  const int color = b->at[p].color, enemy = lt_go_enemy(color);
  uint16_t libs[3];
  for (int steps = 0; steps < 2 * LT_GO_MAX_SIZE; steps++) {
    int head = b->at[p].head;
    if (adjacent_captures(b, head, 1, libs)) return 0;
    const int x = lt_go_last_liberty(b, head);
    if (!lt_go_legal(b, x, color)) return 1;
    lt_go_play(b, x, color, 0);
    head = b->at[p].head;
    const int n = liberties(b, head, 3, libs);
    if (n <= 1) return 1;
    if (n > 2) return 0;
    if (adjacent_captures(b, head, 1, libs + 2)) return 0;
    const int ok0 = lt_go_legal(b, libs[0], enemy) && liberties_after(b, libs[0], enemy, NULL) == 2;
    const int ok1 = lt_go_legal(b, libs[1], enemy) && liberties_after(b, libs[1], enemy, NULL) == 2;
    if (!ok0 && !ok1) return 0;
    const int first = ok0 && (!ok1 || gain(b, libs[1], color, libs[0], head) <= gain(b, libs[0], color, libs[1], head));
    lt_go_play(b, first ? libs[0] : libs[1], enemy, 0);
  }
  return 0;
}

/* Whether the chain `head`, which is in atari, is caught if its owner extends it. */
static int cannot_run(const lt_go_board *b, int head) {
  board_copy copy;
  memcpy(&copy, b, lt_go_board_bytes(b->size));
  return caught_running((lt_go_board *)&copy, head);
}

/* Whether a move at x catches the chain `head`, which has two liberties; x is one of them. */
static int catches(const lt_go_board *b, int head, int x) {
  board_copy copy;
  lt_go_board *c = (lt_go_board *)&copy;
  memcpy(&copy, b, lt_go_board_bytes(b->size));
  lt_go_play(c, x, lt_go_enemy(b->at[head].color), 0);
  return b->at[head].color == c->at[head].color && caught_running(c, head);
}

/* ---- Dead shapes ---- */

/* The point that decides whether an eye space of three to six points becomes two eyes, or 0. `p` is an empty point of the
 * space, which only stones of `color` may surround. */
static int vital_point(const lt_go_board *b, int p, int color) {
  const lt_go_point *at = b->at;
  uint16_t region[7];
  int n = 1, degree[6];
  if (at[p].around == 0) return 0; /* the space has at least nine points */
  region[0] = (uint16_t)p;
  const unsigned enemy = (at[p].around & 0xff) ^ ((unsigned)color * 0x55); /* the two bits of an enemy's stone give 3 */
  if (enemy & enemy >> 1 & 0x55) return 0;
  for (int i = 0; i < n; i++)
    for (int d = 0; d < 4; d++) {
      const int q = region[i] + b->step[d];
      if (at[q].color == LT_OFF || at[q].color == color) continue;
      if (at[q].color != LT_EMPTY) return 0;
      int known = 0;
      for (int k = 0; k < n; k++) known |= region[k] == q;
      if (known) continue;
      if (n == 6) return 0;
      region[n++] = (uint16_t)q;
    }
  if (n < 3) return 0;
  int best = 0, ones = 0, twos = 0;
  for (int i = 0; i < n; i++) {
    degree[i] = empty_neighbours(b, region[i]);
    if (degree[i] > degree[best]) best = i;
    ones += degree[i] == 1, twos += degree[i] == 2;
  }
  const int top = degree[best];
  if (n == 3) return region[best];                                     /* three in a row, bent three */
  if (n == 4) return top == 3 ? region[best] : 0;                      /* T */
  if (n == 5) return top == 4 || (top == 3 && twos == 3) ? region[best] : 0; /* cross, bulky five */
  return top == 4 && twos >= 3 ? region[best] : 0;                     /* rabbity six */
}

/* ---- 3x3 shapes ---- */

/* Three rows each, the highest first; X plays at the middle point (*). X: own stone, O: enemy stone, .: empty, x: no own
 * stone, o: no enemy stone (neither is border), -: border, ?: anything. Each shape counts for both colours, because the
 * point is good for both sides. */
static const char *const shapes[] = {
  "XOX"  /* hane that encloses */
  ".*."
  "???",
  "XO."  /* hane that does not cut */
  ".*."
  "?.?",
  "XO?"  /* turn at a hane */
  "X*."
  "x.?",
  "XOO"  /* attack from the side */
  ".*."
  "?.?",
  ".O."
  "X*."
  "...",
  "XO?"  /* cut at an unprotected point */
  "O*o"
  "?o?",
  "XO?"  /* cut at a point where the enemy has peeped */
  "O*X"
  "???",
  "?X?"  /* cut between two stones */
  "O*O"
  "ooo",
  "OX?"  /* keima cut */
  "o*O"
  "???",
  "X.?"  /* this and all below: at the border */
  "O*?"
  "---",
  "OX?"
  "X*O"
  "---",
  "?X?"
  "x*O"
  "---",
  "?XO"
  "x*x"
  "---",
  "?OX"
  "X*O"
  "---",
};

static uint64_t shape_table[2][65536 / 64];

/* Mark in a table every neighbourhood that matches a shape after `turn` quarter turns and, if `mirror`, a reflection. */
static void mark(uint64_t *table, const char *shape, int turn, int mirror, int swapped) {
  static const int8_t at_step[8][2] = {{-1, 0}, {0, 1}, {1, 0}, {0, -1}, {-1, 1}, {1, 1}, {1, -1}, {-1, -1}}; /* row, column */
  unsigned allowed[8]; /* a bit for each of the four colours */
  for (int d = 0; d < 8; d++) {
    int r = at_step[d][0], c = at_step[d][1];
    if (mirror) c = -c;
    for (int i = 0; i < turn; i++) {
      const int old = r;
      r = c, c = -old;
    }
    switch (shape[3 * (r + 1) + c + 1]) {
      case 'X': allowed[d] = 1u << (swapped ? LT_WHITE : LT_BLACK); break;
      case 'O': allowed[d] = 1u << (swapped ? LT_BLACK : LT_WHITE); break;
      case '.': allowed[d] = 1u << LT_EMPTY; break;
      case 'x': allowed[d] = 15u & ~(1u << (swapped ? LT_WHITE : LT_BLACK)) & ~(1u << LT_OFF); break;
      case 'o': allowed[d] = 15u & ~(1u << (swapped ? LT_BLACK : LT_WHITE)) & ~(1u << LT_OFF); break;
      case '-': allowed[d] = 1u << LT_OFF; break;
      default: allowed[d] = 15u; break;
    }
  }
  for (unsigned code = 0; code < 65536; code++) {
    int d = 0;
    while (d < 8 && allowed[d] >> (code >> 2 * d & 3) & 1) d++;
    if (d == 8) table[code / 64] |= UINT64_C(1) << code % 64;
  }
}

void lt_go_knowledge_init(void) {
  static int filled;
  if (filled) return;
  for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
    for (int turn = 0; turn < 4; turn++)
      for (int mirror = 0; mirror < 2; mirror++)
        for (int side = 0; side < 2; side++) {
          mark(shape_table[side], shapes[s], turn, mirror, 0);
          mark(shape_table[side], shapes[s], turn, mirror, 1);
        }
  filled = 1;
}

static inline int has_shape(const lt_go_board *b, int p, int color) {
  const unsigned code = b->at[p].around;
  return shape_table[color - 1][code / 64] >> code % 64 & 1;
}

/* ---- The playout ---- */

/* Whether a move at p that puts a chain of `stones` own stones into atari is bad. Sometimes a single stone may be thrown in.
 * Two to five stones may be given up if they fill an eye space, that is, if one enemy chain surrounds them. */
static int bad_self_atari(const lt_go_board *b, int p, int color, int stones, lt_rng *rng) {
  const lt_go_point *at = b->at;
  if (stones == 1) return (lt_rng_next(rng) >> 32 & 255) >= (unsigned)TUNED(7, 128);
  if (stones > 5) return 1;
  int around = -1;
  for (int d = 0; d < 4; d++) {
    const int q = p + b->step[d];
    if (at[q].color == lt_go_enemy(color)) {
      if (around < 0) around = at[q].head;
      else if (around != at[q].head) return 1;
    } else if (at[q].color == color) {
      const int head = at[q].head;
      int s = head;
      do {
        for (int e = 0; e < 4; e++) {
          const int r = s + b->step[e];
          if (at[r].color != lt_go_enemy(color)) continue;
          if (around < 0) around = at[r].head;
          else if (around != at[r].head) return 1;
        }
        s = at[s].next;
      } while (s != head);
    }
  }
  return 0;
}

/* Whether a playout may play at an empty point. */
static inline int acceptable(const lt_go_board *b, int p, int color, lt_rng *rng) {
  if (p == b->ko) return 0;
  if (empty_neighbours(b, p) >= 2) return 1;
  if (lt_go_eye(b, p, color)) return 0;
  int stones;
  const int after = liberties_after(b, p, color, &stones);
  if (after == 2) return 1;
  return after == 1 && !bad_self_atari(b, p, color, stones, rng);
}

/* A random one of the answers to atari, or 0: capture the chain of the last move, extend an own chain that it puts into atari,
 * or capture an enemy chain next to that one. */
static int answer_atari(const lt_go_board *b, int last, int color, lt_rng *rng) {
  const lt_go_point *at = b->at;
  uint16_t found[32];
  int n = 0;
  if (is_stone(b, last) && lt_go_in_atari(b, at[last].head)) {
    const int x = lt_go_last_liberty(b, at[last].head);
    if (x != b->ko) found[n++] = (uint16_t)x;
  }
  int seen[4], num_seen = 0;
  for (int d = 0; d < 4; d++) {
    const int q = last + b->step[d], head = at[q].head;
    if (at[q].color != color || !lt_go_in_atari(b, head)) continue;
    int known = 0;
    for (int i = 0; i < num_seen; i++) known |= seen[i] == head;
    if (known) continue;
    seen[num_seen++] = head;
    const int x = lt_go_last_liberty(b, head);
    if (x != b->ko && liberties_after(b, x, color, NULL) == 2) found[n++] = (uint16_t)x;
    n += adjacent_captures(b, head, 4, found + n);
  }
  return n ? found[n == 1 ? 0 : lt_rng_below(rng, (uint32_t)n)] : 0;
}

/* A random one of the answers to chains with two liberties, or 0: extend an own chain next to the last move, or attack the
 * chain of the last move. */
static int answer_two_liberties(const lt_go_board *b, int last, int color, lt_rng *rng) {
  const lt_go_point *at = b->at;
  uint16_t found[32], libs[3];
  int n = 0;
  if (is_stone(b, last) && has_two_liberties(b, at[last].head, libs))
    for (int i = 0; i < 2; i++) {
      const int x = libs[i], y = libs[1 - i];
      if (x != b->ko && !lt_go_eye(b, x, color) && liberties_after(b, x, color, NULL) == 2 && gain(b, y, lt_go_enemy(color), x, at[last].head) <= 1)
        found[n++] = (uint16_t)x;
    }
  for (int d = 0; d < 4; d++) {
    const int q = last + b->step[d], head = at[q].head;
    if (at[q].color != color || !has_two_liberties(b, head, libs)) continue;
    for (int i = 0; i < 2; i++)
      if (gain(b, libs[i], color, libs[i], head) >= 2 && !lt_go_eye(b, libs[i], color) &&
          liberties_after(b, libs[i], color, NULL) == 2)
        found[n++] = libs[i];
  }
  return n ? found[n == 1 ? 0 : lt_rng_below(rng, (uint32_t)n)] : 0;
}

/* The vital point of an enemy eye space next to the last move, or where a chain was captured; or 0. */
static int answer_nakade(const lt_go_board *b, int last, int color) {
  for (int d = 0; d < 4; d++) {
    const int q = last + b->step[d];
    if (b->at[q].color != LT_EMPTY || empty_neighbours(b, q) == 0) continue;
    const int x = vital_point(b, q, lt_go_enemy(color));
    if (x && x != b->ko) return x;
  }
  return b->at[last].color == LT_EMPTY ? vital_point(b, last, lt_go_enemy(color)) : 0;
}

/* A random one of the eight points around the last move that have a shape for `color`; or 0. */
static int answer_shape(const lt_go_board *b, int last, int color, lt_rng *rng) {
  uint16_t found[8];
  int n = 0;
  for (int d = 0; d < 8; d++) {
    const int q = last + b->step[d];
    if (b->at[q].color == LT_EMPTY && q != b->ko && has_shape(b, q, color) && !lt_go_eye(b, q, color) &&
        liberties_after(b, q, color, NULL) == 2)
      found[n++] = (uint16_t)q;
  }
  return n ? found[n == 1 ? 0 : lt_rng_below(rng, (uint32_t)n)] : 0;
}

/* A point that captures a chain, among some of the empty points, beginning at a random one; or 0. */
static int capture_anywhere(const lt_go_board *b, int color, lt_rng *rng) {
  const lt_go_point *at = b->at;
  const int n = b->num_empty, most = n < TUNED(6, 12) ? n : (int)TUNED(6, 12);
  int i = (int)lt_rng_below(rng, (uint32_t)n);
  for (int k = 0; k < most; k++, i = i + 1 == n ? 0 : i + 1) {
    const int p = at[i].empty;
    if (p == b->ko) continue;
    const unsigned low = at[p].around & 0xff;
    const unsigned against = low ^ ((unsigned)color * 0x55); /* the two bits of an enemy's stone give 3 */
    const unsigned enemies = against & against >> 1 & 0x55;
    if (!enemies) continue;
    for (int d = 0; d < 4; d++)
      if (enemies >> 2 * d & 1 && lt_go_in_atari(b, at[p + b->step[d]].head)) return p;
  }
  return 0;
}

/* A move of the policy; LT_PASS if there is no acceptable one. */
static int policy_move(const lt_go_board *b, int color, lt_rng *rng) {
  const lt_go_point *at = b->at;
  const int n = b->num_empty;
  if (n == 0) return LT_PASS;
  const int last = b->last[0], before = b->last[1];
  const uint64_t dice = lt_rng_next(rng); /* one byte for each decision */
  int p;
  if (last) {
    if ((dice & 255) < (unsigned)TUNED(0, 230) && (p = answer_atari(b, last, color, rng))) return p;
    if ((dice >> 8 & 255) < (unsigned)TUNED(1, 180) && (p = answer_nakade(b, last, color))) return p;
    if ((dice >> 16 & 255) < (unsigned)TUNED(2, 100) && (p = answer_two_liberties(b, last, color, rng))) return p;
    if ((dice >> 24 & 255) < (unsigned)TUNED(3, 230) && (p = answer_shape(b, last, color, rng))) return p;
  }
  if (before && (dice >> 32 & 255) < (unsigned)TUNED(4, 80) && (p = answer_shape(b, before, color, rng))) return p;
  if ((dice >> 40 & 255) < (unsigned)TUNED(5, 100) && (p = capture_anywhere(b, color, rng))) return p;
  int i = 0;
  for (int k = 0; k < 6; k++) {
    p = at[i = (int)lt_rng_below(rng, (uint32_t)n)].empty;
    if (acceptable(b, p, color, rng)) return p;
  }
  for (int k = 0; k < n; k++, i = i + 1 == n ? 0 : i + 1)
    if (acceptable(b, at[i].empty, color, rng)) return at[i].empty;
  return LT_PASS;
}

int32_t lt_go_informed_playout(lt_go_board *b, int color, int passes, int mercy, lt_rng *rng, uint16_t *moves) {
  const int32_t points = b->size * b->size, limit = 3 * points;
  const int lead = b->captured[1] - b->captured[0], most = mercy ? points * 3 / 16 : limit;
  int32_t n = 0;
  while (passes < 2 && n < limit && abs(b->captured[1] - b->captured[0] - lead) <= most) {
    const int p = policy_move(b, color, rng);
    lt_go_play(b, p, color, 0);
    passes = p == LT_PASS ? passes + 1 : 0;
    moves[n++] = (uint16_t)p;
    color = lt_go_enemy(color);
  }
  return n;
}

/* ---- Priors ---- */

/* The prior of a move: visits, and the sum of their values. */
typedef struct belief { float visits, sum; } belief;

/* Add visits of one value to a prior. */
static inline void trust(belief *k, double visits, double value) {
  k->visits += (float)visits;
  k->sum += (float)(visits * value);
}

/* The columns plus the rows between two points plus the larger of both: 2 adjacent, 3 diagonal, 4 two apart in a line, ... */
static inline int distance(const lt_go_board *b, int p, int q) {
  int dx = p % b->width - q % b->width, dy = p / b->width - q / b->width;
  if (dx < 0) dx = -dx;
  if (dy < 0) dy = -dy;
  return dx + dy + (dx > dy ? dx : dy);
}

/* The line of a point, counted from the nearest border; the first is 1. */
static inline int line_of(const lt_go_board *b, int p) {
  const int column = p % b->width, row = p / b->width;
  int line = column < row ? column : row;
  if (b->size + 1 - column < line) line = b->size + 1 - column;
  return b->size + 1 - row < line ? b->size + 1 - row : line;
}

void lt_go_priors(const lt_go_board *b, int color, int ending, const int32_t *actions, int32_t n, float *visits, float *values) {
  const lt_go_point *at = b->at;
  const int enemy = lt_go_enemy(color), last = b->last[0], before = b->last[1];
  belief of[(LT_GO_MAX_SIZE + 1) * (LT_GO_MAX_SIZE + 2) + 1];
  memset(of, 0, (size_t)b->num_points * sizeof *of);
  uint16_t libs[3], captures[8];

  /* Chains: capturing, saving, ladders. */
  for (int p = b->width; p < b->num_points - b->width; p++) {
    if (at[p].head != p || !is_stone(b, p)) continue;
    const double size = at[p].stones > 8 ? 8 : at[p].stones;
    if (lt_go_in_atari(b, p)) {
      const int x = lt_go_last_liberty(b, p);
      if (at[p].color == enemy) {
        const int runs = liberties_after(b, x, enemy, NULL) == 2; /* if it cannot run, its capture can wait */
        trust(&of[x], (runs ? TUNED(20, 10) : TUNED(21, 5)) + size * TUNED(22, 3), 1);
      } else {
        const int helps = liberties_after(b, x, color, NULL) == 2 && !cannot_run(b, p);
        trust(&of[x], (helps ? TUNED(23, 10) : TUNED(19, 25)) + size * TUNED(24, 2), helps ? 1 : -1);
        const int k = adjacent_captures(b, p, 8, captures);
        for (int i = 0; i < k; i++) trust(&of[captures[i]], TUNED(25, 15) + size * TUNED(26, 3), 1);
      }
    } else if (liberties(b, p, 3, libs) == 2) {
      for (int i = 0; i < 2; i++) {
        const int x = libs[i], y = libs[1 - i];
        if (at[p].color == enemy) {
          if (lt_go_legal(b, x, color) && liberties_after(b, x, color, NULL) == 2)
            trust(&of[x], catches(b, p, x) ? TUNED(27, 8) + size * 2 : TUNED(28, 3), 1);
        } else if (lt_go_legal(b, y, enemy) && liberties_after(b, y, enemy, NULL) == 2 && catches(b, p, y)) {
          if (liberties_after(b, x, color, NULL) == 2 && gain(b, x, color, x, p) >= 2) trust(&of[x], TUNED(29, 8) + size, 1);
          if (liberties_after(b, y, color, NULL) == 2 && gain(b, y, color, y, p) >= 2) trust(&of[y], TUNED(29, 8) + size, 1);
        }
      }
    }
  }

  for (int32_t i = 0; i < n; i++) {
    const int p = lt_go_point_of(b, actions[i]);
    belief *k = &of[p];
    if (p == LT_PASS) {
      trust(k, 10, ending ? 0 : -0.8); /* better than a move that certainly loses */
      visits[i] = k->visits, values[i] = k->sum / k->visits;
      continue;
    }
    trust(k, TUNED(30, 10), 0);
    if (lt_go_eye(b, p, color)) trust(k, 50, -1);
    int stones;
    const int after = liberties_after(b, p, color, &stones);
    if (after == 1) trust(k, TUNED(31, 10) + (stones > 1 ? TUNED(32, 10) : 0), -1);
    else if (has_shape(b, p, color)) trust(k, TUNED(33, 12), 1);
    if (last) {
      const int d = distance(b, p, last);
      if (d <= 6) trust(k, TUNED(34, 6) * (7 - d) / 5.0, 1);
      if (before && distance(b, p, before) <= 3) trust(k, TUNED(35, 3), 1);
    }
    if ((at[p].around & (at[p].around >> 1 ^ 0x5555) & 0x5555) == 0 && (at[p].around >> 1 & (at[p].around ^ 0x5555) & 0x5555) == 0) {
      const int line = line_of(b, p); /* none of the eight points around it has a stone */
      if (line == 1) trust(k, TUNED(36, 20), -1);
      else if (line == 2) trust(k, TUNED(37, 8), -1);
      else if (line >= 3 && line <= 4 + (b->size < 13)) trust(k, TUNED(38, 2), 1);
    }
    visits[i] = k->visits, values[i] = k->sum / k->visits;
  }
}
