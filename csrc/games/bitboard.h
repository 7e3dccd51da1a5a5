/* Sets of squares in 64 bits: count them and pick one, without branches, tables or special instructions.
 *
 * A random move is the k-th bit of a set. The bits are counted in each byte. A multiplication by ONES turns the eight
 * counts into running totals. The last total is the size of the set, and the byte with bit k is the first one whose
 * running total is above k. The same method, with one byte per bit, finds the bit in that byte. */
#ifndef LT_BITBOARD_H
#define LT_BITBOARD_H
#include <stdint.h>

#define LT_ONES UINT64_C(0x0101010101010101)
#define LT_TOPS UINT64_C(0x8080808080808080)

/* The number of bits in each byte. */
static inline uint64_t lt_byte_counts(uint64_t x) {
  x -= x >> 1 & UINT64_C(0x5555555555555555);
  x = (x & UINT64_C(0x3333333333333333)) + (x >> 2 & UINT64_C(0x3333333333333333));
  return (x + (x >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
}

/* The sum of each byte and all lower bytes; all sums must be below 128. The last one is the total. */
static inline uint64_t lt_running_totals(uint64_t bytes) { return bytes * LT_ONES; }
static inline uint32_t lt_total(uint64_t running) { return (uint32_t)(running >> 56); }

static inline int lt_count_bits(uint64_t x) { return (int)lt_total(lt_running_totals(lt_byte_counts(x))); }

/* Bit i of a byte as byte i of a word, 0 or 1. */
static inline uint64_t lt_spread_byte(uint64_t byte) {
  uint64_t x = byte * LT_ONES & UINT64_C(0x8040201008040201);
  return (x + UINT64_C(0x7f7f7f7f7f7f7f7f)) >> 7 & LT_ONES;
}

/* The first byte whose running total is above `k`. Subtracts the previous total from `k`. */
static inline int lt_find_byte(uint64_t running, uint32_t *k) {
  uint64_t not_above = (((*k * LT_ONES | LT_TOPS) - running) & LT_TOPS) >> 7;
  int place = (int)(not_above * LT_ONES >> 56);
  *k -= (uint32_t)(((running << 8) >> 8 * place) & 0xff);
  return place;
}

/* The position of bit `k` of a set, counted from the lowest bit, 0. `running` are the running totals of its bytes. */
static inline int lt_select_bit(uint64_t set, uint64_t running, uint32_t k) {
  int byte = lt_find_byte(running, &k);
  return 8 * byte + lt_find_byte(lt_running_totals(lt_spread_byte(set >> 8 * byte & 0xff)), &k);
}

/* The position of the lowest bit of a set that is not empty. */
static inline int lt_lowest_bit(uint64_t set) {
#if defined(__GNUC__)
  return __builtin_ctzll(set);
#else
  return lt_count_bits((set & (0 - set)) - 1);
#endif
}

#endif
