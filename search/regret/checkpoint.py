"""Checkpoints: what a long run knows, in one file that is whole or not there.

The file: a magic line with the format's version; the length of the header (8 bytes, little-endian); the header (JSON:
the kind of checkpoint, its `meta`, name, dtype and shape of every array); the arrays' bytes; the SHA-256 of all before.
It is written by `replace_file`, so that no crash leaves half a checkpoint.
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
    """Write a checkpoint to `path`; one that was there before stays whole until the new one is.

    kind: what wrote it, as "cfr". meta: plain values, as JSON has them. arrays: of numbers, any shape.

    Raises `CheckpointError` where it cannot be written.
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
            f"expected to write a checkpoint to {path}, got: {error}; name a file in a folder that is there"
        ) from error


def load(path: str | os.PathLike[str], kind: str) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """The `meta` and the arrays of the checkpoint at `path`, which must be of this `kind`.

    Raises `CheckpointError` if there is none, it is damaged, cut or not as `save` writes it, or it is another kind's or
    version's. What the arrays hold is for the solver to check: see `check_arrays`.
    """
    try:
        whole = memoryview(Path(path).read_bytes())
    except (OSError, ValueError) as error:
        raise CheckpointError(f"expected a checkpoint at {path}, got: {error}") from error
    if whole[: len(_MAGIC)] != _MAGIC:
        raise CheckpointError(
            f"{path}: expected a file that begins with {_MAGIC!r}, got {bytes(whole[: len(_MAGIC)])!r}; "
            "it is no checkpoint, or one of another version"
        )
    content, checksum = whole[: -hashlib.sha256().digest_size], whole[-hashlib.sha256().digest_size :]
    if hashlib.sha256(content).digest() != checksum:
        raise CheckpointError(
            f"{path} is damaged: its checksum is not that of what it holds; take an older checkpoint, or begin anew"
        )
    try:
        found, meta, arrays = _parts(content)
    except (KeyError, OverflowError, RecursionError, TypeError, ValueError, struct.error) as error:
        raise CheckpointError(
            f"{path} is not as checkpoints are written ({type(error).__name__}: {error}); take another one"
        ) from error
    if found != kind:
        raise CheckpointError(f"{path}: expected a checkpoint of {kind!r}, got one of {shown(found)}")
    return meta, arrays


def _parts(content: memoryview) -> tuple[Any, dict[str, Any], dict[str, NDArray[Any]]]:
    """The kind, the `meta` and the arrays of the bytes of a checkpoint. Raises what goes wrong, `ValueError` mostly."""
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
            raise ValueError("an array without a name of its own")
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
    """The iterations that a checkpoint's `meta` tells. Raises `CheckpointError`."""
    found = meta.get("iterations")
    if type(found) is not int or not 0 <= found < _MOST_ITERATIONS:
        raise CheckpointError(f"{path}: expected a number of iterations, got {shown(found)}")
    return found


def check_arrays(
    path: str | os.PathLike[str],
    arrays: Mapping[str, NDArray[Any]],
    expected: Mapping[str, tuple[DTypeLike, tuple[int, ...]]],
) -> None:
    """Raise `CheckpointError` unless `arrays` are these, by name with dtype and shape, and all their numbers finite."""
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
    """Raise `CheckpointError` unless `there`, a checkpoint's `meta`, is as `here`, a solver's, in these `names`."""
    for name in names:
        if name not in there or there[name] != here[name]:
            other = shown(there.get(name), 400)
            raise CheckpointError(
                f"{path}: expected a checkpoint with {name} {here[name]!r}, got one with {name} {other}; "
                "make a solver like it, or take another path"
            )


def check_place(path: str | os.PathLike[str], kind: str, here: Mapping[str, Any], names: Sequence[str]) -> None:
    """Raise `CheckpointError` where a checkpoint at `path` would take the place of something else, or of more work.

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
