/* The native games: each fills a table from its parameters, in the order its Python page declares them.
 * Gives 0, or -1 where memory ran out. Parameters were checked in Python. */
#ifndef LT_NATIVE_H
#define LT_NATIVE_H
#include "../game.h"

int lt_tic_tac_toe(lt_game *game, const double *parameters);
int lt_connect_four(lt_game *game, const double *parameters);
int lt_kuhn_poker(lt_game *game, const double *parameters);
int lt_leduc_poker(lt_game *game, const double *parameters);

#endif
