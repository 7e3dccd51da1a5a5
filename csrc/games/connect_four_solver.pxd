# Declares csrc/games/connect_four_solver.h to Cython.
from libc.stdint cimport uint64_t

cdef extern from "games/connect_four_solver.h" nogil:
    ctypedef struct lt_c4_solver:
        uint64_t nodes
        uint64_t node_limit
        int stopped

    lt_c4_solver *lt_c4_solver_new(size_t table_bytes)
    void lt_c4_solver_free(lt_c4_solver *solver)
    int lt_c4_solve(lt_c4_solver *solver, uint64_t own, uint64_t taken, int alpha, int beta)
