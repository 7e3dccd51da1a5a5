/* Alpha-beta search for connect four, with threats first, a table of bounds, and null windows that narrow to the score.
 * Ideas from Allis, "A knowledge-based approach of connect-four", 1988, and Tromp's and Pons's solvers. */
#include "games/connect_four_solver.h"
#include <stdlib.h>

enum { ROWS = 6, COLUMNS = 7, COLUMN = ROWS + 1, CELLS = ROWS * COLUMNS };

#define BOTTOM UINT64_C(0x0040810204081)
#define BOARD (BOTTOM * ((UINT64_C(1) << ROWS) - 1))

enum { LOWER = 64, UPPER = 128, MIDDLE = 32 }; /* types of bounds in the table; a score is stored as score + MIDDLE */

lt_c4_solver *lt_c4_solver_new(size_t table_bytes) {
  lt_c4_solver *s = calloc(1, sizeof *s);
  if (s == NULL) return NULL;
  s->table_size = (table_bytes / sizeof *s->table) | 1;
  s->table = calloc(s->table_size, sizeof *s->table);
  if (s->table != NULL) return s;
  free(s);
  return NULL;
}

void lt_c4_solver_free(lt_c4_solver *s) {
  if (s == NULL) return;
  free(s->table), free(s);
}

static inline int count(uint64_t bits) { return __builtin_popcountll(bits); }

/* Empty cells that would complete four of `stones` in a line. */
static inline uint64_t winning_cells(uint64_t stones, uint64_t taken) {
  uint64_t cells = stones << 1 & stones << 2 & stones << 3;
  for (int step = COLUMN - 1; step <= COLUMN + 1; step++) {
    const uint64_t before = stones << step & stones << 2 * step, behind = stones >> step & stones >> 2 * step;
    cells |= before & (stones << 3 * step | stones >> step);
    cells |= behind & (stones >> 3 * step | stones << step);
  }
  return cells & (BOARD ^ taken);
}

static inline uint64_t landings(uint64_t taken) { return (taken + BOTTOM) & BOARD; }

/* A position in which the player to move cannot win at once. */
static int search(lt_c4_solver *s, uint64_t own, uint64_t taken, int alpha, int beta) {
  if (++s->nodes >= s->node_limit) s->stopped = 1;
  if (s->stopped) return 0;
  const int stones = count(taken);
  const uint64_t other = own ^ taken, threats = winning_cells(other, taken);
  uint64_t moves = landings(taken);
  if (moves & threats) {
    moves &= threats;
    if (moves & (moves - 1)) moves = 0; /* two threats cannot both be blocked */
  }
  moves &= ~(threats >> 1); /* a stone below a threat lets the opponent complete it */
  if (!moves) return -(CELLS - stones) / 2;
  if (stones >= CELLS - 2) return 0;

  const int worst = -(CELLS - 2 - stones) / 2;
  int best_possible = (CELLS - 1 - stones) / 2;
  const uint64_t key = own + taken + BOTTOM; /* unique: the cell above each column marks its height */
  uint64_t *entry = &s->table[key % s->table_size];
  if (*entry >> 8 == key) {
    const int bound = (int)(*entry & 63) - MIDDLE;
    if (*entry & LOWER) {
      if (bound > alpha) alpha = bound;
    } else if (bound < best_possible) {
      best_possible = bound;
    }
  }
  if (alpha < worst) alpha = worst;
  if (alpha >= beta) return alpha; /* the lower bound is high enough */
  if (beta > best_possible) beta = best_possible;
  if (alpha >= beta) return beta; /* the upper bound is low enough */

  /* Moves that create the most threats first; among equal ones, the closest to the middle. */
  uint64_t ordered[COLUMNS];
  int threats_of[COLUMNS], n = 0;
  static const int order[COLUMNS] = {3, 2, 4, 1, 5, 0, 6};
  for (int i = 0; i < COLUMNS; i++) {
    const uint64_t move = moves & ((UINT64_C(1) << ROWS) - 1) << order[i] * COLUMN;
    if (!move) continue;
    const int made = count(winning_cells(own | move, taken | move));
    int at = n++;
    for (; at > 0 && threats_of[at - 1] < made; at--) ordered[at] = ordered[at - 1], threats_of[at] = threats_of[at - 1];
    ordered[at] = move, threats_of[at] = made;
  }
  for (int i = 0; i < n; i++) {
    const int score = -search(s, other, taken | ordered[i], -beta, -alpha);
    if (s->stopped) return 0;
    if (score >= beta) {
      *entry = key << 8 | LOWER | (uint64_t)(score + MIDDLE);
      return score;
    }
    if (score > alpha) alpha = score;
  }
  *entry = key << 8 | UPPER | (uint64_t)(alpha + MIDDLE);
  return alpha;
}

int lt_c4_solve(lt_c4_solver *s, uint64_t own, uint64_t taken, int alpha, int beta) {
  s->stopped = 0;
  const int stones = count(taken);
  if (landings(taken) & winning_cells(own, taken)) return (CELLS + 1 - stones) / 2;
  int low = -(CELLS - stones) / 2, high = (CELLS + 1 - stones) / 2;
  if (low < alpha) low = alpha;
  if (high > beta) high = beta;
  while (low < high) {
    int at = low + (high - low) / 2;
    if (at <= 0 && low / 2 < at) at = low / 2;
    else if (at >= 0 && high / 2 > at) at = high / 2;
    const int score = search(s, own, taken, at, at + 1);
    if (s->stopped) return 0;
    if (score <= at) high = score;
    else low = score;
  }
  return low;
}
