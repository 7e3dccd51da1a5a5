/* Liar's dice for two players: hidden dice, the highest face is wild, and bids rise until a player calls the last one a
 * lie. Bids only rise, so a bit set holds the whole bidding. Bit `bids`, one past the highest bid, is the call. */
#include "games/native.h"

enum { PLAYERS = 2, MAX_SIDES = 31 };

typedef struct { int32_t dice, sides, bids, faces_first; double chances[MAX_SIDES]; } rules_t;
/* `next` is the lowest legal action. `turns` counts the players' actions. `dice` are sides from 1, [PLAYERS, rules.dice],
 * in ascending order for each player when all are rolled. */
typedef struct { uint64_t bidding; uint8_t rolled, next, turns, dice[]; } state_t;

static int rolling(const rules_t *r, const state_t *s) { return s->rolled < PLAYERS * r->dice; }

static int32_t current_player(void *context, const void *state) {
  const rules_t *r = context;
  const state_t *s = state;
  if (rolling(r, s)) return LT_CHANCE;
  return s->next > r->bids ? LT_TERMINAL : s->turns % PLAYERS;
}

/* The number of legal actions: all from `next` on, but no call before the first bid. */
static int32_t num_options(const rules_t *r, const state_t *s) {
  if (rolling(r, s)) return 0;
  return r->bids + (s->turns > 0) - s->next;
}

static int32_t legal_actions(void *context, const void *state, int32_t *actions) {
  const rules_t *r = context;
  const state_t *s = state;
  int32_t n = num_options(r, s);
  for (int32_t i = 0; i < n; i++) actions[i] = s->next + i;
  return n;
}

static int32_t chance_outcomes(void *context, const void *state, int32_t *actions, double *probabilities) {
  const rules_t *r = context;
  (void)state;
  for (int32_t i = 0; i < r->sides; i++) actions[i] = i, probabilities[i] = r->chances[i];
  return r->sides;
}

static void sort(uint8_t *dice, int n) {
  for (int i = 1; i < n; i++) {
    uint8_t die = dice[i];
    int j = i;
    for (; j > 0 && dice[j - 1] > die; j--) dice[j] = dice[j - 1];
    dice[j] = die;
  }
}

static void roll(const rules_t *r, state_t *s, int32_t side) {
  s->dice[s->rolled++] = (uint8_t)(side + 1);
  if (rolling(r, s)) return;
  for (int p = 0; p < PLAYERS; p++) sort(s->dice + p * r->dice, r->dice);
}

static void bid(state_t *s, int32_t action) {
  s->bidding |= UINT64_C(1) << action;
  s->next = (uint8_t)(action + 1);
  s->turns++;
}

static int32_t apply(void *context, void *state, int32_t action) {
  const rules_t *r = context;
  state_t *s = state;
  if (rolling(r, s)) {
    if (action < 0 || action >= r->sides) return 0;
    roll(r, s, action);
    return 1;
  }
  if (action < s->next || action >= s->next + num_options(r, s)) return 0;
  bid(s, action);
  return 1;
}

static void returns(void *context, const void *state, double *returns) {
  const rules_t *r = context;
  const state_t *s = state;
  int32_t last = r->bids - 1, total = PLAYERS * r->dice, matches = 0;
  while (!(s->bidding >> last & 1)) last--;
  int32_t quantity = 1 + (r->faces_first ? last % total : last / r->sides);
  int32_t face = 1 + (r->faces_first ? last / total : last % r->sides);
  for (int32_t i = 0; i < total; i++) matches += s->dice[i] == face || s->dice[i] == r->sides;
  int caller = (s->turns - 1) % PLAYERS, winner = matches >= quantity ? !caller : caller;
  returns[winner] = 1, returns[!winner] = -1;
}

static void information_state(void *context, const void *state, int32_t player, uint8_t *key) {
  const rules_t *r = context;
  const state_t *s = state;
  memcpy(key, &s->bidding, sizeof s->bidding);
  memcpy(key + sizeof s->bidding, s->dice + player * r->dice, (size_t)r->dice);
}

/* Reroll the opponent's dice. Uniformly random bids give no information about them. */
static void resample(void *context, void *state, int32_t player, lt_rng *rng) {
  const rules_t *r = context;
  state_t *s = state;
  for (int32_t i = 0; i < s->rolled; i++)
    if (i / r->dice != player) s->dice[i] = (uint8_t)(1 + lt_rng_below(rng, (uint32_t)r->sides));
  if (!rolling(r, s)) sort(s->dice + !player * r->dice, r->dice);
}

/* With the draws of lt_playout. */
static void playout(void *context, void *state, lt_rng *rng, double *out) {
  const rules_t *r = context;
  state_t *s = state;
  while (rolling(r, s)) roll(r, s, lt_sample(r->chances, r->sides, rng));
  for (int32_t n; (n = num_options(r, s)) > 0;) bid(s, s->next + (int32_t)lt_rng_below(rng, (uint32_t)n));
  returns(context, state, out);
}

int lt_liars_dice(lt_game *game, const double *parameters) {
  rules_t *r = malloc(sizeof *r);
  if (r == NULL) return -1;
  r->faces_first = (int32_t)parameters[0], r->sides = (int32_t)parameters[1], r->dice = (int32_t)parameters[2];
  r->bids = PLAYERS * r->dice * r->sides;
  for (int32_t i = 0; i < r->sides; i++) r->chances[i] = 1.0 / r->sides;
  *game = (lt_game){.context = r,
                    .state_bytes = (offsetof(state_t, dice) + (size_t)(PLAYERS * r->dice) + 7) / 8 * 8,
                    .information_state_bytes = sizeof(uint64_t) + (size_t)r->dice,
                    .num_players = PLAYERS, .num_distinct_actions = r->bids + 1, .max_chance_outcomes = r->sides,
                    .max_game_length = r->bids + 1, .max_chance_nodes_in_history = PLAYERS * r->dice,
                    .min_utility = -1, .max_utility = 1, .zero_sum = 1, .current_player = current_player,
                    .legal_actions = legal_actions, .apply = apply, .returns = returns,
                    .chance_outcomes = chance_outcomes, .information_state = information_state, .resample = resample,
                    .playout = playout, .free_context = free};
  return 0;
}
