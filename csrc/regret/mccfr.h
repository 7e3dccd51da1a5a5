/* Monte Carlo counterfactual regret minimisation: regrets from sampled play (Lanctot et al., NIPS 2009).
 *
 * An iteration walks the game once for every player, the learner of that walk. What a walk does at a node, follow all
 * actions or some drawn at random, is a choice of its own for the learner, for the others and for chance, and every
 * kind of sampling is three such choices in one recursive function. Whatever is drawn with probability q counts 1 / q,
 * so that the regrets of an iteration are on average those that a walk over everything would give.
 *
 * Information states are found by a key (infostate.h) and kept in bounded memory. A second part of the memory remembers
 * histories, so that play which was seen before is followed along links and asks the game nothing; it changes no
 * result. Everything drawn comes from one stream for each (seed, iteration, learner). */
#ifndef LT_MCCFR_H
#define LT_MCCFR_H
#include "core/infostate.h"
#include "core/status.h"
#include "core/watch.h"

enum { LT_DEEPEST = 8192 }; /* actions of a history that a walk, which is recursive, goes down */

typedef enum {
  LT_FOLLOW_ALL,
  LT_FOLLOW_DRAWN,  /* one, drawn by the strategy; the learner's own mixed with a share `epsilon` of uniform play */
  LT_FOLLOW_SOME,   /* `some` of the learner's, each set as likely (robust sampling) */
  LT_FOLLOW_PRIVATE /* of chance: all where somebody does not see the outcome; one, drawn, where all see it */
} lt_follow;

typedef struct lt_mccfr_options {
  lt_follow learner, others, chance;
  uint32_t some;
  double epsilon;
  double baseline;                    /* step of the baselines' moving averages; 0: none are kept */
  double regret_power, average_power; /* regrets and strategy of iteration t count t^power */
  double floor;                       /* no cumulative regret stays below */
  double prune_below, prune_share;    /* where a regret is below, the action is passed over with chance `prune_share` */
} lt_mccfr_options;

typedef struct lt_mccfr lt_mccfr;

/* Holds never more than `memory_bytes`. NULL: no memory. */
lt_mccfr *lt_mccfr_new(const lt_game *game, lt_mccfr_options options, uint64_t seed, size_t memory_bytes);
void lt_mccfr_free(lt_mccfr *mccfr);
size_t lt_mccfr_least_bytes(const lt_game *game);

/* Up to `count` iterations more. Stops early where something is wrong, and where the memory is full: each information
 * state that found no room was then played uniformly in the last iteration, and everything kept is whole. An iteration
 * that breaks off or takes so long that the watch is asked in it, and stops it, does not count; what it learned by then
 * stays. */
lt_status lt_mccfr_run(lt_mccfr *mccfr, uint64_t count, lt_watch *watch);
/* After an error: the actions (chance included) to where it was met, and their number. Room: lt_max_history(game). */
uint32_t lt_mccfr_culprit(const lt_mccfr *mccfr, int32_t *actions);
uint64_t lt_mccfr_iterations(const lt_mccfr *mccfr);

uint64_t lt_mccfr_num_infostates(const lt_mccfr *mccfr);
uint64_t lt_mccfr_num_actions(const lt_mccfr *mccfr);   /* of all information states together */
uint64_t lt_mccfr_num_histories(const lt_mccfr *mccfr); /* remembered */

/* The name under which the acting player's information state is kept. */
lt_name lt_mccfr_name(lt_mccfr *mccfr, const void *state);
/* The average strategy of the information state with a name: how many actions it has, 0 where it was never met. */
uint32_t lt_mccfr_average(const lt_mccfr *mccfr, lt_name name, double *strategy);

/* Everything that was learned, in the order in which it was met, as arrays: by information state
 * [lt_mccfr_num_infostates], by action [lt_mccfr_num_actions], and by action and player where baselines are kept. */
typedef struct lt_mccfr_arrays {
  lt_name *name;
  int8_t *player;
  uint16_t *count;
  int32_t *action;
  double *regret, *average, *baseline;
} lt_mccfr_arrays;

void lt_mccfr_export(const lt_mccfr *mccfr, lt_mccfr_arrays arrays);
/* Go on from exported arrays after so many iterations; `mccfr` is new and has the same options. LT_OVER_LIMIT: no room;
 * LT_OTHER_ACTIONS: two information states have one name. */
lt_status lt_mccfr_import(lt_mccfr *mccfr, uint64_t iterations, uint64_t infostates, lt_mccfr_arrays arrays);

#endif
