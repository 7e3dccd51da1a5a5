# Declares csrc/games/hex_solver.h to Cython.
from libc.stdint cimport uint64_t

cdef extern from "games/hex_solver.h" nogil:
    ctypedef struct lt_hex_solver:
        pass

    lt_hex_solver *lt_hex_solver_new(int columns, int rows, size_t table_bytes)
    void lt_hex_solver_free(lt_hex_solver *solver)
    uint64_t lt_hex_solver_nodes(const lt_hex_solver *solver)
    int lt_hex_solve(lt_hex_solver *solver, const uint64_t *stones, int player, uint64_t more)
