/* Regret minimisation on an unrolled game: one loop over its arrays. What a variant is, it says in a few numbers for
 * every iteration; how they come about (powers, schedules) is not known here. */
#ifndef LT_CFR_H
#define LT_CFR_H
#include <stdatomic.h>
#include "regret/game_tree.h"

/* How an information state goes from the values of its actions to its next strategy. */
typedef enum {
  LT_REGRET_MATCHING, /* in proportion to positive cumulative regrets (Hart and Mas-Colell 2000, Zinkevich et al. 2007) */
  LT_MIRROR_DESCENT   /* a step of dilated entropy, drawn to uniform play (Sokota et al. 2023) */
} lt_cfr_rule;

/* One iteration. The average is multiplied by keep_average before the strategy of the iteration is added. */
typedef struct lt_cfr_step {
  double keep_average;
  union {
    struct { /* regret matching */
      double keep_positive, keep_negative; /* what positive and negative cumulative regrets are then multiplied by */
      double prediction;                   /* the next regret is taken to be so much of the last one */
    };
    struct { /* mirror descent */
      double size;        /* of the step, in 1 / utility */
      double temperature; /* weight of the entropy, in utilities */
    };
  };
} lt_cfr_step;

typedef struct lt_cfr {
  const lt_game_tree *tree;
  lt_cfr_rule rule;
  int alternating; /* players update in turn, each against what the others have become */
  uint64_t iterations;
  /* By sequence, [num_sequences]: */
  double *regret;   /* cumulative; in mirror descent the logarithm of the strategy */
  double *strategy; /* current */
  double *reach;    /* of the current strategy */
  double *average;  /* weighted sum of reaches */
  double *gradient; /* scratch */
  double *value;    /* scratch, by information state, [num_infostates]: of the roots of parts */
  void *block;
  /* Where an iteration that was stopped goes on: its phase, and how much of it each thread has done, [threads]. */
  uint32_t phase, *done, threads;
  int under_way; /* there is one */
  /* Where threads wait for each other: */
  atomic_uint arrived, round;
  atomic_int called_off;
} lt_cfr;

/* For so many threads. NULL: no memory. */
lt_cfr *lt_cfr_new(const lt_game_tree *tree, lt_cfr_rule rule, int alternating, uint32_t threads);
void lt_cfr_free(lt_cfr *cfr);
size_t lt_cfr_bytes(const lt_game_tree *tree);

/* Iterate with steps[0 .. count). All of `thread` 0 .. threads - 1 call this at the same time with the same steps; nothing
 * happens until all are there. Where the `watch` of thread 0 stops them (those of others are NULL), all return from the
 * middle of an iteration, and the next call goes on there. The bits that come of it are the same at any number of threads.
 */
void lt_cfr_run(lt_cfr *cfr, const lt_cfr_step *steps, uint64_t count, uint32_t thread, lt_watch *watch);
/* Before threads are sent to run, and to send those back who wait for others that will not come. */
void lt_cfr_gather(lt_cfr *cfr);
void lt_cfr_call_off(lt_cfr *cfr);

/* After `strategy` or `regret` were put in from outside: the reaches that belong to them; an iteration begins. */
void lt_cfr_restored(lt_cfr *cfr);

/* The average strategy, uniform where it was never reached; `strategy` is by sequence, 1 for the empty ones. */
void lt_cfr_average(const lt_cfr *cfr, double *strategy);

#endif
