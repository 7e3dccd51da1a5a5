/* The game interface: the one table through which every solver sees every game.
 *
 * A game is a table of functions over a flat state of `state_bytes` bytes. A state holds no
 * pointer of its own, so it is copied with memcpy, and a search of millions of simulations
 * allocates nothing and never enters Python. The table is filled by native rules in C, by rules
 * a user compiled with Numba, or by Python objects (OpenSpiel games, language games), and no
 * solver can tell which.
 *
 * Rules that a user wrote are checked behind the table, by games/adapters/numba.py and objects.pxi: whatever they do, a function of the
 * table writes no more than its array holds and gives no player or action that there is not. What breaks these bounds, or
 * raises, is a failure: `failed` says so, and the solver stops. Only the length of a game is for each solver to watch.
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
  size_t information_state_bytes;    /* length of a key; 0 where `information_state` is NULL */
  int32_t num_players;
  int32_t num_distinct_actions;      /* a player's actions are 0 .. num_distinct_actions - 1 */
  int32_t max_chance_outcomes;       /* chance actions are 0 .. max_chance_outcomes - 1; 0: no chance */
  int32_t max_game_length;           /* players' actions in a longest history */
  int32_t max_chance_nodes_in_history;
  double min_utility, max_utility;
  int32_t zero_sum;                  /* everybody's returns always sum to the same: what one wins, others lose */
  int32_t simultaneous;              /* players choose in turn, but nobody sees a choice before all have made theirs */
  int32_t in_python;                 /* the rules enter Python, which one thread at a time does */
  int32_t (*failed)(void);           /* NULL, or gives non-zero after a function failed in this thread (a user's rules only) */

  /* Write the initial state. The buffer is zeroed before: NULL where all zero is the initial state. */
  void (*init)(void *context, void *state);
  /* Who acts: a player, LT_CHANCE or LT_TERMINAL. */
  int32_t (*current_player)(void *context, const void *state);
  /* Write the current player's actions, ascending, and give their number. Room: num_distinct_actions. */
  int32_t (*legal_actions)(void *context, const void *state, int32_t *actions);
  /* Act for the current player or for chance: 1 if the action is legal; else 0, the state untouched. */
  int32_t (*apply)(void *context, void *state, int32_t action);
  /* Write every player's return at a terminal state [num_players]. */
  void (*returns)(void *context, const void *state, double *returns);
  /* At a chance node, write outcomes, ascending, with their probabilities, and give their number.
   * NULL for a game without chance. */
  int32_t (*chance_outcomes)(void *context, const void *state, int32_t *actions, double *probabilities);
  /* The key of what `player` knows, `information_state_bytes` long, in a zeroed buffer. NULL in a game
   * of perfect information, where every history is an information state of its own. */
  void (*information_state)(void *context, const void *state, int32_t player, uint8_t *key);
  /* Optional, for games of imperfect information: make of `state` a random one that `player` cannot tell from it, with
   * the chance that uniformly random play of the others gives it (or near it; the game's page says). */
  void (*resample)(void *context, void *state, int32_t player, lt_rng *rng);
  /* Optional: a key of the position, for transpositions. Equal keys must mean that all that can follow is equal, the
   * number of moves so far included, so that play never returns to a key. NULL: the hash of the state's bytes. */
  uint64_t (*hash)(void *context, const void *state);
  /* Optional, NULL for the general one: uniformly random play from `state` to the end. Leaves the state terminal. Returns
   * and final state have the distribution that lt_playout gives; most games draw as it does and give the very same. Where
   * stones beyond the end decide nothing (hex, y), the final state may hold more of them than play up to the win would
   * leave: only the returns have that distribution, and the game's page says so. Where uniform play would be senseless
   * (Go: it fills its own eyes), the page says what is played instead. */
  void (*playout)(void *context, void *state, lt_rng *rng, double *returns);
  /* Optional: `n` playouts at once, for games that play several in the lanes of vector registers: `states` stand
   * `state_bytes` apart, `returns` are [n, num_players]. As `n` calls of `playout`, but the states are left undefined. */
  void (*playouts)(void *context, void *states, lt_rng *rngs, double *returns, int32_t n);
  /* Optional: as `playout`, and writes what was played into `trace` (room: max_game_length), an entry
   * player * num_distinct_actions + action for each player's action in order, chance left out. Gives their number. */
  int32_t (*traced_playout)(void *context, void *state, lt_rng *rng, double *returns, int32_t *trace);
  /* Optional, what is known of the game besides its rules. `informed_playout` plays by it, `trace` as above; it may
   * stop where the winner is clear, but with NULL for `trace` it plays to the very end.
   * `priors` writes for each of `n` legal actions how many visits it is worth as if already made, and their mean value
   * in [-1, 1] for the player who acts. */
  int32_t (*informed_playout)(void *context, void *state, lt_rng *rng, double *returns, int32_t *trace);
  void (*priors)(void *context, const void *state, const int32_t *actions, int32_t n, float *visits, float *values);
  /* Optional: gives back what `context` points to. */
  void (*free_context)(void *context);
} lt_game;

static inline int32_t lt_max_actions(const lt_game *game) {
  return game->num_distinct_actions > game->max_chance_outcomes ? game->num_distinct_actions : game->max_chance_outcomes;
}

/* Actions in a longest history, chance included. */
static inline int32_t lt_max_history(const lt_game *game) {
  return game->max_game_length + game->max_chance_nodes_in_history;
}

static inline int lt_failed(const lt_game *game) { return game->failed != NULL && game->failed() != 0; }

/* Write the initial state. */
static inline void lt_initial_state(const lt_game *game, void *state) {
  memset(state, 0, game->state_bytes);
  if (game->init != NULL) game->init(game->context, state);
}

/* The index of a chance outcome drawn with one number of `rng`. */
static inline int32_t lt_sample(const double *probabilities, int32_t n, lt_rng *rng) {
  double u = lt_rng_uniform(rng);
  for (int32_t i = 0; i < n - 1; i++) {
    u -= probabilities[i];
    if (u < 0) return i;
  }
  return n - 1;
}

/* Uniformly random play to the end by the rules alone: one draw a move. What was played goes to `trace`, where there is
 * one, as `traced_playout` writes it. `actions` and `probabilities` are scratch space for lt_max_actions(game) entries. Gives
 * the number of entries, or -1 where the rules broke (no action, a refused one, a game longer than its longest). */
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

/* Random play to the end as the game does it, or by its rules alone. Gives 0, or -1 where the rules broke. */
static inline int lt_playout(const lt_game *game, void *state, lt_rng *rng, double *returns,
                             int32_t *actions, double *probabilities) {
  if (game->playout == NULL) return lt_plain_playout(game, state, rng, returns, actions, probabilities, NULL) < 0 ? -1 : 0;
  game->playout(game->context, state, rng, returns);
  return lt_failed(game) ? -1 : 0;
}

/* The same with its moves written down: gives their number. */
static inline int32_t lt_traced_playout(const lt_game *game, void *state, lt_rng *rng, double *returns, int32_t *actions,
                                        double *probabilities, int32_t *trace) {
  if (game->traced_playout == NULL) return lt_plain_playout(game, state, rng, returns, actions, probabilities, trace);
  int32_t length = game->traced_playout(game->context, state, rng, returns, trace);
  return lt_failed(game) ? -1 : length;
}

/* Hash of a run of bytes, word by word through lt_mix. */
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
