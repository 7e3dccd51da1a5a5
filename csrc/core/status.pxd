# Declares csrc/core/status.h to Cython.
cdef extern from "core/status.h" nogil:
    ctypedef enum lt_status:
        LT_OK
        LT_STOPPED
        LT_NO_MEMORY
        LT_OVER_LIMIT
        LT_RULES_BROKE
        LT_TOO_WIDE
        LT_TOO_DEEP
        LT_NO_RECALL
        LT_OTHER_ACTIONS
        LT_BAD_RESAMPLE
        LT_UNKNOWN_TICKET
        LT_BAD_VALUES
        LT_BAD_PRIORS
        LT_NO_PLAN
