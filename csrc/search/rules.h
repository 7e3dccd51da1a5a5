/* The selection rules of the search tree: one function for each, with its formula and reference. Only csrc/search/tree.c
 * includes this file.
 *
 * All functions have the same form: among the `count` children that start at `first`, return the index of the one to
 * visit next. W is the sum of a child's values for the player who chooses, n is its visit count, N is its parent's visit
 * count. */
#ifndef LT_RULES_H
#define LT_RULES_H
#include "search/tree.h"
#include "core/sampling.h"

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__SANITIZE_THREAD__) /* reports reads of whole words as races */
#include <immintrin.h>
#define LT_WIDE __attribute__((target("avx2,bmi,bmi2,lzcnt,popcnt")))
static inline int has_wide(void) { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2"); }
#endif

/* ---- Functions of a count ---- */

enum { DIGITS = 8, LOGS = (1 << DIGITS) + 24 * (1 << (DIGITS - 1)) };
static float log_table[LOGS];

/* sqrt(ln n), with n truncated to its first eight binary digits: the error is below 0.1%. */
static inline float sqrt_log(uint32_t n) {
  int32_t cut = lt_bit_length(n) - DIGITS;
  if (cut < 0) cut = 0;
  return log_table[(cut << (DIGITS - 1)) + (int32_t)(n >> cut)];
}

/* Precomputed functions of small visit counts, which most nodes have, for UCT. */
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

/* A child as most rules see it: its visit count, including visits from the game's knowledge, and its mean value. A proven
 * child is judged by its value alone, because there is nothing more to learn. A `lost` child is never visited again. */
typedef struct { float n, q; int solved, lost; } child_view;

static inline child_view view(const lt_tree *t, uint32_t id) {
  const uint64_t stats = LOAD(t->nodes[id].stats);
  const uint32_t visits = stats_visits(stats);
  const float n = count_float(visits), sum = (float)stats_sum(stats);
  if (stats_solved(stats))
    return (child_view){n > 0 ? n : 1.0f, sum * (1.0f / (float)LT_ONE), 1, stats_sum(stats) == -LT_ONE};
  if (t->unobserved) { /* WU-UCT (Liu et al. 2020): simulations in flight count as visits, but not in the mean */
    const float seen = count_float(visits - LOAD(t->unobserved[id]));
    return (child_view){n, seen > 0 ? sum * quantum_of(n) * (1.0f / seen) : 0.0f, 0, 0};
  }
  if (t->known) {
    const float total = n + LOAD(t->known[id].visits), known = LOAD(t->known[id].value_sum);
    return (child_view){total, total > 0 ? ((visits ? sum * quantum_of(n) : 0.0f) + known) / total : 0.0f, 0, 0};
  }
  return (child_view){n, visits ? sum * quantum_of(n) * (1.0f / n) : 0.0f, 0, 0};
}

/* Stamps mark the entries of a table, so that it need not be cleared. A simulation uses several stamps, and none is 0. */
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

/* UCT (Kocsis and Szepesvari 2006): the first child without visits, else the child with the largest
 *   W / n + c sqrt(ln N / n). */
static inline uint32_t select_plain_uct(const lt_tree *t, uint32_t first, uint32_t count, float explore) {
  float best = -INFINITY;
  uint32_t chosen = 0;
  for (uint32_t i = 0; i < count; i++) {
    const uint64_t stats = LOAD(t->nodes[first + i].stats);
    float score;
    if ((uint32_t)stats < INVERSES && !t->known && !t->unobserved) {
      const inverses n = inverse_table[(uint32_t)stats];
      if ((uint32_t)stats == 0) return i;
      score = (float)stats_sum(stats) * n.quantum * n.inverse + explore * n.root;
    } else { /* many visits, proven, or with knowledge */
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
/* Loads `node` and node[4]. Only the first half of each is used. */
LT_WIDE static inline __m256i two_nodes(const lt_node *node) {
  const __m128i low = _mm_load_si128((const __m128i *)(const void *)node),
                high = _mm_load_si128((const __m128i *)(const void *)&node[4]);
  return _mm256_inserti128_si256(_mm256_castsi128_si256(low), high, 1);
}

/* Writes the visits and value sums of eight children. Returns a mask with one bit per solved child. */
LT_WIDE static inline uint32_t eight_children(const lt_node *child, __m256 *visits, __m256 *sums) {
  const __m256i a = _mm256_unpacklo_epi32(two_nodes(child), two_nodes(child + 1));
  const __m256i b = _mm256_unpacklo_epi32(two_nodes(child + 2), two_nodes(child + 3));
  const __m256i bits = _mm256_unpacklo_epi64(a, b);
  const __m256 n = _mm256_cvtepi32_ps(_mm256_andnot_si256(_mm256_srli_epi32(bits, 24), bits));
  const __m256i exponent = _mm256_and_si256(_mm256_castps_si256(n), _mm256_set1_epi32(0x7f800000));
  const __m256 quantum = _mm256_castsi256_ps(_mm256_sub_epi32(exponent, _mm256_set1_epi32(29 << 23)));
  *visits = n;
  *sums = _mm256_mul_ps(_mm256_cvtepi32_ps(_mm256_unpackhi_epi64(a, b)), quantum);
  return (uint32_t)_mm256_movemask_ps(_mm256_castsi256_ps(bits));
}

/* Sets all bits in the first `count` of eight lanes. */
LT_WIDE static inline __m256 lanes_inside(uint32_t count) {
  const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  return _mm256_castsi256_ps(_mm256_cmpgt_epi32(_mm256_set1_epi32((int32_t)count), lane));
}

/* Among the children `i` to i + 7 (of `count` in total), finds the largest score; ties go to the first. If it exceeds
 * `best`, updates `best` and returns the child's index; otherwise returns `chosen`. */
LT_WIDE static inline uint32_t largest_of_eight(__m256 score, uint32_t i, uint32_t count, float *best, uint32_t chosen) {
  const __m256 those = _mm256_blendv_ps(_mm256_set1_ps(-INFINITY), score, lanes_inside(count - i));
  __m256 most = _mm256_max_ps(those, _mm256_permute2f128_ps(those, those, 1));
  most = _mm256_max_ps(most, _mm256_shuffle_ps(most, most, 0x4e));
  most = _mm256_max_ps(most, _mm256_shuffle_ps(most, most, 0xb1));
  const float top = _mm256_cvtss_f32(most);
  if (!(top > *best)) return chosen;
  *best = top;
  return i + (uint32_t)__builtin_ctz((uint32_t)_mm256_movemask_ps(_mm256_cmp_ps(those, most, _CMP_EQ_OQ)));
}

/* Processes eight children at a time, with the same result. The arena has padding after its last node. */
LT_WIDE static inline uint32_t select_wide_uct(const lt_tree *t, uint32_t first, uint32_t count, uint32_t parent_visits) {
  const float explore = (float)t->rule.c * sqrt_log(parent_visits);
  float best = -INFINITY;
  uint32_t chosen = 0;
  for (uint32_t i = 0; i < count; i += 8) {
    const uint32_t inside = count - i < 8 ? (1u << (count - i)) - 1 : 255;
    __m256 n, sums;
    if (LT_UNLIKELY(eight_children(&t->nodes[first + i], &n, &sums) & inside)) /* some are solved */
      return select_plain_uct(t, first, count, explore);
    const uint32_t untried = (uint32_t)_mm256_movemask_ps(_mm256_cmp_ps(n, _mm256_setzero_ps(), _CMP_EQ_OQ)) & inside;
    if (untried) return i + (uint32_t)__builtin_ctz(untried);
    const __m256 inverse = _mm256_div_ps(_mm256_set1_ps(1.0f), n);
    const __m256 score = _mm256_add_ps(_mm256_mul_ps(sums, inverse),
                                       _mm256_mul_ps(_mm256_set1_ps(explore), _mm256_sqrt_ps(inverse)));
    chosen = largest_of_eight(score, i, count, &best, chosen);
  }
  return chosen;
}
#endif

/* UCB1-tuned (Auer, Cesa-Bianchi and Fischer 2002, section 4): an unvisited child, else the child with the largest
 *   W / n + c sqrt(ln N / n min(1, V + 4 sqrt(2 ln N / n))),
 * where V is the variance of the child's values. Values are in [-1, 1] instead of [0, 1], so deviations are twice those
 * of the paper. */
static inline uint32_t select_ucb1_tuned(const lt_tree *t, uint32_t first, uint32_t count, uint32_t parent_visits) {
  const float root = sqrt_log(parent_visits), c = (float)t->rule.c;
  float best = -INFINITY;
  uint32_t chosen = 0;
  for (uint32_t i = 0; i < count; i++) {
    const child_view v = view(t, first + i);
    if (v.lost) continue;
    if (v.n <= 0) return i;
    const float ratio = root * root / v.n;
    float variance = (float)(LOAD(t->squares[first + i]) / (double)v.n) - v.q * v.q;
    if (variance < 0) variance = 0;
    variance += 4.0f * sqrtf(2.0f * ratio);
    float score = v.solved ? v.q : v.q + c * sqrtf(ratio * (variance < 1.0f ? variance : 1.0f));
    if (score > best) best = score, chosen = i;
  }
  return chosen;
}

/* Thompson sampling (Thompson 1933; in trees Bai, Wu and Chen 2013): the child with the largest sample from the posterior
 * of its mean, Beta(1 + won, 1 + lost). n values with sum W count as (n + W) / 2 won and (n - W) / 2 lost, each divided
 * by c^2. */
static inline uint32_t select_thompson(const lt_tree *t, uint32_t first, uint32_t count, lt_rng *rng) {
  const double weight = t->rule.c > 0 ? 0.5 / (t->rule.c * t->rule.c) : 1e9;
  double best = -INFINITY;
  uint32_t chosen = 0;
  for (uint32_t i = 0; i < count; i++) {
    const child_view v = view(t, first + i);
    if (v.lost) continue;
    double q = v.q < -1 ? -1 : v.q > 1 ? 1 : v.q; /* virtual losses may exceed the range of values */
    double score = q;
    if (!v.solved) score = 2.0 * lt_rng_beta(rng, 1.0 + weight * v.n * (1.0 + q), 1.0 + weight * v.n * (1.0 - q)) - 1.0;
    if (score > best) best = score, chosen = i;
  }
  return chosen;
}

/* ---- PUCT ---- */

/* Sums over children are accumulated in eight lanes: the order of a floating-point sum decides its last digit, and this
 * is the order of vector code. */
enum { LANES = 8 };
static inline float across(const float *x) { return ((x[0] + x[4]) + (x[2] + x[6])) + ((x[1] + x[5]) + (x[3] + x[7])); }

/* The assumed value of an unvisited child, from sums over the visited ones. */
static inline float puct_untried(const lt_rule *rule, float sum, float tried, float looked) {
  const float untried = rule->fpu == LT_FPU_VALUE ? (float)rule->fpu_value : tried > 0 ? sum / tried : 0.0f;
  return rule->fpu_reduction > 0 ? untried - (float)rule->fpu_reduction * sqrtf(looked) : untried;
}

static inline float puct_explore(const lt_rule *rule, uint32_t parent_visits) {
  const double growth = rule->base > 0 ? log((1.0 + parent_visits + rule->base) / rule->base) : 0.0;
  return (float)((rule->c + growth) * sqrt((double)parent_visits));
}

/* PUCT (Rosin 2011, as in Silver et al. 2017): the child with the largest
 *   Q + c P sqrt(N) / (1 + n).
 * An unvisited child has the mean value of its siblings, or the value `fpu_value`, minus `fpu_reduction` sqrt(sum of the
 * visited children's P), as in Leela Zero. If `base` is set, c grows with the visits (Silver et al. 2018): c + ln((1 + N
 * + base) / base). */
static inline uint32_t select_puct(const lt_tree *t, uint32_t first, uint32_t count, uint32_t parent_visits) {
  const lt_rule *rule = &t->rule;
  const float *prior = &t->priors[first];
  float sum[LANES] = {0}, tried[LANES] = {0}, looked[LANES] = {0};
  for (uint32_t i = 0; i < count; i++) {
    const child_view v = view(t, first + i);
    sum[i % LANES] += v.n * v.q, tried[i % LANES] += v.n;
    if (v.n > 0) looked[i % LANES] += prior[i];
  }
  const float untried = puct_untried(rule, across(sum), across(tried), across(looked));
  const float explore = puct_explore(rule, parent_visits);
  float best = -INFINITY;
  uint32_t chosen = 0;
  for (uint32_t i = 0; i < count; i++) {
    const child_view v = view(t, first + i);
    if (v.lost) continue;
    float score = v.solved ? v.q : (v.n > 0 ? v.q : untried) + explore * prior[i] / (1.0f + v.n);
    if (score > best) best = score, chosen = i;
  }
  return chosen;
}

#if defined(LT_WIDE)
LT_WIDE static inline float wide_across(__m256 x) {
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

/* Processes eight children at a time, with the same result. */
LT_WIDE static inline uint32_t select_wide_puct(const lt_tree *t, uint32_t first, uint32_t count, uint32_t parent_visits) {
  const lt_rule *rule = &t->rule;
  const float *prior = &t->priors[first];
  const __m256 zero = _mm256_setzero_ps(), one = _mm256_set1_ps(1.0f);
  __m256 n = zero, q = zero, none = zero, sum = zero, tried = zero, looked = zero;
  float best = -INFINITY, untried = 0, explore = 0;
  uint32_t chosen = 0;
  for (int pass = 0; pass < 2; pass++) { /* pass 0 computes the sums, pass 1 selects */
    for (uint32_t i = 0; i < count; i += LANES) {
      if (pass == 0 || count > LANES) {
        const __m256 inside = lanes_inside(count - i);
        if (LT_UNLIKELY(eight_children(&t->nodes[first + i], &n, &q) & (uint32_t)_mm256_movemask_ps(inside)))
          return select_puct(t, first, count, parent_visits); /* some are solved */
        n = _mm256_and_ps(n, inside);
        none = _mm256_cmp_ps(n, zero, _CMP_EQ_OQ);
        q = _mm256_andnot_ps(none, _mm256_mul_ps(q, _mm256_div_ps(one, n)));
      }
      if (pass == 0) {
        sum = _mm256_add_ps(sum, _mm256_mul_ps(n, q)), tried = _mm256_add_ps(tried, n);
        looked = _mm256_add_ps(looked, _mm256_andnot_ps(none, _mm256_loadu_ps(prior + i)));
      } else {
        const __m256 value = _mm256_blendv_ps(q, _mm256_set1_ps(untried), none);
        const __m256 more = _mm256_mul_ps(_mm256_set1_ps(explore), _mm256_loadu_ps(prior + i));
        const __m256 score = _mm256_add_ps(value, _mm256_div_ps(more, _mm256_add_ps(one, n)));
        chosen = largest_of_eight(score, i, count, &best, chosen);
      }
    }
    if (pass) break;
    untried = puct_untried(rule, wide_across(sum), wide_across(tried), wide_across(looked));
    explore = puct_explore(rule, parent_visits);
  }
  return chosen;
}
#endif

/* ---- Gumbel ---- */

/* Gumbel MuZero (Danihelka, Guez, Schrittwieser and Silver 2022). The logit of an action combines its prior and its
 * completed value,
 *   ln P + (c_visit + max n) c_scale Q,   Q in [0, 1] (equation 8).
 * For an unvisited action, Q is the mixed value v_mix (equation 33): the average of the node's own first value and the
 * prior-weighted mean of the visited actions' values. */
typedef struct { double mixed, factor; } completion;

static inline completion complete(const lt_tree *t, uint32_t id, uint32_t first, uint32_t count) {
  double weight = 0, weighted = 0, visits = 0, most = 0;
  for (uint32_t i = 0; i < count; i++) {
    const child_view v = view(t, first + i);
    const double n = stats_visits(LOAD(t->nodes[first + i].stats)), p = t->priors[first + i];
    visits += n;
    if (n > most) most = n;
    if (v.n > 0) weight += p, weighted += p * v.q;
  }
  const double raw = LOAD(t->raw[id]);
  const double mixed = weight > 0 ? (raw + visits * (weighted / weight)) / (1.0 + visits) : raw;
  return (completion){mixed, (t->rule.visit + most) * t->rule.scale};
}

static inline double completed_value(const lt_tree *t, uint32_t child, completion c) {
  const child_view v = view(t, child);
  return v.lost ? -INFINITY : c.factor * 0.5 * (1.0 + (v.n > 0 ? v.q : c.mixed));
}

static inline double prior_of(const lt_tree *t, uint32_t child) {
  return t->priors[child] > 1e-30f ? t->priors[child] : 1e-30;
}

/* Writes the unnormalised softmax of these logits without logarithms, P exp(value - largest value), and returns its sum. */
static inline double improve(const lt_tree *t, uint32_t id, uint32_t first, uint32_t count, double *policy) {
  const completion c = complete(t, id, first, count);
  double top = -INFINITY, total = 0, last = NAN, power = 1;
  for (uint32_t i = 0; i < count; i++) {
    policy[i] = completed_value(t, first + i, c);
    if (policy[i] > top) top = policy[i];
  }
  for (uint32_t i = 0; i < count; i++) { /* equal values, such as those of unvisited actions, share one call of exp */
    if (top > -INFINITY && policy[i] != last) last = policy[i], power = exp(last - top);
    total += policy[i] = power * prior_of(t, first + i);
  }
  return total;
}

/* Below the root: the child with the largest p - n / (1 + sum of n), where p is the improved policy (section 5). */
static inline uint32_t select_improved(const lt_tree *t, lt_worker *w, uint32_t id, uint32_t first, uint32_t count) {
  double *const policy = w->probabilities, visits = 0, best = -INFINITY;
  const double total = improve(t, id, first, count, policy);
  uint32_t chosen = 0;
  for (uint32_t i = 0; i < count; i++) visits += stats_visits(LOAD(t->nodes[first + i].stats));
  for (uint32_t i = 0; i < count; i++) {
    const double score = policy[i] / total - stats_visits(LOAD(t->nodes[first + i].stats)) / (1.0 + visits);
    if (score > best) best = score, chosen = i;
  }
  return chosen;
}

/* At the root: sequential halving (Karnin, Koren and Somekh 2013). The budget is divided into phases. In each phase, all
 * actions still considered get equally many visits; then the better half remains. The order is that of the Gumbel number
 * plus the completed logit. Returns the index of the child to visit. */
static inline uint32_t select_gumbel_root(lt_tree *t, uint32_t first, uint32_t count) {
  lt_plan *plan = &t->plan;
  const completion c = complete(t, 0, first, count);
  if (plan->rounds == 0) { /* a phase begins */
    int32_t phases = 0;
    while (1 << phases < plan->first_considered) phases++;
    const uint64_t rounds = plan->simulations / (uint64_t)((phases > 1 ? phases : 1) * plan->considered);
    plan->rounds = rounds < 1 ? 1 : (uint32_t)rounds;
    plan->in_round = (uint32_t)plan->considered;
  }
  double best = -INFINITY;
  uint32_t chosen = UINT32_MAX, fewest = 0;
  for (uint32_t i = 0; i < count; i++) {
    if (view(t, first + i).lost) continue;
    const double score = t->root_numbers[i] + completed_value(t, first + i, c);
    if (t->planned[i] == (uint32_t)plan->level && score > best) best = score, chosen = i;
    if (t->planned[i] < t->planned[fewest] || view(t, first + fewest).lost) fewest = i;
  }
  if (chosen == UINT32_MAX) chosen = fewest; /* some of the considered actions are proven losses */
  t->planned[chosen]++;
  if (--plan->in_round == 0) {
    plan->level++, plan->rounds--;
    if (plan->rounds == 0) plan->considered = plan->considered / 2 > 2 ? plan->considered / 2 : 2;
    plan->in_round = (uint32_t)plan->considered;
  }
  return chosen;
}

/* ---- RAVE and GRAVE ---- */

/* The weight of a child's all-moves-as-first value (m visits) relative to its own value (n visits). It minimises the
 * expected squared error if all-moves-as-first values have the bias `bias` (Gelly and Silver 2011, equation 12; for
 * values in [-1, 1], 4 b^2 is bias^2),
 *   m / (n + m + bias^2 n m),
 * or it follows the hand-selected schedule (ibid., equation 10) with k = `equivalence`: sqrt(k / (3 N + k)). */
static inline float amaf_weight(const lt_rule *rule, float n, float m, uint32_t parent_visits) {
  if (m <= 0) return 0.0f;
  if (n <= 0) return 1.0f;
  const float k = (float)rule->equivalence, b = (float)rule->bias;
  return k > 0 ? sqrtf(k / (3.0f * (float)(int32_t)parent_visits + k)) : m / (n + m + b * b * n * m);
}

/* GRAVE: sets the reference node whose all-moves-as-first values the node `id` uses. It is the node itself if it has
 * `ref` visits, else the nearest ancestor on the path that has them and in which the same player acts. Returns the stamp
 * of the reference node's children, or 0 for the node itself. */
static inline uint32_t find_lender(const lt_tree *t, lt_worker *w, uint32_t id, int32_t player, uint32_t visits) {
  const uint32_t none = UINT32_MAX;
  if (id == 0 || visits >= t->rule.ref) {
    w->lender[player] = id, w->lender_stamp[player] = 0;
    return 0;
  }
  uint32_t lender = w->lender[player];
  if (lender == none) return 0;
  if (w->lender_stamp[player] == 0) { /* first use of this reference node */
    const lt_node *node = &t->nodes[lender];
    const uint32_t first = LOAD(node->first_child), actions = (uint32_t)t->game->num_distinct_actions;
    lt_borrowed *borrowed = w->borrowed + (size_t)player * actions;
    uint32_t stamp = w->lender_stamp[player] = next_stamp(t->game, w);
    for (uint32_t i = first; i < first + node->num_children; i++)
      borrowed[action_of(t, i)] = (lt_borrowed){stamp, i};
  }
  return w->lender_stamp[player];
}

/* RAVE (Gelly and Silver 2011) and GRAVE (Cazenave 2015): a child with neither visits nor an all-moves-as-first value,
 * else the child with the largest
 *   (1 - beta) W / n + beta V / m + c sqrt(ln N / (1 + n)),
 * where V / m is the mean result of the m simulations in which the same player played the child's action at any later
 * time. For GRAVE, V and m belong to the action at the reference node, or to the child itself if the reference node has
 * no such action. */
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
