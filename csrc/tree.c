/* The search tree. Read in this order: the arena, expansion, one simulation, the two drivers, compaction, reading; and
 * csrc/rules.h, how a child is selected. */
#if defined(__linux__)
#define _DEFAULT_SOURCE /* madvise */
#include <sys/mman.h>
#endif
#include "rules.h"
#include <stdlib.h>

enum { CLAIMED = UINT32_MAX, MOST_AMAF = 1 << 20 };

#if defined(__GNUC__)
#define PREFETCH(p) __builtin_prefetch(p)
#else
#define PREFETCH(p) ((void)(p))
#endif

/* Add to a counter that other threads may write too (`shared`), or that this one owns. Gives the old value. */
static inline uint32_t add_count(_Atomic uint32_t *counter, uint32_t n, const int shared) {
  if (shared) return atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
  uint32_t old = LOAD(*counter);
  STORE(*counter, old + n);
  return old;
}

static inline void add_to_mean(lt_mean *mean, float value, const int shared) {
  float n = LOAD(mean->visits), sum = LOAD(mean->value_sum), half = n >= MOST_AMAF ? 0.5f : 1.0f; /* floats stop counting */
  if (!shared) {
    STORE(mean->visits, half * n + 1.0f);
    STORE(mean->value_sum, half * sum + value);
    return;
  }
  while (!atomic_compare_exchange_weak_explicit(&mean->visits, &n, half * n + 1.0f, memory_order_relaxed,
                                                memory_order_relaxed)) {
  }
  while (!atomic_compare_exchange_weak_explicit(&mean->value_sum, &sum, half * sum + value, memory_order_relaxed,
                                                memory_order_relaxed)) {
  }
}

static inline void add_value(_Atomic double *sum, double value, const int shared) {
  double old = LOAD(*sum);
  if (!shared) {
    STORE(*sum, old + value);
    return;
  }
  while (!atomic_compare_exchange_weak_explicit(sum, &old, old + value, memory_order_relaxed, memory_order_relaxed)) {
  }
}

/* Utilities to [-1, 1] and back. */
static inline double middle(const lt_game *g) { return 0.5 * (g->max_utility + g->min_utility); }
static inline double half_range(const lt_game *g) {
  double half = 0.5 * (g->max_utility - g->min_utility);
  return half > 0 ? half : 1.0;
}

/* ---- The arena ---- */

/* One block a worker, each part on cache lines of its own: threads that write to one line slow each other down. */
lt_worker *lt_worker_new(const lt_game *game) {
  enum { LINE = 64 };
  const size_t room = (size_t)lt_max_actions(game) + 1;
  const size_t players = (size_t)game->num_players, entries = players * (size_t)game->num_distinct_actions;
  const size_t parts[] = {sizeof(lt_worker),
                          game->state_bytes,
                          room * sizeof(int32_t),
                          room * sizeof(double),
                          players * sizeof(double),
                          room * sizeof(float),
                          room * sizeof(float),
                          room * sizeof(float),
                          ((size_t)lt_max_history(game) + 1) * sizeof(uint32_t),
                          ((size_t)game->max_game_length + 1) * sizeof(int32_t),
                          entries * sizeof(uint32_t),
                          players * sizeof(uint32_t),
                          entries * sizeof(lt_borrowed),
                          players * sizeof(uint32_t)};
  enum { PARTS = sizeof parts / sizeof *parts };
  size_t offset[PARTS + 1] = {0};
  for (int i = 0; i < PARTS; i++) offset[i + 1] = offset[i] + (parts[i] + LINE - 1) / LINE * LINE;
  uint8_t *block = calloc(1, offset[PARTS] + 2 * LINE);
  if (block == NULL) return NULL;
  uint8_t *start = block + LINE - (uintptr_t)block % LINE;
  lt_worker *w = (lt_worker *)start;
  w->block = block;
  w->state = start + offset[1];
  w->actions = (int32_t *)(start + offset[2]);
  w->probabilities = (double *)(start + offset[3]);
  w->returns = (double *)(start + offset[4]);
  w->prior = (float *)(start + offset[5]);
  w->known_visits = (float *)(start + offset[6]);
  w->known_values = (float *)(start + offset[7]);
  w->path = (uint32_t *)(start + offset[8]);
  w->trace = (int32_t *)(start + offset[9]);
  w->played = (uint32_t *)(start + offset[10]);
  w->lender = (uint32_t *)(start + offset[11]);
  w->borrowed = (lt_borrowed *)(start + offset[12]);
  w->lender_stamp = (uint32_t *)(start + offset[13]);
  return w;
}

void lt_worker_free(lt_worker *w) {
  if (w != NULL) free(w->block);
}

static int uses_priors(const lt_rule *rule) { return rule->kind == LT_PUCT; }
static int uses_amaf(const lt_rule *rule) { return rule->kind == LT_RAVE || rule->kind == LT_GRAVE; }
static int uses_known(const lt_game *game, const lt_knowledge *knowledge) {
  return game->priors != NULL && (knowledge->priors > 0 || knowledge->amaf > 0);
}

/* Sixty-four nodes with all that stands beside them and what compaction needs. */
static size_t bytes_per_64(const lt_game *game, const lt_rule *rule, const lt_knowledge *knowledge) {
  size_t node = sizeof(lt_node);
  if (uses_priors(rule)) node += sizeof(float);
  if (uses_amaf(rule)) node += sizeof(lt_mean);
  if (uses_known(game, knowledge)) node += sizeof(lt_mean);
  return 64 * node + sizeof(uint64_t) + sizeof(uint32_t);
}

size_t lt_tree_bytes_per_node(const lt_game *game, const lt_rule *rule, const lt_knowledge *knowledge) {
  return (bytes_per_64(game, rule, knowledge) + 63) / 64;
}

/* Memory for an array that is read in random order: in large pages, where the system has them, behind a beginning
 * in small ones, so that a short search does not pay for clearing a large page. */
static void *array_new(size_t bytes) {
#if defined(MADV_HUGEPAGE)
  enum { PAGE = 1 << 21, SMALL = 2 * PAGE };
  if (bytes >= 8 * PAGE) {
    uint8_t *array = aligned_alloc(PAGE, (bytes + PAGE - 1) / PAGE * PAGE);
    if (array != NULL) madvise(array + SMALL, (bytes - SMALL) / PAGE * PAGE, MADV_HUGEPAGE);
    return array;
  }
#endif
  return malloc(bytes);
}

lt_tree *lt_tree_new(const lt_game *game, lt_rule rule, lt_knowledge knowledge, uint64_t seed, size_t memory_bytes) {
  size_t words = memory_bytes / bytes_per_64(game, &rule, &knowledge);
  const int priors = uses_priors(&rule), amaf = uses_amaf(&rule), known = uses_known(game, &knowledge);
  if (words > (UINT32_MAX - 64) / 64) words = (UINT32_MAX - 64) / 64;
  lt_tree *t = calloc(1, sizeof *t);
  if (t == NULL) return NULL;
  t->game = game, t->rule = rule, t->knowledge = knowledge, t->seed = seed, t->next_serial = 1;
  t->limit = (uint32_t)(64 * words);
  t->nodes = array_new(t->limit * sizeof *t->nodes);
  if (priors) t->priors = array_new(t->limit * sizeof *t->priors);
  if (amaf) t->amaf = array_new(t->limit * sizeof *t->amaf);
  if (known) t->known = array_new(t->limit * sizeof *t->known);
  t->live = malloc((words + 1) * sizeof *t->live);
  t->rank = malloc((words + 1) * sizeof *t->rank);
  t->root_state = calloc(1, game->state_bytes);
  t->worker = lt_worker_new(game);
  fill_tables();
  if (t->nodes && (t->priors || !priors) && (t->amaf || !amaf) && (t->known || !known) && t->live && t->rank &&
      t->root_state && t->worker)
    return t;
  lt_tree_free(t);
  return NULL;
}

void lt_tree_free(lt_tree *t) {
  if (t == NULL) return;
  lt_worker_free(t->worker);
  free(t->nodes), free(t->priors), free(t->amaf), free(t->known), free(t->live), free(t->rank), free(t->root_state);
  free(t->pending), free(t->pending_data);
  free(t);
}

static void clear_node(lt_node *node, int32_t action) {
  STORE(node->value_sum, 0.0);
  STORE(node->visits, 0);
  STORE(node->first_child, 0);
  node->action = action;
  node->num_children = 0;
  node->player = LT_TERMINAL;
  node->pending = 0;
}

static inline void set_mean(lt_mean *mean, float visits, float value) {
  STORE(mean->visits, visits);
  STORE(mean->value_sum, visits * value);
}

void lt_tree_reset(lt_tree *t, const void *state) {
  memcpy(t->root_state, state, t->game->state_bytes);
  clear_node(&t->nodes[0], -1);
  if (t->priors) t->priors[0] = 1.0f;
  if (t->amaf) set_mean(&t->amaf[0], 0, 0);
  if (t->known) set_mean(&t->known[0], 0, 0);
  STORE(t->size, 1);
  STORE(t->full, 0);
  for (uint32_t i = 0; i < t->pending_capacity; i++) t->pending[i].serial = 0;
  t->pending_count = 0;
}

/* ---- Expansion ---- */

static inline void swap(float *x, uint32_t i, uint32_t j) {
  float kept = x[i];
  x[i] = x[j], x[j] = kept;
}

/* Give a node its children, in random order except at chance nodes (whose outcomes are sampled by their place).
 * Gives LT_OK also where the arena is full: the node then stays a leaf and `full` is set. */
static lt_status expand(lt_tree *t, uint32_t id, int32_t player, const void *state, lt_worker *w, lt_rng *rng,
                        const double *priors, uint32_t num_priors, const int shared) {
  const lt_game *g = t->game;
  lt_node *node = &t->nodes[id];
  if (shared) {
    uint32_t none = 0;
    if (!atomic_compare_exchange_strong(&node->first_child, &none, CLAIMED)) return LT_OK;
  }
  lt_status status = LT_OK;
  int32_t n = player == LT_CHANCE ? g->chance_outcomes(g->context, state, w->actions, w->probabilities)
                                  : g->legal_actions(g->context, state, w->actions);
  if (n <= 0 || lt_failed(g) || (priors != NULL && (uint32_t)n != num_priors)) status = LT_RULES_BROKE;
  else if (n > UINT16_MAX) status = LT_TOO_WIDE;
  uint32_t first = 0;
  if (status == LT_OK) {
    first = LOAD(t->size);
    while (shared && first + (uint64_t)n <= t->limit &&
           !atomic_compare_exchange_weak(&t->size, &first, first + (uint32_t)n)) {
    }
    if (first + (uint64_t)n > t->limit) {
      STORE(t->full, 1);
      first = 0;
    } else if (!shared) {
      STORE(t->size, first + (uint32_t)n);
    }
  }
  if (first == 0) {
    if (shared) STORE(node->first_child, 0);
    return status;
  }
  const int known = t->known && player != LT_CHANCE;
  if (t->priors)
    for (int32_t i = 0; i < n; i++) w->prior[i] = priors ? (float)priors[i] : 1.0f / (float)n;
  if (known) g->priors(g->context, state, w->actions, n, w->known_visits, w->known_values);
  if (player != LT_CHANCE)
    for (uint32_t i = (uint32_t)n - 1; i > 0; i--) {
      uint32_t j = lt_rng_below(rng, i + 1);
      int32_t action = w->actions[i];
      w->actions[i] = w->actions[j], w->actions[j] = action;
      if (t->priors) swap(w->prior, i, j);
      if (known) swap(w->known_visits, i, j), swap(w->known_values, i, j);
    }
  for (int32_t i = 0; i < n; i++) {
    const uint32_t child = first + (uint32_t)i;
    const float visits = known ? w->known_visits[i] : 0.0f, value = known ? w->known_values[i] : 0.0f;
    clear_node(&t->nodes[child], w->actions[i]);
    if (t->priors) t->priors[child] = w->prior[i];
    if (t->known) set_mean(&t->known[child], (float)t->knowledge.priors * visits, value);
    if (t->amaf) set_mean(&t->amaf[child], (float)t->knowledge.amaf * visits, value);
  }
  node->num_children = (uint16_t)n;
  node->player = (int8_t)player;
  atomic_store_explicit(&node->first_child, first, memory_order_release);
  return LT_OK;
}

/* ---- One simulation ---- */

/* A new simulation of GRAVE borrows from nobody yet. */
static inline void start_stamps(const lt_tree *t, lt_worker *w) {
  for (int32_t p = 0; p < t->game->num_players; p++) w->lender[p] = UINT32_MAX, w->lender_stamp[p] = 0;
}

/* Walk from the root to a leaf, acting on w->state; the path goes to w->path, and who acts at the leaf to `*player`.
 * In flight (threads, ask) every node on the way is counted at once, with a loss. A leaf is a node that was not expanded;
 * on the way, chance nodes are expanded when they are met, and where `expand_revisited` others on their second visit.
 * Gives the depth, or -1 and a status where the rules broke. */
static inline int32_t descend(lt_tree *t, lt_worker *w, lt_rng *rng, int32_t *player, lt_status *status,
                              const lt_rule_kind rule, const int in_flight, const int shared,
                              const int expand_revisited) {
  const lt_game *g = t->game;
  lt_node *const nodes = t->nodes;
  void *const state = w->state;
  uint32_t id = 0, seen;
  int32_t depth = 0;
  memcpy(state, t->root_state, g->state_bytes);
  w->path[0] = 0;
  if (rule == LT_GRAVE) start_stamps(t, w);
  seen = in_flight ? add_count(&nodes[0].visits, 1, shared) : LOAD(nodes[0].visits);
  for (;;) {
    lt_node *node = &nodes[id];
    uint32_t first = atomic_load_explicit(&node->first_child, memory_order_acquire);
    if (first == 0) {
      *player = g->current_player(g->context, state);
      if (*player == LT_CHANCE || (expand_revisited && *player >= 0 && (id == 0 || seen > 0))) {
        *status = expand(t, id, *player, state, w, rng, NULL, 0, shared);
        if (*status != LT_OK) return -1;
        first = LOAD(node->first_child);
      }
    }
    if (first == 0 || first == CLAIMED) return depth;
    uint32_t count = node->num_children, i;
    if (node->player == LT_CHANCE) {
      int32_t n = g->chance_outcomes(g->context, state, w->actions, w->probabilities);
      i = (uint32_t)lt_sample(w->probabilities, n, rng);
    } else {
      switch (rule) {
        case LT_UCT: i = t->known ? select_informed_uct(t, first, count, seen) : select_uct(t, first, count, seen); break;
        case LT_PUCT: i = select_puct(t, first, count, seen); break;
        default: i = select_rave(t, w, id, node->player, first, count, seen);
      }
    }
    id = first + i;
    w->path[++depth] = id;
    uint32_t next = LOAD(nodes[id].first_child); /* fetched while the rules work */
    if (next != CLAIMED) PREFETCH(&nodes[next]), PREFETCH((const char *)&nodes[next] + 64), PREFETCH((const char *)&nodes[next] + 128);
    if (!g->apply(g->context, state, nodes[id].action) || lt_failed(g)) {
      *status = LT_RULES_BROKE;
      return -1;
    }
    seen = in_flight ? add_count(&nodes[id].visits, 1, shared) : LOAD(nodes[id].visits);
    if (in_flight) add_value(&nodes[id].value_sum, -t->rule.virtual_loss, shared);
  }
}

/* All moves as first: at each node on the path, every action that the player who acts there played from there on, in the
 * tree or in the playout (w->trace), gets the result, as if it had been played there. */
static inline void add_amaf(lt_tree *t, lt_worker *w, const uint32_t *path, int32_t depth, const double *returns,
                            const int shared) {
  const double mid = middle(t->game), scale = 1.0 / half_range(t->game);
  const int32_t actions = t->game->num_distinct_actions;
  const uint32_t stamp = next_stamp(t->game, w);
  for (int32_t i = 0; i < w->trace_length; i++) w->played[w->trace[i]] = stamp;
  for (int32_t d = depth - 1; d >= 0; d--) {
    const lt_node *node = &t->nodes[path[d]];
    const int32_t player = node->player;
    if (player < 0) continue;
    uint32_t *played = w->played + (size_t)player * (size_t)actions;
    played[t->nodes[path[d + 1]].action] = stamp;
    const float value = (float)((returns[player] - mid) * scale);
    const uint32_t first = LOAD(node->first_child), end = first + node->num_children;
    for (uint32_t child = first; child < end; child++)
      if (played[t->nodes[child].action] == stamp) add_to_mean(&t->amaf[child], value, shared);
  }
}

/* Add the `returns` of a simulation along its path, to each node for the player who moved into it. */
static inline void back_up(lt_tree *t, lt_worker *w, const uint32_t *path, int32_t depth, const double *returns,
                           const int in_flight, const int shared) {
  if (t->amaf) add_amaf(t, w, path, depth, returns, shared);
  const double mid = middle(t->game), scale = 1.0 / half_range(t->game);
  lt_node *const nodes = t->nodes;
  if (!in_flight) add_count(&nodes[0].visits, 1, shared);
  for (int32_t d = 1; d <= depth; d++) {
    lt_node *node = &nodes[path[d]];
    int32_t mover = nodes[path[d - 1]].player;
    double value = (returns[mover < 0 ? 0 : mover] - mid) * scale;
    if (in_flight) value += t->rule.virtual_loss;
    else add_count(&node->visits, 1, shared);
    add_value(&node->value_sum, value, shared);
  }
}

/* Play on from w->state to the end by the game's knowledge or at random; where all-moves-as-first values need it, what was
 * played goes to w->trace. Gives 0, or -1 where the rules broke. */
static inline int play_out(const lt_tree *t, lt_worker *w, lt_rng *rng) {
  const lt_game *g = t->game;
  int32_t *trace = t->amaf ? w->trace : NULL;
  if (t->knowledge.playouts) w->trace_length = g->informed_playout(g->context, w->state, rng, w->returns, trace);
  else if (t->amaf) w->trace_length = lt_traced_playout(g, w->state, rng, w->returns, w->actions, w->probabilities, trace);
  else return lt_playout(g, w->state, rng, w->returns, w->actions, w->probabilities);
  return lt_failed(g) || w->trace_length < 0 ? -1 : 0;
}

static inline lt_status simulate(lt_tree *t, lt_worker *w, uint64_t simulation, const lt_rule_kind rule,
                                 const int shared) {
  lt_rng rng = lt_rng_stream(t->seed, simulation);
  lt_status status = LT_OK;
  int32_t player, depth = descend(t, w, &rng, &player, &status, rule, shared, shared, 1);
  if (depth < 0) return status;
  if (play_out(t, w, &rng)) return LT_RULES_BROKE;
  back_up(t, w, w->path, depth, w->returns, shared, shared);
  return LT_OK;
}

/* ---- Run ---- */

lt_status lt_tree_run(lt_tree *t, lt_worker *worker, uint64_t first, uint64_t count, int shared,
                      const atomic_int *stop, uint64_t *done) {
  lt_worker *w = worker ? worker : t->worker;
  for (*done = 0; *done < count; ++*done) {
    lt_status status;
    uint64_t simulation = first + *done;
    const lt_rule_kind kind = t->rule.kind;
    if (kind == LT_UCT) status = shared ? simulate(t, w, simulation, LT_UCT, 1) : simulate(t, w, simulation, LT_UCT, 0);
    else status = shared ? simulate(t, w, simulation, kind, 1) : simulate(t, w, simulation, kind, 0);
    if (status != LT_OK) return status;
    if (LOAD(t->full)) {
      if (shared) {
        ++*done;
        return LT_OK;
      }
      lt_tree_recycle(t);
    }
    if (stop && atomic_load_explicit(stop, memory_order_relaxed)) {
      ++*done;
      return LT_OK;
    }
  }
  return LT_OK;
}

/* ---- Ask and tell ---- */

static size_t pending_stride(const lt_tree *t) {
  return (t->game->state_bytes + 7) / 8 * 8 + (((size_t)lt_max_history(t->game) + 1) * sizeof(uint32_t) + 7) / 8 * 8;
}

static uint8_t *slot_state(const lt_tree *t, uint32_t slot) { return t->pending_data + slot * pending_stride(t); }

static uint32_t *slot_path(const lt_tree *t, uint32_t slot) {
  return (uint32_t *)(slot_state(t, slot) + (t->game->state_bytes + 7) / 8 * 8);
}

/* A ticket is a serial number above the slot's 32 bits, so that an old one is recognised. */
static int64_t slot_of(const lt_tree *t, uint64_t ticket) {
  uint32_t slot = (uint32_t)ticket;
  if (slot >= t->pending_capacity || t->pending[slot].serial == 0 || t->pending[slot].serial != ticket >> 32) return -1;
  return slot;
}

static int make_room(lt_tree *t, uint32_t capacity) {
  if (capacity <= t->pending_capacity) return 1;
  lt_pending *pending = realloc(t->pending, capacity * sizeof *pending);
  if (pending == NULL) return 0;
  t->pending = pending;
  uint8_t *data = realloc(t->pending_data, capacity * pending_stride(t));
  if (data == NULL) return 0;
  t->pending_data = data;
  for (uint32_t i = t->pending_capacity; i < capacity; i++) t->pending[i].serial = 0;
  t->pending_capacity = capacity;
  return 1;
}

/* Undo what a descent in flight counted. */
static void take_back(lt_tree *t, const uint32_t *path, int32_t depth) {
  for (int32_t d = 0; d <= depth; d++) {
    add_count(&t->nodes[path[d]].visits, (uint32_t)-1, 0);
    if (d) add_value(&t->nodes[path[d]].value_sum, t->rule.virtual_loss, 0);
  }
}

lt_status lt_tree_ask(lt_tree *t, uint32_t batch, uint32_t attempts, uint64_t *tickets, uint32_t *count,
                      uint64_t *made) {
  const lt_game *g = t->game;
  lt_worker *w = t->worker;
  *count = 0, *made = 0;
  if (LOAD(t->full) && t->pending_count == 0) lt_tree_recycle(t);
  if (!make_room(t, t->pending_count + batch)) return LT_NO_MEMORY;
  uint32_t slot = 0;
  for (uint32_t attempt = 0; attempt < attempts && *count < batch; attempt++) {
    lt_rng rng = lt_rng_stream(t->seed, t->simulations);
    lt_status status = LT_OK;
    int32_t player, depth = t->rule.kind == LT_UCT ? descend(t, w, &rng, &player, &status, LT_UCT, 1, 0, 0)
                                                   : descend(t, w, &rng, &player, &status, t->rule.kind, 1, 0, 0);
    if (depth < 0) return status;
    lt_node *leaf = &t->nodes[w->path[depth]];
    if (leaf->pending) { /* nothing else is worth asking for until it is told */
      take_back(t, w->path, depth);
      break;
    }
    t->simulations++, ++*made;
    if (player == LT_TERMINAL) {
      g->returns(g->context, w->state, w->returns);
      if (lt_failed(g)) return LT_RULES_BROKE;
      w->trace_length = 0;
      back_up(t, w, w->path, depth, w->returns, 1, 0);
      continue;
    }
    while (t->pending[slot].serial) slot++;
    leaf->pending = 1;
    t->pending[slot].serial = t->next_serial;
    t->pending[slot].depth = (uint32_t)depth;
    memcpy(slot_state(t, slot), w->state, g->state_bytes);
    memcpy(slot_path(t, slot), w->path, ((size_t)depth + 1) * sizeof *w->path);
    t->pending_count++;
    tickets[(*count)++] = t->next_serial << 32 | slot;
    t->next_serial = t->next_serial == UINT32_MAX ? 1 : t->next_serial + 1;
  }
  return LT_OK;
}

const uint8_t *lt_tree_pending_state(const lt_tree *t, uint64_t ticket) {
  int64_t slot = slot_of(t, ticket);
  return slot < 0 ? NULL : slot_state(t, (uint32_t)slot);
}

uint32_t lt_tree_pending_path(const lt_tree *t, uint64_t ticket, int32_t *actions) {
  int64_t slot = slot_of(t, ticket);
  if (slot < 0) return 0;
  uint32_t depth = t->pending[slot].depth;
  for (uint32_t d = 0; d < depth; d++) actions[d] = t->nodes[slot_path(t, (uint32_t)slot)[d + 1]].action;
  return depth;
}

static void release(lt_tree *t, uint32_t slot) {
  t->nodes[slot_path(t, slot)[t->pending[slot].depth]].pending = 0;
  t->pending[slot].serial = 0;
  t->pending_count--;
}

lt_status lt_tree_tell(lt_tree *t, uint64_t ticket, const double *values, const double *priors, uint32_t num_priors) {
  int64_t found = slot_of(t, ticket);
  if (found < 0) return LT_UNKNOWN_TICKET;
  uint32_t slot = (uint32_t)found, depth = t->pending[slot].depth, *path = slot_path(t, slot);
  uint8_t *state = slot_state(t, slot);
  if (LOAD(t->nodes[path[depth]].first_child) == 0) {
    lt_rng rng = lt_rng_stream(~t->seed, t->pending[slot].serial);
    int32_t player = t->game->current_player(t->game->context, state);
    lt_status status = expand(t, path[depth], player, state, t->worker, &rng, priors, num_priors, 0);
    if (status != LT_OK) return status;
  }
  t->worker->trace_length = 0;
  back_up(t, t->worker, path, (int32_t)depth, values, 1, 0);
  release(t, slot);
  return LT_OK;
}

lt_status lt_tree_forget(lt_tree *t, uint64_t ticket) {
  int64_t slot = slot_of(t, ticket);
  if (slot < 0) return LT_UNKNOWN_TICKET;
  take_back(t, slot_path(t, (uint32_t)slot), (int32_t)t->pending[slot].depth);
  release(t, (uint32_t)slot);
  return LT_OK;
}

/* ---- Compaction ---- */

static inline int is_live(const lt_tree *t, uint32_t id) { return t->live[id / 64] >> (id % 64) & 1; }

/* Where a live node slides to: the number of live nodes before it. */
static inline uint32_t new_place(const lt_tree *t, uint32_t id) {
  uint64_t before = t->live[id / 64] & ((UINT64_C(1) << (id % 64)) - 1);
  return t->rank[id / 64] + (uint32_t)__builtin_popcountll(before);
}

/* Keep what is below `root`, and of that only the children of nodes with at least `min_visits`; make `root` the root.
 * Parents stand before children, so one pass marks and one pass moves. */
static void compact(lt_tree *t, uint32_t root, uint32_t min_visits) {
  uint32_t size = LOAD(t->size), words = size / 64 + 1, kept = 0;
  memset(t->live, 0, words * sizeof *t->live);
  t->live[root / 64] |= UINT64_C(1) << (root % 64);
  for (uint32_t id = root; id < size; id++) {
    if (!is_live(t, id)) continue;
    lt_node *node = &t->nodes[id];
    uint32_t first = LOAD(node->first_child);
    if (first == 0) continue;
    if (id != root && LOAD(node->visits) < min_visits) {
      STORE(node->first_child, 0);
      continue;
    }
    for (uint32_t i = first; i < first + node->num_children; i++) t->live[i / 64] |= UINT64_C(1) << (i % 64);
  }
  for (uint32_t word = 0; word < words; word++) {
    t->rank[word] = kept;
    kept += (uint32_t)__builtin_popcountll(t->live[word]);
  }
  for (uint32_t id = root; id < size; id++) {
    if (!is_live(t, id)) continue;
    uint32_t place = new_place(t, id), first = LOAD(t->nodes[id].first_child);
    if (first) STORE(t->nodes[id].first_child, new_place(t, first));
    if (place == id) continue;
    memcpy(&t->nodes[place], &t->nodes[id], sizeof(lt_node));
    if (t->priors) t->priors[place] = t->priors[id];
    if (t->amaf) memcpy(&t->amaf[place], &t->amaf[id], sizeof(lt_mean));
    if (t->known) memcpy(&t->known[place], &t->known[id], sizeof(lt_mean));
  }
  STORE(t->size, kept);
  STORE(t->full, 0);
}

/* Give back the children of the least visited nodes, so that at least half of the arena is free. */
void lt_tree_recycle(lt_tree *t) {
  enum { EXACT = 4096 };
  uint32_t children[EXACT + 1] = {0}, size = LOAD(t->size), kept = 1, min_visits = EXACT;
  for (uint32_t id = 1; id < size; id++) {
    if (LOAD(t->nodes[id].first_child) == 0) continue;
    uint32_t visits = LOAD(t->nodes[id].visits);
    children[visits < EXACT ? visits : EXACT] += t->nodes[id].num_children;
  }
  kept += t->nodes[0].num_children + children[EXACT];
  while (min_visits > 2 && kept + children[min_visits - 1] <= t->limit / 2) kept += children[--min_visits];
  if (kept > t->limit / 2) min_visits = UINT32_MAX; /* all have many visits: keep the root's children alone */
  compact(t, 0, min_visits);
  t->recycled += size - LOAD(t->size);
}

int lt_tree_advance(lt_tree *t, int32_t action, const void *state) {
  uint32_t first = LOAD(t->nodes[0].first_child);
  for (uint32_t i = first; first && i < first + t->nodes[0].num_children; i++) {
    if (t->nodes[i].action != action) continue;
    memcpy(t->root_state, state, t->game->state_bytes);
    compact(t, i, 0);
    return 1;
  }
  return 0;
}

/* ---- Reading ---- */

uint32_t lt_tree_size(const lt_tree *t) { return LOAD(t->size); }
uint32_t lt_tree_visits(const lt_tree *t, uint32_t node) { return LOAD(t->nodes[node].visits); }
uint32_t lt_tree_num_children(const lt_tree *t, uint32_t node) {
  return LOAD(t->nodes[node].first_child) ? t->nodes[node].num_children : 0;
}
int32_t lt_tree_player(const lt_tree *t, uint32_t node) { return t->nodes[node].player; }

uint32_t lt_tree_children(const lt_tree *t, uint32_t node, uint32_t *ids, int32_t *actions, uint32_t *visits,
                          double *values, double *priors) {
  uint32_t first = LOAD(t->nodes[node].first_child), count = lt_tree_num_children(t, node);
  for (uint32_t i = 0; i < count; i++) {
    const lt_node *child = &t->nodes[first + i];
    uint32_t n = LOAD(child->visits);
    ids[i] = first + i;
    actions[i] = child->action;
    visits[i] = n;
    values[i] = n ? LOAD(child->value_sum) / n * half_range(t->game) + middle(t->game) : NAN;
    priors[i] = t->priors ? t->priors[first + i] : 1.0 / count;
  }
  return count;
}
