"""The results of `longthink perf` as text: a line of ratios for each group, and the comparison with an earlier run.

Both read results as plain values, as the `--json` file has them, so an earlier run and this one are the same thing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import geometric_mean
from typing import Any

from longthink.benchmarks.perf.instructions import TOLERANCE
from longthink.errors import ParameterError

Results = Mapping[str, Any]
"""`Speeds.as_dict()` or `Instructions.as_dict()`."""

_PEERS = {"openspiel": "OpenSpiel", "mctx": "mctx", "liteefg": "LiteEFG", "treequest": "TreeQuest"}
"""Peers, by a part of the names of their benchmarks."""
_MORE_CORES = "two_threads"
"""Part of the names of benchmarks that use more cores than the peers."""


def summary(results: Results) -> str:
    """For each group how fast we are, with bytes, and how many times as fast as each peer; then where it was measured.

    Of several benchmarks of ours in a group, and of several of a peer, the fastest with one thread counts.
    """
    lines = [*_ratios(results.get("benchmarks", [])), *_counts(results.get("instructions", {}))]
    for name, seconds in results.get("given_up", {}).items():
        lines.append(f"stopped after {seconds:.0f} s: {name}")
    for name, words in results["failed"].items():
        lines.append(f"failed: {name}: {words}")
    return "\n".join([*lines, "", *_where(results)])


def compared(results: Results, earlier: Results) -> str:
    """What changed since an earlier run: for each benchmark of both the ratio of speeds, new to old.

    A benchmark is called faster or slower if the medians of its rounds differ by more than the rounds of each run do,
    added; with fewer than three rounds nothing is said. The spread within a run does not show that the machine itself
    became slower, but the peers do: the last line has their mean ratio. Instruction counts are called more or fewer if
    they differ by more than 0.1%.
    """
    old, new = _by_name(earlier), _by_name(results)
    ratios = {name: _speed(new[name]) / _speed(old[name]) for name in new if name in old}
    lines = [
        f"{ratio:8.2f} x  {name}{_verdict(new[name]['stats'], old[name]['stats'])}" for name, ratio in ratios.items()
    ]
    peers = [ratio for name, ratio in ratios.items() if any(part in name for part in _PEERS)]
    if peers:
        lines.append(f"{geometric_mean(peers):8.2f} x  the peers on average: unless they changed, this is the machine")
    counts, before = results.get("instructions", {}), earlier.get("instructions", {})
    for name in counts:
        if name in before:
            change = counts[name] / before[name] - 1
            words = "" if abs(change) <= TOLERANCE else "  more instructions" if change > 0 else "  fewer instructions"
            lines.append(f"{change:+10.2%}  {name}{words}")
    if not lines:
        lines = ["the runs have no benchmark in common"]
    changed = [
        f"not the same {key}: {earlier[part].get(key)} earlier, {results[part].get(key)} now"
        for part in ("machine", "versions")
        for key in {**earlier[part], **results[part]}
        if earlier[part].get(key) != results[part].get(key)
    ]
    return "\n".join(["new / old", *lines, *changed])


def read(path: Path) -> Results:
    """The results that `longthink perf --json` wrote. Raises `ParameterError` if the file has no such results."""
    try:
        found = json.loads(path.read_text("utf-8"))
        complete = {"machine", "versions", "failed"} <= found.keys() and found.keys() & {"benchmarks", "instructions"}
    except (OSError, ValueError, AttributeError) as error:
        raise ParameterError(f"expected results of longthink perf --json in {path}: {error}") from error
    if not complete:
        raise ParameterError(f"expected results of longthink perf --json in {path}, got other JSON; measure it again")
    return found  # type: ignore[no-any-return]


def _ratios(benchmarks: list[dict[str, Any]]) -> Iterator[str]:
    groups: dict[str, list[dict[str, Any]]] = {}
    for each in benchmarks:
        groups.setdefault(each["group"] or each["name"], []).append(each)
    for group, rows in groups.items():
        fastest: dict[str, dict[str, Any]] = {}
        for row in sorted(rows, key=_speed):
            who = next((name for part, name in _PEERS.items() if part in row["name"]), "")
            if who or _MORE_CORES not in row["name"] or "" not in fastest:
                fastest[who] = row
        ours = fastest.pop("", None)
        if ours is None:
            continue
        info = ours["extra_info"]
        line = f"{group}: {info['per_second']:,} per second"
        line += f" of {info['bytes_each']:.1f} bytes" if info.get("bytes_each") else ""
        for name, row in fastest.items():
            theirs = row["extra_info"]
            line += f"; {info['per_second'] / theirs['per_second']:.1f} x {name}"
            line += f" of {theirs['bytes_each']:.1f} bytes" if theirs.get("bytes_each") else ""
        yield line


def _counts(counts: Mapping[str, int]) -> list[str]:
    return [f"{name}: {count:,} instructions" for name, count in counts.items()]


def _where(results: Results) -> list[str]:
    machine, versions = results["machine"], results["versions"]
    return [
        f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gib']} GiB, {machine['system']}",
        ", ".join(f"{name} {version}" for name, version in versions.items() if version != "-"),
    ]


def _by_name(results: Results) -> dict[str, dict[str, Any]]:
    return {each["fullname"]: each for each in results.get("benchmarks", [])}


def _speed(benchmark: Mapping[str, Any]) -> float:
    return float(benchmark["extra_info"]["per_second"])


def _verdict(new: Mapping[str, Any], old: Mapping[str, Any]) -> str:
    if min(new["rounds"], old["rounds"]) < 3:
        return f"  ({min(new['rounds'], old['rounds'])} rounds: noise unknown)"
    less, noise = old["median"] - new["median"], (new["max"] - new["min"]) + (old["max"] - old["min"])
    return "" if abs(less) <= noise else "  faster" if less > 0 else "  slower"
