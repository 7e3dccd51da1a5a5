/* The game interface: the table of functions that all solvers use.
 *
 * A game is a table of functions over a flat state of `state_bytes` bytes. A state holds no pointers into itself, so
 * memcpy copies it, and a search of millions of simulations allocates nothing and never enters Python. The table is
 * filled by native rules in C, by user rules compiled with Numba, or by Python objects (OpenSpiel games, language games).
 * A solver cannot distinguish between them.
 *
 * Rules written by users are checked behind the table, in games/adapters/numba.py and objects.pxi. Whatever these rules
 * do, a function of the table never writes past the end of its array and never returns a player or an action that does
 * not exist. Rules that exceed these bounds or raise an exception have failed: `failed` reports it, and the solver stops.
 * Each solver itself checks only the length of a game.
 *
 * Player numbers follow OpenSpiel: 0, 1, ... for players, LT_CHANCE, LT_TERMINAL. */
#ifndef LT_GAME_H
#define LT_GAME_H
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include "core/rng.h"

enum { LT_CHANCE = -1, LT_TERMINAL = -4 };

typedef struct lt_game {
  void *context;                     /* the game's parameters; the first argument of every function */
  size_t state_bytes;
  size_t information_state_bytes;    /* length of a key in bytes; 0 if `information_state` is NULL */
  int32_t num_players;
  int32_t num_distinct_actions;      /* a player's actions are 0 .. num_distinct_actions - 1 */
  int32_t max_chance_outcomes;       /* chance actions are 0 .. max_chance_outcomes - 1; 0: no chance */
  int32_t max_game_length;           /* maximum number of player actions in a history */
  int32_t max_chance_nodes_in_history;
  double min_utility, max_utility;
  int32_t zero_sum;                  /* all returns always have the same sum: what one player wins, the others lose */
  int32_t simultaneous;              /* players choose in turn, but no player sees a choice before all have chosen */
  int32_t in_python;                 /* the rules enter Python, so only one thread runs them at a time */
  int32_t (*failed)(void);           /* NULL, or returns non-zero after a function failed in this thread (user rules only) */

  /* Write the initial state. The buffer is zeroed first. NULL if the initial state is all zeros. */
  void (*init)(void *context, void *state);
  /* Return the player to act, LT_CHANCE or LT_TERMINAL. */
  int32_t (*current_player)(void *context, const void *state);
  /* Write the current player's actions in ascending order and return their number. Capacity: num_distinct_actions. */
  int32_t (*legal_actions)(void *context, const void *state, int32_t *actions);
  /* Act for the current player or for chance. Return 1 if the action is legal; otherwise return 0 and leave the state
   * unchanged. */
  int32_t (*apply)(void *context, void *state, int32_t action);
  /* Write every player's return at a terminal state [num_players]. */
  void (*returns)(void *context, const void *state, double *returns);
  /* At a chance node, write the outcomes in ascending order with their probabilities and return their number. NULL for a
   * game without chance. */
  int32_t (*chance_outcomes)(void *context, const void *state, int32_t *actions, double *probabilities);
  /* Write the key of what `player` knows (`information_state_bytes` bytes) into a zeroed buffer. NULL in a game of
   * perfect information, in which every history is its own information state. */
  void (*information_state)(void *context, const void *state, int32_t player, uint8_t *key);
  /* Optional, for games of imperfect information: replace `state` by a random state that `player` cannot distinguish from
   * it. The probability of a state is the one under uniformly random play of the other players, exactly or approximately
   * (see the game's page). */
  void (*resample)(void *context, void *state, int32_t player, lt_rng *rng);
  /* Optional: a key of the position, for transpositions. Equal keys must mean that all possible continuations are equal,
   * including the number of moves so far, so that play never returns to a key. If NULL, the state's bytes are hashed. */
  uint64_t (*hash)(void *context, const void *state);
  /* Optional: uniformly random play from `state` to the end. Leaves the state terminal. If NULL, the general playout is
   * used. The returns and the final state have the same distribution as those of lt_playout; most games draw random
   * numbers in the same order and return identical results. In games in which stones placed after the end decide nothing
   * (hex, y), the final state may hold more stones than play that stops at the win. Then only the returns have that
   * distribution, and the game's page says so. If uniform play makes no sense (in Go it fills its own eyes), the game's
   * page says what is played instead. */
  void (*playout)(void *context, void *state, lt_rng *rng, double *returns);
  /* Optional: `n` playouts at once, for games that play several in the lanes of vector registers. `states` are
   * `state_bytes` apart; `returns` is [n, num_players]. Equivalent to `n` calls of `playout`, except that the final
   * states are undefined. */
  void (*playouts)(void *context, void *states, lt_rng *rngs, double *returns, int32_t n);
  /* Optional: like `playout`, but also writes the player actions to `trace` (capacity: max_game_length), in order. An
   * entry is player * num_distinct_actions + action; chance is left out. Returns the number of entries. */
  int32_t (*traced_playout)(void *context, void *state, lt_rng *rng, double *returns, int32_t *trace);
  /* Optional: game knowledge beyond the rules. `informed_playout` uses it to choose moves; `trace` is as above. It may
   * stop when the winner is clear, but if `trace` is NULL it plays to the very end. For each of `n` legal actions,
   * `priors` writes a number of visits to count as already made and their mean value in [-1, 1] for the player to act. */
  int32_t (*informed_playout)(void *context, void *state, lt_rng *rng, double *returns, int32_t *trace);
  void (*priors)(void *context, const void *state, const int32_t *actions, int32_t n, float *visits, float *values);
  /* Optional: frees the memory that `context` points to. */
  void (*free_context)(void *context);
} lt_game;

static inline int32_t lt_max_actions(const lt_game *game) {
  return game->num_distinct_actions > game->max_chance_outcomes ? game->num_distinct_actions : game->max_chance_outcomes;
}

/* The maximum number of actions in a history, chance included. */
static inline int32_t lt_max_history(const lt_game *game) {
  return game->max_game_length + game->max_chance_nodes_in_history;
}

static inline int lt_failed(const lt_game *game) { return game->failed != NULL && game->failed() != 0; }

/* Write the initial state. */
static inline void lt_initial_state(const lt_game *game, void *state) {
  memset(state, 0, game->state_bytes);
  if (game->init != NULL) game->init(game->context, state);
}

/* Return the index of a chance outcome, drawn with one number of `rng`. */
static inline int32_t lt_sample(const double *probabilities, int32_t n, lt_rng *rng) {
  double u = lt_rng_uniform(rng);
  for (int32_t i = 0; i < n - 1; i++) {
    u -= probabilities[i];
    if (u < 0) return i;
  }
  return n - 1;
}

/* Uniformly random play to the end by the rules alone: one random number per move. If `trace` is not NULL, the player
 * actions are written to it as `traced_playout` does. `actions` and `probabilities` are scratch space for
 * lt_max_actions(game) entries. Returns the number of entries, or -1 if the rules failed (no action, a refused action, a
 * game longer than its declared maximum). */
static inline int32_t lt_plain_playout(const lt_game *game, void *state, lt_rng *rng, double *returns, int32_t *actions,
                                       double *probabilities, int32_t *trace) {
  int32_t length = 0, left = lt_max_history(game);
  for (;;) {
    int32_t player = game->current_player(game->context, state);
    if (player == LT_TERMINAL) break;
    if (left-- <= 0) return -1;
    int32_t action;
    if (player == LT_CHANCE) {
      int32_t n = game->chance_outcomes(game->context, state, actions, probabilities);
      if (n <= 0 || lt_failed(game)) return -1;
      action = actions[lt_sample(probabilities, n, rng)];
    } else {
      int32_t n = game->legal_actions(game->context, state, actions);
      if (n <= 0 || lt_failed(game)) return -1;
      action = actions[lt_rng_below(rng, (uint32_t)n)];
      if (trace != NULL) {
        if (length >= game->max_game_length) return -1;
        trace[length++] = player * game->num_distinct_actions + action;
      }
    }
    if (!game->apply(game->context, state, action) || lt_failed(game)) return -1;
  }
  game->returns(game->context, state, returns);
  return lt_failed(game) ? -1 : length;
}

/* Random play to the end, by the game's own function or by its rules alone. Returns 0, or -1 if the rules failed. */
static inline int lt_playout(const lt_game *game, void *state, lt_rng *rng, double *returns,
                             int32_t *actions, double *probabilities) {
  if (game->playout == NULL) return lt_plain_playout(game, state, rng, returns, actions, probabilities, NULL) < 0 ? -1 : 0;
  game->playout(game->context, state, rng, returns);
  return lt_failed(game) ? -1 : 0;
}

/* Like lt_playout, but records the moves. Returns their number, or -1 if the rules failed. */
static inline int32_t lt_traced_playout(const lt_game *game, void *state, lt_rng *rng, double *returns, int32_t *actions,
                                        double *probabilities, int32_t *trace) {
  if (game->traced_playout == NULL) return lt_plain_playout(game, state, rng, returns, actions, probabilities, trace);
  int32_t length = game->traced_playout(game->context, state, rng, returns, trace);
  return lt_failed(game) ? -1 : length;
}

/* Hash a byte string, one word at a time, with lt_mix. */
static inline uint64_t lt_hash_bytes(const void *bytes, size_t n) {
  const uint8_t *p = (const uint8_t *)bytes;
  uint64_t h = UINT64_C(0xcbf29ce484222325) ^ n;
  for (; n >= 8; p += 8, n -= 8) {
    uint64_t word;
    memcpy(&word, p, 8);
    h = lt_mix(h ^ word);
  }
  if (n) {
    uint64_t word = 0;
    memcpy(&word, p, n);
    h = lt_mix(h ^ word);
  }
  return h;
}

#endif
