# Cython declarations of csrc/go/playouts.h.
from libc.stdint cimport int16_t, int32_t, uint8_t, uint16_t

from game cimport lt_rng

cdef extern from "go/playouts.h" nogil:
    ctypedef enum lt_go_path:
        pass

    ctypedef struct lt_go_position:
        const uint8_t *stones
        int32_t ko
        int32_t player
        int32_t passes

    int lt_go_has_path(lt_go_path path)
    void lt_go_play_out_many_by(lt_go_path path, int32_t size, const lt_go_position *positions, lt_rng *rngs, int32_t n,
                                int16_t *score, uint16_t *length)
