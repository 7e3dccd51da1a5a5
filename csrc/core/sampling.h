/* Random numbers from distributions other than the uniform one. */
#ifndef LT_SAMPLING_H
#define LT_SAMPLING_H
#include <math.h>
#include "core/rng.h"

/* Uniform in (0, 1], so its logarithm is finite. */
static inline double lt_rng_positive(lt_rng *rng) { return 1.0 - lt_rng_uniform(rng); }

/* Normal with mean 0 and variance 1 (Box and Muller 1958). */
static inline double lt_rng_normal(lt_rng *rng) {
  double radius = sqrt(-2.0 * log(lt_rng_positive(rng)));
  return radius * cos(6.283185307179586 * lt_rng_uniform(rng));
}

/* Gumbel. If independent Gumbel numbers are added to logits, the index of the largest sum is a sample of their softmax. */
static inline double lt_rng_gumbel(lt_rng *rng) { return -log(-log(lt_rng_positive(rng) * 0.9999999999999999)); }

/* Gamma with the given shape and scale 1 (Marsaglia and Tsang 2000). */
static inline double lt_rng_gamma(lt_rng *rng, double shape) {
  double power = 1.0;
  if (shape < 1.0) {
    power = pow(lt_rng_positive(rng), 1.0 / shape);
    shape += 1.0;
  }
  const double d = shape - 1.0 / 3.0, c = 1.0 / sqrt(9.0 * d);
  for (;;) {
    double x = lt_rng_normal(rng), v = 1.0 + c * x;
    if (v <= 0) continue;
    v = v * v * v;
    if (log(lt_rng_positive(rng)) < 0.5 * x * x + d - d * v + d * log(v)) return d * v * power;
  }
}

/* Beta, from two gamma numbers. */
static inline double lt_rng_beta(lt_rng *rng, double a, double b) {
  double x = lt_rng_gamma(rng, a), y = lt_rng_gamma(rng, b);
  return x + y > 0 ? x / (x + y) : 0.5;
}

#endif
