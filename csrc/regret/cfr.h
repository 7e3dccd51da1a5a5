/* Regret minimisation on an unrolled game: one loop over its arrays. A variant sets a few numbers for each iteration. How
 * it computes them (powers, schedules) is not known here. */
#ifndef LT_CFR_H
#define LT_CFR_H
#include <stdatomic.h>
#include "regret/game_tree.h"

/* How an information state computes its next strategy from the values of its actions. */
typedef enum {
  LT_REGRET_MATCHING, /* in proportion to positive cumulative regrets (Hart and Mas-Colell 2000, Zinkevich et al. 2007) */
  LT_MIRROR_DESCENT   /* a dilated entropy step, regularised towards uniform play (Sokota et al. 2023) */
} lt_cfr_rule;

/* The parameters of one iteration. The average is multiplied by keep_average before the iteration's strategy is added. */
typedef struct lt_cfr_step {
  double keep_average;
  union {
    struct { /* regret matching */
      double keep_positive, keep_negative; /* factors for positive and negative cumulative regrets, after the update */
      double prediction;                   /* predicted next regret, as a multiple of the last one */
    };
    struct { /* mirror descent */
      double size;        /* step size, in 1 / utility */
      double temperature; /* weight of the entropy, in utilities */
    };
  };
} lt_cfr_step;

typedef struct lt_cfr {
  const lt_game_tree *tree;
  lt_cfr_rule rule;
  int alternating; /* players update in turn, each against the latest strategies of the others */
  uint64_t iterations;
  /* Indexed by sequence, [num_sequences]: */
  double *regret;   /* cumulative regret; in mirror descent the logarithm of the strategy */
  double *strategy; /* current strategy */
  double *reach;    /* reach probabilities of the current strategy */
  double *average;  /* weighted sum of reach probabilities */
  double *gradient; /* scratch */
  double *value;    /* scratch, by information state, [num_infostates]: values at the roots of parts */
  void *block;
  /* The state of an interrupted iteration: its phase, and how many parts each thread has finished, [threads]. */
  uint32_t phase, *done, threads;
  int under_way; /* whether an iteration is interrupted */
  /* The barrier of the threads: */
  atomic_uint arrived, round;
  atomic_int cancelled;
} lt_cfr;

/* `threads`: the number of threads that will call lt_cfr_run. Returns NULL if there is no memory. */
lt_cfr *lt_cfr_new(const lt_game_tree *tree, lt_cfr_rule rule, int alternating, uint32_t threads);
void lt_cfr_free(lt_cfr *cfr);
size_t lt_cfr_bytes(const lt_game_tree *tree);

/* Runs one iteration for each of steps[0 .. count). Each of `thread` 0 .. threads - 1 calls this at the same time with
 * the same steps; work starts when all have arrived. Only thread 0 has a `watch` (NULL for the others). If it stops the
 * work, all return in the middle of an iteration, and the next call continues there. The results are bit-identical for
 * any number of threads. */
void lt_cfr_run(lt_cfr *cfr, const lt_cfr_step *steps, uint64_t count, uint32_t thread, lt_watch *watch);
/* reset: call this before the threads run. cancel: releases threads that wait for others that will not arrive. */
void lt_cfr_reset_barrier(lt_cfr *cfr);
void lt_cfr_cancel(lt_cfr *cfr);

/* Call this after `strategy` or `regret` were set from outside: recomputes the reaches and starts a new iteration. */
void lt_cfr_restored(lt_cfr *cfr);

/* Writes the average strategy by sequence. It is uniform at information states that were never reached, and 1 for empty
 * sequences. */
void lt_cfr_average(const lt_cfr *cfr, double *strategy);

#endif
