/* What Hex and Y share. Both are connection games in which a filled board has exactly one winner. hex.c and y.c define
 * their boards.
 *
 * Cell (column x, row y) is bit y * stride + x; its neighbours are (x±1, y), (x, y±1), (x+1, y-1) and (x-1, y+1).
 *
 * The winner of a filled board of Y: give every cell the majority colour of (x, y), (x+1, y) and (x, y+1). The result is a
 * filled board that is one row smaller and has the same winner (Schensted's reduction; van Rijswijck, Set Colouring
 * Games, 2006). The last cell is the winner. Bit words process all cells at once. A Hex board is the middle of a board of
 * Y whose right corner is full of player 1's stones and whose lower corner is full of player 0's. To test whether a player
 * has won a board that is not full, give the free cells to the other player.
 *
 * A playout fills the free cells with the right number of stones of each colour, drawn uniformly. The player who connects
 * first in random play is connected on the filled board, and the other player is not. */
#ifndef LT_CONNECTION_H
#define LT_CONNECTION_H
#include "games/bits.h"
#include "games/native.h"

enum { MAX_WORDS = 6, MAX_CELLS = 64 * MAX_WORDS };

typedef struct board_t {
  int32_t bits, stride, words;          /* bits of the board; one more bit follows that is always 0 */
  int32_t swap;                         /* the swap action, 0: none */
  int32_t until[MAX_WORDS];             /* the number of reduction steps that use the word */
  uint64_t board[MAX_WORDS];            /* the cells */
  uint64_t right[MAX_WORDS];            /* cells whose right neighbour belongs to player 1 from the start */
  uint16_t neighbours[MAX_CELLS][6];    /* in a circle; outside the board: the bit that is always 0 */
  uint8_t at_edge[2][MAX_CELLS];        /* the cell touches an edge that this player connects */
  uint16_t swapped[MAX_CELLS];          /* the new cell of a first stone that is swapped */
} board_t;

typedef struct { uint8_t player, outcome, unused[6]; uint64_t stones[]; } state_t; /* stones [2, words] */

enum { RUNNING, WIN_0, WIN_1 };

/* Run CODE with a constant number of words. */
#define WITH_WORDS(words, CODE) \
  switch (words) {              \
    case 1: CODE(1); break;     \
    case 2: CODE(2); break;     \
    case 3: CODE(3); break;     \
    case 4: CODE(4); break;     \
    case 5: CODE(5); break;     \
    default: CODE(6); break;    \
  }

/* ---- The winner ---- */

/* Reduce a filled board, given by the stones of player 1, while it needs all of `words`. `steps` were made before. */
static inline int32_t shrink(const board_t *b, uint64_t *stones, int32_t steps, const int words) {
  const int below = b->stride;
  uint64_t x[MAX_WORDS + 1];
  for (int i = 0; i <= words; i++) x[i] = stones[i];
  for (; steps < b->until[words - 1]; steps++)
    for (int i = 0; i < words; i++) {
      uint64_t here = x[i], next = here >> 1 | x[i + 1] << 63 | b->right[i];
      uint64_t under = here >> below | x[i + 1] << (64 - below);
      x[i] = (here & (next | under)) | (next & under);
    }
  for (int i = 0; i < words; i++) stones[i] = x[i];
  return steps;
}

/* Whether player 1 wins a filled board. */
static inline int second_wins(const board_t *b, const uint64_t *stones) {
  uint64_t x[MAX_WORDS + 1] = {0};
  int32_t steps = 0;
  memcpy(x, stones, (size_t)b->words * sizeof *x);
  switch (b->words) {
    case 6: steps = shrink(b, x, steps, 6); /* fall through */
    case 5: steps = shrink(b, x, steps, 5); /* fall through */
    case 4: steps = shrink(b, x, steps, 4); /* fall through */
    case 3: steps = shrink(b, x, steps, 3); /* fall through */
    case 2: steps = shrink(b, x, steps, 2); /* fall through */
    default: shrink(b, x, steps, 1);
  }
  return (int)(x[0] & 1);
}

/* Whether `player` has won with the last stone, on `cell`. This is possible only if the stone joins two groups of
 * neighbours, or joins one to an edge. */
static inline int has_won(const board_t *b, const state_t *s, int player, int32_t cell) {
  const uint64_t *own = s->stones + player * b->words;
  unsigned around = 0;
  for (int d = 0; d < 6; d++) around |= (unsigned)bit_at(own, b->neighbours[cell][d]) << d;
  unsigned groups = around & ~(around << 1 | around >> 5);
  if (!(groups & (groups - 1)) && !(b->at_edge[player][cell] && around)) return 0;
  uint64_t filled[MAX_WORDS] = {0};
  for (int i = 0; i < b->words; i++) filled[i] = player ? own[i] : b->board[i] & ~own[i];
  return second_wins(b, filled) == player;
}

/* ---- The rules ---- */

static int32_t current_player(void *context, const void *state) {
  (void)context;
  const state_t *s = state;
  return s->outcome ? LT_TERMINAL : s->player;
}

static inline uint64_t free_cells(const board_t *b, const state_t *s, int word) {
  return b->board[word] & ~(s->stones[word] | s->stones[b->words + word]);
}

/* The second player may take over the first stone, mirrored. */
static inline int may_swap(const board_t *b, const state_t *s) {
  return b->swap && s->player == 1 && bits_in(s->stones, b->words) == 1 && bits_in(s->stones + b->words, b->words) == 0;
}

static int32_t legal_actions(void *context, const void *state, int32_t *actions) {
  const board_t *b = context;
  const state_t *s = state;
  int32_t n = 0;
  if (s->outcome) return 0;
  for (int i = 0; i < b->words; i++)
    for (uint64_t m = free_cells(b, s, i); m; m &= m - 1) actions[n++] = 64 * i + first_bit(m);
  if (may_swap(b, s)) actions[n++] = b->swap;
  return n;
}

static int32_t apply(void *context, void *state, int32_t action) {
  const board_t *b = context;
  state_t *s = state;
  if (s->outcome || action < 0) return 0;
  if (b->swap && action == b->swap) {
    if (!may_swap(b, s)) return 0;
    for (int i = 0; i < b->words; i++)
      for (uint64_t m = s->stones[i]; m; m &= m - 1) set_bit(s->stones + b->words, b->swapped[64 * i + first_bit(m)]);
    memset(s->stones, 0, (size_t)b->words * sizeof *s->stones);
  } else {
    if (action >= b->bits || !(free_cells(b, s, action >> 6) >> (action & 63) & 1)) return 0;
    set_bit(s->stones + s->player * b->words, (uint32_t)action);
    if (has_won(b, s, s->player, action)) s->outcome = s->player ? WIN_1 : WIN_0;
  }
  s->player ^= 1;
  return 1;
}

static void returns(void *context, const void *state, double *returns) {
  (void)context;
  const state_t *s = state;
  returns[0] = s->outcome == WIN_0 ? 1 : s->outcome == WIN_1 ? -1 : 0;
  returns[1] = -returns[0];
}

/* ---- Playouts ---- */

/* Fill the board: the player to move gets the odd cell. */
static inline void fill(const board_t *b, state_t *s, lt_rng *rng, const int words) {
  uint64_t open[MAX_WORDS], second[MAX_WORDS];
  for (int i = 0; i < words; i++) open[i] = b->board[i] & ~(s->stones[i] | s->stones[words + i]);
  int32_t count = bits_in(open, words);
  random_part(rng, open, (count + s->player) / 2, second, words);
  for (int i = 0; i < words; i++) s->stones[i] |= open[i] & ~second[i], s->stones[words + i] |= second[i];
  s->player ^= count & 1;
}

/* Play single moves while a swap is possible, then fill the board. Writes the single moves to `trace` if it is not NULL. */
static int32_t play_out(const board_t *b, state_t *s, lt_rng *rng, int32_t *trace, uint64_t *opening) {
  int32_t n = 0, actions[MAX_CELLS + 1];
  while (b->swap && !s->outcome && bits_in(s->stones, b->words) <= 1 && bits_in(s->stones + b->words, b->words) == 0) {
    int32_t action = actions[lt_rng_below(rng, (uint32_t)legal_actions((void *)b, s, actions))];
    if (trace) trace[n] = s->player * (b->bits + 1) + action;
    n++;
    apply((void *)b, s, action);
  }
  if (opening) memcpy(opening, s->stones, 2 * (size_t)b->words * sizeof *opening);
  if (!s->outcome) {
#define FILL(n) fill(b, s, rng, n)
    WITH_WORDS(b->words, FILL)
#undef FILL
    s->outcome = second_wins(b, s->stones + b->words) ? WIN_1 : WIN_0;
  }
  return n;
}

static void playout(void *context, void *state, lt_rng *rng, double *out) {
  play_out(context, state, rng, NULL, NULL);
  returns(context, state, out);
}

/* The stones of a fill in a possible order: each player's stones shuffled, in turn. */
static int32_t traced_playout(void *context, void *state, lt_rng *rng, double *out, int32_t *trace) {
  const board_t *b = context;
  state_t *s = state;
  uint64_t before[2 * MAX_WORDS];
  int32_t cells[2][MAX_CELLS], count[2] = {0, 0};
  int32_t n = play_out(b, s, rng, trace, before);
  returns(context, state, out);
  for (int player = 0; player < 2; player++) {
    for (int i = 0; i < b->words; i++)
      for (uint64_t m = s->stones[player * b->words + i] ^ before[player * b->words + i]; m; m &= m - 1)
        cells[player][count[player]++] = player * (b->bits + (b->swap != 0)) + 64 * i + first_bit(m);
    shuffle(rng, cells[player], count[player]);
  }
  int player = count[1] > count[0] || (count[0] == count[1] && s->player == 1);
  for (int32_t i = 0, all = count[0] + count[1]; i < all; i++, player ^= 1) trace[n++] = cells[player][i / 2];
  return n;
}

/* ---- Making a board ---- */

/* Fill the table for `columns` by `rows` cells; `on_board` tests whether a cell exists. `shrinks`: the number of steps that
 * leave one cell. The game sets edges, `right` and `swapped`. */
static inline board_t *new_board(lt_game *game, int columns, int rows, int shrinks, int swap,
                                 int (*on_board)(int columns, int rows, int x, int y)) {
  static const int dx[6] = {0, 1, 1, 0, -1, -1}, dy[6] = {-1, -1, 0, 1, 1, 0};
  board_t *b = calloc(1, sizeof *b);
  if (b == NULL) return NULL;
  int32_t cells = 0;
  b->bits = columns * rows, b->stride = columns, b->words = b->bits / 64 + 1;
  b->swap = swap ? b->bits : 0;
  for (int y = 0; y < rows; y++)
    for (int x = 0; x < columns; x++) {
      int cell = y * columns + x, word = cell / 64;
      for (int d = 0; d < 6; d++) {
        int there = on_board(columns, rows, x + dx[d], y + dy[d]);
        b->neighbours[cell][d] = (uint16_t)(there ? cell + dy[d] * columns + dx[d] : b->bits);
      }
      if (!on_board(columns, rows, x, y)) continue;
      set_bit(b->board, (uint32_t)cell), cells++;
      if (b->until[word] < shrinks - x - y) b->until[word] = shrinks - x - y;
    }
  *game = (lt_game){.context = b, .state_bytes = sizeof(state_t) + 2 * (size_t)b->words * sizeof(uint64_t),
                    .num_players = 2, .num_distinct_actions = b->bits + (swap != 0),
                    .max_game_length = cells + (swap != 0), .min_utility = -1, .max_utility = 1, .zero_sum = 1,
                    .current_player = current_player, .legal_actions = legal_actions, .apply = apply,
                    .returns = returns, .playout = playout, .traced_playout = traced_playout, .free_context = free};
  return b;
}

#endif
