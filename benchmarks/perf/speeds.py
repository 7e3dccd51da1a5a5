"""The speed benchmarks of benchmarks/perf: `longthink perf` runs them one after the other and shows what runs.

perf/expected.json says for each how many seconds it takes on two free cores; one that takes ten times as long is given
up, and the others go on. So each file runs in a process of its own, which can be ended whatever it is doing.
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
"""A benchmark is given up after so many times the seconds that it is expected to take,"""
LEAST = 2.0
"""which are taken for no fewer than this: what else the machine does delays the short ones most."""
UNKNOWN = 30.0
"""Seconds for a benchmark of which nothing is known, and for a file to be read."""


@dataclass
class Speeds:
    """What a run of the benchmarks gave, by the name of each.

    figures: pytest-benchmark's. seconds: that each took. failed, skipped: the reason. given_up: after how many seconds.
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


def measure(
    keyword: str | None = None, tell: Callable[[str], object] = lambda text: None, folder: Path = FOLDER
) -> Speeds:
    """Run the benchmarks whose names match `keyword`, an expression as pytest's -k takes it.

    tell: is given the text to show, line ends included. Ctrl-C ends it with what is done.
    """
    speeds = Speeds()
    with suppress(KeyboardInterrupt):
        _Measuring(speeds, keyword, tell, folder).run()
        return speeds
    tell("interrupted\n")
    speeds.interrupted = True
    return speeds


def names(keyword: str | None = None, folder: Path = FOLDER) -> list[str]:
    """The names of the benchmarks that match `keyword`."""
    return _Measuring(Speeds(), keyword, lambda text: None, folder).look()


class _Measuring:
    """A run of the benchmarks: what there is to do, and what is known of it."""

    def __init__(self, speeds: Speeds, keyword: str | None, tell: Callable[[str], object], folder: Path) -> None:
        self._speeds, self._keyword, self._tell, self._folder = speeds, keyword, tell, folder
        self._expected: dict[str, float] = json.loads((folder / "expected.json").read_text("utf-8"))
        self._todo: list[str] = []
        self._all = 0

    def look(self) -> list[str]:
        """The names of the benchmarks that match the keyword: those that there are to do."""
        for event in self._events(["--collect-only", *(["-k", self._keyword] if self._keyword else [])], ["."]):
            self._note(event)
        self._all = len(self._todo)
        return self._todo

    def run(self) -> None:
        self._tell("looking for benchmarks ...\n")
        self.look()
        self._tell(f"{self._all} benchmarks, about {_time(self._left())}\n")
        while self._todo:
            file = self._todo[0].partition("::")[0]
            before = len(self._todo)
            for event in self._events([], [name for name in self._todo if name.partition("::")[0] == file]):
                self._note(event)
            if len(self._todo) == before:  # the process ended before it began one
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
                self._tell(f"{name} cannot be read: {event['words']}\n")
            case "begin":
                place = self._all - len(self._todo) + 1
                takes = "unknown how long" if expected is None else f"about {_time(expected)}"
                self._tell(f"[{place}/{self._all}, {_time(self._left())} left] {name}: {takes} ... ")
            case "end":
                self._speeds.seconds[name] = event["seconds"]
                if "figures" in event:
                    self._speeds.figures[name] = event["figures"]
                    self._done(name, "", f"{event['seconds']:.3g} s")
                else:
                    how = "skipped" if "skipped" in event else "failed"
                    self._done(name, how, event.get(how, "it has no figures"))
            case "silent":
                self._speeds.given_up[name] = event["seconds"]
                self._done(name, "", f"given up after {event['seconds']:.0f} s, {PATIENCE} times what it takes")
            case "died":
                self._done(name, "failed", "its process ended")

    def _done(self, name: str, how: str, words: str) -> None:
        if how:
            getattr(self._speeds, how)[name] = words
        self._todo.remove(name)
        self._tell(f"{how}: {words}\n" if how else f"{words}\n")

    def _events(self, options: Sequence[str], targets: Sequence[str]) -> Iterator[dict[str, Any]]:
        """Run pytest on some benchmarks: what it tells (perf/reporting.py), until it ends or one takes too long."""
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
            start_new_session=True,  # with all that it starts, it can be ended at once
        )
        os.close(sink)
        under_way, unfinished = "", b""
        began, patience = time.monotonic(), PATIENCE * UNKNOWN
        try:
            while True:
                if not select.select([source], [], [], max(0.0, began + patience - time.monotonic()))[0]:
                    if under_way:
                        yield {"event": "silent", "name": under_way, "seconds": round(time.monotonic() - began, 1)}
                    return
                piece = os.read(source, 1 << 16)
                if not piece:
                    break
                *lines, unfinished = (unfinished + piece).split(b"\n")
                for line in lines:
                    event = json.loads(line)
                    began, patience = time.monotonic(), PATIENCE * UNKNOWN
                    under_way = event["name"] if event["event"] == "begin" else ""
                    if under_way:
                        patience = PATIENCE * max(LEAST, self._expected.get(under_way, UNKNOWN))
                    yield event
            if under_way:
                yield {"event": "died", "name": under_way}
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            os.close(source)


def _time(seconds: float) -> str:
    return f"{seconds:.2g} s" if seconds < 100 else f"{seconds / 60:.0f} min"


# ---- As a table ----

_PEERS = {"openspiel": "OpenSpiel", "mctx": "mctx", "liteefg": "LiteEFG", "treequest": "TreeQuest"}
"""By what the names of their benchmarks have."""


def table(speeds: Speeds) -> str:
    """For every group what each makes a second, how many times a peer that is, and the bytes that each takes."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for figures in speeds.figures.values():
        groups.setdefault(figures["group"], []).append(figures)
    lines = []
    for group, rows in groups.items():
        lines += ["", group]
        peers = {
            name: min(r["extra_info"]["per_second"] for r in rows if peer in r["name"])
            for peer, name in _PEERS.items()
            if any(peer in r["name"] for r in rows)
        }
        for row in rows:
            speed, size = row["extra_info"]["per_second"], row["extra_info"].get("bytes_each")
            ours = not any(peer in row["name"] for peer in _PEERS)
            ratio = "".join(f"{speed / peer:8.1f} x {name}" for name, peer in peers.items()) if ours else ""
            taken = f"{size:8.1f} bytes each" if size else ""
            lines.append(f"  {row['name'].removeprefix('test_'):<32} {speed:>14,} a second {taken}{ratio}")
    for name, seconds in speeds.given_up.items():
        lines += ["", f"given up after {seconds:.0f} s: {name}"]
    for name, words in speeds.failed.items():
        lines += ["", f"failed: {name}: {words}"]
    return "\n".join(lines)
