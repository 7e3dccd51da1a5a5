# Declares csrc/core/watch.h to Cython.
from libc.stdint cimport int64_t

cdef extern from "core/watch.h" nogil:
    ctypedef struct lt_watch:
        int (*stop)(void *context) noexcept nogil
        void *context
        double patience

    void lt_watch_begin(lt_watch *watch)
    int lt_watch_look(lt_watch *watch)
