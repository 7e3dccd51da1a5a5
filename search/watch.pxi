# `Watch`: stops long compiled work at Ctrl-C or a time limit (csrc/core/watch.h).

cdef class Watch:
    """Stops compiled work at Ctrl-C, at a deadline, or when a token is cancelled.

    deadline: the `time.perf_counter()` at which to stop, in seconds; None: never. cancel: a `CancelToken`, or None.
    patience: seconds for which work always runs before it is stopped, so that short work completes. After the work,
    `check` raises the exception of a signal handler.
    """

    cdef lt_watch data
    cdef readonly object deadline, cancel
    cdef object error

    def __init__(self, deadline=None, cancel=None, patience=0.25):
        self.deadline, self.cancel, self.data.patience = deadline, cancel, patience
        self.data.stop, self.data.context = &_stop, <void *><PyObject *>self

    @property
    def address(self):
        """The address of the `lt_watch`, restarted; valid as long as this object lives."""
        lt_watch_begin(&self.data)
        return <uintptr_t>&self.data

    @property
    def expired(self):
        """Whether the deadline has passed or the token is cancelled."""
        if self.cancel is not None and self.cancel.cancelled:
            return True
        return self.deadline is not None and time.perf_counter() >= self.deadline

    def check(self):
        """Raise the exception that a signal handler raised while compiled work ran, if any."""
        error, self.error = self.error, None
        if error is not None:
            raise error


cdef int _stop(void *context) noexcept with gil:
    watch = <Watch><PyObject *>context
    try:
        PyErr_CheckSignals()
        return watch.expired
    except BaseException as error:
        watch.error = error
        return 1
