/* The selection rules of the search tree: one function for each, with its formula and where it comes from. Only csrc/tree.c
 * includes this.
 *
 * All have the same form: of the `count` children that stand from `first` on, the place of the one to look at next. Values W
 * are sums for the player who chooses; n are a child's visits, N its parent's. */
#ifndef LT_RULES_H
#define LT_RULES_H
#include "tree.h"
#include <math.h>

enum { TABLE = 1024 };

#define LOAD(x) atomic_load_explicit(&(x), memory_order_relaxed)
#define STORE(x, v) atomic_store_explicit(&(x), (v), memory_order_relaxed)

/* ---- Functions of a count ---- */

/* What UCT needs of a visit count, from a table for the small counts that most nodes have. */
typedef struct { float inverse, inverse_sqrt; } of_count;
static of_count count_table[TABLE];
static float log_table[TABLE];

static inline of_count compute_of_count(uint32_t n) {
  float x = (float)(int32_t)n;
  return (of_count){1.0f / x, 1.0f / sqrtf(x)};
}

static void fill_tables(void) {
  if (log_table[TABLE - 1] != 0) return;
  for (uint32_t n = 1; n < TABLE; n++) count_table[n] = compute_of_count(n), log_table[n] = (float)log(n);
}

/* sqrt(ln n), where n counts with its first ten binary digits: an error below a part in a thousand. */
static inline float sqrt_log(uint32_t n) {
  float octaves = 0.0f;
  for (; n >= TABLE * 8; n >>= 4) octaves += 4.0f;
  for (; n >= TABLE; n >>= 1) octaves += 1.0f;
  return sqrtf(log_table[n] + 0.6931472f * octaves);
}

/* A child's visits and sum of values, with those that the game's knowledge is worth. */
static inline lt_mean stats_of(const lt_tree *t, uint32_t id) {
  float n = (float)(int32_t)LOAD(t->nodes[id].visits), sum = (float)LOAD(t->nodes[id].value_sum);
  if (t->known) n += LOAD(t->known[id].visits), sum += LOAD(t->known[id].value_sum);
  return (lt_mean){n, sum};
}

/* Stamps mark entries of a table without clearing it. There are several in a simulation, and none is 0. */
static inline uint32_t next_stamp(const lt_game *game, lt_worker *w) {
  if (++w->stamp == 0) {
    const size_t entries = (size_t)game->num_players * (size_t)game->num_distinct_actions;
    memset(w->played, 0, entries * sizeof *w->played);
    memset(w->borrowed, 0, entries * sizeof *w->borrowed);
    w->stamp = 1;
  }
  return w->stamp;
}

/* ---- UCT ---- */

/* UCT (Kocsis and Szepesvari 2006): the first child without a visit, else the largest
 *   W / n + c sqrt(ln N / n). */
static inline uint32_t select_uct(const lt_tree *t, uint32_t first, uint32_t count, uint32_t parent_visits) {
  const lt_node *child = &t->nodes[first];
  if (LOAD(child[count - 1].visits) == 0) /* children are tried in order, so the last is the last to be tried */
    for (uint32_t i = 0; i < count; i++)
      if (LOAD(child[i].visits) == 0) return i;
  const float explore = (float)t->rule.c * sqrt_log(parent_visits);
  float best = -INFINITY;
  uint32_t chosen = 0;
  for (uint32_t i = 0; i < count; i++) {
    uint32_t n = LOAD(child[i].visits);
    of_count f = n < TABLE ? count_table[n] : compute_of_count(n);
    float score = (float)LOAD(child[i].value_sum) * f.inverse + explore * f.inverse_sqrt;
    if (score > best) best = score, chosen = i;
  }
  return chosen;
}

/* The same, where knowledge counts as visits. */
static inline uint32_t select_informed_uct(const lt_tree *t, uint32_t first, uint32_t count, uint32_t parent_visits) {
  const float explore = (float)t->rule.c * sqrt_log(parent_visits);
  float best = -INFINITY;
  uint32_t chosen = 0;
  for (uint32_t i = 0; i < count; i++) {
    lt_mean s = stats_of(t, first + i);
    if (s.visits <= 0) return i;
    float score = s.value_sum / s.visits + explore / sqrtf(s.visits);
    if (score > best) best = score, chosen = i;
  }
  return chosen;
}

/* ---- PUCT ---- */

/* PUCT (Rosin 2011, as in Silver et al. 2017): the largest  Q + c P sqrt(N) / (1 + n),  where a child without a
 * visit is taken to be as good as its siblings on average. */
static inline uint32_t select_puct(const lt_tree *t, uint32_t first, uint32_t count, uint32_t parent_visits) {
  const float *prior = &t->priors[first];
  double sum = 0, tried = 0;
  for (uint32_t i = 0; i < count; i++) {
    lt_mean s = stats_of(t, first + i);
    sum += s.value_sum, tried += s.visits;
  }
  const float mean = tried > 0 ? (float)(sum / tried) : 0.0f;
  const float explore = (float)(t->rule.c * sqrt((double)parent_visits));
  float best = -INFINITY;
  uint32_t chosen = 0;
  for (uint32_t i = 0; i < count; i++) {
    lt_mean s = stats_of(t, first + i);
    float q = s.visits > 0 ? s.value_sum / s.visits : mean;
    float score = q + explore * prior[i] / (1.0f + s.visits);
    if (score > best) best = score, chosen = i;
  }
  return chosen;
}

/* ---- RAVE and GRAVE ---- */

/* The weight of a child's all-moves-as-first value, m visits, against its own, n visits: by the least expected squared
 * error, where values are off by `bias` (Gelly and Silver 2011, equation 12; with values in [-1, 1], 4 b^2 is bias^2),
 *   m / (n + m + bias^2 n m),
 * or by hand (the same, equation 10), where k is `equivalence`:  sqrt(k / (3 N + k)). */
static inline float amaf_weight(const lt_rule *rule, float n, float m, uint32_t parent_visits) {
  if (m <= 0) return 0.0f;
  if (n <= 0) return 1.0f;
  const float k = (float)rule->equivalence, b = (float)rule->bias;
  return k > 0 ? sqrtf(k / (3.0f * (float)(int32_t)parent_visits + k)) : m / (n + m + b * b * n * m);
}

/* GRAVE: write down whose values the node `id` uses. It is its own where it has `ref` visits, else its nearest ancestor on
 * the path that has them and where the same player acts. Gives the stamp of that ancestor's children, 0 for its own. */
static inline uint32_t find_lender(const lt_tree *t, lt_worker *w, uint32_t id, int32_t player, uint32_t visits) {
  const uint32_t none = UINT32_MAX;
  if (id == 0 || visits >= t->rule.ref) {
    w->lender[player] = id, w->lender_stamp[player] = 0;
    return 0;
  }
  uint32_t lender = w->lender[player];
  if (lender == none) return 0;
  if (w->lender_stamp[player] == 0) { /* the first that borrows from it */
    const lt_node *node = &t->nodes[lender];
    const uint32_t first = LOAD(node->first_child), actions = (uint32_t)t->game->num_distinct_actions;
    lt_borrowed *borrowed = w->borrowed + (size_t)player * actions;
    uint32_t stamp = w->lender_stamp[player] = next_stamp(t->game, w);
    for (uint32_t i = first; i < first + node->num_children; i++)
      borrowed[t->nodes[i].action].stamp = stamp, borrowed[t->nodes[i].action].id = i;
  }
  return w->lender_stamp[player];
}

/* RAVE (Gelly and Silver 2011) and GRAVE (Cazenave 2015): a child that neither was visited nor has a first value, else the
 * largest
 *   (1 - beta) W / n + beta V / m + c sqrt(ln N / (1 + n)),
 * where V are the results of the m simulations in which its action was played at any later time by the same player. For GRAVE
 * m and V are those of the action at the node's lender, or the child's own where the lender had no such action. */
static inline uint32_t select_rave(const lt_tree *t, lt_worker *w, uint32_t id, int32_t player, uint32_t first,
                                   uint32_t count, uint32_t parent_visits) {
  const uint32_t stamp = t->rule.kind == LT_GRAVE ? find_lender(t, w, id, player, parent_visits) : 0;
  const lt_borrowed *borrowed = w->borrowed + (size_t)player * (size_t)t->game->num_distinct_actions;
  const float explore = (float)t->rule.c * sqrt_log(parent_visits);
  float best = -INFINITY;
  uint32_t chosen = 0;
  for (uint32_t i = 0; i < count; i++) {
    uint32_t from = first + i;
    if (stamp && borrowed[t->nodes[from].action].stamp == stamp) from = borrowed[t->nodes[from].action].id;
    lt_mean s = stats_of(t, first + i);
    float n = s.visits, m = LOAD(t->amaf[from].visits);
    if (n <= 0 && m <= 0) return i;
    float q = n > 0 ? s.value_sum / n : 0.0f, v = m > 0 ? LOAD(t->amaf[from].value_sum) / m : 0.0f;
    float score = q + amaf_weight(&t->rule, n, m, parent_visits) * (v - q) + explore / sqrtf(1.0f + n);
    if (score > best) best = score, chosen = i;
  }
  return chosen;
}

#endif
