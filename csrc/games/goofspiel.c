/* Goofspiel for n players: each has the cards 1 .. n and bids one for every point card that is turned up. The highest
 * unique bid takes the points; a tie discards them. Players bid in turn, and no bid is seen before all are made. With
 * `hidden_bids` the players see only the winner of each turn, never the bids (Lanctot, PhD thesis, 2013, 3.1.4).
 *
 * Sections: the state, a turn, the functions of the game table, resampling the cards of the others. */
#include "games/native.h"

enum { MAX_PLAYERS = 10, MAX_CARDS = 32, RANDOM = 0, DESCENDING = 1, WIN_LOSS = 0, POINT_DIFFERENCE = 1 };

typedef struct { int32_t players, cards, turns, order, returns_type, hidden_bids; } rules_t;

/* A state is this head and, one after the other:
 *   uint32_t hands[players]      the cards that each player still has, one bit per card
 *   uint16_t points[players]
 *   uint8_t point_cards[turns]   the cards turned up so far, plus one
 *   uint8_t winners[turns]       the winners of the turns so far, plus one; 0 for a tie
 *   uint8_t bids[players][turns] plus one; the bids of the current turn are still hidden
 * `deck` has a bit for each point card not yet turned up; `turn` counts finished turns. */
typedef struct { uint32_t deck; int8_t player; uint8_t turn; uint16_t none; } state_t;

static uint32_t *hands_of(state_t *s) { return (uint32_t *)(s + 1); }
static uint16_t *points_of(const rules_t *r, state_t *s) { return (uint16_t *)(hands_of(s) + r->players); }
static uint8_t *point_cards_of(const rules_t *r, state_t *s) { return (uint8_t *)(points_of(r, s) + r->players); }
static uint8_t *winners_of(const rules_t *r, state_t *s) { return point_cards_of(r, s) + r->turns; }
static uint8_t *bids_of(const rules_t *r, state_t *s, int32_t player) {
  return winners_of(r, s) + r->turns + player * r->turns;
}

static uint32_t full_hand(const rules_t *r) { return UINT32_MAX >> (32 - r->cards); }

static int32_t cards_in(uint32_t set, int32_t *cards) {
  int32_t n = 0;
  for (int32_t card = 0; set; card++, set >>= 1)
    if (set & 1) cards[n++] = card;
  return n;
}

/* ---- A turn ---- */

/* The player with the highest unique bid, plus one, or 0 for a tie. The `bids` of a turn have the distance `stride`. */
static int32_t winner_of(const uint8_t *bids, int32_t players, int32_t stride) {
  int32_t winner = 0, best = 0;
  for (int32_t p = 0; p < players; p++) {
    int32_t bid = bids[p * stride];
    if (bid > best) best = bid, winner = p + 1;
    else if (bid == best) winner = 0;
  }
  return winner;
}

static void turn_up(const rules_t *r, state_t *s, int32_t card) {
  s->deck &= ~(UINT32_C(1) << card);
  point_cards_of(r, s)[s->turn] = (uint8_t)(card + 1);
  s->player = 0;
}

static void bid(const rules_t *r, state_t *s, int32_t player, int32_t card) {
  bids_of(r, s, player)[s->turn] = (uint8_t)(card + 1);
  s->player = (int8_t)(player + 1);
}

/* After all bids: award the points and turn up the next card. A last card without a choice is played automatically. */
static void end_turn(const rules_t *r, state_t *s) {
  for (;;) {
    int32_t winner = winner_of(bids_of(r, s, 0) + s->turn, r->players, r->turns);
    for (int32_t p = 0; p < r->players; p++) hands_of(s)[p] &= ~(UINT32_C(1) << (bids_of(r, s, p)[s->turn] - 1));
    winners_of(r, s)[s->turn] = (uint8_t)winner;
    if (winner) {
      uint16_t *points = &points_of(r, s)[winner - 1];
      *points = (uint16_t)(*points + point_cards_of(r, s)[s->turn]);
    }
    if (++s->turn == r->turns) {
      s->player = LT_TERMINAL;
      return;
    }
    int last = s->turn == r->cards - 1;
    int32_t card = 0;
    if (r->order == RANDOM && !last) {
      s->player = LT_CHANCE;
      return;
    }
    if (r->order == RANDOM) cards_in(s->deck, &card);
    else card = r->order == DESCENDING ? r->cards - 1 - s->turn : s->turn;
    turn_up(r, s, card);
    if (!last) return;
    for (int32_t p = 0; p < r->players; p++) {
      cards_in(hands_of(s)[p], &card);
      bid(r, s, p, card);
    }
  }
}

/* ---- The functions of the game table ---- */

static void init(void *context, void *state) {
  const rules_t *r = context;
  state_t *s = state;
  s->deck = full_hand(r);
  for (int32_t p = 0; p < r->players; p++) hands_of(s)[p] = full_hand(r);
  if (r->order == RANDOM) s->player = LT_CHANCE;
  else turn_up(r, s, r->order == DESCENDING ? r->cards - 1 : 0);
}

static int32_t current_player(void *context, const void *state) {
  (void)context;
  const state_t *s = state;
  return s->player;
}

static int32_t legal_actions(void *context, const void *state, int32_t *actions) {
  (void)context;
  state_t *s = (state_t *)state;
  return s->player < 0 ? 0 : cards_in(hands_of(s)[s->player], actions);
}

static int32_t chance_outcomes(void *context, const void *state, int32_t *actions, double *probabilities) {
  (void)context;
  const state_t *s = state;
  int32_t n = cards_in(s->deck, actions);
  for (int32_t i = 0; i < n; i++) probabilities[i] = 1.0 / n;
  return n;
}

static int32_t apply(void *context, void *state, int32_t action) {
  const rules_t *r = context;
  state_t *s = state;
  if (s->player == LT_TERMINAL || action < 0 || action >= r->cards) return 0;
  if (!((s->player == LT_CHANCE ? s->deck : hands_of(s)[s->player]) >> action & 1)) return 0;
  if (s->player == LT_CHANCE) {
    turn_up(r, s, action);
    return 1;
  }
  bid(r, s, s->player, action);
  if (s->player == r->players) end_turn(r, s);
  return 1;
}

static void returns(void *context, const void *state, double *returns) {
  const rules_t *r = context;
  const uint16_t *points = points_of(r, (state_t *)state);
  int32_t best = -1, winners = 0;
  double sum = 0;
  for (int32_t p = 0; p < r->players; p++) {
    if (points[p] > best) best = points[p], winners = 0;
    winners += points[p] == best;
    sum += points[p];
  }
  for (int32_t p = 0; p < r->players; p++) {
    if (r->returns_type != WIN_LOSS) returns[p] = points[p] - (r->returns_type == POINT_DIFFERENCE ? sum / r->players : 0);
    else if (winners == r->players) returns[p] = 0;
    else returns[p] = points[p] == best ? 1.0 / winners : -1.0 / (r->players - winners);
  }
}

/* The player to act; the player's own bids, including the current one; the winners, or the bids of the others if bids are
 * shown; and the point cards if their order is random. */
static void information_state(void *context, const void *state, int32_t player, uint8_t *key) {
  const rules_t *r = context;
  state_t *s = (state_t *)state;
  const size_t turns = (size_t)r->turns;
  *key++ = (uint8_t)s->player;
  memcpy(key, bids_of(r, s, player), turns), key += turns;
  if (r->order == RANDOM) memcpy(key, point_cards_of(r, s), turns), key += turns;
  if (r->hidden_bids) {
    memcpy(key, winners_of(r, s), turns);
    return;
  }
  for (int32_t p = 0; p < r->players; p++)
    if (p != player) memcpy(key, bids_of(r, s, p), s->turn), key += turns;
}

static size_t key_bytes(const rules_t *r) {
  int32_t rows = 1 + (r->order == RANDOM) + (r->hidden_bids ? 1 : r->players - 1);
  return 1 + (size_t)(rows * r->turns);
}

/* Cards in ascending order, to be drawn by index. */
typedef struct { int32_t n; uint8_t cards[MAX_CARDS]; } pile_t;

static pile_t pile_of(uint32_t set) {
  pile_t pile = {0};
  for (int32_t card = 0; set; card++, set >>= 1)
    if (set & 1) pile.cards[pile.n++] = (uint8_t)card;
  return pile;
}

static int32_t draw(pile_t *pile, int32_t place) {
  int32_t card = pile->cards[place];
  pile->n--;
  for (int32_t i = place; i < pile->n; i++) pile->cards[i] = pile->cards[i + 1];
  return card;
}

/* With the draws of lt_playout. */
static void playout(void *context, void *state, lt_rng *rng, double *out) {
  const rules_t *r = context;
  state_t *s = state;
  double probabilities[MAX_CARDS];
  pile_t hands[MAX_PLAYERS], deck = pile_of(s->deck);
  for (int32_t p = 0; p < r->players; p++)
    hands[p] = pile_of(hands_of(s)[p] & ~(p < s->player ? UINT32_C(1) << (bids_of(r, s, p)[s->turn] - 1) : 0));
  while (s->player != LT_TERMINAL) {
    if (s->player == LT_CHANCE) {
      for (int32_t i = 0; i < deck.n; i++) probabilities[i] = 1.0 / deck.n;
      turn_up(r, s, draw(&deck, lt_sample(probabilities, deck.n, rng)));
    }
    for (int32_t p = s->player; p < r->players; p++)
      bid(r, s, p, draw(&hands[p], (int32_t)lt_rng_below(rng, (uint32_t)hands[p].n)));
    end_turn(r, s);
  }
  returns(context, state, out);
}

/* ---- Resampling the cards of the others ---- */

/* Under uniformly random play every order of a hand has the same probability, so all bids that agree with the known facts are
 * equally likely. Two players: in each turn the opponent's bid is above, below or equal to the own bid. Go through the cards
 * in ascending order. A card of the opponent stays in its hand, or is its bid in a turn that it won and whose own card is
 * already passed (`open`), or is kept for a turn that it lost and whose own card comes later (`held`).
 * `ways[card][open][held]` counts the valid completions. Drawing in proportion to it is exact. */
static void resample_other(const rules_t *r, state_t *s, int32_t player, lt_rng *rng) {
  enum { NO_TURN, LOST, TIED, WON };
  double ways[MAX_CARDS + 1][(MAX_CARDS / 2 + 1) * (MAX_CARDS / 2 + 1)];
  int32_t kind[MAX_CARDS] = {NO_TURN}, turn_of[MAX_CARDS] = {0}, won = 0, lost = 0; /* by own card; turns of the opponent */
  const uint8_t *own = bids_of(r, s, player), *winners = winners_of(r, s);
  uint8_t *bids = bids_of(r, s, !player);
  for (int32_t t = 0; t < s->turn; t++) {
    int32_t card = own[t] - 1;
    turn_of[card] = t;
    kind[card] = winners[t] == 0 ? TIED : winners[t] == player + 1 ? LOST : WON;
    won += kind[card] == WON, lost += kind[card] == LOST;
  }
  const int32_t width = lost + 1;
#define WAYS(card, open, held) ways[card][(open) * width + (held)]
  for (int32_t card = r->cards; card >= 0; card--)
    for (int32_t open = 0; open <= won; open++)
      for (int32_t held = 0; held <= lost; held++) {
        if (card == r->cards) {
          WAYS(card, open, held) = open == 0 && held == 0;
          continue;
        }
        int32_t after = held - (kind[card] == LOST), opens = kind[card] == WON;
        double n = 0;
        if (after >= 0 && open + opens <= won) {
          n = WAYS(card + 1, open + opens, after);
          if (kind[card] != TIED && after < lost) n += WAYS(card + 1, open + opens, after + 1);
        }
        if (after >= 0 && open > 0 && kind[card] != TIED) n += open * WAYS(card + 1, open - 1 + opens, after);
        WAYS(card, open, held) = kind[card] == LOST ? held * n : n;
      }
  int32_t open_turns[MAX_CARDS], held_cards[MAX_CARDS], open = 0, held = 0;
  hands_of(s)[!player] = full_hand(r);
  for (int32_t card = 0; card < r->cards; card++) {
    const int32_t opens = kind[card] == WON;
    if (kind[card] == LOST) {
      int32_t i = (int32_t)lt_rng_below(rng, (uint32_t)held);
      bids[turn_of[card]] = (uint8_t)(held_cards[i] + 1);
      held_cards[i] = held_cards[--held];
    }
    if (kind[card] == TIED) {
      bids[turn_of[card]] = (uint8_t)(card + 1);
      continue;
    }
    double left = open + opens <= won ? WAYS(card + 1, open + opens, held) : 0;
    double keep = open + opens <= won && held < lost ? WAYS(card + 1, open + opens, held + 1) : 0;
    double bid_now = open > 0 ? open * WAYS(card + 1, open - 1 + opens, held) : 0;
    double u = lt_rng_uniform(rng) * (left + keep + bid_now);
    if (u < bid_now || (keep == 0 && left == 0)) {
      int32_t i = (int32_t)lt_rng_below(rng, (uint32_t)open);
      bids[open_turns[i]] = (uint8_t)(card + 1);
      open_turns[i] = open_turns[--open];
    } else if (u < bid_now + keep || left == 0) {
      held_cards[held++] = card;
    }
    if (opens) open_turns[open++] = turn_of[card];
  }
#undef WAYS
  for (int32_t t = 0; t < s->turn; t++) hands_of(s)[!player] &= ~(UINT32_C(1) << (bids[t] - 1));
}

/* Whether every turn in the bit set `turns` has its true winner. */
static int agrees(const rules_t *r, const uint8_t *bids, const uint8_t *winners, uint32_t turns) {
  for (int32_t t = 0; turns; t++, turns >>= 1)
    if (turns & 1 && winner_of(bids + t, r->players, MAX_CARDS) != winners[t]) return 0;
  return 1;
}

/* More players: deal the bids of the others at random, at most TRIES times, until they agree with the winners. If this
 * succeeds, it is exact. Otherwise start from the true bids and make many random steps. In each step some of the others
 * exchange two cards in their orders, if the result still agrees. In the limit all reachable orders are equally likely. */
static void resample_others(const rules_t *r, state_t *s, int32_t player, lt_rng *rng) {
  enum { TRIES = 200, STEPS_A_CARD = 20 };
  uint8_t orders[MAX_PLAYERS * MAX_CARDS]; /* [players, MAX_CARDS]: the bids, then the rest of the hand, all plus one */
  const uint8_t *winners = winners_of(r, s);
  int found = 0;
  for (int32_t p = 0; p < r->players; p++) {
    int32_t rest[MAX_CARDS], n = cards_in(hands_of(s)[p], rest);
    memcpy(orders + p * MAX_CARDS, bids_of(r, s, p), s->turn);
    for (int32_t i = 0; i < n; i++) orders[p * MAX_CARDS + s->turn + i] = (uint8_t)(rest[i] + 1);
  }
  for (int32_t tries = 0; tries < TRIES && !found; tries++) {
    uint8_t dealt[MAX_PLAYERS * MAX_CARDS];
    memcpy(dealt, orders, sizeof dealt);
    found = 1;
    for (int32_t t = 0; t < s->turn && found; t++) {
      for (int32_t p = 0; p < r->players; p++) {
        if (p == player) continue;
        uint8_t *order = dealt + p * MAX_CARDS;
        int32_t i = t + (int32_t)lt_rng_below(rng, (uint32_t)(r->cards - t));
        uint8_t card = order[i];
        order[i] = order[t], order[t] = card;
      }
      found = winner_of(dealt + t, r->players, MAX_CARDS) == winners[t];
    }
    if (found) memcpy(orders, dealt, sizeof orders);
  }
  for (int32_t steps = found ? 0 : STEPS_A_CARD * r->cards * r->players; steps > 0; steps--) {
    int32_t a = 1 + (int32_t)lt_rng_below(rng, (uint32_t)r->cards), b = 1 + (int32_t)lt_rng_below(rng, (uint32_t)r->cards);
    uint32_t who = (uint32_t)lt_rng_next(rng) & ~(UINT32_C(1) << player), touched = 0;
    uint8_t *first[MAX_PLAYERS], *second[MAX_PLAYERS];
    int32_t n = 0;
    for (int32_t p = 0; p < r->players; p++) {
      if (!(who >> p & 1)) continue;
      uint8_t *order = orders + p * MAX_CARDS;
      first[n] = memchr(order, a, (size_t)r->cards), second[n] = memchr(order, b, (size_t)r->cards);
      touched |= UINT32_C(1) << (first[n] - order) | UINT32_C(1) << (second[n] - order);
      *first[n] = (uint8_t)b, *second[n++] = (uint8_t)a;
    }
    if (agrees(r, orders, winners, touched & ((UINT32_C(1) << s->turn) - 1))) continue;
    while (n-- > 0) *first[n] = (uint8_t)a, *second[n] = (uint8_t)b;
  }
  for (int32_t p = 0; p < r->players; p++) {
    if (p == player) continue;
    memcpy(bids_of(r, s, p), orders + p * MAX_CARDS, s->turn);
    hands_of(s)[p] = full_hand(r);
    for (int32_t t = 0; t < s->turn; t++) hands_of(s)[p] &= ~(UINT32_C(1) << (orders[p * MAX_CARDS + t] - 1));
  }
}

static void resample(void *context, void *state, int32_t player, lt_rng *rng) {
  const rules_t *r = context;
  state_t *s = state;
  if (s->player == LT_TERMINAL) return;
  if (r->hidden_bids && r->players == 2) resample_other(r, s, player, rng);
  else if (r->hidden_bids) resample_others(r, s, player, rng);
  for (int32_t p = 0; p < s->player; p++) { /* the bids of the current turn */
    if (p == player) continue;
    int32_t cards[MAX_CARDS], n = cards_in(hands_of(s)[p], cards);
    bids_of(r, s, p)[s->turn] = (uint8_t)(1 + cards[lt_rng_below(rng, (uint32_t)n)]);
  }
}

int lt_goofspiel(lt_game *game, const double *parameters) {
  rules_t *r = malloc(sizeof *r);
  if (r == NULL) return -1;
  *r = (rules_t){.hidden_bids = parameters[1] != 0, .cards = (int32_t)parameters[2], .turns = (int32_t)parameters[3],
                 .players = (int32_t)parameters[4], .order = (int32_t)parameters[5],
                 .returns_type = (int32_t)parameters[6]};
  if (r->turns < 0) r->turns = r->cards;
  const int32_t points = r->cards * (r->cards + 1) / 2, deals = r->turns - (r->cards > 1 && r->turns == r->cards);
  const size_t bytes = sizeof(state_t) + (size_t)r->players * 6 + (size_t)((2 + r->players) * r->turns);
  *game = (lt_game){.context = r, .state_bytes = (bytes + 3) / 4 * 4, .information_state_bytes = key_bytes(r),
                    .num_players = r->players, .num_distinct_actions = r->cards,
                    .max_game_length = r->cards * r->players, .min_utility = -1, .max_utility = 1,
                    .zero_sum = r->returns_type <= POINT_DIFFERENCE, .simultaneous = 1, .init = init,
                    .current_player = current_player, .legal_actions = legal_actions, .apply = apply,
                    .returns = returns, .information_state = information_state, .resample = resample,
                    .playout = playout, .free_context = free};
  if (r->order == RANDOM) {
    game->chance_outcomes = chance_outcomes;
    game->max_chance_outcomes = r->cards, game->max_chance_nodes_in_history = deals;
  }
  if (r->returns_type != WIN_LOSS) {
    double mean = r->returns_type == POINT_DIFFERENCE ? (double)points / r->players : 0;
    game->min_utility = 0 - mean, game->max_utility = points - mean;
  }
  return 0;
}
