/* One light playout of Go at a time, on a board that is kept up to date move by move: included by go_playouts.c.
 *
 * Points are stored with a border around them. Each chain has a circular list of its stones and counts its
 * pseudo-liberties: every pair of a stone and an empty point beside it. A chain is captured when it has none. */

enum { EMPTY, BLACK, WHITE, BORDER, STRIDE_MAX = LT_GO_MAX_SIZE + 2 };

typedef struct board_t {
  int32_t stride, step[4], diagonal[4];
  uint8_t colour[STRIDE_MAX * STRIDE_MAX];
  uint16_t chain[STRIDE_MAX * STRIDE_MAX], next[STRIDE_MAX * STRIDE_MAX];    /* of a stone: its chain, the next stone */
  int32_t liberties[STRIDE_MAX * STRIDE_MAX], stones[STRIDE_MAX * STRIDE_MAX];  /* of a chain; it is named by a stone */
  int32_t n_empty;
  uint16_t empty[LT_GO_MAX_POINTS], place[STRIDE_MAX * STRIDE_MAX];  /* the empty points in any order, and where each is */
} board_t;

static int is_own_eye(const board_t *b, int32_t p, int32_t own) {
  for (int i = 0; i < 4; i++) {
    int colour = b->colour[p + b->step[i]];
    if (colour != own && colour != BORDER) return 0;
  }
  int enemies = 0, border = 0;
  for (int i = 0; i < 4; i++) {
    int colour = b->colour[p + b->diagonal[i]];
    enemies += colour == 3 - own;
    border |= colour == BORDER;
  }
  return enemies + border < 2;
}

/* Whether a stone of `own` at the empty point p would have a liberty, once what it captures is gone. */
static int has_liberty_after(board_t *b, int32_t p, int32_t own) {
  int legal = 0;
  for (int i = 0; i < 4; i++)
    if (b->colour[p + b->step[i]] == EMPTY) return 1;
  for (int i = 0; i < 4; i++) b->liberties[b->chain[p + b->step[i]]]--;  /* the border's chain counts for nothing */
  for (int i = 0; i < 4; i++) {
    int32_t q = p + b->step[i];
    if (b->colour[q] == BORDER) continue;
    legal |= (b->colour[q] == own) == (b->liberties[b->chain[q]] > 0);
  }
  for (int i = 0; i < 4; i++) b->liberties[b->chain[p + b->step[i]]]++;
  return legal;
}

static void add_empty(board_t *b, int32_t p) {
  b->colour[p] = EMPTY, b->place[p] = (uint16_t)b->n_empty, b->empty[b->n_empty++] = (uint16_t)p;
}

static void capture(board_t *b, int32_t chain) {
  int32_t p = chain;
  do {
    add_empty(b, p);
    for (int i = 0; i < 4; i++) b->liberties[b->chain[p + b->step[i]]]++;
    p = b->next[p];
  } while (p != chain);
  p = chain;
  do {
    b->chain[p] = 0;  /* as the border's: counting at an empty point does nothing */
    p = b->next[p];
  } while (p != chain);
}

static void join(board_t *b, int32_t large, int32_t small) {
  if (b->stones[large] < b->stones[small]) {
    int32_t t = large;
    large = small, small = t;
  }
  int32_t p = small;
  do {
    b->chain[p] = (uint16_t)large;
    p = b->next[p];
  } while (p != small);
  uint16_t t = b->next[large];
  b->next[large] = b->next[small], b->next[small] = t;
  b->stones[large] += b->stones[small], b->liberties[large] += b->liberties[small];
}

/* Put a stone at the empty point p, which is legal; gives the point that is ko now, or -1. */
static int32_t put(board_t *b, int32_t p, int32_t own) {
  b->colour[p] = (uint8_t)own, b->chain[p] = b->next[p] = (uint16_t)p;
  b->stones[p] = 1, b->liberties[p] = 0;
  uint16_t last = b->empty[--b->n_empty];
  b->empty[b->place[p]] = last, b->place[last] = b->place[p];
  int32_t captured = 0, where = -1;
  for (int i = 0; i < 4; i++) {
    b->liberties[p] += b->colour[p + b->step[i]] == EMPTY;
    b->liberties[b->chain[p + b->step[i]]]--;
  }
  for (int i = 0; i < 4; i++) {
    int32_t q = p + b->step[i];
    if (b->colour[q] == own && b->chain[q] != b->chain[p]) join(b, b->chain[q], b->chain[p]);
  }
  for (int i = 0; i < 4; i++) {
    int32_t q = p + b->step[i];
    if (b->colour[q] != 3 - own || b->liberties[b->chain[q]] != 0) continue;
    captured += b->stones[b->chain[q]], where = q;
    capture(b, b->chain[q]);
  }
  return captured == 1 && b->stones[b->chain[p]] == 1 && b->liberties[b->chain[p]] == 1 ? where : -1;
}

/* Black's area minus white's. An empty point is somebody's where only his stones enclose its region. */
static int area(const board_t *b, int32_t size) {
  uint8_t seen[STRIDE_MAX * STRIDE_MAX] = {0};
  uint16_t stack[LT_GO_MAX_POINTS];
  int score = 0;
  for (int32_t row = 1; row <= size; row++)
    for (int32_t p = row * b->stride + 1; p <= row * b->stride + size; p++) {
      if (b->colour[p] != EMPTY) {
        score += b->colour[p] == BLACK ? 1 : -1;
        continue;
      }
      if (seen[p]) continue;
      int32_t waiting = 0, points = 0, borders = 0;
      for (stack[waiting++] = (uint16_t)p, seen[p] = 1; waiting; points++) {
        int32_t at = stack[--waiting];
        for (int i = 0; i < 4; i++) {
          int32_t q = at + b->step[i];
          if (b->colour[q] != EMPTY) borders |= 1 << b->colour[q];
          else if (!seen[q]) seen[q] = 1, stack[waiting++] = (uint16_t)q;
        }
      }
      borders &= 1 << BLACK | 1 << WHITE;
      if (borders == 1 << BLACK) score += points;
      if (borders == 1 << WHITE) score -= points;
    }
  return score;
}

static void set_up(board_t *b, int32_t size, const uint8_t *stones) {
  int32_t s = size + 2;
  const int32_t step[4] = {1, -1, s, -s}, diagonal[4] = {s + 1, s - 1, -s + 1, -s - 1};
  memset(b->colour, BORDER, (size_t)(s * s));
  memset(b->chain, 0, sizeof b->chain);
  memcpy(b->step, step, sizeof step), memcpy(b->diagonal, diagonal, sizeof diagonal);
  b->stride = s, b->n_empty = 0, b->liberties[0] = 0;
  for (int32_t i = 0; i < size * size; i++) add_empty(b, (i / size + 1) * s + i % size + 1);
  for (int32_t i = 0; i < size * size; i++)
    if (stones[i]) put(b, (i / size + 1) * s + i % size + 1, stones[i]);
}

static void play_out(board_t *b, int32_t size, const lt_go_position *position, lt_rng *rng, int16_t *score,
                     uint16_t *length) {
  set_up(b, size, position->stones);
  int32_t own = position->player, passes = position->passes, moves = 0, limit = 3 * size * size;
  int32_t ko = position->ko < 0 ? -1 : (position->ko / size + 1) * b->stride + position->ko % size + 1;
  while (passes < 2 && moves < limit) {
    int32_t untried = b->n_empty, p = -1;
    while (untried > 0) {  /* points that may not be played go behind those not yet tried */
      uint32_t i = lt_rng_below(rng, (uint32_t)untried);
      p = b->empty[i];
      if (p != ko && !is_own_eye(b, p, own) && has_liberty_after(b, p, own)) break;
      untried--, b->empty[i] = b->empty[untried], b->place[b->empty[i]] = (uint16_t)i;
      b->empty[untried] = (uint16_t)p, b->place[p] = (uint16_t)untried, p = -1;
    }
    if (p < 0) passes++, ko = -1;
    else passes = 0, ko = put(b, p, own);
    own = 3 - own, moves++;
  }
  *score = (int16_t)area(b, size), *length = (uint16_t)moves;
}
