/* Monte Carlo counterfactual regret minimisation: regrets from sampled play (Lanctot et al., NIPS 2009).
 *
 * An iteration walks the game once for each player, who is the learner of that walk. At a node, a walk follows all
 * actions or a random sample. This is chosen separately for the learner, for the other players and for chance; every
 * sampling scheme is three such choices in one recursive function. An action sampled with probability q has the weight 1
 * / q, so the expected regrets of an iteration are those of a full walk.
 *
 * Information states are found by a key (infostate.h) and kept in bounded memory. Another part of the memory stores
 * histories, so that known play follows links and does not call the game. This does not change any result. All random
 * numbers come from one stream for each (seed, iteration, learner). */
#ifndef LT_MCCFR_H
#define LT_MCCFR_H
#include "core/infostate.h"
#include "core/status.h"
#include "core/watch.h"

enum { LT_DEEPEST = 8192 }; /* maximum number of actions in a history: a walk is recursive */

typedef enum {
  LT_FOLLOW_ALL,
  LT_FOLLOW_DRAWN,  /* one, sampled from the strategy; the learner's is mixed with a share `epsilon` of uniform play */
  LT_FOLLOW_SOME,   /* `some` of the learner's actions, all subsets equally likely (robust sampling) */
  LT_FOLLOW_PRIVATE /* chance: all outcomes if some player does not see them; one sample if all players do */
} lt_follow;

typedef struct lt_mccfr_options {
  lt_follow learner, others, chance;
  uint32_t some;
  double epsilon;
  double baseline;                    /* step size of the baselines' moving averages; 0: no baselines */
  double regret_power, average_power; /* weights t^power of regrets and strategies of iteration t */
  double floor;                       /* lower bound of cumulative regrets */
  double prune_below, prune_share;    /* an action with a smaller regret is skipped with probability `prune_share` */
} lt_mccfr_options;

typedef struct lt_mccfr lt_mccfr;

/* Never holds more than `memory_bytes`. Returns NULL if there is no memory. */
lt_mccfr *lt_mccfr_new(const lt_game *game, lt_mccfr_options options, uint64_t seed, size_t memory_bytes);
void lt_mccfr_free(lt_mccfr *mccfr);
size_t lt_mccfr_least_bytes(const lt_game *game);

/* Runs up to `count` more iterations. Stops early after an error or if the memory is full. In that case, information
 * states that found no memory were played uniformly in the last iteration, and all stored data is consistent. An
 * iteration that fails, or that the watch stops, is not counted; what it learned until then remains. The watch is only
 * asked in long iterations. */
lt_status lt_mccfr_run(lt_mccfr *mccfr, uint64_t count, lt_watch *watch);
/* After an error: writes the actions (chance included) that lead to it and returns their number. Capacity:
 * lt_max_history(game). */
uint32_t lt_mccfr_broken_path(const lt_mccfr *mccfr, int32_t *actions);
uint64_t lt_mccfr_iterations(const lt_mccfr *mccfr);

uint64_t lt_mccfr_num_infostates(const lt_mccfr *mccfr);
uint64_t lt_mccfr_num_actions(const lt_mccfr *mccfr);   /* sum over all information states */
uint64_t lt_mccfr_num_histories(const lt_mccfr *mccfr); /* number of stored histories */

/* The name of the acting player's information state. */
lt_name lt_mccfr_name(lt_mccfr *mccfr, const void *state);
/* Writes the average strategy of an information state, found by its name. Returns its number of actions, 0 if it was
 * never visited. */
uint32_t lt_mccfr_average(const lt_mccfr *mccfr, lt_name name, double *strategy);

/* All learned data as arrays, in order of discovery: by information state [lt_mccfr_num_infostates], by action
 * [lt_mccfr_num_actions], and, if baselines are kept, by action and player. */
typedef struct lt_mccfr_arrays {
  lt_name *name;
  int8_t *player;
  uint16_t *count;
  int32_t *action;
  double *regret, *average, *baseline;
} lt_mccfr_arrays;

void lt_mccfr_export(const lt_mccfr *mccfr, lt_mccfr_arrays arrays);
/* Continues from exported arrays after `iterations` iterations; `mccfr` must be new and have the same options.
 * LT_OVER_LIMIT: no memory; LT_OTHER_ACTIONS: two information states have the same name. */
lt_status lt_mccfr_import(lt_mccfr *mccfr, uint64_t iterations, uint64_t infostates, lt_mccfr_arrays arrays);

#endif
