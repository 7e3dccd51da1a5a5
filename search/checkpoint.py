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
from numpy.typing import NDArray

from longthink.errors import CheckpointError
from longthink.files import replace_file

_MAGIC = b"longthink checkpoint 1\n"
_LENGTH = struct.Struct("<Q")


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

    Raises `CheckpointError` where there is none, it is damaged or cut, or it is another kind's or version's.
    """
    try:
        whole = memoryview(Path(path).read_bytes())
    except OSError as error:
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
    at = len(_MAGIC) + _LENGTH.size
    end = at + _LENGTH.unpack(content[len(_MAGIC) : at])[0]
    header = json.loads(bytes(content[at:end]))
    if header["kind"] != kind:
        raise CheckpointError(f"{path}: expected a checkpoint of {kind!r}, got one of {header['kind']!r}")
    arrays = {}
    for name, dtype, shape in header["arrays"]:
        count = math.prod(shape)
        arrays[name] = np.frombuffer(content, dtype, count, end).reshape(shape).copy()
        end += count * np.dtype(dtype).itemsize
    return header["meta"], arrays


def check_own(
    path: str | os.PathLike[str], there: Mapping[str, Any], here: Mapping[str, Any], names: Sequence[str]
) -> None:
    """Raise `CheckpointError` unless `there`, a checkpoint's `meta`, is as `here`, a solver's, in these `names`."""
    for name in names:
        if there[name] != here[name]:
            raise CheckpointError(
                f"{path}: expected a checkpoint with {name} {here[name]!r}, got one with {name} {there[name]!r}; "
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
    if there["iterations"] > here["iterations"]:
        raise CheckpointError(
            f"{path} has {there['iterations']} iterations and this solver {here['iterations']}; "
            "load it first, or take another path"
        )


def _little_endian(name: str, array: NDArray[Any]) -> NDArray[Any]:
    if array.dtype.kind not in "biufc":
        raise CheckpointError(f"array {name!r}: expected numbers, got dtype {array.dtype}")
    return np.require(array, array.dtype.newbyteorder("<"), "C")


def _bytes(array: NDArray[Any]) -> bytes | memoryview:
    return memoryview(array.data).cast("B") if array.size else b""
