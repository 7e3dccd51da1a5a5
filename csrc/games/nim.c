/* Nim: take any number of objects from one pile. The player who takes the last one wins, or loses in the misere game.
 * Action (taken - 1) * piles + pile. */
#include "games/native.h"

enum { MAX_PILES = 16 };

typedef struct { int32_t misere, piles; uint8_t sizes[MAX_PILES]; } rules_t;
typedef struct { uint8_t sizes[MAX_PILES], player, over; } state_t;

static void init(void *context, void *state) {
  const rules_t *r = context;
  state_t *s = state;
  memcpy(s->sizes, r->sizes, sizeof s->sizes);
}

static int32_t current_player(void *context, const void *state) {
  (void)context;
  const state_t *s = state;
  return s->over ? LT_TERMINAL : s->player;
}

static int32_t legal_actions(void *context, const void *state, int32_t *actions) {
  const rules_t *r = context;
  const state_t *s = state;
  int32_t n = 0, largest = 0;
  for (int32_t pile = 0; pile < r->piles; pile++)
    if (s->sizes[pile] > largest) largest = s->sizes[pile];
  for (int32_t taken = 1; taken <= largest; taken++)
    for (int32_t pile = 0; pile < r->piles; pile++)
      if (s->sizes[pile] >= taken) actions[n++] = (taken - 1) * r->piles + pile;
  return n;
}

static int32_t apply(void *context, void *state, int32_t action) {
  const rules_t *r = context;
  state_t *s = state;
  if (action < 0 || action / r->piles >= s->sizes[action % r->piles]) return 0;
  s->sizes[action % r->piles] = (uint8_t)(s->sizes[action % r->piles] - action / r->piles - 1);
  s->over = 1;
  for (int32_t pile = 0; pile < r->piles; pile++)
    if (s->sizes[pile]) s->over = 0;
  s->player ^= 1;
  return 1;
}

/* `player` is the player to act next, so the other one took the last object. */
static void returns(void *context, const void *state, double *returns) {
  const rules_t *r = context;
  const state_t *s = state;
  returns[0] = !s->over ? 0 : s->player ^ r->misere ? 1 : -1;
  returns[1] = -returns[0];
}

int lt_nim(lt_game *game, const double *parameters) {
  rules_t *r = calloc(1, sizeof *r);
  if (r == NULL) return -1;
  int32_t largest = 0, total = 0;
  r->misere = parameters[0] != 0, r->piles = (int32_t)parameters[1];
  for (int32_t pile = 0; pile < r->piles; pile++) {
    r->sizes[pile] = (uint8_t)parameters[2 + pile];
    total += r->sizes[pile];
    if (r->sizes[pile] > largest) largest = r->sizes[pile];
  }
  *game = (lt_game){.context = r, .state_bytes = sizeof(state_t), .num_players = 2,
                    .num_distinct_actions = r->piles * largest + 1, .max_game_length = total, .min_utility = -1,
                    .max_utility = 1, .zero_sum = 1, .init = init, .current_player = current_player,
                    .legal_actions = legal_actions, .apply = apply, .returns = returns, .free_context = free};
  return 0;
}
