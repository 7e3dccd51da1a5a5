/* Leduc hold'em for n players: two suits of n + 1 ranks, one private card per player, one public card, two betting
 * rounds with at most two raises each (of two chips, then of four). A pair wins, otherwise the higher card (Southey et
 * al., UAI 2005). */
#include "games/native.h"

enum { MAX_PLAYERS = 10, FOLD = 0, CALL = 1, RAISE = 2, MAX_RAISES = 2, ROUND_LENGTH = 3 * MAX_PLAYERS - 2 };

typedef struct { int32_t players, suit_isomorphism; } rules_t;
/* Cards and `public_card` are stored plus one; 0 is not dealt. `player` is the player to act or, at the end, the last one
 * who acted. Bets are stored plus one, one row per round. */
typedef struct {
  uint8_t cards[MAX_PLAYERS], public_card, dealt, round, over;
  int8_t player;
  uint8_t folded[MAX_PLAYERS], remaining, calls, raises, stakes, paid[MAX_PLAYERS], num_bets[2], bets[2][ROUND_LENGTH];
} state_t;

static int rank_of(const rules_t *r, int card_plus_1) {
  return r->suit_isomorphism ? card_plus_1 - 1 : (card_plus_1 - 1) / 2;
}

static int num_cards(const rules_t *r) { return r->suit_isomorphism ? r->players + 1 : 2 * (r->players + 1); }

/* The number of copies of a card that are left in the deck. */
static int left(const rules_t *r, const state_t *s, int32_t card) {
  int n = r->suit_isomorphism ? 2 : 1;
  for (int i = 0; i < r->players; i++) n -= s->cards[i] == card + 1;
  return n - (s->public_card == card + 1);
}

static void init(void *context, void *state) {
  const rules_t *r = context;
  state_t *s = state;
  s->player = LT_CHANCE;
  s->remaining = (uint8_t)r->players;
  s->stakes = 1;
  for (int p = 0; p < r->players; p++) s->paid[p] = 1;
}

static int32_t current_player(void *context, const void *state) {
  (void)context;
  const state_t *s = state;
  return s->over ? LT_TERMINAL : s->player;
}

static int32_t legal_actions(void *context, const void *state, int32_t *actions) {
  const state_t *s = state;
  int32_t n = 0;
  if (current_player(context, state) < 0) return 0;
  if (s->stakes > s->paid[s->player]) actions[n++] = FOLD;
  actions[n++] = CALL;
  if (s->raises < MAX_RAISES) actions[n++] = RAISE;
  return n;
}

static int32_t chance_outcomes(void *context, const void *state, int32_t *actions, double *probabilities) {
  const rules_t *r = context;
  const state_t *s = state;
  int32_t n = 0, deck = 0;
  for (int32_t card = 0; card < num_cards(r); card++) {
    int copies = left(r, s, card);
    if (!copies) continue;
    actions[n] = card;
    probabilities[n++] = copies;
    deck += copies;
  }
  for (int32_t i = 0; i < n; i++) probabilities[i] /= deck;
  return n;
}

static void next_player(const rules_t *r, state_t *s) {
  do s->player = (int8_t)((s->player + 1) % r->players);
  while (s->folded[s->player]);
}

static void deal(const rules_t *r, state_t *s, int32_t card) {
  if (s->round == 1) s->public_card = (uint8_t)(card + 1);
  else s->cards[s->dealt++] = (uint8_t)(card + 1);
  if (s->round == 1 || s->dealt == r->players) next_player(r, s); /* from LT_CHANCE, -1, to the first player who has not folded */
}

static void bet(const rules_t *r, state_t *s, int32_t action) {
  s->bets[s->round][s->num_bets[s->round]++] = (uint8_t)(action + 1);
  if (action == FOLD) {
    s->folded[s->player] = 1;
    s->remaining--;
  } else {
    if (action == RAISE) {
      s->stakes = (uint8_t)(s->stakes + (s->round ? 4 : 2));
      s->raises++;
      s->calls = 0;
    } else {
      s->calls++;
    }
    s->paid[s->player] = s->stakes;
  }
  int called = s->calls == s->remaining - (s->raises > 0);
  if (s->remaining == 1 || (called && s->round == 1)) {
    s->over = 1;
  } else if (called) {
    s->round = 1;
    s->calls = s->raises = 0;
    s->player = LT_CHANCE;
  } else {
    next_player(r, s);
  }
}

static int32_t apply(void *context, void *state, int32_t action) {
  const rules_t *r = context;
  state_t *s = state;
  if (s->over) return 0;
  if (s->player == LT_CHANCE) {
    if (action < 0 || action >= num_cards(r) || !left(r, s, action)) return 0;
    deal(r, s, action);
    return 1;
  }
  if (action < FOLD || action > RAISE || (action == FOLD && s->stakes <= s->paid[s->player]) ||
      (action == RAISE && s->raises >= MAX_RAISES))
    return 0;
  bet(r, s, action);
  return 1;
}

static int strength(const rules_t *r, const state_t *s, int player) {
  int rank = rank_of(r, s->cards[player]);
  return s->public_card && rank == rank_of(r, s->public_card) ? rank + r->players + 1 : rank;
}

static void returns(void *context, const void *state, double *returns) {
  const rules_t *r = context;
  const state_t *s = state;
  int best = -1, winners = 0, pot = 0;
  for (int p = 0; p < r->players; p++) {
    pot += s->paid[p];
    if (s->folded[p]) continue;
    int mine = strength(r, s, p);
    if (mine > best) best = mine, winners = 0;
    winners += mine == best;
  }
  for (int p = 0; p < r->players; p++) {
    int wins = !s->folded[p] && strength(r, s, p) == best;
    returns[p] = (wins ? (double)pot / winners : 0.0) - s->paid[p];
  }
}

static void information_state(void *context, const void *state, int32_t player, uint8_t *key) {
  (void)context;
  const state_t *s = state;
  key[0] = s->cards[player];
  key[1] = s->public_card;
  key[2] = (uint8_t)(s->player + 1);
  memcpy(key + 3, s->bets, sizeof s->bets);
}

/* Redeal the cards of the other players. */
static void resample(void *context, void *state, int32_t player, lt_rng *rng) {
  state_t *s = state;
  int32_t cards[2 * (MAX_PLAYERS + 1)];
  double probabilities[2 * (MAX_PLAYERS + 1)];
  for (int32_t p = 0; p < s->dealt; p++)
    if (p != player) s->cards[p] = 0;
  for (int32_t p = 0; p < s->dealt; p++) {
    if (p == player) continue;
    int32_t n = chance_outcomes(context, state, cards, probabilities);
    s->cards[p] = (uint8_t)(cards[lt_sample(probabilities, n, rng)] + 1);
  }
}

int lt_leduc_poker(lt_game *game, const double *parameters) {
  rules_t *r = malloc(sizeof *r);
  if (r == NULL) return -1;
  r->players = (int32_t)parameters[0], r->suit_isomorphism = parameters[1] != 0;
  *game = (lt_game){.context = r, .state_bytes = sizeof(state_t), .information_state_bytes = 3 + 2 * ROUND_LENGTH,
                    .num_players = r->players, .num_distinct_actions = 3, .max_chance_outcomes = num_cards(r),
                    .max_game_length = 2 * (3 * r->players - 2), .max_chance_nodes_in_history = r->players + 1,
                    .min_utility = -13, .max_utility = 13 * (r->players - 1), .zero_sum = 1, .init = init,
                    .current_player = current_player, .legal_actions = legal_actions, .apply = apply,
                    .returns = returns, .chance_outcomes = chance_outcomes, .information_state = information_state, .resample = resample,
                    .free_context = free};
  return 0;
}
