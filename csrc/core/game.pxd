# Declares csrc/core/game.h to Cython.
from libc.stdint cimport int32_t, uint8_t, uint32_t, uint64_t

cdef extern from "core/game.h" nogil:
    enum:
        LT_CHANCE
        LT_TERMINAL

    ctypedef struct lt_rng:
        uint64_t counter

    lt_rng lt_rng_stream(uint64_t seed, uint64_t simulation)
    uint32_t lt_rng_below(lt_rng *rng, uint32_t n)
    double lt_rng_uniform(lt_rng *rng)

    ctypedef struct lt_game:
        void *context
        size_t state_bytes
        size_t information_state_bytes
        int32_t num_players
        int32_t num_distinct_actions
        int32_t max_chance_outcomes
        int32_t max_game_length
        int32_t max_chance_nodes_in_history
        double min_utility
        double max_utility
        int32_t zero_sum
        int32_t simultaneous
        int32_t in_python
        int32_t (*failed)() noexcept nogil
        void (*init)(void *context, void *state) noexcept nogil
        int32_t (*current_player)(void *context, const void *state) noexcept nogil
        int32_t (*legal_actions)(void *context, const void *state, int32_t *actions) noexcept nogil
        int32_t (*apply)(void *context, void *state, int32_t action) noexcept nogil
        void (*returns)(void *context, const void *state, double *returns) noexcept nogil
        int32_t (*chance_outcomes)(void *context, const void *state, int32_t *actions,
                                   double *probabilities) noexcept nogil
        void (*information_state)(void *context, const void *state, int32_t player, uint8_t *key) noexcept nogil
        void (*resample)(void *context, void *state, int32_t player, lt_rng *rng) noexcept nogil
        uint64_t (*hash)(void *context, const void *state) noexcept nogil
        void (*playout)(void *context, void *state, lt_rng *rng, double *returns) noexcept nogil
        void (*playouts)(void *context, void *states, lt_rng *rngs, double *returns, int32_t n) noexcept nogil
        int32_t (*traced_playout)(void *context, void *state, lt_rng *rng, double *returns,
                                  int32_t *trace) noexcept nogil
        int32_t (*informed_playout)(void *context, void *state, lt_rng *rng, double *returns,
                                    int32_t *trace) noexcept nogil
        void (*priors)(void *context, const void *state, const int32_t *actions, int32_t n, float *visits,
                       float *values) noexcept nogil
        void (*free_context)(void *context) noexcept nogil

    int32_t lt_max_actions(const lt_game *game)
    int32_t lt_max_history(const lt_game *game)
    int lt_failed(const lt_game *game)
    void lt_initial_state(const lt_game *game, void *state)
    int32_t lt_sample(const double *probabilities, int32_t n, lt_rng *rng)
    int lt_playout(const lt_game *game, void *state, lt_rng *rng, double *returns,
                   int32_t *actions, double *probabilities)
    uint64_t lt_hash_bytes(const void *bytes, size_t n)
