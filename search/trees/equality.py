"""Equality of results that hold arrays."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np


def same(one: Any, other: Any) -> bool:
    """Whether two values are equal. Arrays are compared entry by entry; NaN equals NaN."""
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return one.dtype == other.dtype and np.array_equal(one, other, equal_nan=one.dtype.kind == "f")
    if isinstance(one, np.ndarray) or isinstance(other, np.ndarray):
        return False
    return bool(one == other or (one != one and other != other))


class ComparedByFields:
    """A base of dataclasses with arrays: two objects are equal if all their fields are the same."""

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented
        return all(same(getattr(self, f.name), getattr(other, f.name)) for f in fields(self))  # type: ignore[arg-type]

    __hash__ = None  # type: ignore[assignment]
