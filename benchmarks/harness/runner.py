"""The runner: it runs planned cases on an executor (executor.py) and adds a record of each to the log.

Only this process writes the log. Parallel cases run first, as many at a time as the executor has room for; then quiet
cases run alone.
"""

from __future__ import annotations

import signal
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from types import FrameType

from longthink.benchmarks.harness.executor import Event, Executor, Lost, failed, failure_of
from longthink.benchmarks.harness.log import RunLog
from longthink.benchmarks.harness.record import Failure, Record
from longthink.benchmarks.harness.run_progress import Watcher
from longthink.benchmarks.harness.study import Study
from longthink.benchmarks.harness.suite import Planned, needed
from longthink.errors import MissingExtraError

TRIES = 3
"""How often a case runs whose worker is lost."""
SECONDS_BETWEEN_LOOKS = 0.2


def unfinished(planned: Iterable[Planned], records: Iterable[Record]) -> list[Planned]:
    """The cases that have no record with an outcome: those that did not run, and those that failed."""
    done = {record.key for record in records if record.outcome is not None}
    return [each for each in planned if each.key not in done]


def time_limit(planned: Planned, shortest: float) -> float:
    """After how many seconds a case counts as hanging: 30 times its cost, at least `shortest`."""
    return max(shortest, 30 * planned.case.cost)


def in_order(planned: Iterable[Planned], capacity: int) -> list[Planned]:
    """The order in which cases start: as planned, but those that are long come first, so that all workers end together.

    A case is long if it takes more than a tenth of a worker's time.
    """
    cases = list(planned)
    long = sum(each.case.cost for each in cases) / (10 * capacity)
    return sorted(cases, key=lambda each: -each.case.cost if each.case.cost > long else 0.0)


@dataclass
class _Running:
    planned: Planned
    since: float
    alone: bool


class Runner:
    """Runs the cases of `entries` that have no outcome among the records of the log: `Runner(...).run()`.

    executor: `run` closes it. shortest_time_limit: see `time_limit`.
    """

    def __init__(
        self,
        entries: Sequence[Sequence[Planned]],
        log: RunLog,
        executor: Executor,
        watcher: Watcher,
        shortest_time_limit: float = 600.0,
    ) -> None:
        self._entries, self._log, self._executor, self._watcher = entries, log, executor, watcher
        self._shortest = shortest_time_limit
        cases = unfinished(needed(entries, log.records), log.records)
        self._parallel = deque(in_order((each for each in cases if not each.case.quiet), executor.capacity))
        self._quiet = deque(each for each in cases if each.case.quiet)
        self._running: dict[str, _Running] = {}
        self._losses: dict[str, int] = {}

    def run(self) -> bool:
        """Run the cases; true if Ctrl-C ended it.

        Raises `RunLogError` if the log cannot be written, and `MissingExtraError` if a study needs a library that is
        not installed.
        """
        try:
            with _interruptions() as interrupted:
                for queue, most in ((self._parallel, self._executor.capacity), (self._quiet, 1)):
                    while (queue or self._running) and not interrupted.is_set():
                        while queue and len(self._running) < most:
                            self._start(queue.popleft())
                        for event in self._executor.wait(SECONDS_BETWEEN_LOOKS):
                            self._on(event)
                        self._stop_hanging()
                        self._watcher.show()
                return interrupted.is_set()
        except KeyboardInterrupt:
            return True
        finally:
            self._executor.close()

    def _start(self, planned: Planned) -> None:
        for other in self._running.values():
            other.alone = False
        self._running[planned.key] = _Running(planned, time.monotonic(), alone=not self._running)
        self._watcher.started(planned)
        try:
            self._executor.start(planned)
        except Exception as error:  # it cannot be pickled
            self._end(planned.key, failed(planned, failure_of(error)))

    def _on(self, event: Event) -> None:
        news, running = event.news, self._running[event.key]
        planned = running.planned
        if news == 0.0:
            running.since = time.monotonic()  # its process has started
        elif isinstance(news, float):
            self._watcher.share(planned, news)
        elif isinstance(news, Record):
            self._end(event.key, replace(news, quiet=running.alone))
        elif isinstance(news, Failure):
            self._end(event.key, failed(planned, news))
        else:
            self._on_loss(running, news)

    def _on_loss(self, running: _Running, lost: Lost) -> None:
        planned = running.planned
        self._losses[planned.key] = losses = self._losses.get(planned.key, 0) + 1
        if losses < TRIES:
            del self._running[planned.key]
            self._watcher.lost(planned, lost.how)
            (self._quiet if planned.case.quiet else self._parallel).appendleft(planned)
        else:
            failure = Failure("lost worker", f"its process ended {TRIES} times", f"{lost.output}\n{lost.how}")
            self._end(planned.key, failed(planned, failure, time.monotonic() - running.since))

    def _stop_hanging(self) -> None:
        for key, running in list(self._running.items()):
            planned, seconds = running.planned, time.monotonic() - running.since
            limit = time_limit(planned, self._shortest)
            if seconds > limit:
                text = f"it took more than {limit:.0f} s; {planned.case.cost:.3g} s were expected"
                self._end(key, failed(planned, Failure("timeout", text, self._executor.stop(key)), seconds))

    def _end(self, key: str, record: Record) -> None:
        """Add the record of a case that ended to the log."""
        planned, failure = self._running.pop(key).planned, record.failure
        if failure is not None and failure.kind == MissingExtraError.__name__:  # the library is missing for all cases
            raise MissingExtraError(f"study {planned.study.name}: {failure.message}")
        self._watcher.ended(planned, self._log.append(record))
        if type(planned.study).enough is not Study.enough:
            self._drop_needless()

    def _drop_needless(self) -> None:
        keys = {each.key for each in needed(self._entries, self._log.records)}
        for queue in (self._parallel, self._quiet):
            for planned in [each for each in queue if each.key not in keys]:
                queue.remove(planned)
                self._watcher.dropped(planned)


@contextmanager
def _interruptions() -> Iterator[threading.Event]:
    """Ctrl-C sets the event that is yielded, and interrupts nothing half done. A second one interrupts at once."""
    asked = threading.Event()

    def on_signal(number: int, frame: FrameType | None) -> None:
        asked.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    usual = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if not usual or threading.current_thread() is not threading.main_thread():
        yield asked
        return
    signal.signal(signal.SIGINT, on_signal)
    try:
        yield asked
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
