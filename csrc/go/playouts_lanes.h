/* Light playouts of Go, one game in every lane of vector registers: playouts.c includes this file once for each width.
 *
 * A set of points of one board has `words` words, and word k is one lane of the k-th vector. So an operation on a set (a
 * shift, neighbours, a flood) works on as many boards at once as a vector has lanes. Word k, counted from 1, holds the rows
 * k - 1, k - 1 + words, k - 1 + 2 * words, ... in one number, with an empty bit between rows. The rows above and below the
 * rows of a word are then the words before and after it, and only the first and the last word need a shift by a whole row.
 *
 * In each step every lane tries one random point. If the move is suicide, the lane tries another point in the next step. So
 * moves are uniform among the legal ones.
 *
 * Define before inclusion: LANE_BITS (32 or 64), VECTOR_BYTES, TARGET (an attribute: the instruction set), and NAME(x),
 * which makes names that only this inclusion has. */

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

/* The bits of the points of a board, and of those at its edge. */
typedef struct LAYOUT { LANE board[WORDS + 2], edge[WORDS + 2]; } LAYOUT;

/* One game for each lane. A set has one more word before the first and one after the last, for the rows outside them. */
typedef struct GAMES {
  VEC own[WORDS + 2], enemy[WORDS + 2];  /* stones of the side to move and of the other side */
  VEC ko[WORDS + 2];                     /* the point that simple ko forbids now */
  VEC barred[WORDS + 2], barred_enemy[WORDS + 2];  /* points known to be suicide for the side to move, and for the other */
  VEC random[4];
  VEC black;                             /* all bits if black is to move */
  VEC playing;                           /* all bits if the lane has a game */
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
#if VECTOR_BYTES == 32
  const __m256i table = _mm256_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4, /* both halves are the same */
                                         0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
  VEC low = v & (LANE)(ALL / 17), high = (v >> 4) & (LANE)(ALL / 17);
  return (VEC)_mm256_add_epi8(_mm256_shuffle_epi8(table, (__m256i)low), _mm256_shuffle_epi8(table, (__m256i)high));
#else
  v -= (v >> 1) & (LANE)(ALL / 3);
  v = (v & (LANE)(ALL / 5)) + ((v >> 2) & (LANE)(ALL / 5));
  return (v + (v >> 4)) & (LANE)(ALL / 17);
#endif
}

/* In each byte, the sum of that byte and all lower ones; the highest byte has the whole sum. */
INLINE VEC NAME(add_bytes)(VEC v) {
  v += v << 8, v += v << 16;
#if LANE_BITS == 64
  v += v << 32;
#endif
  return v;
}

INLINE VEC NAME(count)(VEC v) {
#if VECTOR_BYTES == 32 && LANE_BITS == 64
  return (VEC)_mm256_sad_epu8((__m256i)NAME(count_bytes)(v), _mm256_setzero_si256());
#else
  return NAME(add_bytes)(NAME(count_bytes)(v)) >> (LANE_BITS - 8);
#endif
}

/* Only the k-th of the set bits, counted from 0 at the lowest; no bit if there are none. */
INLINE VEC NAME(pick)(VEC v, VEC k) {
  const LANE each = ALL / 255, high = (LANE)(each << 7);
  VEC bytes = NAME(count_bytes)(v), upto = NAME(add_bytes)(bytes), zero = {0};
  VEC past = ((NAME(add_bytes)(k) | high) - upto) & high;  /* the bytes below the one with the k-th bit */
  past = (past << 1) - (past >> 7);
  k -= NAME(add_bytes)(bytes & past) >> (LANE_BITS - 8);
  v &= ~past;
  for (int i = 0; i < 7; i++) v &= v + NAME(greater)(k, zero + (LANE)i);  /* removes the lowest bit, k times */
  return v & -v;
}

/* A random whole number below n in each lane, from 32 random bits, computed as in lt_rng_below. The generators are sfc32 and
 * sfc64 by Chris Doty-Humphrey (PractRand). */
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

/* With wide words there are many registers and few boards: unrolling is faster there (measured with GCC 12). */
#if LANE_BITS == 64 && !defined(__clang__)
#define UNROLL _Pragma("GCC unroll 8")
#else
#define UNROLL
#endif
#define EACH_WORD(i) UNROLL for (int i = 1; i <= words; i++)

/* Fill the word before the first word of a set, or the one after the last. */
#define ROWS_BEFORE(set) set[0] = bands > 1 ? set[words] << (size + 1) : zero
#define ROWS_AFTER(set) set[words + 1] = bands > 1 ? set[1] >> (size + 1) : zero

/* The points adjacent to those of a set. */
#define ADJACENT(set, i) ((set[i] << 1) | (set[i] >> 1) | set[i - 1] | set[i + 1])

/* The stones that are safe because an adjacent stone of their colour is safe. */
#define SPREAD(i)                                                                                         \
  (((safe[i] & across[i]) << 1) | ((safe[i] >> 1) & across[i]) | (safe[i - 1] & along[i - 1]) | (safe[i + 1] & along[i]))

/* One step of all lanes. Returns the lanes whose game is over now. */
INLINE VEC NAME(step)(GAMES *g, const LAYOUT *layout, const int size, const int bands, const int words) {
  VEC *own = g->own, *enemy = g->enemy, *barred = g->barred, *barred_enemy = g->barred_enemy;
  VEC empty[WORDS + 2], point[WORDS + 2], upto[WORDS + 2];
  const VEC zero = {0};

  /* The candidates: empty points that are no own eyes and were not tried yet; and how many of them are up to each word. */
  VEC mine[WORDS + 2], one[WORDS + 2], both[WORDS + 2], open[WORDS + 2], total = zero;
  EACH_WORD(i) {
    mine[i] = own[i] | (LANE)~layout->board[i];  /* bits outside the board count as own */
    one[i] = (enemy[i] << 1) | (enemy[i] >> 1), both[i] = (enemy[i] << 1) & (enemy[i] >> 1);
  }
  ROWS_BEFORE(mine), ROWS_BEFORE(one), ROWS_BEFORE(both), ROWS_AFTER(mine), ROWS_AFTER(one), ROWS_AFTER(both);
  mine[0] |= bands > 1 ? ((LANE)1 << (size + 1)) - 1 : ALL;
  mine[words + 1] |= bands > 1 ? ~(ALL >> (size + 1)) : ALL;
  EACH_WORD(i) {
    VEC left = (mine[i] << 1) | (LANE)1, right = (mine[i] >> 1) | ((LANE)1 << (LANE_BITS - 1));
    VEC closed = left & right & mine[i - 1] & mine[i + 1];
    VEC broken = ((one[i - 1] | one[i + 1]) & layout->edge[i]) | (one[i - 1] & one[i + 1]) | both[i - 1] | both[i + 1];
    empty[i] = ~(mine[i] | enemy[i]);
    open[i] = empty[i] & ~(g->ko[i] | barred[i] | (closed & ~broken));
    total += NAME(count)(open[i]);
    upto[i] = total;
  }

  /* Choose one of them at random: its word, then its bit. A lane without candidates gets no bit: it passes. */
  VEC choice = NAME(below)(g->random, total), before = zero, passed = ~zero, word = zero, bit;
  EACH_WORD(i) {
    VEC past = ~NAME(greater)(upto[i], choice);  /* the chosen point is in a later word */
    point[i] = passed & ~past;
    word |= open[i] & point[i];
    before = (upto[i] & past) | (before & ~past);
    passed = past;
  }
  bit = NAME(pick)(word, choice - before);

  /* Stones that touch a liberty are safe. Safety is flooded along chains only if the new stone, or an enemy stone next to it,
   * touches no liberty. At first, barred liberties do not count: a chain with another liberty cannot get into atari at a
   * barred point, which therefore stays barred. If that does not make the stones safe, all liberties count, and it is in
   * doubt which points stay barred. */
  VEC safe[WORDS + 2], asked[WORDS + 2], across[WORDS + 2], along[WORDS + 2], next[WORDS + 2], open_empty[WORDS + 2];
  VEC unsafe = zero, friends = zero, free = zero;
  EACH_WORD(i) {
    point[i] &= bit, empty[i] &= ~point[i];
    next[i] = own[i] | point[i];
    open_empty[i] = empty[i] & ~(barred[i] | barred_enemy[i]);
  }
  ROWS_BEFORE(point), ROWS_BEFORE(open_empty), ROWS_AFTER(point), ROWS_AFTER(open_empty);
  EACH_WORD(i) {
    VEC adjacent = ADJACENT(point, i);
    asked[i] = point[i] | (adjacent & enemy[i]);
    friends |= adjacent & own[i], free |= adjacent & empty[i];
    safe[i] = ADJACENT(open_empty, i) & (next[i] | enemy[i]);
    unsafe |= asked[i] & ~safe[i];
  }
  const VEC alone = NAME(is_zero)(friends), choked = NAME(is_zero)(free);
  VEC changed, old, doubt[WORDS + 2], dead[WORDS + 2];
  ROWS_BEFORE(empty), ROWS_AFTER(empty), ROWS_BEFORE(next), ROWS_AFTER(next), ROWS_AFTER(enemy);
  EACH_WORD(i) {
    across[i] = (next[i] & (next[i] >> 1)) | (enemy[i] & (enemy[i] >> 1));
    along[i] = (next[i] & next[i + 1]) | (enemy[i] & enemy[i + 1]);
    safe[i] |= point[i] & alone;  /* no flood: it touches a liberty, or gets one only by a capture */
    doubt[i] = zero;
  }
  ROWS_BEFORE(along);
  for (int sweeps = 0; NAME(any)(~NAME(is_zero)(unsafe) & (sweeps < 3 ? ~zero : ~NAME(is_zero)(changed))); sweeps++) {
    if (sweeps == 2) {
      const VEC wide = ~NAME(is_zero)(unsafe);
      EACH_WORD(i) {
        doubt[i] = asked[i] & ~safe[i];
        safe[i] |= ADJACENT(empty, i) & (next[i] | enemy[i]) & wide;
      }
    }
    changed = unsafe = zero;
    ROWS_BEFORE(safe);
    UNROLL for (int i = 1; i < words; i++) safe[i] |= SPREAD(i);
    ROWS_AFTER(safe);
    safe[words] |= SPREAD(words);
    UNROLL for (int i = words; i > 1; i--) {
      old = safe[i], safe[i] |= SPREAD(i);
      changed |= old ^ safe[i], unsafe |= asked[i] & ~safe[i];
    }
    ROWS_BEFORE(safe), ROWS_AFTER(safe);
    old = safe[1], safe[1] |= SPREAD(1);
    changed |= old ^ safe[1], unsafe |= asked[1] & ~safe[1];
  }

  /* An enemy stone that is not safe has no liberty: it is captured. If none is captured and the new stone has no liberty,
   * the move was suicide and is undone. */
  VEC captures = zero, ko = zero, doubtful = zero;
  EACH_WORD(i) captures |= asked[i] & ~safe[i] & enemy[i];
  captures = ~NAME(is_zero)(captures);
  const VEC suicide = (~NAME(is_zero)(unsafe) | (alone & choked)) & ~captures & ~NAME(is_zero)(bit);
  EACH_WORD(i) g->ko[i] &= suicide;
  if (NAME(any)(captures)) {
    VEC sum = zero, columns = zero;
    EACH_WORD(i) {
      dead[i] = enemy[i] & ~safe[i] & captures;
      sum += dead[i], columns |= dead[i];
    }
    /* Ko: exactly one stone is captured (the sum and the union of all words are the same single bit), by a single stone
     * that has no other liberty. */
    ko = (VEC)(sum == columns) & NAME(is_zero)(columns & (columns - 1)) & alone & choked & captures;
    ROWS_BEFORE(dead), ROWS_AFTER(dead);
    EACH_WORD(i) {
      /* Captured stones no longer bar the points next to them, and the capture gives liberties to the capturing side. */
      VEC freed = ADJACENT(dead, i);
      barred[i] &= ~(freed | (ADJACENT(next, i) & captures)), barred_enemy[i] &= ~freed;
      doubt[i] &= ~(dead[i] | (point[i] & captures));
      enemy[i] ^= dead[i];
      g->ko[i] |= dead[i] & ko;
    }
  }
  EACH_WORD(i) doubtful |= doubt[i];
  const VEC keep = NAME(is_zero)(doubtful) | suicide;
  EACH_WORD(i) {
    const VEC self = point[i] & suicide;
    const VEC stones = next[i] ^ self, swap = (stones ^ enemy[i]) & ~suicide;
    const VEC bars = (barred[i] & keep) | self, enemy_bars = barred_enemy[i] & keep & ~next[i];
    const VEC swap_bars = (bars ^ enemy_bars) & ~suicide;
    own[i] = stones ^ swap, enemy[i] ^= swap;
    barred[i] = bars ^ swap_bars, barred_enemy[i] = enemy_bars ^ swap_bars;
  }
  VEC passing = NAME(is_zero)(total);
  g->passes = ((g->passes & (passing | suicide)) - passing);
  g->moves -= ~suicide;
  g->black ^= ~suicide;
  return (NAME(greater)(g->passes, zero + 1) | NAME(greater)(g->moves, zero + (LANE)(3 * size * size - 1))) & g->playing;
}

/* The number of `stones` plus the number of empty points that they reach. */
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
    /* Write the results of the games that are over, and put the next games into their lanes, or full boards that only pass. */
    for (int lane = 0; lane < LANES; lane++) {
      if (!vacant[lane]) continue;
      if (g.playing[lane]) {
        LANE own[WORDS + 2], enemy[WORDS + 2], empty[WORDS + 2];
        for (int i = 1; i <= words; i++) {
          own[i] = g.own[i][lane], enemy[i] = g.enemy[i][lane];
          empty[i] = layout.board[i] & ~(own[i] | enemy[i]);
        }
        /* Points that both sides reach count for both, so they cancel out. */
        int area = NAME(reach)(own, empty, size, bands, words) - NAME(reach)(enemy, empty, size, bands, words);
        score[g.index[lane]] = (int16_t)(g.black[lane] ? area : -area);
        length[g.index[lane]] = (uint16_t)g.moves[lane];
        over++;
      }
      for (int i = 1; i <= words; i++) {
        g.own[i][lane] = g.ko[i][lane] = g.barred[i][lane] = g.barred_enemy[i][lane] = 0;
        g.enemy[i][lane] = layout.board[i];
      }
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
        g.ko[row % words + 1][lane] = (LANE)1 << (row / words * (size + 1) + column);
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
#if LANE_BITS == 32  /* for the usual sizes, loops have a fixed length */
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
#undef UNROLL
#undef EACH_WORD
#undef ADJACENT
