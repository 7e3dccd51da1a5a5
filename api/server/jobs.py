"""A job of `longthink serve`: one question, prepared and thought about in a thread of its own."""

from __future__ import annotations

import ctypes
import sys
import threading
import time
from concurrent.futures import Future

from longthink.concurrency import CancelToken
from longthink.search.budget import Spent
from longthink.server.questions import Outcome, Question

IMPORT_BEAT = 0.1  # seconds between two looks whether an import has ended


class Job:
    """One question in a thread.

    spent: so far. until: when thinking should be over, in the time of `time.monotonic()`. prepared, outcome: futures of
    the two parts of the work; both have the error if there is one. ended: done after either, and never an error.
    """

    def __init__(self, question: Question, seconds: float) -> None:
        self.question, self.spent, self.until = question, Spent(), time.monotonic() + seconds
        self.prepared: Future[None] = Future()
        self.outcome: Future[Outcome] = Future()
        self.ended: Future[None] = Future()
        self._cancel = CancelToken()
        self._preparing: int | None = None  # the thread that prepares the question
        self._lock = threading.Lock()

    def begin(self) -> None:
        threading.Thread(target=self._run, name="longthink-job", daemon=True).start()

    def cancel(self) -> None:
        """End the job early. Preparing stops at its next line of Python; thinking returns its best answer so far."""
        self._cancel.cancel()
        self._stop_preparing()

    def _stop_preparing(self) -> None:
        with self._lock:
            if self._preparing is None:
                return
            if _imports(self._preparing):  # half a module would stay for all later requests
                later = threading.Timer(IMPORT_BEAT, self._stop_preparing)
                later.daemon = True
                later.start()
                return
            thread, self._preparing = ctypes.c_ulong(self._preparing), None
            ctypes.pythonapi.PyThreadState_SetAsyncExc(thread, ctypes.py_object(KeyboardInterrupt))

    def _progress(self, spent: Spent) -> None:
        self.spent = spent

    def _run(self) -> None:
        try:
            self._prepare()
            self.prepared.set_result(None)
            self.outcome.set_result(self.question.think(self._progress, self._cancel))
        except BaseException as error:  # the waiting request must get every error
            for future in (self.prepared, self.outcome):
                if not future.done():
                    future.set_exception(error)
        finally:
            self.ended.set_result(None)

    def _prepare(self) -> None:
        try:
            self._preparing = threading.get_ident()
            self.question.prepare()
        finally:
            with self._lock:
                self._preparing = None


def _imports(thread: int) -> bool:
    """Whether a thread is in the middle of an import."""
    frame = sys._current_frames().get(thread)
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False
