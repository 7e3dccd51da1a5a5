"""Checkpoints made on purpose, with a right checksum, are refused with `CheckpointError`."""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import longthink as lt
from longthink.search.regret import checkpoint as checkpoints

LEDUC = lt.load_game("leduc_poker")
MAGIC = b"longthink checkpoint 2\n"
Arrays = dict[str, np.ndarray[Any, Any]]
SOLVERS: dict[str, Callable[[], Any]] = {
    "CFR": lambda: lt.CFR(LEDUC),
    "MCCFR": lambda: lt.MCCFR(LEDUC, "outcome", memory_bytes=64 << 20),
}


def signed(header: bytes, content: bytes, length: int | None = None) -> bytes:
    """A file with a right checksum and any content."""
    whole = MAGIC + struct.pack("<Q", len(header) if length is None else length) + header + content
    return whole + hashlib.sha256(whole).digest()


def state_of(solver: Any) -> Any:
    return solver.iterations, solver.average_strategy().tolist()


@pytest.fixture(scope="module", params=list(SOLVERS))
def written(request: Any, tmp_path_factory: Any) -> tuple[str, Any, Path]:
    solver = SOLVERS[request.param]()
    solver.run(30)
    path = tmp_path_factory.mktemp("checkpoints") / "right"
    solver.save(path)
    return request.param, solver, path


def is_refused(solver: Any, path: Path) -> bool:
    """Whether `load` refuses the file and leaves the solver unchanged."""
    before = solver.iterations
    try:
        solver.load(path)
    except lt.CheckpointError:
        return bool(solver.iterations == before)
    return False


def refused(solver: Any, path: Path, data: bytes) -> None:
    """`load` and `run` refuse a file, and the solver is unchanged."""
    path.write_bytes(data)
    before = state_of(solver)
    assert is_refused(solver, path)
    with pytest.raises(lt.CheckpointError):
        solver.run(1, checkpoint=path)
    assert state_of(solver) == before


def changes(name: str, array: np.ndarray[Any, Any]) -> Iterator[tuple[str, np.ndarray[Any, Any] | None]]:
    """Wrong arrays that replace a right one."""
    yield "missing", None
    yield "longer", np.concatenate([array, array[:1]])
    yield "shorter", array[:-1]
    yield "empty", array[:0]
    yield "flat", array.reshape(1, *array.shape)
    for dtype in ("<f4", "<f8", "<i8", "<u2", "|i1", "|b1", "<c16"):
        if np.dtype(dtype) != array.dtype:
            with np.errstate(invalid="ignore"):
                yield dtype, array.real.astype(dtype)
    wild = {"f": [np.nan, np.inf, -np.inf], "u": [0, np.iinfo(array.dtype).max] if array.dtype.kind == "u" else []}
    signed = [np.iinfo(array.dtype).min, -1, np.iinfo(array.dtype).max] if array.dtype.kind == "i" else []
    for value in wild.get(array.dtype.kind, signed):
        if name == "name":
            continue  # any number can be a hash
        for place in (0, len(array) // 2, len(array) - 1):
            other = array.copy()
            other[place] = value
            yield f"{value} at {place}", other
    if name in ("average", "strategy"):
        yield "negative", -array - 1
    if name == "strategy":
        yield "sums", array * 2
    if name == "name":
        yield "twice the same", np.concatenate([array[:1], array[:-1]])
    if name == "count":
        yield "moved", np.roll(array, 1) + np.arange(len(array)).astype(array.dtype) % 2
    if name == "action":
        yield "descending", array[::-1].copy()


def test_every_array_that_is_wrong(written: tuple[str, Any, Path], tmp_path: Path) -> None:
    kind, solver, path = written
    meta, arrays = checkpoints.load(path, kind)
    fresh, tried = SOLVERS[kind](), 0
    for name, array in arrays.items():
        for what, other in changes(name, array):
            changed = {**arrays, name: other} if other is not None else {n: a for n, a in arrays.items() if n != name}
            checkpoints.save(tmp_path / "wrong", kind, meta, changed)
            assert is_refused(fresh, tmp_path / "wrong"), f"{name} {what}"
            tried += 1
    assert fresh.iterations == 0
    assert tried > 40
    checkpoints.save(tmp_path / "more", kind, meta, {**arrays, "more": np.zeros(3)})
    with pytest.raises(lt.CheckpointError, match="expected the arrays"):
        fresh.load(tmp_path / "more")
    assert fresh.load(path) == 30
    assert state_of(fresh) == state_of(solver)


NONSENSE: list[Any] = [None, True, -1, 0.5, 1e400, 2**63, 10**30, "", "\x00", "leduc", [], [[]], {}, {"a": 1}]


def test_every_field_of_the_header_that_is_wrong(written: tuple[str, Any, Path], tmp_path: Path) -> None:
    kind, solver, path = written
    whole = path.read_bytes()
    size = struct.unpack("<Q", whole[len(MAGIC) : len(MAGIC) + 8])[0]
    header = json.loads(whole[len(MAGIC) + 8 :][:size])
    content = whole[len(MAGIC) + 8 + size : -32]
    right = [("meta", name) for name in ("seed", "memory_bytes")]  # what a solver may have otherwise
    places: list[tuple[Any, ...]] = [(name,) for name in header]
    places += [("meta", name) for name in header["meta"] if ("meta", name) not in right]
    for row in range(len(header["arrays"])):
        places += [("arrays", row), *(("arrays", row, column) for column in range(3)), ("arrays", row, 2, 0)]
    for place in places:
        for value in (*NONSENSE, _Gone):
            changed = json.loads(json.dumps(header))
            at = changed
            for step in place[:-1]:
                at = at[step]
            if value is _Gone:
                del at[place[-1]]
            elif at[place[-1]] == value and type(at[place[-1]]) is type(value):
                continue
            else:
                at[place[-1]] = value
            other = tmp_path / "wrong"
            other.write_bytes(signed(json.dumps(changed).encode(), content))
            assert is_refused(SOLVERS_NEW[kind], other), f"{place} = {value!r}"
    for data in (
        signed(b"", b""),
        signed(b"null", b""),
        signed(b"\xff\xfe", b""),
        signed(b"[" * 200_000, b""),
        signed(b"{}", content),
        signed(json.dumps(header).encode(), content + b"\0"),
        signed(json.dumps(header).encode(), content[:-1]),
        signed(json.dumps(header).encode(), content, length=2**63),
        signed(json.dumps(header).encode(), content, length=3),
        MAGIC + hashlib.sha256(MAGIC).digest(),
        MAGIC,
        b"",
    ):
        refused(solver, tmp_path / "wrong", data)


class _Gone:
    """A marker for a missing value."""


SOLVERS_NEW = {kind: make() for kind, make in SOLVERS.items()}


def test_checkpoints_of_other_games_and_older_versions(written: tuple[str, Any, Path], tmp_path: Path) -> None:
    kind, solver, path = written
    kuhn = lt.load_game("kuhn_poker")
    other = lt.CFR(kuhn) if kind == "CFR" else lt.MCCFR(kuhn, "outcome", memory_bytes=64 << 20)
    before = state_of(other)
    with pytest.raises(lt.CheckpointError, match="game"):
        other.load(path)
    assert state_of(other) == before
    whole = path.read_bytes()[:-32].replace(b"checkpoint 2", b"checkpoint 1", 1)
    refused(solver, tmp_path / "old", whole + hashlib.sha256(whole).digest())


def test_a_player_who_is_another_is_noticed_in_play(tmp_path: Path) -> None:
    """Exchanged players cannot be seen in the file alone: the first walk that reaches the state raises."""
    solver = SOLVERS["MCCFR"]()
    solver.run(30)
    solver.save(tmp_path / "right")
    meta, arrays = checkpoints.load(tmp_path / "right", "MCCFR")
    checkpoints.save(tmp_path / "wrong", "MCCFR", meta, {**arrays, "player": 1 - arrays["player"]})
    other = SOLVERS["MCCFR"]()
    other.load(tmp_path / "wrong")
    with pytest.raises(lt.GameError, match="a checkpoint was loaded, it may be of other rules"):
        other.run(30)
