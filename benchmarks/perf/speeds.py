"""The speed benchmarks in benchmarks/perf: `longthink perf` runs them one after another and shows their progress.

perf/expected.json has the seconds that each takes on two idle cores. A benchmark that takes ten times as long is
stopped, and the others run. So each file runs in its own process, which can be ended at any moment.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from longthink.benchmarks.harness.environment import machine, versions
from longthink.benchmarks.perf.reporting import TO

FOLDER = Path(__file__).parent
PATIENCE = 10
"""A benchmark is stopped after this many times its expected seconds,"""
LEAST = 2.0
"""which count as at least this: other work on the machine delays the short ones most."""
UNKNOWN = 30.0
"""Expected seconds of a benchmark that is not in expected.json, and of importing a file."""
Show = Callable[[str], object]
"""Called with the text of the progress, line ends included."""


@dataclass
class Speeds:
    """The results of a run of the benchmarks, by name.

    figures: from pytest-benchmark. seconds: that each took. failed, skipped: the reason. given_up: seconds after which
    it was stopped.
    """

    figures: dict[str, dict[str, Any]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    given_up: dict[str, float] = field(default_factory=dict)
    interrupted: bool = False

    def as_dict(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        return {
            "machine": machine(),
            "versions": versions(),
            "benchmarks": list(self.figures.values()),
            "seconds": self.seconds,
            "failed": self.failed,
            "skipped": self.skipped,
            "given_up": self.given_up,
            "interrupted": self.interrupted,
        }


def measure(keyword: str | None = None, show: Show = lambda text: None, folder: Path = FOLDER) -> Speeds:
    """Run the benchmarks whose names match `keyword`, an expression as for pytest's -k.

    Ctrl-C ends the run with the results so far.
    """
    speeds = Speeds()
    with suppress(KeyboardInterrupt):
        _Measuring(speeds, keyword, show, folder).run()
        return speeds
    show("interrupted\n")
    speeds.interrupted = True
    return speeds


def names(keyword: str | None = None, folder: Path = FOLDER) -> list[str]:
    """The names of the benchmarks that match `keyword`."""
    return _Measuring(Speeds(), keyword, lambda text: None, folder).look()


class _Measuring:
    """A run of the benchmarks: those that are left, and the results so far."""

    def __init__(self, speeds: Speeds, keyword: str | None, show: Show, folder: Path) -> None:
        self._speeds, self._keyword, self._show, self._folder = speeds, keyword, show, folder
        self._expected: dict[str, float] = json.loads((folder / "expected.json").read_text("utf-8"))
        self._todo: list[str] = []
        self._all = 0

    def look(self) -> list[str]:
        """The names of the benchmarks that match the keyword."""
        for event in self._events(["--collect-only", *(["-k", self._keyword] if self._keyword else [])], ["."]):
            self._note(event)
        self._all = len(self._todo)
        return self._todo

    def run(self) -> None:
        self._show("looking for benchmarks ...\n")
        self.look()
        self._show(f"{self._all} benchmarks, about {_time(self._left())}\n")
        while self._todo:
            file = self._todo[0].partition("::")[0]
            before = len(self._todo)
            for event in self._events([], [name for name in self._todo if name.partition("::")[0] == file]):
                self._note(event)
            if len(self._todo) == before:  # the process ended before it began a benchmark
                self._done(self._todo[0], "failed", "its process ended")

    def _left(self) -> float:
        return sum(self._expected.get(name, UNKNOWN) for name in self._todo)

    def _note(self, event: dict[str, Any]) -> None:
        name, expected = event.get("name", ""), self._expected.get(event.get("name", ""))
        match event["event"]:
            case "found":
                self._todo = self._todo or event["names"]
            case "broken":
                self._speeds.failed[name] = event["words"]
                self._show(f"{name} cannot be read: {event['words']}\n")
            case "begin":
                place = self._all - len(self._todo) + 1
                takes = "unknown how long" if expected is None else f"about {_time(expected)}"
                self._show(f"[{place}/{self._all}, {_time(self._left())} left] {name}: {takes} ... ")
            case "end":
                self._speeds.seconds[name] = event["seconds"]
                if "figures" in event:
                    self._speeds.figures[name] = event["figures"]
                    per_second = event["figures"]["extra_info"]["per_second"]
                    self._done(name, "", f"{event['seconds']:.3g} s, {per_second:,} per second")
                else:
                    how = "skipped" if "skipped" in event else "failed"
                    self._done(name, how, event.get(how, "it has no figures"))
            case "silent":
                self._speeds.given_up[name] = event["seconds"]
                self._done(name, "", f"stopped after {event['seconds']:.0f} s, {PATIENCE} times the expected time")
            case "died":
                self._done(name, "failed", "its process ended")

    def _done(self, name: str, how: str, words: str) -> None:
        if how:
            getattr(self._speeds, how)[name] = words
        self._todo.remove(name)
        self._show(f"{how}: {words}\n" if how else f"{words}\n")

    def _events(self, options: Sequence[str], targets: Sequence[str]) -> Iterator[dict[str, Any]]:
        """Run pytest on benchmarks and yield its events (perf/reporting.py), until it ends or one takes too long."""
        source, sink = os.pipe()
        command = [
            *(sys.executable, "-m", "pytest", "-c", os.devnull, "--rootdir", str(self._folder)),
            *("--import-mode=importlib", "-q"),
            *("-p", "no:cacheprovider", "-p", "longthink.benchmarks.perf.reporting", "--benchmark-only"),
            *options,
            *(str(self._folder / target) for target in targets),
        ]
        process = subprocess.Popen(
            command,
            env={**os.environ, TO: str(sink)},
            pass_fds=[sink],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # so that it can be ended with all its children
        )
        os.close(sink)
        running, unfinished = "", b""
        began, patience = time.monotonic(), PATIENCE * UNKNOWN
        try:
            while True:
                if not select.select([source], [], [], max(0.0, began + patience - time.monotonic()))[0]:
                    if running:
                        yield {"event": "silent", "name": running, "seconds": round(time.monotonic() - began, 1)}
                    return
                piece = os.read(source, 1 << 16)
                if not piece:
                    break
                *lines, unfinished = (unfinished + piece).split(b"\n")
                for line in lines:
                    event = json.loads(line)
                    began, patience = time.monotonic(), PATIENCE * UNKNOWN
                    running = event["name"] if event["event"] == "begin" else ""
                    if running:
                        patience = PATIENCE * max(LEAST, self._expected.get(running, UNKNOWN))
                    yield event
            if running:
                yield {"event": "died", "name": running}
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            os.close(source)


def _time(seconds: float) -> str:
    return f"{seconds:.2g} s" if seconds < 100 else f"{seconds / 60:.0f} min"
