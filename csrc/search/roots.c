/* Many trees at once; see roots.h. */
#include "search/roots.h"
#include <math.h>

lt_status lt_roots_ask(lt_tree *const *trees, uint32_t n, uint32_t batch, uint32_t most, uint32_t *left, uint64_t *tickets,
                       uint8_t *states, int32_t *players, uint32_t *count, uint32_t *at) {
  const size_t size = trees[0]->game->state_bytes;
  *count = 0;
  for (uint32_t i = 0; i < n; i++) {
    uint32_t some = 0;
    const uint64_t before = trees[i]->simulations;
    const lt_status status = lt_tree_ask(trees[i], batch, left[i] < most ? left[i] : most, tickets + *count, &some);
    left[i] = lt_tree_proven(trees[i]) ? 0 : left[i] - (uint32_t)(trees[i]->simulations - before);
    for (; some > 0; some--, ++*count) {
      memcpy(states + *count * size, lt_tree_pending_state(trees[i], tickets[*count]), size);
      players[*count] = lt_tree_pending_player(trees[i], tickets[*count]);
    }
    if (status != LT_OK) {
      *at = i;
      return status;
    }
  }
  return LT_OK;
}

lt_tree *lt_roots_tree(lt_tree *const *trees, uint32_t n, uint64_t ticket) {
  const uint32_t number = (uint32_t)(ticket >> LT_SLOT_BITS) & (LT_MOST_TREES - 1);
  return number < n ? trees[number] : NULL;
}

lt_status lt_roots_tell(lt_tree *const *trees, uint32_t n, const uint64_t *tickets, uint32_t count, const double *values,
                        uint32_t num_values, const double *priors, uint32_t num_priors, uint32_t *received) {
  for (*received = 0; *received < count; ++*received) {
    const size_t i = *received;
    lt_tree *tree = lt_roots_tree(trees, n, tickets[i]);
    if (tree == NULL) return LT_UNKNOWN_TICKET;
    const lt_status status =
        lt_tree_tell(tree, tickets[i], values + i * num_values, num_values, priors ? priors + i * num_priors : NULL,
                     num_priors);
    if (status != LT_OK) return status;
  }
  return LT_OK;
}

uint32_t lt_legal_masks(const lt_game *g, const uint8_t *states, uint32_t n, uint8_t *masks, int32_t *actions) {
  const size_t row = (size_t)g->num_distinct_actions;
  memset(masks, 0, n * row);
  for (uint32_t i = 0; i < n; i++) {
    const int32_t count = g->legal_actions(g->context, states + i * g->state_bytes, actions);
    if (lt_failed(g)) return i;
    for (int32_t a = 0; a < count; a++) masks[i * row + (size_t)actions[a]] = 1;
  }
  return n;
}

int32_t lt_root_rows(const lt_tree *t, int64_t *visits, double *values, double *priors, uint8_t *proven, double *policy) {
  const uint32_t first = LOAD(t->nodes[0].first_child), count = lt_tree_num_children(t, 0);
  const int32_t chosen = t->rule.kind == LT_GUMBEL ? lt_tree_improved(t, t->worker->probabilities) : -1;
  for (uint32_t i = 0; i < count; i++) {
    const int32_t action = action_of(t, first + i);
    const uint64_t stats = LOAD(t->nodes[first + i].stats);
    visits[action] = stats_visits(stats);
    proven[action] = (uint8_t)stats_solved(stats);
    if (visits[action] || proven[action]) values[action] = stats_mean(stats) * t->half_range + t->middle;
    priors[action] = t->priors ? t->priors[first + i] : 1.0 / count;
    if (chosen >= 0) policy[action] = t->worker->probabilities[i];
  }
  return chosen < 0 ? -1 : action_of(t, first + (uint32_t)chosen);
}

/* Applies the action to `state` and makes the resulting state the root. */
static int play(lt_tree *t, int32_t action, lt_root_game played, uint8_t *state) {
  const lt_game *g = t->game;
  if (*played.length >= played.room || !g->apply(g->context, state, action) || lt_failed(g)) return 0;
  played.history[(*played.length)++] = action;
  if (!lt_tree_advance(t, action, state)) lt_tree_reset(t, state);
  return 1;
}

int lt_root_settle(lt_tree *t, lt_root_game played, double *returns, uint8_t *state) {
  const lt_game *g = t->game;
  lt_worker *w = t->worker;
  int over = 0;
  w->broken = NULL;
  memcpy(state, t->root_state, g->state_bytes);
  for (;;) {
    const int32_t player = g->current_player(g->context, state);
    if (lt_failed(g)) return LT_RULES_BROKE;
    if (player == LT_TERMINAL) {
      if (*played.length == 0) return LT_RULES_BROKE; /* the game is over before its first action */
      g->returns(g->context, state, returns);
      if (lt_failed(g)) return LT_RULES_BROKE;
      lt_initial_state(g, state);
      lt_tree_reset(t, state);
      *played.length = 0, over = 1;
    } else if (player == LT_CHANCE) {
      lt_rng rng = lt_rng_stream(t->seed ^ UINT64_C(0xbb67ae8584caa73b), (*played.draws)++);
      const int32_t n = g->chance_outcomes(g->context, state, w->actions, w->probabilities);
      if (n <= 0 || !play(t, w->actions[lt_sample(w->probabilities, n, &rng)], played, state)) return LT_RULES_BROKE;
    } else {
      return over;
    }
  }
}

int lt_root_advance(lt_tree *t, int32_t action, lt_root_game played, double *returns, uint8_t *state) {
  t->worker->broken = NULL;
  memcpy(state, t->root_state, t->game->state_bytes);
  return play(t, action, played, state) ? lt_root_settle(t, played, returns, state) : LT_RULES_BROKE;
}
