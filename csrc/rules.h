/* The selection rules of the search tree: one function for each, with its formula and where it comes from. Only csrc/tree.c
 * includes this.
 *
 * All have the same form: of the `count` children that stand from `first` on, the place of the one to look at next. Values W
 * are sums for the player who chooses; n are a child's visits, N its parent's. */
#ifndef LT_RULES_H
#define LT_RULES_H
#include "tree.h"
#include <math.h>

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__SANITIZE_THREAD__) /* it would see words read in one piece as a race */
#include <immintrin.h>
#define LT_WIDE __attribute__((target("avx2,bmi,bmi2,lzcnt,popcnt")))
static inline int has_wide(void) { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2"); }
#endif

/* ---- Functions of a count ---- */

enum { DIGITS = 8, LOGS = (1 << DIGITS) + 24 * (1 << (DIGITS - 1)) };
static float log_table[LOGS];

/* sqrt(ln n), where n counts with its first eight binary digits: an error below a part in a thousand. */
static inline float sqrt_log(uint32_t n) {
  int32_t cut = lt_bit_length(n) - DIGITS;
  if (cut < 0) cut = 0;
  return log_table[(cut << (DIGITS - 1)) + (int32_t)(n >> cut)];
}

/* What UCT needs of the small counts that most nodes have. */
enum { INVERSES = 512 };
typedef struct { float quantum, inverse, root; } inverses;
static inverses inverse_table[INVERSES];

static void fill_tables(void) {
  for (uint32_t n = 1; n < INVERSES; n++) {
    const float x = count_float(n);
    inverse_table[n] = (inverses){quantum_of(x), 1.0f / x, sqrtf(1.0f / x)};
  }
  for (int64_t i = LOGS - 1; i > 0; i--) {
    int cut = i < 1 << DIGITS ? 0 : (int)(i >> (DIGITS - 1)) - 1;
    log_table[i] = (float)sqrt(log((double)((i - ((int64_t)cut << (DIGITS - 1))) << cut)));
  }
}

/* A child as most rules see it: its visits with those that the game's knowledge is worth, and its mean value. One whose value
 * is proven is judged by it alone, there is nothing more to learn; `lost` ones are never looked at again. */
typedef struct { float n, q; int solved, lost; } child_view;

static inline child_view view(const lt_tree *t, uint32_t id) {
  const uint64_t stats = LOAD(t->nodes[id].stats);
  const uint32_t visits = stats_visits(stats);
  const float n = count_float(visits), sum = (float)stats_sum(stats);
  if (stats_solved(stats)) return (child_view){n > 0 ? n : 1.0f, sum * (1.0f / (float)LT_ONE), 1, stats_sum(stats) == -LT_ONE};
  if (t->known) {
    const float total = n + LOAD(t->known[id].visits), known = LOAD(t->known[id].value_sum);
    return (child_view){total, total > 0 ? ((visits ? sum * quantum_of(n) : 0.0f) + known) / total : 0.0f, 0, 0};
  }
  return (child_view){n, visits ? sum * quantum_of(n) * (1.0f / n) : 0.0f, 0, 0};
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
static inline uint32_t select_plain_uct(const lt_tree *t, uint32_t first, uint32_t count, float explore) {
  float best = -INFINITY;
  uint32_t chosen = 0;
  for (uint32_t i = 0; i < count; i++) {
    const uint64_t stats = LOAD(t->nodes[first + i].stats);
    float score;
    if ((uint32_t)stats < INVERSES && !t->known) {
      const inverses n = inverse_table[(uint32_t)stats];
      if ((uint32_t)stats == 0) return i;
      score = (float)stats_sum(stats) * n.quantum * n.inverse + explore * n.root;
    } else { /* many visits, proven, or known */
      const child_view v = view(t, first + i);
      if (v.lost) continue;
      if (v.n <= 0) return i;
      score = v.solved ? v.q : v.q + explore * sqrtf(1.0f / v.n);
    }
    if (score > best) best = score, chosen = i;
  }
  return chosen;
}

static inline uint32_t select_uct(const lt_tree *t, uint32_t first, uint32_t count, uint32_t parent_visits) {
  return select_plain_uct(t, first, count, (float)t->rule.c * sqrt_log(parent_visits));
}

#if defined(LT_WIDE)
/* The nodes `node` and node[4], of which the first halves matter. */
LT_WIDE static inline __m256i two_nodes(const lt_node *node) {
  const __m128i low = _mm_load_si128((const __m128i *)(const void *)node), high = _mm_load_si128((const __m128i *)(const void *)&node[4]);
  return _mm256_inserti128_si256(_mm256_castsi128_si256(low), high, 1);
}

/* The same for eight children at a time, with the same result. The arena has room behind its last node. */
LT_WIDE static inline uint32_t select_wide_uct(const lt_tree *t, uint32_t first, uint32_t count, uint32_t parent_visits) {
  const float explore = (float)t->rule.c * sqrt_log(parent_visits);
  float best = -INFINITY;
  uint32_t chosen = 0;
  for (uint32_t i = 0; i < count; i += 8) {
    const lt_node *child = &t->nodes[first + i];
    const __m256i a = _mm256_unpacklo_epi32(two_nodes(child), two_nodes(child + 1));
    const __m256i b = _mm256_unpacklo_epi32(two_nodes(child + 2), two_nodes(child + 3));
    const __m256i visits = _mm256_unpacklo_epi64(a, b);
    const uint32_t inside = count - i < 8 ? (1u << (count - i)) - 1 : 255;
    if (LT_UNLIKELY((uint32_t)_mm256_movemask_ps(_mm256_castsi256_ps(visits)) & inside)) /* some are solved */
      return select_plain_uct(t, first, count, explore);
    const __m256 n = _mm256_cvtepi32_ps(_mm256_andnot_si256(_mm256_srli_epi32(visits, 24), visits));
    const uint32_t untried = (uint32_t)_mm256_movemask_ps(_mm256_cmp_ps(n, _mm256_setzero_ps(), _CMP_EQ_OQ)) & inside;
    if (untried) return i + (uint32_t)__builtin_ctz(untried);
    const __m256i exponent = _mm256_and_si256(_mm256_castps_si256(n), _mm256_set1_epi32(0x7f800000));
    const __m256 quantum = _mm256_castsi256_ps(_mm256_sub_epi32(exponent, _mm256_set1_epi32(29 << 23)));
    const __m256 sum = _mm256_cvtepi32_ps(_mm256_unpackhi_epi64(a, b)), inverse = _mm256_div_ps(_mm256_set1_ps(1.0f), n);
    const __m256 score = _mm256_add_ps(_mm256_mul_ps(_mm256_mul_ps(sum, quantum), inverse),
                                       _mm256_mul_ps(_mm256_set1_ps(explore), _mm256_sqrt_ps(inverse)));
    const __m256i lanes = _mm256_cmpgt_epi32(_mm256_set1_epi32((int32_t)(count - i)), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
    const __m256 those = _mm256_blendv_ps(_mm256_set1_ps(-INFINITY), score, _mm256_castsi256_ps(lanes));
    __m256 most = _mm256_max_ps(those, _mm256_permute2f128_ps(those, those, 1));
    most = _mm256_max_ps(most, _mm256_shuffle_ps(most, most, 0x4e));
    most = _mm256_max_ps(most, _mm256_shuffle_ps(most, most, 0xb1));
    const uint32_t equal = (uint32_t)_mm256_movemask_ps(_mm256_cmp_ps(those, most, _CMP_EQ_OQ)); /* of equals the first */
    const float top = _mm256_cvtss_f32(most);
    if (top > best) best = top, chosen = i + (uint32_t)__builtin_ctz(equal);
  }
  return chosen;
}
#endif

/* ---- PUCT ---- */

/* PUCT (Rosin 2011, as in Silver et al. 2017): the largest  Q + c P sqrt(N) / (1 + n),  where a child without a
 * visit is taken to be as good as its siblings on average. */
static inline uint32_t select_puct(const lt_tree *t, uint32_t first, uint32_t count, uint32_t parent_visits) {
  const float *prior = &t->priors[first];
  float sum = 0, tried = 0;
  for (uint32_t i = 0; i < count; i++) {
    const child_view v = view(t, first + i);
    sum += v.n * v.q, tried += v.n;
  }
  const float mean = tried > 0 ? sum / tried : 0.0f;
  const float explore = (float)(t->rule.c * sqrt((double)parent_visits));
  float best = -INFINITY;
  uint32_t chosen = 0;
  for (uint32_t i = 0; i < count; i++) {
    const child_view v = view(t, first + i);
    if (v.lost) continue;
    float score = v.solved ? v.q : (v.n > 0 ? v.q : mean) + explore * prior[i] / (1.0f + v.n);
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
      borrowed[action_of(t, i)] = (lt_borrowed){stamp, i};
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
    const child_view own = view(t, first + i);
    if (own.lost) continue;
    uint32_t from = first + i;
    if (stamp && borrowed[action_of(t, from)].stamp == stamp) from = borrowed[action_of(t, from)].id;
    const float m = LOAD(t->amaf[from].visits);
    if (own.n <= 0 && m <= 0) return i;
    const float amaf = m > 0 ? LOAD(t->amaf[from].value_sum) / m : 0.0f;
    float score = own.q;
    if (!own.solved)
      score += amaf_weight(&t->rule, own.n, m, parent_visits) * (amaf - own.q) + explore / sqrtf(1.0f + own.n);
    if (score > best) best = score, chosen = i;
  }
  return chosen;
}

#endif
