/* 2048: an action slides all tiles of a 4x4 board. Equal tiles that meet merge into their sum, which is added to the score.
 * Then chance adds a 2, or with probability 0.1 a 4. Actions: 0 up, 1 right, 2 down, 3 left. Chance outcome: 2 * cell, plus
 * 1 for a four. The game ends with a tile of max_tile, without a legal action, or after 4 * max_tile actions and outcomes.
 *
 * A tile is stored as its exponent in four bits of the board: cell 4 * row + column is nibble `cell`. A row has 16 bits, and
 * a table gives the result of sliding it. Columns are the rows of the transposed board.
 *
 * As in OpenSpiel, an action must change the board, and a merge into a tile that the player's last action made does not
 * count as a change. If no action remains (OpenSpiel then has none), every action that changes the board is legal. */
#include "games/bitboard.h"
#include "games/native.h"

enum { UP, RIGHT, DOWN, LEFT, CELLS = 16, FOUR_BITS = 15, LARGEST = 15 };

/* The result of sliding a row of tiles. Its cells are counted from the left, starting at bit 0. */
typedef struct {
  uint16_t left, right;                  /* the row after its tiles slid left, right */
  uint8_t merged_left, merged_right;     /* the cells of tiles made by merging */
  uint8_t pairs;                         /* bit i: cells i and i + 1 hold equal tiles */
  uint8_t slides_left, slides_right;     /* whether a tile has a gap to slide into */
  uint8_t unused;
  uint16_t score;                        /* a fourth of the sum of the merged tiles; the same in both directions */
} row_t;

typedef struct { int32_t last, max_moves; row_t rows[1 << 16]; } rules_t; /* last: exponent of max_tile */
typedef struct {
  uint64_t board;
  int32_t score, moves;   /* moves: actions and outcomes so far */
  uint16_t merged;        /* the cells of tiles that the last action made */
  uint8_t chance, over;   /* chance: number of tiles to add before the player acts */
  uint8_t unused[4];
} state_t;

/* ---- Rows ---- */

static uint16_t slide(const uint8_t tiles[4], uint8_t out[4], uint8_t *merged) {
  int n = 0, score = 0, fixed = -1; /* `fixed`: the last tile that was made by merging */
  memset(out, 0, 4);
  *merged = 0;
  for (int i = 0; i < 4; i++) {
    if (!tiles[i]) continue;
    if (n && out[n - 1] == tiles[i] && fixed != n - 1 && tiles[i] < LARGEST) {
      score += 1 << (++out[n - 1]);
      *merged |= (uint8_t)(1 << (n - 1));
      fixed = n - 1;
    } else {
      out[n++] = tiles[i];
    }
  }
  return (uint16_t)(score / 4);
}

static uint16_t packed(const uint8_t tiles[4]) {
  return (uint16_t)(tiles[0] | tiles[1] << 4 | tiles[2] << 8 | tiles[3] << 12);
}

static row_t row_of(unsigned row) {
  uint8_t tiles[4], back[4], out[4], merged;
  row_t r = {0};
  for (int i = 0; i < 4; i++) tiles[i] = back[3 - i] = (uint8_t)(row >> 4 * i & FOUR_BITS);
  r.score = slide(tiles, out, &r.merged_left);
  r.left = packed(out);
  slide(back, out, &merged);
  for (int i = 0; i < 4; i++) {
    r.right = (uint16_t)(r.right | out[3 - i] << 4 * i);
    r.merged_right = (uint8_t)(r.merged_right | (merged >> (3 - i) & 1) << i);
  }
  for (int i = 0; i < 3; i++) {
    if (tiles[i] && tiles[i] == tiles[i + 1]) r.pairs |= (uint8_t)(1 << i);
    if (!tiles[i] && tiles[i + 1]) r.slides_left = 1;
    if (tiles[i] && !tiles[i + 1]) r.slides_right = 1;
  }
  return r;
}

/* ---- Boards ---- */

static inline uint64_t transposed(uint64_t b) {
  uint64_t a = (b & UINT64_C(0xf0f00f0ff0f00f0f)) | (b & UINT64_C(0x0000f0f00000f0f0)) << 12 |
               (b & UINT64_C(0x0f0f00000f0f0000)) >> 12;
  return (a & UINT64_C(0xff00ff0000ff00ff)) | (a & UINT64_C(0x00ff00ff00000000)) >> 24 |
         (a & UINT64_C(0x00000000ff00ff00)) << 24;
}

/* The same for one bit per cell. */
static inline unsigned transposed_cells(unsigned b) {
  unsigned a = (b & 0xa5a5) | (b & 0x0a0a) << 3 | (b & 0x5050) >> 3;
  return (a & 0xcc33) | (a & 0x00cc) << 6 | (a & 0x3300) >> 6;
}

static inline const row_t *look_up(const rules_t *r, uint64_t board, int row) {
  return &r->rows[board >> 16 * row & 0xffff];
}

/* The empty cells: bit 4 * cell. */
static inline uint64_t empty_cells(uint64_t board) {
  board |= board >> 2;
  board |= board >> 1;
  return ~board & UINT64_C(0x1111111111111111);
}

static inline int has_tile(uint64_t board, int exponent) {
  return empty_cells(board ^ (uint64_t)exponent * UINT64_C(0x1111111111111111)) != 0;
}

/* Bits LEFT and RIGHT: whether this action changes the board, not counting merges into `merged`. */
static inline unsigned row_actions(const rules_t *r, uint64_t board, unsigned merged) {
  unsigned left = 0, right = 0;
  for (int i = 0; i < 4; i++) {
    const row_t *row = look_up(r, board, i);
    unsigned free = ~(merged >> 4 * i);
    left |= row->slides_left | (row->pairs & free);
    right |= row->slides_right | ((unsigned)row->pairs << 1 & free);
  }
  return (unsigned)(left != 0) << LEFT | (unsigned)(right != 0) << RIGHT;
}

static inline unsigned actions_into(const rules_t *r, uint64_t board, unsigned merged) {
  unsigned rows = row_actions(r, board, merged);
  unsigned columns = row_actions(r, transposed(board), transposed_cells(merged));
  return rows | (columns >> LEFT & 1) << UP | (columns >> RIGHT & 1) << DOWN;
}

/* One bit per legal action. */
static inline unsigned legal_set(const rules_t *r, const state_t *s) {
  unsigned actions = actions_into(r, s->board, s->merged);
  return actions ? actions : actions_into(r, s->board, 0);
}

/* Whether the game ends here. */
static inline int at_end(const rules_t *r, const state_t *s) {
  return s->moves >= r->max_moves || has_tile(s->board, r->last) ||
         (!empty_cells(s->board) && !actions_into(r, s->board, 0));
}

static inline void act(const rules_t *r, state_t *s, int action) {
  uint64_t board = action == UP || action == DOWN ? transposed(s->board) : s->board, out = 0;
  unsigned merged = 0;
  int back = action == RIGHT || action == DOWN, score = 0;
  for (int i = 0; i < 4; i++) {
    const row_t *row = look_up(r, board, i);
    out |= (uint64_t)(back ? row->right : row->left) << 16 * i;
    merged |= (unsigned)(back ? row->merged_right : row->merged_left) << 4 * i;
    score += row->score;
  }
  int upright = action == RIGHT || action == LEFT;
  s->board = upright ? out : transposed(out);
  s->merged = (uint16_t)(upright ? merged : transposed_cells(merged));
  s->score += 4 * score;
  s->moves++;
  s->chance = 1;
}

static inline void add_tile(state_t *s, int cell, int four) {
  s->board |= (uint64_t)(1 + four) << 4 * cell;
  s->moves++;
  s->chance--;
}

/* ---- The game ---- */

static void init(void *context, void *state) {
  (void)context;
  state_t *s = state;
  s->chance = 2;
}

static int32_t current_player(void *context, const void *state) {
  (void)context;
  const state_t *s = state;
  return s->over ? LT_TERMINAL : s->chance ? LT_CHANCE : 0;
}

static int32_t legal_actions(void *context, const void *state, int32_t *actions) {
  int32_t n = 0;
  if (current_player(context, state) != 0) return 0;
  unsigned legal = legal_set(context, state);
  for (int32_t a = 0; a < 4; a++)
    if (legal >> a & 1) actions[n++] = a;
  return n;
}

static int32_t chance_outcomes(void *context, const void *state, int32_t *actions, double *probabilities) {
  const state_t *s = state;
  int32_t n = 0;
  if (current_player(context, state) != LT_CHANCE) return 0;
  uint64_t empty = empty_cells(s->board);
  int count = lt_count_bits(empty);
  for (int32_t cell = 0; cell < CELLS; cell++) {
    if (!(empty >> 4 * cell & 1)) continue;
    actions[n] = 2 * cell, probabilities[n++] = .9 / count;
    actions[n] = 2 * cell + 1, probabilities[n++] = .1 / count;
  }
  return n;
}

static int32_t apply(void *context, void *state, int32_t action) {
  state_t *s = state;
  if (s->over || action < 0) return 0;
  if (s->chance) {
    if (action >= 2 * CELLS || !(empty_cells(s->board) >> 4 * (action / 2) & 1)) return 0;
    add_tile(s, action / 2, action % 2);
  } else {
    if (action > 3 || !(legal_set(context, s) >> action & 1)) return 0;
    act(context, s, action);
  }
  s->over = (uint8_t)at_end(context, s);
  return 1;
}

static void returns(void *context, const void *state, double *returns) {
  (void)context;
  const state_t *s = state;
  returns[0] = s->score;
}

/* The empty cell and the tile (two or four) that lt_sample draws with the probabilities above. */
static inline int random_cell(uint64_t empty, lt_rng *rng, int *four) {
  double u = lt_rng_uniform(rng);
  int last = 2 * lt_count_bits(empty) - 1, i = 0;
  double chances[2] = {.9 / ((last + 1) / 2), .1 / ((last + 1) / 2)};
  for (; i < last; i++) {
    u -= chances[i & 1];
    if (u < 0) break;
    if (i & 1) empty &= empty - 1;
  }
  *four = i & 1;
  return lt_lowest_bit(empty) / 4;
}

/* Random moves to the end, with the draws of lt_playout. They are written to `trace` if it is not NULL. */
static inline int32_t play_out(const rules_t *r, state_t *s, lt_rng *rng, int32_t *trace) {
  int32_t length = 0;
  int over = s->over;
  while (!over) {
    if (s->chance) {
      int four, cell = random_cell(empty_cells(s->board), rng, &four);
      add_tile(s, cell, four);
    } else {
      unsigned legal = legal_set(r, s);
      int action = 0;
      uint32_t n = (legal & 1) + (legal >> 1 & 1) + (legal >> 2 & 1) + (legal >> 3), k = lt_rng_below(rng, n);
      for (;; action++)
        if (legal >> action & 1 && k-- == 0) break;
      act(r, s, action);
      if (trace != NULL) trace[length++] = action;
    }
    over = at_end(r, s);
  }
  s->over = 1;
  return length;
}

static void playout(void *context, void *state, lt_rng *rng, double *out) {
  play_out(context, state, rng, NULL);
  returns(context, state, out);
}

static int32_t traced_playout(void *context, void *state, lt_rng *rng, double *out, int32_t *trace) {
  int32_t length = play_out(context, state, rng, trace);
  returns(context, state, out);
  return length;
}

int lt_2048(lt_game *game, const double *parameters) {
  rules_t *r = calloc(1, sizeof *r);
  if (r == NULL) return -1;
  int32_t max_tile = (int32_t)parameters[0];
  while (1 << r->last < max_tile) r->last++;
  r->max_moves = 4 * max_tile;
  for (unsigned row = 0; row < 1 << 16; row++) r->rows[row] = row_of(row);
  *game = (lt_game){.context = r, .state_bytes = sizeof(state_t), .num_players = 1, .num_distinct_actions = 4,
                    .max_chance_outcomes = 2 * CELLS + 1, .max_game_length = r->max_moves,
                    .max_chance_nodes_in_history = r->max_moves, .min_utility = 0,
                    .max_utility = (r->last - 1.0) * max_tile, .init = init, .current_player = current_player,
                    .legal_actions = legal_actions, .apply = apply, .returns = returns,
                    .chance_outcomes = chance_outcomes, .playout = playout, .traced_playout = traced_playout,
                    .free_context = free};
  return 0;
}
