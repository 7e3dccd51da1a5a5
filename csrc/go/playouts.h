/* Light playouts of Go, many at once: csrc/games/go.c calls them when a search needs values of leaves.
 *
 * Both sides play uniformly random moves, but never fill an own eye. An eye is a point whose neighbours are all own stones
 * and which has at most one enemy stone on its diagonal points (none at the edge). Suicide, of one stone or several, and
 * retaking a simple ko at once are forbidden. A side without a move passes; two passes, or 3 * size * size moves, end the
 * playout.
 *
 * Every playout has its own stream of random numbers, so its result does not depend on the playouts in other lanes. All
 * paths follow the same policy. The vector paths (plain, avx2, avx512) give exactly the same playouts; the scalar path draws
 * its numbers in another order. */
#ifndef LT_GO_PLAYOUTS_H
#define LT_GO_PLAYOUTS_H
#include <stdint.h>
#include "core/rng.h"

typedef struct lt_go_position {
  const uint8_t *stones;  /* [size * size], index = row * size + column: 0 empty, 1 black, 2 white */
  int32_t ko;             /* the point that simple ko forbids now, or -1 */
  int32_t player;         /* to move: 1 black, 2 white */
  int32_t passes;         /* the number of passes just before: 0 or 1 */
} lt_go_position;

/* The implementations of playouts. FASTEST uses the widest vectors of this machine; it reaches full speed with 4 to 16
 * playouts or more. A single playout on a board larger than 9x9 is faster with SCALAR. */
typedef enum lt_go_path { LT_GO_FASTEST, LT_GO_SCALAR, LT_GO_PLAIN, LT_GO_AVX2, LT_GO_AVX512 } lt_go_path;

/* Whether this program has the path on this machine. FASTEST and SCALAR are always available. */
int lt_go_has_path(lt_go_path path);

/* Run `n` playouts, the i-th from positions[i] with rngs[i]. score[i]: black's area (stones, and empty points that only
 * black stones enclose) minus white's, without komi. length[i]: the number of moves, with passes. */
void lt_go_play_out_many(int32_t size, const lt_go_position *positions, lt_rng *rngs, int32_t n, int16_t *score,
                         uint16_t *length);

/* The same by one path, which must be available. */
void lt_go_play_out_many_by(lt_go_path path, int32_t size, const lt_go_position *positions, lt_rng *rngs, int32_t n,
                            int16_t *score, uint16_t *length);

#endif
