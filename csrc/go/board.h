/* A Go board with its chains: used by the rules of Go (csrc/games/go.c) and by all playouts.
 *
 * A row has `width` = `size` + 1 points, so that the border to the left of a row is also the border to the right of the row
 * below: column c, row r (both from 0, rows from below) is point (r + 1) * width + c + 1. All data of a point are in one
 * `lt_go_point`. A chain is a ring of points through `next`; its head has its counts. Liberties are pseudo-liberties: an
 * empty point counts once for every adjacent stone of the chain. Their number, their sum and the sum of their squares show
 * at once whether all of them are the same point, which is atari. */
#ifndef LT_GO_BOARD_H
#define LT_GO_BOARD_H
#include <stdint.h>
#include <string.h>
#include "core/rng.h"

enum { LT_EMPTY = 0, LT_BLACK = 1, LT_WHITE = 2, LT_OFF = 3, LT_GO_MAX_SIZE = 25, LT_PASS = 0 };
/* Point 0 is border, so as a move 0 means pass, and as a ko point it means no ko. */

typedef struct lt_go_point {
  uint8_t color;
  uint8_t unused;
  uint16_t around;     /* the colours of eight neighbours, two bits each, in the order of lt_go_steps */
  uint16_t head, next; /* of the chain; an empty point has itself */
  uint16_t stones, liberties; /* of the chain, in its head only: stones, pseudo-liberties, */
  uint32_t sum, squares;      /* the sum of the pseudo-liberties and of their squares */
  uint16_t place;      /* the index of an empty point in the list of empty points */
  uint16_t empty;      /* the list of empty points: the first `num_empty` of these */
} lt_go_point;

typedef struct lt_go_board {
  uint64_t hash;       /* of the stones only */
  int16_t step[8];     /* to the neighbours: north, east, south, west, then the diagonals from north-east on */
  int16_t size, width, num_points;
  uint32_t inverse;    /* 2^16 / width, rounded up: p / width is p * inverse / 2^16 for all points */
  uint16_t num_empty;
  uint16_t ko;         /* the point that simple ko forbids now, or 0 */
  uint16_t last[2];    /* the last move and the one before; LT_PASS also if there was none */
  uint16_t captured[2]; /* stones that black and white have lost */
  lt_go_point at[];
} lt_go_board;

static inline int lt_go_num_points(int size) { return (size + 1) * (size + 2) + 1; }
static inline size_t lt_go_board_bytes(int size) {
  return (sizeof(lt_go_board) + (size_t)lt_go_num_points(size) * sizeof(lt_go_point) + 7) / 8 * 8;
}
/* Actions number the points by rows from below, each from left to right; `size` * `size` is pass. */
static inline int lt_go_point_of(const lt_go_board *b, int action) {
  return action == b->size * b->size ? LT_PASS : (action / b->size + 1) * b->width + action % b->size + 1;
}
static inline int lt_go_action_of(const lt_go_board *b, int point) {
  return point == LT_PASS ? b->size * b->size : point - b->width - (int)((unsigned)point * b->inverse >> 16);
}
static inline int lt_go_enemy(int color) { return LT_BLACK + LT_WHITE - color; }
static inline uint64_t lt_go_key(int point, int color) { return lt_mix(UINT64_C(0x9e3779b97f4a7c15) * (uint64_t)(4 * point + color)); }

static inline void lt_go_init(lt_go_board *b, int size) {
  const int w = size + 1;
  memset(b, 0, lt_go_board_bytes(size));
  b->inverse = (65536u + (unsigned)w - 1) / (unsigned)w;
  b->size = (int16_t)size, b->width = (int16_t)w, b->num_points = (int16_t)lt_go_num_points(size);
  const int16_t step[8] = {(int16_t)w, 1, (int16_t)-w, -1, (int16_t)(w + 1), (int16_t)(1 - w), (int16_t)(-w - 1), (int16_t)(w - 1)};
  memcpy(b->step, step, sizeof step);
  for (int p = 0; p < b->num_points; p++) {
    int column = p % w, row = p / w;
    b->at[p].color = column && row >= 1 && row <= size ? LT_EMPTY : LT_OFF;
    b->at[p].head = b->at[p].next = (uint16_t)p;
  }
  for (int p = w + 1; p < b->num_points - w; p++) {
    if (b->at[p].color != LT_EMPTY) continue;
    for (int d = 0; d < 8; d++) b->at[p].around |= (uint16_t)(b->at[p + step[d]].color << 2 * d);
    b->at[p].place = b->num_empty;
    b->at[b->num_empty++].empty = (uint16_t)p;
  }
}

/* Put a stone on an empty point, or remove it: updates the point, `around` of its neighbours and the list of empty points. */
static inline void lt_go_toggle(lt_go_board *b, int p, int color, const int hashed) {
  static const uint8_t seen_from[8] = {4, 6, 0, 2, 12, 14, 8, 10}; /* the bits of this point in `around` of the neighbour in each direction */
  lt_go_point *at = b->at;
  if (at[p].color == LT_EMPTY) {
    int last = at[--b->num_empty].empty;
    at[at[p].place].empty = (uint16_t)last;
    at[last].place = at[p].place;
    at[p].color = (uint8_t)color;
  } else {
    at[p].color = LT_EMPTY;
    at[p].place = b->num_empty;
    at[b->num_empty++].empty = (uint16_t)p;
  }
  for (int d = 0; d < 8; d++) at[p + b->step[d]].around ^= (uint16_t)(color << seen_from[d]);
  if (hashed) b->hash ^= lt_go_key(p, color);
}

/* Whether all liberties of the chain with this head are one point. */
static inline int lt_go_in_atari(const lt_go_board *b, int head) {
  const lt_go_point *h = &b->at[head];
  return (uint64_t)h->liberties * h->squares == (uint64_t)h->sum * h->sum;
}
/* The liberty of a chain in atari. */
static inline int lt_go_last_liberty(const lt_go_board *b, int head) { return (int)(b->at[head].sum / b->at[head].liberties); }

static inline int lt_go_remove_chain(lt_go_board *b, int head, const int hashed) {
  lt_go_point *at = b->at;
  const int color = at[head].color;
  int count = 0, p = head;
  do {
    lt_go_toggle(b, p, color, hashed);
    for (int d = 0; d < 4; d++) {
      lt_go_point *h = &at[at[p + b->step[d]].head];
      h->liberties++, h->sum += (uint32_t)p, h->squares += (uint32_t)(p * p); /* an empty point is its own head: these counts are not used */
    }
    int next = at[p].next;
    at[p].head = at[p].next = (uint16_t)p;
    p = next, count++;
  } while (p != head);
  b->captured[color - 1] = (uint16_t)(b->captured[color - 1] + count);
  return count;
}

/* Whether `color` may play at a point: it is empty, and the move is neither suicide nor forbidden by simple ko. */
static inline int lt_go_legal(const lt_go_board *b, int p, int color) {
  const lt_go_point *at = b->at;
  if (at[p].color != LT_EMPTY || p == b->ko) return 0;
  for (int d = 0; d < 4; d++) {
    const int q = p + b->step[d];
    if (at[q].color == LT_EMPTY) return 1;
    if (at[q].color != LT_OFF && (at[q].color == color) != lt_go_in_atari(b, at[q].head)) return 1;
  }
  return 0;
}

/* Play a legal move, or LT_PASS. Returns the number of captured stones. */
static inline int lt_go_play(lt_go_board *b, int p, int color, const int hashed) {
  lt_go_point *at = b->at;
  int captured = 0, taken = 0;
  b->last[1] = b->last[0], b->last[0] = (uint16_t)p, b->ko = 0;
  if (p == LT_PASS) return 0;
  lt_go_toggle(b, p, color, hashed);
  lt_go_point *own = &at[p];
  own->stones = 1, own->liberties = 0, own->sum = own->squares = 0;
  for (int d = 0; d < 4; d++) {
    const int q = p + b->step[d];
    if (at[q].color == LT_EMPTY) {
      own->liberties++, own->sum += (uint32_t)q, own->squares += (uint32_t)(q * q);
    } else {
      lt_go_point *h = &at[at[q].head];
      h->liberties--, h->sum -= (uint32_t)p, h->squares -= (uint32_t)(p * p);
    }
  }
  for (int d = 0; d < 4; d++) {
    const int q = p + b->step[d], head = at[q].head;
    if (at[q].color == color) {
      int into = at[p].head, from = head;
      if (into == from) continue;
      if (at[from].stones > at[into].stones) into = head, from = at[p].head;
      lt_go_point *i = &at[into], *f = &at[from];
      i->stones = (uint16_t)(i->stones + f->stones), i->liberties = (uint16_t)(i->liberties + f->liberties);
      i->sum += f->sum, i->squares += f->squares;
      int s = from;
      do at[s].head = (uint16_t)into, s = at[s].next;
      while (s != from);
      uint16_t next = i->next;
      i->next = f->next, f->next = next;
    } else if (at[q].color == lt_go_enemy(color) && at[head].liberties == 0) {
      captured += lt_go_remove_chain(b, head, hashed);
      taken = q;
    }
  }
  if (captured == 1 && at[p].head == p && at[p].stones == 1 && at[p].liberties == 1) b->ko = (uint16_t)taken;
  return captured;
}

/* Whether an empty point is an eye of `color`: all neighbours are own stones or border, and enemy stones are on fewer than
 * two of the diagonal points, or on none if the point is at the border. */
static inline int lt_go_eye(const lt_go_board *b, int p, int color) {
  const unsigned around = b->at[p].around, own = (unsigned)color * 0x55, low = around & 0xff, enemy = (unsigned)lt_go_enemy(color) * 0x5500;
  /* The two bits of an own neighbour are `color`, and those of the border are both set: both contain the bits of `color`. */
  if ((low & own) != own) return 0;
  const unsigned differs = (around & 0xff00) ^ enemy;            /* two zero bits for a diagonal point of the enemy */
  const unsigned not_enemy = (differs | differs >> 1) & 0x5500;
  const unsigned pairs = (not_enemy & 0x1100) + (not_enemy >> 2 & 0x1100);
  const unsigned enemies = 4 - (((pairs >> 8) + (pairs >> 12)) & 7);
  const unsigned border = (around & around >> 1) & 0x5500;
  return enemies + (border != 0) < 2;
}

/* A uniformly random move of light play: legal, and it fills no own eye. LT_PASS if there is none. */
static inline int lt_go_light_move(lt_go_board *b, int color, lt_rng *rng) {
  for (uint32_t left = b->num_empty; left > 0;) { /* a rejected point is swapped behind the points that are left */
    const uint32_t i = lt_rng_below(rng, left);
    const int p = b->at[i].empty;
    if (!lt_go_eye(b, p, color) && lt_go_legal(b, p, color)) return p;
    const int last = b->at[--left].empty;
    b->at[i].empty = (uint16_t)last, b->at[last].place = (uint16_t)i;
    b->at[left].empty = (uint16_t)p, b->at[p].place = (uint16_t)left;
  }
  return LT_PASS;
}

/* Black's points minus white's by area (Tromp-Taylor): stones, and empty regions that touch one colour only. `owner`
 * [num_points], if not NULL, receives the colour that owns each point, or LT_EMPTY. `stack` has room for all points. */
static inline int lt_go_area(const lt_go_board *b, uint8_t *owner, uint16_t *stack) {
  const lt_go_point *at = b->at;
  uint8_t seen[(LT_GO_MAX_SIZE + 1) * (LT_GO_MAX_SIZE + 2) + 1];
  memset(seen, 0, (size_t)b->num_points);
  int score = 0;
  for (int p = 0; p < b->num_points; p++) {
    if (owner) owner[p] = at[p].color;
    if (at[p].color == LT_BLACK) score++;
    if (at[p].color == LT_WHITE) score--;
  }
  for (int i = 0; i < b->num_empty; i++) {
    const int start = at[i].empty;
    if (seen[start]) continue;
    int size = 1, reached = 0;
    stack[0] = (uint16_t)start, seen[start] = 1;
    for (int k = 0; k < size; k++)
      for (int d = 0; d < 4; d++) {
        const int q = stack[k] + b->step[d];
        if (at[q].color == LT_EMPTY) {
          if (!seen[q]) seen[q] = 1, stack[size++] = (uint16_t)q;
        } else if (at[q].color != LT_OFF) {
          reached |= at[q].color;
        }
      }
    if (reached == LT_BLACK) score += size;
    if (reached == LT_WHITE) score -= size;
    if (owner && (reached == LT_BLACK || reached == LT_WHITE))
      for (int k = 0; k < size; k++) owner[stack[k]] = (uint8_t)reached;
  }
  return score;
}

#endif
