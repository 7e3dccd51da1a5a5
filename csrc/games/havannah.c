/* Havannah: on a hexagonal board, make a ring around at least one cell, a bridge between two corners, or a fork between
 * three sides. Cell (column x, row y) is y * across + x, with `across` = 2 size - 1; its neighbours are (x±1, y), (x,
 * y±1), (x-1, y-1) and (x+1, y+1).
 *
 * A state stores the chain of every stone, and the sides and corners that each chain touches. So a move reads only six
 * neighbours unless it joins chains. Two adjacent cells of a row never belong to two chains of one player. Therefore half
 * of the smallest cell of a chain, plus one, is a unique label, and it fits in a byte. */
#include "games/bits.h"
#include "games/native.h"

enum { MAX_SIZE = 10, MAX_CELLS = (2 * MAX_SIZE - 1) * (2 * MAX_SIZE - 1), MAX_WORDS = MAX_CELLS / 64 + 1, LANES = 64 };

/* Properties of a set of neighbours of a stone. Bit d is the neighbour in direction d, in a circle from (x-1, y-1). */
typedef struct {
  int16_t group[3];    /* offset to one cell of each group of adjacent neighbours; 0: none */
  uint8_t groups;
  uint8_t middles;     /* directions of neighbours between two others; each may be the middle of a ring of six */
} around_t;

typedef struct {
  int32_t size, across, cells, words, swap;
  int32_t board_cells;                /* cells that exist, of across * across */
  int32_t sides;                      /* the offset of each player's part of a state */
  int32_t state_bytes;
  around_t around[64];
  uint64_t board[MAX_WORDS];
  uint16_t touches_at[MAX_CELLS];     /* the side (6 bits) or corner (6 bits above) of a cell */
  uint16_t list[MAX_CELLS], place_in_list[MAX_CELLS]; /* the cells that exist */
  uint8_t wins[1 << 12];              /* whether a chain with these touches wins */
} board_t;

/* Each player has: `labels` by cell, 0 if the player has no stone there; `touches` by label; and `near` by cell, the set of
 * neighbours with the player's stones, with across + 1 more cells before and after. Every second byte of `near` is unused.
 * Otherwise compilers write two cells at once, and the processor stalls on reads of single bytes. */
typedef struct { uint8_t player, outcome; uint16_t count, unused[2]; uint64_t stones[]; } state_t;

enum { RUNNING, WIN_0, WIN_1, DRAW };

static inline unsigned label_of(int32_t cell) { return (unsigned)cell / 2 + 1; }

/* The chains of a player are one run of bytes in a state. The offsets of its parts depend on the width of the board, so they
 * are constants if the compiler knows the width. */
static inline int32_t label_room(int32_t across) { return (across * across + LANES - 1) / LANES * LANES; }
static inline uint8_t *labels_of(uint8_t *side) { return side; }
static inline uint16_t *touches_of(uint8_t *side, int32_t across) { return (uint16_t *)(side + label_room(across)); }
static inline uint8_t *near_of(uint8_t *side, int32_t across) {
  return side + label_room(across) + (across * across / 2 + 2) * 2 + 2 * (across + 1);
}
static inline int32_t side_bytes(int32_t across) {
  const int32_t near = 2 * (across * across + 2 * across + 2);
  return label_room(across) + ((across * across / 2 + 2) * 2 + near + LANES - 1) / LANES * LANES;
}
static inline uint8_t *side_of(const board_t *b, state_t *s, int player) {
  return (uint8_t *)s + b->sides + player * side_bytes(b->across);
}

/* ---- One stone ---- */

/* Merge another chain into the one with `label`. With `least`, the chain gets the smaller of the two labels. */
static inline void join(uint8_t *side, unsigned *label, unsigned other, const int32_t across, const int least) {
  const uint8_t from = (uint8_t)(least && *label > other ? *label : other), to = (uint8_t)(*label + other - from);
  uint8_t *labels = labels_of(side);
  *label = to;
  touches_of(side, across)[from] = 0;
  for (int32_t i = 0, n = label_room(across); i < n; i++) labels[i] ^= labels[i] == from ? from ^ to : 0;
}

/* Put a player's stone on a free cell and return whether it wins. In a playout chains may keep any label. */
static inline int place(const board_t *b, uint8_t *side, size_t cell, const int32_t across, const int least) {
  uint8_t *near = near_of(side, across) + 2 * cell, *labels = labels_of(side) + cell;
  uint16_t *touches = touches_of(side, across);
  near[-2 * across - 2] |= 8, near[-2 * across] |= 16, near[2] |= 32;
  near[2 * across + 2] |= 1, near[2 * across] |= 2, near[-2] |= 4;
  const around_t *around = &b->around[*near];
  unsigned label = labels[around->group[0]];
  label += label_of((int32_t)cell) & (0u - (*near == 0)); /* a single stone: without an unpredictable branch */
  unsigned touch = touches[label] | b->touches_at[cell];
  labels[0] = (uint8_t)label;
  if (around->groups > 1) {
    unsigned second = labels[around->group[1]], third = labels[around->group[2]];
    if (second == label) return 1; /* two connections from the stone to one chain form a ring */
    if (around->groups > 2) {
      if (third == label || third == second) return 1;
      touch |= touches[third];
      join(side, &label, third, across, least);
    }
    touch |= touches[second];
    join(side, &label, second, across, least);
  }
  if (around->middles) {
    const int32_t step[6] = {-across - 1, -across, 1, across + 1, across, -1};
    for (int d = 0; d < 6; d++)
      if ((around->middles >> d & 1) && near[2 * step[d]] == 63) return 1;
  }
  if (least && label_of((int32_t)cell) < label) join(side, &label, label_of((int32_t)cell), across, 1);
  touches[label] = (uint16_t)touch;
  return b->wins[touch];
}

/* ---- The rules ---- */

static int32_t current_player(void *context, const void *state) {
  (void)context;
  const state_t *s = state;
  return s->outcome ? LT_TERMINAL : s->player;
}

/* The second player may take over the first stone. */
static inline int may_swap(const board_t *b, const state_t *s) { return b->swap && s->count == 1 && s->player == 1; }

static int32_t legal_actions(void *context, const void *state, int32_t *actions) {
  const board_t *b = context;
  const state_t *s = state;
  const uint64_t taken = may_swap(b, s) ? 0 : ~UINT64_C(0);
  int32_t n = 0;
  if (s->outcome) return 0;
  for (int i = 0; i < b->words; i++)
    for (uint64_t m = b->board[i] & ~((s->stones[i] | s->stones[b->words + i]) & taken); m; m &= m - 1)
      actions[n++] = 64 * i + first_bit(m);
  return n;
}

/* At the end chains do not matter: states with the same stones are equal. */
static inline void finish(const board_t *b, state_t *s, int outcome) {
  s->outcome = (uint8_t)outcome;
  memset((uint8_t *)s + b->sides, 0, (size_t)(b->state_bytes - b->sides));
}

static int32_t apply(void *context, void *state, int32_t action) {
  const board_t *b = context;
  state_t *s = state;
  if (s->outcome || action < 0 || action >= b->cells || !bit_at(b->board, (uint32_t)action)) return 0;
  uint64_t *first = s->stones, *second = s->stones + b->words, *own = s->player ? second : first;
  if (bit_at(first, (uint32_t)action) | bit_at(second, (uint32_t)action)) {
    if (!may_swap(b, s)) return 0;
    memset(first, 0, (size_t)b->state_bytes - offsetof(state_t, stones));
    s->count = 0;
  }
  s->count++;
  set_bit(own, (uint32_t)action);
  if (place(b, side_of(b, s, s->player), (size_t)action, b->across, 1)) finish(b, s, s->player ? WIN_1 : WIN_0);
  else if (s->count == b->board_cells) finish(b, s, DRAW);
  s->player ^= 1;
  return 1;
}

static void returns(void *context, const void *state, double *returns) {
  (void)context;
  const state_t *s = state;
  returns[0] = s->outcome == WIN_0 ? 1 : s->outcome == WIN_1 ? -1 : 0;
  returns[1] = -returns[0];
}

/* The stones determine the state. */
static uint64_t hash(void *context, const void *state) {
  return lt_hash_bytes(state, (size_t)((const board_t *)context)->sides);
}

/* ---- Playouts ---- */

/* The stones of both players, by their labels. */
static inline void gather_stones(const board_t *b, state_t *s) {
  for (int player = 0; player < 2; player++) {
    const uint8_t *labels = labels_of(side_of(b, s, player));
    for (int i = 0; i < b->words; i++) s->stones[player * b->words + i] = bits_of_bytes(labels + 64 * i);
  }
}

/* List the free cells in `open`, starting at the returned pointer: all cells, with the first ones replacing taken ones. */
static inline uint16_t *list_open(const board_t *b, const state_t *s, uint16_t *open, int32_t *left) {
  memcpy(open, b->list, (size_t)b->board_cells * sizeof *open);
  uint16_t *first = open;
  for (int i = 0; i < b->words; i++)
    for (uint64_t m = s->stones[i] | s->stones[b->words + i]; m; m &= m - 1) {
      open[b->place_in_list[64 * i + first_bit(m)]] = *first;
      first++;
    }
  *left = b->board_cells - s->count;
  return first;
}

/* Take one of the first `*left` cells, by a random number of 32 bits. */
static inline uint16_t draw(uint16_t *open, int32_t *left, uint64_t random) {
  const uint32_t i = (uint32_t)(random * (uint64_t)*left >> 32);
  const uint16_t cell = open[i];
  open[i] = open[--*left];
  return cell;
}

/* Random play to the end. Writes the moves to `trace` if it is not NULL. Cells are drawn a few moves ahead, two with each
 * random number, so after a branch misprediction the processor need not wait for the next cell. */
static inline int32_t play_out(const board_t *b, state_t *s, lt_rng *rng, int32_t *trace, const int32_t across) {
  enum { AHEAD = 8 };
  int32_t actions[MAX_CELLS], n = 0;
  while (b->swap && !s->outcome && (s->count == 0 || may_swap(b, s))) {
    int32_t action = actions[lt_rng_below(rng, (uint32_t)legal_actions((void *)(uintptr_t)b, s, actions))];
    if (trace) trace[n] = s->player * b->cells + action;
    n++;
    apply((void *)(uintptr_t)b, s, action);
  }
  if (s->outcome) return n;
  const int first = s->player;
  uint8_t *const own = (uint8_t *)s + b->sides + first * side_bytes(across);
  uint8_t *const other = (uint8_t *)s + b->sides + !first * side_bytes(across);
  uint16_t cells[MAX_CELLS], drawn[AHEAD];
  int32_t left, moves = 0;
  uint16_t *const open = list_open(b, s, cells, &left);
  int won = 0;
  while (left && !won) {
    const int32_t ahead = left < AHEAD ? left : AHEAD;
    for (int32_t i = 0; i < ahead; i += 2) {
      const uint64_t random = lt_rng_next(rng);
      drawn[i] = draw(open, &left, random >> 32);
      if (left) drawn[i + 1] = draw(open, &left, random & UINT32_MAX);
    }
    for (int32_t i = 0; trace && i < ahead; i++) trace[n + moves + i] = (first ^ (i & 1)) * b->cells + drawn[i];
    for (int32_t i = 0; i < ahead && !won; i += 2) {
      moves++;
      if ((won = place(b, own, drawn[i], across, 0)) || i + 1 == ahead) break;
      moves++;
      won = place(b, other, drawn[i + 1], across, 0);
    }
  }
  gather_stones(b, s);
  s->count = (uint16_t)(s->count + moves);
  s->player = (uint8_t)(first ^ (moves & 1));
  finish(b, s, !won ? DRAW : s->player ? WIN_0 : WIN_1);
  return n + moves;
}

static int32_t play(const board_t *b, state_t *s, lt_rng *rng, double *out, int32_t *trace) {
  int32_t n = b->across == 11   ? play_out(b, s, rng, trace, 11) /* common sizes, with a constant width */
              : b->across == 15 ? play_out(b, s, rng, trace, 15)
                                : play_out(b, s, rng, trace, b->across);
  returns((void *)(uintptr_t)b, s, out);
  return n;
}

static void playout(void *context, void *state, lt_rng *rng, double *out) { play(context, state, rng, out, NULL); }

static int32_t traced_playout(void *context, void *state, lt_rng *rng, double *out, int32_t *trace) {
  return play(context, state, rng, out, trace);
}

/* ---- Making a board ---- */

static int on_board(int size, int x, int y) { return y - x < size && x - y < size; }

/* The side or corner of a cell, as a bit of its touches. */
static unsigned touches_at(int size, int x, int y) {
  const int m = size - 1, e = 2 * m;
  const int corners[6][2] = {{0, 0}, {m, 0}, {e, m}, {e, e}, {m, e}, {0, m}};
  const int sides[6] = {y == 0, x - y == m, x == e, y == e, y - x == m, x == 0};
  for (int i = 0; i < 6; i++)
    if (corners[i][0] == x && corners[i][1] == y) return 1u << (6 + i);
  for (int i = 0; i < 6; i++)
    if (sides[i]) return 1u << i;
  return 0;
}

static void fill_around(board_t *b) {
  const int32_t step[6] = {-b->across - 1, -b->across, 1, b->across + 1, b->across, -1};
  for (unsigned bits = 0; bits < 64; bits++) {
    around_t *around = &b->around[bits];
    for (int d = 0; d < 6; d++) {
      const int here = bits >> d & 1, before = bits >> (d + 5) % 6 & 1, after = bits >> (d + 1) % 6 & 1;
      if (here && !before) around->group[around->groups++] = (int16_t)step[d];
      if (here && before && after) around->middles |= (uint8_t)(1u << d);
    }
    if (bits == 63) around->group[around->groups++] = (int16_t)step[0];
  }
}

int lt_havannah(lt_game *game, const double *parameters) {
  board_t *b = calloc(1, sizeof *b);
  if (b == NULL) return -1;
  b->size = (int32_t)parameters[0], b->swap = (int32_t)parameters[1];
  b->across = 2 * b->size - 1, b->cells = b->across * b->across, b->words = b->cells / 64 + 1;
  for (int32_t cell = 0; cell < b->cells; cell++) {
    const int x = cell % b->across, y = cell / b->across;
    if (!on_board(b->size, x, y)) continue;
    b->place_in_list[cell] = (uint16_t)b->board_cells;
    b->list[b->board_cells++] = (uint16_t)cell;
    set_bit(b->board, (uint32_t)cell);
    b->touches_at[cell] = (uint16_t)touches_at(b->size, x, y);
  }
  fill_around(b);
  for (unsigned touches = 0; touches < 1 << 12; touches++) {
    unsigned sides = touches & 63, corners = touches >> 6;
    sides &= sides - 1; /* without one */
    b->wins[touches] = (sides & (sides - 1)) || (corners & (corners - 1));
  }
  b->sides = (int32_t)sizeof(state_t) + 2 * b->words * (int32_t)sizeof(uint64_t);
  b->state_bytes = b->sides + 2 * side_bytes(b->across);
  *game = (lt_game){.context = b, .state_bytes = (size_t)b->state_bytes, .num_players = 2,
                    .num_distinct_actions = b->cells, .max_game_length = b->board_cells + b->swap, .min_utility = -1,
                    .max_utility = 1, .zero_sum = 1, .current_player = current_player,
                    .legal_actions = legal_actions, .apply = apply, .returns = returns, .hash = hash,
                    .playout = playout, .traced_playout = traced_playout, .free_context = free};
  return 0;
}
