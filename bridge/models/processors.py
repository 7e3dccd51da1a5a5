"""Counts idle processors: a model in this process must not have more threads than that.

The threads of llama.cpp wait for each other in a busy loop at every step. If one of them has no processor of its own,
all are stopped, and two threads are many times slower than one.
"""

from __future__ import annotations

import math
import os
import time
from pathlib import Path

_STAT, _CGROUP, _QUOTA = Path("/proc/stat"), Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")
_WINDOW = 0.1  # seconds


def free_processors() -> int:
    """The number of processors that this process may use and that are idle now, at least one.

    On Linux this measures each processor for a tenth of a second; elsewhere it uses the load average.
    """
    allowed = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set(range(os.cpu_count() or 1))
    return max(1, math.floor(min(_idle(allowed), _quota()) + 0.3))


def _idle(allowed: set[int]) -> float:
    """How many processors of `allowed` are idle or work for this process, on average over the window."""
    before, own, began = _ticks(allowed), time.process_time(), time.monotonic()
    if not before:
        others = os.getloadavg()[0] - 1 if hasattr(os, "getloadavg") else 0.0
        return len(allowed) - max(0.0, others)
    time.sleep(_WINDOW)
    own = (time.process_time() - own) / (time.monotonic() - began)
    after = _ticks(allowed)
    idle = 0.0
    for processor, (idle_before, all_before) in before.items():
        idle_after, all_after = after.get(processor, (idle_before, all_before))
        if all_after > all_before:
            idle += (idle_after - idle_before) / (all_after - all_before)
        else:  # a processor that slept the whole time may count no ticks
            idle += 1.0
    return min(len(allowed), idle + own)


def _ticks(allowed: set[int]) -> dict[int, tuple[int, int]]:
    """Idle ticks and all ticks of each processor since the system started; empty if the system does not say."""
    found: dict[int, tuple[int, int]] = {}
    try:
        lines = _STAT.read_text().splitlines()
    except OSError:
        return found
    for line in lines:
        name, *counts = line.split()
        number = name.removeprefix("cpu")
        if name.startswith("cpu") and number.isdigit() and int(number) in allowed:
            ticks = [int(count) for count in counts[:8]]  # user nice system idle iowait irq softirq steal
            found[int(number)] = (ticks[3] + ticks[4], sum(ticks))
    return found


def _quota() -> float:
    """How many processors the control group of this process, such as a container, may use at once."""
    least = math.inf
    try:
        inside = _CGROUP.read_text().partition("0::")[2].splitlines()[0].lstrip("/")
    except (OSError, IndexError):
        inside = ""
    folder = _QUOTA / inside
    while True:
        try:
            quota, period = (folder / "cpu.max").read_text().split()
            if quota != "max":
                least = min(least, int(quota) / int(period))
        except (OSError, ValueError):
            pass
        if folder == _QUOTA or _QUOTA not in folder.parents:
            return least
        folder = folder.parent
