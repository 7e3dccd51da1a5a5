/* Light playouts of Go, one in every lane of vector registers: included by go_playouts.c once for each width.
 *
 * A row of a board is one lane of one vector, so `size` vectors hold a set of points of every lane's board, and all that
 * is done to a set (shifts, neighbours, floods) is done to all boards at once. In each step every lane tries one random
 * point; where it proves to be suicide the lane tries another in the next step, so a move is uniform among legal ones.
 *
 * Before inclusion: LANE_BITS (16 or 32, at least the board's size), VECTOR_BYTES, TARGET (an attribute: the instruction
 * set) and NAME(x), which makes names of this inclusion's own. */

#define LANES (VECTOR_BYTES * 8 / LANE_BITS)
#if LANE_BITS == 16
#define LANE uint16_t
#define SIGNED_LANE int16_t
#define ROWS 16
#else
#define LANE uint32_t
#define SIGNED_LANE int32_t
#define ROWS LT_GO_MAX_SIZE
#endif
#define VEC NAME(vec)
#define SIGNED_VEC NAME(signed_vec)
#define GAMES NAME(games)
#define INLINE static inline __attribute__((always_inline)) TARGET

typedef LANE VEC __attribute__((vector_size(VECTOR_BYTES)));
typedef SIGNED_LANE SIGNED_VEC __attribute__((vector_size(VECTOR_BYTES)));

/* As many games as there are lanes. Rows are numbered from 1; row 0 and the one after the last stay empty. */
typedef struct GAMES {
  VEC own[ROWS + 2], enemy[ROWS + 2];  /* stones of who moves, and the others */
  VEC tried[ROWS + 2];                 /* points that may not be played now: ko, and those found to be suicide */
  VEC random[4];
  VEC black;                           /* all bits where black moves */
  VEC playing;                         /* all bits where a game is on, not a place left empty */
  VEC passes, moves;
  int32_t index[LANES];
} GAMES;

INLINE int NAME(any)(VEC v) {
  typedef uint64_t words_t __attribute__((vector_size(VECTOR_BYTES)));
#if VECTOR_BYTES == 64 && defined(__AVX512F__)
  return _mm512_test_epi32_mask((__m512i)v, (__m512i)v) != 0;
#elif VECTOR_BYTES == 32 && defined(__AVX2__)
  return !_mm256_testz_si256((__m256i)v, (__m256i)v);
#else
  words_t words = (words_t)v;
  uint64_t any = 0;
  for (int i = 0; i < VECTOR_BYTES / 8; i++) any |= words[i];
  return any != 0;
#endif
}

INLINE VEC NAME(greater)(VEC a, VEC b) { return (VEC)((SIGNED_VEC)a > (SIGNED_VEC)b); }
INLINE VEC NAME(is_zero)(VEC v) { return (VEC)(v == 0); }

/* The number of set bits in each lane. */
INLINE VEC NAME(count)(VEC v) {
  const LANE ones = (LANE)~(LANE)0;
  v -= (v >> 1) & (LANE)(ones / 3);
  v = (v & (LANE)(ones / 5)) + ((v >> 2) & (LANE)(ones / 5));
  v = (v + (v >> 4)) & (LANE)(ones / 17);
#if LANE_BITS == 32
  v += v >> 16;
#endif
  return (v + (v >> 8)) & 0x3f;
}

/* A whole number below n in each lane, from 32 random bits, as lt_rng_below makes it. The generators are Chris
 * Doty-Humphrey's sfc16 and sfc32 (PractRand), whose state fits the lanes. */
INLINE VEC NAME(next)(VEC *s) {
  VEC value = s[0] + s[1] + s[3];
  s[3] += 1;
#if LANE_BITS == 16
  s[0] = s[1] ^ (s[1] >> 5);
  s[1] = s[2] + (s[2] << 3);
  s[2] = ((s[2] << 6) | (s[2] >> 10)) + value;
#else
  s[0] = s[1] ^ (s[1] >> 9);
  s[1] = s[2] + (s[2] << 3);
  s[2] = ((s[2] << 21) | (s[2] >> 11)) + value;
#endif
  return value;
}

INLINE VEC NAME(below)(VEC *random, VEC n) {
#if LANE_BITS == 16  /* n is at most 256 */
  VEC high = NAME(next)(random), low = NAME(next)(random);
  low = ((low >> 8) * n + (((low & 255) * n) >> 8)) >> 8;
  VEC top = ((high >> 8) * n + (((high & 255) * n) >> 8)) >> 8, sum = high * n + low;
  return top - (VEC)(sum < low);
#else
  VEC u = NAME(next)(random);
  return ((u >> 16) * n + (((u & 0xffff) * n) >> 16)) >> 16;
#endif
}

/* One step of all lanes. Gives the lanes whose game is over now. */
INLINE VEC NAME(step)(GAMES *g, const int size) {
  const LANE full = (LANE)(((uint64_t)1 << size) - 1), sides = (LANE)((LANE)1 << (size - 1) | 1);
  VEC *own = g->own, *enemy = g->enemy;
  VEC empty[ROWS + 2], open[ROWS], upto[ROWS], point[ROWS + 2], touched[ROWS + 2];
  const VEC zero = {0};

  /* The points to choose from: empty ones that are neither own eyes nor tried, and how many up to each row. */
  VEC one_above, both_above, one_here = zero, both_here = zero, one_below, both_below, total = zero;
  one_below = (enemy[1] << 1) | (enemy[1] >> 1), both_below = (enemy[1] << 1) & (enemy[1] >> 1);
  for (int i = 0; i < size; i++) {
    const VEC o = own[i + 1], below = enemy[i + 2];
    one_above = one_here, both_above = both_here, one_here = one_below, both_here = both_below;
    one_below = (below << 1) | (below >> 1), both_below = (below << 1) & (below >> 1);
    VEC closed = ((o << 1) | (LANE)1) & ((o >> 1) | (LANE)(sides & ~1));
    if (i > 0) closed &= own[i];
    if (i < size - 1) closed &= own[i + 2];
    VEC broken = one_above | one_below;
    if (i > 0 && i < size - 1) broken = (broken & sides) | both_above | both_below | (one_above & one_below);
    empty[i + 1] = ~(o | enemy[i + 1]) & full;
    open[i] = empty[i + 1] & ~(g->tried[i + 1] | (closed & ~broken));
    total += NAME(count)(open[i]);
    upto[i] = total;
  }

  /* One of them at random: its row, then its bit. No bit where there is none: that lane passes. */
  VEC choice = NAME(below)(g->random, total), before = zero, passed = ~zero, row = zero, bit;
  for (int i = 0; i < size; i++) {
    VEC past = ~NAME(greater)(upto[i], choice);  /* the chosen point is in a later row */
    point[i + 1] = passed & ~past;
    row |= open[i] & point[i + 1];
    VEC skipped = upto[i] & past;
    before = skipped | (before & ~past);
    passed = past;
  }
  choice -= before;
  for (int k = 0; k < size - 1; k++) row &= row + NAME(greater)(choice, zero + (LANE)k);
  bit = row & -row;

  /* Stones that touch a liberty are safe. Floods matter where an enemy beside the new stone, or itself, does not. */
  VEC safe[ROWS + 2], asked[ROWS + 2], across[ROWS + 2], along[ROWS + 2], unsafe = zero, free = zero;
  point[0] = point[size + 1] = empty[0] = empty[size + 1] = zero;
  for (int i = 1; i <= size; i++) point[i] &= bit, empty[i] &= ~point[i];
  for (int i = 1; i <= size; i++) {
    touched[i] = (empty[i] << 1) | (empty[i] >> 1) | empty[i - 1] | empty[i + 1];
    VEC beside = (point[i] << 1) | (point[i] >> 1) | point[i - 1] | point[i + 1];
    asked[i] = point[i] | (beside & enemy[i]);
    free |= point[i] & touched[i];
    safe[i] = touched[i] & (own[i] | enemy[i] | point[i]);
    unsafe |= asked[i] & ~safe[i];
  }
  if (NAME(any)(unsafe)) {
    for (int i = 1; i <= size; i++) {
      const VEC o = own[i] | point[i], e = enemy[i];
      across[i] = (o & (o >> 1)) | (e & (e >> 1));
      along[i] = (o & (own[i + 1] | point[i + 1])) | (e & enemy[i + 1]);
    }
    safe[0] = safe[size + 1] = along[0] = zero;
    VEC changed;
    do {
      changed = unsafe = zero;
      for (int i = 1; i <= size; i++) {
        const VEC s = safe[i];
        safe[i] = s | ((s & across[i]) << 1) | ((s >> 1) & across[i]) | (safe[i + 1] & along[i]) |
                  (safe[i - 1] & along[i - 1]);
      }
      for (int i = size; i >= 1; i--) {
        const VEC s = safe[i];
        safe[i] = s | ((s & across[i]) << 1) | ((s >> 1) & across[i]) | (safe[i - 1] & along[i - 1]) |
                  (safe[i + 1] & along[i]);
        changed |= s ^ safe[i];
        unsafe |= asked[i] & ~safe[i];
      }
    } while (NAME(any)(~NAME(is_zero)(changed) & ~NAME(is_zero)(unsafe)));
  }

  /* What is not safe now has no liberty: enemies are captured; else, if it is the new stone, the move was none. */
  VEC captures = zero, suicide = zero, friends = zero;
  for (int i = 1; i <= size; i++) {
    captures |= asked[i] & ~safe[i] & enemy[i];
    suicide |= point[i] & ~safe[i];
    friends |= own[i] & ((point[i] << 1) | (point[i] >> 1) | point[i - 1] | point[i + 1]);
  }
  captures = ~NAME(is_zero)(captures);
  suicide = ~NAME(is_zero)(suicide) & ~captures;
  VEC dead[ROWS + 2], sum = zero, columns = zero;
  for (int i = 1; i <= size; i++) {
    dead[i] = enemy[i] & ~safe[i] & captures;
    sum += dead[i], columns |= dead[i];
  }
  /* Ko: one stone is captured (its columns' sum has one bit, no two stones in a column) by one without other liberty. */
  VEC ko = (VEC)(sum == columns) & NAME(is_zero)(columns & (columns - 1)) & NAME(is_zero)(free | friends) & captures;
  for (int i = 1; i <= size; i++) {
    VEC o = own[i] | (point[i] & ~suicide), e = enemy[i] & ~dead[i], swap = (o ^ e) & ~suicide;
    g->own[i] = o ^ swap, g->enemy[i] = e ^ swap;
    g->tried[i] = ((g->tried[i] | point[i]) & suicide) | (dead[i] & ko);
  }
  VEC passing = NAME(is_zero)(total);
  g->passes = ((g->passes & (passing | suicide)) - passing);
  g->moves -= ~suicide;
  g->black ^= ~suicide;
  return (NAME(greater)(g->passes, zero + 1) | NAME(greater)(g->moves, zero + (LANE)(3 * size * size - 1))) & g->playing;
}

/* The rows of `stones` that are `colour`, numbered from 1. */
INLINE void NAME(read)(const uint8_t *stones, int size, int colour, LANE *rows) {
  for (int i = 0; i < size; i++, stones += size) {
    LANE row = 0;
    for (int j = 0; j < size; j++) row |= (LANE)((LANE)(stones[j] == colour) << j);
    rows[i + 1] = row;
  }
}

/* `stones` and the empty points that can be reached from them. */
INLINE int NAME(reach)(const LANE *stones, const LANE *empty, int size) {
  LANE reached[ROWS + 2] = {0}, changed;
  for (int i = 1; i <= size; i++) reached[i] = stones[i];
  do {
    changed = 0;
    for (int i = 1; i <= size; i++)
      reached[i] |= (LANE)(reached[i - 1] | reached[i] << 1 | reached[i] >> 1 | reached[i + 1]) & empty[i];
    for (int i = size; i >= 1; i--) {
      LANE before = reached[i];
      reached[i] |= (LANE)(reached[i - 1] | reached[i] << 1 | reached[i] >> 1 | reached[i + 1]) & empty[i];
      changed |= before ^ reached[i];
    }
  } while (changed);
  int n = 0;
  for (int i = 1; i <= size; i++) n += __builtin_popcount(reached[i]);
  return n;
}

/* Black's area minus white's: points that both reach count for both. */
INLINE int NAME(area)(const LANE *black, const LANE *white, int size) {
  const LANE full = (LANE)(((uint64_t)1 << size) - 1);
  LANE empty[ROWS + 2];
  for (int i = 1; i <= size; i++) empty[i] = (LANE)(full & ~(black[i] | white[i]));
  return NAME(reach)(black, empty, size) - NAME(reach)(white, empty, size);
}

INLINE void NAME(run)(const int size, const lt_go_position *positions, lt_rng *rngs, int32_t n, int16_t *score,
                      uint16_t *length) {
  GAMES g;
  memset(&g, 0, sizeof g);
  LANE black[ROWS + 2] = {0}, white[ROWS + 2] = {0};
  const uint8_t *stones = NULL;
  int32_t started = 0, over = 0;
  VEC vacant = ~(VEC){0};
  for (;;) {
    /* Write down the games that are over, and put the next ones, or full boards that only pass, into their lanes. */
    for (int lane = 0; lane < LANES; lane++) {
      if (!vacant[lane]) continue;
      if (g.playing[lane]) {
        LANE own[ROWS + 2], enemy[ROWS + 2];
        for (int i = 1; i <= size; i++) own[i] = g.own[i][lane], enemy[i] = g.enemy[i][lane];
        int to_move = NAME(area)(own, enemy, size);
        score[g.index[lane]] = (int16_t)(g.black[lane] ? to_move : -to_move);
        length[g.index[lane]] = (uint16_t)g.moves[lane];
        over++;
      }
      for (int i = 1; i <= size; i++) g.own[i][lane] = 0, g.enemy[i][lane] = (LANE)~(LANE)0, g.tried[i][lane] = 0;
      g.playing[lane] = 0;
      if (started == n) continue;
      const lt_go_position *from = &positions[started];
      if (from->stones != stones) {
        stones = from->stones;
        NAME(read)(stones, size, 1, black), NAME(read)(stones, size, 2, white);
      }
      for (int i = 1; i <= size; i++) {
        g.own[i][lane] = from->player == 1 ? black[i] : white[i];
        g.enemy[i][lane] = from->player == 1 ? white[i] : black[i];
      }
      if (from->ko >= 0) g.tried[from->ko / size + 1][lane] = (LANE)((LANE)1 << from->ko % size);
      g.black[lane] = (LANE)(from->player == 1 ? ~(LANE)0 : 0);
      g.passes[lane] = (LANE)from->passes, g.moves[lane] = 0, g.playing[lane] = (LANE)~(LANE)0;
      for (int i = 0; i < 4; i += 64 / LANE_BITS) {
        uint64_t word = lt_rng_next(&rngs[started]);
        for (int j = 0; j < 64 / LANE_BITS; j++) g.random[i + j][lane] = (LANE)(word >> LANE_BITS * j);
      }
      g.index[lane] = started++;
    }
    if (over == n) return;
    do vacant = NAME(step)(&g, size);
    while (!NAME(any)(vacant));
  }
}

static TARGET void NAME(play_out_many)(int32_t size, const lt_go_position *positions, lt_rng *rngs, int32_t n,
                                       int16_t *score, uint16_t *length) {
#if LANE_BITS == 16  /* the usual boards have loops of fixed length */
  if (size == 9) NAME(run)(9, positions, rngs, n, score, length);
  else if (size == 13) NAME(run)(13, positions, rngs, n, score, length);
#else
  if (size == 19) NAME(run)(19, positions, rngs, n, score, length);
#endif
  else NAME(run)(size, positions, rngs, n, score, length);
}

#undef LANES
#undef LANE
#undef SIGNED_LANE
#undef ROWS
#undef VEC
#undef SIGNED_VEC
#undef GAMES
#undef INLINE
