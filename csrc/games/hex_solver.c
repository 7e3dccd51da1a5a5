/* Proofs in hex with must-play regions (Hayward et al., "Solving 7x7 Hex", Theoretical Computer Science 349, 2005).
 *
 * A side is connected if a chain leads from edge to edge whose links are neighbours or bridges: two stones, or a stone and
 * an edge, with two free cells between them. If the opponent takes one of the two, the other completes the link; so the
 * side wins, whoever moves, if the bridges of the chain share no cell. The free cells of these bridges are the carrier of
 * the win. If the opponent would win by a stone on a free cell, the player to move has to play in the carrier of that win
 * or on the cell itself. Every move that loses narrows this region further, to the carrier of the proof that it loses. */
#include "games/hex_solver.h"
#include <stdlib.h>
#include <string.h>

enum { MOST = 64, AROUND = 6 };

typedef struct { uint64_t stones[2], carrier; int32_t winner, used; } entry_t; /* winner: of the position, if `used` */

struct lt_hex_solver {
  int columns, rows, stopped;
  uint64_t board, near[MOST];
  uint64_t edge[2][2];                     /* cells at the first and the last edge of a player */
  uint64_t to_edge[2][2][MOST];            /* the two cells between a cell and an edge that it has a bridge to, or 0 */
  struct { uint64_t target, between; } bridge[MOST][AROUND]; /* target 0 if it is outside the board */
  int32_t central[MOST];
  entry_t *table;
  uint64_t table_size, nodes, node_limit;
};

static inline uint64_t bit(int cell) { return UINT64_C(1) << cell; }
static inline int first(uint64_t cells) { return __builtin_ctzll(cells); }

static uint64_t at(const lt_hex_solver *s, int row, int column) {
  return row >= 0 && row < s->rows && column >= 0 && column < s->columns ? bit(row * s->columns + column) : 0;
}

lt_hex_solver *lt_hex_solver_new(int columns, int rows, size_t table_bytes) {
  static const int step[AROUND][2] = {{-1, 0}, {-1, 1}, {0, 1}, {1, 0}, {1, -1}, {0, -1}}; /* in a circle */
  lt_hex_solver *s = calloc(1, sizeof *s);
  if (s == NULL) return NULL;
  s->columns = columns, s->rows = rows;
  s->table_size = table_bytes / sizeof *s->table | 1;
  s->table = calloc(s->table_size, sizeof *s->table);
  if (s->table == NULL) {
    free(s);
    return NULL;
  }
  for (int row = 0; row < rows; row++)
    for (int column = 0; column < columns; column++) {
      const int cell = row * columns + column;
      s->board |= bit(cell);
      s->central[cell] = -abs(2 * row - rows + 1) - abs(2 * column - columns + 1);
      for (int k = 0; k < AROUND; k++) {
        const int *one = step[k], *next = step[(k + 1) % AROUND];
        const uint64_t a = at(s, row + one[0], column + one[1]), b = at(s, row + next[0], column + next[1]);
        s->near[cell] |= a;
        s->bridge[cell][k].target = a && b ? at(s, row + one[0] + next[0], column + one[1] + next[1]) : 0;
        s->bridge[cell][k].between = a | b;
      }
      s->edge[0][0] |= row == 0 ? bit(cell) : 0, s->edge[0][1] |= row == rows - 1 ? bit(cell) : 0;
      s->edge[1][0] |= column == 0 ? bit(cell) : 0, s->edge[1][1] |= column == columns - 1 ? bit(cell) : 0;
    }
  for (int player = 0; player < 2; player++)
    for (int side = 0; side < 2; side++)
      for (int cell = 0; cell < rows * columns; cell++) {
        const uint64_t between = s->near[cell] & s->edge[player][side];
        if (!(bit(cell) & s->edge[player][side]) && between & (between - 1)) s->to_edge[player][side][cell] = between;
      }
  return s;
}

void lt_hex_solver_free(lt_hex_solver *s) {
  if (s == NULL) return;
  free(s->table), free(s);
}

uint64_t lt_hex_solver_nodes(const lt_hex_solver *s) { return s->nodes; }

/* The stones among `own` that are connected to `cells` by neighbours. */
static uint64_t group(const lt_hex_solver *s, uint64_t cells, uint64_t own) {
  uint64_t found = cells, fresh = cells;
  while (fresh) {
    uint64_t around = 0;
    for (uint64_t m = fresh; m; m &= m - 1) around |= s->near[first(m)];
    fresh = around & own & ~found;
    found |= fresh;
  }
  return found;
}

/* Whether a player is connected, and the carrier of its chain. Each group has one chain from the first edge, whose bridges
 * share no cell; so a connection may be missed, but none is invented. */
static int connected(const lt_hex_solver *s, int player, uint64_t own, uint64_t open, uint64_t *carrier) {
  uint64_t groups[MOST], carriers[MOST], seen = 0;
  int known = 0;
  for (uint64_t m = own & s->edge[player][0]; m; m &= ~seen)
    groups[known] = group(s, m & -m, own), carriers[known] = 0, seen |= groups[known++];
  for (uint64_t m = own & ~seen; m; m &= m - 1) {
    const uint64_t between = s->to_edge[player][0][first(m)];
    if (between && !(between & ~open) && !(m & -m & seen))
      groups[known] = group(s, m & -m, own), carriers[known] = between, seen |= groups[known++];
  }
  for (int i = 0; i < known; i++) {
    if (groups[i] & s->edge[player][1]) {
      *carrier = carriers[i];
      return 1;
    }
    const uint64_t free_cells = open & ~carriers[i];
    for (uint64_t m = groups[i]; m; m &= m - 1) {
      const int cell = first(m);
      const uint64_t last = s->to_edge[player][1][cell];
      if (last && !(last & ~free_cells)) {
        *carrier = carriers[i] | last;
        return 1;
      }
      for (int k = 0; k < AROUND; k++) {
        const uint64_t target = s->bridge[cell][k].target & own & ~seen, between = s->bridge[cell][k].between;
        if (target && !(between & ~free_cells))
          groups[known] = group(s, target, own), carriers[known] = carriers[i] | between, seen |= groups[known++];
      }
    }
  }
  return 0;
}

static entry_t *entry_of(const lt_hex_solver *s, const uint64_t stones[2]) {
  uint64_t hash = stones[0] * UINT64_C(0x9E3779B97F4A7C15) ^ (stones[1] + 1) * UINT64_C(0xC2B2AE3D27D4EB4F);
  hash ^= hash >> 29;
  return s->table + hash * UINT64_C(0xBF58476D1CE4E5B9) % s->table_size;
}

/* How many more stones a player needs to link each cell to one of its edges, the stone on the cell included; bridges cost
 * one stone only. Adds it to `needed`, `cells` where there is no way. */
static void add_distances(const lt_hex_solver *s, int player, int side, uint64_t own, uint64_t open, int32_t *needed) {
  const int far_away = s->rows * s->columns;
  uint64_t seen = group(s, own & s->edge[player][side], own), border = seen, left = open;
  for (int distance = 1; distance < far_away; distance++) {
    uint64_t next = distance == 1 ? s->edge[player][side] : 0;
    if (distance == 1)
      for (uint64_t m = (open | own) & ~seen; m; m &= m - 1) {
        const uint64_t between = s->to_edge[player][side][first(m)];
        if (between && !(between & ~open)) next |= m & -m;
      }
    for (uint64_t m = border; m; m &= m - 1) {
      const int cell = first(m);
      next |= s->near[cell];
      for (int k = 0; k < AROUND; k++)
        if (!(s->bridge[cell][k].between & ~open)) next |= s->bridge[cell][k].target;
    }
    next &= (open | own) & ~seen;
    if (!next) break;
    border = group(s, next, own); /* own stones are free */
    seen |= border;
    for (uint64_t m = border & open; m; m &= m - 1) needed[first(m)] += distance;
    left &= ~border;
  }
  for (uint64_t m = left; m; m &= m - 1) needed[first(m)] += far_away;
}

/* The winner of a position in which `player` moves, and the carrier of its win. */
static int search(lt_hex_solver *s, const uint64_t stones[2], int player, uint64_t *carrier) {
  const int other = 1 - player;
  const uint64_t open = s->board & ~(stones[0] | stones[1]);
  if (connected(s, other, stones[other], open, carrier)) return other;
  entry_t *entry = entry_of(s, stones);
  if (entry->used && entry->stones[0] == stones[0] && entry->stones[1] == stones[1]) {
    *carrier = entry->carrier;
    return entry->winner;
  }
  if (++s->nodes >= s->node_limit) s->stopped = 1;
  if (s->stopped) return -1;
  uint64_t must = open, reason = 0, winning;
  int winner = other;
  for (uint64_t m = open; m; m &= m - 1) {
    const uint64_t cell = m & -m;
    if (connected(s, player, stones[player] | cell, open & ~cell, &winning)) {
      winner = player, reason = winning | cell;
      break;
    }
    if (connected(s, other, stones[other] | cell, open & ~cell, &winning)) must &= winning | cell, reason |= winning | cell;
  }
  int32_t needed[MOST] = {0}; /* by both sides, to connect through a cell */
  if (winner == other && must & (must - 1))
    for (int side = 0; side < 2; side++)
      for (int p = 0; p < 2; p++) add_distances(s, p, side, stones[p], open, needed);
  while (winner == other && must) {
    int best = first(must);
    for (uint64_t m = must & (must - 1); m; m &= m - 1) {
      const int cell = first(m), less = needed[cell] - needed[best];
      if (less < 0 || (less == 0 && s->central[cell] > s->central[best])) best = cell;
    }
    uint64_t after[2] = {stones[0], stones[1]};
    after[player] |= bit(best);
    const int found = search(s, after, other, &winning);
    if (s->stopped) return -1;
    if (found == player)
      winner = player, reason = winning | bit(best);
    else
      must &= winning & ~bit(best), reason |= winning;
  }
  *carrier = reason;
  *entry = (entry_t){{stones[0], stones[1]}, reason, winner, 1};
  return winner;
}

int lt_hex_solve(lt_hex_solver *s, const uint64_t stones[2], int player, uint64_t more) {
  uint64_t carrier;
  s->node_limit = s->nodes + more, s->stopped = 0;
  return search(s, stones, player, &carrier);
}
