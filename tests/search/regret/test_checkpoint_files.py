"""Checkpoint files: a written file is read back unchanged, and other files are refused."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

import longthink as lt
from longthink.search.regret import checkpoint

META = {"game": "kuhn_poker()", "iterations": 2**60, "nested": {"list": [1, 2.5, None]}}
ARRAYS = {
    "regret": np.linspace(-1, 1, 7),
    "keys": np.arange(12, dtype=np.uint64).reshape(3, 4),
    "none": np.zeros((0, 5)),
    "one": np.array(3, np.int8),
    "big_endian": np.arange(3, dtype=">i4"),
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    checkpoint.save(tmp_path / "a", "test", META, ARRAYS)
    return tmp_path / "a"


def test_what_is_written_comes_back(path: Path) -> None:
    meta, arrays = checkpoint.load(path, "test")
    assert meta == META
    assert arrays.keys() == ARRAYS.keys()
    for name, array in arrays.items():
        assert np.array_equal(array, ARRAYS[name])
        assert array.shape == ARRAYS[name].shape
        assert array.flags.writeable
    assert arrays["big_endian"].dtype == np.dtype("<i4")
    assert os.listdir(path.parent) == ["a"]


def test_other_kinds_are_refused(path: Path) -> None:
    with pytest.raises(lt.CheckpointError, match="expected a checkpoint of 'cfr', got one of 'test'"):
        checkpoint.load(path, "cfr")


def test_every_damaged_byte_is_seen(path: Path) -> None:
    whole = path.read_bytes()
    for i in range(len(whole)):
        path.write_bytes(whole[:i] + bytes([whole[i] ^ 0x20]) + whole[i + 1 :])
        with pytest.raises(lt.CheckpointError):
            checkpoint.load(path, "test")


def test_every_cut_is_seen(path: Path) -> None:
    whole = path.read_bytes()
    for i in range(len(whole)):
        path.write_bytes(whole[:i])
        with pytest.raises(lt.CheckpointError):
            checkpoint.load(path, "test")
    path.write_bytes(whole + b"\0")
    with pytest.raises(lt.CheckpointError, match="damaged"):
        checkpoint.load(path, "test")


def test_a_write_that_fails_leaves_the_old_one(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_: int) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "fsync", fails)
    with pytest.raises(lt.CheckpointError, match="disk full"):
        checkpoint.save(path, "test", {}, {})
    monkeypatch.undo()
    assert checkpoint.load(path, "test")[0] == META
    assert os.listdir(path.parent) == ["a"]


def test_bad_input_is_refused(tmp_path: Path) -> None:
    with pytest.raises(lt.CheckpointError, match="dtype object"):
        checkpoint.save(tmp_path / "a", "test", {}, {"a": np.array([None])})
    with pytest.raises(lt.CheckpointError, match="nowhere"):
        checkpoint.save(tmp_path / "nowhere" / "a", "test", {}, {})
    with pytest.raises(lt.CheckpointError, match="expected a checkpoint at"):
        checkpoint.load(tmp_path / "a", "test")
