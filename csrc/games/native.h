/* The native games: csrc/games/NAME.c defines lt_NAME, which fills a table from the game's parameters, in the order of
 * their declaration in games/NAME.py. Returns 0, or -1 if memory ran out. Python has checked the parameters. */
#ifndef LT_NATIVE_H
#define LT_NATIVE_H
#include <stdlib.h>
#include "core/game.h"

#define LT_NATIVE_GAMES(GAME) \
  GAME(2048)                  \
  GAME(breakthrough)          \
  GAME(connect_four)          \
  GAME(dark_hex)              \
  GAME(go)                    \
  GAME(gomoku)                \
  GAME(goofspiel)             \
  GAME(havannah)              \
  GAME(hex)                   \
  GAME(kuhn_poker)            \
  GAME(leduc_poker)           \
  GAME(liars_dice)            \
  GAME(nim)                   \
  GAME(othello)               \
  GAME(phantom_ttt)           \
  GAME(tic_tac_toe)           \
  GAME(y)

typedef int (*lt_constructor)(lt_game *game, const double *parameters);

#define LT_DECLARE(name) int lt_##name(lt_game *game, const double *parameters);
LT_NATIVE_GAMES(LT_DECLARE)
#undef LT_DECLARE

/* The constructor of a native game, or NULL. */
static inline lt_constructor lt_native_constructor(const char *name) {
#define LT_FIND(known) \
  if (strcmp(name, #known) == 0) return lt_##known;
  LT_NATIVE_GAMES(LT_FIND)
#undef LT_FIND
  return NULL;
}

#endif
