"""Kills a run with SIGKILL at random moments, resumes it each time, and compares its log with an uninterrupted run's.

    python tests/benchmarks/harness/kill_and_resume.py --kills 50

The run has cases of every sort: parallel and quiet ones, a language model, studies of this package, cases that fail in
each way, cases that lose their worker and cases that hang. Most kills hit the run; each fourth hits one of its workers.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).parent))
from longthink.benchmarks.harness.log import RunLog, read, same_outcomes
from longthink.benchmarks.harness.run_progress import Watcher
from longthink.benchmarks.harness.runner import Runner
from longthink.benchmarks.harness.suite import Planned, load_suite
from longthink.benchmarks.harness.workers import Workers
from toy_studies import Settings, Toy

SORTS = ("raises", "nan", "nothing", "exits", "lost_once", "lost", "hangs", "match", "kinds")
"""Faults of toys, and studies of this package."""
SHORTEST_TIME_LIMIT = 4.0
"""In seconds, for the case that hangs. All others have costs that give them more time."""


STUDIES = {"match": ["match.pairs=3"], "kinds": ["kinds.problems=2", "kinds.tokens=100"]}
"""Settings that make the studies of this package short."""


def plan(rest: int, sorts: Sequence[str]) -> list[list[Planned]]:
    """The cases of these sorts, and so many walks, answers of a model, and quiet walks."""
    toy, faults = Toy(), tuple(each for each in sorts if each not in STUDIES)
    kinds = [(("walk",), rest), (("model",), rest), (faults, 1), (("quiet",), rest)]
    toys = [[Planned(toy, case) for case in toy.cases(Settings(*each))] for each in kinds]
    real = [entry for name in sorts if name in STUDIES for entry in load_suite(name, STUDIES[name]).entries()]
    slow = [[replace(each, case=replace(each.case, cost=10.0)) for each in entry] for entry in real]
    return toys[:1] + slow + toys[1:]


def run(folder: Path, rest: int, sorts: Sequence[str]) -> None:
    entries = plan(rest, sorts)
    with RunLog(folder / "log.jsonl") as log:
        watcher = Watcher([each for entry in entries for each in entry], 0, 2)
        Runner(entries, log, Workers(2), watcher, SHORTEST_TIME_LIMIT).run()


def start(folder: Path, rest: int, sorts: Sequence[str]) -> subprocess.Popen[bytes]:
    folder.mkdir(exist_ok=True)
    command = [sys.executable, __file__, "--run", str(folder), "--rest", str(rest), "--sorts", *sorts]
    return subprocess.Popen(command, env={**os.environ, "TOY_FOLDER": str(folder)})


def finished(folder: Path) -> int:
    """How many cases have an outcome."""
    log = folder / "log.jsonl"
    return log.read_bytes().count(b'"failure": null') if log.exists() else 0


def victim(process: subprocess.Popen[bytes], random: Random) -> int:
    """The run, or one of its workers."""
    command = ["ps", "-o", "pid=", "--ppid", str(process.pid)]
    listed = subprocess.run(command, capture_output=True, text=True, check=False)
    workers = sorted(map(int, listed.stdout.split()))
    return random.choice(workers) if workers and random.random() < 0.25 else process.pid


def kill_and_resume(folder: Path, kills: int, seed: int, sorts: Sequence[str] = SORTS) -> tuple[list[int], list[str]]:
    """How many cases had finished at each kill, and how the logs differ."""
    random, rest, at = Random(seed), kills, []
    whole, killed = folder / "whole", folder / "killed"
    assert start(whole, rest, sorts).wait() == 0
    process = start(killed, rest, sorts)
    for moment in sorted(random.sample(range(finished(whole)), kills)):
        while finished(killed) < moment and process.poll() is None:
            time.sleep(0.005)
        time.sleep(random.uniform(0, 0.3))
        target = victim(process, random)
        if process.poll() is None:
            at.append(finished(killed))
            with contextlib.suppress(ProcessLookupError):
                os.kill(target, signal.SIGKILL)
        if target == process.pid:
            process.wait()
            process = start(killed, rest, sorts)
    assert process.wait() == 0
    return at, same_outcomes(read(whole / "log.jsonl"), read(killed / "log.jsonl"))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--run", type=Path, help="run the cases in this folder")
    parser.add_argument("--rest", type=int)
    parser.add_argument("--sorts", nargs="*", default=SORTS)
    given = parser.parse_args(arguments)
    if given.run:
        run(given.run, given.rest, given.sorts)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        at, differences = kill_and_resume(Path(folder), given.kills, given.seed, given.sorts)
        cases = len({record.key for record in read(Path(folder) / "whole" / "log.jsonl")})
    print(f"{len(at)} kills of a run of {cases} cases, when {', '.join(map(str, at))} had finished")
    print("\n".join(differences) if differences else "the log equals that of an uninterrupted run, timings aside")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
