"""Checkpoints: what a solver has worked out, in one file that is whole or is not there.

A file is one line that names the format, one line of JSON, the bytes of the arrays that the JSON lists, and a SHA-256
of it all. It is written beside its place, synced to disk and moved there, so that a kill at any moment leaves the last
good one.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longthink.errors import CheckpointError

_FORMAT = b"longthink checkpoint 1\n"
_DIGEST = 32

Arrays = dict[str, NDArray[np.float64]]


def write(path: str | os.PathLike[str], header: dict[str, Any], arrays: Arrays) -> None:
    """Put a checkpoint at `path`, in place of what was there.

    header: plain values that say what it is of. Raises `CheckpointError` where the disk refuses; the old file stays.
    """
    path = Path(path)
    head = {**header, "arrays": {name: array.size for name, array in arrays.items()}}
    parts = [_FORMAT, json.dumps(head).encode() + b"\n", *(array.astype("<f8").tobytes() for array in arrays.values())]
    digest = hashlib.sha256()
    beside = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with open(beside, "wb") as file:
            for part in parts:
                digest.update(part)
                file.write(part)
            file.write(digest.digest())
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
        _sync_folder(path.parent)
    except OSError as error:
        raise CheckpointError(f"the checkpoint {path} cannot be written: {error}") from error
    finally:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)


def read(path: str | os.PathLike[str]) -> tuple[dict[str, Any], Arrays]:
    """The header and the arrays of a checkpoint. Raises `CheckpointError` where it is missing, foreign or damaged."""
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise CheckpointError(f"the checkpoint {path} cannot be read: {error}") from error
    if not data.startswith(_FORMAT):
        raise CheckpointError(f"{path} is not a checkpoint of this version of longthink: it begins with {data[:24]!r}")
    body, digest = data[:-_DIGEST], data[-_DIGEST:]
    if hashlib.sha256(body).digest() != digest:
        raise CheckpointError(
            f"the checkpoint {path} is damaged: its checksum is wrong; take an older copy, or begin again"
        )
    end = body.index(b"\n", len(_FORMAT)) + 1
    header: dict[str, Any] = json.loads(body[len(_FORMAT) : end])
    arrays, at = {}, end
    for name, size in header.pop("arrays").items():
        arrays[name] = np.frombuffer(body, "<f8", size, at).astype(np.float64)
        at += 8 * size
    return header, arrays


def _sync_folder(folder: Path) -> None:
    """Make a rename last through a power cut, where the system can."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
