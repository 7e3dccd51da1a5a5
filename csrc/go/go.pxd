# Cython declarations of csrc/games/go.h and of the fields of csrc/go/board.h that Python reads.
from libc.stdint cimport int32_t, uint8_t, uint16_t, uint64_t

cdef extern from "games/go.h" nogil:
    enum:
        LT_PASS
        LT_GO_MAX_SIZE

    ctypedef struct lt_go_point:
        uint8_t color
        uint16_t head

    ctypedef struct lt_go_board:
        int size, width, num_points
        uint16_t ko
        uint16_t last[2]
        uint16_t captured[2]
        lt_go_point *at

    ctypedef struct lt_go_rules:
        int32_t size

    ctypedef struct lt_go_state:
        uint8_t passes, over, repeated, cleaning

    lt_go_board *lt_go_board_of(const lt_go_state *state)
    int lt_go_action_of(const lt_go_board *board, int point)
    int lt_go_area(const lt_go_board *board, uint8_t *owner, uint16_t *stack)
    double lt_go_score(const lt_go_rules *rules, const lt_go_state *state)
