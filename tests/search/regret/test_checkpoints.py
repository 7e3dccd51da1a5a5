"""Checkpoints of regret minimisation: the same bits after resuming, a kill at any moment, files that are refused."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

import longthink as lt
from longthink.search.regret.variants import VARIANTS

LEDUC = lt.load_game("leduc_poker")


def bits(solver: lt.CFR) -> tuple[bytes, ...]:
    return solver.regrets().tobytes(), solver.current_strategy().tobytes(), solver.average_strategy().tobytes()


@pytest.mark.parametrize("variant", VARIANTS)
def test_going_on_gives_the_same_bits(variant: str, tmp_path: Path) -> None:
    path = tmp_path / "leduc.checkpoint"
    whole, first, second = (lt.CFR(LEDUC, variant) for _ in range(3))
    whole.run(50)
    first.run(20, checkpoint=path)
    assert second.load(path) == second.iterations == 20
    assert bits(second) == bits(first)
    second.run(30, checkpoint=path, every=0)
    assert bits(second) == bits(whole)
    third = lt.CFR(LEDUC, variant)
    assert third.load(path) == 50
    assert bits(third) == bits(whole)
    assert [file.name for file in tmp_path.iterdir()] == ["leduc.checkpoint"]


RUN = """
import sys, longthink as lt
solver = lt.CFR(lt.load_game("leduc_poker"), "pdcfr+")
if len(sys.argv) > 2:
    solver.load(sys.argv[1])
print("begun", flush=True)
solver.run(10**9, checkpoint=sys.argv[1], every=0)
"""


def test_kill_at_any_moment(tmp_path: Path) -> None:
    path, chance, reached = tmp_path / "leduc.checkpoint", random.Random(5), 0
    for attempt in range(4):
        arguments = [sys.executable, "-c", RUN, str(path), *["go on"] * (attempt > 0)]
        process = subprocess.Popen(arguments, stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(0.1 + chance.random() / 2)
        process.kill()
        process.wait()
        process.stdout.close()
        solver = lt.CFR(LEDUC, "pdcfr+")
        assert solver.load(path) >= reached
        reached = solver.iterations
    whole = lt.CFR(LEDUC, "pdcfr+")
    whole.run(reached)
    assert bits(solver) == bits(whole)


def test_files_that_are_refused(tmp_path: Path) -> None:
    path, other = tmp_path / "own", tmp_path / "other"
    solver = lt.CFR(LEDUC, "dcfr")
    solver.run(10, checkpoint=path)
    before, whole = bits(solver), path.read_bytes()

    def refused(data: bytes, message: str) -> None:
        other.write_bytes(data)
        for attempt in (lambda: solver.load(other), lambda: solver.run(1, checkpoint=other)):
            with pytest.raises(lt.CheckpointError, match=message):
                attempt()
        assert bits(solver) == before
        assert other.read_bytes() == data

    refused(whole[:-100], "damaged")
    refused(whole[:3000] + bytes([whole[3000] ^ 1]) + whole[3001:], "damaged")
    refused(b"PK" + whole, "not a checkpoint")
    refused(b"", "not a checkpoint")
    for foreign, message in [
        (lt.CFR(lt.load_game("kuhn_poker"), "dcfr"), r"game 'leduc_poker\(\)', got one with game 'kuhn_poker\(\)'"),
        (lt.CFR(LEDUC, "cfr+"), r"with variant 'dcfr', got one with variant 'cfr\+'"),
        (lt.CFR(LEDUC, "dcfr", alpha=2), r"with weights .*'alpha': 1.5.*got one with weights .*'alpha': 2"),
    ]:
        foreign.save(other)
        refused(other.read_bytes(), message)
    solver.run(5)
    solver.save(other)
    late = lt.CFR(LEDUC, "dcfr")
    with pytest.raises(lt.CheckpointError, match="15 iterations and this solver 0; load it first"):
        late.run(1, checkpoint=other)
    with pytest.raises(lt.CheckpointError, match="expected a checkpoint at"):
        solver.load(tmp_path / "none")
    with pytest.raises(lt.CheckpointError, match="expected to write a checkpoint"):
        solver.run(1, checkpoint=tmp_path / "no folder" / "file")
    with pytest.raises(lt.ParameterError, match="every"):
        solver.run(1, checkpoint=path, every=-1)
    assert solver.iterations == 15
