/* Sets of squares in 64 bits: counting them and picking one, without branches, tables or special instructions.
 *
 * A random move is the k-th bit of a set. The set's bits are counted byte by byte; a multiplication by ONES turns the
 * eight counts into running totals, whose last one is the size of the set, and the byte that holds bit k is the first
 * whose running total is above k. The same once more, a byte for each bit, finds the bit in its byte. */
#ifndef LT_BITBOARD_H
#define LT_BITBOARD_H
#include <stdint.h>

#define LT_ONES UINT64_C(0x0101010101010101)
#define LT_TOPS UINT64_C(0x8080808080808080)

/* How many bits each byte has. */
static inline uint64_t lt_byte_counts(uint64_t x) {
  x -= x >> 1 & UINT64_C(0x5555555555555555);
  x = (x & UINT64_C(0x3333333333333333)) + (x >> 2 & UINT64_C(0x3333333333333333));
  return (x + (x >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
}

/* Each byte's sum with all below it; all sums must be below 128. The last is the total. */
static inline uint64_t lt_running_totals(uint64_t bytes) { return bytes * LT_ONES; }
static inline uint32_t lt_total(uint64_t running) { return (uint32_t)(running >> 56); }

static inline int lt_count_bits(uint64_t x) { return (int)lt_total(lt_running_totals(lt_byte_counts(x))); }

/* Bit i of a byte as byte i of a word, 0 or 1. */
static inline uint64_t lt_spread_byte(uint64_t byte) {
  uint64_t x = byte * LT_ONES & UINT64_C(0x8040201008040201);
  return (x + UINT64_C(0x7f7f7f7f7f7f7f7f)) >> 7 & LT_ONES;
}

/* The first byte whose running total is above `k`; takes from `k` the total before it. */
static inline int lt_find_byte(uint64_t running, uint32_t *k) {
  uint64_t not_above = (((*k * LT_ONES | LT_TOPS) - running) & LT_TOPS) >> 7;
  int place = (int)(not_above * LT_ONES >> 56);
  *k -= (uint32_t)(((running << 8) >> 8 * place) & 0xff);
  return place;
}

/* The place of bit `k` of a set, counted from the lowest, 0; `running` are the totals of its byte counts. */
static inline int lt_select_bit(uint64_t set, uint64_t running, uint32_t k) {
  int byte = lt_find_byte(running, &k);
  return 8 * byte + lt_find_byte(lt_running_totals(lt_spread_byte(set >> 8 * byte & 0xff)), &k);
}

/* The place of the lowest bit of a set that is not empty. */
static inline int lt_lowest_bit(uint64_t set) {
#if defined(__GNUC__)
  return __builtin_ctzll(set);
#else
  return lt_count_bits((set & (0 - set)) - 1);
#endif
}

#endif
