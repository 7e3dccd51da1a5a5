"""Studies for tests of the runner: cases that work, fail, hang, and lose their workers.

Cases leave files in the folder that the environment variable TOY_FOLDER names.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from longthink.benchmarks.harness.record import Outcome, Record
from longthink.benchmarks.harness.section import Section, Table
from longthink.benchmarks.harness.study import Case, Context, Study


@dataclass(frozen=True)
class Settings:
    """kinds: what the cases do, for example "walk". count: cases of each kind."""

    kinds: tuple[str, ...] = ("walk",)
    count: int = 1


class Toy(Study):
    """Random walks, among cases that fail in every way."""

    name = "toy"
    title = "Toy"
    Settings = Settings

    def cases(self, settings: Settings) -> Iterable[Case]:
        for kind in settings.kinds:
            for seed in range(settings.count):
                cost = 0.1 if kind in ("hangs", "deaf") else 10.0  # the others do not reach their time limit
                yield Case({"kind": kind, "seed": seed}, cost, quiet=kind == "quiet")

    def run(self, case: Case, context: Context) -> Outcome:
        kind, seed = case.facts["kind"], case.facts["seed"]
        file = Path(os.environ["TOY_FOLDER"]) / f"{kind}{seed}"
        return getattr(self, f"_{kind}")(file, seed, context)

    def section(self, records: Sequence[Record]) -> Section:
        rows = [(record.fact("kind"), record.fact("seed"), record.scores.get("end")) for record in records]
        return Section(self.title, "Random walks.", [Table("Walks", ("kind", "seed", "end"), rows)])

    def _walk(self, file: Path, seed: int, context: Context) -> Outcome:
        """Forty steps of a random walk, with a curve."""
        random, place, curve = Random(seed), 0, []
        started = time.perf_counter()
        for step in range(1, 41):
            place += random.choice((-1, 1))
            curve.append({"steps": step, "seconds": time.perf_counter() - started, "place": place})
            time.sleep(0.001)
            context.progress(step / 40)
        return Outcome({"end": place}, {"seconds": time.perf_counter() - started, "steps": 40}, curve, {"text": "x\n"})

    _quiet = _walk

    def _model(self, file: Path, seed: int, context: Context) -> Outcome:
        """An answer of a language model."""
        (answer,) = context.model("tiny").complete("3 + 4 =", max_tokens=6, seed=seed)
        return Outcome({"end": len(answer.text)}, {"calls": 1}, artifacts={"answer": answer.text})

    def _raises(self, file: Path, seed: int, context: Context) -> Outcome:
        raise ValueError(f"no walk <b>{seed}</b> \udc80")

    def _repaired(self, file: Path, seed: int, context: Context) -> Outcome:
        """Fails as long as there is no file."""
        if not file.exists():
            raise OSError(f"the file {file.name} is missing")
        return Outcome({"end": 1.0})

    def _nan(self, file: Path, seed: int, context: Context) -> Outcome:
        return Outcome({"end": float("nan")})

    def _nothing(self, file: Path, seed: int, context: Context) -> Outcome:
        return None  # type: ignore[return-value]

    def _exits(self, file: Path, seed: int, context: Context) -> Outcome:
        sys.exit("end of everything")

    def _lost_once(self, file: Path, seed: int, context: Context) -> Outcome:
        """Its process is killed, the first time."""
        if not file.exists():
            file.write_text("")
            os.kill(os.getpid(), signal.SIGKILL)
        return Outcome({"end": 1.0})

    def _lost(self, file: Path, seed: int, context: Context) -> Outcome:
        """Always a segmentation fault."""
        print("the last words", flush=True)
        ctypes.string_at(0)
        raise AssertionError

    def _hangs(self, file: Path, seed: int, context: Context) -> Outcome:
        """Blocks, with a child, and notes its process."""
        child = subprocess.Popen(["sleep", "1000"])
        file.write_text(f"{os.getpid()} {child.pid}")
        context.progress(0.25)
        while True:
            threading.Event().wait()

    def _deaf(self, file: Path, seed: int, context: Context) -> Outcome:
        """Cannot be interrupted."""
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        return self._hangs(file, seed, context)

    def _needs(self, file: Path, seed: int, context: Context) -> Outcome:
        from longthink.errors import require

        require("a_library_that_nobody_has", "imaginary")
        raise AssertionError


class Enough(Toy):
    """Walks until two of them, in the order of their seeds, have ended right of the start."""

    name = "toy_enough"

    def enough(self, records: Sequence[Record]) -> bool:
        return sum(record.scores["end"] > 0 for record in records) >= 2
