/* Light playouts of Go: the choice of a path, and the paths. The scalar path is here and plays one game at a time; the
 * vector paths are in playouts_lanes.h. */
#include "go/playouts.h"
#include "go/board.h"

typedef void (*play_t)(int32_t size, const lt_go_position *positions, lt_rng *rngs, int32_t n, int16_t *score,
                       uint16_t *length);

static void scalar_play_out_many(int32_t size, const lt_go_position *positions, lt_rng *rngs, int32_t n, int16_t *score,
                                 uint16_t *length) {
  union {
    lt_go_board board;
    char bytes[sizeof(lt_go_board) + ((LT_GO_MAX_SIZE + 1) * (LT_GO_MAX_SIZE + 2) + 1) * sizeof(lt_go_point) + 8];
  } memory;
  lt_go_board *b = &memory.board;
  uint16_t stack[LT_GO_MAX_SIZE * LT_GO_MAX_SIZE];
  for (int32_t i = 0; i < n; i++) {
    const lt_go_position *from = &positions[i];
    lt_go_init(b, size);
    for (int32_t p = 0; p < size * size; p++)
      if (from->stones[p] != LT_EMPTY) lt_go_play(b, lt_go_point_of(b, p), from->stones[p], 0);
    b->ko = (uint16_t)(from->ko < 0 ? 0 : lt_go_point_of(b, from->ko));
    int32_t moves = 0, passes = from->passes, color = from->player;
    for (; passes < 2 && moves < 3 * size * size; moves++, color = lt_go_enemy(color)) {
      int move = lt_go_light_move(b, color, &rngs[i]);
      lt_go_play(b, move, color, 0);
      passes = move == LT_PASS ? passes + 1 : 0;
    }
    score[i] = (int16_t)lt_go_area(b, NULL, stack), length[i] = (uint16_t)moves;
  }
}

/* Vectors use extensions that GCC and Clang share; with other compilers there is only the scalar path. */
#if defined(__GNUC__)
#define HAS_VECTORS 1
enum { WORDS = LT_GO_MAX_SIZE };

#define TARGET
#define VECTOR_BYTES 16
#define LANE_BITS 32
#define NAME(x) plain_32_##x
#include "go/playouts_lanes.h"
#undef LANE_BITS
#undef NAME
#define LANE_BITS 64
#define NAME(x) plain_64_##x
#include "go/playouts_lanes.h"
#undef LANE_BITS
#undef NAME
#undef VECTOR_BYTES
#undef TARGET

#if defined(__x86_64__)
#define HAS_X86 1
#include <immintrin.h>

#define TARGET __attribute__((target("avx2,bmi,bmi2,popcnt")))
#define VECTOR_BYTES 32
#define LANE_BITS 32
#define NAME(x) avx2_32_##x
#include "go/playouts_lanes.h"
#undef LANE_BITS
#undef NAME
#define LANE_BITS 64
#define NAME(x) avx2_64_##x
#include "go/playouts_lanes.h"
#undef LANE_BITS
#undef NAME
#undef VECTOR_BYTES
#undef TARGET

#define TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,bmi,bmi2,popcnt")))
#define VECTOR_BYTES 64
#define LANE_BITS 32
#define NAME(x) avx512_32_##x
#include "go/playouts_lanes.h"
#undef LANE_BITS
#undef NAME
#define LANE_BITS 64
#define NAME(x) avx512_64_##x
#include "go/playouts_lanes.h"
#undef LANE_BITS
#undef NAME
#undef VECTOR_BYTES
#undef TARGET
#endif
#endif

/* The function of a path for a board size, or NULL if this program does not have the path on this machine. */
static play_t play_of(lt_go_path path, int32_t size) {
  const int wide = size > 16 && size < 21; /* of both lane widths, the one with which a vector holds more boards */
  (void)wide;
  if (path == LT_GO_SCALAR) return scalar_play_out_many;
#if HAS_VECTORS
  if (path == LT_GO_PLAIN) return wide ? plain_64_play_out_many : plain_32_play_out_many;
#endif
#if HAS_X86
  if (path == LT_GO_AVX2 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2"))
    return wide ? avx2_64_play_out_many : avx2_32_play_out_many;
  if (path == LT_GO_AVX512 && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl"))
    return wide ? avx512_64_play_out_many : avx512_32_play_out_many;
#endif
  return NULL;
}

int lt_go_has_path(lt_go_path path) { return path == LT_GO_FASTEST || play_of(path, 9) != NULL; }

void lt_go_play_out_many_by(lt_go_path path, int32_t size, const lt_go_position *positions, lt_rng *rngs, int32_t n,
                            int16_t *score, uint16_t *length) {
  play_t play = play_of(path, size);
  for (int widest = LT_GO_AVX512; play == NULL; widest--) play = play_of((lt_go_path)widest, size);
  play(size, positions, rngs, n, score, length);
}

void lt_go_play_out_many(int32_t size, const lt_go_position *positions, lt_rng *rngs, int32_t n, int16_t *score,
                         uint16_t *length) {
  lt_go_play_out_many_by(LT_GO_FASTEST, size, positions, rngs, n, score, length);
}
