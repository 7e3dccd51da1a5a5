"""The progress of a run: `Forecast` says how long it will take; `Bars` shows it on a terminal, `Lines` elsewhere."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from longthink.benchmarks.harness.record import Record
from longthink.benchmarks.harness.suite import Planned

if TYPE_CHECKING:
    from rich.console import Console

Shares = Mapping[str, float]
"""What shares of running cases are done, by key."""


class Forecast:
    """How long cases will take: costs, corrected for each study by the times of its cases that have ended."""

    PRIOR = 3.0
    """Seconds of each study that took as long as expected, before any of its cases has ended."""

    def __init__(self, cases: Collection[Planned], workers: int) -> None:
        self._left = {each.key: each for each in cases}
        self._cost = sum(each.case.cost for each in cases)
        self._workers = workers
        self._took: dict[str, float] = defaultdict(float)
        self._expected: dict[str, float] = defaultdict(float)

    def ended(self, planned: Planned, seconds: float) -> None:
        del self._left[planned.key]
        self._took[planned.study.name] += seconds
        self._expected[planned.study.name] += planned.case.cost

    def dropped(self, planned: Planned) -> None:
        self._cost -= self._left.pop(planned.key).case.cost

    def share(self, shares: Shares) -> float:
        """What share of the whole cost is done."""
        left = sum(each.case.cost * (1.0 - shares.get(key, 0.0)) for key, each in self._left.items())
        return 1.0 - left / self._cost if self._cost > 0 else 1.0

    def seconds(self, shares: Shares) -> float:
        """Expected seconds until all cases have ended."""
        parallel, longest, quiet = 0.0, 0.0, 0.0
        for key, planned in self._left.items():
            left = self.corrected(planned) * (1.0 - shares.get(key, 0.0))
            if planned.case.quiet:
                quiet += left
            else:
                parallel, longest = parallel + left, max(longest, left)
        return max(parallel / self._workers, longest) + quiet

    def corrected(self, planned: Planned) -> float:
        """Expected seconds of a case."""
        study = planned.study.name
        return planned.case.cost * (self.PRIOR + self._took[study]) / (self.PRIOR + self._expected[study])


class Watcher:
    """Is told what happens in a run, and shows nothing. cases: those to run. done: how many have ended before."""

    SHOWN_FAILURES = 5

    def __init__(self, cases: Collection[Planned], done: int, workers: int) -> None:
        self.forecast = Forecast(cases, workers)
        self.done, self.count, self.failures = done, done + len(cases), 0
        self.running: dict[str, Planned] = {}
        self.shares: dict[str, float] = {}
        self._since: dict[str, float] = {}

    def started(self, planned: Planned) -> None:
        self.running[planned.key], self._since[planned.key] = planned, time.monotonic()
        self.show()

    def share(self, planned: Planned, share: float) -> None:
        self.shares[planned.key] = min(1.0, max(0.0, share))
        self.show()

    def lost(self, planned: Planned, how: str) -> None:
        """The worker of a case ended; the case will run again."""
        self._leaves(planned)
        self.say(f"{label(planned)}: {how}; the case runs again")

    def dropped(self, planned: Planned) -> None:
        """The case need not run any more."""
        self.forecast.dropped(planned)
        self.count -= 1
        self.show()

    def ended(self, planned: Planned, record: Record) -> None:
        self._leaves(planned)
        self.forecast.ended(planned, record.seconds)
        self.done += 1
        if record.failure is not None:
            self.failures += 1
            if self.failures <= self.SHOWN_FAILURES:
                self.say(f"{label(planned)}: {record.failure.kind}: {record.failure.message}")
        self.show()

    def _leaves(self, planned: Planned) -> None:
        del self.running[planned.key], self._since[planned.key]
        self.shares.pop(planned.key, None)

    def state(self) -> str:
        """How many cases have ended, and how many of them failed."""
        failures = f", {self.failures} failed" if self.failures else ""
        return f"{self.done} of {self.count} cases{failures}"

    def left(self) -> str:
        return f"{duration(self.forecast.seconds(self.estimates()))} left"

    def estimates(self) -> Shares:
        """The shares that cases have told; of the others, how long they have run, but never all."""
        now = time.monotonic()
        return {
            key: self.shares.get(key, min(0.9, (now - self._since[key]) / max(1e-9, self.forecast.corrected(planned))))
            for key, planned in self.running.items()
        }

    def show(self) -> None:
        """Something has changed, or some time has passed."""

    def say(self, text: str) -> None:
        """Something has happened."""


class Lines(Watcher):
    """A line now and then."""

    SECONDS_BETWEEN_LINES = 30.0

    def __init__(self, cases: Collection[Planned], done: int, workers: int, console: Console) -> None:
        super().__init__(cases, done, workers)
        self._console = console
        self._last = time.monotonic()

    def show(self) -> None:
        if time.monotonic() - self._last > self.SECONDS_BETWEEN_LINES:
            self._last = time.monotonic()
            self.say(f"{self.state()}, {self.left()}")

    def say(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)


class Bars(Watcher):
    """A bar for all cases with the time left, and a line for each running case."""

    def __init__(self, cases: Collection[Planned], done: int, workers: int, bars: Any) -> None:
        """bars: a `rich.progress.Progress` that is shown."""
        super().__init__(cases, done, workers)
        self._bars = bars
        self._whole = bars.add_task(self.state(), total=1.0, left=self.left())
        self._rows: dict[str, Any] = {}

    def show(self) -> None:
        for key in self._rows.keys() - self.running.keys():
            self._bars.remove_task(self._rows.pop(key))
        for key, planned in self.running.items():
            if key not in self._rows:
                self._rows[key] = self._bars.add_task(label(planned), total=None, left="")
            if key in self.shares:
                self._bars.update(self._rows[key], total=1.0, completed=self.shares[key])
        done = self.forecast.share(self.estimates())
        self._bars.update(self._whole, completed=done, description=self.state(), left=self.left())

    def say(self, text: str) -> None:
        self._bars.console.print(text, markup=False, highlight=False)


@contextmanager
def watching(cases: Collection[Planned], done: int, workers: int, show: bool) -> Iterator[Watcher]:
    """A watcher; if `show`, it writes to the standard error: bars if that is a terminal, lines if not."""
    if not show:
        yield Watcher(cases, done, workers)
        return
    from rich import progress
    from rich.console import Console

    console = Console(stderr=True)
    lines = Lines(cases, done, workers, console)
    lines.say(expected(cases, done, workers))
    if not console.is_terminal:
        yield lines
        return
    columns = (
        progress.TextColumn("{task.description}", markup=False),
        progress.BarColumn(bar_width=20),
        progress.TaskProgressColumn(),
        progress.TimeElapsedColumn(),
        progress.TextColumn("{task.fields[left]}"),
    )
    with progress.Progress(*columns, console=console, transient=True) as bars:
        yield Bars(cases, done, workers, bars)


def expected(cases: Collection[Planned], done: int, workers: int) -> str:
    """What is to do, and how long it will take."""
    quiet = sum(each.case.quiet for each in cases)
    before = f"{done} of {done + len(cases)} cases were done before; " if done else ""
    alone = f", {quiet} of them alone because their timings are results" if quiet else ""
    time_left = duration(Forecast(cases, workers).seconds({}))
    return f"{before}{len(cases)} cases to run on {workers} processes{alone}: about {time_left}"


def label(planned: Planned, width: int = 48) -> str:
    """A case in a few words: its study, and its facts."""
    facts = [str(value) for value in planned.case.facts.values() if isinstance(value, str | int | float)]
    text = f"{planned.study.name}: {', '.join(facts)}".replace("\n", " ")
    return text if len(text) <= width else f"{text[: width - 1]}…"


def duration(seconds: float) -> str:
    """A time in words, for example "40 s", "12 min" or "3.5 h"."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 90 * 60 else f"{seconds / 3600:.1f} h"
