/* Light playouts of Go, many at once: what csrc/games/go.c calls where a search wants values of leaves.
 *
 * Both sides play uniformly random moves but never fill an own eye: a point whose neighbours are all own stones and at
 * most one of whose diagonal neighbours (none at the edge) is the enemy's. Suicide, of one stone or many, and retaking a
 * simple ko at once are forbidden. Who has no move left passes; two passes, or 3 * size * size moves, end the playout.
 *
 * Every playout draws from its own stream, so its result does not depend on those beside it. All paths play the same
 * policy. The vector paths (plain, avx2, avx512) give the very same playouts; the scalar one draws in another order. */
#ifndef LT_GO_PLAYOUTS_H
#define LT_GO_PLAYOUTS_H
#include <stdint.h>
#include "core/rng.h"

typedef struct lt_go_position {
  const uint8_t *stones;  /* [size * size], index = row * size + column: 0 empty, 1 black, 2 white */
  int32_t ko;             /* the point that may not be taken now, or -1 */
  int32_t player;         /* who moves: 1 black, 2 white */
  int32_t passes;         /* how many moves just before were passes: 0 or 1 */
} lt_go_position;

/* The ways to play out. FASTEST is the widest vectors of this machine, at full speed from 4 to
 * 16 playouts on; a single one on a board larger than 9x9 is faster by SCALAR. */
typedef enum lt_go_path { LT_GO_FASTEST, LT_GO_SCALAR, LT_GO_PLAIN, LT_GO_AVX2, LT_GO_AVX512 } lt_go_path;

/* Whether this program on this machine has the path. FASTEST and SCALAR are always there. */
int lt_go_has_path(lt_go_path path);

/* `n` playouts, the i-th from positions[i] with rngs[i]. score[i]: black's area (stones, and empty points that only black
 * stones enclose) minus white's, komi not counted. length[i]: moves played, passes included. */
void lt_go_play_out_many(int32_t size, const lt_go_position *positions, lt_rng *rngs, int32_t n, int16_t *score,
                         uint16_t *length);

/* The same by one path, which must be there. */
void lt_go_play_out_many_by(lt_go_path path, int32_t size, const lt_go_position *positions, lt_rng *rngs, int32_t n,
                            int16_t *score, uint16_t *length);

#endif
