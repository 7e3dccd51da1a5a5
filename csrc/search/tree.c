/* Simulations on the search tree. Read in this order: expansion, proving, selection (down), backup (up), run, ask and
 * tell. csrc/search/rules.h selects children; csrc/search/arena.c manages memory. */
#include "search/rules.h"
#include <stdlib.h>

enum { CLAIMED = UINT32_MAX, MOST_AMAF = 1 << 20, FEW = 16 };

/* The result of one step of a simulation. */
typedef enum { GOES_ON, LEAF, TERMINAL, PROVEN, BROKE } outcome;

void lt_tree_fill_tables(void) {
  if (log_table[LOGS - 1] == 0) fill_tables();
}

static inline void add_to_mean(lt_mean *mean, float value, float weight, const int shared) {
  /* Counts are halved before they exceed the precision of floats. */
  float n = LOAD(mean->visits), sum = LOAD(mean->value_sum), half = n >= MOST_AMAF ? 0.5f : 1.0f;
  if (!shared) {
    STORE(mean->visits, half * n + weight);
    STORE(mean->value_sum, half * sum + weight * value);
    return;
  }
  while (!atomic_compare_exchange_weak_explicit(&mean->visits, &n, half * n + weight, memory_order_relaxed,
                                                memory_order_relaxed)) {
  }
  while (!atomic_compare_exchange_weak_explicit(&mean->value_sum, &sum, half * sum + weight * value, memory_order_relaxed,
                                                memory_order_relaxed)) {
  }
}

static inline void add_square(_Atomic double *sum, int64_t value, const int shared) {
  const double x = (double)value / (double)LT_ONE;
  double old = LOAD(*sum);
  if (!shared) STORE(*sum, old + x * x);
  else
    while (!atomic_compare_exchange_weak_explicit(sum, &old, old + x * x, memory_order_relaxed, memory_order_relaxed)) {
    }
}

/* Converts a player's return to a value in [-1, 1], in the units of nodes. */
static inline int64_t value_of(const lt_tree *t, double utility) {
  return to_fixed((utility - t->middle) * (1.0 / t->half_range));
}

/* ---- Expansion ---- */

static inline void swap(float *x, uint32_t i, uint32_t j) {
  float kept = x[i];
  x[i] = x[j], x[j] = kept;
}

static int compare_ranks(const void *a, const void *b) {
  const lt_ranked *x = a, *y = b;
  return x->key > y->key ? -1 : x->key < y->key ? 1 : (x->place > y->place) - (x->place < y->place);
}

/* Sorts the children for progressive widening: by prior, or by the game's knowledge if there is any, the largest first.
 * Chance outcomes are in the order of sampling without replacement (Efraimidis and Spirakis 2006). */
static void rank_children(lt_tree *t, lt_worker *w, int32_t n, int32_t player, int known, lt_rng *rng) {
  for (int32_t i = 0; i < n; i++) {
    double key = t->priors ? w->prior[i] : known ? w->known_values[i] : 0;
    if (player == LT_CHANCE) key = log(lt_rng_positive(rng)) / (w->probabilities[i] > 1e-300 ? w->probabilities[i] : 1e-300);
    w->ranked[i] = (lt_ranked){key, i};
  }
  qsort(w->ranked, (size_t)n, sizeof *w->ranked, compare_ranks);
}

/* Sets the priors of `n` legal actions, scaled to sum to 1. `priors` has one entry per legal action or one per distinct
 * action; NULL: equal priors. Returns 0 if the number of priors is wrong or if one is not a number >= 0. */
static int read_priors(lt_worker *w, int32_t n, int32_t all, const double *priors, uint32_t num_priors) {
  const int over_all = num_priors != (uint32_t)n;
  double total = 0;
  if (priors && over_all && num_priors != (uint32_t)all) return 0;
  for (int32_t i = 0; priors && i < n; i++) {
    const double prior = priors[over_all ? w->actions[i] : i];
    if (!(prior >= 0 && prior <= 1e300)) return 0; /* also rejects NaN */
    total += prior;
  }
  for (int32_t i = 0; i < n; i++)
    w->prior[i] = total > 0 ? (float)(priors[over_all ? w->actions[i] : i] / total) : (float)(1.0 / n);
  return 1;
}

/* Writes the children of a node from index `first` on, using the scratch space of `w`. The order is random, except at
 * chance nodes, whose outcomes are sampled by index. */
static void write_children(lt_tree *t, lt_worker *w, uint32_t first, int32_t n, int32_t player, const void *state,
                           lt_rng *rng) {
  const lt_game *g = t->game;
  const int known = t->known && player != LT_CHANCE;
  if (known) g->priors(g->context, state, w->actions, n, w->known_visits, w->known_values);
  if (player != LT_CHANCE)
    for (uint32_t i = (uint32_t)n - 1; i > 0; i--) {
      uint32_t j = lt_rng_below(rng, i + 1);
      int32_t action = w->actions[i];
      w->actions[i] = w->actions[j], w->actions[j] = action;
      if (t->priors) swap(w->prior, i, j);
      if (known) swap(w->known_visits, i, j), swap(w->known_values, i, j);
    }
  if (w->ranked) rank_children(t, w, n, player, known, rng);
  for (int32_t place = 0; place < n; place++) {
    lt_node *child = &t->nodes[first + (uint32_t)place];
    STORE(child->stats, 0);
    STORE(child->first_child, 0);
    child->action = (uint16_t)w->actions[w->ranked ? w->ranked[place].place : place];
    child->num_children = 0;
  }
  for (int i = 0; i < LT_SIDE_ARRAYS; i++)
    if (t->side[i]) memset((uint8_t *)t->side[i] + first * t->side_bytes[i], 0, (size_t)n * t->side_bytes[i]);
  for (int32_t place = 0; place < n && (t->priors || t->wide_actions || known); place++) {
    const int32_t i = w->ranked ? w->ranked[place].place : place;
    const uint32_t child = first + (uint32_t)place;
    if (t->wide_actions) t->wide_actions[child] = w->actions[i];
    if (t->priors) t->priors[child] = w->prior[i];
    if (!known) continue;
    if (t->known) set_mean(&t->known[child], (float)t->options.priors * w->known_visits[i], w->known_values[i]);
    if (t->amaf) set_mean(&t->amaf[child], (float)t->options.amaf * w->known_visits[i], w->known_values[i]);
  }
}

static int prove_terminals(lt_tree *t, lt_worker *w, uint32_t first, int32_t n, int32_t player, const void *state);

/* Creates the children of a node and sets w->terminal_children. Also returns LT_OK if the arena is full: then the node
 * remains a leaf and `full` is set. Terminals are searched for immediately if that is cheap; otherwise a visit finds
 * them. */
static lt_status expand(lt_tree *t, lt_worker *w, uint32_t id, int32_t player, const void *state, lt_rng *rng,
                        const double *priors, uint32_t num_priors, const int shared) {
  const lt_game *g = t->game;
  lt_node *node = &t->nodes[id];
  w->terminal_children = 0;
  if (shared) {
    uint32_t none = 0;
    if (!atomic_compare_exchange_strong(&node->first_child, &none, CLAIMED)) return LT_OK;
  }
  lt_status status = LT_OK;
  int32_t n = player == LT_CHANCE ? g->chance_outcomes(g->context, state, w->actions, w->probabilities)
                                  : g->legal_actions(g->context, state, w->actions);
  if (n <= 0 || lt_failed(g)) status = LT_RULES_BROKE;
  else if (n > LT_MOST_CHILDREN) status = LT_TOO_WIDE;
  else if ((t->priors || priors) && !read_priors(w, n, g->num_distinct_actions, priors, num_priors)) status = LT_BAD_PRIORS;
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
  write_children(t, w, first, n, player, state, rng);
  if (t->options.solve && !g->in_python && (n <= FEW || id == 0))
    w->terminal_children = prove_terminals(t, w, first, n, player, state);
  node->num_children = (uint16_t)n;
  atomic_store_explicit(&node->first_child, first, memory_order_release);
  return lt_failed(g) ? LT_RULES_BROKE : LT_OK;
}

/* ---- Proving ---- */

/* MCTS-Solver (Winands, Bjornsson and Saito 2008), for one player or for two with opposite interests, and for any
 * utilities. The value of a terminal is its payoff. A player's node with a child of the maximum payoff has that payoff. A
 * node whose children are all proven has the best of their values. A chance node whose outcomes are all proven has their
 * mean. */

/* Converts a proven value for player `from` to the value for player `to`. */
static inline int64_t seen_by(const lt_tree *t, int64_t value, int32_t from, int32_t to) {
  return (from < 0 ? 0 : from) == (to < 0 ? 0 : to) ? value : LOAD(t->total) - value;
}

/* Returns the payoff of `player` at a terminal. Stores the sum of both players' payoffs. */
static int64_t terminal_value(lt_tree *t, const double *returns, int32_t player) {
  if (t->game->num_players == 2) {
    int64_t total = value_of(t, returns[0]) + value_of(t, returns[1]);
    if (LOAD(t->total) != total) STORE(t->total, total);
  }
  return value_of(t, returns[player < 0 ? 0 : player]);
}

/* Proves the new children that are terminals. Returns whether there are any. */
static int prove_terminals(lt_tree *t, lt_worker *w, uint32_t first, int32_t n, int32_t player, const void *state) {
  const lt_game *g = t->game;
  int any = 0;
  for (uint32_t child = first; child < first + (uint32_t)n; child++) {
    memcpy(w->state, state, g->state_bytes);
    if (!g->apply(g->context, w->state, action_of(t, child)) || lt_failed(g)) return any; /* a visit will report the error */
    if (g->current_player(g->context, w->state) != LT_TERMINAL) continue;
    double returns[2];
    g->returns(g->context, w->state, returns);
    node_solve(&t->nodes[child], terminal_value(t, returns, player));
    any = 1;
  }
  return any;
}

/* The probability of a chance outcome, one of `n` in w->actions. */
static double probability_of(const lt_worker *w, int32_t n, int32_t action) {
  int32_t low = 0, high = n - 1;
  while (low < high) {
    const int32_t half = (low + high) / 2;
    if (w->actions[half] < action) low = half + 1;
    else high = half;
  }
  return w->probabilities[low];
}

/* The mean of a chance node's proven outcomes, weighted by their probabilities. The path is replayed to obtain them. */
static int64_t chance_value(lt_tree *t, lt_worker *w, const lt_step *path, int32_t depth, uint32_t first, uint32_t count) {
  const lt_game *g = t->game;
  memcpy(w->state, t->root_state, g->state_bytes);
  for (int32_t d = 1; d <= depth; d++) g->apply(g->context, w->state, action_of(t, path[d].node));
  g->chance_outcomes(g->context, w->state, w->actions, w->probabilities);
  double mean = 0;
  for (uint32_t i = 0; i < count; i++)
    mean += probability_of(w, (int32_t)count, action_of(t, first + i)) * stats_sum(LOAD(t->nodes[first + i].stats));
  return to_fixed(mean / (double)LT_ONE);
}

/* Proves the node at `depth` of a path, if its children suffice. Returns whether it is proven now. */
static int prove(lt_tree *t, lt_worker *w, const lt_step *path, int32_t depth) {
  lt_node *node = &t->nodes[path[depth].node];
  const uint32_t first = atomic_load_explicit(&node->first_child, memory_order_acquire), count = node->num_children;
  if (first == 0 || first == CLAIMED) return 0;
  const int32_t player = path[depth].player, mover = depth ? path[depth - 1].player : player;
  int64_t best = -LT_ONE;
  int all = 1;
  for (uint32_t i = 0; i < count; i++) {
    const uint64_t stats = LOAD(t->nodes[first + i].stats);
    if (!stats_solved(stats)) {
      all = 0;
      if (player == LT_CHANCE) return 0;
    } else if (stats_sum(stats) > best) {
      best = stats_sum(stats);
    }
  }
  if (!all && best < LT_ONE) return 0;
  if (player == LT_CHANCE) best = chance_value(t, w, path, depth, first, count);
  node_solve(node, seen_by(t, best, player, mover));
  return 1;
}

/* Proves the nodes from `depth` upwards, as far as possible. */
static void prove_up(lt_tree *t, lt_worker *w, const lt_step *path, int32_t depth) {
  while (depth >= 0 && prove(t, w, path, depth)) depth--;
}

/* ---- Selection (down) ---- */

/* GRAVE: a new simulation has no reference nodes yet. */
static inline void forget_lenders(const lt_tree *t, lt_worker *w) {
  for (int32_t p = 0; p < t->game->num_players; p++) w->lender[p] = UINT32_MAX, w->lender_stamp[p] = 0;
}

/* Places a simulation at the root. If it is in flight (threads, batches, ask), every node on its path is counted at once,
 * with a virtual loss. */
static inline void start(lt_tree *t, lt_worker *w, lt_cursor *c, const int in_flight, const int shared) {
  memcpy(c->state, t->root_state, t->game->state_bytes);
  c->depth = 0;
  c->path[0].node = 0;
  c->stats = in_flight ? node_add(&t->nodes[0], 1, 0, shared) : LOAD(t->nodes[0].stats);
  if (in_flight && t->unobserved) atomic_fetch_add_explicit(&t->unobserved[0], 1, memory_order_relaxed);
  if (t->rule.kind == LT_GRAVE) forget_lenders(t, w);
}

/* Returns the index of the child to visit next. */
LT_INLINE uint32_t select_child(lt_tree *t, lt_worker *w, uint32_t id, int32_t player, uint32_t first, uint32_t count,
                                uint32_t visits, lt_rng *rng, const lt_rule_kind rule, const int wide) {
#if defined(LT_WIDE)
  if (wide && rule == LT_UCT) return select_wide_uct(t, first, count, visits);
  if (wide && rule == LT_PUCT) return select_wide_puct(t, first, count, visits);
#endif
  (void)wide;
  switch (rule) {
    case LT_UCT: return select_uct(t, first, count, visits);
    case LT_UCB1_TUNED: return select_ucb1_tuned(t, first, count, visits);
    case LT_THOMPSON: return select_thompson(t, first, count, rng);
    case LT_PUCT: return select_puct(t, first, count, visits);
    case LT_GUMBEL: return id ? select_improved(t, w, id, first, count) : select_gumbel_root(t, first, count);
    default: return select_rave(t, w, id, player, first, count, visits);
  }
}

/* Random numbers for the root, separate from those of simulations. */
static lt_rng root_stream(lt_tree *t) { return lt_rng_stream(t->seed ^ UINT64_C(0x6a09e667f3bcc908), t->draws++); }

/* Called before the first selection at a root that has children: draws PUCT's Dirichlet noise (Silver et al. 2017) or
 * Gumbel's numbers. */
static void prepare_root(lt_tree *t, uint32_t first, uint32_t count) {
  if (t->rule.noise > 0 && !t->noisy) {
    lt_rng rng = root_stream(t);
    double total = 0;
    for (uint32_t i = 0; i < count; i++) total += t->root_numbers[i] = lt_rng_gamma(&rng, t->rule.alpha);
    for (uint32_t i = 0; i < count && total > 0; i++)
      t->priors[first + i] = (float)((1.0 - t->rule.noise) * t->priors[first + i] +
                                     t->rule.noise * t->root_numbers[i] / total);
    t->noisy = 1;
  }
  if (t->rule.kind == LT_GUMBEL && !t->plan.drawn) {
    lt_rng rng = root_stream(t);
    const int32_t most = t->rule.considered < (int32_t)count ? t->rule.considered : (int32_t)count;
    for (uint32_t i = 0; i < count; i++) {
      t->root_numbers[i] = lt_rng_gumbel(&rng) + log(prior_of(t, first + i));
      t->planned[i] = 0;
    }
    t->plan.first_considered = t->plan.considered = most;
    t->plan.drawn = 1;
  }
}

/* Progressive widening: the number of children that may be visited at a node with `visits` visits, k visits^alpha (Coulom
 * 2007; for chance outcomes Couetoux et al. 2011). */
static inline uint32_t widened(const lt_tree *t, uint32_t count, uint32_t visits) {
  const double allowed = t->rule.widen_k * pow((double)visits, t->rule.widen_alpha);
  return allowed >= count ? count : allowed < 1 ? 1 : (uint32_t)allowed;
}

/* Samples a chance outcome by probability, among all outcomes or those that widening allows. Returns its index, or
 * UINT32_MAX if the number of outcomes differs from before. */
static inline uint32_t select_outcome(const lt_tree *t, lt_worker *w, const void *state, uint32_t first,
                                      uint32_t num_children, uint32_t visits, lt_rng *rng) {
  const lt_game *g = t->game;
  const int32_t n = g->chance_outcomes(g->context, state, w->actions, w->probabilities);
  if ((uint32_t)n != num_children) return UINT32_MAX;
  if (w->ranked == NULL) return (uint32_t)lt_sample(w->probabilities, n, rng);
  const uint32_t count = widened(t, (uint32_t)n, visits);
  double total = 0, left = lt_rng_uniform(rng);
  for (uint32_t i = 0; i < count; i++) total += probability_of(w, n, action_of(t, first + i));
  left *= total;
  for (uint32_t i = 0; i + 1 < count; i++)
    if ((left -= probability_of(w, n, action_of(t, first + i))) < 0) return i;
  return count - 1;
}

/* A step has two halves. The first selects the child to visit: c->next. A leaf is a node that is not expanded. Chance
 * nodes are expanded on their first visit; if `expand_revisited` is set, other nodes are expanded on their second. */
LT_INLINE outcome look(lt_tree *t, lt_worker *w, lt_cursor *c, lt_rng *rng, lt_status *status, const lt_rule_kind rule,
                       const int shared, const int expand_revisited, const int wide) {
  const lt_game *g = t->game;
  lt_node *const nodes = t->nodes;
  const uint32_t id = c->path[c->depth].node, visits = stats_visits(c->stats);
  const int32_t player = c->path[c->depth].player = g->current_player(g->context, c->state);
  if (t->options.solve && stats_solved(LOAD(nodes[id].stats))) return PROVEN;
  if (player == LT_TERMINAL) return TERMINAL;
  uint32_t first = atomic_load_explicit(&nodes[id].first_child, memory_order_acquire);
  if (first == 0 && c->depth >= lt_max_history(g)) { /* limits the length of paths */
    *status = LT_RULES_BROKE;
    return BROKE;
  }
  if (first == 0 && (player == LT_CHANCE || (expand_revisited && (id == 0 || visits > 0)))) {
    *status = expand(t, w, id, player, c->state, rng, NULL, 0, shared);
    if (*status != LT_OK) return BROKE;
    if (w->terminal_children) {
      prove_up(t, w, c->path, c->depth);
      if (stats_solved(LOAD(nodes[id].stats))) return PROVEN;
    }
    first = atomic_load_explicit(&nodes[id].first_child, memory_order_acquire);
  }
  if (first == 0 || first == CLAIMED) return LEAF;
  if (player == LT_CHANCE) {
    const uint32_t place = select_outcome(t, w, c->state, first, nodes[id].num_children, visits, rng);
    if (place == UINT32_MAX) {
      *status = LT_RULES_BROKE;
      return BROKE;
    }
    c->next = first + place;
  } else {
    uint32_t count = nodes[id].num_children;
    if (id == 0 && rule != LT_UCT && !shared) prepare_root(t, first, count);
    if (w->ranked) count = widened(t, count, visits);
    c->next = first + select_child(t, w, id, player, first, count, visits, rng, rule, wide);
  }
  return GOES_ON;
}

/* The second half moves there and applies the action to the cursor's state. */
LT_INLINE int go(lt_tree *t, lt_cursor *c, const int in_flight, const int shared) {
  const lt_game *g = t->game;
  lt_node *const nodes = t->nodes, *child = &nodes[c->next];
  const uint32_t below = LOAD(child->first_child); /* prefetched while the rules work and other simulations proceed */
  if (below != CLAIMED) LT_PREFETCH(&nodes[below]), LT_PREFETCH((const char *)&nodes[below] + 64);
  if (below != CLAIMED && t->priors) LT_PREFETCH(&t->priors[below]);
  c->stats = in_flight ? node_add(child, 1, -t->loss, shared) : LOAD(child->stats);
  if (in_flight && t->unobserved) atomic_fetch_add_explicit(&t->unobserved[c->next], 1, memory_order_relaxed);
  c->path[++c->depth].node = c->next;
  return g->apply(g->context, c->state, action_of(t, c->next)) && !lt_failed(g);
}

LT_INLINE outcome step(lt_tree *t, lt_worker *w, lt_cursor *c, lt_rng *rng, lt_status *status, const lt_rule_kind rule,
                       const int in_flight, const int shared, const int expand_revisited, const int wide) {
  outcome where = look(t, w, c, rng, status, rule, shared, expand_revisited, wide);
  if (where == GOES_ON && !go(t, c, in_flight, shared)) {
    *status = LT_RULES_BROKE;
    return BROKE;
  }
  return where;
}

/* ---- Backup (up) ---- */

/* All moves as first: at each node on the path, every action that the acting player played from there on, in the tree or
 * in the playout (w->trace), receives the result as if it had been played there. Later actions have less weight. */
static void add_amaf(lt_tree *t, lt_worker *w, const lt_step *path, int32_t depth, const int64_t *values, const int shared) {
  const uint32_t stamp = next_stamp(t->game, w);
  int32_t at = 0; /* number of player actions before this node */
  for (int32_t d = 0; d < depth; d++) at += path[d].player >= 0;
  const int32_t all = at + w->trace_length;
  for (int32_t i = w->trace_length - 1; i >= 0; i--) w->played[w->trace[i]] = (lt_played){stamp, at + i};
  for (int32_t d = depth - 1; d >= 0; d--) {
    const lt_node *node = &t->nodes[path[d].node];
    const int32_t player = path[d].player;
    if (player < 0) continue;
    lt_played *played = w->played + (size_t)player * (size_t)t->game->num_distinct_actions;
    played[action_of(t, path[d + 1].node)] = (lt_played){stamp, --at};
    const float value = (float)values[player] * (1.0f / (float)LT_ONE), fall = (float)t->rule.decay / (float)(all - at);
    const uint32_t first = LOAD(node->first_child), end = first + node->num_children;
    for (uint32_t child = first; child < end; child++) {
      const lt_played *p = &played[action_of(t, child)];
      if (p->stamp == stamp) add_to_mean(&t->amaf[child], value, 1.0f - fall * (float)(p->at - at), shared);
    }
  }
}

/* Removes the virtual losses and visits of a simulation in flight. */
static void take_back(lt_tree *t, const lt_step *path, int32_t depth, const int shared) {
  for (int32_t d = 0; d <= depth; d++) {
    node_add(&t->nodes[path[d].node], -1, d ? t->loss : 0, shared);
    if (t->unobserved) atomic_fetch_sub_explicit(&t->unobserved[path[d].node], 1, memory_order_relaxed);
  }
}

/* Undoes a descent's changes to Gumbel's plan; `plan` is the plan before the descent. */
static void restore_plan(lt_tree *t, const lt_cursor *c, const lt_plan *plan) {
  if (!t->plan.drawn) return;
  if (plan->drawn && c->depth) t->planned[c->path[1].node - LOAD(t->nodes[0].first_child)]--;
  t->plan = *plan;
}

/* Undoes a descent in flight. */
static void undo(lt_tree *t, const lt_cursor *c, const lt_plan *plan, const int shared) {
  take_back(t, c->path, c->depth, shared);
  if (!shared) restore_plan(t, c, plan);
}

/* Adds the `values` of a simulation to the nodes along its path: to each node the value for the player who moved into it,
 * to the root the value for the player who acts there. */
LT_INLINE void back_up(lt_tree *t, lt_worker *w, const lt_step *path, int32_t depth, const int64_t *values,
                           const int in_flight, const int shared) {
  if (t->amaf) add_amaf(t, w, path, depth, values, shared);
  int32_t mover = path[0].player;
  for (int32_t d = 0; d <= depth; d++) {
    int64_t value = values[mover < 0 ? 0 : mover];
    node_add(&t->nodes[path[d].node], in_flight ? 0 : 1, in_flight && d ? value + t->loss : value, shared);
    if (in_flight && t->unobserved) atomic_fetch_sub_explicit(&t->unobserved[path[d].node], 1, memory_order_relaxed);
    if (t->squares) add_square(&t->squares[path[d].node], value, shared);
    mover = path[d].player;
  }
}

/* Stores a leaf's first value, for the player who acts there. */
static inline void keep_raw(lt_tree *t, lt_step leaf, const int64_t *values) {
  if (t->raw) STORE(t->raw[leaf.node], (float)values[leaf.player < 0 ? 0 : leaf.player] * (1.0f / (float)LT_ONE));
}

static inline void set_values(const lt_tree *t, int64_t *values, const double *returns) {
  for (int32_t p = 0; p < t->game->num_players; p++) values[p] = value_of(t, returns[p]);
}

/* Sets the values of a simulation that needs no playout: it reached the end of a game, which is then proven, or a proven
 * node. */
static lt_status value_without_playout(lt_tree *t, lt_worker *w, const lt_cursor *c, outcome where) {
  const lt_game *g = t->game;
  lt_node *node = &t->nodes[c->path[c->depth].node];
  const int32_t mover = c->path[c->depth ? c->depth - 1 : 0].player;
  if (where == TERMINAL) {
    g->returns(g->context, c->state, w->returns);
    if (lt_failed(g)) return LT_RULES_BROKE;
    set_values(t, w->values, w->returns);
    if (t->options.solve) node_solve(node, terminal_value(t, w->returns, mover));
  } else {
    const int64_t value = stats_sum(LOAD(node->stats));
    for (int32_t p = 0; p < g->num_players; p++) w->values[p] = seen_by(t, value, mover, p);
  }
  if (t->options.solve) prove_up(t, w, c->path, c->depth - 1);
  return LT_OK;
}

/* ---- Run ---- */

/* Plays from a leaf to the end, with the game's knowledge or at random. If all-moves-as-first values need them, the moves
 * are written to w->trace. Returns 0, or -1 if the rules failed. */
static inline int play_out(const lt_tree *t, lt_worker *w, void *state, lt_rng *rng) {
  const lt_game *g = t->game;
  int32_t *trace = t->amaf ? w->trace : NULL;
  if (t->options.informed) w->trace_length = g->informed_playout(g->context, state, rng, w->returns, trace);
  else if (t->amaf) w->trace_length = lt_traced_playout(g, state, rng, w->returns, w->actions, w->probabilities, trace);
  else return lt_playout(g, state, rng, w->returns, w->actions, w->probabilities);
  return lt_failed(g) || w->trace_length < 0 ? -1 : 0;
}

LT_INLINE lt_status simulate(lt_tree *t, lt_worker *w, uint64_t simulation, const lt_rule_kind rule, const int shared,
                             const int wide) {
  lt_cursor *c = &w->cursors[0];
  lt_rng rng = lt_rng_stream(t->seed, simulation);
  lt_status status = LT_OK;
  outcome where;
  lt_plan plan = {0};
  if (rule == LT_GUMBEL) plan = t->plan;
  start(t, w, c, shared, shared);
  while ((where = step(t, w, c, &rng, &status, rule, shared, shared, 1, wide)) == GOES_ON) {
  }
  w->trace_length = 0;
  if (where == BROKE) {
  } else if (where != LEAF) status = value_without_playout(t, w, c, where);
  else if (play_out(t, w, c->state, &rng)) status = LT_RULES_BROKE;
  else set_values(t, w->values, w->returns), keep_raw(t, c->path[c->depth], w->values);
  if (LT_UNLIKELY(status != LT_OK)) {
    w->broken = c;
    if (shared) take_back(t, c->path, c->depth, shared);
    if (rule == LT_GUMBEL) restore_plan(t, c, &plan);
    return status;
  }
  back_up(t, w, c->path, c->depth, w->values, shared, shared);
  return LT_OK;
}

/* Runs `n` simulations down the tree, staggered: all select, all move, then one more starts at the root. The processor
 * thus works on several simulations at different levels of the tree and overlaps their memory accesses. Each is in flight
 * for those behind it. If the rules fail, all are undone. */
LT_INLINE lt_status descend(lt_tree *t, lt_worker *w, uint64_t simulation, int32_t n, const lt_rule_kind rule,
                            const int shared, const int expand_revisited, const int wide) {
  lt_status status = LT_OK;
  const lt_plan plan = t->plan;
  int32_t started = 0;
  for (int32_t going = 0; started < n || going > 0;) {
    int32_t still = 0;
    for (int32_t j = 0; j < going; j++) {
      const int32_t i = w->order[j];
      const outcome where = look(t, w, &w->cursors[i], &w->rngs[i], &status, rule, shared, expand_revisited, wide);
      w->outcomes[i] = (uint8_t)where;
      if (LT_UNLIKELY(where == BROKE)) {
        w->broken = &w->cursors[i];
        break;
      }
      w->order[still] = i;
      still += where == GOES_ON;
    }
    if (LT_UNLIKELY(status != LT_OK)) break;
    going = still;
    for (int32_t j = 0; j < going; j++)
      if (!go(t, &w->cursors[w->order[j]], 1, shared)) status = LT_RULES_BROKE, w->broken = &w->cursors[w->order[j]];
    if (LT_UNLIKELY(status != LT_OK)) break;
    if (started < n) {
      w->rngs[started] = lt_rng_stream(t->seed, simulation + (uint64_t)started);
      start(t, w, &w->cursors[started], 1, shared);
      w->order[going++] = started++;
    }
  }
  for (int32_t i = 0; status != LT_OK && i < started; i++) undo(t, &w->cursors[i], &plan, shared);
  return status;
}

/* Runs `n` simulations that go down together and whose playouts are played at once. */
LT_INLINE lt_status simulate_batch(lt_tree *t, lt_worker *w, uint64_t simulation, int32_t n, const lt_rule_kind rule,
                                   const int shared, const int wide) {
  const lt_game *g = t->game;
  const lt_plan plan = t->plan;
  lt_status status = descend(t, w, simulation, n, rule, shared, 1, wide);
  if (status != LT_OK) return status;
  int32_t leaves = 0;
  for (int32_t i = 0; i < n; i++) {
    lt_cursor *c = &w->cursors[i];
    if (w->outcomes[i] == LEAF) { /* makes the states of leaves contiguous */
      if (i != leaves) memcpy(w->cursors[leaves].state, c->state, g->state_bytes), w->rngs[leaves] = w->rngs[i];
      w->order[leaves++] = i;
    } else {
      if ((status = value_without_playout(t, w, c, (outcome)w->outcomes[i])) != LT_OK) {
        w->broken = c;
        for (int32_t k = 0; k < n; k++)
          if (k >= i || w->outcomes[k] == LEAF) undo(t, &w->cursors[k], &plan, shared);
        return status;
      }
      back_up(t, w, c->path, c->depth, w->values, 1, shared);
    }
  }
  if (leaves) g->playouts(g->context, w->cursors[0].state, w->rngs, w->returns, leaves);
  if (lt_failed(g)) {
    w->broken = NULL;
    for (int32_t j = 0; j < leaves; j++) undo(t, &w->cursors[w->order[j]], &plan, shared);
    return LT_RULES_BROKE;
  }
  for (int32_t j = 0; j < leaves; j++) {
    const lt_cursor *c = &w->cursors[w->order[j]];
    set_values(t, w->values, w->returns + (size_t)j * (size_t)g->num_players);
    keep_raw(t, c->path[c->depth], w->values);
    back_up(t, w, c->path, c->depth, w->values, 1, shared);
  }
  return LT_OK;
}

LT_INLINE lt_status simulate_some(lt_tree *t, lt_worker *w, uint64_t simulation, int32_t n, const lt_rule_kind rule,
                                  const int shared, const int wide) {
  return n > 1 ? simulate_batch(t, w, simulation, n, rule, shared, wide) : simulate(t, w, simulation, rule, shared, wide);
}

/* The most common search, UCT, with its constants known to the compiler; below, the same for processors with wide
 * vectors. */
static lt_status simulate_uct(lt_tree *t, lt_worker *w, uint64_t simulation, int32_t n, int shared) {
  return shared ? simulate_some(t, w, simulation, n, LT_UCT, 1, 0) : simulate_some(t, w, simulation, n, LT_UCT, 0, 0);
}

#if defined(LT_WIDE)
LT_WIDE static lt_status simulate_wide(lt_tree *t, lt_worker *w, uint64_t simulation, int32_t n, int shared) {
  if (t->rule.kind == LT_PUCT) return simulate_some(t, w, simulation, n, LT_PUCT, shared, 1);
  return shared ? simulate_some(t, w, simulation, n, LT_UCT, 1, 1) : simulate_some(t, w, simulation, n, LT_UCT, 0, 1);
}

LT_WIDE static lt_status descend_wide(lt_tree *t, lt_worker *w, uint64_t simulation, int32_t n) {
  return t->rule.kind == LT_UCT ? descend(t, w, simulation, n, LT_UCT, 0, 0, 1)
                                : descend(t, w, simulation, n, LT_PUCT, 0, 0, 1);
}
#else
static inline int has_wide(void) { return 0; }
static lt_status simulate_wide(lt_tree *t, lt_worker *w, uint64_t simulation, int32_t n, int shared) {
  return simulate_some(t, w, simulation, n, t->rule.kind, shared, 0);
}
static lt_status descend_wide(lt_tree *t, lt_worker *w, uint64_t simulation, int32_t n) {
  return descend(t, w, simulation, n, t->rule.kind, 0, 0, 0);
}
#endif

static inline int is_wide(const lt_tree *t) {
  return has_wide() && (t->rule.kind == LT_UCT || t->rule.kind == LT_PUCT) && t->known == NULL && t->unobserved == NULL;
}

/* The number of simulations that go down together: few in a small tree, in which each should use the others' results. */
static inline int32_t batch_size(const lt_tree *t, const lt_worker *w, uint64_t left, uint32_t max_nodes) {
  enum { VISITS_EACH = 64 };
  uint64_t n = stats_visits(LOAD(t->nodes[0].stats)) / VISITS_EACH;
  uint64_t room = (max_nodes - LOAD(t->size)) / (uint32_t)lt_max_actions(t->game);
  if (n > (uint64_t)w->run_capacity) n = (uint64_t)w->run_capacity;
  if (n > left) n = left;
  if (n > room) n = room;
  return n < 1 ? 1 : (int32_t)n;
}

/* Proves the root, if results from before it became the root suffice. */
static void prove_root(lt_tree *t, lt_worker *w) {
  if (!t->options.solve || lt_tree_proven(t)) return;
  lt_step root = {0, t->game->current_player(t->game->context, t->root_state)};
  prove(t, w, &root, 0);
}

void lt_tree_prepare(lt_tree *t) {
  const uint32_t count = lt_tree_num_children(t, 0);
  if (count && t->game->current_player(t->game->context, t->root_state) >= 0)
    prepare_root(t, LOAD(t->nodes[0].first_child), count);
}

uint32_t lt_tree_broken_path(const lt_tree *t, const lt_worker *worker, int32_t *actions) {
  const lt_cursor *c = (worker ? worker : t->worker)->broken;
  if (c == NULL) return 0;
  for (int32_t d = 0; d < c->depth; d++) actions[d] = action_of(t, c->path[d + 1].node);
  return (uint32_t)c->depth;
}

void lt_tree_plan(lt_tree *t, uint64_t simulations) {
  memset(&t->plan, 0, sizeof t->plan);
  t->plan.simulations = simulations;
}

int32_t lt_tree_improved(const lt_tree *t, double *policy) {
  const uint32_t first = LOAD(t->nodes[0].first_child), count = lt_tree_num_children(t, 0);
  if (count == 0 || !t->plan.drawn) return -1;
  const completion c = complete(t, 0, first, count);
  const double total = improve(t, 0, first, count, policy);
  double best = -INFINITY;
  uint32_t most = 0;
  int32_t chosen = -1;
  for (uint32_t i = 0; i < count; i++) {
    policy[i] /= total;
    if (t->planned[i] > most && !view(t, first + i).lost) most = t->planned[i];
  }
  for (uint32_t i = 0; i < count; i++) {
    const double score = t->root_numbers[i] + completed_value(t, first + i, c);
    if (t->planned[i] == most && score > best) best = score, chosen = (int32_t)i;
  }
  return chosen;
}

lt_status lt_tree_run(lt_tree *t, lt_worker *worker, uint64_t first, uint64_t count, uint64_t limit, uint32_t max_nodes,
                      int shared, uint64_t *done) {
  lt_worker *w = worker ? worker : t->worker;
  const lt_rule_kind kind = t->rule.kind;
  const int wide = is_wide(t);
  *done = 0;
  prove_root(t, w);
  while (*done < count && LOAD(t->size) < max_nodes && !lt_tree_proven(t)) {
    const uint64_t next = first + *done;
    const int32_t n = w->run_capacity > 1 ? batch_size(t, w, limit - *done, max_nodes) : 1;
    lt_status status;
    if (wide) status = simulate_wide(t, w, next, n, shared);
    else if (kind == LT_UCT) status = simulate_uct(t, w, next, n, shared);
    else status = simulate_some(t, w, next, n, kind, shared, 0);
    if (status != LT_OK) return status;
    *done += (uint64_t)n;
    if (!LOAD(t->full)) continue;
    if (shared) return LT_OK;
    lt_tree_recycle(t);
  }
  return LT_OK;
}

/* ---- Ask and tell ---- */

static uint64_t ticket_of(const lt_tree *t, uint32_t slot) {
  return t->pending[slot].serial << (LT_TREE_BITS + LT_SLOT_BITS) | (uint64_t)t->number << LT_SLOT_BITS | slot;
}

static int64_t slot_of(const lt_tree *t, uint64_t ticket) {
  const uint32_t slot = (uint32_t)ticket & (LT_MOST_PENDING - 1);
  if (slot >= t->pending_capacity || t->pending[slot].serial == 0 || ticket_of(t, slot) != ticket) return -1;
  return slot;
}

static int make_room(lt_tree *t, uint32_t capacity) {
  if (capacity <= t->pending_capacity) return 1;
  if (capacity > LT_MOST_PENDING) return 0;
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

/* Stores the leaf of a simulation in a free slot. All slots before `slot` are in use. */
static uint32_t keep(lt_tree *t, const lt_cursor *c, uint32_t slot) {
  while (t->pending[slot].serial) slot++;
  t->nodes[c->path[c->depth].node].num_children = LT_PENDING;
  t->pending[slot].serial = ++t->asked;
  t->pending[slot].depth = c->depth;
  memcpy(slot_state(t, slot), c->state, t->game->state_bytes);
  memcpy(slot_path(t, slot), c->path, ((size_t)c->depth + 1) * sizeof *c->path);
  t->pending_count++;
  return slot;
}

lt_status lt_tree_ask(lt_tree *t, uint32_t batch, uint32_t attempts, uint64_t *tickets, uint32_t *count) {
  lt_worker *w = t->worker;
  const lt_rule_kind rule = t->rule.kind;
  const int wide = is_wide(t);
  /* GRAVE and Gumbel keep state for the current simulation only, so simulations go down one at a time. */
  const uint32_t together = rule == LT_GRAVE || rule == LT_GUMBEL ? 1 : (uint32_t)w->capacity;
  uint32_t slot = 0;
  *count = 0;
  if (LOAD(t->full)) lt_tree_recycle(t);
  if (!make_room(t, t->pending_count + batch)) return LT_NO_MEMORY;
  if (rule == LT_GUMBEL && t->plan.simulations == 0) {
    if (t->rule.simulations == 0) return LT_NO_PLAN;
    lt_tree_plan(t, t->rule.simulations);
  }
  prove_root(t, w);
  while (*count < batch && attempts > 0 && !lt_tree_proven(t)) {
    const lt_plan plan = t->plan;
    uint32_t n = batch - *count;
    if (n > attempts) n = attempts;
    if (n > together) n = together;
    lt_status status = wide ? descend_wide(t, w, t->simulations, (int32_t)n)
                            : descend(t, w, t->simulations, (int32_t)n, rule, 0, 0, 0);
    if (status != LT_OK) return status;
    int met = 0; /* reached a leaf that is already pending: asking for more is useless until it has a value */
    for (uint32_t i = 0; i < n; i++) {
      const lt_cursor *c = &w->cursors[i];
      const outcome where = (outcome)w->outcomes[i];
      if (where == LEAF && t->nodes[c->path[c->depth].node].num_children == LT_PENDING) met = 1;
      if (met) {
        undo(t, c, &plan, 0);
      } else if (where == LEAF) {
        slot = keep(t, c, slot);
        tickets[(*count)++] = ticket_of(t, slot);
      } else {
        if ((status = value_without_playout(t, w, c, where)) != LT_OK) {
          w->broken = c;
          for (; i < n; i++) undo(t, &w->cursors[i], &plan, 0);
          return status;
        }
        w->trace_length = 0;
        back_up(t, w, c->path, c->depth, w->values, 1, 0);
      }
      if (!met) t->simulations++, attempts--;
    }
    if (met) break;
  }
  return LT_OK;
}

const uint8_t *lt_tree_pending_state(const lt_tree *t, uint64_t ticket) {
  int64_t slot = slot_of(t, ticket);
  return slot < 0 ? NULL : slot_state(t, (uint32_t)slot);
}

int32_t lt_tree_pending_player(const lt_tree *t, uint64_t ticket) {
  int64_t slot = slot_of(t, ticket);
  return slot < 0 ? LT_TERMINAL : slot_path(t, (uint32_t)slot)[t->pending[slot].depth].player;
}

int32_t lt_tree_pending_depth(const lt_tree *t, uint64_t ticket) {
  int64_t slot = slot_of(t, ticket);
  return slot < 0 ? 0 : t->pending[slot].depth;
}

uint32_t lt_tree_pending_path(const lt_tree *t, uint64_t ticket, int32_t *actions) {
  int64_t slot = slot_of(t, ticket);
  if (slot < 0) return 0;
  int32_t depth = t->pending[slot].depth;
  for (int32_t d = 0; d < depth; d++) actions[d] = action_of(t, slot_path(t, (uint32_t)slot)[d + 1].node);
  return (uint32_t)depth;
}

static void release(lt_tree *t, uint32_t slot) {
  lt_node *leaf = &t->nodes[slot_path(t, slot)[t->pending[slot].depth].node];
  if (LOAD(leaf->first_child) == 0) leaf->num_children = 0;
  t->pending[slot].serial = 0;
  t->pending_count--;
}

/* Converts the values of a leaf, for all players or for the one who acts there, to the units of nodes. */
static lt_status read_values(lt_tree *t, lt_worker *w, int32_t player, const double *values, uint32_t num_values) {
  const lt_game *g = t->game;
  const int own = num_values != (uint32_t)g->num_players, other = player == 0;
  double both[2];
  for (uint32_t i = 0; i < num_values; i++)
    if (!isfinite(values[i])) return LT_BAD_VALUES;
  if (own) both[!other] = values[0], both[other] = g->min_utility + g->max_utility - values[0];
  set_values(t, w->values, own ? both : values);
  return LT_OK;
}

lt_status lt_tree_tell(lt_tree *t, uint64_t ticket, const double *values, uint32_t num_values, const double *priors,
                       uint32_t num_priors) {
  int64_t found = slot_of(t, ticket);
  if (found < 0) return LT_UNKNOWN_TICKET;
  lt_worker *w = t->worker;
  const uint32_t slot = (uint32_t)found;
  const int32_t depth = t->pending[slot].depth;
  const lt_step *path = slot_path(t, slot), *leaf = &path[depth];
  lt_status status = read_values(t, w, leaf->player < 0 ? 0 : leaf->player, values, num_values);
  if (status != LT_OK) return status;
  if (LOAD(t->nodes[leaf->node].first_child) == 0) {
    lt_rng rng = lt_rng_stream(~t->seed, t->pending[slot].serial);
    status = expand(t, w, leaf->node, leaf->player, slot_state(t, slot), &rng, priors, num_priors, 0);
    if (status != LT_OK) {
      lt_cursor *c = &w->cursors[0];
      memcpy(c->path, path, ((size_t)depth + 1) * sizeof *path);
      c->depth = depth, w->broken = c;
      return status;
    }
    if (w->terminal_children) prove_up(t, w, path, depth);
  }
  w->trace_length = 0;
  keep_raw(t, *leaf, w->values);
  back_up(t, w, path, depth, w->values, 1, 0);
  release(t, slot);
  return LT_OK;
}

lt_status lt_tree_forget(lt_tree *t, uint64_t ticket) {
  int64_t slot = slot_of(t, ticket);
  if (slot < 0) return LT_UNKNOWN_TICKET;
  take_back(t, slot_path(t, (uint32_t)slot), t->pending[slot].depth, 0);
  release(t, (uint32_t)slot);
  return LT_OK;
}
