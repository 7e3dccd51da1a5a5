"""Instruction counts of the compiled kernels: `longthink perf --instructions`.

If other work on the machine makes timings noise, the number of instructions still says whether a change made a kernel
cheaper. Valgrind (its tool callgrind) counts them: for each kernel a process does a small fixed piece of work, and only
the kernel's C functions count. The interpreter, imports and the load of the machine are no part of the count, so two
runs agree within 0.1%. Valgrind has AVX2 and no AVX-512, so kernels take their AVX2 path if the processor has it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from longthink.benchmarks.harness.environment import machine, versions
from longthink.benchmarks.perf.speeds import Show
from longthink.errors import ToolError

TOLERANCE = 0.001
"""Counts that differ by at most this share are equal."""


_BEFORE = """
import longthink as lt
import longthink.games.core as core
from longthink.search.run import Pace
Pace.learn = lambda pace, seconds: setattr(pace, "count", 2 * pace.count)  # pieces of work do not depend on the clock
"""


@dataclass(frozen=True)
class Kernel:
    """A piece of work. functions: the C functions that count; none of them calls another. work: Python code that runs
    them, with `lt` and `core` (longthink.games.core) imported."""

    functions: tuple[str, ...]
    work: str

    def script(self) -> str:
        return f"{_BEFORE}\n{self.work}"


def _run(search: str, game: str, simulations: int, history: str = "[]") -> str:
    return (
        f"game = lt.load_game({game!r})\n"
        f"lt.{search}.run(game.state_from_history({history}), lt.Budget(simulations={simulations}))"
    )


# One line for each kernel.
KERNELS: dict[str, Kernel] = {
    "MCTS, connect four, 20,000 simulations": Kernel(
        ("lt_tree_run",), _run("MCTS(game, lt.UCT(), seed=1)", "connect_four", 20_000)
    ),
    "MCTS, hex 9, 20,000 simulations": Kernel(
        ("lt_tree_run",), _run("MCTS(game, lt.UCT(), seed=1)", "hex(board_size=9)", 20_000)
    ),
    "ask and tell, connect four, 20,000 leaves": Kernel(
        ("lt_roots_ask", "lt_roots_tell"),
        "import numpy as np\n"
        "search = lt.MCTS(lt.load_game('connect_four'), lt.UCT(), seed=1)\n"
        "while search.simulations < 20_000:\n"
        "    leaves = search.ask(64)\n"
        "    search.tell(leaves.tickets, np.zeros(len(leaves.tickets)))",
    ),
    "ISMCTS, leduc poker, 20,000 simulations": Kernel(
        ("lt_graph_run",), _run("ISMCTS(game, lt.UCT(), seed=1)", "leduc_poker", 20_000, "[0, 1]")
    ),
    "go 9x9, 2,000 light playouts": Kernel(
        ("lt_go_play_out_many_by",), "import numpy as np\ncore.go_playouts(np.zeros((9, 9), np.uint8), 2_000, seed=1)"
    ),
    "CFR+, leduc poker, 300 iterations": Kernel(
        ("lt_cfr_run",), "lt.CFR(lt.load_game('leduc_poker'), 'cfr+').run(300)"
    ),
    "external sampling, leduc poker, 5,000 iterations": Kernel(
        ("lt_mccfr_run",), "lt.MCCFR(lt.load_game('leduc_poker'), 'external', seed=1).run(5_000)"
    ),
}


@dataclass
class Instructions:
    """Instructions by kernel. failed: the reason."""

    counts: dict[str, int] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    interrupted: bool = False

    def as_dict(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        return {
            "machine": machine(),
            "versions": {**versions(), "valgrind": _version()},
            "instructions": self.counts,
            "failed": self.failed,
            "interrupted": self.interrupted,
        }


def count_instructions(
    keyword: str | None = None,
    show: Show = lambda text: None,
    kernels: Mapping[str, Kernel] = KERNELS,
    count: Callable[[Kernel], int] | None = None,
) -> Instructions:
    """Count the instructions of the kernels whose names have `keyword`. Ctrl-C ends it with the counts so far.

    show: called with the text of the progress. Raises `ToolError` without valgrind.
    """
    if count is None:
        _valgrind()
        count = instructions
    chosen = {name: kernel for name, kernel in kernels.items() if keyword is None or keyword in name}
    found = Instructions()
    show(f"{len(chosen)} kernels, about {20 * len(chosen)} s\n")
    with suppress(KeyboardInterrupt):
        for place, (name, kernel) in enumerate(chosen.items(), 1):
            show(f"[{place}/{len(chosen)}] {name}: about 20 s ... ")
            try:
                found.counts[name] = count(kernel)
                show(f"{found.counts[name]:,} instructions\n")
            except ToolError as error:
                found.failed[name] = str(error)
                show(f"failed: {error}\n")
        return found
    show("interrupted\n")
    found.interrupted = True
    return found


def instructions(kernel: Kernel) -> int:
    """The instructions of a kernel's functions in a process of its own. Raises `ToolError` if it fails."""
    command = [
        *(_valgrind(), "--tool=callgrind", f"--callgrind-out-file={os.devnull}"),
        *(f"--toggle-collect={function}" for function in kernel.functions),
        *(sys.executable, "-c", kernel.script()),
    ]
    done = subprocess.run(
        command,
        env={**os.environ, "PYTHONHASHSEED": "0"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
    )
    if done.returncode != 0:
        last = done.stderr.strip().splitlines()[-1:] or ["no output"]
        raise ToolError(f"valgrind ended with code {done.returncode}: {last[0]}")
    return collected(done.stderr)


def collected(output: str) -> int:
    """The number of instructions that callgrind's output names. Raises `ToolError` if it names none."""
    found = re.search(r"Collected : (\d+)", output)
    if found is None or int(found[1]) == 0:
        raise ToolError("callgrind counted nothing: the kernel's functions did not run, or have no symbols")
    return int(found[1])


def _valgrind() -> str:
    found = shutil.which("valgrind")
    if found is None:
        raise ToolError(
            "instruction counts need the program valgrind, which is not installed; install it, for example by "
            "apt-get install valgrind, or leave out --instructions"
        )
    return found


def _version() -> str:
    found = shutil.which("valgrind")
    if found is None:
        return "-"
    return subprocess.run([found, "--version"], capture_output=True, text=True).stdout.strip().removeprefix("valgrind-")
