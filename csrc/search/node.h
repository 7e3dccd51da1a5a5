/* A node of the search tree, 16 bytes, and the one place that knows what its bits mean.
 *
 * Visits and the sum of their values share one word, so that threads change both at once. The sum has 32 bits: it counts
 * quanta of 2^(e - 30), where e is the length of the visit count in bits, so that it is as fine as can be and never
 * overflows. Values are in [-1, 1]. Sums of whole values are exact up to 2^30 visits; others are rounded up or down by the
 * place of the visit count in a sequence that fills [0, 1) evenly, so that errors cancel: a mean is right to about nine
 * digits however many values went into it.
 *
 * A solved node keeps its proven value in place of the sum, in quanta of 2^-30, and goes on counting visits. */
#ifndef LT_NODE_H
#define LT_NODE_H
#include <stdatomic.h>
#include "core/game.h"

typedef struct lt_node {
  _Atomic uint64_t stats;       /* visits: bits 0 to 29; mark: 30; solved: 31; sum of values for who moved here: bits 32 to 63 */
  _Atomic uint32_t first_child; /* 0: not expanded. Children stand side by side. */
  uint16_t action;              /* that led here; where the tree has `wide_actions`, those hold it */
  uint16_t num_children;        /* known once expanded; before, LT_PENDING in a leaf returned by ask that has no value yet */
} lt_node;

enum { LT_PENDING = UINT16_MAX, LT_MOST_CHILDREN = UINT16_MAX - 1, LT_MOST_VISITS = (1 << 30) - 1 };
#define LT_SOLVED (UINT32_C(1) << 31)
#define LT_MARK (UINT32_C(1) << 30) /* only while the arena is compacted */
#define LT_ONE (INT64_C(1) << 30)

#define LOAD(x) atomic_load_explicit(&(x), memory_order_relaxed)
#define STORE(x, v) atomic_store_explicit(&(x), (v), memory_order_relaxed)

#if defined(__GNUC__)
#define LT_PREFETCH(p) __builtin_prefetch(p)
#define LT_INLINE static inline __attribute__((always_inline)) /* for loops that a constant argument makes short */
static inline uint32_t lt_popcount(uint64_t x) { return (uint32_t)__builtin_popcountll(x); }
static inline int32_t lt_bit_length(uint32_t n) { return n ? 32 - __builtin_clz(n) : 0; }
#define LT_UNLIKELY(x) __builtin_expect(x, 0)
#else
#define LT_PREFETCH(p) ((void)(p))
#define LT_INLINE static inline
#define LT_UNLIKELY(x) (x)
static inline int32_t lt_bit_length(uint32_t n) {
  int32_t length = 0;
  for (; n; n >>= 1) length++;
  return length;
}
static inline uint32_t lt_popcount(uint64_t x) {
  uint32_t count = 0;
  for (; x; x &= x - 1) count++;
  return count;
}
#endif

static inline uint32_t stats_visits(uint64_t stats) { return (uint32_t)stats & ~LT_SOLVED; }
static inline int stats_solved(uint64_t stats) { return ((uint32_t)stats & LT_SOLVED) != 0; }
static inline int32_t stats_sum(uint64_t stats) { return (int32_t)(stats >> 32); }
static inline uint64_t make_stats(uint32_t visits, int32_t sum) { return (uint64_t)(uint32_t)sum << 32 | visits; }

static inline uint32_t float_bits(float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}

static inline float bits_float(uint32_t bits) {
  float x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

/* A visit count as a float. What does not fit in its 24 bits is cut off, so that it never rounds up to a power of two. */
static inline float count_float(uint32_t n) { return (float)(int32_t)(n & ~(n >> 24)); }

/* The quantum 2^(e - 30) of a sum of n values, n such a float. */
static inline float quantum_of(float n) { return bits_float((float_bits(n) & 0x7f800000u) - (29u << 23)); }

/* The mean value of a node with visits, or its proven one. */
static inline double stats_mean(uint64_t stats) {
  uint32_t n = stats_visits(stats);
  double sum = stats_sum(stats) * (1.0 / (double)LT_ONE);
  return stats_solved(stats) ? sum : sum * (double)(UINT32_C(1) << lt_bit_length(n)) / n;
}

/* A value in [-1, 1] in quanta of 2^-30; what lies outside counts as the nearest inside. */
static inline int64_t to_fixed(double value) {
  double fixed = value * (double)LT_ONE;
  if (!(fixed > -(double)LT_ONE)) return -LT_ONE;
  if (fixed > (double)LT_ONE) return LT_ONE;
  return (int64_t)(fixed < 0 ? fixed - 0.5 : fixed + 0.5);
}

/* Statistics with `visits` more (1, 0 or -1) and the value `fixed`, in quanta of 2^-30; where these are many, and where
 * values are not whole. Shifts of negative numbers are arithmetic, as on every machine there is. */
static inline uint64_t stats_add_any(uint64_t stats, int32_t visits, int64_t fixed) {
  const uint32_t old = stats_visits(stats), n = old + (uint32_t)visits;
  if (stats_solved(stats)) return (stats & ~(uint64_t)LT_MOST_VISITS) | n;
  if (n == 0) return 0;
  const int32_t e = lt_bit_length(n), grown = e - lt_bit_length(old);
  const int64_t sum = grown >= 0 ? stats_sum(stats) >> grown : stats_sum(stats) * 2;
  if (fixed & ((INT64_C(1) << e) - 1)) fixed += (int64_t)((n * UINT64_C(0x9e3779b97f4a7c15)) >> (64 - e));
  return make_stats(n, (int32_t)(sum + (fixed >> e)));
}

/* The same, quick where nothing is special. */
LT_INLINE uint64_t stats_add(uint64_t stats, const int32_t visits, int64_t fixed) {
  const uint32_t n = (uint32_t)stats + (uint32_t)visits; /* with the mark of a solved node */
  const int special = (n >= LT_SOLVED) | (visits > 0 ? (n & (n - 1)) == 0 : visits < 0) | ((fixed & (LT_ONE - 1)) != 0);
  if (LT_UNLIKELY(special)) return stats_add_any(stats, visits, fixed);
  return stats + (uint64_t)(int64_t)visits + ((uint64_t)(fixed >> lt_bit_length(n)) << 32);
}

/* The same in a node that other threads may change too (`shared`), or that this one owns. Gives what was there before. */
LT_INLINE uint64_t node_add(lt_node *node, const int32_t visits, int64_t fixed, const int shared) {
  uint64_t old = LOAD(node->stats);
  if (!shared) {
    STORE(node->stats, stats_add(old, visits, fixed));
    return old;
  }
  while (!atomic_compare_exchange_weak_explicit(&node->stats, &old, stats_add(old, visits, fixed), memory_order_relaxed,
                                                memory_order_relaxed)) {
  }
  return old;
}

/* Write the proven value of a node, for the player who moved into it. */
static inline void node_solve(lt_node *node, int64_t fixed) {
  uint64_t old = LOAD(node->stats);
  while (!atomic_compare_exchange_weak_explicit(&node->stats, &old,
                                                make_stats(stats_visits(old) | LT_SOLVED, (int32_t)fixed),
                                                memory_order_relaxed, memory_order_relaxed)) {
  }
}

#endif
