/* Keys of information states, and regret matching. Used by everything that samples play: mccfr.c and the searches of
 * graph.c.
 *
 * lt_infostate_key returns 64 bits, which are trusted. Among n information states, the probability that two share a key
 * by accident is below n^2 / 2^65: one in three hundred thousand for ten million. lt_infostate_name returns 128 bits: the
 * second half distinguishes states that share the first half. */
#ifndef LT_INFOSTATE_H
#define LT_INFOSTATE_H
#include "core/game.h"

/* The key of a position, for games in which every player sees everything. */
static inline uint64_t lt_position_key(const lt_game *game, const void *state) {
  return game->hash ? game->hash(game->context, state) : lt_hash_bytes(state, game->state_bytes);
}

/* Number of bytes of scratch space that lt_infostate_key needs. */
static inline size_t lt_infostate_scratch(const lt_game *game) {
  return (game->information_state_bytes + 7) / 8 * 8 + 8;
}

/* The key of what `player` knows. In a game of perfect information it is the key of the position. Each word of the game's
 * own key is mixed independently, so the processor works on several at once. */
static inline uint64_t lt_infostate_key(const lt_game *game, const void *state, int32_t player, uint8_t *scratch) {
  if (game->information_state == NULL) return lt_position_key(game, state);
  const size_t words = (game->information_state_bytes + 7) / 8;
  memset(scratch, 0, 8 * words);
  game->information_state(game->context, state, player, scratch);
  uint64_t h = 0;
  for (size_t i = 0; i < words; i++) {
    uint64_t word;
    memcpy(&word, scratch + 8 * i, 8);
    h += lt_mix(word ^ (i + 1) * UINT64_C(0x9e3779b97f4a7c15));
  }
  return lt_mix(lt_mix(h) + (uint64_t)player);
}

/* A 128-bit name of what a player knows. It is the same in every process. */
typedef struct lt_name { uint64_t key, other; } lt_name;

/* Computes two sums over the words of a game's own key, with different weights, and then mixes in the player. */
static inline lt_name lt_name_bytes(const uint8_t *bytes, size_t n, int32_t player) {
  uint64_t h = 0, k = n;
  for (size_t i = 0; 8 * i < n; i++) {
    uint64_t word = 0;
    memcpy(&word, bytes + 8 * i, n - 8 * i < 8 ? n - 8 * i : 8);
    const uint64_t mixed = lt_mix(word ^ (i + 1) * UINT64_C(0x9e3779b97f4a7c15));
    h += mixed, k += mixed * (2 * i + 1) ^ mixed >> 32;
  }
  return (lt_name){lt_mix(lt_mix(h) + (uint64_t)player), lt_mix(lt_mix(k) + (uint64_t)player)};
}

/* The name of what `player` knows. In a game of perfect information it is the name of the position; if the game has its
 * own `hash`, it is that hash alone. */
static inline lt_name lt_infostate_name(const lt_game *game, const void *state, int32_t player, uint8_t *scratch) {
  if (game->information_state == NULL)
    return game->hash ? (lt_name){game->hash(game->context, state), 0} : lt_name_bytes(state, game->state_bytes, 0);
  memset(scratch, 0, lt_infostate_scratch(game));
  game->information_state(game->context, state, player, scratch);
  return lt_name_bytes(scratch, game->information_state_bytes, player);
}

/* Regret matching (Hart and Mas-Colell 2000), in place: converts regrets to probabilities in proportion to the positive
 * ones. If no regret is positive, the probabilities are uniform. */
static inline void lt_match_regrets(double *row, uint32_t n) {
  double sum = 0;
  for (uint32_t i = 0; i < n; i++) {
    row[i] = row[i] > 0 ? row[i] : 0;
    sum += row[i];
  }
  for (uint32_t i = 0; i < n; i++) row[i] = sum > 0 ? row[i] / sum : 1.0 / n;
}

#endif
