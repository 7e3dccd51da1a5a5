/* Loops over hands. Each loop is as short as the number of hands, so the compiler does not vectorise it: the vectors are
 * written out, two hands per register, which every 64-bit processor supports. Registers twice as wide (AVX2) were tested
 * and were no faster, because the hands of a public state rarely fill them. */
#include "regret/hands.h"

#if defined(__GNUC__)
typedef double vector __attribute__((vector_size(16)));
typedef double loose __attribute__((vector_size(16), aligned(8), may_alias));
typedef int64_t mask __attribute__((vector_size(16)));
enum { LANES = 2 };
static inline vector load(const double *at) { return *(const loose *)at; }
static inline void store(double *at, vector value) { *(loose *)at = value; }
static inline vector all(double value) { return (vector){value, value}; }
static inline double first(vector value) { return value[0]; }
/* In each lane: yes if a > 0, else no. */
static inline vector if_positive(vector a, vector yes, vector no) {
  const mask m = a > 0.0;
  return (vector)((m & (mask)yes) | (~m & (mask)no));
}
#else
typedef double vector;
enum { LANES = 1 };
static inline vector load(const double *at) { return *at; }
static inline void store(double *at, vector value) { *at = value; }
static inline vector all(double value) { return value; }
static inline double first(vector value) { return value; }
static inline vector if_positive(vector a, vector yes, vector no) { return a > 0 ? yes : no; }
#endif

/* ---- Leaves ---- */

/* A group of at most LT_ROWS rows, whose number the compiler knows: the sums stay in registers during the loop over
 * columns. */
static inline void add_rows(const double *restrict matrix, const double *restrict reach, double *restrict gradient,
                            const uint32_t rows, uint32_t columns) {
  vector sum[LT_ROWS / LANES];
  const uint32_t vectors = (rows + rows % 2) / LANES;
  for (uint32_t v = 0; v < vectors; v++) sum[v] = all(0.0);
  for (uint32_t j = 0; j < columns; j++, matrix += vectors * LANES)
    for (uint32_t v = 0; v < vectors; v++) sum[v] += load(matrix + v * LANES) * all(reach[j]);
  for (uint32_t v = 0; v < rows / LANES; v++) store(gradient + v * LANES, load(gradient + v * LANES) + sum[v]);
  if (rows % LANES) gradient[rows - 1] += first(sum[vectors - 1]);
}

void lt_hands_add_leaves(const lt_game_tree *t, lt_game_tree_part part, const double *reach, double *gradient) {
  for (uint32_t l = part.leaf; l < part.end_leaf; l++) {
    const lt_game_tree_leaf leaf = t->leaves[l];
    const double *matrix = &t->matrices[leaf.matrix], *from = &reach[leaf.column];
    double *to = &gradient[leaf.row];
    uint32_t rows = leaf.rows;
    for (; rows > LT_ROWS; rows -= LT_ROWS, matrix += LT_ROWS * leaf.columns, to += LT_ROWS)
      add_rows(matrix, from, to, LT_ROWS, leaf.columns);
    switch (rows) {
      case 1: add_rows(matrix, from, to, 1, leaf.columns); break;
      case 2: add_rows(matrix, from, to, 2, leaf.columns); break;
      case 3: add_rows(matrix, from, to, 3, leaf.columns); break;
      case 4: add_rows(matrix, from, to, 4, leaf.columns); break;
      case 5: add_rows(matrix, from, to, 5, leaf.columns); break;
      case 6: add_rows(matrix, from, to, 6, leaf.columns); break;
      case 7: add_rows(matrix, from, to, 7, leaf.columns); break;
      default: add_rows(matrix, from, to, LT_ROWS, leaf.columns);
    }
  }
}

/* ---- Regret matching ---- */

/* A single hand is broadcast to a full register. */
static inline vector get(const double *at, const int alone) { return alone ? all(*at) : load(at); }
static inline void put(double *at, vector value, const int alone) {
  if (alone) *at = first(value);
  else store(at, value);
}

enum { VECTORS = 2 };

/* Processes `vectors` times LANES information states (at most VECTORS vectors), or a single one. */
static inline void match(double *restrict regret, double *restrict strategy, const double *restrict gradient,
                         double *restrict value, const int vectors, const int alone, size_t stride, uint32_t actions,
                         const lt_cfr_step *step) {
  const size_t end = actions * stride;
  vector here[VECTORS], sum[VECTORS];
  for (int v = 0; v < vectors; v++) here[v] = sum[v] = all(0.0);
  for (size_t s = 0; s < end; s += stride)
    for (int v = 0; v < vectors; v++) {
      const size_t at = s + (size_t)v * LANES;
      here[v] += get(strategy + at, alone) * get(gradient + at, alone);
    }
  for (int v = 0; v < vectors; v++) put(value + v * LANES, here[v], alone);
  for (size_t s = 0; s < end; s += stride)
    for (int v = 0; v < vectors; v++) {
      const size_t at = s + (size_t)v * LANES;
      const vector instant = get(gradient + at, alone) - here[v];
      vector total = get(regret + at, alone) + instant;
      total *= if_positive(total, all(step->keep_positive), all(step->keep_negative));
      put(regret + at, total, alone);
      const vector target = total + all(step->prediction) * instant, weight = if_positive(target, target, all(0.0));
      put(strategy + at, weight, alone);
      sum[v] += weight;
    }
  for (int v = 0; v < vectors; v++) {
    const vector inverse = all(1.0) / if_positive(sum[v], sum[v], all(1.0));
    const vector otherwise = if_positive(sum[v], all(0.0), all(1.0 / actions));
    for (size_t s = (size_t)v * LANES; s < (size_t)v * LANES + end; s += stride)
      put(strategy + s, get(strategy + s, alone) * inverse + otherwise, alone);
  }
}

void lt_hands_match_regrets(double *regret, double *strategy, const double *gradient, double *value, uint32_t size,
                            uint32_t stride, uint32_t actions, const lt_cfr_step *step) {
  uint32_t i = 0;
  for (; i + VECTORS * LANES <= size; i += VECTORS * LANES)
    match(regret + i, strategy + i, gradient + i, value + i, VECTORS, 0, stride, actions, step);
  for (; i + LANES <= size; i += LANES)
    match(regret + i, strategy + i, gradient + i, value + i, 1, 0, stride, actions, step);
  for (; i < size; i++) match(regret + i, strategy + i, gradient + i, value + i, 1, 1, stride, actions, step);
}
