/* Phantom games: two players put stones on one board of up to 64 cells, and neither sees the other's stones. A player who
 * tries a taken cell learns that it is taken. In the classical game the player then tries another cell; in the abrupt game
 * the turn is over.
 *
 * This is a template. The including file first defines
 *   board_t                                                  the board, by value in `rules_t`
 *   int has_won(const board_t *, int player, uint64_t stones)      whether these stones win
 *   int wins_by(const board_t *, int player, uint64_t stones, int cell)   the same, if they did not win before `cell`
 * Sections: the state, a move, what a player knows, resampling the tries of the opponent. */
#ifndef LT_PHANTOM_H
#define LT_PHANTOM_H
#include "games/native.h"

enum { RUNNING, WON_BY_0, WON_BY_1, DRAWN, MAX_CELLS = 64 };

/* shows_turns: players see when the opponent tries a cell. shows_count: they see only the total number of tries. */
typedef struct {
  int32_t cells, abrupt, shows_turns, shows_count;
  uint64_t all;
  double chance[MAX_CELLS + 1]; /* for n cells: 1 / n */
  board_t board;
} rules_t;

/* One bit per cell. `tries` are the cells of each player in order, [2, cells], including failed tries. A try by p succeeded
 * if p has a stone there now. The order of both players' tries follows from that. */
typedef struct { uint64_t stones[2], tried[2]; uint8_t count[2], player, outcome, tries[]; } state_t;

#define BIT(cell) (UINT64_C(1) << (cell))

/* ---- A move ---- */

static int32_t current_player(void *context, const void *state) {
  (void)context;
  const state_t *s = state;
  return s->outcome ? LT_TERMINAL : s->player;
}

static int32_t legal_actions(void *context, const void *state, int32_t *actions) {
  const rules_t *r = context;
  const state_t *s = state;
  int32_t n = 0;
  if (s->outcome) return 0;
  for (int32_t a = 0; a < r->cells; a++)
    if (!(s->tried[s->player] >> a & 1)) actions[n++] = a;
  return n;
}

static inline void try_cell(const rules_t *r, state_t *s, int32_t cell) {
  const int p = s->player;
  s->tried[p] |= BIT(cell);
  s->tries[p * r->cells + s->count[p]++] = (uint8_t)cell;
  if (s->stones[!p] & BIT(cell)) {
    s->player ^= (uint8_t)r->abrupt;
    return;
  }
  s->stones[p] |= BIT(cell);
  if (wins_by(&r->board, p, s->stones[p], cell)) s->outcome = (uint8_t)(WON_BY_0 + p);
  else if ((s->stones[0] | s->stones[1]) == r->all) s->outcome = DRAWN;
  s->player ^= 1;
}

static int32_t apply(void *context, void *state, int32_t action) {
  const rules_t *r = context;
  state_t *s = state;
  if (s->outcome || action < 0 || action >= r->cells || (s->tried[s->player] >> action & 1)) return 0;
  try_cell(r, s, action);
  return 1;
}

static void returns(void *context, const void *state, double *returns) {
  (void)context;
  const state_t *s = state;
  returns[0] = s->outcome == WON_BY_0 ? 1 : s->outcome == WON_BY_1 ? -1 : 0;
  returns[1] = -returns[0];
}

/* Random tries to the end: each player draws from a list of the cells it has not tried. */
static void playout(void *context, void *state, lt_rng *rng, double *out) {
  const rules_t *r = context;
  state_t *s = state;
  uint8_t left[2][MAX_CELLS];
  uint32_t n[2] = {0, 0};
  for (int p = 0; p < 2; p++)
    for (int32_t a = 0; a < r->cells; a++)
      if (!(s->tried[p] >> a & 1)) left[p][n[p]++] = (uint8_t)a;
  while (!s->outcome) {
    const int p = s->player;
    const uint32_t i = lt_rng_below(rng, n[p]);
    const uint8_t cell = left[p][i];
    left[p][i] = left[p][--n[p]];
    try_cell(r, s, cell);
  }
  returns(context, state, out);
}

/* ---- What a player knows ---- */

/* The tries of both players in their order. */
typedef struct { int32_t at[2]; int player; } walk_t;

static int walk_on(const rules_t *r, const state_t *s, walk_t *w, int *player, int *cell, int *success) {
  if (w->at[0] == s->count[0] && w->at[1] == s->count[1]) return 0;
  *player = w->player;
  *cell = s->tries[*player * r->cells + w->at[*player]++];
  *success = (int)(s->stones[*player] >> *cell & 1);
  if (r->abrupt || *success) w->player ^= 1;
  return 1;
}

/* One byte for each own try, with its result. If turns are shown, also one byte for each try of the opponent. */
static void information_state(void *context, const void *state, int32_t player, uint8_t *key) {
  enum { SUCCESS = 0x80, OTHER = 0xff };
  const rules_t *r = context;
  const state_t *s = state;
  walk_t w = {{0, 0}, 0};
  int who, cell, success;
  if (r->shows_count) *key++ = (uint8_t)(s->count[0] + s->count[1]);
  while (walk_on(r, s, &w, &who, &cell, &success)) {
    if (who == player) *key++ = (uint8_t)((cell + 1) | (success ? SUCCESS : 0));
    else if (r->shows_turns) *key++ = OTHER;
  }
}

/* ---- Resampling the tries of the opponent ---- */

/* Uniformly random play goes through all cells in a random order. So a list of m tries has the probability
 * (cells - m)! / cells!. The list to draw must agree with what the player knows:
 *   own      the player's stones: the opponent may have failed there after the stone was placed, and has no stone there;
 *   found    the opponent's stones that the player has found: each was placed before the player tried its cell;
 *   free     all other cells: the opponent may have stones there, if it has not won.
 * `value` is the total weight of the continuations after `turn` turns of the opponent with some failed tries. `slots` counts
 * placed stones that are not assigned to a found stone yet. A found stone takes one of the slots at its latest time. Lists
 * are drawn by these weights. So all conditions hold by construction, except the last: the opponent has not won. */
typedef struct {
  const rules_t *r;
  int partial;                      /* the opponent has an unfinished turn in which all tries so far failed */
  int32_t turns;                    /* finished turns of the opponent */
  int32_t own, found, free;         /* numbers of cells */
  uint8_t own_cells[MAX_CELLS], found_cells[MAX_CELLS], free_cells[MAX_CELLS];
  uint8_t own_before[MAX_CELLS + 1]; /* by turn: the number of own stones */
  uint8_t fails_by[MAX_CELLS + 1];   /* by turn: the number of failed tries of the opponent at its end */
  uint8_t found_in[MAX_CELLS + 1];   /* by turn: stones found after it and before the next turn, */
  uint8_t found_by[MAX_CELLS + 1];   /* and in total so far */
  double *value;                     /* [turns + 1, own + 1, found + 1] */
} story_t;

static void tell_story(const rules_t *r, const state_t *s, int player, story_t *t) {
  walk_t w = {{0, 0}, 0};
  int who, cell, success;
  uint8_t fails = 0;
  memset(t, 0, offsetof(story_t, value));
  t->r = r;
  while (walk_on(r, s, &w, &who, &cell, &success)) {
    if (who == player) {
      if (success) t->own_cells[t->own++] = (uint8_t)cell;
      else t->found_in[t->turns]++, t->found_cells[t->found++] = (uint8_t)cell;
      continue;
    }
    fails += (uint8_t)!success;
    if (!r->abrupt && !success) continue;
    t->fails_by[t->turns] = fails;
    t->own_before[t->turns++] = (uint8_t)t->own;
  }
  t->partial = !r->abrupt && s->player != player;
  t->own_before[t->turns] = (uint8_t)t->own, t->fails_by[t->turns] = fails;
  for (int32_t i = 0, sum = 0; i <= t->turns; i++) t->found_by[i] = (uint8_t)(sum += t->found_in[i]);
  uint64_t free_cells = r->all & ~s->stones[player];
  for (int32_t i = 0; i < t->found; i++) free_cells &= ~BIT(t->found_cells[i]);
  for (int32_t c = 0; c < r->cells; c++)
    if (free_cells >> c & 1) t->free_cells[t->free++] = (uint8_t)c;
}

static inline double *value_at(const story_t *t, int32_t turn, int32_t fails, int32_t slots) {
  return t->value + ((turn * (t->own + 1)) + fails) * (t->found + 1) + slots;
}

/* The value after one more turn: the stones found then take their slots. */
static double arrive(const story_t *t, int32_t turn, int32_t fails, int32_t slots) {
  double n = 1;
  if (slots > t->found - t->found_by[turn - 1]) return 0;
  for (int32_t i = 0; i < t->found_in[turn]; i++) n *= slots--;
  return slots < 0 || n == 0 ? 0 : n * *value_at(t, turn, fails, slots);
}

/* The next element: the end of the list, a failed try, a stone for a slot, or a stone on a free cell. */
enum { END, FAIL, SLOT, FREE, OPTIONS };
typedef struct { double weight[OPTIONS]; } options_t;

static options_t options(const story_t *t, int32_t turn, int32_t fails, int32_t slots) {
  const int abrupt = t->r->abrupt, known = t->r->shows_turns && !abrupt, last = turn == t->turns;
  const int32_t left = t->r->cells - (abrupt ? turn : turn + fails), to_fail = t->own_before[turn] - fails;
  const int32_t room = t->free - ((abrupt ? turn - fails : turn) - slots - t->found_by[turn]); /* free cells left */
  const int fails_on = !known || fails < t->fails_by[turn], ends = !known || fails == t->fails_by[turn];
  options_t o = {{0}};
  if (room < 0 || room > t->free || left < 0) return o;
  if (last) o.weight[END] = slots == 0 && room > 0 && ends; /* without room the board is full, and the game would be over */
  if (left == 0) return o;
  const double chance = t->r->chance[left];
  if (to_fail > 0 && fails_on) {
    if (!abrupt && (!last || t->partial)) o.weight[FAIL] = *value_at(t, turn, fails + 1, slots) * to_fail * chance;
    if (abrupt && !last) o.weight[FAIL] = arrive(t, turn + 1, fails + 1, slots) * to_fail * chance;
  }
  if (!last && ends) {
    o.weight[SLOT] = arrive(t, turn + 1, fails, slots + 1) * chance;
    o.weight[FREE] = room * arrive(t, turn + 1, fails, slots) * chance;
  }
  return o;
}

static double sum_of(const options_t *o) {
  return o->weight[END] + o->weight[FAIL] + o->weight[SLOT] + o->weight[FREE];
}

static inline int32_t least(int32_t a, int32_t b) { return a < b ? a : b; }

static void weigh(const story_t *t) {
  for (int32_t turn = t->turns; turn >= 0; turn--) {
    const int32_t most_fails = t->r->abrupt ? least(turn, t->own_before[turn]) : t->own_before[turn];
    const int32_t most_slots = least(turn, t->found - t->found_by[turn]);
    for (int32_t fails = most_fails; fails >= 0; fails--)
      for (int32_t slots = most_slots; slots >= 0; slots--) {
        const options_t o = options(t, turn, fails, slots);
        *value_at(t, turn, fails, slots) = sum_of(&o);
      }
  }
}

static int choose(const options_t *o, lt_rng *rng) {
  double u = lt_rng_uniform(rng) * sum_of(o);
  int chosen = END;
  for (int i = 0; i < OPTIONS; i++) { /* never an option with weight 0, despite rounding */
    if (o->weight[i] > 0 && u >= 0) chosen = i;
    u -= o->weight[i];
  }
  return chosen;
}

static uint8_t take(uint8_t *list, int32_t *n, lt_rng *rng) {
  uint32_t i = lt_rng_below(rng, (uint32_t)*n);
  uint8_t taken = list[i];
  list[i] = list[--*n];
  return taken;
}

/* Draw a list of tries and return their number. `stones` gets the successful ones. */
static int32_t draw_tries(const story_t *t, lt_rng *rng, uint8_t *tries, uint64_t *stones) {
  uint8_t free_cells[MAX_CELLS], to_fail[MAX_CELLS], slot[MAX_CELLS];
  int32_t turn = 0, fails = 0, slots = 0, n = 0, num_free = t->free, num_to_fail = 0, stood = 0, settled = 0;
  memcpy(free_cells, t->free_cells, sizeof free_cells);
  *stones = 0;
  for (;;) {
    options_t o = options(t, turn, fails, slots);
    int chosen = choose(&o, rng);
    if (chosen == END) return n;
    if (chosen == FAIL) {
      while (stood < t->own_before[turn]) to_fail[num_to_fail++] = t->own_cells[stood++];
      tries[n++] = take(to_fail, &num_to_fail, rng);
      fails++;
      if (!t->r->abrupt) continue;
    } else if (chosen == SLOT) {
      slot[slots++] = (uint8_t)n++;
    } else {
      tries[n] = take(free_cells, &num_free, rng);
      *stones |= BIT(tries[n++]);
    }
    turn++;
    for (int32_t i = 0; i < t->found_in[turn]; i++) {
      uint8_t cell = t->found_cells[settled++];
      tries[take(slot, &slots, rng)] = cell;
      *stones |= BIT(cell);
    }
  }
}

/* Used if the opponent has won in every list that was drawn: keep its true list, but move its hidden stones to other free
 * cells in many random steps in which it never wins. */
static void move_stones(const story_t *t, state_t *s, int other, lt_rng *rng) {
  enum { STEPS_A_CELL = 8 };
  uint8_t place[MAX_CELLS], empty[MAX_CELLS], *tries = s->tries + other * t->r->cells;
  int32_t stones = 0, empties = 0;
  uint64_t unfound = 0;
  for (int32_t i = 0; i < t->free; i++) unfound |= BIT(t->free_cells[i]);
  for (int32_t i = 0; i < t->free; i++)
    if (!(s->stones[other] >> t->free_cells[i] & 1)) empty[empties++] = t->free_cells[i];
  for (int32_t i = 0; i < s->count[other]; i++)
    if (unfound >> tries[i] & 1) place[stones++] = (uint8_t)i;
  if (stones == 0 || empties == 0) return;
  for (int32_t steps = STEPS_A_CELL * t->r->cells; steps > 0; steps--) {
    uint8_t *from = &tries[place[lt_rng_below(rng, (uint32_t)stones)]];
    uint8_t *to = &empty[lt_rng_below(rng, (uint32_t)empties)];
    uint64_t moved = (s->stones[other] & ~BIT(*from)) | BIT(*to);
    if (has_won(&t->r->board, other, moved)) continue;
    uint8_t cell = *from;
    *from = *to, *to = cell, s->stones[other] = moved;
  }
  for (int32_t i = stones - 1; i > 0; i--) {
    uint8_t *a = &tries[place[i]], *b = &tries[place[lt_rng_below(rng, (uint32_t)i + 1)]], cell = *a;
    *a = *b, *b = cell;
  }
  s->tried[other] = 0;
  for (int32_t i = 0; i < s->count[other]; i++) s->tried[other] |= BIT(tries[i]);
}

static void resample(void *context, void *state, int32_t player, lt_rng *rng) {
  enum { TRIES = 200, ROOM = 2048 };
  const rules_t *r = context;
  state_t *s = state;
  const int other = !player;
  double here[ROOM];
  uint8_t tries[MAX_CELLS];
  story_t t;
  if (s->outcome) return;
  tell_story(r, s, player, &t);
  const size_t needed = (size_t)((t.turns + 1) * (t.own + 1) * (t.found + 1));
  t.value = needed <= ROOM ? here : malloc(needed * sizeof *t.value); /* needed only late in a game on a large board */
  if (t.value == NULL) {
    move_stones(&t, s, other, rng);
    return;
  }
  weigh(&t);
  int32_t n = 0, left = TRIES;
  uint64_t stones = 0;
  do n = draw_tries(&t, rng, tries, &stones);
  while (has_won(&r->board, other, stones) && --left > 0);
  if (left > 0) {
    s->stones[other] = stones, s->count[other] = (uint8_t)n, s->tried[other] = 0;
    memset(s->tries + other * r->cells, 0, (size_t)r->cells);
    memcpy(s->tries + other * r->cells, tries, (size_t)n);
    for (int32_t i = 0; i < n; i++) s->tried[other] |= BIT(tries[i]);
  } else {
    move_stones(&t, s, other, rng);
  }
  if (t.value != here) free(t.value);
}

/* Fill in what all phantom games share; `r` has everything except `all` and `chance`. */
static void phantom_game(lt_game *game, rules_t *r) {
  r->all = UINT64_MAX >> (MAX_CELLS - r->cells);
  for (int32_t n = 1; n <= r->cells; n++) r->chance[n] = 1.0 / n;
  const int32_t longest = 2 * r->cells - 1;
  *game = (lt_game){.context = r, .state_bytes = (offsetof(state_t, tries) + 2 * (size_t)r->cells + 7) / 8 * 8,
                    .information_state_bytes = (size_t)((r->shows_count ? 1 : 0) + (r->shows_turns ? longest : r->cells)),
                    .num_players = 2, .num_distinct_actions = r->cells, .max_game_length = longest, .min_utility = -1,
                    .max_utility = 1, .zero_sum = 1, .current_player = current_player,
                    .legal_actions = legal_actions, .apply = apply, .returns = returns,
                    .information_state = information_state, .resample = resample, .playout = playout,
                    .free_context = free};
}

#endif
