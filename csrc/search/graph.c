/* The search graph. Read in this order: the arena and its table, expansion, selection, a simulation of graph search, a
 * simulation of information-state search, run, recycling, the root, reading. */
#if defined(__linux__)
#define _DEFAULT_SOURCE /* madvise */
#include <sys/mman.h>
#endif
#include "search/graph.h"
#include "core/infostate.h"
#include <math.h>
#include <stdlib.h>

typedef lt_graph_node node_t;
typedef lt_graph_edge edge_t;

enum { COUNTS = 512, FIRST_TABLE = 1024 };

#if defined(__GNUC__)
#define PREFETCH(p) __builtin_prefetch(p)
#else
#define PREFETCH(p) ((void)(p))
#endif

/* Conversion of utilities to [-1, 1] and back. */
static inline double middle(const lt_game *g) { return 0.5 * (g->max_utility + g->min_utility); }
static inline double half_range(const lt_game *g) {
  double half = 0.5 * (g->max_utility - g->min_utility);
  return half > 0 ? half : 1.0;
}

/* ---- The arena and its table ---- */

static inline node_t *node_at(const lt_graph *g, uint32_t id) { return (node_t *)(g->arena + id * g->node_bytes); }
static inline edge_t *edge_at(const lt_graph *g, uint32_t id) { return (edge_t *)(g->arena_end - id * g->edge_bytes); }

/* The i-th edge of a node. */
static inline edge_t *edge_of(const lt_graph *g, const node_t *node, uint32_t i) {
  return edge_at(g, node->first_edge + i);
}

static int32_t values_of(const lt_game *game, int by_information) {
  if (by_information) return 0;
  return game->num_players == 2 && game->zero_sum ? 1 : game->num_players;
}

static size_t node_bytes(const lt_game *game, int by_information) {
  return sizeof(node_t) + 2 * (size_t)values_of(game, by_information) * sizeof(double);
}

static size_t edge_bytes(lt_graph_rule rule, int by_information) {
  return sizeof(edge_t) + (by_information ? rule == LT_GRAPH_REGRET ? 3 : 1 : 0) * sizeof(double);
}

size_t lt_graph_least_bytes(const lt_game *game, lt_graph_rule rule, int by_information) {
  size_t wide = (size_t)lt_max_actions(game), node = node_bytes(game, by_information);
  return 4 * ((wide + 64) * edge_bytes(rule, by_information) + ((size_t)lt_max_history(game) + wide + 64) * node);
}

/* Allocates memory that is read in random order, in large pages if the system has them. */
static void *array_new(size_t bytes) {
#if defined(MADV_HUGEPAGE)
  enum { PAGE = 1 << 21 };
  if (bytes >= 8 * PAGE) {
    uint8_t *array = aligned_alloc(PAGE, (bytes + PAGE - 1) / PAGE * PAGE);
    if (array != NULL) madvise(array, bytes, MADV_HUGEPAGE);
    return array;
  }
#endif
  return malloc(bytes);
}

static void fill_counts(void);

lt_graph *lt_graph_new(const lt_game *game, lt_graph_rule rule, double c, int by_information, uint64_t seed,
                       size_t memory_bytes) {
  lt_graph *g = calloc(1, sizeof *g);
  if (g == NULL) return NULL;
  g->game = game, g->rule = rule, g->c = c, g->by_information = by_information, g->seed = seed;
  g->num_values = values_of(game, by_information);
  g->node_bytes = node_bytes(game, by_information), g->edge_bytes = edge_bytes(rule, by_information);
  /* The table takes at most a sixth of the memory. It can index about as many nodes as fit in the rest. */
  g->table_limit = 64;
  while (g->table_limit < UINT32_C(1) << 31 && 2 * (size_t)g->table_limit * sizeof *g->table <= memory_bytes / 6)
    g->table_limit *= 2;
  g->node_limit = g->table_limit / 4 * 3;
  size_t bytes = (memory_bytes - g->table_limit * sizeof *g->table) / 8 * 8;
  const size_t most_edges = UINT32_MAX - UINT16_MAX - 1;
  if (bytes / g->edge_bytes > most_edges) bytes = most_edges * g->edge_bytes / 8 * 8;
  const size_t room = (size_t)lt_max_actions(game) + 1;
  g->path_room = (uint32_t)lt_max_history(game) + 1;
  g->arena = array_new(bytes);
  g->table = array_new(g->table_limit * sizeof *g->table);
  g->root_state = calloc(1, game->state_bytes), g->state = calloc(1, game->state_bytes);
  g->key = calloc(1, lt_infostate_scratch(game));
  g->actions = calloc(room, sizeof *g->actions);
  g->places = calloc(room, sizeof *g->places), g->identity = calloc(room, sizeof *g->identity);
  g->probabilities = calloc(room, sizeof *g->probabilities);
  g->returns = calloc((size_t)game->num_players, sizeof *g->returns);
  g->values = calloc((size_t)game->num_players, sizeof *g->values);
  g->path = calloc(g->path_room, sizeof *g->path);
  if (!g->arena || !g->table || !g->root_state || !g->state || !g->key || !g->actions || !g->places || !g->identity ||
      !g->probabilities || !g->returns || !g->values || !g->path) {
    lt_graph_free(g);
    return NULL;
  }
  g->arena_end = g->arena + bytes;
  for (uint32_t i = 0; i < room; i++) g->identity[i] = i;
  fill_counts();
  return g;
}

void lt_graph_free(lt_graph *g) {
  if (g == NULL) return;
  free(g->arena), free(g->table), free(g->root_state), free(g->state), free(g->key), free(g->actions), free(g->places);
  free(g->identity), free(g->probabilities), free(g->returns), free(g->values), free(g->path);
  free(g);
}

static inline uint32_t place_of(const lt_graph *g, uint64_t key) { return (uint32_t)lt_mix(key) & (g->table_size - 1); }

static void insert(lt_graph *g, uint32_t id) {
  uint32_t place = place_of(g, node_at(g, id)->key);
  while (g->table[place]) place = (place + 1) & (g->table_size - 1);
  g->table[place] = id;
}

/* Rebuilds the table with at least `size` slots, up to its limit. */
static void rebuild(lt_graph *g, uint32_t size) {
  g->table_size = size < g->table_limit ? size : g->table_limit;
  memset(g->table, 0, g->table_size * sizeof *g->table);
  for (uint32_t id = 1; id <= g->num_nodes; id++) insert(g, id);
}

/* Returns the node with a key, or 0. */
static uint32_t find(const lt_graph *g, uint64_t key) {
  for (uint32_t place = place_of(g, key);; place = (place + 1) & (g->table_size - 1)) {
    uint32_t id = g->table[place];
    if (id == 0 || node_at(g, id)->key == key) return id;
  }
}

/* Returns whether the given numbers of nodes and edges still fit; if not, marks the arena as full. */
static int fits(lt_graph *g, uint32_t nodes, uint32_t edges) {
  size_t used = ((size_t)g->num_nodes + 1 + nodes) * g->node_bytes + ((size_t)g->num_edges + edges) * g->edge_bytes;
  if (used <= (size_t)(g->arena_end - g->arena) && g->num_nodes + nodes <= g->node_limit) return 1;
  g->full = 1;
  return 0;
}

/* Adds a node with a new key. Returns 0 if the arena is full. */
static uint32_t add_node(lt_graph *g, uint64_t key) {
  if (!fits(g, 1, 0)) return 0;
  uint32_t id = ++g->num_nodes;
  node_t *node = node_at(g, id);
  memset(node, 0, g->node_bytes);
  node->key = key, node->player = LT_TERMINAL;
  if (g->num_nodes > g->table_size / 2 && g->table_size < g->table_limit) rebuild(g, 2 * g->table_size);
  else insert(g, id);
  return id;
}

/* The key of a position, or of what the acting player knows of it. */
static inline uint64_t key_of(lt_graph *g, const void *state, int32_t player) {
  return g->by_information ? lt_infostate_key(g->game, state, player, g->key) : lt_position_key(g->game, state);
}

/* ---- Expansion ---- */

/* Allocates `count` zeroed edges for a node, with the actions of g->actions. Returns the first, or 0 if the arena is
 * full. */
static uint32_t add_edges(lt_graph *g, uint32_t id, int32_t count) {
  if (!fits(g, 0, (uint32_t)count)) return 0;
  uint32_t first = g->num_edges + 1;
  g->num_edges += (uint32_t)count;
  for (int32_t i = 0; i < count; i++) {
    edge_t *edge = edge_at(g, first + (uint32_t)i);
    memset(edge, 0, g->edge_bytes);
    edge->action = g->actions[i], edge->node = id;
  }
  return first;
}

/* Creates the edges of a node. Also returns LT_OK if the arena is full: then the node remains a leaf. */
static lt_status expand(lt_graph *g, uint32_t id, int32_t player, const void *state, lt_rng *rng) {
  const lt_game *game = g->game;
  int32_t n = player == LT_CHANCE ? game->chance_outcomes(game->context, state, g->actions, g->probabilities)
                                  : game->legal_actions(game->context, state, g->actions);
  if (n <= 0 || lt_failed(game)) return LT_RULES_BROKE;
  if (n > UINT16_MAX) return LT_TOO_WIDE;
  node_t *node = node_at(g, id);
  uint32_t first = add_edges(g, id, n);
  if (first == 0) return LT_OK;
  if (player != LT_CHANCE && !g->by_information)
    for (uint32_t i = (uint32_t)n - 1; i > 0; i--) {
      edge_t *a = edge_at(g, first + i), *b = edge_at(g, first + lt_rng_below(rng, i + 1));
      int32_t action = a->action;
      a->action = b->action, b->action = action;
    }
  node->first_edge = first, node->num_edges = (uint16_t)n, node->player = (int8_t)player;
  return LT_OK;
}

/* ---- Selection ---- */

/* Functions of a visit count, from tables for small counts; as in csrc/search/rules.h. */
typedef struct { float inverse, root; } of_count;
enum { DIGITS = 8, LOGS = (1 << DIGITS) + 24 * (1 << (DIGITS - 1)) };
static of_count count_table[COUNTS];
static float log_table[LOGS];

static inline of_count compute_of_count(uint32_t n) {
  float x = (float)(int32_t)n;
  return (of_count){1.0f / x, sqrtf(1.0f / x)};
}

static void fill_counts(void) {
  if (count_table[1].root != 0) return;
  for (int64_t i = LOGS - 1; i > 0; i--) {
    int cut = i < 1 << DIGITS ? 0 : (int)(i >> (DIGITS - 1)) - 1;
    log_table[i] = (float)sqrt(log((double)((i - ((int64_t)cut << (DIGITS - 1))) << cut)));
  }
  for (uint32_t n = COUNTS - 1; n > 0; n--) count_table[n] = compute_of_count(n);
}

/* sqrt(ln n), with n truncated to its first eight binary digits. */
static inline float sqrt_log(uint32_t n) {
  uint32_t cut = 0;
  while (n >> cut >= 1 << (DIGITS + 4)) cut += 4;
  while (n >> cut >= 1 << DIGITS) cut++;
  return log_table[(cut << (DIGITS - 1)) + (n >> cut)];
}

/* A node's value for a player. */
static inline double value_for(const lt_graph *g, const node_t *node, int32_t player) {
  if (g->num_values > 1) return node->value[g->num_values + player];
  return player == 1 ? -node->value[1] : node->value[1];
}

/* UCT over a graph: the first edge without visits, else the edge with the largest Q + c sqrt(ln N / n), where n is the
 * edge's own visit count and Q is the value of its child node. */
static uint32_t select_uct(const lt_graph *g, const node_t *node) {
  const uint32_t count = node->num_edges;
  for (uint32_t i = 0; i < count; i++) PREFETCH(node_at(g, edge_of(g, node, i)->u.child));
  if (edge_of(g, node, count - 1)->visits == 0) /* edges are first visited in order, so check the last one */
    for (uint32_t i = 0; i < count; i++)
      if (edge_of(g, node, i)->visits == 0) return i;
  const float explore = (float)g->c * sqrt_log(node->visits);
  float best = -INFINITY;
  uint32_t chosen = 0;
  for (uint32_t i = 0; i < count; i++) {
    const edge_t *edge = edge_of(g, node, i);
    uint32_t n = edge->visits;
    of_count f = n < COUNTS ? count_table[n] : compute_of_count(n);
    float sum = (float)(value_for(g, node_at(g, edge->u.child), node->player) * n);
    float score = sum * f.inverse + explore * f.root;
    if (score > best) best = score, chosen = i;
  }
  return chosen;
}

/* PUCT over a graph, with equal priors: the edge with the largest Q + c P sqrt(N) / (1 + n). An edge without visits has
 * the mean value of the others. */
static uint32_t select_puct(const lt_graph *g, const node_t *node) {
  const uint32_t count = node->num_edges;
  const float prior = 1.0f / (float)(int32_t)count;
  double sum = 0;
  uint64_t tried = 0;
  for (uint32_t i = 0; i < count; i++) {
    const edge_t *edge = edge_of(g, node, i);
    if (edge->visits == 0) continue;
    sum += value_for(g, node_at(g, edge->u.child), node->player) * edge->visits;
    tried += edge->visits;
  }
  const float mean = tried ? (float)(sum / (double)tried) : 0.0f;
  const float explore = (float)(g->c * sqrt((double)node->visits));
  float best = -INFINITY;
  uint32_t chosen = 0;
  for (uint32_t i = 0; i < count; i++) {
    const edge_t *edge = edge_of(g, node, i);
    float n = (float)(int32_t)edge->visits;
    float q = n > 0 ? (float)(value_for(g, node_at(g, edge->u.child), node->player) * edge->visits) / n : mean;
    float score = q + explore * prior / (1.0f + n);
    if (score > best) best = score, chosen = i;
  }
  return chosen;
}

/* UCT and PUCT at an information state, among the `count` edges at `places` that are legal now. The formulas are those
 * above; Q is the mean result of an edge's simulations, and N is how often the edge was available, including this time
 * (Cowling, Powley and Whitehouse 2012). The scan starts at a random edge, so that ties are broken at random. */
static uint32_t select_available(const lt_graph *g, const node_t *node, const uint32_t *places, uint32_t count,
                                 lt_rng *rng) {
  const uint32_t start = lt_rng_below(rng, count);
  const float prior = 1.0f / (float)(int32_t)count, c = (float)g->c;
  float best = -INFINITY, mean = 0.0f, explore = 0.0f;
  uint32_t chosen = places[start], explored = 0;
  if (g->rule == LT_GRAPH_PUCT) {
    double sum = 0;
    uint64_t tried = 0;
    for (uint32_t k = 0; k < count; k++) {
      const edge_t *edge = edge_of(g, node, places[k]);
      sum += edge->value[0], tried += edge->visits;
    }
    if (tried) mean = (float)(sum / (double)tried);
  }
  for (uint32_t k = 0; k < count; k++) {
    const uint32_t i = places[start + k < count ? start + k : start + k - count];
    const edge_t *edge = edge_of(g, node, i);
    const uint32_t n = edge->visits, available = edge->u.available + 1;
    float score;
    if (g->rule == LT_GRAPH_UCT) {
      if (n == 0) return i;
      if (available != explored) /* usually the same for all edges */
        explored = available, explore = c * sqrt_log(available);
      of_count f = n < COUNTS ? count_table[n] : compute_of_count(n);
      score = (float)edge->value[0] * f.inverse + explore * f.root;
    } else {
      float q = n > 0 ? (float)edge->value[0] / (float)(int32_t)n : mean;
      score = q + c * prior * sqrtf((float)(int32_t)available) / (1.0f + (float)(int32_t)n);
    }
    if (score > best) best = score, chosen = i;
  }
  return chosen;
}

/* ---- A simulation of graph search ---- */

/* Q(s) = (sum of its own evaluations + sum over edges n Q(child)) / (their number + sum of n). */
static inline void compute_value(const lt_graph *g, node_t *node) {
  const int32_t values = g->num_values;
  uint64_t total = node->u.evaluations;
  if (values == 1) {
    double sum = node->value[0];
    for (uint32_t i = 0; i < node->num_edges; i++) {
      const edge_t *edge = edge_of(g, node, i);
      if (edge->visits == 0) continue;
      sum += edge->visits * node_at(g, edge->u.child)->value[1];
      total += edge->visits;
    }
    node->value[1] = sum / (double)total;
    return;
  }
  for (int32_t v = 0; v < values; v++) node->value[values + v] = node->value[v];
  for (uint32_t i = 0; i < node->num_edges; i++) {
    const edge_t *edge = edge_of(g, node, i);
    if (edge->visits == 0) continue;
    const node_t *child = node_at(g, edge->u.child);
    for (int32_t v = 0; v < values; v++) node->value[values + v] += edge->visits * child->value[values + v];
    total += edge->visits;
  }
  for (int32_t v = 0; v < values; v++) node->value[values + v] /= (double)total;
}

/* Abandons a simulation at this depth; nothing of it has been counted yet. */
static lt_status broke(lt_graph *g, uint32_t depth, lt_status status) {
  g->broken_depth = depth;
  return status;
}

static lt_status simulate_graph(lt_graph *g, lt_rng *rng) {
  const lt_game *game = g->game;
  void *const state = g->state;
  uint32_t id = g->root, depth = 0;
  memcpy(state, g->root_state, game->state_bytes);
  for (;;) {
    node_t *node = node_at(g, id);
    if (node->first_edge == 0) {
      int32_t player = game->current_player(game->context, state);
      if (player == LT_CHANCE || (player >= 0 && (id == g->root || node->visits > 0))) {
        lt_status status = expand(g, id, player, state, rng);
        if (status != LT_OK) return broke(g, depth, status);
      }
      if (node->first_edge == 0) break;
    }
    uint32_t i;
    if (node->player == LT_CHANCE) {
      int32_t n = game->chance_outcomes(game->context, state, g->actions, g->probabilities);
      i = (uint32_t)lt_sample(g->probabilities, n, rng);
    } else {
      i = g->rule == LT_GRAPH_UCT ? select_uct(g, node) : select_puct(g, node);
    }
    if (i >= node->num_edges || depth + 1 >= g->path_room) return broke(g, depth, LT_RULES_BROKE);
    edge_t *edge = edge_of(g, node, i);
    uint32_t child = edge->u.child;
    if (child) { /* prefetches the child's edges while the rules work; they extend towards lower addresses */
      const char *next = (const char *)edge_at(g, node_at(g, child)->first_edge);
      PREFETCH(next), PREFETCH(next - 64);
    }
    if (!game->apply(game->context, state, edge->action) || lt_failed(game)) return broke(g, depth, LT_RULES_BROKE);
    if (child == 0) {
      uint64_t key = key_of(g, state, 0);
      child = find(g, key);
      if (child == 0) child = add_node(g, key);
      if (child == 0) break; /* no memory: the result counts as an evaluation of this node */
      edge->u.child = child;
    }
    g->path[depth++] = (lt_graph_step){.node = id, .edge = node->first_edge + i};
    id = child;
  }
  if (lt_playout(game, state, rng, g->returns, g->actions, g->probabilities)) return broke(g, depth, LT_RULES_BROKE);
  if (game->num_players == 2) g->sum_of_returns = g->returns[0] + g->returns[1];
  node_t *leaf = node_at(g, id);
  for (int32_t v = 0; v < g->num_values; v++)
    leaf->value[v] += (g->returns[v] - middle(game)) * (1.0 / half_range(game));
  leaf->u.evaluations++, leaf->visits++;
  compute_value(g, leaf);
  while (depth-- > 0) {
    node_t *node = node_at(g, g->path[depth].node);
    edge_at(g, g->path[depth].edge)->visits++, node->visits++;
    compute_value(g, node);
  }
  return LT_OK;
}

/* ---- A simulation of information-state search ---- */

/* Returns the edge indices of the `count` actions in g->actions at a node, and adds edges for new actions. The result is
 * g->places, or `identity` if the legal actions are exactly the node's edges. NULL if the arena is full. */
static const uint32_t *find_places(lt_graph *g, uint32_t id, int32_t count) {
  node_t *node = node_at(g, id);
  int32_t same = 0;
  if (count == node->num_edges)
    while (same < count && edge_of(g, node, (uint32_t)same)->action == g->actions[same]) same++;
  if (same == count) return g->identity;
  int32_t missing = 0;
  for (int32_t k = 0; k < count; k++) {
    uint32_t i = 0;
    while (i < node->num_edges && edge_of(g, node, i)->action != g->actions[k]) i++;
    g->places[k] = i;
    if (i == node->num_edges) g->places[k] = (uint32_t)(node->num_edges + missing), missing++;
  }
  if (missing == 0) return g->places;
  uint32_t old = node->first_edge, kept = node->num_edges, total = kept + (uint32_t)missing;
  if (total > UINT16_MAX || !fits(g, 0, total)) return NULL;
  uint32_t first = g->num_edges + 1;
  g->num_edges += total;
  for (uint32_t i = 0; i < total; i++) {
    edge_t *edge = edge_at(g, first + i);
    if (i < kept) {
      memcpy(edge, edge_at(g, old + i), g->edge_bytes);
    } else {
      memset(edge, 0, g->edge_bytes);
      edge->node = id;
    }
  }
  for (int32_t k = 0; k < count; k++) edge_at(g, first + g->places[k])->action = g->actions[k];
  node->first_edge = first, node->num_edges = (uint16_t)total;
  return g->places;
}

/* Writes the current strategy of regret matching to g->probabilities. */
static void match_regrets(lt_graph *g, const node_t *node) {
  for (uint32_t i = 0; i < node->num_edges; i++) g->probabilities[i] = edge_of(g, node, i)->value[1];
  lt_match_regrets(g->probabilities, node->num_edges);
}

/* In regret matching, each simulation learns for one player, who explores. The others play their current strategy, and
 * their average strategy is updated. This is Monte Carlo counterfactual regret minimisation by outcome sampling (Lanctot
 * et al. 2009) in a growing tree, with baselines (Schmid et al. 2019). */
static uint32_t select_regret(lt_graph *g, const node_t *node, int learns, lt_rng *rng, double *chance) {
  match_regrets(g, node);
  if (!learns || g->game->num_players == 1)
    for (uint32_t i = 0; i < node->num_edges; i++) edge_of(g, node, i)->value[2] += g->probabilities[i];
  if (learns)
    for (uint32_t i = 0; i < node->num_edges; i++)
      g->probabilities[i] = (1 - g->c) * g->probabilities[i] + g->c / node->num_edges;
  uint32_t chosen = (uint32_t)lt_sample(g->probabilities, node->num_edges, rng);
  *chance = g->probabilities[chosen];
  return chosen;
}

/* Estimates the value of an action from one simulation. `drawn`: whether the simulation took this action, which had the
 * probability `chance`; its result was `value`. The baseline is the mean result so far. The estimate is unbiased for any
 * baseline. */
static inline double estimate(const edge_t *edge, int drawn, double chance, double value) {
  double baseline = edge->visits ? edge->value[0] / edge->visits : 0;
  return drawn ? baseline + (value - baseline) / chance : baseline;
}

/* Updates the regrets of a node that the learner left by `step`, with the result `value`. Returns the value of its
 * strategy. The weight is that of a counterfactual value: one over the learner's own reach probability. */
static double learn(lt_graph *g, node_t *node, const lt_graph_step *step, double value) {
  const double weight = step->reach > 1e-30 ? 1 / step->reach : 1e30;
  double mean = 0;
  match_regrets(g, node);
  for (uint32_t i = 0; i < node->num_edges; i++)
    mean += g->probabilities[i] * estimate(edge_of(g, node, i), i == step->edge, step->chance, value);
  for (uint32_t i = 0; i < node->num_edges; i++) {
    edge_t *edge = edge_of(g, node, i);
    edge->value[1] += weight * (estimate(edge, i == step->edge, step->chance, value) - mean);
  }
  return mean;
}

static lt_status simulate_information(lt_graph *g, lt_rng *rng, uint64_t simulation) {
  const lt_game *game = g->game;
  void *const state = g->state;
  const int32_t learner = (int32_t)(simulation % (uint64_t)game->num_players);
  uint32_t depth = 0, leaf = 0;
  int32_t player;
  int at_root = g->root != 0;
  double reach = 1;
  int32_t left = lt_max_history(game);
  g->broken_depth = 0;
  memcpy(state, g->root_state, game->state_bytes);
  if (g->resamples) {
    game->resample(game->context, state, g->observer, rng);
    if (lt_failed(game)) return LT_RULES_BROKE;
  }
  for (;;) {
    player = game->current_player(game->context, state);
    if (lt_failed(game) || (player != LT_TERMINAL && left-- <= 0)) return LT_RULES_BROKE;
    if (player == LT_TERMINAL) break;
    int32_t n, action;
    if (player == LT_CHANCE) {
      n = game->chance_outcomes(game->context, state, g->actions, g->probabilities);
      if (n <= 0) return LT_RULES_BROKE;
      action = g->actions[lt_sample(g->probabilities, n, rng)];
    } else {
      uint64_t key = key_of(g, state, player);
      uint32_t id = find(g, key);
      if (at_root && id != g->root) return LT_BAD_RESAMPLE;
      at_root = 0;
      leaf = id ? id : add_node(g, key);
      if (leaf == 0 || (node_at(g, leaf)->visits == 0 && leaf != g->root)) break;
      node_t *node = node_at(g, leaf);
      if (node->first_edge == 0) {
        lt_status status = expand(g, leaf, player, state, rng);
        if (status != LT_OK) return status;
        if (node->first_edge == 0) break;
        n = node->num_edges;
      } else {
        n = game->legal_actions(game->context, state, g->actions);
        if (n <= 0 || lt_failed(game)) return LT_RULES_BROKE;
      }
      const uint32_t *places = find_places(g, leaf, n);
      if (places == NULL) break;
      if (depth >= g->path_room) return LT_RULES_BROKE;
      uint32_t i;
      double chance = 1;
      if (g->rule == LT_GRAPH_REGRET) {
        if (places != g->identity) return LT_OTHER_ACTIONS;
        i = select_regret(g, node, player == learner, rng, &chance);
      } else {
        i = select_available(g, node, places, (uint32_t)n, rng);
        for (int32_t k = 0; k < n; k++) edge_of(g, node, places[k])->u.available++;
      }
      g->path[depth++] = (lt_graph_step){leaf, i, chance, reach};
      if (player == learner) reach *= chance;
      action = edge_of(g, node, i)->action;
      leaf = 0;
    }
    if (!game->apply(game->context, state, action) || lt_failed(game)) return LT_RULES_BROKE;
  }
  if (lt_playout(game, state, rng, g->returns, g->actions, g->probabilities)) return LT_RULES_BROKE;
  for (int32_t p = 0; p < game->num_players; p++)
    g->values[p] = (g->returns[p] - middle(game)) * (1.0 / half_range(game));
  if (leaf) node_at(g, leaf)->visits++, node_at(g, leaf)->u.seen = g->root_number;
  while (depth-- > 0) {
    const lt_graph_step *step = &g->path[depth];
    node_t *node = node_at(g, step->node);
    edge_t *edge = edge_of(g, node, step->edge);
    double value = g->values[node->player];
    if (g->rule == LT_GRAPH_REGRET && node->player == learner) g->values[learner] = learn(g, node, step, value);
    edge->value[0] += value, edge->visits++;
    node->visits++, node->u.seen = g->root_number;
  }
  return LT_OK;
}

/* ---- Run ---- */

static void recycle(lt_graph *g);

lt_status lt_graph_run(lt_graph *g, uint64_t first, uint64_t count, uint64_t *done) {
  for (*done = 0; *done < count; ++*done) {
    lt_rng rng = lt_rng_stream(g->seed, first + *done);
    lt_status status = g->by_information ? simulate_information(g, &rng, first + *done) : simulate_graph(g, &rng);
    if (status != LT_OK) return status;
    g->root_visits++;
    if (g->full) recycle(g);
  }
  return LT_OK;
}

/* ---- Recycling ---- */

/* Visit counts grouped into classes: one class for each small count, 32 per octave for large ones. */
enum { EXACT = 1024, CLASSES = EXACT + 32 * 23 };

static uint32_t class_of(uint32_t visits) {
  uint32_t octave = 0;
  if (visits < EXACT) return visits;
  while (visits >> octave >= 64) octave++;
  return EXACT + 32 * (octave - 5) + (visits >> octave) - 32;
}

/* The priority for keeping a node: its visits, or 0 if it has not been seen since the root changed. */
static uint32_t priority(const lt_graph *g, const node_t *node) {
  return g->by_information && node->u.seen != g->root_number ? 0 : class_of(node->visits);
}

/* Removes a node's edges. Their statistics remain as evaluations of the node itself. */
static void cut(lt_graph *g, node_t *node) {
  node->first_edge = 0, node->num_edges = 0;
  node->u.evaluations = node->visits;
  for (int32_t v = 0; v < g->num_values; v++) node->value[v] = node->value[g->num_values + v] * node->visits;
}

/* Marks the nodes to keep. Graph search: those that can be reached from the root through nodes with a priority of at
 * least `least`; the others lose their edges. The table serves as the queue. */
static void mark(lt_graph *g, uint32_t least) {
  for (uint32_t id = 1; id <= g->num_nodes; id++)
    node_at(g, id)->kept = g->by_information ? id == g->root || priority(g, node_at(g, id)) >= least : id == g->root;
  if (g->by_information) return;
  uint32_t head = 0, tail = 0;
  for (g->table[tail++] = g->root; head < tail; head++) {
    node_t *node = node_at(g, g->table[head]);
    if (node->first_edge && g->table[head] != g->root && priority(g, node) < least) cut(g, node);
    for (uint32_t i = 0; i < node->num_edges; i++) {
      uint32_t child = edge_of(g, node, i)->u.child;
      if (child == 0 || node_at(g, child)->kept) continue;
      node_at(g, child)->kept = 1;
      g->table[tail++] = child;
    }
  }
}

/* Slides what is kept to both ends of the arena. The table first holds the new node numbers, then is rebuilt. */
static void compact(lt_graph *g, uint32_t least) {
  uint32_t nodes = 0, edges = 0;
  mark(g, least);
  for (uint32_t id = 1; id <= g->num_nodes; id++)
    if (node_at(g, id)->kept) g->table[id] = ++nodes;
  for (uint32_t e = 1; e <= g->num_edges;) {
    uint32_t owner = edge_at(g, e)->node;
    node_t *node = node_at(g, owner);
    if (!node->kept || node->first_edge != e) { /* node dropped or cut, or its edges moved to a larger block */
      e++;
      continue;
    }
    node->first_edge = edges + 1;
    for (uint32_t i = 0; i < node->num_edges; i++, e++) {
      edge_t *edge = edge_at(g, ++edges);
      memmove(edge, edge_at(g, e), g->edge_bytes);
      edge->node = g->table[owner];
      if (!g->by_information && edge->u.child) edge->u.child = g->table[edge->u.child];
    }
  }
  for (uint32_t id = 1; id <= g->num_nodes; id++)
    if (node_at(g, id)->kept) memmove(node_at(g, g->table[id]), node_at(g, id), g->node_bytes);
  if (g->root) g->root = g->table[g->root];
  g->num_nodes = nodes, g->num_edges = edges, g->full = 0;
  uint32_t size = FIRST_TABLE;
  while (size < 2 * (uint64_t)nodes) size *= 2;
  rebuild(g, size);
}

/* Frees the least visited nodes, so that at least half of the arena is free. */
static void recycle(lt_graph *g) {
  size_t bytes[CLASSES] = {0}, room = (size_t)(g->arena_end - g->arena), node_cost = room / g->node_limit, kept = 0;
  if (node_cost < g->node_bytes) node_cost = g->node_bytes; /* node numbers may run out before memory does */
  for (uint32_t id = 1; id <= g->num_nodes; id++) {
    const node_t *node = node_at(g, id);
    size_t cost = node->num_edges * g->edge_bytes;
    if (g->by_information) cost += node_cost;
    else
      for (uint32_t i = 0; i < node->num_edges; i++) cost += edge_of(g, node, i)->u.child ? node_cost : 0;
    if (id == g->root) kept += cost + node_cost;
    else bytes[priority(g, node)] += cost;
  }
  uint32_t least = CLASSES, before = g->num_nodes;
  while (least > 1 && kept + bytes[least - 1] <= room / 2) kept += bytes[--least];
  compact(g, least);
  g->recycled += before - g->num_nodes;
}

/* ---- The root ---- */

/* Sets the root to the state. Its node is found, or created if there is memory. */
static int place_root(lt_graph *g, const void *state, int resamples) {
  const lt_game *game = g->game;
  memcpy(g->root_state, state, game->state_bytes);
  g->observer = game->current_player(game->context, state);
  g->resamples = resamples;
  g->root_number++;
  if (g->by_information && g->observer < 0) {
    g->root = 0, g->root_visits = 0;
    return 1;
  }
  uint64_t key = key_of(g, state, g->observer);
  g->root = find(g, key);
  if (g->root == 0) g->root = add_node(g, key);
  if (g->root == 0) return 0;
  node_at(g, g->root)->u.seen += g->by_information ? g->root_number - node_at(g, g->root)->u.seen : 0;
  g->root_visits = node_at(g, g->root)->visits;
  return 1;
}

void lt_graph_reset(lt_graph *g, const void *state, int resamples) {
  g->num_nodes = g->num_edges = 0, g->full = 0;
  rebuild(g, FIRST_TABLE);
  place_root(g, state, resamples);
}

void lt_graph_move(lt_graph *g, const void *state, int resamples) {
  if (!place_root(g, state, resamples)) lt_graph_reset(g, state, resamples);
  else if (!g->by_information) compact(g, 0);
}

/* ---- Reading ---- */

uint32_t lt_graph_broken_path(const lt_graph *g, int32_t *actions) {
  for (uint32_t d = 0; d < g->broken_depth; d++) actions[d] = edge_at(g, g->path[d].edge)->action;
  return g->broken_depth;
}

uint32_t lt_graph_find(lt_graph *g, const void *state) {
  int32_t player = g->game->current_player(g->game->context, state);
  if (g->by_information && player < 0) return 0;
  return find(g, key_of(g, state, player));
}

uint32_t lt_graph_num_edges(const lt_graph *g, uint32_t id) { return id ? node_at(g, id)->num_edges : 0; }
int32_t lt_graph_player(const lt_graph *g, uint32_t id) { return node_at(g, id)->player; }
uint32_t lt_graph_visits(const lt_graph *g, uint32_t id) { return node_at(g, id)->visits; }

uint32_t lt_graph_edges(const lt_graph *g, uint32_t id, int32_t *actions, uint32_t *visits, double *values,
                        double *strategy, uint32_t *children) {
  const uint32_t count = lt_graph_num_edges(g, id);
  if (count == 0) return 0;
  const node_t *node = node_at(g, id);
  const double half = half_range(g->game), mid = middle(g->game);
  double total = 0;
  for (uint32_t i = 0; i < count; i++) {
    const edge_t *edge = edge_of(g, node, i);
    const int32_t player = node->player < 0 ? 0 : node->player;
    actions[i] = edge->action, visits[i] = edge->visits, values[i] = NAN;
    children[i] = g->by_information ? 0 : edge->u.child;
    strategy[i] = g->rule == LT_GRAPH_REGRET ? edge->value[2] : edge->visits;
    total += strategy[i];
    if (edge->visits == 0) continue;
    if (g->by_information) values[i] = edge->value[0] / edge->visits * half + mid;
    else if (g->num_values > 1) values[i] = value_for(g, node_at(g, edge->u.child), player) * half + mid;
    else values[i] = node_at(g, edge->u.child)->value[1] * half + mid;
    if (g->num_values == 1 && player == 1) values[i] = g->sum_of_returns - values[i];
  }
  for (uint32_t i = 0; i < count; i++) strategy[i] = total > 0 ? strategy[i] / total : 1.0 / count;
  return count;
}
