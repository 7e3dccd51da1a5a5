"""Instruction counts: those of a kernel repeat, and one that fails is reported while the others go on."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

from longthink.benchmarks.perf.instructions import (
    KERNELS,
    TOLERANCE,
    Kernel,
    collected,
    count_instructions,
    instructions,
)
from longthink.commands import main
from longthink.errors import ToolError

VALGRIND = shutil.which("valgrind")
CFR = Kernel(("lt_cfr_run",), "lt.CFR(lt.load_game('kuhn_poker'), 'cfr+').run(2_000)")


@pytest.mark.skipif(VALGRIND is None, reason="valgrind is not installed")
def test_counts_repeat_and_follow_the_work() -> None:
    first, again = instructions(CFR), instructions(CFR)
    assert first == pytest.approx(again, rel=TOLERANCE)
    twice = Kernel(CFR.functions, CFR.work.replace("2_000", "4_000"))
    assert instructions(twice) == pytest.approx(2 * first, rel=0.02)


@pytest.mark.skipif(VALGRIND is None, reason="valgrind is not installed")
def test_work_that_fails_is_an_error() -> None:
    with pytest.raises(ToolError, match="ended with code 1:"):
        instructions(Kernel(("lt_cfr_run",), "raise SystemExit(1)"))
    with pytest.raises(ToolError, match="counted nothing"):
        instructions(Kernel(("lt_no_such_function",), ""))


def test_every_kernel_works() -> None:
    for kernel in KERNELS.values():
        done = subprocess.run([sys.executable, "-c", kernel.script()], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


def test_failures_are_reported_and_the_others_go_on() -> None:
    def count(kernel: Kernel) -> int:
        if kernel.work == "fails":
            raise ToolError("it fell over")
        return 7

    said: list[str] = []
    kernels = {name: Kernel((), name) for name in ("fails", "works", "other")}
    found = count_instructions("s", said.append, kernels, count)
    assert (found.counts, found.failed) == ({"works": 7}, {"fails": "it fell over"})
    assert "[1/2] fails: about 20 s ... failed: it fell over\n" in "".join(said)

    def interrupt(kernel: Kernel) -> int:
        raise KeyboardInterrupt

    assert count_instructions(None, said.append, kernels, interrupt).interrupted


def test_the_count_is_read_from_the_output() -> None:
    assert collected("==7== Events    : Ir\n==7== Collected : 72697860\n==7==\n") == 72_697_860
    for output in ("", "==7== Collected : 0"):
        with pytest.raises(ToolError, match="counted nothing"):
            collected(output)


def test_without_valgrind_the_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert main(["perf", "--instructions"]) == 2
    assert "apt-get install valgrind" in capsys.readouterr().err
