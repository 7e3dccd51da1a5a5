/* Regret minimisation. Read in this order: updates of information states, one part of a tree, threads, iterations. */
#include "regret/hands.h"
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

lt_cfr *lt_cfr_new(const lt_game_tree *t, lt_cfr_rule rule, int alternating, uint32_t threads) {
  lt_cfr *c = calloc(1, sizeof *c);
  uint8_t *block = calloc(1, lt_cfr_bytes(t));
  uint32_t *done = calloc(threads, sizeof *done);
  if (c == NULL || block == NULL || done == NULL) return free(c), free(block), free(done), NULL;
  const size_t bytes = array_bytes(t->num_sequences);
  uint8_t *start = block + LINE - (uintptr_t)block % LINE;
  c->tree = t, c->rule = rule, c->alternating = alternating, c->block = block;
  c->done = done, c->threads = threads;
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
  for (int32_t p = 0; p < c->tree->num_players; p++) lt_game_tree_reach(c->tree, p, c->strategy, c->reach);
  c->phase = 0, c->under_way = 0;
  memset(c->done, 0, c->threads * sizeof *c->done);
}

void lt_cfr_free(lt_cfr *c) {
  if (c == NULL) return;
  free(c->block), free(c->done), free(c);
}

/* ---- Updates of contiguous information states: the value of each, and its next strategy ----
 *
 * Regret matching is in hands.c. Arrays are [actions, stride]; the first `size` columns are used. */

/* Mirror descent: the strategies that trade off value against entropy and the distance from the last strategy. `value`
 * includes both terms. */
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

static void add_average(lt_cfr *c, lt_game_tree_part part, double keep) {
  double *restrict const average = c->average;
  const double *restrict const reach = c->reach;
  for (uint32_t s = part.sequence; s < part.end_sequence; s++) average[s] = keep * average[s] + reach[s];
}

enum { WIDTH = 64 };

/* Updates a part from its last information states to its first, up to WIDTH of a block at once. Values are added to the
 * actions that lead to the states. The actions above the roots of a part are not in the part, so the values of these
 * roots are stored for the top. */
static void update(lt_cfr *c, lt_game_tree_part part, const lt_cfr_step *step) {
  double here[WIDTH];
  for (uint32_t b = part.end_block; b-- > part.block;) {
    const lt_game_tree_block block = c->tree->blocks[b];
    for (uint32_t from = 0; from < block.size; from += WIDTH) {
      const uint32_t s = block.sequence + from, id = block.infostate + from;
      const uint32_t size = block.size - from < WIDTH ? block.size - from : WIDTH;
      double *const value = b < part.inner_block ? &c->value[id] : here;
      if (block.actions == 1) /* a single action */
        memcpy(value, c->gradient + s, size * sizeof *value);
      else if (c->rule == LT_REGRET_MATCHING)
        lt_hands_match_regrets(c->regret + s, c->strategy + s, c->gradient + s, value, size, block.size, block.actions,
                               step);
      else
        descend(c->regret + s, c->strategy + s, c->gradient + s, value, size, block.size, block.actions, step);
      if (b >= part.inner_block)
        for (uint32_t i = 0; i < size; i++) c->gradient[c->tree->parent[id + i]] += value[i];
    }
  }
}

/* Adds the values that a player's parts stored for the top. */
static void collect(lt_cfr *c, int32_t player) {
  const lt_game_tree *t = c->tree;
  for (uint32_t k = t->first_part[player]; k < t->first_part[player + 1]; k++)
    for (uint32_t b = t->parts[k].block; b < t->parts[k].inner_block; b++)
      for (uint32_t id = t->blocks[b].infostate; id < t->blocks[b].infostate + t->blocks[b].size; id++)
        c->gradient[t->parent[id]] += c->value[id];
}

/* ---- Threads ---- */

/* Waits at the barrier. Returns 1 if all threads arrived, 0 if the wait was cancelled. The thread that cancels (thread 0,
 * or one that could not start) does not arrive, so either all threads pass or none does. */
static int wait_for_all(lt_cfr *c) {
  if (c->threads == 1) return 1;
  const unsigned round = atomic_load(&c->round);
  if (atomic_fetch_add(&c->arrived, 1) + 1 == c->threads) {
    atomic_store(&c->arrived, 0);
    atomic_store(&c->round, round + 1);
    return 1;
  }
  for (unsigned spins = 0; atomic_load_explicit(&c->round, memory_order_acquire) == round; spins++) {
    if (spins < SPINS) continue;
    if (atomic_load(&c->cancelled)) return atomic_load(&c->round) != round;
    YIELD();
  }
  return 1;
}

void lt_cfr_reset_barrier(lt_cfr *c) {
  atomic_store(&c->arrived, 0);
  atomic_store(&c->cancelled, 0);
}

void lt_cfr_cancel(lt_cfr *c) { atomic_store(&c->cancelled, 1); }

/* ---- Iterations ----
 *
 * An iteration is a sequence of phases, with a barrier after each. If players update simultaneously, all gradients come
 * first. Then, for each player: its parts (with their gradients, if players alternate), the top, the reaches of its
 * parts. */

enum { GRADIENTS, PARTS, TOP, REACHES };

/* The parts of a player that one thread works on. The first thread also has the top, as its last item. */
typedef struct share {
  const lt_game_tree_part *parts, *top; /* top: NULL for other threads */
  uint32_t size;
} share;

static share share_of(const lt_game_tree *t, int32_t player, uint32_t thread, uint32_t threads) {
  const uint64_t first = t->first_part[player], size = t->first_part[player + 1] - first;
  const uint64_t from = size * thread / threads, to = size * (thread + 1) / threads;
  return (share){t->parts + first + from, thread == 0 ? &t->top[player] : NULL, (uint32_t)(to - from) + (thread == 0)};
}

static void gradient(lt_cfr *c, const lt_game_tree_part *part) {
  lt_game_tree_part_gradient(c->tree, *part, c->reach, c->gradient);
}

static void work(lt_cfr *c, const lt_cfr_step *step, int kind, int32_t player, const lt_game_tree_part *part, int is_top) {
  if (kind == GRADIENTS || (kind == PARTS && c->alternating)) gradient(c, part);
  if (kind == PARTS ? !is_top : kind == TOP && is_top) {
    add_average(c, *part, step->keep_average);
    if (is_top) collect(c, player);
    update(c, *part, step);
  }
  if (kind == TOP ? is_top : kind == REACHES && !is_top) lt_game_tree_part_reach(c->tree, *part, c->strategy, c->reach);
}

/* Does a thread's share of a phase, starting from where it stopped. Returns 0 if it was cancelled. */
static int do_phase(lt_cfr *c, const lt_cfr_step *step, int kind, int32_t player, uint32_t thread, lt_watch *watch) {
  const share mine = share_of(c->tree, player, thread, c->threads);
  uint32_t *done = &c->done[thread];
  for (; *done < mine.size; ++*done) {
    const int is_top = mine.top != NULL && *done == mine.size - 1;
    const lt_game_tree_part *part = is_top ? mine.top : &mine.parts[*done];
    if (lt_watch_stops(watch, (part->end_sequence - part->sequence) / 16)) lt_cfr_cancel(c);
    if (atomic_load_explicit(&c->cancelled, memory_order_relaxed)) return 0;
    work(c, step, kind, player, part, is_top);
  }
  if (!wait_for_all(c)) return 0;
  *done = 0;
  return 1;
}

void lt_cfr_run(lt_cfr *c, const lt_cfr_step *steps, uint64_t count, uint32_t thread, lt_watch *watch) {
  const uint32_t players = (uint32_t)c->tree->num_players, before = c->alternating ? 0 : players;
  uint32_t phase = c->phase;
  if (!wait_for_all(c)) return;
  for (uint64_t i = 0; i < count; i++, phase = 0) {
    for (; phase < before + 3 * players; phase++) {
      const uint32_t player = phase < before ? phase : (phase - before) / 3;
      const int kind = phase < before ? GRADIENTS : PARTS + (int)((phase - before) % 3);
      if (do_phase(c, &steps[i], kind, (int32_t)player, thread, watch)) continue;
      if (thread == 0) c->phase = phase, c->under_way = 1;
      return;
    }
    if (thread == 0) c->iterations++, c->under_way = 0;
  }
  if (thread == 0) c->phase = 0;
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
