/* Sets of cells as bit words, and random draws from them. */
#ifndef LT_BITS_H
#define LT_BITS_H
#include <string.h>
#include "core/rng.h"

static inline int32_t first_bit(uint64_t word) { return __builtin_ctzll(word); }
static inline uint64_t bit_at(const uint64_t *set, uint32_t i) { return set[i >> 6] >> (i & 63) & 1; }
static inline void set_bit(uint64_t *set, uint32_t i) { set[i >> 6] |= UINT64_C(1) << (i & 63); }

/* The size of a set. In plain arithmetic, because not every processor has the instruction. */
static inline int32_t bits_in(const uint64_t *set, int words) {
  uint64_t sum = 0;
  for (int i = 0; i < words; i++) {
    uint64_t x = set[i];
    x -= x >> 1 & UINT64_C(0x5555555555555555);
    x = (x & UINT64_C(0x3333333333333333)) + (x >> 2 & UINT64_C(0x3333333333333333));
    sum += (x + (x >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
  }
  return (int32_t)(((sum & UINT64_C(0x00ff00ff00ff00ff)) + (sum >> 8 & UINT64_C(0x00ff00ff00ff00ff))) *
                   UINT64_C(0x0001000100010001) >> 48);
}

/* Which of 64 bytes are not 0; eight bytes at a time on little-endian processors. */
static inline uint64_t bits_of_bytes(const uint8_t *bytes) {
  uint64_t bits = 0;
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  for (int i = 0; i < 8; i++) {
    uint64_t x;
    memcpy(&x, bytes + 8 * i, 8);
    x = (x | ((x & UINT64_C(0x7f7f7f7f7f7f7f7f)) + UINT64_C(0x7f7f7f7f7f7f7f7f))) & UINT64_C(0x8080808080808080);
    bits |= (x >> 7) * UINT64_C(0x0102040810204080) >> 56 << 8 * i;
  }
#else
  for (int i = 0; i < 64; i++) bits |= (uint64_t)(bytes[i] != 0) << i;
#endif
  return bits;
}

/* `wanted` cells of a set, with all choices equally likely. Toss a coin for each cell, then move random cells from the side
 * that has too many; on average 0.4 times the square root of all. Cells to move are found by trying random positions. */
static inline void random_part(lt_rng *rng, const uint64_t *set, int32_t wanted, uint64_t *part, const int words) {
  uint64_t side[8];
  for (int i = 0; i < words; i++) part[i] = lt_rng_next(rng) & set[i];
  int32_t surplus = bits_in(part, words) - wanted;
  const uint64_t other = surplus < 0 ? ~UINT64_C(0) : 0; /* the side with too many: the chosen cells, or the others */
  if (surplus < 0) surplus = -surplus;
  for (int i = 0; i < words; i++) side[i] = set[i] & (part[i] ^ other);
  const int bits = words <= 1 ? 6 : words <= 2 ? 7 : words <= 4 ? 8 : 9;
  for (int i = words; i < 1 << (bits - 6); i++) side[i] = 0;
  while (surplus) {
    uint64_t places = lt_rng_next(rng);
    for (int left = 64 / bits; surplus && left; left--, places >>= bits) {
      uint32_t place = (uint32_t)places & ((1u << bits) - 1);
      uint64_t hit = side[place >> 6] >> (place & 63) & 1;
      side[place >> 6] ^= hit << (place & 63);
      surplus -= (int32_t)hit;
    }
  }
  for (int i = 0; i < words; i++) part[i] = set[i] & (side[i] ^ other);
}

/* A uniform shuffle (Fisher and Yates), with two draws per random number. */
static inline void shuffle(lt_rng *rng, int32_t *items, int32_t n) {
  for (int32_t i = n; i > 1; i -= 2) {
    uint64_t random = lt_rng_next(rng);
    uint32_t j = (uint32_t)((random >> 32) * (uint64_t)i >> 32);
    uint32_t k = (uint32_t)((random & UINT32_MAX) * (uint64_t)(i - 1) >> 32);
    int32_t a = items[j];
    items[j] = items[i - 1], items[i - 1] = a;
    int32_t c = items[k];
    items[k] = items[i - 2], items[i - 2] = c;
  }
}

#endif
