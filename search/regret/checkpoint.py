"""Checkpoints: the state of a solver in one file, which is complete or does not exist.

The file has a magic line with the version of the format; the length of the header (8 bytes, little-endian); the header
(JSON: the kind of checkpoint, its `meta`, name, dtype and shape of every array); the bytes of the arrays; the SHA-256
of everything before. `replace_file` writes it, so that no crash leaves half a checkpoint.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from longthink.errors import CheckpointError
from longthink.files import replace_file
from longthink.validation import shown

_MAGIC = b"longthink checkpoint 2\n"
_LENGTH = struct.Struct("<Q")
_MOST_ITERATIONS = 2**62


def save(path: str | os.PathLike[str], kind: str, meta: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write a checkpoint to `path`. An older one stays until the new one is complete.

    kind: the class of the solver. meta: plain values of JSON. arrays: of numbers, of any shape.

    Raises `CheckpointError` if it cannot be written.
    """
    plain = {name: _little_endian(name, array) for name, array in arrays.items()}
    layout = [[name, array.dtype.str, list(array.shape)] for name, array in plain.items()]
    header = json.dumps({"kind": kind, "meta": dict(meta), "arrays": layout}).encode()
    digest = hashlib.sha256()
    try:
        with replace_file(path, "wb") as file:
            for part in (_MAGIC, _LENGTH.pack(len(header)), header, *(_bytes(array) for array in plain.values())):
                digest.update(part)
                file.write(part)
            file.write(digest.digest())
    except OSError as error:
        raise CheckpointError(
            f"expected to write a checkpoint to {path}, got: {error}; name a file in a folder that exists"
        ) from error


def load(path: str | os.PathLike[str], kind: str) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """The `meta` and the arrays of the checkpoint at `path`, which must be of this `kind`.

    Raises `CheckpointError` if the file does not exist, is damaged or incomplete, or has another kind or version. The
    solver checks the contents of the arrays: see `check_arrays`.
    """
    try:
        whole = memoryview(Path(path).read_bytes())
    except (OSError, ValueError) as error:
        raise CheckpointError(f"expected a checkpoint at {path}, got: {error}") from error
    if whole[: len(_MAGIC)] != _MAGIC:
        raise CheckpointError(
            f"{path}: expected a file that begins with {_MAGIC!r}, got {bytes(whole[: len(_MAGIC)])!r}; "
            "it is not a checkpoint, or one of another version"
        )
    content, checksum = whole[: -hashlib.sha256().digest_size], whole[-hashlib.sha256().digest_size :]
    if hashlib.sha256(content).digest() != checksum:
        raise CheckpointError(
            f"{path} is damaged: its checksum does not match its content; take an older checkpoint, or start afresh"
        )
    try:
        found, meta, arrays = _parts(content)
    except (KeyError, OverflowError, RecursionError, TypeError, ValueError, struct.error) as error:
        raise CheckpointError(
            f"{path} does not have the format of a checkpoint ({type(error).__name__}: {error}); take another one"
        ) from error
    if found != kind:
        raise CheckpointError(f"{path}: expected a checkpoint of {kind!r}, got one of {shown(found)}")
    return meta, arrays


def _parts(content: memoryview) -> tuple[Any, dict[str, Any], dict[str, NDArray[Any]]]:
    """The kind, the `meta` and the arrays of the bytes of a checkpoint. Raises `ValueError` or another error."""
    at = len(_MAGIC) + _LENGTH.size
    end = at + _LENGTH.unpack(content[len(_MAGIC) : at])[0]
    header = json.loads(bytes(content[at:end]))
    kind, meta, layout = header["kind"], header["meta"], header["arrays"]
    if not isinstance(meta, dict) or not isinstance(layout, list):
        raise ValueError("a header without meta and arrays")
    arrays: dict[str, NDArray[Any]] = {}
    for name, written, shape in layout:
        dtype = np.dtype(written) if isinstance(written, str) else None
        if not isinstance(name, str) or name in arrays:
            raise ValueError("two arrays of one name, or one without a name")
        if dtype is None or dtype.kind not in "biufc" or dtype.subdtype is not None:
            raise ValueError(f"array {name!r} has no dtype of numbers")
        if not isinstance(shape, list) or not all(type(size) is int and 0 <= size < 2**48 for size in shape):
            raise ValueError(f"array {name!r} has no shape")
        size = math.prod(shape) * dtype.itemsize
        if size > len(content) - end:
            raise ValueError(f"array {name!r} is cut off")
        arrays[name] = np.frombuffer(content[end : end + size], dtype).reshape(shape).copy()
        end += size
    if end != len(content):
        raise ValueError("more bytes than the arrays have")
    return kind, meta, arrays


def iterations(path: str | os.PathLike[str], meta: Mapping[str, Any]) -> int:
    """The number of iterations in the `meta` of a checkpoint. Raises `CheckpointError`."""
    found = meta.get("iterations")
    if type(found) is not int or not 0 <= found < _MOST_ITERATIONS:
        raise CheckpointError(f"{path}: expected a number of iterations, got {shown(found)}")
    return found


def check_arrays(
    path: str | os.PathLike[str],
    arrays: Mapping[str, NDArray[Any]],
    expected: Mapping[str, tuple[DTypeLike, tuple[int, ...]]],
) -> None:
    """Raise `CheckpointError` unless `arrays` have these names, dtypes and shapes, and all numbers are finite."""
    if arrays.keys() != expected.keys():
        raise CheckpointError(f"{path}: expected the arrays {sorted(expected)}, got {shown(sorted(arrays))}")
    for name, (dtype, shape) in expected.items():
        array = arrays[name]
        if array.dtype != np.dtype(dtype) or array.shape != shape:
            raise CheckpointError(
                f"{path}: expected {name} as {np.dtype(dtype)} of the shape {shape}, got {array.dtype} of {array.shape}"
            )
        if not np.isfinite(array).all():
            raise CheckpointError(f"{path}: expected finite numbers in {name}, got {array[~np.isfinite(array)][0]}")


def check_own(
    path: str | os.PathLike[str], there: Mapping[str, Any], here: Mapping[str, Any], names: Sequence[str]
) -> None:
    """Raise `CheckpointError` unless the `meta` of a checkpoint (`there`) and of a solver (`here`) agree in `names`."""
    for name in names:
        if name not in there or there[name] != here[name]:
            other = shown(there.get(name), 400)
            raise CheckpointError(
                f"{path}: expected a checkpoint with {name} {here[name]!r}, got one with {name} {other}; "
                "make such a solver, or take another path"
            )


def check_place(path: str | os.PathLike[str], kind: str, here: Mapping[str, Any], names: Sequence[str]) -> None:
    """Raise `CheckpointError` if a checkpoint at `path` would overwrite another kind of file, or more iterations.

    names: as in `check_own`.
    """
    if not os.path.exists(path):
        return
    there = load(path, kind)[0]
    check_own(path, there, here, names)
    made = iterations(path, there)
    if made > here["iterations"]:
        raise CheckpointError(
            f"{path} has {made} iterations and this solver {here['iterations']}; load it first, or take another path"
        )


def _little_endian(name: str, array: NDArray[Any]) -> NDArray[Any]:
    if array.dtype.kind not in "biufc":
        raise CheckpointError(f"array {name!r}: expected numbers, got dtype {array.dtype}")
    return np.require(array, array.dtype.newbyteorder("<"), "C")


def _bytes(array: NDArray[Any]) -> bytes | memoryview:
    return memoryview(array.data).cast("B") if array.size else b""
