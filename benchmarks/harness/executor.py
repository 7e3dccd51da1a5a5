"""`Executor`: where the runner (runner.py) lets cases run, and `run_planned`: how a case runs there.

Two executors exist: processes of this machine (workers.py) and Ray (ray_workers.py).
"""

from __future__ import annotations

import pickle
import time
import traceback
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

from longthink.benchmarks.harness import log
from longthink.benchmarks.harness.environment import environment
from longthink.benchmarks.harness.record import Failure, Outcome, Record
from longthink.benchmarks.harness.study import Context
from longthink.benchmarks.harness.suite import Planned
from longthink.errors import require

# Libraries of a case compute with one thread: cases run side by side. Sets of texts have the same order in all workers.
SINGLE_THREADED = {
    **dict.fromkeys(
        ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "NUMBA_NUM_THREADS"), "1"
    ),
    "PYTHONHASHSEED": "0",
}


@dataclass(frozen=True)
class Lost:
    """A worker ended before its case did. how: in words. output: the last of what it printed."""

    how: str
    output: str = ""


@dataclass(frozen=True)
class Event:
    """News of a running case: the share of it that is done, 0.0 when it begins; or its end."""

    key: str
    news: float | Record | Failure | Lost


class Executor(Protocol):
    """Runs cases elsewhere, up to `capacity` at the same time."""

    capacity: int

    def start(self, planned: Planned) -> None:
        """Run a case. Raises an error if it cannot be sent."""

    def wait(self, seconds: float) -> list[Event]:
        """The events since the last call; waits for one at most this long."""

    def stop(self, key: str) -> str:
        """End a running case at once, and return the last of what it printed. No events of it follow."""

    def close(self) -> None:
        """End all."""


def pickled(planned: Planned) -> bytes:
    """A case for `run_pickled`, with the class of its study if that is of a script. Raises what pickle raises."""
    sent: bytes = require("cloudpickle", "compare").dumps(planned)
    return sent


def run_pickled(sent: bytes, context: Context) -> Record | Failure:
    """Run a case that came from another process."""
    try:
        planned = pickle.loads(sent)
    except Exception as error:  # its module is not on this machine, for example
        return failure_of(error)
    return run_planned(planned, context)


def run_planned(planned: Planned, context: Context) -> Record:
    """Run a case in this process. An exception of the study is a failure; only `KeyboardInterrupt` passes.

    An outcome that a log cannot keep is a failure, too.
    """
    blank = failed(planned, Failure("", ""))
    log.adapter()  # before the clock
    seconds, cpu = time.perf_counter(), time.process_time()
    outcome, failure = None, None
    try:
        outcome = _checked(planned.study.run(planned.case, context))
    except (Exception, SystemExit) as error:
        failure = failure_of(error)
    return replace(
        blank,
        outcome=outcome,
        failure=failure,
        seconds=round(time.perf_counter() - seconds, 4),
        cpu_seconds=round(time.process_time() - cpu, 4),
    )


def _checked(outcome: Outcome) -> Outcome:
    if not isinstance(outcome, Outcome):
        raise TypeError(f"the study's run(case, context) returned a {type(outcome).__name__}, expected an Outcome")
    return log.checked(outcome)


def failed(planned: Planned, failure: Failure, seconds: float = 0.0) -> Record:
    """The record of a case that failed in this environment, `seconds` after its start."""
    started = datetime.now(UTC) - timedelta(seconds=seconds)
    return Record(
        planned.key,
        planned.study.name,
        planned.study.version,
        planned.case.facts,
        None,
        failure,
        started.isoformat(timespec="milliseconds"),
        seconds=round(seconds, 4),
        environment=environment(),
    )


def failure_of(error: BaseException) -> Failure:
    """An exception as a `Failure`."""
    return Failure(type(error).__name__, printable(str(error)), printable("".join(traceback.format_exception(error))))


def printable(text: str) -> str:
    """The text without what UTF-8 cannot hold, so that a log can hold it."""
    return text.encode("utf-8", "replace").decode()
