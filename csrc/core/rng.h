/* Random numbers: one counter-based stream for each (seed, simulation) pair.
 *
 * The n-th number of a stream is a fixed function of (seed, simulation, n). A simulation therefore draws the same numbers
 * whichever thread runs it and whatever ran before it. The mixing function is the finaliser of SplitMix64 (Steele, Lea
 * and Flood, OOPSLA 2014). */
#ifndef LT_RNG_H
#define LT_RNG_H
#include <stdint.h>

typedef struct lt_rng { uint64_t counter; } lt_rng;

static inline uint64_t lt_mix(uint64_t x) {
  x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
  return x ^ (x >> 31);
}

static inline lt_rng lt_rng_stream(uint64_t seed, uint64_t simulation) {
  lt_rng rng = {lt_mix(lt_mix(seed + UINT64_C(0x9e3779b97f4a7c15)) ^ simulation * UINT64_C(0xd1342543de82ef95))};
  return rng;
}

static inline uint64_t lt_rng_next(lt_rng *rng) {
  rng->counter += UINT64_C(0x9e3779b97f4a7c15);
  return lt_mix(rng->counter);
}

/* An integer in [0, n), computed by multiplying the high 32 bits by n (Lemire 2019, without rejection: the bias is below
 * n / 2^32). */
static inline uint32_t lt_rng_below(lt_rng *rng, uint32_t n) {
  return (uint32_t)(((lt_rng_next(rng) >> 32) * (uint64_t)n) >> 32);
}

/* A double in [0, 1) with 53 random bits. */
static inline double lt_rng_uniform(lt_rng *rng) {
  return (double)(lt_rng_next(rng) >> 11) * 0x1.0p-53;
}

#endif
