/* Counterfactual regret minimisation. */
#include "cfr.h"
#include <math.h>
#include <stdlib.h>

enum { ARRAYS = 5, LINE = 64 };

static size_t array_bytes(const lt_game_tree *t) { return (t->num_sequences * sizeof(double) + LINE - 1) / LINE * LINE; }

size_t lt_cfr_bytes(const lt_game_tree *t) { return ARRAYS * array_bytes(t) + LINE; }

lt_cfr *lt_cfr_new(const lt_game_tree *t, lt_cfr_weights weights) {
  lt_cfr *c = calloc(1, sizeof *c);
  uint8_t *block = calloc(1, lt_cfr_bytes(t));
  if (c == NULL || block == NULL) return free(c), free(block), NULL;
  const size_t bytes = array_bytes(t);
  uint8_t *start = block + LINE - (uintptr_t)block % LINE;
  c->tree = t, c->weights = weights, c->block = block;
  c->regret = (double *)start, c->strategy = (double *)(start + bytes), c->reach = (double *)(start + 2 * bytes);
  c->average = (double *)(start + 3 * bytes), c->gradient = (double *)(start + 4 * bytes);
  for (int32_t p = 0; p < t->num_players; p++) c->strategy[t->first_sequence[p]] = 1.0;
  for (uint32_t id = 0; id < t->num_infostates; id++)
    for (uint32_t a = 0; a < t->count[id]; a++) c->strategy[t->first[id] + a] = 1.0 / t->count[id];
  for (int32_t p = 0; p < t->num_players; p++) lt_tree_reach(t, p, c->strategy, c->reach);
  return c;
}

void lt_cfr_free(lt_cfr *c) {
  if (c == NULL) return;
  free(c->block), free(c);
}

/* t^power / (t^power + 1), at the infinite powers too. */
static double discount(double t, double power) {
  if (isinf(power)) return power > 0 ? 1.0 : 0.0;
  const double x = pow(t, power);
  return x / (x + 1.0);
}

/* From the last information state of a player to its first: what it is worth, the regrets of its actions, and by
 * regret matching the next strategy. */
static void update(lt_cfr *c, int32_t player, double keep_positive, double keep_negative, const int predictive) {
  const lt_game_tree *t = c->tree;
  double *restrict const regret = c->regret, *restrict const strategy = c->strategy, *restrict const gradient = c->gradient;
  for (uint32_t id = t->first_infostate[player + 1]; id-- > t->first_infostate[player];) {
    const uint32_t first = t->first[id], end = first + t->count[id];
    double value = 0, sum = 0;
    for (uint32_t s = first; s < end; s++) value += strategy[s] * gradient[s];
    gradient[t->parent[id]] += value;
    for (uint32_t s = first; s < end; s++) {
      const double instant = gradient[s] - value;
      double total = regret[s] + instant;
      total *= total > 0 ? keep_positive : keep_negative;
      regret[s] = total;
      const double target = predictive ? total + instant : total;
      strategy[s] = target > 0 ? target : 0.0;
      sum += strategy[s];
    }
    if (sum > 0) {
      const double inverse = 1.0 / sum;
      for (uint32_t s = first; s < end; s++) strategy[s] *= inverse;
    } else {
      const double equal = 1.0 / (double)(end - first);
      for (uint32_t s = first; s < end; s++) strategy[s] = equal;
    }
  }
}

static void add_average(lt_cfr *c, int32_t player, double weight) {
  const lt_game_tree *t = c->tree;
  for (uint32_t s = t->first_sequence[player]; s < t->first_sequence[player + 1]; s++)
    c->average[s] += weight * c->reach[s];
}

void lt_cfr_run(lt_cfr *c, uint64_t iterations) {
  const lt_game_tree *t = c->tree;
  const lt_cfr_weights w = c->weights;
  while (iterations-- > 0) {
    const double now = (double)++c->iterations;
    const double weight = w.gamma == 0 ? 1.0 : w.gamma == 1 ? now : w.gamma == 2 ? now * now : pow(now, w.gamma);
    const double positive = discount(now, w.alpha), negative = discount(now, w.beta);
    if (!w.alternating)
      for (int32_t p = 0; p < t->num_players; p++) lt_tree_gradient(t, p, c->reach, c->gradient);
    for (int32_t p = 0; p < t->num_players; p++) {
      if (w.alternating) lt_tree_gradient(t, p, c->reach, c->gradient);
      add_average(c, p, weight);
      if (w.predictive) update(c, p, positive, negative, 1);
      else update(c, p, positive, negative, 0);
      lt_tree_reach(t, p, c->strategy, c->reach);
    }
  }
}

void lt_cfr_average(const lt_cfr *c, double *strategy) {
  const lt_game_tree *t = c->tree;
  for (int32_t p = 0; p < t->num_players; p++) strategy[t->first_sequence[p]] = 1.0;
  for (uint32_t id = 0; id < t->num_infostates; id++) {
    double sum = 0;
    for (uint32_t a = 0; a < t->count[id]; a++) sum += c->average[t->first[id] + a];
    for (uint32_t a = 0; a < t->count[id]; a++)
      strategy[t->first[id] + a] = sum > 0 ? c->average[t->first[id] + a] / sum : 1.0 / t->count[id];
  }
}
