/* Counterfactual regret minimisation on an unrolled game: one loop, in which a variant is a few weights. */
#ifndef LT_CFR_H
#define LT_CFR_H
#include "game_tree.h"

/* After iteration t a positive cumulative regret is multiplied by t^alpha / (t^alpha + 1), a negative one by
 * t^beta / (t^beta + 1), and the strategy of iteration t counts t^gamma in the average (Brown and Sandholm, AAAI 2019).
 * alpha = INFINITY keeps regrets as they are, beta = -INFINITY floors them at zero. */
typedef struct lt_cfr_weights {
  double alpha, beta, gamma;
  int predictive;  /* the next regret is predicted to be the last one (Farina et al., AAAI 2021) */
  int alternating; /* players update in turn, each against what the others have become */
} lt_cfr_weights;

typedef struct lt_cfr {
  const lt_game_tree *tree;
  lt_cfr_weights weights;
  uint64_t iterations;
  /* By sequence, [num_sequences]: */
  double *regret;    /* cumulative */
  double *strategy;  /* current */
  double *reach;     /* of the current strategy */
  double *average;   /* weighted sum of reaches */
  double *gradient;  /* scratch */
  void *block;
} lt_cfr;

/* NULL: no memory. */
lt_cfr *lt_cfr_new(const lt_game_tree *tree, lt_cfr_weights weights);
void lt_cfr_free(lt_cfr *cfr);
size_t lt_cfr_bytes(const lt_game_tree *tree);

void lt_cfr_run(lt_cfr *cfr, uint64_t iterations);

/* The average strategy, uniform where it was never reached; `strategy` is by sequence, 1 for the empty ones. */
void lt_cfr_average(const lt_cfr *cfr, double *strategy);

#endif
