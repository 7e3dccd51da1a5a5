/* A node of the search tree, 16 bytes. Only this file knows the meaning of its bits.
 *
 * The visit count and the sum of values share one word, so that threads change both at once. The sum has 32 bits and
 * counts quanta of 2^(e - 30), where e is the length of the visit count in bits: the finest resolution that never
 * overflows. Values are in [-1, 1]. Sums of integer values are exact up to 2^30 visits. Other values are rounded up or
 * down according to the position of the visit count in a sequence that fills [0, 1) evenly, so that errors cancel: a mean
 * is correct to about nine digits, however many values it averages.
 *
 * A solved node stores its proven value instead of the sum, in quanta of 2^-30, and continues to count visits. */
#ifndef LT_NODE_H
#define LT_NODE_H
#include <stdatomic.h>
#include "core/game.h"

typedef struct lt_node {
  _Atomic uint64_t stats;       /* visits: bits 0-29; mark: 30; solved: 31; sum of values for the player who moved: 32-63 */
  _Atomic uint32_t first_child; /* 0: not expanded. Children are contiguous. */
  uint16_t action;              /* the action that led here; if the tree has `wide_actions`, it is stored there */
  uint16_t num_children;        /* known once expanded; LT_PENDING in a leaf that ask returned and that has no value yet */
} lt_node;

enum { LT_PENDING = UINT16_MAX, LT_MOST_CHILDREN = UINT16_MAX - 1, LT_MOST_VISITS = (1 << 30) - 1 };
#define LT_SOLVED (UINT32_C(1) << 31)
#define LT_MARK (UINT32_C(1) << 30) /* only during compaction of the arena */
#define LT_ONE (INT64_C(1) << 30)

#define LOAD(x) atomic_load_explicit(&(x), memory_order_relaxed)
#define STORE(x, v) atomic_store_explicit(&(x), (v), memory_order_relaxed)

#if defined(__GNUC__)
#define LT_PREFETCH(p) __builtin_prefetch(p)
#define LT_INLINE static inline __attribute__((always_inline)) /* for loops that constant arguments make short */
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

/* A visit count as a float. The bits that do not fit in 24 bits are truncated, so it never rounds up to a power of two. */
static inline float count_float(uint32_t n) { return (float)(int32_t)(n & ~(n >> 24)); }

/* The quantum 2^(e - 30) of a sum of n values; `n` comes from count_float. */
static inline float quantum_of(float n) { return bits_float((float_bits(n) & 0x7f800000u) - (29u << 23)); }

/* The mean value of a node with visits, or its proven value. */
static inline double stats_mean(uint64_t stats) {
  uint32_t n = stats_visits(stats);
  double sum = stats_sum(stats) * (1.0 / (double)LT_ONE);
  return stats_solved(stats) ? sum : sum * (double)(UINT32_C(1) << lt_bit_length(n)) / n;
}

/* Converts a value to quanta of 2^-30. Values outside [-1, 1] are clipped. */
static inline int64_t to_fixed(double value) {
  double fixed = value * (double)LT_ONE;
  if (!(fixed > -(double)LT_ONE)) return -LT_ONE;
  if (fixed > (double)LT_ONE) return LT_ONE;
  return (int64_t)(fixed < 0 ? fixed - 0.5 : fixed + 0.5);
}

/* Returns the statistics with `visits` more visits (1, 0 or -1) and the value `fixed` added, in quanta of 2^-30. This is
 * the general case: any number of visits, any value. Right shifts of negative numbers are assumed to be arithmetic, as
 * they are on all current machines. */
static inline uint64_t stats_add_any(uint64_t stats, int32_t visits, int64_t fixed) {
  const uint32_t old = stats_visits(stats), n = old + (uint32_t)visits;
  if (stats_solved(stats)) return (stats & ~(uint64_t)LT_MOST_VISITS) | n;
  if (n == 0) return 0;
  const int32_t e = lt_bit_length(n), grown = e - lt_bit_length(old);
  const int64_t sum = grown >= 0 ? stats_sum(stats) >> grown : stats_sum(stats) * 2;
  if (fixed & ((INT64_C(1) << e) - 1)) fixed += (int64_t)((n * UINT64_C(0x9e3779b97f4a7c15)) >> (64 - e));
  return make_stats(n, (int32_t)(sum + (fixed >> e)));
}

/* The same function with a fast path for the common case. */
LT_INLINE uint64_t stats_add(uint64_t stats, const int32_t visits, int64_t fixed) {
  const uint32_t n = (uint32_t)stats + (uint32_t)visits; /* includes the solved bit */
  const int special = (n >= LT_SOLVED) | (visits > 0 ? (n & (n - 1)) == 0 : visits < 0) | ((fixed & (LT_ONE - 1)) != 0);
  if (LT_UNLIKELY(special)) return stats_add_any(stats, visits, fixed);
  return stats + (uint64_t)(int64_t)visits + ((uint64_t)(fixed >> lt_bit_length(n)) << 32);
}

/* Adds to the statistics of a node, which other threads may also change if `shared` is set. Returns the previous
 * statistics. */
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

/* Stores the proven value of a node, for the player who moved into it. */
static inline void node_solve(lt_node *node, int64_t fixed) {
  uint64_t old = LOAD(node->stats);
  while (!atomic_compare_exchange_weak_explicit(&node->stats, &old,
                                                make_stats(stats_visits(old) | LT_SOLVED, (int32_t)fixed),
                                                memory_order_relaxed, memory_order_relaxed)) {
  }
}

#endif
