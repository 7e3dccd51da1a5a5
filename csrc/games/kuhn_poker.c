/* Kuhn poker for n players: n + 1 cards, one card and an ante of one chip per player, one more chip to bet or call. */
#include "games/native.h"

enum { MAX_PLAYERS = 10, PASS = 0, BET = 1 };

typedef struct { int32_t players; } rules_t;
/* `bets` has the actions after the deal. A card is stored plus one; 0 is not dealt. */
typedef struct { uint8_t cards[MAX_PLAYERS], bets[2 * MAX_PLAYERS - 1], dealt, num_bets, bettor_plus_1; } state_t;

static int over(const rules_t *r, const state_t *s) {
  return s->num_bets == r->players + (s->bettor_plus_1 ? s->bettor_plus_1 - 1 : 0);
}

static int32_t current_player(void *context, const void *state) {
  const rules_t *r = context;
  const state_t *s = state;
  if (s->dealt < r->players) return LT_CHANCE;
  return over(r, s) ? LT_TERMINAL : s->num_bets % r->players;
}

static int32_t legal_actions(void *context, const void *state, int32_t *actions) {
  if (current_player(context, state) < 0) return 0;
  actions[0] = PASS, actions[1] = BET;
  return 2;
}

static int is_dealt(const state_t *s, int32_t card) {
  for (int i = 0; i < s->dealt; i++)
    if (s->cards[i] == card + 1) return 1;
  return 0;
}

static int32_t chance_outcomes(void *context, const void *state, int32_t *actions, double *probabilities) {
  const rules_t *r = context;
  const state_t *s = state;
  int32_t n = 0;
  for (int32_t card = 0; card <= r->players; card++)
    if (!is_dealt(s, card)) actions[n++] = card;
  for (int32_t i = 0; i < n; i++) probabilities[i] = 1.0 / n;
  return n;
}

static int32_t apply(void *context, void *state, int32_t action) {
  const rules_t *r = context;
  state_t *s = state;
  if (s->dealt < r->players) {
    if (action < 0 || action > r->players || is_dealt(s, action)) return 0;
    s->cards[s->dealt++] = (uint8_t)(action + 1);
    return 1;
  }
  if (over(r, s) || (action != PASS && action != BET)) return 0;
  if (action == BET && !s->bettor_plus_1) s->bettor_plus_1 = (uint8_t)(s->num_bets + 1);
  s->bets[s->num_bets++] = (uint8_t)action;
  return 1;
}

static void returns(void *context, const void *state, double *returns) {
  const rules_t *r = context;
  const state_t *s = state;
  int32_t paid[MAX_PLAYERS], pot = 0, winner = -1;
  for (int32_t p = 0; p < r->players; p++) paid[p] = 1;
  for (int32_t i = 0; i < s->num_bets; i++)
    if (s->bets[i] == BET) paid[i % r->players] = 2;
  for (int32_t p = 0; p < r->players; p++) {
    int in = !s->bettor_plus_1 || paid[p] == 2;
    if (in && (winner < 0 || s->cards[p] > s->cards[winner])) winner = p;
    pot += paid[p];
  }
  for (int32_t p = 0; p < r->players; p++) returns[p] = (p == winner ? pot : 0) - paid[p];
}

static void information_state(void *context, const void *state, int32_t player, uint8_t *key) {
  (void)context;
  const state_t *s = state;
  key[0] = s->cards[player];
  for (int32_t i = 0; i < s->num_bets; i++) key[1 + i] = (uint8_t)(s->bets[i] + 1);
}

/* Redeal the cards of the other players. */
static void resample(void *context, void *state, int32_t player, lt_rng *rng) {
  state_t *s = state;
  int32_t cards[MAX_PLAYERS + 1];
  double probabilities[MAX_PLAYERS + 1];
  for (int32_t p = 0; p < s->dealt; p++)
    if (p != player) s->cards[p] = 0;
  for (int32_t p = 0; p < s->dealt; p++) {
    if (p == player) continue;
    int32_t n = chance_outcomes(context, state, cards, probabilities);
    s->cards[p] = (uint8_t)(cards[lt_sample(probabilities, n, rng)] + 1);
  }
}

int lt_kuhn_poker(lt_game *game, const double *parameters) {
  rules_t *r = malloc(sizeof *r);
  if (r == NULL) return -1;
  r->players = (int32_t)parameters[0];
  *game = (lt_game){.context = r, .state_bytes = sizeof(state_t), .information_state_bytes = 2 * (size_t)r->players,
                    .num_players = r->players, .num_distinct_actions = 2, .max_chance_outcomes = r->players + 1,
                    .max_game_length = 2 * r->players - 1, .max_chance_nodes_in_history = r->players,
                    .min_utility = -2, .max_utility = 2 * (r->players - 1), .zero_sum = 1,
                    .current_player = current_player, .legal_actions = legal_actions, .apply = apply, .returns = returns,
                    .chance_outcomes = chance_outcomes, .information_state = information_state, .resample = resample,
                    .free_context = free};
  return 0;
}
