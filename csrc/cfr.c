/* Regret minimisation. Read in this order: information states side by side, one part of a tree, one iteration, threads. */
#include "hands.h"
#include <math.h>
#include <stdlib.h>
#ifdef _WIN32
#include <windows.h>
#define YIELD() SwitchToThread()
#else
#include <sched.h>
#define YIELD() sched_yield()
#endif

enum { ARRAYS = 5, LINE = 64, SPINS = 2000 };

static size_t array_bytes(uint64_t size) { return (size * sizeof(double) + LINE - 1) / LINE * LINE; }

size_t lt_cfr_bytes(const lt_game_tree *t) {
  return ARRAYS * array_bytes(t->num_sequences) + array_bytes(t->num_infostates) + LINE;
}

lt_cfr *lt_cfr_new(const lt_game_tree *t, lt_cfr_rule rule, int alternating) {
  lt_cfr *c = calloc(1, sizeof *c);
  uint8_t *block = calloc(1, lt_cfr_bytes(t));
  if (c == NULL || block == NULL) return free(c), free(block), NULL;
  const size_t bytes = array_bytes(t->num_sequences);
  uint8_t *start = block + LINE - (uintptr_t)block % LINE;
  c->tree = t, c->rule = rule, c->alternating = alternating, c->block = block;
  c->regret = (double *)start, c->strategy = (double *)(start + bytes), c->reach = (double *)(start + 2 * bytes);
  c->average = (double *)(start + 3 * bytes), c->gradient = (double *)(start + 4 * bytes);
  c->value = (double *)(start + ARRAYS * bytes);
  for (int32_t p = 0; p < t->num_players; p++) c->strategy[t->first_sequence[p]] = 1.0;
  for (uint32_t id = 0; id < t->num_infostates; id++)
    for (uint32_t a = 0, s = t->first[id]; a < t->count[id]; a++, s += t->stride[id]) {
      c->strategy[s] = 1.0 / t->count[id];
      if (rule == LT_MIRROR_DESCENT) c->regret[s] = -log(t->count[id]);
    }
  lt_cfr_restored(c);
  return c;
}

void lt_cfr_restored(lt_cfr *c) {
  for (int32_t p = 0; p < c->tree->num_players; p++) lt_tree_reach(c->tree, p, c->strategy, c->reach);
}

void lt_cfr_free(lt_cfr *c) {
  if (c == NULL) return;
  free(c->block), free(c);
}

/* ---- Information states side by side: what each is worth, and its next strategy ----
 *
 * Regret matching is in hands.c. Arrays are [actions, stride], of which the first `size` columns are meant. */

/* The strategies that trade value against entropy and the distance from the last one; their value has both in it. */
static void descend(double *logarithm, double *strategy, const double *gradient, double *value, uint32_t size,
                    uint32_t stride, uint32_t actions, const lt_cfr_step *step) {
  const double weight = 1.0 + step->size * step->temperature, inverse = 1.0 / weight;
  for (uint32_t i = 0; i < size; i++) {
    const size_t end = i + (size_t)actions * stride;
    double most = -INFINITY, sum = 0;
    for (size_t s = i; s < end; s += stride) {
      logarithm[s] = (step->size * gradient[s] + logarithm[s]) * inverse;
      if (logarithm[s] > most) most = logarithm[s];
    }
    for (size_t s = i; s < end; s += stride) sum += strategy[s] = exp(logarithm[s] - most);
    const double total = most + log(sum), share = 1.0 / sum;
    for (size_t s = i; s < end; s += stride) {
      logarithm[s] -= total;
      strategy[s] *= share;
    }
    value[i] = total * weight / step->size;
  }
}

/* ---- One part of a player's tree ---- */

static void add_average(lt_cfr *c, lt_tree_part part, double keep) {
  double *restrict const average = c->average;
  const double *restrict const reach = c->reach;
  for (uint32_t s = part.sequence; s < part.end_sequence; s++) average[s] = keep * average[s] + reach[s];
}

enum { WIDTH = 64 };

/* From its last information states to its first, up to WIDTH of a block at once. Values go up to the actions that lead
 * there; from the roots of a part, where those actions are not in the part, they are left for the top. */
static void update(lt_cfr *c, lt_tree_part part, const lt_cfr_step *step) {
  double here[WIDTH];
  for (uint32_t b = part.end_block; b-- > part.block;) {
    const lt_tree_block block = c->tree->blocks[b];
    for (uint32_t from = 0; from < block.size; from += WIDTH) {
      const uint32_t s = block.sequence + from, id = block.infostate + from;
      const uint32_t size = block.size - from < WIDTH ? block.size - from : WIDTH;
      double *const value = b < part.inner_block ? &c->value[id] : here;
      if (block.actions == 1) /* nothing to choose */
        memcpy(value, c->gradient + s, size * sizeof *value);
      else if (c->rule == LT_REGRET_MATCHING)
        lt_hands_match_regrets(c->regret + s, c->strategy + s, c->gradient + s, value, size, block.size, block.actions, step);
      else
        descend(c->regret + s, c->strategy + s, c->gradient + s, value, size, block.size, block.actions, step);
      if (b >= part.inner_block)
        for (uint32_t i = 0; i < size; i++) c->gradient[c->tree->parent[id + i]] += value[i];
    }
  }
}

/* What a player's parts left for the top. */
static void collect(lt_cfr *c, int32_t player) {
  const lt_game_tree *t = c->tree;
  for (uint32_t k = t->first_part[player]; k < t->first_part[player + 1]; k++)
    for (uint32_t b = t->parts[k].block; b < t->parts[k].inner_block; b++)
      for (uint32_t id = t->blocks[b].infostate; id < t->blocks[b].infostate + t->blocks[b].size; id++)
        c->gradient[t->parent[id]] += c->value[id];
}

/* ---- Threads ---- */

/* Whether all came; 0: it was called off. */
static int wait_for_all(lt_cfr *c, uint32_t threads) {
  if (threads == 1) return 1;
  const unsigned round = atomic_load(&c->round);
  if (atomic_fetch_add(&c->arrived, 1) + 1 == threads) {
    atomic_store(&c->arrived, 0);
    atomic_store(&c->round, round + 1);
    return 1;
  }
  for (unsigned spins = 0; atomic_load_explicit(&c->round, memory_order_acquire) == round; spins++) {
    if (spins < SPINS) continue;
    if (atomic_load(&c->called_off)) return 0;
    YIELD();
  }
  return 1;
}


void lt_cfr_gather(lt_cfr *c) {
  atomic_store(&c->arrived, 0);
  atomic_store(&c->called_off, 0);
}

void lt_cfr_call_off(lt_cfr *c) { atomic_store(&c->called_off, 1); }

/* ---- Iterations ---- */

/* The parts of a player that one thread works on; the first thread has the top, too. */
typedef struct share {
  const lt_tree_part *from, *to;
  const lt_tree_part *top; /* or NULL */
} share;

static share share_of(const lt_game_tree *t, int32_t player, uint32_t thread, uint32_t threads) {
  const lt_tree_part *parts = &t->parts[t->first_part[player]];
  const uint32_t size = t->first_part[player + 1] - t->first_part[player];
  return (share){parts + size * thread / threads, parts + size * (thread + 1) / threads, thread == 0 ? &t->top[player] : NULL};
}

static void gradient(lt_cfr *c, const lt_tree_part *part) {
  lt_tree_part_gradient(c->tree, *part, c->reach, c->gradient);
}

/* One player's update: its parts, then the top, from the gradient that is there (or, alternating, made now). */
static void update_player(lt_cfr *c, const lt_cfr_step step, int32_t player, share mine, uint32_t threads) {
  for (const lt_tree_part *part = mine.from; part < mine.to; part++) {
    if (c->alternating) gradient(c, part);
    add_average(c, *part, step.keep_average);
    update(c, *part, &step);
  }
  if (mine.top && c->alternating) gradient(c, mine.top);
  wait_for_all(c, threads);
  if (mine.top) {
    add_average(c, *mine.top, step.keep_average);
    collect(c, player);
    update(c, *mine.top, &step);
    lt_tree_part_reach(c->tree, *mine.top, c->strategy, c->reach);
  }
  wait_for_all(c, threads);
  for (const lt_tree_part *part = mine.from; part < mine.to; part++)
    lt_tree_part_reach(c->tree, *part, c->strategy, c->reach);
  wait_for_all(c, threads);
}

void lt_cfr_run(lt_cfr *c, const lt_cfr_step *steps, uint64_t count, uint32_t thread, uint32_t threads) {
  const int32_t players = c->tree->num_players;
  share mine[LT_MAX_TREE_PLAYERS];
  for (int32_t p = 0; p < players; p++) mine[p] = share_of(c->tree, p, thread, threads);
  if (!wait_for_all(c, threads)) return;
  for (uint64_t i = 0; i < count; i++) {
    if (!c->alternating) {
      for (int32_t p = 0; p < players; p++) {
        for (const lt_tree_part *part = mine[p].from; part < mine[p].to; part++) gradient(c, part);
        if (mine[p].top) gradient(c, mine[p].top);
      }
      wait_for_all(c, threads);
    }
    for (int32_t p = 0; p < players; p++) update_player(c, steps[i], p, mine[p], threads);
  }
  if (thread == 0) c->iterations += count;
}

void lt_cfr_average(const lt_cfr *c, double *strategy) {
  const lt_game_tree *t = c->tree;
  for (int32_t p = 0; p < t->num_players; p++) strategy[t->first_sequence[p]] = 1.0;
  for (uint32_t id = 0; id < t->num_infostates; id++) {
    const uint32_t end = t->first[id] + t->count[id] * t->stride[id];
    double sum = 0;
    for (uint32_t s = t->first[id]; s < end; s += t->stride[id]) sum += c->average[s];
    for (uint32_t s = t->first[id]; s < end; s += t->stride[id])
      strategy[s] = sum > 0 ? c->average[s] / sum : 1.0 / t->count[id];
  }
}
