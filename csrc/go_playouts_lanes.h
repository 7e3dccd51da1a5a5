/* Light playouts of Go, one in every lane of vector registers: included by go_playouts.c once for each width.
 *
 * A set of points of one board is `words` lanes of as many vectors, so all that is done to a set (shifts, neighbours,
 * floods) is done to as many boards at once as a vector has lanes. Word k, counted from 1, holds the rows k - 1,
 * k - 1 + words, k - 1 + 2 * words, ... beside each other with an empty bit between: the rows above and below those of a
 * word are then the words before and after it, and only the first and the last word need a shift by a whole row.
 *
 * In each step every lane tries one random point; where it proves to be suicide the lane tries another in the next
 * step, so a move is uniform among legal ones.
 *
 * Before inclusion: LANE_BITS (32 or 64), VECTOR_BYTES, TARGET (an attribute: the instruction set) and NAME(x), which
 * makes names of this inclusion's own. */

#define LANES (VECTOR_BYTES * 8 / LANE_BITS)
#if LANE_BITS == 32
#define LANE uint32_t
#define SIGNED_LANE int32_t
#else
#define LANE uint64_t
#define SIGNED_LANE int64_t
#endif
#define VEC NAME(vec)
#define SIGNED_VEC NAME(signed_vec)
#define GAMES NAME(games)
#define LAYOUT NAME(layout)
#define INLINE static inline __attribute__((always_inline)) TARGET
#define ALL ((LANE)~(LANE)0)

typedef LANE VEC __attribute__((vector_size(VECTOR_BYTES)));
typedef SIGNED_LANE SIGNED_VEC __attribute__((vector_size(VECTOR_BYTES)));

/* Where the points of a board are. */
typedef struct LAYOUT { LANE board[WORDS + 2], edge[WORDS + 2]; } LAYOUT;

/* As many games as there are lanes. Sets have a place before the first word and one after the last for the rows there. */
typedef struct GAMES {
  VEC own[WORDS + 2], enemy[WORDS + 2];  /* stones of who moves, and the others */
  VEC tried[WORDS + 2];                  /* points that may not be played now: ko, and those found to be suicide */
  VEC random[4];
  VEC black;                             /* all bits where black moves */
  VEC playing;                           /* all bits where a game is on, not a place left empty */
  VEC passes, moves;
  int32_t index[LANES];
} GAMES;

INLINE int NAME(any)(VEC v) {
#if VECTOR_BYTES == 64
  return _mm512_test_epi32_mask((__m512i)v, (__m512i)v) != 0;
#elif VECTOR_BYTES == 32
  return !_mm256_testz_si256((__m256i)v, (__m256i)v);
#else
  LANE any = 0;
  for (int i = 0; i < LANES; i++) any |= v[i];
  return any != 0;
#endif
}

INLINE VEC NAME(greater)(VEC a, VEC b) { return (VEC)((SIGNED_VEC)a > (SIGNED_VEC)b); }
INLINE VEC NAME(is_zero)(VEC v) { return (VEC)(v == 0); }

/* The number of set bits in each byte. */
INLINE VEC NAME(count_bytes)(VEC v) {
  v -= (v >> 1) & (LANE)(ALL / 3);
  v = (v & (LANE)(ALL / 5)) + ((v >> 2) & (LANE)(ALL / 5));
  return (v + (v >> 4)) & (LANE)(ALL / 17);
}

/* In each byte the sum of that byte and the lower ones; the highest then has the whole sum. */
INLINE VEC NAME(add_bytes)(VEC v) {
  v += v << 8, v += v << 16;
#if LANE_BITS == 64
  v += v << 32;
#endif
  return v;
}

INLINE VEC NAME(count)(VEC v) { return NAME(add_bytes)(NAME(count_bytes)(v)) >> (LANE_BITS - 8); }

/* The k-th of the set bits, counted from 0 at the lowest, alone; nothing where there are none. */
INLINE VEC NAME(pick)(VEC v, VEC k) {
  const LANE each = ALL / 255, high = (LANE)(each << 7);
  VEC bytes = NAME(count_bytes)(v), upto = NAME(add_bytes)(bytes), zero = {0};
  VEC past = ((NAME(add_bytes)(k) | high) - upto) & high;  /* the bytes below the one with the k-th bit */
  past = (past << 1) - (past >> 7);
  k -= NAME(add_bytes)(bytes & past) >> (LANE_BITS - 8);
  v &= ~past;
  for (int i = 0; i < 7; i++) v &= v + NAME(greater)(k, zero + (LANE)i);  /* takes the lowest bit away, k times */
  return v & -v;
}

/* A whole number below n in each lane, from 32 random bits, as lt_rng_below makes it. The generators are Chris
 * Doty-Humphrey's sfc32 and sfc64 (PractRand). */
INLINE VEC NAME(below)(VEC *s, VEC n) {
  VEC value = s[0] + s[1] + s[3];
  s[3] += 1;
#if LANE_BITS == 32
  s[0] = s[1] ^ (s[1] >> 9);
  s[1] = s[2] + (s[2] << 3);
  s[2] = ((s[2] << 21) | (s[2] >> 11)) + value;
  return ((value >> 16) * n + (((value & 0xffff) * n) >> 16)) >> 16;
#else
  s[0] = s[1] ^ (s[1] >> 11);
  s[1] = s[2] + (s[2] << 3);
  s[2] = ((s[2] << 24) | (s[2] >> 40)) + value;
  return ((value >> 32) * n) >> 32;
#endif
}

/* Fill the place before the first word of a set, or the one after the last. */
#define ROWS_BEFORE(set) set[0] = bands > 1 ? set[words] << (size + 1) : zero
#define ROWS_AFTER(set) set[words + 1] = bands > 1 ? set[1] >> (size + 1) : zero

/* What is safe because a neighbour of its colour is. */
#define SPREAD(i)                                                                                         \
  (((safe[i] & across[i]) << 1) | ((safe[i] >> 1) & across[i]) | (safe[i - 1] & along[i - 1]) | (safe[i + 1] & along[i]))

/* One step of all lanes. Gives the lanes whose game is over now. */
INLINE VEC NAME(step)(GAMES *g, const LAYOUT *layout, const int size, const int bands, const int words) {
  VEC *own = g->own, *enemy = g->enemy;
  VEC empty[WORDS + 2], point[WORDS + 2], upto[WORDS + 2];
  const VEC zero = {0};

  /* The points to choose from: empty ones that are neither own eyes nor tried, and how many up to each word. */
  VEC mine[WORDS + 2], one[WORDS + 2], both[WORDS + 2], open[WORDS + 2], total = zero;
  for (int i = 1; i <= words; i++) {
    mine[i] = own[i] | (LANE)~layout->board[i];  /* what is no point counts as own */
    one[i] = (enemy[i] << 1) | (enemy[i] >> 1), both[i] = (enemy[i] << 1) & (enemy[i] >> 1);
  }
  ROWS_BEFORE(mine), ROWS_BEFORE(one), ROWS_BEFORE(both), ROWS_AFTER(mine), ROWS_AFTER(one), ROWS_AFTER(both);
  mine[0] |= bands > 1 ? ((LANE)1 << (size + 1)) - 1 : ALL;
  mine[words + 1] |= bands > 1 ? ~(ALL >> (size + 1)) : ALL;
  for (int i = 1; i <= words; i++) {
    VEC closed = ((mine[i] << 1) | (LANE)1) & ((mine[i] >> 1) | ((LANE)1 << (LANE_BITS - 1))) & mine[i - 1] & mine[i + 1];
    VEC broken = ((one[i - 1] | one[i + 1]) & layout->edge[i]) | (one[i - 1] & one[i + 1]) | both[i - 1] | both[i + 1];
    empty[i] = ~(mine[i] | enemy[i]);
    open[i] = empty[i] & ~(g->tried[i] | (closed & ~broken));
    total += NAME(count)(open[i]);
    upto[i] = total;
  }

  /* One of them at random: its word, then its bit. No bit where there is none: that lane passes. */
  VEC choice = NAME(below)(g->random, total), before = zero, passed = ~zero, word = zero, bit;
  for (int i = 1; i <= words; i++) {
    VEC past = ~NAME(greater)(upto[i], choice);  /* the chosen point is in a later word */
    point[i] = passed & ~past;
    word |= open[i] & point[i];
    before = (upto[i] & past) | (before & ~past);
    passed = past;
  }
  bit = NAME(pick)(word, choice - before);

  /* Stones that touch a liberty are safe. Floods matter where an enemy beside the new stone, or itself, does not. */
  VEC safe[WORDS + 2], asked[WORDS + 2], across[WORDS + 2], along[WORDS + 2], next[WORDS + 2];
  VEC unsafe = zero, befriended = zero;
  for (int i = 1; i <= words; i++) {
    point[i] &= bit, empty[i] &= ~point[i];
    next[i] = own[i] | point[i];
  }
  ROWS_BEFORE(point), ROWS_BEFORE(empty), ROWS_AFTER(point), ROWS_AFTER(empty);
  for (int i = 1; i <= words; i++) {
    VEC touched = (empty[i] << 1) | (empty[i] >> 1) | empty[i - 1] | empty[i + 1];
    VEC beside = (point[i] << 1) | (point[i] >> 1) | point[i - 1] | point[i + 1];
    asked[i] = point[i] | (beside & enemy[i]);
    befriended |= beside & (own[i] | empty[i]);
    safe[i] = touched & (next[i] | enemy[i]);
    unsafe |= asked[i] & ~safe[i];
  }
  VEC captures = zero, suicide = zero, dead[WORDS + 2], ko = zero;
  if (NAME(any)(unsafe)) {
    ROWS_AFTER(next), ROWS_AFTER(enemy);
    for (int i = 1; i <= words; i++) {
      const VEC o = next[i], e = enemy[i];
      across[i] = (o & (o >> 1)) | (e & (e >> 1));
      along[i] = (o & next[i + 1]) | (e & enemy[i + 1]);
    }
    ROWS_BEFORE(along);
    VEC changed, old;
    do {
      changed = unsafe = zero;
      ROWS_BEFORE(safe);
      for (int i = 1; i < words; i++) safe[i] |= SPREAD(i);
      ROWS_AFTER(safe);
      safe[words] |= SPREAD(words);
      for (int i = words; i > 1; i--) {
        old = safe[i], safe[i] |= SPREAD(i);
        changed |= old ^ safe[i], unsafe |= asked[i] & ~safe[i];
      }
      ROWS_BEFORE(safe), ROWS_AFTER(safe);
      old = safe[1], safe[1] |= SPREAD(1);
      changed |= old ^ safe[1], unsafe |= asked[1] & ~safe[1];
    } while (NAME(any)(~NAME(is_zero)(changed) & ~NAME(is_zero)(unsafe)));

    /* What is not safe now has no liberty: enemies are captured; else, if it is the new stone, the move was none. */
    for (int i = 1; i <= words; i++) captures |= asked[i] & ~safe[i] & enemy[i];
    captures = ~NAME(is_zero)(captures);
    suicide = ~NAME(is_zero)(unsafe) & ~captures;
    /* Ko: one stone is captured (its columns' sum has one bit, no two stones in a bit) by one without other liberty. */
    VEC sum = zero, columns = zero;
    for (int i = 1; i <= words; i++) {
      dead[i] = enemy[i] & ~safe[i] & captures;
      sum += dead[i], columns |= dead[i];
    }
    ko = (VEC)(sum == columns) & NAME(is_zero)(columns & (columns - 1)) & NAME(is_zero)(befriended) & captures;
  } else {
    for (int i = 1; i <= words; i++) dead[i] = zero;
  }
  for (int i = 1; i <= words; i++) {
    VEC o = own[i] | (point[i] & ~suicide), e = enemy[i] & ~dead[i], swap = (o ^ e) & ~suicide;
    own[i] = o ^ swap, enemy[i] = e ^ swap;
    g->tried[i] = ((g->tried[i] | point[i]) & suicide) | (dead[i] & ko);
  }
  VEC passing = NAME(is_zero)(total);
  g->passes = ((g->passes & (passing | suicide)) - passing);
  g->moves -= ~suicide;
  g->black ^= ~suicide;
  return (NAME(greater)(g->passes, zero + 1) | NAME(greater)(g->moves, zero + (LANE)(3 * size * size - 1))) & g->playing;
}

/* The number of `stones` and of the empty points that can be reached from them. */
INLINE int NAME(reach)(const LANE *stones, const LANE *empty, int size, int bands, int words) {
  LANE reached[WORDS + 2], changed;
  const LANE zero = 0;
  for (int i = 1; i <= words; i++) reached[i] = stones[i];
  do {
    changed = 0;
    ROWS_BEFORE(reached);
    for (int i = 1; i <= words; i++) {
      if (i == words) ROWS_AFTER(reached);
      reached[i] |= (reached[i - 1] | reached[i] << 1 | reached[i] >> 1 | reached[i + 1]) & empty[i];
    }
    ROWS_AFTER(reached);
    for (int i = words; i >= 1; i--) {
      LANE old = reached[i];
      if (i == 1) ROWS_BEFORE(reached);
      reached[i] |= (reached[i - 1] | reached[i] << 1 | reached[i] >> 1 | reached[i + 1]) & empty[i];
      changed |= old ^ reached[i];
    }
  } while (changed);
  int n = 0;
  for (int i = 1; i <= words; i++) n += __builtin_popcountll(reached[i]);
  return n;
}

INLINE void NAME(run)(const int size, const int bands, const int words, const lt_go_position *positions, lt_rng *rngs,
                      int32_t n, int16_t *score, uint16_t *length) {
  GAMES g;
  LAYOUT layout;
  LANE black[WORDS + 2], white[WORDS + 2];
  memset(&g, 0, sizeof g), memset(&layout, 0, sizeof layout);
  for (int row = 0; row < size; row++)
    for (int column = 0; column < size; column++) {
      LANE bit = (LANE)1 << (row / words * (size + 1) + column);
      layout.board[row % words + 1] |= bit;
      if (row == 0 || row == size - 1 || column == 0 || column == size - 1) layout.edge[row % words + 1] |= bit;
    }
  const uint8_t *stones = NULL;
  int32_t started = 0, over = 0;
  VEC vacant = ~(VEC){0};
  for (;;) {
    /* Write down the games that are over, and put the next ones, or full boards that only pass, into their lanes. */
    for (int lane = 0; lane < LANES; lane++) {
      if (!vacant[lane]) continue;
      if (g.playing[lane]) {
        LANE own[WORDS + 2], enemy[WORDS + 2], empty[WORDS + 2];
        for (int i = 1; i <= words; i++) {
          own[i] = g.own[i][lane], enemy[i] = g.enemy[i][lane];
          empty[i] = layout.board[i] & ~(own[i] | enemy[i]);
        }
        /* Points that both sides reach count for both. */
        int area = NAME(reach)(own, empty, size, bands, words) - NAME(reach)(enemy, empty, size, bands, words);
        score[g.index[lane]] = (int16_t)(g.black[lane] ? area : -area);
        length[g.index[lane]] = (uint16_t)g.moves[lane];
        over++;
      }
      for (int i = 1; i <= words; i++) g.own[i][lane] = 0, g.enemy[i][lane] = layout.board[i], g.tried[i][lane] = 0;
      g.playing[lane] = 0;
      if (started == n) continue;
      const lt_go_position *from = &positions[started];
      if (from->stones != stones) {
        stones = from->stones;
        memset(black, 0, sizeof black), memset(white, 0, sizeof white);
        for (int row = 0, point = 0; row < size; row++)
          for (int column = 0; column < size; column++, point++) {
            LANE bit = (LANE)1 << (row / words * (size + 1) + column);
            if (stones[point] == 1) black[row % words + 1] |= bit;
            if (stones[point] == 2) white[row % words + 1] |= bit;
          }
      }
      for (int i = 1; i <= words; i++) {
        g.own[i][lane] = from->player == 1 ? black[i] : white[i];
        g.enemy[i][lane] = from->player == 1 ? white[i] : black[i];
      }
      if (from->ko >= 0) {
        int row = from->ko / size, column = from->ko % size;
        g.tried[row % words + 1][lane] = (LANE)1 << (row / words * (size + 1) + column);
      }
      g.black[lane] = from->player == 1 ? ALL : 0;
      g.passes[lane] = (LANE)from->passes, g.moves[lane] = 0, g.playing[lane] = ALL;
      for (int i = 0; i < 4; i += 64 / LANE_BITS) {
        uint64_t drawn = lt_rng_next(&rngs[started]);
        g.random[i][lane] = (LANE)drawn;
        if (LANE_BITS == 32) g.random[i + 1][lane] = (LANE)(drawn >> 32);
      }
      g.index[lane] = started++;
    }
    if (over == n) return;
    do vacant = NAME(step)(&g, &layout, size, bands, words);
    while (!NAME(any)(vacant));
  }
}

static TARGET void NAME(play_out_many)(int32_t size, const lt_go_position *positions, lt_rng *rngs, int32_t n,
                                       int16_t *score, uint16_t *length) {
#if LANE_BITS == 32  /* the usual boards have loops of fixed length */
  if (size == 9) NAME(run)(9, 3, 3, positions, rngs, n, score, length);
  else if (size == 13) NAME(run)(13, 2, 7, positions, rngs, n, score, length);
#else
  if (size == 19) NAME(run)(19, 3, 7, positions, rngs, n, score, length);
#endif
  else {
    int bands = (LANE_BITS + 1) / (size + 1), words = (size + bands - 1) / bands;
    NAME(run)(size, bands, words, positions, rngs, n, score, length);
  }
}

#undef LANES
#undef LANE
#undef SIGNED_LANE
#undef VEC
#undef SIGNED_VEC
#undef GAMES
#undef LAYOUT
#undef INLINE
#undef ALL
#undef ROWS_BEFORE
#undef ROWS_AFTER
#undef SPREAD
