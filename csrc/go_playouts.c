/* Light playouts of Go: the choice of the path, and the paths themselves from the two files included below. */
#include "go_playouts.h"
#include <string.h>

#include "go_playouts_scalar.h"

static void scalar_play_out_many(int32_t size, const lt_go_position *positions, lt_rng *rngs, int32_t n, int16_t *score,
                                 uint16_t *length) {
  board_t board;
  for (int32_t i = 0; i < n; i++) play_out(&board, size, &positions[i], &rngs[i], &score[i], &length[i]);
}

/* Vectors are written with the extensions that GCC and Clang share; other compilers have the scalar path alone. */
#if defined(__GNUC__)
#define HAS_VECTORS 1
enum { WORDS = LT_GO_MAX_SIZE };
#if defined(__x86_64__)
#define HAS_X86 1
#include <immintrin.h>
#endif

#define TARGET
#define VECTOR_BYTES 16
#define LANE_BITS 32
#define NAME(x) plain_32_##x
#include "go_playouts_lanes.h"
#undef LANE_BITS
#undef NAME
#define LANE_BITS 64
#define NAME(x) plain_64_##x
#include "go_playouts_lanes.h"
#undef LANE_BITS
#undef NAME
#undef VECTOR_BYTES
#undef TARGET

#if HAS_X86
#define TARGET __attribute__((target("avx2,bmi,bmi2,popcnt")))
#define VECTOR_BYTES 32
#define LANE_BITS 32
#define NAME(x) avx2_32_##x
#include "go_playouts_lanes.h"
#undef LANE_BITS
#undef NAME
#define LANE_BITS 64
#define NAME(x) avx2_64_##x
#include "go_playouts_lanes.h"
#undef LANE_BITS
#undef NAME
#undef VECTOR_BYTES
#undef TARGET

#define TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,bmi,bmi2,popcnt")))
#define VECTOR_BYTES 64
#define LANE_BITS 32
#define NAME(x) avx512_32_##x
#include "go_playouts_lanes.h"
#undef LANE_BITS
#undef NAME
#define LANE_BITS 64
#define NAME(x) avx512_64_##x
#include "go_playouts_lanes.h"
#undef LANE_BITS
#undef NAME
#undef VECTOR_BYTES
#undef TARGET
#endif
#endif

int lt_go_has_path(lt_go_path path) {
  switch (path) {
    case LT_GO_FASTEST:
    case LT_GO_SCALAR:
      return 1;
#if HAS_VECTORS
    case LT_GO_PLAIN:
      return 1;
#endif
#if HAS_X86
    case LT_GO_AVX2:
      return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2");
    case LT_GO_AVX512:
      return __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
#endif
    default:
      return 0;
  }
}

void lt_go_play_out_many_by(lt_go_path path, int32_t size, const lt_go_position *positions, lt_rng *rngs, int32_t n,
                            int16_t *score, uint16_t *length) {
  if (path == LT_GO_FASTEST) {
    path = LT_GO_AVX512;
    while (!lt_go_has_path(path)) path--;
  }
  void (*play)(int32_t, const lt_go_position *, lt_rng *, int32_t, int16_t *, uint16_t *) = scalar_play_out_many;
#if HAS_VECTORS
  int narrow = size < 17 || size > 20;  /* as many boards in a vector as can be */
  if (path == LT_GO_PLAIN) play = narrow ? plain_32_play_out_many : plain_64_play_out_many;
#endif
#if HAS_X86
  if (path == LT_GO_AVX2) play = narrow ? avx2_32_play_out_many : avx2_64_play_out_many;
  if (path == LT_GO_AVX512) play = narrow ? avx512_32_play_out_many : avx512_64_play_out_many;
#endif
  play(size, positions, rngs, n, score, length);
}

void lt_go_play_out_many(int32_t size, const lt_go_position *positions, lt_rng *rngs, int32_t n, int16_t *score,
                         uint16_t *length) {
  lt_go_play_out_many_by(LT_GO_FASTEST, size, positions, rngs, n, score, length);
}
