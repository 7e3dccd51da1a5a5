# Declares csrc/regret/mccfr.h to Cython.
from libc.stdint cimport int8_t, int32_t, uint16_t, uint32_t, uint64_t

from game cimport lt_game
from status cimport lt_status
from watch cimport lt_watch

cdef extern from "regret/mccfr.h" nogil:
    ctypedef enum lt_follow:
        LT_FOLLOW_ALL
        LT_FOLLOW_DRAWN
        LT_FOLLOW_SOME
        LT_FOLLOW_PRIVATE

    ctypedef struct lt_mccfr_options:
        lt_follow learner
        lt_follow others
        lt_follow chance
        uint32_t some
        double epsilon
        double baseline
        double regret_power
        double average_power
        double floor
        double prune_below
        double prune_share

    ctypedef struct lt_mccfr:
        pass

    ctypedef struct lt_name:
        uint64_t key
        uint64_t other

    ctypedef struct lt_mccfr_arrays:
        lt_name *name
        int8_t *player
        uint16_t *count
        int32_t *action
        double *regret
        double *average
        double *baseline

    lt_mccfr *lt_mccfr_new(const lt_game *game, lt_mccfr_options options, uint64_t seed, size_t memory_bytes)
    void lt_mccfr_free(lt_mccfr *mccfr)
    size_t lt_mccfr_least_bytes(const lt_game *game)
    lt_status lt_mccfr_run(lt_mccfr *mccfr, uint64_t count, lt_watch *watch)
    uint32_t lt_mccfr_broken_path(const lt_mccfr *mccfr, int32_t *actions)
    uint64_t lt_mccfr_iterations(const lt_mccfr *mccfr)
    uint64_t lt_mccfr_num_infostates(const lt_mccfr *mccfr)
    uint64_t lt_mccfr_num_actions(const lt_mccfr *mccfr)
    uint64_t lt_mccfr_num_histories(const lt_mccfr *mccfr)
    lt_name lt_mccfr_name(lt_mccfr *mccfr, const void *state)
    uint32_t lt_mccfr_average(const lt_mccfr *mccfr, lt_name name, double *strategy)
    void lt_mccfr_export(const lt_mccfr *mccfr, lt_mccfr_arrays arrays)
    lt_status lt_mccfr_import(lt_mccfr *mccfr, uint64_t iterations, uint64_t infostates, lt_mccfr_arrays arrays)
